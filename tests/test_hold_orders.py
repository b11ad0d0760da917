from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import html2plaintext

from .common import O2cCommon


@tagged("post_install", "-at_install")
class TestHoldOrders(O2cCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls.env.ref("order_to_cash.hold_rule_credit_limit")
        cls.rule.effect = "hold_order"
        cls._limit(cls.customer, 1000.0)

    @classmethod
    def _limit(cls, partner, amount):
        account = cls.env["o2c.credit.account"]._get_or_create(partner, cls.company)
        account.credit_limit = amount
        return account

    def test_an_order_within_the_limit_confirms(self):
        order = self._new_order(amount=1000.0)
        order.action_confirm()
        self.assertEqual(order.state, "sale")
        self.assertEqual(order.o2c_hold_state, "none")
        self.assertFalse(order.o2c_hold_ids)

    def test_an_order_over_the_limit_stays_a_quotation_with_the_figures(self):
        self._new_invoice(amount=400.0)
        order = self._new_order(amount=700.0)
        result = order.action_confirm()
        self.assertEqual(order.state, "draft")
        self.assertEqual(order.o2c_hold_state, "held")
        hold = order.o2c_hold_ids
        self.assertRecordValues(hold, [{
            "kind": "credit_limit",
            "effect": "hold_order",
            "state": "active",
            "exposure": 400.0,
            "order_amount": 700.0,
            "credit_limit": 1000.0,
            "partner_id": self.customer.id,
            "rule_id": self.rule.id,
        }])
        self.assertIn("100.00", hold.reason)
        self.assertIn("1,100.00", hold.reason)
        self.assertEqual(result["tag"], "display_notification")
        self.assertIn(hold.reason, html2plaintext(order.message_ids[0].body))
        self.assertTrue(order.message_ids[0].is_internal)

    def test_confirming_again_does_not_hold_twice(self):
        order = self._new_order(amount=1100.0)
        order.action_confirm()
        order.order_line.price_unit = 1200.0
        order.action_confirm()
        self.assertEqual(len(order.o2c_hold_ids), 1)
        self.assertEqual(order.o2c_hold_ids.order_amount, 1200.0)

    def test_a_warning_lets_the_order_pass(self):
        self.rule.effect = "warn"
        order = self._new_order(amount=1100.0)
        order.action_confirm()
        self.assertEqual(order.state, "sale")
        self.assertEqual(order.o2c_hold_state, "warned")

    def test_switched_off_nothing_is_checked(self):
        self.company.o2c_use_credit = False
        order = self._new_order(amount=1100.0)
        order.action_confirm()
        self.assertEqual(order.state, "sale")
        self.assertFalse(order.o2c_hold_ids)

    def test_switched_off_a_held_order_confirms_and_leaves_the_worklist(self):
        order = self._new_order(amount=1100.0)
        order.action_confirm()
        self.company.o2c_use_credit = False
        order.action_confirm()
        self.assertEqual(order.state, "sale")
        self.assertEqual(order.o2c_hold_state, "none")
        self.assertEqual(order.o2c_hold_ids.state, "cleared")

    def test_of_several_orders_those_that_fit_together_confirm(self):
        orders = self.env["sale.order"].union(
            *(self._new_order(amount=amount) for amount in (600.0, 600.0, 400.0))
        )
        other = self._new_order(self.other_customer, amount=5000.0)
        (orders | other).action_confirm()
        self.assertEqual((orders | other).mapped("state"), ["sale", "draft", "sale", "sale"])

    def test_the_limit_of_the_payer_counts(self):
        self.other_customer.o2c_payer_id = self.customer
        order = self._new_order(self.other_customer, amount=1100.0)
        order.action_confirm()
        self.assertEqual(order.o2c_hold_state, "held")

    def test_the_limit_in_odoo_counts_without_an_account(self):
        self.other_customer.credit_limit = 50.0
        order = self._new_order(self.other_customer, amount=100.0)
        order.action_confirm()
        self.assertEqual(order.o2c_hold_state, "held")

    def test_a_tolerance_is_a_part_of_the_limit(self):
        self.rule.threshold_percent = 10.0
        within, over = self._new_order(amount=1100.0), self._new_order(amount=1100.01)
        (within | over).action_confirm()
        self.assertEqual(within.state, "sale")
        self.assertEqual(over.state, "draft")

    def test_a_released_order_confirms(self):
        order = self._new_order(amount=1100.0)
        order.action_confirm()
        hold = order.o2c_hold_ids.with_user(self.credit_manager)
        hold.action_release(note="Paid in advance")
        self.assertRecordValues(hold, [{
            "state": "released",
            "decision_note": "Paid in advance",
            "decided_by_id": self.credit_manager.id,
            "approved_amount": 1100.0,
        }])
        self.assertEqual(order.o2c_hold_state, "released")
        order.with_user(self.salesperson).action_confirm()
        self.assertEqual(order.state, "sale")

    def test_the_dialog_releases_and_confirms_in_one_go(self):
        orders = self._new_order(amount=1100.0) | self._new_order(amount=1200.0)
        orders.action_confirm()
        action = orders.with_user(self.credit_manager).action_o2c_decide()
        self.env[action["res_model"]].with_user(self.credit_manager).with_context(
            action["context"]
        ).create({"note": "Insured"}).action_release_and_confirm()
        self.assertEqual(orders.mapped("state"), ["sale", "sale"])

    def test_the_salesperson_is_told_of_the_decision(self):
        order = self._new_order(amount=1100.0)
        order.action_confirm()
        order.o2c_hold_ids.with_user(self.credit_manager).action_reject(note="Bankrupt")
        message = order.message_ids[0]
        self.assertIn("Bankrupt", message.body)
        self.assertIn(self.salesperson.partner_id, message.notified_partner_ids)
        self.assertTrue(message.subtype_id.internal)

    def test_of_several_orders_the_salesperson_is_told_by_one_message(self):
        orders = self.env["sale.order"].union(*(
            self._new_order(amount=1100.0 + i) for i in range(3)
        ))
        others = self._new_order(amount=1500.0, user_id=self.other_salesperson.id)
        own = self._new_order(amount=1600.0, user_id=self.credit_manager.id)
        (orders | others | own).action_confirm()
        holds = (orders | others | own).o2c_hold_ids
        before = self.env["mail.message"].sudo().search([], order="id desc", limit=1).id
        holds.with_user(self.credit_manager).action_reject(note="Bankrupt")
        for order in orders | others | own:
            self.assertIn("Bankrupt", order.message_ids[0].body)
            self.assertTrue(order.message_ids[0].subtype_id.internal)
        told = self.env["mail.message"].sudo().search([
            ("id", ">", before), ("notified_partner_ids", "=", self.salesperson.partner_id.id)
        ])
        self.assertEqual(len(told), 1)
        self.assertEqual(told.author_id, self.credit_manager.partner_id)
        for order in orders:
            self.assertIn(order.name, told.body)
        self.assertNotIn(others.name, told.body)
        self.assertIn(
            self.other_salesperson.partner_id, others.message_ids[0].notified_partner_ids
        )
        self.assertFalse(own.message_ids[0].notified_partner_ids)

    def test_statements_of_a_decision_do_not_grow_with_its_orders(self):
        counts = []
        for number in (2, 2, 10):
            orders = self.env["sale.order"].union(*(
                self._new_order(amount=1100.0) for __ in range(number)
            ))
            orders.action_confirm()
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            orders.o2c_hold_ids.with_user(self.credit_manager).action_reject(note="No")
            self.env.flush_all()
            counts.append(self.cr.sql_log_count - before)
        self.assertLessEqual(counts[2], counts[1] + 3)

    def test_an_increase_above_the_approved_amount_holds_again(self):
        order = self._new_order(amount=1100.0)
        order.action_confirm()
        order.o2c_hold_ids.with_user(self.credit_manager).action_release(
            note="Up to 1,500", approved_amount=1500.0
        )
        order.order_line.price_unit = 1500.01
        order.action_confirm()
        self.assertEqual(order.o2c_hold_state, "held")
        order.order_line.price_unit = 1500.0
        order.action_confirm()
        self.assertEqual(order.state, "sale")

    def test_an_expired_release_is_no_release(self):
        order = self._new_order(amount=1100.0)
        order.action_confirm()
        hold = order.o2c_hold_ids.with_user(self.credit_manager)
        hold.action_release(note="This week only", expires_on=fields.Date.today())
        hold.sudo().expires_on = fields.Date.today() - timedelta(days=1)
        order.action_confirm()
        self.assertEqual(order.o2c_hold_state, "held")

    def test_a_rejected_order_stays_a_quotation_until_it_fits(self):
        order = self._new_order(amount=1100.0)
        order.action_confirm()
        order.o2c_hold_ids.with_user(self.credit_manager).action_reject(note="No")
        order.action_confirm()
        self.assertEqual(order.state, "draft")
        self.assertEqual(order.o2c_hold_state, "rejected")
        self.assertIn("No", order.o2c_hold_message)
        order.order_line.price_unit = 900.0
        order.action_confirm()
        self.assertEqual(order.state, "sale")

    def test_a_rejection_can_be_released_after_all(self):
        order = self._new_order(amount=1100.0)
        order.action_confirm()
        hold = order.o2c_hold_ids.with_user(self.credit_manager)
        hold.action_reject(note="No")
        self.assertTrue(order.with_user(self.credit_manager).o2c_can_decide)
        self.assertEqual(hold.action_decide()["context"]["default_hold_ids"], hold.ids)
        with self.assertRaises(UserError):
            hold.action_reject(note="No, again")
        hold.action_release(note="They have sent a guarantee")
        self.assertEqual(order.o2c_hold_state, "released")
        order.action_confirm()
        self.assertEqual(order.state, "sale")

    def test_a_decision_needs_a_reason_a_sensible_amount_and_date(self):
        order = self._new_order(amount=1100.0)
        order.action_confirm()
        hold = order.o2c_hold_ids.with_user(self.credit_manager)
        yesterday = fields.Date.today() - timedelta(days=2)
        for error, call in [
            (UserError, lambda: hold.action_release(note=" ")),
            (UserError, hold.action_reject),
            (ValidationError, lambda: hold.action_release(note="x", approved_amount=-1.0)),
            (ValidationError, lambda: hold.action_release(note="x", approved_amount=float("nan"))),
            (ValidationError, lambda: hold.action_release(note="x", approved_amount="all")),
            (ValidationError, lambda: hold.action_release(note="x", expires_on=yesterday)),
        ]:
            with self.assertRaises(error):
                call()
        self.assertEqual(hold.state, "active")
        hold.action_release(note="Fine")
        with self.assertRaises(UserError):
            hold.action_reject(note="Changed my mind")

    def test_a_payment_clears_the_hold_when_checked_again(self):
        invoice = self._new_invoice(amount=400.0)
        order = self._new_order(amount=700.0)
        order.action_confirm()
        self._pay(invoice)
        order.o2c_hold_ids.action_reevaluate()
        self.assertEqual(order.o2c_hold_ids.state, "cleared")
        self.assertEqual(order.o2c_hold_state, "none")
        order.action_confirm()
        self.assertEqual(order.state, "sale")

    def test_the_day_step_clears_what_no_longer_fails(self):
        order = self._new_order(amount=1100.0)
        still = self._new_order(amount=2000.0)
        (order | still).action_confirm()
        self._limit(self.customer, 1500.0)
        [step] = [
            step
            for step in self.env["o2c.daily.step"].steps(self.company)
            if step.key == "hold"
        ]
        self.assertTrue(step.run(self.company))
        self.assertEqual(order.o2c_hold_state, "none")
        self.assertEqual(still.o2c_hold_state, "held")

    def test_cancelling_leaves_nothing_to_decide(self):
        order = self._new_order(amount=1100.0)
        order.action_confirm()
        order.with_user(self.salesperson).action_cancel()
        self.assertEqual(order.o2c_hold_ids.state, "cleared")
        self.assertEqual(order.o2c_hold_state, "none")

    def test_the_quotation_says_beforehand_that_it_would_be_held(self):
        order = self._new_order(amount=1100.0)
        self.assertIn("1,100.00", order.o2c_hold_message)
        self.assertEqual(order.o2c_hold_state, "none")
        self.assertFalse(self._new_order(amount=10.0).o2c_hold_message)

    def test_the_banner_names_who_can_release(self):
        order = self._new_order(amount=1100.0)
        order.action_confirm()
        self.rule.approver_ids = self.credit_manager
        order.invalidate_recordset()
        self.assertIn(self.credit_manager.name, order.o2c_hold_message)

    def test_order_value_rule_and_its_scope(self):
        rule = self.env["o2c.hold.rule"].create({
            "name": "Large orders",
            "kind": "order_value",
            "effect": "hold_order",
            "threshold_amount": 500.0,
            "partner_ids": self.other_customer.ids,
        })
        order = self._new_order(self.other_customer, amount=500.01)
        exempt = self._new_order(amount=500.01)
        (order | exempt).action_confirm()
        self.assertEqual(order.o2c_hold_ids.rule_id, rule)
        self.assertEqual(exempt.state, "sale")

    def test_each_failing_rule_makes_its_own_hold_and_all_must_be_released(self):
        self.env["o2c.hold.rule"].create({
            "name": "Large orders",
            "kind": "order_value",
            "effect": "hold_order",
            "threshold_amount": 500.0,
        })
        order = self._new_order(amount=1100.0)
        order.action_confirm()
        first, second = order.o2c_hold_ids.with_user(self.credit_manager)
        first.action_release(note="Fine")
        order.action_confirm()
        self.assertEqual(order.state, "draft")
        second.action_release(note="Fine too")
        order.action_confirm()
        self.assertEqual(order.state, "sale")

    def test_the_preview_counts_open_quotations_and_writes_nothing(self):
        self.company.o2c_use_credit = False
        before = self.env["o2c.hold.rule"].preview(self.company)
        self._new_order(amount=1100.0)
        self._new_order(amount=10.0)
        held, warned, total = self.env["o2c.hold.rule"].preview(self.company)
        self.assertEqual((held - before[0], warned - before[1], total - before[2]), (1, 0, 2))
        self.assertFalse(self.env["o2c.hold"].search([("partner_id", "=", self.customer.id)]))

    def test_a_rule_of_another_company_does_not_apply(self):
        other = self._new_company()
        self.rule.company_id = other
        order = self._new_order(amount=1100.0)
        order.action_confirm()
        self.assertEqual(order.state, "sale")

    def test_a_rule_of_the_root_company_applies_to_its_branches(self):
        self.rule.company_id = self.company
        branch = self.env["res.company"].create({"name": "B", "parent_id": self.company.id})
        self.assertTrue(branch.o2c_use_credit)
        order = self._new_order(amount=1100.0, company_id=branch.id)
        order.action_confirm()
        self.assertEqual(order.o2c_hold_state, "held")

    def test_orders_of_several_branches_share_the_limit(self):
        branches = self.env["res.company"].create([
            {"name": name, "parent_id": self.company.id} for name in ("North", "South")
        ])
        self.env.user.company_ids |= branches
        orders = self.env["sale.order"].union(*(
            self._new_order(amount=600.0, company_id=branch.id) for branch in branches
        ))
        orders.action_confirm()
        self.assertEqual(orders.mapped("state"), ["sale", "draft"])

    def test_a_rule_of_a_branch_leaves_the_others_alone(self):
        branch = self.env["res.company"].create({"name": "B", "parent_id": self.company.id})
        self.env.user.company_ids |= branch
        self.rule.company_id = branch
        here = self._new_order(amount=1100.0)
        there = self._new_order(amount=1200.0, company_id=branch.id)
        self.assertEqual(list(self.env["o2c.hold.rule"]._evaluate(here | there)), there.ids)

    def test_foreign_currency_is_compared_in_company_currency(self):
        euro = self.setup_other_currency("EUR", rates=[("1900-01-01", 0.5)])
        pricelist = self.env["product.pricelist"].create({"name": "EUR", "currency_id": euro.id})
        within = self._new_order(amount=500.0, pricelist_id=pricelist.id)
        over = self._new_order(amount=0.01, pricelist_id=pricelist.id)
        (within | over).action_confirm()
        self.assertEqual((within | over).mapped("state"), ["sale", "draft"])

    def test_statements_do_not_grow_with_the_orders_of_a_batch(self):
        counts = []
        for number in (1, 2, 8):
            orders = self.env["sale.order"].union(
                *(self._new_order(amount=1.0) for __ in range(number))
            )
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            orders._o2c_apply_evaluation()
            counts.append(self.cr.sql_log_count - before)
        self.assertEqual(*counts[1:], "the first only warms the caches")
