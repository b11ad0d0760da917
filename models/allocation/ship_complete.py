"""What keeps deliveries that are to be complete waiting, beside what a run looks at."""

from collections import defaultdict

from odoo import models
from odoo.tools import SQL


class O2cAllocationPool(models.AbstractModel):
    _inherit = "o2c.allocation.pool"

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
