"""What can be promised to a customer, and from when. Pure: no database, no clock.

The days on which goods arrive are gone through one after the other. On each, the open demands that
are served before the one who asks take what they lack, everybody keeps what he has, what is set
apart for others stays, and the rest can be promised.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from .allocation import FAR_OFF, TURNS, Cell, Demand, Protection, plan

# Less than any unit can express.
TINY = 1e-6


@dataclass(frozen=True, slots=True)
class Arrival:
    """Goods expected at a place (the key of a cell) on a day."""

    cell: Hashable
    product: Hashable
    date: date
    quantity: float


@dataclass(frozen=True, slots=True)
class Step:
    """How things stand from a day on. Whatever is free is promised, set apart or needed before.

    :ivar supply: free stock and arrivals up to that day, where the one who asks may take from
    :ivar ahead: what demands served before have taken of it
    :ivar kept: what is left of it, and set apart for others
    :ivar promised: what can be promised: the rest
    """

    date: date
    supply: float
    ahead: float
    kept: float
    promised: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """Steps by date; the first is that of today."""

    steps: tuple[Step, ...]

    def at(self, day: date) -> Step:
        """How things stand on a day; one that is past counts as the first."""
        return next((step for step in reversed(self.steps) if step.date <= day), self.steps[0])

    def earliest(self, quantity: float) -> date | None:
        """The first day from which so much can be promised, or ``None``."""
        return next(
            (step.date for step in self.steps if step.promised >= quantity - TINY), None
        )


def timeline(
    ask: Demand,
    demands: Sequence[Demand],
    cells: Iterable[Cell],
    arrivals: Sequence[Arrival] = (),
    protections: Iterable[Protection] = (),
    *,
    today: date,
    competes_from: Mapping[Hashable, date] | None = None,
    roundings: Mapping[Hashable, float] | None = None,
) -> Timeline:
    """What can be promised to ``ask``, day by day, whatever it needs.

    :param demands: the open ones, with what they hold; the strategy matters to runs only
    :param cells: as for a plan: what the demands hold is part of them
    :param competes_from: {demand or ask: the day from which it competes}; until then it comes last
    :param roundings: the smallest quantity a product
    """
    state = _State(ask, demands, cells, protections, roundings or {})
    coming = defaultdict(list)
    for arrival in arrivals:
        coming[max(today, arrival.date)].append(arrival)
    steps = []
    for day in sorted({today, *coming}):
        for arrival in coming[day]:
            state.receive(arrival)
        steps.append(state.serve(day, competes_from or {}))
    return Timeline(tuple(steps))


def served_before(
    ask: Demand,
    demands: Iterable[Demand],
    day: date,
    competes_from: Mapping[Hashable, date] | None = None,
) -> list[Demand]:
    """Those of ``demands`` that go before ``ask`` on a day, in the order of service."""
    competes_from = competes_from or {}
    limit = _place(ask, day, competes_from)
    before = [demand for demand in demands if _place(demand, day, competes_from) < limit]
    return sorted(before, key=lambda demand: _place(demand, day, competes_from))


class _State:
    """What is free, needed and set apart, while time goes by."""

    def __init__(self, ask, demands, cells, protections, roundings):
        self.ask = ask
        self.roundings = roundings
        self.reachable = set(ask.cells)
        self.demands = demands
        self.free = defaultdict(float)
        self.product = {}
        for cell in cells:
            self.free[cell.key] += cell.quantity
            self.product[cell.key] = cell.product
        self.left = {protection: protection.quantity for protection in protections}
        self.members = frozenset().union(*(protection.members for protection in self.left))
        self.need = {}
        for demand in demands:
            # Everybody keeps what he has: it is neither free nor needed.
            self.need[demand.key] = demand.need - demand.frozen
            self._take(demand.key, demand.held)
        self.supply = sum(max(0.0, self.free[cell]) for cell in self.reachable)
        self.ahead = 0.0
        self.promised = 0.0

    def receive(self, arrival):
        self.free[arrival.cell] += arrival.quantity
        self.product[arrival.cell] = arrival.product
        if arrival.cell in self.reachable:
            self.supply += arrival.quantity

    def serve(self, day, competes_from):
        """Let everybody take what is his on this day; return how things stand then."""
        ask = self._turn(self.ask, day, competes_from, need=sum(map(_positive, self.free.values())))
        turns = [ask]
        for demand in self.demands:
            if self.need[demand.key] <= TINY:
                continue
            turn = self._turn(demand, day, competes_from, need=self.need[demand.key])
            # Those who come after take nothing away, unless something is kept for them.
            if _place(turn) < _place(ask) or demand.key in self.members:
                turns.append(turn)
        outcomes = plan(
            [Cell(key, self.product[key], max(0.0, free)) for key, free in self.free.items()],
            turns,
            [replace(guard, quantity=max(0.0, left)) for guard, left in self.left.items()],
            roundings=self.roundings,
        )
        for key, outcome in outcomes.items():
            self._take(key, outcome.cells)
            if key != ask.key:
                self.ahead += sum(
                    quantity for cell, quantity in outcome.cells if cell in self.reachable
                )
        self.promised += outcomes[ask.key].planned
        kept = sum(_positive(self.free[cell]) for cell in self.reachable)
        return Step(day, *(round(figure, 6) for figure in (
            self.supply, self.ahead, kept, self.promised
        )))

    def _turn(self, demand, day, competes_from, need):
        return replace(
            demand,
            strategy="gain",
            turn=_place(demand, day, competes_from)[0],
            need=need,
            held=(),
            frozen=0.0,
            group=None,
        )

    def _take(self, key, cells):
        """Whoever it is takes these; a quantity kept for him shrinks by it."""
        total = 0.0
        for cell, quantity in cells:
            total += quantity
            self.free[cell] -= quantity
        if key in self.need:
            self.need[key] -= total
        for guard in self.left:
            if key in guard.members:
                self.left[guard] -= sum(
                    quantity
                    for cell, quantity in cells
                    if guard.cells is None or cell in guard.cells
                )


def _place(demand, day=None, competes_from=None):
    """Its place in the order of service; on a day, that of those who do not compete yet is last."""
    is_far_off = day and competes_from.get(demand.key, day) > day
    turn = FAR_OFF if is_far_off else max(demand.turn, TURNS.get(demand.strategy, 0))
    return turn, demand.rank, demand.tie


def _positive(quantity):
    return max(0.0, quantity)
