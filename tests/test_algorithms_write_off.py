import random

from odoo.tests import BaseCase

from odoo.addons.order_to_cash.algorithms import write_off


def cents(amount):
    return round(amount, 2)


class TestAlgorithmsWriteOff(BaseCase):
    def test_carrying_value(self):
        for amount, residual, company, value in (
            (100, 100, 90, 90),
            (50, 100, 90, 45),
            (33.33, 100, 90.01, 30),
            (100, 100, 0, 0),
        ):
            with self.subTest(amount=amount):
                self.assertEqual(write_off.carrying_value(amount, residual, company, cents), value)

    def test_more_than_is_open_is_refused(self):
        for amount, residual in ((101, 100), (1, 0), (1, -5)):
            with self.subTest(amount=amount), self.assertRaises(ValueError):
                write_off.carrying_value(amount, residual, residual, cents)

    def test_tax_in_proportion(self):
        parts = write_off.split_tax(595, 1190, {"a": 1000}, {"t": 190}, cents)
        self.assertEqual((parts.base, parts.tax), ({"a": 500}, {"t": 95}))

    def test_a_document_without_amount_is_refused(self):
        for total, bases in ((0, {"a": 1}), (10, {})):
            with self.subTest(total=total), self.assertRaises(ValueError):
                write_off.split_tax(1, total, bases, {}, cents)

    def test_parts_add_up(self):
        rng = random.Random(7)
        for _ in range(500):
            bases = {n: cents(rng.uniform(0.01, 5000)) for n in range(rng.randint(1, 4))}
            taxes = {n: cents(value * 0.19) for n, value in bases.items() if rng.random() < 0.8}
            total = cents(sum(bases.values()) + sum(taxes.values()))
            amount = cents(total * rng.random())
            parts = write_off.split_tax(amount, total, bases, taxes, cents)
            self.assertEqual(cents(sum(parts.base.values()) + sum(parts.tax.values())), amount)
            if amount == total:
                self.assertEqual((parts.base, parts.tax), (bases, taxes))
