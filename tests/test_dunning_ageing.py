import io
import os
import unittest
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

import openpyxl

from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from odoo.addons.order_to_cash.algorithms.ageing import BUCKETS

from .common import O2cCommon
from .test_dunning_replay import REAL_FILE, RealBooks, ageing, month_ends, read_receivables

AS_OF = "o2c_as_of"


class AgeingCommon(O2cCommon):
    def _aged(self, day, domain=(), **context):
        return self.env["o2c.aged.receivable"].with_context(**{AS_OF: day}, **context)._values(
            [("company_id", "child_of", self.company.id), *domain],
            ["partner_id", "bucket", "residual", "residual_currency", "days_overdue"],
        )

    def _open(self, day, partner=None):
        partner = partner or self.customer
        return sorted(
            (bucket, float(amount))
            for _partner, bucket, amount, *_rest in self._aged(
                day, [("partner_id", "=", partner.id)]
            )
        )


@tagged("post_install", "-at_install")
class TestAgedReceivable(AgeingCommon):
    def test_later_payments_do_not_change_a_past_day(self):
        invoice = self._new_invoice(amount=300.0, date="2025-01-10", due="2025-01-31")
        self._pay(invoice, 100.0, "2025-02-10")
        self._pay(invoice, 200.0, "2025-04-01")
        self.assertEqual(self._open("2025-01-09"), [])
        self.assertEqual(self._open("2025-01-31"), [("not_due", 300.0)])
        self.assertEqual(self._open("2025-02-01"), [("days_1_30", 300.0)])
        self.assertEqual(self._open("2025-02-10"), [("days_1_30", 200.0)])
        self.assertEqual(self._open("2025-03-31"), [("days_31_60", 200.0)])
        self.assertEqual(self._open("2025-04-01"), [])

    def test_credits_and_unallocated_payments_are_negative(self):
        self._new_invoice(amount=100.0, date="2025-01-10")
        self._new_invoice(amount=-30.0, date="2025-02-10")
        payment = self.env["account.payment"].create({
            "partner_id": self.customer.id,
            "payment_type": "inbound",
            "partner_type": "customer",
            "amount": 20.0,
            "date": "2025-03-30",
            "journal_id": self.company_data["default_journal_bank"].id,
        })
        payment.action_post()
        self.assertEqual(self._open("2025-03-31"), [
            ("days_1_30", -20.0),
            ("days_31_60", -30.0),
            ("days_61_90", 100.0),
        ])

    def test_currencies_and_exchange_differences(self):
        euro = self.setup_other_currency("EUR", rates=[
            ("2025-01-01", 2.0), ("2025-02-15", 2.5), ("2025-03-15", 1.6)
        ])
        invoice = self._new_invoice(amount=200.0, date="2025-01-10", currency_id=euro.id)
        self._pay(invoice, 80.0, "2025-02-20")
        self._pay(invoice, 120.0, "2025-03-20")
        self.assertEqual(invoice.payment_state, invoice._get_invoice_in_payment_state())
        for day in ("2025-01-31", "2025-02-19"):
            with self.subTest(day=day):
                rows = self._aged(day, [("partner_id", "=", self.customer.id)])
                balance = sum(
                    self.env["account.move.line"].search([
                        ("partner_id", "=", self.customer.id),
                        ("account_type", "=", "asset_receivable"),
                        ("parent_state", "=", "posted"),
                        ("date", "<=", day),
                    ]).mapped("balance")
                )
                found = sum(row[2] for row in rows)
                self.assertAlmostEqual(float(found), balance, 2)
        [row] = self._aged("2025-03-01", [("partner_id", "=", self.customer.id)])
        self.assertEqual(float(row[3]), 120.0)
        # The exchange difference may be booked on a later day: nothing is open all the same.
        self.assertFalse(self._aged("2025-03-20", [("partner_id", "=", self.customer.id)]))

    def test_the_payer_owes(self):
        self.other_customer.o2c_payer_id = self.customer
        self._new_invoice(self.other_customer, 70.0, "2025-01-10")
        contact = self.env["res.partner"].create({"name": "Desk", "parent_id": self.customer.id})
        self._new_invoice(contact, 30.0, "2025-01-10")
        self.assertEqual(self._open("2025-01-31"), [("days_1_30", 30.0), ("days_1_30", 70.0)])
        self.assertEqual(self._open("2025-01-31", self.other_customer), [])

    def test_branches_belong_to_their_company(self):
        branch = self.env["res.company"].create({
            "name": "Branch", "parent_id": self.company.id
        })
        self.cr.precommit.run()
        self.env.user.company_ids += branch
        self._new_invoice(amount=100.0, date="2025-01-10")
        invoice = self._new_invoice(amount=50.0, date="2025-01-10", company_id=branch.id)
        self.assertEqual(invoice.company_id, branch)
        env = self.env(context={"allowed_company_ids": (self.company + branch).ids})
        rows = env["o2c.aged.receivable"].with_context(**{AS_OF: "2025-01-31"})._values(
            [("company_id", "child_of", self.company.id)], ["residual"]
        )
        self.assertEqual(sorted(float(row[0]) for row in rows), [50.0, 100.0])

    def test_groups_pivots_and_drill_down(self):
        invoice = self._new_invoice(amount=100.0, date="2025-01-10", due="2025-03-01")
        self._new_invoice(self.other_customer, 40.0, "2025-01-10")
        Report = self.env["o2c.aged.receivable"].with_context(**{AS_OF: "2025-03-31"})
        groups = Report.formatted_read_group(
            [("partner_id", "in", (self.customer + self.other_customer).ids)],
            ["user_id"],
            [f"{name}:sum" for name in (*BUCKETS, "residual")],
        )
        [group] = groups
        self.assertEqual(group["user_id"][0], self.salesperson.id)
        self.assertEqual(group["days_1_30:sum"], 100.0)
        self.assertEqual(group["days_61_90:sum"], 40.0)
        self.assertEqual(group["residual:sum"], 140.0)
        row = Report.search([("partner_id", "=", self.customer.id)])
        self.assertEqual(row.bucket, "days_1_30")
        self.assertEqual(row.days_overdue, 30)
        self.assertEqual(row.action_open_document()["res_id"], invoice.id)

    def test_the_filter_opens_the_day(self):
        self._new_invoice(amount=100.0, date="2025-01-10")
        self._new_invoice(self.other_customer, 40.0, "2025-01-10", due="2026-01-10")
        form = Form(self.env["o2c.aged.receivable.filter"])
        form.date = date(2025, 2, 1)
        form.partner_ids = self.customer
        form.user_ids = self.salesperson
        form.is_overdue = True
        action = form.save().action_open()
        self.assertEqual(action["context"][AS_OF], "2025-02-01")
        rows = self.env[action["res_model"]].with_context(**action["context"]).search(
            action["domain"]
        )
        self.assertEqual(rows.mapped("residual"), [100.0])

    def test_salespeople_see_their_own(self):
        self.customer.user_id = self.salesperson
        self.other_customer.user_id = self.other_salesperson
        self._new_invoice(amount=100.0, date="2025-01-10")
        self._new_invoice(
            self.other_customer, 40.0, "2025-01-10", invoice_user_id=self.other_salesperson.id
        )
        partners = (self.customer + self.other_customer).ids
        for user, expected in (
            (self.salesperson, [100.0]),
            (self.other_salesperson, [40.0]),
            (self.collector, [40.0, 100.0]),
        ):
            with self.subTest(user=user.login):
                Report = self.env["o2c.aged.receivable"].with_user(user)
                rows = Report.with_context(**{AS_OF: "2025-03-31"})._values(
                    [("partner_id", "in", partners)], ["residual"]
                )
                self.assertEqual(sorted(float(row[0]) for row in rows), expected)

    def test_the_spreadsheet_says_the_same(self):
        self._new_invoice(amount=100.0, date="2025-01-10")
        self._new_invoice(self.other_customer, 40.0, "2025-03-10")
        Report = self.env["o2c.aged.receivable"].with_context(**{AS_OF: "2025-03-31"})
        domain = [("partner_id", "in", (self.customer + self.other_customer).ids)]
        book = openpyxl.load_workbook(io.BytesIO(Report._xlsx(domain)))
        customers = list(book.worksheets[0].iter_rows(values_only=True))
        self.assertEqual([(row[0], row[2]) for row in customers[1:]], [
            ("Harbour Supplies", 100.0),
            ("Inland Stores", 40.0),
        ])
        self.assertEqual(len(list(book.worksheets[-1].iter_rows())), 3)

    def test_a_domain_that_is_off_opens_nothing(self):
        self.company.o2c_use_dunning = False
        with self.assertRaises(UserError):
            self.env["o2c.aged.receivable"].action_open()

    def test_bad_dates_are_refused(self):
        with self.assertRaises(UserError):
            self._aged("yesterday")

    def test_the_number_of_statements_does_not_grow(self):
        def statements():
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self._aged("2025-03-31")
            return self.cr.sql_log_count - before

        self._new_invoice(amount=10.0, date="2025-01-10")
        statements()
        few = statements()
        for number in range(5):
            self._new_invoice(self._new_customer(f"More {number}"), 10.0, "2025-01-10")
        self.assertEqual(statements(), few)


