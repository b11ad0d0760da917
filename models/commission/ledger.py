"""How rows come into the ledger."""

from odoo import api, fields, models
from odoo.tools import SQL, split_every

from odoo.addons.order_to_cash.algorithms.array_literal import array_literal

INSERT_BATCH = 10000
COLUMNS = {
    "name": "text",
    "company_id": "int",
    "payee_id": "int",
    "partner_id": "int",
    "product_id": "int",
    "kind": "text",
    "date": "date",
    "logged_on": "timestamp",
    "user_id": "int",
    "agreement_id": "int",
    "plan_id": "int",
    "rule_id": "int",
    "share": "float",
    "source": "text",
    "source_res_id": "int",
    "generation": "int",
    "part": "int",
    "step": "int",
    "origin_entry_id": "int",
    "order_line_id": "int",
    "order_id": "int",
    "move_line_id": "int",
    "move_id": "int",
    "stock_move_id": "int",
    "partial_ref": "int",
    "currency_id": "int",
    "payee_currency_id": "int",
    "base_amount": "numeric",
    "base_company": "numeric",
    "quantity": "numeric",
    "cost": "numeric",
    "rate": "numeric",
    "currency_rate": "float",
    "payee_rate": "float",
    "amount": "numeric",
    "amount_company": "numeric",
    "amount_payee": "numeric",
    "tally_from": "date",
    "is_closing": "boolean",
    "explanation": "text",
    "settlement_id": "int",
    "period_from": "date",
    "period_part": "text",
}
# Made once: composing it of its columns would take longer than inserting the rows of an invoice.
INSERT = "INSERT INTO o2c_commission_entry ({}) SELECT * FROM unnest({})".format(
    ", ".join(COLUMNS), ", ".join(f"%s::{kind}[]" for kind in COLUMNS.values())
)
# What documents show of the ledger.
ON_DOCUMENTS = (
    "o2c_commission_ids",
    "o2c_commission_visible_ids",
    "o2c_commission_expected",
    "o2c_commission_earned",
    "o2c_commission_count",
)
# What follows a row of a claim have in common with its first.
OF_THE_CLAIM = (
    "name",
    "company_id",
    "payee_id",
    "partner_id",
    "product_id",
    "agreement_id",
    "plan_id",
    "rule_id",
    "share",
    "source",
    "source_res_id",
    "generation",
    "part",
    "order_line_id",
    "order_id",
    "move_line_id",
    "move_id",
    "stock_move_id",
    "currency_id",
    "payee_currency_id",
    "rate",
    "currency_rate",
    "payee_rate",
    "tally_from",
)


class O2cCommissionEntry(models.Model):
    _inherit = "o2c.commission.entry"

    @api.model
    def _append(self, rows):
        """Add rows to the ledger, by SQL: amounts are rounded already, and there may be thousands.

        :param rows: list of dict, columns of :data:`COLUMNS` that are missing stay empty
        """
        if not rows:
            return
        stamp = {"logged_on": fields.Datetime.now(), "user_id": self.env.uid}
        for batch in split_every(INSERT_BATCH, rows, list):
            arrays = [
                array_literal(self._column(batch, column, stamp), kind) for column, kind in COLUMNS.items()
            ]
            self.env.cr.execute(SQL(INSERT, *arrays))
        self.invalidate_model(flush=False)
        for model in ("sale.order", "sale.order.line", "account.move", "account.move.line"):
            self.env[model].invalidate_model(ON_DOCUMENTS, flush=False)

    @api.model
    def _column(self, rows, column, stamp):
        if column in stamp:
            return [stamp[column]] * len(rows)
        # An id that is missing may be written as False.
        return [value if (value := row.get(column)) is not False else None for row in rows]

    @api.model
    def _follow(self, first, step, kind, amounts, **values):
        """A row that follows the first of a claim.

        :param first: dict of the claim's first row
        :param amounts: :class:`pricing.Amounts`
        """
        return {
            **{column: first[column] for column in OF_THE_CLAIM},
            "origin_entry_id": first.get("id") or first.get("origin_entry_id"),
            "step": step,
            "kind": kind,
            "amount": amounts.document,
            "amount_company": amounts.company,
            "amount_payee": amounts.payee,
            "base_amount": 0.0,
            "base_company": 0.0,
            "quantity": 0.0,
            "cost": 0.0,
            **values,
        }

    @api.model
    def _lock_tallies(self, keys):
        """Take turns on the sales that are added up for a payee.

        Written, not only locked: whoever waits starts over on what was written meanwhile.

        :param keys: (agreement id, rule id, first day)
        """
        if not keys:
            return
        agreements, rules, days = zip(*sorted(keys), strict=True)
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO o2c_commission_tally (agreement_id, rule_id, date_from, turns)
                SELECT *, 1 FROM unnest(%s::int[], %s::int[], %s::date[])
                ON CONFLICT (agreement_id, rule_id, date_from)
                DO UPDATE SET turns = o2c_commission_tally.turns + 1
                """,
                list(agreements),
                list(rules),
                list(days),
            ),
            # That it fails to serialize is what it is for.
            log_exceptions=False,
        )


class O2cCommissionTally(models.Model):
    """Sales of a period or year that are added up for tiers: who writes to them takes turns here."""

    _name = "o2c.commission.tally"
    _description = "Commission Tally"
    _log_access = False

    agreement_id = fields.Many2one("o2c.commission.agreement", required=True, ondelete="cascade")
    rule_id = fields.Many2one("o2c.commission.rule", required=True, ondelete="cascade", index=True)
    date_from = fields.Date(required=True)
    turns = fields.Integer()

    _once = models.UniqueIndex("(agreement_id, rule_id, date_from)")
