from odoo import models
from odoo.tools import SQL


class O2cSalesPlan(models.Model):
    """Sales are credited in plans to whom they earn commission."""

    _inherit = "o2c.sales.plan"

    def _credited_shares(self, lines):
        shares = super()._credited_shares(lines)
        if not lines:
            return shares
        for line, partner, percent in self._split_rows(lines):
            shares.setdefault(line, {})[partner] = percent
        return shares

    def _split_rows(self, lines):
        """Shared parts of lines, with that of the house for the document's salesperson.

        :return: list of (id of the line, id of the partner, percent), those of a line add up to 100
        """
        return self.env.execute_query(
            SQL(
                """
                WITH sold AS (%s),
                part AS (
                    SELECT sold.line_id, split.payee_id, SUM(split.share) AS share
                      FROM sold JOIN o2c_commission_split split ON split.order_line_id = sold.order_line_id
                     WHERE split.mode = 'shared'
                     GROUP BY sold.line_id, split.payee_id
                ),
                house AS (
                    SELECT sold.line_id, seller.partner_id AS payee_id, 100 - SUM(part.share) AS share
                      FROM sold
                      JOIN part ON part.line_id = sold.line_id
                      JOIN sale_order_line line ON line.id = sold.order_line_id
                      JOIN sale_order orders ON orders.id = line.order_id
                      JOIN res_users seller ON seller.id = orders.user_id
                     GROUP BY sold.line_id, seller.partner_id
                )
                SELECT line_id, payee_id, SUM(share)::float
                  FROM (SELECT * FROM part UNION ALL SELECT * FROM house WHERE share > 0) shares
                 GROUP BY line_id, payee_id
                """,
                self._sold_as(lines),
            )
        )

    def _sold_as(self, lines):
        """Of each line the order line it was sold as."""
        ids = list(lines.ids)
        if lines._name == "sale.order.line":
            return SQL(
                "SELECT id AS line_id, id AS order_line_id FROM sale_order_line WHERE id = ANY(%s)", ids
            )
        if lines._name == "stock.move":
            return SQL(
                "SELECT id AS line_id, sale_line_id AS order_line_id FROM stock_move WHERE id = ANY(%s)", ids
            )
        return SQL(
            "SELECT invoice_line_id AS line_id, MIN(order_line_id) AS order_line_id"
            " FROM sale_order_line_invoice_rel WHERE invoice_line_id = ANY(%s) GROUP BY invoice_line_id",
            ids,
        )
