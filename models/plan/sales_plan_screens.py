"""The screens that a plan opens."""

from odoo import models


class O2cSalesPlan(models.Model):
    _inherit = "o2c.sales.plan"

    def action_build(self):
        """Open the dialog that makes the tree from last year's sales."""
        self.ensure_one()
        build = self.env["o2c.sales.plan.build"].create({"plan_id": self.id})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Build the Tree"),
            "res_model": build._name,
            "res_id": build.id,
            "views": [(False, "form")],
            "target": "new",
        }

    def action_view_nodes(self):
        """Open the tree of this one plan."""
        return self._open_of_plan("order_to_cash.o2c_sales_plan_node_action")

    def action_view_cells(self):
        """Open the figures of this one plan."""
        return self._open_of_plan("order_to_cash.o2c_sales_plan_cell_action")

    def action_view_variance(self):
        """Open this one plan against what was sold."""
        action = self._open_of_plan("order_to_cash.o2c_sales_plan_variance_action")
        action["context"] = {"search_default_lowest": 1}
        return action

    def action_download_variance(self):
        """Download this one plan against what was sold as a spreadsheet."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/order_to_cash/plan/{self.id}/variance.xlsx",
            "target": "download",
        }

    def action_compare(self):
        """Open this version beside the earlier ones."""
        action = self._open_of_plan("order_to_cash.o2c_sales_plan_comparison_action")
        action["context"] = {"search_default_changes": 1}
        return action

    def _open_of_plan(self, action):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(action)
        action["domain"] = [("plan_id", "=", self.id)]
        action["context"] = {"default_plan_id": self.id}
        return action
