import random
from collections import defaultdict

from odoo.tests import BaseCase

from odoo.addons.order_to_cash.algorithms.allocation import (
    STRATEGIES,
    Cell,
    Demand,
    Protection,
    equal_parts,
    plan,
    service_order,
)

SHELF, BACK = "shelf", "back"


def demand(key, strategy="redistribute", rank=1, need=10.0, held=0.0, **values):
    """A demand for the product ``crate``, that may take from the shelf and the back room."""
    values.setdefault("product", "crate")
    values.setdefault("cells", (SHELF, BACK))
    if not isinstance(held, tuple):
        held = ((SHELF, held),) if held else ()
    return Demand(key=key, strategy=strategy, rank=rank, need=need, held=held, **values)


def planned(stock, *demands, protections=(), **options):
    """{key: planned quantity} with ``stock`` crates on the shelf."""
    cells = [Cell(SHELF, "crate", stock)] if not isinstance(stock, list) else stock
    outcomes = plan(cells, demands, protections, **options)
    return {key: outcome.planned for key, outcome in outcomes.items()}


class TestStrategies(BaseCase):
    def test_a_lower_rank_is_served_first(self):
        result = planned(12, demand("b", rank=2), demand("a", rank=1), demand("c", rank=3))
        self.assertEqual(result, {"a": 10, "b": 2, "c": 0})

    def test_ties_are_served_by_their_key(self):
        result = planned(12, demand("b", tie=("2025-02-01",)), demand("a", tie=("2025-01-01",)))
        self.assertEqual(result, {"a": 10, "b": 2})

    def test_those_of_a_later_turn_are_served_later(self):
        self.assertEqual(planned(12, demand("b", turn=1), demand("a", rank=2)), {"a": 10, "b": 2})

    def test_what_each_strategy_may_gain_and_lose(self):
        for strategy, stock, held, with_nothing_else in [
            # strategy, on the shelf with what it holds, held, what it has if nobody else asks
            ("win", 6, 0, 6),
            ("win", 20, 3, 10),
            ("gain", 20, 3, 10),
            ("redistribute", 20, 3, 10),
            ("fill", 20, 3, 3),
            ("fill", 20, 0, 0),
            ("lose", 20, 3, 0),
        ]:
            with self.subTest(strategy=strategy, stock=stock, held=held):
                result = planned(stock, demand("a", strategy, held=held))
                self.assertEqual(result, {"a": with_nothing_else})

    def test_win_takes_from_all_but_those_that_gain(self):
        for strategy, left in [("gain", 4), ("redistribute", 0), ("fill", 0), ("lose", 0)]:
            with self.subTest(strategy=strategy):
                result = planned(4, demand("w", "win"), demand("x", strategy, held=4.0))
                self.assertEqual(result, {"w": 4 - left, "x": left})

    def test_a_win_may_lose_to_a_better_win(self):
        result = planned(6, demand("b", "win", rank=2, held=6.0), demand("a", "win", rank=1))
        self.assertEqual(result, {"a": 6, "b": 0})

    def test_the_order_of_the_strategies(self):
        """Whatever the rank: win, what gain holds, more for gain, redistribute, fill, never lose."""
        demands = [
            demand("lose", "lose", rank=1, need=2.0, held=2.0),
            demand("fill", "fill", rank=2, need=2.0, held=2.0),
            demand("redistribute", rank=3, need=2.0, held=2.0),
            demand("gain", "gain", rank=4, need=2.0, held=1.0),
            demand("win", "win", rank=5, need=2.0),
        ]
        for stock, expected in [
            (7, (2, 2, 2, 1, 0)),
            (8, (2, 2, 2, 2, 0)),
            (9, (2, 2, 2, 2, 0)),
        ]:
            with self.subTest(stock=stock):
                self.assertEqual(tuple(planned(stock, *demands)[s] for s in STRATEGIES), expected)

    def test_what_is_frozen_is_nobodys(self):
        result = planned(
            0,
            demand("w", "win"),
            demand("l", "lose", frozen=4.0),
            demand("r", need=5.0, frozen=5.0),
        )
        self.assertEqual(result, {"w": 0, "l": 4, "r": 5})

    def test_frozen_goods_count_for_the_need(self):
        self.assertEqual(planned(20, demand("w", "win", frozen=4.0)), {"w": 10})

    def test_less_is_needed_than_held(self):
        for strategy, left in [("gain", 8), ("redistribute", 5), ("fill", 5), ("win", 5)]:
            with self.subTest(strategy=strategy):
                result = planned(8, demand("a", strategy, need=5.0, held=8.0))
                self.assertEqual(result, {"a": left})

    def test_an_unknown_strategy_or_a_negative_quantity_is_refused(self):
        with self.assertRaisesRegex(ValueError, "sometimes"):
            demand("a", "sometimes")
        with self.assertRaisesRegex(ValueError, "negative"):
            demand("a", need=-1.0)


