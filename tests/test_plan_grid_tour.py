from odoo.tests import HttpCase, tagged

from .plan_common import PlanCommon

# How the test runner of the browser knows the suite "@order_to_cash".
SUITE = "27dc6246"


@tagged("post_install", "-at_install")
class TestPlanGridTour(PlanCommon, HttpCase):
    """A plan is edited as a spreadsheet in a real browser."""

    def test_a_planner_types_spreads_locks_undoes_pastes_and_folds(self):
        plan, nodes = self._new_tree()
        self._type(nodes["harbour"], 10, 10, 10)
        self.start_tour(
            f"/odoo/action-order_to_cash.o2c_sales_plan_action/{plan.id}", "o2c_plan_grid", login="paula"
        )
        plan.invalidate_recordset()
        nodes["top"].cell_ids.invalidate_recordset()
        self.assertEqual(self._targets(nodes["top"]), [300, 300, 300])
        self.assertEqual(self._targets(nodes["otto"]), [150, 150, 150])
        self.assertEqual(self._targets(nodes["harbour"]), [1234.5, 20, 75])
        self.assertEqual(nodes["otto"].cell_ids.filtered("is_locked").period_index, 1)

        self.assertEqual(nodes["harbour"].cell_ids.mapped("adjustment"), [40, 0, 0])

    def test_a_salesperson_sees_attainment_and_what_it_is_made_of(self):
        plan, nodes = self._new_tree()
        self._type(nodes["sally"], 200, 0, 0)
        self._new_invoice(self.customer, 100, "2025-01-15")
        plan.action_refresh_actuals()
        plan.action_approve()
        self.start_tour(
            "/odoo/action-order_to_cash.o2c_sales_plan_heat_action",
            "o2c_plan_heat",
            login=self.salesperson.login,
        )

    def test_what_needs_no_screen(self):
        self.browser_js(
            f"/web/tests?headless&loglevel=2&preset=desktop&timeout=15000&id={SUITE}",
            "",
            "",
            login="paula",
            timeout=120,
            success_signal="[HOOT] Test suite succeeded",
            error_checker=lambda message: "[HOOT]" not in message,
        )
