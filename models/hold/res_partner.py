from odoo import models
from odoo.exceptions import UserError

PRICELIST_FIELDS = {"property_product_pricelist", "specific_property_product_pricelist"}


class ResPartner(models.Model):
    _inherit = "res.partner"

    def write(self, vals):
        if PRICELIST_FIELDS.isdisjoint(vals) or not self._o2c_is_bound_by_policies():
            return super().write(vals)
        before = {partner.id: partner.property_product_pricelist for partner in self}
        result = super().write(vals)
        self._o2c_check_own_pricelist(before)
        return result

    def _o2c_own_payment_term(self):
        """The payment terms agreed with this one customer in the active company; to be extended."""
        self.ensure_one()
        return self.property_payment_term_id

    def _o2c_is_bound_by_policies(self):
        return (
            not self.env.su
            and self.env.company.o2c_use_credit
            and self.env["product.pricelist"]._o2c_has_policies()
        )

    def _o2c_check_own_pricelist(self, before):
        """A salesperson does not free a customer from the price policy by another pricelist."""
        for partner in self:
            bound = before[partner.id]
            is_laxer = partner.property_product_pricelist._o2c_is_laxer(bound)
            if is_laxer and not bound._o2c_may_change_prices():
                approvers = bound._o2c_price_approvers(self.env.company).mapped("name")
                raise UserError(
                    self.env._(
                        "The prices of the pricelist %(pricelist)s are not free, and you cannot "
                        "give %(customer)s another one. Somebody who may: %(approvers)s.",
                        pricelist=bound.name,
                        customer=partner.display_name,
                        approvers=", ".join(approvers)
                        or self.env._("nobody is set in this company"),
                    )
                )
