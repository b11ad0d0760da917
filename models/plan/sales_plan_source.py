"""Sales by month and by what a plan distinguishes: one grouped statement, whatever its size."""

from odoo import models
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms import plan_matching

from .sales_plan_node import DIMENSIONS

LINE_MODELS = {"invoice": "account.move.line", "order": "sale.order.line", "delivery": "stock.move"}
# Dimensions of persons: what is shared out among several changes them only.
PERSONS = {"user_id", "payee_id"}
# Dimensions of single things: nodes of them are asked before those of teams, classes and trees.
SINGLE = {"user_id", "payee_id", "partner_id", "product_id"}
# Dimensions that are trees, with the table of the tree.
TREES = {"region_id": "o2c_sales_region", "product_category_id": "product_category"}

# Where they stand in the statement below.
COLUMNS = {
    "team_id": SQL("fact.team_id"),
    "class_id": SQL("customer.o2c_class_id"),
    "region_id": SQL("COALESCE(address.o2c_region_id, customer.o2c_region_id)"),
    "partner_id": SQL("customer.id"),
    "product_category_id": SQL("template.categ_id"),
    "product_id": SQL("fact.product_id"),
    "user_id": SQL("CASE WHEN share.line_id IS NULL THEN fact.user_id ELSE share.user_id END"),
    "payee_id": SQL(
        "CASE WHEN share.line_id IS NULL THEN seller.partner_id ELSE share.partner_id END"
    ),
}


