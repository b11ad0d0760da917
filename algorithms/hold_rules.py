"""What the kinds of hold rule decide. Pure: no database, no clock.

Percentages are 0–100 and compared at two decimals, the precision at which they are shown: a
sentence never says that 10.0 % is below 10 %.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date

PERCENT_DIGITS = 2


def margin_shortfall(
    margin: float, untaxed: float, threshold: float, digits: int
) -> float | None:
    """The margin in percent when it is below ``threshold``, else None.

    Goods given away at a loss have a margin of minus a hundred percent. An order that takes
    goods back (negative) is not judged.

    :param margin: of the order, in the currency of ``untaxed``
    :param untaxed: untaxed amount of the order
    :param digits: decimal places of the currency
    """
    margin, untaxed = round(margin, digits), round(untaxed, digits)
    if untaxed < 0 or (not untaxed and margin >= 0):
        return None
    percent = round(100.0 * margin / untaxed, PERCENT_DIGITS) if untaxed else -100.0
    return percent if percent < round(threshold, PERCENT_DIGITS) else None


@dataclass(frozen=True, slots=True)
class PricedLine:
    """A line that sells something, all prices for one of its unit, in one currency.

    ``discount`` is that of the line in percent, ``amount`` what the line brings in before the
    discount on the whole order. ``issued`` is the net price by the pricelist, ``floor`` the
    lowest price of the product; None when there is none.
    """

    key: int
    price: float
    discount: float
    amount: float
    issued: float | None = None
    floor: float | None = None


@dataclass(frozen=True, slots=True)
class PriceGap:
    """A line sold at ``net``, below its ``reference`` by ``percent`` of it."""

    key: int
    net: float
    reference: float
    percent: float
    is_floor: bool


def shared_discount(lines: Iterable[PricedLine], reductions: float) -> float:
    """The discount on the whole order, in percent of what its lines bring in.

    :param reductions: what the negative lines of the order take off, as a number above zero
    """
    total = sum(line.amount for line in lines if line.amount > 0)
    if total <= 0 or reductions <= 0:
        return 0.0
    return min(100.0 * reductions / total, 100.0)


def compound(discount: float, shared: float) -> float:
    """The discount of a line together with the one on the whole order, in percent."""
    return 100.0 - (100.0 - discount) * (100.0 - shared) / 100.0


def price_gaps(
    lines: Sequence[PricedLine], reductions: float, tolerance: float, digits: int
) -> list[PriceGap]:
    """The lines sold too low, the worst first: at most one gap a line, the floor before all.

    :param tolerance: how far, in percent of it, a price may be below the pricelist's
    :param digits: decimal places of a price
    """
    shared = shared_discount(lines, reductions)
    gaps = []
    for line in lines:
        net = line.price * (100.0 - compound(line.discount, shared)) / 100.0
        for reference, allowed, is_floor in (
            (line.floor, 0.0, True),
            (line.issued, tolerance, False),
        ):
            if not reference or reference < 0 or round(net - reference, digits) >= 0:
                continue
            percent = round(100.0 * (reference - net) / reference, PERCENT_DIGITS)
            if is_floor or percent > round(allowed, PERCENT_DIGITS):
                gaps.append(PriceGap(line.key, net, reference, percent, is_floor))
                break
    return sorted(gaps, key=lambda gap: (not gap.is_floor, -gap.percent, gap.key))


def discounts_above(
    lines: Sequence[PricedLine], reductions: float, threshold: float
) -> list[tuple[int, float, float]]:
    """The lines whose discount, with that on the whole order, is above ``threshold``.

    :return: (key of the line, discount of the line, together with the order's), the worst first
    """
    shared = shared_discount(lines, reductions)
    found = [
        (line.key, line.discount, round(compound(line.discount, shared), PERCENT_DIGITS))
        for line in lines
    ]
    above = [row for row in found if row[2] > round(threshold, PERCENT_DIGITS)]
    return sorted(above, key=lambda row: (-row[2], row[0]))


def term_excess(due: date, customer_due: date, tolerated_days: int) -> int:
    """By how many days ``due`` is later than ``customer_due``, 0 when that is tolerated."""
    days = (due - customer_due).days
    return days if days > max(tolerated_days, 0) else 0


@dataclass(frozen=True, slots=True)
class Opening:
    """An order that may be the first one of its ``customer``."""

    key: int
    customer: int
    is_confirmed: bool = False


def first_orders(
    orders: Sequence[Opening],
    first_by_customer: Mapping[int, int],
    *,
    refused: Set[int] = frozenset(),
    holds: bool,
) -> set[int]:
    """The keys of those of ``orders`` that are the first of their customer.

    Orders are confirmed in the given order: after one that passes, the next is not the first.

    :param first_by_customer: {customer: key of his first confirmed order}
    :param refused: keys of orders that will not be confirmed anyway
    :param holds: whether a first order is itself kept from being confirmed
    """
    known = dict(first_by_customer)
    found = set()
    for order in orders:
        first = known.get(order.customer)
        is_first = first is None or (order.is_confirmed and first == order.key)
        if is_first:
            found.add(order.key)
        passes = not holds if is_first else True
        if passes and order.key not in refused:
            known.setdefault(order.customer, order.key)
    return found


@dataclass(frozen=True, slots=True)
class Tier:
    """A rule of a ladder of approvals. Each of ``scopes`` is a set of ids, empty for all."""

    key: int
    threshold: float
    scopes: tuple[Collection[int], ...] = ()


def higher_tiers(tier: Tier, others: Iterable[Tier]) -> list[int]:
    """The keys of the rules with a higher threshold that can apply to the same orders."""
    return [
        other.key
        for other in others
        if other.threshold > tier.threshold
        and all(
            not mine or not theirs or not set(mine).isdisjoint(theirs)
            for mine, theirs in zip(tier.scopes, other.scopes, strict=True)
        )
    ]


@dataclass(frozen=True, slots=True)
class Price:
    """What a line is sold at: ``unit`` price, ``discount`` in percent."""

    unit: float
    discount: float

    @property
    def net(self) -> float:
        """The price after the discount."""
        return self.unit * (1.0 - self.discount / 100.0)


def breaks_policy(
    policy: str, price: Price, issued: Price, *, is_return: bool, digits: int
) -> bool:
    """Whether ``price`` is one that a salesperson may not give.

    :param policy: ``free``, ``bounded`` (not below the issued price) or ``fixed`` (that very one)
    :param is_return: goods come back: the customer must not be credited more than the issued
    :param digits: decimal places of a price
    """
    if policy == "free":
        return False
    if policy == "fixed":
        return bool(
            round(price.unit - issued.unit, digits)
            or round(price.discount - issued.discount, PERCENT_DIGITS)
        )
    gap = round(price.net - issued.net, digits)
    return gap > 0 if is_return else gap < 0


def worsens(old: Price, old_issued: Price, new: Price, new_issued: Price) -> bool:
    """Whether a price that was allowed once, off the issued one, has been changed.

    It may stay while everything else of the line changes, as long as it does not fall further
    behind the issued price: a price for a large quantity is none for a small one.
    """
    if round(new.unit - old.unit, 6) or round(new.discount - old.discount, 6):
        return True
    return round(new.net * old_issued.net - old.net * new_issued.net, 6) < 0


POLICIES = ("free", "bounded", "fixed")


def is_laxer(policy: str, than: str) -> bool:
    """Whether ``policy`` allows more than the policy ``than``."""
    return POLICIES.index(policy) < POLICIES.index(than)
