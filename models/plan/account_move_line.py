from odoo import api, fields, models


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    o2c_sales_value = fields.Monetary(
        string="Sales",
        compute="_compute_o2c_sales_value",
        currency_field="company_currency_id",
        help="Without taxes in the currency of the company; credit notes count below zero.",
    )

    @api.depends("balance")
    def _compute_o2c_sales_value(self):
        for line in self:
            line.o2c_sales_value = -line.balance
