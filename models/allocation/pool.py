"""What a run has to distribute and who asks for it, gathered in a few statements."""

from collections import defaultdict

from odoo import api, models
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms import allocation as algorithm

from .pool_data import MoveLine, OpenMove, Pool, Product, Quant, group_of
from .reach import Reach, fit_of

# Why a run leaves a delivery alone though ordinary reservation may still add to it.
BEGUN = ("locked", "printed", "batch")


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
    def _incomplete(self, pool):
        """{group: id of a product} of what is to be complete and lacks something elsewhere."""
        return {}

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
                       COALESCE(quant.quantity, 0)::float, COALESCE(quant.reserved_quantity, 0)::float,
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
            for cell in free:
                free[cell] += given_back.pop(cell, 0.0)
            if min(free.values()) < 0:
                self._spread_shortage(pool, many, free, products[product])
            pool.cells += [
                algorithm.Cell(cell, product, max(0.0, quantity)) for cell, quantity in free.items()
            ]
        for cell, quantity in given_back.items():
            # Reserved where there is nothing: native reservation knows what to do.
            pool.special.add(cell[0])
            pool.cells.append(algorithm.Cell(cell, cell[0], quantity))

    def _spread_shortage(self, pool, quants, free, product):
        """Take what some places lack off the others, from the last one on.

        Native reservation gives away no more than there is in all below the place where a delivery
        starts; goods in lots are counted lot by lot.

        :param free: {cell: quantity} of one product, changed here
        """
        starts = {move.location_id for move in pool.moves.values() if move.product_id == product.id}
        # sudo: where goods are is asked on behalf of those they are for
        paths = self.env["stock.location"].sudo().browse(starts).mapped("parent_path")
        together = defaultdict(dict)
        for quant in quants:
            start = min(filter(quant.path.startswith, paths), key=len, default=None)
            together[start, product.is_tracked and quant.cell[2]][quant.cell] = None
        for cells in together.values():
            short = -sum(min(0.0, free[cell]) for cell in cells)
            for cell in reversed(cells):
                taken = min(short, max(0.0, free[cell]))
                free[cell] -= taken
                short -= taken

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
        reach = Reach(self.env, quants)
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
            group=group_of(move, ship_complete),
            fit=fit_of(self.env, product, move.uom_id) if move.uom_id != product.uom_id else None,
        )

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
