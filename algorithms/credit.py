"""Exposure of a customer and what a credit limit leaves free. Pure: no database, no clock."""

from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class Limit:
    """How much credit somebody has.

    :ivar mode: ``unlimited``, ``amount``, or ``prepay``: nothing on credit
    :ivar amount: in company currency; zero unless ``mode`` is ``amount``
    :ivar source: where it comes from: ``temporary``, ``own``, ``core``, ``rating``, ``company`` or
        ``none``
    """

    mode: str
    amount: float = 0.0
    source: str = "none"

    @property
    def is_finite(self) -> bool:
        """Whether an order may go over it."""
        return self.mode != "unlimited"

    def left(self, exposure: float) -> float:
        """What ``exposure`` leaves free, below zero when it goes over; unlimited leaves 0."""
        return self.amount - exposure if self.is_finite else 0.0

    def utilization(self, exposure: float) -> float:
        """``exposure`` in percent of the limit; unlimited is never used.

        Without any credit, whatever is owed uses it up.
        """
        if not self.is_finite:
            return 0.0
        if self.amount:
            return 100.0 * exposure / self.amount
        return 100.0 if exposure > 0 else 0.0


UNLIMITED = Limit("unlimited")


@dataclass(frozen=True, slots=True)
class TemporaryLimit:
    """A limit from ``start`` (or the beginning of time) until and including ``end``."""

    amount: float
    start: date | None
    end: date

    def holds_on(self, day: date) -> bool:
        """Whether it is in force on ``day``."""
        return (not self.start or self.start <= day) and day <= self.end


def effective_limit(
    temporary: TemporaryLimit | None, others: Iterable[Limit | None], today: date
) -> Limit:
    """The limit that holds ``today``.

    :param temporary: goes before everything else while its dates hold
    :param others: from the nearest (the customer's own) to the farthest (the company's); ``None``
        where nothing is set
    :return: the first that is set; unlimited when there is none
    """
    if temporary and temporary.holds_on(today):
        return Limit("amount", temporary.amount, "temporary")
    return next((limit for limit in others if limit), UNLIMITED)


def limit_of(mode: str | None, amount: float | None, source: str) -> Limit | None:
    """The :class:`Limit` of a mode and an amount as they are stored; ``None`` without a mode."""
    if not mode:
        return None
    return Limit(mode, (amount or 0.0) if mode == "amount" else 0.0, source)


# What an exposure is made of; ``overdue`` is a part of ``receivable`` and not added to it.
EXPOSURE_COMPONENTS = (
    "receivable",
    "draft_invoiced",
    "delivered_not_invoiced",
    "ordered_not_delivered",
)


@dataclass(frozen=True, slots=True)
class Exposure:
    """What a customer owes or will owe, by component, in company currency.

    :ivar left_out: components that are known but do not count
    :ivar overdue_by_days: {days: the part of ``overdue`` that is due for more than so many days}
    """

    receivable: float = 0.0
    overdue: float = 0.0
    draft_invoiced: float = 0.0
    delivered_not_invoiced: float = 0.0
    ordered_not_delivered: float = 0.0
    left_out: frozenset[str] = frozenset()
    overdue_by_days: Mapping[int, float] = field(default_factory=dict, hash=False)

    @property
    def exposure(self) -> float:
        """The sum of the components that count."""
        return sum(getattr(self, name) for name in EXPOSURE_COMPONENTS if name not in self.left_out)


@dataclass(frozen=True, slots=True)
class Request:
    """An order that asks for ``amount`` of the credit of ``debtor``, in company currency.

    ``paid`` of it is paid by confirmed payments and asked of nobody's credit. Of that, the
    exposure may count ``paid_in_exposure`` already, as an unallocated payment. A ``counted``
    order is in the exposure as it is and asks for nothing more: it goes over when that does.
    """

    key: Hashable
    debtor: Hashable
    amount: float
    paid: float = 0.0
    paid_in_exposure: float = 0.0
    counted: bool = False


@dataclass(frozen=True, slots=True)
class Excess:
    """A request over the limit: ``exposure`` before it, ``limit`` and the ``excess`` over it."""

    exposure: float
    limit: float
    excess: float


def over_limit(
    requests: Iterable[Request],
    exposures: Mapping[Hashable, float],
    limits: Mapping[Hashable, Limit],
    *,
    tolerance_percent: float = 0.0,
    digits: int = 2,
    refused: Collection[Hashable] = (),
    accepted: Collection[Hashable] = (),
) -> dict[Hashable, Excess]:
    """The requests that go over their debtor's limit, in the given order.

    A request that fits is counted for those after it, so that several orders confirmed at once
    cannot pass together what one of them could not. One that is paid, asks for nothing, or gives
    credit back, always fits: it does not make the exposure worse.

    :param exposures: exposure a debtor before any of the requests
    :param limits: limit a debtor; a missing one means unlimited
    :param tolerance_percent: part of the limit, in percent, by which it may be passed; a debtor
        who has to pay in advance has nothing to pass
    :param digits: decimal places of the currency
    :param refused: keys known not to be confirmed for another reason: checked but not counted
    :param accepted: keys that are confirmed though they go over: released, or only warned about
    :return: {key of the request: :class:`Excess`}
    """
    running = dict(exposures)
    result = {}
    for request in requests:
        before = running.get(request.debtor, 0.0)
        limit = limits.get(request.debtor, UNLIMITED)
        asked = 0.0 if request.counted else request.amount
        after = before + asked - request.paid + request.paid_in_exposure
        asks = request.counted or round(asked - request.paid, digits) > 0
        if limit.is_finite and asks:
            allowed = limit.amount * (1 + tolerance_percent / 100.0)
            if round(after - allowed, digits) > 0:
                excess = round(after - limit.amount, digits)
                result[request.key] = Excess(before, limit.amount, excess)
                if request.key not in accepted:
                    continue
        if request.key not in refused:
            running[request.debtor] = after
    return result
