"""More ways to a confirmed order or its goods that a reviewer tried."""

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import O2cCommon


@tagged("post_install", "-at_install")
class TestReviewDoors(O2cCommon):
    def setUp(self):
        super().setUp()
        self.env["o2c.hold.rule"].search([]).action_archive()
        self.rule = self.env["o2c.hold.rule"].create({
            "name": "Limit", "kind": "credit_limit", "effect": "hold_order",
        })
        self.account = self.env["o2c.credit.account"]._get_or_create(self.customer, self.company)
        self.account.credit_limit = 100.0

    def test_an_import_does_not_confirm(self):
        result = self.env["sale.order"].with_user(self.salesperson).load(
            ["partner_id/.id", "state", "order_line/product_id/.id", "order_line/price_unit"],
            [[str(self.customer.id), "sale", str(self.service.id), "500"]],
        )
        self.assertFalse(result["ids"])
        self.assertIn("credit limit", str(result["messages"]))

    def test_another_invoice_address_does_not_get_round_a_hold_on_the_customer(self):
        self.customer.action_o2c_hold("Fraud")
        order = self._new_order(partner_invoice_id=self.other_customer.id)
        order.with_user(self.salesperson).action_confirm()
        self.assertEqual((order.state, order.o2c_hold_state), ("draft", "held"))

    def test_a_held_customer_in_one_company_is_free_in_another(self):
        other = self._new_company()
        other.o2c_use_credit = True
        self.env.user.company_ids |= other
        self.customer.action_o2c_hold("Wait")
        order = self.env["sale.order"].with_company(other).create({
            "partner_id": self.customer.id, "company_id": other.id,
        })
        order.action_confirm()
        self.assertEqual(order.state, "sale")

    def test_a_cancelled_order_is_checked_when_it_comes_back(self):
        order = self._new_order(amount=90.0)
        order.action_confirm()
        order._action_cancel()
        self.account.credit_limit = 10.0
        with self.assertRaises(UserError):
            order.with_user(self.salesperson).state = "sale"
        order.action_draft()
        order.with_user(self.salesperson).action_confirm()
        self.assertEqual(order.o2c_hold_state, "held")

    def test_a_copy_takes_no_release_along(self):
        order = self._new_order(amount=500.0)
        order.action_confirm()
        order.o2c_hold_ids.with_user(self.credit_manager).action_release(note="Fine")
        copy = order.with_user(self.salesperson).copy()
        self.assertEqual(copy.o2c_hold_state, "none")
        copy.action_confirm()
        self.assertEqual((copy.state, copy.o2c_hold_state), ("draft", "held"))
