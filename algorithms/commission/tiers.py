"""Commission by bands of an amount or a quantity. Pure: no database, no clock, no rounding.

Amounts may be ``float``, ``Decimal`` or ``Fraction``; the result is of the same kind. Bands are
half-open: an amount at the edge of two belongs to the upper one. Round a base by its currency before
it comes here, or it may miss an edge by less than a cent.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

HUNDRED = 100


@dataclass(frozen=True, slots=True)
class Band:
    """From ``amount_from`` up to but without ``amount_to`` (0: no end).

    ``rate`` is in percent, or an amount a unit where the base is a quantity.
    """

    amount_from: float
    amount_to: float
    rate: float


class BandError(ValueError):
    """Bands that do not fit together.

    :ivar kind: what is wrong: ``none`` (no bands), ``start`` (does not begin at 0), ``descending`` (ends
        where it begins or before), ``unordered`` (begins before the one above it), ``gap``, ``overlap``
        or ``end`` (the last has an end)
    :ivar position: of the band concerned, from 0
    """

    def __init__(self, kind: str, position: int, message: str):
        super().__init__(message)
        self.kind = kind
        self.position = position


def check_bands(bands: Sequence[Band], *, complete: bool = True) -> None:
    """Check that bands in their order follow each other.

    :param complete: whether they must begin at 0, leave no gap and have no end; otherwise they must
        only not overlap
    :raise BandError: saying which band is wrong, and how
    """
    if complete and not bands:
        raise BandError("none", 0, "There are no bands.")
    for position, band in enumerate(bands):
        if band.amount_to and band.amount_to <= band.amount_from:
            raise BandError(
                "descending", position, f"The band from {band.amount_from} ends at {band.amount_to}."
            )
    if complete and bands[0].amount_from != 0:
        raise BandError("start", 0, f"The first band begins at {bands[0].amount_from}, not at 0.")
    for position, (lower, upper) in enumerate(pairwise(bands), start=1):
        _check_neighbours(lower, upper, position, complete=complete)
    if complete and bands[-1].amount_to:
        raise BandError("end", len(bands) - 1, f"The last band ends at {bands[-1].amount_to}.")


def _check_neighbours(lower, upper, position, *, complete):
    if upper.amount_from < lower.amount_from:
        raise BandError(
            "unordered", position, f"The band from {upper.amount_from} comes after {lower.amount_from}."
        )
    if not lower.amount_to or upper.amount_from < lower.amount_to:
        raise BandError("overlap", position, f"The band from {upper.amount_from} overlaps the one before.")
    if complete and upper.amount_from > lower.amount_to:
        raise BandError(
            "gap", position, f"No band has what lies from {lower.amount_to} to {upper.amount_from}."
        )


def find(bands: Sequence[Band], base) -> Band | None:
    """The band a base of 0 or more lies in, ``None`` where it lies in a gap."""
    return next(
        (
            band
            for band in bands
            if band.amount_from <= base and (not band.amount_to or base < band.amount_to)
        ),
        None,
    )


def slices(bands: Sequence[Band], base) -> Iterator[tuple[Band, float]]:
    """The bands that a base of 0 or more reaches into, each with the part that lies in it."""
    for band in bands:
        if base <= band.amount_from:
            return
        upper = min(base, band.amount_to) if band.amount_to else base
        yield band, upper - band.amount_from


def marginal(bands: Sequence[Band], base, *, per_unit: bool = False):
    """Each part of the base at the rate of the band it lies in.

    :param bands: complete, see :func:`check_bands`
    :param base: below 0 what is taken back: the result of ``-base`` with the other sign
    :param per_unit: whether rates are amounts a unit instead of percent
    :return: unrounded amount
    """
    if base < 0:
        return -marginal(bands, -base, per_unit=per_unit)
    total = sum(part * band.rate for band, part in slices(bands, base))
    return total if per_unit else total / HUNDRED


def retroactive(bands: Sequence[Band], base, *, per_unit: bool = False):
    """The whole base at the rate of the band it lies in. Parameters as in :func:`marginal`."""
    if base < 0:
        return -retroactive(bands, -base, per_unit=per_unit)
    band = find(bands, base)
    total = base * band.rate if band else base * 0
    return total if per_unit else total / HUNDRED
