from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .common import O2cCommon


@tagged("post_install", "-at_install")
class TestHoldAccess(O2cCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls.env.ref("order_to_cash.hold_rule_credit_limit")
        cls.rule.effect = "hold_order"
        cls.account = cls.env["o2c.credit.account"]._get_or_create(cls.customer, cls.company)
        cls.account.credit_limit = 100.0
        cls.customer.user_id = cls.salesperson
        cls.order = cls._new_order(amount=200.0)
        cls.order.with_user(cls.salesperson).action_confirm()
        cls.hold = cls.order.o2c_hold_ids

    def _visible(self, record, user):
        return bool(self.env[record._name].with_user(user).search([("id", "in", record.ids)]))

    def test_a_salesperson_confirms_without_reading_receivables(self):
        self.assertEqual(self.order.o2c_hold_state, "held")
        order = self.order.with_user(self.salesperson)
        order.invalidate_recordset()
        self.assertIn("200.00", order.o2c_hold_message)
        self.assertFalse(order.o2c_can_decide)

    def test_whoever_reads_the_order_reads_why_it_is_held(self):
        user = self._new_user("alma", "sales_team.group_sale_salesman_all_leads")
        self.assertFalse(self._visible(self.hold, user))
        self.order.invalidate_recordset()
        self.assertIn("200.00", self.order.with_user(user).o2c_hold_message)

    def test_salespeople_see_their_own_holds_and_accounts_only(self):
        for record in (self.hold, self.account):
            self.assertTrue(self._visible(record, self.salesperson))
            self.assertFalse(self._visible(record, self.other_salesperson))
            self.assertTrue(self._visible(record, self.credit_manager))

    def test_only_approvers_decide(self):
        for user in (self.salesperson, self.collector):
            with self.assertRaises(AccessError):
                self.hold.with_user(user).action_release(note="Please")
            with self.assertRaises(AccessError):
                self.hold.with_user(user).action_reject(note="Please")
        self.assertEqual(self.hold.state, "active")

    def test_a_named_approver_decides_and_the_group_does_not(self):
        self.rule.approver_ids = self.other_salesperson
        with self.assertRaises(AccessError):
            self.hold.with_user(self.credit_manager).action_release(note="Fine")
        self.assertTrue(self._visible(self.hold, self.other_salesperson))
        self.hold.with_user(self.other_salesperson).action_release(note="Fine")
        self.assertEqual(self.hold.state, "released")

    def test_nobody_writes_a_hold(self):
        for user in (self.salesperson, self.credit_manager, self.o2c_manager):
            hold = self.hold.with_user(user)
            with self.assertRaises(AccessError):
                hold.write({"state": "released"})
            with self.assertRaises(AccessError):
                hold.unlink()
            with self.assertRaises(AccessError):
                self.order.with_user(user).write({
                    "o2c_hold_ids": [Command.update(hold.id, {"state": "released"})]
                })

    def test_the_hold_state_written_by_hand_lets_nothing_pass(self):
        with self.assertRaises(AccessError):
            self.order.with_user(self.salesperson).write({"o2c_hold_state": "none"})
        self.order.with_user(self.salesperson).action_confirm()
        self.assertEqual(self.order.state, "draft")

    def test_no_context_key_lets_an_order_pass(self):
        order = self.order.with_user(self.salesperson).with_context(
            install_mode=True, tracking_disable=True, o2c_hold=False, skip_o2c=True, no_check=True
        )
        order.action_confirm()
        self.assertEqual(self.order.state, "draft")

    def test_only_credit_managers_set_limits_and_rules(self):
        with self.assertRaises(AccessError):
            self.account.with_user(self.salesperson).credit_limit = 10_000.0
        with self.assertRaises(AccessError):
            self.rule.with_user(self.salesperson).effect = "warn"
        with self.assertRaises(AccessError):
            self.rule.with_user(self.collector).effect = "warn"
        self.account.with_user(self.credit_manager).credit_limit = 10_000.0
        self.assertEqual(self.customer.credit_limit, 10_000.0)
        self.rule.with_user(self.credit_manager).effect = "warn"

    def test_salespeople_see_the_exposure_of_their_own_customers_only(self):
        self._new_invoice(amount=50.0)
        for user, expected in [
            (self.salesperson, 50.0),
            (self.other_salesperson, 0.0),
            (self.credit_manager, 50.0),
        ]:
            self.customer.invalidate_recordset()
            self.assertEqual(self.customer.with_user(user).o2c_exposure, expected)

    def test_portal_users_read_no_hold(self):
        portal = new_test_user(
            self.env, login="porter", groups="base.group_portal", partner_id=self.customer.id
        )
        with self.assertRaises(AccessError):
            self.hold.with_user(portal).read(["reason"])
        order = self.order.with_user(portal)
        for name in ("o2c_hold_ids", "o2c_hold_message"):
            with self.assertRaises(AccessError):
                order.read([name])
        self.assertFalse(
            order.message_ids.filtered(lambda message: "limit" in (message.body or ""))
        )

    def test_companies_do_not_see_each_others_holds_and_accounts(self):
        other = self._new_company()
        stranger = self._new_user("sven", "order_to_cash.group_manager", other)
        self.assertFalse(self._visible(self.hold, stranger))
        self.assertFalse(self._visible(self.account, stranger))
        with self.assertRaises(AccessError):
            self.hold.with_user(stranger).action_release(note="Fine")

    def test_everybody_finds_what_is_his_to_decide(self):
        def mine(user):
            return self.env["o2c.hold"].with_user(user).search([("can_decide", "=", True)])

        self.assertIn(self.hold, mine(self.credit_manager))
        self.assertNotIn(self.hold, mine(self.salesperson))
        self.rule.approver_ids = self.other_salesperson
        self.assertIn(self.hold, mine(self.other_salesperson))
        self.assertNotIn(self.hold, mine(self.credit_manager))

    def test_holds_are_found_by_who_may_release_them(self):
        Hold = self.env["o2c.hold"].with_user(self.credit_manager)
        by_hand = self._new_order(self.other_customer)
        by_hand.action_o2c_hold("Wait")
        by_hand = by_hand.o2c_hold_ids
        self.rule.approver_ids = self.other_salesperson
        self.assertEqual(self.hold.approver_ids, self.other_salesperson)
        self.assertIn(self.credit_manager, by_hand.approver_ids)
        for operator, value, expected in [
            ("in", self.other_salesperson.ids, self.hold),
            ("in", self.credit_manager.ids, by_hand),
            ("in", (self.credit_manager | self.other_salesperson).ids, self.hold | by_hand),
            ("=", self.collector.id, Hold),
            ("ilike", "otto", self.hold),
            ("ilike", "carla", by_hand),
            ("any", [("login", "=", "otto")], self.hold),
            ("not in", self.other_salesperson.ids, by_hand),
        ]:
            with self.subTest(operator=operator, value=value):
                domain = [("approver_ids", operator, value), ("id", "in", (self.hold | by_hand).ids)]
                self.assertEqual(Hold.search(domain), expected)

    def test_holds_are_found_by_the_value_of_the_order(self):
        small = self._new_order(amount=150.0)
        small.action_confirm()
        found = self.env["o2c.hold"].search([
            ("order_amount", ">=", 200.0), ("order_id", "in", (self.order | small).ids)
        ])
        self.assertEqual(found, self.hold)

    def test_a_draft_invoice_says_what_is_wrong_with_the_credit(self):
        invoice = self._new_invoice(amount=300.0)
        self.assertFalse(invoice.o2c_credit_message, "posted: too late")
        draft = invoice.copy()
        self.assertIn("above the limit", draft.o2c_credit_message)
        self.assertIn("carla", draft.o2c_credit_message)
        self.company.o2c_use_credit = False
        draft.invalidate_recordset()
        self.assertFalse(draft.o2c_credit_message)
