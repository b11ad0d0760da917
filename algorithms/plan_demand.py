"""What planned sales ask of the stock. Pure: no database, no clock."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Planned:
    """What is to be sold in a period, both days included, in units of the product."""

    date_from: date
    date_to: date
    quantity: float


def demand(planned: Iterable[Planned], first: date, days: int) -> float:
    """What so many days from ``first`` on ask for, a period's quantity being even over its days."""
    last = first + timedelta(days=days - 1)
    total = 0.0
    for one in planned:
        length = (one.date_to - one.date_from).days + 1
        common = (min(last, one.date_to) - max(first, one.date_from)).days + 1
        total += one.quantity * max(common, 0) / length
    return total


def reordering(
    planned: Iterable[Planned], today: date, lead_days: int, cover_days: int
) -> tuple[float, float]:
    """Least and most stock of a reordering rule.

    The least lasts until what is ordered now has come, the most for so many days more.

    :raise ValueError: for days below zero
    """
    if lead_days < 0 or cover_days < 0:
        raise ValueError("Days must not be below zero.")
    planned = tuple(planned)
    return demand(planned, today, lead_days), demand(planned, today, lead_days + cover_days)
