"""What the parts of an order line that were delivered one by one earn. Pure: no database, no clock.

The goods of an order line that are sold on equal terms, that is by one rule to the same payees with the same
shares, are a *lot*, whenever and in however many parts they leave. What counts is not the quantity that was
ordered, which may change and be exceeded, but what was delivered:

- A lot earns what all that was delivered of it would earn in a single delivery: the parts, each at its own
  price and cost, add up to the cent to the rounded commission of their sum, also by tiers of the line.
- What came back, was credited or lost is taken off in proportion to it: ``whole − round(whole × gone ÷
  delivered)``, with nothing left when all of it is gone. The rate that was reached stays.
- What was replaced counts once: the goods that came back and those that went out for them.

Every event brings a lot from what is written down to where it stands by then. So the order of events does not
matter; which row has the odd cent does depend on it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from ..apportion import from_units
from .pricing import Amounts, Claim, decimal, due_amounts, minus, ratio, to_units

DIGITS = 8
NOTHING = Amounts()


@dataclass(frozen=True, slots=True)
class Part:
    """Goods of one move that went to the customer, as one agreement claims them.

    :ivar claim: of all that was delivered with the move, on the terms of then
    :ivar gone: how much of it came back or was credited, without sign
    :ivar replaced: how much of that went out again with another part
    """

    claim: Claim
    gone: float = 0.0
    replaced: float = 0.0

    @property
    def delivered(self):
        """Without sign."""
        return abs(self.claim.quantity)

    def worth(self, quantity: float) -> Decimal:
        """What a part of the quantity weighs among the parts of a lot."""
        claim = self.claim
        if claim.terms.method == "fixed":
            return decimal(quantity)
        if not self.delivered:
            return Decimal(0)
        # Not by the base in company currency, which is rounded: it must not matter which of equal goods go.
        return abs(_base_company(claim)) * decimal(quantity) / decimal(self.delivered)


def together(parts: Sequence[Part]) -> Claim:
    """The goods of a lot as a single delivery: one claim, on the terms of its latest part.

    Where parts have other rates of exchange, it has the mean of them.
    """
    latest = parts[-1].claim
    scaled = [_counted(part) for part in parts]
    return replace(
        latest,
        base=float(_sum(decimal(claim.base) for claim in scaled)),
        base_company=float(round(_sum(_base_company(claim) for claim in scaled), 4)),
        quantity=float(_sum(decimal(claim.quantity) for claim in scaled)),
        money=replace(
            latest.money,
            rate=_mean(parts, [part.claim.money.rate for part in parts]),
            payee_rate=_mean(parts, [part.claim.money.payee_rate for part in parts]),
        ),
    )


def standing(whole: Amounts, parts: Iterable[Part], money, lost: float = 0.0) -> Amounts:
    """What is left of the commission of a lot.

    :param whole: commission of all that was delivered
    :param money: :class:`pricing.Money`
    :param lost: the part of what is neither returned nor credited that was written off as a bad debt
    """
    delivered = kept = Decimal(0)
    for part in parts:
        delivered += part.worth(part.delivered - part.replaced)
        kept += part.worth(part.delivered - part.gone)
    kept *= 1 - decimal(min(1.0, max(0.0, lost)))
    if not delivered:
        return NOTHING
    gone, all_of_it = ratio(max(Decimal(0), round(delivered - kept, DIGITS)), round(delivered, DIGITS))
    return minus(whole, due_amounts(whole, gone, all_of_it, money))


def scaled(whole: Amounts, quantity: float, of: float, money) -> Amounts:
    """The commission of another quantity, at the same rate."""
    if quantity == of or not of:
        return whole
    factor = decimal(quantity) / decimal(of)
    return Amounts(
        _rounded(decimal(whole.document) * factor, money.document),
        _rounded(decimal(whole.company) * factor, money.company),
        _rounded(decimal(whole.payee) * factor, money.payee),
    )


def lot_terms(claims: Iterable[Claim]) -> dict:
    """What claims on one move have to have in common with those on others to be of one lot.

    :return: {key of a claim: hashable}
    """
    claims = list(claims)
    payees = {}
    for claim in claims:
        payees.setdefault(claim.terms.rule_id, []).append((claim.owner, round(claim.share, 6)))
    return {
        claim.key: (claim.terms.rule_id, tuple(sorted(payees[claim.terms.rule_id])), claim.quantity < 0)
        for claim in claims
    }


# ----------------------------------------------------------------------
# Figures
# ----------------------------------------------------------------------


def _counted(part):
    """The claim without what was replaced."""
    if not part.replaced or not part.delivered:
        return part.claim
    factor = 1 - decimal(part.replaced) / decimal(part.delivered)
    return replace(
        part.claim,
        base=float(decimal(part.claim.base) * factor),
        quantity=float(decimal(part.claim.quantity) * factor),
    )


def _base_company(claim):
    """The base in company currency, unrounded; of a quantity the quantity."""
    base = decimal(claim.base)
    return base if claim.terms.is_per_unit else base / decimal(claim.money.rate)


def _sum(values):
    # A half cent is one, also when parts that do not divide were added up to it.
    return round(sum(values, Decimal(0)), DIGITS)


def _mean(parts, rates):
    if len(set(rates)) == 1:
        return rates[0]
    weights = [part.worth(part.delivered) for part in parts]
    total = sum(weights)
    if not total:
        return rates[-1]
    return float(sum(decimal(rate) * weight for rate, weight in zip(rates, weights, strict=True)) / total)


def _rounded(amount, precision):
    return from_units(to_units(round(amount, DIGITS), precision), precision)
