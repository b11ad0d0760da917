import random

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from .commission_common import CommissionCommon


@tagged("post_install", "-at_install")
class TestCommissionSettlement(CommissionCommon):
    """What is earned is settled once, with what is agreed for each period."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan = cls._new_plan({"rate": 10.0})
        cls.payee = cls.salesperson.partner_id
        cls.ledger = cls.env["o2c.commission.entry"]

    def _settle(self, date_from, date_to, payee=None, calculate=True, **values):
        settlement = self.env["o2c.commission.settlement"].with_user(self.commission_manager).create({
            "payee_id": (payee or self.payee).id,
            "company_id": self.company.id,
            "currency_id": self.company.currency_id.id,
            "date_from": date_from,
            "date_to": date_to,
            **values,
        })
        if calculate:
            settlement.action_calculate()
        return settlement

    def _parts(self, entries, **how):
        rows = entries.filtered(lambda entry: entry.source == "settlement")
        return {
            (str(row.period_from)[:7], row.period_part): row.amount_payee
            for row in rows.sorted("id")
        }

    def _total(self, agreement):
        """All that the ledger owes by an agreement, in both currencies."""
        entries = self.ledger.search([("agreement_id", "=", agreement.id), ("kind", "!=", "expect")])
        return round(sum(entries.mapped("amount_payee")), 2), round(sum(entries.mapped("amount_company")), 2)

    # ------------------------------------------------------------------
    # Taking in
    # ------------------------------------------------------------------

    def test_takes_in_what_is_earned_until_the_last_day(self):
        self._new_agreement(plan=self.plan)
        self._new_invoice(amount=1000, date="2025-01-31")
        self._new_invoice(amount=500, date="2025-02-01")
        january = self._settle("2025-01-01", "2025-01-31")
        self.assertEqual((january.state, january.entry_count, january.amount), ("calculated", 1, 100.0))
        self.assertTrue(january.name.startswith("COM/2025/"))
        self.assertEqual(january.entry_ids.state, "settled")
        self.assertEqual(self._settle("2025-02-01", "2025-02-28").amount, 50.0)

    def test_an_entry_counts_once(self):
        self._new_agreement(plan=self.plan)
        self._new_invoice(amount=1000, date="2025-01-31")
        settlements = self._settle("2025-01-01", "2025-02-28", calculate=False)
        settlements |= self._settle("2025-01-15", "2025-01-31", calculate=False)
        settlements.action_calculate()
        # The one that ends first.
        self.assertEqual(settlements.mapped("amount"), [0.0, 100.0])
        settlements.action_calculate()
        self.assertEqual(settlements.mapped("entry_count"), [0, 1])

    def test_calculated_again_takes_in_what_has_come_since(self):
        self._new_agreement(plan=self.plan)
        settlement = self._settle("2025-01-01", "2025-01-31")
        self.assertEqual(settlement.amount, 0.0)
        self._new_invoice(amount=1000, date="2025-01-20")
        settlement.action_calculate()
        self.assertEqual(settlement.amount, 100.0)
        settlement.action_approve()
        with self.assertRaises(UserError):
            settlement.action_calculate()

    def test_cancelled_gives_back(self):
        agreement = self._new_agreement(plan=self.plan, guarantee_amount=300)
        self._new_invoice(amount=1000, date="2025-01-20")
        settlement = self._settle("2025-01-01", "2025-01-31")
        self.assertEqual(settlement.amount, 300.0)
        settlement.action_cancel()
        self.assertEqual((settlement.state, settlement.amount), ("cancelled", 0.0))
        self.assertEqual(self._total(agreement), (100.0, 100.0))
        self.assertEqual(self._settle("2025-01-01", "2025-01-31").amount, 300.0)
        with self.assertRaises(UserError):
            settlement.unlink()

    def test_only_of_its_payee_company_and_currency(self):
        other = self.other_salesperson.partner_id
        self._new_agreement(plan=self.plan)
        self._new_agreement(other, self.plan)
        self._new_agreement(self.agent, self.plan, coverage="all", mode="overlay", payout="bill")
        self._new_invoice(amount=1000, date="2025-01-20")
        self._new_invoice(amount=300, date="2025-01-20", invoice_user_id=self.other_salesperson.id)
        settlements = (
            self._settle("2025-01-01", "2025-01-31", calculate=False)
            | self._settle("2025-01-01", "2025-01-31", other, calculate=False)
            | self._settle("2025-01-01", "2025-01-31", self.agent, calculate=False)
        )
        settlements.action_calculate()
        self.assertEqual(settlements.mapped("amount"), [100.0, 30.0, 130.0])
        self.assertEqual(settlements.mapped("payout"), ["payroll", "payroll", "bill"])

    # ------------------------------------------------------------------
    # Periods
    # ------------------------------------------------------------------

    def test_cap_and_guarantee_of_each_month(self):
        agreement = self._new_agreement(plan=self.plan, cap_amount=150, guarantee_amount=80)
        self._new_invoice(amount=2000, date="2025-01-10")
        self._new_invoice(amount=500, date="2025-02-10")
        settlement = self._settle("2025-01-01", "2025-03-31")
        self.assertEqual(self._parts(settlement.entry_ids), {
            ("2025-01", "cap"): -50.0, ("2025-02", "guarantee"): 30.0, ("2025-03", "guarantee"): 80.0,
        })
        self.assertEqual(settlement.amount, 310.0)
        rows = settlement.entry_ids.filtered("period_part")
        self.assertTrue(all(rows.mapped("explanation")))
        self.assertEqual(
            sorted(str(row.date) for row in rows), ["2025-01-31", "2025-02-28", "2025-03-31"]
        )
        self.assertEqual(len(settlement.period_ids), 3)
        # Whoever calculates twice changes nothing.
        settlement.action_calculate()
        self.assertEqual((settlement.amount, self._total(agreement)[0]), (310.0, 310.0))

    def test_late_entries_are_capped_by_the_difference(self):
        agreement = self._new_agreement(plan=self.plan, cap_amount=150)
        self._new_invoice(amount=1000, date="2025-01-10")
        first = self._settle("2025-01-01", "2025-01-31")
        first.action_approve()
        self.assertEqual(first.amount, 100.0)
        self._new_invoice(amount=1000, date="2025-01-20")
        second = self._settle("2025-02-01", "2025-02-28")
        self.assertEqual(second.amount, 50.0)
        self.assertEqual(str(second.entry_ids.filtered("period_part").date), "2025-02-28")
        self.assertEqual(self._total(agreement), (150.0, 150.0))

    def test_a_late_period_keeps_its_terms(self):
        agreement = self._new_agreement(plan=self.plan, guarantee_amount=150)
        first = self._settle("2025-01-01", "2025-01-31")
        first.action_approve()
        agreement.guarantee_amount = 500
        self._new_invoice(amount=1000, date="2025-01-20")
        second = self._settle("2025-02-01", "2025-02-28")
        # January stays at 150, of which 100 are earned now; February has the new guarantee.
        self.assertEqual(second.amount, 100.0 - 100.0 + 500.0)

    def test_draw_is_lent_and_recovered(self):
        self._new_agreement(plan=self.plan, draw_amount=100)
        self._new_invoice(amount=400, date="2025-01-10")
        self._new_invoice(amount=1300, date="2025-02-10")
        self._new_invoice(amount=1900, date="2025-03-10")
        amounts = [
            self._settle(f"2025-0{month}-01", last).amount
            for month, last in ((1, "2025-01-31"), (2, "2025-02-28"), (3, "2025-03-31"))
        ]
        self.assertEqual(amounts, [100.0, 100.0, 160.0])

    def test_draw_that_is_not_recovered(self):
        self._new_agreement(plan=self.plan, draw_amount=100, draw_recoverable=False)
        self._new_invoice(amount=1300, date="2025-02-10")
        self.assertEqual(self._settle("2025-01-01", "2025-01-31").amount, 100.0)
        self.assertEqual(self._settle("2025-02-01", "2025-02-28").amount, 130.0)

    def test_quarter_ends_with_the_quarter(self):
        plan = self._new_plan({"rate": 10.0}, settlement_period="quarter")
        self._new_agreement(plan=plan, guarantee_amount=100)
        self.assertEqual(self._settle("2025-01-01", "2025-02-28").amount, 0.0)
        self.assertEqual(self._settle("2025-03-01", "2025-03-31").amount, 100.0)

    def test_nothing_is_guaranteed_after_the_end(self):
        self._new_agreement(plan=self.plan, guarantee_amount=100, date_to="2025-01-31")
        self.assertEqual(self._settle("2025-01-01", "2025-03-31").amount, 100.0)

    def test_attainment_pays_a_bonus(self):
        plan = self._new_plan({"rate": 10.0}, bonus_ids=[
            Command.create({"kind": "factor", "attainment_from": 100, "attainment_to": 120, "factor": 20}),
            Command.create({"kind": "amount", "attainment_from": 90, "amount": 55}),
        ])
        self._new_agreement(plan=plan)
        self._plan_january(800.0)
        self._new_invoice(amount=880, date="2025-01-10")
        self.sales_plan.action_refresh_actuals()
        settlement = self._settle("2025-01-01", "2025-01-31")
        self.assertEqual(
            self._parts(settlement.entry_ids),
            {("2025-01", "accelerator"): 17.6, ("2025-01", "bonus"): 55.0},
        )
        self.assertEqual(settlement.amount, 160.6)

    def _plan_january(self, target):
        self.sales_plan = self.env["o2c.sales.plan"].create({
            "name": "2025", "company_id": self.company.id, "date_from": "2025-01-01", "date_to": "2025-12-31",
            "period": "month", "metric": "amount",
            "node_ids": [Command.create({"name": "Sally", "user_id": self.salesperson.id})],
        })
        cells = self.sales_plan.node_ids.cell_ids if "cell_ids" in self.sales_plan.node_ids else (
            self.env["o2c.sales.plan.cell"].search([("plan_id", "=", self.sales_plan.id)])
        )
        cells.filtered(lambda cell: str(cell.date_from) == "2025-01-01").target = target
        self.sales_plan.action_approve()

    def test_any_order_of_settlements_gives_the_sum_of_one(self):
        terms = [
            {"cap_amount": 150, "guarantee_amount": 40},
            {"draw_amount": 100},
            {"cap_amount": 180, "guarantee_amount": 20, "draw_amount": 90},
        ]
        months = [
            ("2025-01-01", "2025-01-31"), ("2025-02-01", "2025-02-28"), ("2025-03-01", "2025-03-31"),
            ("2025-01-01", "2025-02-28"), ("2025-02-15", "2025-03-31"),
        ]  # fmt: skip
        for seed, agreed in enumerate(terms):
            rng = random.Random(seed)
            at_once, piecemeal = (
                self._new_agreement(
                    self._new_customer(f"{name} {seed}"), self.plan, coverage="all", mode="overlay",
                    payout="bill", **agreed,
                )
                for name in ("At Once", "Piecemeal")
            )
            events = [*months, months[2], months[0], *(rng.randint(100, 250_000) / 100 for __ in range(6))]
            rng.shuffle(events)
            with self.subTest(seed=seed, events=events):
                for event in events:
                    if isinstance(event, float):
                        day = f"2025-0{rng.randint(1, 3)}-{rng.randint(1, 28):02}"
                        self._new_invoice(amount=event, date=day)
                        continue
                    settlement = self._settle(*event, piecemeal.payee_id)
                    fate = rng.random()
                    if fate < 0.2:
                        settlement.action_cancel()
                    elif fate < 0.7:
                        settlement.action_approve()
                self._settle("2025-01-01", "2025-03-31", piecemeal.payee_id)
                self._settle("2025-01-01", "2025-03-31", at_once.payee_id)
                self.assertEqual(self._total(piecemeal), self._total(at_once))
                settled = self.env["o2c.commission.settlement"].search([
                    ("payee_id", "=", piecemeal.payee_id.id), ("state", "!=", "cancelled"),
                ])
                self.assertEqual(round(sum(settled.mapped("amount")), 2), self._total(at_once)[0])

    def test_many_payees_take_no_more_statements(self):
        def calculate(count):
            payees = [self._new_customer(f"Agency {count}.{number}") for number in range(count)]
            for payee in payees:
                self._new_agreement(
                    payee, self.plan, coverage="all", mode="overlay", payout="bill", guarantee_amount=50
                )
            self._new_invoice(amount=100, date="2025-01-10")
            settlements = self.env["o2c.commission.settlement"].concat(*(
                self._settle("2025-01-01", "2025-01-31", payee, calculate=False) for payee in payees
            ))
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            settlements.action_calculate()
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        self.assertLessEqual(calculate(12) - calculate(2), 4)

    # ------------------------------------------------------------------
    # Companies
    # ------------------------------------------------------------------

    def test_a_manager_settles_in_his_companies_only(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        settlement = self.env["o2c.commission.settlement"].create({
            "payee_id": self.agent.id, "company_id": other.id, "date_from": "2025-01-01",
            "date_to": "2025-01-31",
        })
        with self.assertRaises(AccessError):
            settlement.with_user(self.commission_manager).read(["amount"])
        # Where commission is switched off nothing is settled.
        with self.assertRaises(UserError):
            settlement.action_calculate()

    def test_entries_of_another_company_stay(self):
        self._new_agreement(self.agent, self.plan, coverage="all", payout="bill")
        self._new_invoice(amount=1000, date="2025-01-10")
        other = self.env["res.company"].create({"name": "Elsewhere", "o2c_use_commission": True})
        settlement = self.env["o2c.commission.settlement"].create({
            "payee_id": self.agent.id, "company_id": other.id, "date_from": "2025-01-01",
            "date_to": "2025-01-31", "currency_id": self.company.currency_id.id,
        })
        settlement.action_calculate()
        self.assertEqual(settlement.entry_count, 0)

    def test_archived_payees_and_agreements_are_settled(self):
        agreement = self._new_agreement(self.agent, self.plan, coverage="all", payout="bill", cap_amount=60)
        self._new_invoice(amount=1000, date="2025-01-10")
        agreement.action_archive()
        self.agent.action_archive()
        self.assertEqual(self._settle("2025-01-01", "2025-01-31", self.agent).amount, 60.0)

    # ------------------------------------------------------------------
    # Rights
    # ------------------------------------------------------------------

    def test_nobody_approves_his_own(self):
        self._new_agreement(self.commission_manager.partner_id, self.plan)
        settlement = self._settle("2025-01-01", "2025-01-31", self.commission_manager.partner_id)
        with self.assertRaises(UserError):
            settlement.action_approve()
        settlement.with_user(self.o2c_manager).action_approve()
        self.assertEqual(settlement.approved_by_id, self.o2c_manager)

    def test_payees_read_their_own_and_change_nothing(self):
        self._new_agreement(plan=self.plan)
        self._new_invoice(amount=1000, date="2025-01-20")
        settlement = self._settle("2025-01-01", "2025-01-31")
        own = settlement.with_user(self.salesperson)
        self.assertEqual((own.amount, own.entry_ids.amount), (100.0, 100.0))
        for button in ("action_calculate", "action_approve", "action_bill", "action_cancel"):
            with self.subTest(button), self.assertRaises(AccessError):
                getattr(own, button)()
        with self.assertRaises(AccessError):
            settlement.with_user(self.other_salesperson).read(["amount"])

    def test_what_the_program_sets_is_guarded(self):
        settlement = self._settle("2025-01-01", "2025-01-31", calculate=False)
        for values in ({"state": "paid"}, {"amount": 5}, {"bill_id": False}, {"entry_ids": []}):
            with self.subTest(values), self.assertRaises(UserError):
                settlement.write(values)
        with self.assertRaises(UserError):
            self._settle("2025-01-01", "2025-01-31", calculate=False, state="paid")
        settlement.action_calculate()
        with self.assertRaises(UserError):
            settlement.date_to = "2025-02-28"
