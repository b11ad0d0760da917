"""Which method forecasts a series, how wrong it was before, and within which band it is to be read.

Every method is tested from several dates of the last year (of the last two, of a long history): what
it learnt before the first of them, and the history up to the date, give a forecast that is compared
with what came (rolling origin; FPP3, 5.10). The least mean absolute error wins. It is shown in units
and scaled (MASE) by the mean absolute error of repeating the last year: R. J. Hyndman and A. B.
Koehler, *Another look at measures of forecast accuracy*, IJF 22 (2006). Sparse series are compared by
the squared error instead: half of their periods being empty, the absolute error would be least for
a forecast of nothing at all (so did the M5 competition: S. Makridakis, E. Spiliotis and V.
Assimakopoulos, *The M5 competition*, IJF 38 (2022)).

The combination is the mean of three kinds of trend and season, which seldom is far off (J. M. Bates
and C. W. J. Granger, *The combination of forecasts*, ORQ 20 (1969)).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import frexp, fsum, inf, sqrt
from statistics import NormalDist, pstdev

from .history import is_sparse, tidy, without_spikes
from .methods import COMBINED, METHODS
from .seasonal import least_for_index, view

COMBINATION = "combination"
NOTHING = "none"
CLOSE = 1e-9
NEIGHBOURS = 2
# Chosen so that bands of 80 % held nearly 80 % of the months held back from half of the series tried.
FEW_DATES = 2.5


@dataclass(frozen=True, slots=True)
class Score:
    """How wrong a method was on the last year of a history.

    :ivar mase: mean absolute error, 1 being that of repeating the last year; ``None`` where the
        years repeat each other exactly
    :ivar mae: the same in the unit of the history
    :ivar rmse: root of the mean squared error in the unit of the history
    """

    method: str
    mase: float | None
    mae: float
    rmse: float

    def times(self, unit: float) -> "Score":
        """The same of a history ``unit`` times as large."""
        return replace(self, mae=self.mae * unit, rmse=self.rmse * unit)


@dataclass(frozen=True, slots=True)
class Forecast:
    """What to expect, one figure a period from the first after the history.

    :ivar method: the method chosen, or ``none`` where there was never a sale
    :ivar lower: with ``upper`` the band into which a figure falls with the probability ``coverage``,
        by the errors made on the history; the forecasts of many customers or products added up are
        nearer than their bands added up
    :ivar score: how wrong the method was; ``None`` where the history is too short to test
    :ivar scores: of all the methods tried, the best first
    :ivar skipped: periods before the first sale that were left out, there being no customer yet
    :ivar filled: unknown periods that were filled in
    """

    method: str
    values: tuple[float, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    coverage: float
    score: Score | None = None
    scores: tuple[Score, ...] = ()
    skipped: int = 0
    filled: int = 0

    def grown(self, percent: float) -> "Forecast":
        """The same with growth on top: figures and band times 1 + ``percent`` / 100."""
        if percent < -100:
            raise ValueError("Nothing can shrink by more than 100 %.")
        factor = 1 + percent / 100
        return replace(
            self,
            values=tuple(factor * value for value in self.values),
            lower=tuple(factor * value for value in self.lower),
            upper=tuple(factor * value for value in self.upper),
        )


def forecast(
    history: Sequence[float | None], horizon: int, season: int = 12, coverage: float = 0.8
) -> Forecast:
    """Forecast ``horizon`` periods by the method that was the nearest so far.

    :param history: one figure a period, in any one unit, the last the most recent whole period; 0
        where nothing was sold, negative where more was credited than sold, ``None`` where unknown
    :param season: periods a year: 12 for months, 4 for quarters, 1 for years
    :param coverage: the share of the outcomes that the band is to hold
    :raise ValueError: for figures that are not finite, or parameters out of range
    """
    if horizon < 0 or season < 1:
        raise ValueError("A forecast needs a horizon of 0 or more and a season of 1 or more.")
    if not 0 < coverage < 1:
        raise ValueError("The coverage of a band lies between 0 and 1.")
    known = tidy(history, season)
    if not known.values:
        nothing = (0.0,) * horizon
        return Forecast(NOTHING, nothing, nothing, nothing, coverage, None, (), known.skipped, known.filled)
    # A power of two, so that nothing is rounded and figures of any size can be squared.
    unit = 2.0 ** frexp(max(map(abs, known.values)))[1]
    test = _Test([value / unit for value in known.values], season, horizon)
    method = test.best()
    # Where nothing was ever credited, less than nothing is not to be expected.
    floor = 0.0 if min(test.values) >= 0 else -inf
    values = [max(value, floor) for value in test.final(method)]
    widths = _widths(test.errors.get(method, ()), test.values, horizon, coverage)
    scores = tuple(score.times(unit) for score in test.ranking())
    return Forecast(
        method,
        tuple(unit * value for value in values),
        tuple(unit * max(value - width, floor) for value, width in zip(values, widths, strict=True)),
        tuple(unit * (value + width) for value, width in zip(values, widths, strict=True)),
        coverage,
        scores[0] if scores else None,
        scores,
        known.skipped,
        known.filled,
    )


def scale(values: Sequence[float], season: int) -> float:
    """Mean absolute error of repeating the last year, or the last period of a short history."""
    lag = season if len(values) > season else 1
    if len(values) <= lag:
        return 0.0
    changes = [abs(new - old) for old, new in zip(values, values[lag:], strict=False)]
    return fsum(changes) / len(changes)


def origins(count: int, season: int) -> list[int]:
    """How many periods of a history are known at each of the dates a forecast is tested from."""
    if count >= 2 * season:
        tested = max(min(season, count - least_for_index(season)), 1)
    elif count > season:
        tested = min(max(season // 2, 1), count - season)
    else:
        tested = min(max(season // 2, 1), count // 3)
    if not tested:
        return []
    step = max(tested // 4, 1)
    dates = list(range(count - tested, count, step))
    if count >= 4 * season:
        dates = [count - 2 * season, count - season - season // 2, *dates]
    return dates


class _Test:
    """The methods on the recent past of a series."""

    def __init__(self, values, season, horizon):
        self.values = values
        self.season = season
        self.horizon = horizon
        self.is_sparse = is_sparse(values)
        self.dates = origins(len(values), season)
        least = self.dates[0] if self.dates else len(values)
        self.methods = [
            name
            for name, method in METHODS.items()
            if method.least(season) <= least and (self.is_sparse or name != "croston")
        ]
        self.learnt = {}
        self.errors = self._errors()

    def best(self):
        """The method with the least error; without a test what suits the little there is."""
        ranking = self.ranking()
        if ranking:
            return ranking[0].method
        return "croston" if self.is_sparse else "moving_average"

    def ranking(self):
        """The scores, the best first; of equals the simpler first."""
        unit = scale(self.values, self.season)
        scores = [_score(name, errors, unit) for name, errors in self.errors.items()]
        close = CLOSE * max(map(abs, self.values))
        if not scores:
            return ()

        def error(score):
            return score.rmse if self.is_sparse else score.mae

        least = min(map(error, scores))
        best = next(score for score in scores if error(score) <= least + close)
        others = sorted((score for score in scores if score is not best), key=error)
        return (best, *others)

    def final(self, name):
        """The forecast of a method from the end of the history."""
        return self._forecasts(self._view(len(self.values)), self.horizon, [name], relearn=True)[name]

    def _errors(self):
        """Of every method its (steps ahead, error)."""
        errors = {}
        for date in self.dates:
            ahead = min(len(self.values) - date, max(self.horizon, 1))
            for name, values in self._forecasts(self._view(date), ahead, self.methods).items():
                made = errors.setdefault(name, [])
                for step, value in enumerate(values):
                    made.append((step + 1, self.values[date + step] - value))
        return errors

    def _view(self, date):
        known = self.values[:date]
        return view(known if self.is_sparse else without_spikes(known, self.season), self.season)

    def _forecasts(self, seen, ahead, names, relearn=False):
        wanted = [one for name in names for one in (COMBINED if name == COMBINATION else [name])]
        result = {}
        for name in wanted:
            if relearn or name not in self.learnt:
                self.learnt[name] = METHODS[name].learn(seen, self.learnt.get(name))
            result[name] = METHODS[name].expect(seen, ahead, self.learnt[name])
        if set(COMBINED) <= result.keys():
            parts = zip(*(result[name] for name in COMBINED), strict=True)
            result[COMBINATION] = [sum(part) / len(COMBINED) for part in parts]
        return result


def _score(name, errors, unit):
    mae = fsum(abs(error) for _ahead, error in errors) / len(errors)
    rmse = sqrt(fsum(error * error for _ahead, error in errors) / len(errors))
    mase = mae / unit if unit else (None if mae else 0.0)
    return Score(name, mase, mae, rmse)


def _widths(errors, values, horizon, coverage):
    """Half the width of the band for every step ahead, which never narrows.

    The deviation of a step is that of the errors at most two steps nearer or farther, made larger by
    the root of 1 + ``FEW_DATES`` / the number of dates from which that step was tested: errors from
    one date go together, and the method was chosen because its errors are small. Beyond the farthest
    tested step it grows with the root of the distance. Without errors, the history's own deviation
    stands in, and the size of a single figure.
    """
    reach = NormalDist().inv_cdf((1 + coverage) / 2)
    if not errors:
        deviation = pstdev(values) if len(values) > 1 else abs(values[0])
        return [reach * deviation] * horizon
    farthest = max(ahead for ahead, _error in errors)
    widths, widest = [], 0.0
    for step in range(1, horizon + 1):
        if step <= farthest:
            near = [error for ahead, error in errors if abs(ahead - step) <= NEIGHBOURS]
            dates = sum(1 for ahead, _error in errors if ahead == step)
            variance = fsum(error * error for error in near) / len(near)
            widest = max(widest, sqrt(variance * (1 + FEW_DATES / dates)))
        widths.append(reach * widest * sqrt(max(step / farthest, 1)))
    return widths
