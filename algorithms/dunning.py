"""Who is to be reminded of what on a given day.

How it works: every receivable instalment has a *height*, the number of levels of its policy that it
has already reached (0 = never reminded). On a day it may climb one level at the most, when it is
overdue long enough and its last reminder lies far enough back. A customer gets one notice in each
currency, at the highest level that one of his items has just reached; the notice claims all his
overdue items, those that stay where they are included. A customer whose credits cover what is
overdue gets none.

Nothing here knows the database, the clock or the rounding of a currency: they are arguments.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import fsum


@dataclass(frozen=True, slots=True)
class Level:
    """A step of a policy. A policy is a sequence of levels, the mildest first.

    ``min_amount`` is compared, in company currency, with what the customer has to pay now: his
    overdue items less his credits. ``min_interval_days`` counts from the item's last reminder.
    """

    key: int
    days_overdue: int = 1
    min_amount: float = 0.0
    min_interval_days: int = 0


@dataclass(frozen=True, slots=True)
class OpenItem:
    """A receivable instalment or a credit as it stood on the day of the run.

    ``residual`` is in the item's currency and negative for a credit, ``residual_company`` the same
    in company currency. ``books`` is the residual that the books show now, later payments
    included. ``due`` is a local date. ``policy`` is empty when nobody is ever to be reminded of
    the item. ``is_claim`` is false for a payment to the customer, which is nothing to remind of.
    """

    key: int
    customer: int
    currency: int
    due: date
    residual: float
    residual_company: float
    books: float = 0.0
    policy: int | None = None
    height: int = 0
    last_reminded: date | None = None
    is_claim: bool = True


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """An overdue item on a notice. ``level`` and ``previous_level`` are keys of levels or None."""

    item: OpenItem
    level: int | None
    previous_level: int | None
    days_overdue: int
    amount: float
    amount_company: float

    @property
    def climbs(self) -> bool:
        """Whether the item reaches its level with this notice."""
        return self.level != self.previous_level


@dataclass(frozen=True, slots=True)
class Notice:
    """What one customer is told in one currency.

    ``total_overdue`` is the sum of its lines, ``total_open`` the customer's balance: all his open
    items, credits included.
    """

    customer: int
    currency: int
    level: int
    lines: tuple[NoticeLine, ...]
    total_open: float
    total_overdue: float
    total_overdue_company: float


@dataclass(frozen=True, slots=True)
class ProposedLine:
    """A line of a proposal that waits to be sent, as it was written down."""

    key: int
    amount: float
    books: float
    height: int
    climbs: bool


def days_overdue(due: date, today: date) -> int:
    """Whole days that ``today`` lies behind ``due``, negative before it."""
    return (today - due).days


def next_level(item: OpenItem, levels: Sequence[Level], today: date) -> Level | None:
    """The level that ``item`` reaches today, one above its own, or None if it stays."""
    if item.height >= len(levels):
        return None
    level = levels[item.height]
    if days_overdue(item.due, today) < level.days_overdue:
        return None
    if item.last_reminded is None:
        return level
    # Even without an interval an item climbs once a day at the most, so that a run that is
    # repeated does nothing.
    pause = max(level.min_interval_days, 1)
    return level if (today - item.last_reminded).days >= pause else None


def propose(
    items: Iterable[OpenItem],
    policies: Mapping[int, Sequence[Level]],
    today: date,
    rounding: Mapping[int, Callable[[float], float]],
    round_company: Callable[[float], float],
) -> list[Notice]:
    """The notices due on ``today``, ordered by customer and currency.

    :param policies: the levels of each policy, the mildest first; items of a policy that is
        missing here, or has no levels, are nobody's claim
    :param rounding: rounds an amount, by currency
    :param round_company: rounds an amount of the company's currency
    """
    groups = {}
    for item in items:
        groups.setdefault((item.customer, item.currency), []).append(item)
    notices = (
        _propose_notice(group, policies, today, rounding[currency], round_company)
        for (_customer, currency), group in sorted(groups.items())
    )
    return [notice for notice in notices if notice]


def other_items(
    items: Iterable[OpenItem],
    policies: Mapping[int, Sequence[Level]],
    today: date,
    round_amount: Callable[[float], float],
) -> list[OpenItem]:
    """The open items that a notice mentions but does not claim: credits, what is not due yet and
    what nobody is to be reminded of; ordered by due date."""
    return sorted(
        (
            item
            for item in items
            if round_amount(item.residual) and not _is_claimed(item, policies, today)
        ),
        key=lambda item: (item.due, item.key),
    )


def _propose_notice(items, policies, today, round_amount, round_company):
    items = [item for item in items if round_amount(item.residual)]
    claims = sorted(
        (item for item in items if _is_claimed(item, policies, today)),
        key=lambda item: (item.due, item.key),
    )
    credit_company = fsum(item.residual_company for item in items if item.residual < 0)
    to_pay_company = round_company(
        fsum(item.residual_company for item in claims) + credit_company
    )
    if not claims or to_pay_company <= 0:
        return None
    reached = {}
    for item in claims:
        level = next_level(item, policies[item.policy], today)
        if level and level.min_amount <= to_pay_company:
            reached[item.key] = level
    if not reached:
        return None
    # The highest: most reminders behind it, and among policies the one that waits longest.
    top = max(
        (item for item in claims if item.key in reached),
        key=lambda item: (item.height, reached[item.key].days_overdue, reached[item.key].key),
    )
    lines = tuple(
        _line(item, reached.get(item.key), policies[item.policy], today, round_amount, round_company)
        for item in claims
    )
    return Notice(
        customer=top.customer,
        currency=top.currency,
        level=reached[top.key].key,
        lines=lines,
        total_open=round_amount(fsum(item.residual for item in items)),
        total_overdue=round_amount(fsum(line.amount for line in lines)),
        total_overdue_company=round_company(fsum(line.amount_company for line in lines)),
    )


def _is_claimed(item, policies, today):
    return (
        item.is_claim
        and item.residual > 0
        and item.due < today
        and bool(policies.get(item.policy))
    )


def _line(item, level, levels, today, round_amount, round_company):
    # A policy that lost levels since the last reminder leaves the item on its highest one.
    previous = levels[min(item.height, len(levels)) - 1].key if item.height else None
    return NoticeLine(
        item=item,
        level=level.key if level else previous,
        previous_level=previous,
        days_overdue=days_overdue(item.due, today),
        amount=round_amount(item.residual),
        amount_company=round_company(item.residual_company),
    )


def credits_by_notice(items: Iterable[OpenItem]) -> dict[tuple[int, int], float]:
    """The sum of the credits (negative) of each customer and currency that has any."""
    residuals_of = {}
    for item in items:
        if item.residual < 0:
            residuals_of.setdefault((item.customer, item.currency), []).append(item.residual)
    return {key: fsum(residuals) for key, residuals in residuals_of.items()}


def reconsider(
    lines: Iterable[ProposedLine],
    items: Mapping[int, OpenItem],
    round_amount: Callable[[float], float],
) -> dict[int, tuple[float, bool]]:
    """What is left of a proposal when it is sent some time after it was made.

    A line claims what it claimed, less what the books say was paid since. It falls out when
    nothing is left of it or when its item is none any more (paid, cancelled, blocked). An item
    that another notice has reminded of in the meantime does not climb again. When no item climbs
    there is nothing to send.

    :param items: the open items by key, as of the day of the run
    :return: by each remaining line's key, the amount that it now claims and whether it climbs
    """
    remaining = {}
    for line in lines:
        item = items.get(line.key)
        if not item:
            continue
        amount = round_amount(line.amount + item.books - line.books)
        if amount > 0:
            remaining[line.key] = (amount, line.climbs and item.height == line.height)
    return remaining
