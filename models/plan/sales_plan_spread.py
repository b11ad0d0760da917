"""Targets down and up the tree, by :mod:`algorithms.spreading`."""

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL
from odoo.tools.misc import formatLang

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
# So many places are named in a message.
SHOWN = 3


class O2cSalesPlan(models.Model):
    _inherit = "o2c.sales.plan"

    spread_by = fields.Selection(
        BY, required=True, default="last_year", help="How targets are shared out over what is below."
    )

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_spread(self):
        """Spread the targets at the top of these plans down to the last node, as they say.

        :return: ``True``, or a message where equal parts were made for want of weights
        """
        self.check_access("write")
        self.company_id._o2c_check_plan_is_on()
        self._check_editable()
        messages = []
        for plan in self:
            for node in plan.node_ids.filtered(lambda node: not node.parent_id):
                _changed, equal = plan._spread_down(node, plan.spread_by)
                messages += [plan._equal_message(plan.spread_by, equal)] if equal else []
        if not messages:
            return True
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "message": "\n".join(messages),
                "sticky": True,
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

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
        :raise UserError: where what is locked below leaves no way to share it out
        """
        changed, equal = self._spread_down(node, by, total, period)
        if equal:
            self.env.user._bus_send(
                "simple_notification", {"type": "warning", "message": self._equal_message(by, equal)}
            )
        return changed

    def _spread_down(self, node, by, total=None, period=None):
        """:meth:`_spread`, with what is to be told.

        :return: what changed, and the cells spread in equal parts for want of weights
        """
        self.ensure_one()
        tree = self._tree(node, period=period)
        units = None if total is None else apportion.to_units(total, self._precision())
        step = spreading.Spread(node.id, units, self._weights(node, by))
        try:
            outcome = spreading.spread(tree, step)
        except spreading.TooMuchLocked as error:
            raise self._too_much_locked(error) from error
        return self._write_tree(tree, outcome.tree, node), outcome.equal

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
        except spreading.TooMuchLocked as error:
            raise self._too_much_locked(error) from error
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
        days = [self._day_count(period.date_from, period.date_to) for period in periods]
        return {(one.id, index): days[index] for one in nodes for index in range(len(periods))}

    # ------------------------------------------------------------------
    # Messages
    # ------------------------------------------------------------------

    def _too_much_locked(self, error):
        return UserError(
            self.env._(
                "%(cell)s: %(locked)s is locked, but %(target)s is to be shared out. Unlock something "
                "there, or change the target.",
                cell=self._cell_label(error.node, error.period),
                locked=self._format_units(error.locked),
                target=self._format_units(error.total),
            )
        )

    def _equal_message(self, by, cells):
        """That equal parts were made of ``cells``, for which ``by`` gives no weights."""
        shown = [self._cell_label(*cell) for cell in cells[:SHOWN]]
        return self.env._(
            "%(by)s says nothing about what is below these, where equal parts were made: %(cells)s",
            by=dict(self._fields["spread_by"]._description_selection(self.env))[by],
            cells="; ".join(shown + ["…"] * (len(cells) > SHOWN)),
        )

    def _cell_label(self, node_id, index):
        """A cell, or without an index a node, as a person calls it."""
        name = self.env["o2c.sales.plan.node"].browse(node_id).complete_name
        return name if index is None else f"{name}, {self._period_label(self._periods()[index])}"

    def _format_units(self, units):
        return self._format(apportion.from_units(units, self._precision()))

    def _format(self, amount):
        """A figure of this plan as a person reads it."""
        return formatLang(
            self.env, amount, digits=self._digits(), currency_obj=self._value_currency() or None
        )
