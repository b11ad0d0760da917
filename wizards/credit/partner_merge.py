from odoo import api, models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    """Core moves rows by SQL, and deletes those that collide: credit accounts are joined before,
    so that no limit is lost."""

    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def _update_foreign_keys(self, src_partners, dst_partner):
        # sudo: limits follow the customer, whoever merges partners.
        accounts = (
            self.env["o2c.credit.account"].sudo().search([("partner_id", "in", src_partners.ids)])
        )
        accounts._hand_over(dst_partner.sudo().commercial_partner_id)
        # What was joined must be there before the SQL.
        self.env.flush_all()
        return super()._update_foreign_keys(src_partners, dst_partner)
