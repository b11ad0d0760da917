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
