"""What there is of a product, who asks for it, and what others that share a quantity leave of it."""

from collections import defaultdict
from dataclasses import dataclass, field, replace


@dataclass(slots=True)
class Market:
    """What is gathered of a product."""

    demands: list = field(default_factory=list)
    cells: list = field(default_factory=list)
    arrivals: list = field(default_factory=list)
    protections: list = field(default_factory=list)


def markets_of(pool, arrivals):
    """{product id: :class:`Market`}"""
    markets = defaultdict(Market)
    for demand in pool.demands:
        markets[demand.product].demands.append(demand)
    for cell in pool.cells:
        markets[cell.product].cells.append(cell)
    for protection in pool.protections:
        for product in protection.products:
            markets[product].protections.append(protection)
    for move, arrival, _path, _name in arrivals:
        markets[arrival.product].arrivals.append((move, arrival))
    return markets


class Shared:
    """What protections keep of one product when others share the quantity.

    As in ordinary reservation of one product: of the others, what is free today counts.
    """

    def __init__(self, markets):
        self.markets = markets
        self.figures = {}

    def narrowed(self, protection, ask, before):
        """``protection`` for the product of ``ask`` alone.

        :param before: demands of the same quotation that are served before
        """
        if protection.products == {ask.product}:
            return protection
        quantity, elsewhere = protection.quantity, protection.elsewhere
        for product in protection.products - {ask.product}:
            free, held = self._figures_of(protection, product)
            taken = min(free, sum(other.need for other in before if other.product == product))
            elsewhere += free - taken
            quantity -= held
            if ask.key in protection.members:
                quantity -= taken
        return replace(
            protection,
            product=ask.product,
            shared_with=frozenset(),
            quantity=max(0.0, quantity),
            elsewhere=elsewhere,
        )

    def _figures_of(self, protection, product):
        """What nobody has of a product, and what those have for whom it is protected."""
        key = protection.key, product
        if key not in self.figures:
            market = self.markets[product]

            def inside(cell):
                return protection.cells is None or cell in protection.cells

            holds = [
                (demand.key in protection.members, quantity)
                for demand in market.demands
                for cell, quantity in demand.held
                if inside(cell)
            ]
            free = sum(cell.quantity for cell in market.cells if inside(cell.key))
            self.figures[key] = (
                max(0.0, free - sum(quantity for _is_member, quantity in holds)),
                sum(quantity for is_member, quantity in holds if is_member),
            )
        return self.figures[key]
