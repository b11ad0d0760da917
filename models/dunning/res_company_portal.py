from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    o2c_portal_promise_days = fields.Integer(
        string="Promises in the Portal",
        default=30,
        help="How many days ahead customers may promise to pay in the portal. 0: not at all.",
    )

    _o2c_portal_promise_days_ck = models.Constraint(
        "CHECK (o2c_portal_promise_days >= 0)",
        "The days that customers may promise ahead must not be negative.",
    )

    def _get_company_root_delegated_field_names(self):
        return [*super()._get_company_root_delegated_field_names(), "o2c_portal_promise_days"]


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    o2c_portal_promise_days = fields.Integer(
        related="company_id.o2c_portal_promise_days", readonly=False
    )
