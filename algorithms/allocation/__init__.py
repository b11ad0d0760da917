"""Who gets scarce stock. Pure: no database, no clock.

Everything that may be given anew is put into one pool: the free stock and what the demands hold,
save what is frozen. Out of it the demands are served in this order:

1. ``gain`` keeps what it holds;
2. ``win`` is raised to its full need, in the order of service;
3. ``gain``, then ``redistribute``, are raised to their needs, in the order of service;
4. ``fill`` is given back up to what it held; ``lose`` gets nothing.

The order of service within a strategy is the rank, the lowest first, then the tie key. Each demand
takes from its cells in the order given, as a reservation of one after the other would. The same
input gives the same plan, and planning again on its result changes nothing.

Quantities are counted in whole multiples of the product's rounding, so that sums are exact.
"""

from collections.abc import Collection, Hashable, Iterable, Mapping

from .planner import Planner
from .terms import (
    FAR_OFF,
    PHASE,
    ROUNDING,
    STRATEGIES,
    TURNS,
    Cell,
    Demand,
    Outcome,
    Protection,
    equal_parts,
    service_order,
)

__all__ = [
    "FAR_OFF",
    "PHASE",
    "ROUNDING",
    "STRATEGIES",
    "TURNS",
    "Cell",
    "Demand",
    "Outcome",
    "Protection",
    "equal_parts",
    "plan",
    "service_order",
]


def plan(
    cells: Iterable[Cell],
    demands: Iterable[Demand],
    protections: Iterable[Protection] = (),
    *,
    fair_share: bool = False,
    roundings: Mapping[Hashable, float] | None = None,
    share_steps: Mapping[Hashable, float] | None = None,
    incomplete: Collection[Hashable] = (),
) -> dict[Hashable, Outcome]:
    """Who is to hold how much of what.

    :param fair_share: the demands of one strategy and rank share what there is: each gets its need
        or an equal part, and the rest goes by the largest remainder, then by the tie key
    :param roundings: the smallest quantity a product; :data:`ROUNDING` where it is missing
    :param share_steps: the smallest equal part a product; 1 where it is missing
    :param incomplete: groups of which something is missing that is not among the demands
    :return: {key of the demand: :class:`Outcome`}
    """
    return Planner(
        cells,
        list(demands),
        protections,
        fair_share,
        roundings or {},
        share_steps or {},
        frozenset(incomplete),
    ).run()
