from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from .plan_common import PlanCommon


@tagged("post_install", "-at_install")
@freeze_time("2025-02-20")
class TestPlanVersions(PlanCommon):
    """What goes on when another version takes the place of the one before."""

    def test_who_was_warned_is_not_warned_again_by_the_next_version(self):
        plan, nodes = self._new_tree()
        self._type(nodes["sally"], 0, 1000, 1000)
        self._type(nodes["otto"], 0, 1000, 1000)
        plan.action_refresh_actuals()
        plan.action_approve()
        self.assertTrue(plan._warn(self.company))
        new = self.env["o2c.sales.plan"].browse(plan.action_new_version()["res_id"])
        sally, otto = (
            new.node_ids.filtered(lambda node, key=nodes[name].key: node.key == key)
            for name in ("sally", "otto")
        )
        otto.unlink()
        new.action_refresh_actuals()
        new.action_approve()
        self.assertFalse(new._warn(self.company))
        self.assertFalse((nodes["sally"] + nodes["otto"]).activity_ids)
        activity = sally.activity_ids
        self.assertEqual(activity.user_id, self.salesperson)
        self.assertEqual(activity.with_user(self.salesperson).res_name, sally.display_name)
        sally.with_user(self.salesperson).check_access("read")

    def test_nobody_empties_what_the_program_keeps(self):
        plan, _nodes = self._new_tree()
        plan.action_forecast()
        plan.action_refresh_actuals()
        for name in ("family_id", "version", "forecast_on", "refreshed_on", "sales_digests"):
            with self.subTest(name), self.assertRaises(UserError), self.env.cr.savepoint():
                plan.with_user(self.planner).write({name: False})
