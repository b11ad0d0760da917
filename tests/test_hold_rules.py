from psycopg2.errors import ForeignKeyViolation

from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .hold_common import HoldRuleCommon


@tagged("post_install", "-at_install")
class TestHoldRules(HoldRuleCommon):
    """What all kinds of rule have in common."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.vip = cls.env["o2c.customer.class"].create({"name": "VIP", "code": "VIP"})

    def _orders(self, number, **values):
        return self.env["sale.order"].union(*(self._new_order(**values) for __ in range(number)))

    def _count(self, function):
        before = self.cr.sql_log_count
        function()
        return self.cr.sql_log_count - before

    def test_five_rules_cost_no_statement_once_the_caches_are_warm(self):
        for values in (
            {"kind": "order_value", "threshold_amount": 10000.0},
            {"kind": "margin", "threshold_percent": 5.0, "class_ids": self.vip.ids},
            {"kind": "discount", "threshold_percent": 20.0},
            {"kind": "payment_term"},
            {"kind": "qualification", "is_exclusion": True, "partner_ids": self.customer.ids},
        ):
            self._new_rule(**values)
        evaluate = self.env["o2c.hold.rule"]._evaluate
        for number in (1, 30):
            orders = self._orders(number)
            evaluate(orders)
            self.assertEqual(self._count(lambda orders=orders: evaluate(orders)), 0)

    def test_kinds_that_look_something_up_do_it_once_for_all_orders(self):
        for kind in ("price", "first_order", "dunning", "qualification"):
            self._new_rule(kind)
        self._new_rule("domain", order_domain="[('note', 'ilike', 'nothing')]")
        self.env["product.pricelist"].search([]).item_ids = [
            Command.create({"compute_price": "percentage", "percent_price": 5.0})
        ]
        evaluate = self.env["o2c.hold.rule"]._evaluate
        counts = []
        for number in (1, 1, 30):
            orders = self._orders(number)
            self.env.flush_all()
            self.env.invalidate_all()
            counts.append(self._count(lambda orders=orders: evaluate(orders)))
        self.assertEqual(*counts[1:])

    def test_a_new_rule_is_heeded_at_once_and_an_archived_one_no_more(self):
        order = self._new_order(amount=100.0)
        self._assert_passes(order)
        rule = self._new_rule("order_value", threshold_amount=50.0)
        self._assert_fails(order, "100.00", "50.00")
        rule.threshold_amount = 200.0
        self._assert_passes(order)
        rule.threshold_amount = 50.0
        rule.active = False
        self._assert_passes(order)
        rule.active = True
        rule.unlink()
        self._assert_passes(order)

    def test_what_a_savepoint_undid_is_not_remembered(self):
        order = self._new_order(amount=100.0)
        rule = self._new_rule("order_value", threshold_amount=50.0)
        with self.cr.savepoint() as savepoint:
            rule.active = False
            self._new_rule("discount", threshold_percent=5.0)
            with self.cr.savepoint() as inner:
                inner.rollback()
            self._assert_passes(order)
            savepoint.rollback()
        self._assert_fails(order, "100.00", "50.00")

    def test_an_archived_class_still_narrows_a_rule_down(self):
        self._new_rule("order_value", class_ids=self.vip.ids)
        self.other_customer.o2c_class_id = self.vip
        self.vip.active = False
        self._assert_passes(self._new_order())
        self._assert_fails(self._new_order(self.other_customer), "100.00")

    def test_what_a_rule_is_narrowed_down_to_cannot_be_deleted(self):
        self._new_rule("order_value", class_ids=self.vip.ids)
        with self.assertRaises(ForeignKeyViolation), mute_logger("odoo.sql_db"):
            self.vip.unlink()

    def test_an_exemption_spares_its_customers_from_its_kind(self):
        rule = self._new_rule("order_value")
        self._new_rule("order_value", is_exclusion=True, partner_ids=self.customer.ids)
        self._new_rule("discount", is_exclusion=True, partner_ids=self.other_customer.ids)
        self._assert_passes(self._new_order())
        self._assert_passes(self._new_order(), rule)
        self._assert_fails(self._new_order(self.other_customer), "100.00", rule=rule)

    def test_an_exemption_of_another_company_spares_nobody(self):
        self._new_rule("order_value")
        other = self._new_company()
        exemption = self._new_rule(
            "order_value", is_exclusion=True, class_ids=self.vip.ids, company_id=other.id
        )
        self.customer.o2c_class_id = self.vip
        self._assert_fails(self._new_order(), "100.00")
        exemption.company_id = self.company
        self._assert_passes(self._new_order())

    def test_an_exemption_without_scope_is_refused(self):
        with self.assertRaises(ValidationError):
            self._new_rule("order_value", is_exclusion=True)
        rule = self._new_rule("order_value", is_exclusion=True, partner_ids=self.customer.ids)
        with self.assertRaises(ValidationError):
            rule.partner_ids = False

    def test_figures_without_meaning_are_refused(self):
        for values in (
            {"threshold_amount": -1.0},
            {"threshold_percent": -1.0},
            {"threshold_percent": float("nan")},
            {"threshold_days": -1},
        ):
            with self.subTest(values), self.assertRaises(ValidationError):
                self._new_rule("order_value", **values)
        for kind in ("margin", "price", "discount"):
            with self.subTest(kind), self.assertRaises(ValidationError):
                self._new_rule(kind, threshold_percent=101.0)

    def test_an_unsaved_order_fails_nothing(self):
        self._new_rule("order_value")
        unsaved = self.env["sale.order"].new({"partner_id": self.customer.id})
        self._assert_passes(unsaved)

    def test_the_preview_counts_the_quotations_of_each_rule_and_opens_them(self):
        rule = self._new_rule("order_value", threshold_amount=50.0, active=False)
        exemption = self._new_rule(
            "order_value", is_exclusion=True, partner_ids=self.other_customer.ids
        )
        order, exempt = self._new_order(), self._new_order(self.other_customer)
        found = self.env["sale.order"].search(rule.action_preview()["domain"])
        self.assertIn(order, found)
        self.assertNotIn(exempt, found)
        self.assertEqual(rule.preview_count, len(found))
        spared = self.env["sale.order"].search(exemption.action_preview()["domain"])
        self.assertIn(exempt, spared)
        self.assertEqual(exemption.preview_count, len(spared))
        self.assertEqual(self.env["o2c.hold.rule"].new({"kind": "price"}).preview_count, 0)

    def test_who_approves_a_higher_tier_may_release_a_lower_one(self):
        boss = self._new_user("boss", "sales_team.group_sale_salesman_all_leads")
        chief = self._new_user("chief", "sales_team.group_sale_salesman_all_leads")
        low = self._new_rule("order_value", "hold_order", approver_ids=self.salesperson.ids)
        high = self._new_rule(
            "order_value", "hold_order", threshold_amount=1000.0, approver_ids=boss.ids
        )
        elsewhere = self._new_rule(
            "order_value", threshold_amount=2000.0, approver_ids=chief.ids
        )
        low.class_ids = self.vip
        elsewhere.class_ids = self.env["o2c.customer.class"].create({"name": "X", "code": "X"})
        self.assertEqual(low._approvers(self.company), self.salesperson | boss)
        self.assertEqual(high._approvers(self.company), boss | chief)
        self.customer.o2c_class_id = self.vip
        order = self._new_order(amount=100.0)
        order.action_confirm()
        with self.assertRaises(AccessError):
            order.o2c_hold_ids.with_user(chief).action_release(note="No business of mine")
        order.o2c_hold_ids.with_user(boss).action_release(note="Fine")
        self.assertEqual(order.o2c_hold_state, "released")

    def test_shipped_rules_only_warn(self):
        rules = self.env["o2c.hold.rule"].with_context(active_test=False).search([])
        shipped = rules.filtered(lambda rule: rule.get_external_id()[rule.id])
        self.assertGreater(len(shipped), 5)
        self.assertEqual(set(shipped.mapped("effect")), {"warn"})
