"""What deliveries earn, and what returned, credited and lost goods take back of it."""

from collections import defaultdict

from odoo import api, models

from . import delivery_lots, sale_line
from .crediting import Crediting
from .delivery_rows import Causes, DeliveryRows
from .locks import lock
from .tally import claim_key


class O2cCommissionEntry(models.Model):
    _inherit = "o2c.commission.entry"

    @api.model
    def _accrue_deliveries(self, moves):
        """Write down what goods earn that have left, where deliveries earn it; returned ones take it back.

        What is written down already is brought to the quantities that the moves have by now.

        :param moves: ``stock.move``, also such as earn nothing
        """
        moves._o2c_count_kits()
        lines = sale_line.delivery_lines(self.env, moves)
        came_back = [line for line in lines if line.kind == "return"]
        sold = {line.order_line_id for line in lines}
        # What no longer counts as delivered has no line; its claim knows.
        self._follow_goods(sold | set(moves.sale_line_id.ids), came_back, moves=moves)
        self._refresh_progress(moves.sale_line_id)

    @api.model
    def _follow_goods(self, order_line_ids, causes=(), without=None, moves=None):
        """Bring what deliveries of order lines have earned to what was delivered of them, less what was
        returned, credited or written off.

        It is the state of the order line that counts, not the order of events: goods that came back and are
        credited are taken back once (:func:`returns.taken_back`), on the rule, rate, cost and split of their
        delivery. A return that does not say what it brings back is one of the latest deliveries. The parts of
        an order line add up to what the whole of it earns (:mod:`algorithms.commission.deliveries`).

        :param causes: the :class:`SaleLine` of returns or credit notes that happened just now
        :param without: ``account.move``, invoices and credit notes that are about not to be posted any more
        :param moves: ``stock.move``, which may be new deliveries
        """
        plans = self.env["o2c.commission.plan"]._catalog().plans.values()
        if not order_line_ids or all(plan.trigger != "delivery" for plan in plans):
            return
        order_lines = self._order_lines_together(order_line_ids)
        states = self._deliveries_of(order_lines.ids)
        if not states and not moves:
            return
        sold = self._what_happened(order_lines, without)
        fresh = self._fresh_goods(sold, states, moves)
        if any(row.claim.terms.is_running for row in fresh):
            self._accrue_running(fresh)
            states = self._deliveries_of(order_lines.ids)
            fresh = [row for row in fresh if not row.claim.terms.is_running]
        if not states and not fresh:
            return
        lots = delivery_lots.gather(self.env, states, fresh, sold, self._splits(order_lines.ids))
        rows = DeliveryRows(self, Causes(sold, causes))
        self._append_goods(rows.of(lots), order_lines)
        if any(sold.fates[row.line.res_id].quantity or row.line.order_line_id in sold.lost for row in fresh):
            # Credited, returned or lost before they were known: taken back from the rows they have now.
            self._follow_goods(order_line_ids, causes, without)

    @api.model
    def _order_lines_together(self, order_line_ids):
        """Order lines, with the others of their orders where all of an order enters the bands together."""
        lines = self.env["sale.order.line"].browse(order_line_ids)
        if any(terms.is_of_document for terms in self.env["o2c.commission.plan"]._catalog().terms.values()):
            lines = lines.order_id.order_line
        return lines.filtered("order_id.o2c_commission_assigned")

    @api.model
    def _what_happened(self, order_lines, without):
        goods = sale_line.delivery_lines(self.env, order_lines.move_ids)
        bills = self._bills_of(order_lines, without)
        return delivery_lots.what_happened(goods, bills, self._lost_of(order_lines, without))

    @api.model
    def _fresh_goods(self, sold, states, moves):
        """What goods earn that have left and are not in the ledger: list of :class:`Credited`"""
        if not moves:
            return []
        known = {state.line for state in states}
        asked = set(moves.ids) - known
        # Somebody may have changed what had left to nothing before it was known.
        lines = [
            line
            for line in sold.goods
            if line.kind == "delivery" and line.quantity and line.res_id in asked
        ]
        splits = self._splits({line.order_line_id for line in lines})
        shares = {(line.source, line.res_id): splits.get(line.order_line_id, []) for line in lines}
        return [row for row in Crediting(self.env).credited(lines, shares) if row.trigger == "delivery"]

    @api.model
    def _accrue_running(self, fresh):
        """Write down what goods earn that tiers of a period add up."""
        running = [row for row in fresh if row.claim.terms.is_running]
        tallies = self._load_tallies([row.claim for row in running])
        self._append(self._first_rows(running, tallies, "accrue", {}))

    @api.model
    def _take_goods_back_without(self, moves):
        """Bring deliveries to what they have earned without documents that are to be posted no more.

        :param moves: ``account.move``, still posted
        """
        lines = [line for line in sale_line.invoice_lines(self.env, moves) if line.order_line_id]
        self._follow_goods(
            {line.order_line_id for line in lines}, [line for line in lines if line.is_credit], moves
        )

    @api.model
    def _bills_of(self, order_lines, without):
        """Lines of posted invoices and credit notes of order lines: list of :class:`SaleLine`"""
        moves = order_lines.invoice_lines.move_id
        if without:
            moves -= without
        lines = sale_line.invoice_lines(
            self.env, moves.filtered(lambda move: move._o2c_earns_commission())
        )
        wanted = set(order_lines.ids)
        return [line for line in lines if line.order_line_id in wanted]

    @api.model
    def _append_goods(self, rows, order_lines):
        """Add rows of deliveries, returns and credit notes as the next steps of these; a first row is that of
        a claim."""
        if not rows:
            return
        # Who delivers, returns or credits at the same time starts over on what is written down by then.
        lock(order_lines)
        later = [row for row in rows if row["step"] is None]
        steps = defaultdict(int, self._last_steps(later) if later else {})
        for row in later:
            event = claim_key(row)
            steps[event] += 1
            row["step"] = steps[event]
        self._append(rows)
        self._level(rows)
