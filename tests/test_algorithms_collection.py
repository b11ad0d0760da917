from datetime import date, timedelta
from random import Random

from odoo.tests import BaseCase

from ..algorithms.collection import (
    Delay,
    Due,
    Promised,
    Settled,
    forecast,
    habitual_delay,
    planned_delay,
    recovery_probability,
)

TODAY = date(2025, 6, 2)


def cents(amount):
    return round(amount, 2)


def day(days):
    return TODAY + timedelta(days=days)


class TestCollectionRecovery(BaseCase):
    def test_the_formula(self):
        for score, days, expected in (
            (100, 0, 1.0),
            (100, -10, 1.0),
            (0, 0, 0.5),
            (50, 0, 0.75),
            (None, 0, 0.75),
            (100, 180, 0.5),
            (100, 90, 0.5**0.5),
            (0, 360, 0.125),
        ):
            with self.subTest(score=score, days=days):
                self.assertAlmostEqual(recovery_probability(score, days), expected)

    def test_better_scores_and_younger_debts_are_likelier(self):
        random = Random(1)
        for __ in range(300):
            score, days = random.uniform(0, 99), random.randrange(0, 2000)
            found = recovery_probability(score, days)
            self.assertTrue(0 < found <= 1)
            self.assertGreater(recovery_probability(score + 1, days), found)
            self.assertLess(recovery_probability(score, days + 1), found)

    def test_a_score_out_of_range_is_refused(self):
        for score in (-1, 101):
            with self.assertRaises(ValueError):
                recovery_probability(score, 0)


class TestCollectionDelay(BaseCase):
    def test_average_by_amount_and_median(self):
        settled = [
            Settled(100, day(-100), day(-90)),
            Settled(300, day(-100), day(-80)),
            Settled(100, day(-100), day(-102)),
        ]
        self.assertEqual(
            habitual_delay(settled, TODAY),
            Delay(average=(10 * 100 + 20 * 300 - 2 * 100) / 500, median=10, count=3),
        )

    def test_only_the_last_year_before_the_day(self):
        settled = [
            Settled(100, day(-500), day(-366)),
            Settled(100, day(-370), day(-365)),
            Settled(100, day(-10), day(0)),
            Settled(0, day(-10), day(-5)),
        ]
        self.assertEqual(habitual_delay(settled, TODAY), Delay(5, 5, 1))
        self.assertIsNone(habitual_delay(settled[:1], TODAY))

    def test_few_settled_items_make_no_habit(self):
        for own, of_all, expected in (
            (Delay(9, 8, 3), Delay(4, 4, 9), 8),
            (Delay(9, 8, 2), Delay(4, 4, 9), 4),
            (None, Delay(4, -2.6, 9), -3),
            (Delay(9, 8, 2), None, 0),
            (None, None, 0),
        ):
            with self.subTest(own=own, of_all=of_all):
                self.assertEqual(planned_delay(own, of_all), expected)


class TestCollectionForecast(BaseCase):
    def _forecast(self, items, promises=(), delays=None):
        return [
            (part.item, (part.day - TODAY).days, part.amount, part.source)
            for part in forecast(items, promises, delays or {}, TODAY, cents)
        ]

    def test_due_date_and_habit(self):
        items = [Due(1, "a", day(10), 100), Due(2, "a", day(-3), 50), Due(3, "b", day(-30), 70)]
        self.assertEqual(
            self._forecast(items, delays={"a": 5, "b": 20}),
            [(1, 15, 100, "habit"), (2, 2, 50, "habit"), (3, 0, 70, "late")],
        )

    def test_credits_are_taken_off_the_oldest(self):
        items = [Due(1, "a", day(5), 100), Due(2, "a", day(-3), 50), Due(3, "a", day(0), -80)]
        self.assertEqual(self._forecast(items), [(1, 5, 70, "habit")])
        self.assertEqual(self._forecast([Due(1, "a", day(5), 100), Due(2, "b", day(0), -80)]), [
            (1, 5, 100, "habit"),
        ])

    def test_a_promise_overrides_date_and_amount(self):
        items = [Due(1, "a", day(-20), 100), Due(2, "a", day(-10), 100)]
        promise = Promised(9, "a", day(7), 150)
        self.assertEqual(
            self._forecast(items, [promise]),
            [(1, 7, 100, "promise"), (2, 7, 50, "promise"), (2, 0, 50, "late")],
        )
        named = Promised(9, "a", day(7), 150, frozenset({2}))
        self.assertEqual(
            self._forecast(items, [named]), [(2, 7, 100, "promise"), (1, 0, 100, "late")]
        )
        past = Promised(9, "a", day(-1), 150)
        self.assertEqual(len(self._forecast(items, [past])), 2)

    def test_a_promise_below_zero_is_refused(self):
        with self.assertRaises(ValueError):
            self._forecast([Due(1, "a", TODAY, 1)], [Promised(1, "a", TODAY, -1)])

    def test_parts_add_up_to_what_credits_leave(self):
        random = Random(2)
        for __ in range(200):
            items = [
                Due(key, random.choice("abc"), day(random.randint(-60, 60)),
                    cents(random.uniform(-300, 900)))
                for key in range(random.randint(1, 12))
            ]
            promises = [
                Promised(key, random.choice("abc"), day(random.randint(-5, 30)),
                         cents(random.uniform(0, 900)))
                for key in range(random.randint(0, 4))
            ]
            delays = {customer: random.randint(-5, 40) for customer in "ab"}
            parts = forecast(items, promises, delays, TODAY, cents)
            self.assertTrue(all(part.amount > 0 and part.day >= TODAY for part in parts))
            for customer in "abc":
                own = {item.key: item for item in items if item.customer == customer}
                expected = max(sum(max(item.amount, 0) for item in own.values()) - -sum(
                    min(item.amount, 0) for item in own.values()
                ), 0)
                found = sum(part.amount for part in parts if part.item in own)
                self.assertAlmostEqual(found, expected, 2)
            for promise in promises:
                kept = sum(
                    part.amount for part in parts
                    if part.source == "promise" and part.promise == promise.key
                )
                self.assertLessEqual(cents(kept), promise.amount)
            for item in items:
                of_item = sum(part.amount for part in parts if part.item == item.key)
                self.assertLessEqual(cents(of_item), max(item.amount, 0))
