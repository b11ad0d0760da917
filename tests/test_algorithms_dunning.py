import random
from datetime import date, timedelta

from odoo.tests import BaseCase

from odoo.addons.order_to_cash.algorithms.dunning import (
    Level,
    OpenItem,
    ProposedLine,
    days_overdue,
    next_level,
    other_items,
    propose,
    reconsider,
    take_up,
)

TODAY = date(2025, 3, 31)
FRIENDLY = Level(key=11, days_overdue=1)
FIRST = Level(key=12, days_overdue=10, min_interval_days=7)
FINAL = Level(key=13, days_overdue=30, min_amount=500.0, min_interval_days=14)
POLICY = 1
POLICIES = {POLICY: (FRIENDLY, FIRST, FINAL)}


def cents(amount):
    return round(amount, 2)


def item(key=1, overdue=5, residual=100.0, **values):
    """An item that is ``overdue`` days late today."""
    return OpenItem(**{
        "key": key,
        "customer": 1,
        "currency": 1,
        "due": TODAY - timedelta(days=overdue),
        "residual": residual,
        "residual_company": residual,
        "policy": POLICY,
        **values,
    })


def propose_today(items, policies=None, today=TODAY):
    items = list(items)
    return propose(
        items,
        POLICIES if policies is None else policies,
        today,
        {entry.currency: cents for entry in items},
        cents,
    )


class TestNextLevel(BaseCase):
    def test_table(self):
        ago = lambda days: TODAY - timedelta(days=days)  # noqa: E731
        for overdue, height, last, expected in [
            # not due, due today, one day late
            (-5, 0, None, None),
            (0, 0, None, None),
            (1, 0, None, FRIENDLY),
            # however late, the first reminder is the first level
            (400, 0, None, FRIENDLY),
            # the second level needs its days and the pause
            (9, 1, ago(8), None),
            (10, 1, ago(8), FIRST),
            (10, 1, ago(7), FIRST),
            (10, 1, ago(6), None),
            (29, 2, ago(14), None),
            (30, 2, ago(14), FINAL),
            (30, 2, ago(13), None),
            # the last level has none above it, nor has a policy that lost levels
            (400, 3, ago(100), None),
            (400, 7, ago(100), None),
            # a reminder of today, or of a later day, was the last
            (400, 1, ago(0), None),
            (400, 1, ago(-3), None),
        ]:
            with self.subTest(overdue=overdue, height=height, last=last):
                late = item(overdue=overdue, height=height, last_reminded=last)
                self.assertEqual(next_level(late, POLICIES[POLICY], TODAY), expected)

    def test_without_interval_an_item_climbs_once_a_day(self):
        levels = (Level(key=1), Level(key=2))
        late = item(overdue=50, height=1, last_reminded=TODAY)
        self.assertIsNone(next_level(late, levels, TODAY))
        self.assertEqual(next_level(late, levels, TODAY + timedelta(days=1)), levels[1])

    def test_days_overdue(self):
        self.assertEqual(days_overdue(date(2024, 2, 28), date(2024, 3, 1)), 2)
        self.assertEqual(days_overdue(TODAY, TODAY), 0)
        self.assertEqual(days_overdue(TODAY + timedelta(days=1), TODAY), -1)


