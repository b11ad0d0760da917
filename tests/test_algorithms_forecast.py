import random
from math import exp, isfinite, sin

from odoo.tests import BaseCase

from odoo.addons.order_to_cash.algorithms.forecast import METHODS, forecast
from odoo.addons.order_to_cash.algorithms.forecast.choice import origins, scale
from odoo.addons.order_to_cash.algorithms.forecast.history import (
    History,
    is_sparse,
    tidy,
    without_spikes,
)
from odoo.addons.order_to_cash.algorithms.forecast.methods import (
    croston,
    linear_trend,
    moving_average,
    seasonal_naive,
    theta,
)
from odoo.addons.order_to_cash.algorithms.forecast.seasonal import seasonal_index, view
from odoo.addons.order_to_cash.algorithms.forecast.smoothing import (
    continue_trend,
    smooth_season,
    smooth_trend,
)

# International airline passengers in thousands, 1957 to 1960: G. E. P. Box and G. M. Jenkins, Time
# Series Analysis, 1976, series G
AIRLINE = (
    (315, 301, 356, 348, 355, 422, 465, 467, 404, 347, 305, 336),
    (340, 318, 362, 348, 363, 435, 491, 505, 404, 359, 310, 337),
    (360, 342, 406, 396, 420, 472, 548, 559, 463, 407, 362, 405),
    (417, 391, 419, 461, 472, 535, 622, 606, 508, 461, 390, 432),
)
SHAPE = (5, -3, 0, 8, -10, 2, 4, -6, 1, -1, -12, 12)


def seasonal(months, level=100.0, slope=0.0, noise=0.0, seed=1):
    """Months around a line, with the season of SHAPE and some noise."""
    rng = random.Random(seed)
    return [
        level + slope * month + SHAPE[month % 12] + (rng.gauss(0, noise) if noise else 0)
        for month in range(months)
    ]


class TestMethods(BaseCase):
    def assert_near(self, found, expected):
        self.assertEqual(len(found), len(expected))
        for one, other in zip(found, expected, strict=True):
            self.assertAlmostEqual(one, other, delta=1e-9 * max(1, abs(other)))

    def test_moving_average(self):
        self.assertEqual(moving_average([1, 2, 3, 4], 2, 3), [3.5, 3.5, 3.5])
        self.assertEqual(moving_average([1, 2, 3], 12, 1), [2])

    def test_seasonal_naive(self):
        self.assertEqual(seasonal_naive([1, 2, 3, 4, 5], 4, 6), [2, 3, 4, 5, 2, 3])

    def test_linear_trend(self):
        self.assert_near(linear_trend([1, 3, 5], 2), [7, 9])
        self.assert_near(linear_trend([0, 3, 0], 2), [1, 1])
        self.assertEqual(linear_trend([4], 2), [4, 4])

    def test_theta(self):
        # Smoothed by 0.5 from the mean 4: 3, 3.5, 4.75; half of the slope 2, counted from 1.75 on.
        self.assert_near(theta([2, 4, 6], 0.5, 3), [6.5, 7.5, 8.5])

    def test_croston(self):
        # Sizes 4.5, 4.35, 4.515; intervals 2.5, 2.45, 2.505; 0.95 of the last by the last.
        self.assert_near(croston([0, 3, 0, 0, 6], 0.1, 2), [0.95 * 4.515 / 2.505] * 2)
        self.assertEqual(croston([0, 0], 0.1, 2), [0, 0])
        self.assert_near(croston([2, 2, 2], 0.1, 1), [1.9])

    def test_holt(self):
        # Errors 1.1 and 1.542
        self.assert_near(smooth_trend([10, 12], 0.5, 0.2, 0.9, 8, 1), [3.587764, 11.229, 1.3164])
        self.assertEqual(continue_trend(10, 2, 0.5, 3), [11, 11.5, 11.75])
        self.assertEqual(continue_trend(10, 2, 1, 3), [12, 14, 16])

    def test_holt_winters(self):
        # Errors 0 and 4
        error, level, trend, season = smooth_season([10, 20], 0.5, 0.1, 1, 0.2, 11, 1, [-2, 3])
        self.assert_near([error, level, trend, *season], [16, 15, 1.4, -2, 3.8])

    def test_additive_methods_move_with_the_series(self):
        values = seasonal(40, slope=1.5, noise=4)
        here, there = view(values, 12), view([value + 1000 for value in values], 12)
        for name in ("moving_average", "seasonal_naive", "holt_winters", "holt_winters_damped"):
            with self.subTest(method=name):
                method = METHODS[name]
                learnt = method.learn(here, None)
                expected = [value + 1000 for value in method.expect(here, 12, learnt)]
                self.assert_near(method.expect(there, 12, learnt), expected)

    def test_a_line_with_a_season_is_continued(self):
        values = seasonal(72, slope=2)
        for name in ("holt_winters", "holt_winters_damped"):
            with self.subTest(method=name):
                seen = view(values[:60], 12)
                found = METHODS[name].expect(seen, 12, METHODS[name].learn(seen, None))
                for one, other in zip(found, values[60:], strict=True):
                    self.assertAlmostEqual(one, other, delta=3)


