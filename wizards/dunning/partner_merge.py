from odoo import api, models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    """Core moves reminders, blocks, promises and calls of merged customers by SQL: they belong to
    the customer who is left, not to a contact of his."""

    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def _update_foreign_keys(self, src_partners, dst_partner):
        self._o2c_drop_surplus_proposals(src_partners, dst_partner)
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

    @api.model
    def _o2c_drop_surplus_proposals(self, src_partners, dst_partner):
        """Of the reminders that wait in a run one is left, that of the customer who stays if he has
        one; proposing again makes it complete."""
        # sudo: proposals follow the customer, whoever merges partners.
        waiting = self.env["o2c.dunning.notice"].sudo().search([
            ("partner_id", "in", (src_partners | dst_partner).ids),
            ("sent_on", "=", False),
            ("state", "!=", "recorded"),
        ])
        groups = waiting.grouped(lambda notice: (notice.run_id, notice.currency_id))
        for notices in groups.values():
            kept = notices.filtered(lambda notice: notice.partner_id == dst_partner) or notices[:1]
            (notices - kept).unlink()
        self.env.flush_all()
