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

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import floor

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
        if self.need < 0 or self.frozen < 0 or any(quantity < 0 for _cell, quantity in self.held):
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


@dataclass(frozen=True, slots=True)
class Outcome:
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
    return _Planner(
        cells,
        list(demands),
        protections,
        fair_share,
        roundings or {},
        share_steps or {},
        frozenset(incomplete),
    ).run()


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


class _Guard:
    """A protection while it is being used up, in units."""

    __slots__ = (
        "binds_gain", "cells", "exempt", "from_rank", "is_cap", "key", "members", "products",
        "remaining", "scope", "takes_nothing",
    )

    def __init__(self, protection, remaining):
        self.key = protection.key
        self.members = protection.members
        self.exempt = protection.exempt
        self.is_cap = protection.is_cap
        self.from_rank = protection.from_rank
        self.cells = protection.cells
        self.products = protection.products
        self.remaining = max(0, remaining)
        self.takes_nothing = protection.takes_nothing
        self.scope = None
        # What was kept from a win is not given to one served after it, whatever his rank: he would
        # keep it, and the next plan would take it from the win.
        self.binds_gain = False

    def holds_in(self, cell):
        return self.cells is None or cell in self.cells

    def binds(self, demand):
        if demand.key in self.members or demand.key in self.exempt:
            return False
        if self.from_rank is None or demand.rank >= self.from_rank:
            return True
        return self.binds_gain and demand.strategy == "gain"

    def is_within(self, scope):
        if not self.products <= scope.products:
            return False
        return scope.cells is None or (self.cells is not None and self.cells <= scope.cells)


class _Scope:
    """Some products, in some cells or all: where several guards share what is free.

    ``free`` is what is left there, in units; ``guards`` are those that hold nowhere else.
    """

    __slots__ = ("cells", "free", "guards", "products")

    def __init__(self, products, cells, free):
        self.products = products
        self.cells = cells
        self.free = free
        self.guards = []

    def changes(self, cell, before, after):
        if self.cells is None or cell in self.cells:
            self.free += max(0, after) - max(0, before)


class _Bound:
    """How much more one demand may take from some cells, and because of what."""

    __slots__ = ("cells", "guards", "left")

    def __init__(self, cells, left, guards):
        self.cells = cells
        self.left = max(0, left)
        self.guards = guards


