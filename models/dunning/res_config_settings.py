from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    o2c_dunning_policy_id = fields.Many2one(
        related="company_id.o2c_dunning_policy_id", readonly=False
    )
    o2c_collector_id = fields.Many2one(related="company_id.o2c_collector_id", readonly=False)
    o2c_dunning_journal_id = fields.Many2one(
        related="company_id.o2c_dunning_journal_id", readonly=False
    )
    o2c_dunning_fee_product_id = fields.Many2one(
        related="company_id.o2c_dunning_fee_product_id", readonly=False
    )
    o2c_dunning_interest_product_id = fields.Many2one(
        related="company_id.o2c_dunning_interest_product_id", readonly=False
    )
    o2c_dso_days = fields.Integer(related="company_id.o2c_dso_days", readonly=False)
