from odoo import models


class StockMove(models.Model):
    _inherit = "stock.move"

    def action_o2c_open_delivery(self):
        """Open the delivery of this one move, or its order where it has none."""
        self.ensure_one()
        record = self.picking_id or self.sale_line_id.order_id
        return {
            "type": "ir.actions.act_window",
            "res_model": record._name,
            "res_id": record.id,
            "views": [(False, "form")],
        }
