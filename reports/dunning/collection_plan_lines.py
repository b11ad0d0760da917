from odoo import models


class O2cCollectionPlanLine(models.Model):
    _name = "o2c.collection.plan.line"
    _inherit = ["o2c.collection.plan.line", "o2c.collection.sheet"]

    _sheet_columns = {
        "plan_id": ("text", 24),
        "date": ("date", 12),
        "partner_id": ("text", 32),
        "user_id": ("text", 24),
        "move_id": ("text", 20),
        "date_due": ("date", 12),
        "delay_days": ("count", 10),
        "source": ("text", 20),
        "amount": ("money", 16),
        "probable": ("money", 16),
        "currency_id": ("text", 10),
        "company_id": ("text", 24),
    }
