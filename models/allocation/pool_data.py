"""Supply and demand of a run, as plain data."""

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from odoo.tools.float_utils import float_compare

from odoo.addons.order_to_cash.algorithms import allocation as algorithm


class OpenMove(NamedTuple):
    """An open delivery, or an earlier step of one, as the database has it."""

    id: int
    product_id: int
    picking_id: int | None
    order_id: int | None
    line_id: int | None
    partner_id: int | None
    class_id: int | None
    location_id: int
    uom_id: int
    need: float
    date: object
    # Why nobody touches it, or None.
    frozen: str | None
    may_be_held: bool
    # Whether native reservation has to do it.
    is_special: bool
    # The designated source: path of the place, lot, and whether goods from elsewhere may follow.
    source_path: str | None
    source_lot_id: int | None
    is_source_first: bool

    @property
    def source(self):
        if not self.source_path and not self.source_lot_id:
            return None
        return self.source_path, self.source_lot_id, self.is_source_first


class MoveLine(NamedTuple):
    """A reservation, in the product's unit."""

    id: int
    move_id: int
    cell: tuple
    quantity: float
    is_frozen: bool
    is_special: bool


class Quant(NamedTuple):
    """Goods at a place; ``path`` is that of the location."""

    id: int
    cell: tuple
    quantity: float
    reserved: float
    in_date: object
    path: str
    location_name: str


class Product(NamedTuple):
    id: int
    uom_id: int
    category_id: int
    is_tracked: bool
    takes_full_packagings: bool


@dataclass(slots=True)
class Pool:
    """All that is gathered for a run.

    :ivar moves: {id: :class:`OpenMove`}, those that nobody touches included
    :ivar ranked: {id: ``Ranked``}
    :ivar demands: [:class:`algorithm.Demand`] of those that compete
    :ivar held: ids of the deliveries on hold
    :ivar lines: {move id: {cell: [:class:`MoveLine`]}} of what may change
    :ivar frozen_quantity: {move id: reserved quantity nobody touches}
    :ivar quants: {cell: id of its quant}
    :ivar special: ids of the products that native reservation has to do
    :ivar protection_names: {key of a protection: its name}
    :ivar incomplete: {group: id of a product} of which something is missing beside the demands
    """

    moves: dict = field(default_factory=dict)
    ranked: dict = field(default_factory=dict)
    demands: list = field(default_factory=list)
    cells: list = field(default_factory=list)
    protections: list = field(default_factory=list)
    held: set = field(default_factory=set)
    lines: dict = field(default_factory=dict)
    frozen_quantity: dict = field(default_factory=dict)
    quants: dict = field(default_factory=dict)
    special: set = field(default_factory=set)
    protection_names: dict = field(default_factory=dict)
    incomplete: dict = field(default_factory=dict)
    rounding: float = algorithm.ROUNDING

    def plan(self, *, fair_share=False):
        """{move id: :class:`algorithm.Outcome`} of the demands."""
        products = {cell.product for cell in self.cells} | {d.product for d in self.demands}
        return algorithm.plan(
            self.cells,
            self.demands,
            self.protections,
            fair_share=fair_share,
            roundings=dict.fromkeys(products, self.rounding),
            incomplete=self.incomplete,
        )

    def compare(self, first, second):
        """-1, 0 or 1: quantities are as exact as the units allow."""
        return float_compare(first, second, precision_rounding=self.rounding)

    def yield_last(self, move_id):
        """Let a delivery gain nothing, and keep what nobody else needs: one beyond the horizon, or
        on hold."""
        ranked = self.ranked[move_id]
        if ranked.strategy != "lose":
            self.ranked[move_id] = replace(ranked, strategy="fill")

    def give_up(self, move_id):
        """Let a delivery on hold lose all that it has."""
        self.ranked[move_id] = replace(self.ranked[move_id], strategy="lose")

    def is_settled(self, outcomes):
        """Whether every demand holds already what it is to have, where it is to have it."""
        return all(dict(outcomes[demand.key].cells) == dict(demand.held) for demand in self.demands)

    def service_order(self):
        """The demands in the order in which they are served."""
        return algorithm.service_order(self.demands)

    def set_apart_by(self, outcome):
        """The names of the protections that kept goods from a demand."""
        keys = [key for key, _quantity in outcome.protected_by]
        return [self.protection_names[key] for key in keys if key in self.protection_names]

    def capped_by(self, outcome):
        """The names of the caps that let a demand have no more."""
        return [
            self.protection_names[key] for key in outcome.capped_by if key in self.protection_names
        ]

    def kept_from(self, demands, outcomes):
        """What others are left though some of ``demands`` lack it: {move id: quantity}.

        :param demands: of this pool, those that are being reserved
        """
        free = defaultdict(float)
        for cell in self.cells:
            free[cell.key] += cell.quantity
        for demand in self.demands:
            for cell, quantity in demand.held:
                free[cell] -= quantity
        for demand in demands:
            for cell, quantity in outcomes[demand.key].cells:
                free[cell] -= quantity
            for cell, quantity in demand.held:
                free[cell] += quantity
        result = {}
        for demand in demands:
            left = sum(max(0.0, free[cell]) for cell in demand.cells)
            kept = min(outcomes[demand.key].missing, left)
            if self.compare(kept, 0.0) > 0:
                result[demand.key] = kept
        return result

    def bound_together(self, products):
        """``products`` and all whose plan depends on theirs: what is delivered complete together,
        and what shares a protected quantity."""
        bonds = defaultdict(set)
        for demand in self.demands:
            if demand.group is not None:
                bonds["group", demand.group].add(demand.product)
        for protection in self.protections:
            bonds["protection", protection.key] |= {protection.product, *(protection.shared_with or ())}
        bound, size = set(products), -1
        while size != len(bound):
            size = len(bound)
            for bond in bonds.values():
                if not bond.isdisjoint(bound):
                    bound |= bond
        return bound

    def fingerprints(self):
        """{product id: what tells whether anything that matters for it has changed}."""
        texts = defaultdict(list)
        for demand in self.demands:
            fit = demand.fit and self.moves[demand.key].uom_id
            texts[demand.product].append(repr((
                demand.key, demand.strategy, demand.rank, demand.tie, demand.need, demand.cells,
                sorted(demand.held), demand.frozen, demand.group, fit, demand.group in self.incomplete,
            )))
        for cell in self.cells:
            texts[cell.product].append(repr((cell.key, cell.quantity)))
        for protection in self.protections:
            text = repr((
                protection.key, protection.quantity, sorted(protection.members),
                protection.is_cap, protection.from_rank, sorted(protection.cells or ()),
                sorted(protection.exempt), protection.elsewhere,
            ))
            for product in protection.products:
                texts[product].append(text)
        return {
            product: hashlib.sha1("\n".join(sorted(lines)).encode()).hexdigest()
            for product, lines in texts.items()
        }


def group_of(move, ship_complete):
    """What is delivered complete together with ``move``."""
    if ship_complete == "line":
        return "line", move.line_id or -move.id
    if ship_complete == "order":
        return "order", move.order_id or -move.id
    return None
