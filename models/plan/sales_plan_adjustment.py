"""What planners add to forecasts, which adds up over the tree by :mod:`algorithms.plan_adjustment`."""

from decimal import Decimal

from odoo import models
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms import apportion, plan_matching
from odoo.addons.order_to_cash.algorithms.plan_adjustment import Adjuster


class O2cSalesPlan(models.Model):
    _inherit = "o2c.sales.plan"

    def _adjust(self, adjustments):
        """Give cells of this one plan new adjustments, and those above and below them their part.

        :param adjustments: dict (node id, period index) -> adjustment
        """
        self.ensure_one()
        precision = self._precision()
        typed = {cell: apportion.to_units(value, precision) for cell, value in adjustments.items()}
        expected = self._expected_without_adjustments(sorted({index for _node, index in typed}))
        adjuster = Adjuster(self._parents_by_node(), self._adjustments(), expected)
        self._change_adjustments(adjuster.adjust(typed))

    def _settled_adjustments(self, forecasts):
        """Adjustments of this one plan, shared out also where nodes came below an adjusted one since.

        :param forecasts: dict (node id, period index) -> forecast without adjustments, in units
        :return: dict (node id, period index) -> units
        """
        present = self._adjustments()
        if not present:
            return {}
        indexes = sorted({index for _node, index in present})
        for cell, change in Adjuster(self._parents_by_node(), present, forecasts).settle(indexes).items():
            present[cell] = present.get(cell, 0) + change
        return present

    def _own_adjustments(self):
        """What was added at a node and is not shared out below it: of the ends of the branches."""
        present = self._adjustments()
        if not present:
            return {}
        own, parents = dict(present), self._parents_by_node()
        for (node, index), units in present.items():
            if parents[node]:
                own[parents[node], index] = own.get((parents[node], index), 0) - units
        return own

    def _add_up_adjustments(self, own):
        """After a change of the tree: every node again has what was added at and below it.

        :param own: as of :meth:`_own_adjustments` before the change
        """
        if not own:
            return
        parents, present = self._parents_by_node(), self._adjustments()
        wanted = plan_matching.add_up({cell: own[cell] for cell in own if cell[0] in parents}, parents)
        self._change_adjustments({
            cell: wanted.get(cell, 0) - present.get(cell, 0) for cell in wanted.keys() | present.keys()
        })

    def _parents_by_node(self):
        """dict node id -> id of the node above, or ``None``; those above come first"""
        self.env.flush_all()
        return dict(self.env.execute_query(SQL(
            "SELECT id, parent_id FROM o2c_sales_plan_node WHERE plan_id = %s ORDER BY depth, sequence, id",
            self.id,
        )))

    def _adjustments(self):
        """dict (node id, period index) -> adjustment in units, of the cells that have one"""
        self.env.flush_all()
        rows = self.env.execute_query(SQL(
            "SELECT node_id, period_index, round(adjustment / %s)::bigint FROM o2c_sales_plan_cell "
            "WHERE plan_id = %s AND adjustment <> 0",
            Decimal(str(self._precision())),
            self.id,
        ))
        return {(node, index): units for node, index, units in rows}

    def _expected_without_adjustments(self, indexes):
        """dict (node id, period index) -> forecast without the adjustment in units, of some periods"""
        rows = self.env.execute_query(SQL(
            "SELECT node_id, period_index, round((forecast - adjustment) / %s)::bigint "
            "FROM o2c_sales_plan_cell WHERE plan_id = %s AND period_index = ANY(%s)",
            Decimal(str(self._precision())),
            self.id,
            indexes,
        ))
        return {(node, index): units for node, index, units in rows}

    def _change_adjustments(self, changes):
        """Add to adjustments, and to the forecasts and bands that contain them.

        :param changes: dict (node id, period index) -> units
        """
        changes = {cell: units for cell, units in changes.items() if units}
        if not changes:
            return
        self.env.flush_all()
        self.env.cr.execute(SQL(
            """
            UPDATE o2c_sales_plan_cell cell
            SET adjustment = cell.adjustment + change.units * %(precision)s,
                forecast = cell.forecast + change.units * %(precision)s,
                forecast_low = cell.forecast_low + change.units * %(precision)s,
                forecast_high = cell.forecast_high + change.units * %(precision)s,
                changed_by_uid = %(user)s
            FROM unnest(%(nodes)s::int[], %(indexes)s::int[], %(units)s::bigint[])
                 AS change (node_id, period_index, units)
            WHERE cell.plan_id = %(plan)s AND cell.node_id = change.node_id
              AND cell.period_index = change.period_index
            """,
            precision=Decimal(str(self._precision())),
            nodes=[node for node, _index in changes],
            indexes=[index for _node, index in changes],
            units=list(changes.values()),
            plan=self.id,
            user=self.env.uid,
        ))
        self._forget_cells()
