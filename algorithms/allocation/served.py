"""A demand while it is being served."""


class Served:
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