class TestPropose(BaseCase):
    def test_a_late_item_makes_a_notice(self):
        [notice] = propose_today([item(overdue=5, residual=120.5)])
        self.assertEqual(notice.level, FRIENDLY.key)
        self.assertEqual(notice.total_overdue, 120.5)
        self.assertEqual(notice.total_open, 120.5)
        [line] = notice.lines
        self.assertEqual((line.level, line.previous_level), (FRIENDLY.key, None))
        self.assertEqual(line.days_overdue, 5)
        self.assertTrue(line.climbs)

    def test_nothing_late_makes_none(self):
        self.assertEqual(propose_today([item(overdue=0), item(key=2, overdue=-10)]), [])
        self.assertEqual(propose_today([]), [])

    def test_one_notice_a_customer_and_currency(self):
        notices = propose_today([
            item(key=1, customer=2),
            item(key=2, customer=1, currency=2),
            item(key=3, customer=1, currency=1),
            item(key=4, customer=1, currency=1),
        ])
        self.assertEqual(
            [(notice.customer, notice.currency, len(notice.lines)) for notice in notices],
            [(1, 1, 2), (1, 2, 1), (2, 1, 1)],
        )

    def test_the_notice_has_the_highest_level_reached(self):
        [notice] = propose_today([
            item(key=1, overdue=5),
            item(key=2, overdue=20, height=1, last_reminded=TODAY - timedelta(days=10)),
        ])
        self.assertEqual(notice.level, FIRST.key)
        self.assertEqual([line.level for line in notice.lines], [FIRST.key, FRIENDLY.key])

    def test_an_item_that_stays_is_claimed_but_does_not_set_the_level(self):
        reminded = item(key=1, overdue=60, height=3, last_reminded=TODAY - timedelta(days=5))
        [notice] = propose_today([reminded, item(key=2, overdue=2)])
        self.assertEqual(notice.level, FRIENDLY.key)
        self.assertEqual([line.climbs for line in notice.lines], [False, True])
        self.assertEqual(notice.total_overdue, 200)
        self.assertEqual(propose_today([reminded]), [])

    def test_a_shortened_policy_keeps_the_item_on_its_last_level(self):
        [notice] = propose_today(
            [item(key=1, overdue=60, height=3), item(key=2, overdue=2)],
            {POLICY: (FRIENDLY, FIRST)},
        )
        self.assertEqual([line.level for line in notice.lines], [FIRST.key, FRIENDLY.key])

    def test_minimum_amount(self):
        late = item(overdue=40, height=2, last_reminded=TODAY - timedelta(days=20), residual=499.99)
        self.assertEqual(propose_today([late]), [])
        # What is not due does not count, what else is overdue does.
        self.assertEqual(propose_today([late, item(key=2, overdue=0, residual=100)]), [])
        [notice] = propose_today([late, item(key=2, overdue=1, residual=0.01)])
        self.assertEqual(notice.level, FINAL.key)

    def test_credits_that_cover_what_is_late_silence_the_reminder(self):
        late = item(key=1, residual=100)
        credit = item(key=2, residual=-100, overdue=-5)
        self.assertEqual(propose_today([late, credit]), [])
        [notice] = propose_today([late, item(key=2, residual=-99.99)])
        self.assertEqual(notice.total_overdue, 100)
        self.assertEqual(notice.total_open, 0.01)
        self.assertEqual([line.item.key for line in notice.lines], [1])

    def test_no_policy_no_levels_or_no_claim(self):
        for silent in [
            item(policy=None),
            item(policy=99),
            item(is_claim=False),
            item(residual=-100.0),
            item(residual=0.004),
        ]:
            with self.subTest(silent=silent):
                self.assertEqual(propose_today([silent]), [])
        self.assertEqual(propose_today([item()], {POLICY: ()}), [])

    def test_other_items_are_those_that_are_not_claimed(self):
        items = [
            item(key=1, overdue=5),
            item(key=2, overdue=-5),
            item(key=3, residual=-10),
            item(key=4, policy=None, overdue=50),
            item(key=5, overdue=-3, residual=0.001),
        ]
        others = other_items(items, POLICIES, TODAY, {1}, cents)
        self.assertEqual([entry.key for entry in others], [4, 3, 2])


