from odoo.tests import HttpCase, tagged

from .plan_common import PlanCommon


@tagged("post_install", "-at_install")
class TestPlanGridTour(PlanCommon, HttpCase):
    """A plan is edited as a spreadsheet in a real browser."""

    def _open(self, plan, tour):
        self.start_tour(f"/odoo/action-o2c_plan_grid/{plan.id}", tour, login="paula")

    def test_a_planner_edits_spreads_locks_undoes_and_pastes(self):
        plan, nodes = self._new_tree()
        self._type(nodes["harbour"], 10, 10, 10)
        self.env.flush_all()
