"""Proof that the ledger says what its documents say: everything is reckoned afresh and compared."""

from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms.commission import pricing

from . import claim_state, sale_line
from .crediting import base_of


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that the ledger has otherwise than its documents.

    :ivar booked: in company currency, as it stands in the ledger
    :ivar reckoned: in company currency, as it comes out afresh
    """

    payee_id: int
    document: str
    move_id: int | None
    order_id: int | None
    booked: float
    reckoned: float
    reason: str


class _Undo(Exception):
    """Ends a trial."""


class O2cCommissionEntry(models.Model):
    _inherit = "o2c.commission.entry"

    @api.model
    def _audit(self, company, date_from, date_to):
        """Reckon the commission of a range of days afresh, by the rules that were frozen, and compare.

        Nothing is written. It finds documents that are missing in the ledger or stand in it otherwise,
        payments, refunds and write-offs that were not followed, and tiers that do not add up.

        :return: list of :class:`Difference`, empty when all is well
        """
        domain = Domain("company_id", "child_of", company.id)
        moves = self.env["account.move"].search(
            domain
            & Domain("move_type", "in", ("out_invoice", "out_refund", "out_receipt"))
            & Domain("state", "=", "posted")
            & Domain("invoice_date", ">=", date_from)
            & Domain("invoice_date", "<=", date_to)
        )
        orders = self.env["sale.order"].search(
            domain
            & Domain("o2c_commission_assigned", "=", True)
            & Domain("date_order", ">=", date_from)
            & Domain("date_order", "<=", date_to)
        )
        return [
            *self._audit_events(moves, orders),
            *self._audit_terms(sale_line.invoice_lines(self.env, moves), "invoice"),
            *self._audit_terms(sale_line.order_lines(self.env, orders), "order"),
            *self._audit_tallies(company, date_from, date_to),
        ]

    # ------------------------------------------------------------------
    # Events
    # ------------------------------------------------------------------

    @api.model
    def _audit_events(self, moves, orders):
        """What would be written down if everything happened again; it should be nothing."""
        rows = []
        # What earned nothing when it was posted is not missing.
        moves -= self._earned_nothing_in_pause(moves)
        self.env.flush_all()
        (last,) = self.env.execute_query(SQL("SELECT COALESCE(MAX(id), 0) FROM o2c_commission_entry"))[0]
        with suppress(_Undo), self.env.cr.savepoint():
            self._accrue_orders(orders)
            self._accrue_deliveries(orders.order_line.move_ids)
            self._accrue_invoices(moves)
            self._settle_invoices(moves)
            rows = self.search([("id", ">", last)]).read(
                ["payee_id", "name", "move_id", "order_id", "amount_company", "explanation"], load=None
            )
            raise _Undo
        return [
            Difference(
                row["payee_id"],
                row["name"],
                row["move_id"],
                row["order_id"],
                0.0,
                row["amount_company"],
                self.env._("Not in the ledger: %(explanation)s", explanation=row["explanation"]),
            )
            for row in rows
            if row["amount_company"]
        ]

    # ------------------------------------------------------------------
    # Terms
    # ------------------------------------------------------------------

    @api.model
    def _audit_terms(self, lines, source):
        """Whether what claims began with is what their lines and rules make of them."""
        by_id = {line.res_id: line for line in lines}
        found = self.env["o2c.commission.plan"]._catalog()
        claims, states = [], {}
        for state in claim_state.load(self.env, source, list(by_id)):
            first = state.first
            # Credit notes go by the claims of their invoices.
            if state.is_closed or first["origin_entry_id"] or first["tally_from"]:
                continue
            claim = self._as_claim(by_id[state.line], first, found)
            states[claim.key] = state
            claims.append(claim)
        differences = []
        for earning in pricing.price(claims):
            state = states[earning.claim.key]
            if earning.amounts.company != state.amounts.company:
                differences.append(self._difference(
                    state.first,
                    state.amounts.company,
                    earning.amounts.company,
                    self.env._("The line, its rule and its share make another amount of it"),
                ))
        return differences

    @api.model
    def _as_claim(self, line, first, found):
        plan, terms = found.plans[first["plan_id"]], found.terms[first["rule_id"]]
        # The cost is that of the time.
        cost = float(first["cost"]) if first["cost"] is not None else line.cost
        base = base_of(line, plan.base, cost)
        rate = pricing.decimal(first["currency_rate"])
        company = base if terms.is_per_unit else float(round(pricing.decimal(base) / rate, 4))
        return pricing.Claim(
            key=first["id"],
            line=line.res_id,
            document=line.document_id,
            owner=first["agreement_id"],
            terms=terms,
            share=first["share"],
            is_shared=self.env["o2c.commission.agreement"].browse(first["agreement_id"]).mode == "shared",
            base=base,
            base_company=company,
            quantity=line.quantity,
            money=claim_state.money_of(self.env, first),
        )

    @api.model
    def _difference(self, row, booked, reckoned, reason):
        return Difference(
            row["payee_id"], row["name"], row["move_id"], row["order_id"], booked, reckoned, reason
        )

    # ------------------------------------------------------------------
    # Tiers
    # ------------------------------------------------------------------

    @api.model
    def _audit_tallies(self, company, date_from, date_to):
        """Whether sales that are added up for tiers have the commission of their whole base."""
        rows = self.env.execute_query_dict(
            SQL(
                """
                SELECT DISTINCT ON (agreement_id, rule_id, tally_from)
                       agreement_id, rule_id, tally_from, payee_id, name, move_id, order_id, company_id,
                       currency_id, payee_currency_id, currency_rate, payee_rate
                  FROM o2c_commission_entry
                 WHERE company_id = ANY(%s) AND tally_from IS NOT NULL AND kind <> 'expect'
                   AND date BETWEEN %s AND %s
                 ORDER BY agreement_id, rule_id, tally_from, id DESC
                """,
                list(company._o2c_family_ids()),
                date_from,
                date_to,
            )
        )
        keys = defaultdict(dict)
        for row in rows:
            keys[row["agreement_id"], row["rule_id"], row["tally_from"]] = row
        tallies = self._tallies(set(keys), lock=False)
        terms = self.env["o2c.commission.plan"]._catalog().terms
        differences = []
        for key, row in keys.items():
            tally = tallies[key]
            gap = pricing.gap(tally, terms[row["rule_id"]], claim_state.money_of(self.env, row))
            if not gap:
                continue
            reason = self.env._("The tiers make another amount of all sales that are added up")
            if not gap.company:
                reason = self.env._("In the payee's currency, sales that are added up do not add up")
            booked = float(tally.booked)
            reckoned = float(tally.booked + pricing.decimal(gap.company))
            differences.append(self._difference(row, booked, reckoned, reason))
        return differences
