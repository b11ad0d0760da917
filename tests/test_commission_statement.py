import io
from datetime import date

import openpyxl
from lxml import html

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, freeze_time, tagged

from .commission_common import CommissionCommon


@tagged("post_install", "-at_install")
class TestCommissionStatement(CommissionCommon):
    """What a payee earned and was paid in a month, and why."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan = cls._new_plan({"rate": 10.0}, trigger="payment")
        cls.agreement = cls._new_agreement(plan=cls.plan)
        cls.payee = cls.salesperson.partner_id
        cls.invoice = cls._new_invoice(amount=1000.0, date="2025-01-10")
        cls._pay(cls.invoice, 400.0, "2025-01-20")
        cls._pay(cls.invoice, 300.0, "2025-02-10")
        cls.refund = cls.invoice._reverse_moves([{"invoice_date": "2025-02-20", "date": "2025-02-20"}])
        cls.refund.invoice_line_ids.price_unit = 100.0
        cls.refund.action_post()
        cls.unpaid = cls._new_invoice(cls.other_customer, 500.0, date="2025-02-25")

    @classmethod
    def _wizard(cls, payees=None, user=None, **values):
        return (
            cls.env["o2c.commission.statement"]
            .with_user(user or cls.commission_manager)
            .create({
                "payee_ids": [Command.set((payees or cls.payee).ids)],
                "company_ids": [Command.set(cls.company.ids)],
                "date_from": "2025-02-01",
                "date_to": "2025-02-28",
                **values,
            })
        )

    @classmethod
    def _settle(cls, date_to="2025-02-28", payee=None):
        settlement = cls.env["o2c.commission.settlement"].create({
            "payee_id": (payee or cls.payee).id,
            "company_id": cls.company.id,
            "date_from": "2025-01-01",
            "date_to": date_to,
        })
        settlement.action_calculate()
        return settlement

    def _rows(self, until):
        """What is owed at the end of a day by the rows of the ledger alone."""
        entries = self.env["o2c.commission.entry"].search([
            ("payee_id", "=", self.payee.id), ("kind", "!=", "expect"), ("date", "<=", until),
        ])
        return round(sum(entries.mapped("amount_payee")), 2)

    def _letters(self, wizard):
        return self.env["report.order_to_cash.report_commission_statement"]._letters(wizard)

    def _page(self, wizard):
        content, kind = wizard._render()
        self.assertEqual(kind, "html")
        return html.fromstring(content)

    def test_opening_movements_closing(self):
        [account] = self._wizard()._accounts()
        statement = account.statement
        self.assertEqual(statement.opening, self._rows("2025-01-31"))
        self.assertEqual(statement.closing, self._rows("2025-02-28"))
        moved = sum(line.movement.amount for line in statement.lines)
        self.assertAlmostEqual(statement.opening + moved, statement.closing, 2)
        self.assertEqual(statement.opening, 40.0)
        self.assertEqual(statement.lines[0].movement.amount, 30.0)
        expected = sum(row[3] for row in account.expected)
        rows = self.env["o2c.commission.entry"].search([("kind", "=", "expect")])
        self.assertAlmostEqual(expected, sum(rows.mapped("amount_payee")), 2)
        self.assertIn(self.unpaid.name, [row[1] for row in account.expected])

    def test_months_follow_each_other(self):
        closing = None
        for month in range(1, 5):
            last = date(2025, month + 1, 1).toordinal() - 1
            wizard = self._wizard(date_from=date(2025, month, 1), date_to=date.fromordinal(last))
            [account] = wizard._accounts()
            if closing is not None:
                self.assertEqual(account.statement.opening, closing)
            closing = account.statement.closing

    def test_payments_are_taken_off(self):
        settlement = self._settle("2025-01-31")
        settlement._set(state="paid")
        [account] = self._wizard(date_from="2025-01-01", date_to="2025-01-31")._accounts()
        self.assertEqual(
            (account.statement.earned, account.statement.paid, account.statement.closing), (40.0, 40.0, 0.0)
        )
        self.assertEqual(account.settlements, settlement)
        [account] = self._wizard()._accounts()
        self.assertEqual(account.statement.opening, 0.0)

    def test_parts_of_a_bill_are_taken_off_on_their_days(self):
        settlement = self._settle("2025-01-31")
        settlement.payout = "bill"
        settlement.action_approve()
        with freeze_time("2025-02-02"):
            settlement.action_bill()
        settlement.bill_id.action_post()
        self._pay(settlement.bill_id, settlement.bill_total / 4, "2025-02-05")
        [account] = self._wizard()._accounts()
        self.assertEqual(account.statement.opening, 40.0)
        self.assertEqual(account.statement.paid, 10.0)
        self.assertEqual(account.statement.closing, self._rows("2025-02-28") - 10.0)
        self._pay(settlement.bill_id, date="2025-03-03")
        self.assertEqual(settlement.state, "paid")
        [account] = self._wizard()._accounts()
        self.assertEqual(account.statement.paid, 10.0)
        [account] = self._wizard(date_from="2025-03-01", date_to="2025-03-31")._accounts()
        self.assertEqual(account.statement.paid, 30.0)

    def test_what_is_written_late_is_on_the_next_statement(self):
        january = self._wizard(date_from="2025-01-01", date_to="2025-01-31")
        with freeze_time("2025-02-03"):
            settlement = self._settle("2025-01-31")
        printed = self._letters(january)[0]["sections"]
        report = self.env["report.order_to_cash.report_commission_statement"]
        settled = report._settlement_letter(settlement)["sections"]
        self._pay(self.invoice, 100.0, "2025-01-25")
        self.assertEqual(self._letters(january)[0]["sections"], printed)
        self.assertEqual(report._settlement_letter(settlement)["sections"], settled)
        [account] = self._wizard()._accounts()
        [late] = [line.movement for line in account.statement.lines if line.movement.late_of]
        self.assertEqual(
            (late.date, late.late_of, late.amount), (date(2025, 2, 1), date(2025, 1, 25), 10.0)
        )
        self.assertEqual(account.statement.opening, 40.0)
        self.assertEqual(account.statement.closing, self._rows("2025-02-28"))
        self.assertIn("Late: of 01/25/2025", self._page(self._wizard()).text_content())
        # The settlement that takes it in says so, and what is not paid yet of the one before.
        letter = report._settlement_letter(self._settle())
        self.assertIn("Late", " ".join(row.why for row in letter["sections"][0][1]))
        self.assertEqual(letter["owed_before"], 40.0)
        # Calculated again, the settlement has the row itself: it is not late any more.
        settlement.search([("payee_id", "=", self.payee.id), ("id", "!=", settlement.id)]).action_cancel()
        settlement.action_calculate()
        [account] = january._accounts()
        self.assertEqual(account.statement.closing, 50.0)

    def test_one_section_a_currency(self):
        other = self.setup_other_currency("EUR", rates=[("2025-01-01", 2.0)])
        agreement = self._new_agreement(
            plan=self.plan, coverage="all", mode="overlay", currency_id=other.id
        )
        self._new_invoice(amount=100.0, date="2025-02-10")
        self._pay(self._new_invoice(amount=100.0, date="2025-02-11"), 100.0, "2025-02-12")
        accounts = self._wizard()._accounts()
        currencies = self.company.currency_id | other
        self.assertEqual({account.currency_id for account in accounts}, set(currencies.ids))
        [foreign] = [account for account in accounts if account.currency_id == agreement.currency_id.id]
        self.assertEqual(foreign.statement.closing, 20.0)
        [letter] = self._letters(self._wizard())
        self.assertEqual(len(letter["sections"]), 2)

    def test_what_is_printed(self):
        page = self._page(self._wizard())
        text = " ".join(page.text_content().split())
        for part in (
            self.invoice.name,
            self.refund.name,
            self.customer.name,
            "Opening balance",
            "Closing balance",
            "Still expected",
            self.unpaid.name,
        ):
            self.assertIn(part, text)
        released = self.invoice.o2c_commission_ids.filtered(lambda row: row.kind == "release")
        for entry in released.filtered(lambda row: row.date.month == 2):
            self.assertIn(" ".join(entry.explanation.split()), text)
            # And the rule that priced it.
            self.assertIn(" ".join(entry.origin_entry_id.explanation.split()), text)
        text = self._page(self._wizard(with_expected=False)).text_content()
        self.assertNotIn(self.unpaid.name, text)

    def test_a_long_list_is_printed_whole(self):
        for day in range(1, 29):
            self._pay(self._new_invoice(amount=10.0, date=f"2025-02-{day:02}"), date=f"2025-02-{day:02}")
        wizard = self._wizard()
        [letter] = self._letters(wizard)
        self.assertGreater(len(letter["sheets"]), 1)
        [[__, rows]] = letter["sections"]
        printed = [row for sheet in letter["sheets"] for part in sheet for row in part[1]]
        self.assertEqual(printed, rows)

    def test_in_the_language_of_the_payee(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.payee.lang = "fr_FR"
        [letter] = self._letters(self._wizard())
        self.assertEqual(letter["lang"], "fr_FR")
        row = next(row for row in letter["sections"][0][1] if row.kind == "release")
        self.assertIn("10\N{NO-BREAK SPACE}%", row.rate.replace(" ", "\N{NO-BREAK SPACE}"))
        self.assertNotIn(".", row.base)

    def test_spreadsheet(self):
        report = self.env["report.order_to_cash.report_commission_statement"]
        book = openpyxl.load_workbook(io.BytesIO(report._xlsx(self._wizard())))
        self.assertEqual(len(book.worksheets), 3)
        balances = list(book.worksheets[2].iter_rows(min_row=2, values_only=True))
        [[__, __, __, opening, earned, paid, closing, __]] = balances
        self.assertAlmostEqual(opening + earned + (paid or 0.0), closing, 2)

    def test_everybody_where_nobody_is_named(self):
        self._new_agreement(self.agent, self.plan, coverage="all", mode="overlay")
        self._pay(self._new_invoice(amount=100.0, date="2025-02-10"), date="2025-02-11")
        wizard = self._wizard(payee_ids=False)
        self.assertEqual(wizard._payees_with_anything(), self.agent | self.payee)
        self.assertEqual(len(self._letters(wizard)), 2)

    def test_rights(self):
        mine = self._wizard(user=self.salesperson)
        self.assertEqual([account.payee_id for account in mine._accounts()], self.payee.ids)
        mine.action_print()
        for payees, user in (
            (self.agent, self.salesperson),
            (self.agent | self.payee, self.salesperson),
            (self.payee, self.other_salesperson),
        ):
            with self.assertRaises(AccessError):
                self._wizard(payees, user).action_print()
        with self.assertRaises(AccessError):
            self._wizard(user=self.salesperson, payee_ids=False).action_download()
        # Even where the check is passed by the ledger tells nothing of others.
        self.assertFalse(self._wizard(self.payee, self.other_salesperson)._accounts())
        with self.assertRaises(AccessError):
            mine.with_user(self.other_salesperson).read(["payee_ids"])
        form = Form(self.env["o2c.commission.statement"].with_user(self.salesperson))
        self.assertEqual(form.payee_ids[:], self.payee)

    def test_nothing_and_wrong_dates(self):
        with self.assertRaises(UserError):
            self._wizard(self.customer).action_print()
        with self.assertRaises(ValidationError):
            self._wizard(date_from="2025-03-01")

    def test_sent_by_email(self):
        template = self.env.ref("order_to_cash.mail_template_commission_statement")
        template.subject = "Your statement until {{ ctx.get('o2c_date_to') }}"
        action = self._wizard(self.payee | self.customer).action_send()
        self.assertEqual(action["params"]["type"], "success")
        mail = self.env["mail.mail"].search([("subject", "=", "Your statement until 2025-02-28")])
        self.assertEqual(mail.recipient_ids, self.payee)
        self.assertEqual(len(mail.attachment_ids), 1)
        self.payee.email = False
        with self.assertRaises(UserError):
            self._wizard().action_send()
