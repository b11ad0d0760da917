"""Which node of a plan a sale belongs to. Pure: no database, no clock.

A node says what it stands for: values of dimensions such as the salesperson or the customer. A sale
goes down the tree: at every level to the first child that agrees with it in all its dimensions, else
into a child without dimensions below which it finds a place, else to the child that takes all
others. Where no child takes it, it stays. At the top, the first node without dimensions takes what
no other does. A sale so counts once at every level at the most, and what is above is the sum of what
is below and of what stayed.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

Fact = tuple[Hashable, ...]


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

    by_values: dict[tuple[int, ...], dict[Fact, tuple[int, Hashable]]] = field(default_factory=dict)
    open: list[Hashable] = field(default_factory=list)
    rest: Hashable | None = None


class Matcher:
    """Finds the node of a sale.

    :param dimensions: names of the values of a fact, in their order
    :param nodes: siblings in the order in which they are asked
    """

    def __init__(self, dimensions: Sequence[str], nodes: Sequence[Node]):
        self._positions = {name: position for position, name in enumerate(dimensions)}
        self._children: dict[Hashable | None, _Children] = {}
        self._found: dict[Fact, Hashable | None] = {}
        for rank, node in enumerate(nodes):
            self._add(rank, node)

    def _add(self, rank, node):
        children = self._children.setdefault(node.parent, _Children())
        if node.is_rest:
            children.rest = node.key
            return
        if not node.accepts:
            children.open.append(node.key)
            return
        names = sorted(node.accepts, key=self._positions.__getitem__)
        index = children.by_values.setdefault(tuple(self._positions[name] for name in names), {})
        for values in product(*(node.accepts[name] for name in names)):
            index.setdefault(values, (rank, node.key))

    def find(self, fact: Fact) -> Hashable | None:
        """The key of the deepest node the fact belongs to, ``None`` where it is not in the plan."""
        if fact not in self._found:
            found = self._below(None, fact)
            top = self._children.get(None)
            if found is None and top and top.open:
                found = top.open[0]
            self._found[fact] = found
        return self._found[fact]

    def _below(self, parent, fact):
        children = self._children.get(parent)
        if not children:
            return None
        agreeing = [
            index[values]
            for positions, index in children.by_values.items()
            if (values := tuple(fact[position] for position in positions)) in index
        ]
        if agreeing:
            return self._deepest(min(agreeing)[1], fact)
        for key in children.open:
            found = self._below(key, fact)
            if found is not None:
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
