import random
from decimal import Decimal

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from .commission_outside_common import OutsideCase, money

MONTHS = ("2025-01-01", "2025-01-31"), ("2025-02-01", "2025-02-28"), ("2025-03-01", "2025-03-31")


@tagged("post_install", "-at_install")
class TestCommissionOutsideSettlement(OutsideCase):
    """Nothing is settled twice, and nothing is forgotten without a word."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan = cls._new_plan({"rate": 10.0})

    def _preview(self, settlements):
        return self.env["o2c.commission.settlement.preview"].with_user(self.commission_manager)._of(
            settlements.with_user(self.commission_manager)
        ).line_ids

    # ------------------------------------------------------------------
    # Dry run
    # ------------------------------------------------------------------

    def test_no_unsettled_entry_is_missing_from_the_preview(self):
        """Whatever is earned and not settled stands in the preview, once, taken in or with a reason."""
        euro = self._rates("EUR", {"2025-01-01": 0.5})
        draw = random.Random(12)
        payee = self.agent
        agreements = [
            self._new_agreement(payee, self.plan, coverage="all", mode="overlay", **values)
            for values in (
                {}, {"currency_id": euro.id}, {"guarantee_amount": 500.0}, {"cap_amount": 20.0},
                {"draw_amount": 200.0, "date_from": "2025-02-01"},
            )
        ]
        waiting = self._new_agreement(
            payee, self._new_plan({"rate": 3.0}, trigger="payment"), coverage="all", mode="overlay"
        )
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        self.env.user.company_ids |= branch
        self.commission_manager.company_ids |= branch
        ledger = self.env["o2c.commission.entry"]
        day, currency = fields.Date.to_date("2025-02-10"), self.company.currency_id
        ledger._adjust(payee, self.company, currency, 77.0, day, "Launch week")
        ledger._adjust(payee, branch, currency, 7.0, day, "Of the branch")
        invoices = []
        settlements = self.env["o2c.commission.settlement"]
        for __ in range(14):
            what = draw.choice(("bill", "bill", "credit", "pay", "reset", "settle", "settle"))
            if what == "bill" or not invoices:
                day = f"2025-0{draw.randint(1, 4)}-{draw.randint(1, 28):02}"
                invoices.append(self._bill(draw.randint(1, 99999) / 100, date=day))
            elif what == "credit":
                self._credit(draw.choice(invoices), date="2025-03-20")
            elif what == "pay":
                invoice = draw.choice(invoices)
                if invoice.state == "posted" and invoice.amount_residual:
                    self._receive(invoice, round(invoice.amount_residual / 2, 2) or 0.01)
            elif what == "reset":
                invoice = draw.choice(invoices)
                if not invoice.reversal_move_ids:
                    invoice.button_draft()
                    invoice.action_post()
            else:
                first, last = draw.choice(MONTHS)
                one = self._settle(first, last, payee, currency_id=draw.choice(
                    (self.company.currency_id, euro)
                ).id)
                settlements |= one
                fate = draw.random()
                if fate < 0.2:
                    one.action_cancel()
                elif fate < 0.4 and one.entry_ids:
                    dispute = one._dispute(one.entry_ids.filtered("agreement_id")[:1], "Too little")
                    if fate < 0.3 and dispute.entry_ids.source != "settlement":
                        dispute.resolution = "return"
                        dispute.action_accept()
                elif fate < 0.7:
                    one.action_approve()
            first, last = draw.choice(MONTHS)
            new = self.env["o2c.commission.settlement"].create({
                "payee_id": payee.id, "company_id": self.company.id, "date_from": first, "date_to": last,
            })
            for settlement in (new, *settlements):
                self._check_preview(settlement)
            new.unlink()
        self.assertEqual(len(agreements), 5)
        self.assertTrue(waiting)

    def _check_preview(self, settlement):
        lines = self._preview(settlement)
        self.assertTrue(all(line.reason and (line.is_included or line.detail) for line in lines))
        entries = self._rows(settlement.payee_id)
        open_entries = entries.filtered(
            lambda row: row.kind != "expect" and row.settlement_id.id in (False, settlement.id)
        )
        told = lines.filtered("entry_id").mapped("entry_id")
        self.assertFalse(open_entries - told)
        self.assertEqual(len(lines.filtered("entry_id")), len(told))
        included = lines.filtered("is_included").mapped("entry_id")
        if settlement.state == "draft":
            self.assertEqual(
                included,
                open_entries.filtered(
                    lambda row: row.company_id == settlement.company_id
                    and row.payee_currency_id == settlement.currency_id and row.date <= settlement.date_to
                ),
            )
        expected = sum(
            row.amount_payee for row in entries
            if row.kind == "expect" and row.company_id == settlement.company_id
        )
        still = lines.filtered(lambda line: line.reason in ("unpaid", "not_invoiced", "later"))
        self.assertEqual(round(sum(still.filtered(lambda line: not line.entry_id).mapped("amount")), 2),
                         round(expected, 2))

    def test_the_preview_is_what_is_settled(self):
        self._new_agreement(self.agent, self.plan, coverage="all", share=33.3)
        for day in ("2025-01-15", "2025-01-31", "2025-02-01"):
            self._bill(123.45, date=day)
        settlement = self.env["o2c.commission.settlement"].create({
            "payee_id": self.agent.id, "company_id": self.company.id,
            "date_from": "2025-01-01", "date_to": "2025-01-31",
        })
        rows = len(self._rows())
        lines = self._preview(settlement)
        self.assertEqual((len(self._rows()), settlement.state, settlement.entry_count), (rows, "draft", 0))
        included = lines.filtered("is_included")
        settlement.action_calculate()
        self.assertEqual(included.entry_id, settlement.entry_ids)
        self.assertEqual(settlement.amount, money(Decimal("4.11") * 2))
        self.assertEqual((lines - included).mapped("reason"), ["later"])

    def test_every_state_is_found_by_search(self):
        self._new_agreement(self.agent, self.plan, coverage="all")
        self._new_agreement(
            plan=self._new_plan({"rate": 1.0}, trigger="payment"), mode="overlay",
        )
        for month in range(1, 4):
            self._bill(100.0, date=f"2025-0{month}-10")
        first, __ = (self._settle(*days, self.agent) for days in MONTHS[:2])
        first.action_approve()
        first.action_bill()
        first.bill_id.invoice_date = "2025-02-01"
        first.bill_id.action_post()
        self._receive(first.bill_id)
        ledger, rows = self.env["o2c.commission.entry"], self._rows()
        self.assertEqual(set(rows.mapped("state")), {"expected", "earned", "settled", "paid"})
        for operator, value in (
            *(("=", state) for state in set(rows.mapped("state"))), ("!=", "expected"), ("!=", "paid"),
            ("in", ["earned", "paid"]), ("not in", ["earned", "paid"]), ("in", []), ("!=", False),
        ):
            domain = [("state", operator, value)]
            self.assertEqual(ledger.search(domain, order="id"), rows.filtered_domain(domain), domain)

    # ------------------------------------------------------------------
    # Reruns
    # ------------------------------------------------------------------

    def test_buttons_and_jobs_twice_change_nothing(self):
        self._new_agreement(self.agent, self.plan, coverage="all", guarantee_amount=50, draw_amount=80)
        invoice = self._bill(333.33, date="2025-01-15")
        settlement = self._settle(*MONTHS[0], self.agent)
        found = settlement.read(["amount", "entry_count"]), len(self._rows())
        for __ in range(2):
            settlement.action_calculate()
            self._replay(invoice)
            self.assertEqual((settlement.read(["amount", "entry_count"]), len(self._rows())), found)
        again = self._settle(*MONTHS[0], self.agent)
        self.assertEqual((again.amount, again.entry_count, len(self._rows())), (0.0, 0, found[1]))
        settlement.action_approve()
        settlement.action_bill()
        bill = settlement.bill_id
        self.assertEqual((bill.move_type, bill.amount_untaxed), ("in_invoice", 80.0))
        self.assertEqual(settlement.state, "billed")
        for button in ("action_calculate", "action_approve", "action_bill", "action_cancel"):
            with self.subTest(button), self.assertRaises(UserError), self.env.cr.savepoint():
                getattr(settlement, button)()
        bill.invoice_date = "2025-02-05"
        bill.action_post()
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=bill.ids
        ).create({"payment_date": "2025-02-07"})._create_payments()
        self.assertEqual(settlement.state, "paid")
        self.assertEqual(set(settlement.entry_ids.mapped("state")), {"paid"})
        ledger = self.env["o2c.commission.entry"]
        self.assertEqual(
            ledger.search([("state", "=", "paid"), ("payee_id", "=", self.agent.id)]), settlement.entry_ids
        )
        before = len(self._rows())
        for job in self.env["ir.cron"].with_context(active_test=False).search(
            [("model_id.model", "=like", "o2c.commission%")]
        ):
            job.ir_actions_server_id.run()
        self.assertEqual((len(self._rows()), settlement.state), (before, "paid"))

    # ------------------------------------------------------------------
    # Draws, caps, guarantees, attainment
    # ------------------------------------------------------------------

    def test_draws_over_three_months(self):
        lent, given = (self._new_customer(f"Agent {name}") for name in ("Lent", "Given"))
        for payee in (lent, given):
            self._new_agreement(
                payee, self.plan, coverage="all", mode="overlay", draw_amount=100.0,
                draw_recoverable=payee == lent,
            )
        for amount, (first, __) in zip((400.0, 1333.33, 2100.0), MONTHS, strict=True):
            self._bill(amount, date=first)
        # Earned are 40.00, 133.33 and 210.00. 60 are lent; 33.33 and 26.67 of it come back.
        for payee, amounts, balances in (
            (lent, [100.0, 100.0, 183.33], [60.0, 26.67, 0.0]),
            (given, [100.0, 133.33, 210.0], None),
        ):
            settlements = [self._settle(first, last, payee) for first, last in MONTHS]
            self.assertEqual([one.amount for one in settlements], amounts)
            kinds = {row.kind for one in settlements for row in one.entry_ids}
            self.assertEqual(kinds, {"draw", "accrue", "recover"} if payee == lent else {"draw", "accrue"})
            if balances:
                self.assertEqual([one.period_ids.balance for one in settlements], balances)

    def test_cap_and_guarantee_at_their_edges(self):
        for earned, cap, guarantee, paid in (
            (1000.0, 100.0, 0.0, 100.0), (1000.1, 100.0, 0.0, 100.0), (999.9, 100.0, 100.0, 100.0),
            (0.0, 100.0, 50.0, 50.0), (500.0, 0.0, 50.0, 50.0), (500.1, 0.0, 50.0, 50.01),
            (-500.0, 100.0, 0.0, -50.0),
        ):
            payee = self._new_customer("Agent")
            agreement = self._new_agreement(
                payee, self.plan, coverage="customers", partner_ids=payee.ids,
                cap_amount=cap, guarantee_amount=guarantee,
            )
            if earned > 0:
                self._bill(earned, date="2025-01-31", partner_id=payee.id)
            elif earned:
                self._new_invoice(payee, earned, date="2025-01-31")
            settlement = self._settle(*MONTHS[0], payee)
            self.assertEqual(settlement.amount, paid, (earned, cap, guarantee))
            self.assertTrue(agreement)

    def test_accelerator_and_bonus_at_their_edges(self):
        plan = self._new_plan({"rate": 10.0}, bonus_ids=[
            Command.create({"kind": "factor", "attainment_from": 100, "attainment_to": 120, "factor": 10}),
            Command.create({"kind": "factor", "attainment_from": 120, "factor": 25}),
            Command.create({"kind": "amount", "attainment_from": 120, "amount": 33.33}),
        ])
        self._new_agreement(plan=plan)
        sales = self.env["o2c.sales.plan"].create({
            "name": "2025", "company_id": self.company.id, "date_from": "2025-01-01",
            "date_to": "2025-12-31", "period": "month", "metric": "amount",
            "node_ids": [Command.create({"name": "Sally", "user_id": self.salesperson.id})],
        })
        self.env["o2c.sales.plan.cell"].search([("node_id", "in", sales.node_ids.ids)]).target = 1000.0
        sales.action_approve()
        for (first, last), amount in zip(MONTHS, (999.99, 1000.0, 1200.0), strict=True):
            self._bill(amount, date=first)
            self.assertTrue(last)
        sales.action_refresh_actuals()
        self.assertEqual(
            [self._settle(first, last).amount for first, last in MONTHS],
            # 100.00; 100 + 10 %; 120 + 25 % + 33.33.
            [100.0, 110.0, 183.33],
        )

    def test_spiff(self):
        wizard = self.env["o2c.commission.adjustment.new"].with_user(self.commission_manager)
        self._new_agreement(self.agent, self.plan, coverage="all", cap_amount=10.0)
        self._bill(1000.0, date="2025-01-10")
        for amount in (25.0, -5.0):
            one = wizard.create({
                "payee_id": self.agent.id, "amount": amount, "date": "2025-01-20", "reason": "Launch week",
            })
            action = next(name for name in dir(one) if name.startswith("action_"))
            getattr(one, action)()
        settlement = self._settle(*MONTHS[0], self.agent)
        # The cap is for what sales earn.
        self.assertEqual(settlement.amount, 30.0)

    # ------------------------------------------------------------------
    # Disputes
    # ------------------------------------------------------------------

    def test_each_disputed_line_is_answered(self):
        self._new_agreement(plan=self.plan)
        for amount in (100.0, 200.0, 300.0):
            self._bill(amount, date="2025-01-10")
        settlement = self._settle(*MONTHS[0])
        settlement.with_user(self.commission_manager).action_approve()
        first, second, __ = settlement.entry_ids.sorted("id")
        own = settlement.with_user(self.salesperson)
        disputes = own._dispute(first, "It was 150") | own._dispute(second, "Not mine")
        self.assertEqual(settlement.state, "disputed")
        for button in ("action_calculate", "action_approve", "action_bill"):
            with self.subTest(button), self.assertRaises(UserError), self.env.cr.savepoint():
                getattr(settlement, button)()
        with self.assertRaises(UserError), self.env.cr.savepoint():
            own._dispute(first, "Again")
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            settlement.with_user(self.other_salesperson)._dispute(first, "!")
        disputes = disputes.with_user(self.commission_manager)
        disputes[0].write({"resolution": "adjust", "adjust_amount": 5.0, "answer": "You are right"})
        disputes[0].action_accept()
        self.assertEqual((settlement.state, settlement.amount), ("disputed", 65.0))
        disputes[1].resolution = "return"
        disputes[1].action_accept()
        self.assertEqual((settlement.state, settlement.amount), ("calculated", 45.0))
        with self.assertRaises(UserError), self.env.cr.savepoint():
            disputes[1].action_accept()
        settlement.action_calculate()
        self.assertEqual(settlement.amount, 45.0)
        self.assertEqual(self._settle(*MONTHS[1]).amount, 20.0)
