from odoo import models


class O2cCollectionAccount(models.Model):
    _name = "o2c.collection.account"
    _inherit = ["o2c.collection.account", "o2c.collection.sheet"]

    _sheet_columns = {
        "partner_id": ("text", 32),
        "phone": ("text", 18),
        "collector_id": ("text", 24),
        "user_id": ("text", 24),
        "region_id": ("text", 20),
        "level_id": ("text", 24),
        "score": ("score", 8),
        "currency_id": ("text", 10),
        "receivable": ("money", 16),
        "overdue": ("money", 16),
        "oldest_days": ("count", 10),
        "disputed": ("money", 16),
        "blocked": ("money", 16),
        "promised": ("money", 16),
        "promise_date": ("date", 12),
        "broken_count": ("count", 10),
        "to_chase": ("money", 16),
        "expected": ("money", 16),
        "last_contact_on": ("datetime", 17),
        "last_outcome": ("text", 18),
        "next_contact_on": ("date", 12),
        "note": ("text", 48),
        "company_id": ("text", 24),
    }
