"""Which sales region an address lies in."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Region:
    """A region of the tree.

    ``countries`` are those it covers as a whole, ``states`` those it covers one by one (of other
    countries). ``depth`` counts the regions above it; ``sequence`` and ``key`` break ties.
    """

    key: int
    depth: int
    sequence: int
    countries: frozenset[int]
    states: frozenset[int]


def best_region(regions: Iterable[Region], country: int | None, state: int | None) -> int | None:
    """The key of the region that fits an address best, or None when none covers it.

    A region naming the state beats one naming the country; then the deepest in the tree wins,
    then the lowest sequence, then the lowest key.
    """
    candidates = [
        (0 if state in region.states else 1, -region.depth, region.sequence, region.key)
        for region in regions
        if (state and state in region.states) or (country and country in region.countries)
    ]
    return min(candidates)[-1] if candidates else None
