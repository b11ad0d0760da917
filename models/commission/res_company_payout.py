from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    o2c_commission_product_id = fields.Many2one(
        "product.product",
        string="Commission Product",
        ondelete="restrict",
        help="On the vendor bills of agents: its supplier taxes, mapped by the agent's fiscal position, and "
        "its expense account. Empty: the product Commission.",
    )
    o2c_commission_journal_id = fields.Many2one(
        "account.journal",
        string="Journal of Commission Bills",
        domain="[('type', '=', 'purchase')]",
        ondelete="restrict",
        help="Empty: the first purchase journal.",
    )
    o2c_commission_expense_account_id = fields.Many2one(
        "account.account",
        string="Commission Expense",
        ondelete="restrict",
        help="On bills, where empty: that of the product. Needed to accrue commission at the end of a month.",
    )
    o2c_commission_accrue = fields.Boolean(
        string="Accrue at Month End",
        help="What is earned and not billed is entered as expense at the end of each month, and reversed on "
        "the first day of the next one.",
    )
    o2c_commission_accrued_account_id = fields.Many2one(
        "account.account", string="Accrued Commission", ondelete="restrict", help="A liability."
    )
    o2c_commission_accrual_journal_id = fields.Many2one(
        "account.journal",
        string="Journal of Accrued Commission",
        domain="[('type', '=', 'general')]",
        ondelete="restrict",
        help="Empty: miscellaneous operations.",
    )

    def _o2c_commission_product(self):
        """The product on commission bills of this one company, empty where there is none."""
        self.ensure_one()
        return self.o2c_commission_product_id or self._o2c_shipped_commission_product()

    def _o2c_shipped_commission_product(self):
        # sudo: for whoever settles commission
        product = self.env.ref("order_to_cash.product_commission", raise_if_not_found=False)
        return product.sudo() if product else self.env["product.product"]
