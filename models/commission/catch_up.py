"""What happened while commission was switched off."""

from odoo import api, models
from odoo.tools import SQL, split_every

BATCH = 1000
SALES = ("out_invoice", "out_receipt", "out_refund")


class O2cCommissionEntry(models.Model):
    _inherit = "o2c.commission.entry"

    @api.model
    def _catch_up(self, company, since):
        """Follow what happened to sales of one company since commission was switched off.

        What is in the ledger is brought to what was paid, credited, delivered, changed and cancelled. New
        sales that have nothing to do with it earn commission where the company has a first day of it, and
        they are not before it; else those of the pause earn nothing.

        :param since: datetime in UTC
        """
        self.env.flush_all()
        self._catch_up_orders(company, since)
        self._catch_up_deliveries(company, since)
        for ids in split_every(BATCH, self._moves_of_pause(company, since), list):
            self._accrue_invoices(self.env["account.move"].browse(ids))
        for ids in split_every(BATCH, self._paid_in_pause(company, since), list):
            self._settle_invoices(self.env["account.move"].browse(ids))

    @api.model
    def _catch_up_orders(self, company, since):
        rows = self.env.execute_query(
            SQL(
                """
                SELECT orders.id
                  FROM sale_order orders
                 WHERE orders.company_id = %(company)s
                   AND (orders.o2c_commission_assigned OR orders.state = 'sale' AND %(has_start)s)
                   AND (orders.write_date >= %(since)s
                        OR EXISTS (SELECT FROM sale_order_line line
                                    WHERE line.order_id = orders.id AND line.write_date >= %(since)s))
                 ORDER BY orders.id
                """,
                company=company.id,
                since=since,
                has_start=bool(company.o2c_commission_start),
            )
        )
        for ids in split_every(BATCH, [order for (order,) in rows], list):
            orders = self.env["sale.order"].browse(ids)
            assigned = orders.filtered(lambda order: order.o2c_commission_assigned and order.state == "sale")
            added = assigned.order_line.filtered(
                lambda line: line.create_date >= since and not line.display_type
            )
            assigned._o2c_assign_lines(added)
            (orders - assigned).filtered(lambda order: order.state == "sale")._o2c_assign_commission()
            orders._o2c_refresh_commission()

    @api.model
    def _catch_up_deliveries(self, company, since):
        rows = self.env.execute_query(
            SQL(
                """
                SELECT move.id
                  FROM stock_move move
                  JOIN sale_order_line line ON line.id = move.sale_line_id
                  JOIN sale_order orders ON orders.id = line.order_id
                 WHERE orders.company_id = %s AND orders.o2c_commission_assigned
                   AND move.state = 'done' AND move.write_date >= %s
                 ORDER BY move.id
                """,
                company.id,
                since,
            )
        )
        for ids in split_every(BATCH, [move for (move,) in rows], list):
            self._accrue_deliveries(self.env["stock.move"].browse(ids))

    @api.model
    def _moves_of_pause(self, company, since):
        """Ids of documents that were posted, or changed, and that the ledger must know; invoices first."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT move.id
                  FROM account_move move
                 WHERE move.company_id = %(company)s AND move.state = 'posted' AND move.move_type IN %(sales)s
                   AND move.write_date >= %(since)s
                   AND (COALESCE(move.invoice_date, move.date) >= %(start)s
                        OR EXISTS (SELECT FROM o2c_commission_entry entry
                                    WHERE entry.move_id IN (move.id, move.reversed_entry_id))
                        OR EXISTS (SELECT FROM account_move_line item
                                     JOIN sale_order_line_invoice_rel rel ON rel.invoice_line_id = item.id
                                     JOIN sale_order_line line ON line.id = rel.order_line_id
                                     JOIN sale_order orders ON orders.id = line.order_id
                                    WHERE item.move_id = move.id AND orders.o2c_commission_assigned))
                 ORDER BY move.move_type = 'out_refund', move.id
                """,
                company=company.id,
                sales=SALES,
                since=since,
                start=company.o2c_commission_start or None,
            )
        )
        return [move for (move,) in rows]

    @api.model
    def _paid_in_pause(self, company, since):
        """Ids of documents in the ledger on which payments came or went."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT item.move_id
                  FROM account_partial_reconcile partial
                  JOIN account_move_line item ON item.id IN (partial.debit_move_id, partial.credit_move_id)
                 WHERE partial.create_date >= %(since)s AND item.company_id = %(company)s
                   AND EXISTS (SELECT FROM o2c_commission_entry entry WHERE entry.move_id = item.move_id)
                 UNION
                SELECT gone.move_id
                  FROM (
                      SELECT entry.move_id
                        FROM o2c_commission_entry entry
                       WHERE entry.company_id = %(company)s AND entry.partial_ref IS NOT NULL
                         AND entry.kind NOT IN ('expect', 'adjust')
                         AND NOT EXISTS (SELECT FROM account_partial_reconcile partial
                                          WHERE partial.id = entry.partial_ref)
                       GROUP BY entry.move_id, entry.origin_entry_id, entry.partial_ref
                      -- A row when it came and none when it went.
                      HAVING COUNT(*) %% 2 = 1
                  ) gone
                 WHERE gone.move_id IS NOT NULL
                 ORDER BY 1
                """,
                since=since,
                company=company.id,
            )
        )
        return [move for (move,) in rows]
