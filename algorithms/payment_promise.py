"""Whether promises to pay are kept.

How it works: the payments of a customer are taken in the order of their dates. Each counts for the
promises that it may keep, the one due first before the others, and never twice. What is then left
of it counts as paid late for promises whose day had passed. A promise is kept when what counts by
its day reaches its amount, broken from the day after otherwise.
"""

import datetime
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

OPEN = "open"
KEPT = "kept"
BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Promise:
    """``amount`` by ``date``, in ``currency``, of which one unit is worth ``rate`` units of the
    company's currency.

    ``documents`` are the invoices it is for, none for whatever the customer owes the
    ``companies``. A payment counts when the books learnt of it after the promise (its
    reconciliation has a higher number than ``after_partial``, or unallocated its journal item one
    than ``after_line``), or when it is dated after ``made_on``.
    """

    key: int
    customer: int
    amount: float
    currency: int
    made_on: datetime.date
    date: datetime.date
    companies: frozenset[int] = frozenset()
    documents: frozenset[int] = frozenset()
    after_partial: int = 0
    after_line: int = 0
    rate: float = 1.0


@dataclass(frozen=True, slots=True)
class Payment:
    """What was paid of a document, or of none yet; a credit counts as a payment.

    ``customers`` are the customer of the document and his payer. ``partial`` is the number of the
    reconciliation; a payment that is not allocated has none, and ``line`` instead.
    """

    date: datetime.date
    customers: tuple[int, ...]
    company: int
    amount: float
    currency: int
    amount_company: float
    document: int | None = None
    partial: int = 0
    line: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a promise stands: ``in_time`` was paid by its day, ``paid`` with what came late."""

    state: str
    in_time: float
    paid: float


def evaluate(
    promises: Iterable[Promise],
    payments: Iterable[Payment],
    today: datetime.date,
    rounding: Mapping[int, Callable[[float], float]],
) -> dict[int, Outcome]:
    """How each promise stands at the end of ``today``, by key.

    :param payments: later ones are left out of account
    :param rounding: rounds an amount, by currency of the promises
    """
    promises = sorted(promises, key=lambda promise: (promise.date, promise.key))
    of_customer = {}
    for promise in promises:
        of_customer.setdefault(promise.customer, []).append(promise)
    in_time = {promise.key: 0.0 for promise in promises}
    late = dict(in_time)
    payments = sorted(
        (payment for payment in payments if payment.date <= today),
        key=lambda payment: (payment.date, payment.partial, payment.line),
    )
    for payment in payments:
        candidates = sorted(
            (
                promise
                for customer in set(payment.customers)
                for promise in of_customer.get(customer, ())
                if _counts(promise, payment)
            ),
            key=lambda promise: (promise.date, promise.key),
        )
        share = 1.0
        for paid, is_late in ((in_time, False), (late, True)):
            for promise in candidates:
                if share <= 0 or (promise.date < payment.date) != is_late:
                    continue
                missing = promise.amount - in_time[promise.key] - late[promise.key]
                worth = _worth(promise, payment)
                taken = min(worth * share, missing)
                if taken > 0:
                    paid[promise.key] += taken
                    share -= taken / worth
    return {
        promise.key: _outcome(
            promise, in_time[promise.key], late[promise.key], today, rounding[promise.currency]
        )
        for promise in promises
    }


def _counts(promise, payment):
    if promise.companies and payment.company not in promise.companies:
        return False
    if promise.documents and payment.document not in promise.documents:
        return False
    if payment.date > promise.made_on:
        return True
    if payment.partial:
        return payment.partial > promise.after_partial
    return payment.line > promise.after_line


def _worth(promise, payment):
    """The payment in the currency of the promise."""
    if payment.currency == promise.currency:
        return payment.amount
    return payment.amount_company / promise.rate


def _outcome(promise, in_time, late, today, round_amount):
    in_time, paid = round_amount(in_time), round_amount(in_time + late)
    if in_time >= round_amount(promise.amount):
        state = KEPT
    elif promise.date < today:
        state = BROKEN
    else:
        state = OPEN
    return Outcome(state=state, in_time=in_time, paid=paid)
