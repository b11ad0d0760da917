from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError


class ResCompany(models.Model):
    _inherit = "res.company"

    o2c_plan_warning_percent = fields.Float(
        string="Early Warning Below (%)",
        default=80.0,
        help="Whoever is below so many percent of the run rate of an approved plan is warned. 0: nobody.",
    )
    o2c_plan_warning_share = fields.Float(
        string="Not Before (%)",
        default=25.0,
        help="So much of the working days of a period must have passed.",
    )

    @api.constrains("o2c_plan_warning_percent", "o2c_plan_warning_share")
    def _check_o2c_plan_warning(self):
        for company in self:
            if company.o2c_plan_warning_percent < 0 or company.o2c_plan_warning_share < 0:
                raise ValidationError(self.env._("Percentages of the early warning cannot be below zero."))

    def _get_company_root_delegated_field_names(self):
        return [
            *super()._get_company_root_delegated_field_names(),
            "o2c_plan_warning_percent",
            "o2c_plan_warning_share",
        ]

    def _o2c_check_plan_is_on(self):
        """Raise unless sales plans are switched on in these companies."""
        for company in self:
            if not company.o2c_use_plan:
                raise UserError(
                    self.env._(
                        "Sales plans are switched off in %(company)s. An administrator can switch "
                        "them on under Order to Cash > Configuration > Settings.",
                        company=company.display_name,
                    )
                )
