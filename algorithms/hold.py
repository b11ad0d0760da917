"""What a hold rule found, and whether an earlier release covers it. Pure: no database, no clock."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Failure:
    """One rule that one order fails, or a hold that somebody placed by hand.

    Amounts are in company currency; ``reason`` is a translated sentence with the figures.
    ``rule_id`` is the id of the rule, or 0 and ``hold_id`` that of the hold placed by hand on the
    order or on its customer. ``severity`` grows as it gets worse, for what gets worse without the
    order being worth more: a discount in percent, a margin below zero, days of a payment term.
    """

    rule_id: int
    kind: str
    effect: str
    reason: str
    order_amount: float
    exposure: float = 0.0
    credit_limit: float = 0.0
    hold_id: int = 0
    severity: float = 0.0

    @property
    def blocks(self) -> bool:
        """Whether the order must not be confirmed."""
        return self.effect == "hold_order"

    @property
    def cause(self) -> tuple[int, int]:
        """What made it fail: the rule, or the hold placed by hand."""
        return (self.rule_id, self.hold_id)


@dataclass(frozen=True, slots=True)
class Approval:
    """A release: up to ``amount`` (company currency), until and including ``expires_on``, of what
    is no worse than ``severity``."""

    amount: float
    expires_on: date | None = None
    severity: float = 0.0


# Severities are percentages and days: two decimals, as they are shown.
SEVERITY_DIGITS = 2


def covers(
    approval: Approval, amount: float, today: date, digits: int, severity: float = 0.0
) -> bool:
    """Whether ``approval`` lets an order of ``amount`` pass on ``today``.

    :param severity: of the failure now, see :class:`Failure`
    :param digits: decimal places of the company currency; half a unit of the last place is
        the tolerance against floating point noise
    """
    if approval.expires_on and approval.expires_on < today:
        return False
    if round(severity - approval.severity, SEVERITY_DIGITS) > 0:
        return False
    return round(amount - approval.amount, digits) <= 0
