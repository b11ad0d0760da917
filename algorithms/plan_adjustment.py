"""Adjustments of forecasts by hand, which add up over a tree. Pure: no database, no clock.

What is added to the forecast of a node is added to those above it as well, and shared out among those
below it by what is expected of them. So the adjustments below a node always add up to its own. Figures
are whole numbers of the smallest unit; shares are rounded by :mod:`.apportion`.
"""

from collections.abc import Hashable, Iterable, Mapping

from .apportion import apportion

Cell = tuple[Hashable, Hashable]


class Adjuster:
    """Adjustments of the nodes of a plan.

    :param parents: of every node its parent, ``None`` at the top; those above come first
    :param present: (node, period) -> adjustment in units; a missing one is 0
    :param weights: (node, period) -> what is expected there, by which adjustments are shared out
    """

    def __init__(
        self,
        parents: Mapping[Hashable, Hashable | None],
        present: Mapping[Cell, int],
        weights: Mapping[Cell, float],
    ):
        self._parents, self._weights = parents, weights
        self._present = dict(present)
        self._changes: dict[Cell, int] = {}
        self._children: dict[Hashable | None, list] = {}
        for node, parent in parents.items():
            self._children.setdefault(parent, []).append(node)

    def adjust(self, typed: Mapping[Cell, int]) -> dict[Cell, int]:
        """Give cells new adjustments, those above before those below.

        :return: by how much cells change
        """
        places = {node: place for place, node in enumerate(self._parents)}
        for node, period in sorted(typed, key=lambda cell: places[cell[0]]):
            change = typed[node, period] - self._present.get((node, period), 0)
            self._add(node, period, change)
            above = self._parents[node]
            while above is not None:
                self._change(above, period, change)
                above = self._parents[above]
        return self._made()

    def settle(self, periods: Iterable[Hashable]) -> dict[Cell, int]:
        """Share out what was once typed at nodes that only later got others below them.

        :return: by how much cells change
        """
        for period in periods:
            for node in self._parents:
                if children := self._children.get(node):
                    below = sum(self._present.get((child, period), 0) for child in children)
                    self._share_out(node, period, self._present.get((node, period), 0) - below)
        return self._made()

    def _made(self):
        return {cell: change for cell, change in self._changes.items() if change}

    def _add(self, node, period, change):
        self._change(node, period, change)
        self._share_out(node, period, change)

    def _share_out(self, node, period, change):
        children = self._children.get(node)
        if not children or not change:
            return
        weights = [self._weights.get((child, period), 0) for child in children]
        for child, share in zip(children, apportion(change, weights).units, strict=True):
            self._add(child, period, share)

    def _change(self, node, period, change):
        cell = (node, period)
        self._present[cell] = self._present.get(cell, 0) + change
        self._changes[cell] = self._changes.get(cell, 0) + change
