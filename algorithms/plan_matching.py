"""Which node of a plan a sale belongs to. Pure: no database, no clock.

A node says what it stands for: values of dimensions such as the salesperson or the customer. A sale
goes down the tree: at every level to the most specific child that agrees with it in all its
dimensions, else to the child that takes all others. A child without dimensions is a folder and as
specific as what it holds for the sale. Where no child takes it, it stays. At the top, the first node
without dimensions takes what no other does. A sale so counts once at every level at the most, and
what is above is the sum of what is below and of what stayed.

Of two children that agree, the more specific is the one that names more single things (a person, a
customer, a product) rather than groups of them; then the one with more dimensions; then, of regions
and categories, the deeper; then the one that comes first.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from itertools import product
from math import prod

Fact = tuple[Hashable, ...]
# So many decimals of a smallest unit are sure; those behind come of adding up.
SURE_DECIMALS = 6
# How specific a match is: single things, dimensions (both counted below zero), place among siblings.
_Rank = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the plan.

    :ivar accepts: of each dimension it has, the values that agree with it: one, or of a tree of
        regions or categories a value and all below it
    :ivar is_rest: whether it takes what its siblings leave
    """

    key: Hashable
    parent: Hashable | None
    accepts: Mapping[str, Iterable[Hashable]] = field(default_factory=dict)
    is_rest: bool = False


@dataclass(slots=True)
class _Children:
    """What is right below a node: by the dimensions they have, the folders, and the rest."""

    by_values: dict[tuple[int, ...], dict[Fact, tuple[int, int, Hashable]]] = field(default_factory=dict)
    folders: list[Hashable] = field(default_factory=list)
    rest: Hashable | None = None


class Matcher:
    """Finds the node of a sale.

    :param dimensions: names of the values of a fact, in their order
    :param nodes: siblings in the order in which they are asked
    :param single: those of the dimensions whose values are single things, not groups of them
    """

    def __init__(self, dimensions: Sequence[str], nodes: Sequence[Node], single: Iterable[str] = ()):
        self._positions = {name: position for position, name in enumerate(dimensions)}
        self._single = {self._positions[name] for name in single if name in self._positions}
        self._children: dict[Hashable | None, _Children] = {}
        self._found: dict[Fact, Hashable | None] = {}
        for place, node in enumerate(nodes):
            self._add(place, node)

    def _add(self, place, node):
        children = self._children.setdefault(node.parent, _Children())
        if node.is_rest:
            children.rest = node.key
            return
        if not node.accepts:
            children.folders.append(node.key)
            return
        names = sorted(node.accepts, key=self._positions.__getitem__)
        index = children.by_values.setdefault(tuple(self._positions[name] for name in names), {})
        accepted = [tuple(node.accepts[name]) for name in names]
        # Of two values of a tree that hold the same sale one lies below the other, and holds less.
        breadth = prod(map(len, accepted))
        for values in product(*accepted):
            index[values] = min(index.get(values, (breadth, place, node.key)), (breadth, place, node.key))

    def find(self, fact: Fact) -> Hashable | None:
        """The key of the deepest node the fact belongs to, ``None`` where it is not in the plan."""
        if fact not in self._found:
            found = self._below(None, fact)
            top = self._children.get(None)
            if found is None and top and top.folders:
                found = top.folders[0]
            self._found[fact] = found
        return self._found[fact]

    def _below(self, parent, fact):
        """The deepest node below ``parent`` that has the fact, ``None`` where none has."""
        named = self._best_named(parent, fact)
        if named:
            return self._deepest(named[1], fact)
        return self._rest(parent, fact)

    def _best_named(self, parent, fact) -> tuple[_Rank, Hashable] | None:
        """The most specific node that names the fact, among the children and in their folders."""
        children = self._children.get(parent)
        if not children:
            return None
        found = []
        for positions, index in children.by_values.items():
            if match := index.get(tuple(fact[position] for position in positions)):
                _breadth, place, key = match
                things = len(self._single.intersection(positions))
                found.append(((-things, -len(positions), place), key))
        found += filter(None, (self._best_named(folder, fact) for folder in children.folders))
        return min(found, key=lambda match: match[0], default=None)

    def _rest(self, parent, fact):
        children = self._children.get(parent)
        if not children:
            return None
        for folder in children.folders:
            if (found := self._rest(folder, fact)) is not None:
                return found
        return None if children.rest is None else self._deepest(children.rest, fact)

    def _deepest(self, key, fact):
        found = self._below(key, fact)
        return key if found is None else found


def add_up(own: Mapping[tuple, int], parents: Mapping[Hashable, Hashable | None]) -> dict[tuple, int]:
    """Figures of nodes and periods with those of everything below them.

    :param own: (node, period) -> units that belong to the node itself
    :param parents: of every node its parent, ``None`` at the top
    """
    totals: dict[tuple, int] = {}
    for (node, period), units in own.items():
        while node is not None:
            totals[node, period] = totals.get((node, period), 0) + units
            node = parents[node]
    return totals


def add_up_rounded(
    own: Mapping[tuple, float], parents: Mapping[Hashable, Hashable | None], precision: float
) -> dict[tuple, int]:
    """:func:`add_up` of figures that are not rounded yet: those of a share, or of another currency.

    What is at the top is rounded as a whole. Below it figures are rounded so that with what stays at a
    node they add up to it: each is the next unit below or above what it is (largest remainder; of
    equal ones the first gets the unit).

    :param own: (node, period) -> figure that belongs to the node itself
    :param parents: of every node its parent, ``None`` at the top; siblings in their order
    :param precision: the smallest unit, such as 0.01
    :return: (node, period) -> units
    """
    unit = Decimal(str(precision))
    by_period: dict[Hashable, dict[tuple, Decimal]] = {}
    for cell, figure in own.items():
        exact = round(Decimal(str(figure)) / unit, SURE_DECIMALS)
        by_period.setdefault(cell[1], {})[cell] = exact
    result: dict[tuple, int] = {}
    for period, exact in by_period.items():
        if any(units % 1 for units in exact.values()):
            result |= _round_down_the_tree(exact, add_up(exact, parents), parents, period)
        else:
            result |= add_up({cell: int(units) for cell, units in exact.items()}, parents)
    return result


def _round_down_the_tree(own, totals, parents, period):
    """The totals of one period in whole units."""
    below: dict[Hashable | None, list] = {}
    for node, parent in parents.items():
        if (node, period) in totals:
            below.setdefault(parent, []).append(node)
    top = below.get(None, [])
    whole = int(sum(totals[node, period] for node in top).to_integral_value(ROUND_HALF_UP))
    units = dict(zip(top, _rounded([totals[node, period] for node in top], whole), strict=True))
    for node in (waiting := list(units)):
        children = below.get(node, [])
        parts = [*(totals[child, period] for child in children), own.get((node, period), Decimal())]
        units |= zip(children, _rounded(parts, units[node])[:-1], strict=True)
        waiting.extend(children)
    return {(node, period): number for node, number in units.items()}


def _rounded(parts: Sequence[Decimal], whole: int) -> list[int]:
    """Parts as whole numbers that add up to ``whole``, which is their sum rounded up or down."""
    units = [int(part.to_integral_value(ROUND_FLOOR)) for part in parts]

    def is_before(place):
        # What is taken back is shared as it was given: of the last one less is taken.
        return units[place] - parts[place], place if parts[place] >= 0 else -place

    for place in sorted(range(len(parts)), key=is_before)[: whole - sum(units)]:
        units[place] += 1
    return units
