from odoo.tests import freeze_time, tagged

from .plan_common import PlanCommon


@tagged("post_install", "-at_install")
@freeze_time("2025-03-25")
class TestPlanDemand(PlanCommon):
    """Reordering rules near the end of a plan."""

    def _approved(self, target, **values):
        plan = self._new_plan(metric="quantity", **values)
        node = self._new_node(plan, self._new_node(plan, name="All"), product_id=self.goods.id)
        node.cell_ids.target = target
        plan.action_approve()
        return plan

    def _propose(self, plan):
        demand = self.env["o2c.sales.plan.demand"].with_user(self.planner).browse(
            plan.with_user(self.planner).action_propose_demand()["res_id"]
        )
        demand.write({"lead_days": 7, "cover_days": 10})
        demand.action_calculate()
        return demand

    def test_the_end_of_a_plan_is_told_and_nothing_is_chosen(self):
        demand = self._propose(self._approved(31))
        self.assertTrue(demand.is_cut)
        self.assertEqual(str(demand.planned_until), "2025-03-31")
        line = demand.line_ids
        self.assertEqual((line.min_qty, line.max_qty, line.is_chosen), (7, 7, False))

    def test_the_plan_that_follows_is_used(self):
        plan = self._approved(31)
        # One that leaves a gap does not follow, nor does one of amounts.
        self._approved(900, name="Later", date_from="2025-05-01", date_to="2025-06-30")
        self._approved(30, name="Next", date_from="2025-04-01", date_to="2025-04-30")
        demand = self._propose(plan)
        self.assertFalse(demand.is_cut)
        line = demand.line_ids
        self.assertEqual((line.min_qty, line.max_qty, line.is_chosen), (7, 17, True))

    def test_a_rule_that_was_archived_comes_back(self):
        rule = self.env["stock.warehouse.orderpoint"].create({"product_id": self.goods.id})
        rule.active = False
        demand = self._propose(self._approved(31))
        demand.line_ids.is_chosen = True
        demand.sudo().action_apply()
        self.assertTrue(rule.active)
        self.assertEqual((rule.product_min_qty, rule.product_max_qty), (7, 7))

    def test_nothing_is_proposed_for_an_archived_product(self):
        plan = self._approved(31)
        self.goods.active = False
        self.assertFalse(self._propose(plan).line_ids)
