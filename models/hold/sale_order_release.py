from markupsafe import Markup

from odoo import models


class SaleOrder(models.Model):
    """What follows when nothing holds an order any more, or somebody has decided so."""

    _inherit = "sale.order"

    def _o2c_tell_cleared(self):
        """Note on each order that nothing holds it any more, and tell its salesperson."""
        self._o2c_tell({
            order.id: self.env._(
                "The cause of the hold is gone: %(order)s is free.", order=order.name
            )
            for order in self
        })

    def _o2c_tell(self, notes):
        """Note a sentence on each of these orders and tell its salesperson, unless he is the one
        who acts. Of several orders he is told by one message.

        :param notes: {id of the order: the sentence}, for all of ``self``
        """
        alone = self.browse()
        by_salesperson = self.grouped(lambda order: order.user_id - self.env.user)
        for salesperson, orders in by_salesperson.items():
            if not salesperson:
                continue
            if len(orders) == 1:
                alone |= orders
                continue
            self.env["mail.thread"].message_notify(
                subject=self.env._("Holds on %(count)s of your orders", count=len(orders)),
                body=Markup("<br/>").join(
                    Markup("%s: %s") % (order._get_html_link(), notes[order.id])
                    for order in orders
                ),
                author_id=self.env.user.partner_id.id,
                partner_ids=salesperson.partner_id.ids,
            )
        for order in alone:
            order.message_post(
                body=notes[order.id],
                subtype_xmlid="mail.mt_note",
                author_id=self.env.user.partner_id.id,
                partner_ids=order.user_id.partner_id.ids,
            )
        (self - alone)._message_log_batch(
            {order.id: notes[order.id] for order in self - alone},
            author_id=self.env.user.partner_id.id,
        )

    def _o2c_after_release(self):
        """Go on with what the hold stopped: goods of confirmed orders may be reserved again."""
        # Whoever releases need not be entitled to stock; it is what a scheduler would do.
        free = self.sudo().filtered(
            lambda order: order.state == "sale" and order.o2c_hold_state != "held"
        )
        if not free:
            return
        free.order_line.move_ids.filtered(
            lambda move: (
                move.state in ("confirmed", "partially_available", "waiting")
                and move._should_assign_at_confirm()
            )
        )._action_assign()
