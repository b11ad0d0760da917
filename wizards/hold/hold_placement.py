from odoo import api, fields, models


class O2cHoldPlacement(models.TransientModel):
    """The dialog in which somebody puts orders or customers on hold."""

    _name = "o2c.hold.placement"
    _description = "Put on Hold"

    order_ids = fields.Many2many("sale.order", string="Orders", readonly=True)
    partner_ids = fields.Many2many("res.partner", string="Customers", readonly=True)
    reason_id = fields.Many2one("o2c.hold.reason", required=True)
    note = fields.Char(string="Details")
    effect = fields.Selection(
        [("hold_order", "New and open orders"), ("hold_delivery", "Deliveries only")],
        string="What is held",
        required=True,
        default="hold_order",
    )
    until = fields.Date(help="The last day of the hold. Empty: until somebody releases it.")

    @api.model
    def _open(self, orders=None, partners=None):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Put on Hold"),
            "res_model": self._name,
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_order_ids": orders.ids if orders else [],
                "default_partner_ids": partners.commercial_partner_id.ids if partners else [],
            },
        }

    def action_place(self):
        """Put the orders, or the customers, on hold."""
        reason = self.reason_id
        if self.note:
            reason = self.env._("%(reason)s, %(note)s", reason=reason.name, note=self.note)
        if self.partner_ids:
            self.partner_ids.action_o2c_hold(reason, self.effect, self.until)
        if self.order_ids:
            self.order_ids.action_o2c_hold(reason, self.until)
        return {"type": "ir.actions.act_window_close"}
