"""Makes reservations what a plan says, with as few changes and statements as possible."""

from collections import defaultdict

from odoo import api, models
from odoo.tools import SQL
from odoo.tools.float_utils import float_compare

from odoo.addons.order_to_cash.algorithms.allocation import service_order


class ReservedDeltas:
    """Changes of reserved quantities, collected instead of written one by one.

    It is handed on in the context. Nobody outside the process can make one.
    """

    def __init__(self):
        self.by_cell = defaultdict(float)

    def add(self, product, location, quantity, lot, package, owner):
        cell = (product.id, location.id, *(record.id if record else 0 for record in (lot, package, owner)))
        self.by_cell[cell] += quantity


class Caps:
    """The most that native reservation may still take for each move, in the product's unit.

    It is handed on in the context. Nobody outside the process can make one.
    """

    def __init__(self, left):
        self.left = left


class O2cAllocationEngine(models.AbstractModel):
    _name = "o2c.allocation.engine"
    _description = "Reallocation of Stock"

    @api.model
    def _apply(self, pool, outcomes, products):
        """Make the reservations of some products what ``outcomes`` say.

        Products without lots, packages, owners and other units are done in a batch; the result is
        what native reservation in the order of service gives. The others are reserved natively, in
        that order and no more than planned.

        :param pool: :class:`Pool`, gathered in this transaction
        :param outcomes: {move id: :class:`algorithms.allocation.Outcome`} of that pool
        :param products: ids of the products to change
        :return: ids of those that somebody else is just changing; they are left as they are
        """
        busy = self._lock(pool, outcomes, products)
        if busy:
            busy = pool.bound_together(busy) & products
        todo = [
            demand
            for demand in service_order(pool.demands)
            if demand.product in products and demand.product not in busy
        ]
        self._apply_batch(pool, outcomes, [d for d in todo if d.product not in pool.special])
        self._apply_natively(pool, outcomes, [d for d in todo if d.product in pool.special])
        return busy

    def _lock(self, pool, outcomes, products):
        """Lock what the products to be changed have; the ids of those that are busy."""
        quants = {quant: cell[0] for cell, quant in pool.quants.items() if cell[0] in products}
        moves = {
            demand.key: demand.product for demand in pool.demands if demand.product in products
        }
        # Before the goods: whoever reserves by himself takes the rows in this order.
        busy = self.env["o2c.allocation.pool"]._claim(
            pool, self._raised(pool, outcomes, products), skips_busy=True
        )
        for table, owners in (("stock_quant", quants), ("stock_move", moves)):
            locked = self.env.execute_query(
                SQL(
                    "SELECT id FROM %s WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED",
                    SQL.identifier(table),
                    sorted(owners),
                )
            )
            busy |= {owners[key] for key in owners.keys() - {row[0] for row in locked}}
        return busy

    def _raised(self, pool, outcomes, products):
        """Ids of those of ``products`` of which somebody gets something that he has not."""
        if not pool.protections:
            return set()
        return {
            demand.product
            for demand in pool.demands
            if demand.product in products and not outcomes[demand.key].adds_nothing_to(demand.held)
        }

    # ------------------------------------------------------------------
    # Batch
    # ------------------------------------------------------------------

    def _apply_batch(self, pool, outcomes, demands):
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        removed, changed, added = [], [], []
        touched = []
        for demand in demands:
            wanted = dict(outcomes[demand.key].cells)
            before = len(removed) + len(changed) + len(added)
            for cell, lines in pool.lines.get(demand.key, {}).items():
                quantity = wanted.pop(cell, 0.0)
                if not quantity:
                    removed += [line.id for line in lines]
                elif float_compare(quantity, lines[0].quantity, precision_digits=digits):
                    changed.append((lines[0].id, quantity))
            added += [(demand.key, cell, quantity) for cell, quantity in wanted.items()]
            if len(removed) + len(changed) + len(added) > before:
                touched.append(demand.key)
        if not touched:
            return
        deltas = ReservedDeltas()
        batch = self.with_context(o2c_reserved_deltas=deltas, preserve_state=True)
        batch._remove_lines(removed)
        batch._change_lines(changed)
        lines = batch._add_lines(pool, added)
        self._write_reserved(pool, deltas, digits)
        moves = self.env["stock.move"].browse(touched)
        moves._recompute_state()
        self._put_away(lines)

    def _remove_lines(self, line_ids):
        self.env["stock.move.line"].browse(line_ids).unlink()

    def _change_lines(self, changed):
        lines = self.env["stock.move.line"].browse([line_id for line_id, _quantity in changed])
        for line, (_line_id, quantity) in zip(lines, changed, strict=True):
            line.quantity = quantity

    def _add_lines(self, pool, added):
        moves = self.env["stock.move"].browse([move_id for move_id, _cell, _quantity in added])
        quants = self.env["stock.quant"].browse([pool.quants[cell] for _move, cell, _quantity in added])
        # These products have one unit: the quantity needs no conversion.
        return self.env["stock.move.line"].create([
            {**move._prepare_move_line_vals(reserved_quant=quant), "quantity": quantity}
            for move, quant, (_move_id, _cell, quantity) in zip(moves, quants, added, strict=True)
        ])

    def _write_reserved(self, pool, deltas, digits):
        """All the collected changes of reserved quantities, in one statement."""
        changes = {
            pool.quants[cell]: quantity
            for cell, quantity in deltas.by_cell.items()
            if float_compare(quantity, 0.0, precision_digits=digits)
        }
        if not changes:
            return
        Quant = self.env["stock.quant"]
        Quant.flush_model(["reserved_quantity"])
        self.env.execute_query(
            SQL(
                """
                UPDATE stock_quant quant
                   SET reserved_quantity = GREATEST(
                           0, ROUND((COALESCE(quant.reserved_quantity, 0) + change.quantity)::numeric, %s)
                       ),
                       write_uid = %s,
                       write_date = NOW() AT TIME ZONE 'UTC'
                  FROM unnest(%s::int[], %s::numeric[]) AS change (id, quantity)
                 WHERE quant.id = change.id
             RETURNING quant.id
                """,
                digits,
                self.env.uid,
                list(changes),
                list(changes.values()),
            )
        )
        Quant.browse(changes).invalidate_recordset()

    def _put_away(self, lines):
        """As native reservation does; only goods that stay with us have a place to be put."""
        lines.filtered(
            lambda line: (
                line.location_dest_id.usage != "customer" or line.location_dest_id.putaway_rule_ids
            )
        )._apply_putaway_strategy()

    # ------------------------------------------------------------------
    # Natively
    # ------------------------------------------------------------------

    def _apply_natively(self, pool, outcomes, demands):
        """Free what is to be lost, then reserve in the order of service what is to be had."""
        changing = [
            demand
            for demand in demands
            if outcomes[demand.key].planned != outcomes[demand.key].before
        ]
        if not changing:
            return
        lost, left = [], {}
        for demand in changing:
            outcome = outcomes[demand.key]
            left[demand.key] = outcome.planned - outcome.before
            if left[demand.key] < 0:
                lost += [line.id for many in pool.lines[demand.key].values() for line in many]
                left[demand.key] = outcome.planned - demand.frozen
        self.env["stock.move.line"].browse(lost).unlink()
        # Moves in another order are other chunks: native reservation serves in the order given.
        self.env["stock.move"].browse(left).with_context(o2c_allocation_caps=Caps(left))._action_assign()