class TestCells(BaseCase):
    CELLS = [Cell(SHELF, "crate", 5.0), Cell(BACK, "crate", 7.0)]

    def test_goods_are_taken_in_the_order_of_the_cells(self):
        outcomes = plan(self.CELLS, [demand("a", need=6.0), demand("b", rank=2)])
        self.assertEqual(outcomes["a"].cells, ((SHELF, 5.0), (BACK, 1.0)))
        self.assertEqual(outcomes["b"].cells, ((BACK, 6.0),))

    def test_a_move_takes_from_its_own_location_only(self):
        outcomes = plan(self.CELLS, [demand("a", cells=(BACK,)), demand("b", rank=2)])
        self.assertEqual(outcomes["a"].cells, ((BACK, 7.0),))
        self.assertEqual(outcomes["b"].cells, ((SHELF, 5.0),))

    def test_gain_stays_where_it_is(self):
        outcomes = plan(
            self.CELLS, [demand("w", "win"), demand("g", "gain", held=((BACK, 2.0),), need=8.0)]
        )
        self.assertEqual(outcomes["w"].cells, ((SHELF, 5.0), (BACK, 5.0)))
        self.assertEqual(outcomes["g"].cells, ((BACK, 2.0),))

    def test_products_do_not_mix(self):
        cells = [Cell("1", "crate", 5.0), Cell("2", "box", 5.0)]
        outcomes = plan(cells, [demand("a", cells=("1",)), demand("b", product="box", cells=("2",))])
        self.assertEqual([outcomes[key].planned for key in "ab"], [5, 5])

    def test_quantities_are_counted_in_the_rounding_of_the_product(self):
        demands = [demand(str(number), need=0.1, rank=number) for number in range(1, 5)]
        result = planned(0.3, *demands, roundings={"crate": 0.1})
        self.assertEqual(list(result.values()), [0.1, 0.1, 0.1, 0.0])

    def test_a_unit_that_cannot_express_everything_takes_less(self):
        dozens = demand("d", need=24.0, fit=lambda quantity: quantity // 12 * 12)
        self.assertEqual(planned(20, dozens, demand("b", rank=2)), {"d": 12, "b": 8})


class TestProtections(BaseCase):
    def protect(self, quantity, *members, **values):
        return Protection("quota", "crate", quantity, frozenset(members), **values)

    def test_what_is_protected_is_left_for_its_customers(self):
        quota = self.protect(6, "key")
        for need, expected in [(6.0, {"any": 4, "key": 6}), (2.0, {"any": 4, "key": 2})]:
            with self.subTest(need=need):
                key = demand("key", rank=2, need=need)
                self.assertEqual(planned(10, demand("any"), key, protections=[quota]), expected)

    def test_nobody_asks_for_it_and_it_is_kept(self):
        outcome = plan([Cell(SHELF, "crate", 10)], [demand("any")], [self.protect(6)])["any"]
        self.assertEqual((outcome.planned, outcome.missing), (4, 6))
        self.assertEqual(outcome.protected_by, (("quota", 6),))

    def test_what_its_customers_take_is_no_longer_protected(self):
        key = demand("key", rank=1, need=4.0)
        result = planned(10, demand("any", rank=2), key, protections=[self.protect(6, "key")])
        self.assertEqual(result, {"key": 4, "any": 4})

    def test_what_gain_holds_uses_up_the_protection(self):
        key = demand("key", "gain", rank=2, need=6.0, held=6.0)
        result = planned(10, demand("any"), key, protections=[self.protect(6, "key")])
        self.assertEqual(result, {"key": 6, "any": 4})

    def test_only_lower_ranks_are_kept_off(self):
        quota = self.protect(6, "key", from_rank=2)
        for rank, expected in [(1, 10), (2, 4), (3, 4)]:
            with self.subTest(rank=rank):
                result = planned(10, demand("any", rank=rank), protections=[quota])
                self.assertEqual(result, {"any": expected})

    def test_what_is_kept_from_a_win_is_kept_from_those_that_gain(self):
        quota = self.protect(6, "key", from_rank=2)
        for others, expected in [
            ([demand("win", "win", rank=2)], {"win": 4, "gain": 0}),
            ([demand("win", "win", rank=1, need=2.0)], {"win": 2, "gain": 8}),
            ([], {"gain": 10}),
        ]:
            with self.subTest(others=others):
                gain = demand("gain", "gain", rank=1)
                self.assertEqual(planned(10, *others, gain, protections=[quota]), expected)

    def test_several_protections_add_up(self):
        quotas = [self.protect(3), self.protect(4, cells=frozenset({SHELF}))]
        cells = [Cell(SHELF, "crate", 5.0), Cell(BACK, "crate", 5.0)]
        outcome = plan(cells, [demand("any")], quotas)["any"]
        self.assertEqual(outcome.cells, ((SHELF, 1.0), (BACK, 2.0)))

    def test_protection_elsewhere_does_not_matter(self):
        quota = self.protect(6, cells=frozenset({BACK}))
        self.assertEqual(planned(10, demand("any"), protections=[quota]), {"any": 10})

    def test_products_share_a_quantity(self):
        cells = [Cell(SHELF, "crate", 10), Cell(BACK, "box", 10)]
        demands = [demand("crates", cells=(SHELF,)), demand("boxes", product="box", cells=(BACK,))]
        for members, elsewhere, expected in [
            ((), 0, {"crates": 10, "boxes": 2}),
            ((), 5, {"crates": 10, "boxes": 7}),
            ((), 50, {"crates": 10, "boxes": 10}),
            (("crates",), 0, {"crates": 10, "boxes": 8}),
        ]:
            with self.subTest(members=members, elsewhere=elsewhere):
                quota = self.protect(
                    8 if not members else 12,
                    *members,
                    shared_with=frozenset({"box"}),
                    elsewhere=elsewhere,
                )
                self.assertEqual(planned(cells, *demands, protections=[quota]), expected)

    def test_a_quantity_shared_adds_up_with_that_of_one_product(self):
        cells = [Cell(SHELF, "crate", 10), Cell(BACK, "box", 10)]
        demands = [demand("crates", cells=(SHELF,)), demand("boxes", product="box", cells=(BACK,))]
        protections = [
            self.protect(12, shared_with=frozenset({"box"})),
            Protection("boxes only", "box", 5, frozenset()),
        ]
        self.assertEqual(
            planned(cells, *demands, protections=protections), {"crates": 3, "boxes": 0}
        )

    def test_a_cap_on_several_products(self):
        cells = [Cell(SHELF, "crate", 10), Cell(BACK, "box", 10)]
        demands = [demand("crates", cells=(SHELF,)), demand("boxes", product="box", cells=(BACK,))]
        cap = self.protect(12, "crates", "boxes", is_cap=True, shared_with=frozenset({"box"}))
        self.assertEqual(planned(cells, *demands, protections=[cap]), {"crates": 10, "boxes": 2})

    def test_products_that_share_need_one_rounding(self):
        quota = self.protect(8, shared_with=frozenset({"box"}))
        with self.assertRaises(ValueError):
            plan([], [], [quota], roundings={"crate": 0.01, "box": 1.0})

    def test_the_exempt_are_neither_bound_nor_served(self):
        quota = self.protect(6, exempt=frozenset({"own"}))
        demands = demand("own", need=3.0), demand("any", rank=2)
        self.assertEqual(planned(10, *demands, protections=[quota]), {"own": 3, "any": 1})

    def test_one_that_takes_nothing_sets_apart_what_nobody_holds(self):
        for held, expected in ((0, 4), (6, 6), (10, 10)):
            with self.subTest(held=held):
                quota = self.protect(6, takes_nothing=True)
                result = planned(10, demand("any", held=float(held)), protections=[quota])
                self.assertEqual(result, {"any": expected})

    def test_those_that_take_nothing_share_what_nobody_holds(self):
        quotas = [self.protect(3, takes_nothing=True), self.protect(4, takes_nothing=True)]
        demands = demand("any", held=5.0), demand("other", rank=2)
        self.assertEqual(planned(10, *demands, protections=quotas), {"any": 5, "other": 0})

    def test_somebody_loses_to_a_protection(self):
        cells = [Cell(SHELF, "crate", 10)]
        outcome = plan(cells, [demand("any", held=10.0)], [self.protect(6)])["any"]
        self.assertEqual((outcome.before, outcome.planned, outcome.given_up), (10, 4, 6))
        self.assertEqual(outcome.protected_by, (("quota", 6),))

    def test_a_cap_is_the_most_its_customers_take_together(self):
        cap = self.protect(7, "a", "b", is_cap=True)
        outcomes = plan(
            [Cell(SHELF, "crate", 30)],
            [demand("a", need=5.0), demand("b", rank=2, need=5.0), demand("c", rank=3)],
            [cap],
        )
        self.assertEqual([outcomes[key].planned for key in "abc"], [5, 2, 10])
        self.assertEqual(outcomes["b"].capped_by, ("quota",))
        self.assertFalse(outcomes["a"].capped_by or outcomes["c"].capped_by)

    def test_a_cap_takes_nothing_from_those_that_gain(self):
        cap = self.protect(3, "a", is_cap=True)
        self.assertEqual(planned(30, demand("a", "gain", held=5.0), protections=[cap]), {"a": 5})


class TestShipComplete(BaseCase):
    def test_a_line_is_served_in_full_or_not_at_all(self):
        outcomes = plan(
            [Cell(SHELF, "crate", 15)],
            [demand("a", group=1), demand("b", rank=2, group=2), demand("c", rank=3, need=5.0)],
        )
        self.assertEqual([outcomes[key].planned for key in "abc"], [10, 0, 5])
        self.assertTrue(outcomes["b"].is_withheld)

    def test_an_order_is_served_in_full_or_not_at_all(self):
        cells = [Cell(SHELF, "crate", 10), Cell("boxes", "box", 3)]
        boxes = {"product": "box", "cells": ("boxes",)}
        outcomes = plan(
            cells,
            [
                demand("a1", group="A"),
                demand("a2", group="A", need=4.0, **boxes),
                demand("b1", rank=2, group="B"),
                demand("b2", rank=2, group="B", need=3.0, **boxes),
            ],
        )
        self.assertEqual([outcomes[key].planned for key in ("a1", "a2", "b1", "b2")], [0, 0, 10, 3])

    def test_what_lacks_something_beside_the_demands_is_withheld(self):
        outcomes = plan(
            [Cell(SHELF, "crate", 20)],
            [demand("a", group="A", held=4.0), demand("b", rank=2, group="B")],
            incomplete={"A"},
        )
        self.assertEqual([outcomes[key].planned for key in "ab"], [0, 10])
        self.assertTrue(outcomes["a"].is_withheld)

    def test_two_lines_for_the_same_product_are_not_served_twice(self):
        result = planned(15, demand("a", group="A"), demand("b", group="A"), demand("c", rank=2))
        self.assertEqual(result, {"a": 0, "b": 0, "c": 10})

    def test_gain_keeps_what_it_holds_of_an_incomplete_order(self):
        self.assertEqual(planned(5, demand("a", "gain", held=4.0, group="A")), {"a": 4})


class TestFairShare(BaseCase):
    def test_equal_parts(self):
        for needs, total, expected in [
            ([10, 10, 10], 30, [10, 10, 10]),
            ([10, 10, 10], 12, [4, 4, 4]),
            ([10, 2, 10], 12, [5, 2, 5]),
            ([10, 10, 10], 11, [4, 4, 3]),
            ([3, 1, 10, 10], 10, [3, 1, 3, 3]),
            ([3, 1, 10, 10], 11, [3, 1, 4, 3]),
            ([0, 5], 3, [0, 3]),
            ([], 3, []),
            ([1, 1], 9, [1, 1]),
        ]:
            with self.subTest(needs=needs, total=total):
                self.assertEqual(equal_parts(needs, total), expected)

    def test_demands_of_one_rank_share(self):
        demands = [demand("a"), demand("b", need=2.0), demand("c"), demand("d", rank=2)]
        self.assertEqual(
            planned(13, *demands, fair_share=True), {"a": 6, "b": 2, "c": 5, "d": 0}
        )

    def test_crates_are_not_cut(self):
        result = planned(10, demand("a"), demand("b"), demand("c"), fair_share=True)
        self.assertEqual(result, {"a": 4, "b": 3, "c": 3})
        result = planned(
            10, demand("a"), demand("b"), demand("c"), fair_share=True, share_steps={"crate": 0.1}
        )
        self.assertEqual(result, {"a": 3.4, "b": 3.3, "c": 3.3})

    def test_protected_goods_are_not_shared(self):
        quota = Protection("quota", "crate", 4.0, frozenset())
        result = planned(10, demand("a"), demand("b"), protections=[quota], fair_share=True)
        self.assertEqual(result, {"a": 3, "b": 3})


class TestReasons(BaseCase):
    def test_who_lost_how_much_to_whom(self):
        outcomes = plan(
            [Cell(SHELF, "crate", 12)],
            [
                demand("w", "win", need=8.0),
                demand("a", rank=1, need=4.0, held=2.0),
                demand("b", rank=2, held=5.0),
                demand("c", rank=3, held=3.0),
            ],
        )
        self.assertEqual(outcomes["w"].gained_from, (("c", 3.0), ("b", 5.0)))
        self.assertEqual(outcomes["b"].lost_to, (("w", 5.0),))
        self.assertEqual(outcomes["a"].from_free, 2.0)
        self.assertEqual((outcomes["b"].before, outcomes["b"].planned), (5.0, 0.0))

    def test_what_nobody_wants_is_given_up(self):
        outcome = plan([Cell(SHELF, "crate", 3)], [demand("l", "lose", held=3.0)])["l"]
        self.assertEqual((outcome.given_up, outcome.lost_to), (3.0, ()))

    def test_a_win_that_is_not_served_in_full_says_how_much_it_lacks(self):
        outcome = plan([Cell(SHELF, "crate", 3)], [demand("w", "win")])["w"]
        self.assertEqual(outcome.missing, 7.0)

    def test_nobody_loses_to_somebody_in_another_warehouse(self):
        cells = [Cell(SHELF, "crate", 4), Cell(BACK, "crate", 4)]
        outcomes = plan(
            cells,
            [demand("w", "win", cells=(SHELF,)), demand("l", "lose", held=((BACK, 4.0),), cells=(BACK,))],
        )
        self.assertFalse(outcomes["w"].gained_from or outcomes["l"].lost_to)


class RandomCase:
    """A few products with demands of every kind; the stock holds what the demands hold."""

    def __init__(self, seed, guards=True, groups=True, fair_share=False, from_ranks=(None, 2)):
        self.from_ranks = from_ranks
        self.random = random.Random(seed)
        self.fair_share = fair_share
        self.cells, self.demands, self.protections = [], [], []
        for product in range(self.random.randint(1, 3)):
            self._add_product(product, guards, groups)
        if guards and self.random.random() < 0.5:
            self._add_shared_protection()
        self.random.shuffle(self.demands)

    def _add_shared_protection(self):
        pick = self.random
        keys = [demand.key for demand in self.demands]
        products = {cell.product for cell in self.cells}
        members = pick.sample(keys, pick.randint(0, len(keys)))
        self.protections.append(
            Protection(
                key="shared",
                product=min(products),
                shared_with=frozenset(products),
                quantity=float(pick.randint(0, 15)),
                elsewhere=float(pick.choice((0, 0, 4))),
                members=frozenset(members),
                exempt=frozenset(pick.sample(keys, len(keys) // 3)) - frozenset(members),
                is_cap=pick.random() < 0.4,
                from_rank=pick.choice(self.from_ranks),
                takes_nothing=pick.random() < 0.3,
            )
        )

    def _add_product(self, product, guards, groups):
        pick = self.random
        names = [(product, number) for number in range(pick.randint(1, 3))]
        in_cell = {name: pick.randint(0, 12) for name in names}
        keys = []
        for number in range(pick.randint(1, 6)):
            key = (product, "move", number)
            cells = tuple(pick.sample(names, pick.randint(1, len(names))))
            held = tuple((cell, float(pick.randint(1, 5))) for cell in cells if pick.random() < 0.4)
            for cell, quantity in held:
                in_cell[cell] += quantity
            frozen = float(pick.choice((0, 0, 0, 2)))
            self.demands.append(
                Demand(
                    key=key,
                    product=product,
                    strategy=pick.choice(STRATEGIES),
                    rank=pick.randint(1, 3),
                    tie=(pick.randint(0, 3), number),
                    need=frozen + sum(q for _cell, q in held) + pick.choice((0, 0, 3, 8)),
                    cells=cells,
                    held=held,
                    frozen=frozen,
                    group=pick.randint(0, 3) if groups and pick.random() < 0.3 else None,
                )
            )
            keys.append(key)
        self.cells += [Cell(name, product, float(quantity)) for name, quantity in in_cell.items()]
        for number in range(pick.randint(0, 2) if guards else 0):
            self.protections.append(
                Protection(
                    key=(product, "quota", number),
                    product=product,
                    quantity=float(pick.randint(0, 8)),
                    members=frozenset(pick.sample(keys, pick.randint(0, len(keys)))),
                    is_cap=pick.random() < 0.4,
                    from_rank=pick.choice(self.from_ranks),
                    cells=pick.choice((None, None, frozenset({names[0]}))),
                )
            )

    def plan(self, demands=None):
        return plan(
            self.cells, demands or self.demands, self.protections, fair_share=self.fair_share
        )


class TestProperties(BaseCase):
    """What holds for every plan, whatever the stock, the demands and the protections."""

    def test_the_rules_hold_for_any_demands(self):
        for seed in range(500):
            case = RandomCase(seed, fair_share=seed % 3 == 0)
            with self.subTest(seed=seed):
                outcomes = case.plan()
                self._check_cells(case, outcomes)
                self._check_strategies(case, outcomes)
                self._check_sums(case, outcomes)
                self._check_caps(case, outcomes)
                self._check_groups(case, outcomes)

    def _check_cells(self, case, outcomes):
        used = defaultdict(float)
        for served in case.demands:
            for cell, quantity in outcomes[served.key].cells:
                self.assertIn(cell, served.cells)
                used[cell] += quantity
        for cell in case.cells:
            self.assertLessEqual(used[cell.key], cell.quantity)

    def _check_strategies(self, case, outcomes):
        for served in case.demands:
            outcome = outcomes[served.key]
            held = sum(quantity for _cell, quantity in served.held)
            taken = sum(quantity for _cell, quantity in outcome.cells)
            self.assertEqual(outcome.before, held + served.frozen)
            self.assertEqual(outcome.planned, taken + served.frozen)
            self.assertLessEqual(outcome.planned, max(served.need, outcome.before))
            if served.strategy == "gain":
                for cell, quantity in served.held:
                    self.assertGreaterEqual(dict(outcome.cells).get(cell, 0), quantity)
            if served.strategy == "fill":
                self.assertLessEqual(outcome.planned, outcome.before)
            if served.strategy == "lose":
                self.assertEqual(taken, 0)

    def _check_sums(self, case, outcomes):
        gained, lost = defaultdict(float), defaultdict(float)
        for outcome in outcomes.values():
            change = outcome.planned - outcome.before
            from_others = sum(quantity for _key, quantity in outcome.gained_from)
            to_others = sum(quantity for _key, quantity in outcome.lost_to)
            self.assertEqual(from_others + outcome.from_free, max(0, change))
            self.assertEqual(to_others + outcome.given_up, max(0, -change))
            for key, quantity in outcome.gained_from:
                gained[outcome.key, key] += quantity
            for key, quantity in outcome.lost_to:
                lost[key, outcome.key] += quantity
        self.assertEqual(gained, lost, "Each gain is somebody's loss")

    def _check_caps(self, case, outcomes):
        demands = {served.key: served for served in case.demands}
        for cap in case.protections:
            if not cap.is_cap:
                continue
            taken = kept = 0
            for key in cap.members:
                here = [
                    (cell, quantity)
                    for cell, quantity in outcomes[key].cells
                    if cap.cells is None or cell in cap.cells
                ]
                taken += sum(quantity for _cell, quantity in here)
                if demands[key].strategy == "gain":
                    kept += sum(
                        quantity
                        for cell, quantity in demands[key].held
                        if cap.cells is None or cell in cap.cells
                    )
            self.assertLessEqual(taken, max(cap.quantity, kept))

    def _check_groups(self, case, outcomes):
        groups = defaultdict(list)
        for served in case.demands:
            if served.group is not None:
                groups[served.group].append(served)
        for members in groups.values():
            if any(outcomes[served.key].missing for served in members):
                for served in members:
                    kept = served.frozen
                    if served.strategy == "gain":
                        kept += sum(quantity for _cell, quantity in served.held)
                    self.assertEqual(outcomes[served.key].planned, kept)

    def test_planning_again_changes_nothing(self):
        # A protection from some ranks only is eaten up by others that keep what they gained.
        for seed in range(500):
            case = RandomCase(seed, fair_share=seed % 3 == 0)
            with self.subTest(seed=seed):
                self._check_repeated(case)

    def _check_repeated(self, case):
        first = case.plan()
        demands = [
            Demand(
                key=served.key,
                product=served.product,
                strategy=served.strategy,
                rank=served.rank,
                tie=served.tie,
                need=served.need,
                cells=served.cells,
                held=first[served.key].cells,
                frozen=served.frozen,
                group=served.group,
            )
            for served in case.demands
        ]
        for key, outcome in case.plan(demands).items():
            self.assertEqual(dict(outcome.cells), dict(first[key].cells))

    def test_nobody_is_served_before_somebody_better_of_the_same_strategy(self):
        for seed in range(500):
            case = RandomCase(seed, guards=False, groups=False)
            outcomes = case.plan()
            order = service_order(case.demands)
            for number, better in enumerate(order):
                if better.strategy in ("fill", "lose") or not outcomes[better.key].missing:
                    continue
                for worse in order[number + 1 :]:
                    if worse.strategy != better.strategy:
                        continue
                    kept = dict(worse.held) if worse.strategy == "gain" else {}
                    for cell, quantity in outcomes[worse.key].cells:
                        with self.subTest(seed=seed, better=better, worse=worse):
                            self.assertFalse(
                                cell in better.cells and quantity > kept.get(cell, 0)
                            )

    def test_nothing_is_left_that_somebody_could_take(self):
        for seed in range(300):
            case = RandomCase(seed, guards=False, groups=False)
            outcomes = case.plan()
            free = {cell.key: cell.quantity for cell in case.cells}
            for outcome in outcomes.values():
                for cell, quantity in outcome.cells:
                    free[cell] -= quantity
            for served in case.demands:
                if served.strategy in ("win", "gain", "redistribute") and outcomes[served.key].missing:
                    with self.subTest(seed=seed, served=served):
                        self.assertFalse([cell for cell in served.cells if free[cell]])
