"""What happened while commission was switched off."""

from odoo import api, fields, models
from odoo.tools import SQL

BATCH = 1000
# So many documents are followed in the request that switches commission on, within a second or two; more are
# left to the job.
AT_ONCE = 500
SALES = ("out_invoice", "out_receipt", "out_refund")
# Methods that follow the documents of a pause, in this order: what takes back comes after what was sold.
STEPS = (
    "_catch_up_orders", "_catch_up_deliveries", "_catch_up_invoices", "_catch_up_invoices", "_catch_up_paid",
)  # fmt: skip
BEGINNING = (0, 0)
# Whether the ledger knows ``move``, or must: what was sold by an order that earns commission does, too.
IS_KNOWN = SQL(
    """
    (EXISTS (SELECT FROM o2c_commission_entry entry
              WHERE entry.move_id IN (move.id, move.reversed_entry_id))
     OR EXISTS (SELECT FROM account_move_line item
                  JOIN sale_order_line_invoice_rel rel ON rel.invoice_line_id = item.id
                  JOIN sale_order_line line ON line.id = rel.order_line_id
                  JOIN sale_order orders ON orders.id = line.order_id
                 WHERE item.move_id = move.id AND orders.o2c_commission_assigned))
    """
)


class O2cCommissionPause(models.Model):
    """A time in which a company did not use commission, the one before it began to included."""

    _name = "o2c.commission.pause"
    _description = "Pause of Commission"
    _order = "date_to desc, id desc"
    _rec_name = "date_to"

    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True, ondelete="cascade")
    date_from = fields.Datetime(string="From", readonly=True, help="Empty: since ever.")
    date_to = fields.Datetime(string="Until", required=True, readonly=True)


