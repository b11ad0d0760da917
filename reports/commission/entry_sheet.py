from odoo import api, models


class O2cCommissionEntry(models.Model):
    """Rows of the ledger as a spreadsheet."""

    _name = "o2c.commission.entry"
    _inherit = ["o2c.commission.entry", "o2c.collection.sheet"]

    _sheet_columns = {
        "date": ("date", 12),
        "company_id": ("text", 22),
        "payee_id": ("text", 26),
        "name": ("text", 20),
        "partner_id": ("text", 28),
        "product_id": ("text", 28),
        "kind": ("text", 14),
        "state": ("text", 12),
        "plan_id": ("text", 22),
        "share": ("rate", 10),
        "base_amount": ("money", 14),
        "rate": ("rate", 10),
        "currency_id": ("text", 10),
        "amount": ("money", 14),
        "payee_currency_id": ("text", 10),
        "amount_payee": ("money", 14),
        "amount_company": ("money", 14),
        "settlement_id": ("text", 16),
        "explanation": ("text", 80),
    }

    @api.model
    def _sheet_title(self):
        return self.env._("Commission")
