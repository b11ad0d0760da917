from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from odoo.tests import BaseCase

from odoo.addons.order_to_cash.algorithms.run_rate import (
    Standing,
    WarningRule,
    calendar_spans,
    days_passed,
    total,
)


def office(*days):
    """Work from 8 to 12 and from 13 to 17 on days of June 2026."""
    return [
        (datetime(2026, 6, day, begin), datetime(2026, 6, day, begin + 4))
        for day in days for begin in (8, 13)
    ]


class TestDaysPassed(BaseCase):
    def test_days_pass_with_the_refresh_of_the_actuals(self):
        # 1 June 2026 is a Monday, the 4th a holiday.
        week = office(1, 2, 3, 5)
        for why, spans, as_of, passed in [
            ("never refreshed", week, None, (4, 0)),
            ("before the period", week, datetime(2026, 5, 31, 3), (4, 0)),
            ("the first night: nothing is sold yet", week, datetime(2026, 6, 1, 3), (4, 0)),
            ("at night today is not among the actuals", week, datetime(2026, 6, 2, 3), (4, 1)),
            ("at noon half of the day is", week, datetime(2026, 6, 2, 12, 30), (4, 1.5)),
            ("in the evening all of it is", week, datetime(2026, 6, 2, 19), (4, 2)),
            ("a holiday adds nothing", week, datetime(2026, 6, 4, 19), (4, 3)),
            ("the last night but one", week, datetime(2026, 6, 5, 3), (4, 3)),
            ("the period is over", week, datetime(2026, 6, 6, 3), (4, 4)),
            ("long over", week, datetime(2027, 1, 1), (4, 4)),
            ("a short day is a day", [*office(1), (datetime(2026, 6, 2, 8), datetime(2026, 6, 2, 10))],
             datetime(2026, 6, 2, 9), (2, 1.5)),
            ("a half period", office(3, 5), datetime(2026, 6, 4, 3), (2, 1)),
            ("no working days", [], datetime(2026, 6, 4, 3), (0, 0)),
        ]:
            with self.subTest(why):
                self.assertEqual(days_passed(spans, as_of), passed)

    def test_every_day_where_there_is_no_calendar(self):
        zone = ZoneInfo("Europe/Berlin")
        # Summer time begins on the 29th, which has 23 hours.
        spans = calendar_spans(date(2026, 3, 28), date(2026, 3, 30), zone)
        for as_of, passed in [
            (datetime(2026, 3, 28, tzinfo=zone), 0),
            (datetime(2026, 3, 28, 12, tzinfo=zone), 0.5),
            (datetime(2026, 3, 29, 22, tzinfo=ZoneInfo("UTC")), 2),
            (datetime(2026, 4, 1, tzinfo=zone), 3),
        ]:
            with self.subTest(as_of=as_of):
                self.assertEqual(days_passed(spans, as_of), (3, passed))

    def test_days_pass_one_after_the_other(self):
        spans, before = office(*range(1, 31)), 0
        for hour in range(24 * 32):
            days, done = days_passed(spans, datetime(2026, 5, 31) + timedelta(hours=hour))
            self.assertTrue(before <= done <= days == 30)
            before = done
        self.assertEqual(before, 30)


class TestStanding(BaseCase):
    def test_figures(self):
        for values, attainment, variance, due, pace, expected, needed in [
            # target, actual, days, done
            ((1000, 400, 20, 10), 40.0, -600, 500, 80.0, 800, 60.0),
            ((1000, 500, 20, 10), 50.0, -500, 500, 100.0, 1000, 50.0),
            ((1000, 1200, 20, 10), 120.0, 200, 500, 240.0, 2400, 0.0),
            ((1000, 900, 20, 20), 90.0, -100, 1000, 90.0, 900, None),
            ((1000, 0, 20, 0), 0.0, -1000, 0, None, None, 50.0),
            ((1000, 30, 20, 0), 3.0, -970, 0, None, None, 48.5),
            ((0, 300, 20, 10), None, 300, 0, None, 600, 0.0),
            ((1000, -100, 20, 10), -10.0, -1100, 500, -20.0, -200, 110.0),
            ((-1000, -400, 20, 10), 40.0, 600, -500, 80.0, -800, -60.0),
            ((1000, 250, 0, 0), 25.0, -750, 1000, 25.0, 250, None),
            ((1000, 150, 7.5, 1.5), 15.0, -850, 200, 75.0, 750, 850 / 6),
        ]:
            with self.subTest(values=values):
                standing = Standing(*values)
                self.assertEqual(standing.attainment, attainment)
                self.assertEqual(standing.variance, variance)
                self.assertEqual(standing.due, due)
                self.assertEqual(standing.pace, pace)
                self.assertEqual(standing.expected, expected)
                self.assertEqual(standing.needed_per_day, needed)

    def test_more_days_cannot_have_passed_than_there_are(self):
        for done in (-1, 21):
            with self.subTest(done=done), self.assertRaises(ValueError):
                Standing(1000, 0, 20, done)

    def test_periods_of_one_person_add_up(self):
        year = total([Standing(1000, 1100, 20, 20), Standing(1000, 400, 22, 11), Standing(1000, 0, 21, 0)])
        self.assertEqual(year, Standing(3000, 1500, 63, 31))
        self.assertEqual(total([]), Standing(0, 0, 0, 0))


class TestEarlyWarning(BaseCase):
    def test_who_is_warned(self):
        rule = WarningRule(percent=80, min_share=25)
        for why, values, is_warned in [
            ("79.8 % of what is due", (1000, 399, 20, 10), True),
            ("exactly 80 %", (1000, 400, 20, 10), False),
            ("the month is too young", (1000, 0, 20, 4), False),
            ("a quarter of the month has passed", (1000, 0, 20, 5), True),
            ("no target", (0, 0, 20, 10), False),
            ("a target of credit notes", (-1000, 0, 20, 10), False),
            ("no working days: all is due", (1000, 700, 0, 0), True),
            ("more is credited than sold", (1000, -50, 20, 10), True),
        ]:
            with self.subTest(why=why):
                self.assertEqual(rule.warns(Standing(*values)), is_warned)

    def test_small_targets_are_left_alone(self):
        rule = WarningRule(percent=80, min_target=500)
        self.assertFalse(rule.warns(Standing(499, 0, 20, 10)))
        self.assertTrue(rule.warns(Standing(500, 0, 20, 10)))

    def test_nothing_is_due_on_the_first_morning(self):
        self.assertFalse(WarningRule(percent=80, min_share=0).warns(Standing(1000, 0, 20, 0)))

    def test_a_rule_has_no_negative_figures(self):
        for values in [{"percent": -1}, {"min_share": -1}, {"min_target": -1}]:
            with self.subTest(values=values), self.assertRaises(ValueError):
                WarningRule(**values)