class O2cCommissionEntry(models.Model):
    _inherit = "o2c.commission.entry"

    @api.model
    def _catch_up(self, company, since):
        """Follow what happened to sales of one company since commission was switched off.

        What is in the ledger is brought to what was paid, credited, delivered, changed and cancelled. New
        sales that have nothing to do with it earn commission where the company has a first day of it, and
        they are not before it; else those of the pause earn nothing. Done twice it does nothing the second
        time.

        :param since: datetime in UTC
        """
        after = BEGINNING
        while found := self._catch_up_next(company, since, after):
            after, __ = found

    @api.model
    def _catch_up_next(self, company, since, after):
        """Follow the next documents of a pause, some hundreds.

        :param after: the last one that was followed, as it is returned, or :data:`BEGINNING`
        :return: ((step, id), number of documents), ``None`` when there are no more
        """
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                "SELECT step, id FROM (%s) document ORDER BY step, id LIMIT %s",
                self._sql_of_pause(company, since, after),
                BATCH,
            )
        )
        if not rows:
            return None
        step = rows[0][0]
        ids = [res_id for found, res_id in rows if found == step]
        getattr(self, STEPS[step])(ids, since)
        return (step, ids[-1]), len(ids)

    @api.model
    def _count_of_pause(self, company, since):
        """How many documents there are to follow, but payments of what comes into the ledger only then."""
        self.env.flush_all()
        query = SQL("SELECT COUNT(*) FROM (%s) document", self._sql_of_pause(company, since, BEGINNING))
        return self.env.execute_query(query)[0][0]

    @api.model
    def _sql_of_pause(self, company, since, after):
        """The documents that were written in a pause and that the ledger knows, or must: step and id.

        :param after: see :meth:`_catch_up_next`
        """
        return SQL(
            """
            SELECT step, id FROM (
                SELECT 0 AS step, orders.id
                  FROM sale_order orders
                 WHERE orders.company_id = %(company)s
                   AND (orders.o2c_commission_assigned
                        OR orders.state = 'sale' AND %(start)s::date IS NOT NULL)
                   AND (orders.write_date >= %(since)s
                        OR EXISTS (SELECT FROM sale_order_line line
                                    WHERE line.order_id = orders.id AND line.write_date >= %(since)s))
                 UNION ALL
                SELECT 1, move.id
                  FROM stock_move move
                  JOIN sale_order_line line ON line.id = move.sale_line_id
                  JOIN sale_order orders ON orders.id = line.order_id
                 WHERE orders.company_id = %(company)s AND orders.o2c_commission_assigned
                   AND move.state = 'done' AND move.write_date >= %(since)s
                 UNION ALL
                SELECT CASE WHEN move.move_type = 'out_refund' THEN 3 ELSE 2 END, move.id
                  FROM account_move move
                 WHERE move.company_id = %(company)s AND move.state = 'posted' AND move.move_type IN %(sales)s
                   AND move.write_date >= %(since)s
                   AND (COALESCE(move.invoice_date, move.date) >= %(start)s::date OR %(is_known)s)
                 UNION ALL
                SELECT 4, paid.move_id
                  FROM (%(paid)s) paid
            ) document
             WHERE step >= %(step)s AND (step, id) > (%(step)s, %(last)s)
            """,
            company=company.id,
            since=since,
            start=company.o2c_commission_start or None,
            sales=SALES,
            is_known=IS_KNOWN,
            paid=self._sql_paid_in_pause(company, since),
            step=after[0],
            last=after[1],
        )

    @api.model
    def _sql_paid_in_pause(self, company, since):
        """Documents in the ledger on which payments came or went."""
        return SQL(
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
            """,
            since=since,
            company=company.id,
        )

    @api.model
    def _catch_up_orders(self, ids, since):
        orders = self.env["sale.order"].browse(ids)
        assigned = orders.filtered(lambda order: order.o2c_commission_assigned and order.state == "sale")
        added = assigned.order_line.filtered(
            lambda line: line.create_date >= since and not line.display_type
        )
        assigned._o2c_assign_lines(added)
        (orders - assigned).filtered(lambda order: order.state == "sale")._o2c_assign_commission()
        orders._o2c_refresh_commission()

    @api.model
    def _catch_up_deliveries(self, ids, _since):
        self._accrue_deliveries(self.env["stock.move"].browse(ids))

    @api.model
    def _catch_up_invoices(self, ids, _since):
        moves = self.env["account.move"].browse(ids)
        self._accrue_invoices(moves)
        # Also where nothing is settled any more: what was written off before may have been taken back.
        self._settle_sources(moves)

    @api.model
    def _catch_up_paid(self, ids, _since):
        self._settle_invoices(self.env["account.move"].browse(ids))

    @api.model
    def _earned_nothing_in_pause(self, moves):
        """Those of these documents that the ledger need not know: posted in a pause, by a company without a
        first day of commission, and of no order that earns it.
        """
        companies = moves.company_id.filtered(lambda company: not company.o2c_commission_start)
        if not companies:
            return moves.browse()
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT move.id
                  FROM account_move move
                  JOIN o2c_commission_pause pause ON pause.company_id = move.company_id
                 CROSS JOIN LATERAL (
                     -- Its chatter says when it was posted; of an import without one it is when it was made.
                     SELECT COALESCE(MAX(message.date), move.create_date) AS posted_on
                       FROM mail_message message
                      WHERE message.model = 'account.move' AND message.res_id = move.id
                        AND message.subtype_id = %(posted)s
                 ) chatter
                 WHERE move.id = ANY(%(ids)s) AND move.company_id = ANY(%(companies)s)
                   AND (pause.date_from IS NULL OR chatter.posted_on >= pause.date_from)
                   AND chatter.posted_on < pause.date_to AND NOT %(is_known)s
                """,
                ids=moves.ids,
                companies=companies.ids,
                is_known=IS_KNOWN,
                posted=self.env.ref("account.mt_invoice_validated").id,
            )
        )
        return moves.browse(move for (move,) in rows)
