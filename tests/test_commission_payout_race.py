from odoo.exceptions import UserError
from odoo.tools import SQL

from .race_common import RaceCommon

PAYOUT = "o2c.commission.payout"
SETTLEMENT = "o2c.commission.settlement"
WIZARD = "o2c.commission.adjustment.new"


class TestCommissionPayoutRace(RaceCommon):
    """Two managers hand over to payroll, or decide on a bonus, at the same instant."""

    def _create_business(self, env):
        company = env.ref("base.main_company")
        self.used = company.o2c_use_commission
        company.o2c_use_commission = True
        payee = env["res.partner"].create({"name": "Raced Employee"})
        batch = env[PAYOUT].create({"company_id": company.id, "currency_id": company.currency_id.id})
        settlements = env[SETTLEMENT].create([
            {
                "payee_id": payee.id, "company_id": company.id, "currency_id": company.currency_id.id,
                "date_from": f"2025-0{month}-01", "date_to": f"2025-0{month}-28", "payout": "payroll",
            }
            for month in (1, 2)
        ])
        settlements[0]._set(state="billed", payout_id=batch.id)
        for settlement in settlements:
            env["o2c.commission.entry"]._adjust(
                payee, company, company.currency_id, 40.0, settlement.date_from, "Raced", None, settlement
            )
        settlements._refresh_amounts()
        settlements[1]._set(state="approved")
        wizard = env[WIZARD].create({
            "payee_id": payee.id, "company_id": company.id, "amount": 50, "date": "2025-03-15",
            "reason": "Raced",
        })
        return {
            "payee": payee.id, "batch": batch.id, "first": settlements[0].id, "second": settlements[1].id,
            "wizard": wizard.id,
        }

    def _remove_business(self):
        with self._new_env() as env:
            payee = self.ids["payee"]
            used = env[SETTLEMENT].search([("payee_id", "=", payee)]).payout_id
            batches = [*used.ids, self.ids["batch"]]
            for query in (
                SQL("DELETE FROM o2c_commission_entry WHERE payee_id = %s", payee),
                SQL("DELETE FROM o2c_commission_adjustment_new WHERE payee_id = %s", payee),
                SQL("DELETE FROM o2c_commission_settlement WHERE payee_id = %s", payee),
                SQL("DELETE FROM o2c_commission_payout WHERE id = ANY(%s)", batches),
                SQL("DELETE FROM ir_attachment WHERE res_model = %s AND res_id = ANY(%s)", PAYOUT, batches),
            ):
                env.cr.execute(query)
            env["res.partner"].browse(payee).unlink()
            env.ref("base.main_company").o2c_use_commission = self.used

    def _race_on_the_batch(self, first, second):
        return self._race(
            (PAYOUT, [self.ids["batch"]]),
            lambda env: first(env[PAYOUT].browse(self.ids["batch"])),
            lambda env: second(env[PAYOUT].browse(self.ids["batch"])),
        )

    def _exported(self):
        with self._new_env() as env:
            batch = env[PAYOUT].browse(self.ids["batch"])
            return batch.exported_on, batch._csv()

    def test_two_exports_are_one(self):
        seen = []

        def export(batch):
            batch.action_export()
            seen.append((batch.exported_on, batch._csv()))

        self.assertEqual(self._race_on_the_batch(export, export), 2)
        self.assertEqual(seen, [self._exported()] * 2)

    def test_paid_once(self):
        with self._new_env() as env:
            env[PAYOUT].browse(self.ids["batch"]).action_export()
        with self.assertRaises(UserError):
            self._race_on_the_batch(lambda batch: batch.action_paid(), lambda batch: batch.action_paid())
        with self._new_env() as env:
            batch = env[PAYOUT].browse(self.ids["batch"])
            self.assertEqual((batch.state, batch.settlement_ids.state), ("paid", "paid"))

    def test_nothing_slips_into_a_batch_that_is_exported(self):
        self._race_on_the_batch(
            lambda batch: batch.action_export(),
            lambda batch: batch.env[SETTLEMENT].browse(self.ids["second"]).action_bill(),
        )
        with self._new_env() as env:
            second = env[SETTLEMENT].browse(self.ids["second"])
            self.assertNotEqual(second.payout_id.id, self.ids["batch"])
            self.assertEqual((second.state, second.payout_id.state), ("billed", "draft"))
        self.assertEqual(self._exported()[1].count(b"Raced Employee"), 1)

    def test_nothing_is_taken_off_a_batch_that_is_exported(self):
        with self.assertRaises(UserError):
            self._race_on_the_batch(
                lambda batch: batch.action_export(),
                lambda batch: batch.settlement_ids.action_withdraw(),
            )

    def test_a_bonus_is_added_once(self):
        tries = self._race(
            (WIZARD, [self.ids["wizard"]]),
            lambda env: env[WIZARD].browse(self.ids["wizard"]).action_add(),
            lambda env: env[WIZARD].browse(self.ids["wizard"]).action_add(),
        )
        self.assertEqual(tries, 2)
        with self._new_env() as env:
            added = env["o2c.commission.entry"].search([
                ("payee_id", "=", self.ids["payee"]), ("amount", "=", 50.0),
            ])
            self.assertEqual(len(added), 1)
