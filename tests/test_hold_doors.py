from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import HttpCase, tagged

from odoo.addons.account_payment.tests.common import AccountPaymentCommon

from .common import O2cCommon


class DoorsCommon(O2cCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls.env.ref("order_to_cash.hold_rule_credit_limit")
        cls.rule.effect = "hold_order"
        cls.credit = cls.env["o2c.credit.account"]._get_or_create(cls.customer, cls.company)
        cls.credit.credit_limit = 1000.0

    def _release(self, order):
        order.o2c_hold_ids._decidable().with_user(self.credit_manager).action_release(note="Fine")


@tagged("post_install", "-at_install")
class TestHoldDoors(DoorsCommon):
    def test_writing_the_state_is_refused_where_the_button_would_hold(self):
        order = self._new_order(amount=1100.0)
        for context in ({}, {"install_mode": True, "tracking_disable": True}):
            with self.assertRaisesRegex(UserError, "1,000.00"):
                order.with_context(**context).write({"state": "sale"})
        self.assertEqual(order.state, "draft")
        order.order_line.price_unit = 900.0
        order.write({"state": "sale"})
        self.assertEqual(order.state, "sale")

    def test_creating_a_confirmed_order_is_refused_where_the_button_would_hold(self):
        with self.assertRaises(UserError):
            self._new_order(amount=1100.0, state="sale")
        with self.assertRaises(UserError):
            self.env["sale.order"].with_context(default_state="sale").create({
                "partner_id": self.customer.id,
                "order_line": [Command.create({"product_id": self.service.id, "price_unit": 5000.0})],
            })
        self.assertEqual(self._new_order(amount=900.0, state="sale").state, "sale")

    def test_a_warning_is_noted_at_every_door(self):
        self.rule.effect = "warn"
        written = self._new_order(amount=1100.0)
        written.write({"state": "sale"})
        created = self._new_order(amount=1100.0, state="sale")
        for order in (written, created):
            self.assertEqual((order.state, order.o2c_hold_state), ("sale", "warned"))

    def test_the_state_written_where_credit_control_is_off(self):
        self.company.o2c_use_credit = False
        order = self._new_order(amount=1100.0)
        order.write({"state": "sale"})
        self.assertEqual(order.state, "sale")

    def test_what_modules_loaded_later_do_sees_confirmed_orders_only(self):
        """As event_sale does: it acts on all orders it was called with, after ``super()``."""
        held, free = self._new_order(amount=1100.0), self._new_order(amount=100.0)
        Order = self.env.registry["sale.order"]
        checked = Order.action_confirm
        seen = []

        def later(orders):
            result = checked.o2c_origin(orders)
            seen.append((orders, orders.mapped("state")))
            return result

        self.assertTrue(hasattr(checked, "o2c_origin"), "the check is outermost")
        del Order.action_confirm
        self.addCleanup(setattr, Order, "action_confirm", checked)
        Order.action_confirm = later
        self.env["sale.order"]._register_hook()
        (held | free).action_confirm()
        self.assertEqual(seen, [(free, ["sale"])])
        self.assertEqual((held.state, held.o2c_hold_state), ("draft", "held"))

    def test_the_registry_is_left_as_it_was(self):
        Order = self.env.registry["sale.order"]
        wrapped = Order.action_confirm
        self.addCleanup(setattr, Order, "action_confirm", wrapped)
        self.env["sale.order"]._unregister_hook()
        self.assertFalse(hasattr(Order.action_confirm, "o2c_origin"))
        order = self._new_order(amount=1100.0)
        order.action_confirm()
        self.assertEqual(order.state, "draft", "checked without the wrapper, too")
        self.env["sale.order"]._register_hook()
        self.env["sale.order"]._register_hook()
        self.assertFalse(hasattr(Order.action_confirm.o2c_origin, "o2c_origin"))

    def test_a_failing_confirmation_leaves_no_open_door(self):
        order = self._new_order(amount=100.0)
        with (
            patch.object(type(order), "_action_confirm", side_effect=UserError("Broken")),
            self.assertRaises(UserError),
        ):
            order.action_confirm()
        order.invalidate_recordset()
        self.assertFalse(self.env["sale.order"]._o2c_confirming())

    def test_the_mail_that_was_skipped_follows_the_release(self):
        order = self._new_order(amount=1100.0)
        Order = self.env.registry["sale.order"]
        with patch.object(Order, "_send_order_confirmation_mail", autospec=True) as mail:
            order._validate_order()
            self.assertEqual(order.o2c_hold_state, "held")
            mail.assert_not_called()
            self.assertEqual(order._o2c_portal_state(), "review")
            self._release(order)
            order.action_confirm()
            self.assertEqual(order.state, "sale")
            mail.assert_called_once()
        self.assertFalse(order.o2c_confirmation_pending)
        self.assertEqual(order._o2c_portal_state(), "")

    def test_no_mail_follows_where_none_was_due(self):
        order = self._new_order(amount=1100.0)
        with patch.object(
            self.env.registry["sale.order"], "_send_order_confirmation_mail", autospec=True
        ) as mail:
            order.action_confirm()
            self._release(order)
            order.action_confirm()
            mail.assert_not_called()


@tagged("post_install", "-at_install")
class TestHoldPayment(AccountPaymentCommon, DoorsCommon):
    def _transaction(self, order, amount=None, state="done"):
        return self.env["payment.transaction"].create({
            "payment_method_id": self.pm_unknown.id,
            "provider_id": self.provider.id,
            "amount": amount or sum(order.mapped("amount_total")),
            "currency_id": order.currency_id.id,
            "partner_id": order.partner_id.id,
            "reference": " ".join(["TX", *order.mapped("name")]),
            "operation": "online_redirect",
            "sale_order_ids": [Command.set(order.ids)],
            "state": state,
        })

    def _hold_by_value(self, amount):
        self.env["o2c.hold.rule"].create({
            "name": "Large",
            "kind": "order_value",
            "effect": "hold_order",
            "threshold_amount": amount,
        })

    def test_a_held_paid_order_is_not_reported_as_confirmed(self):
        self.env["ir.config_parameter"].sudo().set_param("sale.automatic_invoice", "True")
        self._hold_by_value(50.0)
        order = self._new_order(amount=100.0)
        transaction = self._transaction(order)
        Order = self.env.registry["sale.order"]
        with (
            patch.object(Order, "_send_order_confirmation_mail", autospec=True) as confirmed,
            patch.object(Order, "_send_payment_succeeded_for_order_mail", autospec=True) as paid,
        ):
            transaction._post_process()
            transaction.is_post_processed = True
            confirmed.assert_not_called()
            self.assertEqual(paid.call_args.args[0], order)
        self.assertEqual((order.state, order.o2c_hold_state), ("draft", "held"))
        self.assertFalse(order.invoice_ids)
        self._release(order)
        with patch.object(self.env.registry["payment.transaction"], "_send_invoice") as sent:
            order.action_confirm()
            sent.assert_called_once()
        self.assertEqual(order.state, "sale")
        invoice = order.invoice_ids
        self.assertEqual((invoice.state, invoice.amount_total), ("posted", 100.0))
        self.assertIn(invoice.payment_state, ("paid", "in_payment"))

    def test_a_confirmed_payment_counts_before_it_is_booked(self):
        order = self._new_order(amount=1500.0)
        transaction = self._transaction(order, 600.0)
        order.action_confirm()
        self.assertEqual(order.state, "sale", "900 of 1,000 are on credit")
        transaction._post_process()
        self.assertTrue(transaction.payment_id)
        self.credit.invalidate_recordset()
        self.assertEqual(self.credit.exposure, 900.0, "booked, it counts once")

    def test_a_payment_for_several_orders_counts_once(self):
        first, second = orders = self._new_order(amount=1500.0) | self._new_order(amount=500.0)
        self._transaction(orders, 600.0)
        self.assertEqual(
            orders._o2c_confirmed_payments(), {first.id: (450.0, 0.0), second.id: (150.0, 0.0)}
        )
        self.assertEqual(first._o2c_confirmed_payments(), {first.id: (450.0, 0.0)})
        first.action_confirm()
        self.assertEqual(first.state, "draft", "1,050 of 1,000 would be on credit")
        second.action_confirm()
        self.assertEqual(second.state, "sale")

    def test_what_is_open_of_each_order_is_paid(self):
        first, second = orders = self._new_order(amount=600.0) | self._new_order(amount=400.0)
        self._transaction(first)
        self._transaction(orders, 400.0)
        self.assertEqual(
            second._o2c_confirmed_payments(), {second.id: (400.0, 0.0)}, "the first is paid"
        )
        cancelled = self._new_order(amount=1000.0)
        third = self._new_order(amount=1000.0)
        self._transaction(cancelled | third, 800.0)
        cancelled._action_cancel()
        self.assertEqual(third._o2c_confirmed_payments(), {third.id: (800.0, 0.0)})

    def test_a_payment_that_is_not_confirmed_counts_nothing(self):
        for state in ("draft", "pending", "cancel", "error"):
            order = self._new_order(amount=1500.0)
            self._transaction(order, state=state)
            order.action_confirm()
            self.assertEqual((order.state, order.o2c_hold_state), ("draft", "held"), state)

    def test_who_pays_in_advance_needs_a_payment(self):
        self.credit.limit_mode = "prepay"
        unpaid, paid = self._new_order(amount=100.0), self._new_order(amount=100.0)
        self._transaction(paid)
        (unpaid | paid).action_confirm()
        self.assertEqual((unpaid | paid).mapped("state"), ["draft", "sale"])


@tagged("post_install", "-at_install")
class TestHoldPortal(DoorsCommon, HttpCase):
    def _sign(self, order):
        self.make_jsonrpc_request(
            f"/my/orders/{order.id}/accept",
            {
                "access_token": order._portal_ensure_token(),
                "name": "Ada",
                "signature": "R0lGODlhAQABAAD/ACwAAAAAAQABAAACADs=",
            },
        )

    def test_a_customer_who_signs_sees_that_the_order_is_under_review(self):
        order = self._new_order(amount=1100.0, require_signature=True, require_payment=False)
        order.action_quotation_sent()
        self._sign(order)
        self.assertEqual((order.state, order.o2c_hold_state), ("sent", "held"))
        page = self.url_open(order.get_portal_url()).text
        self.assertIn("reviewing it", page)
        content = page.split("<main", 1)[-1].split("</main>")[0].lower()
        for secret in ("1,000.00", "credit", "limit"):
            self.assertNotIn(secret, content)
        self._release(order)
        order.action_confirm()
        self.assertNotIn("reviewing it", self.url_open(order.get_portal_url()).text)

    def test_the_lists_of_a_portal_customer_show_the_state(self):
        self.env["res.users"].create({
            "name": "Porter",
            "login": "porter",
            "password": "porter12",
            "partner_id": self.customer.id,
            "group_ids": [Command.set(self.env.ref("base.group_portal").ids)],
        })
        quotation = self._new_order(amount=1100.0)
        quotation.message_subscribe(self.customer.ids)
        quotation.action_quotation_sent()
        quotation._validate_order()
        order = self._new_order(amount=100.0, product=self.goods)
        order.message_subscribe(self.customer.ids)
        order.action_confirm()
        self.authenticate("porter", "porter12")
        self.assertIn("Under review", self.url_open("/my/quotes").text)
        self.assertNotIn("Under review", self.url_open("/my/orders").text)
        order.action_o2c_hold("Proof is missing")
        self.assertIn("Under review", self.url_open("/my/orders").text)