class O2cSalesPlan(models.Model):
    _inherit = "o2c.sales.plan"

    def _credited_shares(self, lines):
        """Hook: sales of which not the salesperson of the document alone is credited.

        :param lines: ``account.move.line``, ``sale.order.line`` or ``stock.move``, as the plan says
            where its actuals come from
        :return: dict id of a line -> dict id of a partner (an agent, or the contact of an employee) ->
            percent of the line. The shares of a line add up to 100, lest totals count it twice.
        """
        return {}

    def _matcher(self):
        """What finds the node of a sale: :class:`plan_matching.Matcher`, with the names of the
        dimensions that this plan distinguishes, in the order of a fact."""
        self.ensure_one()
        # Of archived customers and products the sales still count.
        nodes = self.node_ids.with_context(active_test=False).sudo()
        used = [name for name in DIMENSIONS if any(node[name] for node in nodes)]
        trees = {name: self._tree_values(name) for name in used if name in TREES}
        return used, plan_matching.Matcher(used, [
            plan_matching.Node(
                node.id,
                node.parent_id.id or None,
                {
                    name: trees[name][node[name].id] if name in trees else [self._matched_id(node, name)]
                    for name in used
                    if node[name]
                },
                node.is_rest,
            )
            for node in nodes
        ], SINGLE)

    def _matched_id(self, node, name):
        return node.partner_id.commercial_partner_id.id if name == "partner_id" else node[name].id

    def _tree_values(self, name):
        """Of every region or category of this plan the ids of it and of all below it."""
        table = SQL.identifier(TREES[name])
        rows = self.env.execute_query(SQL(
            """
            SELECT DISTINCT top.id, below.id
            FROM o2c_sales_plan_node node
            JOIN %(table)s top ON top.id = node.%(column)s
            JOIN %(table)s below ON below.parent_path LIKE top.parent_path || '%%'
            WHERE node.plan_id = %(plan)s
            """,
            table=table,
            column=SQL.identifier(name),
            plan=self.id,
        ))
        values = {}
        for top, below in rows:
            values.setdefault(top, []).append(below)
        return values

    def _sales(self, dimensions, date_from, date_to):
        """What was sold, by month.

        :param dimensions: names, as of :meth:`_matcher`
        :param date_from: with ``date_to``, days of the documents, both included
        :return: list of (first day of the month, tuple of ids, figure in the plan's currency or units)
        """
        columns = [COLUMNS[name] for name in dimensions]
        rows = self._fact_rows(
            dimensions,
            date_from,
            date_to,
            select=SQL(
                """
                date_trunc('month', fact.day)::date, %s
                SUM((CASE WHEN fact.is_plan_currency THEN fact.value ELSE fact.value * rate.rate END)
                    * COALESCE(share.percent, 100) / 100)
                """,
                SQL("").join([SQL("%s,", column) for column in columns]),
            ),
            group=SQL("GROUP BY 1 %s", SQL("").join([SQL(", %s", column) for column in columns])),
        )
        return [(month, tuple(ids), value or 0) for month, *ids, value in rows]

    def _lines_sold(self, dimensions, date_from, date_to):
        """The lines of documents that :meth:`_sales` adds up.

        :return: list of (line id, tuple of ids); a line that persons share comes once for each
        """
        rows = self._fact_rows(
            dimensions,
            date_from,
            date_to,
            select=SQL("fact.line_id %s", SQL("").join([SQL(", %s", COLUMNS[name]) for name in dimensions])),
            group=SQL("ORDER BY fact.line_id"),
        )
        return [(line, tuple(ids)) for line, *ids in rows]

    def _fact_rows(self, dimensions, date_from, date_to, select, group):
        """Rows of what was sold, with what the columns of ``dimensions`` are taken from."""
        self.ensure_one()
        self.env.flush_all()
        shares = self._share_rows(dimensions, date_from, date_to)
        return self.env.execute_query(SQL(
            """
            WITH share AS (
                SELECT given.line_id, given.partner_id, given.percent, MIN(seller.id) AS user_id
                FROM unnest(%(lines)s::int[], %(partners)s::int[], %(percents)s::float8[])
                     AS given (line_id, partner_id, percent)
                LEFT JOIN res_users seller ON seller.partner_id = given.partner_id AND seller.active
                GROUP BY given.line_id, given.partner_id, given.percent
            ),
            rate AS (%(rates)s),
            fact AS (%(facts)s)
            SELECT %(select)s
            FROM fact
            JOIN rate ON rate.day = fact.day
            LEFT JOIN share ON share.line_id = fact.line_id
            LEFT JOIN res_users seller ON seller.id = fact.user_id
            LEFT JOIN res_partner customer ON customer.id = fact.customer_id
            LEFT JOIN res_partner address ON address.id = fact.address_id
            LEFT JOIN product_product product ON product.id = fact.product_id
            LEFT JOIN product_template template ON template.id = product.product_tmpl_id
            %(group)s
            """,
            lines=[line for line, _partner, _percent in shares],
            partners=[partner for _line, partner, _percent in shares],
            percents=[percent for _line, _partner, percent in shares],
            rates=self._rates_sql(date_from, date_to),
            facts=self._facts_sql(date_from, date_to),
            select=select,
            group=group,
        ))

    def _share_rows(self, dimensions, date_from, date_to):
        if PERSONS.isdisjoint(dimensions):
            return []
        keys = self.env.execute_query(
            SQL("SELECT line_id FROM (%s) fact", self._facts_sql(date_from, date_to))
        )
        # sudo: the figures are those of the whole company, whoever refreshes them
        lines = self.env[LINE_MODELS[self.source]].sudo().browse([key for (key,) in keys])
        return [
            (line, partner, percent)
            for line, shares in self._credited_shares(lines).items()
            for partner, percent in shares.items()
        ]

    def _rates_sql(self, date_from, date_to):
        """Of every day how much of the plan's currency one unit of the company's is."""
        values = {
            "date_from": date_from,
            "date_to": date_to,
            "plan": self.currency_id.id,
            "own": self.company_id.currency_id.id,
            "root": self.company_id.root_id.id,
        }
        return SQL(
            """
            SELECT day::date AS day,
                   CASE WHEN %(plan)s = %(own)s THEN 1.0 ELSE
                   COALESCE(
                       (SELECT r.rate FROM res_currency_rate r
                        WHERE r.currency_id = %(plan)s AND r.name <= day
                          AND (r.company_id IS NULL OR r.company_id = %(root)s)
                        ORDER BY r.company_id, r.name DESC LIMIT 1),
                       (SELECT r.rate FROM res_currency_rate r
                        WHERE r.currency_id = %(plan)s
                          AND (r.company_id IS NULL OR r.company_id = %(root)s)
                        ORDER BY r.company_id, r.name LIMIT 1),
                       1.0)
                   / COALESCE(
                       (SELECT r.rate FROM res_currency_rate r
                        WHERE r.currency_id = %(own)s AND r.name <= day
                          AND (r.company_id IS NULL OR r.company_id = %(root)s)
                        ORDER BY r.company_id, r.name DESC LIMIT 1),
                       (SELECT r.rate FROM res_currency_rate r
                        WHERE r.currency_id = %(own)s
                          AND (r.company_id IS NULL OR r.company_id = %(root)s)
                        ORDER BY r.company_id, r.name LIMIT 1),
                       1.0) END AS rate
            FROM generate_series(%(date_from)s::date, %(date_to)s::date, interval '1 day') AS day
            """,
            **values,
        )

    def _facts_sql(self, date_from, date_to):
        """Lines of sales: ``line_id``, ``day``, ``value`` in the currency of the company, or in the
        plan's where ``is_plan_currency``, and who sold what to whom."""
        values = {
            "companies": self.company_id._o2c_family_ids(),
            "date_from": date_from,
            "date_to": date_to,
            "currency": self.currency_id.id,
            "tz": self._timezone(),
        }
        if self.source == "order":
            return SQL(ORDERS[self.metric], **values)
        if self.source == "delivery":
            return SQL(DELIVERIES[self.metric], **values)
        return SQL(INVOICES[self.metric], **values)

    def _timezone(self):
        # sudo: the time zone of a company is no secret
        return self.company_id.sudo().partner_id.tz or self.env.user.tz or "UTC"


