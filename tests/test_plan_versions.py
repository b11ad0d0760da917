from psycopg2 import IntegrityError

from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

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

    def test_two_versions_never_have_one_number(self):
        plan, _nodes = self._new_tree()
        second, third = (
            self.env["o2c.sales.plan"].browse(plan.action_new_version()["res_id"]) for _turn in range(2)
        )
        self.assertEqual((second.version, third.version), (2, 3))
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"), self.env.cr.savepoint():
            third._write_system({"version": 2})
            third.flush_recordset()

    def test_the_target_of_a_team_counts_once(self):
        team = self.env["crm.team"].create({"name": "North", "company_id": self.company.id})
        plan = self._new_plan()
        upper = self._new_node(plan, self._new_node(plan, name="All"), team_id=team.id)
        lower = self._new_node(plan, self._new_node(plan, upper, name="Coast"), team_id=team.id)
        upper.cell_ids.target = 100
        lower.cell_ids.target = 60
        plan.action_approve()
        self.assertEqual(team.invoiced_target, 100)

    def test_only_amounts_are_typed(self):
        _plan, nodes = self._new_tree()
        cell = nodes["sally"].cell_ids[0]
        for name in ("target", "adjustment"):
            for value in (float("nan"), float("inf"), 1e25, "much"):
                with self.subTest(name, value=value), self.assertRaises(UserError), self.env.cr.savepoint():
                    cell.write({name: value})
            cell.write({name: 5})
            cell.write({name: False})
            self.assertEqual(cell[name], 0)
