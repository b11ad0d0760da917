from odoo import api, models

# Kept by customer, never by one of his contacts.
OF_CUSTOMERS = ("o2c.dunning.block", "o2c.payment.promise", "o2c.collection.contact")


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    """Core moves reminders, blocks, promises and calls of merged customers by SQL: they belong to
    the customer who is left, not to a contact of his."""

    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def _update_foreign_keys(self, src_partners, dst_partner):
        self._o2c_drop_surplus_proposals(src_partners, dst_partner)
        result = super()._update_foreign_keys(src_partners, dst_partner)
        for model in OF_CUSTOMERS:
            self.env[model].invalidate_model(["partner_id"])
        return result

    @api.model
    def _update_values(self, src_partners, dst_partner):
        result = super()._update_values(src_partners, dst_partner)
        # Only now is known whose contact the partner who stays is: he may take over a company.
        self._o2c_lift_to_customer(dst_partner)
        return result

    @api.model
    def _o2c_lift_to_customer(self, partner):
        customer = partner.commercial_partner_id
        if customer == partner:
            return
        for model in OF_CUSTOMERS:
            # sudo: they follow the customer, whoever merges partners.
            records = self.env[model].sudo().with_context(active_test=False).search([
                ("partner_id", "=", partner.id)
            ])
            records.partner_id = customer

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
