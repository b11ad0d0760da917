"""How much of protections is used up: one statement, whatever their number."""

from typing import NamedTuple

from odoo import models
from odoo.tools import SQL


class Usage(NamedTuple):
    """What the customers of a protection have got of it, in units of the products.

    :ivar members: ids of their open moves
    :ivar reserved: by these moves, counted while the protection is in force
    :ivar delivered: in its period, less what came back
    :ivar move_ids: all the moves behind the figures
    """

    members: frozenset
    reserved: float
    delivered: float
    move_ids: list


NOTHING_USED = Usage(frozenset(), 0.0, 0.0, [])


class O2cSupplyProtection(models.Model):
    _inherit = "o2c.supply.protection"

    def _usage(self):
        """{id: :class:`Usage`}, of those of which anything is used or asked for."""
        if not self:
            return {}
        self.env.flush_all()
        rows = self.env.execute_query(self._usage_sql())
        return {
            protection: Usage(frozenset(members or ()), reserved, delivered, moves or [])
            for protection, members, reserved, delivered, moves in rows
        }

    def _usage_sql(self):
        """A row a protection: its id, then the columns of :class:`Usage`."""
        return SQL(
            """
            WITH covered AS (%(covered)s), moved AS (
                SELECT protection.id AS protection_id,
                       move.id,
                       move.state <> 'done' AS is_open,
                       CASE
                           WHEN move.state <> 'done'
                           THEN move.quantity * move.product_qty / NULLIF(move.product_uom_qty, 0)
                           WHEN source.usage = 'customer'
                           THEN -move.quantity * uom.factor / product_uom.factor
                           ELSE move.quantity * uom.factor / product_uom.factor
                       END::float AS quantity
                  FROM o2c_supply_protection protection
                  JOIN covered ON covered.protection_id = protection.id
                  JOIN res_company owner ON owner.id = protection.company_id
                  JOIN res_partner owner_partner ON owner_partner.id = owner.partner_id
                  JOIN stock_move move ON move.product_id = covered.product_id
                  JOIN res_company moving
                    ON moving.id = move.company_id
                   AND moving.parent_path LIKE owner.parent_path || '%%'
                  JOIN product_product product ON product.id = move.product_id
                  JOIN product_template template ON template.id = product.product_tmpl_id
                  JOIN uom_uom uom ON uom.id = move.product_uom
                  JOIN uom_uom product_uom ON product_uom.id = template.uom_id
                  JOIN stock_location source ON source.id = move.location_id
                  JOIN stock_location target ON target.id = move.location_dest_id
             LEFT JOIN stock_location final ON final.id = move.location_final_id
             LEFT JOIN stock_picking picking ON picking.id = move.picking_id
             LEFT JOIN sale_order_line line ON line.id = move.sale_line_id
             LEFT JOIN sale_order sale ON sale.id = COALESCE(line.order_id, picking.sale_id)
             LEFT JOIN res_partner partner
                    ON partner.id = COALESCE(sale.partner_id, move.partner_id, picking.partner_id)
             LEFT JOIN res_partner customer ON customer.id = partner.commercial_partner_id
             LEFT JOIN o2c_sales_region region
                    ON region.id = COALESCE(partner.o2c_region_id, customer.o2c_region_id)
                 WHERE protection.id = ANY(%(protections)s)
                   AND (
                       move.state IN ('waiting', 'confirmed', 'partially_available', 'assigned')
                       AND protection.id = ANY(%(current)s)
                       AND move.product_qty > 0
                       AND source.usage IN ('internal', 'transit', 'view')
                       AND (
                           COALESCE(final.usage, target.usage) = 'customer'
                           OR EXISTS (
                               SELECT FROM stock_move_move_rel following
                                 JOIN stock_move later ON later.id = following.move_dest_id
                                 JOIN stock_location beyond ON beyond.id = later.location_dest_id
                                WHERE following.move_orig_id = move.id
                                  AND beyond.usage = 'customer'
                           )
                       )
                       AND (
                           protection.warehouse_id IS NULL
                           OR source.warehouse_id = protection.warehouse_id
                       )
                       -- What goes from the supplier to the customer takes nothing from stock.
                       OR move.state = 'done'
                       AND (
                           target.usage = 'customer' AND source.usage IN ('internal', 'transit')
                           OR source.usage = 'customer' AND target.usage IN ('internal', 'transit')
                       )
                       AND (
                           protection.warehouse_id IS NULL
                           OR COALESCE(source.warehouse_id, target.warehouse_id)
                              = protection.warehouse_id
                       )
                       AND (move.date AT TIME ZONE 'UTC'
                            AT TIME ZONE COALESCE(owner_partner.tz, %(tz)s))::date
                           BETWEEN COALESCE(protection.date_from, '-infinity'::date)
                               AND COALESCE(protection.date_to, 'infinity'::date)
                   )
                   AND %(is_member)s
            )
            SELECT protection_id,
                   array_agg(id) FILTER (WHERE is_open),
                   COALESCE(SUM(quantity) FILTER (WHERE is_open), 0),
                   COALESCE(SUM(quantity) FILTER (WHERE NOT is_open), 0),
                   array_agg(id) FILTER (WHERE quantity <> 0)
              FROM moved
          GROUP BY protection_id
            """,
            covered=self._covered_sql(),
            protections=self.ids,
            current=self.filtered(lambda protection: protection.status == "current").ids,
            tz=self.env.user.tz or "UTC",
            is_member=self._is_member_sql(),
        )

    def _covered_sql(self):
        """A row a protection and product that it is about: SQL with their two ids."""
        return SQL(
            """
            SELECT protection.id AS protection_id, protection.product_id, protection.company_id
              FROM o2c_supply_protection protection
             WHERE protection.product_id IS NOT NULL
               AND %(condition)s
             UNION ALL
            SELECT protection.id, product.id, protection.company_id
              FROM o2c_supply_protection protection
              JOIN product_category covered ON covered.id = protection.product_category_id
              JOIN product_category category
                ON category.parent_path LIKE covered.parent_path || '%%'
              JOIN product_template template ON template.categ_id = category.id
              JOIN product_product product ON product.product_tmpl_id = template.id
             WHERE %(condition)s
            """,
            # Of all, those whose time is roughly now: the company's own day is asked when it matters.
            condition=SQL("protection.id = ANY(%s)", self.ids)
            if self
            else SQL(
                "protection.active "
                "AND COALESCE(protection.date_from, CURRENT_DATE) <= CURRENT_DATE + 1 "
                "AND COALESCE(protection.date_to, CURRENT_DATE) >= CURRENT_DATE - 1"
            ),
        )

    def _is_member_sql(self):
        """Whether ``customer`` and ``region`` belong to ``protection``; without any, all do."""

        def chosen(name):
            field = self._fields[name]
            return SQL(
                "SELECT FROM %(table)s chosen WHERE chosen.%(own)s = protection.id",
                table=SQL.identifier(field.relation),
                own=SQL.identifier(field.column1),
            )

        return SQL(
            """(
                EXISTS (%(classes)s AND chosen.%(class_id)s = customer.o2c_class_id)
                OR EXISTS (
                    SELECT FROM %(partner_table)s chosen
                      JOIN res_partner named ON named.id = chosen.%(partner_id)s
                     WHERE chosen.%(partner_owner)s = protection.id
                       AND named.commercial_partner_id = customer.id
                )
                OR EXISTS (
                    SELECT FROM %(region_table)s chosen
                      JOIN o2c_sales_region upper ON upper.id = chosen.%(region_id)s
                     WHERE chosen.%(region_owner)s = protection.id
                       AND region.parent_path LIKE upper.parent_path || '%%'
                )
                OR NOT EXISTS (%(classes)s)
                   AND NOT EXISTS (%(partners)s)
                   AND NOT EXISTS (%(regions)s)
            )""",
            classes=chosen("class_ids"),
            partners=chosen("partner_ids"),
            regions=chosen("region_ids"),
            class_id=SQL.identifier(self._fields["class_ids"].column2),
            partner_id=SQL.identifier(self._fields["partner_ids"].column2),
            partner_table=SQL.identifier(self._fields["partner_ids"].relation),
            partner_owner=SQL.identifier(self._fields["partner_ids"].column1),
            region_id=SQL.identifier(self._fields["region_ids"].column2),
            region_table=SQL.identifier(self._fields["region_ids"].relation),
            region_owner=SQL.identifier(self._fields["region_ids"].column1),
        )
