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
    o2c_exposure_receivable = fields.Boolean(
        related="company_id.o2c_exposure_receivable", readonly=False
    )
    o2c_exposure_draft_invoiced = fields.Boolean(
        related="company_id.o2c_exposure_draft_invoiced", readonly=False
    )
    o2c_exposure_delivered = fields.Boolean(
        related="company_id.o2c_exposure_delivered", readonly=False
    )
    o2c_exposure_ordered = fields.Boolean(
        related="company_id.o2c_exposure_ordered", readonly=False
    )
    o2c_exposure_horizon_days = fields.Integer(
        related="company_id.o2c_exposure_horizon_days", readonly=False
    )
    o2c_review_notches = fields.Integer(related="company_id.o2c_review_notches", readonly=False)
    o2c_review_increase = fields.Monetary(
        related="company_id.o2c_review_increase", readonly=False, currency_field="currency_id"
    )
