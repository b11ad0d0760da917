from odoo import models

from ..xlsx import Column, Sheet, workbook

# Fields of the report in the order of the columns, with the kind and the width of the column.
COLUMNS = {
    "node_id": ("text", 48),
    "kind": ("text", 16),
    "team_id": ("text", 20),
    "user_id": ("text", 20),
    "partner_id": ("text", 28),
    "product_category_id": ("text", 20),
    "product_id": ("text", 28),
    "date_from": ("date", 12),
    "last_year": ("money", 14),
    "forecast": ("money", 14),
    "target": ("money", 14),
    "rolled_up": ("money", 14),
    "actual": ("money", 14),
    "variance": ("money", 14),
    "growth": ("money", 14),
    "attainment": ("percent", 12),
}
HUNDRED = 100.0


class O2cSalesPlan(models.Model):
    _inherit = "o2c.sales.plan"

    def _variance_xlsx(self):
        """This one plan against what was sold, as far as the user may see it, as a spreadsheet."""
        self.ensure_one()
        rows = self.env["o2c.sales.plan.variance"].search([("plan_id", "=", self.id)])
        labels = {name: rows._fields[name]._description_string(self.env) for name in COLUMNS}
        kinds = dict(rows._fields["kind"]._description_selection(self.env))
        columns = [Column(labels[name], *layout) for name, layout in COLUMNS.items()]
        values = [[self._variance_value(row, name, kinds) for name in COLUMNS] for row in rows]
        return workbook(Sheet(self.display_name, columns, values))

    def _variance_value(self, row, name, kinds):
        value = row[name]
        if isinstance(value, models.BaseModel):
            # sudo: names of those whom the user has in his own plan
            return value.sudo().display_name
        if name == "kind":
            return kinds.get(value)
        return value / HUNDRED if name == "attainment" else value
