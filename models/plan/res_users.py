from odoo import api, models

from .planned import check_not_planned, names_follow


class ResUsers(models.Model):
    _inherit = "res.users"

    def write(self, vals):
        # Not left to the partner: by then the user has his new name already.
        if "name" not in vals:
            return super().write(vals)
        with names_follow(self, "user_id"):
            return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_planned(self):
        check_not_planned(self, "user_id")
