"""The cells of a plan in bulk: made, aligned, copied and added up by one statement a level."""

from decimal import Decimal

from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, format_date

from odoo.addons.order_to_cash.algorithms.array_literal import array_literal

TOTALS = [
    "forecast", "target", "gap", "actual", "last_year", "attainment", "due", "pace", "expected",
]

# Roll-ups of so many nodes are cheaper made anew for the whole plan.
MANY_NODES = 1000


class O2cSalesPlan(models.Model):
    _inherit = "o2c.sales.plan"

    def _lock_sql(self):
        return SQL("SELECT id FROM o2c_sales_plan WHERE id = ANY(%s) FOR SHARE", self.ids)

    def _make_cells(self, nodes):
        """Give nodes of this one plan a cell for each period in which they have none."""
        self.ensure_one()
        periods = self._periods()
        self.env.flush_all()
        self.env.cr.execute(SQL(
            """
            INSERT INTO o2c_sales_plan_cell (
                plan_id, node_id, period_index, date_from, date_to, currency_id, is_locked,
                forecast, forecast_low, forecast_high, forecast_growth, forecast_orders, forecast_pipeline,
                adjustment, target, rolled_up, actual, last_year
            )
            SELECT %(plan)s, node.id, period.index, period.date_from, period.date_to, %(currency)s, FALSE,
                   0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
            FROM unnest(%(nodes)s::int[]) AS node (id)
            CROSS JOIN unnest(%(index)s::int[], %(dates_from)s::date[], %(dates_to)s::date[])
                 AS period (index, date_from, date_to)
            ON CONFLICT (node_id, period_index) DO NOTHING
            """,
            plan=self.id,
            currency=self._value_currency().id or None,
            nodes=nodes.ids,
            index=list(range(len(periods))),
            dates_from=[period.date_from for period in periods],
            dates_to=[period.date_to for period in periods],
        ))
        self._forget_cells()

    def _align_cells(self):
        """After a change of the dates: cells of periods that still are, if only of some days, stay, others
        go or come."""
        self.env.flush_all()
        for plan in self:
            periods = plan._periods()
            values = {
                "plan": plan.id,
                "index": list(range(len(periods))),
                "dates_from": [period.date_from for period in periods],
                "dates_to": [period.date_to for period in periods],
            }
            # Out of the way first: no two cells of a node may meet in one period on the way.
            self.env.cr.execute(SQL(
                "UPDATE o2c_sales_plan_cell SET period_index = -1 - period_index WHERE plan_id = %s", plan.id
            ))
            self.env.cr.execute(SQL(
                """
                UPDATE o2c_sales_plan_cell cell
                SET period_index = period.index, date_from = period.date_from, date_to = period.date_to
                FROM unnest(%(index)s::int[], %(dates_from)s::date[], %(dates_to)s::date[])
                     AS period (index, date_from, date_to)
                WHERE cell.plan_id = %(plan)s
                  AND date_trunc('month', cell.date_from) = date_trunc('month', period.date_from)
                  AND date_trunc('month', cell.date_to) = date_trunc('month', period.date_to)
                """,
                **values,
            ))
            plan._check_cells_may_go()
            self.env.cr.execute(SQL(
                "DELETE FROM o2c_sales_plan_cell WHERE plan_id = %s AND period_index < 0", plan.id
            ))
            plan._make_cells(plan.node_ids)

    def _check_cells_may_go(self):
        """Raise where figures were typed for days that are still planned, but in other periods by now.

        How they would be shared out among those is for the planner to say. What lies outside goes.
        """
        rows = self.env.execute_query(SQL(
            """
            SELECT node.complete_name, cell.date_from, cell.date_to
            FROM o2c_sales_plan_cell cell JOIN o2c_sales_plan_node node ON node.id = cell.node_id
            WHERE cell.plan_id = %s AND cell.period_index < 0
              AND (cell.target <> 0 OR cell.adjustment <> 0)
              AND cell.date_from <= %s AND cell.date_to >= %s
            ORDER BY cell.date_from, node.depth, node.id LIMIT 1
            """,
            self.id,
            self.date_to,
            self.date_from,
        ))
        for node, date_from, date_to in rows:
            raise UserError(
                self.env._(
                    "%(plan)s has targets or adjustments for periods that would be cut otherwise: %(node)s, "
                    "%(first)s to %(last)s, for example. Make a new plan, or set them to 0 first.",
                    plan=self.display_name,
                    node=node,
                    first=format_date(self.env, date_from),
                    last=format_date(self.env, date_to),
                )
            )

    def _check_unit_may_change(self, vals):
        """Raise where figures that were typed would be in another currency or of another kind.

        Nobody means 1,000 dollars by 1,000 euros: what they are worth is for the planner to say.
        """
        changed = self.filtered(
            lambda plan: vals.get("metric", plan.metric) != plan.metric
            or vals.get("currency_id", plan.currency_id.id) != plan.currency_id.id
        )
        if not changed:
            return
        typed = self.env["o2c.sales.plan.cell"].search(
            Domain("plan_id", "in", changed.ids)
            & (Domain("target", "!=", 0) | Domain("adjustment", "!=", 0)),
            limit=1,
        )
        if typed:
            raise UserError(
                self.env._(
                    "%(plan)s has targets or adjustments, which mean something else in another currency or "
                    "metric; %(cell)s, for example. Make a new plan, or set them to 0 first.",
                    plan=typed.plan_id.display_name,
                    cell=typed.display_name,
                )
            )

    def _align_currency(self):
        """After a change of currency or metric: figures in another unit mean nothing any more."""
        self.env.flush_all()
        for plan in self:
            self.env.cr.execute(SQL(
                """
                UPDATE o2c_sales_plan_cell
                SET currency_id = %s, actual = 0, last_year = 0, forecast = 0, forecast_low = 0,
                    forecast_high = 0, forecast_growth = 0, forecast_orders = 0, forecast_pipeline = 0
                WHERE plan_id = %s
                """,
                plan._value_currency().id or None,
                plan.id,
            ))
        self._write_system({"refreshed_on": False, "refreshed_fully_on": False})
        self._forget_cells()

    def _copy_cells(self, new_by_old):
        """Copy figures between the same periods of nodes.

        :param new_by_old: dict id of a node -> id of its copy, a node of this plan
        """
        self.ensure_one()
        self.env.flush_all()
        self.env.cr.execute(SQL(
            """
            UPDATE o2c_sales_plan_cell new
            SET forecast = old.forecast, forecast_low = old.forecast_low, forecast_high = old.forecast_high,
                forecast_growth = old.forecast_growth, forecast_orders = old.forecast_orders,
                forecast_pipeline = old.forecast_pipeline, adjustment = old.adjustment,
                target = old.target, rolled_up = old.rolled_up,
                actual = old.actual, last_year = old.last_year, is_locked = old.is_locked
            FROM unnest(%s::int[], %s::int[]) AS pair (old_id, new_id)
            JOIN o2c_sales_plan_cell old ON old.node_id = pair.old_id
            WHERE new.node_id = pair.new_id AND new.date_from = old.date_from
              AND new.date_to = old.date_to
            """,
            list(new_by_old),
            list(new_by_old.values()),
        ))
        self._forget_cells()

    def _write_units(self, units_by_column):
        """Write figures of this plan.

        :param units_by_column: dict name of a field of the cells -> dict (node id, period index) ->
            whole number of :meth:`_precision`; the same cells in each
        """
        self.ensure_one()
        columns = [SQL.identifier(name) for name in units_by_column]
        cells = list(next(iter(units_by_column.values())))
        if not cells:
            return
        self.env.flush_all()
        precision = Decimal(str(self._precision()))
        self.env.cr.execute(SQL(
            """
            UPDATE o2c_sales_plan_cell cell
            SET %(assignments)s
            FROM unnest(%(nodes)s::int[], %(periods)s::int[], %(arrays)s)
                 AS new (node_id, period_index, %(names)s)
            WHERE cell.node_id = new.node_id AND cell.period_index = new.period_index
              AND cell.plan_id = %(plan)s AND (%(changes)s)
            """,
            assignments=SQL(", ").join([
                *(SQL("%s = new.%s * %s", column, column, precision) for column in columns),
                *([SQL("changed_by_uid = %s", self.env.uid)] if "target" in units_by_column else []),
            ]),
            changes=SQL(" OR ").join([
                SQL("cell.%s IS DISTINCT FROM new.%s * %s", column, column, precision)
                for column in columns
            ]),
            arrays=SQL(", ").join([
                SQL("%s::bigint[]", array_literal([units[cell] for cell in cells], "int"))
                for units in units_by_column.values()
            ]),
            names=SQL(", ").join(columns),
            plan=self.id,
            nodes=array_literal([node for node, _period in cells], "int"),
            periods=array_literal([period for _node, period in cells], "int"),
        ))
        self._forget_cells()

    def _write_targets(self, units, above):
        """Write targets of this plan, and add up again what lies above them.

        :param units: dict (node id, period index) -> whole number of :meth:`_precision`
        :param above: ids of the nodes among them that have or may have others below
        """
        # What is at the end of a branch adds up to itself: no second pass over most of the cells.
        ends = {cell: value for cell, value in units.items() if cell[0] not in above}
        self._write_units({"target": ends, "rolled_up": ends})
        self._write_units({"target": {cell: units[cell] for cell in units if cell not in ends}})
        nodes = self.env["o2c.sales.plan.node"].browse({node_id for node_id, _index in units})
        if nodes:
            # Few nodes are added up one path at a time, many all at once.
            self._refresh_roll_up(nodes if len(nodes) < MANY_NODES else None)

    def _refresh_roll_up(self, nodes=None):
        """Add up again what lies below: of the given nodes and those above them, or of the plan.

        Of a child counts its own target where it is locked or has nothing below it, and what lies
        below it elsewhere (:func:`spreading.roll_up`).
        """
        self.ensure_one()
        self.env.flush_all()
        touched = None
        if nodes is not None:
            # sudo: only the ids of the nodes above; what they show is checked when it is read
            touched = sorted({key for node in nodes.sudo() for key in node._path_ids()})
        scope = SQL("node.id = ANY(%s)", touched) if touched is not None else SQL("TRUE")
        self.env.cr.execute(SQL(
            """
            UPDATE o2c_sales_plan_cell cell SET rolled_up = cell.target
            FROM o2c_sales_plan_node node
            WHERE node.id = cell.node_id AND cell.plan_id = %(plan)s AND %(scope)s
              AND cell.rolled_up IS DISTINCT FROM cell.target
              AND NOT EXISTS (SELECT FROM o2c_sales_plan_node child WHERE child.parent_id = node.id)
            """,
            plan=self.id,
            scope=scope,
        ))
        for depth in self._depths_with_children(scope):
            self.env.cr.execute(self._roll_up_sql(depth, scope))
        self._forget_cells()

    def _depths_with_children(self, scope):
        rows = self.env.execute_query(SQL(
            """
            SELECT DISTINCT node.depth FROM o2c_sales_plan_node node
            JOIN o2c_sales_plan_node child ON child.parent_id = node.id
            WHERE node.plan_id = %s AND %s ORDER BY node.depth DESC
            """,
            self.id,
            scope,
        ))
        return [depth for (depth,) in rows]

    def _roll_up_sql(self, depth, scope):
        return SQL(
            """
            UPDATE o2c_sales_plan_cell cell SET rolled_up = below.total
            FROM (
                SELECT node.id AS node_id, child_cell.period_index,
                       SUM(CASE WHEN child_cell.is_locked THEN child_cell.target
                                ELSE child_cell.rolled_up END) AS total
                FROM o2c_sales_plan_node node
                JOIN o2c_sales_plan_node child ON child.parent_id = node.id
                JOIN o2c_sales_plan_cell child_cell ON child_cell.node_id = child.id
                WHERE node.plan_id = %(plan)s AND node.depth = %(depth)s AND %(scope)s
                GROUP BY node.id, child_cell.period_index
            ) below
            WHERE cell.node_id = below.node_id AND cell.period_index = below.period_index
              AND cell.rolled_up IS DISTINCT FROM below.total
            """,
            plan=self.id,
            depth=depth,
            scope=scope,
        )

    def _forget_cells(self):
        """The figures were changed in the database: nothing read before is right."""
        self.env["o2c.sales.plan.cell"].invalidate_model(flush=False)
        self.env["o2c.sales.plan.node"].invalidate_model(["cell_ids"], flush=False)
        self._forget_totals()

    def _forget_totals(self):
        self.env["o2c.sales.plan"].invalidate_model(TOTALS, flush=False)
