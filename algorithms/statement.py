"""A customer's statement of account in one currency. Pure: no database, no clock."""

import datetime
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import fsum

from .ageing import age


@dataclass(frozen=True, slots=True)
class Entry:
    """A document on the statement.

    ``amount`` is what it adds to the balance, negative for what the customer has paid or is
    credited. ``open`` is what is left of it at the end. ``key`` is the id of its journal item;
    ``kind`` is ``invoice``, ``credit_note``, ``payment``, ``settled`` (what was settled by
    somebody else or in another currency) or ``other``. ``customer`` owes it.
    """

    key: int
    date: datetime.date
    due: datetime.date
    kind: str
    amount: float
    customer: int
    open: float = 0.0


@dataclass(frozen=True, slots=True)
class Line:
    """An entry and the balance after it."""

    entry: Entry
    balance: float


@dataclass(frozen=True, slots=True)
class Statement:
    """``opening`` and the amounts of ``lines`` add up to ``closing``, which is the sum of
    ``open_items`` and of ``ageing`` (by bucket) as well."""

    currency: int
    opening: float
    lines: tuple[Line, ...]
    closing: float
    open_items: tuple[Entry, ...] = ()
    ageing: Mapping[str, float] = field(default_factory=dict)

    @property
    def overdue(self) -> float:
        """What is past due, credits past their date taken off."""
        return fsum(amount for name, amount in self.ageing.items() if name != "not_due")


def build(
    currency: int,
    opening: float,
    movements: Iterable[Entry],
    open_items: Iterable[Entry],
    date_to: datetime.date,
    rounded: Callable[[float], float],
) -> Statement:
    """The statement at the end of ``date_to``.

    :param opening: the balance before the first movement
    :param movements: what changed the balance, in any order
    :param open_items: what is open at the end, in any order
    :param rounded: rounds an amount in the currency
    """
    balance = opening = rounded(opening)
    lines = []
    for entry in sorted(movements, key=lambda entry: (entry.date, entry.key, entry.amount)):
        balance = rounded(balance + entry.amount)
        lines.append(Line(entry, balance))
    items = tuple(sorted(open_items, key=lambda entry: (entry.due, entry.date, entry.key)))
    return Statement(
        currency=currency,
        opening=opening,
        lines=tuple(lines),
        closing=balance,
        open_items=items,
        ageing=age([(item.due, item.open) for item in items], date_to, rounded),
    )
