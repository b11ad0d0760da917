from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, format_date


class O2cCommissionReport(models.Model):
    """Plan, sales, shipments and commission by payee and month: last year, this one and the next.

    All amounts are in company currency. Everything is credited with the payee's share.
    """

    _name = "o2c.commission.report"
    _description = "Commission Report"
    _inherit = ["o2c.collection.sheet"]
    _auto = False
    _order = "date desc, payee_id, id"
    _rec_name = "payee_id"
    _depends = {
        "o2c.commission.entry": [
            "kind", "date", "amount_company", "payee_id", "settlement_id", "share", "step", "is_closing",
        ],
        "o2c.commission.settlement": ["state"],
        "o2c.commission.split": ["order_line_id", "payee_id", "share"],
        "o2c.sales.plan": ["state", "metric", "currency_id", "company_id"],
        "o2c.sales.plan.node": ["payee_id", "user_id", "parent_path"],
        "o2c.sales.plan.cell": ["target", "date_from", "node_id"],
        "account.move.line": ["balance"],
        "sale.order": ["currency_rate", "company_id"],
        "sale.order.line": ["price_subtotal", "product_uom_qty", "product_uom_id", "discount", "price_unit"],
        "stock.move": ["state", "quantity", "date", "sale_line_id", "location_id", "location_dest_id"],
    }  # fmt: skip
    _sheet_columns = {
        "date": ("date", 12),
        "payee_id": ("text", 30),
        "company_id": ("text", 24),
        "currency_id": ("text", 10),
        "plan_amount": ("money", 16),
        "plan_quantity": ("money", 14),
        "sales": ("money", 16),
        "balance": ("money", 16),
        "shipped_quantity": ("money", 14),
        "shipped_value": ("money", 16),
        "expected": ("money", 16),
        "earned": ("money", 16),
        "paid": ("money", 16),
        "unpaid": ("money", 16),
    }

    date = fields.Date(string="Month", readonly=True)
    month = fields.Char(string="Month in Words", compute="_compute_month")
    payee_id = fields.Many2one("res.partner", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    plan_amount = fields.Monetary(
        string="Plan",
        readonly=True,
        help="Targets of approved sales plans for the payee, converted at the rate of the first day where "
        "the plan is in another currency. Plans by quarter stand in its first month.",
    )
    plan_quantity = fields.Float(
        readonly=True, digits="Product Unit", help="Targets of approved sales plans by quantity."
    )
    sales = fields.Monetary(
        string="Actual Sales",
        readonly=True,
        help="Untaxed amounts that earn commission, less credit notes, with the payee's share.",
    )
    balance = fields.Monetary(readonly=True, help="Actual sales less plan.")
    shipped_quantity = fields.Float(
        readonly=True,
        digits="Product Unit",
        help="Delivered on orders of the payee less what came back, in units of the products.",
    )
    shipped_value = fields.Monetary(readonly=True, help="The same at the untaxed prices of the orders.")
    expected = fields.Monetary(
        string="Commission Expected",
        readonly=True,
        help="What sales of the month may still earn.",
    )
    earned = fields.Monetary(
        string="Commission Earned", readonly=True, help="Earned in the month less taken back, paid or not."
    )
    paid = fields.Monetary(
        string="Commission Paid", readonly=True, help="So much of what was earned in the month is paid."
    )
    unpaid = fields.Monetary(string="Commission to Pay", readonly=True, help="Earned and not paid yet.")

    @api.depends("payee_id", "date")
    def _compute_display_name(self):
        for row in self:
            # sudo: the name comes with the row that the user may see
            row.display_name = f"{row.payee_id.sudo().name or ''} {row.date or ''}".strip()

    @api.depends("date")
    def _compute_month(self):
        for row in self:
            row.month = format_date(self.env, row.date, date_format="MMMM y")

    @api.model
    def _sheet_title(self):
        return self.env._("Commission Report")

    # ------------------------------------------------------------------
    # What is behind the figures
    # ------------------------------------------------------------------

    def _month(self):
        """First and last day of this one row."""
        self.ensure_one()
        return self.date, self.date + relativedelta(months=1, days=-1)

    def _rows(self):
        """What finds the rows of the ledger of this one payee and company."""
        return Domain("payee_id", "=", self.payee_id.id) & Domain("company_id", "=", self.company_id.id)

    def action_open_entries(self):
        """Open the rows of the ledger of this one month: earned in it, or expected of its sales."""
        first, last = self._month()
        within = Domain("date", ">=", first) & Domain("date", "<=", last)
        since = Domain("origin_entry_id.date", ">=", first) & Domain("origin_entry_id.date", "<=", last)
        is_first = Domain("origin_entry_id", "=", False)
        expected = Domain("kind", "=", "expect") & ((is_first & within) | since)
        booked = Domain("kind", "!=", "expect") & within
        return self.env["o2c.commission.entry"]._open_entries(
            self._rows() & (expected | booked), f"{self.payee_id.display_name}, {self.month}"
        )

    def action_open_sales(self):
        """Open the invoices of this one month, or the orders and deliveries that earned themselves."""
        first, last = self._month()
        entries = self.env["o2c.commission.entry"].search(
            self._rows()
            & Domain("step", "=", 0)
            & Domain("date", ">=", first)
            & Domain("date", "<=", last)
            & (Domain("source", "in", ("invoice", "delivery")) | Domain("kind", "!=", "expect"))
        )
        documents = entries.move_id or entries.stock_move_id.picking_id or entries.order_id
        return documents._get_records_action(name=self.env._("Sales"))

    def action_open_shipments(self):
        """Open the deliveries of this one month to the payee's orders."""
        first, last = self._month()
        splits = self.env["o2c.commission.split"].search(self._rows())
        moves = self.env["stock.move"].search(
            Domain("sale_line_id", "in", splits.order_line_id.ids)
            & Domain("state", "=", "done")
            & Domain("date", ">=", first)
            & Domain("date", "<", last + relativedelta(days=1))
        )
        return moves.picking_id._get_records_action(name=self.env._("Deliveries"))

    def action_open_plan(self):
        """Open the targets of this one payee and month, with what was sold."""
        first, last = self._month()
        payee = self.payee_id.id
        nodes = self.env["o2c.sales.plan.node"].search(
            Domain("plan_id.state", "=", "approved")
            & Domain("company_id", "=", self.company_id.id)
            & (
                Domain("payee_id", "=", payee)
                | (Domain("payee_id", "=", False) & Domain("user_id.partner_id", "=", payee))
            )
        )
        if not nodes:
            raise UserError(self.env._("The sales plan is for plan managers and for those whose it is."))
        action = self.env["ir.actions.act_window"]._for_xml_id("order_to_cash.o2c_sales_plan_variance_action")
        domain = Domain("node_id", "in", nodes.ids)
        domain &= Domain("date_from", ">=", first) & Domain("date_from", "<=", last)
        views = [(view, kind) for view, kind in action["views"] if kind == "list"]
        return {**action, "domain": list(domain), "context": {}, "views": views}

    # ------------------------------------------------------------------
    # Figures
    # ------------------------------------------------------------------

    @property
    def _table_query(self):
        return SQL(
            """
            WITH span AS (
                SELECT (date_trunc('year', CURRENT_DATE) - INTERVAL '1 year')::date AS first,
                       (date_trunc('year', CURRENT_DATE) + INTERVAL '2 years')::date AS beyond
            ), figure AS (%(ledger)s UNION ALL %(sales)s UNION ALL %(shipped)s UNION ALL %(plan)s)
            SELECT (figure.payee_id::bigint * 36
                    + (EXTRACT(YEAR FROM figure.date)::int - EXTRACT(YEAR FROM span.first)::int) * 12
                    + EXTRACT(MONTH FROM figure.date)::int - 1)
                   * (SELECT MAX(id) + 1 FROM res_company) + figure.company_id AS id,
                   figure.date, figure.payee_id, figure.company_id, company.currency_id,
                   SUM(figure.plan_amount) AS plan_amount, SUM(figure.plan_quantity) AS plan_quantity,
                   SUM(figure.sales) AS sales, SUM(figure.sales) - SUM(figure.plan_amount) AS balance,
                   SUM(figure.shipped_quantity) AS shipped_quantity,
                   SUM(figure.shipped_value) AS shipped_value, SUM(figure.expected) AS expected,
                   SUM(figure.earned) AS earned, SUM(figure.paid) AS paid,
                   SUM(figure.earned) - SUM(figure.paid) AS unpaid
              FROM figure
              JOIN span ON figure.date >= span.first AND figure.date < span.beyond
              JOIN res_company company ON company.id = figure.company_id
             GROUP BY figure.company_id, figure.payee_id, figure.date, company.currency_id, span.first
            """,
            ledger=self._sql_ledger(),
            sales=self._sql_sales(),
            shipped=self._sql_shipped(),
            plan=self._sql_plan(),
        )

    def _sql_figure(self, date, **figures):
        """The columns of a part of the report; figures that it has not are 0.

        :param date: SQL of a day in the month
        """
        names = (
            "plan_amount", "plan_quantity", "sales", "shipped_quantity", "shipped_value", "expected",
            "earned", "paid",
        )  # fmt: skip
        zero = SQL("0")
        columns = [
            SQL("%s::numeric AS %s", figures.get(name, zero), SQL.identifier(name)) for name in names
        ]
        return SQL("date_trunc('month', %s)::date AS date, %s", date, SQL(", ").join(columns))

    def _sql_ledger(self):
        """Commission: what is expected by the month of the sale, the rest by the month of the row."""
        return SQL(
            """
            SELECT entry.company_id, entry.payee_id, %s
              FROM o2c_commission_entry entry
              LEFT JOIN o2c_commission_entry origin
                ON origin.id = entry.origin_entry_id AND entry.kind = 'expect'
              LEFT JOIN o2c_commission_settlement settlement ON settlement.id = entry.settlement_id
            """,
            self._sql_figure(
                SQL("COALESCE(origin.date, entry.date)"),
                expected=SQL("CASE WHEN entry.kind = 'expect' THEN entry.amount_company ELSE 0 END"),
                earned=SQL("CASE WHEN entry.kind <> 'expect' THEN entry.amount_company ELSE 0 END"),
                paid=SQL(
                    "CASE WHEN entry.kind <> 'expect' AND settlement.state = 'paid'"
                    " THEN entry.amount_company ELSE 0 END"
                ),
            ),
        )

    def _sql_sales(self):
        """Sales by the documents that earn: those whose claims are live, whatever the plan pays on."""
        amount = SQL(
            """
            first.share / 100 * CASE
                WHEN first.source = 'invoice' AND first.stock_move_id IS NULL THEN -item.balance
                WHEN first.source = 'order'
                THEN sol.price_subtotal / COALESCE(NULLIF(orders.currency_rate, 0), 1)
                ELSE first.quantity * product_unit.factor * COALESCE(
                         sol.price_subtotal / NULLIF(sol.product_uom_qty * order_unit.factor, 0),
                         sol.price_unit * (1 - COALESCE(sol.discount, 0) / 100) / order_unit.factor)
                     / COALESCE(NULLIF(orders.currency_rate, 0), 1) END
            """
        )
        return SQL(
            """
            SELECT first.company_id, first.payee_id, %s
              FROM o2c_commission_entry first
              LEFT JOIN account_move_line item ON item.id = first.move_line_id
              LEFT JOIN sale_order_line sol ON sol.id = first.order_line_id
              LEFT JOIN sale_order orders ON orders.id = sol.order_id
              LEFT JOIN uom_uom order_unit ON order_unit.id = sol.product_uom_id
              LEFT JOIN product_product product ON product.id = sol.product_id
              LEFT JOIN product_template template ON template.id = product.product_tmpl_id
              LEFT JOIN uom_uom product_unit ON product_unit.id = template.uom_id
             -- Returns and credit notes of what deliveries earned are later rows of these, with quantities.
             WHERE (first.step = 0 OR first.stock_move_id IS NOT NULL)
               AND first.agreement_id IS NOT NULL
               AND (first.source IN ('invoice', 'delivery')
                    OR first.source = 'order' AND first.kind <> 'expect')
               AND NOT EXISTS (
                   SELECT FROM o2c_commission_entry closing
                    WHERE closing.source = first.source AND closing.source_res_id = first.source_res_id
                      AND closing.agreement_id = first.agreement_id
                      AND closing.generation = first.generation
                      AND closing.part IS NOT DISTINCT FROM first.part AND closing.is_closing)
            """,
            self._sql_figure(SQL("first.date"), sales=amount),
        )

    def _sql_shipped(self):
        """What left the stock for the payee's orders less what came back, at the prices of the orders."""
        quantity = SQL(
            """
            split.share / 100 * move.quantity * unit.factor / product_unit.factor
                * CASE WHEN source.usage = 'customer' THEN -1 ELSE 1 END
            """
        )
        value = SQL(
            """
            %s * product_unit.factor * COALESCE(
                sol.price_subtotal / NULLIF(sol.product_uom_qty * order_unit.factor, 0),
                sol.price_unit * (1 - COALESCE(sol.discount, 0) / 100) / order_unit.factor)
            / COALESCE(NULLIF(orders.currency_rate, 0), 1)
            """,
            quantity,
        )
        day = SQL("move.date AT TIME ZONE 'UTC' AT TIME ZONE COALESCE(company_partner.tz, 'UTC')")
        return SQL(
            """
            SELECT orders.company_id, split.payee_id, %s
              FROM o2c_commission_split split
              JOIN sale_order_line sol ON sol.id = split.order_line_id
              JOIN sale_order orders ON orders.id = sol.order_id
              JOIN stock_move move
                ON move.sale_line_id = sol.id AND move.product_id = sol.product_id AND move.state = 'done'
              JOIN stock_location source ON source.id = move.location_id
              JOIN stock_location target ON target.id = move.location_dest_id
              JOIN res_company company ON company.id = orders.company_id
              JOIN res_partner company_partner ON company_partner.id = company.partner_id
              JOIN product_product product ON product.id = sol.product_id
              JOIN product_template template ON template.id = product.product_tmpl_id
              JOIN uom_uom unit ON unit.id = move.product_uom
              JOIN uom_uom order_unit ON order_unit.id = sol.product_uom_id
              JOIN uom_uom product_unit ON product_unit.id = template.uom_id
             WHERE (source.usage = 'customer') <> (target.usage = 'customer')
            """,
            self._sql_figure(day, shipped_quantity=quantity, shipped_value=value),
        )

    def _sql_rate(self, currency):
        """The rate of a currency on the first day of a cell of a plan."""
        return SQL(
            """
            (SELECT rate.rate FROM res_currency_rate rate
              WHERE rate.currency_id = %s AND rate.company_id = COALESCE(root.id, company.id)
                AND rate.name <= cell.date_from
              ORDER BY rate.name DESC LIMIT 1)
            """,
            currency,
        )

    def _sql_plan(self):
        """Targets of approved plans: of the highest nodes that stand for a payee, or for his user."""
        amount = SQL(
            """
            CASE WHEN plan.metric = 'amount' THEN cell.target * CASE
                WHEN plan.currency_id = company.currency_id THEN 1
                ELSE COALESCE(%s, 1) / COALESCE(%s, 1) END ELSE 0 END
            """,
            self._sql_rate(SQL("company.currency_id")),
            self._sql_rate(SQL("plan.currency_id")),
        )
        quantity = SQL("CASE WHEN plan.metric = 'quantity' THEN cell.target ELSE 0 END")
        return SQL(
            """
            SELECT plan.company_id, COALESCE(node.payee_id, person.partner_id) AS payee_id, %s
              FROM o2c_sales_plan plan
              JOIN res_company company ON company.id = plan.company_id
              LEFT JOIN res_company root ON root.id = SPLIT_PART(company.parent_path, '/', 1)::int
              JOIN o2c_sales_plan_node node ON node.plan_id = plan.id
              LEFT JOIN res_users person ON person.id = node.user_id
              JOIN o2c_sales_plan_cell cell ON cell.node_id = node.id
             WHERE plan.state = 'approved' AND plan.metric IN ('amount', 'quantity')
               AND COALESCE(node.payee_id, person.partner_id) IS NOT NULL
               AND NOT EXISTS (
                   SELECT FROM o2c_sales_plan_node above
                     LEFT JOIN res_users above_person ON above_person.id = above.user_id
                    WHERE above.id <> node.id
                      AND above.id = ANY(string_to_array(trim(BOTH '/' FROM node.parent_path), '/')::int[])
                      AND COALESCE(above.payee_id, above_person.partner_id)
                          = COALESCE(node.payee_id, person.partner_id))
            """,
            self._sql_figure(SQL("cell.date_from"), plan_amount=amount, plan_quantity=quantity),
        )
