"""What is left of a product while a plan is made, and how much of it one demand may take."""

from math import floor


class Guard:
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


class Scope:
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


class Bound:
    """How much more one demand may take from some cells, and because of what."""

    __slots__ = ("cells", "guards", "left")

    def __init__(self, cells, left, guards):
        self.cells = cells
        self.left = max(0, left)
        self.guards = guards


class Stock:
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
                bounds.append(Bound(scope.cells, scope.free - _remaining(firm), firm))
            if len(firm) < len(binding) and any(guard.scope is scope for guard in binding):
                left = max(lost, scope.free - _remaining(binding))
                bounds.append(Bound(scope.cells, left, binding))
        bounds += [
            Bound(guard.cells, guard.remaining, [guard])
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


def bound_keys(stock, demand):
    """What limits ``demand`` beside its cells."""
    return frozenset(
        guard.key
        for guard in stock.guards
        if (demand.key in guard.members if guard.is_cap else guard.binds(demand))
    )


def units_of(picks):
    return sum(units for _cell, units in picks)
