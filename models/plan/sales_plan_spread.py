"""Targets down and up the tree, by :mod:`algorithms.spreading`."""

from pytz import timezone

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms import apportion, spreading

BY = [
    ("last_year", "Last Year"),
    ("forecast", "Forecast"),
    ("target", "Present Targets"),
    ("days", "Working Days"),
    ("weight", "Own Weights"),
    ("equal", "Equal Parts"),
]
# Weights that are figures of the cells.
COLUMNS = ("last_year", "forecast", "target")


class O2cSalesPlan(models.Model):
    _inherit = "o2c.sales.plan"

    spread_by = fields.Selection(
        BY, required=True, default="last_year", help="How targets are shared out over what is below."
    )

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_spread(self):
        """Spread the targets at the top of these plans down to the last node, as they say."""
        self.check_access("write")
        self.company_id._o2c_check_plan_is_on()
        self._check_editable()
        for plan in self:
            for node in plan.node_ids.filtered(lambda node: not node.parent_id):
                plan._spread(node, plan.spread_by)
        return True

    def action_roll_up(self):
        """Make what the targets below add up to the target, save in locked cells."""
        self.check_access("write")
        self.company_id._o2c_check_plan_is_on()
        self._check_editable()
        for plan in self:
            plan._refresh_roll_up()
            self.env.cr.execute(SQL(
                """
                UPDATE o2c_sales_plan_cell SET target = rolled_up
                WHERE plan_id = %s AND NOT is_locked AND target IS DISTINCT FROM rolled_up
                """,
                plan.id,
            ))
            plan._forget_cells()
        return True

    # ------------------------------------------------------------------
    # Business
    # ------------------------------------------------------------------

    def _spread(self, node, by, total=None, period=None):
        """Spread what a node of this plan has, or a new total, over its periods and all below it.

        :param node: ``o2c.sales.plan.node``
        :param str by: a key of ``spread_by``
        :param float total: of all periods; ``None`` leaves the node's own figures as they are
        :param int period: the index of the only period to spread; ``None``: all
        :return: dict (node id, period index) -> the target before in units, of those that changed
        :raise UserError: where everything below is locked and adds up to something else
        """
        self.ensure_one()
        tree = self._tree(node, period=period)
        units = None if total is None else apportion.to_units(total, self._precision())
        step = spreading.Spread(node.id, units, self._weights(node, by))
        try:
            outcome = spreading.spread(tree, step)
        except ValueError as error:
            raise self._all_locked(node) from error
        return self._write_tree(tree, outcome.tree, node)

    def _spread_over_periods(self, node, by):
        """Share the sum of a node out again over its periods, and then over all below it.

        :return: as of :meth:`_spread`
        """
        cells = node.cell_ids
        return self._spread(node, by, total=sum(cells.mapped("target")))

    def _edit_total(self, node, total):
        """Give a node a new total over all periods, as they stand to each other now."""
        tree = self._tree(node, below=False)
        try:
            edited = spreading.edit(
                tree, spreading.Edit(node.id, apportion.to_units(total, self._precision()))
            )
        except ValueError as error:
            raise self._all_locked(node) from error
        self._write_tree(tree, edited, node)

    def _tree(self, node, below=True, period=None):
        """The figures of a node and, unless told otherwise, of those below it, in one period or all.

        :return: :class:`spreading.Tree`; its periods are their indexes
        """
        self.env.flush_all()
        rows = self.env.execute_query(SQL(
            """
            SELECT id, CASE WHEN id = %(node)s THEN NULL ELSE parent_id END
            FROM o2c_sales_plan_node
            WHERE plan_id = %(plan)s AND (id = %(node)s OR (%(below)s AND parent_path LIKE %(path)s))
            ORDER BY depth, sequence, id
            """,
            node=node.id,
            plan=self.id,
            below=below,
            path=f"{node.parent_path}%",
        ))
        parents = dict(rows)
        cells = self.env.execute_query(SQL(
            "SELECT node_id, period_index, target, is_locked FROM o2c_sales_plan_cell "
            "WHERE plan_id = %s AND node_id = ANY(%s) AND (%s::int IS NULL OR period_index = %s)",
            self.id,
            list(parents),
            period,
            period,
        ))
        precision = self._precision()
        return spreading.Tree(
            parents,
            tuple(range(len(self._periods()))) if period is None else (period,),
            {(key, index): apportion.to_units(target, precision) for key, index, target, _lock in cells},
            frozenset((key, index) for key, index, _target, is_locked in cells if is_locked),
        )

    def _write_tree(self, before, after, node):
        changed = {
            cell: units for cell, units in after.targets.items() if before.targets.get(cell, 0) != units
        }
        # The node itself may be all that was read of its branch.
        self._write_targets(changed, {node.id, *after.parents.values()})
        return {cell: before.targets.get(cell, 0) for cell in changed}

    def _weights(self, node, by):
        """Weights of the cells below and of a node, ``None`` for equal parts.

        :return: dict (node id, period index) -> weight
        """
        if by in COLUMNS:
            rows = self.env.execute_query(SQL(
                """
                SELECT cell.node_id, cell.period_index, cell.%(column)s::float8
                FROM o2c_sales_plan_cell cell JOIN o2c_sales_plan_node node ON node.id = cell.node_id
                WHERE cell.plan_id = %(plan)s AND node.parent_path LIKE %(path)s
                """,
                column=SQL.identifier(by),
                plan=self.id,
                path=f"{node.parent_path}%",
            ))
            return {(key, period): value for key, period, value in rows}
        if by == "equal":
            return None
        if by not in dict(BY):
            raise UserError(self.env._("%(by)s is no way to spread a target.", by=by))
        periods = self._periods()
        nodes = self.env["o2c.sales.plan.node"].search([("id", "child_of", node.id)])
        if by == "weight":
            return {(one.id, index): one.weight for one in nodes for index in range(len(periods))}
        days = [self._working_days(period.date_from, period.date_to) for period in periods]
        return {(one.id, index): days[index] for one in nodes for index in range(len(periods))}

    def _working_days(self, date_from, date_to):
        """Working days of the company between two dates, both included."""
        return len(self._working_dates(date_from, date_to))

    @api.model
    def _working_dates_of(self, company, date_from, date_to):
        """The days on which a company works, by its calendar and without its holidays."""
        start = fields.Datetime.to_datetime(date_from)
        end = fields.Datetime.to_datetime(date_to).replace(hour=23, minute=59, second=59)
        calendar = company.resource_calendar_id
        if not calendar:
            return []
        zone = timezone(calendar.tz or "UTC")
        intervals = calendar._work_intervals_batch(zone.localize(start), zone.localize(end))[False]
        return sorted({begin.date() for begin, _end, _meta in intervals})

    def _working_dates(self, date_from, date_to):
        self.ensure_one()
        # sudo: the working days of a company are no secret
        return self._working_dates_of(self.company_id.sudo(), date_from, date_to)

    def _all_locked(self, node):
        return UserError(
            self.env._(
                "Below %(node)s so much is locked that its target cannot be spread. Unlock something or "
                "change the target.",
                node=node.name,
            )
        )
