from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, format_date

from odoo.addons.order_to_cash.algorithms.ageing import BUCKETS, STARTS
from odoo.addons.order_to_cash.models.dunning.open_items import (
    document_kind,
    later_reconciliations,
    receivable_accounts,
)

# The context key with the day that a list is seen as of. It is no control: rights do not depend on
# it, and without it the day is today.
AS_OF = "o2c_as_of"


class O2cAgedReceivable(models.Model):
    """What customers owed on a day, and how old it was.

    A row is a journal item that was open at the end of the day; its id is that of the item. The
    query is made for the day in the context (:data:`AS_OF`), so that lists, groups and pivots
    always show the books as they are, of any day, without copies of them. Within one transaction
    rows must not be read as records for two days: ask for sums, or use :meth:`_values`.
    """

    _name = "o2c.aged.receivable"
    _description = "Aged Receivable"
    _auto = False
    _order = "date_due, id"
    _rec_name = "move_id"
    _depends = {
        "account.move": [
            "invoice_date",
            "invoice_user_id",
            "move_type",
            "origin_payment_id",
            "statement_line_id",
            "team_id",
        ],
        "account.move.line": [
            "account_id",
            "amount_currency",
            "amount_residual",
            "amount_residual_currency",
            "company_id",
            "currency_id",
            "date",
            "date_maturity",
            "move_id",
            "parent_state",
            "partner_id",
            "reconciled",
        ],
        "account.account": ["account_type"],
        "account.partial.reconcile": [
            "amount",
            "credit_amount_currency",
            "credit_move_id",
            "debit_amount_currency",
            "debit_move_id",
            "max_date",
        ],
        "res.company": ["currency_id"],
        "res.partner": [
            "commercial_partner_id",
            "o2c_class_id",
            "o2c_payer_id",
            "o2c_region_id",
            "o2c_team_id",
            "user_id",
        ],
    }

    as_of = fields.Date(readonly=True, help="The day at whose end the amount was open.")
    move_id = fields.Many2one("account.move", string="Document", readonly=True)
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        readonly=True,
        help="Who has to pay: the payer of the customer, if he has one.",
    )
    customer_id = fields.Many2one(
        "res.partner", string="Invoiced Customer", readonly=True, help="Who bought."
    )
    user_id = fields.Many2one(
        "res.users",
        string="Salesperson",
        readonly=True,
        help="Of the invoice; for payments, of the customer.",
    )
    team_id = fields.Many2one("crm.team", string="Sales Team", readonly=True)
    region_id = fields.Many2one("o2c.sales.region", readonly=True)
    class_id = fields.Many2one("o2c.customer.class", string="Customer Class", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    company_currency_id = fields.Many2one("res.currency", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    kind = fields.Selection(
        [
            ("invoice", "Invoice"),
            ("credit_note", "Credit Note"),
            ("payment", "Payment"),
            ("other", "Other Entry"),
        ],
        readonly=True,
    )
    date = fields.Date(readonly=True)
    date_due = fields.Date(string="Due Date", readonly=True)
    days_overdue = fields.Integer(readonly=True, aggregator="max")
    bucket = fields.Selection(
        [
            ("not_due", "Not Due"),
            ("days_1_30", "1–30 Days"),
            ("days_31_60", "31–60 Days"),
            ("days_61_90", "61–90 Days"),
            ("days_over_90", "Over 90 Days"),
        ],
        string="Age",
        readonly=True,
    )
    amount_currency = fields.Monetary(string="Original Amount", readonly=True, aggregator=None)
    residual_currency = fields.Monetary(
        string="Open in Currency", readonly=True, help="What was open, in the document's currency."
    )
    residual = fields.Monetary(
        string="Open",
        currency_field="company_currency_id",
        readonly=True,
        help="What was open, in company currency; negative for credits and unallocated payments.",
    )
    not_due = fields.Monetary(currency_field="company_currency_id", readonly=True)
    days_1_30 = fields.Monetary(
        string="1–30 Days", currency_field="company_currency_id", readonly=True
    )
    days_31_60 = fields.Monetary(
        string="31–60 Days", currency_field="company_currency_id", readonly=True
    )
    days_61_90 = fields.Monetary(
        string="61–90 Days", currency_field="company_currency_id", readonly=True
    )
    days_over_90 = fields.Monetary(
        string="Over 90 Days", currency_field="company_currency_id", readonly=True
    )
    overdue = fields.Monetary(currency_field="company_currency_id", readonly=True)

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT item.*,
                   %(buckets)s,
                   CASE WHEN item.bucket <> %(not_due)s THEN item.residual ELSE 0 END AS overdue
              FROM (%(items)s) AS item
            """,
            items=self._items_sql(self._as_of()),
            buckets=SQL(", ").join(
                SQL(
                    "CASE WHEN item.bucket = %s THEN item.residual ELSE 0 END AS %s",
                    name,
                    SQL.identifier(name),
                )
                for name in BUCKETS
            ),
            not_due=BUCKETS[0],
        )

    def _items_sql(self, as_of):
        return SQL(
            """
            SELECT line.id,
                   %(as_of)s::date AS as_of,
                   line.move_id,
                   COALESCE(commercial.o2c_payer_id, commercial.id) AS partner_id,
                   commercial.id AS customer_id,
                   COALESCE(move.invoice_user_id, commercial.user_id) AS user_id,
                   COALESCE(move.team_id, commercial.o2c_team_id) AS team_id,
                   COALESCE(partner.o2c_region_id, commercial.o2c_region_id) AS region_id,
                   commercial.o2c_class_id AS class_id,
                   line.company_id,
                   company.currency_id AS company_currency_id,
                   line.currency_id,
                   %(kind)s AS kind,
                   COALESCE(move.invoice_date, line.date) AS date,
                   COALESCE(line.date_maturity, line.date) AS date_due,
                   GREATEST(%(as_of)s::date - COALESCE(line.date_maturity, line.date), 0)
                       AS days_overdue,
                   (%(buckets)s)[1 + width_bucket(
                       %(as_of)s::date - COALESCE(line.date_maturity, line.date), %(starts)s
                   )] AS bucket,
                   line.amount_currency,
                   line.amount_residual_currency + COALESCE(later.amount_currency, 0)
                       AS residual_currency,
                   line.amount_residual + COALESCE(later.amount, 0) AS residual
              FROM account_move_line line
              JOIN account_move move ON move.id = line.move_id
              JOIN res_company company ON company.id = line.company_id
         LEFT JOIN res_partner partner ON partner.id = line.partner_id
         LEFT JOIN res_partner commercial ON commercial.id = partner.commercial_partner_id
         LEFT JOIN (%(later)s) AS later ON later.line_id = line.id
             WHERE line.account_id = ANY(%(accounts)s)
               AND line.parent_state = 'posted'
               AND line.date <= %(as_of)s
               AND (line.reconciled IS NOT TRUE OR later.line_id IS NOT NULL)
               -- of an item paid in full, an exchange difference may be booked on a later day
               AND line.amount_residual_currency + COALESCE(later.amount_currency, 0) <> 0
            """,
            as_of=as_of,
            accounts=receivable_accounts(),
            buckets=SQL("%s::varchar[]", list(BUCKETS)),
            starts=SQL("%s::int[]", list(STARTS)),
            kind=document_kind(),
            later=later_reconciliations(as_of),
        )

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    @api.model
    def action_open(self):
        """Open the receivables of the companies chosen, as of today."""
        companies = self._companies()
        return self._open_as_of(
            companies[0]._o2c_today(), Domain("company_id", "in", companies.ids)
        )

    def action_choose(self):
        """Ask for another day and for the part of the receivables to be seen."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "order_to_cash.o2c_aged_receivable_filter_action"
        )
        action["context"] = {"default_date": self._as_of()}
        return action

    def action_download(self):
        """Download the receivables of the day that the list shows as a spreadsheet."""
        return {
            "type": "ir.actions.act_url",
            "url": f"/order_to_cash/dunning/aged_receivables.xlsx?as_of={self._as_of()}"
            f"&filter={self.env.context.get('o2c_aged_filter', '')}",
            "target": "download",
        }

    def action_open_document(self):
        """Open the document behind this one row."""
        self.ensure_one()
        # The accounting document is opened with the rights of the reader.
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "res_id": self.move_id.id,
            "view_mode": "form",
        }

    @api.model
    def _open_as_of(self, date, domain, filter_id=False):
        """The action that shows the rows of ``domain`` on ``date``."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "order_to_cash.o2c_aged_receivable_action"
        )
        action["display_name"] = action["name"] = self.env._(
            "Receivables %(date)s", date=format_date(self.env, date)
        )
        action["domain"] = list(domain)
        action["context"] = {
            AS_OF: fields.Date.to_string(date),
            "o2c_aged_filter": filter_id,
            "search_default_group_customer": 1,
        }
        return action

    # ------------------------------------------------------------------
    # Business methods
    # ------------------------------------------------------------------

    @api.model
    def _companies(self):
        """Those of the user's active companies that use dunning."""
        companies = self.env.companies.filtered("o2c_use_dunning")
        if not companies:
            self.env.companies._o2c_check_dunning_is_on()
        return companies

    @api.model
    def _as_of(self):
        """The day in the context, today without one."""
        try:
            day = fields.Date.to_date(self.env.context.get(AS_OF))
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(
                self.env._("%(value)s is no date.", value=self.env.context[AS_OF])
            ) from error
        return day or self.env.company._o2c_today()

    @api.model
    def _values(self, domain, names):
        """The columns ``names`` of the rows in ``domain`` that the user may see, as they are in the
        table: relations as ids, choices as keys."""
        self.check_access("read")
        query = self._search(domain)
        columns = [self._field_to_sql(self._table, name, query) for name in names]
        return self.env.execute_query(query.select(*columns))
