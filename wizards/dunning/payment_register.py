from odoo import models


class AccountPaymentRegister(models.TransientModel):
    _inherit = "account.payment.register"

    # A payment takes the cash discount of its date, whenever it is registered.

    def _create_payment_vals_from_wizard(self, batch_result):
        paying = self.with_context(o2c_discount_day=self.payment_date)
        return super(AccountPaymentRegister, paying)._create_payment_vals_from_wizard(batch_result)

    def _create_payment_vals_from_batch(self, batch_result):
        paying = self.with_context(o2c_discount_day=self.payment_date)
        return super(AccountPaymentRegister, paying)._create_payment_vals_from_batch(batch_result)
