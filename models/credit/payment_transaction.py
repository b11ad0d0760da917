from odoo import models

from odoo.addons.order_to_cash.algorithms.payments import Payment


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    def _o2c_payment(self, root):
        """This one transaction as a :class:`Payment` for its orders of ``root`` and its branches,
        in their currency."""
        orders = self.sale_order_ids.filtered(lambda order: order.company_id.root_id == root)
        # What was meant for a cancelled order is there for the others.
        wanted = orders.filtered(lambda order: order.state != "cancel") or orders
        amount = self.currency_id._convert(
            self.amount, root.currency_id, root, root._o2c_today()
        )
        return Payment(amount, tuple(wanted.ids), self.payment_id.move_id.state == "posted")