class _Stock:
    """What is left of one product, in units."""

    __slots__ = ("free", "guards", "per_one", "rounding", "scopes", "step")

    def __init__(self, rounding, step):
        self.rounding = rounding
        # Dividing by a whole number of units gives the nearest float at once.
        per_one = round(1 / rounding)
        self.per_one = per_one if per_one and abs(per_one * rounding - 1) < 1e-9 else None
        self.step = max(1, round(step / rounding))
        self.free = {}
        self.guards = []
        self.scopes = []

    def units(self, quantity):
        return round(quantity / self.rounding)

    def whole_units(self, quantity):
        return floor(quantity / self.rounding + 1e-6)

    def quantity(self, units):
        return units / self.per_one if self.per_one else round(units * self.rounding, 9)

    def look(self, demand, want, lost=0):
        """What ``demand`` can take now, at most ``want``: ([(cell, units)], bounds met).

        :param lost: what it held and has not got back yet
        """
        bounds = self._bounds(demand, lost) if self.guards else ()
        picks, left = [], want
        for cell in demand.cells:
            if left <= 0:
                break
            units = min(left, self.free.get(cell, 0))
            for bound in bounds:
                if bound.cells is None or cell in bound.cells:
                    units = min(units, bound.left)
            if units <= 0:
                continue
            picks.append((cell, units))
            left -= units
            for bound in bounds:
                if bound.cells is None or cell in bound.cells:
                    bound.left -= units
        if demand.fit and picks:
            fitting = self.whole_units(demand.fit(self.quantity(want - left)))
            picks = list(_first(picks, fitting))
        if left <= 0:
            return picks, ()
        met = [
            bound
            for bound in bounds
            if not bound.left and self._stands_in_way(bound, demand, dict(picks))
        ]
        return picks, met

    def _stands_in_way(self, bound, demand, taken):
        return any(
            self.free.get(cell, 0) > taken.get(cell, 0)
            for cell in demand.cells
            if bound.cells is None or cell in bound.cells
        )

    def _bounds(self, demand, lost):
        bounds = []
        for scope in self.scopes:
            binding = [guard for guard in scope.guards if guard.remaining and guard.binds(demand)]
            firm = [guard for guard in binding if not guard.takes_nothing]
            # Guards of parts of the scope alone say more about their part than about the whole.
            if any(guard.scope is scope for guard in firm):
                bounds.append(_Bound(scope.cells, scope.free - _remaining(firm), firm))
            if len(firm) < len(binding) and any(guard.scope is scope for guard in binding):
                left = max(lost, scope.free - _remaining(binding))
                bounds.append(_Bound(scope.cells, left, binding))
        bounds += [
            _Bound(guard.cells, guard.remaining, [guard])
            for guard in self.guards
            if guard.is_cap and demand.key in guard.members
        ]
        return bounds

    def take(self, demand, picks):
        """Take ``picks``; return what undoes it."""
        if not self.guards:
            for cell, units in picks:
                self.free[cell] = self.free.get(cell, 0) - units
            return ()
        undo = [(guard, guard.remaining) for guard in self.guards if demand.key in guard.members]
        for cell, units in picks:
            self._change(cell, -units)
            for guard, _before in undo:
                if guard.holds_in(cell):
                    guard.remaining = max(0, guard.remaining - units)
        return undo

    def give_back(self, picks, undo):
        for cell, units in picks:
            self._change(cell, units)
        for guard, before in undo:
            guard.remaining = before

    def _change(self, cell, units):
        before = self.free.get(cell, 0)
        after = self.free[cell] = before + units
        for scope in self.scopes:
            scope.changes(cell, before, after)


def _remaining(guards):
    return sum(guard.remaining for guard in guards)


def _first(picks, units):
    """The first ``units`` of ``picks``."""
    for cell, quantity in picks:
        if units <= 0:
            return
        yield cell, min(quantity, units)
        units -= quantity


class _Served:
    """A demand while it is being served, in units."""

    __slots__ = (
        "before", "cells", "demand", "frozen", "held", "is_withheld", "met", "need", "stock", "total",
    )

    def __init__(self, demand, stock):
        self.demand = demand
        self.stock = stock
        self.held = [(cell, stock.units(quantity)) for cell, quantity in demand.held]
        self.before = sum(units for _cell, units in self.held)
        self.frozen = stock.units(demand.frozen)
        self.need = stock.units(demand.need)
        self.cells = {}
        self.total = 0
        self.met = {}
        self.is_withheld = False

    @property
    def want(self):
        """What it is to get beyond what it has by now."""
        if self.demand.strategy == "lose":
            return 0
        open_need = max(0, self.need - self.frozen)
        if self.demand.strategy == "fill":
            open_need = min(open_need, self.before)
        return max(0, open_need - self.total)

    @property
    def missing(self):
        return max(0, self.need - self.frozen - self.total)

    @property
    def lost(self):
        """What it held and has not got back yet."""
        return max(0, self.before - self.total)

    def keep(self):
        """Go on holding what it holds."""
        self._book(self.held)
        self.stock.take(self.demand, self.held)

    def raise_by(self, want):
        """Take up to ``want``; return what undoes it."""
        lost = self.lost if self.stock.guards else 0
        picks, met = self.stock.look(self.demand, want, lost)
        for bound in met:
            for guard in bound.guards:
                self.met.setdefault(guard, guard.remaining)
        undo = self.stock.take(self.demand, picks)
        self._book(picks)
        return picks, undo

    def undo(self, picks, undo):
        self.stock.give_back(picks, undo)
        for cell, units in picks:
            self.cells[cell] -= units
            self.total -= units

    def _book(self, picks):
        for cell, units in picks:
            self.cells[cell] = self.cells.get(cell, 0) + units
            self.total += units


