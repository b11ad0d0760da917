from odoo import models

STANDALONE = {
    "order_to_cash.report_commission_statement",
    "order_to_cash.report_commission_settlement",
}


class IrActionsReport(models.Model):
    _inherit = "ir.actions.report"

    def _o2c_standalone(self):
        return super()._o2c_standalone() | STANDALONE
