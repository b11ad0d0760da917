"""The documents behind an actual."""

from odoo import models
from odoo.exceptions import AccessError, UserError

from .sales_plan_source import LINE_MODELS

# More lines than anybody reads, and more than an address of a screen should hold.
LINES_AT_MOST = 20000
VIEWS = {
    "invoice": "order_to_cash.o2c_plan_account_move_line_view_list",
    "order": "order_to_cash.o2c_plan_sale_order_line_view_list",
    "delivery": "order_to_cash.o2c_plan_stock_move_view_list",
}
SEARCH_VIEWS = {"invoice": "order_to_cash.o2c_plan_account_move_line_view_search"}


class O2cSalesPlan(models.Model):
    _inherit = "o2c.sales.plan"

    def grid_documents(self, node_id, period_index=None):
        """What opens the documents that the actual of a node is made of.

        :param period_index: ``None``: of all periods
        :return: an action: lines of invoices or orders, or deliveries, as far as the user may read them
        :raise UserError: where they are too many to look at
        """
        self.ensure_one()
        self.check_access("read")
        node = self._grid_find({node_id})[node_id]
        periods = self._periods()
        if period_index is None:
            return self._open_documents(node, self.date_from, self.date_to, node.name)
        self._grid_check_period(period_index)
        period = periods[period_index]
        title = f"{node.name}, {self._period_label(period)}"
        return self._open_documents(node, period.date_from, period.date_to, title)

    def action_view_documents(self):
        """Open the documents that this one plan counts."""
        self.ensure_one()
        self.check_access("read")
        return self._open_documents(self._top_nodes(), self.date_from, self.date_to, self.display_name)

    def _open_documents(self, nodes, date_from, date_to, title):
        model = LINE_MODELS[self.source]
        if not self._may_open_documents():
            raise AccessError(
                self.env._(
                    "The documents behind this figure are for people in sales or accounting. An "
                    "administrator can give you a role in Sales that reads them."
                )
            )
        lines = self._documents(nodes, date_from, date_to)
        if len(lines) > LINES_AT_MOST:
            raise UserError(
                self.env._(
                    "%(title)s is made of %(count)s lines, too many to look at. Choose one period, or a node "
                    "further down.",
                    title=title,
                    count=len(lines),
                )
            )
        search = SEARCH_VIEWS.get(self.source)
        return {
            "type": "ir.actions.act_window",
            "name": title,
            "search_view_id": [self.env.ref(search).id, "search"] if search else False,
            "res_model": model,
            "views": [(self.env.ref(VIEWS[self.source]).id, "list")],
            "domain": [("id", "in", lines)],
            "context": {"create": False},
            "help": self._no_documents(),
        }

    def _may_open_documents(self):
        return self.env[LINE_MODELS[self.source]].has_access("read")

    def _no_documents(self):
        return self.env._("Nothing was sold here, or nothing that you may read.")

    def _documents(self, nodes, date_from, date_to):
        """Ids of the lines that count for these nodes of this one plan, as :meth:`_sales_by_node` counts."""
        # sudo: which lines they are, not what stands in them; who opens them may read them or not
        plan = self.sudo()
        dimensions, matcher = plan._matcher()
        below = set(plan.env["o2c.sales.plan.node"].search([("id", "child_of", nodes.ids)]).ids)
        return sorted({
            line
            for line, fact in plan._lines_sold(dimensions, date_from, date_to)
            if matcher.find(fact) in below
        })


class O2cSalesPlanCell(models.Model):
    _inherit = "o2c.sales.plan.cell"

    def action_view_documents(self):
        """Open the documents that the actual of this one cell is made of."""
        self.ensure_one()
        return self.plan_id.grid_documents(self.node_id.id, self.period_index)
