"""What is expected besides what the past says: orders that are open, and opportunities."""

from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms import plan_periods

from .sales_plan_cell import ON_TOP
from .sales_plan_facts import OPEN_ORDERS, PIPELINE, WITHOUT_ORDER
from .sales_plan_source import Lines


class O2cSalesPlan(models.Model):
    _inherit = "o2c.sales.plan"

    add_open_orders = fields.Boolean(
        help="Confirmed orders are added to the forecast, as far as they are not invoiced (or delivered), "
        "by their delivery date; what is late counts today. For orders that the past says nothing of, such "
        "as projects. Not where orders themselves are the actuals.",
    )
    add_pipeline = fields.Boolean(
        help="The expected revenue of open opportunities times their probability is added to the forecast by "
        "their expected closing; what is late counts today, what has no date does not. In plans of amounts.",
    )
    has_pipeline = fields.Boolean(compute="_compute_has_pipeline")

    def _compute_has_pipeline(self):
        self.has_pipeline = "crm.lead" in self.env

    @api.constrains("add_pipeline")
    def _check_add_pipeline(self):
        if any(self.mapped("add_pipeline")) and "crm.lead" not in self.env:
            raise ValidationError(
                self.env._("There is no pipeline to add: install the app CRM first, or leave it out.")
            )

    def _forecast_additions(self):
        additions = super()._forecast_additions()
        # sudo: the date of a company is no secret
        today = self.company_id.sudo()._o2c_today()
        if self.date_to < today:
            return additions
        if self.add_open_orders and self.source != "order":
            additions["forecast_orders"] = self._expected_units(self._open_order_lines(today), today)
        if self.add_pipeline and self.metric == "amount" and "crm.lead" in self.env:
            additions["forecast_pipeline"] = self._expected_units(self._pipeline_lines(today), today)
        return additions

    def _expected_units(self, lines, today):
        """What lines are expected to bring from today until the end of this plan.

        :return: dict (node id, period index) -> units
        """
        periods = self._periods()
        units = defaultdict(int)
        first = max(self.date_from, today)
        for (node, month), figure in self._sales_by_node(first, self.date_to, lines).items():
            units[node, plan_periods.index_of(periods, max(month, self.date_from))] += figure
        return dict(units)

    def _open_order_lines(self, today):
        code = OPEN_ORDERS[self.source][self.metric]
        values = self._fact_values(max(self.date_from, today), self.date_to)
        return Lines("sale.order.line", SQL(code, **values, today=today))

    def _pipeline_lines(self, today):
        # Of an opportunity with a confirmed order, the order counts.
        code = PIPELINE + (WITHOUT_ORDER if "opportunity_id" in self.env["sale.order"]._fields else "")
        values = self._fact_values(max(self.date_from, today), self.date_to)
        return Lines(None, SQL(code, **values, today=today))


class O2cSalesPlanCell(models.Model):
    _inherit = "o2c.sales.plan.cell"

    forecast_explanation = fields.Char(string="Made Of", compute="_compute_forecast_explanation")

    @api.depends("forecast", "forecast_base", "node_id.forecast_method", "plan_id.forecast_on", *ON_TOP)
    def _compute_forecast_explanation(self):
        for cell in self:
            cell.forecast_explanation = " + ".join(cell._forecast_terms())

    def _forecast_terms(self):
        self.ensure_one()
        plan = self.plan_id
        if not plan.forecast_on:
            return []
        is_over = self.date_to < plan.forecast_on.date()
        history = self.env._("Sold") if is_over else self.node_id.forecast_method
        terms = {history: self.forecast_base} | {
            self._fields[name]._description_string(self.env): self[name] for name in ON_TOP if self[name]
        }
        return [f"{label} {plan._format(amount)}" for label, amount in terms.items()]
