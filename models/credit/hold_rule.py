from odoo import fields, models
from odoo.tools.misc import formatLang

from odoo.addons.order_to_cash.algorithms.credit import Request, over_limit
from odoo.addons.order_to_cash.algorithms.hold import Failure


class O2cHoldRule(models.Model):
    _inherit = "o2c.hold.rule"

    kind = fields.Selection(
        selection_add=[("credit_limit", "Credit limit exceeded")],
        ondelete={"credit_limit": "cascade"},
    )

    def _evaluate(self, orders):
        failures = super()._evaluate(orders)
        for rule, scoped in self._in_force(orders, "credit_limit"):
            refused = {key for key, found in failures.items() if any(f.blocks for f in found)}
            for order_id, failure in rule._credit_limit_failures(scoped, refused):
                failures.setdefault(order_id, []).append(failure)
        return failures

    def _credit_limit_failures(self, orders, refused):
        self.ensure_one()
        root = orders.company_id.root_id
        Account = self.env["o2c.credit.account"]
        debtors = {order.id: order._o2c_debtor() for order in orders}
        partners = orders.env["res.partner"].union(*debtors.values())
        limits = Account._limits(partners, root)
        limited = partners.filtered(lambda partner: limits[partner.id].is_finite)
        exposures = Account._get_exposure(limited, root, exclude_orders=orders)
        amounts = orders._o2c_amounts()
        currency = root.currency_id
        excesses = over_limit(
            [Request(order.id, debtors[order.id].id, amounts[order.id]) for order in orders],
            {partner_id: found.exposure for partner_id, found in exposures.items()},
            limits,
            tolerance_percent=self.threshold_percent,
            digits=currency.decimal_places,
            refused=refused if self.effect == "hold_order" else (),
        )
        for order_id, excess in excesses.items():
            yield (
                order_id,
                Failure(
                    rule_id=self.id,
                    kind=self.kind,
                    effect=self.effect,
                    order_amount=amounts[order_id],
                    exposure=excess.exposure,
                    credit_limit=excess.limit,
                    reason=self._credit_limit_reason(
                        debtors[order_id], amounts[order_id], excess, currency
                    ),
                ),
            )

    def _credit_limit_reason(self, debtor, amount, excess, currency):
        def money(value):
            return formatLang(self.env, value, currency_obj=currency)

        return self.env._(
            "%(customer)s has used %(exposure)s of its credit; this order of %(amount)s makes it "
            "%(total)s, %(excess)s above the credit limit of %(limit)s.",
            customer=debtor.name,
            exposure=money(excess.exposure),
            amount=money(amount),
            total=money(excess.exposure + amount),
            excess=money(excess.excess),
            limit=money(excess.limit),
        )
