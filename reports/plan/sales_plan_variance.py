from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.query import Query


class O2cSalesPlanVariance(models.Model):
    """Plan against actual at any level, with what is above a node beside it.

    Every level is in it, each the sum of the one below: choose one, or the lowest nodes.
    """

    _name = "o2c.sales.plan.variance"
    _description = "Plan Against Actual"
    _auto = False
    _order = "date_from, node_id"
    _rec_name = "node_id"

    plan_id = fields.Many2one("o2c.sales.plan", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    state = fields.Selection(
        [("draft", "Draft"), ("approved", "Approved"), ("superseded", "Superseded")], readonly=True
    )
    metric = fields.Selection(
        [("amount", "Amount"), ("quantity", "Quantity"), ("margin", "Margin")], readonly=True
    )
    node_id = fields.Many2one("o2c.sales.plan.node", readonly=True)
    kind = fields.Selection(
        lambda self: self.env["o2c.sales.plan.node"]._fields["kind"].selection, readonly=True
    )
    depth = fields.Integer(string="Level", readonly=True, aggregator=None)
    is_lowest = fields.Boolean(string="Lowest Nodes", readonly=True)
    team_id = fields.Many2one("crm.team", string="Sales Team", readonly=True)
    user_id = fields.Many2one("res.users", string="Salesperson", readonly=True)
    payee_id = fields.Many2one("res.partner", string="Agent", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    class_id = fields.Many2one("o2c.customer.class", string="Customer Class", readonly=True)
    region_id = fields.Many2one("o2c.sales.region", readonly=True)
    product_category_id = fields.Many2one("product.category", readonly=True)
    product_id = fields.Many2one("product.product", readonly=True)
    date_from = fields.Date(string="Period", readonly=True)
    date_to = fields.Date(string="Until", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    forecast = fields.Monetary(readonly=True)
    target = fields.Monetary(readonly=True)
    rolled_up = fields.Monetary(readonly=True)
    gap = fields.Monetary(readonly=True)
    actual = fields.Monetary(readonly=True)
    last_year = fields.Monetary(readonly=True)
    variance = fields.Monetary(readonly=True, help="Actual less target.")
    growth = fields.Monetary(string="Against Last Year", readonly=True)
    attainment = fields.Float(
        string="Attainment (%)", readonly=True, aggregator="avg", help="Actual in percent of the target."
    )

    @property
    def _table_query(self):
        # What stands above a node counts for it as well: the nearest that names one.
        return SQL(
            """
            WITH branch AS (
                SELECT node.id, node.plan_id,
                       %(nearest)s
                       NOT EXISTS (
                           SELECT FROM o2c_sales_plan_node child WHERE child.parent_id = node.id
                       ) AS is_lowest
                FROM o2c_sales_plan_node node
                JOIN o2c_sales_plan_node above
                     ON above.id = ANY(string_to_array(trim(BOTH '/' FROM node.parent_path), '/')::int[])
                GROUP BY node.id
            )
            SELECT cell.id, cell.plan_id, plan.company_id, plan.state, plan.metric, cell.node_id,
                   node.kind, node.depth, branch.is_lowest, branch.team_id,
                   node.branch_user_id AS user_id,
                   branch.payee_id, branch.partner_id, branch.class_id, branch.region_id,
                   branch.product_category_id, branch.product_id, cell.date_from, cell.date_to,
                   cell.currency_id, cell.forecast, cell.target, cell.rolled_up,
                   cell.target - cell.rolled_up AS gap, cell.actual, cell.last_year,
                   cell.actual - cell.target AS variance, cell.actual - cell.last_year AS growth,
                   COALESCE(100.0 * cell.actual / NULLIF(cell.target, 0), 0) AS attainment
            FROM o2c_sales_plan_cell cell
            JOIN o2c_sales_plan plan ON plan.id = cell.plan_id
            JOIN o2c_sales_plan_node node ON node.id = cell.node_id
            JOIN branch ON branch.id = cell.node_id
            """,
            nearest=SQL("").join([
                SQL(
                    "(array_agg(above.%(name)s ORDER BY above.depth DESC) "
                    "FILTER (WHERE above.%(name)s IS NOT NULL))[1] AS %(name)s,",
                    name=SQL.identifier(name),
                )
                for name in (
                    "team_id", "payee_id", "partner_id", "class_id", "region_id",
                    "product_category_id", "product_id",
                )
            ]),
        )

    def _read_group_select(self, aggregate_spec: str, query: Query) -> SQL:
        """The attainment of many is that of their sums."""
        if aggregate_spec != "attainment:avg":
            return super()._read_group_select(aggregate_spec, query)
        return SQL(
            "COALESCE(100.0 * SUM(%s) / NULLIF(SUM(%s), 0.0), 0)",
            self._field_to_sql(self._table, "actual", query),
            self._field_to_sql(self._table, "target", query),
        )

    @api.depends("node_id", "date_from")
    def _compute_display_name(self):
        for row in self:
            row.display_name = f"{row.node_id.complete_name} {row.date_from}"

    def action_open_node(self):
        """Open the node with its figures."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "o2c.sales.plan.node",
            "res_id": self.node_id.id,
            "views": [(False, "form")],
        }

    def action_view_documents(self):
        """Open the documents that the actual is made of."""
        self.ensure_one()
        return self.env["o2c.sales.plan.cell"].browse(self.id).action_view_documents()
