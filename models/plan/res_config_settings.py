from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    o2c_plan_warning_percent = fields.Float(
        related="company_id.o2c_plan_warning_percent", readonly=False
    )
    o2c_plan_warning_share = fields.Float(related="company_id.o2c_plan_warning_share", readonly=False)
