from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    o2c_commission_start = fields.Date(
        string="First Day of Commission",
        help="Invoices before this day earn no commission, and neither do payments of them. Empty: those "
        "that are posted while commission is in use earn it.",
    )

    def _get_company_root_delegated_field_names(self):
        return [*super()._get_company_root_delegated_field_names(), "o2c_commission_start"]
