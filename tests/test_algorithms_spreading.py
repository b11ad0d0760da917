import random
from collections import Counter
from fractions import Fraction

from odoo.tests import BaseCase

from odoo.addons.order_to_cash.algorithms.apportion import (
    Shares,
    apportion,
    from_units,
    split,
    to_units,
)
from odoo.addons.order_to_cash.algorithms.spreading import (
    Edit,
    Gap,
    Lock,
    RollUp,
    Spread,
    TooMuchLocked,
    Tree,
    apply,
    roll_up,
    spread,
)


class TestUnits(BaseCase):
    def test_amounts_are_counted_in_smallest_units(self):
        for amount, precision, units in [
            (12.34, 0.01, 1234),
            (0.285, 0.01, 29),
            (-0.285, 0.01, -29),
            (1.1, 0.1, 11),
            (7, 1, 7),
            (12.37, 0.05, 247),
            (1250, 500.0, 3),
            (1e15, 0.01, 10**17),
        ]:
            with self.subTest(amount=amount, precision=precision):
                self.assertEqual(to_units(amount, precision), units)

    def test_back_again(self):
        self.assertEqual(from_units(3, 0.1), 0.3)
        self.assertEqual(from_units(-1234, 0.01), -12.34)
        self.assertEqual(from_units(3, 500), 1500)

    def test_what_is_no_amount(self):
        for amount, precision in [(1.0, 0), (1.0, -0.01), (1.0, float("inf")), (float("nan"), 0.01)]:
            with self.subTest(amount=amount, precision=precision), self.assertRaises(ValueError):
                to_units(amount, precision)


class TestApportion(BaseCase):
    def test_tables(self):
        for why, total, weights, units in [
            ("thirds: the cent that is left goes to the first", 100, (1, 1, 1), (34, 33, 33)),
            ("a credit is the mirror image", -100, (1, 1, 1), (-34, -33, -33)),
            ("the largest fractions: quotas 1.43, 2.86, 5.71", 10, (1, 2, 4), (1, 3, 6)),
            ("no weight, no share", 7, (0, 1, 0), (0, 7, 0)),
            ("a month of credit notes weighs nothing", 90, (2, -5, 1), (60, 0, 30)),
            ("credit notes only weigh by their size", -90, (-2, -1), (-60, -30)),
            ("nothing to share", 0, (3, 1), (0, 0)),
            ("less than a cent each", 2, (1, 1, 1, 1), (1, 1, 0, 0)),
            ("decimal weights are exact", 3, (0.1, 0.2), (1, 2)),
            ("far apart", 10, (1e300, 1e-300), (10, 0)),
        ]:
            with self.subTest(why=why):
                self.assertEqual(apportion(total, weights), Shares(units))

    def test_without_weights_in_equal_parts_and_said_so(self):
        self.assertEqual(apportion(10, (0, 0, 0)), Shares((4, 3, 3), is_equal=True))
        self.assertEqual(apportion(0, ()), Shares(()))

    def test_impossible(self):
        for total, weights in [(1, ()), (1, (1, float("nan"))), (1, (1, float("inf")))]:
            with self.subTest(weights=weights), self.assertRaises(ValueError):
                apportion(total, weights)

    def test_parts_add_up_and_stay_within_one_unit_of_the_quota(self):
        rng = random.Random(6)
        for _case in range(300):
            choices = (0, 1, rng.random(), 10 ** rng.uniform(-6, 9))
            weights = [rng.choice(choices) for _one in range(rng.randint(1, 30))]
            total = rng.choice((-1, 1)) * rng.randint(0, 10 ** rng.randint(1, 16))
            units = apportion(total, weights).units
            self.assertEqual(sum(units), total)
            if whole := sum(map(Fraction, weights)):
                for part, weight in zip(units, weights, strict=True):
                    self.assertLess(abs(part - total * Fraction(weight) / whole), 1)

    def test_splitting_an_amount(self):
        self.assertEqual(split(100.0, (1, 1, 1), 0.01), [33.34, 33.33, 33.33])
        self.assertEqual(split(1.0, (1, 1, 1), 0.05), [0.35, 0.35, 0.3])


