from odoo import fields, models


class O2cCommissionDisputeNew(models.TransientModel):
    """A payee, or who was told, objects to a settlement."""

    _name = "o2c.commission.dispute.new"
    _description = "Object to a Settlement"

    settlement_id = fields.Many2one("o2c.commission.settlement", required=True, ondelete="cascade")
    entry_ids = fields.Many2many(
        "o2c.commission.entry",
        string="Entries",
        domain="[('settlement_id', '=', settlement_id)]",
        help="Empty: the settlement as a whole.",
    )
    text = fields.Text(string="What Is Wrong", required=True)

    def action_dispute(self):
        """Object; see ``_dispute`` of the settlement."""
        self.ensure_one()
        self.settlement_id._dispute(self.entry_ids, self.text)
        return {"type": "ir.actions.act_window_close"}
