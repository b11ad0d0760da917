from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    o2c_commission_start = fields.Date(related="company_id.o2c_commission_start", readonly=False)
    o2c_commission_product_id = fields.Many2one(
        related="company_id.o2c_commission_product_id", readonly=False
    )
    o2c_commission_journal_id = fields.Many2one(
        related="company_id.o2c_commission_journal_id", readonly=False
    )
    o2c_commission_expense_account_id = fields.Many2one(
        related="company_id.o2c_commission_expense_account_id", readonly=False
    )
    o2c_commission_accrue = fields.Boolean(
        related="company_id.o2c_commission_accrue", readonly=False
    )
    o2c_commission_accrued_account_id = fields.Many2one(
        related="company_id.o2c_commission_accrued_account_id", readonly=False
    )
    o2c_commission_accrual_journal_id = fields.Many2one(
        related="company_id.o2c_commission_accrual_journal_id", readonly=False
    )
