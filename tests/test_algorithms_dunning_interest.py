import random
from datetime import date, timedelta
from fractions import Fraction

from odoo.tests import BaseCase

from odoo.addons.order_to_cash.algorithms.dunning_interest import (
    Deferred,
    Payment,
    Segment,
    interest,
    segments,
)

DUE = date(2025, 1, 1)


def day(number):
    return DUE + timedelta(days=number)


def cents(amount):
    return round(amount, 2)


class TestDunningInterest(BaseCase):
    def test_table(self):
        for name, residual, payments, rate, start, end, expected in [
            ("a year", 1000.0, [], 9.12, 0, 365, 91.2),
            ("a day", 1000.0, [], 8, 0, 1, 0.22),
            ("no day", 1000.0, [], 8, 5, 5, 0.0),
            ("before the due date", 1000.0, [], 8, 5, 0, 0.0),
            ("no rate", 1000.0, [], 0, 0, 100, 0.0),
            # 1000 for 10 days, 600 for 20
            ("part paid", 600.0, [(10, 400.0)], 10, 0, 30, 6.03),
            ("paid on the due date", 600.0, [(0, 400.0)], 10, 0, 30, 4.93),
            ("paid on the last day", 600.0, [(30, 400.0)], 10, 0, 30, 8.22),
            ("paid after the last day", 600.0, [(31, 400.0)], 10, 0, 30, 4.93),
            ("a payment taken back", 1000.0, [(10, 400.0), (20, -400.0)], 10, 0, 30, 7.12),
            ("two on a day", 100.0, [(10, 450.0), (10, 450.0)], 10, 0, 20, 3.01),
        ]:
            with self.subTest(name):
                found = interest(
                    residual,
                    [Payment(day(number), amount) for number, amount in payments],
                    rate,
                    day(start),
                    day(end),
                    cents,
                )
                self.assertEqual(found, expected)

    def test_what_was_not_claimed_for_a_while(self):
        part = Deferred(day(0), day(365), 40.0, 10.0)
        for name, residual, stopped, claimed in [
            ("still disputed", 60.0, 40.0, 0.0),
            ("refused", 100.0, 0.0, 40.0),
            ("half refused", 80.0, 20.0, 20.0),
            ("the rest is paid", 40.0, 0.0, 40.0),
            ("more is paid", 30.0, 0.0, 30.0),
            ("more is disputed", 40.0, 60.0, 0.0),
        ]:
            with self.subTest(name):
                self.assertEqual(part.claimed(residual, stopped), claimed)
                self.assertAlmostEqual(part.interest(residual, stopped), claimed / 10)
        self.assertEqual(interest(100.0, [], 10, day(0), day(365), cents, before=4.0), 14.0)

    def test_a_negative_rate_is_refused(self):
        with self.assertRaises(ValueError):
            interest(1.0, [], -1, day(0), day(1), cents)

    def test_segments_follow_each_other(self):
        self.assertEqual(
            segments(10.0, [Payment(day(5), 1.0), Payment(day(3), 2.0)], day(0), day(8)),
            [
                Segment(day(0), day(3), 13.0),
                Segment(day(3), day(5), 11.0),
                Segment(day(5), day(8), 10.0),
            ],
        )

    def test_day_by_day(self):
        """The sum of what was open at the end of each day before the last."""
        for seed in range(200):
            rng = random.Random(seed)
            length = rng.randrange(0, 60)
            payments = [
                Payment(day(rng.randrange(-5, length + 5)), float(rng.randrange(1, 500)))
                for _ in range(rng.randrange(0, 6))
            ]
            residual = float(rng.randrange(1, 1000))
            rate = rng.choice([0, 5, 8.12, 12])
            owed = Fraction(0)
            for number in range(length):
                owed += Fraction(residual) + sum(
                    Fraction(payment.amount)
                    for payment in payments
                    if day(number) < payment.date <= day(length)
                )
            expected = owed * Fraction(rate) / 100 / 365
            found = interest(residual, payments, rate, day(0), day(length), lambda x: x)
            self.assertAlmostEqual(found, float(expected), places=8)

    def test_charging_twice_equals_charging_once(self):
        for seed in range(100):
            rng = random.Random(seed)
            length = rng.randrange(2, 90)
            cut = rng.randrange(1, length)
            payments = [
                Payment(day(rng.randrange(1, length + 1)), float(rng.randrange(1, 500)))
                for _ in range(rng.randrange(0, 6))
            ]
            residual = 100.0
            at_cut = residual + sum(p.amount for p in payments if p.date > day(cut))
            whole = interest(residual, payments, 9, day(0), day(length), lambda x: x)
            first = interest(at_cut, payments, 9, day(0), day(cut), lambda x: x)
            second = interest(residual, payments, 9, day(cut), day(length), lambda x: x)
            self.assertAlmostEqual(first + second, whole, places=8)
