from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.order_to_cash.models.customer.daily_step import DailyStep

from .common import O2cCommon

DAY_CYCLE = "odoo.addons.order_to_cash.models.operations.day_cycle"


@tagged("post_install", "-at_install")
class TestDayCycle(O2cCommon):
    def _steps(self, *runs):
        steps = [DailyStep(f"step{i}", f"Step {i}", run) for i, run in enumerate(runs)]
        return patch.object(
            self.registry["o2c.daily.step"], "steps", lambda self, company: list(steps)
        )

    def _run(self, user=None):
        Cycle = self.env["o2c.day.cycle"].with_user(user or self.o2c_manager)
        with self.enter_registry_test_mode():
            cycle_id = Cycle.run(self.company)
        return self.env["o2c.day.cycle"].browse(cycle_id)

    def test_each_step_is_run_in_order_and_recorded(self):
        called = []
        with self._steps(
            lambda company: called.append(1) or "One done.",
            lambda company: called.append(2) or "",
        ):
            cycle = self._run()
        self.assertEqual(called, [1, 2])
        self.assertEqual(cycle.state, "done")
        self.assertTrue(cycle.finished_on)
        self.assertRecordValues(cycle.line_ids, [
            {"key": "step0", "state": "done", "summary": "One done."},
            {"key": "step1", "state": "nothing", "summary": False},
        ])

    def test_a_failing_step_is_recorded_leaves_nothing_and_stops_no_other(self):
        def fail(company):
            company.env["res.partner"].create({"name": "Half-written"})
            company.env.flush_all()
            raise UserError("No bank account")

        with self._steps(fail, lambda company: "Done."), mute_logger(DAY_CYCLE):
            cycle = self._run()
        self.assertEqual(cycle.state, "failed")
        self.assertEqual(cycle.line_ids.mapped("state"), ["failed", "done"])
        self.assertIn("No bank account", cycle.line_ids[0].summary)
        self.assertFalse(self.env["res.partner"].search([("name", "=", "Half-written")]))

    def test_a_run_that_was_cut_off_is_said_to_have_failed(self):
        cut_off = self.env["o2c.day.cycle"].sudo().create({
            "company_id": self.company.id,
            "started_on": "2025-01-01 03:00:00",
        })
        with self._steps():
            cycle = self._run()
        self.assertEqual((cut_off | cycle).mapped("state"), ["failed", "done"])

    def test_the_steps_of_the_domains_come_in_the_order_of_dependencies(self):
        self.company.o2c_allocation_schedule = "daily"
        keys = [step.key for step in self.env["o2c.daily.step"].steps(self.company)]
        self.assertEqual(keys, [
            "customer_qualification",
            "hold",
            "credit_review_date",
            "credit_score",
            "allocation",
            "plan_actuals",
            "plan_warnings",
            "dunning_promises",
            "dunning",
            "cash_discount",
        ])

    def test_a_domain_that_is_off_has_no_step(self):
        self.company.write({
            "o2c_use_credit": False,
            "o2c_use_allocation": False,
            "o2c_use_commission": False,
            "o2c_use_plan": False,
            "o2c_use_dunning": False,
        })
        self.assertFalse(self.env["o2c.daily.step"].steps(self.company))

    def test_only_an_administrator_runs_it(self):
        for user in (self.salesperson, self.credit_manager, self.collector):
            with self.assertRaises(AccessError):
                self.env["o2c.day.cycle"].with_user(user).run(self.company)

    def test_the_cron_runs_the_companies_that_use_a_domain(self):
        idle = self._new_company()
        with self._steps(lambda company: "Done."), self.enter_registry_test_mode():
            self.env.ref("order_to_cash.ir_cron_day_cycle").method_direct_trigger()
        cycles = self.env["o2c.day.cycle"].search([])
        self.assertIn(self.company, cycles.company_id)
        self.assertNotIn(idle, cycles.company_id)
