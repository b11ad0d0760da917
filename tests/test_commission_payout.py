import io
from unittest.mock import patch

import openpyxl

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, freeze_time, tagged

from .commission_common import CommissionCommon


@tagged("post_install", "-at_install")
class TestCommissionPayout(CommissionCommon):
    """What is settled is billed, sent to payroll, carried forward or accrued."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan = cls._new_plan({"rate": 10.0})
        cls.payee = cls.salesperson.partner_id

    def _agent(self, **values):
        return self._new_agreement(self.agent, self.plan, coverage="all", payout="bill", **values)

    def _settlement(self, payee, approve=True, date_to="2025-01-31", **values):
        settlement = self.env["o2c.commission.settlement"].with_user(self.commission_manager).create({
            "payee_id": payee.id,
            "company_id": self.company.id,
            "date_from": f"{date_to[:8]}01",
            "date_to": date_to,
            **values,
        })
        settlement.action_calculate()
        if approve:
            settlement.action_approve()
        return settlement

    # ------------------------------------------------------------------
    # Vendor bills
    # ------------------------------------------------------------------

    def test_an_agent_gets_a_draft_bill_whose_payment_is_his(self):
        self._agent(guarantee_amount=150)
        self._new_invoice(amount=1000, date="2025-01-10")
        settlement = self._settlement(self.agent)
        settlement.action_bill()
        bill = settlement.sudo().bill_id
        self.assertEqual((bill.move_type, bill.state, bill.ref), ("in_invoice", "draft", settlement.name))
        self.assertEqual((bill.partner_id, bill.amount_untaxed), (self.agent, 150.0))
        self.assertEqual(bill.invoice_line_ids.product_id, self.env.ref("order_to_cash.product_commission"))
        self.assertEqual((settlement.state, settlement.entry_ids[0].state), ("billed", "settled"))
        bill.action_post()
        self.assertEqual(settlement.state, "billed")
        self._pay(bill)
        self.assertEqual((settlement.state, settlement.entry_ids[0].state), ("paid", "paid"))
        bill.line_ids.remove_move_reconcile()
        self.assertEqual(settlement.state, "billed")

    def test_a_bill_cancelled_or_deleted_can_be_made_again(self):
        self._agent()
        self._new_invoice(amount=1000, date="2025-01-10")
        settlement = self._settlement(self.agent)
        settlement.action_bill()
        first = settlement.sudo().bill_id
        first.button_cancel()
        self.assertEqual(settlement.state, "approved")
        settlement.action_bill()
        self.assertNotEqual(settlement.sudo().bill_id, first)
        settlement.sudo().bill_id.unlink()
        self.assertEqual((settlement.state, bool(settlement.bill_id)), ("approved", False))

    def test_bill_by_agreement_with_product_account_journal_and_taxes(self):
        tax = self.env["account.tax"].create({
            "name": "Purchase 20 %", "amount": 20, "type_tax_use": "purchase", "company_id": self.company.id,
        })
        product = self._create_product(name="Agency Fees", type="service", supplier_taxes_id=[
            Command.set(tax.ids)
        ])
        account = self.company_data["default_account_expense"].copy()
        self.company.write({
            "o2c_commission_product_id": product.id, "o2c_commission_expense_account_id": account.id,
        })
        self._agent(share=60)
        overlay = self._new_plan({"rate": 1.0}, name="Overlay")
        self._new_agreement(self.agent, overlay, coverage="all", payout="bill", mode="overlay")
        self._new_invoice(amount=999.99, date="2025-01-10")
        settlement = self._settlement(self.agent)
        settlement.action_bill()
        lines = settlement.sudo().bill_id.invoice_line_ids
        self.assertEqual(lines.mapped("price_subtotal"), [60.0, 10.0])
        self.assertEqual((lines.tax_ids, lines.account_id, lines.product_id), (tax, account, product))
        self.assertIn("Overlay", lines[1].name)

    def test_in_the_agents_currency(self):
        foreign = self.setup_other_currency("EUR", rates=[("2024-01-01", 2.0)])
        self._agent(currency_id=foreign.id, guarantee_amount=500)
        self._new_invoice(amount=1000, date="2025-01-10")
        own = self._settlement(self.agent, approve=False, currency_id=self.company.currency_id.id)
        self.assertEqual(own.entry_count, 0)
        # By itself in the currency that the agreement says.
        settlement = self._settlement(self.agent)
        self.assertEqual(settlement.currency_id, foreign)
        self.assertEqual((settlement.amount, settlement.amount_company), (500.0, 250.0))
        settlement.action_bill()
        bill = settlement.sudo().bill_id
        self.assertEqual((bill.currency_id, bill.amount_untaxed), (foreign, 500.0))

    # ------------------------------------------------------------------
    # Below zero
    # ------------------------------------------------------------------

    def _negative(self, **values):
        self._agent()
        invoice = self._new_invoice(amount=1000, date="2025-01-10")
        self._settlement(self.agent).action_bill()
        refund = invoice._reverse_moves([{"invoice_date": "2025-02-10"}])
        refund.action_post()
        return self._settlement(self.agent, date_to="2025-02-28", **values)

    def test_below_zero_is_carried_forward(self):
        settlement = self._negative()
        self.assertEqual(settlement.amount, -100.0)
        statement = self.env["o2c.commission.statement"].create({
            "payee_ids": self.agent.ids, "date_from": "2025-02-01", "date_to": "2025-02-28",
        })

        def owed():
            [account] = statement._accounts()
            months = self.env["o2c.commission.month.end"]
            unbilled = months._unbilled(self.company, fields.Date.to_date("2025-02-28"))
            return account.statement.closing, unbilled

        # January's hundred is not billed yet.
        self.assertEqual(owed(), (0.0, 0.0))
        settlement.action_bill()
        # What is printed of the month, and what the books owe him at its end, stays.
        self.assertEqual(owed(), (0.0, 0.0))
        self.assertEqual((settlement.state, settlement.amount, settlement.bill_id.id), ("paid", 0.0, False))
        self._new_invoice(amount=3000, date="2025-03-10")
        march = self._settlement(self.agent, date_to="2025-03-31")
        self.assertEqual(march.amount, 200.0)
        self.assertIn(settlement.name, "".join(march.entry_ids.mapped("explanation")))

    def test_below_zero_is_asked_back(self):
        settlement = self._negative(when_negative="refund")
        settlement.action_bill()
        bill = settlement.sudo().bill_id
        self.assertEqual((bill.move_type, bill.amount_untaxed), ("in_refund", 100.0))

    def test_of_nothing_there_is_nothing_to_pay(self):
        settlement = self._settlement(self.agent)
        settlement.action_bill()
        self.assertEqual((settlement.state, settlement.bill_id.id), ("paid", False))

    # ------------------------------------------------------------------
    # Payroll
    # ------------------------------------------------------------------

    def test_employees_go_to_payroll_together(self):
        self._new_agreement(plan=self.plan)
        self._new_agreement(self.other_salesperson.partner_id, self.plan)
        self._new_invoice(amount=1000, date="2025-01-10")
        self._new_invoice(amount=500, date="2025-01-10", invoice_user_id=self.other_salesperson.id)
        self.payee.name = "=cmd()"
        settlements = self._settlement(self.payee) | self._settlement(self.other_salesperson.partner_id)
        settlements.action_bill()
        payout = settlements.payout_id
        self.assertEqual((len(payout), payout.amount, payout.settlement_count), (1, 150.0, 2))
        self.assertEqual(settlements.mapped("state"), ["billed", "billed"])
        with self.assertRaises(UserError):
            payout.action_paid()
        self.assertIn(".csv", payout.action_export_csv()["url"])
        text = payout._csv().decode("utf-8-sig")
        self.assertIn("'=cmd(),sally", text)
        self.assertIn(",100.00,", text)
        sheet = openpyxl.load_workbook(io.BytesIO(payout._xlsx())).active
        self.assertIn("=cmd()", [cell.value for cell in sheet["A"]])
        self.assertNotIn("f", [cell.data_type for cell in sheet["A"]])
        with self.assertRaises(UserError):
            settlements[0].action_withdraw()
        payout.action_paid()
        self.assertEqual(settlements.mapped("state"), ["paid", "paid"])
        payout.action_unpaid()
        self.assertEqual(settlements.mapped("state"), ["billed", "billed"])

    def test_payroll_gets_the_same_file_again(self):
        self._new_agreement(plan=self.plan)
        self._new_invoice(amount=1000, date="2025-01-10")
        settlement = self._settlement(self.payee)
        settlement.action_bill()
        payout = settlement.payout_id
        payout.action_export()
        files, exported_on = (payout._xlsx(), payout._csv()), payout.exported_on
        self.payee.name = "Renamed Since"
        payout.action_export_csv()
        self.assertEqual((payout._xlsx(), payout._csv(), payout.exported_on), (*files, exported_on))
        payout.action_paid()
        self.assertEqual(payout._csv(), files[1])
        payout.action_unpaid()
        payout.action_draft()
        self.assertIn("Renamed Since", payout._csv().decode("utf-8-sig"))
        with self.assertRaises(UserError):
            payout.with_user(self.commission_manager).file_csv = False

    def test_taken_off_a_draft_batch(self):
        self._new_agreement(plan=self.plan)
        self._new_invoice(amount=1000, date="2025-01-10")
        settlement = self._settlement(self.payee)
        settlement.action_bill()
        settlement.action_withdraw()
        self.assertEqual((settlement.state, settlement.payout_id.id), ("approved", False))

    def test_payroll_is_for_commission_managers(self):
        with self.assertRaises(AccessError):
            self.env["o2c.commission.payout"].with_user(self.salesperson).search([("state", "=", "draft")])
        payout = self.env["o2c.commission.payout"].with_user(self.commission_manager).create({})
        with self.assertRaises(UserError):
            payout.state = "paid"

    # ------------------------------------------------------------------
    # Adjustments
    # ------------------------------------------------------------------

    def _adjust(self, user=None, **values):
        wizard = self.env["o2c.commission.adjustment.new"].with_user(user or self.commission_manager).create({
            "payee_id": self.payee.id, "company_id": self.company.id, "amount": 50, "date": "2025-01-15",
            "reason": "Best newcomer", **values,
        })
        return wizard.action_add()

    def test_one_off_bonus(self):
        self._new_agreement(plan=self.plan, cap_amount=10)
        self._adjust()
        settlement = self._settlement(self.payee)
        # Beside the cap.
        self.assertEqual((settlement.amount, settlement.entry_ids.explanation), (50.0, "Best newcomer"))
        with self.assertRaises(UserError):
            self._adjust()
        self._adjust(date="2025-02-01", amount=-20)
        self.assertEqual(self._settlement(self.payee, date_to="2025-02-28").amount, -20.0)

    def test_added_once_however_often_the_button_is_pressed(self):
        wizard = self.env["o2c.commission.adjustment.new"].with_user(self.commission_manager).create({
            "payee_id": self.payee.id, "company_id": self.company.id, "amount": 50, "date": "2025-01-15",
            "reason": "Best newcomer",
        })
        first = wizard.action_add()
        wizard.amount = 60
        self.assertEqual(wizard.action_add(), first)
        self.assertEqual(self.env[first["res_model"]].search(first["domain"]).mapped("amount"), [50.0])
        with self.assertRaises(UserError):
            wizard.is_added = False

    def test_nobody_adds_to_his_own_commission(self):
        with self.assertRaises(UserError):
            self._adjust(payee_id=self.commission_manager.partner_id.id)
        with self.assertRaises(UserError):
            self._adjust(amount=0)
        with self.assertRaises(UserError):
            self._adjust(reason=" ")
        with self.assertRaises(AccessError):
            self._adjust(self.salesperson)

    # ------------------------------------------------------------------
    # Batch and preview
    # ------------------------------------------------------------------

    @freeze_time("2025-02-10")
    def test_settlements_for_all_payees(self):
        self._agent(mode="overlay")
        self._new_agreement(plan=self.plan)
        self._new_invoice(amount=1000, date="2025-01-10")
        with Form(self.env["o2c.commission.settlement.batch"].with_user(self.commission_manager)) as form:
            self.assertEqual((str(form.date_from), str(form.date_to)), ("2025-01-01", "2025-01-31"))
        wizard = form.save()
        action = wizard.action_create_settlements()
        settlements = self.env["o2c.commission.settlement"].search(action["domain"])
        mine = settlements.filtered(lambda one: one.payee_id in self.agent | self.payee)
        self.assertEqual(sorted(mine.mapped("amount")), [100.0, 100.0])
        again = self.env["o2c.commission.settlement"].search(wizard.action_create_settlements()["domain"])
        self.assertEqual(again, settlements)

    def test_one_that_fails_keeps_the_others_from_nothing(self):
        self._agent(mode="overlay")
        self._new_agreement(plan=self.plan)
        self._new_invoice(amount=1000, date="2025-01-10")
        done, waiting = self._settlement(self.agent), self._settlement(self.payee, approve=False)
        both = waiting | done
        both.action_approve_many()
        self.assertEqual((waiting.state, done.state), ("approved", "approved"))
        self.assertTrue(done.not_done_because)
        self.assertFalse(waiting.not_done_because)
        waiting.action_reopen()
        told = both.action_bill_many()["params"]
        self.assertIn(waiting.not_done_because, told["message"])
        self.assertEqual((waiting.state, done.state), ("calculated", "billed"))
        self.assertFalse(done.not_done_because)
        waiting.action_approve()
        self.assertFalse(waiting.not_done_because, "what it waited for is done")
        waiting.action_reopen()
        both.action_calculate_many()
        self.assertEqual(len(done.bill_id), 1)
        self.assertFalse(waiting.not_done_because)
        with self.assertRaises(AccessError):
            both.with_user(self.salesperson).action_bill_many()

    def test_a_batch_with_nobody_says_so(self):
        wizard = self.env["o2c.commission.settlement.batch"].create({
            "date_from": "2025-01-01", "date_to": "2025-01-31", "payee_ids": [Command.set(self.agent.ids)],
        })
        with self.assertRaises(UserError):
            wizard.action_create_settlements()

    def _preview(self, settlement):
        action = settlement.with_user(self.commission_manager).action_preview()
        return self.env[action["res_model"]].with_user(self.commission_manager).search(action["domain"])

    def test_preview_tells_why(self):
        paying = self._new_plan({"rate": 10.0}, trigger="payment", include_services=False)
        self._new_agreement(plan=self._new_plan({"rate": 10.0, "date_to": "2025-01-20"}))
        self._new_agreement(self.agent, paying, coverage="all", mode="overlay")
        included = self._new_invoice(amount=1000, date="2025-01-10")
        later = self._new_invoice(amount=1000, date="2025-01-20")
        unruled = self._new_invoice(amount=1000, date="2025-01-25")
        early = self._settlement(self.payee, approve=False, date_to="2025-01-15", date_from="2025-01-01")
        settlement = self.env["o2c.commission.settlement"].create({
            "payee_id": self.payee.id, "date_from": "2025-01-01", "date_to": "2025-01-19",
        })
        before = settlement.read()
        lines = self._preview(settlement)
        self.assertEqual({line.move_id: line.reason for line in lines}, {included: "settled", later: "later"})
        self.assertIn(early.name, lines.filtered(lambda line: line.reason == "settled").detail)
        self.assertEqual(settlement.read(), before)
        settlement.date_to = "2025-01-31"
        lines = self._preview(settlement)
        self.assertEqual(
            {line.move_id: line.reason for line in lines},
            {included: "settled", later: "included", unruled: "no_rule"},
        )
        agent = self.env["o2c.commission.settlement"].create({
            "payee_id": self.agent.id, "date_from": "2025-01-01", "date_to": "2025-01-31",
        })
        lines = self._preview(agent)
        self.assertEqual(set(lines.mapped("reason")), {"unpaid"})
        self.assertTrue(all(lines.mapped("detail")))
        self.assertTrue(lines.preview_id._xlsx())

    def test_preview_is_never_empty(self):
        settlement = self.env["o2c.commission.settlement"].create({
            "payee_id": self.payee.id, "date_from": "2025-01-01", "date_to": "2025-01-31",
        })
        self.assertEqual(self._preview(settlement).reason, "no_agreement")
        self._new_invoice(amount=100, date="2025-01-10")
        self.assertEqual(self._preview(settlement).reason, "no_agreement")
        draft = self._new_plan({"rate": 1.0}, activate=False)
        self._new_agreement(plan=draft)
        self.assertEqual(self._preview(settlement).reason, "no_plan")
        draft.action_activate()
        self.assertEqual(self._preview(settlement).reason, "not_accrued")
        settlement.write({"date_from": "2025-03-01", "date_to": "2025-03-31"})
        self.assertEqual(self._preview(settlement).reason, "nothing")

    # ------------------------------------------------------------------
    # Month end
    # ------------------------------------------------------------------

    def _accounts(self):
        self.company.write({
            "o2c_commission_expense_account_id": self.company_data["default_account_expense"].id,
            "o2c_commission_accrued_account_id": self.company_data["default_account_payable"].copy({
                "account_type": "liability_current", "reconcile": False,
            }).id,
        })

    @freeze_time("2025-02-03")
    def test_month_end_accrues_what_is_not_billed(self):
        self._accounts()
        self._agent()
        self._new_invoice(amount=1000, date="2025-01-10")
        self._new_invoice(amount=500, date="2025-02-01")
        self._settlement(self.agent).action_bill()
        Month = self.env["o2c.commission.month.end"].with_user(self.commission_manager)
        day = fields.Date.to_date("2025-01-31")
        month = Month._accrue(self.company, day)
        entry, reversal = month.sudo().move_id, month.sudo().reversal_id
        # Billed in February: January bears it.
        self.assertEqual((month.amount, entry.state, str(entry.date)), (100.0, "posted", "2025-01-31"))
        self.assertEqual((reversal.state, str(reversal.date)), ("posted", "2025-02-01"))
        self.assertEqual(entry.line_ids[0].debit, 100.0)
        self.assertEqual(Month._accrue(self.company, day), month)
        self.assertEqual(self.env["o2c.commission.month.end"]._accrue_daily(self.company), "")

    @freeze_time("2025-02-03")
    def test_month_end_in_the_days_cycle(self):
        self._agent()
        self._new_invoice(amount=1000, date="2025-01-10")
        steps = self.env["o2c.daily.step"]
        self.assertNotIn("commission_month_end", [step.key for step in steps.steps(self.company)])
        self.company.o2c_commission_accrue = True
        self.assertIn("commission_month_end", [step.key for step in steps.steps(self.company)])
        with self.assertRaises(UserError):
            self.env["o2c.commission.month.end"]._accrue_daily(self.company)
        self._accounts()
        with patch.object(type(self.company), "_get_lock_date_violations", lambda *args, **how: [
            (fields.Date.to_date("2025-01-31"), "fiscalyear_lock_date")
        ]), self.assertRaises(UserError):
            self.env["o2c.commission.month.end"]._accrue_daily(self.company)
        self.assertTrue(self.env["o2c.commission.month.end"]._accrue_daily(self.company))
