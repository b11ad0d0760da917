import json
from urllib.parse import urlencode

from odoo import models
from odoo.exceptions import UserError

from ..xlsx import Column, Sheet, workbook

# More do not fit into the address of a download.
MAX_CHOSEN = 500
# Fields in the order of the columns, with the kind and the width of the column.
COLUMNS = {
    "date": ("date", 12),
    "write_off_id": ("text", 16),
    "partner_id": ("text", 32),
    "move_id": ("text", 20),
    "reason": ("text", 24),
    "currency_id": ("text", 10),
    "amount": ("money", 16),
    "amount_company": ("money", 16),
    "user_id": ("text", 24),
    "state": ("text", 14),
    "company_id": ("text", 24),
}


class O2cWriteOffLine(models.Model):
    """Bad debts as a spreadsheet, as far as the reader sees them."""

    _inherit = "o2c.write.off.line"

    def action_download(self):
        """Download these bad debts, or without any those that the list shows."""
        if len(self) > MAX_CHOSEN:
            raise UserError(
                self.env._(
                    "Up to %(max)s documents can be chosen one by one. Choose none to download all "
                    "that the list shows.",
                    max=MAX_CHOSEN,
                )
            )
        domain = [("id", "in", self.ids)] if self else self.env.context.get("active_domain", [])
        return {
            "type": "ir.actions.act_url",
            "url": f"/order_to_cash/dunning/bad_debts.xlsx?{urlencode({'domain': json.dumps(domain)})}",
            "target": "download",
        }

    def _xlsx(self):
        """These bad debts as a spreadsheet."""
        columns = [
            Column(self._fields[name]._description_string(self.env), *layout)
            for name, layout in COLUMNS.items()
        ]
        selections = {
            name: dict(self._fields[name]._description_selection(self.env))
            for name in ("reason", "state")
        }
        rows = [[line._xlsx_value(name, selections) for name in COLUMNS] for line in self]
        return workbook(Sheet(self.env._("Bad Debts"), columns, rows))

    def _xlsx_value(self, name, selections):
        value = self[name]
        if isinstance(value, models.BaseModel):
            # sudo: names only, of what the reader sees the bad debt of
            return value.sudo().display_name or ""
        return selections[name].get(value) if name in selections else value
