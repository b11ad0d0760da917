from odoo import api, models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    """Core moves blocks, promises and calls of merged customers by SQL: they belong to the customer
    who is left, not to a contact of his."""

    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def _update_foreign_keys(self, src_partners, dst_partner):
        result = super()._update_foreign_keys(src_partners, dst_partner)
        customer = dst_partner.commercial_partner_id
        for model in ("o2c.dunning.block", "o2c.payment.promise", "o2c.collection.contact"):
            self.env[model].invalidate_model(["partner_id"])
            if customer == dst_partner:
                continue
            # sudo: they follow the customer, whoever merges partners.
            records = self.env[model].sudo().with_context(active_test=False).search([
                ("partner_id", "=", dst_partner.id)
            ])
            records.partner_id = customer
        return result
