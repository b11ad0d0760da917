from odoo import models
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms.array_literal import array_literal

# Of each line the order line it was sold as.
SOLD = {
    "sale.order.line": SQL("SELECT id AS line_id, id AS order_line_id FROM sale_order_line"),
    "stock.move": SQL("SELECT id AS line_id, sale_line_id AS order_line_id FROM stock_move"),
    "account.move.line": SQL(
        "SELECT invoice_line_id AS line_id, MIN(order_line_id) AS order_line_id"
        " FROM sale_order_line_invoice_rel GROUP BY invoice_line_id"
    ),
}


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
        """Shared parts of lines; what is left of a line is the house's.

        :return: list of (id of the line, id of the partner, percent)
        """
        self.env["o2c.commission.split"].flush_model()
        if not self.env.execute_query(SQL("SELECT FROM o2c_commission_split LIMIT 1")):
            return []
        return self.env.execute_query(
            SQL(
                """
                SELECT sold.line_id, split.payee_id, SUM(split.share)::float
                  FROM (%s) sold
                  JOIN o2c_commission_split split ON split.order_line_id = sold.order_line_id
                 WHERE split.mode = 'shared' AND sold.line_id = ANY(%s::int[])
                 GROUP BY sold.line_id, split.payee_id
                """,
                SOLD[lines._name],
                array_literal(lines.ids, "int"),
            )
        )
