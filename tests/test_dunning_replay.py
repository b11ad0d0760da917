"""The real receivables of two years, reminded of month by month and week by week.

What is expected is reckoned here a second time, plainly and without any code of the add-on.
"""

import csv
import os
import unittest
from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal

from odoo.fields import Command
from odoo.tests import BaseCase, tagged

from odoo.addons.order_to_cash.algorithms import dunning

from .opening_common import find_real_file
from .test_dunning_run import DunningCommon

REAL_FILE = find_real_file()
# Days overdue, days between, minimum amount, minimum share of the balance in per cent.
LEVELS = [(-3, 0, 0, 0), (3, 7, 0, 0), (10, 7, 75, 0), (20, 7, 0, 25)]
BUCKETS = [(None, 0), (1, 30), (31, 60), (61, 90), (91, None)]


def day(text):
    return datetime.strptime(text, "%m/%d/%Y").date()


def read_receivables():
    with REAL_FILE.open(newline="") as file:
        return [
            {
                "number": row["invoiceNumber"],
                "customer": row["customerID"],
                "date": day(row["InvoiceDate"]),
                "due": day(row["DueDate"]),
                "amount": Decimal(row["InvoiceAmount"]),
                "settled": day(row["SettledDate"]),
            }
            for row in csv.DictReader(file)
        ]


