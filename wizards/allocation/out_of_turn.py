from odoo import fields, models


class O2cAllocationOutOfTurn(models.TransientModel):
    """The dialog in which an allocation manager serves transfers before better-ranked ones."""

    _name = "o2c.allocation.out.of.turn"
    _description = "Reserve out of Turn"

    picking_ids = fields.Many2many("stock.picking", string="Transfers", required=True)
    reason = fields.Text(required=True)

    def action_reserve(self):
        """Reserve what is free for the transfers and note the reason on them."""
        self.picking_ids.action_o2c_assign_out_of_turn(self.reason)
        return {"type": "ir.actions.act_window_close"}
