import random
from datetime import date, timedelta

from odoo.tests import BaseCase

from odoo.addons.order_to_cash.algorithms.allocation import Cell, Demand, Protection
from odoo.addons.order_to_cash.algorithms.promise import Arrival, served_before, timeline

TODAY = date(2026, 3, 1)


def day(number):
    return TODAY + timedelta(days=number)


def demand(key, need, rank=5, cells=("shelf",), held=0.0, **values):
    holds = ((cells[0], held),) if held else ()
    return Demand(key, "p", "gain", rank, need, cells, tie=(key,), held=holds, **values)


def ask(rank=5, cells=("shelf",)):
    return Demand("ask", "p", "gain", rank, 0.0, cells, tie=("zz",))


def arrival(number, quantity, cell="shelf"):
    return Arrival(cell, "p", day(number), quantity)


def promise(stock, demands=(), arrivals=(), protections=(), who=None, **values):
    return timeline(
        who or ask(), demands, [Cell("shelf", "p", stock)], arrivals, protections, today=TODAY, **values
    )


class TestPromise(BaseCase):
    def test_what_is_left_of_stock_and_receipts(self):
        for stock, needs, arrivals, expected in (
            (10.0, (), (), {0: 10.0}),
            (10.0, (4.0,), (), {0: 6.0}),
            (10.0, (14.0,), (), {0: 0.0}),
            (10.0, (14.0,), ((5, 3.0), (9, 6.0)), {0: 0.0, 5: 0.0, 9: 5.0}),
            (10.0, (4.0,), ((5, 3.0),), {0: 6.0, 5: 9.0}),
            (0.0, (), ((-3, 7.0),), {0: 7.0}),
            (0.0, (), (), {0: 0.0}),
        ):
            with self.subTest(stock=stock, needs=needs, arrivals=arrivals):
                line = promise(
                    stock,
                    [demand(f"d{number}", need, rank=1) for number, need in enumerate(needs)],
                    [arrival(*figures) for figures in arrivals],
                )
                self.assertEqual(
                    {(step.date - TODAY).days: step.promised for step in line.steps}, expected
                )

    def test_the_earliest_day_of_a_quantity(self):
        line = promise(4.0, (), [arrival(5, 3.0), arrival(9, 6.0)])
        for quantity, expected in ((4, 0), (5, 5), (7, 5), (8, 9), (13, 9)):
            self.assertEqual(line.earliest(quantity), day(expected))
        self.assertIsNone(line.earliest(14))
        self.assertEqual(line.at(day(-2)).promised, 4.0)
        self.assertEqual(line.at(day(6)).promised, 7.0)

    def test_only_those_served_before_count(self):
        others = [demand("a", 6.0, rank=9)]
        self.assertEqual(promise(10.0, others).steps[0].promised, 10.0)
        self.assertEqual(promise(10.0, others, who=ask(rank=9)).steps[0].promised, 4.0)

    def test_who_is_served_before(self):
        many = [demand("a", 1.0, rank=9), demand("b", 1.0, rank=2), demand("c", 1.0, rank=1)]
        before = served_before(ask(), many, TODAY, {"c": day(3)})
        self.assertEqual([d.key for d in before], ["b"])
        before = served_before(ask(), many, day(3), {"c": day(3)})
        self.assertEqual([d.key for d in before], ["c", "b"])

    def test_what_others_hold_is_theirs(self):
        [step] = promise(10.0, [demand("a", 9.0, rank=9, held=6.0)]).steps
        self.assertEqual((step.supply, step.ahead, step.promised), (4.0, 0.0, 4.0))

    def test_those_far_off_come_last_until_they_compete(self):
        others = [demand("a", 6.0, rank=1)]
        line = promise(
            2.0, others, [arrival(5, 3.0), arrival(9, 10.0)], competes_from={"a": day(7)}
        )
        self.assertEqual([step.promised for step in line.steps], [2.0, 5.0, 9.0])
        # One who is far off himself waits for those who compete, and for the better-ranked.
        line = promise(2.0, others, who=ask(rank=2), competes_from={"a": day(7), "ask": day(8)})
        self.assertEqual(line.steps[0].promised, 0.0)

    def test_what_is_set_apart(self):
        members = demand("m", 3.0, rank=9, held=1.0)
        kept = Protection("keep", "p", 6.0, frozenset({"m"}))
        [step] = promise(10.0, [members], protections=[kept]).steps
        # 1 is held and 2 more taken: 3 of the 6 are used up by whom they are for.
        self.assertEqual((step.supply, step.ahead, step.kept, step.promised), (9.0, 2.0, 3.0, 4.0))
        own = Protection("keep", "p", 6.0, frozenset({"m", "ask"}))
        self.assertEqual(promise(10.0, protections=[own]).steps[0].promised, 10.0)

    def test_receipts_fill_up_what_is_set_apart_first(self):
        kept = Protection("keep", "p", 6.0, frozenset({"m"}))
        line = promise(2.0, (), [arrival(3, 5.0), arrival(4, 5.0)], protections=[kept])
        self.assertEqual([step.promised for step in line.steps], [0.0, 1.0, 6.0])

    def test_a_cap_holds_over_all_days(self):
        cap = Protection("cap", "p", 5.0, frozenset({"ask"}), is_cap=True)
        line = promise(3.0, (), [arrival(3, 9.0)], protections=[cap])
        self.assertEqual([step.promised for step in line.steps], [3.0, 5.0])

    def test_other_places_do_not_count(self):
        others = [demand("a", 5.0, rank=1, cells=("far", "shelf"))]
        line = timeline(
            ask(),
            others,
            [Cell("shelf", "p", 4.0), Cell("far", "p", 3.0)],
            [arrival(2, 7.0, cell="far")],
            today=TODAY,
        )
        self.assertEqual([step.promised for step in line.steps], [2.0, 2.0])

    def test_random(self):
        """Against a reckoning with single units; nothing is promised twice or lost."""
        chance = random.Random(4)
        for number in range(300):
            stock = chance.randint(0, 12)
            receipts = [arrival(chance.randint(0, 6), chance.randint(1, 6)) for _ in range(3)]
            held_left = stock
            others = []
            for key in "abcdef"[: chance.randint(0, 6)]:
                held = chance.randint(0, min(3, held_left))
                held_left -= held
                need = held + chance.randint(0, 5)
                others.append(demand(key, float(need), chance.randint(1, 9), held=float(held)))
            start = {d.key: day(chance.randint(0, 6)) for d in others if chance.random() < 0.4}
            who = ask(rank=chance.randint(1, 9))
            line = promise(float(stock), others, receipts, who=who, competes_from=start)
            with self.subTest(number=number):
                self.assertEqual(
                    [step.promised for step in line.steps],
                    self._one_by_one(held_left, others, receipts, start, who),
                )
                for step in line.steps:
                    self.assertAlmostEqual(step.supply, step.ahead + step.kept + step.promised)

    def _one_by_one(self, free, others, receipts, start, who):
        needs = {d.key: d.need - sum(q for _cell, q in d.held) for d in others}
        promised, result = 0, []
        for moment in sorted({TODAY, *(r.date for r in receipts)}):
            free += sum(r.quantity for r in receipts if r.date == moment)
            order = sorted(
                others,
                key=lambda d, now=moment: (start.get(d.key, now) > now, d.rank, d.tie),
            )
            for other in order:
                is_far_off = start.get(other.key, moment) > moment
                if is_far_off or (other.rank, other.tie) > (who.rank, who.tie):
                    continue
                taken = min(free, needs[other.key])
                needs[other.key] -= taken
                free -= taken
            promised += free
            free = 0
            result.append(float(promised))
        return result
