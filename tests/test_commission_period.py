from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from .commission_common import CommissionCommon

MONTHS = {1: 31, 2: 28, 3: 31}


class PeriodCommon(CommissionCommon):
    """Settlements of a salesperson whose plan pays 10 %."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan = cls._new_plan({"rate": 10.0})
        cls.payee = cls.salesperson.partner_id

    def _settle(self, date_from, date_to, payee=None, company=None, calculate=True, **values):
        settlement = self.env["o2c.commission.settlement"].with_user(self.commission_manager).create({
            "payee_id": (payee or self.payee).id,
            "company_id": (company or self.company).id,
            "currency_id": (company or self.company).currency_id.id,
            "date_from": date_from,
            "date_to": date_to,
            **values,
        })
        if calculate:
            settlement.action_calculate()
        return settlement

    def _settle_month(self, month, **how):
        return self._settle(f"2025-{month:02}-01", f"2025-{month:02}-{MONTHS[month]}", **how)

    def _parts(self, settlement):
        """{(month, part): sum} of what a settlement has added."""
        parts = {}
        for row in settlement.entry_ids.filtered("period_part"):
            key = (str(row.period_from)[:7], row.period_part)
            parts[key] = round(parts.get(key, 0.0) + row.amount_payee, 2)
        return {key: amount for key, amount in parts.items() if amount}

    def _owed(self, payee=None):
        """All that the ledger owes."""
        rows = self.env["o2c.commission.entry"].search([
            ("payee_id", "=", (payee or self.payee).id), ("kind", "!=", "expect"),
        ])
        return round(sum(rows.mapped("amount_payee")), 2)


@tagged("post_install", "-at_install")
class TestCommissionPeriod(PeriodCommon):
    """Cap, guarantee and draw by calendar days, however the days are cut."""

    def test_an_agreement_begins_inside_a_month(self):
        self._new_agreement(plan=self.plan, guarantee_amount=310, date_from="2025-01-17")
        settlement = self._settle("2025-01-01", "2025-02-28")
        self.assertEqual(self._parts(settlement), {
            ("2025-01", "guarantee"): 150.0, ("2025-02", "guarantee"): 310.0,
        })
        january = settlement.period_ids.filtered(lambda one: str(one.date_from) == "2025-01-01")
        self.assertEqual((january.days, january.full_days, january.guarantee_amount), (15, 31, 150.0))
        explanation = settlement.entry_ids.filtered(lambda row: row.amount == 150.0).explanation
        self.assertIn("15 of 31 days", explanation)
        whole = settlement.entry_ids.filtered(lambda row: row.amount == 310.0).explanation
        self.assertNotIn("days", whole)

    def test_an_agreement_ends_inside_a_month(self):
        self._new_agreement(plan=self.plan, draw_amount=310, date_to="2025-01-10")
        self.assertEqual(self._settle_month(1).amount, 100.0)
        self.assertEqual(self._settle_month(2).amount, 0.0)

    def test_a_cap_is_prorated(self):
        self._new_agreement(plan=self.plan, cap_amount=310, date_from="2025-01-17")
        self._new_invoice(amount=5000, date="2025-01-20")
        self._new_invoice(amount=5000, date="2025-02-20")
        self.assertEqual(self._settle_month(1).amount, 150.0)
        self.assertEqual(self._settle_month(2).amount, 310.0)

    def test_what_comes_in_after_the_end_has_the_whole_cap(self):
        self._new_agreement(plan=self.plan, cap_amount=310, date_from="2025-01-01")
        self._new_invoice(amount=5000, date="2025-02-20")
        self.env["o2c.commission.agreement"].search([("payee_id", "=", self.payee.id)]).date_to = "2025-01-10"
        self.assertEqual(self._settle_month(2).amount, 310.0)

    def test_agreements_that_follow_each_other_add_up(self):
        self._new_agreement(plan=self.plan, guarantee_amount=100, date_to="2025-01-15")
        self._new_agreement(plan=self.plan, guarantee_amount=100, date_from="2025-01-16")
        settlement = self._settle_month(1)
        self.assertEqual(sorted(settlement.period_ids.mapped("guarantee")), [48.39, 51.61])
        self.assertEqual(settlement.amount, 100.0)

    def test_a_quarter_is_prorated(self):
        plan = self._new_plan({"rate": 10.0}, settlement_period="quarter")
        self._new_agreement(plan=plan, guarantee_amount=900, date_from="2025-02-10")
        self.assertEqual(self._settle("2025-01-01", "2025-03-31").amount, 500.0)

    def test_a_plan_that_is_closed_inside_a_month(self):
        self._new_agreement(plan=self.plan, guarantee_amount=310)
        self.plan.action_close("2025-01-10")
        self.assertEqual(self._settle("2025-01-01", "2025-02-28").amount, 100.0)

    def test_days_between_two_versions_of_a_plan_have_nothing(self):
        self._new_agreement(plan=self.plan, guarantee_amount=310)
        self.plan.action_close("2025-01-10")
        successor = self.env["o2c.commission.plan"].browse(self.plan.action_new_version()["res_id"])
        successor.date_from = "2025-01-22"
        successor.action_activate()
        settlement = self._settle_month(1)
        self.assertEqual(settlement.amount, 200.0)
        self.assertEqual((settlement.period_ids.days, settlement.period_ids.full_days), (20, 31))

    def test_archiving_ends_what_is_agreed_that_day(self):
        agreement = self._new_agreement(plan=self.plan, guarantee_amount=310)
        future = self._new_agreement(plan=self.plan, guarantee_amount=70, date_from="2025-02-01")
        with freeze_time("2025-01-10 12:00:00"):
            (agreement + future).action_archive()
        self.assertEqual((str(agreement.date_to), future.date_to), ("2025-01-10", False))
        self.assertEqual(self._settle("2025-01-01", "2025-02-28").amount, 100.0)

    def test_what_is_lent_is_recovered_under_new_terms(self):
        agreement = self._new_agreement(plan=self.plan, draw_amount=310, date_to="2025-01-31")
        january = self._settle_month(1)
        self.assertEqual(self._parts(january), {("2025-01", "draw"): 310.0})
        action = agreement.action_new_terms()
        new = self.env["o2c.commission.agreement"].browse(action["res_id"])
        new.draw_amount = 0
        self._new_invoice(amount=5000.0, date="2025-02-10")
        february = self._settle_month(2)
        self.assertEqual(self._parts(february), {("2025-02", "recover"): -310.0})
        self.assertEqual(february.entry_ids.filtered("period_part").agreement_id, new)
        self.assertEqual(self._owed(), 500.0)

    def test_cut_inside_a_period(self):
        cuts = [
            [("2025-01-01", "2025-02-28")],
            [("2025-01-01", "2025-01-15"), ("2025-01-16", "2025-02-28")],
            [("2025-01-01", "2025-01-09"), ("2025-01-10", "2025-01-31"), ("2025-02-01", "2025-02-28")],
            [("2025-01-16", "2025-01-31"), ("2025-01-01", "2025-01-15"), ("2025-02-01", "2025-02-28")],
            # Nobody settled the end of January.
            [("2025-01-01", "2025-01-15"), ("2025-02-01", "2025-02-28")],
            [("2025-01-05", "2025-02-05"), ("2025-02-06", "2025-02-28"), ("2025-01-01", "2025-02-28")],
        ]  # fmt: skip
        for number, days in enumerate(cuts):
            payee = self._new_customer(f"Agency {number}")
            for terms in ({"cap_amount": 300}, {"guarantee_amount": 210}, {"draw_amount": 155}):
                self._new_agreement(
                    payee, self.plan, coverage="all", mode="overlay", payout="bill",
                    date_from="2025-01-06", **terms,
                )
            with self.subTest(days=days):
                self._sell(payee)
                total = 0.0
                for first, last in days:
                    settlement = self._settle(first, last, payee)
                    settlement.action_approve()
                    total += settlement.amount
                self.assertEqual(round(total, 2), self._owed(payee))
                self.assertEqual(self._owed(payee), self._expected_of_cut())
            self.env["o2c.commission.agreement"].search([("payee_id", "=", payee.id)]).action_archive()

    def _sell(self, payee):
        self._new_invoice(amount=4000, date="2025-01-08")
        self._new_invoice(amount=1000, date="2025-02-08")

    def _expected_of_cut(self):
        """January from the 6th: capped at 26/31 of 300; a lent draw of 155 is not reached by 400."""
        january = 251.61 + 400.0 + 400.0
        return round(january + 100.0 + 210.0 + 155.0, 2)

    def test_the_preview_says_what_waits_for_the_end(self):
        self._new_agreement(plan=self.plan, guarantee_amount=310)
        settlement = self._settle("2025-01-01", "2025-01-15", calculate=False)
        waiting = self._preview(settlement).filtered(lambda line: line.reason == "period")
        self.assertEqual(str(waiting.date), "2025-01-31")
        self.assertTrue(waiting.detail)
        whole = self._settle("2025-01-01", "2025-01-31", calculate=False)
        self.assertNotIn("period", self._preview(whole).mapped("reason"))

    def _preview(self, settlement):
        action = settlement.action_preview()
        return self.env[action["res_model"]].with_user(self.commission_manager).search(action["domain"])

    def test_approved_periods_keep_their_terms_in_overlapping_ranges(self):
        agreement = self._new_agreement(plan=self.plan, guarantee_amount=100)
        first = self._settle_month(1)
        first.action_approve()
        agreement.guarantee_amount = 500
        self.assertEqual(self._settle("2025-01-15", "2025-02-28").amount, 500.0)
        self.assertEqual(first.amount, 100.0)
        with self.assertRaises(UserError):
            first.action_calculate()
