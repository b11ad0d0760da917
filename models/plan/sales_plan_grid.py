"""A plan as a spreadsheet: what the grid editor reads and writes."""

from collections import defaultdict

from babel.dates import format_skeleton

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL
from odoo.tools.misc import babel_locale_parse, get_lang

from odoo.addons.order_to_cash.algorithms import run_rate

FIGURES = ("forecast", "target", "rolled_up", "actual", "last_year", "adjustment")
CHANGEABLE = {"target", "is_locked", "adjustment"}


class O2cSalesPlan(models.Model):
    _inherit = "o2c.sales.plan"

    def action_open_grid(self):
        """Open this plan as a spreadsheet."""
        self.ensure_one()
        return {
            "type": "ir.actions.client",
            "tag": "o2c_plan_grid",
            "name": self.display_name,
            "params": {"plan_id": self.id},
            "context": {"active_id": self.id},
        }

    def grid_read(self, parent_node_ids=None, is_compact=False):
        """A part of this one plan for the grid.

        :param parent_node_ids: the nodes right below these; ``None``: the top of the tree with what is
            right below it. Whoever may not see the top gets the highest nodes he may see.
        :param is_compact: cells as dict name -> list in the order of the periods: for many nodes
        :return: dict ``plan`` (``id``, ``name``, ``version``, ``state``, ``metric``, ``period``,
            ``currency`` with ``id``, ``name``, ``symbol``, ``position``, ``digits`` or ``False``,
            ``digits``, ``precision`` (the smallest unit of a figure), ``has_documents`` (whether the user
            may open them), ``is_editable``, ``spread_by``, ``spread_choices``), ``periods``
            (``key`` (the index as text), ``index``, ``label``, ``date_from``, ``date_to``,
            ``due_share``: the part of its target that is due, 0 to 1; only with the top of the tree),
            ``nodes`` in the order of display (``id``, ``parent_id``,
            ``name``, ``depth``, ``has_children``, ``kind``) and ``cells``: of every node its cells in
            the order of the periods (``id``, ``forecast``, ``target``, ``rolled_up``, ``actual``,
            ``last_year``, ``adjustment``, ``is_locked``). Figures are numbers, dates text.
        """
        self.ensure_one()
        self.check_access("read")
        nodes = self._grid_nodes(parent_node_ids)
        return {
            "plan": self._grid_plan(),
            "periods": self._grid_periods() if parent_node_ids is None else [],
            "nodes": self._grid_describe(nodes),
            "cells": self._grid_cells(nodes, is_compact),
        }

    def grid_write(self, changes, shown_node_ids=None):
        """Type into the grid. All of it but what somebody else changed meanwhile, or nothing.

        :param changes: list of dicts: ``node_id``, ``period_index`` (``None``: the whole row; a target
            is divided over the unlocked periods as they stand to each other), and any of ``target``,
            ``adjustment`` and ``is_locked``, done one after the other; ``before``, of one period: what
            of these was shown before, so that a cell which holds something else by now is left alone
        :param shown_node_ids: those whose cells are wanted back where a change reaches below its node
        :return: dict ``cells`` as of :meth:`grid_read`, of every node with a figure that changed, and
            ``conflicts``: the cells left alone, as of :meth:`_grid_sift`
        :raise UserError: where the plan is no draft, a cell is locked, or there is no such cell
        """
        self.ensure_one()
        self.check_access("write")
        self._check_editable()
        nodes = self._grid_find({change.get("node_id") for change in changes})
        for change in changes:
            self._grid_check_values(self._grid_values(change))
            self._grid_check_values(change.get("before") or {})
            if change.get("period_index") is not None:
                self._grid_check_period(change["period_index"])
        changes, conflicts = self._grid_sift(changes)
        single = defaultdict(dict)
        for change in changes:
            node = nodes[change["node_id"]]
            values = self._grid_values(change)
            if change.get("period_index") is None:
                self._grid_write_cells(single)
                single = defaultdict(dict)
                self._grid_write_row(node, values)
            else:
                single[node.id, change["period_index"]].update(values)
        self._grid_write_cells(single)
        touched = self.env["o2c.sales.plan.node"].union(*nodes.values())
        if shown_node_ids and any("adjustment" in change for change in changes):
            touched |= touched.search([("id", "child_of", touched.ids), ("id", "in", shown_node_ids)])
        return {"cells": self._grid_cells(self._with_ancestors(touched)), "conflicts": conflicts}

    def grid_spread(
        self, node_id, period_index=None, by=None, shown_node_ids=None, before=None, is_compact=False
    ):
        """Spread the target of a node over everything below it.

        :param period_index: this period only, or each of a list of them; ``None``: all, sharing the
            node's sum out over its periods again
        :param by: a key of ``spread_by``; empty takes that of the plan
        :param shown_node_ids: the nodes whose cells are wanted back; ``None``: of all that may change
        :param before: list of the targets of the node as they were shown; nothing is spread where one
            of the periods holds another by now
        :param is_compact: see :meth:`grid_read`
        :return: dict ``cells`` as of :meth:`grid_read`, ``before`` and ``after``: the targets that
            changed, as :meth:`grid_restore` takes them, and ``conflicts`` as of :meth:`grid_write`
        """
        self.ensure_one()
        self.check_access("write")
        self._check_editable()
        node = self._grid_find({node_id})[node_id]
        by = by or self.spread_by
        if conflicts := self._grid_changed_row(node, period_index, before):
            cells = self._grid_cells(self._with_ancestors(node))
            return {"cells": cells, "before": {}, "after": {}, "conflicts": conflicts}
        if period_index is None:
            changed = self._spread_over_periods(node, by)
        else:
            changed = {}
            for index in period_index if isinstance(period_index, list) else [period_index]:
                self._grid_check_period(index)
                changed |= self._spread(node, by, period=index)
        below = self.env["o2c.sales.plan.node"].search([("id", "child_of", node.id)])
        nodes = self._with_ancestors(node) | below
        return self._grid_changed(nodes, changed, shown_node_ids, is_compact)

    # ------------------------------------------------------------------
    # Reading
    # ------------------------------------------------------------------

    def _grid_nodes(self, parent_ids):
        Node = self.env["o2c.sales.plan.node"]
        if parent_ids is not None:
            return Node.search([("plan_id", "=", self.id), ("parent_id", "in", parent_ids)])
        top = self._top_nodes()
        return top | Node.search([("parent_id", "in", top.ids)])

    def _grid_plan(self):
        currency = self._value_currency()
        return {
            "id": self.id,
            "name": self.name,
            "version": self.version,
            "state": self.state,
            "metric": self.metric,
            "period": self.period,
            "digits": self._digits(),
            "precision": self._precision(),
            "currency": currency and {
                "id": currency.id,
                "name": currency.name,
                "symbol": currency.symbol,
                "position": currency.position,
                "digits": currency.decimal_places,
            },
            "has_documents": self._may_open_documents(),
            "is_editable": self.state == "draft" and self.has_access("write"),
            "spread_by": self.spread_by,
            "spread_choices": self._fields["spread_by"]._description_selection(self.env),
        }

    def _digits(self):
        currency = self._value_currency()
        if currency:
            return currency.decimal_places
        return self.env["decimal.precision"].precision_get("Product Unit")

    def _grid_periods(self):
        return [
            {
                "key": str(index),
                "index": index,
                "label": self._period_label(period),
                "date_from": str(period.date_from),
                "date_to": str(period.date_to),
                "due_share": self._due_share(period),
            }
            for index, period in enumerate(self._periods())
        ]

    def _due_share(self, period):
        """The part of a period's target that the working days counted so far should have brought, 0 to 1."""
        days, done = self._days_passed(period.date_from, period.date_to)
        return run_rate.Standing(1.0, 0.0, days, done).due

    def _period_label(self, period):
        """What a period is called: *Jan 2026*, *Q1 2026* or, of odd quarters, *Feb 2026 – Apr 2026*."""
        if self.period == "month":
            return self._format_day(period.date_from, "yMMM")
        if period.date_from.month % 3 == 1:
            return self._format_day(period.date_from, "yQQQ")
        ends = (period.date_from, period.date_to)
        return " – ".join(self._format_day(day, "yMMM") for day in ends)

    def _format_day(self, day, skeleton):
        """A day as the language of the user orders its parts: *Jan 2026*, *2026年1月*."""
        return format_skeleton(skeleton, day, locale=babel_locale_parse(get_lang(self.env).code))

    def _grid_describe(self, nodes):
        """Nodes as the grid shows them, those below a node right after it."""
        # Asked with the rights of the user: below his nodes may lie those of others.
        parents = {
            parent.id for parent, in self.env["o2c.sales.plan.node"]._read_group(
                [("parent_id", "in", nodes.ids)], ["parent_id"]
            )
        }
        rows = self.env.execute_query(SQL(
            """
            SELECT node.id, node.parent_id, node.name, node.depth, node.kind
            FROM unnest(%s::int[]) WITH ORDINALITY AS wanted (id, place)
            JOIN o2c_sales_plan_node node ON node.id = wanted.id
            ORDER BY wanted.place
            """,
            nodes.ids,
        ))
        known = {node_id for node_id, *_others in rows}
        below = defaultdict(list)
        for node_id, parent_id, name, depth, kind in rows:
            below[parent_id if parent_id in known else None].append({
                "id": node_id,
                "parent_id": parent_id or False,
                "name": name,
                "depth": depth,
                "has_children": node_id in parents,
                "kind": kind,
            })
        ordered, waiting = [], below[None][::-1]
        while waiting:
            node = waiting.pop()
            ordered.append(node)
            waiting.extend(below[node["id"]][::-1])
        return ordered

    def _grid_cells(self, nodes, is_compact=False):
        """Cells as of :meth:`grid_read`, in one query; who may read a node may read its cells."""
        self.env["o2c.sales.plan.cell"].flush_model()
        rows = self.env.execute_query(SQL(
            "SELECT node_id, %s, array_agg(COALESCE(is_locked, FALSE) ORDER BY period_index), "
            "array_agg(id ORDER BY period_index) "
            "FROM o2c_sales_plan_cell WHERE node_id = ANY(%s) GROUP BY node_id",
            SQL(", ").join([
                SQL("array_agg(%s::float8 ORDER BY period_index)", SQL.identifier(name)) for name in FIGURES
            ]),
            nodes.ids,
        ))
        names = (*FIGURES, "is_locked", "id")
        columns = {node_id: dict(zip(names, values, strict=True)) for node_id, *values in rows}
        if is_compact:
            for values in columns.values():
                del values["id"]
            return columns
        return {
            node_id: [dict(zip(names, cell, strict=True)) for cell in zip(*values.values(), strict=True)]
            for node_id, values in columns.items()
        }

    # ------------------------------------------------------------------
    # Writing
    # ------------------------------------------------------------------

    def _grid_find(self, node_ids):
        """:return: dict id -> node of this plan"""
        nodes = self.env["o2c.sales.plan.node"].search([
            ("id", "in", [key for key in node_ids if key]), ("plan_id", "=", self.id),
        ])
        if set(nodes.ids) != set(node_ids):
            raise UserError(self.env._("A node is not in this plan any more. Reload the page."))
        return {node.id: node for node in nodes}

    @api.model
    def _grid_values(self, change):
        return {name: change[name] for name in sorted(CHANGEABLE) if name in change}

    @api.model
    def _grid_check_values(self, values):
        for name in ("target", "adjustment"):
            value = values.get(name, 0.0)
            is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not is_number or abs(value) > 1e15 or value != value:
                raise UserError(self.env._("%(value)s is no amount.", value=value))

    def _grid_check_period(self, index):
        count = len(self._periods())
        if not isinstance(index, int) or not 0 <= index < count:
            raise UserError(self.env._("The plan has no period %(period)s.", period=index))

    def _grid_write_row(self, node, values):
        if "is_locked" in values:
            node.cell_ids.write({"is_locked": bool(values["is_locked"])})
        if "target" in values:
            self._edit_total(node, values["target"])
        if "adjustment" in values:
            raise UserError(self.env._("An adjustment is made to one period at a time."))

    def _grid_write_cells(self, values_by_cell):
        """Targets alone by one statement, else one write for each different set of values."""
        targets = {
            cell: values["target"] for cell, values in values_by_cell.items() if values.keys() == {"target"}
        }
        values_by_cell = {cell: values for cell, values in values_by_cell.items() if cell not in targets}
        self._set_targets(targets)
        if not values_by_cell:
            return
        cells = self.env["o2c.sales.plan.cell"].search([
            ("node_id", "in", sorted({node for node, _index in values_by_cell})),
        ])
        groups = defaultdict(self.env["o2c.sales.plan.cell"].browse)
        for cell in cells:
            values = values_by_cell.get((cell.node_id.id, cell.period_index))
            if values:
                groups[tuple(sorted(values.items()))] |= cell
        for values, members in groups.items():
            members._write_typed(dict(values))
        self._refresh_roll_up(cells.node_id)

    @api.model
    def _with_ancestors(self, nodes):
        keys = {key for node in nodes for key in node._path_ids()}
        return self.env["o2c.sales.plan.node"].search([("id", "in", sorted(keys))])


