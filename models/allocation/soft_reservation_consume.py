"""What was held back becomes the reservation of its goods when the order is confirmed."""

from odoo import api, models
from odoo.fields import Domain

from .engine import Caps


class O2cSoftReservation(models.Model):
    _inherit = "o2c.soft.reservation"

    @api.model
    @api.private
    def consume(self, lines):
        """Make what is held back for confirmed order lines the reservation of their goods.

        Those of the lines themselves are used up first, then those of their customers that name
        no quotation, the first to expire first. A line on hold for delivery keeps its own until
        it is released.

        :param lines: ``sale.order.line`` whose moves exist
        """
        # sudo: who confirms an order need not be who held the stock back, nor who moves goods
        lines = lines.sudo().filtered(
            lambda line: (
                line.state == "sale"
                and line.company_id.o2c_use_allocation
                and line.order_id.o2c_hold_state != "held"
            )
        )
        if not lines:
            return
        softs = self.sudo().search(
            Domain("state", "=", "active")
            & (
                Domain("order_line_id", "in", lines.ids)
                | Domain("order_line_id", "=", False)
                & Domain("commercial_partner_id", "in", lines.order_partner_id.commercial_partner_id.ids)
                & Domain("product_id", "in", lines.product_id.ids)
                & Domain("warehouse_id", "in", lines.warehouse_id.ids)
            ),
            order="expires_at, id",
        )
        if not softs:
            return
        used = softs._share_among(lines)
        softs._reserve(used)
        softs._record_used(used)

    def _share_among(self, lines):
        """[(soft reservation, order line, quantity)], quantities in the unit of the product."""
        used = []
        left = {soft: soft.quantity for soft in self}
        for line in lines:
            need = line.product_uom_id._compute_quantity(
                line.product_uom_qty, line.product_id.uom_id
            )
            own = self.filtered(lambda soft, line=line: soft.order_line_id == line)
            shared = self.filtered(
                lambda soft, line=line: (
                    not soft.order_line_id
                    and soft.commercial_partner_id == line.order_partner_id.commercial_partner_id
                    and soft.product_id == line.product_id
                    and soft.warehouse_id == line.warehouse_id
                )
            )
            for soft in own + shared:
                quantity = min(need, left[soft])
                if soft in own or line.product_id.uom_id.compare(quantity, 0.0) > 0:
                    used.append((soft, line, max(0.0, quantity)))
                    left[soft] -= quantity
                    need -= quantity
        return used

    def _reserve(self, used):
        """Reserve what was held back, where confirmation alone has not done it."""
        wanted = {}
        for _soft, line, quantity in used:
            wanted[line] = wanted.get(line, 0.0) + quantity
        limits = []
        for line, quantity in wanted.items():
            moves = line.move_ids.filtered(
                lambda move: move.state in ("confirmed", "partially_available", "assigned")
            )
            quantity -= sum(
                move.product_uom._compute_quantity(move.quantity, move.product_id.uom_id)
                for move in moves
            )
            limits.append((moves.filtered(lambda move: move.state != "assigned"), quantity))
        moves = self.env["stock.move"].union(*(moves for moves, _quantity in limits))
        moves._o2c_reserve_up_to(limits)

    def _record_used(self, used):
        by_soft = {}
        for soft, line, quantity in used:
            by_soft.setdefault(soft, []).append((line, quantity))
        consumed = self.browse()
        for soft, parts in by_soft.items():
            rest = soft.quantity - sum(quantity for _line, quantity in parts)
            orders = ", ".join(sorted({line.order_id.name for line, _quantity in parts}))
            if soft.order_line_id or soft.product_id.uom_id.compare(rest, 0.0) <= 0:
                consumed |= soft
                continue
            soft.quantity = rest
            soft._message_log(
                body=self.env._(
                    "%(quantity)s have become the reservation of %(orders)s.",
                    quantity=soft._quantity_text(sum(quantity for _line, quantity in parts)),
                    orders=orders,
                )
            )
        consumed.write({"stage": "consumed"})


class StockMove(models.Model):
    _inherit = "stock.move"

    def _o2c_reserve_up_to(self, limits):
        """Reserve of these moves what is their turn, and no more than a quantity.

        :param limits: [(moves, what they may take together, in the unit of the product)]
        """
        moves = self._o2c_ranked_company_moves()
        if not moves:
            return
        turns, order = moves._o2c_turns()
        left = dict.fromkeys(moves.ids, 0.0)
        for many, quantity in limits:
            for move_id in order:
                if move_id in many._ids:
                    left[move_id] = max(0.0, min(quantity, turns[move_id]))
                    quantity -= left[move_id]
        moves.with_context(o2c_allocation_caps=Caps(left))._action_assign()
