"""What a run has to distribute and who asks for it, gathered in a few statements."""

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from odoo import api, models
from odoo.tools import SQL
from odoo.tools.float_utils import float_compare

from odoo.addons.order_to_cash.algorithms import allocation as algorithm

from .designated_source import passes

# Why a run leaves a delivery alone though ordinary reservation may still add to it.
BEGUN = ("locked", "printed", "batch")


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


class O2cAllocationPool(models.AbstractModel):
    """Gathers supply and demand. It decides nothing and writes nothing."""

    _name = "o2c.allocation.pool"
    _description = "Supply and Demand for Allocation"

    @api.model
    def _gather(
        self,
        company,
        *,
        warehouses=None,
        products=None,
        date_to=None,
        ship_complete=None,
        adds_to_begun=False,
        asks=None,
        places=(),
    ):
        """The open deliveries of one company and the stock they compete for.

        :param company: one ``res.company``
        :param warehouses: ``stock.warehouse``; empty or ``None``: all of the company
        :param products: ``product.product``; empty or ``None``: all
        :param date_to: end of the horizon (UTC); deliveries planned later gain nothing, and yield
        :param ship_complete: ``line``, ``order`` or ``None``
        :param adds_to_begun: deliveries that are locked, printed or in a batch compete as well: what
            they hold is safe from ordinary reservation, and they may get more
        :param asks: {:class:`OpenMove`: ``Ranked``} of deliveries that do not exist yet; their ids
            are below zero
        :param places: [:class:`Quant`] where goods are expected; those that hold any already are
            known anyway
        :return: :class:`Pool`
        """
        self.env.flush_all()
        pool = Pool(rounding=10 ** -self.env["decimal.precision"].precision_get("Product Unit"))
        rows = self.env.execute_query(self._moves_sql(company, warehouses, products, date_to))
        pool.moves = {row[0]: OpenMove(*row) for row in rows}
        if not pool.moves and not asks:
            return pool
        pool.ranked = self.env["o2c.allocation.ranking"]._resolve_ids(list(pool.moves))
        for ask, ranked in (asks or {}).items():
            pool.moves[ask.id], pool.ranked[ask.id] = ask, ranked
        maybe = [move.id for move in pool.moves.values() if move.may_be_held]
        # sudo: whether a delivery is on hold is decided on its order
        pool.held = set(self.env["stock.move"].sudo().browse(maybe)._o2c_held().ids)
        keeps = adds_to_begun or company.o2c_allocation_held == "keep"
        for move in list(pool.moves.values()):
            if adds_to_begun and move.frozen in BEGUN:
                move = move._replace(frozen=None)
            if move.id in pool.held and keeps:
                move = move._replace(frozen=move.frozen or "held")
            elif move.id in pool.held and company.o2c_allocation_held == "release":
                pool.give_up(move.id)
            elif move.id in pool.held:
                pool.yield_last(move.id)
            pool.moves[move.id] = move
            if date_to and move.date > date_to:
                pool.yield_last(move.id)
        known = self._products({move.product_id for move in pool.moves.values()})
        lines = self._lines(pool)
        quants = self._quants(known)
        for place in places:
            many = quants[place.cell[0]]
            if all(quant.cell != place.cell for quant in many):
                many.append(place)
        self._add_cells(pool, lines, quants, known)
        self._add_demands(pool, lines, quants, known, ship_complete)
        if ship_complete:
            pool.incomplete = self._incomplete(pool)
        pool.protections = self._protections(pool, company)
        return pool

    @api.model
    def _protections(self, pool, company):
        """What is protected and capped: [:class:`algorithm.Protection`]."""
        return []

    @api.model
    def _claim(self, pool, products, *, skips_busy=False):
        """Let nobody else take of what is set apart of some products until this transaction ends."""
        return set()

    # ------------------------------------------------------------------
    # Supply
    # ------------------------------------------------------------------

    def _products(self, product_ids):
        """{id: :class:`Product`}"""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT product.id, template.uom_id, template.categ_id,
                       template.tracking IS DISTINCT FROM 'none',
                       category.packaging_reserve_method = 'full'
                  FROM product_product product
                  JOIN product_template template ON template.id = product.product_tmpl_id
             LEFT JOIN product_category category ON category.id = template.categ_id
                 WHERE product.id = ANY(%s)
                """,
                list(product_ids),
            )
        )
        return {row[0]: Product(*row) for row in rows}

    def _lines(self, pool):
        """[:class:`MoveLine`] of the moves of ``pool``."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT line.id, line.move_id, line.product_id, line.location_id,
                       COALESCE(line.lot_id, 0), COALESCE(line.package_id, 0),
                       COALESCE(line.owner_id, 0), line.quantity_product_uom::float,
                       line.picked IS TRUE OR line.result_package_id IS NOT NULL,
                       line.product_uom_id <> template.uom_id OR line.quantity = 0
                  FROM stock_move_line line
                  JOIN product_product product ON product.id = line.product_id
                  JOIN product_template template ON template.id = product.product_tmpl_id
                 WHERE line.move_id = ANY(%s)
              ORDER BY line.id
                """,
                list(pool.moves),
            )
        )
        return [MoveLine(row[0], row[1], tuple(row[2:7]), *row[7:]) for row in rows]

    def _quants(self, products):
        """{product id: [:class:`Quant`]}, oldest first, wherever goods can be reserved."""
        result = defaultdict(list)
        for row in self.env.execute_query(
            SQL(
                """
                SELECT quant.id, quant.product_id, quant.location_id, COALESCE(quant.lot_id, 0),
                       COALESCE(quant.package_id, 0), COALESCE(quant.owner_id, 0),
                       quant.quantity::float, COALESCE(quant.reserved_quantity, 0)::float,
                       quant.in_date, location.parent_path, location.complete_name
                  FROM stock_quant quant
                  JOIN stock_location location ON location.id = quant.location_id
                 WHERE quant.product_id = ANY(%s)
                   AND location.usage NOT IN ('supplier', 'customer', 'inventory', 'production')
              ORDER BY quant.in_date, quant.id
                """,
                list(products),
            )
        ):
            result[row[1]].append(Quant(row[0], tuple(row[1:6]), *row[6:]))
        return result

    def _add_cells(self, pool, lines, quants, products):
        """What there is to distribute, without what somebody else or nobody may touch."""
        given_back = defaultdict(float)
        for line in lines:
            if self._may_change(pool, line):
                given_back[line.cell] += line.quantity
        for product, many in quants.items():
            free = defaultdict(float)
            for quant in many:
                reserved = quant.reserved
                if quant.cell in pool.quants or products[product].is_tracked:
                    pool.special.add(product)
                pool.quants.setdefault(quant.cell, quant.id)
                if any(quant.cell[2:]) or pool.compare(quant.quantity, reserved) < 0:
                    pool.special.add(product)
                free[quant.cell] += quant.quantity - reserved
            short = 0.0
            for cell, quantity in free.items():
                quantity += given_back.pop(cell, 0.0)
                # What one place lacks, native reservation does not give away at another.
                short += max(0.0, -quantity)
                taken = min(short, max(0.0, quantity))
                short -= taken
                pool.cells.append(algorithm.Cell(cell, product, max(0.0, quantity - taken)))
        for cell, quantity in given_back.items():
            # Reserved where there is nothing: native reservation knows what to do.
            pool.special.add(cell[0])
            pool.cells.append(algorithm.Cell(cell, cell[0], quantity))

    @staticmethod
    def _may_change(pool, line):
        return not line.is_frozen and not pool.moves[line.move_id].frozen

    # ------------------------------------------------------------------
    # Demand
    # ------------------------------------------------------------------

    def _add_demands(self, pool, lines, quants, products, ship_complete):
        frozen = defaultdict(float)
        changing = defaultdict(dict)
        for line in lines:
            if not self._may_change(pool, line):
                frozen[line.move_id] += line.quantity
                continue
            if line.is_special or line.cell in changing[line.move_id]:
                pool.special.add(line.cell[0])
            changing[line.move_id].setdefault(line.cell, []).append(line)
        pool.frozen_quantity = frozen
        pool.lines = changing
        reach = _Reach(self.env, quants)
        for move in pool.moves.values():
            if move.frozen:
                continue
            product = products[move.product_id]
            if (
                move.is_special
                or product.takes_full_packagings
                or move.uom_id != product.uom_id
                or reach.strategy(product, move.location_id) == "least_packages"
            ):
                pool.special.add(product.id)
            pool.demands.append(self._demand(pool, move, product, reach, ship_complete))

    def _demand(self, pool, move, product, reach, ship_complete):
        ranked = pool.ranked[move.id]
        held = tuple(
            (cell, sum(line.quantity for line in lines))
            for cell, lines in pool.lines.get(move.id, {}).items()
        )
        return algorithm.Demand(
            key=move.id,
            product=move.product_id,
            strategy=ranked.strategy,
            rank=ranked.rank,
            tie=ranked.tie,
            need=move.need,
            cells=reach.cells(product, move.location_id, move.source),
            held=held,
            frozen=pool.frozen_quantity.get(move.id, 0.0),
            group=_group(move, ship_complete),
            fit=_fit(self.env, product, move.uom_id) if move.uom_id != product.uom_id else None,
        )

    def _incomplete(self, pool):
        """{group: id of a product} of what must be delivered complete and lacks something beside
        the demands: not chosen, not due yet, not to be touched, or waiting for goods.

        Of a chain the first step counts that is still open.
        """
        ids = defaultdict(list)
        for demand in pool.demands:
            kind, key = demand.group
            ids[kind].append(key)
        rows = self.env.execute_query(
            SQL(
                """
                WITH delivery AS (
                    SELECT move.id, move.product_id, move.sale_line_id AS line_id,
                           COALESCE(line.order_id, picking.sale_id) AS order_id,
                           move.quantity < move.product_uom_qty AS is_short
                      FROM stock_move move
                      JOIN stock_location source ON source.id = move.location_id
                      JOIN stock_location target
                        ON target.id = COALESCE(move.location_final_id, move.location_dest_id)
                      JOIN product_product product ON product.id = move.product_id
                      JOIN product_template template ON template.id = product.product_tmpl_id
                 LEFT JOIN sale_order_line line ON line.id = move.sale_line_id
                 LEFT JOIN stock_picking picking ON picking.id = move.picking_id
                     WHERE move.id IN (
                           SELECT id FROM stock_move WHERE sale_line_id = ANY(%(lines)s)
                            UNION
                           SELECT by_line.id
                             FROM sale_order_line ordered
                             JOIN stock_move by_line ON by_line.sale_line_id = ordered.id
                            WHERE ordered.order_id = ANY(%(orders)s)
                            UNION
                           SELECT by_picking.id
                             FROM stock_picking sent
                             JOIN stock_move by_picking ON by_picking.picking_id = sent.id
                            WHERE sent.sale_id = ANY(%(orders)s)
                           )
                       AND move.state IN ('waiting', 'confirmed', 'partially_available', 'assigned')
                       AND move.product_qty > 0
                       AND template.is_storable
                       AND target.usage = 'customer'
                       AND source.usage NOT IN ('supplier', 'customer', 'inventory', 'production')
                )
                SELECT line_id, order_id, MIN(product_id)
                  FROM delivery
                 WHERE is_short
                   AND id <> ALL(%(demands)s)
                   AND NOT EXISTS (
                       SELECT FROM stock_move_move_rel link
                    LEFT JOIN delivery earlier ON earlier.id = link.move_orig_id
                        WHERE link.move_dest_id = delivery.id
                          AND (earlier.id IS NOT NULL OR link.move_orig_id = ANY(%(demands)s))
                   )
              GROUP BY line_id, order_id
              ORDER BY MIN(product_id) DESC
                """,
                lines=ids["line"],
                orders=ids["order"],
                demands=[demand.key for demand in pool.demands],
            )
        )
        groups = {demand.group for demand in pool.demands}
        return {
            group: product
            for line, order, product in rows
            for group in (("line", line), ("order", order))
            if group in groups
        }

    def _moves_sql(self, company, warehouses, products, date_to):
        """A row a move, as :class:`OpenMove` has it."""
        Move, Picking = self.env["stock.move"], self.env["stock.picking"]
        in_batch, batch_join = SQL("FALSE"), SQL()
        if "batch_id" in Picking._fields:
            in_batch = SQL("batch.state = 'in_progress'")
            batch_join = SQL("LEFT JOIN stock_picking_batch batch ON batch.id = picking.batch_id")
        is_kit = SQL("move.bom_line_id IS NOT NULL") if "bom_line_id" in Move._fields else SQL("FALSE")
        conditions = [SQL("TRUE")]
        if warehouses:
            conditions.append(SQL("source.warehouse_id = ANY(%s)", warehouses.ids))
        if products:
            conditions.append(SQL("move.product_id = ANY(%s)", products.ids))
        if date_to:
            conditions.append(SQL("(move.date <= %s OR move.quantity > 0)", date_to))
        return SQL(
            """
            SELECT move.id,
                   move.product_id,
                   move.picking_id,
                   sale.id,
                   line.id,
                   partner.commercial_partner_id,
                   customer.o2c_class_id,
                   move.location_id,
                   move.product_uom,
                   move.product_qty::float,
                   move.date,
                   CASE
                       WHEN move.o2c_allocation_locked THEN 'locked'
                       WHEN move.picked THEN 'picked'
                       WHEN picking.printed THEN 'printed'
                       WHEN %(in_batch)s THEN 'batch'
                       WHEN link.move_orig_id IS NOT NULL THEN 'chained'
                       WHEN move.procure_method = 'make_to_order' THEN 'mto'
                   END,
                   sale.o2c_hold_state = 'held' AND sale.state = 'sale' AND company.o2c_use_credit,
                   COALESCE(%(is_kit)s, FALSE) OR move.restrict_partner_id IS NOT NULL,
                   designated.parent_path,
                   move.o2c_source_lot_id,
                   COALESCE(move.o2c_source_mode = 'first', FALSE)
              FROM stock_move move
              JOIN res_company company ON company.id = move.company_id
              JOIN stock_location source ON source.id = move.location_id
              JOIN stock_location target
                ON target.id = COALESCE(move.location_final_id, move.location_dest_id)
              JOIN product_product product ON product.id = move.product_id
              JOIN product_template template ON template.id = product.product_tmpl_id
         LEFT JOIN stock_location designated ON designated.id = move.o2c_source_location_id
         LEFT JOIN stock_picking picking ON picking.id = move.picking_id
         LEFT JOIN sale_order_line line ON line.id = move.sale_line_id
         LEFT JOIN sale_order sale ON sale.id = COALESCE(line.order_id, picking.sale_id)
         LEFT JOIN res_partner partner
                ON partner.id = COALESCE(sale.partner_id, move.partner_id, picking.partner_id)
         LEFT JOIN res_partner customer ON customer.id = partner.commercial_partner_id
         LEFT JOIN LATERAL (
                   SELECT move_orig_id FROM stock_move_move_rel
                    WHERE move_dest_id = move.id LIMIT 1
                   ) link ON TRUE
              %(batch_join)s
             WHERE move.company_id = %(company)s
               AND move.state IN ('confirmed', 'partially_available', 'assigned')
               AND move.product_qty > 0
               AND template.is_storable
               AND source.usage NOT IN ('supplier', 'customer', 'inventory', 'production')
               AND (
                   target.usage = 'customer'
                   OR EXISTS (
                       SELECT FROM stock_move_move_rel following
                         JOIN stock_move later ON later.id = following.move_dest_id
                         JOIN stock_location beyond ON beyond.id = later.location_dest_id
                        WHERE following.move_orig_id = move.id AND beyond.usage = 'customer'
                   )
               )
               AND %(conditions)s
          ORDER BY move.id
            """,
            in_batch=in_batch,
            batch_join=batch_join,
            is_kit=is_kit,
            company=company.id,
            conditions=SQL(" AND ").join(conditions),
        )


class _Reach:
    """From which cells, and in which order, a move from a location takes a product."""

    def __init__(self, env, quants):
        self.env = env
        self.quants = quants
        self.found = {}
        self.strategies = {}
        self.paths = {}

    def cells(self, product, location_id, source=None):
        key = product.id, location_id, source
        if key not in self.found:
            self.found[key] = self._cells(product, location_id, source)
        return self.found[key]

    def _cells(self, product, location_id, source):
        quants = [
            quant
            for quant in self.quants.get(product.id, ())
            if quant.path.startswith(self._path(location_id))
        ]
        strategy = self.strategy(product, location_id)
        if strategy == "lifo":
            quants.reverse()
        elif strategy == "closest":
            quants.sort(key=lambda quant: (quant.location_name, -quant.id))
        quants.sort(key=lambda quant: not quant.cell[2])
        if source:
            quants = self._from_source(quants, self._path(location_id), *source)
        return tuple(dict.fromkeys(quant.cell for quant in quants))

    def _from_source(self, quants, path, place, lot_id, is_first):
        """The quants of a designated source, with the others behind them or without."""
        if not place or not passes(place, path):
            place = ""

        def is_there(quant):
            return quant.path.startswith(place) and (not lot_id or quant.cell[2] == lot_id)

        there = [quant for quant in quants if is_there(quant)]
        return there + [quant for quant in quants if not is_there(quant)] if is_first else there

    def _path(self, location_id):
        if location_id not in self.paths:
            # sudo: where goods lie is asked on behalf of the deliveries
            location = self.env["stock.location"].sudo().browse(location_id)
            self.paths[location_id] = location.parent_path
        return self.paths[location_id]

    def strategy(self, product, location_id):
        key = product.category_id, location_id
        if key not in self.strategies:
            self.strategies[key] = self.env["stock.quant"]._get_removal_strategy(
                self.env["product.product"].browse(product.id),
                self.env["stock.location"].browse(location_id),
            )
        return self.strategies[key]


def _group(move, ship_complete):
    """What is delivered complete together with ``move``."""
    if ship_complete == "line":
        return "line", move.line_id or -move.id
    if ship_complete == "order":
        return "order", move.order_id or -move.id
    return None


def _fit(env, product, uom_id):
    """How much of a quantity can be reserved in another unit: as native reservation rounds it."""
    uom, product_uom = env["uom.uom"].browse((uom_id, product.uom_id))

    def fit(quantity):
        rounded = product_uom._compute_quantity(quantity, uom, rounding_method="DOWN")
        return uom._compute_quantity(rounded, product_uom, rounding_method="HALF-UP")

    return fit
