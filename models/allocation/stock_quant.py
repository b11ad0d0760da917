from odoo import api, models
from odoo.tools import SQL

from .engine import ReservedDeltas


class Waits:
    """That a reservation waits for others instead of going round them.

    It is handed on in the context. Nobody outside the process can make one.
    """


WAITS = Waits()


class StockQuant(models.Model):
    _inherit = "stock.quant"

    def try_lock_for_update(self, *, allow_referencing=False, limit=None):
        locked = super().try_lock_for_update(allow_referencing=allow_referencing, limit=limit)
        waits = isinstance(self.env.context.get("o2c_waits_for_stock"), Waits)
        if locked or not self or not waits:
            return locked
        # Somebody else is reserving or moving these goods. Core would make another quant beside
        # this one and reserve what he may have taken already. Wait for him instead: when he has
        # changed something, the database says so and Odoo repeats this with his work in view.
        self.env.cr.execute(
            SQL("SELECT id FROM stock_quant WHERE id = %s FOR NO KEY UPDATE", self[0].id),
            # That it fails to serialize is what it is for.
            log_exceptions=False,
        )
        return self[0]

    @api.model
    def _update_reserved_quantity(
        self, product_id, location_id, quantity, lot_id=None, package_id=None, owner_id=None, strict=True
    ):
        deltas = self.env.context.get("o2c_reserved_deltas")
        if isinstance(deltas, ReservedDeltas):
            # The engine writes them all at once, to quants it has locked.
            return deltas.add(product_id, location_id, quantity, lot_id, package_id, owner_id)
        return super()._update_reserved_quantity(
            product_id,
            location_id,
            quantity,
            lot_id=lot_id,
            package_id=package_id,
            owner_id=owner_id,
            strict=strict,
        )
