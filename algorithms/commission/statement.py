"""What a payee earned and was paid in a range of days, in one currency. Pure: no database, no clock."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from .pricing import decimal, to_units

PAYMENT = "payment"


@dataclass(frozen=True, slots=True)
class Movement:
    """Something that changes what is owed to a payee.

    :ivar key: id of the ledger's row, or of the settlement that was paid
    :ivar kind: kind of the ledger's row, or ``payment``
    :ivar date: the day on whose statement it is
    :ivar amount: what it adds to what is owed; negative for what was taken back or paid
    :ivar late_of: the day it is dated, where that was settled before it was written
    """

    key: int
    date: datetime.date
    kind: str
    amount: float
    late_of: datetime.date | None = None

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


def instalments(
    amount: float,
    billed: float,
    total: float,
    payments: Iterable[tuple[datetime.date, float]],
    rounding: float,
    is_paid: bool,
) -> list[tuple[datetime.date, float]]:
    """What payments of a bill, taxes included, have paid of a settlement, exact to the cent.

    :param amount: what the settlement comes to, below zero where the payee owes
    :param billed: what the bill comes to before taxes, with the sign of ``amount``
    :param total: what the bill comes to with taxes
    :param payments: day and amount of each, in the currency of ``total``
    :param rounding: of the currency of ``amount``
    :param is_paid: whether nothing of the settlement is owed any more
    :return: day and amount of each that changes what is owed
    """
    paid = before = Decimal(0)
    parts = []
    ordered = sorted(payments)
    for number, (day, payment) in enumerate(ordered, start=1):
        paid += decimal(payment)
        part = min(paid / decimal(total), Decimal(1)) if total else Decimal(1)
        # Who bills more is not owed less by the next settlement.
        settled = min(decimal(billed) * part, decimal(amount), key=abs)
        if is_paid and number == len(ordered):
            settled = decimal(amount)
        settled = to_units(settled, rounding) * decimal(rounding)
        if settled != before:
            parts.append((day, float(settled - before)))
        before = settled
    return parts
