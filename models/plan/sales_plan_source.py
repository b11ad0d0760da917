"""Sales by month and by what a plan distinguishes: one grouped statement, whatever its size."""

from typing import NamedTuple

from odoo import models
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms import plan_matching

from .sales_plan_facts import DELIVERIES, INVOICES, ORDERS
from .sales_plan_node import DIMENSIONS

LINE_MODELS = {"invoice": "account.move.line", "order": "sale.order.line", "delivery": "stock.move"}
# Dimensions of persons: what is shared out among several changes them only.
PERSONS = {"user_id", "payee_id"}
# Dimensions of single things: nodes of them are asked before those of teams, classes and trees.
SINGLE = {"user_id", "payee_id", "partner_id", "product_id"}
# Dimensions that are trees, with the table of the tree.
TREES = {"region_id": "o2c_sales_region", "product_category_id": "product_category"}
WHOLE = 100.0
# Less than this share of a line comes of adding up.
SMALLEST_SHARE = 1e-6

# Where they stand in the statement below.
COLUMNS = {
    "team_id": SQL("fact.team_id"),
    "class_id": SQL("customer.o2c_class_id"),
    "region_id": SQL("COALESCE(address.o2c_region_id, customer.o2c_region_id)"),
    "partner_id": SQL("customer.id"),
    "product_category_id": SQL("template.categ_id"),
    "product_id": SQL("fact.product_id"),
    # What nobody has a share in is the salesperson's of the document.
    "user_id": SQL("CASE WHEN share.partner_id IS NULL THEN fact.user_id ELSE share.user_id END"),
    "payee_id": SQL("COALESCE(share.partner_id, seller.partner_id)"),
}


class Lines(NamedTuple):
    """Lines of documents, as of :meth:`O2cSalesPlan._facts_sql`.

    :ivar model: theirs; ``None`` where persons have no shares in them
    """

    model: str | None
    sql: SQL


class O2cSalesPlan(models.Model):
    _inherit = "o2c.sales.plan"

    def _credited_shares(self, lines):
        """Hook: sales of which not the salesperson of the document alone is credited.

        :param lines: ``account.move.line``, ``sale.order.line`` or ``stock.move``, as the plan says
            where its actuals come from
        :return: dict id of a line -> dict id of a partner (an agent, or the contact of an employee) ->
            percent of the line. The shares of a line add up to 100 at the most, lest totals count it
            twice; the rest is the salesperson's of the document, or nobody's.
        """
        return {}

    def _matcher(self):
        """What finds the node of a sale: :class:`plan_matching.Matcher`, with the names of the
        dimensions that this plan distinguishes, in the order of a fact."""
        self.ensure_one()
        # Of archived customers and products the sales still count.
        # sudo: sales are matched with all nodes, whoever counts them
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

    def _sales(self, dimensions, date_from, date_to, lines=None):
        """What was sold, by month.

        :param dimensions: names, as of :meth:`_matcher`
        :param date_from: with ``date_to``, days of the documents, both included
        :param lines: :class:`Lines` to be counted instead of those sold
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
            lines=lines,
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

    def _fact_rows(self, dimensions, date_from, date_to, select, group, lines=None):
        """Rows of what was sold, with what the columns of ``dimensions`` are taken from."""
        self.ensure_one()
        self.env.flush_all()
        lines = lines or Lines(LINE_MODELS[self.source], self._facts_sql(date_from, date_to))
        shares = self._share_rows(dimensions, lines)
        return self.env.execute_query(SQL(
            """
            WITH share AS (
                SELECT given.line_id, given.partner_id, given.percent,
                       (array_agg(seller.id ORDER BY seller.active DESC, seller.id))[1] AS user_id
                FROM unnest(%(lines)s::int[], %(partners)s::int[], %(percents)s::float8[])
                     AS given (line_id, partner_id, percent)
                LEFT JOIN res_users seller ON seller.partner_id = given.partner_id
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
            facts=lines.sql,
            select=select,
            group=group,
        ))

    def _share_rows(self, dimensions, lines):
        if PERSONS.isdisjoint(dimensions) or not lines.model:
            return []
        keys = self.env.execute_query(SQL("SELECT line_id FROM (%s) fact", lines.sql))
        # sudo: the figures are those of the whole company, whoever refreshes them
        records = self.env[lines.model].sudo().browse([key for (key,) in keys])
        rows = []
        for line, shares in self._credited_shares(records).items():
            rows += [(line, partner, percent) for partner, percent in shares.items()]
            rest = WHOLE - sum(shares.values())
            if rest > SMALLEST_SHARE:
                rows.append((line, None, rest))
        return rows

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
        values = self._fact_values(date_from, date_to)
        if self.source == "order":
            return SQL(ORDERS[self.metric], **values)
        if self.source == "delivery":
            return SQL(DELIVERIES[self.metric], **values)
        return SQL(INVOICES[self.metric], **values)

    def _fact_values(self, date_from, date_to):
        return {
            "companies": self.company_id._o2c_family_ids(),
            "date_from": date_from,
            "date_to": date_to,
            "currency": self.currency_id.id,
            "tz": self._timezone(),
        }

    def _timezone(self):
        # sudo: the time zone of a company is no secret
        return self.company_id.sudo().partner_id.tz or self.env.user.tz or "UTC"
