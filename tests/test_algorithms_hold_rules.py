from datetime import date
from random import Random

from odoo.tests import BaseCase

from odoo.addons.order_to_cash.algorithms.hold_rules import (
    Opening,
    Price,
    PricedLine,
    Tier,
    breaks_policy,
    compound,
    discounts_above,
    first_orders,
    higher_tiers,
    is_laxer,
    margin_shortfall,
    price_gaps,
    shared_discount,
    term_excess,
)


def line(price=100.0, discount=0.0, amount=None, key=1, **values):
    amount = price * (100 - discount) / 100 if amount is None else amount
    return PricedLine(key=key, price=price, discount=discount, amount=amount, **values)


class TestHoldRuleAlgorithms(BaseCase):
    def test_margin(self):
        for margin, untaxed, threshold, expected in [
            (8.0, 100.0, 10.0, 8.0),
            (10.0, 100.0, 10.0, None),
            (9.999, 100.0, 10.0, None),
            (9.99, 100.0, 10.0, 9.99),
            (-5.0, 100.0, 0.0, -5.0),
            (0.0, 100.0, 0.0, None),
            (0.0, 0.0, 10.0, None),
            (-5.0, 0.0, 0.0, -100.0),
            (-5.0, -100.0, 10.0, None),
            (0.1 + 0.2 - 0.3, 0.0, 10.0, None),
        ]:
            with self.subTest(margin=margin, untaxed=untaxed, threshold=threshold):
                self.assertEqual(margin_shortfall(margin, untaxed, threshold, 2), expected)

    def test_the_discount_on_the_order_is_shared_by_its_lines(self):
        lines = [line(amount=300.0), line(amount=100.0)]
        self.assertEqual(shared_discount(lines, 40.0), 10.0)
        self.assertEqual(shared_discount(lines, 0.0), 0.0)
        self.assertEqual(shared_discount(lines, 900.0), 100.0)
        self.assertEqual(shared_discount([], 40.0), 0.0)
        self.assertAlmostEqual(compound(10.0, 10.0), 19.0)

    def test_a_compound_discount_never_leaves_its_bounds(self):
        random = Random(7)
        for __ in range(500):
            own, shared = random.uniform(0, 100), random.uniform(0, 100)
            total = compound(own, shared)
            self.assertGreaterEqual(total + 1e-9, max(own, shared))
            self.assertLessEqual(total, 100.0 + 1e-9)

    def test_prices_below_the_pricelist(self):
        for priced, reductions, tolerance, expected in [
            (line(100.0, issued=100.0), 0.0, 0.0, []),
            (line(100.0, issued=None), 0.0, 0.0, []),
            (line(100.0, issued=0.0), 0.0, 0.0, []),
            (line(90.0, issued=100.0), 0.0, 10.0, []),
            (line(89.99, issued=100.0), 0.0, 10.0, [(10.01, False)]),
            (line(100.0, 20.0, issued=100.0), 0.0, 10.0, [(20.0, False)]),
            (line(100.0, issued=100.0), 15.0, 10.0, [(15.0, False)]),
            (line(99.999, issued=100.0), 0.0, 0.0, []),
            (line(120.0, issued=100.0), 0.0, 0.0, []),
            (line(95.0, issued=100.0, floor=96.0), 0.0, 10.0, [(1.04, True)]),
            (line(80.0, issued=100.0, floor=70.0), 0.0, 10.0, [(20.0, False)]),
            (line(60.0, issued=100.0, floor=70.0), 0.0, 10.0, [(14.29, True)]),
        ]:
            with self.subTest(priced=priced, reductions=reductions):
                gaps = price_gaps([priced], reductions, tolerance, 2)
                self.assertEqual([(gap.percent, gap.is_floor) for gap in gaps], expected)

    def test_the_worst_price_comes_first(self):
        gaps = price_gaps(
            [
                line(90.0, key=1, issued=100.0),
                line(50.0, key=2, issued=100.0),
                line(99.0, key=3, issued=100.0, floor=99.5),
            ],
            0.0,
            0.0,
            2,
        )
        self.assertEqual([gap.key for gap in gaps], [3, 2, 1])

    def test_discounts(self):
        lines = [line(discount=10.0, key=1), line(discount=30.0, key=2), line(key=3)]
        self.assertEqual(discounts_above(lines, 0.0, 20.0), [(2, 30.0, 30.0)])
        self.assertEqual(discounts_above(lines, 0.0, 30.0), [])
        taken_off = 0.1 * sum(each.amount for each in lines)
        self.assertEqual(
            discounts_above(lines, taken_off, 15.0), [(2, 30.0, 37.0), (1, 10.0, 19.0)]
        )

    def test_payment_terms(self):
        for due, allowed, tolerated, expected in [
            (date(2025, 3, 31), date(2025, 3, 1), 0, 30),
            (date(2025, 3, 31), date(2025, 3, 1), 30, 0),
            (date(2025, 3, 31), date(2025, 3, 1), 29, 30),
            (date(2025, 3, 1), date(2025, 3, 31), 0, 0),
            (date(2025, 3, 1), date(2025, 3, 1), 0, 0),
        ]:
            with self.subTest(due=due, allowed=allowed, tolerated=tolerated):
                self.assertEqual(term_excess(due, allowed, tolerated), expected)

    def test_first_orders(self):
        one, two, other = Opening(1, 7), Opening(2, 7), Opening(3, 8)
        for known, refused, holds, expected in [
            ({}, set(), False, {1, 3}),
            ({}, set(), True, {1, 2, 3}),
            ({}, {1}, False, {1, 2, 3}),
            ({7: 99}, set(), False, {3}),
            ({7: 99, 8: 98}, set(), True, set()),
        ]:
            with self.subTest(known=known, refused=refused, holds=holds):
                found = first_orders([one, two, other], known, refused=refused, holds=holds)
                self.assertEqual(found, expected)

    def test_a_confirmed_first_order_stays_the_first(self):
        confirmed = Opening(1, 7, is_confirmed=True)
        self.assertEqual(first_orders([confirmed], {7: 1}, holds=False), {1})
        self.assertEqual(first_orders([confirmed], {7: 5}, holds=False), set())

    def test_higher_tiers(self):
        low = Tier(1, 1000.0, ((), (4,)))
        others = [
            low,
            Tier(2, 5000.0, ((), (4, 5))),
            Tier(3, 5000.0, ((), (6,))),
            Tier(4, 500.0, ((), ())),
            Tier(5, 9000.0, ((1,), ())),
        ]
        self.assertEqual(higher_tiers(low, others), [2, 5])

    def test_price_policies(self):
        issued = Price(100.0, 10.0)
        for price, is_return, bounded, fixed in [
            (issued, False, False, False),
            (Price(100.0, 9.999), False, False, False),
            (Price(90.0, 0.0), False, False, True),
            (Price(89.99, 0.0), False, True, True),
            (Price(120.0, 10.0), False, False, True),
            (Price(120.0, 50.0), False, True, True),
            (Price(120.0, 10.0), True, True, True),
            (Price(80.0, 10.0), True, False, True),
        ]:
            with self.subTest(price=price, is_return=is_return):
                for policy, expected in (("free", False), ("bounded", bounded), ("fixed", fixed)):
                    found = breaks_policy(policy, price, issued, is_return=is_return, digits=2)
                    self.assertEqual(found, expected, policy)

    def test_strictness_of_policies(self):
        self.assertTrue(is_laxer("free", "bounded"))
        self.assertTrue(is_laxer("bounded", "fixed"))
        self.assertFalse(is_laxer("fixed", "fixed"))
        self.assertFalse(is_laxer("fixed", "free"))
