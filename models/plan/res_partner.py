from odoo import api, models

from .planned import check_not_planned


class ResPartner(models.Model):
    _inherit = "res.partner"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_planned(self):
        check_not_planned(self, "partner_id", "payee_id")
