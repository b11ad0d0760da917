"""The days on which a company works, which share targets and forecasts out over time."""

from zoneinfo import ZoneInfo

from pytz import timezone

from odoo import fields, models

from odoo.addons.order_to_cash.algorithms import run_rate


class O2cSalesPlan(models.Model):
    _inherit = "o2c.sales.plan"

    def _working_spans(self, date_from, date_to):
        """When this plan's company works, by its calendar and without its holidays.

        A company without a calendar works every day.

        :param date_from: with ``date_to``, both included
        :return: list of (begin, end) with time zones, each within one day, in the order of time
        """
        self.ensure_one()
        # sudo: the working days of a company are no secret
        calendar = self.company_id.sudo().resource_calendar_id
        if not calendar:
            return self._calendar_spans(date_from, date_to)
        zone = timezone(calendar.tz or "UTC")
        start = fields.Datetime.to_datetime(date_from)
        end = fields.Datetime.to_datetime(date_to).replace(hour=23, minute=59, second=59)
        intervals = calendar._work_intervals_batch(zone.localize(start), zone.localize(end))[False]
        return [(begin, end) for begin, end, _attendance in intervals]

    def _calendar_spans(self, date_from, date_to):
        return run_rate.calendar_spans(date_from, date_to, ZoneInfo(self._timezone()))

    def _day_count(self, date_from, date_to):
        """How many days between two dates, both included, are working days."""
        return len({begin.date() for begin, _end in self._working_spans(date_from, date_to)})

    def _days_passed(self, date_from, date_to):
        """Working days between two dates, and those of them whose sales are among the actuals.

        Where nobody works in between, as over Christmas, every day counts.

        :return: two numbers of days, the second with the part of a day that was under way
        """
        spans = self._working_spans(date_from, date_to) or self._calendar_spans(date_from, date_to)
        as_of = self.refreshed_on and self.refreshed_on.replace(tzinfo=ZoneInfo("UTC"))
        return run_rate.days_passed(spans, as_of or None)
