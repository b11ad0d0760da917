"""Actuals and the year before, refreshed by a number of statements that does not grow with the plan."""

from datetime import timedelta

from odoo import api, fields, models

from odoo.addons.order_to_cash.algorithms import plan_changes, plan_matching, plan_periods

YEAR = 12
# After so many days the whole plan is refreshed, customers having changed their class or region.
FULL_AFTER = timedelta(days=7)
# Figures of the cells, and how many months ago what they show was sold.
COLUMNS = {"actual": 0, "last_year": YEAR}


class O2cSalesPlan(models.Model):
    _inherit = "o2c.sales.plan"

    refreshed_on = fields.Datetime(string="Actuals As Of", readonly=True, copy=False)
    refreshed_fully_on = fields.Datetime(readonly=True, copy=False)
    sales_digests = fields.Json(
        readonly=True, copy=False, help="What the sales of each month were like when they were last counted."
    )

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
        """Count again the periods of this one plan in which anything is not as it was the last time.

        All sales are looked at, by one statement, so that nothing that changed is missed: documents
        that left a month, were deleted or given to somebody else, new prices of what was delivered,
        rates that were added later. The nodes of those in unchanged periods are not looked for.
        """
        full = self.refreshed_fully_on
        if not full or fields.Datetime.now() - full > FULL_AFTER:
            return self._refresh_actuals()
        self._count_sales(self.sales_digests or {})
        return self._write_system({"refreshed_on": fields.Datetime.now()})

    def _expect_full_refresh(self):
        """Other sales count than did before: the next refresh is one of all periods."""
        self.filtered("refreshed_fully_on")._write_system({"refreshed_fully_on": False})

    def _refresh_actuals(self):
        self.ensure_one()
        self._count_sales({})
        now = fields.Datetime.now()
        return self._write_system({"refreshed_on": now, "refreshed_fully_on": now})

    def _count_sales(self, known):
        """Count again what was sold where it is not as known.

        :param known: dict name of a column -> dict month -> digest; of others all periods are counted
        """
        dimensions, matcher = self._matcher()
        periods, found, writes = self._periods(), {}, {}
        for column, months_ago in COLUMNS.items():
            first, last = (plan_periods.shift(day, -months_ago) for day in (self.date_from, self.date_to))
            rows = self._sales(dimensions, first, last)
            found[column] = plan_changes.digests([(str(month), *row) for month, *row in rows])
            index_by_month = {
                month: self._index_of_month(periods, fields.Date.to_date(month), months_ago)
                for month in {*found[column], *known.get(column, ())}
            }
            indexes = set(range(len(periods)))
            if column in known:
                changed = plan_changes.changed(known[column], found[column])
                indexes = {index_by_month[month] for month in changed} - {None}
            rows = [row for row in rows if index_by_month.get(str(row[0])) in indexes]
            units = self._cell_units(self._node_units(rows, matcher), sorted(indexes), months_ago)
            # Figures of the same periods are written at once: each row is written once.
            writes.setdefault(frozenset(indexes), {})[column] = units
        for units_by_column in writes.values():
            self._write_units(units_by_column)
        self._write_system({"sales_digests": found})

    def _index_of_month(self, periods, month, months_ago):
        """The index of the period that shows what was sold in a month so many months before."""
        return plan_periods.index_of(periods, max(plan_periods.shift(month, months_ago), self.date_from))

    def _sales_units(self, indexes, months_ago=0):
        """What was sold in some periods of this plan, or so many months before them.

        :return: dict (node id, period index) -> whole number of :meth:`_precision`
        """
        periods = self._periods()
        first = plan_periods.shift(periods[indexes[0]].date_from, -months_ago)
        last = plan_periods.shift(periods[indexes[-1]].date_to, -months_ago)
        return self._cell_units(self._sales_by_node(first, last), indexes, months_ago)

    def _cell_units(self, units, indexes, months_ago):
        """Figures of months as figures of some periods; 0 where there is none.

        :param units: as :meth:`_sales_by_node` returns them
        """
        periods, index_by_month = self._periods(), {}
        cells = {(node, index): 0 for node in self.node_ids.ids for index in indexes}
        for (node, month), figure in units.items():
            if month not in index_by_month:
                index_by_month[month] = self._index_of_month(periods, month, months_ago)
            cell = (node, index_by_month[month])
            if cell in cells:
                cells[cell] += figure
        return cells

    def _sales_by_node(self, date_from, date_to, lines=None):
        """What was sold at and below every node.

        :param lines: :class:`Lines` to be counted instead of those sold
        :return: dict (node id, first day of a month) -> whole number of :meth:`_precision`
        """
        dimensions, matcher = self._matcher()
        return self._node_units(self._sales(dimensions, date_from, date_to, lines), matcher)

    def _node_units(self, rows, matcher):
        """What rows of :meth:`_sales` say of every node, as :meth:`_sales_by_node` returns it."""
        own = {}
        for month, fact, value in rows:
            node = matcher.find(fact)
            if node is not None:
                own[node, month] = own.get((node, month), 0) + value
        parents = {node.id: node.parent_id.id or None for node in self.node_ids}
        return plan_matching.add_up_rounded(own, parents, self._precision())
