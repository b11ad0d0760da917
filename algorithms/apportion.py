"""Sharing an amount out in rounded parts that add up to it. Pure: no database, no clock.

Figures are whole numbers of the smallest unit: cents, or a multiple of the unit of measure. The
rounding is the method of the largest remainder (Hamilton's apportionment; Balinski and Young, *Fair
Representation*, 1982): everybody gets the whole units of his quota, and what is left goes one by one
to the largest fractions, at a tie to whoever comes first. A negative total is shared like a positive
one, with the sign turned.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from math import isfinite, lcm


def to_units(amount: float, precision: float) -> int:
    """How many smallest units an amount is, rounded half away from zero.

    :param precision: the smallest unit, such as 0.01; a currency's or unit's rounding
    """
    if not precision > 0 or not isfinite(precision):
        raise ValueError(f"The rounding precision must be positive, not {precision}.")
    if not isfinite(amount):
        raise ValueError(f"{amount} is no amount.")
    units = Decimal(str(amount)) / Decimal(str(precision))
    return int(units.to_integral_value(ROUND_HALF_UP))


def from_units(units: int, precision: float) -> float:
    """The amount of so many smallest units, the nearest float there is."""
    return float(Decimal(units) * Decimal(str(precision)))


@dataclass(frozen=True, slots=True)
class Shares:
    """The parts of a total, in the order of the weights.

    :ivar units: whole numbers that add up to the total
    :ivar is_equal: whether the weights said nothing (all zero) and equal parts were made
    """

    units: tuple[int, ...]
    is_equal: bool = False


def apportion(total: int, weights: Sequence[float]) -> Shares:
    """Split ``total`` units in proportion to ``weights`` by the largest remainder.

    A weight below zero (a period of credit notes only) counts as zero, unless none is above zero:
    then they all count by their size. Weights that are all zero give equal parts.
    """
    if not weights:
        if total:
            raise ValueError(f"There is nothing to spread {total} units over.")
        return Shares(())
    integers = _integers(weights)
    is_equal = not any(integers)
    if is_equal:
        integers = [1] * len(integers)
    whole = sum(integers)
    sign, size = (-1, -total) if total < 0 else (1, total)
    quotas = [divmod(size * weight, whole) for weight in integers]
    parts = [part for part, _rest in quotas]
    missing = size - sum(parts)
    if missing:
        by_rest = sorted(range(len(quotas)), key=lambda position: -quotas[position][1])
        for position in by_rest[:missing]:
            parts[position] += 1
    return Shares(tuple(sign * part for part in parts), is_equal)


def _integers(weights: Sequence[float]) -> list[int]:
    """Weights in exactly the same proportions, whole and not below zero."""
    if not all(isfinite(weight) for weight in weights):
        raise ValueError("A weight must be a finite number.")
    if max(weights) <= 0:
        weights = [abs(weight) for weight in weights]
    ratios = [weight.as_integer_ratio() if weight > 0 else (0, 1) for weight in weights]
    common = lcm(*{denominator for _numerator, denominator in ratios})
    return [numerator * (common // denominator) for numerator, denominator in ratios]


def split(total: float, weights: Sequence[float], precision: float) -> list[float]:
    """:func:`apportion` of an amount: rounded parts whose sum, rounded, is the rounded total."""
    shares = apportion(to_units(total, precision), weights)
    return [from_units(units, precision) for units in shares.units]
