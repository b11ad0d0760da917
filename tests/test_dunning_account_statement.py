import io
from datetime import date, timedelta
from random import Random

import openpyxl
from lxml import html

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .common import O2cCommon


class StatementCommon(O2cCommon):
    @classmethod
    def _statements(cls, partner=None, date_from="2025-02-01", date_to="2025-03-31"):
        partner = partner or cls.customer
        return cls.env["o2c.account.statement"]._get_statements(
            partner, cls.company, date.fromisoformat(date_from), date.fromisoformat(date_to)
        )[partner.id]

    @classmethod
    def _wizard(cls, partners=None, user=None, **values):
        return (
            cls.env["o2c.account.statement.print"]
            .with_user(user or cls.env.user)
            .create({
                "partner_ids": [Command.set((partners or cls.customer).ids)],
                "date_from": "2025-02-01",
                "date_to": "2025-03-31",
                **values,
            })
        )

    def _assert_adds_up(self, statement):
        moved = sum(line.entry.amount for line in statement.lines)
        self.assertAlmostEqual(statement.opening + moved, statement.closing, 2)
        self.assertAlmostEqual(sum(statement.ageing.values()), statement.closing, 2)
        self.assertAlmostEqual(sum(item.open for item in statement.open_items), statement.closing, 2)


