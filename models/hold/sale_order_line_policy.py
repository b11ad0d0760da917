from dataclasses import dataclass

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools.misc import formatLang

from odoo.addons.order_to_cash.algorithms.hold_rules import Price, breaks_policy, worsens

# What the price of a line, or the price issued for it, depends on.
PRICE_FIELDS = {
    "discount",
    "is_downpayment",
    "is_expense",
    "order_id",
    "price_unit",
    "product_id",
    "product_uom_id",
    "product_uom_qty",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How a line stands to the policy of its pricelist."""

    price: Price
    issued: Price
    is_return: bool
    is_broken: bool
    sold: tuple = ()


class SaleOrderLine(models.Model):
    """The price policy of the pricelist, kept by whoever is not an approver of it.

    Checked on what was written, whatever wrote it: prices that the system computes are the issued
    ones and pass.
    """

    _inherit = "sale.order.line"

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines._o2c_check_price_policy({})
        return lines

    def write(self, vals):
        if PRICE_FIELDS.isdisjoint(vals):
            return super().write(vals)
        before = self._o2c_price_standings()
        result = super().write(vals)
        self._o2c_check_price_policy(before)
        return result

    def copy_data(self, default=None):
        vals_list = super().copy_data(default=default)
        standings = self._o2c_price_standings()
        for line, vals in zip(self, vals_list, strict=True):
            # What was once allowed, or has changed since, is issued anew.
            if line.id in standings and standings[line.id].is_broken:
                for name in ("price_unit", "technical_price_unit", "discount"):
                    vals.pop(name, None)
        return vals_list

    def _o2c_bound_lines(self):
        """The lines among ``self`` whose price the user may not change as he likes."""
        if self.env.su or not self.env["product.pricelist"]._o2c_has_policies():
            return self.browse()
        pricelists = self.order_id.pricelist_id.filtered(
            lambda pricelist: not pricelist._o2c_may_change_prices()
        )
        return self.filtered(
            lambda line: (
                line.order_id.pricelist_id in pricelists
                # Only a setting of the company is read.
                and line.company_id.sudo().o2c_use_credit
                and not line._o2c_is_priced_by_program()
            )
        )

    def _o2c_price_standings(self):
        """{id: :class:`Standing`} of those of ``self`` that the user may not price as he likes."""
        lines = self._o2c_bound_lines()
        if not lines:
            return {}
        lines._o2c_prime_pricelist_items()
        digits = self.env["decimal.precision"].precision_get("Product Price")
        return {line.id: line._o2c_price_standing(digits) for line in lines}

    def _o2c_price_standing(self, digits):
        self.ensure_one()
        price = Price(self.price_unit, self.discount)
        issued = self._o2c_issued_price()
        is_return = self.product_uom_qty < 0
        is_broken = self._o2c_is_reduction() or breaks_policy(
            self.order_id.pricelist_id._o2c_policy(),
            price,
            issued,
            is_return=is_return,
            digits=digits,
        )
        sold = (self.product_id.id, self.product_uom_id.id, self.order_id.id)
        return Standing(price, issued, is_return, is_broken, sold)

    def _o2c_check_price_policy(self, before):
        """Refuse prices that the user may not give.

        :param before: {id: :class:`Standing`} before the change: an approver's price may stay
        :raise UserError: naming the product, both prices and who may change them
        """
        broken = {}
        for key, standing in self._o2c_price_standings().items():
            old = before.get(key)
            may_stay = (
                old
                and old.is_broken
                and (old.sold, old.is_return) == (standing.sold, standing.is_return)
                and not worsens(old.price, old.issued, standing.price, standing.issued)
            )
            if standing.is_broken and not may_stay:
                broken[key] = standing
        if broken:
            self.browse(broken)._o2c_refuse_prices(broken)

    def _o2c_refuse_prices(self, standings):
        order = self[0].order_id
        pricelist = order.pricelist_id
        approvers = pricelist._o2c_price_approvers(order.company_id).mapped("name")
        raise UserError(
            self.env._(
                "The pricelist %(pricelist)s does not let you sell at these prices:\n%(lines)s\n"
                "Take the issued price, or ask somebody who may change it: %(approvers)s.",
                pricelist=pricelist.name,
                lines="\n".join(line._o2c_price_refusal(standings[line.id]) for line in self),
                approvers=", ".join(approvers) or self.env._("nobody is set in this company"),
            )
        )

    def _o2c_price_refusal(self, standing):
        self.ensure_one()
        if self._o2c_is_reduction():
            return self.env._(
                "• %(product)s: a discount on the whole order", product=self._o2c_label()
            )
        return self.env._(
            "• %(product)s: issued at %(issued)s, entered %(entered)s",
            product=self._o2c_label(),
            issued=self._o2c_price_text(standing.issued),
            entered=self._o2c_price_text(standing.price),
        )

    def _o2c_price_text(self, price):
        amount = formatLang(
            self.env, price.unit, dp="Product Price", currency_obj=self.order_id.currency_id
        )
        if not round(price.discount, 2):
            return amount
        return self.env._(
            "%(amount)s less %(discount)s %%",
            amount=amount,
            discount=formatLang(self.env, price.discount, dp="Discount"),
        )

    def _o2c_follow_pricelist(self):
        """After the pricelist of the order was changed: issue anew what its policy forbids."""
        standings = self._o2c_price_standings()
        broken = self.filtered(
            lambda line: (
                line.id in standings
                and standings[line.id].is_broken
                and not line._o2c_is_reduction()
            )
        )
        broken._o2c_reissue_prices()
        self._o2c_check_price_policy({})

    def _o2c_reissue_prices(self):
        """Give these lines the prices that their pricelist issues."""
        self._o2c_prime_pricelist_items()
        # The system's own prices, on lines that the user has just been let write.
        for line in self.sudo():
            issued = line._o2c_issued_price()
            line.write({
                "price_unit": issued.unit,
                "technical_price_unit": issued.unit,
                "discount": issued.discount,
            })
