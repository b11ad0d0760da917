import random
from datetime import date, timedelta

from odoo.tests import BaseCase, tagged

from odoo.addons.order_to_cash.algorithms.plan_attainment import Figure, counted

from .plan_common import PlanCommon

FIRST, LAST = date(2025, 1, 1), date(2025, 12, 31)


@tagged("post_install", "-at_install")
class TestPlanAttainment(BaseCase):
    """Which figures count for a person."""

    def _figure(self, plan, rank, first, last, path=(1,), target=1.0):
        return Figure(plan, rank, path, first, last, target, 0.0)

    def test_each_day_counts_once(self):
        draw = random.Random(6)
        for _round in range(200):
            figures = []
            for plan in range(draw.randint(1, 4)):
                day = FIRST + timedelta(days=draw.randint(0, 100))
                for _period in range(draw.randint(1, 6)):
                    last = day + timedelta(days=draw.randint(5, 80))
                    figures.append(self._figure(plan, plan, day, last))
                    day = last + timedelta(days=1)
            draw.shuffle(figures)
            found = counted(figures, FIRST, LAST)
            days = [
                one.date_from + timedelta(days=number)
                for one in found
                for number in range((one.date_to - one.date_from).days + 1)
            ]
            self.assertEqual(len(days), len(set(days)))
            first_rank = [one for one in figures if one.rank == 0 and one.date_to <= LAST]
            self.assertLessEqual(set(first_rank), set(found))

    def test_the_upper_node_of_a_plan_says_it_all(self):
        upper = self._figure("a", 0, FIRST, LAST, (1, 5))
        lower = self._figure("a", 0, FIRST, LAST, (1, 5, 9))
        beside = self._figure("a", 0, FIRST, LAST, (1, 7))
        self.assertEqual(counted([lower, beside, upper], FIRST, LAST), [upper, beside])
        self.assertEqual(counted([upper], FIRST, LAST - timedelta(days=1)), [])


@tagged("post_install", "-at_install")
class TestPlanPerson(PlanCommon):
    """How far a person has come where several plans have him."""

    def _approved(self, target, **values):
        plan = self._new_plan(**values)
        node = self._new_node(plan, self._new_node(plan, name="Company"), user_id=self.salesperson.id)
        node.cell_ids.target = target
        plan.action_approve()
        return plan

    def _of(self, owner=None, first="2025-01-01", last="2025-12-31", **options):
        Plan = self.env["o2c.sales.plan"].with_company(self.company)
        return Plan._attainment_of(
            owner or self.salesperson, date.fromisoformat(first), date.fromisoformat(last), **options
        )

    def test_plans_of_two_halves_make_a_year(self):
        first = self._approved(10)
        second = self._approved(20, date_from="2025-04-01", date_to="2025-06-30", name="Second")
        found = self._of()
        self.assertEqual((found.target, found.percent), (90, 0))
        self.assertEqual(found.plans, first | second)
        self.assertEqual(self._of(last="2025-04-30").target, 50)
        self.assertEqual(self._of(self.salesperson.partner_id).target, 90)

    def test_of_plans_of_the_same_months_the_last_approved_counts(self):
        first = self._approved(10)
        first._write_system({"approved_on": "2025-01-01 00:00:00"})
        last = self._approved(20, name="By product")
        self.assertEqual((self._of().target, self._of().plan), (60, last))
        self.assertEqual(self._of(plan=first).target, 30)
        self.assertIsNone(self._of(metric="margin").percent)
        self.assertEqual(self._of(plan=first, metric="margin").target, 30)

    def test_a_branch_is_in_the_plan_of_its_company(self):
        self._approved(10)
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        self.assertEqual(self._of(company=branch).target, 30)
        self.assertFalse(self._of(company=self.env["res.company"].create({"name": "Other"})).target)
        self.company.o2c_use_plan = False
        self.assertFalse(self._of().plan)

    def test_figures_in_another_currency_are_converted(self):
        currency = self.setup_other_currency("HRK", rates=[("2024-01-01", 2.0)])
        plan = self._approved(10)
        plan._write_system({"approved_on": "2125-01-01 00:00:00"})
        self._approved(20, date_from="2025-04-01", date_to="2025-06-30", currency_id=currency.id)
        self.assertEqual((self._of().target, self._of().currency), (60, self.company.currency_id))

    def test_many_at_once_take_as_many_statements_as_one(self):
        self._approved(10)
        Plan = self.env["o2c.sales.plan"].with_company(self.company)
        people = [self.salesperson, self.other_salesperson, self.collector, self.planner]
        asked = [
            (owner, date(2025, month, 1), date(2025, month, 28 if month == 2 else 31))
            for owner in people for month in (1, 2, 3)
        ]

        def count(some):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.assertEqual(len(Plan._attainments_of(some)), len(some))
            return self.env.cr.sql_log_count - before

        count(asked)
        self.assertLessEqual(count(asked), count(asked[:1]) + 1)
        self.assertEqual(Plan._attainments_of(asked)[asked[1]].target, 10)
        self.assertEqual(Plan._attainments_of([]), {})
