from random import Random

from odoo.tests import BaseCase

from ..algorithms.receivables import (
    collection_effectiveness,
    count_back,
    days_sales_outstanding,
)


class TestReceivables(BaseCase):
    def test_days_sales_outstanding(self):
        for receivable, sales, days, expected in (
            (300, 900, 90, 30),
            (0, 900, 90, 0),
            (-50, 900, 90, 0),
            (300, 0, 90, None),
            (300, -10, 90, None),
        ):
            with self.subTest(receivable=receivable, sales=sales):
                self.assertEqual(days_sales_outstanding(receivable, sales, days), expected)
        with self.assertRaises(ValueError):
            days_sales_outstanding(1, 1, 0)

    def test_count_back(self):
        months = [(100, 30), (200, 31), (400, 28)]
        for receivable, expected in (
            (0, 0),
            (-5, 0),
            (50, 15),
            (100, 30),
            (200, 30 + 15.5),
            (500, 30 + 31 + 14),
            (701, None),
        ):
            with self.subTest(receivable=receivable):
                self.assertEqual(count_back(receivable, months), expected)

    def test_months_without_sales_count_their_days(self):
        self.assertEqual(count_back(50, [(0, 30), (-20, 31), (100, 28)]), 30 + 31 + 14)

    def test_a_month_with_more_sales_makes_debts_younger_not_older(self):
        random = Random(3)
        for __ in range(200):
            months = [(random.uniform(1, 500), 30) for __ in range(12)]
            receivable = random.uniform(0, 12)
            found = count_back(receivable, months)
            more = count_back(receivable, [(sales + 10, days) for sales, days in months])
            self.assertLessEqual(more, found)
            self.assertTrue(0 <= found <= 360)

    def test_collection_effectiveness(self):
        for opening, sales, closing, current, expected in (
            (100, 100, 50, 50, 100),
            (100, 100, 200, 0, 0),
            (100, 100, 125, 50, 50),
            (0, 100, 20, 100, None),
            (0, 0, 0, 0, None),
        ):
            with self.subTest(opening=opening, closing=closing):
                self.assertEqual(
                    collection_effectiveness(opening, sales, closing, current), expected
                )
