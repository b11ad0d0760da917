from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    o2c_allocation_strategy = fields.Selection(
        related="company_id.o2c_allocation_strategy", readonly=False
    )
    o2c_allocation_rank = fields.Integer(related="company_id.o2c_allocation_rank", readonly=False)
    o2c_allocation_tie_1 = fields.Selection(
        related="company_id.o2c_allocation_tie_1", readonly=False
    )
    o2c_allocation_tie_2 = fields.Selection(
        related="company_id.o2c_allocation_tie_2", readonly=False
    )
    o2c_allocation_tie_3 = fields.Selection(
        related="company_id.o2c_allocation_tie_3", readonly=False
    )
    o2c_allocation_horizon_days = fields.Integer(
        related="company_id.o2c_allocation_horizon_days", readonly=False
    )
    o2c_allocation_held = fields.Selection(related="company_id.o2c_allocation_held", readonly=False)
    o2c_allocation_schedule = fields.Selection(
        related="company_id.o2c_allocation_schedule", readonly=False
    )
    o2c_allocation_ship_complete = fields.Selection(
        related="company_id.o2c_allocation_ship_complete", readonly=False
    )
    o2c_allocation_fair_share = fields.Boolean(
        related="company_id.o2c_allocation_fair_share", readonly=False
    )
