from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    o2c_default_limit_mode = fields.Selection(
        related="company_id.o2c_default_limit_mode", readonly=False
    )
    o2c_default_credit_limit = fields.Monetary(
        related="company_id.o2c_default_credit_limit",
        readonly=False,
        currency_field="currency_id",
    )
    o2c_credit_manager_id = fields.Many2one(
        related="company_id.o2c_credit_manager_id", readonly=False
    )
