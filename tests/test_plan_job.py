from unittest.mock import patch

from odoo import SUPERUSER_ID, api
from odoo.exceptions import UserError
from odoo.tests import BaseCase, freeze_time, tagged
from odoo.tools import mute_logger

from odoo.addons.order_to_cash.algorithms import plan_outlooks
from odoo.addons.order_to_cash.algorithms.plan_forecast import Frame, outlook
from odoo.addons.order_to_cash.models.customer import job_mixin
from odoo.addons.order_to_cash.models.plan import sales_plan_job
from odoo.addons.order_to_cash.wizards.plan import sales_plan_build

from .plan_common import PlanCommon


class Crash(BaseException):
    """The server goes down: nothing catches it."""


@tagged("post_install", "-at_install")
class TestPlanOutlooks(BaseCase):
    """Outlooks made bit by bit are those made at once."""

    def test_what_is_kept_is_the_same_again(self):
        frame = Frame(6, passed=1)
        series = [[number * (month % 5 + 1) for month in range(36)] for number in range(4)]
        outlooks = plan_outlooks.Outlooks({}, collects=True)
        for one in series:
            outlooks.of(one, frame, None)
        self.assertEqual(len(outlooks.wanted), 4)
        known = {
            key: plan_outlooks.from_json(plan_outlooks.to_json(outlook(*arguments)))
            for key, arguments in outlooks.wanted.items()
        }
        kept = plan_outlooks.Outlooks(known)
        with patch.object(plan_outlooks, "outlook", side_effect=Crash):
            self.assertEqual([kept.of(one, frame, None) for one in series], [
                outlook(one, frame, None) for one in series
            ])
        # A series that has changed meanwhile is made anew.
        self.assertEqual(kept.of([1.0] * 36, frame, None), outlook([1.0] * 36, frame, None))


@tagged("post_install", "-at_install")
@freeze_time("2025-01-10")
class TestPlanJob(PlanCommon):
    """Large plans are forecast and built by a job."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for month in range(1, 13):
            cls._new_invoice(cls.customer, 10 * month, f"2024-{month:02}-05")
            cls._new_invoice(cls.other_customer, 90 - month, f"2024-{month:02}-05")
        cls.plan, cls.nodes = cls._new_tree(history_years=1)
        cls.jobs = cls.env["o2c.sales.plan.job"].sudo()

    def setUp(self):
        super().setUp()
        self.patch(sales_plan_job, "AT_ONCE", 2)
        self.patch(sales_plan_build, "AT_ONCE", 2)
        self.patch(sales_plan_job, "BATCH", 2)

    def _work(self):
        """Run the job as the scheduler does; a crash rolls back to what it has committed."""
        self.env.flush_all()
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            api.Environment(cr, SUPERUSER_ID, {})["o2c.sales.plan.job"]._cron_work()
        self.env.invalidate_all()

    def _forecasts(self, plan):
        return [plan.node_ids.mapped("name"), plan.node_ids.cell_ids.mapped("forecast")]

    def _at_once(self):
        """The same plan forecast while one waits."""
        plan = self._new_tree(history_years=1)[0]
        self.patch(sales_plan_job, "AT_ONCE", 100)
        plan.action_forecast()
        self.patch(sales_plan_job, "AT_ONCE", 2)
        return self._forecasts(plan)

    def test_a_large_plan_is_forecast_by_the_job(self):
        triggers = self.env["ir.cron.trigger"].search_count([])
        plan = self.plan.with_user(self.planner)
        self.assertEqual(plan.action_forecast()["tag"], "display_notification")
        self.assertTrue(plan.is_working)
        self.assertGreater(self.env["ir.cron.trigger"].search_count([]), triggers)
        with self.assertRaises(UserError):
            plan.action_forecast()
        self._work()
        self.assertFalse(plan.is_working)
        self.assertEqual(self._forecasts(plan), self._at_once())
        self.assertGreater(sum(self._forecasts(plan)[1]), 0)
        job = self.jobs.search([("plan_id", "=", plan.id)])
        self.assertEqual((job.state, job.user_id, job.progress), ("done", self.planner, 100))
        self.assertFalse(job.series_ids)
        self.assertIn(job.message, plan.message_ids[0].body)

    def test_a_crash_half_way_loses_and_repeats_nothing(self):
        self.plan.action_forecast()
        made = []

        def crashing(*arguments):
            if len(made) == 3:
                raise Crash
            made.append(arguments)
            return outlook(*arguments)

        with patch.object(plan_outlooks, "outlook", crashing):
            crashed = False
            try:  # assertRaises would roll back what was committed
                self._work()
            except Crash:
                crashed = True
            self.assertTrue(crashed)
        job = self.jobs.search([("plan_id", "=", self.plan.id)])
        # The first of the three was that of no sales.
        self.assertEqual((job.state, job.processed, len(job.series_ids)), ("queued", 2, 2))
        self.assertFalse(any(self._forecasts(self.plan)[1]))
        self._work()
        self.assertEqual(job.state, "done")
        self.assertEqual(self._forecasts(self.plan), self._at_once())

    def test_it_can_be_stopped(self):
        self.plan.action_forecast()
        self.plan.with_user(self.planner).action_stop_working()
        self._work()
        self.assertFalse(self.plan.is_working)
        self.assertFalse(any(self._forecasts(self.plan)[1]))
        self.plan.action_forecast()
        self.assertTrue(self.plan.is_working)

    def test_what_cannot_be_done_is_told(self):
        self.plan.action_forecast()
        self.plan.action_approve()
        self._work()
        job = self.jobs.search([("plan_id", "=", self.plan.id)])
        self.assertEqual(job.state, "failed")
        self.assertIn("draft", job.message)

    @mute_logger("odoo.addons.order_to_cash.models.customer.job_mixin")
    def test_what_breaks_is_tried_again_but_not_for_ever(self):
        self.plan.action_forecast()
        job = self.jobs.search([("plan_id", "=", self.plan.id)])
        with patch.object(type(self.plan), "_collect_outlooks", side_effect=ValueError):
            self._work()
            self.assertEqual((job.state, job.tries), ("queued", 1))
            for _turn in range(job_mixin.MOST_TRIES):
                self._work()
        self.assertEqual(job.state, "failed")

    def test_a_large_tree_is_built_by_the_job(self):
        plan = self._new_plan(name="Large")
        build = self.env["o2c.sales.plan.build"].with_user(self.planner).create({
            "plan_id": plan.id, "level_1": "user", "level_2": "partner", "level_3": False,
        })
        build.action_build()
        self.assertFalse(plan.node_ids)
        build.unlink()
        self._work()
        self.assertEqual(len(plan.node_ids), 6)
        top = plan.node_ids.filtered(lambda node: not node.parent_id)
        self.assertEqual(top.cell_ids.mapped("last_year"), [99, 108, 117])
        self.assertEqual(top.create_uid, self.planner)

    def test_a_job_waits_while_plans_are_off(self):
        self.plan.action_forecast()
        self.company.o2c_use_plan = False
        self._work()
        self.assertTrue(self.plan.is_working)
        self.company.o2c_use_plan = True
        self._work()
        self.assertFalse(self.plan.is_working)
