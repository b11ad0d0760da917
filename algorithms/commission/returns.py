"""How much of goods that were delivered came back or was credited. Pure: no database, no clock."""

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

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


@dataclass(slots=True)
class Gone:
    """What became of a delivery.

    :ivar quantity: how much of it earns nothing any more
    :ivar replaced: how much of that was delivered once more
    :ivar by: {return: how much of it that brought back}
    """

    delivered: float
    quantity: float = 0.0
    replaced: float = 0.0
    by: dict = field(default_factory=lambda: defaultdict(float))


def taken_back(goods: Iterable[Goods], invoiced: float = 0.0, credited: float = 0.0) -> dict:
    """How much of each delivery of an order line earns nothing any more.

    What came back is taken from the delivery that it says, and otherwise, or where that has not so much
    left, from the deliveries before it, the latest first. What came back beyond what had left by then is
    taken from the deliveries after it: in whichever order they come, the same is left of all. What was
    credited beyond what is invoiced and not delivered is taken from the latest first as well, as far as it
    is more than what came back: goods that came back and are credited count once. Goods that were replaced
    are with the customer again: they did not come back. Never more is taken than was delivered.

    :param goods: in the order in which they moved
    :param invoiced: quantity on invoices
    :param credited: quantity that credit notes are worth
    :return: {key of a delivery: :class:`Gone`}, for each of them, in the unit of the goods
    """
    goods = list(goods)
    found = {one.key: Gone(one.quantity) for one in goods if one.quantity > 0}
    seen, beyond = {}, []
    for one in goods:
        if one.quantity > 0:
            seen[one.key] = found[one.key]
            continue
        rest = -one.quantity
        if one.of in seen:
            rest = _take([seen[one.of]], rest, one.key)
        beyond.append((one.key, _take(reversed(seen.values()), rest, one.key)))
    for key, rest in beyond:
        _take(found.values(), rest, key)
    delivered = sum(gone.delivered for gone in found.values())
    returned = sum(gone.quantity for gone in found.values())
    replaced = _replace(goods, found)
    undelivered = max(0.0, invoiced - delivered + replaced)
    _take(reversed(seen.values()), credited - undelivered - (returned - replaced))
    for gone in found.values():
        gone.quantity = round(gone.quantity, DIGITS)
        gone.replaced = round(gone.replaced, DIGITS)
    return found


def _replace(goods, found):
    """Note what went to the customer in place of what had come back; how much it is in all."""
    replacing = defaultdict(float)
    returns = {one.key for one in goods if one.quantity < 0}
    for one in goods:
        if one.quantity > 0 and one.of in returns:
            replacing[one.of] += one.quantity
    replaced = 0.0
    for back, quantity in replacing.items():
        for gone in found.values():
            part = min(quantity, gone.by.get(back, 0.0))
            gone.replaced += part
            replaced += part
            quantity -= part
    return replaced


def _take(deliveries, quantity, by=None):
    """Take a quantity from what is left of deliveries; what they have not is returned."""
    for gone in deliveries:
        if round(quantity, DIGITS) <= 0:
            return 0.0
        part = min(gone.delivered - gone.quantity, quantity)
        gone.quantity += part
        quantity -= part
        if by is not None and part:
            gone.by[by] += part
    return quantity