#        company
#       /       \
#    north     south
#    /   \        |
#  ann   bob     carl
PARENTS = {
    "company": None,
    "north": "company",
    "south": "company",
    "ann": "north",
    "bob": "north",
    "carl": "south",
}


def tree(targets=(), locked=(), periods=(1, 2)):
    return Tree(PARENTS, periods, dict(targets), frozenset(locked))


class TestSpread(BaseCase):
    def row(self, plan, node):
        return [plan.get(node, period) for period in plan.periods]

    def assert_no_gap(self, plan):
        self.assertEqual([cell for cell, gap in roll_up(plan).items() if gap.gap], [])

    def test_equal_parts_over_periods_and_children(self):
        plan = spread(tree(), Spread("company", total=1001)).tree
        self.assertEqual(self.row(plan, "company"), [501, 500])
        self.assertEqual(self.row(plan, "north"), [251, 250])
        self.assertEqual(self.row(plan, "south"), [250, 250])
        self.assertEqual(self.row(plan, "ann"), [126, 125])
        self.assertEqual(self.row(plan, "bob"), [125, 125])
        self.assertEqual(self.row(plan, "carl"), [250, 250])

    def test_by_weights_of_the_lowest_cells(self):
        last_year = {("ann", 1): 30, ("bob", 1): 10, ("carl", 1): 60, ("ann", 2): 50, ("carl", 2): 50}
        outcome = spread(tree(), Spread("company", total=2000, weights=last_year))
        self.assertEqual(self.row(outcome.tree, "company"), [1000, 1000])
        self.assertEqual(self.row(outcome.tree, "north"), [400, 500])
        self.assertEqual(self.row(outcome.tree, "ann"), [300, 500])
        self.assertEqual(self.row(outcome.tree, "bob"), [100, 0])
        self.assertEqual(outcome.equal, ())

    def test_own_weights_at_an_upper_level(self):
        weights = {(node, 1): weight for node, weight in [("north", 3), ("south", 1), ("ann", 1), ("bob", 1)]}
        plan = spread(tree([(("company", 1), 400)], periods=(1,)), Spread("company", weights=weights)).tree
        self.assertEqual([plan.get(node, 1) for node in PARENTS], [400, 300, 100, 150, 150, 100])

    def test_no_weights_somewhere_are_said(self):
        weights = {("ann", 1): 1, ("carl", 1): 1}
        outcome = spread(tree([(("company", 2), 10)]), Spread("company", weights=weights))
        self.assertEqual(self.row(outcome.tree, "north"), [0, 5])
        self.assertEqual(outcome.equal, (("company", 2), ("north", 2)))

    def test_locked_cells_are_left_alone(self):
        plan = tree([(("company", 1), 100), (("north", 1), 70)], [("north", 1)])
        plan = spread(plan, Spread("company")).tree
        self.assertEqual([plan.get(node, 1) for node in PARENTS], [100, 70, 30, 35, 35, 30])

    def test_a_locked_period_of_the_total(self):
        plan = spread(tree([(("company", 1), 90)], [("company", 1)]), Spread("company", total=100)).tree
        self.assertEqual(self.row(plan, "company"), [90, 10])
        self.assert_no_gap(plan)

    def test_a_cell_is_fixed_by_what_is_locked_below_it(self):
        plan = tree([(("company", 1), 100), (("carl", 1), 80)], [("carl", 1)])
        plan = spread(plan, Spread("company")).tree
        self.assertEqual([plan.get(node, 1) for node in PARENTS], [100, 20, 80, 10, 10, 80])

    def test_a_cell_gets_no_less_than_is_locked_below_it(self):
        plan = tree([(("company", 1), 100), (("ann", 1), 80)], [("ann", 1)])
        plan = spread(plan, Spread("company")).tree
        self.assertEqual([plan.get(node, 1) for node in PARENTS], [100, 80, 20, 80, 0, 20])

    def test_more_is_locked_than_there_is(self):
        for why, total, cell, locked, place in [
            ("one level below", 100, "north", 130, "company"),
            ("at the end of a branch", 100, "ann", 130, "company"),
            ("nothing to share out", 0, "north", 1, "company"),
            ("a credit, and more credit is locked", -100, "south", -130, "company"),
            ("a credit, and a target is locked at the end of a branch", -100, "carl", 5, None),
        ]:
            with self.subTest(why):
                plan = tree([(("company", 1), total), ((cell, 1), locked)], [(cell, 1)])
                if place is None:
                    self.assert_no_gap(spread(plan, Spread("company")).tree)
                    continue
                with self.assertRaises(TooMuchLocked) as caught:
                    spread(plan, Spread("company"))
                error = caught.exception
                self.assertEqual((error.node, error.period, error.locked), (place, 1, locked))

    def test_more_is_locked_in_the_periods_than_there_is(self):
        plan = tree([(("ann", 1), 50)], [("ann", 1)])
        for step in (Spread("ann", total=40), Edit("ann", 40)):
            with self.subTest(step), self.assertRaises(TooMuchLocked) as caught:
                apply(plan, [step])
            self.assertEqual((caught.exception.period, caught.exception.total), (None, 40))

    def test_all_locked(self):
        cells = [("north", 1), ("south", 1)]
        targets = [(("company", 1), 100), (("north", 1), 60), (("south", 1), 40)]
        self.assert_no_gap(spread(tree(targets, cells), Spread("company")).tree)
        with self.assertRaises(TooMuchLocked) as caught:
            spread(tree([*targets, (("company", 1), 101)], cells), Spread("company"))
        self.assertEqual((caught.exception.total, caught.exception.locked), (101, 100))
        self.assertIn("locked what adds up to 100 units, but there are 101", str(caught.exception))

    def test_a_part_of_the_tree(self):
        plan = tree([(("company", 1), 100), (("north", 1), 50), (("carl", 1), 7)])
        plan = spread(plan, Spread("north")).tree
        self.assertEqual([plan.get(node, 1) for node in PARENTS], [100, 50, 0, 25, 25, 7])

    def test_negative_totals(self):
        plan = spread(tree(), Spread("company", total=-1001)).tree
        self.assertEqual(self.row(plan, "company"), [-501, -500])
        self.assert_no_gap(plan)

    def test_what_is_no_tree(self):
        for parents in [{"a": "b", "b": "a"}, {"a": "nobody"}]:
            with self.subTest(parents=parents), self.assertRaises(ValueError):
                spread(Tree(parents, (1,), {}), Spread("a"))
        for step in [Spread("nobody"), Edit("nobody", 1), Edit("ann", 1, period=9), Lock("ann", 9), "spread"]:
            with self.subTest(step=step), self.assertRaises(ValueError):
                apply(tree(), [step])


