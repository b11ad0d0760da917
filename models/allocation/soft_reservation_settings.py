"""How much may be held back in all, and how long: what a company decides."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError


class ResCompany(models.Model):
    _inherit = "res.company"

    o2c_soft_cap_customer = fields.Float(
        string="Soft Reservations of One Customer",
        digits=(5, 1),
        help="The most of the free stock of a product that may be held back for one customer, in "
        "percent. 0: no limit.",
    )
    o2c_soft_cap_product = fields.Float(
        string="Soft Reservations of All Customers",
        digits=(5, 1),
        help="The most of the free stock of a product that may be held back in all, in percent. "
        "0: no limit.",
    )
    o2c_soft_days = fields.Integer(
        string="Soft Reservations Last",
        default=7,
        help="Days after which a soft reservation expires, unless another time is entered.",
    )

    @api.constrains("o2c_soft_cap_customer", "o2c_soft_cap_product", "o2c_soft_days")
    def _check_o2c_soft(self):
        for company in self:
            caps = company.o2c_soft_cap_customer, company.o2c_soft_cap_product
            if not all(0 <= cap <= 100 for cap in caps) or company.o2c_soft_days < 0:
                raise ValidationError(
                    self.env._(
                        "The limits of soft reservations of %(company)s are percentages from 0 to "
                        "100, and the days cannot be below zero.",
                        company=company.display_name,
                    )
                )

    def _get_company_root_delegated_field_names(self):
        return [
            *super()._get_company_root_delegated_field_names(),
            "o2c_soft_cap_customer",
            "o2c_soft_cap_product",
            "o2c_soft_days",
        ]


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    o2c_soft_cap_customer = fields.Float(
        related="company_id.o2c_soft_cap_customer", readonly=False
    )
    o2c_soft_cap_product = fields.Float(related="company_id.o2c_soft_cap_product", readonly=False)
    o2c_soft_days = fields.Integer(related="company_id.o2c_soft_days", readonly=False)
