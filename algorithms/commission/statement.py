"""What a payee earned and was paid in a range of days, in one currency. Pure: no database, no clock."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from .pricing import decimal

PAYMENT = "payment"


@dataclass(frozen=True, slots=True)
class Movement:
    """Something that changes what is owed to a payee.

    :ivar key: id of the ledger's row, or of the settlement that was paid
    :ivar kind: kind of the ledger's row, or ``payment``
    :ivar amount: what it adds to what is owed; negative for what was taken back or paid
    """

    key: int
    date: datetime.date
    kind: str
    amount: float

    @property
    def order(self):
        """By day; what was paid on a day comes after what was earned on it."""
        return (self.date, self.kind == PAYMENT, self.key)


@dataclass(frozen=True, slots=True)
class Line:
    """A movement and the balance after it."""

    movement: Movement
    balance: float


@dataclass(frozen=True, slots=True)
class Statement:
    """``opening`` and the amounts of ``lines`` add up to ``closing``.

    :ivar earned: sum of what was added and taken back, draws included; ``paid``: of the payments, positive
    """

    opening: float
    lines: tuple[Line, ...]
    closing: float
    earned: float
    paid: float

    def __bool__(self):
        return bool(self.opening or self.lines)


def build(opening: float, movements: Iterable[Movement]) -> Statement:
    """The statement of movements, in their order, exact to the cent."""
    balance = decimal(opening)
    paid = Decimal(0)
    lines = []
    for movement in sorted(movements, key=lambda item: item.order):
        amount = decimal(movement.amount)
        balance += amount
        if movement.kind == PAYMENT:
            paid -= amount
        lines.append(Line(movement, float(balance)))
    earned = balance - decimal(opening) + paid
    return Statement(float(opening), tuple(lines), float(balance), float(earned), float(paid))
