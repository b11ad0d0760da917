from datetime import timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import O2cCommon


@tagged("post_install", "-at_install")
class TestManualHold(O2cCommon):
    def _release(self, holds):
        holds.with_user(self.credit_manager).action_release(note="Settled")

    def test_a_salesperson_puts_his_quotation_on_hold_and_cannot_release_it(self):
        order = self._new_order()
        order.with_user(self.salesperson).action_o2c_hold("Customer asks to wait")
        self.assertEqual(order.o2c_hold_state, "held")
        hold = order.o2c_hold_ids
        self.assertRecordValues(hold, [{"kind": "manual", "effect": "hold_order", "rule_id": False}])
        order.with_user(self.salesperson).action_confirm()
        self.assertEqual(order.state, "draft")
        self.assertEqual(len(order.o2c_hold_ids), 1)
        with self.assertRaises(AccessError):
            hold.with_user(self.salesperson).action_release(note="Go")
        self.assertIn("carla", order.o2c_hold_message)
        self._release(hold)
        order.action_confirm()
        self.assertEqual(order.state, "sale")

    def test_it_never_clears_by_itself(self):
        order = self._new_order()
        order.action_o2c_hold("Wait")
        order.o2c_hold_ids.action_reevaluate()
        self.env["o2c.hold"].reevaluate_open(self.company)
        self.assertEqual(order.o2c_hold_state, "held")

    def test_it_ends_after_its_last_day(self):
        today = self.company._o2c_today()
        order, later = self._new_order(), self._new_order()
        order.action_o2c_hold("Wait", until=today)
        later.action_o2c_hold("Wait", until=today + timedelta(days=1))
        self.env.cr.execute(
            "UPDATE o2c_hold SET until = %s WHERE id = %s",
            [today - timedelta(days=1), order.o2c_hold_ids.id],
        )
        order.o2c_hold_ids.invalidate_recordset()
        self.env["o2c.hold"].reevaluate_open(self.company)
        self.assertEqual(order.o2c_hold_state, "none")
        self.assertEqual(later.o2c_hold_state, "held")

    def test_bad_input_is_refused(self):
        order = self._new_order()
        with self.assertRaisesRegex(UserError, "needs a reason"):
            order.action_o2c_hold("  ")
        with self.assertRaisesRegex(UserError, "later one"):
            order.action_o2c_hold("Wait", until="2001-01-01")
        order.action_cancel()
        with self.assertRaisesRegex(UserError, "cancelled"):
            order.action_o2c_hold("Wait")
        self.company.o2c_use_credit = False
        with self.assertRaisesRegex(UserError, "switched off"):
            self._new_order().action_o2c_hold("Wait")
        self.assertFalse(order.o2c_hold_ids)

    def test_without_a_reason_a_dialog_asks_for_it(self):
        order = self._new_order()
        action = order.action_o2c_hold()
        self.assertEqual(action["res_model"], "o2c.hold.placement")
        reason = self.env.ref("order_to_cash.hold_reason_credit_proof")
        dialog = (
            self.env["o2c.hold.placement"]
            .with_user(self.salesperson)
            .with_context(**action["context"])
            .create({"reason_id": reason.id, "note": "the bank is slow"})
        )
        dialog.action_place()
        self.assertIn("the bank is slow", order.o2c_hold_ids.reason)

    def test_whoever_cannot_write_the_order_cannot_hold_it(self):
        order = self._new_order()
        with self.assertRaises(AccessError):
            order.with_user(self.other_salesperson).action_o2c_hold("Wait")

    def test_a_customer_on_hold_holds_open_and_new_orders(self):
        quotation = self._new_order()
        confirmed = self._new_order(product=self.goods)
        confirmed.action_confirm()
        stranger = self._new_order(self.other_customer)
        with self.assertRaises(AccessError):
            self.customer.with_user(self.salesperson).action_o2c_hold("Insolvent")
        self.customer.with_user(self.credit_manager).action_o2c_hold("Insolvent")
        self.assertTrue(self.customer.o2c_is_on_hold)
        self.assertEqual(quotation.o2c_hold_state, "held")
        self.assertEqual(confirmed.o2c_hold_state, "held")
        self.assertTrue(confirmed.picking_ids.o2c_is_held)
        new = self._new_order()
        (new | stranger).action_confirm()
        self.assertEqual((new.state, new.o2c_hold_state), ("draft", "held"))
        self.assertEqual(stranger.state, "sale")
        self.assertIn("Insolvent", new.o2c_hold_message)
        self._release(self.customer.o2c_hold_ids)
        self.assertFalse(self.customer.o2c_is_on_hold)
        self.assertEqual((quotation | confirmed | new).mapped("o2c_hold_state"), ["none"] * 3)
        new.action_confirm()
        self.assertEqual(new.state, "sale")

    def test_deliveries_alone_are_held(self):
        confirmed = self._new_order(product=self.goods)
        confirmed.action_confirm()
        self.customer.action_o2c_hold("Proof is missing", effect="hold_delivery")
        self.assertTrue(confirmed.picking_ids.o2c_is_held)
        new = self._new_order(product=self.goods)
        new.action_confirm()
        self.assertEqual((new.state, new.o2c_hold_state), ("sale", "held"))
        self.assertTrue(new.picking_ids.o2c_is_held)

    def test_one_order_of_a_held_customer_is_released(self):
        one, other = self._new_order(), self._new_order()
        self.customer.action_o2c_hold("Insolvent")
        self._release(one.o2c_hold_ids)
        (one | other).action_confirm()
        self.assertEqual((one | other).mapped("state"), ["sale", "draft"])

    def test_a_contact_of_the_customer_and_a_new_address_are_held_too(self):
        contact = self._new_customer("Branch", is_company=False, parent_id=self.customer.id)
        contact.action_o2c_hold("Insolvent")
        self.assertTrue(self.customer.o2c_is_on_hold)
        order = self._new_order(contact)
        order.action_confirm()
        self.assertEqual(order.o2c_hold_state, "held")

    def test_statements_do_not_grow_with_the_customers_put_on_hold(self):
        counts = []
        for number in (2, 2, 10):
            customers = self.env["res.partner"].union(*(
                self._new_customer(f"Doubtful {number} {i}") for i in range(number)
            ))
            orders = self.env["sale.order"].union(*map(self._new_order, customers))
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            customers.with_user(self.credit_manager).action_o2c_hold("Insolvent")
            self.env.flush_all()
            counts.append(self.cr.sql_log_count - before)
            self.assertEqual(set(orders.mapped("o2c_hold_state")), {"held"})
            self.assertEqual(len(orders.o2c_hold_ids), number)
        self.assertLessEqual(counts[2], counts[1] + 2)

    def test_each_of_several_customers_is_held_as_was_said_of_him(self):
        deliveries, all_orders = self._new_order(), self._new_order(self.other_customer)
        for order in deliveries | all_orders:
            order.action_confirm()
        quotation = self._new_order()
        self.env["o2c.hold"].place([
            {
                "reason": "Wait",
                "partner_id": customer.id,
                "company_id": self.company.id,
                "effect": effect,
            }
            for customer, effect in [
                (self.customer, "hold_delivery"), (self.other_customer, "hold_order")
            ]
        ])
        quotation_there = self._new_order(self.other_customer)
        self.assertFalse(quotation.o2c_hold_ids)
        (quotation | quotation_there).action_confirm()
        self.assertEqual(quotation.state, "sale")
        self.assertEqual(quotation_there.state, "draft")

    def test_another_company_is_not_concerned(self):
        other = self._new_company()
        other.o2c_use_credit = True
        self.customer.action_o2c_hold("Insolvent")
        order = (
            self.env["sale.order"]
            .with_company(other)
            .create({
                "partner_id": self.customer.id,
                "company_id": other.id,
                "order_line": [(0, 0, {"product_id": self.service.id, "tax_ids": [(5, 0, 0)]})],
            })
        )
        order.action_confirm()
        self.assertEqual(order.state, "sale")

    def test_the_flag_is_not_written_by_hand(self):
        self.customer.action_o2c_hold("Insolvent")
        user = self._new_user("connie", "base.group_partner_manager")
        with self.assertRaises(AccessError):
            self.customer.with_user(user).write({"o2c_is_on_hold": False})

    def test_nobody_is_told_what_he_must_not_see(self):
        self.customer.action_o2c_hold("Insolvent")
        order = self._new_order()
        order.action_confirm()
        message = order.message_ids[0]
        self.assertTrue(message.is_internal)
