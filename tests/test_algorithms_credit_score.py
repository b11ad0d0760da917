import csv
import random
import unittest
from collections import defaultdict
from dataclasses import replace
from datetime import date, datetime, timedelta

from odoo.tests import BaseCase

from odoo.addons.order_to_cash.algorithms.credit_score import (
    COMPONENTS,
    History,
    Invoice,
    Weights,
    rank_quality,
    rating_for,
    score,
)

from .opening_common import find_real_file

AS_OF = date(2025, 1, 1)
REAL_FILE = find_real_file()
STANDARD = Weights()


def invoice(days_ago=60, term=30, late=0, amount=100.0, is_open=False, **values):
    """An invoice of so many days before, settled so many days after it was due."""
    dated = AS_OF - timedelta(days=days_ago)
    due = dated + timedelta(days=term)
    settled = None if is_open else due + timedelta(days=late)
    return Invoice(amount, dated, due, settled, **values)


def only(name, **measures):
    """Weights of one component alone."""
    return Weights(**{other: float(other == name) for other in COMPONENTS}, **measures)


def value(history, weights=STANDARD):
    return score(history, AS_OF, weights).value


class TestScore(BaseCase):
    def test_a_known_customer_who_always_pays_in_time_has_almost_all_points(self):
        history = History([invoice(days_ago=30 * n) for n in range(2, 16)])
        self.assertGreater(value(history), 96.0)

    def test_nothing_known_is_no_score(self):
        self.assertIsNone(score(History(), AS_OF))
        self.assertIsNone(score(History([invoice(days_ago=0)]), AS_OF))
        self.assertIsNotNone(score(History([invoice(days_ago=1)]), AS_OF))

    def test_each_component_by_itself(self):
        ok, late = invoice(), invoice(late=15)
        for name, history, expected in [
            ("late_share", History([ok]), 100.0),
            ("late_share", History([late]), 0.0),
            ("late_share", History([late, late, late, ok]), 25.0),
            ("days_late", History([late]), 50.0),
            ("days_late", History([invoice(late=30)]), 0.0),
            ("days_late", History([invoice(late=400, days_ago=500)]), 0.0),
            ("days_late", History([ok]), 100.0),
            ("overdue", History([invoice(days_ago=45, is_open=True)]), 50.0),
            ("overdue", History([invoice(days_ago=30, is_open=True)]), 100.0),
            ("overdue", History([invoice(days_ago=5, is_open=True)]), 100.0),
            ("disputes", History([ok, replace(ok, is_disputed=True)]), 50.0),
            ("limit_use", History([ok], utilization=80.0), 100.0),
            ("limit_use", History([ok], utilization=90.0), 50.0),
            ("limit_use", History([ok], utilization=300.0), 0.0),
            ("limit_use", History([ok]), 100.0),
            ("age", History([invoice(days_ago=73)]), 20.0),
            ("age", History([ok], since=date(2000, 1, 1)), 100.0),
        ]:
            with self.subTest(name, history=history):
                weights = only(name, prior_invoices=0.0, half_life_days=10**6)
                self.assertAlmostEqual(value(history, weights), expected, 1)

    def test_large_invoices_weigh_more_in_the_days(self):
        small = History([invoice(late=20, amount=10.0), invoice(amount=990.0)])
        large = History([invoice(late=20, amount=990.0), invoice(amount=10.0)])
        self.assertGreater(value(small), value(large))

    def test_recent_invoices_weigh_more(self):
        was_late = History([invoice(days_ago=400, late=5), invoice(days_ago=60)])
        is_late = History([invoice(days_ago=400), invoice(days_ago=60, late=5)])
        self.assertGreater(value(was_late), value(is_late))

    def test_one_late_invoice_of_a_new_customer_says_less_than_many(self):
        one = History([invoice(late=10)])
        many = History([invoice(late=10)] * 20)
        weights = only("late_share")
        self.assertGreater(value(one, weights), value(many, weights))

    def test_what_was_not_known_yet_changes_nothing(self):
        known = [invoice(days_ago=90), invoice(days_ago=45, is_open=True)]
        later = invoice(days_ago=-1, late=50)
        settled_later = replace(known[1], settled=AS_OF)
        self.assertEqual(value(History(known)), value(History([*known, later])))
        self.assertEqual(value(History(known)), value(History([known[0], settled_later])))

    def test_what_is_open_and_not_due_says_nothing_about_paying(self):
        ok = invoice(days_ago=100)
        weights = only("late_share")
        self.assertEqual(
            value(History([ok]), weights),
            value(History([ok, invoice(days_ago=3, is_open=True)]), weights),
        )

    def test_the_rest_of_a_partly_paid_invoice_is_what_is_overdue(self):
        partly = invoice(days_ago=90, is_open=True, amount=1000.0, residual=10.0)
        fresh = invoice(days_ago=5, is_open=True, amount=90.0, residual=90.0)
        weights = only("overdue")
        self.assertAlmostEqual(value(History([partly, fresh]), weights), 90.0)

    def test_the_points_lost_explain_the_score(self):
        rng = random.Random(7)
        for __ in range(200):
            invoices = [
                invoice(
                    days_ago=rng.randrange(1, 900),
                    late=rng.randrange(-20, 60),
                    amount=rng.uniform(1, 1000),
                    is_open=rng.random() < 0.2,
                    is_disputed=rng.random() < 0.1,
                )
                for __ in range(rng.randrange(1, 30))
            ]
            found = score(History(invoices, rng.choice([None, 50.0, 95.0, 200.0])), AS_OF)
            lost = sum(item.points for item in found.contributions)
            self.assertAlmostEqual(found.value, 100.0 - lost, 2)
            self.assertTrue(0.0 <= found.value <= 100.0)
            self.assertTrue(all(0.0 <= item.badness <= 1.0 for item in found.contributions))

    def test_only_the_proportions_of_the_weights_count(self):
        history = History([invoice(late=12), invoice(days_ago=90)])
        doubled = Weights(**{name: 2 * getattr(Weights(), name) for name in COMPONENTS})
        self.assertEqual(value(history), value(history, doubled))

    def test_weights_make_sense(self):
        for values in (
            {"age": -1.0},
            dict.fromkeys(COMPONENTS, 0.0),
            {"half_life_days": 0},
            {"worst_days_late": -3},
        ):
            with self.subTest(values), self.assertRaises(ValueError):
                Weights(**values)


