"""What is agreed for the periods that settlements end."""

from dataclasses import dataclass, replace

from odoo.addons.order_to_cash.algorithms.commission import settlement as reckoning


@dataclass(frozen=True, slots=True)
class Asked:
    """A period that a settlement settles.

    :ivar plan: the version in force
    :ivar kept: the record of an earlier settlement whose terms stay
    """

    agreement: object
    plan: object
    period: reckoning.Period
    kept: object = None


class PeriodTerms:
    """Terms of the periods of some agreements, by the versions of their plans.

    :param agreements: ``o2c.commission.agreement``, as the program
    """

    def __init__(self, agreements):
        versions = agreements.env["o2c.commission.plan"].search(
            [
                ("family_id", "in", agreements.plan_id.family_id.ids),
                ("state", "in", ("active", "closed")),
            ],
            order="date_from, id",
        )
        self._versions = versions.grouped("family_id")

    def version_at(self, agreement, day):
        """The version in force, or the last one that was."""
        found = None
        for version in self._versions.get(agreement.plan_id.family_id, ()):
            if version.date_from <= day:
                found = version
        return found

    def periods(self, agreement, until):
        """The periods of an agreement that end until a day."""
        ends = reckoning.month_ends(agreement.date_from, until)
        return reckoning.periods([
            (end, version.settlement_period) for end in ends if (version := self.version_at(agreement, end))
        ])

    def open_period(self, agreement, day):
        """The period of which something is agreed and that a settlement until this day does not end."""
        version = self.version_at(agreement, day)
        if not version or agreement.date_from > day:
            return None
        period = reckoning.open_period(self.periods(agreement, day), day, version.settlement_period)
        return period if period and self.of(Asked(agreement, version, period)) else None

    def of(self, asked):
        """What is agreed for a period, prorated; :class:`reckoning.Terms` in the payee's currency"""
        agreement = asked.agreement
        if asked.kept:
            return replace(
                self._bands(asked),
                cap=asked.kept.cap_amount,
                guarantee=asked.kept.guarantee_amount,
                draw=asked.kept.draw_amount,
                is_recoverable=asked.kept.draw_recoverable,
            )
        spans = self._spans(asked)
        if not spans:
            # What still comes in is capped; nothing is guaranteed any more.
            return reckoning.Terms(cap=agreement.cap_amount)
        full = reckoning.full_period(asked.period, asked.plan.settlement_period)
        smallest = agreement.currency_id.rounding
        cap, guarantee, draw = (
            reckoning.prorate(amount, spans, full, smallest)
            for amount in (agreement.cap_amount, agreement.guarantee_amount, agreement.draw_amount)
        )
        return replace(
            self._bands(asked),
            # A cap of nothing would be none.
            cap=max(cap, smallest) if agreement.cap_amount else 0.0,
            guarantee=guarantee,
            draw=draw,
            is_recoverable=agreement.draw_recoverable,
        )

    def days_of(self, asked):
        """How many days of the period the terms are for, and how many it has: two numbers."""
        if asked.kept:
            return asked.kept.days, asked.kept.full_days
        full = reckoning.full_period(asked.period, asked.plan.settlement_period).days
        return sum(span.days for span in self._spans(asked)) or full, full

    def rate(self, currency, agreement, period):
        """How much of the payee's currency one of ``currency`` is at the end of a period."""
        return currency._get_conversion_rate(
            currency, agreement.currency_id, agreement.company_id, period.date_to
        )

    def _spans(self, asked):
        """The days of a period on which the agreement, and a version of its plan, is in force: list of
        :class:`reckoning.Period`"""
        agreement = asked.agreement
        if not agreement.active and not agreement.date_to:
            return []
        days = reckoning.common_days(asked.period, agreement.date_from, agreement.date_to or None)
        spans = [
            reckoning.common_days(days, version.date_from, version.date_to or None)
            for version in self._versions[asked.plan.family_id]
            if days
        ]
        return [span for span in spans if span]

    def _bands(self, asked):
        bonuses = asked.plan.bonus_ids.grouped("kind")
        rate = self.rate(asked.plan.currency_id, asked.agreement, asked.period)
        amounts = bonuses["amount"]._bands() if "amount" in bonuses else ()
        return reckoning.Terms(
            accelerators=bonuses["factor"]._bands() if "factor" in bonuses else (),
            bonuses=tuple(replace(band, rate=band.rate * rate) for band in amounts),
        )
