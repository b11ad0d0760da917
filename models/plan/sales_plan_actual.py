"""Actuals and the year before, refreshed by a number of statements that does not grow with the plan."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms import apportion, plan_matching, plan_periods

YEAR = 12
# After so many days the whole plan is refreshed, customers having changed their class or region.
FULL_AFTER = timedelta(days=7)
# Transactions that were under way when figures were last refreshed.
OVERLAP = timedelta(hours=2)

CHANGED = {
    "invoice": """
        SELECT DISTINCT date_trunc('month', invoice_date)::date FROM account_move
        WHERE company_id = ANY(%s) AND write_date >= %s AND invoice_date IS NOT NULL
          AND move_type IN ('out_invoice', 'out_refund', 'out_receipt')
    """,
    "order": """
        SELECT DISTINCT date_trunc('month', sale.date_order)::date FROM sale_order sale
        JOIN sale_order_line line ON line.order_id = sale.id
        WHERE sale.company_id = ANY(%s) AND GREATEST(sale.write_date, line.write_date) >= %s
    """,
    "delivery": """
        SELECT DISTINCT date_trunc('month', date)::date FROM stock_move
        WHERE company_id = ANY(%s) AND write_date >= %s AND sale_line_id IS NOT NULL
    """,
}


class O2cSalesPlan(models.Model):
    _inherit = "o2c.sales.plan"

    refreshed_on = fields.Datetime(string="Actuals As Of", readonly=True, copy=False)
    refreshed_fully_on = fields.Datetime(readonly=True, copy=False)

    def action_refresh_actuals(self):
        """Count again what was sold in the periods of these plans, and in those of the year before."""
        self.check_access("write")
        self.company_id._o2c_check_plan_is_on()
        for plan in self:
            plan._refresh_actuals()
        return True

    @api.model
    @api.private
    def _refresh_daily(self, company):
        """Refresh what has changed in the plans of a company that are in force.

        :return: a sentence saying what was done, empty if nothing
        """
        today = company._o2c_today()
        plans = self.search([
            ("company_id", "=", company.id),
            ("state", "!=", "superseded"),
            ("date_from", "<=", today),
            ("date_to", ">=", today - timedelta(days=92)),
        ])
        for plan in plans:
            plan._refresh_changed()
        self.env["crm.team"]._o2c_fill_targets(company)
        if not plans:
            return ""
        return self.env._("Actuals of %(count)s sales plans", count=len(plans))

    def _refresh_changed(self):
        """Refresh the periods of this one plan in which a document changed since the last time."""
        full = self.refreshed_fully_on
        if not full or fields.Datetime.now() - full > FULL_AFTER:
            return self._refresh_actuals()
        rows = self.env.execute_query(SQL(
            CHANGED[self.source], self.company_id._o2c_family_ids(), self.refreshed_on - OVERLAP
        ))
        periods = self._periods()
        # Around the turn of a month the day of the company may be one of the month before or after.
        days = {plan_periods.shift(month, by) for (month,) in rows for by in (-1, 0, 1)}
        changed = {
            index for index, period in enumerate(periods)
            if any(period.date_from.replace(day=1) <= day <= period.date_to for day in days)
        }
        if changed:
            self._write_units({"actual": self._sales_units(sorted(changed))})
        return self._write_system({"refreshed_on": fields.Datetime.now()})

    def _expect_full_refresh(self):
        """Other sales count than did before: the next refresh is one of all periods."""
        self.filtered("refreshed_fully_on")._write_system({"refreshed_fully_on": False})

    def _refresh_actuals(self):
        self.ensure_one()
        every = list(range(len(self._periods())))
        self._write_units({
            "actual": self._sales_units(every),
            "last_year": self._sales_units(every, months_ago=YEAR),
        })
        now = fields.Datetime.now()
        return self._write_system({"refreshed_on": now, "refreshed_fully_on": now})

    def _sales_units(self, indexes, months_ago=0):
        """What was sold in some periods of this plan, or so many months before them.

        :return: dict (node id, period index) -> whole number of :meth:`_precision`
        """
        periods = self._periods()
        first = plan_periods.shift(periods[indexes[0]].date_from, -months_ago)
        last = plan_periods.shift(periods[indexes[-1]].date_to, -months_ago)
        units = {(node, index): 0 for node in self.node_ids.ids for index in indexes}
        index_by_month = {}
        for (node, month), figure in self._sales_by_node(first, last).items():
            if month not in index_by_month:
                day = max(plan_periods.shift(month, months_ago), self.date_from)
                index_by_month[month] = plan_periods.index_of(periods, day)
            cell = (node, index_by_month[month])
            if cell in units:
                units[cell] += figure
        return units

    def _sales_by_node(self, date_from, date_to, lines=None):
        """What was sold at and below every node.

        :param lines: :class:`Lines` to be counted instead of those sold
        :return: dict (node id, first day of a month) -> whole number of :meth:`_precision`
        """
        dimensions, matcher = self._matcher()
        own = {}
        for month, fact, value in self._sales(dimensions, date_from, date_to, lines):
            node = matcher.find(fact)
            if node is not None:
                own[node, month] = own.get((node, month), 0) + value
        precision = self._precision()
        units = {cell: apportion.to_units(value, precision) for cell, value in own.items()}
        parents = {node.id: node.parent_id.id or None for node in self.node_ids}
        return plan_matching.add_up(units, parents)
