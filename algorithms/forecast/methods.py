"""The methods, each as a pair of functions: what it learns from a history, and what it then expects.

Learning is apart from expecting so that a method can be tested on several dates with the little it
has to learn learnt before the first of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from .seasonal import View, least_for_index, line
from .smoothing import (
    continue_trend,
    first_level,
    first_line,
    fit_level,
    fit_season,
    fit_trend,
    smooth_level,
    smooth_season,
    smooth_trend,
)

CROSTON_ALPHA = 0.1
LEAST_FOR_TREND = 6


@dataclass(frozen=True, slots=True)
class Method:
    """A way to forecast.

    :ivar learn: from a view and what was learnt before (or ``None``) to what ``expect`` wants
    :ivar expect: from a view, a horizon and what was learnt to the forecast
    :ivar least: from the season to how many periods of history it needs
    """

    learn: Callable[[View, Any], Any]
    expect: Callable[[View, int, Any], list[float]]
    least: Callable[[int], float]


def moving_average(values: Sequence[float], window: int, horizon: int) -> list[float]:
    """The mean of the last ``window`` values (FPP3, 5.2)."""
    last = values[-window:]
    return [sum(last) / len(last)] * horizon


def seasonal_naive(values: Sequence[float], season: int, horizon: int) -> list[float]:
    """The same as in the last year (FPP3, 5.2)."""
    year = values[-season:]
    return [year[ahead % season] for ahead in range(horizon)]


def linear_trend(values: Sequence[float], horizon: int) -> list[float]:
    """The straight line of least squares (FPP3, 7.4)."""
    level, slope = line(values)
    return [level + slope * (len(values) + ahead) for ahead in range(horizon)]


def theta(values: Sequence[float], alpha: float, horizon: int) -> list[float]:
    """Simple exponential smoothing with half the slope of the straight line.

    V. Assimakopoulos and K. Nikolopoulos, *The theta model*, IJF 16 (2000), in the form of R. J.
    Hyndman and B. Billah, *Unmasking the Theta method*, IJF 19 (2003).
    """
    _error, level = smooth_level(values, alpha, first_level(values))
    _start, slope = line(values)
    behind = (1 - (1 - alpha) ** len(values)) / alpha
    return [level + slope / 2 * (ahead + behind) for ahead in range(horizon)]


def croston(values: Sequence[float], alpha: float, horizon: int) -> list[float]:
    """Sales a period of a sparse series: smoothed size by smoothed interval, times 1 - α / 2.

    J. D. Croston, *Forecasting and stock control for intermittent demands*, ORQ 23 (1972), with the
    correction of A. A. Syntetos and J. E. Boylan, *The accuracy of intermittent demand estimates*,
    IJF 21 (2005). Both start with the mean of all sizes and intervals, since there are few.
    """
    sales = [(position, value) for position, value in enumerate(values) if value]
    if not sales:
        return [0.0] * horizon
    size = sum(value for _position, value in sales) / len(sales)
    interval = (sales[-1][0] + 1) / len(sales)
    last = -1
    for position, value in sales:
        size += alpha * (value - size)
        interval += alpha * (position - last - interval)
        last = position
    return [(1 - alpha / 2) * size / interval] * horizon


def _learn_window(view, _before):
    """A quarter, half a year or a year: which of them was nearest one period ahead."""
    values, count = view.values, len(view.values)
    windows = sorted({max(view.season // 4, 1), max(view.season // 2, 1), view.season})
    windows = [window for window in windows if window < count]
    if not windows:
        return max(count, 1)

    def error(window):
        total, running = 0.0, sum(values[windows[-1] - window : windows[-1]])
        for position in range(windows[-1], count):
            total += (values[position] - running / window) ** 2
            running += values[position] - values[position - window]
        return total

    return min(windows, key=error)


def _expect_trend(values, season, horizon, learnt):
    alpha, share, phi = learnt
    level, trend = first_line(values, season)
    _error, level, trend = smooth_trend(values, alpha, alpha * share, phi, level, trend)
    return continue_trend(level, trend, phi, horizon)


def _trend_with_season(is_damped):
    """Holt's method on what remains when the season is divided out."""
    return Method(
        lambda view, before: fit_trend(view.divided, view.season, is_damped, before),
        lambda view, horizon, learnt: view.multiply_season(
            _expect_trend(view.divided, view.season, horizon, learnt)
        ),
        _least_for_trend,
    )


def _holt_winters(is_damped):
    return Method(
        lambda view, before: fit_season(view.values, view.added, view.less, is_damped, before),
        _expect_season,
        _least_for_season,
    )


def _expect_season(view, horizon, learnt):
    alpha, share, phi, gamma = learnt
    level, trend = first_line(view.less, view.season)
    _error, level, trend, season = smooth_season(
        view.values, alpha, alpha * share, phi, gamma * (1 - alpha), level, trend, view.added
    )
    start = len(view.values)
    return [
        value + season[(start + ahead) % view.season]
        for ahead, value in enumerate(continue_trend(level, trend, phi, horizon))
    ]


def _least_for_trend(season):
    return max(season // 2, LEAST_FOR_TREND)


def _least_for_season(season):
    return max(least_for_index(season), LEAST_FOR_TREND) if season > 1 else inf


METHODS = {
    "moving_average": Method(
        _learn_window,
        lambda view, horizon, window: moving_average(view.values, window, horizon),
        lambda _season: 1,
    ),
    "seasonal_naive": Method(
        lambda _view, _before: None,
        lambda view, horizon, _learnt: seasonal_naive(view.values, view.season, horizon),
        lambda season: season,
    ),
    "linear_trend": Method(
        lambda _view, _before: None,
        lambda view, horizon, _learnt: view.multiply_season(linear_trend(view.divided, horizon)),
        _least_for_season,
    ),
    "holt_winters": _holt_winters(is_damped=False),
    "holt_winters_damped": _holt_winters(is_damped=True),
    "holt": _trend_with_season(is_damped=False),
    "holt_damped": _trend_with_season(is_damped=True),
    "theta": Method(
        lambda view, before: fit_level(view.divided, before),
        lambda view, horizon, learnt: view.multiply_season(theta(view.divided, learnt[0], horizon)),
        _least_for_trend,
    ),
    "croston": Method(
        lambda _view, _before: CROSTON_ALPHA,
        lambda view, horizon, alpha: croston(view.values, alpha, horizon),
        lambda _season: 1,
    ),
}
COMBINED = ("holt_winters_damped", "holt", "holt_damped")
