from odoo import api, models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    """Core moves the holds of merged customers by SQL: who they hold now is worked out after it."""

    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def _update_foreign_keys(self, src_partners, dst_partner):
        result = super()._update_foreign_keys(src_partners, dst_partner)
        self.env["o2c.hold"].invalidate_model(["partner_id"])
        self.env["res.partner"].invalidate_model(["o2c_hold_ids"])
        self.env.add_to_compute(
            self.env["res.partner"]._fields["o2c_is_on_hold"], src_partners | dst_partner
        )
        return result
