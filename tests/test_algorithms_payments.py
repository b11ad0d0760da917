from random import Random

from odoo.tests import BaseCase

from odoo.addons.order_to_cash.algorithms.payments import Payment, paid_by_order, share_out


class TestPaymentAlgorithms(BaseCase):
    def test_parts_of_an_amount(self):
        for amount, weights, digits, expected in [
            (100.0, [600.0, 400.0], 2, [60.0, 40.0]),
            (1000.0, [600.0, 400.0], 2, [600.0, 400.0]),
            (1200.0, [600.0, 400.0], 2, [720.0, 480.0]),
            (100.0, [1.0, 1.0, 1.0], 2, [33.34, 33.33, 33.33]),
            (100.0, [1.0, 1.0, 1.0], 0, [34.0, 33.0, 33.0]),
            (200.0, [1.0, 2.0], 2, [66.67, 133.33]),
            (0.01, [1.0, 9.0], 2, [0.0, 0.01]),
            (50.0, [0.0, 10.0], 2, [0.0, 50.0]),
            (50.0, [-5.0, 10.0], 2, [0.0, 50.0]),
            (50.0, [0.0, 0.0], 2, [25.0, 25.0]),
            (-100.0, [1.0, 1.0, 1.0], 2, [-33.34, -33.33, -33.33]),
            (0.0, [1.0, 2.0], 2, [0.0, 0.0]),
            (70.0, [3.0], 2, [70.0]),
            (70.0, [], 2, []),
        ]:
            with self.subTest(amount=amount, weights=weights):
                self.assertEqual(share_out(amount, weights, digits), expected)

    def test_parts_add_up_to_the_whole(self):
        random = Random(3)
        for _round in range(500):
            digits = random.choice([0, 2, 3])
            weights = [
                round(random.uniform(0, 1000), digits) for _part in range(random.randint(1, 9))
            ]
            amount = round(random.uniform(0, 1.2 * sum(weights)), digits)
            parts = share_out(amount, weights, digits)
            self.assertEqual(round(sum(parts), digits), amount)
            self.assertEqual(parts, [round(part, digits) for part in parts])
            if amount <= sum(weights):
                for part, weight in zip(parts, weights, strict=True):
                    self.assertLessEqual(round(part - weight, digits), 0, "no more than is open")

    def test_what_was_paid_for_each_order(self):
        amounts = {"a": 600.0, "b": 400.0, "c": 0.0}
        for payments, expected in [
            ([], {"a": (0, 0), "b": (0, 0), "c": (0, 0)}),
            ([Payment(1000.0, ("a", "b"))], {"a": (600, 0), "b": (400, 0), "c": (0, 0)}),
            ([Payment(500.0, ("a", "b"), True)], {"a": (300, 300), "b": (200, 200), "c": (0, 0)}),
            # What is open counts, not what it was worth.
            (
                [Payment(600.0, ("a",)), Payment(400.0, ("a", "b"), True)],
                {"a": (600, 0), "b": (400, 400), "c": (0, 0)},
            ),
            # More than is open.
            ([Payment(900.0, ("a",))], {"a": (900, 0), "b": (0, 0), "c": (0, 0)}),
            ([Payment(1100.0, ("a", "b"))], {"a": (660, 0), "b": (440, 0), "c": (0, 0)}),
            (
                [Payment(1000.0, ("a", "b")), Payment(100.0, ("a", "b"))],
                {"a": (660, 0), "b": (440, 0), "c": (0, 0)},
            ),
            # Paid back.
            (
                [Payment(1000.0, ("a", "b"), True), Payment(-500.0, ("a", "b"), True)],
                {"a": (300, 300), "b": (200, 200), "c": (0, 0)},
            ),
            (
                [Payment(600.0, ("a",)), Payment(-100.0, ("a", "b"))],
                {"a": (500, 0), "b": (0, 0), "c": (0, 0)},
            ),
            # Nothing to pay.
            ([Payment(50.0, ("c",))], {"a": (0, 0), "b": (0, 0), "c": (50, 0)}),
            ([Payment(50.0, ())], {"a": (0, 0), "b": (0, 0), "c": (0, 0)}),
        ]:
            with self.subTest(payments=payments):
                self.assertEqual(paid_by_order(payments, amounts, 2), expected)