class TestRollUp(BaseCase):
    targets = {("company", 1): 100, ("north", 1): 60, ("ann", 1): 20, ("bob", 1): 30, ("carl", 1): 45}

    def test_both_figures_and_the_gap(self):
        gaps = roll_up(tree(self.targets))
        self.assertEqual(gaps["company", 1], Gap(target=100, below=95))
        self.assertEqual(gaps["north", 1], Gap(target=60, below=50))
        self.assertEqual(gaps["south", 1].gap, -45)
        self.assertNotIn(("ann", 1), gaps)

    def test_a_locked_cell_counts_with_its_own_figure(self):
        self.assertEqual(roll_up(tree(self.targets, [("north", 1)]))["company", 1].below, 105)

    def test_the_sum_is_taken_over_only_when_asked(self):
        plan = apply(tree(self.targets, [("north", 1)]), [RollUp("company")])
        self.assertEqual([plan.get(node, 1) for node in PARENTS], [105, 60, 45, 20, 30, 45])

    def test_edit(self):
        plan = apply(tree(self.targets), [Edit("ann", 25, 1)])
        self.assertEqual(plan.get("ann", 1), 25)
        self.assertEqual(plan.get("north", 1), 60)
        with self.assertRaises(ValueError):
            apply(plan, [Lock("ann", 1), Edit("ann", 26, 1)])
        self.assertEqual(apply(plan, [Lock("ann"), Lock("ann", is_locked=False)]), plan)

    def test_editing_a_total_keeps_the_proportions(self):
        plan = apply(tree({("ann", 1): 10, ("ann", 2): 30}), [Edit("ann", 80)])
        self.assertEqual([plan.get("ann", 1), plan.get("ann", 2)], [20, 60])
        plan = apply(plan, [Lock("ann", 1), Edit("ann", 100)])
        self.assertEqual([plan.get("ann", 1), plan.get("ann", 2)], [20, 80])


