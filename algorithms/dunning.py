"""Who is to be reminded of what on a given day.

How it works: every receivable instalment has a *height*, the number of levels of its policy that it
has already reached (0 = never reminded). On a day it may climb one level at the most, when it is
overdue long enough, its last reminder lies far enough back, its customer has been late long enough
for the policy and what he has to pay reaches the minimum of the level; else it stays where it is.
A customer gets one notice in each currency, at the highest level that one of his items has just
reached; the notice claims all his overdue items, those that stay where they are included, and
announces those that are due soon and have reached a level that comes before the due date. A
customer whose credits cover what is due gets none.

Nothing here knows the database, the clock or the rounding of a currency: they are arguments.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import fsum


@dataclass(frozen=True, slots=True)
class Level:
    """A step of a policy. A policy is a sequence of levels, the mildest first.

    ``days_overdue`` is negative for a level that comes so many days before the due date.
    ``min_amount`` is compared, in company currency, with what the customer has to pay now: his
    overdue items less his credits; for an item that is not overdue yet, with those due soon
    included. ``min_percent`` (0-100) is compared with the share of the same in his balance.
    ``min_interval_days`` counts from the item's last reminder.
    """

    key: int
    days_overdue: int = 1
    min_amount: float = 0.0
    min_percent: float = 0.0
    min_interval_days: int = 0


@dataclass(frozen=True, slots=True)
class OpenItem:
    """A receivable instalment or a credit as it stood on the day of the run.

    ``residual`` is in the item's currency and negative for a credit, ``residual_company`` the same
    in company currency. ``books`` is the residual that the books show now, later payments
    included. ``due`` is a local date. ``policy`` is empty when nobody is ever to be reminded of
    the item. ``charged_until`` is the day up to which interest was charged. ``is_claim`` is false
    for a payment to the customer, which is nothing to remind of. ``stopped`` is what is open
    besides the residual, but not claimed for now.
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
    charged_until: date | None = None
    is_claim: bool = True
    stopped: float = 0.0


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """An item on a notice, overdue or due soon. ``level`` and ``previous_level`` are keys of levels
    or None."""

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

    ``total_overdue`` is the sum of its overdue lines, ``total_due_soon`` that of the others,
    ``total_open`` the customer's balance: all his open items, credits included.
    """

    customer: int
    currency: int
    level: int
    lines: tuple[NoticeLine, ...]
    total_open: float
    total_overdue: float
    total_due_soon: float
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
    grace: Mapping[int, int] | None = None,
) -> list[Notice]:
    """The notices due on ``today``, ordered by customer and currency.

    :param policies: the levels of each policy, the mildest first; items of a policy that is
        missing here, or has no levels, are nobody's claim
    :param rounding: rounds an amount, by currency
    :param round_company: rounds an amount of the company's currency
    :param grace: by policy, how many days overdue the oldest item of a customer, in whatever
        currency, has to be before anything overdue climbs
    """
    groups = {}
    for item in items:
        groups.setdefault((item.customer, item.currency), []).append(item)
    lateness = _lateness(groups, today, rounding)
    notices = (
        _propose_notice(
            group,
            policies,
            today,
            rounding[currency],
            round_company,
            {
                policy
                for policy, days in (grace or {}).items()
                if lateness.get(customer, 0) < days
            },
        )
        for (customer, currency), group in sorted(groups.items())
    )
    return [notice for notice in notices if notice]


def other_items(
    items: Iterable[OpenItem],
    policies: Mapping[int, Sequence[Level]],
    today: date,
    claimed: Collection[int],
    round_amount: Callable[[float], float],
) -> list[OpenItem]:
    """The open items that a notice mentions but does not claim: credits, what is not due yet and
    what nobody is to be reminded of; ordered by due date.

    :param claimed: keys of the items on the notice, those due soon included
    """
    return sorted(
        (
            item
            for item in items
            if round_amount(item.residual)
            and item.key not in claimed
            and not (item.due < today and _is_claimable(item, policies))
        ),
        key=lambda item: (item.due, item.key),
    )


def take_up(
    items: Iterable[OpenItem],
    policies: Mapping[int, Sequence[Level]],
    today: date,
    rounding: Mapping[int, Callable[[float], float]],
    round_company: Callable[[float], float],
) -> list[Notice]:
    """The level at which each old item enters its policy when dunning begins.

    It is the last one whose days have passed, as if the customer had been reminded all along.
    Items that are not overdue, have been reminded of, or are nobody's claim are left out.

    :return: notices that only put this on record, ordered by customer and currency
    """
    groups = {}
    for item in items:
        groups.setdefault((item.customer, item.currency), []).append(item)
    notices = (
        _take_up_notice(group, policies, today, rounding[currency], round_company)
        for (_customer, currency), group in sorted(groups.items())
    )
    return [notice for notice in notices if notice]


def _take_up_notice(items, policies, today, round_amount, round_company):
    items = [item for item in items if round_amount(item.residual)]
    entries = []
    for item in sorted(items, key=lambda item: (item.due, item.key)):
        if item.height or item.due >= today or not _is_claimable(item, policies):
            continue
        levels = policies[item.policy]
        late = days_overdue(item.due, today)
        height = sum(1 for level in levels if level.days_overdue <= late)
        if height:
            entries.append((height, levels[height - 1], item))
    if not entries:
        return None
    _height, top, first = max(
        entries, key=lambda entry: (entry[0], entry[1].days_overdue, entry[1].key)
    )
    lines = tuple(
        _line(item, level, policies[item.policy], today, round_amount, round_company)
        for _height, level, item in entries
    )
    return Notice(
        customer=first.customer,
        currency=first.currency,
        level=top.key,
        lines=lines,
        total_open=round_amount(fsum(item.residual for item in items)),
        total_overdue=round_amount(fsum(line.amount for line in lines)),
        total_due_soon=0.0,
        total_overdue_company=round_company(fsum(line.amount_company for line in lines)),
    )


def _lateness(groups, today, rounding):
    """How many days the oldest item of each customer is overdue."""
    lateness = {}
    for (customer, currency), items in groups.items():
        for item in items:
            if item.is_claim and item.policy and rounding[currency](item.residual) > 0:
                late = days_overdue(item.due, today)
                lateness[customer] = max(late, lateness.get(customer, 0))
    return lateness


def _propose_notice(items, policies, today, round_amount, round_company, spared):
    items = [item for item in items if round_amount(item.residual)]
    claims = [item for item in items if _is_claimable(item, policies)]
    overdue = [item for item in claims if item.due < today]
    candidates = {}
    for item in claims:
        level = next_level(item, policies[item.policy], today)
        # Who is spared for a while may still be told of what is not overdue yet.
        if level and not (item.due < today and item.policy in spared):
            candidates[item.key] = level
    soon = [
        item for item in claims if item.due >= today and (item.height or item.key in candidates)
    ]
    credit = fsum(item.residual_company for item in items if item.residual < 0)
    balance = fsum(item.residual_company for item in items)
    to_pay_overdue = round_company(fsum(item.residual_company for item in overdue) + credit)
    to_pay_soon = round_company(
        fsum(item.residual_company for item in overdue + soon) + credit
    )
    reached = {}
    for item in overdue + soon:
        to_pay = to_pay_overdue if item.due < today else to_pay_soon
        level = candidates.get(item.key)
        if level and to_pay > 0 and _is_worth(level, to_pay, balance):
            reached[item.key] = level
    if not reached:
        return None
    lines = [
        _line(item, reached.get(item.key), policies[item.policy], today, round_amount, round_company)
        for item in sorted(overdue + soon, key=lambda item: (item.due, item.key))
        if item.due < today or item.height or item.key in reached
    ]
    late = [line for line in lines if line.days_overdue > 0]
    # The highest: most reminders behind it, and among policies the one that waits longest.
    top = max(
        (line.item for line in lines if line.item.key in reached),
        key=lambda item: (item.height, reached[item.key].days_overdue, reached[item.key].key),
    )
    return Notice(
        customer=top.customer,
        currency=top.currency,
        level=reached[top.key].key,
        lines=tuple(lines),
        total_open=round_amount(fsum(item.residual for item in items)),
        total_overdue=round_amount(fsum(line.amount for line in late)),
        total_due_soon=round_amount(
            fsum(line.amount for line in lines if line.days_overdue <= 0)
        ),
        total_overdue_company=round_company(fsum(line.amount_company for line in late)),
    )


def _is_claimable(item, policies):
    return item.is_claim and item.residual > 0 and bool(policies.get(item.policy))


def _is_worth(level, to_pay, balance):
    """Whether ``to_pay`` reaches the minimums of ``level``. A share is compared without rounding
    it, with a hair's breadth for binary fractions."""
    return (
        to_pay >= level.min_amount
        and to_pay * 100 >= level.min_percent * balance * (1 - 1e-12)
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
