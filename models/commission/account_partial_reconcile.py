from odoo import api, models


class AccountPartialReconcile(models.Model):
    """Every payment, partial or whole, passes here, and every one that is taken off again."""

    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        partials = super().create(vals_list)
        partials._o2c_invoices()._o2c_settle_commission()
        return partials

    def unlink(self):
        moves = self.exists()._o2c_invoices()
        result = super().unlink()
        moves.exists()._o2c_settle_commission()
        return result

    def _o2c_invoices(self):
        """The documents of customers that these reconciliations pay, of companies that pay commission."""
        # sudo: a payment is reconciled by whoever may, whatever the company of the invoice
        moves = (self.sudo().debit_move_id | self.sudo().credit_move_id).move_id
        return moves.filtered(
            lambda move: move.company_id.o2c_use_commission and move.is_sale_document(include_receipts=True)
        )
