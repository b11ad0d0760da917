"""What of the sales has changed since they were last counted. Pure: no database, no clock."""

import hashlib
from collections.abc import Hashable, Iterable, Mapping

# Beyond this many digits figures differ by the order in which they were added up.
DIGITS = 6


def digests(rows: Iterable[tuple[Hashable, tuple, float]]) -> dict[Hashable, str]:
    """Of every month a short text that tells whether anything in it is another than before.

    :param rows: month, who sold what to whom, figure; in any order
    """
    sums: dict[Hashable, int] = {}
    for month, key, value in rows:
        if figure := round(float(value), DIGITS):
            told = hashlib.blake2b(repr((key, figure)).encode(), digest_size=8).digest()
            sums[month] = sums.get(month, 0) + int.from_bytes(told)
    return {month: f"{total % 2**64:016x}" for month, total in sums.items()}


def changed(before: Mapping[Hashable, str], now: Mapping[Hashable, str]) -> set:
    """Months that differ, those that are in one only among them."""
    return {month for month in before.keys() | now.keys() if before.get(month) != now.get(month)}
