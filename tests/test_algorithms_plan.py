import random
from datetime import date
from itertools import pairwise

from odoo.tests import BaseCase

from odoo.addons.order_to_cash.algorithms import plan_demand, plan_forecast, plan_matching, plan_periods
from odoo.addons.order_to_cash.algorithms.plan_adjustment import Adjuster
from odoo.addons.order_to_cash.algorithms.plan_matching import Node


class TestPlanPeriods(BaseCase):
    """How a range falls into periods."""

    def test_first_and_last_may_be_shorter(self):
        periods = plan_periods.cut(date(2025, 1, 15), date(2025, 8, 10), 3)
        self.assertEqual(
            [(str(period.date_from), str(period.date_to)) for period in periods],
            [("2025-01-15", "2025-03-31"), ("2025-04-01", "2025-06-30"), ("2025-07-01", "2025-08-10")],
        )
        self.assertEqual(plan_periods.index_of(periods, date(2025, 6, 30)), 1)
        for day in (date(2025, 1, 14), date(2025, 8, 11)):
            self.assertIsNone(plan_periods.index_of(periods, day))

    def test_periods_follow_each_other_without_gap(self):
        rng = random.Random(1)
        for _turn in range(200):
            first = date.fromordinal(rng.randrange(730000, 740000))
            last = date.fromordinal(first.toordinal() + rng.randrange(800))
            periods = plan_periods.cut(first, last, rng.choice([1, 3]))
            self.assertEqual((periods[0].date_from, periods[-1].date_to), (first, last))
            for one, other in pairwise(periods):
                self.assertEqual(one.date_to.toordinal() + 1, other.date_from.toordinal())

    def test_a_year_before(self):
        self.assertEqual(plan_periods.shift(date(2024, 2, 29), -12), date(2023, 2, 28))
        self.assertEqual(plan_periods.shift(date(2025, 2, 28), -12), date(2024, 2, 29))
        self.assertEqual(plan_periods.shift(date(2025, 1, 15), -1), date(2024, 12, 15))

    def test_nonsense_is_refused(self):
        with self.assertRaises(ValueError):
            plan_periods.cut(date(2025, 2, 1), date(2025, 1, 1), 1)
        with self.assertRaises(ValueError):
            plan_periods.cut(date(1925, 2, 1), date(2025, 1, 1), 1)


