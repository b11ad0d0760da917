from odoo import fields, models


class O2cHoldReason(models.Model):
    """Why somebody puts an order or a customer on hold by hand."""

    _name = "o2c.hold.reason"
    _description = "Hold Reason"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