@tagged("post_install", "-at_install")
@unittest.skipUnless(REAL_FILE, "the sample of real receivables is not here")
class TestAgedReceivableReal(RealBooks, AgeingCommon):
    """The real receivables: of every fourth customer, or of all with ``O2C_SLOW_TESTS``."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        receivables = read_receivables()
        names = sorted({row["customer"] for row in receivables})
        if not os.environ.get("O2C_SLOW_TESTS"):
            names = names[1::4]
        cls.receivables = [row for row in receivables if row["customer"] in set(names)]
        partners = cls.env["res.partner"].create([
            {"name": name, "is_company": True} for name in names
        ])
        cls.partner_of = dict(zip(names, partners, strict=True))
        cls._book()


    def test_every_customer_at_several_past_days(self):
        days = [*month_ends()[3::4], date(2013, 2, 17), date(2012, 6, 1)]
        for today in days:
            with self.subTest(today):
                expected = defaultdict(list)
                for row in self.receivables:
                    if row["date"] <= today < row["settled"]:
                        expected[row["customer"]].append(
                            ((today - row["due"]).days, row["amount"])
                        )
                found = defaultdict(lambda: [Decimal(0)] * len(BUCKETS))
                for partner, bucket, amount, *_rest in self._aged(today):
                    found[partner][BUCKETS.index(bucket)] += Decimal(f"{amount:.2f}")
                self.assertEqual(dict(found), {
                    self.partner_of[name].id: ageing(entries)
                    for name, entries in expected.items()
                })
        self.assertTrue(expected)

    def test_statements_of_all_customers_agree(self):
        """Opening balance, movements and open items against the list of invoices."""
        date_from, date_to = date(2012, 10, 1), date(2013, 3, 31)
        partners = self.env["res.partner"].union(*self.partner_of.values())
        found = self.env["o2c.account.statement"]._get_statements(
            partners, self.company, date_from, date_to
        )

        def balance(rows, day):
            return sum(row["amount"] for row in rows if row["date"] <= day < row["settled"])

        by_customer = defaultdict(list)
        for row in self.receivables:
            by_customer[row["customer"]].append(row)
        for name, rows in by_customer.items():
            statements = found[self.partner_of[name].id]
            expected = [
                Decimal(balance(rows, date_from - timedelta(days=1))),
                Decimal(balance(rows, date_to)),
            ]
            moved = [
                row for row in rows if date_from <= row["date"] <= date_to
            ], [row for row in rows if date_from <= row["settled"] <= date_to]
            if not any(expected) and not any(moved):
                self.assertFalse(statements)
                continue
            [statement] = statements
            self.assertEqual(
                [Decimal(f"{statement.opening:.2f}"), Decimal(f"{statement.closing:.2f}")], expected
            )
            self.assertEqual(len(statement.lines), sum(map(len, moved)))
