"""A soft reservation goes with its quotation when that changes, or ends."""

from typing import NamedTuple

from odoo import models
from odoo.exceptions import UserError


class Asked(NamedTuple):
    """What a quotation line asks for: ids, and the quantity in the unit of the product."""

    product_id: int
    partner_id: int
    warehouse_id: int
    user_id: int
    quantity: float


class O2cSoftReservation(models.Model):
    """Another customer, warehouse or salesperson: it goes with the quotation. Less is wanted: it is
    lowered. Another product, or nothing: it ends. More is wanted: it stays, for somebody decided
    how much to hold back."""

    _inherit = "o2c.soft.reservation"

    def _asked_for(self):
        """{soft reservation: :class:`Asked`}, of their quotation lines."""
        asked = {}
        for soft in self:
            line = soft.order_line_id
            asked[soft] = Asked(
                line.product_id.id,
                line.order_partner_id.id,
                line.warehouse_id.id,
                line.order_id.user_id.id,
                line.product_uom_id._compute_quantity(
                    line.product_uom_qty, line.product_id.uom_id, rounding_method="HALF-UP"
                )
                if line.product_uom_id and line.product_id
                else 0.0,
            )
        return asked

    def _follow(self, before):
        """Go with the quotation lines, or end.

        :param before: what :meth:`_asked_for` gave before they changed
        """
        # Lines that are written together with their order have seen to it already.
        open_softs = self.filtered(lambda soft: soft.state in ("draft", "active"))
        now = open_softs._asked_for()
        ending, changing = {}, {}
        for soft in open_softs:
            reason = soft._reason_to_end(now[soft])
            if reason:
                ending[reason] = ending.get(reason, self.browse()) | soft
            elif changes := soft._changes_to_follow(before[soft], now[soft]):
                key = tuple(changes.items())
                changing[key] = changing.get(key, self.browse()) | soft
        for reason, softs in ending.items():
            softs._end(reason, softs.order_id)
        for changes, softs in changing.items():
            softs._go_along(dict(changes))

    def _reason_to_end(self, asked):
        """A sentence when there is nothing left to hold back for, else ``None``."""
        self.ensure_one()
        if asked.product_id != self.product_id.id:
            return self.env._("The quotation is for another product now.")
        if self.product_uom_id.compare(asked.quantity, 0.0) <= 0:
            return self.env._("The quotation asks for none any more.")
        return None

    def _changes_to_follow(self, before, now):
        """The values of this one that change with those of its line; others were chosen by hand."""
        self.ensure_one()
        changes = {}
        if now.partner_id != before.partner_id:
            changes["partner_id"] = now.partner_id
        if now.warehouse_id != before.warehouse_id and now.warehouse_id:
            changes["warehouse_id"] = now.warehouse_id
        if now.user_id != before.user_id and now.user_id:
            changes["user_id"] = now.user_id
        is_less = self.product_uom_id.compare(now.quantity, before.quantity) < 0
        if is_less and self.product_uom_id.compare(self.quantity, now.quantity) > 0:
            changes["quantity"] = now.quantity
        return changes

    def _go_along(self, changes):
        """Write ``changes``; where they would break a limit, end instead."""
        try:
            with self.env.cr.savepoint():
                self.write(changes)
        except UserError as error:
            if len(self) == 1:
                self._end(str(error), self.order_id)
                return
            # One of them is in the way of the others: each by itself.
            for soft in self:
                soft._go_along(changes)
        else:
            self._message_log_batch(
                bodies={
                    soft.id: self.env._("Changed with %(order)s.", order=soft.order_id.name)
                    for soft in self
                }
            )

    def _end(self, reason, orders=None):
        """Hold back nothing any more, and say why.

        :param orders: those that are told as well
        """
        if not self:
            return
        self.write({"state": "cancelled"})
        text = self.env._("Holds back nothing any more. %(reason)s", reason=reason)
        self._message_log_batch(bodies=dict.fromkeys(self.ids, text))
        told = self.filtered(lambda soft: soft.order_id in (orders or ()))
        for order, softs in told.grouped("order_id").items():
            order._message_log(body=softs._ended_text(reason))

    def _ended_text(self, reason):
        """What of an order is not held back any more, in a sentence."""
        goods = [
            self.env._(
                "%(quantity)s %(unit)s of %(product)s",
                quantity=soft._quantity_text(soft.quantity),
                unit=soft.product_uom_id.name,
                product=soft.product_id.display_name,
            )
            for soft in self
        ]
        return self.env._(
            "Not held back any more: %(goods)s. %(reason)s", goods=", ".join(goods), reason=reason
        )
