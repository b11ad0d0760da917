from odoo import fields, models


class O2cSalesPlanComparison(models.Model):
    """Two versions of a plan, node by node and period by period."""

    _name = "o2c.sales.plan.comparison"
    _description = "Versions of a Sales Plan Compared"
    _auto = False
    _order = "date_from, id"

    plan_id = fields.Many2one("o2c.sales.plan", string="Version", readonly=True)
    other_id = fields.Many2one("o2c.sales.plan", string="Compared With", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    node_name = fields.Char(string="Node", readonly=True)
    kind = fields.Selection(
        lambda self: self.env["o2c.sales.plan.node"]._fields["kind"].selection, readonly=True
    )
    depth = fields.Integer(string="Level", readonly=True, aggregator=None)
    change = fields.Selection(
        [("same", "Same"), ("changed", "Changed"), ("new", "New"), ("gone", "Gone")], readonly=True
    )
    date_from = fields.Date(string="Period", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    target = fields.Monetary(readonly=True)
    other_target = fields.Monetary(readonly=True)
    difference = fields.Monetary(readonly=True, help="Target less that of the other version.")
    forecast = fields.Monetary(readonly=True)
    other_forecast = fields.Monetary(readonly=True)

    @property
    def _table_query(self):
        # The id of a row is made of that of a cell and the version it is compared with, so that it
        # stays the same from page to page.
        return """
            WITH pair AS (
                SELECT plan.id AS plan_id, other.id AS other_id, plan.company_id,
                       plan.version, other.version AS other_version
                FROM o2c_sales_plan plan
                JOIN o2c_sales_plan other ON other.family_id = plan.family_id AND other.version < plan.version
            ),
            figure AS (
                SELECT cell.id, cell.plan_id, node.key, node.complete_name, node.kind, node.depth,
                       cell.date_from, cell.currency_id, cell.target, cell.forecast
                FROM o2c_sales_plan_cell cell JOIN o2c_sales_plan_node node ON node.id = cell.node_id
            ),
            here AS (
                SELECT pair.plan_id AS pair_plan, pair.other_id, pair.other_version, pair.company_id, figure.*
                FROM pair JOIN figure ON figure.plan_id = pair.plan_id
            ),
            there AS (
                SELECT pair.plan_id, pair.other_id, pair.version, pair.company_id, figure.id, figure.key,
                       figure.complete_name, figure.kind, figure.depth, figure.date_from,
                       figure.currency_id, figure.target, figure.forecast
                FROM pair JOIN figure ON figure.plan_id = pair.other_id
            )
            SELECT COALESCE(2 * (10000 * here.id::bigint + here.other_version),
                            2 * (10000 * there.id::bigint + there.version) + 1) AS id,
                   COALESCE(here.pair_plan, there.plan_id) AS plan_id,
                   COALESCE(here.other_id, there.other_id) AS other_id,
                   COALESCE(here.company_id, there.company_id) AS company_id,
                   COALESCE(here.complete_name, there.complete_name) AS node_name,
                   COALESCE(here.kind, there.kind) AS kind,
                   COALESCE(here.depth, there.depth) AS depth,
                   CASE WHEN there.id IS NULL THEN 'new' WHEN here.id IS NULL THEN 'gone'
                        WHEN here.target <> there.target THEN 'changed' ELSE 'same' END AS change,
                   COALESCE(here.date_from, there.date_from) AS date_from,
                   COALESCE(here.currency_id, there.currency_id) AS currency_id,
                   COALESCE(here.target, 0) AS target,
                   COALESCE(there.target, 0) AS other_target,
                   COALESCE(here.target, 0) - COALESCE(there.target, 0) AS difference,
                   COALESCE(here.forecast, 0) AS forecast,
                   COALESCE(there.forecast, 0) AS other_forecast
            FROM here
            FULL JOIN there ON there.plan_id = here.pair_plan AND there.other_id = here.other_id
                 AND there.key = here.key AND there.date_from = here.date_from
        """
