from odoo import models

from odoo.addons.order_to_cash.algorithms.payments import paid_by_order


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _o2c_debtor(self):
        """The commercial partner whose credit limit this order counts against."""
        return self._o2c_customer()._o2c_debtor()

    def _o2c_ratings(self):
        """The rating of the debtor of each order: {id of the order: ``o2c.credit.rating``}."""
        debtors = {order.id: order._o2c_debtor() for order in self}
        # Together, so that the accounts of all are read at once.
        accounts = self.env["res.partner"].union(*debtors.values()).o2c_credit_account_ids
        rating_of = {
            (account.partner_id, account.company_id): account.rating_id for account in accounts
        }
        none = self.env["o2c.credit.rating"]
        return {
            order.id: rating_of.get((debtors[order.id], order.company_id.root_id), none)
            for order in self
        }

    def _compute_partner_credit_warning(self):
        # Core's warning counts undelivered goods as nothing and reads the active company's limit:
        # beside ours it would contradict it.
        controlled = self.filtered("company_id.o2c_use_credit")
        controlled.partner_credit_warning = ""
        return super(SaleOrder, self - controlled)._compute_partner_credit_warning()

    def _o2c_confirmed_payments(self):
        """What was paid online for each order: {id: (paid, booked part of it)}, company currency.

        One payment for several orders is shared among them. As in core's ``amount_paid``, an
        authorized payment counts as a confirmed one. It is booked by an ``account.payment`` some
        moments after the order is confirmed, and then it is in the receivable of the customer.
        """
        # Whether a customer has paid is known whoever confirms; the amounts stay here.
        orders = self.sudo()
        # With those that were paid together with them, directly or by way of others.
        while others := orders.transaction_ids.sale_order_ids - orders:
            orders |= others
        confirmed = orders.transaction_ids.filtered(
            lambda transaction: transaction.state in ("authorized", "done")
        ).sorted("id")
        result = {}
        for root, family in orders.grouped(lambda order: order.company_id.root_id).items():
            payments = [transaction._o2c_payment(root) for transaction in confirmed]
            amounts = family._o2c_amounts()
            result |= paid_by_order(payments, amounts, root.currency_id.decimal_places)
        return {order_id: result[order_id] for order_id in self.ids}
