from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from .collection_contact import OUTCOMES


class O2cCollectionAccount(models.Model):
    """A customer who owes a company and its branches something, with what a collector has to know.

    All figures come from the books each time they are read, in company currency: nothing is stored
    but what people write, on the customer and in the log of contacts. First come those who broke a
    promise, then the others by what a call may be expected to bring in, see
    :mod:`algorithms.collection`.
    """

    _name = "o2c.collection.account"
    _description = "Collection Worklist"
    _auto = False
    _order = "has_broken_promise desc, expected desc, overdue desc, id"
    _rec_name = "partner_id"
    _inherit = ["o2c.collection.by.account"]
    _account_field = "id"
    _depends = {
        "o2c.collection.item": [],
        "o2c.collection.contact": [
            "company_id", "contacted_on", "next_contact_on", "outcome", "partner_id"
        ],
        "o2c.credit.account": ["rating_id", "score", "scored_on"],
        "o2c.payment.promise": [
            "active",
            "amount",
            "amount_company",
            "date",
            "invoice_ids",
            "paid_amount",
            "partner_id",
            "state",
        ],
        "res.company": ["o2c_collector_id"],
        "res.partner": [
            "email",
            "o2c_collection_note",
            "o2c_collector_id",
            "o2c_region_id",
            "phone",
            "user_id",
        ],
    }

    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    phone = fields.Char(readonly=True)
    email = fields.Char(readonly=True)
    user_id = fields.Many2one("res.users", string="Salesperson", readonly=True)
    region_id = fields.Many2one("o2c.sales.region", readonly=True)
    collector_id = fields.Many2one(
        "res.users",
        domain="[('share', '=', False)]",
        help="Who calls: chosen for the customer, else the person responsible for the level, else "
        "his salesperson, else the company's collector.",
    )
    note = fields.Text(help="What whoever calls this customer should know.")
    score = fields.Float(digits=(16, 1), readonly=True, aggregator="avg")
    rating_id = fields.Many2one("o2c.credit.rating", readonly=True)
    level_id = fields.Many2one(
        "o2c.dunning.level", readonly=True, help="The highest that an open item has reached."
    )
    receivable = fields.Monetary(
        string="Balance", readonly=True, help="All that is open, credits deducted."
    )
    overdue = fields.Monetary(readonly=True, help="Open and past due, credits not deducted.")
    item_count = fields.Integer(string="Overdue Items", readonly=True)
    oldest_days = fields.Integer(
        string="Oldest", readonly=True, aggregator="max", help="Days the oldest item is overdue."
    )
    disputed = fields.Monetary(readonly=True, help="The disputed part of the overdue amount.")
    blocked = fields.Monetary(
        readonly=True, help="Overdue, but nobody is to be reminded of it, or payment is under way."
    )
    promised = fields.Monetary(readonly=True, help="Promised and not paid yet.")
    promise_date = fields.Date(
        string="Promised By", readonly=True, help="The day of the next open promise."
    )
    broken_count = fields.Integer(
        string="Broken Promises", readonly=True, help="Not paid since; what came late is forgiven."
    )
    has_broken_promise = fields.Boolean(string="Broke a Promise", readonly=True)
    to_chase = fields.Monetary(
        readonly=True,
        help="Overdue, less what is disputed, blocked, in process of payment or promised, and less "
        "credits.",
    )
    expected = fields.Monetary(
        string="Expected Recovery",
        readonly=True,
        help="The amount to chase × the probability that it is paid: (½ + score ÷ 200) × "
        "½ to the power of (days overdue ÷ 180).",
    )
    last_contact_on = fields.Datetime(string="Last Contact", readonly=True)
    last_outcome = fields.Selection(OUTCOMES, readonly=True)
    next_contact_on = fields.Date(string="Next Contact", readonly=True)
    item_ids = fields.One2many("o2c.collection.item", "account_id", string="Open Items")
    contact_ids = fields.Many2many(
        "o2c.collection.contact", string="Contacts", compute="_compute_contact_ids"
    )

    def _compute_contact_ids(self):
        Contact = self.env["o2c.collection.contact"]
        found = Contact.search([
            ("partner_id", "in", self.partner_id.ids),
            ("company_id", "in", self.company_id.ids),
        ]).grouped(lambda contact: (contact.partner_id, contact.company_id))
        for account in self:
            account.contact_ids = found.get((account.partner_id, account.company_id), Contact)

    def write(self, vals):
        """Only the collector and the note can be changed: they are kept on the customer."""
        self.check_access("write")
        if vals.keys() - {"collector_id", "note"}:
            raise UserError(
                self.env._(
                    "These figures come from the books. Only the collector and the note can be "
                    "changed here."
                )
            )
        names = {"collector_id": "o2c_collector_id", "note": "o2c_collection_note"}
        values = {names[name]: value for name, value in vals.items()}
        for company, accounts in self.grouped("company_id").items():
            # sudo: collectors change these two of customers whom they may not edit otherwise.
            accounts.partner_id.sudo().with_company(company).write(values)
        self.invalidate_model()
        # Nothing of the view itself is written.
        return super().write({})

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_log_contact(self):
        """Open the dialog that logs a call with this one customer."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Log a Call: %(customer)s", customer=self.partner_id.display_name),
            "res_model": "o2c.collection.call",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_partner_id": self.partner_id.id,
                "default_company_id": self.company_id.id,
            },
        }

    def action_open_form(self):
        """Open the form of this one customer."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
        }

    def action_open_contacts(self):
        """Open the log of contacts of this one customer."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "order_to_cash.o2c_collection_contact_action"
        )
        action["domain"] = list(Domain("partner_id", "=", self.partner_id.id))
        return action

    def action_open_customer(self):
        """Open the contact of this one customer."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "res.partner",
            "res_id": self.partner_id.id,
            "view_mode": "form",
        }

    # ------------------------------------------------------------------
    # Business methods
    # ------------------------------------------------------------------

    @api.model
    def _of(self, partners, company):
        """The accounts of these commercial partners in the family of ``company`` that exist."""
        # By customer, which the database finds faster than by the id made of it.
        return self.search([
            ("partner_id", "in", partners.ids), ("company_id", "=", company.root_id.id)
        ])

    @property
    def _table_query(self):
        return SQL(
            """
            WITH company AS (%(companies)s),
            root AS (
                SELECT DISTINCT company.root_id AS id, company.currency_id, company.rounding,
                       company.today, settings.o2c_collector_id
                  FROM company
                  JOIN res_company settings ON settings.id = company.root_id
            ), debt AS (
                SELECT item.account_id,
                       item.partner_id,
                       item.root_id,
                       SUM(item.residual_company) AS receivable,
                       SUM(item.residual_company) FILTER (WHERE %(overdue)s) AS overdue,
                       COUNT(*) FILTER (WHERE %(overdue)s) AS item_count,
                       MAX(item.days_overdue) FILTER (WHERE %(overdue)s) AS oldest_days,
                       SUM(item.disputed) FILTER (WHERE item.days_overdue > 0) AS disputed,
                       SUM(item.residual_company) FILTER (WHERE %(overdue)s AND item.is_blocked)
                           AS blocked,
                       SUM(LEAST(item.residual_company, 0)) AS credit,
                       SUM(item.claim) AS claim,
                       SUM(item.expected) AS expected,
                       (ARRAY_AGG(level.id ORDER BY level.sequence DESC, level.id DESC)
                           FILTER (WHERE level.id IS NOT NULL))[1] AS level_id
                  FROM (%(items)s) AS item
             LEFT JOIN o2c_dunning_level level ON level.id = item.level_id
              GROUP BY item.account_id, item.partner_id, item.root_id
            ), promise AS (
                SELECT COALESCE(partner.o2c_payer_id, partner.id) AS partner_id,
                       company.root_id,
                       SUM(due.missing)
                           FILTER (WHERE promise.state = 'open' AND promise.date >= company.today)
                           AS amount,
                       SUM(LEAST(due.missing, due.overdue))
                           FILTER (WHERE promise.state = 'open' AND promise.date >= company.today)
                           AS covered,
                       MIN(promise.date)
                           FILTER (WHERE promise.state = 'open' AND promise.date >= company.today)
                           AS date,
                       COUNT(*) FILTER (
                           WHERE (promise.state = 'broken' OR promise.date < company.today)
                             AND due.missing > 0
                       ) AS broken
                  FROM o2c_payment_promise promise
                  JOIN company ON company.id = promise.company_id
                  JOIN res_partner partner ON partner.id = promise.partner_id
    CROSS JOIN LATERAL (
                           -- a promise of invoices that are not due takes nothing off the claim
                           SELECT promise.amount_company * GREATEST(
                                      1 - COALESCE(promise.paid_amount, 0) / promise.amount, 0
                                  ) AS missing,
                                  CASE WHEN COUNT(*) > 0 THEN COALESCE(
                                      SUM(line.amount_residual) FILTER (
                                          WHERE COALESCE(line.date_maturity, line.date)
                                              < company.today
                                      ), 0
                                  ) END AS overdue
                             FROM o2c_payment_promise_invoice_rel link
                             JOIN account_move_line line ON line.move_id = link.invoice_id
                             JOIN account_account account
                               ON account.id = line.account_id
                              AND account.account_type = 'asset_receivable'
                            WHERE link.promise_id = promise.id
                       ) due
                 WHERE promise.active
                   AND promise.state IN ('open', 'broken')
              GROUP BY 1, 2
            ), contact AS (
                SELECT DISTINCT ON (partner_id, company_id)
                       partner_id, company_id, contacted_on, outcome, next_contact_on
                  FROM o2c_collection_contact
              ORDER BY partner_id, company_id, contacted_on DESC, id DESC
            ), figures AS (
                SELECT debt.*,
                       promise.date AS promise_date,
                       COALESCE(promise.broken, 0) AS broken_count,
                       COALESCE(ROUND(promise.amount / root.rounding) * root.rounding, 0)
                           AS promised,
                       root.currency_id,
                       root.rounding,
                       root.o2c_collector_id,
                       GREATEST(
                           debt.claim + debt.credit
                           - COALESCE(ROUND(promise.covered / root.rounding) * root.rounding, 0),
                           0
                       ) AS to_chase
                  FROM debt
                  JOIN root ON root.id = debt.root_id
             LEFT JOIN promise
                    ON promise.partner_id = debt.partner_id AND promise.root_id = debt.root_id
            )
            SELECT figures.account_id AS id,
                   figures.partner_id,
                   figures.root_id AS company_id,
                   figures.currency_id,
                   partner.phone,
                   partner.email,
                   partner.user_id,
                   partner.o2c_region_id AS region_id,
                   COALESCE(
                       (partner.o2c_collector_id ->> figures.root_id::text)::int,
                       level.user_id,
                       partner.user_id,
                       figures.o2c_collector_id
                   ) AS collector_id,
                   partner.o2c_collection_note ->> figures.root_id::text AS note,
                   credit.score,
                   credit.rating_id,
                   figures.level_id,
                   figures.receivable,
                   COALESCE(figures.overdue, 0) AS overdue,
                   figures.item_count,
                   COALESCE(figures.oldest_days, 0) AS oldest_days,
                   COALESCE(figures.disputed, 0) AS disputed,
                   COALESCE(figures.blocked, 0) AS blocked,
                   figures.promised,
                   figures.promise_date,
                   figures.broken_count,
                   figures.broken_count > 0 AND figures.to_chase > 0 AS has_broken_promise,
                   figures.to_chase,
                   CASE WHEN figures.claim > 0
                        THEN ROUND(
                            figures.expected * figures.to_chase / figures.claim / figures.rounding
                        ) * figures.rounding
                        ELSE 0
                    END AS expected,
                   contact.contacted_on AS last_contact_on,
                   contact.outcome AS last_outcome,
                   contact.next_contact_on
              FROM figures
              JOIN res_partner partner ON partner.id = figures.partner_id
         LEFT JOIN o2c_dunning_level level ON level.id = figures.level_id
         LEFT JOIN o2c_credit_account credit
                ON credit.partner_id = figures.partner_id
               AND credit.company_id = figures.root_id
         LEFT JOIN contact
                ON contact.partner_id = figures.partner_id
               AND contact.company_id = figures.root_id
            """,
            companies=self.env["o2c.collection.figures"]._company_sql(),
            items=self.env["o2c.collection.item"]._items_sql(),
            overdue=SQL("(item.days_overdue > 0 AND item.residual_company > 0)"),
        )