def month_ends():
    firsts = [date(2012 + month // 12, month % 12 + 1, 1) for month in range(1, 25)]
    return [first - timedelta(days=1) for first in firsts]


def ageing(entries):
    """The sums of (days overdue, amount) by bucket."""
    sums = [Decimal(0)] * len(BUCKETS)
    for late, amount in entries:
        for index, (low, high) in enumerate(BUCKETS):
            if (low is None or late >= low) and (high is None or late <= high):
                sums[index] += amount
    return sums


def cents(amount):
    return Decimal(f"{amount:.2f}")


class PlainDunning:
    """The reminders of each day, by a list of invoices and two dictionaries."""

    def __init__(self, invoices):
        self.invoices = invoices
        self.reached = defaultdict(int)
        self.last = {}

    def open_on(self, today):
        return [
            invoice
            for invoice in self.invoices
            if invoice["date"] <= today and invoice["settled"] > today
        ]

    def remind(self, today):
        """Send what is due today.

        :return: {customer: (level, {number: (level, amount)}, overdue, balance)}
        """
        by_customer = defaultdict(list)
        for invoice in self.open_on(today):
            by_customer[invoice["customer"]].append(invoice)
        reminders = {}
        for customer, invoices in by_customer.items():
            reminder = self._remind_customer(invoices, today)
            if reminder:
                reminders[customer] = reminder
        return reminders

    def _remind_customer(self, invoices, today):
        ready = {
            invoice["number"] for invoice in invoices if self._is_ready(invoice, today)
        }
        overdue = [invoice for invoice in invoices if invoice["due"] < today]
        soon = [
            invoice
            for invoice in invoices
            if invoice["due"] >= today
            and (invoice["number"] in ready or self.reached[invoice["number"]])
        ]
        balance = sum(invoice["amount"] for invoice in invoices)
        overdue_amount = sum(invoice["amount"] for invoice in overdue)
        soon_amount = overdue_amount + sum(invoice["amount"] for invoice in soon)
        climbing = []
        for invoice in overdue + soon:
            if invoice["number"] not in ready:
                continue
            to_pay = overdue_amount if invoice["due"] < today else soon_amount
            _days, _pause, minimum, percent = LEVELS[self.reached[invoice["number"]]]
            if to_pay >= minimum and to_pay * 100 >= balance * percent:
                climbing.append(invoice)
        if not climbing:
            return None
        for invoice in climbing:
            self.reached[invoice["number"]] += 1
            self.last[invoice["number"]] = today
        lines = {
            invoice["number"]: (self.reached[invoice["number"]], invoice["amount"])
            for invoice in overdue + soon
            if invoice["due"] < today or self.reached[invoice["number"]]
        }
        level = max(self.reached[invoice["number"]] for invoice in climbing)
        return level, lines, overdue_amount, balance

    def _is_ready(self, invoice, today):
        reached = self.reached[invoice["number"]]
        if reached == len(LEVELS):
            return False
        days, pause, _minimum, _percent = LEVELS[reached]
        if (today - invoice["due"]).days < days:
            return False
        last = self.last.get(invoice["number"])
        return last is None or (today - last).days >= max(pause, 1)


@unittest.skipUnless(REAL_FILE, "the sample of real receivables is not here")
class TestDunningReplayWeekly(BaseCase):
    """The calculation alone, each week."""

    def test_every_week_of_two_years(self):
        invoices = read_receivables()
        plain = PlainDunning(invoices)
        customers = {
            name: key for key, name in enumerate(sorted({row["customer"] for row in invoices}), 1)
        }
        levels = tuple(
            dunning.Level(
                key=number,
                days_overdue=days,
                min_interval_days=pause,
                min_amount=minimum,
                min_percent=percent,
            )
            for number, (days, pause, minimum, percent) in enumerate(LEVELS, 1)
        )
        heights, last, seen = defaultdict(int), {}, set()
        round_cents = lambda amount: round(amount, 2)  # noqa: E731
        today = date(2012, 1, 7)
        while today <= date(2014, 1, 31):
            items = [
                dunning.OpenItem(
                    key=index,
                    customer=customers[row["customer"]],
                    currency=1,
                    due=row["due"],
                    residual=float(row["amount"]),
                    residual_company=float(row["amount"]),
                    policy=1,
                    height=heights[index],
                    last_reminded=last.get(index),
                )
                for index, row in enumerate(invoices)
                if row["date"] <= today < row["settled"]
            ]
            notices = dunning.propose(items, {1: levels}, today, {1: round_cents}, round_cents)
            expected = plain.remind(today)
            found = {
                invoices[notice.lines[0].item.key]["customer"]: (
                    notice.level,
                    {
                        invoices[line.item.key]["number"]: (line.level or 0, cents(line.amount))
                        for line in notice.lines
                    },
                    cents(notice.total_overdue),
                    cents(notice.total_open),
                )
                for notice in notices
            }
            self.assertEqual(found, expected, today)
            for notice in notices:
                for line in notice.lines:
                    if line.climbs:
                        heights[line.item.key] += 1
                        last[line.item.key] = today
                        seen.add(line.level)
            today += timedelta(days=7)
        self.assertEqual(seen, {1, 2, 3, 4}, "every level was reached")


class RealBooks:
    """Books the real receivables of a test class: ``receivables`` of the partners in
    ``partner_of``."""

    @classmethod
    def _book(cls):
        """Post all receivables, and a payment of each on the day it was settled.

        One entry a day: two and a half thousand invoices would take minutes.
        """
        receivable = cls.company_data["default_account_receivable"]
        debts = cls._post_days("date", 1, cls.company_data["default_journal_sale"])
        cls._take_statistics()
        payments = cls._post_days("settled", -1, cls.company_data["default_journal_misc"])
        debt_of, payment_of = (
            {line.name: line for line in moves.line_ids if line.account_id == receivable}
            for moves in (debts, payments)
        )
        cls._take_statistics()
        cls.env["account.partial.reconcile"].create([
            {
                "debit_move_id": debt.id,
                "credit_move_id": payment_of[number].id,
                "amount": debt.debit,
                "debit_amount_currency": debt.debit,
                "credit_amount_currency": debt.debit,
            }
            for number, debt in debt_of.items()
        ])
        cls.number_of = {debt.id: number for number, debt in debt_of.items()}

    @classmethod
    def _take_statistics(cls):
        # Without statistics of rows that are not committed, PostgreSQL may look for the payments of
        # an invoice among all of them, for minutes.
        cls.env.flush_all()
        cls.env.cr.execute(
            "ANALYZE account_move, account_move_line, account_partial_reconcile, account_payment"
        )

    @classmethod
    def _post_days(cls, day_of, sign, journal):
        receivable = cls.company_data["default_account_receivable"]
        other = cls.company_data["default_journal_bank"].default_account_id
        by_day = defaultdict(list)
        for row in cls.receivables:
            by_day[row[day_of]].append(row)
        moves = cls.env["account.move"].create([
            {
                "journal_id": journal.id,
                "date": booked,
                "line_ids": [
                    Command.create({
                        "account_id": receivable.id,
                        "partner_id": cls.partner_of[row["customer"]].id,
                        "name": row["number"],
                        "date_maturity": row["due"],
                        "balance": sign * float(row["amount"]),
                    })
                    for row in rows
                ]
                + [
                    Command.create({
                        "account_id": other.id,
                        "balance": -sign * float(sum(row["amount"] for row in rows)),
                    })
                ],
            }
            for booked, rows in by_day.items()
        ])
        moves.action_post()
        return moves


@tagged("post_install", "-at_install")
@unittest.skipUnless(REAL_FILE, "the sample of real receivables is not here")
class TestDunningReplayMonthly(RealBooks, DunningCommon):
    """The whole way, in the books, each month: of every fourth customer, or of all when
    ``O2C_SLOW_TESTS`` is set in the environment, which takes some minutes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.o2c_dunning_policy_id = cls.env["o2c.dunning.policy"].create({
            "name": "Four levels",
            "level_ids": [
                Command.create({
                    "name": f"Level {number}",
                    "sequence": number,
                    "days_overdue": days,
                    "min_interval_days": pause,
                    "min_amount": minimum,
                    "min_percent": percent,
                    # Two thousand letters are not what is tested here.
                    "send_email": False,
                    "send_letter": False,
                    "create_activity": True,
                })
                for number, (days, pause, minimum, percent) in enumerate(LEVELS, 1)
            ],
        })
        receivables = read_receivables()
        names = sorted({row["customer"] for row in receivables})
        if not os.environ.get("O2C_SLOW_TESTS"):
            names = names[::4]
        cls.receivables = [row for row in receivables if row["customer"] in set(names)]
        partners = cls.env["res.partner"].create([
            {"name": name, "is_company": True} for name in names
        ])
        cls.partner_of = dict(zip(names, partners, strict=True))
        cls._book()

    def test_every_month_of_two_years(self):
        plain = PlainDunning(self.receivables)
        settled = {row["number"]: row["settled"] for row in self.receivables}
        history = defaultdict(list)
        overdue_seen = 0
        for today in month_ends():
            with self.subTest(today):
                run = self._new_run(today)
                self._check_open_items(run, plain.open_on(today))
                run.action_propose()
                expected = plain.remind(today)
                self.assertEqual(self._told(run), expected)
                run.action_propose()
                self.assertEqual(self._told(run), expected, "a proposal can be repeated")
                run.action_send()
                self.assertEqual(self._told(run), expected)
                self.assertEqual(set(run.notice_ids.mapped("state")), {"sent"})
                self.assertFalse(self._propose(today).notice_ids, "nobody is reminded twice")
                for line in run.notice_ids.line_ids:
                    number = self.number_of[line.move_line_id.id]
                    self.assertGreater(settled[number], today, "dunned after it was paid")
                    overdue_seen += line.days_overdue > 0
                    if line.reached_on:
                        history[number].append(line.level_id.sequence)
        for number, levels in history.items():
            self.assertEqual(levels, list(range(1, len(levels) + 1)), f"{number}: level skipped")
        self.assertGreater(overdue_seen, 25)
        self.assertGreater(max(map(len, history.values())), 1)

    def _check_open_items(self, run, expected):
        items = run._gather_open_items()
        found = {
            self.number_of[item.key]: (cents(item.residual), (run.date - item.due).days)
            for item in items
        }
        self.assertEqual(found, {
            row["number"]: (row["amount"], (run.date - row["due"]).days) for row in expected
        })
        self.assertEqual(
            ageing((late, amount) for amount, late in found.values()),
            ageing(((run.date - row["due"]).days, row["amount"]) for row in expected),
        )

    def _told(self, run):
        return {
            notice.partner_id.name: (
                notice.level_id.sequence,
                {
                    self.number_of[line.move_line_id.id]: (
                        line.level_id.sequence,
                        cents(line.amount),
                    )
                    for line in notice.line_ids
                },
                cents(notice.total_overdue),
                cents(notice.total_open),
            )
            for notice in run.notice_ids
        }
