"""Forecasts of every node, by :mod:`algorithms.forecast`, which add up from the top down."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms import plan_forecast, plan_periods

YEAR = 12
# Beyond this many percent a figure was mistyped, and soon larger than the database can hold.
MOST_GROWTH = 10000
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
            if not 1 <= plan.history_years <= 20 or not -100 <= plan.growth_percent <= MOST_GROWTH:
                raise ValidationError(
                    self.env._(
                        "%(plan)s: a forecast looks back 1 to 20 years, nothing shrinks by more than "
                        "100 %% and nothing grows by more than %(most)d %%.",
                        plan=plan.name,
                        most=MOST_GROWTH,
                    )
                )

    def action_forecast(self):
        """Forecast every node of these drafts from what was sold, with growth and adjustments on top.

        Periods that are over keep what was sold in them. Each node is forecast by the method that was
        nearest for it; the figures below a node are then brought to its own, in proportion. What was
        adjusted by hand stays.
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
        """Forecast the nodes of this one plan.

        A forecast is what the past says, growth, what may be added to it (:meth:`_forecast_additions`)
        and the adjustment; each of these adds up over the tree by itself.
        """
        self.ensure_one()
        base, grown = self._outlooks()
        cells = [(node, index) for node, outlook in grown.items() for index in range(len(outlook.values))]
        columns = {
            column: {(node, index): getattr(grown[node], part)[index] for node, index in cells}
            for part, column in COLUMNS.items()
        }
        parts = self._forecast_additions()
        parts["adjustment"] = self._settled_adjustments(columns["forecast"])
        for units in parts.values():
            for figures in columns.values():
                for cell, value in units.items():
                    figures[cell] += value
        if self.growth_percent:
            parts["forecast_growth"] = {
                (node, index): grown[node].values[index] - base[node].values[index] for node, index in cells
            }
        self._clear_parts()
        for name, units in parts.items():
            if units:
                columns[name] = {cell: units.get(cell, 0) for cell in cells}
        self._write_units(columns)
        self._write_methods(grown)
        self._write_system({"forecast_on": fields.Datetime.now()})

    def _clear_parts(self):
        """Forget what forecasts had on top, save what was typed."""
        self.env.flush_all()
        self.env.cr.execute(SQL(
            """
            UPDATE o2c_sales_plan_cell
            SET forecast_growth = 0, forecast_orders = 0, forecast_pipeline = 0
            WHERE plan_id = %s AND (forecast_growth <> 0 OR forecast_orders <> 0 OR forecast_pipeline <> 0)
            """,
            self.id,
        ))

    def _forecast_additions(self):
        """Hook: what comes on top of what the past says.

        :return: dict name of a column of the cells -> dict (node id, period index) -> units
        """
        return {}

    def _outlooks(self):
        """Of every node what the past says of it, without growth and with it.

        :return: two dicts node id -> :class:`plan_forecast.Outlook` in whole units, adding up
        """
        first, frame, blocks = self._forecast_frame()
        # In the order of the tree: the parent of a node comes before it.
        parents = {node.id: node.parent_id.id or None for node in self.node_ids.sorted("depth")}
        histories = self._histories(first, blocks, parents)
        sold = self._sold_in_plan(histories, frame)
        outlooks = {
            node: self._outlook(units, frame, sold[node]) for node, units in histories.items()
        }
        with_children = set(parents.values())
        sold_beside = _beside(sold, parents)
        others = {
            node: self._outlook(units, frame, sold_beside[node])
            for node, units in _beside(histories, parents).items()
            if node in with_children and any(units)
        }
        base = plan_forecast.reconcile(outlooks, parents, others)
        if not self.growth_percent:
            return base, base
        grown = [
            {node: outlook.grown(self.growth_percent) for node, outlook in one.items()}
            for one in (outlooks, others)
        ]
        return base, plan_forecast.reconcile(grown[0], parents, grown[1])

    def _outlook(self, units, frame, sold):
        """Hook: :func:`plan_forecast.outlook` of one series, or one made before."""
        return plan_forecast.outlook(units, frame, sold)

    def _forecast_frame(self):
        """:return: the first day of the history, :class:`plan_forecast.Frame`, length of the history"""
        months = plan_periods.MONTHS[self.period]
        start = self.date_from.replace(day=1)
        # sudo: the date of a company is no secret
        today = self.company_id.sudo()._o2c_today()
        elapsed = (today.year - start.year) * YEAR + today.month - start.month
        # The history ends with a whole period, those of the plan may be over before.
        done = elapsed // months
        periods = self._periods()
        passed = sum(period.date_to < today for period in periods)
        season = YEAR // months
        frame = plan_forecast.Frame(
            len(periods),
            passed=passed,
            gap=max(passed - done, 0),
            season=season,
            parts=tuple(self._part_in_plan(index) for index in range(len(periods))),
        )
        end = min(done, passed)
        # What has passed is part of the history, however long ago the plan began.
        blocks = max(self.history_years * season, frame.passed)
        return plan_periods.shift(start, (end - blocks) * months), frame, blocks

    def _block(self, index):
        """A period of this plan as a whole, though the plan may begin or end within it."""
        months = plan_periods.MONTHS[self.period]
        first = plan_periods.shift(self.date_from.replace(day=1), index * months)
        return plan_periods.Period(first, plan_periods.shift(first, months) - timedelta(days=1))

    def _part_in_plan(self, index):
        """Which part of a period lies within this plan.

        The first and the last period may be cut. What is sold in a month is taken to be spread evenly
        over its working days (over all days, where nobody works in it): the same days of the year
        before would be few, and fall on other days of the week.
        """
        period, block = self._periods()[index], self._block(index)
        if period == block:
            return 1.0
        days, _passed = self._days_passed(block.date_from, block.date_to)
        inside = self._day_count(period.date_from, period.date_to)
        if not self._day_count(block.date_from, block.date_to):
            inside = (period.date_to - period.date_from).days + 1
        return inside / days

    def _sold_in_plan(self, histories, frame):
        """dict node id -> what was sold in the periods of the plan that are over, in units

        Of a period that is cut, what was sold on its days counts.
        """
        passed = list(range(frame.passed))
        if all(frame.parts[index] == 1.0 for index in passed):
            return {node: units[len(units) - frame.passed:] for node, units in histories.items()}
        units = self._sales_units(passed)
        return {node: [units[node, index] for index in passed] for node in histories}

    def _histories(self, first, blocks, nodes):
        """dict node id -> what was sold in each whole period of the history, in units"""
        months = plan_periods.MONTHS[self.period]
        last = plan_periods.shift(first, blocks * months) - timedelta(days=1)
        histories = {node: [0] * blocks for node in nodes}
        for (node, month), units in self._sales_by_node(first, last).items():
            distance = (month.year - first.year) * YEAR + month.month - first.month
            histories[node][distance // months] += units
        return histories

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


def _beside(figures, parents):
    """Of every node what is its own and none of those right below it.

    :param figures: dict node id -> list of units
    :param parents: dict node id -> id of the node above, or ``None``
    """
    rest = {node: list(units) for node, units in figures.items()}
    for node, parent in parents.items():
        if parent:
            rest[parent] = [left - units for left, units in zip(rest[parent], figures[node], strict=True)]
    return rest
