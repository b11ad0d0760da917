"""How old debts are. Pure: no database, no clock.

An item is due at the end of its due date: on the day after, it is one day overdue.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from datetime import date
from math import fsum

# The buckets of an ageing, and the days overdue with which each but the first begins.
BUCKETS = ("not_due", "days_1_30", "days_31_60", "days_61_90", "days_over_90")
STARTS = (1, 31, 61, 91)


def bucket(due: date, as_of: date) -> str:
    """The bucket on ``as_of`` of what falls due on ``due``."""
    return BUCKETS[bisect_right(STARTS, (as_of - due).days)]


def age(
    items: Iterable[tuple[date, float]], as_of: date, rounded: Callable[[float], float]
) -> dict[str, float]:
    """The sums of ``items`` by bucket on ``as_of``.

    :param items: pairs of a due date and what is open, all in one currency; credits are negative
    :param rounded: rounds an amount in that currency
    :return: {bucket: amount}, every one of :data:`BUCKETS`
    """
    amounts = {name: [] for name in BUCKETS}
    for due, amount in items:
        amounts[bucket(due, as_of)].append(amount)
    return {name: rounded(fsum(values)) for name, values in amounts.items()}
