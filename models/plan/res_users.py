from odoo import api, models

from .planned import check_not_planned


class ResUsers(models.Model):
    _inherit = "res.users"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_planned(self):
        check_not_planned(self, "user_id")
