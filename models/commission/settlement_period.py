"""Bonuses, caps, guarantees and draws of the periods that a settlement ends."""

from odoo import fields, models
from odoo.tools import SQL

from . import period_rows
from .locks import lock
from .period_run import PeriodRun


class O2cCommissionSettlementPeriod(models.Model):
    """How a settlement period of an agreement was reckoned, with the terms of the time."""

    _name = "o2c.commission.settlement.period"
    _description = "Commission Settlement Period"
    _order = "date_from desc, agreement_id, id desc"
    _rec_name = "agreement_id"
    _log_access = False

    settlement_id = fields.Many2one(
        "o2c.commission.settlement", required=True, readonly=True, index=True, ondelete="cascade"
    )
    settlement_state = fields.Selection(related="settlement_id.state", string="Settlement Status")
    company_id = fields.Many2one(related="settlement_id.company_id", store=True, index=True)
    payee_id = fields.Many2one(related="settlement_id.payee_id", store=True, index=True)
    currency_id = fields.Many2one(related="settlement_id.currency_id", store=True)
    agreement_id = fields.Many2one(
        "o2c.commission.agreement", required=True, readonly=True, index=True, ondelete="restrict"
    )
    plan_id = fields.Many2one(
        "o2c.commission.plan", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    date_from = fields.Date(string="From", required=True, readonly=True)
    date_to = fields.Date(string="Until", required=True, readonly=True)
    commission = fields.Monetary(readonly=True, help="Earned by sales, payments and returns of the period.")
    has_attainment = fields.Boolean(readonly=True)
    attainment = fields.Float(string="Attainment (%)", readonly=True, aggregator=None, digits=(16, 2))
    accelerator = fields.Monetary(readonly=True)
    bonus = fields.Monetary(readonly=True)
    cap = fields.Monetary(string="Above Cap", readonly=True)
    guarantee = fields.Monetary(string="To Guarantee", readonly=True)
    net = fields.Monetary(string="Due before Draw", readonly=True)
    draw = fields.Monetary(string="To Draw", readonly=True)
    recover = fields.Monetary(string="Draw Recovered", readonly=True)
    balance = fields.Monetary(
        string="Draw Outstanding", readonly=True, aggregator=None, help="Lent and not recovered after it."
    )
    cap_amount = fields.Monetary(string="Agreed Cap", readonly=True, aggregator=None)
    guarantee_amount = fields.Monetary(string="Agreed Guarantee", readonly=True, aggregator=None)
    draw_amount = fields.Monetary(string="Agreed Draw", readonly=True, aggregator=None)
    draw_recoverable = fields.Boolean(string="Recoverable", readonly=True)
    days = fields.Integer(
        readonly=True,
        aggregator=None,
        help="Cap, guarantee and draw are for so many calendar days: while the agreement was in force.",
    )
    full_days = fields.Integer(string="Days of Period", readonly=True, aggregator=None)

    _once = models.UniqueIndex("(settlement_id, agreement_id, date_from)")


class O2cCommissionSettlement(models.Model):
    _inherit = "o2c.commission.settlement"

    period_ids = fields.One2many(
        "o2c.commission.settlement.period", "settlement_id", string="Periods", readonly=True, copy=False
    )

    def _settle_periods(self, keep_terms=False):
        """Write down what the periods bring that end within these settlements, and what late entries
        change of earlier ones.

        A period is reckoned as a whole from the ledger, and the difference to what is written down for it
        is added.

        :param keep_terms: reckon what these settlements have settled already by the terms of then
        """
        waiting = self.sorted(lambda settlement: (settlement.date_to, settlement.id))
        while waiting:
            # One of a payee at a time: the next one goes on from it.
            firsts = {}
            for settlement in waiting:
                firsts.setdefault(settlement._book_key(), settlement)
            now = self.browse().concat(*firsts.values())
            PeriodRun(now, keep_terms).run()
            waiting -= now

    def _settle_periods_again(self):
        """Reckon the periods of these settlements anew, after entries were taken out of them.

        Agreements of parent companies count what branches earn: so do their settlements that are calculated.
        What is approved stays; the next settlement has the difference.
        """
        self._flush_entries()
        # sudo: what follows from the button in a branch is written down in the company of the agreement
        settlements = self.sudo()
        above = settlements.search([
            ("payee_id", "in", settlements.payee_id.ids),
            ("company_id", "in", (settlements.company_id.parent_ids - settlements.company_id).ids),
            ("state", "=", "calculated"),
        ])
        above._lock()
        (settlements | above)._settle_periods(keep_terms=True)
        (settlements | above)._refresh_amounts()

    def _take_periods_back(self):
        """Write the reverse of what these settlements have added to the ledger."""
        # sudo: agreements are only locked
        lock(self.sudo().period_ids.agreement_id)
        rows = self.env.execute_query_dict(
            SQL(
                """
                SELECT source_res_id, company_id, payee_id, agreement_id, plan_id, period_from, period_part,
                       kind, currency_id, payee_currency_id, currency_rate, payee_rate,
                       MAX(date) AS date, SUM(amount) AS amount, SUM(amount_company) AS amount_company,
                       SUM(amount_payee) AS amount_payee
                  FROM o2c_commission_entry
                 WHERE source = 'settlement' AND source_res_id = ANY(%s) AND agreement_id IS NOT NULL
                 GROUP BY source_res_id, company_id, payee_id, agreement_id, plan_id, period_from,
                          period_part, kind, currency_id, payee_currency_id, currency_rate, payee_rate
                HAVING SUM(amount_payee) <> 0 OR SUM(amount_company) <> 0
                 ORDER BY MIN(id)
                """,
                self.ids,
            )
        )
        steps = period_rows.Steps(self)
        words = period_rows.words_of(self.env)
        self.env["o2c.commission.entry"]._append([
            {
                **row,
                **{name: -row[name] for name in ("amount", "amount_company", "amount_payee")},
                **period_rows.columns_of(self.browse(row["source_res_id"])),
                "step": steps.next(row["source_res_id"], row["agreement_id"]),
                "explanation": words(self.browse(row["source_res_id"]).payee_id).cancelled(
                    self.browse(row["source_res_id"]).name
                ),
            }
            for row in rows
        ])
        # sudo: the program keeps the periods, nobody else
        self.sudo().period_ids.unlink()

    def _book_key(self):
        return (self.payee_id, self.company_id, self.currency_id)
