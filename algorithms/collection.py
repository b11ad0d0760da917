"""What may be expected of customers who owe, and when. Pure: no database, no clock.

**Expected recovery.** An overdue amount comes in with the probability

    p = (1/2 + score / 200) × (1/2) ^ (days overdue / 180)

The first factor says how the customer paid so far: 1 for a score of 100, one half for 0; of one
without a score we think :data:`UNKNOWN_SCORE`. The second halves with every 180 days, so that after
3, 6 and 12 months 71, 50 and 25 % are left: about what agencies for collection publish of the debts
that they are given. It is meant to put customers into an order, not for the balance sheet.

**Habitual delay.** The days after the due date on which a customer's instalments were settled in
the last :data:`MEMORY_DAYS` days: the mean weighted by amount, and the median. Plans go by the
median, which one forgotten invoice does not move.

**Forecast.** An item is expected on its due date plus the customer's habitual delay, or on the date
of a promise up to the promised amount. What should have come by habit and did not is expected at
once. Credits are taken off the customer's oldest items first: they come instead of money.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

HALF_LIFE_DAYS = 180
UNKNOWN_SCORE = 50.0
MEMORY_DAYS = 365
# Of fewer settled items a habit cannot be told.
MIN_SETTLED = 3


def recovery_probability(score: float | None, days_overdue: int) -> float:
    """The probability that an amount overdue by so many days is paid.

    :param score: 0 to 100, ``None`` where the customer has none
    :param days_overdue: below zero counts as zero
    """
    if score is None:
        score = UNKNOWN_SCORE
    if not 0 <= score <= 100:
        raise ValueError("A score goes from 0 to 100.")
    return (0.5 + score / 200) * 0.5 ** (max(days_overdue, 0) / HALF_LIFE_DAYS)


@dataclass(frozen=True, slots=True)
class Settled:
    """An instalment that was paid in full on the day ``settled``."""

    amount: float
    due: date
    settled: date


@dataclass(frozen=True, slots=True)
class Delay:
    """Days after the due date; below zero he pays before it.

    :ivar average: weighted by amount
    :ivar count: of how many instalments
    """

    average: float
    median: float
    count: int


def habitual_delay(
    settled: Iterable[Settled], as_of: date, memory_days: int = MEMORY_DAYS
) -> Delay | None:
    """How late what was settled in the ``memory_days`` before ``as_of`` was paid.

    :return: ``None`` when nothing was settled then
    """
    start = as_of - timedelta(days=memory_days)
    known = [item for item in settled if start <= item.settled < as_of and item.amount > 0]
    if not known:
        return None
    days = [(item.settled - item.due).days for item in known]
    weighted = sum(item.amount * late for item, late in zip(known, days, strict=True))
    return Delay(
        average=weighted / sum(item.amount for item in known),
        median=median(days),
        count=len(known),
    )


def planned_delay(own: Delay | None, of_all: Delay | None) -> int:
    """The days to plan with: the customer's own median, that of all customers where he settled
    fewer than :data:`MIN_SETTLED` instalments, nothing where nobody did."""
    if own and own.count >= MIN_SETTLED:
        return round(own.median)
    return round(of_all.median) if of_all else 0


@dataclass(frozen=True, slots=True)
class Due:
    """An open item; ``amount`` is below zero for a credit. What is disputed is not in it."""

    key: Hashable
    customer: Hashable
    due: date
    amount: float


@dataclass(frozen=True, slots=True)
class Promised:
    """An open promise of ``amount``, for the ``items`` or, without any, for all of a customer."""

    key: Hashable
    customer: Hashable
    day: date
    amount: float
    items: frozenset[Hashable] = frozenset()


@dataclass(frozen=True, slots=True)
class Expected:
    """A part of ``item`` expected on ``day``.

    :ivar source: ``promise``; ``habit`` for due date and habitual delay; ``late`` for what should
        have come already
    """

    item: Hashable
    day: date
    amount: float
    source: str
    promise: Hashable = None


def forecast(
    items: Iterable[Due],
    promises: Iterable[Promised],
    delays: Mapping[Hashable, int],
    as_of: date,
    round_amount: Callable[[float], float],
) -> list[Expected]:
    """When the open items may be expected to come in.

    :param items: all in one currency
    :param promises: open ones; one whose day has passed counts no more
    :param as_of: the first day on which anything may come
    :param delays: days by customer, 0 where there are none
    :return: for each item with something to pay its parts, which add up to what credits leave of it
    """
    promises_of = defaultdict(list)
    for promise in promises:
        if promise.amount < 0:
            raise ValueError("A promise cannot be below zero.")
        if promise.day >= as_of:
            promises_of[promise.customer].append(promise)
    items_of = defaultdict(list)
    for item in items:
        items_of[item.customer].append(item)
    result = []
    for customer, own in items_of.items():
        left = _after_credits(own, round_amount)
        result += _by_promise(own, left, promises_of[customer], round_amount)
        delay = timedelta(days=delays.get(customer, 0))
        for item in own:
            if left[item.key] > 0:
                day = item.due + delay
                source = "habit" if day >= as_of else "late"
                result.append(Expected(item.key, max(day, as_of), left[item.key], source))
    return result


def _oldest_first(items):
    return sorted(items, key=lambda item: (item.due, item.key))


def _after_credits(items, round_amount):
    """What the customer's credits leave of each of his items, by key."""
    credit = round_amount(-sum(item.amount for item in items if item.amount < 0))
    left = {}
    for item in _oldest_first(items):
        covered = min(credit, max(item.amount, 0.0))
        left[item.key] = round_amount(max(item.amount, 0.0) - covered)
        credit = round_amount(credit - covered)
    return left


def _by_promise(items, left, promises, round_amount):
    """The parts that are promised; takes them off ``left``."""
    for promise in sorted(promises, key=lambda promise: (promise.day, promise.key)):
        amount = promise.amount
        for item in _oldest_first(items):
            part = round_amount(min(amount, left[item.key]))
            if part <= 0 or (promise.items and item.key not in promise.items):
                continue
            left[item.key] = round_amount(left[item.key] - part)
            amount = round_amount(amount - part)
            yield Expected(item.key, promise.day, part, "promise", promise.key)