class TestPlanMatching(BaseCase):
    """Which node a sale belongs to."""

    def test_a_sale_goes_to_the_deepest_node_that_agrees(self):
        matcher = plan_matching.Matcher(("user", "partner"), [
            Node("top", None),
            Node("sally", "top", {"user": [1]}),
            Node("otto", "top", {"user": [2]}),
            Node("harbour", "sally", {"partner": [7]}),
            Node("rest", "sally", is_rest=True),
        ])
        for fact, node in {
            (1, 7): "harbour", (1, 8): "rest", (2, 7): "otto", (3, 7): "top", (None, None): "top",
        }.items():
            with self.subTest(fact):
                self.assertEqual(matcher.find(fact), node)

    def test_folders_take_what_is_below_them_only(self):
        matcher = plan_matching.Matcher(("partner",), [
            Node("top", None),
            Node("key", "top"),
            Node("a", "key", {"partner": [1]}),
            Node("others", "top", is_rest=True),
        ])
        self.assertEqual(matcher.find((1,)), "a")
        self.assertEqual(matcher.find((2,)), "others")

    def test_the_first_of_two_that_agree_has_it(self):
        nodes = [Node("region", None, {"region": [1, 2]}), Node("class", None, {"class": [5]})]
        self.assertEqual(plan_matching.Matcher(("region", "class"), nodes).find((2, 5)), "region")
        self.assertEqual(plan_matching.Matcher(("region", "class"), nodes[::-1]).find((2, 5)), "class")
        self.assertIsNone(plan_matching.Matcher(("region", "class"), nodes).find((3, 6)))

    def test_the_most_specific_of_those_that_agree_has_it(self):
        dimensions = ("team", "region", "category", "partner", "product")
        single = ("partner", "product")
        all_goods, boxes = {"category": [1, 2, 3]}, {"category": [2, 3]}
        for why, siblings, fact, expected in [
            ("a category below its sibling", [all_goods, boxes], (0, 0, 3, 0, 0), 1),
            ("in whatever order they stand", [boxes, all_goods], (0, 0, 3, 0, 0), 0),
            ("the upper one has what the lower one has not", [all_goods, boxes], (0, 0, 1, 0, 0), 0),
            ("a product before its category", [boxes, {"product": [9]}], (0, 0, 3, 0, 9), 1),
            ("a customer before his region", [{"region": [4]}, {"partner": [7]}], (0, 4, 0, 7, 0), 1),
            ("two dimensions before one", [boxes, {**all_goods, "team": [5]}], (5, 0, 3, 0, 0), 1),
            ("a customer before two groups", [{**boxes, "team": [5]}, {"partner": [7]}], (5, 0, 3, 7, 0), 1),
            ("else the first", [{"team": [5]}, boxes], (5, 0, 3, 0, 0), 0),
            ("twins: the first", [boxes, boxes], (0, 0, 3, 0, 0), 0),
        ]:
            with self.subTest(why):
                nodes = [Node(number, None, accepts) for number, accepts in enumerate(siblings)]
                nodes.append(Node("rest", None, is_rest=True))
                matcher = plan_matching.Matcher(dimensions, nodes[::-1][:1] + nodes[:-1], single)
                self.assertEqual(matcher.find(fact), expected)
                self.assertEqual(matcher.find((0, 0, 0, 0, 0)), "rest")

    def test_a_folder_is_as_specific_as_what_it_holds(self):
        matcher = plan_matching.Matcher(("region", "partner"), [
            Node("top", None),
            Node("west", "top", {"region": [4]}),
            Node("key", "top"),
            Node("harbour", "key", {"partner": [7]}),
            Node("other key", "key", is_rest=True),
            Node("others", "top", is_rest=True),
        ], ("partner",))
        for fact, node in {(4, 7): "harbour", (4, 8): "west", (5, 8): "other key"}.items():
            with self.subTest(fact):
                self.assertEqual(matcher.find(fact), node)

    def test_every_line_is_in_one_node_of_each_level_the_most_specific(self):
        rng = random.Random(11)
        # Category 0 is the top; below category n lie 2n + 1 and 2n + 2.
        below = {one: {one} for one in range(15)}
        for one in range(14, 0, -1):
            below[(one - 1) // 2] |= below[one]
        depth = {one: sum(one in family for family in below.values()) for one in below}
        for _turn in range(150):
            nodes, category = {"top": Node("top", None)}, {}
            for number in range(rng.randint(1, 14)):
                parent = rng.choice([key for key in nodes if not nodes[key].is_rest])
                category[number] = rng.randrange(15)
                nodes[number] = Node(number, parent, {"category": sorted(below[category[number]])})
            for parent in rng.sample(list(nodes), rng.randint(0, len(nodes))):
                nodes[parent, "rest"] = Node((parent, "rest"), parent, is_rest=True)
            matcher = plan_matching.Matcher(("category",), list(nodes.values()))
            for sold in range(15):
                path, key = [], matcher.find((sold,))
                while key is not None:
                    path.insert(0, key)
                    key = nodes[key].parent
                self.assertEqual(path[0], "top")
                for position, above in enumerate(path):
                    children = [node for node in nodes.values() if node.parent == above]
                    agreeing = [node.key for node in children if sold in node.accepts.get("category", ())]
                    rest = [node.key for node in children if node.is_rest]
                    best = sorted(agreeing, key=lambda key, of=category: -depth[of[key]])[:1] or rest
                    self.assertEqual(path[position + 1: position + 2], best)

    def test_what_is_above_is_the_sum_of_what_is_below(self):
        totals = plan_matching.add_up({("a", 1): 5, ("b", 1): -2, ("top", 2): 1}, {
            "top": None, "a": "top", "b": "a",
        })
        self.assertEqual(
            totals, {("a", 1): 3, ("top", 1): 3, ("b", 1): -2, ("top", 2): 1}
        )

    def test_rounded_figures_add_up_at_every_level(self):
        draw = random.Random(6)
        for _turn in range(200):
            count = draw.randint(1, 12)
            parents = {node: draw.choice([None, *range(node)]) if node else None for node in range(count)}
            own = {
                (node, period): draw.choice([draw.uniform(-9, 9), draw.randint(-999, 999) / 100, 0.005])
                for node in parents for period in (1, 2) if draw.random() < 0.8
            }
            exact = plan_matching.add_up(own, parents)
            rounded = plan_matching.add_up_rounded(own, parents, 0.01)
            self.assertEqual(rounded.keys(), exact.keys())
            for (node, period), units in rounded.items():
                self.assertLess(abs(units - 100 * exact[node, period]), 1.0001)
                below = [child for child, parent in parents.items() if parent == node]
                left = units - sum(rounded.get((child, period), 0) for child in below)
                self.assertLess(abs(left - 100 * own.get((node, period), 0)), 1.0001)
            for period in (1, 2):
                top = [cell for cell in exact if cell[1] == period and parents[cell[0]] is None]
                whole = sum(exact[cell] for cell in top)
                self.assertLess(abs(sum(rounded[cell] for cell in top) - 100 * whole), 0.5001)

    def test_figures_that_are_whole_already_stay(self):
        own = {("a", 1): 0.1 + 0.2, ("b", 1): 50.005, ("c", 1): 50.005, ("a", 2): 1.01}
        parents = {"top": None, "a": "top", "b": "top", "c": "top"}
        self.assertEqual(plan_matching.add_up_rounded(own, parents, 0.01), {
            ("top", 1): 10031, ("a", 1): 30, ("b", 1): 5001, ("c", 1): 5000,
            ("top", 2): 101, ("a", 2): 101,
        })


class TestPlanForecast(BaseCase):
    """Forecasts of a tree."""

    def test_forecasts_add_up_whatever_the_series(self):
        rng = random.Random(3)
        parents = {"top": None, "a": "top", "b": "top", "c": "a", "d": "a"}
        for _turn in range(15):
            c, d, b = ([rng.randrange(0, 90000) for _month in range(30)] for _series in range(3))
            a = [x + y for x, y in zip(c, d, strict=True)]
            top = [x + y for x, y in zip(a, b, strict=True)]
            frame = plan_forecast.Frame(12, passed=rng.randrange(4), parts=(0.4, *(1.0,) * 10, 0.3))
            outlooks = {
                key: plan_forecast.outlook(series, frame).grown(10)
                for key, series in {"top": top, "a": a, "b": b, "c": c, "d": d}.items()
            }
            whole = plan_forecast.reconcile(outlooks, parents, {})
            for period in range(12):
                value = {key: one.values[period] for key, one in whole.items()}
                self.assertEqual(value["top"], value["a"] + value["b"])
                self.assertEqual(value["a"], value["c"] + value["d"])
            self.assertEqual(whole["b"].values[: frame.passed], tuple(b[30 - frame.passed:]))
            for one in whole.values():
                for low, value, high in zip(one.lower, one.values, one.upper, strict=True):
                    self.assertTrue(low <= value <= high)

    def test_of_a_period_that_is_cut_its_part_counts(self):
        history = [100] * 24
        frame = plan_forecast.Frame(3, parts=(0.5, 1.0, 0.25))
        outlook = plan_forecast.outlook(history, frame)
        self.assertEqual(outlook.values, (50, 100, 25))
        self.assertAlmostEqual(outlook.grown(10).values[0], 55)
        frame = plan_forecast.Frame(3, passed=1, parts=(0.5, 1.0, 0.25))
        self.assertEqual(plan_forecast.outlook(history, frame, sold=[61]).values, (61, 100, 25))
        self.assertEqual(plan_forecast.outlook(history, frame, sold=[61]).grown(-50).values, (61, 50, 12.5))
        over = plan_forecast.Frame(2, passed=2, gap=1, parts=(0.5, 0.5))
        self.assertEqual(plan_forecast.outlook(history, over, sold=[3, 4]).values, (3, 4))

    def test_a_band_goes_with_its_figure(self):
        made = plan_forecast.reconcile(
            {
                "top": plan_forecast.Outlook((100,), (80,), (120,)),
                "a": plan_forecast.Outlook((20,), (10,), (40,)),
                "b": plan_forecast.Outlook((30,), (30,), (60,)),
            },
            {"top": None, "a": "top", "b": "top"},
            {},
        )
        self.assertEqual((made["a"].lower, made["a"].values, made["a"].upper), ((20,), (40,), (80,)))
        self.assertEqual((made["b"].lower, made["b"].values, made["b"].upper), ((60,), (60,), (120,)))
        self.assertEqual((made["top"].lower, made["top"].upper), ((80,), (120,)))
        made = plan_forecast.reconcile(
            {"top": plan_forecast.Outlook((-9,), (-12,), (1,)), "a": plan_forecast.Outlook((3,), (1,), (6,))},
            {"top": None, "a": "top"},
            {},
        )
        self.assertEqual((made["a"].lower, made["a"].values, made["a"].upper), ((-18,), (-9,), (-3,)))

    def test_a_plan_that_begins_later_skips_what_lies_between(self):
        history = [100 + month for month in range(12)] * 3
        outlook = plan_forecast.outlook(history, plan_forecast.Frame(3, gap=2))
        self.assertEqual([round(value) for value in outlook.values], [102, 103, 104])

    def test_what_is_sold_beside_the_children_is_none_of_theirs(self):
        frame = plan_forecast.Frame(2)
        half, whole = ([units] * 24 for units in (50, 100))
        made = plan_forecast.reconcile(
            {"top": plan_forecast.outlook(whole, frame), "a": plan_forecast.outlook(half, frame)},
            {"top": None, "a": "top"},
            {"top": plan_forecast.outlook(half, frame)},
        )
        self.assertEqual(made["a"].values, (50, 50))


class TestPlanAdjustment(BaseCase):
    """What is added to forecasts by hand."""

    parents = {"top": None, "a": "top", "b": "top", "c": "a", "d": "a"}
    weights = {("a", 1): 60, ("b", 1): 30, ("c", 1): 40, ("d", 1): 20}

    def _adjuster(self, present=()):
        return Adjuster(self.parents, dict(present), self.weights)

    def test_up_and_down(self):
        for why, present, typed, changes in [
            ("at the end of a branch", {}, {("c", 1): 5}, {"c": 5, "a": 5, "top": 5}),
            ("in the middle, by what is expected", {}, {("a", 1): 9}, {"c": 6, "d": 3, "a": 9, "top": 9}),
            ("at the top", {}, {("top", 1): -9}, {"a": -6, "c": -4, "d": -2, "b": -3, "top": -9}),
            ("back again", {"a": 9, "top": 9, "c": 6, "d": 3}, {("a", 1): 0},
             {"c": -6, "d": -3, "a": -9, "top": -9}),
            ("nothing new", {"b": 4, "top": 4}, {("b", 1): 4}, {}),
            ("both: the lower has its own", {}, {("c", 1): 1, ("a", 1): 9},
             {"c": 1, "d": 3, "a": 4, "top": 4}),
        ]:
            with self.subTest(why):
                adjuster = self._adjuster({(node, 1): units for node, units in present.items()})
                self.assertEqual(
                    adjuster.adjust(typed), {(node, 1): units for node, units in changes.items()}
                )

    def test_what_was_typed_before_there_was_anybody_below_is_shared_out(self):
        changes = self._adjuster({("a", 1): 9, ("top", 1): 9, ("a", 2): 2, ("top", 2): 2}).settle((1, 2))
        self.assertEqual(changes, {("c", 1): 6, ("d", 1): 3, ("c", 2): 1, ("d", 2): 1})

    def test_adjustments_add_up_after_any_sequence(self):
        rng = random.Random(8)
        for _turn in range(60):
            parents = {0: None} | {node: rng.randrange(node) for node in range(1, rng.randint(2, 20))}
            weights = {(node, period): rng.choice((0, rng.randint(-9, 9**6)))
                       for node in parents for period in range(3)}
            present = {}
            for _step in range(10):
                cells = rng.sample(list(weights), rng.randint(1, 4))
                typed = {cell: rng.randint(-(10**6), 10**6) for cell in cells}
                changes = Adjuster(parents, present, weights).adjust(typed)
                for cell, change in changes.items():
                    present[cell] = present.get(cell, 0) + change
                for node in parents:
                    children = [child for child in parents if parents[child] == node]
                    for period in range(3) if children else ():
                        below = sum(present.get((child, period), 0) for child in children)
                        self.assertEqual(present.get((node, period), 0), below)
                deepest = max(typed)
                self.assertEqual(present.get(deepest, 0), typed[deepest])
            self.assertFalse(Adjuster(parents, present, weights).settle(range(3)))


class TestPlanDemand(BaseCase):
    """What planned sales ask of the stock."""

    def test_days_ask_for_their_part_of_a_period(self):
        planned = [
            plan_demand.Planned(date(2025, 1, 1), date(2025, 1, 31), 31),
            plan_demand.Planned(date(2025, 2, 1), date(2025, 2, 28), 56),
        ]
        for first, days, quantity in (
            (date(2025, 1, 1), 31, 31),
            (date(2025, 1, 31), 2, 3),
            (date(2025, 2, 28), 30, 2),
            (date(2025, 3, 1), 30, 0),
            (date(2025, 1, 1), 0, 0),
        ):
            with self.subTest(first=first, days=days):
                self.assertAlmostEqual(plan_demand.demand(planned, first, days), quantity)
        self.assertEqual(plan_demand.reordering(planned, date(2025, 2, 1), 7, 7), (14, 28))
        with self.assertRaises(ValueError):
            plan_demand.reordering(planned, date(2025, 2, 1), -1, 7)
