"""Reckons the periods that settlements end."""

from collections import defaultdict
from dataclasses import dataclass, replace

from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms.commission import settlement as reckoning
from odoo.addons.order_to_cash.algorithms.commission.pricing import decimal

from . import period_rows
from .program import PROGRAM


@dataclass(frozen=True, slots=True)
class Sheet:
    """A period of an agreement, reckoned.

    :ivar plan: the version in force
    :ivar is_asked: whether it is settled anew; otherwise only its draws may have changed
    """

    agreement: object
    plan: object
    period: reckoning.Period
    terms: reckoning.Terms
    commission: float
    attainment: float | None
    extra: reckoning.Extra
    is_asked: bool
    drawn: reckoning.Drawn | None = None

    @property
    def key(self):
        return (self.agreement.id, self.period.date_from)

    def amount(self, part):
        return getattr(self.drawn if part in period_rows.KINDS else self.extra, part)

    @property
    def parts(self):
        """What is written down for it."""
        return reckoning.PARTS if self.is_asked else tuple(period_rows.KINDS)


@dataclass(frozen=True, slots=True)
class Asked:
    """A period that a settlement settles.

    :ivar kept: the record of an earlier settlement whose terms stay
    """

    agreement: object
    plan: object
    period: reckoning.Period
    kept: object = None


