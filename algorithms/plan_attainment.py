"""Which figures of which plans say how far a person has come. Pure: no database, no clock."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Figure:
    """What a node of a person was to sell and has sold in a period, both days included.

    :ivar plan: key of the plan, which are told apart by it
    :ivar rank: of the plan; the lowest counts where several have the person
    :ivar path: nodes from the top of the tree down to this one, itself included
    """

    plan: Hashable
    rank: int
    path: Sequence[int]
    date_from: date
    date_to: date
    target: float
    actual: float


def counted(figures: Iterable[Figure], date_from: date, date_to: date) -> list[Figure]:
    """Those of one person that count in a range, so that nothing counts twice.

    A period counts if it lies within the range as a whole. Of a person below himself the upper node
    says it all. Of each day one plan counts: that of the lowest rank whose period has it; another
    plan fills in where the first has no period.

    :return: in the order of rank and time
    """
    within = [one for one in figures if date_from <= one.date_from and one.date_to <= date_to]
    nodes = {(one.plan, one.path[-1]) for one in within}
    upper = [one for one in within if not any((one.plan, node) in nodes for node in one.path[:-1])]
    result: list[Figure] = []
    taken: dict[Hashable, list[tuple[date, date]]] = {}
    for one in sorted(upper, key=lambda one: (one.rank, one.date_from, one.path)):
        others = [dates for plan, periods in taken.items() if plan != one.plan for dates in periods]
        if not any(first <= one.date_to and one.date_from <= last for first, last in others):
            result.append(one)
            taken.setdefault(one.plan, []).append((one.date_from, one.date_to))
    return result