INVOICE_LINES = """
    SELECT line.id AS line_id, move.invoice_date AS day,
           {value} AS value, {own} AS is_plan_currency,
           move.team_id, move.invoice_user_id AS user_id, move.commercial_partner_id AS customer_id,
           COALESCE(move.partner_shipping_id, move.partner_id) AS address_id, line.product_id
    FROM account_move move
    JOIN account_move_line line ON line.move_id = move.id
    {joins}
    WHERE move.move_type IN ('out_invoice', 'out_refund', 'out_receipt') AND move.state = 'posted'
      AND move.company_id = ANY(%(companies)s)
      AND move.invoice_date BETWEEN %(date_from)s AND %(date_to)s
      AND line.display_type = 'product' {where}
"""
INVOICE_UNITS = """
    (CASE WHEN move.move_type = 'out_refund' THEN -1 ELSE 1 END)
    * line.quantity * COALESCE(unit.factor / own_unit.factor, 1)
"""
INVOICE_UNIT_JOINS = """
    LEFT JOIN product_product own_product ON own_product.id = line.product_id
    LEFT JOIN product_template own_template ON own_template.id = own_product.product_tmpl_id
    LEFT JOIN uom_uom own_unit ON own_unit.id = own_template.uom_id
    LEFT JOIN uom_uom unit ON unit.id = line.product_uom_id
"""
# The cost is that of the order, which was known when it was sold; of sales without an order, today's.
INVOICE_COST_JOINS = """
    LEFT JOIN LATERAL (
        SELECT AVG(sold.purchase_price / NULLIF(sale.currency_rate, 0)
                   / NULLIF(sold_unit.factor, 0) * own_unit.factor) AS cost
        FROM sale_order_line_invoice_rel rel
        JOIN sale_order_line sold ON sold.id = rel.order_line_id
        JOIN sale_order sale ON sale.id = sold.order_id
        JOIN uom_uom sold_unit ON sold_unit.id = sold.product_uom_id
        WHERE rel.invoice_line_id = line.id AND sold.product_id = line.product_id
    ) ordered ON TRUE
"""
INVOICES = {
    "amount": INVOICE_LINES.format(
        value="CASE WHEN line.currency_id = %(currency)s THEN -line.amount_currency ELSE -line.balance END",
        own="line.currency_id = %(currency)s",
        joins="",
        where="",
    ),
    "quantity": INVOICE_LINES.format(
        value=INVOICE_UNITS,
        own="TRUE",
        joins=INVOICE_UNIT_JOINS,
        where="AND line.product_id IS NOT NULL",
    ),
    "margin": INVOICE_LINES.format(
        value=f"""-line.balance - {INVOICE_UNITS} * COALESCE(
            ordered.cost, (own_product.standard_price ->> move.company_id::text)::float8, 0)""",
        own="FALSE",
        joins=INVOICE_UNIT_JOINS + INVOICE_COST_JOINS,
        where="",
    ),
}