class TestBeforeDue(BaseCase):
    """A level before the due date, then one after it."""

    SOON = Level(key=20, days_overdue=-3)
    LATE = Level(key=21, days_overdue=5, min_interval_days=2)
    POLICIES = {POLICY: (SOON, LATE)}

    def _propose(self, *items, **values):
        return propose(items, self.POLICIES, TODAY, {1: cents}, cents, **values)

    def test_days(self):
        for overdue, expected in [(-4, 0), (-3, 1), (0, 1), (1, 1), (40, 1)]:
            with self.subTest(overdue=overdue):
                notices = self._propose(item(overdue=overdue))
                self.assertEqual(len(notices), expected)
                for notice in notices:
                    self.assertEqual(notice.level, self.SOON.key, "no level is skipped")
                    late = overdue > 0
                    self.assertEqual(notice.total_overdue, 100 if late else 0)
                    self.assertEqual(notice.total_due_soon, 0 if late else 100)

    def test_what_is_due_soon_is_told_with_what_is_late(self):
        [notice] = self._propose(
            item(key=1, overdue=6, height=1, last_reminded=TODAY - timedelta(days=9)),
            item(key=2, overdue=-1, height=1, last_reminded=TODAY - timedelta(days=2)),
            item(key=3, overdue=-2),
            item(key=4, overdue=-20),
        )
        self.assertEqual(notice.level, self.LATE.key)
        self.assertEqual(
            [(line.item.key, line.climbs) for line in notice.lines],
            [(1, True), (2, False), (3, True)],
        )
        self.assertEqual((notice.total_overdue, notice.total_due_soon), (100, 200))
        self.assertEqual(notice.total_open, 400)

    def test_what_was_announced_is_not_announced_again_alone(self):
        told = item(overdue=-1, height=1, last_reminded=TODAY - timedelta(days=2))
        self.assertEqual(self._propose(told), [])

    def test_credits(self):
        soon, late = item(key=1, overdue=-1), item(key=2, overdue=6)
        credit = lambda amount: item(key=3, residual=-amount)  # noqa: E731
        self.assertEqual(self._propose(soon, credit(100)), [])
        self.assertEqual(len(self._propose(soon, credit(99))), 1)
        # They pay what is late; only what is due soon is left to be told of.
        [notice] = self._propose(soon, late, credit(100))
        self.assertEqual(
            [(line.item.key, line.climbs) for line in notice.lines], [(2, False), (1, True)]
        )
        self.assertEqual(self._propose(soon, late, credit(200)), [])

    def test_days_of_grace(self):
        for overdue, grace, expected in [(9, 10, 0), (10, 10, 1), (11, 10, 1), (-1, 10, 1)]:
            with self.subTest(overdue=overdue):
                notices = self._propose(item(overdue=overdue), grace={POLICY: grace})
                self.assertEqual(len(notices), expected)
        # The oldest item counts, in whatever currency, for all of that customer.
        old = item(key=1, overdue=12, currency=2)
        late = item(key=2, overdue=6)
        notices = propose(
            [old, late, item(key=3, overdue=6, customer=2)],
            self.POLICIES,
            TODAY,
            {1: cents, 2: cents},
            cents,
            {POLICY: 10},
        )
        self.assertEqual([notice.currency for notice in notices], [1, 2])
        self.assertEqual({notice.customer for notice in notices}, {1})


class TestMinimumPercent(BaseCase):
    def test_table(self):
        levels = (Level(key=1, min_percent=20.0), Level(key=2, min_percent=50.0))
        for overdue, coming, height, expected in [
            (20.0, 80.0, 0, 1),
            (19.99, 80.01, 0, None),
            (100.0, 0.0, 0, 1),
            (49.99, 50.01, 1, None),
            (50.0, 50.0, 1, 2),
            (0.1, 0.4, 0, 1),
        ]:
            with self.subTest(overdue=overdue, coming=coming):
                items = [
                    item(
                        key=1,
                        overdue=60,
                        residual=overdue,
                        height=height,
                        last_reminded=TODAY - timedelta(days=9) if height else None,
                    ),
                    item(key=2, overdue=-9, residual=coming),
                ]
                notices = propose_today(items, {POLICY: levels})
                self.assertEqual([notice.level for notice in notices], [expected] * bool(expected))


class TestTakeUp(BaseCase):
    def test_table(self):
        for overdue, values, expected in [
            (0, {}, None),
            (-10, {}, None),
            (1, {}, 1),
            (9, {}, 1),
            (10, {}, 2),
            (29, {}, 2),
            (30, {}, 3),
            (900, {}, 3),
            (900, {"height": 1}, None),
            (900, {"policy": None}, None),
            (900, {"is_claim": False}, None),
            (900, {"residual": -10.0}, None),
            (900, {"residual": 0.001}, None),
        ]:
            with self.subTest(overdue=overdue, values=values):
                self.assertEqual(
                    self._heights([item(overdue=overdue, **values)]),
                    {1: expected} if expected else {},
                )

    def _heights(self, items, policies=None):
        notices = take_up(items, policies or POLICIES, TODAY, {1: cents}, cents)
        height = {FRIENDLY.key: 1, FIRST.key: 2, FINAL.key: 3}
        return {
            line.item.key: height[line.level] for notice in notices for line in notice.lines
        }

    def test_a_level_that_has_not_come_yet_is_left_out(self):
        levels = (Level(key=FRIENDLY.key, days_overdue=5),)
        self.assertEqual(self._heights([item(overdue=4)], {POLICY: levels}), {})

    def test_the_record_has_the_highest_level_and_the_totals(self):
        [notice] = take_up(
            [item(key=1, overdue=50), item(key=2, overdue=3), item(key=3, overdue=-3)],
            POLICIES,
            TODAY,
            {1: cents},
            cents,
        )
        self.assertEqual(notice.level, FINAL.key)
        self.assertEqual((notice.total_overdue, notice.total_open), (200, 300))


