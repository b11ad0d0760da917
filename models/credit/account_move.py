from odoo import models


class AccountMove(models.Model):
    _inherit = "account.move"

    def _compute_partner_credit_warning(self):
        # As on orders: core's warning would contradict ours.
        controlled = self.filtered("company_id.o2c_use_credit")
        controlled.partner_credit_warning = ""
        return super(AccountMove, self - controlled)._compute_partner_credit_warning()
