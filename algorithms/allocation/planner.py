"""Serves the demands one after the other."""

from collections import defaultdict

from .flows import Flows
from .served import Served
from .stock import Guard, Scope, Stock, bound_keys, units_of
from .terms import ROUNDING, Outcome, equal_parts, service_order


class Planner:
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
            Served(demand, self._stock(demand.product)) for demand in service_order(demands)
        ]
        self._bind_gains()
        self.groups = defaultdict(list)
        for served in self.served:
            if served.demand.group is not None:
                self.groups[served.demand.group].append(served)

    def _stock(self, product):
        stock = self.stocks.get(product)
        if stock is None:
            stock = self.stocks[product] = Stock(
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
            guard = Guard(protection, stock.units(protection.quantity))
            for other in stocks:
                other.guards.append(guard)
            if guard.is_cap:
                continue
            guards.append(guard)
            key = guard.products, guard.cells
            if key not in scopes:
                scopes[key] = Scope(*key, stock.whole_units(protection.elsewhere))
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
            for _product, many in grouped(single, lambda served: served.demand.product):
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
            units_of(stock.look(served.demand, served.want, served.lost)[0]) for served in many
        ]
        total = min(
            sum(max(0, units) for units in stock.free.values()),
            # Demands with the same cells and the same bounds have but one amount between them.
            sum({
                (served.demand.cells, bound_keys(stock, served.demand)): units_of(
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
        flows = Flows()
        for _product, many in grouped(self.served, lambda served: served.demand.product):
            flows.trace(many)
        return {served.demand.key: self._outcome(served, flows) for served in self.served}

    def _outcome(self, served, flows):
        quantity = served.stock.quantity
        gained, missing = served.total - served.before, served.missing
        planned = quantity(served.total + served.frozen)
        cells = tuple((cell, quantity(units)) for cell, units in served.cells.items() if units)
        if not gained and not missing:
            return Outcome(served.demand.key, planned, planned, cells)
        before = quantity(served.before + served.frozen)
        gained_from = flows.gained.get(served, ())
        if not missing and not gained_from and gained > 0:
            return Outcome(served.demand.key, before, planned, cells, from_free=quantity(gained))
        lost_to = flows.lost.get(served, ())
        guards = served.met if missing or gained < 0 else ()
        return Outcome(
            key=served.demand.key,
            before=before,
            planned=planned,
            cells=cells,
            missing=quantity(missing),
            gained_from=tuple((key, quantity(units)) for key, units in gained_from),
            from_free=quantity(max(0, gained - units_of(gained_from))),
            lost_to=tuple((key, quantity(units)) for key, units in lost_to),
            given_up=quantity(max(0, -gained - units_of(lost_to))),
            protected_by=tuple(
                (guard.key, quantity(served.met[guard])) for guard in guards if not guard.is_cap
            ),
            capped_by=tuple(guard.key for guard in guards if guard.is_cap),
            is_withheld=served.is_withheld,
        )


def grouped(items, key):
    groups = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return groups.items()
