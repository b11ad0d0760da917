from unittest.mock import patch

from lxml import html

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import freeze_time, tagged

from .commission_common import CommissionCommon


@tagged("post_install", "-at_install")
class TestCommissionReview(CommissionCommon):
    """What could be paid twice, read by others, or told wrongly of settlements."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan = cls._new_plan({"rate": 10.0})
        cls.payee = cls.salesperson.partner_id

    def _agent(self, **values):
        return self._new_agreement(self.agent, self.plan, coverage="all", payout="bill", **values)

    def _settlement(self, payee, date_to="2025-01-31", **values):
        settlement = self.env["o2c.commission.settlement"].with_user(self.commission_manager).create({
            "payee_id": payee.id,
            "company_id": self.company.id,
            "date_from": f"{date_to[:8]}01",
            "date_to": date_to,
            **values,
        })
        settlement.action_calculate()
        settlement.action_approve()
        return settlement

    def _statement(self, payee, date_from, date_to):
        return self.env["o2c.commission.statement"].with_user(self.commission_manager).create({
            "payee_ids": [Command.set(payee.ids)],
            "company_ids": [Command.set(self.company.ids)],
            "date_from": date_from,
            "date_to": date_to,
        })

    def _page(self, wizard):
        content, __ = wizard._render()
        return " ".join(html.fromstring(content).text_content().split())

    # ------------------------------------------------------------------
    # Who reads what
    # ------------------------------------------------------------------

    def test_a_statement_by_email_is_not_read_by_colleagues(self):
        self._new_agreement(plan=self.plan)
        self._new_invoice(amount=1000, date="2025-01-10")
        self._statement(self.payee, "2025-01-01", "2025-01-31").action_send()
        sent = [("recipient_ids", "in", self.payee.ids)]
        mail = self.env["mail.mail"].search(sent, limit=1, order="id desc")
        self.assertEqual(len(mail.attachment_ids), 1)
        self.assertFalse(mail.mail_message_id & self.payee.message_ids)
        for record in (mail.mail_message_id, mail.attachment_ids):
            with self.assertRaises(AccessError):
                record.with_user(self.other_salesperson).check_access("read")
        # Answers come to who has sent it, since no record takes them up.
        self.assertEqual(mail.reply_to, mail.email_from)

    def test_what_wizards_show_is_for_those_who_run_them(self):
        self._new_agreement(plan=self.plan)
        self._new_invoice(amount=1000, date="2025-01-10")
        settlement = self._settlement(self.payee)
        elsewhere = self._create_company(name="Elsewhere")
        stranger = self._new_user(
            "chuck", "order_to_cash.group_commission_manager",
            company_id=elsewhere.id, company_ids=[Command.set(elsewhere.ids)],
        )
        previews = self.env["o2c.commission.settlement.preview"].with_user(self.commission_manager)
        preview = previews._of(settlement)
        audit = self.env["o2c.commission.audit"].with_user(self.commission_manager).create({})
        for record in (preview, preview.line_ids, audit):
            self.assertTrue(record)
            record.check_access("read")
            with self.assertRaises(AccessError):
                record.with_user(stranger).check_access("read")
        objection = self.env["o2c.commission.dispute.new"].with_user(self.salesperson).create({
            "settlement_id": settlement.id, "text": "Too little",
        })
        with self.assertRaises(AccessError):
            objection.with_user(self.other_salesperson).check_access("read")

    # ------------------------------------------------------------------
    # Bills
    # ------------------------------------------------------------------

    def _cancelled_bill(self):
        self._agent()
        self._new_invoice(amount=1000, date="2025-01-10")
        settlement = self._settlement(self.agent)
        settlement.action_bill()
        bill = settlement.sudo().bill_id
        bill.button_cancel()
        self.assertEqual(settlement.state, "approved")
        return settlement, bill

    def test_deleting_a_cancelled_bill_approves_nothing(self):
        settlement, bill = self._cancelled_bill()
        settlement.action_reopen()
        bill.unlink()
        self.assertEqual((settlement.state, settlement.bill_id.id), ("calculated", False))

    def test_deleting_a_cancelled_bill_revives_nothing(self):
        settlement, bill = self._cancelled_bill()
        settlement.action_cancel()
        bill.unlink()
        self.assertEqual((settlement.state, settlement.bill_id.id), ("cancelled", False))

    def test_a_cancelled_bill_comes_back_only_for_what_it_pays(self):
        settlement, bill = self._cancelled_bill()
        bill.button_draft()
        self.assertEqual(settlement.state, "billed")
        bill.button_cancel()
        settlement.action_reopen()
        with self.assertRaises(UserError):
            bill.button_draft()
        settlement.action_approve()
        settlement.action_bill()
        with self.assertRaises(UserError):
            bill.button_draft()
        settlement.sudo().bill_id.button_cancel()
        settlement.action_cancel()
        with self.assertRaises(UserError):
            bill.button_draft()

    @freeze_time("2025-03-20")
    def test_paid_on_the_day_of_a_payment_without_journal_entry(self):
        self._agent()
        self._new_invoice(amount=1000, date="2025-01-10")
        settlement = self._settlement(self.agent)
        settlement.action_bill()
        bill = settlement.sudo().bill_id
        bill.action_post()
        self.env["account.payment.method.line"].search([
            ("journal_id.company_id", "=", self.company.id)
        ]).payment_account_id = False
        # Where bank statements are reconciled, payments have no entry until they are on one.
        with patch.object(type(bill), "_get_invoice_in_payment_state", lambda self: "in_payment"):
            payment = self._pay(bill, date="2025-03-15")
        self.assertFalse(payment.move_id)
        self.assertEqual(settlement.state, "paid")
        [[day, amount]] = settlement._paid_parts()[settlement]
        self.assertEqual((str(day), amount), ("2025-03-15", settlement.amount))

    def test_paid_by_how_this_company_pays(self):
        other = self._create_company(name="Elsewhere")
        plan = self._new_plan({"rate": 1.0}, company_id=other.id)
        self._new_agreement(self.payee, plan, company_id=other.id, payout="payroll", coverage="all")
        self._new_agreement(self.payee, self.plan, payout="bill")
        settlement = self.env["o2c.commission.settlement"].create({
            "payee_id": self.payee.id, "date_from": "2025-01-01", "date_to": "2025-01-31",
        })
        self.assertEqual(settlement.payout, "bill")

    def test_of_agreements_that_were_archived_the_rest_decides(self):
        self._new_agreement(plan=self.plan, payout="payroll", active=False)
        self._new_agreement(plan=self.plan, payout="bill")
        settlement = self.env["o2c.commission.settlement"].create({
            "payee_id": self.payee.id, "date_from": "2025-01-01", "date_to": "2025-01-31",
        })
        self.assertEqual(settlement.payout, "bill")

    def test_in_a_branch_as_the_agreement_of_its_parent_says(self):
        foreign = self.setup_other_currency("EUR", rates=[("2024-01-01", 2.0)])
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        self._new_agreement(plan=self.plan, payout="payroll", currency_id=foreign.id)
        settlement = self.env["o2c.commission.settlement"].create({
            "payee_id": self.payee.id,
            "company_id": branch.id,
            "date_from": "2025-01-01",
            "date_to": "2025-01-31",
        })
        self.assertEqual((settlement.payout, settlement.currency_id), ("payroll", foreign))

    def test_no_adjustment_where_commission_is_off(self):
        self.company.o2c_use_commission = False
        wizard = self.env["o2c.commission.adjustment.new"].with_user(self.commission_manager).create({
            "payee_id": self.payee.id, "amount": 50, "date": "2025-01-15", "reason": "Best newcomer",
        })
        with self.assertRaises(UserError):
            wizard.action_add()

    def test_what_a_cancelled_settlement_took_back_comes_with_the_next(self):
        self._agent(guarantee_amount=150)
        january = self._settlement(self.agent)
        self.assertEqual(january.amount, 150.0)
        january.action_cancel()
        february = self._settlement(self.agent, date_to="2025-02-28")
        self.assertEqual(february.amount, 300.0)
        # Settled once more, by whichever settlement.
        self.assertEqual(self._settlement(self.agent).amount, 0.0)
        self.assertEqual(self._settlement(self.agent, date_to="2025-03-31").amount, 150.0)

    def test_what_is_approved_takes_in_nothing_any_more(self):
        self._agent()
        self._new_invoice(amount=1000, date="2025-01-10")
        settlement = self._settlement(self.agent)
        late = self._new_invoice(amount=500, date="2025-01-20")
        action = settlement.action_preview()
        lines = self.env[action["res_model"]].with_user(self.commission_manager).search(action["domain"])
        line = lines.filtered(lambda line: line.move_id == late)
        self.assertEqual((line.reason, line.is_included), ("closed", False))
        self.assertTrue(line.detail)

    def test_an_adjustment_after_a_dispute_is_in_the_payees_language(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self.payee.lang = "zh_CN"
        self._new_agreement(plan=self.plan)
        self._new_invoice(amount=1000, date="2025-01-10")
        settlement = self._settlement(self.payee)
        dispute = settlement._dispute(settlement.entry_ids, "Too little")
        dispute.write({"adjust_amount": 5.0, "answer": "Granted"})
        dispute.action_accept()
        [added] = settlement.entry_ids.filtered(lambda entry: entry.source == "manual")
        self.assertEqual(added.explanation, "\u4e89\u8bae\u5904\u7406\u540e\uff1aGranted")

    @freeze_time("2025-02-03")
    def test_a_reversed_bill_is_no_bill_at_month_end(self):
        self._agent()
        self._new_invoice(amount=1000, date="2025-01-10")
        settlement = self._settlement(self.agent)
        settlement.action_bill()
        bill = settlement.sudo().bill_id
        bill.invoice_date = bill.date = "2025-01-31"
        bill.action_post()
        day = fields.Date.to_date("2025-01-31")
        months = self.env["o2c.commission.month.end"]
        self.assertEqual(months._unbilled(self.company, day), 0.0)
        bill._reverse_moves([{"date": "2025-01-31", "invoice_date": "2025-01-31"}], cancel=True)
        self.assertEqual(settlement.state, "approved")
        self.assertEqual(months._unbilled(self.company, day), 100.0)

    # ------------------------------------------------------------------
    # Statements
    # ------------------------------------------------------------------

    def test_each_currency_has_its_closing_balance(self):
        foreign = self.setup_other_currency("EUR", rates=[("2024-01-01", 2.0)])
        self._new_agreement(self.agent, self.plan, coverage="all", mode="overlay")
        self._new_agreement(self.agent, self.plan, coverage="all", mode="overlay", currency_id=foreign.id)
        self._new_invoice(amount=1000, date="2025-01-10")
        self._settlement(self.agent, currency_id=self.company.currency_id.id)
        self._settlement(self.agent, currency_id=foreign.id)
        text = self._page(self._statement(self.agent, "2025-01-01", "2025-01-31"))
        self.assertEqual(text.count("Earned less taken back"), 2)
        self.assertEqual(text.count("Closing balance: earned and not paid"), 2)
        self.assertNotIn("Total of the settlement", text)

    def test_nothing_paid_is_no_payment(self):
        self._agent()
        invoice = self._new_invoice(amount=1000, date="2025-01-10")
        self._settlement(self.agent).action_bill()
        invoice._reverse_moves([{"invoice_date": "2025-02-10"}]).action_post()
        carried = self._settlement(self.agent, date_to="2025-02-28")
        carried.action_bill()
        self.assertEqual((carried.state, carried.amount), ("paid", 0.0))
        wizard = self._statement(self.agent, "2025-02-01", "2025-02-28")
        [account] = wizard._accounts()
        self.assertNotIn("payment", [line.movement.kind for line in account.statement.lines])
        text = self._page(wizard)
        self.assertNotIn("-0.00", text.replace("\N{NON-BREAKING HYPHEN}", "-"))
