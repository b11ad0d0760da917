from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .hold_common import HoldRuleCommon


@tagged("post_install", "-at_install")
class TestHoldKindsDomain(HoldRuleCommon):
    """The rule with a free condition on the order."""

    def test_orders_that_meet_the_condition_fail(self):
        self._new_rule("domain", name="Big ones", order_domain="[('amount_total', '>', 500)]")
        small, big = self._new_order(amount=100.0), self._new_order(amount=600.0)
        self.assertEqual(list(self._reasons(small | big)), big.ids)
        self._assert_fails(big, "Big ones")
        big.order_line.price_unit = 400.0
        self._assert_passes(big)

    def test_the_condition_may_name_the_user_and_the_day(self):
        self._new_rule(
            "domain",
            order_domain="[('user_id', '=', uid), ('date_order', '>=', context_today())]",
        )
        order = self._new_order()
        self._assert_passes(order)
        rules = self.env["o2c.hold.rule"].with_user(self.salesperson)
        self.assertIn(order.id, rules._evaluate(order.with_user(self.salesperson)))

    def test_an_archived_customer_is_found(self):
        self._new_rule("domain", order_domain="[('partner_id.name', 'ilike', 'harbour')]")
        order = self._new_order()
        self.customer.active = False
        self._assert_fails(order)

    def test_a_confirmed_order_is_looked_at_too(self):
        rule = self._new_rule("domain", order_domain="[('amount_total', '>', 500)]")
        order = self._new_order(amount=600.0)
        order.action_confirm()
        self._assert_fails(order, rule=rule)

    def test_a_bad_condition_is_refused(self):
        for condition in (
            False,
            " ",
            "x",
            "[('no_such_field', '=', 1)]",
            "[('amount_total', 'no such operator', 1)]",
            "[('amount_total', '=', ",
            "__import__('os')",
            "[('date_order', '>', 'yesterday afternoon')]",
            "[('partner_id', '=', uid.env)]",
        ):
            with self.subTest(condition), self.assertRaises(ValidationError):
                self._new_rule("domain", order_domain=condition)

    def test_a_condition_on_what_its_author_may_not_read_is_refused(self):
        rules = self.env["o2c.hold.rule"].with_user(self.credit_manager)
        with self.assertRaises(ValidationError):
            rules.create({
                "name": "Spy",
                "kind": "domain",
                "order_domain": "[('user_id.totp_secret', 'like', 'A%')]",
            })

    def test_a_condition_that_broke_since_holds_and_says_so(self):
        rule = self._new_rule("domain", order_domain="[]")
        self.env.flush_all()
        self.cr.execute(
            "UPDATE o2c_hold_rule SET order_domain = %s WHERE id = %s",
            ["[('gone', '=', 1)]", rule.id],
        )
        self.env.invalidate_all()
        self._assert_fails(self._new_order(), "no longer be used")
