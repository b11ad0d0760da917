import random
from fractions import Fraction
from itertools import pairwise

from odoo.tests import BaseCase

from odoo.addons.order_to_cash.algorithms.commission.tiers import (
    Band,
    BandError,
    check_bands,
    find,
    marginal,
    retroactive,
)

# 2 % below 10,000, 3 % below 50,000, 5 % from there.
BANDS = (Band(0, 10000, 2), Band(10000, 50000, 3), Band(50000, 0, 5))


def random_bands(rng, *, ascending=False):
    edges = sorted(rng.sample(range(1, 1000), rng.randrange(6)))
    rates = [Fraction(rng.randrange(0, 2000), 100) for _band in range(len(edges) + 1)]
    if ascending:
        rates.sort()
    return [
        Band(low, high, rate)
        for low, high, rate in zip([0, *edges], [*edges, 0], rates, strict=True)
    ]


class TestCommissionTiers(BaseCase):
    """Commission by bands."""

    def test_amounts_at_the_edges(self):
        for base, by_parts, by_whole in (
            (0, 0, 0),
            (0.01, 0.0002, 0.0002),
            (9999.99, 199.9998, 199.9998),
            (10000, 200, 300),
            (10000.01, 200.0003, 300.0003),
            (49999.99, 1399.9997, 1499.9997),
            (50000, 1400, 2500),
            (60000, 1900, 3000),
        ):
            for sign in (1, -1):
                with self.subTest(base=sign * base):
                    self.assertAlmostEqual(marginal(BANDS, sign * base), sign * by_parts, 8)
                    self.assertAlmostEqual(retroactive(BANDS, sign * base), sign * by_whole, 8)

    def test_rates_may_be_amounts_a_unit(self):
        bands = (Band(0, 100, 0.5), Band(100, 0, 0.75))
        cases = ((99, 49.5, 49.5), (100, 50, 75), (200, 125, 150), (-100, -50, -75))
        for quantity, by_parts, by_whole in cases:
            with self.subTest(quantity=quantity):
                self.assertAlmostEqual(marginal(bands, quantity, per_unit=True), by_parts)
                self.assertAlmostEqual(retroactive(bands, quantity, per_unit=True), by_whole)

    def test_an_amount_at_an_edge_belongs_to_the_upper_band(self):
        self.assertEqual([find(BANDS, base).rate for base in (0, 9999.99, 10000, 50000)], [2, 2, 3, 5])

    def test_marginal_is_continuous_and_monotone(self):
        rng = random.Random(3)
        for _turn in range(200):
            bands = random_bands(rng)
            check_bands(bands)
            steepest = max(band.rate for band in bands)
            bases = sorted(Fraction(rng.randrange(-150000, 150000), 100) for _base in range(20))
            for lower, upper in pairwise(bases):
                difference = marginal(bands, upper) - marginal(bands, lower)
                self.assertGreaterEqual(difference, 0)
                self.assertLessEqual(difference, (upper - lower) * steepest / 100)

    def test_both_are_odd_and_agree_in_one_band(self):
        rng = random.Random(4)
        for _turn in range(300):
            bands = random_bands(rng)
            base = Fraction(rng.randrange(0, 150000), 100)
            for amount in (marginal, retroactive):
                self.assertEqual(amount(bands, -base), -amount(bands, base))
            if base < (bands[0].amount_to or base + 1):
                self.assertEqual(marginal(bands, base), retroactive(bands, base))

    def test_retroactive_is_no_less_than_marginal_where_rates_rise(self):
        rng = random.Random(5)
        for _turn in range(300):
            bands = random_bands(rng, ascending=True)
            base = Fraction(rng.randrange(0, 150000), 100)
            self.assertGreaterEqual(retroactive(bands, base), marginal(bands, base))

    def test_bands_that_do_not_fit(self):
        for kind, position, *bands in (
            ("none", 0),
            ("start", 0, Band(1, 0, 1)),
            ("end", 0, Band(0, 10, 1)),
            ("end", 1, Band(0, 10, 1), Band(10, 20, 1)),
            ("gap", 1, Band(0, 10, 1), Band(11, 0, 1)),
            ("overlap", 1, Band(0, 10, 1), Band(9, 0, 1)),
            ("overlap", 1, Band(0, 0, 1), Band(9, 0, 1)),
            ("overlap", 1, Band(0, 10, 1), Band(0, 0, 1)),
            ("descending", 1, Band(0, 10, 1), Band(10, 5, 1), Band(10, 0, 1)),
            ("unordered", 2, Band(0, 10, 1), Band(10, 20, 1), Band(5, 0, 1)),
        ):
            with self.subTest(kind, bands=bands):
                with self.assertRaises(ValueError) as caught:
                    check_bands(bands)
                self.assertIsInstance(caught.exception, BandError)
                self.assertEqual((caught.exception.kind, caught.exception.position), (kind, position))

    def test_incomplete_bands_must_only_not_overlap(self):
        check_bands([], complete=False)
        check_bands([Band(80, 100, 1), Band(110, 120, 1)], complete=False)
        for bands in ([Band(80, 0, 1), Band(100, 0, 1)], [Band(80, 101, 1), Band(100, 0, 1)]):
            with self.subTest(bands), self.assertRaises(ValueError):
                check_bands(bands, complete=False)
        self.assertIsNone(find([Band(80, 100, 1)], 79))
