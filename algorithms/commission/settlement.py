"""What is paid for a settlement period besides the commission on sales. Pure: no database, no clock.

Of the commission of an agreement in a period, in this order:

1. ``accelerator``: so many percent of the commission on top, and ``bonus``: a sum once, both by the band
   that the attainment of the sales plan lies in.
2. ``cap``: what exceeds the cap is taken off, below zero.
3. ``guarantee``: what is missing to the guaranteed amount.
4. ``draw``: what is missing to the draw. Of a recoverable one it is lent: in later periods, what the
   commission exceeds the draw of that period by is taken off (``recover``, below zero) until it is paid
   back.

A period is always reckoned as a whole, once its last day is settled. What is written down for it already is
no argument: whoever writes adds the difference, so that it does not matter in how many settlements, or in
which order, a period was settled. Draws tie the periods of an agreement, and of those that succeed it,
together and are reckoned over all of them, in the order of their days.

Cap, guarantee and draw count for the days of the period on which the agreement is in force, by calendar days
(:func:`prorate`). Bonus and accelerator do not: the attainment of the period decides on them.
"""

from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from ..apportion import from_units, to_units
from .tiers import Band, find

MONTHS = {"month": 1, "quarter": 3, "year": 12}
PARTS = ("accelerator", "bonus", "cap", "guarantee", "draw", "recover")
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Terms:
    """What is agreed for a period, in the payee's currency; 0: nothing.

    :ivar accelerators: bands of attainment in percent, with extra percent as rate
    :ivar bonuses: bands of attainment in percent, with an amount as rate
    """

    cap: float = 0.0
    guarantee: float = 0.0
    draw: float = 0.0
    is_recoverable: bool = True
    accelerators: tuple[Band, ...] = ()
    bonuses: tuple[Band, ...] = ()

    def __bool__(self):
        return bool(self.cap or self.guarantee or self.draw or self.accelerators or self.bonuses)


@dataclass(frozen=True, slots=True)
class Earned:
    """What sales of a period earned before any of this.

    :ivar commission: in the payee's currency, below zero when more was taken back
    :ivar attainment: in percent, ``None`` where nothing was planned
    """

    commission: float
    attainment: float | None = None


@dataclass(frozen=True, slots=True)
class Extra:
    """Accelerator, bonus, cap and guarantee of a period; ``net`` is what is due before any draw."""

    accelerator: float
    bonus: float
    cap: float
    guarantee: float
    net: float


@dataclass(frozen=True, slots=True)
class DrawTerms:
    """What is due for a period, and the draw agreed for it."""

    net: float
    draw: float = 0.0
    is_recoverable: bool = True


@dataclass(frozen=True, slots=True)
class Drawn:
    """``draw`` is paid besides, ``recover`` (0 or below) taken off; ``balance`` is still lent after it."""

    draw: float
    recover: float
    balance: float


@dataclass(frozen=True, slots=True)
class Period:
    """First and last day, both included."""

    date_from: date
    date_to: date

    @property
    def days(self):
        return (self.date_to - self.date_from).days + 1


def prorate(amount: float, spans: Iterable[Period], period: Period, precision: float) -> float:
    """The part of an amount that is agreed for a period which certain days of it have.

    It is what is due until the last of the days less what was due before the first one, each rounded to the
    currency. So the parts of days that follow each other add up to the whole, however it is cut.

    :param spans: days within the period, none of them twice; none at all has nothing
    :param precision: the smallest unit of the currency
    """
    units = to_units(amount, precision)

    def until(day):
        passed = (day - period.date_from).days + 1
        return int((Decimal(units) * passed / period.days).to_integral_value(ROUND_HALF_UP))

    parts = sum(until(span.date_to) - until(span.date_from - ONE_DAY) for span in spans)
    return from_units(parts, precision)


def common_days(period: Period, first: date | None, last: date | None) -> Period | None:
    """The days of a period from one day until another, ``None`` where there are none.

    :param first: ``None``: no beginning, as ``last``: no end
    """
    start = max(period.date_from, first) if first else period.date_from
    end = min(period.date_to, last) if last else period.date_to
    return Period(start, end) if start <= end else None


