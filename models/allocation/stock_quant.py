from odoo import api, models

from .engine import ReservedDeltas


class StockQuant(models.Model):
    _inherit = "stock.quant"

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
