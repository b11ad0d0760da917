from odoo import api, fields, models
from odoo.tools import SQL

AMOUNTS = ("invoiced", "collected", "open", "late")
OF_INVOICE = ("total", "paid", "open", "late")


class O2cCollectionOrder(models.Model):
    """What became of the invoices of each order.

    An invoice of several orders is shared among them by what its lines of each are worth, taxes
    included; lines of no order keep their part. The parts of an invoice add up to it. Credit notes
    count below zero: a returned order is invoiced, collected and open with nothing. Collected is
    what was paid, as in the collection by salesperson: what was written off, or settled by a credit
    note that is none of the order's, is neither collected nor open. The row has the id of its order.
    """

    _name = "o2c.collection.order"
    _description = "Collection by Order"
    _inherit = ["o2c.collection.sheet"]
    _auto = False
    _order = "date_order desc, id desc"
    _rec_name = "order_id"
    _depends = {
        "account.move": [
            "company_id",
            "currency_id",
            "journal_id",
            "move_type",
            "origin_payment_id",
            "state",
        ],
        "account.move.line": [
            "move_id",
            "display_type",
            "price_total",
            "balance",
            "amount_currency",
            "amount_residual",
            "amount_residual_currency",
            "date_maturity",
            "sale_line_ids",
        ],
        "account.partial.reconcile": [
            "amount",
            "credit_amount_currency",
            "credit_move_id",
            "debit_amount_currency",
            "debit_move_id",
        ],
        "account.journal": ["type"],
        "sale.order": [
            "amount_total",
            "company_id",
            "currency_id",
            "currency_rate",
            "date_order",
            "partner_invoice_id",
            "state",
            "team_id",
            "user_id",
        ],
        "sale.order.line": ["order_id"],
        "res.partner": ["commercial_partner_id", "o2c_region_id"],
        "res.currency": ["rounding"],
    }
    _sheet_columns = {
        "order_id": ("text", 16),
        "date_order": ("datetime", 17),
        "partner_id": ("text", 32),
        "user_id": ("text", 24),
        "region_id": ("text", 20),
        "currency_id": ("text", 10),
        "amount_total": ("money", 16),
        "invoiced": ("money", 16),
        "collected": ("money", 16),
        "open": ("money", 16),
        "late": ("money", 16),
        "company_currency_id": ("text", 10),
        "invoiced_company": ("money", 16),
        "collected_company": ("money", 16),
        "open_company": ("money", 16),
        "late_company": ("money", 16),
        "company_id": ("text", 24),
    }

    order_id = fields.Many2one("sale.order", readonly=True)
    date_order = fields.Datetime(string="Order Date", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    region_id = fields.Many2one("o2c.sales.region", readonly=True)
    user_id = fields.Many2one("res.users", string="Salesperson", readonly=True)
    team_id = fields.Many2one("crm.team", string="Sales Team", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    company_currency_id = fields.Many2one("res.currency", readonly=True)
    # Sums over several currencies would mean nothing: these have none.
    amount_total = fields.Monetary(string="Order Total", readonly=True, aggregator=None)
    invoiced = fields.Monetary(readonly=True, aggregator=None)
    collected = fields.Monetary(
        readonly=True,
        aggregator=None,
        help="Paid. What was written off or credited otherwise is neither collected nor open.",
    )
    open = fields.Monetary(readonly=True, aggregator=None)
    late = fields.Monetary(
        readonly=True, aggregator=None, help="The part of the open amount that is past due."
    )
    invoiced_company = fields.Monetary(
        string="Invoiced (Company Currency)", currency_field="company_currency_id", readonly=True
    )
    collected_company = fields.Monetary(
        string="Collected (Company Currency)", currency_field="company_currency_id", readonly=True
    )
    open_company = fields.Monetary(
        string="Open (Company Currency)", currency_field="company_currency_id", readonly=True
    )
    late_company = fields.Monetary(
        string="Late (Company Currency)", currency_field="company_currency_id", readonly=True
    )

    @property
    def _table_query(self):
        return self._orders_sql(self._company_sql())

    def action_open_order(self):
        """Open the order of this one row."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "sale.order",
            "res_id": self.order_id.id,
            "view_mode": "form",
        }

    @api.model
    def _amounts(self, orders):
        """The amounts of these orders in their currency: {id: {name: amount}} by :data:`AMOUNTS`.

        One statement however many orders there are.
        """
        for model, names in self._depends.items():
            self.env[model].flush_model(names)
        companies = self.with_context(allowed_company_ids=orders.company_id.ids)
        scope = SQL(
            """
            AND move.id IN (
                    SELECT line.move_id
                      FROM sale_order_line ordered
                      JOIN sale_order_line_invoice_rel link ON link.order_line_id = ordered.id
                      JOIN account_move_line line ON line.id = link.invoice_line_id
                     WHERE ordered.order_id = ANY(%s)
                )
            """,
            orders.ids,
        )
        rows = self.env.execute_query_dict(
            SQL(
                "SELECT id, invoiced, collected, open, late FROM (%s) AS collection WHERE id = ANY(%s)",
                self._orders_sql(companies._company_sql(), scope),
                orders.ids,
            )
        )
        return {row["id"]: row for row in rows}

    @api.model
    def _orders_sql(self, companies, scope=None):
        """:param companies: the table of companies
        :param scope: which of the invoices ``move`` to read, all by default"""
        # The parts of an amount are the differences of its rounded running share: they add up.
        return SQL(
            """
            WITH company AS (%(companies)s),
            invoice AS (
                SELECT move.id,
                       move.currency_id,
                       SUM(line.amount_currency) AS total,
                       SUM(line.amount_residual_currency) AS open,
                       SUM(GREATEST(line.amount_residual_currency, 0)) FILTER (WHERE %(is_late)s)
                           AS late,
                       SUM(line.balance) AS total_company,
                       SUM(line.amount_residual) AS open_company,
                       SUM(GREATEST(line.amount_residual, 0)) FILTER (WHERE %(is_late)s)
                           AS late_company
                  FROM account_move move
                  JOIN company ON company.id = move.company_id
                  JOIN account_move_line line
                    ON line.move_id = move.id AND line.display_type = 'payment_term'
                 WHERE move.state = 'posted'
                   AND move.move_type IN ('out_invoice', 'out_refund')
                   %(scope)s
              GROUP BY move.id
            ), settled AS (
                SELECT line.move_id,
                       partial.credit_move_id AS counterpart_id,
                       partial.debit_amount_currency AS amount_currency,
                       partial.amount
                  FROM invoice
                  JOIN account_move_line line
                    ON line.move_id = invoice.id AND line.display_type = 'payment_term'
                  JOIN account_partial_reconcile partial ON partial.debit_move_id = line.id
             UNION ALL
                SELECT line.move_id,
                       partial.debit_move_id,
                       -partial.credit_amount_currency,
                       -partial.amount
                  FROM invoice
                  JOIN account_move_line line
                    ON line.move_id = invoice.id AND line.display_type = 'payment_term'
                  JOIN account_partial_reconcile partial ON partial.credit_move_id = line.id
            ), payment AS (
                SELECT settled.move_id,
                       SUM(settled.amount_currency) AS paid,
                       SUM(settled.amount) AS paid_company
                  FROM settled
                  JOIN account_move_line counterpart ON counterpart.id = settled.counterpart_id
                  JOIN account_move paying ON paying.id = counterpart.move_id
                  JOIN account_journal journal ON journal.id = paying.journal_id
                 WHERE paying.origin_payment_id IS NOT NULL
                    OR journal.type IN ('bank', 'cash', 'credit')
              GROUP BY settled.move_id
            ), link AS (
                SELECT line.move_id,
                       ordered.order_id,
                       line.price_total / COUNT(*) OVER (PARTITION BY line.id) AS weight
                  FROM account_move_line line
                  JOIN invoice ON invoice.id = line.move_id
             LEFT JOIN sale_order_line_invoice_rel rel ON rel.invoice_line_id = line.id
             LEFT JOIN sale_order_line ordered ON ordered.id = rel.order_line_id
                 WHERE line.display_type = 'product'
            ), part AS (
                SELECT move_id, order_id, SUM(weight) AS weight
                  FROM link
              GROUP BY move_id, order_id
            ), running AS (
                SELECT part.*,
                       SUM(weight) OVER (
                           PARTITION BY move_id ORDER BY order_id ROWS UNBOUNDED PRECEDING
                       ) AS upto,
                       SUM(weight) OVER (PARTITION BY move_id) AS whole
                  FROM part
            ), share AS (
                SELECT running.order_id,
                       invoice.currency_id,
                       %(total)s AS total,
                       %(paid)s AS paid,
                       %(open)s AS open,
                       %(late)s AS late,
                       %(total_company)s AS total_company,
                       %(paid_company)s AS paid_company,
                       %(open_company)s AS open_company,
                       %(late_company)s AS late_company
                  FROM running
                  JOIN invoice ON invoice.id = running.move_id
                  JOIN res_currency currency ON currency.id = invoice.currency_id
                  JOIN account_move move ON move.id = invoice.id
                  JOIN company ON company.id = move.company_id
             LEFT JOIN payment ON payment.move_id = invoice.id
                 WHERE running.order_id IS NOT NULL
                   AND running.whole != 0
            ), collection AS (
                SELECT sale.id,
                       SUM(%(total_order)s) AS invoiced,
                       SUM(%(paid_order)s) AS collected,
                       SUM(%(open_order)s) AS open,
                       SUM(%(late_order)s) AS late,
                       SUM(share.total_company) AS invoiced_company,
                       SUM(share.paid_company) AS collected_company,
                       SUM(share.open_company) AS open_company,
                       SUM(share.late_company) AS late_company
                  FROM share
                  JOIN sale_order sale ON sale.id = share.order_id
                  JOIN res_currency currency ON currency.id = sale.currency_id
              GROUP BY sale.id
            )
            SELECT sale.id,
                   sale.id AS order_id,
                   sale.date_order,
                   billed.commercial_partner_id AS partner_id,
                   commercial.o2c_region_id AS region_id,
                   sale.user_id,
                   sale.team_id,
                   sale.company_id,
                   sale.currency_id,
                   company.currency_id AS company_currency_id,
                   sale.amount_total,
                   COALESCE(collection.invoiced, 0) AS invoiced,
                   COALESCE(collection.collected, 0) AS collected,
                   COALESCE(collection.open, 0) AS open,
                   COALESCE(collection.late, 0) AS late,
                   COALESCE(collection.invoiced_company, 0) AS invoiced_company,
                   COALESCE(collection.collected_company, 0) AS collected_company,
                   COALESCE(collection.open_company, 0) AS open_company,
                   COALESCE(collection.late_company, 0) AS late_company
              FROM sale_order sale
              JOIN company ON company.id = sale.company_id
              JOIN res_partner billed ON billed.id = sale.partner_invoice_id
              JOIN res_partner commercial ON commercial.id = billed.commercial_partner_id
         LEFT JOIN collection ON collection.id = sale.id
             WHERE sale.state = 'sale' OR collection.id IS NOT NULL
            """,
            companies=companies,
            is_late=SQL("COALESCE(line.date_maturity, line.date) < company.today"),
            scope=scope or SQL(),
            **{name: self._share_sql(name, "currency") for name in OF_INVOICE},
            **{
                f"{name}_company": self._share_sql(f"{name}_company", "company")
                for name in OF_INVOICE
            },
            **{f"{name}_order": self._in_order_currency_sql(name) for name in OF_INVOICE},
        )

    def _share_sql(self, name, currency):
        """The part of the order in the invoice's amount ``name``, rounded by ``currency``."""
        source = "payment" if name.startswith("paid") else "invoice"
        amount = SQL.identifier(source, name)
        rounding = SQL.identifier(currency, "rounding")
        return SQL(
            """
            COALESCE(
                ROUND(%(amount)s * running.upto / running.whole / %(rounding)s) * %(rounding)s
                - ROUND(
                    %(amount)s * (running.upto - running.weight) / running.whole / %(rounding)s
                ) * %(rounding)s,
                0
            )
            """,
            amount=amount,
            rounding=rounding,
        )

    def _in_order_currency_sql(self, name):
        return SQL(
            """
            CASE WHEN share.currency_id = sale.currency_id THEN %(amount)s
                 ELSE ROUND(%(in_company)s * sale.currency_rate / currency.rounding)
                      * currency.rounding
             END
            """,
            amount=SQL.identifier("share", name),
            in_company=SQL.identifier("share", f"{name}_company"),
        )
