from odoo import api, models


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        partials = super().create(vals_list)
        partials._o2c_refresh_promises(partials._o2c_paying_partners())
        return partials

    def unlink(self):
        partners = self.exists()._o2c_paying_partners()
        result = super().unlink()
        self._o2c_refresh_promises(partners)
        return result

    def _o2c_paying_partners(self):
        """The commercial partners whose invoices these reconciliations pay."""
        lines = self.debit_move_id.filtered(lambda line: line.account_type == "asset_receivable")
        return lines.partner_id.commercial_partner_id

    def _o2c_refresh_promises(self, partners):
        if partners:
            self.env["o2c.payment.promise"]._refresh_paid(partners)
