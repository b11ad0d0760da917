import json
from urllib.parse import urlencode

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..xlsx import Column, Sheet, workbook

# More do not fit into the address of a download.
MAX_CHOSEN = 500


class O2cCollectionSheet(models.AbstractModel):
    """Reports on collection as spreadsheets: what the list shows, with what the user may see."""

    _name = "o2c.collection.sheet"
    _description = "Collection Spreadsheet"
    _inherit = ["o2c.collection.figures"]

    # Fields in the order of the columns, with the kind and the width of the column.
    _sheet_columns = {}

    def action_download(self):
        """Download these rows, or without any those that the list shows, as a spreadsheet."""
        if len(self) > MAX_CHOSEN:
            raise UserError(
                self.env._(
                    "Up to %(max)s rows can be chosen one by one. Choose none to download all that "
                    "the list shows, and filter the list for what you need.",
                    max=MAX_CHOSEN,
                )
            )
        domain = [("id", "in", self.ids)] if self else self.env.context.get("active_domain", [])
        query = urlencode({"domain": json.dumps(domain)})
        return {
            "type": "ir.actions.act_url",
            "url": f"/order_to_cash/collection/{self._name}.xlsx?{query}",
            "target": "download",
        }

    @api.model
    def _sheet_title(self):
        return self._description

    def _xlsx(self):
        """These rows as a spreadsheet."""
        columns = [
            Column(self._fields[name]._description_string(self.env), kind, width)
            for name, (kind, width) in self._sheet_columns.items()
        ]
        selections = {
            name: dict(self._fields[name]._description_selection(self.env))
            for name in self._sheet_columns
            if self._fields[name].type == "selection"
        }
        rows = [
            [row._xlsx_value(name, selections) for name in self._sheet_columns] for row in self
        ]
        return workbook(Sheet(self._sheet_title(), columns, rows))

    def _xlsx_value(self, name, selections):
        value = self[name]
        if isinstance(value, models.BaseModel):
            # sudo: the names of customers and documents are part of the row that the user may see.
            return ", ".join(value.sudo().mapped("display_name"))
        if name in selections:
            return selections[name].get(value)
        if self._sheet_columns[name][0] == "datetime":
            return value and fields.Datetime.context_timestamp(self, value).replace(tzinfo=None)
        if isinstance(value, bool) and self._sheet_columns[name][0] == "text":
            return self.env._("Yes") if value else None
        return value
