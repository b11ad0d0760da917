"""The periods of a sales plan. Pure: no database, no clock."""

from bisect import bisect_right
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

MONTHS = {"month": 1, "quarter": 3}
MAX_PERIODS = 120


@dataclass(frozen=True, slots=True)
class Period:
    """Both days belong to it."""

    date_from: date
    date_to: date


def shift(day: date, months: int) -> date:
    """The same day so many months later (earlier below 0), or the last of that month if shorter.

    The last day of a month stays the last: a year before 28 February 2025 is 29 February 2024.
    """
    month = day.year * 12 + day.month - 1 + months
    last = monthrange(month // 12, month % 12 + 1)[1]
    is_last = day.day == monthrange(day.year, day.month)[1]
    return date(month // 12, month % 12 + 1, last if is_last else min(day.day, last))


def cut(date_from: date, date_to: date, months: int) -> list[Period]:
    """A range in periods of so many months, which begin with the month of ``date_from``.

    The first and the last may be shorter.

    :raise ValueError: for a range that is empty or makes more than ``MAX_PERIODS`` periods
    """
    if months < 1 or date_to < date_from:
        raise ValueError("A plan ends after it begins, and its periods have one month at least.")
    periods, first = [], date_from.replace(day=1)
    while first <= date_to:
        following = shift(first, months)
        last = min(following, date_to) if following > date_to else date.fromordinal(following.toordinal() - 1)
        periods.append(Period(max(first, date_from), last))
        first = following
        if len(periods) > MAX_PERIODS:
            raise ValueError(f"A plan has {MAX_PERIODS} periods at the most.")
    return periods


def index_of(periods: Sequence[Period], day: date) -> int | None:
    """Which of the consecutive periods a day lies in, ``None`` where in none."""
    at = bisect_right([period.date_from for period in periods], day) - 1
    return at if at >= 0 and day <= periods[at].date_to else None
