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
        order_lines = self._order_lines_billed(moves)
        if not order_lines:
            return
        lost = self._lost_of(order_lines)
        states = [
            state
            for state in claim_state.load(self.env, "order", order_lines.ids)
            if not state.is_closed and not state.is_of_payments and float(state.first["quantity"]) > 0
        ]
        words = self._words()
        rows = []
        for state in states:
            first = state.first
            rows.extend(
                self._loss_rows(state, lost[first["order_line_id"]], float(first["quantity"]), words)
            )
        self._append(rows)
        self._level(rows)
        self._follow_goods(order_lines.ids)

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
    def _order_lines_billed(self, moves):
        """Order lines on documents that have earned commission themselves, or by their deliveries."""
        if not moves.ids:
            return self.env["sale.order.line"]
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
        return self.env["sale.order.line"].browse([line for (line,) in rows])

    @api.model
    def _lost_of(self, order_lines, without=None):
        """How much of order lines was invoiced and written off: {id: quantity in the product's unit}

        All their invoices count.

        :param without: ``account.move``, invoices that are about not to be posted any more
        """
        lost = dict.fromkeys(order_lines.ids, 0.0)
        items = order_lines.invoice_lines.filtered(
            lambda item: item.parent_state == "posted"
            and item.move_id.move_type == "out_invoice"
            and item.move_id not in (without or ())
            and item.move_id._o2c_is_settled_in_part()
        )
        settled = self._settled(items.move_id) if items else {}
        for item in items:
            invoice = settled.get(item.move_id.id)
            if not invoice or not invoice.total:
                continue
            unit = item.product_id.uom_id or item.product_uom_id
            quantity = item.product_uom_id._compute_quantity(item.quantity, unit, round=False)
            for line in item.sale_line_ids & order_lines:
                lost[line.id] += quantity * invoice.written_off / invoice.total
        return lost