def full_period(period: Period, length: str) -> Period:
    """The days that what is agreed for a period is for.

    A period that was cut short because the length has changed is a part of a longer one.

    :param length: ``month``, ``quarter``, ``year``
    """
    end = period.date_to
    start = date(end.year, (end.month - 1) // MONTHS[length] * MONTHS[length] + 1, 1)
    return Period(min(start, period.date_from), end)


def extra(earned: Earned, terms: Terms, precision: float) -> Extra:
    """What a period brings besides, of the agreement's commission.

    :param precision: the smallest unit of the payee's currency
    """
    commission = to_units(earned.commission, precision)
    accelerator = _accelerator(commission, earned.attainment, terms)
    bonus = _bonus(earned.attainment, terms, precision)
    total = commission + accelerator + bonus
    cap = min(0, to_units(terms.cap, precision) - total) if terms.cap else 0
    total += cap
    guarantee = max(0, to_units(terms.guarantee, precision) - total) if terms.guarantee else 0
    return Extra(
        *(from_units(units, precision) for units in (accelerator, bonus, cap, guarantee, total + guarantee))
    )


def draws(periods: Iterable[DrawTerms], precision: float) -> list[Drawn]:
    """Draws of the periods of one agreement, or of some that succeed each other.

    :param periods: in the order of their days
    """
    balance = 0
    result = []
    for period in periods:
        net, promised = to_units(period.net, precision), to_units(period.draw, precision)
        draw = max(0, promised - net) if promised else 0
        recover = max(0, min(balance, net - promised))
        balance += (draw if period.is_recoverable else 0) - recover
        result.append(Drawn(*(from_units(units, precision) for units in (draw, -recover, balance))))
    return result


def periods(ends: Sequence[tuple[date, str]]) -> list[Period]:
    """Settlement periods that follow each other without a gap or an overlap.

    :param ends: last days of months that follow each other, each with the length of the settlement period
        then in force (``month``, ``quarter``, ``year``). When it changes, the first period of the new length
        begins after the last of the old one.
    """
    result = []
    for end, length in ends:
        months = MONTHS[length]
        if end.month % months:
            continue
        start = result[-1].date_to + ONE_DAY if result else date(end.year, end.month - months + 1, 1)
        result.append(Period(start, end))
    return result


def open_period(done: Sequence[Period], day: date, length: str) -> Period | None:
    """The period that is under way on a day, ``None`` where one ends on it.

    :param done: the periods that have ended by then, as :func:`periods` returns them
    :param length: ``month``, ``quarter``, ``year``
    """
    months = MONTHS[length]
    last = -(-day.month // months) * months
    end = date(day.year, last, monthrange(day.year, last)[1])
    if day == end:
        return None
    start = date(day.year, last - months + 1, 1)
    return Period(max(start, done[-1].date_to + ONE_DAY) if done else start, end)


def month_ends(first: date, last: date) -> list[date]:
    """The last days of months from the month of ``first`` until the day ``last``, if it is one."""
    result = []
    year, month = first.year, first.month
    while (end := date(year, month, monthrange(year, month)[1])) <= last:
        result.append(end)
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return result


def last_closed_month(today: date) -> Period:
    """The month before that of ``today``."""
    end = today.replace(day=1) - ONE_DAY
    return Period(end.replace(day=1), end)


def _accelerator(commission, attainment, terms):
    """Commission that was taken back on balance is not made worse."""
    band = _band(terms.accelerators, attainment)
    if not band or commission <= 0:
        return 0
    part = Decimal(commission) * Decimal(str(band.rate)) / 100
    return int(part.to_integral_value(ROUND_HALF_UP))


def _bonus(attainment, terms, precision):
    band = _band(terms.bonuses, attainment)
    return to_units(band.rate, precision) if band else 0


def _band(bands, attainment):
    return find(bands, attainment) if bands and attainment is not None else None