class TestSeason(BaseCase):
    def test_a_clean_season_is_found(self):
        for months in (24, 30, 36, 60):
            for slope in (0, 3):
                with self.subTest(months=months, slope=slope):
                    index = seasonal_index(seasonal(months, slope=slope), 12)
                    self.assertAlmostEqual(sum(index), 0)
                    for found, expected in zip(index, SHAPE, strict=True):
                        self.assertAlmostEqual(found, expected, delta=0.5)

    def test_quarters_and_odd_years(self):
        for shape in ((4, -1, -6, 3), (2, -3, 1)):
            with self.subTest(shape=shape):
                count = len(shape)
                index = seasonal_index([50 + 2 * at + shape[at % count] for at in range(6 * count)], count)
                for found, expected in zip(index, shape, strict=True):
                    self.assertAlmostEqual(found, expected, delta=0.5)

    def test_noise_is_hardly_taken_for_a_season(self):
        rng = random.Random(3)
        sizes = []
        for _case in range(40):
            index = seasonal_index([rng.gauss(0, 1) for _month in range(36)], 12)
            sizes.append(sum(value * value for value in index) / 12)
        # Means of three values would have a variance of a third.
        self.assertLess(sum(sizes) / len(sizes), 0.12)

    def test_factors_need_values_above_zero(self):
        self.assertTrue(view(seasonal(36), 12).factors)
        self.assertIsNone(view(seasonal(36, level=11), 12).factors)
        self.assertIsNone(view(seasonal(17), 12).factors)


class TestHistory(BaseCase):
    def test_where_it_begins(self):
        for why, values, expected in [
            ("a new customer", [0, 0, 0, 5, 6, 7], History((5, 6, 7), skipped=3)),
            ("somebody who buys now and then", [0, 0, 5, 0, 0, 6], History((0, 0, 5, 0, 0, 6))),
            ("a single sale says nothing of when it began", [0, 0, 5], History((0, 0, 5))),
            ("nothing known before", [None, 0, 0, 5, 0], History((0, 0, 5, 0), skipped=1)),
            ("no sale", [0, None, 0], History((), skipped=3)),
            ("nothing", [], History(())),
        ]:
            with self.subTest(why=why):
                self.assertEqual(tidy(values, 12), expected)

    def test_gaps(self):
        self.assertEqual(tidy([1, None, None, 4], 12).values, (1, 2, 3, 4))
        self.assertEqual(tidy([1, 2, None], 12).values, (1, 2, 2))
        self.assertEqual(tidy([1, 8, 3, None, 3, 9], 2), History((1, 8, 3, 8.5, 3, 9), filled=1))

    def test_illegal_figures(self):
        for value in (float("nan"), float("inf")):
            with self.subTest(value=value), self.assertRaises(ValueError):
                tidy([1, value], 12)

    def test_sparse(self):
        self.assertTrue(is_sparse([1, 0, 1, 0]))
        self.assertFalse(is_sparse([1, 1, 1, 1, 0]))
        self.assertFalse(is_sparse([]))

    def test_one_off_figures(self):
        usual = seasonal(36, noise=2)
        spiked = [*usual[:20], 900.0, *usual[21:]]
        cleaned = without_spikes(spiked, 12)
        self.assertLess(abs(cleaned[20] - usual[20]), 12)
        self.assertEqual(cleaned[:20] + cleaned[21:], usual[:20] + usual[21:])
        december = [value + 300 * (at % 12 == 11) for at, value in enumerate(usual)]
        self.assertEqual(without_spikes(december, 12), december)
        step = [value + 300 * (at > 20) for at, value in enumerate(usual)]
        self.assertEqual(without_spikes(step, 12), step)


