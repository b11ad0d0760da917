"""Exponential smoothing in error-correction form, and the search for its parameters.

The recursions are those of the additive state space models of R. J. Hyndman, A. B. Koehler, J. K.
Ord and R. D. Snyder, *Forecasting with Exponential Smoothing*, 2008 (FPP3, 8): after each value with
error e, level = level + φ·trend + α·e, trend = φ·trend + β·e, season = season + γ·e. With φ = 1 they
are Holt's and, with a season, Holt and Winters' additive method; φ < 1 damps the trend (E. S.
Gardner and E. McKenzie, *Forecasting trends in time series*, Management Science 31 (1985)).

Parameters are those with the least squared error one step ahead, found by a search along the axes
from the best of a few starting points; they are compared on a series of at the most some hundred
values, where a finer search gains nothing.
"""

from collections.abc import Callable, Sequence

from .seasonal import line

SMALLEST, LARGEST = 0.01, 0.99
DAMPED = (0.8, 0.98)
LARGEST_TREND = 0.3

Vector = tuple[float, ...]


def smooth_level(values: Sequence[float], alpha: float, level: float) -> tuple[float, float]:
    """Squared error and last level of simple exponential smoothing."""
    total = 0.0
    for value in values:
        error = value - level
        total += error * error
        level += alpha * error
    return total, level


def smooth_trend(
    values: Sequence[float], alpha: float, beta: float, phi: float, level: float, trend: float
) -> tuple[float, float, float]:
    """Squared error, last level and trend of Holt's method, damped by ``phi``."""
    total = 0.0
    for value in values:
        trend *= phi
        error = value - level - trend
        total += error * error
        level += trend + alpha * error
        trend += beta * error
    return total, level, trend


def smooth_season(
    values: Sequence[float],
    alpha: float,
    beta: float,
    phi: float,
    gamma: float,
    level: float,
    trend: float,
    season: Sequence[float],
) -> tuple[float, float, float, list[float]]:
    """Squared error, last level, trend and season of Holt and Winters' additive method."""
    season, count, position, total = list(season), len(season), 0, 0.0
    for value in values:
        trend *= phi
        error = value - level - trend - season[position]
        total += error * error
        level += trend + alpha * error
        trend += beta * error
        season[position] += gamma * error
        position += 1
        if position == count:
            position = 0
    return total, level, trend, season


def first_level(values: Sequence[float]) -> float:
    """Where simple smoothing starts: the mean of the first half year or so."""
    head = values[:6]
    return sum(head) / len(head)


def first_line(values: Sequence[float], season: int) -> tuple[float, float]:
    """Level before the first value, and trend: the straight line through the first year."""
    level, slope = line(values[: max(season, 6)])
    return level - slope, slope


def continue_trend(level: float, trend: float, phi: float, horizon: int) -> list[float]:
    """Level + (φ + φ² + … + φʰ)·trend for each step ahead."""
    result, damping, reach = [], 1.0, 0.0
    for _step in range(horizon):
        damping *= phi
        reach += damping
        result.append(level + reach * trend)
    return result


def fit_level(values: Sequence[float], start: Vector | None = None) -> Vector:
    """α of simple smoothing."""
    level = first_level(values)
    return _search(
        lambda point: smooth_level(values, point[0], level)[0],
        [start] if start else [(0.05,), (0.2,), (0.4,), (0.7,), (0.95,)],
        ((SMALLEST, LARGEST),),
    )


def fit_trend(
    values: Sequence[float], season: int, is_damped: bool, start: Vector | None = None
) -> Vector:
    """(α, β / α, φ) of Holt's method, damped or with φ = 1."""
    level, trend = first_line(values, season)
    phi, phis = _phi(is_damped)
    # A trend that is not damped has to change slowly, or it runs away.
    most = LARGEST if is_damped else LARGEST_TREND
    starts = [(alpha, share, phi) for alpha in (0.15, 0.5, 0.9) for share in (0.02, 0.2)]
    return _search(
        lambda point: smooth_trend(values, point[0], point[0] * point[1], point[2], level, trend)[0],
        [start] if start else starts,
        ((SMALLEST, LARGEST), (0.0, most), phis),
    )


def fit_season(
    values: Sequence[float],
    index: Sequence[float],
    less: Sequence[float],
    is_damped: bool,
    start: Vector | None = None,
) -> Vector:
    """(α, β / α, φ, γ / (1 - α)) of Holt and Winters' method.

    :param index: the season it starts with
    :param less: the values less the index
    """
    level, trend = first_line(less, len(index))
    phi, phis = _phi(is_damped)
    most = LARGEST if is_damped else LARGEST_TREND
    starts = [(alpha, 0.05, phi, gamma) for alpha in (0.1, 0.4, 0.8) for gamma in (0.05, 0.3)]

    def error(point):
        alpha, share, phi, gamma = point
        return smooth_season(
            values, alpha, alpha * share, phi, gamma * (1 - alpha), level, trend, index
        )[0]

    return _search(
        error,
        [start] if start else starts,
        ((SMALLEST, LARGEST), (0.0, most), phis, (0.0, LARGEST)),
    )


def _phi(is_damped):
    return (0.92, DAMPED) if is_damped else (1.0, (1.0, 1.0))


def _search(
    error: Callable[[Vector], float],
    starts: Sequence[Vector],
    bounds: Sequence[tuple[float, float]],
    fineness: float = 0.15,
) -> Vector:
    """The point with the least error near the best start.

    Each axis is tried one step up and down; when no step helps, steps are halved, from a tenth of
    the axis down to ``fineness`` of that.
    """
    least, best = min((error(start), start) for start in starts)
    steps = [(high - low) / 10 for low, high in bounds]
    axes = [axis for axis, step in enumerate(steps) if step]
    scale = 1.0
    while scale > fineness:
        is_better = False
        for axis in axes:
            low, high = bounds[axis]
            for step in (steps[axis] * scale, -steps[axis] * scale):
                moved = min(max(best[axis] + step, low), high)
                if moved == best[axis]:
                    continue
                point = (*best[:axis], moved, *best[axis + 1 :])
                tried = error(point)
                if tried < least:
                    least, best, is_better = tried, point, True
                    break
        if not is_better:
            scale /= 2
    return best