ORDER_LINES = """
    SELECT line.id AS line_id,
           (sale.date_order AT TIME ZONE 'UTC' AT TIME ZONE %(tz)s)::date AS day,
           {value} AS value, {own} AS is_plan_currency,
           sale.team_id, sale.user_id, customer.commercial_partner_id AS customer_id,
           sale.partner_shipping_id AS address_id, line.product_id
    FROM sale_order sale
    JOIN sale_order_line line ON line.order_id = sale.id
    JOIN res_partner customer ON customer.id = sale.partner_id
    LEFT JOIN product_product own_product ON own_product.id = line.product_id
    LEFT JOIN product_template own_template ON own_template.id = own_product.product_tmpl_id
    LEFT JOIN uom_uom own_unit ON own_unit.id = own_template.uom_id
    LEFT JOIN uom_uom unit ON unit.id = line.product_uom_id
    WHERE sale.state = 'sale' AND sale.company_id = ANY(%(companies)s)
      AND sale.date_order >= (%(date_from)s::timestamp AT TIME ZONE %(tz)s AT TIME ZONE 'UTC')
      AND sale.date_order < ((%(date_to)s::date + 1)::timestamp AT TIME ZONE %(tz)s AT TIME ZONE 'UTC')
      AND line.display_type IS NULL AND line.is_downpayment IS NOT TRUE {where}
"""
ORDER_VALUE = """
    CASE WHEN sale.currency_id = %(currency)s THEN {column}
         ELSE {column} / NULLIF(sale.currency_rate, 0) END
"""
ORDERS = {
    "amount": ORDER_LINES.format(
        value=ORDER_VALUE.format(column="line.price_subtotal"),
        own="sale.currency_id = %(currency)s",
        where="",
    ),
    "margin": ORDER_LINES.format(
        value=ORDER_VALUE.format(column="line.margin"), own="sale.currency_id = %(currency)s", where=""
    ),
    "quantity": ORDER_LINES.format(
        value="line.product_uom_qty * COALESCE(unit.factor / own_unit.factor, 1)", own="TRUE", where=""
    ),
}

# Goods of the order itself: of a kit no component, whose quantities are not those that were sold.
DELIVERED_LINES = """
    SELECT move.id AS line_id,
           (move.date AT TIME ZONE 'UTC' AT TIME ZONE %(tz)s)::date AS day,
           {value} AS value, {own} AS is_plan_currency,
           sale.team_id, sale.user_id, customer.commercial_partner_id AS customer_id,
           sale.partner_shipping_id AS address_id, move.product_id
    FROM stock_move move
    JOIN sale_order_line line ON line.id = move.sale_line_id AND line.product_id = move.product_id
    JOIN sale_order sale ON sale.id = line.order_id
    JOIN res_partner customer ON customer.id = sale.partner_id
    JOIN stock_location source ON source.id = move.location_id
    JOIN stock_location destination ON destination.id = move.location_dest_id
    JOIN product_product own_product ON own_product.id = move.product_id
    JOIN product_template own_template ON own_template.id = own_product.product_tmpl_id
    JOIN uom_uom own_unit ON own_unit.id = own_template.uom_id
    JOIN uom_uom move_unit ON move_unit.id = move.product_uom
    LEFT JOIN uom_uom unit ON unit.id = line.product_uom_id
    WHERE move.state = 'done' AND move.company_id = ANY(%(companies)s)
      AND (source.usage = 'customer') <> (destination.usage = 'customer')
      AND move.date >= (%(date_from)s::timestamp AT TIME ZONE %(tz)s AT TIME ZONE 'UTC')
      AND move.date < ((%(date_to)s::date + 1)::timestamp AT TIME ZONE %(tz)s AT TIME ZONE 'UTC')
"""
DELIVERED_UNITS = """
    (CASE WHEN destination.usage = 'customer' THEN 1 ELSE -1 END)
    * move.quantity * move_unit.factor / own_unit.factor
"""
DELIVERED_PART = f"({DELIVERED_UNITS} * own_unit.factor / unit.factor / NULLIF(line.product_uom_qty, 0))"
DELIVERIES = {
    "amount": DELIVERED_LINES.format(
        value=ORDER_VALUE.format(column=f"(line.price_subtotal * {DELIVERED_PART})"),
        own="sale.currency_id = %(currency)s",
    ),
    "margin": DELIVERED_LINES.format(
        value=ORDER_VALUE.format(column=f"(line.margin * {DELIVERED_PART})"),
        own="sale.currency_id = %(currency)s",
    ),
    "quantity": DELIVERED_LINES.format(value=DELIVERED_UNITS, own="TRUE"),
}
