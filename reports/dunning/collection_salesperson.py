from odoo import fields, models
from odoo.tools import SQL


class O2cCollectionSalesperson(models.Model):
    """What fell due for each salesperson of an invoice, and what came in, by day.

    A row is an instalment on the day it falls due, or a payment of one on the day it was
    reconciled with it, in company currency. A payment is what comes through a bank, cash or credit
    card journal or from a registered payment. What settles an instalment otherwise (a credit note,
    a write-off, a difference of exchange) is no money collected: it reduces what is due. So due
    less collected is what is open.
    """

    _name = "o2c.collection.salesperson"
    _description = "Collection by Salesperson"
    _inherit = ["o2c.collection.sheet"]
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "move_id"
    _depends = {
        "account.move": ["invoice_user_id", "invoice_date", "move_type", "origin_payment_id", "state"],
        "account.move.line": [
            "account_id",
            "amount_residual",
            "balance",
            "date_maturity",
            "move_id",
            "parent_state",
            "partner_id",
        ],
        "account.partial.reconcile": ["amount", "credit_move_id", "debit_move_id", "max_date"],
        "account.journal": ["type"],
        "res.partner": ["commercial_partner_id", "o2c_region_id"],
    }
    _sheet_columns = {
        "user_id": ("text", 24),
        "partner_id": ("text", 32),
        "move_id": ("text", 20),
        "date": ("date", 12),
        "date_due": ("date", 12),
        "due": ("money", 16),
        "collected": ("money", 16),
        "collected_late": ("money", 16),
        "still_late": ("money", 16),
        "days_to_pay": ("score", 12),
        "days_late": ("score", 12),
        "currency_id": ("text", 10),
        "team_id": ("text", 20),
        "region_id": ("text", 20),
        "company_id": ("text", 24),
    }

    date = fields.Date(
        readonly=True, help="The due date of what is due, the day of payment of what is collected."
    )
    date_due = fields.Date(string="Due Date", readonly=True)
    user_id = fields.Many2one(
        "res.users", string="Salesperson", readonly=True, help="The salesperson of the invoice."
    )
    team_id = fields.Many2one("crm.team", string="Sales Team", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    region_id = fields.Many2one("o2c.sales.region", readonly=True)
    move_id = fields.Many2one("account.move", string="Invoice", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    due = fields.Monetary(readonly=True, help="Fell due, less what was credited or written off.")
    collected = fields.Monetary(readonly=True)
    collected_late = fields.Monetary(readonly=True, help="Collected after the due date.")
    still_late = fields.Monetary(readonly=True, help="Past due and open until today.")
    days_to_pay = fields.Float(
        string="Days to Pay",
        digits=(16, 1),
        readonly=True,
        aggregator="avg",
        help="From the invoice to its payments, on average by amount.",
    )
    days_late = fields.Float(
        string="Days After Due",
        digits=(16, 1),
        readonly=True,
        aggregator="avg",
        help="From the due date to the payments, on average by amount; below zero before it.",
    )

    def _read_group_select(self, aggregate_spec, query):
        # Days are of payments only, and a big one says more than a small one.
        name, __, function = aggregate_spec.partition(":")
        if name not in ("days_to_pay", "days_late") or function != "avg":
            return super()._read_group_select(aggregate_spec, query)
        return SQL(
            "COALESCE(SUM(%(days)s * %(amount)s) / NULLIF(SUM(%(amount)s), 0), 0)",
            days=self._field_to_sql(self._table, name, query),
            amount=self._field_to_sql(self._table, "collected", query),
        )

    def action_open_document(self):
        """Open the invoice of this one row."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "res_id": self.move_id.id,
            "view_mode": "form",
        }

    @property
    def _table_query(self):
        return SQL(
            """
            WITH company AS (%(companies)s),
            instalment AS (
                SELECT line.id,
                       line.move_id,
                       line.balance,
                       line.amount_residual,
                       COALESCE(line.date_maturity, line.date) AS date_due,
                       COALESCE(move.invoice_date, line.date) AS dated,
                       move.invoice_user_id AS user_id,
                       move.team_id,
                       partner.commercial_partner_id AS partner_id,
                       commercial.o2c_region_id AS region_id,
                       line.company_id,
                       company.currency_id,
                       company.today
                  FROM account_move_line line
                  JOIN account_move move ON move.id = line.move_id
                  JOIN account_account account ON account.id = line.account_id
                  JOIN company ON company.id = line.company_id
                  JOIN res_partner partner ON partner.id = line.partner_id
                  JOIN res_partner commercial ON commercial.id = partner.commercial_partner_id
                 WHERE line.parent_state = 'posted'
                   AND account.account_type = 'asset_receivable'
                   AND move.move_type IN ('out_invoice', 'out_receipt')
                   AND line.balance > 0
            ), settled AS (
                SELECT instalment.id,
                       partial.id AS partial_id,
                       partial.amount,
                       partial.max_date,
                       move.origin_payment_id IS NOT NULL
                           OR journal.type IN ('bank', 'cash', 'credit') AS is_payment
                  FROM instalment
                  JOIN account_partial_reconcile partial ON partial.debit_move_id = instalment.id
                  JOIN account_move_line counterpart ON counterpart.id = partial.credit_move_id
                  JOIN account_move move ON move.id = counterpart.move_id
                  JOIN account_journal journal ON journal.id = move.journal_id
            )
            SELECT instalment.id::bigint * 2 AS id,
                   instalment.date_due AS date,
                   instalment.date_due,
                   instalment.user_id,
                   instalment.team_id,
                   instalment.partner_id,
                   instalment.region_id,
                   instalment.move_id,
                   instalment.company_id,
                   instalment.currency_id,
                   instalment.balance - COALESCE(other.amount, 0) AS due,
                   0 AS collected,
                   0 AS collected_late,
                   CASE WHEN instalment.date_due < instalment.today
                        THEN instalment.amount_residual ELSE 0 END AS still_late,
                   NULL::float AS days_to_pay,
                   NULL::float AS days_late
              FROM instalment
         LEFT JOIN (
                       SELECT id, SUM(amount) AS amount
                         FROM settled
                        WHERE NOT is_payment
                     GROUP BY id
                   ) other ON other.id = instalment.id
         UNION ALL
            SELECT settled.partial_id::bigint * 2 + 1,
                   settled.max_date,
                   instalment.date_due,
                   instalment.user_id,
                   instalment.team_id,
                   instalment.partner_id,
                   instalment.region_id,
                   instalment.move_id,
                   instalment.company_id,
                   instalment.currency_id,
                   0,
                   settled.amount,
                   CASE WHEN settled.max_date > instalment.date_due
                        THEN settled.amount ELSE 0 END,
                   0,
                   settled.max_date - instalment.dated,
                   settled.max_date - instalment.date_due
              FROM settled
              JOIN instalment ON instalment.id = settled.id
             WHERE settled.is_payment
            """,
            companies=self._company_sql(),
        )
