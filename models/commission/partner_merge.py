from odoo import api, models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def _update_foreign_keys(self, src_partners, dst_partner):
        result = super()._update_foreign_keys(src_partners, dst_partner)
        # Written past the records: what is remembered of agreements would name partners that are no more.
        self.env["o2c.commission.plan"]._forget_catalog()
        return result