class PeriodRun:
    """Reckons the periods of settlements, one of a payee, company and currency.

    Agreements of a company are settled by settlements of this company, of what they earned in its branches,
    too.
    """

    def __init__(self, settlements):
        # sudo: settled as the program, by whoever may press the button
        self.settlements = settlements.sudo()
        self.env = self.settlements.env
        self.periods = self.env["o2c.commission.settlement.period"]

    def run(self):
        agreements = self._agreements()
        if not agreements:
            return
        self._lock(agreements)
        self._load_versions(agreements)
        known = self._known(agreements)
        booked = period_rows.sums_written(self.env, agreements)
        # What a settlement that was cancelled took back of a period is written down anew by the next one.
        written = {(agreement, day) for agreement, day, __ in booked}
        late = self._late_months()
        asked = {}
        for settlement in self.settlements:
            for agreement in self.by_key.get(settlement._book_key(), ()):
                asked[agreement] = self._asked(settlement, agreement, known, late, written)
        busy = [agreement for agreement in agreements if self._is_busy(asked[agreement], known[agreement])]
        if not busy:
            return
        sheets = self._sheets(busy, asked, known)
        self._write(sheets, known, booked)

    def _agreements(self):
        settlements = self.settlements
        agreements = self.env["o2c.commission.agreement"].with_context(active_test=False).search([
            ("payee_id", "in", settlements.payee_id.ids),
            ("company_id", "in", settlements.company_id.ids),
            ("currency_id", "in", settlements.currency_id.ids),
        ])
        keys = {settlement._book_key(): settlement for settlement in settlements}
        self.by_key = agreements.grouped(
            lambda agreement: (agreement.payee_id, agreement.company_id, agreement.currency_id)
        )
        found = [agreement for key, members in self.by_key.items() if key in keys for agreement in members]
        self.settlement_of = {
            agreement: keys[agreement.payee_id, agreement.company_id, agreement.currency_id]
            for agreement in found
        }
        return agreements.browse().concat(*found)

    def _lock(self, agreements):
        """Take turns on the periods of agreements, also those in which nothing is earned."""
        agreements.flush_recordset()
        self.env.cr.execute(
            SQL(
                """
                UPDATE o2c_commission_agreement SET write_uid = write_uid WHERE id IN (
                    SELECT id FROM o2c_commission_agreement WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE)
                """,
                agreements.ids,
            ),
            # That it fails to serialize is what it is for.
            log_exceptions=False,
        )

    def _load_versions(self, agreements):
        versions = self.env["o2c.commission.plan"].search(
            [
                ("family_id", "in", agreements.plan_id.family_id.ids),
                ("state", "in", ("active", "closed")),
            ],
            order="date_from, id",
        )
        self.versions = versions.grouped("family_id")

    def _version_at(self, agreement, day):
        """The version in force, or the last one that was."""
        found = None
        for version in self.versions.get(agreement.plan_id.family_id, ()):
            if version.date_from <= day:
                found = version
        return found

    def _known(self, agreements):
        """The latest records of periods that are settled: {agreement: {first day: record}}"""
        records = self.periods.search(
            [("agreement_id", "in", agreements.ids), ("settlement_id.state", "!=", "cancelled")], order="id"
        )
        known = {agreement: {} for agreement in agreements}
        for record in records:
            known[record.agreement_id][record.date_from] = record
        return known

    def _late_months(self):
        """{settlement: {agreement id: first days of the months of entries}}"""
        months = defaultdict(lambda: defaultdict(set))
        rows = self.env.execute_query(
            SQL(
                """
                SELECT settlement_id, agreement_id, date_trunc('month', date)::date
                  FROM o2c_commission_entry
                 WHERE settlement_id = ANY(%s) AND agreement_id IS NOT NULL AND source <> 'settlement'
                 GROUP BY settlement_id, agreement_id, date_trunc('month', date)
                """,
                self.settlements.ids,
            )
        )
        for settlement_id, agreement_id, month in rows:
            months[settlement_id][agreement_id].add(month)
        return months

    def _asked(self, settlement, agreement, known, late, written):
        """The periods of an agreement that a settlement settles.

        :param written: (agreement id, first day) of the periods of which the ledger has rows
        """
        ends = reckoning.month_ends(agreement.date_from, settlement.date_to)
        lengths = [
            (end, version.settlement_period)
            for end in ends
            if (version := self._version_at(agreement, end))
        ]
        months = late[settlement.id][agreement.id]
        asked = []
        for period in reckoning.periods(lengths):
            version = self._version_at(agreement, period.date_to)
            if period.date_to >= settlement.date_from:
                asked.append(Asked(agreement, version, period))
                continue
            kept = known[agreement].get(period.date_from)
            is_late = any(period.date_from <= month <= period.date_to for month in months)
            if is_late or (not kept and (agreement.id, period.date_from) in written):
                asked.append(Asked(agreement, version, period, kept))
        return asked

    def _is_busy(self, asked, known):
        """Whether there is anything agreed besides, or has been."""
        return bool(known) or any(self._terms(one) for one in asked)

    def _terms(self, asked):
        agreement, plan, period = asked.agreement, asked.plan, asked.period
        if asked.kept:
            kept = asked.kept
            return replace(
                self._bands(asked),
                cap=kept.cap_amount,
                guarantee=kept.guarantee_amount,
                draw=kept.draw_amount,
                is_recoverable=kept.draw_recoverable,
            )
        if not self._is_in_force(agreement, plan, period):
            # What still comes in is capped; nothing is guaranteed any more.
            return reckoning.Terms(cap=agreement.cap_amount)
        return replace(
            self._bands(asked),
            cap=agreement.cap_amount,
            guarantee=agreement.guarantee_amount,
            draw=agreement.draw_amount,
            is_recoverable=agreement.draw_recoverable,
        )

    def _is_in_force(self, agreement, plan, period):
        return (
            agreement.active
            and agreement.date_from <= period.date_to
            and (not agreement.date_to or agreement.date_to >= period.date_from)
            and (not plan.date_to or plan.date_to >= period.date_from)
        )

    def _bands(self, asked):
        bonuses = asked.plan.bonus_ids.grouped("kind")
        rate = self.rate(asked.plan.currency_id, asked.agreement, asked.period)
        amounts = bonuses["amount"]._bands() if "amount" in bonuses else ()
        return reckoning.Terms(
            accelerators=bonuses["factor"]._bands() if "factor" in bonuses else (),
            bonuses=tuple(replace(band, rate=band.rate * rate) for band in amounts),
        )

    def rate(self, currency, agreement, period):
        """How much of the payee's currency one of ``currency`` is at the end of a period."""
        return currency._get_conversion_rate(
            currency, agreement.currency_id, agreement.company_id, period.date_to
        )

    # ------------------------------------------------------------------
    # Sheets
    # ------------------------------------------------------------------

    def _sheets(self, agreements, asked, known):
        """All periods of agreements that are settled by now: {agreement: [Sheet]}"""
        earned = self._earned([one for agreement in agreements for one in asked[agreement]])
        attained = self._attained([one for agreement in agreements for one in asked[agreement]])
        return {
            agreement: self._with_draws(
                agreement,
                {
                    **{day: self._kept_sheet(record) for day, record in known[agreement].items()},
                    **{
                        one.period.date_from: self._sheet(one, earned, attained) for one in asked[agreement]
                    },
                },
            )
            for agreement in agreements
        }

    def _with_draws(self, agreement, sheets):
        ordered = [sheets[day] for day in sorted(sheets)]
        terms = [
            reckoning.DrawTerms(sheet.extra.net, sheet.terms.draw, sheet.terms.is_recoverable)
            for sheet in ordered
        ]
        drawn = reckoning.draws(terms, agreement.currency_id.rounding)
        return [replace(sheet, drawn=one) for sheet, one in zip(ordered, drawn, strict=True)]

    def _sheet(self, asked, earned, attained):
        agreement, period, terms = asked.agreement, asked.period, self._terms(asked)
        commission = sum(
            (
                decimal(amount)
                for month, amount in earned.get(agreement.id, {}).items()
                if period.date_from <= month <= period.date_to
            ),
            decimal(0),
        )
        attainment = attained.get((agreement.payee_id, period.date_from, period.date_to, asked.plan))
        extra = reckoning.extra(
            reckoning.Earned(float(commission), attainment), terms, agreement.currency_id.rounding
        )
        return Sheet(agreement, asked.plan, period, terms, float(commission), attainment, extra, True)

    def _kept_sheet(self, record):
        """A period as it was settled; only its draws are reckoned anew."""
        return Sheet(
            record.agreement_id,
            record.plan_id,
            reckoning.Period(record.date_from, record.date_to),
            reckoning.Terms(
                record.cap_amount, record.guarantee_amount, record.draw_amount, record.draw_recoverable
            ),
            record.commission,
            record.attainment if record.has_attainment else None,
            reckoning.Extra(record.accelerator, record.bonus, record.cap, record.guarantee, record.net),
            False,
        )

    def _earned(self, asked):
        """Commission of sales by month: {agreement id: {first day of the month: amount}}"""
        if not asked:
            return {}
        agreements = self.settlements.env["o2c.commission.agreement"].concat(
            *{one.agreement for one in asked}
        )
        rows = self.env.execute_query(
            SQL(
                """
                SELECT entry.agreement_id, date_trunc('month', entry.date)::date, SUM(entry.amount_payee)
                  FROM o2c_commission_entry entry
                  JOIN o2c_commission_agreement agreement ON agreement.id = entry.agreement_id
                 WHERE entry.agreement_id = ANY(%s) AND entry.date >= %s AND entry.date <= %s
                   AND entry.kind <> 'expect' AND entry.source <> 'settlement'
                   AND entry.payee_currency_id = agreement.currency_id
                 GROUP BY entry.agreement_id, date_trunc('month', entry.date)
                """,
                agreements.ids,
                min(one.period.date_from for one in asked),
                max(one.period.date_to for one in asked),
            )
        )
        earned = defaultdict(dict)
        for agreement_id, month, amount in rows:
            earned[agreement_id][month] = amount
        return earned

    def _attained(self, asked):
        """{(payee, first day, last day, plan version): percent}, by one call a metric and company."""
        wanted = defaultdict(set)
        for one in asked:
            if one.plan.bonus_ids and one.agreement.company_id.o2c_use_plan:
                key = (one.agreement.payee_id, one.period.date_from, one.period.date_to)
                wanted[one.plan.attainment_metric, one.agreement.company_id].add((key, one.plan))
        attained = {}
        for (metric, company), keys in wanted.items():
            found = self.env["o2c.sales.plan"]._attainments_of(
                {key for key, __ in keys}, metric=metric, company=company
            )
            attained.update({(*key, plan): found[key].percent for key, plan in keys})
        return attained

    def _write(self, sheets, known, booked):
        steps = period_rows.Steps(self.settlements)
        words = period_rows.words_of(self.env)
        rows, records = [], []
        for agreement, ordered in sheets.items():
            settlement = self.settlement_of[agreement]
            for sheet in ordered:
                found = list(period_rows.new_rows(self, settlement, sheet, booked, steps, words))
                rows.extend(found)
                before = known[agreement].get(sheet.period.date_from)
                if sheet.is_asked or found or before.settlement_id == settlement:
                    records.append(period_rows.record(settlement, sheet))
        self.env["o2c.commission.entry"]._append(rows)
        self.settlements.with_context(o2c_commission_writer=PROGRAM).period_ids.unlink()
        self.periods.create(records)
        self.env["o2c.commission.settlement"].invalidate_model(["period_ids", "entry_ids"], flush=False)
