"""Which lines of an invoice a credit note takes back. Pure: no database, no clock."""

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import partial


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an invoice, or of the credit note of it, amounts without sign.

    :ivar order_line: what it was ordered as, if it was
    """

    key: Hashable
    order_line: Hashable | None
    product: Hashable | None
    price: float
    untaxed: float


def match(credited: Iterable[Line], invoiced: Iterable[Line]) -> dict:
    """The line that each credited line takes back.

    One of the same order line and product, else one of the same product; among several the one at the
    same price, then the one of which most is left, then the first.

    :return: {key of a credited line: key of the invoiced line, ``None`` when none is like it}
    """
    by_order, by_product = defaultdict(list), defaultdict(list)
    left = {}
    for line in invoiced:
        left[line.key] = line.untaxed
        by_order[line.order_line, line.product].append(line)
        by_product[line.product].append(line)
    found = {}
    for line in credited:
        candidates = by_order.get((line.order_line, line.product)) or by_product.get(line.product) or ()
        best = min(candidates, key=partial(_distance, line, left), default=None)
        found[line.key] = best and best.key
        if best:
            left[best.key] -= line.untaxed
    return found


def _distance(line, left, other):
    is_exhausted = left[other.key] <= 0
    return (is_exhausted, line.price != other.price, -left[other.key])
