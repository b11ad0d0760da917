from odoo import models

from .plan_workbook import Line, PlanBook, workbook

REFERENCES = ("last_year", "forecast", "actual")


class O2cSalesPlan(models.Model):
    """A plan as a workbook that can be edited and imported again."""

    _inherit = "o2c.sales.plan"

    def _sheet(self):
        """:return: bytes of an XLSX file with the nodes of this one plan that the user may read"""
        self.ensure_one()
        lines = self._sheet_lines()
        labels = self.env["o2c.sales.plan.cell"]._fields
        periods = self._periods()
        return workbook(PlanBook(
            plan_key=self.family_id.id,
            title=self.display_name,
            node_label=self.env._("Node"),
            total_label=self.env._("Total"),
            reference_labels=[labels[name]._description_string(self.env) for name in REFERENCES],
            legend=self.env._(
                "Change figures and import the file again. Grey cells are locked. Rows and columns may "
                "be moved or left out, not added."
            ),
            period_keys=[str(period.date_from) for period in periods],
            period_labels=[self._period_label(period) for period in periods],
            digits=self._digits(),
            lines=lines,
        ))

    def _sheet_lines(self):
        nodes = self.env["o2c.sales.plan.node"].search([("plan_id", "=", self.id)])
        cells = self._grid_cells(nodes)
        key_by_node = {node.id: node.key for node in nodes}
        lines = []
        for place in self._grid_describe(nodes):
            row = cells[place["id"]]
            lines.append(Line(
                key=key_by_node[place["id"]],
                name=place["name"],
                depth=place["depth"],
                targets=[cell["target"] for cell in row],
                locks=[cell["is_locked"] for cell in row],
                references=[sum(cell[name] for cell in row) for name in REFERENCES],
            ))
        return lines
