from odoo.fields import Command
from odoo.tools import SQL

from .race_common import RaceCommon

SETTLEMENT = "o2c.commission.settlement"


class TestCommissionSettlementRace(RaceCommon):
    """Two managers settle with one payee at the same instant."""

    def _create_business(self, env):
        company = env.ref("base.main_company")
        self.used = company.o2c_use_commission
        company.o2c_use_commission = True
        plan = env["o2c.commission.plan"].create({
            "name": "Raced", "company_id": company.id, "date_from": "2025-01-01",
            "rule_ids": [Command.create({"rate": 5.0})],
        })
        plan.action_activate()
        payee = env["res.partner"].create({"name": "Raced Agency"})
        agreement = env["o2c.commission.agreement"].create({
            "payee_id": payee.id, "plan_id": plan.id, "company_id": company.id, "date_from": "2025-01-01",
            "guarantee_amount": 100,
        })
        first, second = env[SETTLEMENT].create([
            {
                "payee_id": payee.id, "company_id": company.id, "currency_id": agreement.currency_id.id,
                "date_from": "2025-01-01", "date_to": "2025-01-31",
            }
        ] * 2)
        return {
            "first": first.id, "second": second.id, "agreement": agreement.id, "plan": plan.id,
            "payee": payee.id,
        }

    def _remove_business(self):
        with self._new_env() as env:
            for query in (
                SQL("DELETE FROM o2c_commission_entry WHERE agreement_id = %s", self.ids["agreement"]),
                SQL("DELETE FROM o2c_commission_settlement WHERE payee_id = %s", self.ids["payee"]),
                SQL("DELETE FROM o2c_commission_agreement WHERE id = %s", self.ids["agreement"]),
                SQL("DELETE FROM o2c_commission_rule WHERE plan_id = %s", self.ids["plan"]),
                SQL("UPDATE o2c_commission_plan SET family_id = NULL WHERE id = %s", self.ids["plan"]),
                SQL("DELETE FROM o2c_commission_plan WHERE id = %s", self.ids["plan"]),
            ):
                env.cr.execute(query)
            env["res.partner"].browse(self.ids["payee"]).unlink()
            env.ref("base.main_company").o2c_use_commission = self.used

    def test_a_guarantee_is_written_down_once(self):
        self._race(
            ("o2c.commission.agreement", [self.ids["agreement"]]),
            lambda env: env[SETTLEMENT].browse(self.ids["first"]).action_calculate(),
            lambda env: env[SETTLEMENT].browse(self.ids["second"]).action_calculate(),
        )
        with self._new_env() as env:
            settlements = env[SETTLEMENT].browse([self.ids["first"], self.ids["second"]])
            self.assertEqual(settlements.mapped("state"), ["calculated", "calculated"])
            self.assertEqual(sorted(settlements.mapped("amount")), [0.0, 100.0])
