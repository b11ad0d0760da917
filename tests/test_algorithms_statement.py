from datetime import date, timedelta
from random import Random

from odoo.tests import BaseCase

from odoo.addons.order_to_cash.algorithms.ageing import BUCKETS, age, bucket
from odoo.addons.order_to_cash.algorithms.statement import Entry, build

TODAY = date(2025, 3, 31)


def cents(amount):
    return round(amount, 2)


class TestAgeing(BaseCase):
    def test_the_edges_of_the_buckets(self):
        table = [
            (-365, "not_due"),
            (0, "not_due"),
            (1, "days_1_30"),
            (30, "days_1_30"),
            (31, "days_31_60"),
            (60, "days_31_60"),
            (61, "days_61_90"),
            (90, "days_61_90"),
            (91, "days_over_90"),
            (4000, "days_over_90"),
        ]
        for days, expected in table:
            with self.subTest(days=days):
                self.assertEqual(bucket(TODAY - timedelta(days=days), TODAY), expected)

    def test_nothing_is_lost(self):
        picker = Random(5)
        for _round in range(300):
            items = [
                (TODAY - timedelta(days=picker.randint(-60, 200)), picker.randint(-9999, 9999) / 100)
                for _item in range(picker.randint(0, 30))
            ]
            aged = age(items, TODAY, cents)
            self.assertEqual(tuple(aged), BUCKETS)
            self.assertEqual(cents(sum(aged.values())), cents(sum(amount for _due, amount in items)))
            for name, amount in aged.items():
                own = [amount for due, amount in items if bucket(due, TODAY) == name]
                self.assertEqual(amount, cents(sum(own)))


class TestStatement(BaseCase):
    def _entry(self, key, day, amount, **values):
        return Entry(
            key=key, date=day, due=day, kind="invoice", amount=amount, customer=1, **values
        )

    def test_running_balance_in_order_of_dates(self):
        late, early = date(2025, 3, 20), date(2025, 3, 2)
        found = build(
            1,
            50.0,
            [self._entry(2, late, -120.0), self._entry(1, early, 100.0)],
            [self._entry(1, early, 100.0, open=30.0)],
            TODAY,
            cents,
        )
        self.assertEqual([(line.entry.key, line.balance) for line in found.lines], [
            (1, 150.0),
            (2, 30.0),
        ])
        self.assertEqual((found.opening, found.closing), (50.0, 30.0))
        self.assertEqual(found.ageing["days_1_30"], 30.0)
        self.assertEqual(found.overdue, 30.0)

    def test_an_empty_period_closes_as_it_opens(self):
        found = build(1, 12.34, [], [], TODAY, cents)
        self.assertEqual((found.opening, found.lines, found.closing), (12.34, (), 12.34))
        self.assertEqual(set(found.ageing.values()), {0.0})

    def test_opening_and_movements_make_the_closing_balance(self):
        picker = Random(7)
        for _round in range(300):
            opening = picker.randint(-9999, 9999) / 100
            movements = [
                self._entry(
                    key, TODAY - timedelta(days=picker.randint(0, 90)), picker.randint(-999, 999) / 10
                )
                for key in range(picker.randint(0, 25))
            ]
            found = build(1, opening, movements, [], TODAY, cents)
            total = cents(opening + sum(entry.amount for entry in movements))
            self.assertEqual(found.closing, total)
            self.assertEqual(len(found.lines), len(movements))
            balance = opening
            for line in found.lines:
                balance = cents(balance + line.entry.amount)
                self.assertEqual(line.balance, balance)
            days = [line.entry.date for line in found.lines]
            self.assertEqual(days, sorted(days))
