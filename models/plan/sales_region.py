from odoo import api, models

from .planned import check_not_planned


class O2cSalesRegion(models.Model):
    _inherit = "o2c.sales.region"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_planned(self):
        check_not_planned(self, "region_id")
