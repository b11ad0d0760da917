"""Where sales stand against plan today, and where they will end."""

from odoo import api, fields, models

from odoo.addons.order_to_cash.algorithms import run_rate


class O2cSalesPlanCell(models.Model):
    _inherit = "o2c.sales.plan.cell"

    pace = fields.Float(
        string="Run Rate (%)",
        compute="_compute_run_rate",
        help="Actual in percent of the target's part for the working days that have passed.",
    )
    expected = fields.Monetary(
        string="Expected End",
        compute="_compute_run_rate",
        help="The actual at the end of the period, if the days left go like those that have passed.",
    )

    @api.depends("target", "actual", "date_from", "date_to", "plan_id.refreshed_on")
    def _compute_run_rate(self):
        for cells in self.grouped(lambda cell: (cell.plan_id, cell.date_from, cell.date_to)).values():
            days, done = cells[0]._days()
            for cell in cells:
                standing = run_rate.Standing(cell.target, cell.actual, days, done)
                cell.pace = standing.pace or 0.0
                cell.expected = cell.actual if standing.expected is None else standing.expected

    def _days(self):
        """:return: working days of the period, and those of them whose sales are among the actuals"""
        self.ensure_one()
        return self.plan_id._days_passed(self.date_from, self.date_to)
