"""Cash discount in steps, such as 3 % within 10 days, 2 % within 20, net within 30.

Amounts are those of a document without its sign, in one currency. What is to be paid is rounded
once by the currency; the discount is the rest, so that both always add up to the document.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

# How the tax of the document goes down with the discount: with the payment, never, or at once on
# the invoice. Only the first discounts the tax too.
COMPUTATIONS = ("included", "excluded", "mixed")


@dataclass(frozen=True, slots=True)
class Step:
    """``percent`` off when paid within ``days`` after the date of the document."""

    percent: float
    days: int


@dataclass(frozen=True, slots=True)
class Offer:
    """A step on a document: ``to_pay`` until the end of ``deadline`` settles it."""

    number: int
    percent: float
    deadline: date
    to_pay: float
    discount: float


def find_fault(steps: Sequence[Step], net_days: int | None = None) -> tuple[str, Step] | None:
    """What is wrong with the steps of a payment term.

    :param steps: from the first on
    :param net_days: days until the whole amount is due; None when it is not counted in days
    :return: ``(fault, step)`` of the first wrong step: ``"percent"`` (not between 0 and 100),
        ``"days"`` (none), ``"order"`` (days must rise and percentages fall from step to step),
        ``"due"`` (not before the amount is due); None when all are right
    """
    previous = None
    for step in steps:
        if not 0 < step.percent < 100:
            return "percent", step
        if step.days <= 0:
            return "days", step
        if previous and (step.days <= previous.days or step.percent >= previous.percent):
            return "order", step
        if net_days is not None and previous and step.days >= net_days:
            return "due", step
        previous = step
    return None


def amount_to_pay(
    percent: float,
    total: float,
    untaxed: float,
    computation: str,
    round_amount: Callable[[float], float],
) -> float:
    """What settles a document of ``total`` with ``percent`` off.

    :param untaxed: the part of ``total`` without tax: the base of the discount unless the tax is
        discounted with the payment
    :param computation: one of :data:`COMPUTATIONS`
    :raises ValueError: when the computation is not known
    """
    if computation not in COMPUTATIONS:
        raise ValueError(f"unknown computation of the discount: {computation}")
    base = total if computation == "included" else untaxed
    return round_amount(total - base * percent / 100)


def offers(
    steps: Sequence[Step],
    start: date,
    due: date,
    total: float,
    untaxed: float,
    computation: str,
    round_amount: Callable[[float], float],
) -> tuple[Offer, ...]:
    """The steps on a document, by deadline; those that would end after it is due are left out.

    :param start: the date of the document
    :param due: when the whole amount is due
    :param round_amount: by the currency, and by the smallest coin where the document says so
    :raises ValueError: when the computation is not known
    """
    found = []
    for step in steps:
        deadline = start + timedelta(days=step.days)
        if found and deadline > due:
            break
        to_pay = amount_to_pay(step.percent, total, untaxed, computation, round_amount)
        found.append(
            Offer(
                number=len(found) + 1,
                percent=step.percent,
                deadline=deadline,
                to_pay=to_pay,
                discount=round_amount(total - to_pay),
            )
        )
    return tuple(found)


def offer_on(found: Sequence[Offer], day: date) -> Offer | None:
    """The best offer that still holds on ``day``."""
    return min(
        (offer for offer in found if day <= offer.deadline),
        key=lambda offer: offer.deadline,
        default=None,
    )


def taken(found: Sequence[Offer], open_amount: float, tolerance: float) -> Offer | None:
    """The offer whose discount a customer has taken, by what he left open.

    :param open_amount: what is open of a document of which something was paid
    :param tolerance: what he may have reckoned otherwise, in the currency of the document
    :return: the offer whose discount is nearest to what is open, the later one of two; None when
        what is open is no discount
    """
    if open_amount <= 0:
        return None
    near = [offer for offer in found if abs(offer.discount - open_amount) <= tolerance]
    return min(
        near,
        key=lambda offer: (round(abs(offer.discount - open_amount), 6), -offer.number),
        default=None,
    )
