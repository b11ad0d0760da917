"""Entries of the ledger: which settlement they are in, and how they get there and back."""

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

# Rows that a settlement has added itself stay with it.
IS_OWN_ROW = SQL("(entry.source = 'settlement' AND entry.source_res_id = entry.settlement_id)")


class O2cCommissionEntry(models.Model):
    _inherit = "o2c.commission.entry"

    settlement_id = fields.Many2one(
        "o2c.commission.settlement", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    period_from = fields.Date(
        string="Settlement Period",
        readonly=True,
        help="First day of the period that the bonus, cap, guarantee or draw is for.",
    )
    period_part = fields.Selection(
        [
            ("accelerator", "Accelerator"),
            ("bonus", "Bonus"),
            ("cap", "Cap"),
            ("guarantee", "Guarantee"),
            ("draw", "Draw"),
            ("recover", "Draw Recovered"),
            ("carry", "Carried Forward"),
        ],
        string="Part of Settlement",
        readonly=True,
    )

    _unsettled = models.Index(
        "(payee_id, company_id, date) WHERE settlement_id IS NULL AND kind <> 'expect'"
    )

    @api.depends("kind", "settlement_id.state")
    def _compute_state(self):
        # sudo: where an entry stands is told to whoever reads it
        for entry in self.sudo():
            if entry.kind == "expect":
                entry.state = "expected"
            elif not entry.settlement_id:
                entry.state = "earned"
            else:
                entry.state = "paid" if entry.settlement_id.state == "paid" else "settled"

    @api.model
    def _state_domain(self, state):
        domain = super()._state_domain(state)
        if state == "earned":
            return domain & Domain("settlement_id", "=", False)
        if state == "settled":
            return Domain("settlement_id", "!=", False) & Domain("settlement_id.state", "!=", "paid")
        if state == "paid":
            return Domain("settlement_id.state", "=", "paid")
        return domain


class O2cCommissionSettlement(models.Model):
    _inherit = "o2c.commission.settlement"

    def _entry_domain(self):
        """What this one settlement takes in."""
        self.ensure_one()
        return Domain([
            ("payee_id", "=", self.payee_id.id),
            ("company_id", "=", self.company_id.id),
            ("payee_currency_id", "=", self.currency_id.id),
            ("kind", "!=", "expect"),
            ("settlement_id", "=", False),
            ("date", "<=", self.date_to),
        ])

    def _take_in(self):
        """Settle the entries, by one statement for all: there may be a hundred thousand.

        Of settlements that both want an entry the one that ends first has it.
        """
        self._flush_entries()
        # Written, not only read: of two settlements at once the second one starts over.
        self.env.cr.execute(
            SQL(
                """
                UPDATE o2c_commission_entry
                   SET settlement_id = wanted.settlement_id
                  FROM (
                      SELECT DISTINCT ON (entry.id) entry.id, settlement.id AS settlement_id
                        FROM o2c_commission_settlement settlement
                        JOIN o2c_commission_entry entry
                          ON entry.payee_id = settlement.payee_id
                         AND entry.company_id = settlement.company_id
                         AND entry.payee_currency_id = settlement.currency_id
                         AND entry.date <= settlement.date_to
                       WHERE settlement.id = ANY(%s) AND entry.kind <> 'expect'
                         AND entry.settlement_id IS NULL AND %s
                       ORDER BY entry.id, settlement.date_to, settlement.id
                  ) wanted
                 WHERE wanted.id = o2c_commission_entry.id AND o2c_commission_entry.settlement_id IS NULL
                """,
                self.ids,
                self._sql_is_takeable(),
            ),
            # That it fails to serialize is what it is for.
            log_exceptions=False,
        )
        self._forget_entries()

    def _sql_is_takeable(self):
        """Hook: a condition on ``entry`` and ``settlement``."""
        return SQL("TRUE")

    def _sql_is_taken_out(self):
        """Hook: a condition on ``entry``, for what waits to be settled and does not count meanwhile."""
        return SQL("FALSE")

    def _let_go(self):
        self._flush_entries()
        self.env.cr.execute(
            SQL(
                """
                UPDATE o2c_commission_entry entry SET settlement_id = NULL
                 WHERE settlement_id = ANY(%s) AND NOT %s
                """,
                self.ids,
                IS_OWN_ROW,
            )
        )
        self._forget_entries()

    def _refresh_amounts(self):
        """Add up the entries."""
        self._flush_entries()
        self.env.cr.execute(
            SQL(
                """
                UPDATE o2c_commission_settlement settlement
                   SET entry_count = sums.entry_count, amount = sums.amount,
                       amount_company = sums.amount_company
                  FROM (
                      SELECT wanted.id, COUNT(entry.id) AS entry_count,
                             COALESCE(SUM(entry.amount_payee), 0) AS amount,
                             COALESCE(SUM(entry.amount_company), 0) AS amount_company
                        FROM unnest(%s::int[]) AS wanted(id)
                        LEFT JOIN o2c_commission_entry entry ON entry.settlement_id = wanted.id
                       GROUP BY wanted.id
                  ) sums
                 WHERE sums.id = settlement.id
                """,
                self.ids,
            )
        )
        self.invalidate_recordset(["entry_count", "amount", "amount_company"], flush=False)

    def _flush_entries(self):
        self.env["o2c.commission.entry"].flush_model()
        self.flush_model()

    def _forget_entries(self):
        self.env["o2c.commission.entry"].invalidate_model(["settlement_id", "state"], flush=False)
        self.invalidate_recordset(["entry_ids"], flush=False)
