from odoo import fields, models

SWITCH = "o2c_use_commission"


class ResCompany(models.Model):
    _inherit = "res.company"

    o2c_commission_start = fields.Date(
        string="First Day of Commission",
        help="Invoices before this day earn no commission, and neither do payments of them. Empty: those "
        "that are posted while commission is in use earn it.",
    )
    o2c_commission_off_since = fields.Datetime(
        string="Commission Off Since",
        readonly=True,
        help="What happened since then is followed once commission is switched on again.",
    )

    def write(self, vals):
        if SWITCH not in vals:
            return super().write(vals)
        before = self.filtered(SWITCH)
        result = super().write(vals)
        after = self.filtered(SWITCH)
        (before - after).o2c_commission_off_since = self.env.cr.now()
        (after - before)._o2c_catch_up_commission()
        return result

    def _get_company_root_delegated_field_names(self):
        return [*super()._get_company_root_delegated_field_names(), "o2c_commission_start"]
