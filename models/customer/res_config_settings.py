from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    o2c_use_credit = fields.Boolean(related="company_id.o2c_use_credit", readonly=False)
    o2c_use_allocation = fields.Boolean(related="company_id.o2c_use_allocation", readonly=False)
    o2c_use_commission = fields.Boolean(related="company_id.o2c_use_commission", readonly=False)
    o2c_use_plan = fields.Boolean(related="company_id.o2c_use_plan", readonly=False)
    o2c_use_dunning = fields.Boolean(related="company_id.o2c_use_dunning", readonly=False)
