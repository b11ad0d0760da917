"""Where a target stands today and where it will end. Pure: no database, no clock.

The run rate spreads a target evenly over the working days of its period: after 10 of 20 days half
of it is due. What was sold so far, continued at the same pace over the days that are left, is the
expected end of the period. An early warning compares what was sold with what is due, and waits for
the first few days to pass, whose pace says little.

A day has passed as far as its sales are among the actuals: what counts is when these were last
refreshed, not what day it is.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from math import fsum

HUNDRED = 100.0


Span = tuple[datetime, datetime]


def days_passed(spans: Iterable[Span], as_of: datetime | None) -> tuple[float, float]:
    """The working days of a period, and how many of them had passed at a moment.

    A day counts as one, however many hours it has; of a day that is under way counts the part of its
    hours that is over.

    :param spans: when work is done, each within one day; all with a time zone, or all without
    :param as_of: when the actuals were refreshed, ``None``: never, so that nothing has passed
    """
    hours: dict[date, timedelta] = {}
    over: dict[date, timedelta] = {}
    for begin, end in spans:
        day = begin.date()
        hours[day] = hours.get(day, timedelta()) + (end - begin)
        if as_of is None or as_of <= begin:
            continue
        # By the clock on the wall: the day on which summer time begins is over at its midnight, too.
        moment = as_of.astimezone(begin.tzinfo) if begin.tzinfo else as_of
        over[day] = over.get(day, timedelta()) + (min(moment, end) - begin)
    return float(len(hours)), fsum(spent / hours[day] for day, spent in over.items())


def calendar_spans(first: date, last: date, zone: tzinfo) -> list[Span]:
    """Every day from ``first`` to ``last`` as a whole: where no calendar says when work is done."""
    days = (date.fromordinal(number) for number in range(first.toordinal(), last.toordinal() + 1))
    return [
        (datetime.combine(day, time.min, zone), datetime.combine(day + timedelta(days=1), time.min, zone))
        for day in days
    ]


@dataclass(frozen=True, slots=True)
class Standing:
    """Target and actual of a person or customer in a period, in one currency or unit.

    :ivar actual: what was sold up to and including the last of ``days_done``
    :ivar days: working days in the period
    :ivar days_done: those of them that have passed, as of :func:`days_passed`
    """

    target: float
    actual: float
    days: float
    days_done: float

    def __post_init__(self):
        if not 0 <= self.days_done <= self.days:
            raise ValueError(
                f"{self.days_done} working days cannot have passed of a period of {self.days}."
            )

    @property
    def variance(self) -> float:
        """Actual less target: below zero while something is missing."""
        return self.actual - self.target

    @property
    def attainment(self) -> float | None:
        """Actual in percent of the target; ``None`` without a target."""
        return _percent(self.actual, self.target)

    @property
    def due(self) -> float:
        """The part of the target that the passed working days should have brought.

        A period without working days is due as a whole: no day is left that could bring anything.
        """
        return self.target * self.days_done / self.days if self.days else self.target

    @property
    def pace(self) -> float | None:
        """Actual in percent of what is due, 100 being on course; ``None`` where nothing is due."""
        return _percent(self.actual, self.due)

    @property
    def per_day(self) -> float | None:
        """What a working day brought; ``None`` before the first."""
        return self.actual / self.days_done if self.days_done else None

    @property
    def needed_per_day(self) -> float | None:
        """What each day left has to bring to reach the target, 0 if reached; ``None`` without days."""
        left = self.days - self.days_done
        if not left:
            return None
        missing = -self.variance
        return missing / left if missing * self.target > 0 else 0.0

    @property
    def expected(self) -> float | None:
        """The actual at the end of the period, if the days left go like those that have passed.

        ``None`` before the first day; what is there already, where there are no days at all.
        """
        if not self.days:
            return self.actual
        return None if self.per_day is None else self.actual + self.per_day * (self.days - self.days_done)


def _percent(part: float, whole: float) -> float | None:
    return HUNDRED * part / whole if whole else None


def total(standings: Iterable[Standing]) -> Standing:
    """Several periods of one person, or several persons in one period, as one.

    Working days are added up for consecutive periods; of parallel ones the days must be the same
    and the total keeps their proportion.
    """
    standings = tuple(standings)
    return Standing(
        fsum(standing.target for standing in standings),
        fsum(standing.actual for standing in standings),
        fsum(standing.days for standing in standings),
        fsum(standing.days_done for standing in standings),
    )


@dataclass(frozen=True, slots=True)
class WarningRule:
    """When somebody is warned.

    :ivar percent: pace below this is warned of (0-100 and more)
    :ivar min_share: at least so many percent of the working days must have passed
    :ivar min_target: targets below this, in its currency or unit, are nothing to warn of
    """

    percent: float = 80.0
    min_share: float = 25.0
    min_target: float = 0.0

    def __post_init__(self):
        if self.percent < 0 or self.min_share < 0 or self.min_target < 0:
            raise ValueError("Percentages and amounts of an early warning must not be negative.")

    def warns(self, standing: Standing) -> bool:
        """Whether ``standing`` lies so far behind its run rate that somebody should act.

        Not where there is no positive target, nor before anything is due.
        """
        if standing.target <= 0 or standing.target < self.min_target:
            return False
        if HUNDRED * standing.days_done < self.min_share * standing.days:
            return False
        pace = standing.pace
        return pace is not None and pace < self.percent


@dataclass(frozen=True, slots=True)
class Course:
    """Where several periods stand together, the target of each due by its own working days.

    :ivar actual: what was sold in all of them
    :ivar begun: the part of it that was sold in periods that have begun
    :ivar due: the sum of what is due in each
    """

    target: float
    actual: float
    begun: float
    due: float

    @property
    def pace(self) -> float | None:
        """What was sold in percent of what is due; ``None`` where nothing is due."""
        return _percent(self.begun, self.due)

    @property
    def expected(self) -> float | None:
        """The actual at the end, if the targets left are met as those due were; ``None`` where nothing
        is due. So a season that is planned for is expected as well."""
        if not self.due:
            return None
        return self.actual + (self.target - self.due) * self.begun / self.due


def course(standings: Iterable[Standing]) -> Course:
    """Several periods, one after the other or side by side, as one."""
    standings = tuple(standings)
    return Course(
        fsum(standing.target for standing in standings),
        fsum(standing.actual for standing in standings),
        fsum(standing.actual for standing in standings if standing.days_done),
        fsum(standing.due for standing in standings),
    )
