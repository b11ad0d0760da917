import random
from datetime import date, timedelta

from odoo.tests import BaseCase

from odoo.addons.order_to_cash.algorithms import cash_discount
from odoo.addons.order_to_cash.algorithms.cash_discount import Step

START = date(2025, 1, 1)
DUE = date(2025, 1, 31)
STEPS = (Step(3, 10), Step(2, 20))


def cents(amount):
    return round(amount, 2)


def offers(total=1000.0, untaxed=None, steps=STEPS, computation="included", due=DUE):
    return cash_discount.offers(
        steps, START, due, total, total if untaxed is None else untaxed, computation, cents
    )


class TestAlgorithmsCashDiscount(BaseCase):
    def test_faults(self):
        cases = [
            (STEPS, 30, None),
            ((Step(3, 10),), 5, None),
            ((Step(0, 10),), 30, "percent"),
            ((Step(100, 10),), 30, "percent"),
            ((Step(3, 0),), 30, "days"),
            ((Step(3, 10), Step(3, 20)), 30, "order"),
            ((Step(3, 10), Step(4, 20)), 30, "order"),
            ((Step(3, 10), Step(2, 10)), 30, "order"),
            ((Step(3, 10), Step(2, 30)), 30, "due"),
            ((Step(3, 10), Step(2, 90)), None, None),
        ]
        for steps, net, fault in cases:
            with self.subTest(steps=steps, net=net):
                found = cash_discount.find_fault(steps, net)
                self.assertEqual(found and found[0], fault)
                if fault:
                    self.assertEqual(found[1], steps[-1])

    def test_amounts_by_computation(self):
        for computation, to_pay in (("included", 1154.3), ("excluded", 1160), ("mixed", 1160)):
            with self.subTest(computation=computation):
                first = offers(1190, 1000, computation=computation)[0]
                self.assertEqual(first.to_pay, to_pay)
                self.assertEqual(first.discount, cents(1190 - to_pay))

    def test_an_unknown_computation_is_refused(self):
        with self.assertRaises(ValueError):
            offers(computation="sometimes")

    def test_the_step_of_the_day(self):
        found = offers()
        for day, percent in ((1, 3), (11, 3), (12, 2), (21, 2), (22, None)):
            with self.subTest(day=day):
                offer = cash_discount.offer_on(found, date(2025, 1, day))
                self.assertEqual(offer and offer.percent, percent)

    def test_a_step_after_the_due_date_is_left_out(self):
        self.assertEqual([o.percent for o in offers(due=date(2025, 1, 15))], [3])

    def test_a_taken_discount_is_known_by_what_is_left_open(self):
        found = offers(999.99)
        self.assertEqual([o.discount for o in found], [30, 20])
        for left, percent in (
            (30, 3), (20, 2), (20.02, 2), (19.98, 2), (20.03, None), (25, None), (999.99, None),
            (0, None), (-30, None),
        ):
            with self.subTest(left=left):
                offer = cash_discount.taken(found, left, 0.02)
                self.assertEqual(offer and offer.percent, percent)

    def test_of_two_that_are_as_near_the_later_one_was_taken(self):
        found = offers(0.5)
        self.assertEqual([o.discount for o in found], [0.02, 0.01])
        self.assertEqual(cash_discount.taken(found, 0.01, 0.02).number, 2)
        self.assertEqual(cash_discount.taken(offers(0.1), 0.01, 0.02).number, 2)

    def test_properties(self):
        rng = random.Random(5)
        for _ in range(500):
            total = cents(rng.uniform(0.01, 1e6))
            untaxed = cents(total / rng.choice([1, 1.07, 1.19, 1.25]))
            days = sorted(rng.sample(range(1, 90), 3))
            percents = sorted(rng.sample(range(1, 9999), 3), reverse=True)
            steps = [Step(p / 100, d) for p, d in zip(percents, days, strict=True)]
            self.assertIsNone(cash_discount.find_fault(steps, 90))
            found = offers(
                total, untaxed, steps, rng.choice(cash_discount.COMPUTATIONS), START + timedelta(90)
            )
            self.assertEqual([o.number for o in found], [1, 2, 3])
            for offer in found:
                self.assertEqual(cents(offer.to_pay + offer.discount), total)
                self.assertEqual(offer.to_pay, cents(offer.to_pay))
                self.assertGreaterEqual(offer.discount, 0)
            discounts = [o.discount for o in found]
            self.assertEqual(discounts, sorted(discounts, reverse=True))
            day = START + timedelta(rng.randint(0, 95))
            offer = cash_discount.offer_on(found, day)
            self.assertEqual(offer is None, day > found[-1].deadline)
            if offer:
                self.assertLessEqual(day, offer.deadline)
                self.assertFalse(any(day <= o.deadline for o in found[: offer.number - 1]))
