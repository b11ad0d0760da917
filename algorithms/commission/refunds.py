"""Which lines of an invoice a credit note takes back. Pure: no database, no clock."""

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
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


def spread(credited: Iterable[Line], invoiced: Iterable[Line]) -> dict:
    """The lines that each credited line takes back, several where no single one has enough left.

    The order of lines is that of :func:`match`. What is more than all of them have falls on the last.

    :param invoiced: of the same order line as those credited
    :return: {key of a credited line: [(key of an invoiced line, untaxed amount)]}, none where no line is of
        the same product
    """
    invoiced = list(invoiced)
    left = {line.key: line.untaxed - line.credited for line in invoiced}
    found = {}
    for line in credited:
        pool = [other for other in invoiced if other.product == line.product]
        found[line.key] = list(_take(line, pool, left))
    return found


def _take(line, pool, left):
    sign = 1 if line.untaxed >= 0 else -1
    rest = line
    while pool:
        best = min(pool, key=partial(_distance, rest, left))
        pool.remove(best)
        has_more = any(round(sign * left[other.key], 6) > 0 for other in pool)
        available = round(sign * left[best.key], 6)
        if not has_more or available >= round(abs(rest.untaxed), 6):
            left[best.key] -= rest.untaxed
            yield best.key, rest.untaxed
            return
        left[best.key] -= sign * available
        yield best.key, sign * available
        rest = replace(rest, untaxed=round(rest.untaxed - sign * available, 6))


def _distance(line, left, other):
    sign = 1 if line.untaxed >= 0 else -1
    rest = round(sign * left[other.key], 6)
    is_short = rest < round(abs(line.untaxed), 6)
    return (rest <= 0, line.price != other.price, is_short, -sign * other.untaxed)
