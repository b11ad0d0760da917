"""How much of goods that were delivered came back or was credited. Pure: no database, no clock."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

DIGITS = 6


@dataclass(frozen=True, slots=True)
class Goods:
    """Goods of one order line that went to the customer, or came back.

    :ivar quantity: below zero of what came back
    :ivar of: the delivery that came back, or the return that was replaced, where it is known
    """

    key: Hashable
    quantity: float
    of: Hashable | None = None


def taken_back(goods: Iterable[Goods], invoiced: float = 0.0, credited: float = 0.0) -> dict:
    """How much of each delivery of an order line earns nothing any more.

    What came back is taken from the delivery that it says, and otherwise, or where that has not so much
    left, from the deliveries before it, the latest first. What was credited beyond what is invoiced and not
    delivered is taken from the latest first as well, as far as it is more than what came back: goods that
    came back and are credited count once. Goods that were replaced are with the customer again: they did
    not come back. Never more is taken than was delivered.

    :param goods: in the order in which they moved
    :param invoiced: quantity on invoices
    :param credited: quantity that credit notes are worth
    :return: {key of a delivery: quantity}, for each of them, in the unit of the goods
    """
    goods = list(goods)
    delivered = {one.key: one.quantity for one in goods if one.quantity > 0}
    left = {}
    for one in goods:
        if one.quantity > 0:
            left[one.key] = one.quantity
            continue
        rest = -one.quantity
        if one.of in left:
            rest = _take(left, [one.of], rest)
        _take(left, reversed(left), rest)
    returned = sum(delivered.values()) - sum(left.values())
    replaced = min(_replaced(goods), returned)
    undelivered = max(0.0, invoiced - sum(delivered.values()) + replaced)
    _take(left, reversed(left), credited - undelivered - (returned - replaced))
    return {key: round(quantity - left[key], DIGITS) for key, quantity in delivered.items()}


def _replaced(goods):
    """How much went to the customer in place of what had come back."""
    returns = {one.key for one in goods if one.quantity < 0}
    return sum(one.quantity for one in goods if one.quantity > 0 and one.of in returns)


def _take(left, keys, quantity):
    """Take a quantity from what is left of deliveries; what they have not is returned."""
    for key in list(keys):
        if round(quantity, DIGITS) <= 0:
            return 0.0
        part = min(left[key], quantity)
        left[key] -= part
        quantity -= part
    return quantity
