from odoo import api, models
from odoo.exceptions import UserError


class SaleOrder(models.Model):
    _inherit = "sale.order"

    @api.model_create_multi
    def create(self, vals_list):
        orders = super().create(vals_list)
        orders._o2c_check_pricelist({})
        return orders

    def write(self, vals):
        if {"partner_id", "pricelist_id"}.isdisjoint(vals):
            return super().write(vals)
        before = {order.id: order.pricelist_id for order in self}
        result = super().write(vals)
        self._o2c_check_pricelist(before)
        changed = self.filtered(lambda order: order.pricelist_id != before[order.id])
        changed.order_line._o2c_follow_pricelist()
        return result

    def _recompute_prices(self):
        if self.env.su or not self.order_line._o2c_bound_lines():
            return super()._recompute_prices()
        # The system sets the issued prices, in several steps that a policy would refuse one by
        # one. Nothing of the caller's gets in; he must be allowed to write the order.
        self.check_access("write")
        return super(SaleOrder, self.sudo())._recompute_prices()

    def _o2c_check_pricelist(self, before):
        """Refuse a pricelist that leaves more freedom than the one the order is bound to.

        That is the customer's own, and the one the order had.

        :param before: {id: pricelist that the order had}
        """
        if self.env.su or not self.env["product.pricelist"]._o2c_has_policies():
            return
        for order in self.filtered("company_id.o2c_use_credit"):
            chosen = order.pricelist_id
            if chosen._o2c_policy() == "fixed":
                continue
            own = order.with_company(order.company_id).partner_id.property_product_pricelist
            if chosen == own:
                continue
            for bound in own | before.get(order.id, own):
                if chosen._o2c_is_laxer(bound) and not bound._o2c_may_change_prices():
                    order._o2c_refuse_pricelist(bound)

    def _o2c_refuse_pricelist(self, bound):
        approvers = bound._o2c_price_approvers(self.company_id).mapped("name")
        raise UserError(
            self.env._(
                "You cannot take the prices of %(order)s from another pricelist than %(pricelist)s:"
                " its prices are not free. Somebody who may change them: %(approvers)s.",
                order=self.name,
                pricelist=bound.name,
                approvers=", ".join(approvers) or self.env._("nobody is set in this company"),
            )
        )

    def _o2c_reductions(self):
        """What the negative lines of this one order take off, untaxed, as a number above zero.

        Rewards of a promotion are not counted: the company grants them, not a salesperson.
        """
        self.ensure_one()
        lines = self.order_line.filtered(
            lambda line: not line._o2c_is_priced_by_program() and line._o2c_is_reduction()
        )
        return max(-sum(lines.mapped("price_subtotal")), 0.0)
