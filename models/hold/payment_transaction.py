from odoo import models
from odoo.tools import str2bool


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    def _check_amount_and_confirm_order(self):
        # Core reports every order it tried to confirm. A held one gets the mail that the payment
        # was received, not the one that the order is confirmed.
        orders = super()._check_amount_and_confirm_order()
        return orders.filtered(lambda order: order.state == "sale")

    def _o2c_invoice_after_hold(self):
        """Invoice the orders of confirmed transactions, as would have happened without the hold."""
        # As in core: the setting whether invoices follow payments.
        parameters = self.env["ir.config_parameter"].sudo()
        paid = self.filtered(
            lambda tx: (
                tx.state == "done"
                and tx.operation != "validation"
                # One that is just being processed is invoiced by core in a moment.
                and tx.is_post_processed
                and not tx.invoice_ids
            )
        )
        if not paid or not str2bool(parameters.get_param("sale.automatic_invoice")):
            return
        paid._invoice_sale_orders()
        for transaction in paid:
            transaction._o2c_settle_invoices()
        cron = self.env.ref("sale.send_invoice_cron", raise_if_not_found=False)
        if cron and str2bool(parameters.get_param("sale.async_emails")):
            # Only triggers core's own job.
            cron.sudo()._trigger()
        elif not self.env.context.get("skip_sale_auto_invoice_send"):
            paid._send_invoice()

    def _o2c_settle_invoices(self):
        """Post the invoices of this one transaction and reconcile its payment with them."""
        self.ensure_one()
        self.invoice_ids.filtered(lambda move: move.state == "draft").action_post()
        payment = self.payment_id
        open_lines = (payment.move_id.line_ids + self.invoice_ids.line_ids).filtered(
            lambda line: (
                line.account_id == payment.destination_account_id and not line.reconciled
            )
        )
        open_lines.reconcile()
