from collections import defaultdict

from odoo import models
from odoo.fields import Domain

from odoo.addons.order_to_cash.algorithms.hold_rules import Price, PricedLine


class SaleOrderLine(models.Model):
    """What a line is sold for, and what its pricelist would have it sold for."""

    _inherit = "sale.order.line"

    def _o2c_priced_by_people(self):
        """The lines among ``self`` whose price somebody could have set too low.

        Not: sections and notes, down payments, deliveries, rewards, discounts on the whole order
        (they count through :meth:`_o2c_reductions` of the order), expenses invoiced on, goods
        taken back, and the head of a combo, whose items carry its price.
        """
        return self.filtered(
            lambda line: (
                not line._o2c_is_priced_by_program()
                and not line._o2c_is_reduction()
                and line.product_type != "combo"
                and line.product_uom_qty >= 0
            )
        )

    def _o2c_is_priced_by_program(self):
        """Whether the price of this one line comes from elsewhere than a pricelist or a person."""
        self.ensure_one()
        return bool(
            self.display_type
            or not self.product_id
            # Whoever writes these marks on a line by himself does not get round the checks.
            or (self.is_downpayment and not self.product_uom_qty)
            or (self._is_delivery() and self.product_id == self.order_id.carrier_id.product_id)
            or ("reward_id" in self._fields and self.reward_id)
            or (self.is_expense and self.product_id.expense_policy != "no")
        )

    def _o2c_is_reduction(self):
        """Whether this one line lowers the price of the others."""
        self.ensure_one()
        return bool(
            self._is_global_discount()
            or self.product_id in self.company_id.sale_discount_product_id
            or (self.price_unit < 0 < self.product_uom_qty)
        )

    def _o2c_label(self):
        """What people call this one line."""
        self.ensure_one()
        return self.product_id.display_name or self.name.split("\n")[0]

    def _o2c_prime_pricelist_items(self):
        """Look up the pricelist rule of all these lines at once.

        Core looks it up line by line, with one statement each.
        """
        # The price of an item of a combo is a part of the price of its head.
        pending = (self | self.linked_line_id).filtered(
            lambda line: (
                line.order_id.pricelist_id and line.product_id and line.product_uom_id
            )
        )
        candidates = pending._o2c_pricelist_items()
        Item = self.env["product.pricelist.item"]
        for line in pending:
            date = line._get_order_date()
            quantity = line.product_uom_id._compute_quantity(
                line.product_uom_qty or 1.0, line.product_id.uom_id, raise_if_failure=False
            )
            item = next(
                (
                    item
                    for item in candidates[line.order_id.pricelist_id.id]
                    if (not item.date_start or item.date_start <= date)
                    and (not item.date_end or item.date_end >= date)
                    and item._is_applicable_for(line.product_id, quantity)
                ),
                Item,
            )
            field = line._fields["pricelist_item_id"]
            line.env.cache.set(line, field, field.convert_to_cache(item, line))

    def _o2c_pricelist_items(self):
        """{pricelist id: the pricelist rules that may apply to these lines, in core's order}."""
        items = defaultdict(list)
        pricelists = self.order_id.pricelist_id
        if not pricelists:
            return items
        products = self.product_id
        found = self.env["product.pricelist.item"].search(
            Domain("pricelist_id", "in", pricelists.ids)
            & (Domain("categ_id", "=", False) | Domain("categ_id", "parent_of", products.categ_id.ids))
            & (
                Domain("product_tmpl_id", "=", False)
                | Domain("product_tmpl_id", "in", products.product_tmpl_id.ids)
            )
            & (Domain("product_id", "=", False) | Domain("product_id", "in", products.ids))
        )
        for item in found:
            items[item.pricelist_id.id].append(item)
        return items

    def _o2c_issued_price(self):
        """The :class:`Price` at which the pricelist issues this one line.

        In the currency and unit of the line, taxes included or not as on the line.
        """
        self.ensure_one()
        line = self.with_company(self.company_id)
        if not line.product_id or not line.product_uom_id:
            return Price(0.0, 0.0)
        return Price(line._o2c_taxed_price(line._get_display_price()), line._o2c_issued_discount())

    def _o2c_taxed_price(self, price):
        """``price`` of the product, adapted to the taxes of this one line's customer, as core."""
        return self.product_id._get_tax_included_unit_price_from_price(
            price,
            product_taxes=self.product_id.taxes_id._filter_taxes_by_company(self.company_id),
            fiscal_position=self.order_id.fiscal_position_id,
        )

    def _o2c_issued_discount(self):
        """The discount in percent by which the pricelist shows its price of this one line."""
        self.ensure_one()
        if self.combo_item_id:
            return self._get_linked_line()._o2c_issued_discount()
        if not self.order_id.pricelist_id or not self.pricelist_item_id._show_discount():
            return 0.0
        base = self._get_pricelist_price_before_discount()
        if not base:
            return 0.0
        discount = (base - self._get_pricelist_price()) / base * 100
        return discount if discount * base > 0 else 0.0

    def _o2c_floor_price(self):
        """The lowest price of this one line, None when its product has none."""
        self.ensure_one()
        product = self.product_id
        if not product.o2c_floor_price or self.combo_item_id:
            return None
        price = product.uom_id._compute_price(product.o2c_floor_price, self.product_uom_id)
        return self._o2c_taxed_price(self._convert_to_sol_currency(price, product.currency_id))

    def _o2c_priced_lines(self, with_references=False):
        """These lines as :class:`PricedLine`.

        :param with_references: with the prices of the pricelist and the lowest prices, which take
            time to compute
        """
        return [
            PricedLine(
                key=line.id,
                price=line.price_unit,
                discount=line.discount,
                amount=line.price_subtotal,
                issued=line._o2c_issued_price().net if with_references else None,
                floor=line._o2c_floor_price() if with_references else None,
            )
            for line in self
        ]
