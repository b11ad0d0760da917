"""What a plan is made of: places, demands, what is set apart, and what comes out."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

STRATEGIES = ("win", "gain", "redistribute", "fill", "lose")
PHASE = {strategy: number for number, strategy in enumerate(STRATEGIES)}
ROUNDING = 0.01
# Where nobody loses anything, those come after all others that a run would not let gain, or would
# take everything from; and after these the demands that are not due yet.
TURNS = {"fill": 1, "lose": 2}
FAR_OFF = 3


@dataclass(frozen=True, slots=True)
class Cell:
    """A place with stock of one product.

    :ivar quantity: what the plan may give away: on hand, less what is reserved by anybody who is
        not among the demands and less what is frozen; the unfrozen reservations of the demands
        are part of it
    """

    key: Hashable
    product: Hashable
    quantity: float


@dataclass(frozen=True, slots=True)
class Demand:
    """An open move that competes for a product, quantities in the product's unit.

    :ivar strategy: one of :data:`STRATEGIES`
    :ivar rank: lower is served first
    :ivar turn: those of a later turn are served after all others of their strategy
    :ivar tie: orders the demands of one rank; the same kind of tuple for all
    :ivar need: the whole of what is ordered, what it holds included
    :ivar cells: keys of the cells it may take from, in the order in which it takes
    :ivar held: (cell, quantity) of what it holds now and may lose
    :ivar frozen: what it holds and nobody touches; in no cell
    :ivar group: demands of one group are served in full all together or not raised at all
    :ivar fit: the most of a quantity, taken at once, that its unit can express; ``None``: all of it
    """

    key: Hashable
    product: Hashable
    strategy: str
    rank: int
    need: float
    cells: tuple[Hashable, ...]
    tie: tuple = ()
    held: tuple[tuple[Hashable, float], ...] = ()
    frozen: float = 0.0
    group: Hashable = None
    fit: Callable[[float], float] | None = None
    turn: int = 0

    def __post_init__(self):
        if self.strategy not in PHASE:
            raise ValueError(f"Unknown strategy: {self.strategy!r}")
        is_negative = self.need < 0 or self.frozen < 0
        if is_negative or (self.held and any(quantity < 0 for _cell, quantity in self.held)):
            raise ValueError("A demand cannot be negative.")

    @property
    def is_served(self):
        """Whether it holds all it needs."""
        return self.frozen + sum(quantity for _cell, quantity in self.held) >= self.need


@dataclass(frozen=True, slots=True)
class Protection:
    """A quantity of a product set apart for some demands, or the most they may take.

    :ivar quantity: what is left of it; what the members hold and may lose is not counted yet
    :ivar members: keys of the demands it is for
    :ivar is_cap: ``members`` may take no more than ``quantity``; otherwise nobody else may take
        so much that less than ``quantity`` is left for them
    :ivar from_rank: it binds demands of this rank and those served later; ``None``: all. Where it
        binds a ``win``, each ``gain`` is served later
    :ivar cells: keys of the cells where it holds; ``None``: wherever the product is
    :ivar exempt: keys of demands that it neither serves nor binds
    :ivar shared_with: other products, of the same rounding, that share the quantity with ``product``
    :ivar elsewhere: what there is of products that share the quantity and are not in this plan
    :ivar takes_nothing: it keeps others from gaining, and leaves them what they hold
    """

    key: Hashable
    product: Hashable
    quantity: float
    members: frozenset
    is_cap: bool = False
    from_rank: int | None = None
    cells: frozenset | None = None
    exempt: frozenset = frozenset()
    shared_with: frozenset = frozenset()
    elsewhere: float = 0.0
    takes_nothing: bool = False

    @property
    def products(self):
        """All products that it is about."""
        return self.shared_with | {self.product}


class Outcome(NamedTuple):
    """What a demand is to have, in the product's unit.

    :ivar before: what it held, ``planned``: what it is to hold; both with what is frozen
    :ivar cells: (cell, quantity) of ``planned`` without what is frozen, in the order taken
    :ivar missing: what it still lacks of its need
    :ivar gained_from: (demand, quantity) that lost what it gained; ``from_free``: the other gains
    :ivar lost_to: (demand, quantity) that gained what it lost; ``given_up``: what nobody gained
    :ivar protected_by: (protection, quantity set apart) that stood in its way
    :ivar capped_by: keys of the caps that stood in its way
    :ivar is_withheld: not raised because its group cannot be served in full
    """

    key: Hashable
    before: float
    planned: float
    cells: tuple[tuple[Hashable, float], ...] = ()
    missing: float = 0.0
    gained_from: tuple[tuple[Hashable, float], ...] = ()
    from_free: float = 0.0
    lost_to: tuple[tuple[Hashable, float], ...] = ()
    given_up: float = 0.0
    protected_by: tuple[tuple[Hashable, float], ...] = ()
    capped_by: tuple[Hashable, ...] = ()
    is_withheld: bool = False

    def adds_nothing_to(self, held: Iterable[tuple[Hashable, float]]) -> bool:
        """Whether it gives nowhere more than the (cell, quantity) of ``held``."""
        before = dict(held)
        return all(quantity <= before.get(cell, 0.0) for cell, quantity in self.cells)


def service_order(demands: Iterable[Demand]) -> list[Demand]:
    """The demands in the order in which they are served."""
    return sorted(
        demands,
        key=lambda demand: (PHASE[demand.strategy], demand.turn, demand.rank, demand.tie),
    )


def equal_parts(needs: Sequence[int], total: int) -> list[int]:
    """Share ``total`` so that each gets its need or, of what the others leave, an equal part.

    What does not divide goes, one each, to the first of those that lack something.
    """
    result = list(needs)
    ascending = sorted(range(len(needs)), key=needs.__getitem__)
    for position, index in enumerate(ascending):
        rest = ascending[position:]
        part, spare = divmod(total, len(rest))
        if needs[index] > part:
            for number, lacking in enumerate(sorted(rest)):
                result[lacking] = part + (number < spare)
            break
        total -= needs[index]
    return result
