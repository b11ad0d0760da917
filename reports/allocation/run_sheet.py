from odoo import fields, models

from ..xlsx import Column, Sheet, workbook

# Fields of the lines in the order of the columns, with the kind and the width of the column.
COLUMNS = {
    "product_id": ("text", 32),
    "order_id": ("text", 16),
    "picking_id": ("text", 16),
    "partner_id": ("text", 32),
    "class_id": ("text", 20),
    "date": ("datetime", 17),
    "strategy": ("text", 14),
    "rank": ("count", 8),
    "demand_qty": ("money", 12),
    "current_qty": ("money", 12),
    "planned_qty": ("money", 12),
    "delta_qty": ("money", 12),
    "missing_qty": ("money", 12),
    "product_uom_id": ("text", 10),
    "is_skipped": ("text", 12),
    "reason": ("text", 80),
}


class O2cAllocationRun(models.Model):
    _inherit = "o2c.allocation.run"

    def _xlsx(self):
        """The deliveries of this one run as a spreadsheet."""
        self.ensure_one()
        lines = self.line_ids
        labels = {name: lines._fields[name]._description_string(self.env) for name in COLUMNS}
        columns = [Column(labels[name], *layout) for name, layout in COLUMNS.items()]
        strategies = dict(lines._fields["strategy"]._description_selection(self.env))
        rows = [[self._xlsx_value(line, name, strategies) for name in COLUMNS] for line in lines]
        return workbook(Sheet(self.name, columns, rows))

    def _xlsx_value(self, line, name, strategies):
        value = line[name]
        if isinstance(value, models.BaseModel):
            # sudo: the numbers of orders and names of customers are on the transfers anyway
            return value.sudo().display_name
        if name == "strategy":
            return strategies.get(value)
        if name == "is_skipped":
            return self.env._("Yes") if value else None
        if name == "date":
            return value and fields.Datetime.context_timestamp(self, value).replace(tzinfo=None)
        return value
