from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import SQL

from .race_common import RaceCommon

PLAN = "o2c.commission.plan"


class TestCommissionPlanRace(RaceCommon):
    """Two managers change or activate a plan at the same instant."""

    def _create_business(self, env):
        first = env[PLAN].create({
            "name": "Raced",
            "company_id": env.ref("base.main_company").id,
            "date_from": "2025-01-01",
            "rule_ids": [Command.create({"rate": 5.0})],
        })
        second = env[PLAN].create(dict(first.copy_data()[0], date_from="2025-06-01"))
        second._write_system({"family_id": first.id, "version": 2})
        return {"first": first.id, "second": second.id}

    def _remove_business(self):
        with self._new_env() as env:
            plans = env[PLAN].browse(self.ids.values())
            env.execute_query(SQL(
                "UPDATE o2c_commission_plan SET state = 'draft' WHERE id = ANY(%s) RETURNING id", plans.ids
            ))
            plans.invalidate_recordset()
            plans.sorted("version", reverse=True).unlink()

    def _states(self):
        with self._new_env() as env:
            return [env[PLAN].browse(self.ids[name]).state for name in ("first", "second")]

    def test_one_of_two_versions_that_overlap_is_activated(self):
        with self.assertRaises(UserError):
            self._race(
                (PLAN, list(self.ids.values())),
                lambda env: env[PLAN].browse(self.ids["first"]).action_activate(),
                lambda env: env[PLAN].browse(self.ids["second"]).action_activate(),
            )
        self.assertEqual(self._states(), ["active", "draft"])

    def test_a_rule_does_not_slip_into_a_plan_that_is_activated(self):
        with self.assertRaises(UserError):
            self._race(
                (PLAN, [self.ids["first"]]),
                lambda env: env[PLAN].browse(self.ids["first"]).action_activate(),
                lambda env: env[PLAN].browse(self.ids["first"]).rule_ids.write({"rate": 50.0}),
            )
        with self._new_env() as env:
            self.assertEqual(env[PLAN].browse(self.ids["first"]).rule_ids.rate, 5.0)

    def test_a_plan_is_checked_with_what_was_added_meanwhile(self):
        with self.assertRaises(UserError):
            self._race(
                (PLAN, [self.ids["first"]]),
                lambda env: env["o2c.commission.rule"].create({
                    "plan_id": self.ids["first"], "method": "tier",
                }),
                lambda env: env[PLAN].browse(self.ids["first"]).action_activate(),
            )
        self.assertEqual(self._states(), ["draft", "draft"])
