from odoo import api, models


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        partials = super().create(vals_list)
        partials._o2c_refresh_promises(partials._o2c_paying_partners())
        partials._o2c_settle_disputes()
        return partials

    def unlink(self):
        partners = self.exists()._o2c_paying_partners()
        result = super().unlink()
        self._o2c_refresh_promises(partners)
        return result

    def _o2c_settle_disputes(self):
        """A credit note is granted for what was disputed first of all."""
        refunds = self.filtered(
            lambda partial: partial.credit_move_id.move_type == "out_refund"
            and partial.debit_move_id.account_type == "asset_receivable"
            and partial.company_id.o2c_use_dunning
        )
        credited = {
            line.id: sum(partials.mapped("debit_amount_currency"))
            for line, partials in refunds.grouped("debit_move_id").items()
        }
        if credited:
            self.env["o2c.dunning.notice.line"]._forgive_deferred(credited)
            self.env["o2c.payment.dispute"]._credit({
                move: sum(credited[line.id] for line in lines)
                for move, lines in refunds.debit_move_id.grouped("move_id").items()
            })

    def _o2c_paying_partners(self):
        """The commercial partners whose invoices these reconciliations pay."""
        lines = self.debit_move_id.filtered(lambda line: line.account_type == "asset_receivable")
        return lines.partner_id.commercial_partner_id

    def _o2c_refresh_promises(self, partners):
        if partners:
            self.env["o2c.payment.promise"]._refresh_paid(partners)