class _Planner:
    def __init__(
        self, cells, demands, protections, fair_share, roundings, share_steps, incomplete
    ):
        self.fair_share = fair_share
        self.incomplete = incomplete
        self.stocks = {}
        self.roundings = roundings
        self.share_steps = share_steps
        for cell in cells:
            stock = self._stock(cell.product)
            stock.free[cell.key] = stock.free.get(cell.key, 0) + stock.whole_units(cell.quantity)
        self._set_guards(protections)
        self.served = [
            _Served(demand, self._stock(demand.product)) for demand in service_order(demands)
        ]
        self._bind_gains()
        self.groups = defaultdict(list)
        for served in self.served:
            if served.demand.group is not None:
                self.groups[served.demand.group].append(served)

    def _stock(self, product):
        stock = self.stocks.get(product)
        if stock is None:
            stock = self.stocks[product] = _Stock(
                self.roundings.get(product, ROUNDING), self.share_steps.get(product, 1.0)
            )
        return stock

    def _set_guards(self, protections):
        scopes = {}
        guards = []
        for protection in protections:
            stock = self._stock(protection.product)
            stocks = [self._stock(product) for product in protection.products]
            if any(other.rounding != stock.rounding for other in stocks):
                raise ValueError("Products that share a quantity need one rounding.")
            guard = _Guard(protection, stock.units(protection.quantity))
            for other in stocks:
                other.guards.append(guard)
            if guard.is_cap:
                continue
            guards.append(guard)
            key = guard.products, guard.cells
            if key not in scopes:
                scopes[key] = _Scope(*key, stock.whole_units(protection.elsewhere))
                for other in stocks:
                    other.scopes.append(scopes[key])
                    for cell, units in other.free.items():
                        scopes[key].changes(cell, 0, units)
            guard.scope = scopes[key]
        for scope in scopes.values():
            scope.guards = [guard for guard in guards if guard.is_within(scope)]

    def _bind_gains(self):
        for served in self.served:
            if served.demand.strategy != "win":
                # The wins come first.
                break
            for guard in served.stock.guards:
                if guard.from_rank is not None and guard.binds(served.demand):
                    guard.binds_gain = True

    def run(self):
        for served in self.served:
            if served.demand.strategy == "gain":
                served.keep()
        # They are in the order of service: those of one strategy and rank follow each other.
        blocks = defaultdict(list)
        for served in self.served:
            demand = served.demand
            blocks[demand.strategy, demand.turn, demand.rank].append(served)
        for block in blocks.values():
            self._serve_block(block)
        return self._outcomes()

    def _serve_block(self, block):
        """Serve demands of one strategy and rank."""
        if self.fair_share:
            single = [served for served in block if served.demand.group is None]
            for _product, many in _grouped(single, lambda served: served.demand.product):
                self._share(many)
        for served in block:
            if served.demand.group is not None:
                self._serve_group(served.demand.group)
            elif served.want:
                served.raise_by(served.want)

    def _serve_group(self, key):
        """Raise all demands of a group, or none, when the first of them has its turn."""
        members = self.groups.pop(key, ())
        if key in self.incomplete or not self._raise_all(members):
            for served in members:
                served.is_withheld = served.missing > 0

    @staticmethod
    def _raise_all(members):
        """Whether all are served in full; otherwise none is raised."""
        done = []
        for served in members:
            done.append((served, *served.raise_by(served.want)))
            if served.missing:
                break
        else:
            return True
        for served, picks, undo in reversed(done):
            served.undo(picks, undo)
        return False

    def _share(self, many):
        """Give equal parts to demands of one product and rank."""
        if len(many) < 2:
            return
        stock = many[0].stock
        can_take = [
            _units(stock.look(served.demand, served.want, served.lost)[0]) for served in many
        ]
        total = min(
            sum(max(0, units) for units in stock.free.values()),
            # Demands with the same cells and the same bounds have but one amount between them.
            sum({
                (served.demand.cells, _bound_keys(stock, served.demand)): _units(
                    stock.look(
                        served.demand, sum(s.want for s in many), sum(s.lost for s in many)
                    )[0]
                )
                for served in many
            }.values()),
        )
        parts = equal_parts([units // stock.step for units in can_take], total // stock.step)
        for served, part in zip(many, parts, strict=True):
            if part:
                served.raise_by(part * stock.step)

    # What to tell ------------------------------------------------------------------------------

    def _outcomes(self):
        flows = _Flows()
        for _product, many in _grouped(self.served, lambda served: served.demand.product):
            flows.trace(many)
        return {served.demand.key: self._outcome(served, flows) for served in self.served}

    def _outcome(self, served, flows):
        quantity = served.stock.quantity
        gained, missing = served.total - served.before, served.missing
        planned = quantity(served.total + served.frozen)
        cells = tuple((cell, quantity(units)) for cell, units in served.cells.items() if units)
        if not gained and not missing:
            return Outcome(served.demand.key, planned, planned, cells)
        gained_from = flows.gained.get(served, ())
        lost_to = flows.lost.get(served, ())
        guards = served.met if missing or gained < 0 else ()
        return Outcome(
            key=served.demand.key,
            before=quantity(served.before + served.frozen),
            planned=planned,
            cells=cells,
            missing=quantity(missing),
            gained_from=tuple((key, quantity(units)) for key, units in gained_from),
            from_free=quantity(max(0, gained - _units(gained_from))),
            lost_to=tuple((key, quantity(units)) for key, units in lost_to),
            given_up=quantity(max(0, -gained - _units(lost_to))),
            protected_by=tuple(
                (guard.key, quantity(served.met[guard])) for guard in guards if not guard.is_cap
            ),
            capped_by=tuple(guard.key for guard in guards if guard.is_cap),
            is_withheld=served.is_withheld,
        )


class _Flows:
    """Who gained what somebody else lost: the best served from the worst served first."""

    def __init__(self):
        self.gained = defaultdict(list)
        self.lost = defaultdict(list)

    def trace(self, many):
        """Match gains and losses of demands of one product, in the order of service."""
        gains = [[served, served.total - served.before] for served in many]
        gainers = [entry for entry in gains if entry[1] > 0]
        losers = [[served, -units] for served, units in reversed(gains) if units < 0]
        if not gainers or not losers:
            return
        pool = _pools(many)
        for gainer in gainers:
            for loser in losers:
                units = min(gainer[1], loser[1])
                if units <= 0 or pool[gainer[0]] != pool[loser[0]]:
                    continue
                self.gained[gainer[0]].append((loser[0].demand.key, units))
                self.lost[loser[0]].append((gainer[0].demand.key, units))
                gainer[1] -= units
                loser[1] -= units
                if not gainer[1]:
                    break
            losers = [loser for loser in losers if loser[1]]


def _pools(many):
    """{demand: a number that those have in common whose cells are linked}."""
    parent = {}

    def root(cell):
        while parent.setdefault(cell, cell) != cell:
            cell = parent[cell]
        return cell

    for served in many:
        cells = [*served.demand.cells, *(cell for cell, _units in served.held)]
        for cell in cells:
            parent[root(cell)] = root(cells[0])
    return {
        served: root((*served.demand.cells, *(cell for cell, _units in served.held), None)[0])
        for served in many
    }


def _bound_keys(stock, demand):
    """What limits ``demand`` beside its cells."""
    return frozenset(
        guard.key
        for guard in stock.guards
        if (demand.key in guard.members if guard.is_cap else guard.binds(demand))
    )


def _units(picks):
    return sum(units for _cell, units in picks)


def _grouped(items, key):
    groups = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return groups.items()
