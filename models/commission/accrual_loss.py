"""Bad debts take back what orders and deliveries have earned."""

from odoo import api, models
from odoo.tools import SQL

from . import claim_state


class O2cCommissionEntry(models.Model):
    _inherit = "o2c.commission.entry"

    @api.model
    def _settle_invoices(self, moves):
        result = super()._settle_invoices(moves)
        self._settle_sources(moves)
        return result

    @api.model
    def _settle_sources(self, moves):
        """Where not the invoice has earned commission but what it bills, take back what is written off.

        :param moves: ``account.move``
        """
        lost = self._lost_quantities(moves)
        if not lost:
            return
        orders = claim_state.load(self.env, "order", list(lost))
        states = [state for state in orders if not state.is_closed and not state.is_of_payments]
        wholes = {state.first["id"]: float(state.first["quantity"]) for state in states}
        deliveries = self._deliveries_of(list(lost))
        delivered = {}
        for state in deliveries:
            line = state.first["order_line_id"]
            delivered[line] = delivered.get(line, 0.0) + float(state.first["quantity"])
        wholes.update({state.first["id"]: delivered[state.first["order_line_id"]] for state in deliveries})
        words = self._words()
        rows = []
        for state in [*states, *deliveries]:
            whole = wholes[state.first["id"]]
            if whole > 0:
                rows.extend(self._loss_rows(state, lost[state.first["order_line_id"]], whole, words))
        self._append(rows)
        self._level(rows)

    @api.model
    def _deliveries_of(self, order_line_ids):
        """Claims of goods that went out on order lines."""
        moves = self.env.execute_query(
            SQL(
                "SELECT DISTINCT source_res_id FROM o2c_commission_entry"
                " WHERE source = 'delivery' AND step = 0 AND kind = 'accrue' AND order_line_id = ANY(%s)",
                order_line_ids,
            )
        )
        return claim_state.load(self.env, "delivery", [move for (move,) in moves])

    @api.model
    def _lost_quantities(self, moves):
        """How much of order lines was invoiced and written off: {id: quantity in the product's unit}

        All invoices of the order lines count, not only those that are asked for.
        """
        if not moves.ids:
            return {}
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT rel.order_line_id
                  FROM account_move_line line
                  JOIN sale_order_line_invoice_rel rel ON rel.invoice_line_id = line.id
                 WHERE line.move_id = ANY(%(moves)s)
                   AND EXISTS (SELECT FROM o2c_commission_entry entry
                                WHERE entry.order_line_id = rel.order_line_id
                                  AND entry.source IN ('order', 'delivery') AND entry.kind = 'accrue')
                """,
                moves=list(moves.ids),
            )
        )
        if not rows:
            return {}
        order_lines = self.env["sale.order.line"].browse([line for (line,) in rows])
        items = order_lines.invoice_lines.filtered(
            lambda item: item.parent_state == "posted" and item.move_id.move_type == "out_invoice"
        )
        settled = self._settled(items.move_id)
        lost = dict.fromkeys(order_lines.ids, 0.0)
        for item in items:
            invoice = settled[item.move_id.id]
            if not invoice.total:
                continue
            unit = item.product_id.uom_id or item.product_uom_id
            quantity = item.product_uom_id._compute_quantity(item.quantity, unit, round=False)
            for line in item.sale_line_ids & order_lines:
                lost[line.id] += quantity * invoice.written_off / invoice.total
        return lost