class TestRatingFor(BaseCase):
    def test_the_highest_minimum_that_is_reached(self):
        thresholds = [("A", 90.0), ("B", 75.0), ("D", 40.0)]
        for points, expected in [
            (100.0, "A"), (90.0, "A"), (89.99, "B"), (75.0, "B"), (74.0, "D"), (39.9, None)
        ]:
            with self.subTest(points):
                self.assertEqual(rating_for(points, thresholds), expected)
        self.assertIsNone(rating_for(50.0, []))
        self.assertEqual(rating_for(5.0, [("X", 0.0), ("Y", 0.0)]), "X")


class TestRankQuality(BaseCase):
    def test_against_counting_every_pair(self):
        rng = random.Random(3)
        for __ in range(100):
            items = [
                (rng.choice([10.0, 20.0, 30.0, rng.random() * 40]), rng.random() < 0.4)
                for __ in range(rng.randrange(2, 40))
            ]
            late = [v for v, was_late in items if was_late]
            on_time = [v for v, was_late in items if not was_late]
            if not late or not on_time:
                with self.assertRaises(ValueError):
                    rank_quality(items)
                continue
            pairs = [(a < b) + (a == b) / 2 for a in late for b in on_time]
            self.assertAlmostEqual(rank_quality(items), sum(pairs) / len(pairs))

    def test_customers_with_habits_are_told_apart(self):
        rng = random.Random(11)
        histories = {}
        later = []
        for customer in range(200):
            habit = rng.betavariate(1.0, 2.0)
            histories[customer] = History([
                invoice(
                    days_ago=rng.randrange(70, 500),
                    late=rng.randrange(1, 25) if rng.random() < habit else -3,
                    amount=rng.uniform(50, 500),
                )
                for __ in range(12)
            ])
            later += [(customer, rng.random() < habit) for __ in range(12)]
        scores = {customer: value(history) for customer, history in histories.items()}
        self.assertGreater(rank_quality((scores[c], late) for c, late in later), 0.72)

    @unittest.skipUnless(REAL_FILE, "the sample of real receivables is not here")
    def test_real_invoices_of_2013_are_ranked_by_what_was_known_before(self):
        def day(text):
            return datetime.strptime(text, "%m/%d/%Y").date()

        begin = date(2013, 1, 1)
        invoices, outcomes = defaultdict(list), []
        with REAL_FILE.open(newline="") as file:
            for line in csv.DictReader(file):
                item = Invoice(
                    amount=float(line["InvoiceAmount"]),
                    dated=day(line["InvoiceDate"]),
                    due=day(line["DueDate"]),
                    settled=day(line["SettledDate"]),
                    is_disputed=line["Disputed"] == "Yes",
                )
                invoices[line["customerID"]].append(item)
                if item.dated >= begin:
                    outcomes.append((line["customerID"], item.settled > item.due))
        scores = {
            customer: score(History(items), begin).value for customer, items in invoices.items()
        }
        self.assertEqual(len(outcomes), 1189)
        quality = rank_quality((scores[customer], late) for customer, late in outcomes)
        self.assertGreaterEqual(quality, 0.86)
