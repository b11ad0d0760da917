"""What of the open items is not claimed for now, because something stops dunning.

How it works: stops are taken one after the other, in the order given. Each takes its amount from the
items it is for, in their order, and never more than the stops before it have left of them. What
nobody takes is the claim. Parts and claim of an item add up to its residual, in both currencies.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from .dunning import OpenItem


@dataclass(frozen=True, slots=True)
class Stop:
    """Something that stops dunning.

    ``items`` are the keys of the items it is for, in the order in which it takes them. ``amount``
    is what it takes of them in all, None for everything. It is in ``currency``, of which one unit
    is worth ``rate`` units of the company's currency; without a currency it is in that of the
    items. ``until`` is the last day of the stop, where it has one.
    """

    kind: str
    items: tuple[int, ...]
    amount: float | None = None
    currency: int | None = None
    rate: float = 1.0
    until: date | None = None


@dataclass(frozen=True, slots=True)
class StoppedPart:
    """What is not claimed of an item, and why; amounts in its currency and in the company's."""

    item: OpenItem
    kind: str
    amount: float
    amount_company: float
    until: date | None = None


def apply(
    items: Iterable[OpenItem],
    stops: Iterable[Stop],
    rounding: Mapping[int, Callable[[float], float]],
    round_company: Callable[[float], float],
) -> tuple[list[OpenItem], list[StoppedPart]]:
    """Take what is stopped out of the open items.

    Credits, and payments to the customer, are nobody's claim: a stop without an amount takes them
    out without a word, others leave them.

    :param rounding: rounds an amount, by currency
    :param round_company: rounds an amount of the company's currency
    :return: the items with what is left of them, those left out of which nothing is; and the parts
        that were taken, in the order of the items
    """
    items = {item.key: item for item in items}
    left = dict(items)
    parts = {}
    for stop in stops:
        remaining = stop.amount
        for key in stop.items:
            item = left.get(key)
            if item is None:
                continue
            round_amount = rounding[item.currency]
            if item.residual <= 0 or not item.is_claim:
                if stop.amount is None:
                    del left[key]
                continue
            taken, remaining = _take(stop, remaining, item, round_amount)
            if not taken:
                continue
            part = StoppedPart(
                item=items[key],
                kind=stop.kind,
                amount=taken,
                amount_company=_company_part(item, taken, round_amount, round_company),
                until=stop.until,
            )
            parts.setdefault(key, []).append(part)
            rest = round_amount(item.residual - taken)
            if rest <= 0:
                del left[key]
                continue
            left[key] = replace(
                item,
                residual=rest,
                residual_company=round_company(item.residual_company - part.amount_company),
                books=round_amount(item.books - taken),
                stopped=round_amount(item.stopped + taken),
            )
    return list(left.values()), [part for key in items for part in parts.get(key, ())]


def _take(stop, remaining, item, round_amount):
    """What ``stop`` takes of ``item``, and what remains of its amount then."""
    residual = round_amount(item.residual)
    if remaining is None:
        return residual, None
    if stop.currency in (None, item.currency):
        taken = min(residual, round_amount(max(remaining, 0.0)))
        return taken, remaining - taken
    # How many units of the item's currency one unit of the stop's is worth.
    ratio = stop.rate * item.residual / item.residual_company if item.residual_company else 0.0
    taken = min(residual, round_amount(max(remaining, 0.0) * ratio))
    return taken, remaining - taken / ratio if ratio else remaining


def _company_part(item, taken, round_amount, round_company):
    if round_amount(item.residual - taken) <= 0:
        return item.residual_company
    return round_company(item.residual_company * taken / item.residual)
