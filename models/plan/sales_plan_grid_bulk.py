"""Many targets at once: what a paste, an import and taking a spread back have in common."""

from collections import defaultdict

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms import apportion


class O2cSalesPlan(models.Model):
    _inherit = "o2c.sales.plan"

    def grid_restore(self, targets, shown_node_ids=None, expected=None, is_compact=False):
        """Set targets to what they were, of as many cells as there may be. All of them but what somebody
        else changed meanwhile, or none.

        :param targets: dict node id -> dict period index -> target; keys may be texts, as in JSON
        :param expected: the same of the targets that are there now, as far as the caller knows; cells
            with another one are left alone
        :param shown_node_ids: the nodes whose cells are wanted back; ``None``: of all that may change
        :return: as of :meth:`grid_spread`; its ``before`` takes this back
        :raise UserError: where the plan is no draft, a cell is locked, or there is no such cell
        """
        self.ensure_one()
        self.check_access("write")
        self._check_editable()
        flat, expected = self._by_cell(targets), self._by_cell(expected or {})
        for target in (*flat.values(), *expected.values()):
            self._grid_check_values({"target": target})
        nodes = self._grid_find({node_id for node_id, _index in flat})
        conflicts = self._grid_unexpected(flat, expected)
        for conflict in conflicts:
            del flat[conflict["node_id"], conflict["period_index"]]
        changed = self._set_targets(flat)
        touched = self.env["o2c.sales.plan.node"].union(*nodes.values())
        answer = self._grid_changed(self._with_ancestors(touched), changed, shown_node_ids, is_compact)
        return {**answer, "conflicts": conflicts}

    @api.model
    def _by_cell(self, targets):
        return {
            (int(node_id), int(index)): target
            for node_id, row in targets.items()
            for index, target in row.items()
        }

    def _grid_unexpected(self, targets, expected):
        """The conflicts among cells that are about to get ``targets``.

        Those that are written are not locked first: a change that comes in between makes the write
        start anew.
        """
        present = self._target_units({node_id for node_id, _index in expected})
        precision = self._precision()
        doubtful = [
            place for place, target in expected.items()
            if place in targets and place in present
            and present[place][0] != apportion.to_units(target, precision)
        ]
        _left, conflicts = self._grid_sift([
            {
                "node_id": node_id,
                "period_index": index,
                "target": targets[node_id, index],
                "before": {"target": expected[node_id, index]},
            }
            for node_id, index in doubtful
        ])
        return conflicts

    def _grid_changed(self, nodes, units, shown_ids, is_compact):
        """What the grid is told of a change to many cells.

        :param nodes: those whose cells may have changed
        :param units: dict (node id, period index) -> the target before in units
        :param shown_ids: with ``is_compact``, see :meth:`grid_spread`
        """
        if shown_ids is not None:
            nodes &= nodes.browse(shown_ids)
        precision = self._precision()
        present = self._target_units({node_id for node_id, _index in units})
        before, after = defaultdict(dict), defaultdict(dict)
        for (node_id, index), value in units.items():
            before[node_id][index] = apportion.from_units(value, precision)
            after[node_id][index] = apportion.from_units(present[node_id, index][0], precision)
        return {
            "cells": self._grid_cells(nodes, is_compact),
            "before": dict(before),
            "after": dict(after),
            "conflicts": [],
        }

    def _set_targets(self, targets):
        """Give cells of this one draft plan new targets, and add up what lies above them.

        :param targets: dict (node id, period index) -> target
        :return: dict (node id, period index) -> the target before in units, of those that changed
        :raise UserError: where one of them is locked or missing
        """
        self.ensure_one()
        precision = self._precision()
        present = self._target_units({node_id for node_id, _index in targets})
        new, before = {}, {}
        for cell, target in targets.items():
            if cell not in present:
                raise UserError(self.env._("A node is not in this plan any more. Reload the page."))
            units, is_locked = present[cell]
            wanted = apportion.to_units(target, precision)
            if wanted == units:
                continue
            if is_locked:
                raise UserError(self._locked_message(*cell))
            new[cell], before[cell] = wanted, units
        parents = self.env["o2c.sales.plan.node"]._read_group(
            [("parent_id", "in", list({node_id for node_id, _index in new}))], ["parent_id"]
        )
        self._write_targets(new, {parent.id for parent, in parents})
        return before

    def _target_units(self, node_ids):
        """:return: dict (node id, period index) -> (target in units, whether it is locked)"""
        self.env.flush_all()
        precision = self._precision()
        rows = self.env.execute_query(SQL(
            "SELECT node_id, period_index, target, is_locked FROM o2c_sales_plan_cell "
            "WHERE plan_id = %s AND node_id = ANY(%s)",
            self.id,
            list(node_ids),
        ))
        return {
            (node_id, index): (apportion.to_units(target, precision), is_locked)
            for node_id, index, target, is_locked in rows
        }

    def _locked_message(self, node_id, index):
        return self.env._(
            "%(cell)s is locked. Unlock it first.",
            cell=self.env["o2c.sales.plan.cell"].search(
                [("node_id", "=", node_id), ("period_index", "=", index)]
            ).display_name,
        )
