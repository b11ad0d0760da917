"""Vendor bills of commission that are posted, cancelled or credited in a month that is accrued already."""

from odoo import api, models


class AccountMove(models.Model):
    _inherit = "account.move"

    def write(self, vals):
        result = super().write(vals)
        if "state" in vals:
            self._o2c_correct_month_ends()
        return result

    def _o2c_correct_month_ends(self):
        """Accrue anew what these vendor bills change of months that were accrued before.

        Such a bill bears its expense in the month of its date, and the accrual must not do so again.
        """
        # Of customers' invoices and journal entries there are none, and nobody pays for looking.
        moves = self.filtered(lambda move: move.is_purchase_document())
        if not moves:
            return
        # sudo: who keeps the books need not settle commission
        bills = moves.sudo() | moves.sudo().reversed_entry_id
        paid_out = self.env["o2c.commission.settlement"].sudo().search([("bill_id", "in", bills.ids)])
        changed = paid_out.bill_id | moves.sudo().filtered(
            lambda move: move.reversed_entry_id in paid_out.bill_id
        )
        for company, of_company in changed.filtered("date").grouped("company_id").items():
            self.env["o2c.commission.month.end"]._correct(company, min(of_company.mapped("date")))


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        partials = super().create(vals_list)
        partials._o2c_credit_notes()._o2c_correct_month_ends()
        return partials

    def unlink(self):
        credit_notes = self.exists()._o2c_credit_notes()
        result = super().unlink()
        credit_notes.exists()._o2c_correct_month_ends()
        return result

    def _o2c_credit_notes(self):
        """A bill counts as reversed once its credit note is reconciled with it."""
        return self._o2c_moves().filtered("reversed_entry_id")
