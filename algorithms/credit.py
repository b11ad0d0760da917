"""Exposure of a customer and what a credit limit leaves free. Pure: no database, no clock."""

from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Exposure:
    """What a customer owes or will owe, by component, in company currency.

    ``overdue`` is a part of ``receivable`` and not added to it.
    """

    receivable: float = 0.0
    overdue: float = 0.0
    draft_invoiced: float = 0.0
    delivered_not_invoiced: float = 0.0
    ordered_not_delivered: float = 0.0

    @property
    def exposure(self) -> float:
        """The sum of the components."""
        return (
            self.receivable
            + self.draft_invoiced
            + self.delivered_not_invoiced
            + self.ordered_not_delivered
        )


@dataclass(frozen=True, slots=True)
class Request:
    """An order that asks for ``amount`` of the credit of ``debtor``, in company currency."""

    key: Hashable
    debtor: Hashable
    amount: float


@dataclass(frozen=True, slots=True)
class Excess:
    """A request over the limit: ``exposure`` before it, ``limit`` and the ``excess`` over it."""

    exposure: float
    limit: float
    excess: float


def over_limit(
    requests: Iterable[Request],
    exposures: Mapping[Hashable, float],
    limits: Mapping[Hashable, float | None],
    *,
    tolerance_percent: float = 0.0,
    digits: int = 2,
    refused: Collection[Hashable] = (),
) -> dict[Hashable, Excess]:
    """The requests that go over their debtor's limit, in the given order.

    A request that fits is counted for those after it, so that several orders confirmed at once
    cannot pass together what one of them could not. One that asks for nothing, or gives credit
    back, always fits: it does not make the exposure worse.

    :param exposures: exposure a debtor before any of the requests
    :param limits: limit a debtor; ``None`` or missing means unlimited
    :param tolerance_percent: part of the limit, in percent, by which it may be passed
    :param digits: decimal places of the currency
    :param refused: keys known not to be confirmed for another reason: checked but not counted
    :return: {key of the request: :class:`Excess`}
    """
    running = dict(exposures)
    result = {}
    for request in requests:
        before = running.get(request.debtor, 0.0)
        limit = limits.get(request.debtor)
        after = before + request.amount
        if limit is not None and round(request.amount, digits) > 0:
            allowed = limit + abs(limit) * tolerance_percent / 100.0
            if round(after - allowed, digits) > 0:
                result[request.key] = Excess(before, limit, round(after - limit, digits))
                continue
        if request.key not in refused:
            running[request.debtor] = after
    return result
