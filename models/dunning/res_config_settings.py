from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    o2c_dunning_policy_id = fields.Many2one(
        related="company_id.o2c_dunning_policy_id", readonly=False
    )