class TestAnySequence(BaseCase):
    def test_sums_are_exact(self):
        rng = random.Random(61)
        done, inner = Counter(), 0
        for _plan in range(60):
            parents = {0: None}
            for node in range(1, rng.randint(2, 25)):
                parents[node] = rng.randrange(node)
            plan = Tree(parents, tuple(range(rng.randint(1, 5))), {})
            children = plan.children()
            for _step in range(25):
                step = self.any_step(rng, plan)
                try:
                    after = apply(plan, [step])
                except ValueError:
                    self.assertTrue(plan.locked)
                    continue
                done[type(step)] += 1
                # What is locked above others is what spreading has to go round.
                inner += isinstance(step, Spread) and any(children[node] for node, _period in plan.locked)
                self.check_step(plan, step, after, children)
                plan = after
        self.assertGreater(done.total(), 1000)
        self.assertGreater(min(done.values()), 100)
        self.assertGreater(inner, 50)

    def test_nothing_changes_its_sign(self):
        rng, refused = random.Random(62), 0
        for _plan in range(300):
            parents = {0: None} | {node: rng.randrange(node) for node in range(1, rng.randint(2, 15))}
            locked = frozenset((node, 0) for node in parents if node and rng.random() < 0.3)
            targets = {cell: rng.randint(0, 50) for cell in locked} | {(0, 0): rng.randint(0, 150)}
            try:
                after = spread(Tree(parents, (0,), targets, locked), Spread(0)).tree
            except TooMuchLocked:
                refused += 1
                continue
            self.assertTrue(all(units >= 0 for units in after.targets.values()))
        self.assertTrue(30 < refused < 270)

    def any_step(self, rng, plan):
        node = rng.choice(tuple(plan.parents))
        period = rng.choice((None, *plan.periods))
        cells = [(one, when) for one in plan.parents for when in plan.periods]
        weights = {cell: rng.choice((0, -3.3, rng.random(), rng.uniform(0, 1e6))) for cell in cells}
        return rng.choice((
            Edit(node, rng.choice((0, rng.randint(-(10**6), 10**9))), period),
            Lock(node, period),
            Lock(node, period, is_locked=False),
            Spread(node, rng.choice((None, 0, rng.randint(-(10**6), 10**12))), rng.choice((None, weights))),
            RollUp(node),
        ))

    def check_step(self, before, step, after, children):
        for cell in before.locked & after.locked:
            self.assertEqual(after.targets.get(cell, 0), before.targets.get(cell, 0))
        self.assertTrue(all(type(units) is int for units in after.targets.values()))
        if isinstance(step, Edit) and step.period is None:
            self.assertEqual(after.total(step.node), step.units)
        if isinstance(step, Spread):
            self.assert_exact(after, step.node, children)
            if step.total is not None:
                self.assertEqual(after.total(step.node), step.total)
        if isinstance(step, RollUp):
            self.assert_exact(after, step.node, children, but=after.locked)

    def assert_exact(self, plan, node, children, but=()):
        for period in plan.periods:
            if children[node] and (node, period) not in but:
                below = sum(plan.get(child, period) for child in children[node])
                self.assertEqual(plan.get(node, period), below)
        for child in children[node]:
            self.assert_exact(plan, child, children, but)
