from datetime import timedelta

from odoo.tests import tagged

from .common import O2cCommon


@tagged("post_install", "-at_install")
class TestCreditRules(O2cCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rules = cls.env["o2c.hold.rule"].search([("kind", "!=", False)])
        cls.rules.active = False
        cls.today = cls.company._o2c_today()
        cls.account = cls.env["o2c.credit.account"]._get_or_create(cls.customer, cls.company)

    def _rule(self, kind, **values):
        return self.env["o2c.hold.rule"].create({
            "name": kind, "kind": kind, "effect": "hold_order", **values
        })

    def _overdue(self, amount, days, partner=None):
        due = self.today - timedelta(days=days)
        return self._new_invoice(partner, amount, date=due - timedelta(days=5), due=due)

    def _state(self, order):
        order.action_confirm()
        return order.state

    # Overdue

    def test_overdue_for_longer_and_for_more_than_the_rule_allows(self):
        self._rule("overdue", threshold_days=30, threshold_amount=500.0)
        table = [(500.0, 31, "sale"), (0.01, 30, "sale"), (0.01, 31, "draft")]
        for amount, days, state in table:
            self._overdue(amount, days)
            order = self._new_order(amount=10.0)
            self.assertEqual(self._state(order), state, (amount, days))
        self.assertIn("500.01", order.o2c_hold_message)
        self.assertIn("more than 30 days overdue", order.o2c_hold_message)

    def test_a_credit_note_does_not_make_up_for_what_is_overdue(self):
        self._rule("overdue", threshold_days=0, threshold_amount=0.0)
        self._overdue(100.0, 1)
        self._new_invoice(amount=-100.0, date=self.today)
        self.assertEqual(self._state(self._new_order()), "draft")

    def test_what_the_payer_owes_is_overdue_for_the_customer(self):
        self._rule("overdue")
        self.other_customer.o2c_payer_id = self.customer
        self._overdue(100.0, 1)
        self.assertEqual(self._state(self._new_order(self.other_customer)), "draft")

    def test_two_overdue_rules_have_days_of_their_own(self):
        first = self._rule("overdue", threshold_days=5)
        second = self._rule("overdue", threshold_days=50)
        self._overdue(100.0, 20)
        order = self._new_order()
        order.action_confirm()
        self.assertEqual(order.o2c_hold_ids.rule_id, first)
        self._overdue(100.0, 60)
        order.action_confirm()
        self.assertEqual(order.o2c_hold_ids.rule_id, first | second)

    # Limits that nobody has looked at

    def test_an_outdated_limit(self):
        self._rule("limit_expired", threshold_days=365)
        self.account.credit_limit = 1000.0
        self.assertEqual(self._state(self._new_order(amount=1.0)), "sale")
        self.account.limit_set_on = self.today - timedelta(days=365)
        self.assertEqual(self._state(self._new_order(amount=1.0)), "sale")
        self.account.limit_set_on = self.today - timedelta(days=366)
        order = self._new_order(amount=1.0)
        self.assertEqual(self._state(order), "draft")
        self.assertIn("366 days ago", order.o2c_hold_message)
        self.account.credit_limit = 1100.0
        self.assertEqual(order.o2c_hold_state, "none", "renewed, it clears by itself")

    def test_a_limit_that_is_not_the_customers_own_does_not_age(self):
        self._rule("limit_expired", threshold_days=0)
        self.company.write({
            "o2c_default_limit_mode": "amount",
            "o2c_default_credit_limit": 500.0,
        })
        self.assertEqual(self._state(self._new_order(amount=1.0)), "sale")

    # Scope

    def test_a_rule_for_some_ratings(self):
        good, bad = self.env["o2c.credit.rating"].create([
            {"name": "Fine", "code": "F1"}, {"name": "Shaky", "code": "S1"}
        ])
        self._rule("credit_limit", rating_ids=bad.ids)
        self.account.write({"credit_limit": 10.0, "rating_id": good.id})
        self.assertEqual(self._state(self._new_order()), "sale")
        self.account.rating_id = bad
        self.assertEqual(self._state(self._new_order()), "draft")

    def test_many_rules_read_ratings_and_dates_of_limits_once(self):
        rating = self.env["o2c.credit.rating"].create({"name": "Shaky", "code": "S"})
        self.account.write({"credit_limit": 1e6, "rating_id": rating.id})
        orders = self._new_order() | self._new_order(self.other_customer)
        counts = []
        for _round in range(2):
            for days in (200, 400, 600):
                self._rule(
                    "limit_expired", effect="warn", threshold_days=days, rating_ids=rating.ids
                )
            # The first time fills the caches of the rules.
            for _time in range(2):
                self.env.flush_all()
                self.env.invalidate_all()
                before = self.cr.sql_log_count
                self.env["o2c.hold.rule"]._evaluate(orders)
            counts.append(self.cr.sql_log_count - before)
        self.assertEqual(*counts)

    def test_a_rating_given_to_a_new_account_counts_at_once(self):
        rating = self.env["o2c.credit.rating"].create({"name": "Shaky", "code": "S"})
        rule = self._rule("credit_limit", rating_ids=rating.ids)
        order = self._new_order(self.other_customer)
        self.assertFalse(rule._evaluate(order))
        account = self.env["o2c.credit.account"]._get_or_create(self.other_customer, self.company)
        account.write({"credit_limit": 10.0, "rating_id": rating.id})
        self.assertTrue(rule._evaluate(order))

    # Clearing within the transaction

    def _held(self):
        self._rule("credit_limit")
        self.account.credit_limit = 100.0
        invoice = self._new_invoice(amount=80.0, date=self.today)
        order = self._new_order(amount=90.0)
        order.action_confirm()
        self.assertEqual(order.o2c_hold_state, "held")
        return order, invoice

    def test_a_payment_clears_the_hold_and_tells_the_salesperson(self):
        order, invoice = self._held()
        self._pay(invoice)
        self.assertEqual(order.o2c_hold_state, "none")
        self.assertEqual(order.state, "draft", "the salesperson confirms it")
        self.assertIn(self.salesperson.partner_id, order.message_ids[0].notified_partner_ids)

    def test_a_part_payment_that_is_not_enough_clears_nothing(self):
        order, invoice = self._held()
        self._pay(invoice, 10.0)
        self.assertEqual(order.o2c_hold_state, "held")

    def test_a_credit_note_clears_the_hold(self):
        order, _invoice = self._held()
        self._new_invoice(amount=-80.0, date=self.today)
        self.assertEqual(order.o2c_hold_state, "none")

    def test_a_raised_limit_clears_the_hold(self):
        order, _invoice = self._held()
        self.account.with_user(self.credit_manager).credit_limit = 200.0
        self.assertEqual(order.o2c_hold_state, "none")

    def test_a_temporary_limit_clears_the_hold(self):
        order, _invoice = self._held()
        self.account.write({
            "temporary_limit": 500.0, "temporary_from": self.today, "temporary_to": self.today
        })
        self.assertEqual(order.o2c_hold_state, "none")

    def test_a_delivery_hold_of_a_confirmed_order_clears_too(self):
        self._rule("credit_limit")
        self.account.credit_limit = 100.0
        order = self._new_order(amount=90.0, product=self.goods)
        order.action_confirm()
        order.order_line.price_unit = 120.0
        self.assertEqual(order.o2c_hold_state, "held")
        self.assertTrue(order.picking_ids.o2c_is_held)
        self.account.credit_limit = 150.0
        self.assertEqual(order.o2c_hold_state, "none")
        self.assertFalse(order.picking_ids.o2c_is_held)

    # Speed

    def test_the_check_adds_few_statements(self):
        for values in (
            {"kind": "credit_limit"},
            {"kind": "overdue", "threshold_amount": 1e6},
            {"kind": "order_value", "threshold_amount": 1e6},
            {"kind": "margin", "threshold_percent": 0.0},
            {"kind": "discount", "threshold_percent": 50.0},
        ):
            self._rule(**values)
        self.account.credit_limit = 1e6

        def statements(count, is_on, one_by_one):
            self.company.o2c_use_credit = is_on
            orders = self.env["sale.order"].union(*(self._new_order() for _n in range(count)))
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            for batch in orders if one_by_one else [orders]:
                batch.action_confirm()
                self.env.flush_all()
            self.assertEqual(set(orders.mapped("state")), {"sale"})
            return self.env.cr.sql_log_count - before

        statements(2, True, one_by_one=True)
        extra = statements(20, True, one_by_one=True) - statements(20, False, one_by_one=True)
        self.assertLessEqual(extra, 3 * 20)
        extra = statements(20, True, one_by_one=False) - statements(20, False, one_by_one=False)
        self.assertLessEqual(extra, 20)
