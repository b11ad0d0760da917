from odoo import api, models

from .planned import check_not_planned


class ProductTemplate(models.Model):
    _inherit = "product.template"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_planned(self):
        check_not_planned(self.with_context(active_test=False).product_variant_ids, "product_id")
