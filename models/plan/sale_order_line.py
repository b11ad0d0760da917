from odoo import models


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def action_o2c_open_order(self):
        """Open the order of this one line."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "sale.order",
            "res_id": self.order_id.id,
            "views": [(False, "form")],
        }
