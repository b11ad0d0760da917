from odoo import models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    """Merging moves everything that points to a partner by SQL, past create() and write(); what
    they would have seen to is done here."""

    _inherit = "base.partner.merge.automatic.wizard"

    def _merge(self, partner_ids, dst_partner=None, extra_checks=True):
        # sudo: as in res.partner.write(), the profile follows whoever merges
        partners = self.env["res.partner"].sudo().browse(partner_ids).exists()
        followers = (partners._o2c_family() - partners)._o2c_region_followers()
        result = super()._merge(partner_ids, dst_partner=dst_partner, extra_checks=extra_checks)
        merged = partners.exists()
        (merged._o2c_family() - merged)._o2c_align(followers)
        merged._o2c_align(partners.browse())
        return result

    def _update_values(self, src_partners, dst_partner):
        # The merge acts on partners that core has checked, and on their records everywhere.
        self._o2c_merge_reference(src_partners.sudo(), dst_partner.sudo())
        self._o2c_merge_payer(src_partners.sudo(), dst_partner.sudo())
        return super()._update_values(src_partners, dst_partner)

    def _o2c_merge_reference(self, src_partners, dst_partner):
        """The merged partner keeps its reference, else takes one of the others'. These give theirs
        up first, since no two customers may have the same."""
        reference = dst_partner.ref or next(
            (partner.ref for partner in reversed(src_partners) if partner.ref), False
        )
        src_partners.ref = False
        dst_partner.ref = reference

    def _o2c_merge_payer(self, src_partners, dst_partner):
        """Nobody pays for himself, and no payer has a payer, after the merge either."""
        partners = src_partners | dst_partner
        partners.filtered(lambda p: p.o2c_payer_id == dst_partner).o2c_payer_id = False
        if payer := dst_partner.o2c_payer_id or src_partners.o2c_payer_id[-1:]:
            (dst_partner._o2c_get_payees() - partners).o2c_payer_id = payer
