from odoo import fields, models
from odoo.tools import SQL

from odoo.addons.order_to_cash.models.dunning.collection_plan import SOURCES


class O2cCollectionPlanReport(models.Model):
    """A collection plan against what came in after it was made.

    A row is an expected receipt on its day, or a payment (as in the collection by salesperson) on
    the day it was reconciled with an invoice, in company currency. Payments of invoices that the
    plan could not know yet are told apart.
    """

    _name = "o2c.collection.plan.report"
    _description = "Plan Against Receipts"
    _inherit = ["o2c.collection.sheet"]
    _auto = False
    _order = "date, id"
    _rec_name = "move_id"
    _depends = {
        "account.partial.reconcile": ["amount", "credit_move_id", "debit_move_id", "max_date"],
        "account.move": ["invoice_user_id", "move_type", "origin_payment_id", "state"],
        "account.move.line": ["account_id", "move_id", "parent_state", "partner_id"],
        "o2c.collection.plan": ["calculated_on", "company_id", "date", "weeks"],
        "o2c.collection.plan.line": ["amount", "date", "plan_id", "probable", "source"],
    }
    _sheet_columns = {
        "plan_id": ("text", 24),
        "date": ("date", 12),
        "partner_id": ("text", 32),
        "user_id": ("text", 24),
        "move_id": ("text", 20),
        "date_due": ("date", 12),
        "source": ("text", 20),
        "planned": ("money", 16),
        "probable": ("money", 16),
        "received": ("money", 16),
        "received_new": ("money", 16),
        "currency_id": ("text", 10),
        "company_id": ("text", 24),
    }

    plan_id = fields.Many2one("o2c.collection.plan", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    date = fields.Date(readonly=True)
    date_due = fields.Date(string="Due", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    user_id = fields.Many2one("res.users", string="Salesperson", readonly=True)
    move_id = fields.Many2one("account.move", string="Document", readonly=True)
    source = fields.Selection(SOURCES, string="Why Then", readonly=True)
    planned = fields.Monetary(string="Expected", readonly=True)
    probable = fields.Monetary(readonly=True)
    received = fields.Monetary(readonly=True)
    received_new = fields.Monetary(
        string="Received of New Invoices",
        readonly=True,
        help="The part received of invoices that were made after the plan.",
    )
    variance = fields.Monetary(readonly=True, help="Received less expected.")
    is_in_time = fields.Boolean(
        string="Within the Weeks of the Plan", readonly=True
    )

    def action_open_document(self):
        """Open the document of this one row."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "res_id": self.move_id.id,
            "view_mode": "form",
        }

    @property
    def _table_query(self):
        # The id of a payment names its plan too: several plans may cover its day.
        return SQL(
            """
            WITH company AS (%(companies)s),
            plan AS (
                SELECT plan.id, plan.date, plan.date + plan.weeks * 7 AS date_end,
                       plan.company_id AS root_id
                  FROM o2c_collection_plan plan
                 WHERE plan.calculated_on IS NOT NULL
            ), receipt AS (
                SELECT partial.id,
                       partial.max_date AS date,
                       partial.amount,
                       line.date AS entered_on,
                       COALESCE(line.date_maturity, line.date) AS date_due,
                       move.id AS move_id,
                       move.invoice_user_id AS user_id,
                       COALESCE(commercial.o2c_payer_id, commercial.id) AS partner_id,
                       company.root_id,
                       company.currency_id
                  FROM account_partial_reconcile partial
                  JOIN account_move_line line ON line.id = partial.debit_move_id
                  JOIN company ON company.id = line.company_id
                  JOIN account_move move ON move.id = line.move_id
                  JOIN account_account account ON account.id = line.account_id
                  JOIN account_move_line counterpart ON counterpart.id = partial.credit_move_id
                  JOIN account_move paying ON paying.id = counterpart.move_id
                  JOIN account_journal journal ON journal.id = paying.journal_id
                  JOIN res_partner partner ON partner.id = line.partner_id
                  JOIN res_partner commercial ON commercial.id = partner.commercial_partner_id
                 WHERE line.parent_state = 'posted'
                   AND account.account_type = 'asset_receivable'
                   AND (paying.origin_payment_id IS NOT NULL
                        OR journal.type IN ('bank', 'cash', 'credit'))
                   AND partial.max_date > (SELECT MIN(date) FROM plan)
            )
            SELECT line.id::bigint AS id,
                   line.plan_id,
                   plan.root_id AS company_id,
                   company.currency_id,
                   line.date,
                   line.date_due,
                   line.partner_id,
                   line.user_id,
                   item.move_id,
                   line.source,
                   line.amount AS planned,
                   line.probable,
                   0 AS received,
                   0 AS received_new,
                   -line.amount AS variance,
                   line.date <= plan.date_end AS is_in_time
              FROM o2c_collection_plan_line line
              JOIN plan ON plan.id = line.plan_id
              JOIN company ON company.id = plan.root_id
         LEFT JOIN account_move_line item ON item.id = line.move_line_id
         UNION ALL
            SELECT (plan.id::bigint << 32) + receipt.id,
                   plan.id,
                   receipt.root_id,
                   receipt.currency_id,
                   receipt.date,
                   receipt.date_due,
                   receipt.partner_id,
                   receipt.user_id,
                   receipt.move_id,
                   NULL,
                   0,
                   0,
                   receipt.amount,
                   CASE WHEN receipt.entered_on > plan.date THEN receipt.amount ELSE 0 END,
                   receipt.amount,
                   TRUE
              FROM plan
              JOIN receipt
                ON receipt.root_id = plan.root_id
               AND receipt.date > plan.date
               AND receipt.date <= plan.date_end
            """,
            companies=self._company_sql(),
        )
