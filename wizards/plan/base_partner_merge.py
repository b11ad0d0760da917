from odoo import models


class BasePartnerMerge(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    def _update_foreign_keys(self, src_partners, dst_partner):
        super()._update_foreign_keys(src_partners, dst_partner)
        self.env["o2c.sales.plan.node"]._join_doubles(dst_partner)
