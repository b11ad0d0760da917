"""The payment term, and with it the cash discount, of a customer or of his class."""

from odoo import fields, models


class CustomerClass(models.Model):
    _inherit = "o2c.customer.class"

    o2c_payment_term_id = fields.Many2one(
        "account.payment.term",
        string="Payment Terms",
        company_dependent=True,
        check_company=True,
        help="For the customers of this class who have no payment terms of their own: none, "
        "or those that all customers of the company have. With payment terms goes the cash discount.",
    )


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _o2c_own_payment_term(self):
        """Payment terms of the customer, or else of his class, or else of the company."""
        term = super()._o2c_own_payment_term()
        if not self.env.company.o2c_use_dunning:
            return term
        general = self._fields["property_payment_term_id"].get_company_dependent_fallback(self)
        if term and term != general:
            return term
        # sudo: the class is looked up for whoever sells
        return self.sudo().o2c_class_id.o2c_payment_term_id.with_env(self.env) or term


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _compute_payment_term_id(self):
        super()._compute_payment_term_id()
        # A new quotation has no customer yet.
        with_customer = self.filtered("partner_id")
        # sudo: what a company uses is no secret to its users
        for order in with_customer.filtered(lambda order: order.company_id.sudo().o2c_use_dunning):
            order = order.with_company(order.company_id)
            order.payment_term_id = order.partner_id._o2c_own_payment_term()


class AccountMove(models.Model):
    _inherit = "account.move"

    def _compute_invoice_payment_term_id(self):
        super()._compute_invoice_payment_term_id()
        for move in self:
            is_sale = move.is_sale_document(include_receipts=True) and move.partner_id
            # sudo: what a company uses is no secret to its users
            if is_sale and move.company_id.sudo().o2c_use_dunning:
                partner = move.with_company(move.company_id).partner_id
                move.invoice_payment_term_id = partner._o2c_own_payment_term()