@tagged("post_install", "-at_install")
class TestAccountStatement(StatementCommon):
    def test_opening_movements_closing(self):
        old = self._new_invoice(amount=300.0, date="2025-01-10", due="2025-01-31")
        self._pay(old, 100.0, "2025-02-10")
        self._new_invoice(amount=50.0, date="2025-03-01", due="2025-04-15")
        self._new_invoice(amount=-20.0, date="2025-03-05")
        self._pay(old, 200.0, "2025-04-02")
        [statement] = self._statements()
        self._assert_adds_up(statement)
        self.assertEqual(statement.opening, 300.0)
        self.assertEqual(
            [(line.entry.kind, line.entry.amount, line.balance) for line in statement.lines],
            [("payment", -100.0, 200.0), ("invoice", 50.0, 250.0), ("credit_note", -20.0, 230.0)],
        )
        self.assertEqual(statement.ageing, {
            "not_due": 50.0,
            "days_1_30": -20.0,
            "days_31_60": 200.0,
            "days_61_90": 0.0,
            "days_over_90": 0.0,
        })

    def test_each_currency_has_its_balance(self):
        euro = self.setup_other_currency("EUR", rates=[("2025-01-01", 2.0), ("2025-03-01", 2.5)])
        invoice = self._new_invoice(amount=200.0, date="2025-02-10", currency_id=euro.id)
        self._new_invoice(amount=10.0, date="2025-02-11")
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({
            "payment_date": "2025-03-20", "currency_id": self.company.currency_id.id
        })._create_payments()
        own, foreign = self._statements()
        self.assertEqual(own.currency, self.company.currency_id.id)
        self.assertEqual(foreign.currency, euro.id)
        for statement in (own, foreign):
            self._assert_adds_up(statement)
        self.assertEqual((own.closing, foreign.closing), (10.0, 0.0))
        self.assertEqual(
            [(line.entry.kind, line.entry.amount) for line in foreign.lines],
            [("invoice", 200.0), ("settled", -200.0)],
        )
        self.assertEqual([line.entry.amount for line in own.lines], [10.0, -80.0, 80.0])

    def test_what_the_payer_paid_leaves_the_customer(self):
        self.other_customer.o2c_payer_id = self.customer
        invoice = self._new_invoice(self.other_customer, 70.0, "2025-02-10")
        payment = self.env["account.payment"].create({
            "partner_id": self.customer.id,
            "payment_type": "inbound",
            "partner_type": "customer",
            "amount": 70.0,
            "date": "2025-03-20",
            "journal_id": self.company_data["default_journal_bank"].id,
        })
        payment.action_post()
        (invoice.line_ids + payment.move_id.line_ids).filtered(
            lambda line: line.account_type == "asset_receivable"
        ).reconcile()
        [payer] = self._statements()
        self._assert_adds_up(payer)
        self.assertEqual([line.entry.amount for line in payer.lines], [70.0, -70.0])
        self.assertEqual(payer.lines[0].entry.customer, self.other_customer.id)
        [customer] = self._statements(self.other_customer)
        self._assert_adds_up(customer)
        self.assertEqual([line.entry.kind for line in customer.lines], ["invoice", "settled"])
        self.assertEqual(customer.closing, 0.0)

    def test_any_books_add_up(self):
        """Random invoices, credits and payments in three currencies, matched anyhow."""
        picker = Random(11)
        currencies = [
            self.company.currency_id,
            self.setup_other_currency("EUR", rates=[("2025-01-01", 1.9), ("2025-03-01", 2.3)]),
            self.setup_other_currency("CAD", rates=[("2025-01-01", 0.7), ("2025-02-15", 0.66)]),
        ]
        self.other_customer.o2c_payer_id = self.customer
        partners = [self.customer, self.other_customer]
        start = date(2025, 1, 1)
        moves = self.env["account.move"]
        for _number in range(18):
            moves += self._new_invoice(
                picker.choice(partners),
                picker.choice([1, 1, 1, -1]) * picker.randint(100, 99999) / 100,
                str(start + timedelta(days=picker.randint(0, 110))),
                currency_id=picker.choice(currencies).id,
            )
        for _number in range(10):
            payment = self.env["account.payment"].create({
                "partner_id": picker.choice(partners).id,
                "payment_type": "inbound",
                "partner_type": "customer",
                "amount": picker.randint(100, 99999) / 100,
                "currency_id": picker.choice(currencies).id,
                "date": start + timedelta(days=picker.randint(0, 110)),
                "journal_id": self.company_data["default_journal_bank"].id,
            })
            payment.action_post()
            moves += payment.move_id
        lines = moves.line_ids.filtered(lambda line: line.account_type == "asset_receivable")
        for _number in range(20):
            left = lines.filtered(lambda line: not line.reconciled)
            pair = left.browse(picker.sample(left.ids, min(2, len(left))))
            if len(pair) == 2 and pair[0].balance * pair[1].balance < 0:
                pair.reconcile()
        for _number in range(25):
            day = start + timedelta(days=picker.randint(0, 60))
            end = day + timedelta(days=picker.randint(0, 70))
            for partner in partners:
                for statement in self._statements(partner, str(day), str(end)):
                    self._assert_adds_up(statement)

    def test_a_period_that_ends_before_it_begins_is_refused(self):
        with self.assertRaises(ValidationError):
            self._wizard(date_from="2025-04-01")

    def test_nothing_to_print_is_said(self):
        with self.assertRaises(UserError):
            self._wizard().action_print()

    def test_salespeople_print_their_own_customers_only(self):
        self.customer.user_id = self.other_salesperson
        self._new_invoice(amount=100.0, date="2025-02-10")
        with self.assertRaises(AccessError):
            self._wizard(user=self.salesperson).action_print()
        wizard = self._wizard(user=self.salesperson)
        with self.assertRaises(AccessError):
            self.env["report.order_to_cash.report_account_statement"].with_user(
                self.salesperson
            )._xlsx(wizard)
        self.assertTrue(self._wizard(user=self.other_salesperson).action_print())
        self.assertTrue(self._wizard(user=self.collector).action_print())

    def test_a_domain_that_is_off_prints_nothing(self):
        self._new_invoice(amount=100.0, date="2025-02-10")
        wizard = self._wizard()
        self.company.o2c_use_dunning = False
        with self.assertRaises(UserError):
            wizard.action_print()

    def _page(self, wizard):
        content, _kind = wizard._render()
        return html.fromstring(content)

    def test_the_document_in_the_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.customer.lang = "fr_FR"
        old = self._new_invoice(amount=1300.0, date="2025-01-10", due="2025-01-31")
        self._pay(old, 100.0, "2025-02-10")
        self._new_invoice(self.other_customer, 40.0, "2025-02-10")
        page = self._page(self._wizard(self.customer + self.other_customer))
        mine = page.get_element_by_id(f"o2c_statement_{self.customer.id}").text_content()
        other = page.get_element_by_id(f"o2c_statement_{self.other_customer.id}").text_content()
        self.assertIn(old.name, mine)
        self.assertIn("10/02/2025", mine)
        self.assertNotIn(old.name, other)
        self.assertIn("02/10/2025", other)

    def test_open_items_only(self):
        paid = self._new_invoice(amount=100.0, date="2025-02-10")
        self._pay(paid, date="2025-02-20")
        left = self._new_invoice(amount=80.0, date="2025-02-10")
        text = self._page(self._wizard(kind="open")).text_content()
        self.assertIn(left.name, text)
        self.assertNotIn(paid.name, text)

    def test_the_spreadsheet(self):
        self._new_invoice(amount=100.0, date="2025-01-10")
        self._new_invoice(amount=80.0, date="2025-02-10")
        content = self.env["report.order_to_cash.report_account_statement"]._xlsx(self._wizard())
        book = openpyxl.load_workbook(io.BytesIO(content))
        self.assertEqual(len(book.worksheets), 3)
        rows = list(book.worksheets[0].iter_rows(values_only=True))[1:]
        self.assertEqual([row[-1] for row in rows], [100.0, 180.0, 180.0])

    def test_the_statement_goes_to_the_invoice_address(self):
        address = self.env["res.partner"].create({
            "name": "Accounts Payable",
            "type": "invoice",
            "email": "ap@example.com",
            "parent_id": self.customer.id,
        })
        self.other_customer.email = False
        self._new_invoice(amount=100.0, date="2025-02-10")
        self._new_invoice(self.other_customer, 40.0, "2025-02-10")
        wizard = self._wizard(self.customer + self.other_customer, self.collector)
        self.assertEqual(wizard.without_email, "Inland Stores")
        wizard.action_send()
        mails = self.env["mail.mail"].search([
            ("model", "=", "res.partner"),
            ("res_id", "in", (self.customer + self.other_customer).ids),
        ])
        self.assertEqual(mails.recipient_ids, address)
        self.assertEqual(mails.res_id, self.customer.id)
        self.assertEqual(len(mails.attachment_ids), 1)
        self.assertIn("Harbour Supplies", mails.attachment_ids.name)

    def test_nobody_to_send_to_is_said(self):
        self.customer.email = False
        self._new_invoice(amount=100.0, date="2025-02-10")
        with self.assertRaises(UserError):
            self._wizard().action_send()

    def test_the_number_of_statements_does_not_grow_with_customers(self):
        customers = self.env["res.partner"].union(
            *(self._new_customer(f"Customer {number}") for number in range(12))
        )
        for customer in customers:
            self._new_invoice(customer, 10.0, "2025-02-10")
        report = self.env["report.order_to_cash.report_account_statement"]

        def statements(partners):
            wizard = self._wizard(partners)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            report._letters(wizard)
            return self.cr.sql_log_count - before

        statements(customers[:2])
        self.assertEqual(statements(customers[:2]), statements(customers))
