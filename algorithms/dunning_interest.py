"""Interest on late payment.

Interest runs from the day after an item fell due, or after the last day that was charged, to the
day of the reminder: residual × rate / 100 × days / 365, in segments between which payments arrived.
A payment counts from its own day. Nothing is rounded on the way; the sum is, once, by the currency.

What is disputed or promised bears no interest meanwhile. Its interest of those days is due once it is
claimed after all.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from math import fsum

DAYS_A_YEAR = 365


@dataclass(frozen=True, slots=True)
class Payment:
    """A part of an item that was settled on ``date``; a payment taken back is negative."""

    date: date
    amount: float


@dataclass(frozen=True, slots=True)
class Segment:
    """From ``start`` to ``end``, in ``end - start`` days, ``residual`` was open."""

    start: date
    end: date
    residual: float

    @property
    def days(self) -> int:
        return (self.end - self.start).days


def segments(
    residual: float, payments: Iterable[Payment], start: date, end: date
) -> list[Segment]:
    """What was open between two days, in the order of time.

    :param residual: open at the end of ``end``
    :param payments: those made after ``start``; others are ignored
    :return: segments that follow each other without a gap; none when ``end`` is not after ``start``
    """
    between = sorted(
        (payment for payment in payments if start < payment.date <= end),
        key=lambda payment: payment.date,
        reverse=True,
    )
    found = []
    later = end
    for payment in between:
        if payment.date < later:
            found.append(Segment(start=payment.date, end=later, residual=residual))
            later = payment.date
        residual += payment.amount
    if start < later:
        found.append(Segment(start=start, end=later, residual=residual))
    return found[::-1]


@dataclass(frozen=True, slots=True)
class Deferred:
    """``amount`` of an item bore no interest from ``start`` to ``end``, at ``rate`` per cent a year,
    since it was not claimed then."""

    start: date
    end: date
    amount: float
    rate: float

    def claimed(self, residual: float, stopped: float) -> float:
        """What of the amount is claimed by now.

        :param residual: what of the item is claimed now
        :param stopped: what else of it is open, and not claimed
        """
        return max(min(self.amount, residual + stopped) - stopped, 0.0)

    def interest(self, residual: float, stopped: float) -> float:
        """The interest, not rounded, on what is claimed by now; arguments as of :meth:`claimed`."""
        days = (self.end - self.start).days
        return self.claimed(residual, stopped) * days * self.rate / 100 / DAYS_A_YEAR


def interest(
    residual: float,
    payments: Iterable[Payment],
    rate: float,
    start: date,
    end: date,
    round_amount: Callable[[float], float],
    before: float = 0.0,
) -> float:
    """The interest on an item from ``start`` (its due date, or the last day that was charged) to
    ``end``.

    :param rate: per cent a year
    :param before: interest, not rounded, of days before ``start`` that is due as well
    :raises ValueError: when the rate is negative
    """
    if rate < 0:
        raise ValueError("the rate of interest is negative")
    parts = segments(residual, payments, start, end)
    return round_amount(
        fsum(part.residual * part.days for part in parts) * rate / 100 / DAYS_A_YEAR + before
    )
