from datetime import timedelta

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .test_dunning_collection_worklist import TODAY, CollectionCommon


def day(days):
    return TODAY + timedelta(days=days)


@tagged("post_install", "-at_install")
class TestDunningCollectionPlan(CollectionCommon):
    def _plan(self, date=TODAY, **values):
        plan = self.env["o2c.collection.plan"].with_user(self.collector).create({
            "date": date, **values,
        })
        plan.action_calculate()
        return plan

    def _parts(self, plan, partner=None):
        lines = plan.line_ids.filtered(
            lambda line: line.partner_id == (partner or self.customer)
        )
        return [((line.date - TODAY).days, line.amount, line.source) for line in lines]

    def test_due_dates_habits_and_promises(self):
        for days in (100, 90, 80):
            self._pay(self._late(days), date=day(10 - days))
        self._late(-20, amount=300)
        self._late(5, amount=80)
        self._late(40, amount=50)
        plan = self._plan()
        self.assertEqual(
            self._parts(plan), [(1, 50, "late"), (5, 80, "habit"), (30, 300, "habit")]
        )
        self.assertEqual(plan.line_ids.filtered(
            lambda line: line.partner_id == self.customer
        ).mapped("delay_days"), [10, 10, 10])
        self.env["o2c.payment.promise"].create({
            "partner_id": self.customer.id, "amount": 60, "date": day(3),
        })
        plan.action_calculate()
        self.assertEqual(self._parts(plan), [
            (3, 50, "promise"), (3, 10, "promise"), (5, 70, "habit"), (30, 300, "habit"),
        ])
        self.assertEqual(sum(plan.line_ids.mapped("amount")), plan.total)
        self.assertLess(plan.total_probable, plan.total)

    def test_credits_and_disputes_are_not_expected(self):
        invoice = self._late(-10, amount=300)
        self._new_invoice(amount=-100, date="2025-03-01")
        self.env["o2c.payment.dispute"].create({
            "invoice_id": invoice.id, "amount": 50, "reason": "Damaged",
        })
        self.assertEqual([part[1] for part in self._parts(self._plan())], [150])

    def test_the_plan_of_a_past_day_against_what_came_in(self):
        invoice = self._late(0, amount=300)
        self._late(-7, amount=200)
        self._pay(invoice, 120, day(-6))
        with freeze_time(day(20)):
            self._pay(invoice, 180, day(8))
            new = self._new_invoice(amount=40, date=day(2), due=day(3))
            self._pay(new, date=day(4))
            plan = self._plan(weeks=2)
            self.assertEqual([part[1] for part in self._parts(plan)], [180, 200])
            Report = self.env["o2c.collection.plan.report"].with_user(self.collector)
            self.env.flush_all()
            rows = Report.search([
                ("plan_id", "=", plan.id), ("partner_id", "=", self.customer.id)
            ])
            self.assertEqual(sum(rows.mapped("planned")), 380)
            self.assertEqual(sum(rows.mapped("received")), 220)
            self.assertEqual(sum(rows.mapped("received_new")), 40)
            self.assertEqual(sum(rows.mapped("variance")), -160)
            self.assertEqual(rows[0].action_open_document()["res_model"], "account.move")
            before = self._parts(plan)
            plan.action_calculate()
            self.assertEqual(self._parts(plan), before)
            plan.date = day(9)
            self.assertFalse(plan.line_ids)

    def test_other_currencies_and_payers(self):
        foreign = self.setup_other_currency("EUR", rates=[("2024-01-01", 2.0)])
        payer = self._new_customer("Payer")
        self.customer.o2c_payer_id = payer
        self._late(-10, amount=300, currency_id=foreign.id)
        plan = self._plan()
        self.assertEqual(self._parts(plan), [])
        self.assertEqual([part[1] for part in self._parts(plan, payer)], [150])

    def test_a_plan_of_the_future_is_refused(self):
        with self.assertRaises(UserError):
            self._plan(day(1))

    def test_switched_off_nothing_is_planned(self):
        self.company.o2c_use_dunning = False
        with self.assertRaises(UserError):
            self._plan()

    def test_lines_are_the_programs(self):
        self._late(-10)
        line = self._plan().line_ids[:1]
        for attempt in (
            lambda: line.write({"amount": 5}),
            line.unlink,
            line.copy,
        ):
            with self.assertRaises(AccessError):
                attempt()

    def test_who_sees_plans(self):
        plan = self._plan()
        portal = new_test_user(self.env, "portia", groups="base.group_portal")
        for user in (portal, self.salesperson):
            for model in (
                "o2c.collection.plan", "o2c.collection.plan.line", "o2c.collection.plan.report"
            ):
                with self.assertRaises(AccessError):
                    self.env[model].with_user(user).search([])
        other = self._new_company()
        other.o2c_use_dunning = True
        stranger = self._new_user("steve", "order_to_cash.group_collector", company=other)
        self.assertFalse(self.env["o2c.collection.plan"].with_user(stranger).search([]))
        with self.assertRaises(AccessError):
            plan.with_user(stranger).action_calculate()

    def test_the_number_of_statements_does_not_grow(self):
        def statements(count):
            partners = self.env["res.partner"].create([
                {"name": f"C{number}", "is_company": True} for number in range(count)
            ])
            self._new_invoices(partners, [100] * count)
            plan = self.env["o2c.collection.plan"].create({"date": TODAY})
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            plan.action_calculate()
            self.env.flush_all()
            return self.cr.sql_log_count - before

        statements(1)
        few, many = statements(2), statements(20)
        self.assertLessEqual(many, few)
