from odoo import api, models

from .planned import check_not_planned


class O2cCustomerClass(models.Model):
    _inherit = "o2c.customer.class"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_planned(self):
        check_not_planned(self, "class_id")