class TestReconsider(BaseCase):
    def _line(self, key=1, amount=100.0, books=100.0, height=0, climbs=True):
        return ProposedLine(key=key, amount=amount, books=books, height=height, climbs=climbs)

    def test_table(self):
        for name, line, now, expected in [
            ("unchanged", self._line(), item(books=100.0), {1: (100.0, True)}),
            ("paid in part", self._line(), item(books=30.0), {1: (30.0, True)}),
            ("paid", self._line(), item(books=0.0), {}),
            ("payment taken back", self._line(books=40.0), item(books=60.0), {1: (120.0, True)}),
            # A run of a past date is repeated: the books show it paid, then and now.
            ("long paid", self._line(books=0.0), item(books=0.0), {1: (100.0, True)}),
            ("gone", self._line(), item(key=2, books=100.0), {}),
            ("reminded", self._line(), item(books=100.0, height=1), {1: (100.0, False)}),
            ("stays", self._line(climbs=False), item(books=100.0), {1: (100.0, False)}),
        ]:
            with self.subTest(name):
                self.assertEqual(reconsider([line], {now.key: now}, cents), expected)


class TestReplay(BaseCase):
    """Random customers reminded day by day: what must hold whatever happens."""

    def test_properties(self):
        for seed in range(60):
            with self.subTest(seed=seed):
                self._replay(random.Random(seed))

    def _replay(self, rng):
        debts = [
            {
                "key": key,
                "customer": rng.randrange(4),
                "due": TODAY + timedelta(days=rng.randrange(-20, 40)),
                "residual": cents(rng.uniform(-50, 400)),
                "paid_on": TODAY + timedelta(days=rng.randrange(0, 120)),
                "height": 0,
                "last": None,
            }
            for key in range(rng.randrange(1, 25))
        ]
        debts = [debt for debt in debts if debt["residual"]]
        for day in range(0, 110, rng.choice([1, 3, 7])):
            today = TODAY + timedelta(days=day)
            items = [
                OpenItem(
                    key=debt["key"],
                    customer=debt["customer"],
                    currency=1,
                    due=debt["due"],
                    residual=debt["residual"],
                    residual_company=debt["residual"],
                    policy=POLICY,
                    height=debt["height"],
                    last_reminded=debt["last"],
                )
                for debt in debts
                if debt["paid_on"] > today
            ]
            notices = propose_today(items, today=today)
            shuffled = rng.sample(items, len(items))
            self.assertEqual(notices, propose_today(shuffled, today=today), "order matters")
            self._check_notices(notices, items, today)
            self._send(notices, debts, today)
            # Repeating a sent run on its day proposes nothing.
            sent = {debt["key"]: debt for debt in debts}
            again = [
                OpenItem(
                    key=entry.key,
                    customer=entry.customer,
                    currency=1,
                    due=entry.due,
                    residual=entry.residual,
                    residual_company=entry.residual_company,
                    policy=POLICY,
                    height=sent[entry.key]["height"],
                    last_reminded=sent[entry.key]["last"],
                )
                for entry in items
            ]
            self.assertEqual(propose_today(again, today=today), [])

    def _check_notices(self, notices, items, today):
        self.assertEqual(len({notice.customer for notice in notices}), len(notices))
        levels = POLICIES[POLICY]
        for notice in notices:
            own = [entry for entry in items if entry.customer == notice.customer]
            late = [entry for entry in own if entry.residual > 0 and entry.due < today]
            self.assertEqual(
                {line.item.key for line in notice.lines}, {entry.key for entry in late}
            )
            self.assertEqual(notice.total_overdue, cents(sum(line.amount for line in notice.lines)))
            self.assertEqual(notice.total_open, cents(sum(entry.residual for entry in own)))
            reached = [line for line in notice.lines if line.climbs]
            self.assertTrue(reached)
            self.assertEqual(
                notice.level, levels[max(line.item.height for line in reached)].key
            )
            for line in reached:
                level = levels[line.item.height]
                self.assertEqual(line.level, level.key, "a level was skipped")
                self.assertGreaterEqual(line.days_overdue, level.days_overdue)

    def _send(self, notices, debts, today):
        by_key = {debt["key"]: debt for debt in debts}
        for notice in notices:
            for line in notice.lines:
                if line.climbs:
                    by_key[line.item.key]["height"] += 1
                    by_key[line.item.key]["last"] = today