class TestChoice(BaseCase):
    def test_scale(self):
        self.assertEqual(scale([1, 2, 3, 4, 7, 4], 4), 4)
        self.assertEqual(scale([1, 2, 4], 4), 1.5)
        self.assertEqual(scale([1], 4), 0)

    def test_dates_of_the_test(self):
        for count, season, expected in [
            (0, 12, []),
            (2, 12, []),
            (3, 12, [2]),
            (13, 12, [12]),
            (16, 12, [12, 13, 14, 15]),
            (24, 12, [18, 19, 20, 21, 22, 23]),
            (36, 12, [24, 27, 30, 33]),
            (48, 12, [24, 30, 36, 39, 42, 45]),
            (8, 4, [6, 7]),
            (12, 4, [8, 9, 10, 11]),
        ]:
            with self.subTest(count=count, season=season):
                self.assertEqual(origins(count, season), expected)

    def test_errors_by_hand(self):
        # The mean of 2, 3, 4 misses 5 by 2 and 6 by 3; that of 3, 4, 5 misses 6 by 2.
        outcome = forecast([1, 2, 3, 4, 5, 6], 2)
        self.assertEqual(outcome.method, "moving_average")
        self.assertAlmostEqual(outcome.score.mae, 7 / 3)
        self.assertAlmostEqual(outcome.score.rmse, (17 / 3) ** 0.5)
        self.assertAlmostEqual(outcome.score.mase, 7 / 3)
        self.assertEqual(outcome.values, (5, 5))

    def test_the_least_error_is_chosen(self):
        outcome = forecast(seasonal(40, slope=1, noise=5), 12)
        self.assertEqual(outcome.score, outcome.scores[0])
        self.assertEqual(outcome.method, outcome.score.method)
        self.assertEqual(outcome.score.mase, min(score.mase for score in outcome.scores))
        self.assertEqual(
            {score.method for score in outcome.scores}, (METHODS.keys() | {"combination"}) - {"croston"}
        )

    def test_plain_histories(self):
        for why, history, method, expected in [
            ("nothing", [], "none", 0),
            ("never a sale", [0] * 36, "none", 0),
            ("nothing known", [None] * 3, "none", 0),
            ("one month", [100], "moving_average", 100),
            ("constant", [7] * 36, "moving_average", 7),
            ("constant, short", [7] * 5, "moving_average", 7),
            ("constant credit", [-7] * 20, "moving_average", -7),
            ("a customer lost last year", [90, 110] * 12 + [0] * 12, None, 0),
            ("a new customer", [0] * 30 + [99, 101] * 3, None, 100),
            ("a one-off order", [99, 101] * 10 + [5000] + [101, 99] * 7, None, 100),
        ]:
            with self.subTest(why=why):
                outcome = forecast(history, 12)
                if method:
                    self.assertEqual(outcome.method, method)
                for value in outcome.values:
                    self.assertAlmostEqual(value, expected, delta=3)

    def test_a_year_that_repeats_itself(self):
        outcome = forecast(seasonal(36), 14)
        self.assertEqual(outcome.method, "seasonal_naive")
        self.assertEqual(outcome.values, tuple(seasonal(50)[36:]))
        self.assertEqual((outcome.score.mase, outcome.lower), (0, outcome.values))

    def test_seldom_sales(self):
        rng = random.Random(5)
        history = [rng.choice((0, 0, 0, 10, 20)) for _month in range(48)]
        outcome = forecast(history, 12)
        self.assertIn("croston", {score.method for score in outcome.scores})
        self.assertAlmostEqual(sum(outcome.values) / 12, sum(history) / 48, delta=2)

    def test_twice_as_much_makes_twice_the_forecast(self):
        for factor in (2.0, 0.125, 1000.0, 1e-9, 1e250):
            history = seasonal(38, slope=1, noise=6)
            one, other = forecast(history, 12), forecast([factor * value for value in history], 12)
            with self.subTest(factor=factor):
                self.assertEqual(one.method, other.method)
                for mine, yours in zip(one.values + one.upper, other.values + other.upper, strict=True):
                    self.assertAlmostEqual(yours / factor / mine, 1, places=6)

    def test_airline_passengers(self):
        history = [value for year in AIRLINE[:3] for value in year]
        outcome = forecast(history, 12)

        def error(values):
            return sum(abs(one - other) for one, other in zip(values, AIRLINE[3], strict=True)) / 12

        self.assertLess(error(outcome.values), error(AIRLINE[2]) / 2)
        inside = zip(outcome.lower, AIRLINE[3], outcome.upper, strict=True)
        self.assertGreaterEqual(sum(low <= value <= high for low, value, high in inside), 9)

    def test_the_band_holds_about_what_it_says(self):
        held = tried = 0
        for seed in range(60):
            values = seasonal(48, noise=8, seed=seed)
            outcome = forecast(values[:36], 12)
            for low, value, high in zip(outcome.lower, values[36:], outcome.upper, strict=True):
                held += low <= value <= high
                tried += 1
        self.assertGreater(held / tried, 0.7)
        self.assertLess(held / tried, 0.95)

    def test_growth(self):
        outcome = forecast([100] * 12 + [110] * 12, 3).grown(10)
        plain = forecast([100] * 12 + [110] * 12, 3)
        self.assertEqual(outcome.values, tuple(1.1 * value for value in plain.values))
        with self.assertRaises(ValueError):
            plain.grown(-101)

    def test_wrong_parameters(self):
        for options in [{"horizon": -1}, {"season": 0}, {"coverage": 0}, {"coverage": 1}]:
            with self.subTest(options=options), self.assertRaises(ValueError):
                forecast([1, 2], **({"horizon": 1} | options))

    def test_any_series(self):
        rng = random.Random(9)
        kinds = (
            lambda _at: rng.gauss(0, 1),
            lambda _at: 0 if rng.random() < 0.7 else rng.randint(1, 9),
            lambda _at: exp(rng.gauss(0, 3)),
            lambda _at: None if rng.random() < 0.3 else rng.uniform(5, 6),
            lambda at: 1e12 * (1 + sin(at)),
            lambda _at: -rng.random(),
        )
        for _case in range(150):
            kind, season, horizon = rng.choice(kinds), rng.choice((1, 4, 5, 12)), rng.randint(0, 25)
            history = [kind(at) for at in range(rng.randint(0, 60))]
            outcome = forecast(history, horizon, season)
            self.assertEqual([len(outcome.values), len(outcome.upper)], [horizon, horizon])
            for low, value, high in zip(outcome.lower, outcome.values, outcome.upper, strict=True):
                self.assertTrue(isfinite(low) and isfinite(high))
                self.assertLessEqual(low, value)
                self.assertLessEqual(value, high)
