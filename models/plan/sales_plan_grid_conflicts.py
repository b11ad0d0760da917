"""Two planners in one grid: what was changed behind somebody's back is named, not overwritten."""

from odoo import fields, models
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms import apportion

AMOUNTS = ("target", "adjustment")


class O2cSalesPlanCell(models.Model):
    _inherit = "o2c.sales.plan.cell"

    # No Many2one: a reference checked in every cell of a spread costs more than the figures.
    changed_by_uid = fields.Integer(
        string="Changed By (ID)", readonly=True, copy=False, aggregator=None,
        help="Id of the user who set the target or the adjustment last.",
    )


class O2cSalesPlan(models.Model):
    _inherit = "o2c.sales.plan"

    def _grid_sift(self, changes):
        """Take out of ``changes`` the cells that are not as they were shown to whoever changes them.

        :param changes: as of :meth:`grid_write`
        :return: the changes that are left, and of each cell taken out a dict ``node_id``,
            ``period_index``, ``node``, ``period`` (their names), ``wanted`` (what was to be written),
            ``now`` (``target``, ``adjustment``, ``is_locked``) and ``by`` (a name, ``False``: unknown)
        """
        shown, wanted = {}, {}
        for change in changes:
            if change.get("before") and change.get("period_index") is not None:
                place = (change["node_id"], change["period_index"])
                # Changed twice in one batch: the first change says what was there before.
                shown[place] = {**self._grid_values(change["before"]), **shown.get(place, {})}
                wanted.setdefault(place, {}).update(self._grid_values(change))
        present = self._grid_lock_cells(list(shown))
        refused = [
            place for place, values in present.items()
            if self._is_changed(values, shown[place], wanted[place])
        ]
        left = [
            change for change in changes
            if (change["node_id"], change.get("period_index")) not in set(refused)
        ]
        return left, self._grid_conflicts(refused, wanted, present)

    def _grid_changed_row(self, node, period_index, before):
        """The conflicts of what is about to be spread; see :meth:`grid_spread`."""
        if not before:
            return []
        every = range(len(self._periods())) if period_index is None else period_index
        indexes = every if isinstance(every, (list, range)) else [every]
        for index in indexes:
            self._grid_check_period(index)
        _left, conflicts = self._grid_sift([
            {"node_id": node.id, "period_index": index, **row, "before": row}
            for index, row in ((index, {"target": before[index]}) for index in indexes)
        ])
        return conflicts

    def _grid_lock_cells(self, places):
        """What is in these cells, which nobody else changes until the end of the transaction.

        :param places: list of (node id, period index)
        """
        if not places:
            return {}
        self.env.flush_all()
        # Written, not only locked: whoever comes second starts anew and sees what the first one wrote.
        rows = self.env.execute_query(SQL(
            """
            UPDATE o2c_sales_plan_cell cell SET is_locked = cell.is_locked
            FROM unnest(%s::int[], %s::int[]) AS place (node_id, period_index)
            WHERE cell.node_id = place.node_id AND cell.period_index = place.period_index
              AND cell.plan_id = %s
            RETURNING cell.node_id, cell.period_index, cell.target, cell.adjustment,
                      COALESCE(cell.is_locked, FALSE), cell.changed_by_uid
            """,
            [node_id for node_id, _index in places],
            [index for _node_id, index in places],
            self.id,
        ))
        return {
            (node_id, index): {
                "target": target, "adjustment": adjustment, "is_locked": is_locked, "changed_by_uid": user_id,
            }
            for node_id, index, target, adjustment, is_locked, user_id in rows
        }

    def _is_changed(self, present, shown, wanted):
        """Whether a cell is neither as it was shown nor as it is wanted (sent twice, or by both)."""
        return not self._is_same(present, shown) and not self._is_same(present, wanted)

    def _is_same(self, present, values):
        precision = self._precision()
        return all(
            apportion.to_units(present[name], precision) == apportion.to_units(value, precision)
            if name in AMOUNTS
            else bool(present[name]) == bool(value)
            for name, value in values.items()
        )

    def _grid_conflicts(self, places, wanted, present):
        nodes = self.env["o2c.sales.plan.node"].browse({node_id for node_id, _index in places})
        names = dict(zip(nodes.ids, nodes.mapped("name"), strict=True))
        # sudo: the name of a colleague who plans as well
        users = self.env["res.users"].sudo().browse(
            {present[place]["changed_by_uid"] for place in places if present[place]["changed_by_uid"]}
        ).exists()
        people = dict(zip(users.ids, users.mapped("name"), strict=True))
        labels = [self._period_label(period) for period in self._periods()] if places else []
        return [
            {
                "node_id": node_id,
                "period_index": index,
                "node": names[node_id],
                "period": labels[index],
                "wanted": wanted[node_id, index],
                "now": {name: present[node_id, index][name] for name in (*AMOUNTS, "is_locked")},
                "by": people.get(present[node_id, index]["changed_by_uid"], False),
            }
            for node_id, index in places
        ]
