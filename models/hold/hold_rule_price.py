from odoo import api, fields, models
from odoo.tools.misc import formatLang

from odoo.addons.order_to_cash.algorithms import hold_rules


class O2cHoldRule(models.Model):
    """Kinds of rule that look at what an order is sold for: margin, price and discount."""

    _inherit = "o2c.hold.rule"

    kind = fields.Selection(
        selection_add=[
            ("margin", "Margin too low"),
            ("price", "Price too low"),
            ("discount", "Discount too high"),
        ],
        ondelete={"margin": "cascade", "price": "cascade", "discount": "cascade"},
    )

    def _evaluate(self, orders):
        failures = super()._evaluate(orders)
        self._collect(
            failures, orders, "margin", lambda rule, found: rule._margin_failures(found)
        )
        self._collect(failures, orders, "price", lambda rule, found: rule._price_failures(found))
        self._collect(
            failures, orders, "discount", lambda rule, found: rule._discount_failures(found)
        )
        return failures

    @api.model
    def _kinds_up_to_100_percent(self):
        return super()._kinds_up_to_100_percent() | {"margin", "price", "discount"}

    def _margin_failures(self, orders):
        self.ensure_one()
        amounts = orders._o2c_amounts()
        for order in orders:
            percent = hold_rules.margin_shortfall(
                order.margin,
                order.amount_untaxed,
                self.threshold_percent,
                order.currency_id.decimal_places,
            )
            if percent is None:
                continue
            reason = self.env._(
                "The margin of %(margin)s %% is below %(threshold)s %%.",
                margin=self._percent_text(percent),
                threshold=self._percent_text(self.threshold_percent),
            )
            if order.currency_id.is_zero(order.amount_untaxed):
                reason = self.env._(
                    "The order brings in nothing; its margin must not be below %(threshold)s %%.",
                    threshold=self._percent_text(self.threshold_percent),
                )
            yield order.id, self._failure(amounts[order.id], reason, severity=-percent)

    def _price_failures(self, orders):
        self.ensure_one()
        amounts = orders._o2c_amounts()
        lines = orders.order_line._o2c_priced_by_people()
        lines._o2c_prime_pricelist_items()
        digits = self.env["decimal.precision"].precision_get("Product Price")
        by_order = lines.grouped("order_id")
        for order in orders:
            own = by_order.get(order, lines.browse())
            gaps = hold_rules.price_gaps(
                own._o2c_priced_lines(with_references=True),
                order._o2c_reductions(),
                self.threshold_percent,
                digits,
            )
            if gaps:
                reason = self._price_reason(order, gaps)
                worst = max(gap.percent for gap in gaps)
                yield order.id, self._failure(amounts[order.id], reason, severity=worst)

    def _price_reason(self, order, gaps):
        worst = gaps[0]
        figures = {
            "product": order.order_line.browse(worst.key)._o2c_label(),
            "price": formatLang(self.env, worst.net, currency_obj=order.currency_id),
            "reference": formatLang(self.env, worst.reference, currency_obj=order.currency_id),
            "percent": self._percent_text(worst.percent),
        }
        if worst.is_floor:
            reason = self.env._(
                "%(product)s is sold at %(price)s, below its lowest price of %(reference)s.",
                **figures,
            )
        else:
            reason = self.env._(
                "%(product)s is sold at %(price)s, %(percent)s %% below the price of %(reference)s "
                "of its pricelist.",
                **figures,
            )
        return self._with_others(reason, len(gaps) - 1)

    def _discount_failures(self, orders):
        self.ensure_one()
        amounts = orders._o2c_amounts()
        lines = orders.order_line._o2c_priced_by_people()
        by_order = lines.grouped("order_id")
        for order in orders:
            own = by_order.get(order, lines.browse())
            above = hold_rules.discounts_above(
                own._o2c_priced_lines(), order._o2c_reductions(), self.threshold_percent
            )
            if above:
                reason = self._discount_reason(order, above)
                worst = above[0][2]
                yield order.id, self._failure(amounts[order.id], reason, severity=worst)

    def _discount_reason(self, order, above):
        key, discount, total = above[0]
        figures = {
            "product": order.order_line.browse(key)._o2c_label(),
            "total": self._percent_text(total),
            "threshold": self._percent_text(self.threshold_percent),
        }
        if round(total - discount, hold_rules.PERCENT_DIGITS):
            reason = self.env._(
                "%(product)s has a discount of %(total)s %%, its share of the discount on the "
                "whole order included; at most %(threshold)s %% may be given.",
                **figures,
            )
        else:
            reason = self.env._(
                "%(product)s has a discount of %(total)s %%; at most %(threshold)s %% may be "
                "given.",
                **figures,
            )
        return self._with_others(reason, len(above) - 1)

    @api.model
    def _with_others(self, reason, count):
        """``reason``, and how many more lines it is true of."""
        if not count:
            return reason
        if count == 1:
            return self.env._("%(reason)s So is one more line.", reason=reason)
        return self.env._("%(reason)s So are %(count)s more lines.", reason=reason, count=count)
