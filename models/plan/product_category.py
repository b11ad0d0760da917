from odoo import api, models

from .planned import check_not_planned


class ProductCategory(models.Model):
    _inherit = "product.category"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_planned(self):
        check_not_planned(self, "product_category_id")
