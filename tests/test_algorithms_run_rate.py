from odoo.tests import BaseCase

from odoo.addons.order_to_cash.algorithms.run_rate import Standing, WarningRule, total


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
