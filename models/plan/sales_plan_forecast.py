"""Forecasts of every node, by :mod:`algorithms.forecast`, which add up from the top down."""

from datetime import timedelta
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms import plan_forecast, plan_periods

YEAR = 12
COLUMNS = {"values": "forecast", "lower": "forecast_low", "upper": "forecast_high"}


class O2cSalesPlan(models.Model):
    _inherit = "o2c.sales.plan"

    history_years = fields.Integer(
        default=3, required=True, help="So many years of sales are looked at for the forecast."
    )
    growth_percent = fields.Float(string="Growth (%)", help="On top of the forecast of the past.")
    forecast_on = fields.Datetime(readonly=True, copy=False)

    @api.constrains("history_years", "growth_percent")
    def _check_forecast(self):
        for plan in self:
            if not 1 <= plan.history_years <= 20 or plan.growth_percent < -100:
                raise ValidationError(
                    self.env._(
                        "%(plan)s: a forecast looks back 1 to 20 years, and nothing shrinks by more than "
                        "100 %%.",
                        plan=plan.name,
                    )
                )

    def action_forecast(self):
        """Forecast every node of these drafts from what was sold, with growth and adjustments on top.

        Periods that are over keep what was sold in them. Each node is forecast by the method that was
        nearest for it; the figures below a node are then brought to its own, in proportion.
        """
        self.check_access("write")
        self.company_id._o2c_check_plan_is_on()
        self._check_editable()
        for plan in self:
            if not plan.node_ids:
                raise UserError(self.env._("%(plan)s has no nodes to forecast yet.", plan=plan.name))
            plan._forecast()
        return True

    def _forecast(self):
        """Forecast the nodes of this one plan."""
        self.ensure_one()
        outlooks = self._outlooks()
        adjustments = self._adjustments()
        self._write_units({
            column: {
                (node, index): units + adjustments.get((node, index), 0)
                for node, outlook in outlooks.items()
                for index, units in enumerate(getattr(outlook, part))
            }
            for part, column in COLUMNS.items()
        })
        self._write_methods(outlooks)
        self._write_system({"forecast_on": fields.Datetime.now()})

    def _outlooks(self):
        """dict node id -> :class:`plan_forecast.Outlook` in whole units, adding up."""
        first, frame, blocks = self._forecast_frame()
        # In the order of the tree: the parent of a node comes before it.
        parents = {node.id: node.parent_id.id or None for node in self.node_ids.sorted("depth")}
        histories = self._histories(first, blocks, parents)
        beside = {node: list(history) for node, history in histories.items()}
        for node, parent in parents.items():
            if parent:
                for index, units in enumerate(histories[node]):
                    beside[parent][index] -= units
        with_children = set(filter(None, parents.values()))
        outlooks = {node: plan_forecast.outlook(units, frame) for node, units in histories.items()}
        others = {
            node: plan_forecast.outlook(beside[node], frame)
            for node in with_children
            if any(beside[node])
        }
        return plan_forecast.reconcile(outlooks, parents, others)

    def _forecast_frame(self):
        """:return: the first day of the history, :class:`plan_forecast.Frame`, length of the history"""
        months = plan_periods.MONTHS[self.period]
        start = self.date_from.replace(day=1)
        # sudo: the date of a company is no secret
        today = self.company_id.sudo()._o2c_today()
        elapsed = (today.year - start.year) * YEAR + today.month - start.month
        done = elapsed // months
        count = len(self._periods())
        season = YEAR // months
        frame = plan_forecast.Frame(
            count,
            passed=min(max(done, 0), count),
            gap=max(-done, 0),
            season=season,
            growth=self.growth_percent,
        )
        end = min(done, count)
        # What has passed is part of the history, however long ago the plan began.
        blocks = max(self.history_years * season, frame.passed)
        return plan_periods.shift(start, (end - blocks) * months), frame, blocks

    def _histories(self, first, blocks, nodes):
        """dict node id -> what was sold in each period of the history, in units"""
        months = plan_periods.MONTHS[self.period]
        last = plan_periods.shift(first, blocks * months) - timedelta(days=1)
        histories = {node: [0] * blocks for node in nodes}
        for (node, month), units in self._sales_by_node(first, last).items():
            distance = (month.year - first.year) * YEAR + month.month - first.month
            histories[node][distance // months] += units
        return histories

    def _adjustments(self):
        precision = Decimal(str(self._precision()))
        rows = self.env.execute_query(SQL(
            "SELECT node_id, period_index, round(adjustment / %s)::bigint FROM o2c_sales_plan_cell "
            "WHERE plan_id = %s AND adjustment <> 0",
            precision,
            self.id,
        ))
        return {(node, index): units for node, index, units in rows}

    def _write_methods(self, outlooks):
        labels = self._method_labels()
        self.env.cr.execute(SQL(
            """
            UPDATE o2c_sales_plan_node node SET forecast_method = new.method, forecast_mase = new.mase
            FROM unnest(%s::int[], %s::text[], %s::float8[]) AS new (id, method, mase)
            WHERE node.id = new.id
            """,
            list(outlooks),
            [labels.get(outlook.method, outlook.method) for outlook in outlooks.values()],
            [outlook.mase or 0.0 for outlook in outlooks.values()],
        ))
        self.node_ids.invalidate_recordset(["forecast_method", "forecast_mase"], flush=False)

    def _method_labels(self):
        return {
            "none": self.env._("No Sales"),
            "moving_average": self.env._("Moving Average"),
            "seasonal_naive": self.env._("Last Year Again"),
            "linear_trend": self.env._("Trend and Season"),
            "holt_winters": self.env._("Holt-Winters"),
            "holt_winters_damped": self.env._("Holt-Winters, Damped"),
            "holt": self.env._("Holt with Season"),
            "holt_damped": self.env._("Holt with Season, Damped"),
            "theta": self.env._("Theta"),
            "croston": self.env._("Croston (Sparse)"),
            "combination": self.env._("Combination"),
        }
