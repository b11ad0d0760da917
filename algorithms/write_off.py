"""A written-off amount as items of a journal entry: base and tax of the documents it is part of.

Everything is without sign and in one currency; parts always add up to the whole.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Parts:
    """``base`` and ``tax`` by the keys of what a document is made of; together the amount."""

    base: dict
    tax: dict


def carrying_value(
    amount: float, residual: float, residual_company: float, round_amount: Callable[[float], float]
) -> float:
    """What ``amount`` of an open item stands for in the books of the company.

    The rate is that at which the rest of the item is carried, so that writing off makes no gain
    or loss by exchange rates; the whole of the item takes the whole of its value.

    :param amount: in the currency of the document, not above ``residual``
    :param residual_company: ``residual`` in company currency
    :param round_amount: by the company currency
    :raises ValueError: when nothing is open, or less than the amount
    """
    if residual <= 0 or amount > residual:
        raise ValueError("more than what is open cannot be written off")
    if amount == residual:
        return residual_company
    return round_amount(residual_company * amount / residual)


def split_tax(
    amount: float,
    total: float,
    bases: Mapping,
    taxes: Mapping,
    round_amount: Callable[[float], float],
) -> Parts:
    """Split a written-off ``amount`` like the document of ``total`` it is part of.

    :param bases: {key: untaxed amount of the document}
    :param taxes: {key: tax of the document}
    :return: taxes in proportion, each rounded by the currency; the rest is base, its rounding
        difference with the largest
    :raises ValueError: when the document has no base or is worth nothing
    """
    if total <= 0 or not bases:
        raise ValueError("a document without amount cannot be split")
    share = amount / total
    tax = {key: round_amount(value * share) for key, value in taxes.items()}
    base = {key: round_amount(value * share) for key, value in bases.items()}
    largest = max(base, key=lambda key: abs(base[key]))
    difference = amount - sum(tax.values()) - sum(base.values())
    base[largest] = round_amount(base[largest] + difference)
    return Parts(base=base, tax=tax)
