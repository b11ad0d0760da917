"""Breaking a target into shares that add up, and adding shares up again. Pure: no database, no clock.

How it works: a plan is a tree of nodes, each with one cell a period. Figures are whole numbers of
the smallest unit (cents, or a multiple of the unit of measure; :func:`.apportion.to_units`), so that
sums are exact at every level whatever is done in whatever order.

- *Spreading* goes down: from a node's total to its periods (where a total is given), then in each
  period from every node to its children, level by level, in proportion to weights. Locked cells are
  left alone and the others get the remainder. A cell whose children are all locked can only be
  their sum, and counts as locked with it. A cell gets no less than what is locked below it, as long
  as its siblings can make up for that. Where more is locked than there is to share out, nothing is
  spread at all: the others would get targets of the opposite sign, which nobody means.
- *Rolling up* goes the other way, and keeps both figures: what a cell was given and what its
  children add up to; the gap is the first less the second. Only :class:`RollUp` replaces the one by
  the other, and never in a locked cell.

Every share is rounded by :mod:`.apportion`.
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace

from .apportion import apportion

Node = Hashable
Key = tuple[Node, Hashable]


class TooMuchLocked(ValueError):
    """What is locked below a cell leaves no way to share its figure out.

    :ivar node: with ``period`` (``None``: all together) the cell whose figure was to be shared out
    :ivar total: its figure in units
    :ivar locked: what the locked cells below it add up to
    """

    def __init__(self, node: Node, period: Hashable | None, total: int, locked: int):
        self.node, self.period, self.total, self.locked = node, period, total, locked
        place = "" if period is None else f" in {period}"
        super().__init__(
            f"Below {node}{place} is locked what adds up to {locked} units, but there are {total} to "
            "share out. Unlock something or change the target."
        )


@dataclass(frozen=True, slots=True)
class Tree:
    """Targets of nodes and periods.

    :ivar parents: of every node its parent, ``None`` at the top; in the order of display
    :ivar periods: in the order of time
    :ivar targets: (node, period) to units; a missing cell is 0
    :ivar locked: the (node, period) that nothing but unlocking may change
    """

    parents: Mapping[Node, Node | None]
    periods: tuple[Hashable, ...]
    targets: Mapping[Key, int]
    locked: frozenset[Key] = frozenset()

    def children(self) -> dict[Node, list[Node]]:
        """Of every node its children, those at the top under ``None``, from the top down.

        :raise ValueError: where a parent is missing or a node is above itself
        """
        below: dict[Node, list[Node]] = {None: []} | {node: [] for node in self.parents}
        for node, parent in self.parents.items():
            if parent not in below:
                raise ValueError(f"Node {node} has a parent that is not in the plan: {parent}.")
            below[parent].append(node)
        ordered = [None]
        for node in ordered:
            ordered.extend(below[node])
        if len(ordered) < len(below):
            raise ValueError("A node of the plan is its own ancestor.")
        return {node: below[node] for node in ordered}

    def get(self, node: Node, period: Hashable) -> int:
        """The target of a cell in units."""
        return self.targets.get((node, period), 0)

    def total(self, node: Node) -> int:
        """The target of a node over all periods in units."""
        return sum(self.get(node, period) for period in self.periods)


@dataclass(frozen=True, slots=True)
class Edit:
    """A figure is typed into a cell or, without a period, into a node's total.

    A total is divided over the unlocked periods in proportion to what stands there.
    """

    node: Node
    units: int
    period: Hashable | None = None


@dataclass(frozen=True, slots=True)
class Lock:
    """A cell or, without a period, all cells of a node are locked or unlocked."""

    node: Node
    period: Hashable | None = None
    is_locked: bool = True


@dataclass(frozen=True, slots=True)
class Spread:
    """What a node has is spread over everything below it.

    :ivar total: a new total of the node in units, first divided over its periods; ``None`` spreads
        what its cells hold
    :ivar weights: (node, period) to weight (last year, forecast, working days, own …); ``None``
        gives equal parts. A cell above others that is not in it weighs what they weigh together
    """

    node: Node
    total: int | None = None
    weights: Mapping[Key, float] | None = None


@dataclass(frozen=True, slots=True)
class RollUp:
    """The figures at and below a node, save the locked ones, become the sum of those below them."""

    node: Node


@dataclass(frozen=True, slots=True)
class Outcome:
    """What spreading did.

    :ivar tree: with the new targets
    :ivar equal: groups spread in equal parts for want of weights, by the cell that was spread (its
        period is ``None`` where a total was divided over the periods)
    """

    tree: Tree
    equal: tuple[Key, ...] = ()


@dataclass(frozen=True, slots=True)
class Gap:
    """A cell with others below it, in units.

    :ivar target: what it was given
    :ivar below: what its children add up to; of a child with children of its own counts its own
        figure where it is locked and what lies below it elsewhere
    """

    target: int
    below: int

    @property
    def gap(self) -> int:
        """What is given but not shared out; below zero where more is shared out than given."""
        return self.target - self.below


def apply(tree: Tree, steps: Iterable[Edit | Lock | Spread | RollUp]) -> Tree:
    """The tree after a sequence of steps.

    :raise ValueError: where a step is impossible; nothing of the sequence is done then
    """
    for step in steps:
        match step:
            case Edit():
                tree = edit(tree, step)
            case Lock():
                cells = _cells(tree, step.node, step.period)
                locked = tree.locked | cells if step.is_locked else tree.locked - cells
                tree = replace(tree, locked=frozenset(locked))
            case Spread():
                tree = spread(tree, step).tree
            case RollUp():
                tree = take_over(tree, step.node)
            case _:
                raise ValueError(f"{step!r} is no step of planning.")
    return tree


def edit(tree: Tree, step: Edit) -> Tree:
    """The tree with a figure typed in; what lies above and below stays and shows a gap.

    :raise TooMuchLocked: where the locked periods leave no way to share a total out
    :raise ValueError: where the cell is locked
    """
    cells = _cells(tree, step.node, step.period)
    if step.period is None:
        row = {cell: cell in tree.locked for cell in _row(tree, step.node)}
        fixed = {cell: tree.targets.get(cell, 0) for cell, is_locked in row.items() if is_locked}
        weights = {cell: tree.targets.get(cell, 0) for cell in row}
        group = _Group((step.node, None), step.units, tuple(row), fixed, weights)
        return replace(tree, targets={**tree.targets, **group.divide().units})
    if cells & tree.locked:
        raise ValueError(f"The cell of {step.node} in {step.period} is locked. Unlock it first.")
    return replace(tree, targets={**tree.targets, (step.node, step.period): step.units})


def spread(tree: Tree, step: Spread) -> Outcome:
    """Spread what a node has, or a new total, over its periods and everything below it.

    Afterwards every cell of the node and below equals the sum of its children.

    :raise TooMuchLocked: where more is locked than there is to share out, or everything and it adds
        up to something else
    """
    _cells(tree, step.node, None)
    children = tree.children()
    inside = _inside(children, step.node)
    weights = _weights(tree, children, inside, step.weights)
    fixed, least = _bounds(tree, children, inside)
    targets, equal = dict(tree.targets), []

    def divide(cell, units, cells):
        group = _Group(cell, units, cells, fixed, weights, least)
        division = group.divide()
        targets.update(division.units)
        equal.extend([cell] if division.is_equal else [])

    if step.total is not None:
        divide((step.node, None), step.total, _row(tree, step.node))
    for node in inside:
        if not children[node]:
            continue
        for period in tree.periods:
            cells = tuple((child, period) for child in children[node])
            divide((node, period), targets.get((node, period), 0), cells)
    return Outcome(replace(tree, targets=targets), tuple(equal))


def roll_up(tree: Tree) -> dict[Key, Gap]:
    """Both figures of every cell that has others below it; nothing is changed."""
    children = tree.children()
    inside = [node for node in children if node is not None]
    below, _value = _sums(tree, children, inside)
    return {cell: Gap(tree.targets.get(cell, 0), units) for cell, units in below.items()}


def take_over(tree: Tree, node: Node) -> Tree:
    """The tree with the sums from below as targets of ``node`` and its descendants.

    Locked cells keep their own figure, and their gap.
    """
    _cells(tree, node, None)
    children = tree.children()
    below, _value = _sums(tree, children, _inside(children, node))
    new = {cell: units for cell, units in below.items() if cell not in tree.locked}
    return replace(tree, targets={**tree.targets, **new})


@dataclass(frozen=True, slots=True)
class _Division:
    units: Mapping[Key, int]
    is_equal: bool = False


@dataclass(frozen=True, slots=True)
class _Group:
    """Cells that are to add up to ``total``; ``fixed`` ones are not to be touched."""

    origin: Key
    total: int
    cells: tuple[Key, ...]
    fixed: Mapping[Key, int]
    weights: Mapping[Key, float]
    least: Mapping[Key, int] | None = None

    def divide(self) -> _Division:
        """The figures of the cells that are not locked, and of those their children determine."""
        given = {cell: self.fixed[cell] for cell in self.cells if cell in self.fixed}
        free = [cell for cell in self.cells if cell not in given]
        locked = sum(given.values())
        rest = self.total - locked
        is_overdrawn = rest * self.total < 0 or (rest < 0 and not self.total)
        if is_overdrawn or (rest and not free):
            raise TooMuchLocked(*self.origin, self.total, locked)
        if not free:
            return _Division(given)
        shares = apportion(rest, [self.weights.get(cell, 0) for cell in free])
        is_equal = shares.is_equal and len(free) > 1 and rest != 0
        units = dict(zip(free, shares.units, strict=True))
        if self.least:
            units = self._raised(units, rest, locked)
        return _Division(given | units, is_equal)

    def _raised(self, units, rest, locked):
        """Shares of ``rest`` none of which is less than what is locked below it."""
        sign = -1 if rest < 0 else 1
        raised = {}
        while short := {
            cell: self.least[cell]
            for cell, share in units.items()
            if cell in self.least and sign * share < sign * self.least[cell]
        }:
            others = [cell for cell in units if cell not in short]
            raised |= short
            left = rest - sum(raised.values())
            if not others or sign * left < 0:
                raise TooMuchLocked(*self.origin, self.total, locked + sum(raised.values()))
            shares = apportion(left, [self.weights.get(cell, 0) for cell in others])
            units = dict(zip(others, shares.units, strict=True))
        return raised | units


def _cells(tree, node, period):
    """The cells of a node, one or all of them; both must exist."""
    if node not in tree.parents:
        raise ValueError(f"Node {node} is not in the plan.")
    if period is None:
        return frozenset(_row(tree, node))
    if period not in tree.periods:
        raise ValueError(f"Period {period} is not in the plan.")
    return frozenset([(node, period)])


def _row(tree, node):
    return tuple((node, period) for period in tree.periods)


def _inside(children, node):
    """``node`` and everything below it, from the top down."""
    inside = [node]
    for one in inside:
        inside.extend(children[one])
    return inside


def _weights(tree, children, inside, given):
    """The weight of every cell: as given, else that of its children together; 1 without any."""
    if given is None:
        return dict.fromkeys(((node, period) for node in inside for period in tree.periods), 1)
    weights = {}
    for node in reversed(inside):
        for period in tree.periods:
            cell = (node, period)
            if cell in given:
                weights[cell] = given[cell]
            else:
                weights[cell] = sum(weights[child, period] for child in children[node])
    return weights


def _bounds(tree, children, inside):
    """What is fixed, and the least that must be in a cell because it is fixed below."""
    fixed, least = {}, {}
    for node in reversed(inside):
        for period in tree.periods:
            cell = (node, period)
            below = [(child, period) for child in children[node]]
            if cell in tree.locked:
                fixed[cell] = tree.targets.get(cell, 0)
            elif below and all(child in fixed for child in below):
                fixed[cell] = sum(fixed[child] for child in below)
            elif any(child in fixed or child in least for child in below):
                least[cell] = sum(fixed.get(child, least.get(child, 0)) for child in below)
    return fixed, least


def _sums(tree, children, inside):
    """Of every cell with children what they add up to, and the figure each cell counts with."""
    below, value = {}, {}
    for node in reversed(inside):
        for period in tree.periods:
            cell = (node, period)
            value[cell] = tree.targets.get(cell, 0)
            if children[node]:
                below[cell] = sum(value[child, period] for child in children[node])
                if cell not in tree.locked:
                    value[cell] = below[cell]
    return below, value
