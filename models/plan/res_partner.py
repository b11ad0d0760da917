from odoo import api, models

from .planned import check_not_planned, names_follow

# What the name of a partner is shown by.
NAMING = {"name", "parent_id", "company_name"}


class ResPartner(models.Model):
    _inherit = "res.partner"

    def write(self, vals):
        if NAMING.isdisjoint(vals):
            return super().write(vals)
        with names_follow(self, "partner_id", "payee_id", "user_id.partner_id"):
            return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_planned(self):
        check_not_planned(self, "partner_id", "payee_id")
