from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms import receivables

# Months shown, and the months before them that counting back may reach.
MONTHS = 24
MONTHS_BEFORE = 24


class O2cCollectionMonth(models.TransientModel):
    """Receivables, days sales outstanding and collection effectiveness at the end of each month.

    Everything is as it stood on that day: receivables from the entries up to it, what was not due
    yet from the reconciliations up to it, whatever was paid since. The rows are a snapshot for the
    user who opens the report; opening it again takes a new one.
    """

    _name = "o2c.collection.month"
    _description = "Days Sales Outstanding"
    _inherit = ["o2c.collection.sheet"]
    _order = "date desc, id desc"
    _rec_name = "date"
    _transient_max_count = 0
    _sheet_columns = {
        "date": ("date", 12),
        "company_id": ("text", 24),
        "currency_id": ("text", 10),
        "opening": ("money", 16),
        "sales": ("money", 16),
        "receivable": ("money", 16),
        "current": ("money", 16),
        "overdue": ("money", 16),
        "sales_of_days": ("money", 16),
        "dso": ("score", 10),
        "dso_count_back": ("score", 10),
        "cei": ("score", 10),
    }

    date = fields.Date(
        string="Month", readonly=True, help="Its last day, or today for the month we are in."
    )
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    opening = fields.Monetary(
        readonly=True, aggregator=None, help="Receivables at the beginning of the month."
    )
    sales = fields.Monetary(
        string="Sales on Credit",
        readonly=True,
        help="Invoices less credit notes of the month, taxes included.",
    )
    receivable = fields.Monetary(
        string="Receivables",
        readonly=True,
        aggregator="avg",
        help="At the end of the month, credits and unallocated payments deducted.",
    )
    current = fields.Monetary(
        string="Not Due", readonly=True, aggregator="avg", help="The part that was not due yet."
    )
    overdue = fields.Monetary(readonly=True, aggregator="avg", help="Receivables less what was not due.")
    sales_of_days = fields.Monetary(
        string="Sales of the Last Days",
        readonly=True,
        aggregator="avg",
        help="Sales on credit of as many days as the settings of the company say, by which days "
        "sales outstanding are reckoned.",
    )
    dso = fields.Float(
        string="Days Sales Outstanding",
        digits=(16, 1),
        readonly=True,
        aggregator="avg",
        help="Receivables ÷ sales on credit of the last days × these days, as many as the settings "
        "of the company say.",
    )
    dso_count_back = fields.Float(
        string="Days by Counting Back",
        digits=(16, 1),
        readonly=True,
        aggregator="avg",
        help="The days of those last months whose sales make up the receivables.",
    )
    cei = fields.Float(
        string="Collection Effectiveness %",
        digits=(16, 1),
        readonly=True,
        aggregator="avg",
        help="(opening + sales − closing receivables) ÷ (opening + sales − closing not due) × 100: "
        "what was collected of what could be.",
    )
    is_current_month = fields.Boolean(readonly=True)

    @api.model
    def action_open(self):
        """Take a new snapshot for the user and open it."""
        self.check_access("read")
        self._refresh()
        return self.env["ir.actions.actions"]._for_xml_id(
            "order_to_cash.o2c_collection_month_action"
        )

    def action_open_entries(self):
        """Open the receivable entries of this one month."""
        self.ensure_one()
        entries = (
            Domain("account_id.account_type", "=", "asset_receivable")
            & Domain("parent_state", "=", "posted")
            & Domain("company_id", "child_of", self.company_id.id)
            & Domain("date", ">=", self.date.replace(day=1))
            & Domain("date", "<=", self.date)
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Receivables"),
            "res_model": "account.move.line",
            "view_mode": "list,form",
            "domain": list(entries),
            "context": {"create": False},
        }

    @api.model
    def _refresh(self):
        """Replace the user's snapshot of the companies he works in; returns it."""
        # sudo: rows are written here only, for the user who opens the report.
        rows = self.sudo()
        rows.search([("create_uid", "=", self.env.uid)]).unlink()
        return rows.create(self._month_values()).sudo(False)

    @api.model
    def _month_values(self):
        """The values of a row a company and month."""
        return [
            values
            for root in self._collection_companies().root_id
            for values in self._company_values(root, self._gather(root))
        ]

    def _company_values(self, root, months):
        """:param months: rows of :meth:`_months_sql` of ``root``, the earliest first"""
        today = root._o2c_today()
        first_shown = today.replace(day=1) - relativedelta(months=MONTHS - 1)
        before = []
        for row in months:
            start = row["month_end"].replace(day=1)
            end = min(row["month_end"], today)
            before.insert(0, (row["sales"], (end - start).days + 1))
            if start < first_shown or not (row["closing"] or row["opening"] or row["sales"]):
                continue
            figures = (row["opening"], row["sales"], row["closing"], row["closing_current"])
            yield {
                "date": end,
                "company_id": root.id,
                "currency_id": root.currency_id.id,
                "opening": row["opening"],
                "sales": row["sales"],
                "receivable": row["closing"],
                "current": row["closing_current"],
                "overdue": row["closing"] - row["closing_current"],
                "sales_of_days": row["sales_of_days"],
                "dso": receivables.days_sales_outstanding(
                    row["closing"], row["sales_of_days"], root.o2c_dso_days
                ),
                "dso_count_back": receivables.count_back(row["closing"], before),
                "cei": receivables.collection_effectiveness(*figures),
                "is_current_month": end < row["month_end"],
            }

    def _gather(self, root):
        for model, names in (
            ("account.move", ["move_type", "state"]),
            (
                "account.move.line",
                ["account_id", "balance", "date", "date_maturity", "parent_state", "move_id"],
            ),
            ("account.partial.reconcile", ["amount", "debit_move_id", "max_date"]),
        ):
            self.env[model].flush_model(names)
        today = root._o2c_today()
        start = today.replace(day=1) - relativedelta(months=MONTHS + MONTHS_BEFORE - 1)
        rows = self.env.execute_query_dict(self._months_sql(root, start, today))
        return [
            {
                name: root.currency_id.round(float(value)) if name != "month_end" else value
                for name, value in row.items()
            }
            for row in rows
        ]

    def _months_sql(self, root, start, today):
        """A row a month: its last day, opening and closing receivables, sales, and at its end (or
        today) the sales of the last days and what is not due yet."""
        return SQL(
            """
            WITH receivable AS (
                SELECT line.id,
                       line.date,
                       line.balance,
                       COALESCE(line.date_maturity, line.date) AS date_due,
                       move.move_type IN ('out_invoice', 'out_refund', 'out_receipt') AS is_sale
                  FROM account_move_line line
                  JOIN account_move move ON move.id = line.move_id
                  JOIN account_account account ON account.id = line.account_id
                 WHERE line.parent_state = 'posted'
                   AND account.account_type = 'asset_receivable'
                   AND line.company_id = ANY(%(company_ids)s)
                   AND line.date <= %(today)s
            ), month AS (
                SELECT day::date AS day,
                       (day + INTERVAL '1 month' - INTERVAL '1 day')::date AS month_end,
                       LEAST((day + INTERVAL '1 month' - INTERVAL '1 day')::date, %(today)s)
                           AS as_of
                  FROM generate_series(%(start)s::date, %(today)s::date, INTERVAL '1 month') AS day
            ), daily AS (
                SELECT date, SUM(balance) AS balance,
                       COALESCE(SUM(balance) FILTER (WHERE is_sale), 0) AS sales
                  FROM receivable
              GROUP BY date
            ), moved AS (
                SELECT month.day,
                       COALESCE(SUM(daily.balance) FILTER (WHERE daily.date < month.day), 0)
                           AS opening,
                       COALESCE(SUM(daily.balance), 0) AS closing,
                       COALESCE(SUM(daily.sales) FILTER (WHERE daily.date >= month.day), 0) AS sales,
                       COALESCE(
                           SUM(daily.sales) FILTER (WHERE daily.date > month.as_of - %(days)s), 0
                       ) AS sales_of_days
                  FROM month
             LEFT JOIN daily ON daily.date <= month.as_of
              GROUP BY month.day
            ), not_due AS (
                SELECT month.day, SUM(receivable.balance - COALESCE(paid.amount, 0)) AS amount
                  FROM month
                  JOIN receivable
                    ON receivable.date <= month.as_of
                   AND receivable.date_due >= month.as_of
                   AND receivable.balance > 0
    CROSS JOIN LATERAL (
                           SELECT SUM(partial.amount) AS amount
                             FROM account_partial_reconcile partial
                            WHERE partial.debit_move_id = receivable.id
                              AND partial.max_date <= month.as_of
                       ) paid
              GROUP BY month.day
            )
            SELECT month.month_end,
                   moved.opening,
                   moved.closing,
                   moved.sales,
                   moved.sales_of_days,
                   COALESCE(not_due.amount, 0) AS closing_current
              FROM month
              JOIN moved ON moved.day = month.day
         LEFT JOIN not_due ON not_due.day = month.day
          ORDER BY month.day
            """,
            company_ids=list(root._o2c_family_ids()),
            today=today,
            start=start,
            days=root.o2c_dso_days,
        )
