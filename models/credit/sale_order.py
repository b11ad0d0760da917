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
        for order in self.sudo():
            paid = booked = 0.0
            for transaction in order.transaction_ids:
                if transaction.state not in ("authorized", "done"):
                    continue
                paid += transaction.amount
                if transaction.payment_id.move_id.state == "posted":
                    booked += transaction.amount
            company = order.company_id
            result[order.id] = tuple(
                order.currency_id._convert(
                    amount, company.currency_id, company, company._o2c_today()
                )
                for amount in (paid, booked)
            )
        return result
