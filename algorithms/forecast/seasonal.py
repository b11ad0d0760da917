"""The seasonal index of a series, and the series without it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log

from .history import is_positive


@dataclass(frozen=True, slots=True)
class View:
    """A series as the methods look at it.

    :ivar values: in the order of time
    :ivar season: periods a year
    :ivar added: what the season adds to each position of the year, counted from the first value
    :ivar factors: what it multiplies with; ``None`` unless all values are well above zero
    :ivar less: the values less what the season adds
    :ivar divided: the values divided by the factors, or the same as ``less`` without factors
    """

    values: Sequence[float]
    season: int
    added: Sequence[float]
    factors: Sequence[float] | None
    less: Sequence[float]
    divided: Sequence[float]

    def add_season(self, forecast: Sequence[float]) -> list[float]:
        """A forecast of ``less`` as one of the series."""
        start, season = len(self.values), self.season
        return [value + self.added[(start + ahead) % season] for ahead, value in enumerate(forecast)]

    def multiply_season(self, forecast: Sequence[float]) -> list[float]:
        """A forecast of ``divided`` as one of the series."""
        if not self.factors:
            return self.add_season(forecast)
        start, season = len(self.values), self.season
        return [value * self.factors[(start + ahead) % season] for ahead, value in enumerate(forecast)]


def least_for_index(season: int) -> int:
    """How many periods a seasonal index needs: a year and a half."""
    return season + season // 2


def view(values: Sequence[float], season: int) -> View:
    """A series with its seasonal index, which is none at all where the series is too short."""
    if season < 2 or len(values) < least_for_index(season):
        added = [0.0] * season
        return View(values, season, added, None, values, values)
    added = seasonal_index(values, season)
    less = [value - added[position % season] for position, value in enumerate(values)]
    if not is_positive(values):
        return View(values, season, added, None, less, less)
    factors = [exp(value) for value in seasonal_index([log(value) for value in values], season)]
    divided = [value / factors[position % season] for position, value in enumerate(values)]
    return View(values, season, added, factors, less, divided)


def seasonal_index(values: Sequence[float], season: int) -> list[float]:
    """What each position of the year adds to the trend; the index adds up to zero.

    Classical decomposition (FPP3, 3.4), whose trend, a centred moving average, is continued to both
    ends by a straight line through its outermost year. The index is then drawn towards zero by as
    much as chance could have made it (James and Stein; D. M. Miller and D. Williams, *Shrinkage
    estimators of time series seasonal factors*, IJF 19 (2003)), which is all the way where there is
    no season.
    """
    trend = _trend(values, season)
    loose = [value - level for value, level in zip(values, trend, strict=True)]
    means = [_mean(loose[position::season]) for position in range(season)]
    centre = _mean(means)
    index = [mean - centre for mean in means]
    size = sum(value * value for value in index)
    if not size:
        return index
    noise = sum((value - means[position % season]) ** 2 for position, value in enumerate(loose))
    noise_of_index = noise / max(len(values) - season - 1, 1) * season / len(values)
    kept = max(0.0, 1 - max(season - 3, 1) * noise_of_index / size)
    return [kept * value for value in index]


def line(values: Sequence[float]) -> tuple[float, float]:
    """Level at the first value, and slope, of the straight line of least squares."""
    count = len(values)
    mean = sum(values) / count
    if count < 2:
        return mean, 0.0
    middle = (count - 1) / 2
    slope = sum((place - middle) * value for place, value in enumerate(values))
    slope /= count * (count * count - 1) / 12
    return mean - slope * middle, slope


def _trend(values, season):
    if len(values) < 2 * season:
        return _trend_of_pairs(values, season)
    centred = _centred_average(values, season)
    before = season // 2
    after = len(values) - before - len(centred)
    reach = min(len(centred), season)
    level, slope = line(centred[:reach])
    head = [level + slope * (place - before) for place in range(before)]
    level, slope = line(centred[-reach:])
    return [*head, *centred, *(level + slope * (reach + place) for place in range(after))]


def _trend_of_pairs(values, season):
    """The line whose slope is the mean growth from one year to the next, free of the season."""
    slope = _mean([new - old for old, new in zip(values, values[season:], strict=False)]) / season
    level = _mean(values) - slope * (len(values) - 1) / 2
    return [level + slope * place for place in range(len(values))]


def _centred_average(values, season):
    """Moving average of a year from half a year on; of two such averages where the year is even."""
    total = sum(values[:season])
    if season % 2:
        result = [total / season]
        for old, new in zip(values, values[season:], strict=False):
            total += new - old
            result.append(total / season)
        return result
    result = []
    for old, new in zip(values, values[season:], strict=False):
        result.append((total + (new - old) / 2) / season)
        total += new - old
    return result


def _mean(values):
    return sum(values) / len(values)
