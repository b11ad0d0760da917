"""Which lines of an invoice a credit note takes back. Pure: no database, no clock."""

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import partial


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an invoice, or of the credit note of it.

    :ivar order_line: what it was ordered as, if it was
    :ivar price: without sign
    :ivar untaxed: what was invoiced or is taken back, both below zero of a discount
    :ivar credited: what earlier credit notes took back of an invoiced line
    """

    key: Hashable
    order_line: Hashable | None
    product: Hashable | None
    price: float
    untaxed: float
    credited: float = 0.0


def match(credited: Iterable[Line], invoiced: Iterable[Line]) -> dict:
    """The line that each credited line takes back.

    One of the same order line and product, else one of the same product; among several one of the same
    sign of which something is left, then the one at the same price, then one of which enough is left, then
    the largest, then the first.

    :return: {key of a credited line: key of the invoiced line, ``None`` when none is like it}
    """
    by_order, by_product = defaultdict(list), defaultdict(list)
    left = {}
    for line in invoiced:
        left[line.key] = line.untaxed - line.credited
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
    sign = 1 if line.untaxed >= 0 else -1
    rest = round(sign * left[other.key], 6)
    is_short = rest < round(abs(line.untaxed), 6)
    return (rest <= 0, line.price != other.price, is_short, -sign * other.untaxed)
