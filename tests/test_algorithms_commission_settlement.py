import random
from datetime import date

from odoo.tests import BaseCase

from odoo.addons.order_to_cash.algorithms.commission.settlement import (
    Drawn,
    DrawTerms,
    Earned,
    Extra,
    Period,
    Terms,
    common_days,
    draws,
    extra,
    full_period,
    last_closed_month,
    month_ends,
    open_period,
    periods,
    prorate,
)
from odoo.addons.order_to_cash.algorithms.commission.tiers import Band

CENT = 0.01


class TestAlgorithmsCommissionSettlement(BaseCase):
    """What a settlement period brings besides the commission on sales."""

    def test_cap_and_guarantee(self):
        table = [
            # commission, cap, guarantee -> cap row, guarantee row, net
            (500.0, 0, 0, 0.0, 0.0, 500.0),
            (500.0, 400, 0, -100.0, 0.0, 400.0),
            (400.0, 400, 0, 0.0, 0.0, 400.0),
            (400.01, 400, 0, -0.01, 0.0, 400.0),
            (300.0, 0, 450, 0.0, 150.0, 450.0),
            (450.0, 0, 450, 0.0, 0.0, 450.0),
            (0.0, 400, 400, 0.0, 400.0, 400.0),
            (-50.0, 0, 100, 0.0, 150.0, 100.0),
            (-50.0, 400, 0, 0.0, 0.0, -50.0),
        ]
        for commission, cap, guarantee, cut, top_up, net in table:
            with self.subTest(commission=commission, cap=cap, guarantee=guarantee):
                self.assertEqual(
                    extra(Earned(commission), Terms(cap=cap, guarantee=guarantee), CENT),
                    Extra(0.0, 0.0, cut, top_up, net),
                )

    def test_attainment_pays_bonus_and_accelerator_by_half_open_bands(self):
        terms = Terms(
            accelerators=(Band(100, 120, 10), Band(120, 0, 25)), bonuses=(Band(100, 0, 250.0),)
        )
        table = [
            (None, 0.0, 0.0),
            (99.99, 0.0, 0.0),
            (100.0, 33.33, 250.0),
            (119.99, 33.33, 250.0),
            (120.0, 83.33, 250.0),
        ]
        for attainment, accelerator, bonus in table:
            with self.subTest(attainment=attainment):
                found = extra(Earned(333.33, attainment), terms, CENT)
                self.assertEqual((found.accelerator, found.bonus), (accelerator, bonus))
        # What was taken back is not taken back once more.
        self.assertEqual(extra(Earned(-100.0, 130.0), terms, CENT).accelerator, 0.0)

    def test_the_cap_comes_after_the_bonus_and_before_the_guarantee(self):
        terms = Terms(cap=1000, guarantee=1000, bonuses=(Band(0, 0, 300.0),))
        self.assertEqual(extra(Earned(900.0, 50.0), terms, CENT), Extra(0.0, 300.0, -200.0, 0.0, 1000.0))
        self.assertEqual(extra(Earned(500.0, 50.0), terms, CENT), Extra(0.0, 300.0, 0.0, 200.0, 1000.0))

    def test_currency_without_cents(self):
        found = extra(Earned(1001.0, 100.0), Terms(accelerators=(Band(0, 0, 12.5),)), 1.0)
        self.assertEqual((found.accelerator, found.net), (125.0, 1126.0))

    def test_draws_are_lent_and_paid_back(self):
        nets = [300.0, 900.0, 1200.0, 1500.0, 1000.0]
        self.assertEqual(
            draws([DrawTerms(net, 1000.0) for net in nets], CENT),
            [
                Drawn(700.0, 0.0, 700.0),
                Drawn(100.0, 0.0, 800.0),
                Drawn(0.0, -200.0, 600.0),
                Drawn(0.0, -500.0, 100.0),
                Drawn(0.0, 0.0, 100.0),
            ],
        )

    def test_a_draw_that_is_not_recoverable_is_kept(self):
        self.assertEqual(
            draws([DrawTerms(300.0, 1000.0, False), DrawTerms(2000.0, 1000.0, False)], CENT),
            [Drawn(700.0, 0.0, 0.0), Drawn(0.0, 0.0, 0.0)],
        )

    def test_what_is_lent_is_recovered_after_the_last_draw(self):
        self.assertEqual(
            draws([DrawTerms(0.0, 500.0), DrawTerms(-20.0), DrawTerms(200.0), DrawTerms(400.0)], CENT),
            [
                Drawn(500.0, 0.0, 500.0),
                Drawn(0.0, 0.0, 500.0),
                Drawn(0.0, -200.0, 300.0),
                Drawn(0.0, -300.0, 0.0),
            ],
        )

    def test_draws_of_any_history_add_up(self):
        rng = random.Random(7)
        for __ in range(500):
            history = [
                DrawTerms(
                    rng.randint(-50_000, 200_000) / 100, rng.choice([0, 500, 999.99]), rng.random() < 0.8
                )
                for __ in range(rng.randint(1, 14))
            ]
            result = draws(history, CENT)
            lent = 0
            for period, drawn in zip(history, result, strict=True):
                self.assertGreaterEqual(drawn.draw, 0)
                self.assertLessEqual(drawn.recover, 0)
                self.assertFalse(drawn.draw and drawn.recover)
                paid = round(period.net + drawn.draw + drawn.recover, 2)
                if period.draw:
                    self.assertGreaterEqual(paid, period.draw)
                lent += round((drawn.draw if period.is_recoverable else 0) * 100) + round(drawn.recover * 100)
                self.assertEqual(round(drawn.balance * 100), lent)
                self.assertGreaterEqual(lent, 0)

    def test_extras_keep_within_cap_and_guarantee(self):
        rng = random.Random(11)
        for __ in range(1000):
            guarantee = rng.choice([0, rng.randint(0, 50_000) / 100])
            cap = rng.choice([0, round(guarantee + rng.randint(1, 50_000) / 100, 2)])
            terms = Terms(
                cap, guarantee, accelerators=(Band(90, 0, rng.randint(0, 50)),),
                bonuses=(Band(100, 0, rng.randint(0, 300)),),
            )
            commission = rng.randint(-50_000, 150_000) / 100
            found = extra(Earned(commission, rng.choice([None, 80.0, 95.0, 110.0])), terms, CENT)
            parts = (commission, found.accelerator, found.bonus, found.cap, found.guarantee)
            self.assertEqual(round(sum(round(part * 100) for part in parts)), round(found.net * 100))
            if guarantee:
                self.assertGreaterEqual(found.net, guarantee)
            if cap:
                self.assertLessEqual(found.net, cap)

    def test_periods(self):
        day = date
        months = month_ends(day(2025, 1, 15), day(2025, 6, 30))
        self.assertEqual(months[0], day(2025, 1, 31))
        self.assertEqual((len(months), months[-1]), (6, day(2025, 6, 30)))
        self.assertEqual(month_ends(day(2025, 1, 1), day(2025, 1, 30)), [])
        self.assertEqual(
            periods([(end, "quarter") for end in months]),
            [Period(day(2025, 1, 1), day(2025, 3, 31)), Period(day(2025, 4, 1), day(2025, 6, 30))],
        )
        self.assertEqual(
            periods([(day(2024, 12, 31), "year")]), [Period(day(2024, 1, 1), day(2024, 12, 31))]
        )

    def test_periods_whose_length_changes_do_not_overlap(self):
        ends = month_ends(date(2025, 1, 1), date(2025, 6, 30))
        lengths = ["month", "quarter", "quarter", "quarter", "month", "month"]
        found = periods(list(zip(ends, lengths, strict=True)))
        self.assertEqual(found[0], Period(date(2025, 1, 1), date(2025, 1, 31)))
        self.assertEqual(found[1], Period(date(2025, 2, 1), date(2025, 3, 31)))
        self.assertEqual([period.date_from for period in found[2:]], [date(2025, 4, 1), date(2025, 6, 1)])

    def test_prorated_by_calendar_days(self):
        january = Period(date(2025, 1, 1), date(2025, 1, 31))
        table = [
            # amount, first day, last day, precision -> part
            (310.0, 1, 31, CENT, 310.0),
            (310.0, 1, 1, CENT, 10.0),
            (310.0, 17, 31, CENT, 150.0),
            (100.0, 1, 15, CENT, 48.39),
            (100.0, 16, 31, CENT, 51.61),
            (1000.0, 1, 10, 1.0, 323.0),
            (0.0, 1, 15, CENT, 0.0),
        ]
        for amount, first, last, precision, part in table:
            with self.subTest(amount=amount, first=first, last=last):
                days = Period(date(2025, 1, first), date(2025, 1, last))
                self.assertEqual(prorate(amount, [days], january, precision), part)
        self.assertEqual(prorate(100.0, [], january, CENT), 0.0)
        gap = [Period(date(2025, 1, 1), date(2025, 1, 10)), Period(date(2025, 1, 22), date(2025, 1, 31))]
        self.assertEqual(prorate(310.0, gap, january, CENT), 200.0)

    def test_prorated_parts_add_up(self):
        rng = random.Random(5)
        for __ in range(500):
            length = rng.choice(["month", "quarter", "year"])
            end = date(2024, 12, 31) if length == "year" else date(2025, 6, 30)
            whole = full_period(Period(end, end), length)
            precision = rng.choice([1.0, 0.01, 0.001])
            units = rng.randint(0, 10**6)
            days = [whole.date_from.toordinal() + number for number in range(whole.days)]
            cuts = sorted(rng.sample(days[1:], rng.randint(0, 5)))
            starts, stops = [days[0], *cuts], [*(cut - 1 for cut in cuts), days[-1]]
            parts = [
                prorate(
                    units * precision,
                    [Period(date.fromordinal(start), date.fromordinal(stop))], whole, precision,
                )
                for start, stop in zip(starts, stops, strict=True)
            ]
            self.assertEqual(sum(round(part / precision) for part in parts), units)
            self.assertTrue(all(part >= 0 for part in parts))

    def test_common_days(self):
        january = Period(date(2025, 1, 1), date(2025, 1, 31))
        self.assertEqual(common_days(january, None, None), january)
        self.assertEqual(
            common_days(january, date(2025, 1, 20), date(2025, 2, 5)),
            Period(date(2025, 1, 20), date(2025, 1, 31)),
        )
        self.assertIsNone(common_days(january, date(2025, 2, 1), None))
        self.assertIsNone(common_days(january, None, date(2024, 12, 31)))

    def test_full_period(self):
        end = date(2025, 3, 31)
        self.assertEqual(full_period(Period(date(2025, 2, 1), end), "quarter").date_from, date(2025, 1, 1))
        self.assertEqual(full_period(Period(date(2025, 2, 1), end), "month").date_from, date(2025, 2, 1))
        self.assertEqual(full_period(Period(date(2025, 3, 1), end), "month").days, 31)

    def test_open_period(self):
        self.assertIsNone(open_period([], date(2025, 1, 31), "month"))
        self.assertEqual(
            open_period([], date(2025, 1, 15), "quarter"), Period(date(2025, 1, 1), date(2025, 3, 31))
        )
        done = [Period(date(2025, 1, 1), date(2025, 1, 31))]
        self.assertEqual(
            open_period(done, date(2025, 2, 10), "quarter"), Period(date(2025, 2, 1), date(2025, 3, 31))
        )

    def test_last_closed_month(self):
        self.assertEqual(last_closed_month(date(2025, 3, 31)), Period(date(2025, 2, 1), date(2025, 2, 28)))
        self.assertEqual(last_closed_month(date(2025, 1, 1)), Period(date(2024, 12, 1), date(2024, 12, 31)))
