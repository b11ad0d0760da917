from odoo import fields
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

    def test_two_who_settle_with_everybody_make_one_settlement(self):
        def settle(env):
            env["o2c.commission.settlement.batch"].create({
                "company_id": env.ref("base.main_company").id,
                "payee_ids": [Command.set([self.ids["payee"]])],
                "date_from": "2025-02-01", "date_to": "2025-02-28",
            }).action_create_settlements()

        self.assertEqual(self._race(("res.partner", [self.ids["payee"]]), settle, settle), 2)
        with self._new_env() as env:
            made = env[SETTLEMENT].search([
                ("payee_id", "=", self.ids["payee"]), ("date_from", "=", "2025-02-01"),
            ])
            self.assertEqual((made.mapped("state"), made.mapped("amount")), (["calculated"], [100.0]))

    def _earn(self):
        """Two rows of the ledger, committed."""
        with self._new_env() as env:
            payee, company = env["res.partner"].browse(self.ids["payee"]), env.ref("base.main_company")
            for amount in (70.0, 30.0):
                env["o2c.commission.entry"]._adjust(
                    payee, company, company.currency_id, amount, fields.Date.to_date("2025-01-10"), "Raced"
                )
            # They go with what else the agreement has.
            env["o2c.commission.entry"].flush_model()
            env.cr.execute(
                SQL(
                    "UPDATE o2c_commission_entry SET agreement_id = %s, source_res_id = id"
                    " WHERE payee_id = %s",
                    self.ids["agreement"],
                    self.ids["payee"],
                )
            )

    def _sums(self):
        """Sum of the settlements, of the ledger, and the numbers of entries of the settlements."""
        with self._new_env() as env:
            settlements = env[SETTLEMENT].browse([self.ids["first"], self.ids["second"]])
            ledger = env["o2c.commission.entry"].search([("payee_id", "=", self.ids["payee"])])
            self.assertEqual(sum(settlements.mapped("entry_count")), len(ledger))
            return (
                sum(settlements.mapped("amount")),
                sum(ledger.mapped("amount_payee")),
                settlements.mapped("state"),
            )

    def test_each_entry_is_settled_once(self):
        self._earn()
        tries = self._race(
            ("o2c.commission.agreement", [self.ids["agreement"]]),
            lambda env: env[SETTLEMENT].browse(self.ids["first"]).action_calculate(),
            lambda env: env[SETTLEMENT].browse(self.ids["second"]).action_calculate(),
        )
        self.assertGreater(tries, 1)
        self.assertEqual(self._sums(), (100.0, 100.0, ["calculated", "calculated"]))

    def test_one_settlement_calculated_by_two(self):
        self._earn()
        self._race(
            (SETTLEMENT, [self.ids["first"]]),
            lambda env: env[SETTLEMENT].browse(self.ids["first"]).action_calculate(),
            lambda env: env[SETTLEMENT].browse(self.ids["first"]).action_calculate(),
        )
        self.assertEqual(self._sums(), (100.0, 100.0, ["calculated", "draft"]))

    def test_one_is_cancelled_while_another_is_calculated(self):
        self._earn()
        with self._new_env() as env:
            env[SETTLEMENT].browse(self.ids["first"]).action_calculate()
        self._race(
            ("o2c.commission.agreement", [self.ids["agreement"]]),
            lambda env: env[SETTLEMENT].browse(self.ids["first"]).action_cancel(),
            lambda env: env[SETTLEMENT].browse(self.ids["second"]).action_calculate(),
        )
        self.assertEqual(self._sums(), (100.0, 100.0, ["cancelled", "calculated"]))
