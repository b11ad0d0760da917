"""Sales that are added up for tiers of a period or year."""

from odoo import api, models
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms.commission import pricing

from . import claim_state


class O2cCommissionEntry(models.Model):
    _inherit = "o2c.commission.entry"

    @api.model
    def _level(self, rows):
        """Bring the tallies that rows have changed to the commission of what is added up in them.

        :param rows: list of dict, appended already
        """
        last = {
            (row["agreement_id"], row["rule_id"], row["tally_from"]): row
            for row in rows
            if row.get("tally_from") and row["kind"] not in ("expect", "adjust")
        }
        if not last:
            return
        tallies = self._tallies(set(last))
        steps = self._last_steps(last.values())
        words = self._words()
        terms = self.env["o2c.commission.plan"]._catalog().terms
        levelled = []
        for key, row in last.items():
            money = claim_state.money_of(self.env, row)
            gap = pricing.gap(tallies.get(key, pricing.Tally()), terms[row["rule_id"]], money)
            if not gap:
                continue
            claim = claim_key(row)
            steps[claim] += 1
            payee = self.env["res.partner"].browse(row["payee_id"])
            levelled.append(
                self._follow(
                    row,
                    steps[claim],
                    "adjust",
                    gap,
                    date=self._today(row["company_id"]),
                    explanation=words(payee).levelled(row["tally_from"]),
                )
            )
        self._append(levelled)

    @api.model
    def _last_steps(self, rows):
        """The last step of the claims of rows: {key of the claim: step}"""
        keys = sorted({claim_key(row) for row in rows})
        sources, lines, agreements, generations, parts = (list(values) for values in zip(*keys, strict=True))
        found = self.env.execute_query(
            SQL(
                """
                SELECT source, source_res_id, agreement_id, generation, COALESCE(part, 0), MAX(step)
                  FROM o2c_commission_entry
                 WHERE (source, source_res_id, agreement_id, generation, COALESCE(part, 0)) IN (
                     SELECT * FROM unnest(%s::text[], %s::int[], %s::int[], %s::int[], %s::int[]))
                 GROUP BY source, source_res_id, agreement_id, generation, COALESCE(part, 0)
                """,
                sources,
                lines,
                agreements,
                generations,
                parts,
            )
        )
        return {tuple(key): step for *key, step in found}


def claim_key(row):
    return (row["source"], row["source_res_id"], row["agreement_id"], row["generation"], row.get("part") or 0)
