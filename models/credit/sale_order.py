from odoo import models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _o2c_debtor(self):
        """The commercial partner whose credit limit this order counts against."""
        return self._o2c_customer()._o2c_debtor()

    def _compute_partner_credit_warning(self):
        # Core's warning counts undelivered goods as nothing and reads the active company's limit:
        # beside ours it would contradict it.
        controlled = self.filtered("company_id.o2c_use_credit")
        controlled.partner_credit_warning = ""
        return super(SaleOrder, self - controlled)._compute_partner_credit_warning()

    def _o2c_confirmed_payments(self):
        """What was paid online for each order: {id: (paid, booked part of it)}, company currency.

        As in core's ``amount_paid``, an authorized payment counts as a confirmed one. It is booked
        by an ``account.payment`` some moments after the order is confirmed, and then it is in the
        receivable of the customer.
        """
        result = {}
        # Whether a customer has paid is known whoever confirms; the amounts stay here.
        for order in self.sudo():
            company, paid, booked = order.company_id, 0.0, 0.0
            for transaction in order.transaction_ids:
                if transaction.state not in ("authorized", "done"):
                    continue
                amount = transaction.currency_id._convert(
                    transaction.amount, company.currency_id, company, company._o2c_today()
                )
                paid += amount
                if transaction.payment_id.move_id.state == "posted":
                    booked += amount
            result[order.id] = (paid, booked)
        return result
