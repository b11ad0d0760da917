"""A history made fit for forecasting: where it begins, gaps, one-off figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, isfinite, log
from statistics import median

SPARSE_INTERVAL = 1.32
IMPROBABLE = 0.05
SPIKE = 8.0
LEAST_FOR_LOGARITHMS = 0.01
MAD_TO_DEVIATION = 1.4826


@dataclass(frozen=True, slots=True)
class History:
    """A series without gaps, from where it begins to mean anything.

    :ivar values: in the order of time
    :ivar skipped: how many periods before that were left out
    :ivar filled: how many unknown periods were filled in
    """

    values: tuple[float, ...]
    skipped: int = 0
    filled: int = 0


def tidy(values: Sequence[float | None], season: int) -> History:
    """The history from the day there was a customer, without gaps.

    Periods before the first sale are left out where somebody who bought as often as he did
    afterwards would hardly have let them all pass: then there was no customer, rather than no sale.

    An unknown period (``None``) gets the mean of the same period a year before and after, or else
    lies on the line between its neighbours. A period without a sale is 0, and is no gap.
    """
    values = [None if value is None else float(value) for value in values]
    if not all(value is None or isfinite(value) for value in values):
        raise ValueError("A history must be made of finite numbers, or None where nothing is known.")
    first = next((position for position, value in enumerate(values) if value), len(values))
    start = first if _is_new(values[first:], first) else _first_known(values)
    known = values[start:]
    gaps = [position for position, value in enumerate(known) if value is None]
    full = list(known)
    for gap in gaps:
        full[gap] = _fill(known, gap, season)
    return History(tuple(full), start, len(gaps))


def _is_new(values, waiting):
    """Whether ``waiting`` periods without a sale are improbable, by the sales after the first."""
    if not values:
        return True
    later = [value for value in values[1:] if value is not None]
    often = sum(1 for value in later if value) / len(later) if later else 0.0
    return (1 - often) ** waiting < IMPROBABLE


def _first_known(values):
    return next(position for position, value in enumerate(values) if value is not None)


def _fill(known, gap, season):
    a_year_away = [
        known[position]
        for position in (gap - season, gap + season)
        if 0 <= position < len(known) and known[position] is not None
    ]
    if a_year_away:
        return sum(a_year_away) / len(a_year_away)
    before = next(position for position in range(gap, -1, -1) if known[position] is not None)
    after = next((at for at in range(gap, len(known)) if known[at] is not None), None)
    if after is None:
        return known[before]
    share = (gap - before) / (after - before)
    return known[before] + share * (known[after] - known[before])


def is_sparse(values: Sequence[float]) -> bool:
    """Whether sales are so seldom that they are better seen one by one.

    That is where the mean interval between them is above 1.32 periods: J. E. Boylan, A. A. Syntetos
    and G. C. Karakostas, *Classification for forecasting and stock control*, JORS 59 (2008).
    """
    sales = sum(1 for value in values if value)
    return bool(sales) and len(values) > SPARSE_INTERVAL * sales


def is_positive(values: Sequence[float]) -> bool:
    """Whether all values are so well above zero that they are best compared by their ratios."""
    return min(values) > LEAST_FOR_LOGARITHMS * abs(sum(values) / len(values))


def without_spikes(values: Sequence[float], season: int) -> Sequence[float]:
    """The values, with what happened only once replaced by what is usual at that time of the year.

    A one-off stands out both from the periods around it and from the same period of other years, by
    more than eight standard deviations as the median absolute deviation estimates them (F. R.
    Hampel, *The influence curve and its role in robust estimation*, JASA 69 (1974)). A peak season
    is no one-off, and neither is a step to a new level. Where most years are the same to the cent, it
    has to be twice or half of what is usual.
    """
    if season < 2 or len(values) < 2 * season:
        return values
    has_ratios = is_positive(values)
    compared = [log(value) for value in values] if has_ratios else values
    usual = [_around(compared, position, season) for position in range(len(values))]
    nearby = [_around(compared, position, 1) for position in range(len(values))]
    least = log(2) if has_ratios else sum(map(abs, values)) / len(values)
    spikes = _far_from(compared, usual, least) & _far_from(compared, nearby, least)
    return [
        (exp(usual[position]) if has_ratios else usual[position]) if position in spikes else value
        for position, value in enumerate(values)
    ]


def _far_from(values, others, least):
    """The positions where values are farther from others than chance, if there is any, would have it."""
    distances = [abs(value - other) for value, other in zip(values, others, strict=True)]
    limit = SPIKE * MAD_TO_DEVIATION * median(distances) or least
    return {position for position, distance in enumerate(distances) if distance > limit}


def _around(values, position, step):
    """The median of the two values before and after, ``step`` apart."""
    places = (position - 2 * step, position - step, position + step, position + 2 * step)
    return median(values[place] for place in places if 0 <= place < len(values))
