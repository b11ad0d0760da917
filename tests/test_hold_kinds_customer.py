from datetime import timedelta

from odoo import fields
from odoo.fields import Command
from odoo.tests import tagged

from .hold_common import HoldRuleCommon


@tagged("post_install", "-at_install")
class TestHoldKindsCustomer(HoldRuleCommon):
    """Rules on whom an order is for."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.branch = cls.env["res.company"].create({
            "name": "Branch",
            "parent_id": cls.company.id,
        })
        cls.env.user.company_ids |= cls.branch

    def _term(self, days):
        return self.env["account.payment.term"].create({
            "name": f"{days} Days",
            "line_ids": [Command.create({"value_amount": 100.0, "nb_days": days})],
        })

    def test_qualification(self):
        self._new_rule("qualification")
        self.env["o2c.qualification.type"].create([
            {"name": name, "is_mandatory": True} for name in ("Licence", "Insurance")
        ])
        kinds = self.env["o2c.qualification.type"].search([("name", "in", ("Licence", "Insurance"))])
        self.customer.o2c_customer_type = "distributor"
        order = self._new_order(self._contact())
        self._assert_fails(order, "missing", "Licence", "Insurance")
        yesterday = fields.Date.today() - timedelta(days=1)
        documents = self.env["o2c.qualification"].create([
            {"partner_id": self.customer.id, "type_id": kind.id, "expires_on": yesterday}
            for kind in kinds
        ])
        self._assert_fails(order, "expired", "Licence")
        documents.expires_on = fields.Date.today() + timedelta(days=400)
        self._assert_passes(order)

    def _contact(self):
        return self.env["res.partner"].create({"name": "Ann", "parent_id": self.customer.id})

    def test_payment_term(self):
        rule = self._new_rule("payment_term")
        self.customer.property_payment_term_id = self._term(30)
        same = self._new_order()
        longer = self._new_order(payment_term_id=self._term(60).id)
        shorter = self._new_order(payment_term_id=self._term(14).id)
        at_once = self._new_order(payment_term_id=False)
        reasons = self._reasons(same | longer | shorter | at_once)
        self.assertEqual(list(reasons), longer.ids)
        self.assertIn("60 Days is 30 days longer", reasons[longer.id][0])
        rule.threshold_days = 30
        self._assert_passes(longer)

    def test_a_customer_without_a_term_pays_at_once(self):
        self._new_rule("payment_term")
        self._assert_fails(self._new_order(payment_term_id=self._term(10).id), "10 days", "at once")
        self._assert_passes(self._new_order())

    def test_the_payment_term_is_that_in_the_company_of_the_order(self):
        self._new_rule("payment_term")
        self.customer.property_payment_term_id = self._term(30)
        other = self._new_company()
        term = self._term(30).id
        orders = self._new_order(payment_term_id=term) | self._new_order(
            payment_term_id=term, company_id=other.id
        )
        self.assertEqual(list(self._reasons(orders)), orders[1].ids)

    def test_first_order(self):
        self._new_rule("first_order")
        first, second = self._new_order(), self._new_order(self._contact())
        other = self._new_order(self.other_customer)
        self.assertEqual(list(self._reasons(first | second | other)), [first.id, other.id])
        self._assert_fails(second, "first order", "Harbour Supplies")
        first.action_confirm()
        self.assertEqual(first.o2c_hold_state, "warned")
        self._assert_passes(second)

    def test_the_second_order_is_the_first_when_the_first_is_held(self):
        self._new_rule("order_value", "hold_order", threshold_amount=500.0)
        rule = self._new_rule("first_order")
        large, small = self._new_order(amount=600.0), self._new_order()
        failures = self.env["o2c.hold.rule"]._evaluate(large | small)
        self.assertIn(rule.id, [failure.rule_id for failure in failures[small.id]])
        rule.effect = "hold_order"
        orders = self._new_order() | self._new_order()
        self.assertEqual(list(self._reasons(orders)), orders.ids)

    def test_an_order_of_a_branch_counts_and_one_of_another_company_does_not(self):
        self._new_rule("first_order")
        other = self._new_company()
        self._new_order(company_id=other.id).action_confirm()
        order = self._new_order()
        self._assert_fails(order, "first order")
        self._new_order(company_id=self.branch.id).action_confirm()
        self._assert_passes(order)

    def test_a_cancelled_order_is_no_first_order(self):
        self._new_rule("first_order")
        before = self._new_order()
        before.action_confirm()
        before._action_cancel()
        self._assert_fails(self._new_order(), "first order")

    def test_a_confirmed_order_does_not_fail_for_being_the_first(self):
        rule = self._new_rule("first_order", active=False)
        order = self._new_order()
        order.action_confirm()
        rule.active = True
        self._assert_passes(order)

    def test_a_delivery_held_for_being_the_first_order_stays_held(self):
        self._new_rule("first_order", "hold_delivery")
        order = self._new_order()
        order.action_confirm()
        self.assertEqual(order.state, "sale")
        self._assert_fails(order, "first order")
        self._assert_passes(self._new_order())
