"""What payments give to the orders that they pay. Pure: no database, no clock."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import floor


@dataclass(frozen=True, slots=True)
class Payment:
    """A confirmed payment of ``amount`` for ``orders``; below zero it pays back.

    ``booked`` says whether the ledger has it already.
    """

    amount: float
    orders: tuple[Hashable, ...]
    booked: bool = False


def share_out(amount: float, weights: Sequence[float], digits: int) -> list[float]:
    """Parts of ``amount`` in proportion to ``weights`` that add up to it.

    Each part is rounded to ``digits`` decimal places; what rounding leaves goes to the parts that
    it took most from, the first of equals first. Weights below zero count as zero; where all do,
    the parts are equal.
    """
    if not weights:
        return []
    unit = 10**digits
    units = abs(round(amount * unit))
    sign = -1 if amount < 0 else 1
    weights = [max(weight, 0.0) for weight in weights]
    total = sum(weights)
    if not total:
        weights, total = [1.0] * len(weights), float(len(weights))
    exact = [units * weight / total for weight in weights]
    parts = [floor(part) for part in exact]
    by_loss = sorted(range(len(parts)), key=lambda i: parts[i] - exact[i])
    for i in by_loss[: units - sum(parts)]:
        parts[i] += 1
    return [sign * part / unit for part in parts]


def paid_by_order(
    payments: Iterable[Payment], amounts: Mapping[Hashable, float], digits: int
) -> dict[Hashable, tuple[float, float]]:
    """What was paid for each order: {order: (paid, booked part of it)}.

    A payment for several orders is shared among them by what is still open of each, in the order
    of the payments; when nothing is, by what they are worth. So no order gets more than it asks
    for as long as another one has something open. What is paid back is taken from those that were
    paid.

    :param amounts: what each order is worth; all amounts are in one currency
    :param digits: decimal places of the currency
    """
    paid = dict.fromkeys(amounts, 0.0)
    booked = dict.fromkeys(amounts, 0.0)
    for payment in payments:
        orders = payment.orders
        if payment.amount < 0:
            weights = [paid[order] for order in orders]
        else:
            weights = [round(amounts[order] - paid[order], digits) for order in orders]
        if all(weight <= 0 for weight in weights):
            weights = [amounts[order] for order in orders]
        for order, part in zip(orders, share_out(payment.amount, weights, digits), strict=True):
            paid[order] = round(paid[order] + part, digits)
            if payment.booked:
                booked[order] = round(booked[order] + part, digits)
    return {order: (paid[order], booked[order]) for order in amounts}
