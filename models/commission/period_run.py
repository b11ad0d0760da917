"""Reckons the periods that settlements end."""

from collections import defaultdict
from dataclasses import dataclass, replace

from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms.commission import settlement as reckoning
from odoo.addons.order_to_cash.algorithms.commission.pricing import decimal

from . import period_rows
from .locks import lock
from .period_terms import Asked, PeriodTerms
from .program import PROGRAM

# What was agreed for a period stays once a settlement of it is approved.
FIXED = ("approved", "disputed", "billed", "paid")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A period of an agreement, reckoned.

    :ivar plan: the version in force
    :ivar days: how many days of the period the terms are for
    :ivar full_days: how many there are
    :ivar is_asked: whether it is settled anew; otherwise only its draws may have changed
    """

    agreement: object
    plan: object
    period: reckoning.Period
    terms: reckoning.Terms
    commission: float
    attainment: float | None
    extra: reckoning.Extra
    days: int
    full_days: int
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


class PeriodRun:
    """Reckons the periods of settlements, one of a payee, company and currency.

    Agreements of a company are settled by settlements of this company, of what they earned in its branches,
    too.
    """

    def __init__(self, settlements, keep_terms=False):
        # sudo: settled as the program, by whoever may press the button
        self.settlements = settlements.sudo()
        self.env = self.settlements.env
        self.keep_terms = keep_terms
        self.periods = self.env["o2c.commission.settlement.period"]

    def run(self):
        agreements = self._agreements()
        if not agreements:
            return
        # Taken in turns, also where nothing is earned.
        lock(agreements)
        self.terms = PeriodTerms(agreements)
        known = self._known(agreements)
        booked = period_rows.sums_written(self.env, agreements)
        earned = self._earned(agreements)
        asked = self._asked(agreements, known, earned, booked)
        busy = self._busy(agreements, asked, known)
        if not busy:
            return
        sheets = self._sheets(busy, asked, known, earned)
        self._write(sheets, known, booked)

    def open_periods(self):
        """Periods that these settlements do not end: list of (settlement, agreement, period)"""
        agreements = self._agreements()
        self.terms = PeriodTerms(agreements)
        return [
            (settlement, agreement, period)
            for settlement in self.settlements
            for agreement in self.by_key.get(settlement._book_key(), ())
            if (period := self.terms.open_period(agreement, settlement.date_to))
        ]

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

    def _known(self, agreements):
        """The latest records of periods that are settled: {agreement: {first day: record}}"""
        records = self.periods.search(
            [("agreement_id", "in", agreements.ids), ("settlement_id.state", "!=", "cancelled")], order="id"
        )
        known = {agreement: {} for agreement in agreements}
        self.fixed = {}
        for record in records:
            known[record.agreement_id][record.date_from] = record
            if self.keep_terms or record.settlement_id.state in FIXED:
                self.fixed[record.agreement_id, record.date_from] = record
        return known

    def _asked(self, agreements, known, earned, booked):
        """The periods that are settled: {agreement: [Asked]}"""
        # What a settlement that was cancelled took back of a period is written down anew by the next one.
        written = {(agreement, day) for agreement, day, __ in booked}
        late, ranges = self._late_months(agreements), self._ranges()
        asked = {}
        for agreement in agreements:
            first, records = self.settlement_of[agreement].date_from, known[agreement]
            asked[agreement] = [
                one
                for one in self._periods(agreement, records)
                if one.period.date_to >= first
                or self._is_late(one, records, late)
                or self._is_changed(one, records, earned, booked)
                or self._is_left(one, records, written, ranges)
            ]
        return asked

    def _periods(self, agreement, known):
        """The periods of an agreement that end until the last day of its settlement."""
        settlement = self.settlement_of[agreement]
        for period in self.terms.periods(agreement, settlement.date_to):
            day = period.date_from
            early = known.get(day) if period.date_to < settlement.date_from else None
            plan = self.terms.version_at(agreement, period.date_to)
            yield Asked(agreement, plan, period, self.fixed.get((agreement, day)) or early)

    def _is_late(self, asked, known, late):
        """Whether something of a period that was not settled has come in late, here or in a branch."""
        period = asked.period
        return period.date_from not in known and any(
            period.date_from <= month <= period.date_to for month in late[asked.agreement.id]
        )

    def _is_changed(self, asked, known, earned, booked):
        """Whether a period has something else now than when it was settled: what came in late, here or in a
        branch, was taken out or cancelled."""
        record = known.get(asked.period.date_from)
        if not record:
            return False
        currency, key = asked.agreement.currency_id, (asked.agreement.id, asked.period.date_from)
        now = {part: float(booked.get((*key, part), (0,))[0]) for part in reckoning.PARTS}
        now["commission"] = self._commission(asked, earned)
        return any(currency.compare_amounts(amount, record[name]) for name, amount in now.items())

    def _is_left(self, asked, known, written, ranges):
        """Whether a settlement took back what was written down for a period, or cut it and none ended it."""
        agreement, period = asked.agreement, asked.period
        if period.date_from in known:
            return False
        if (agreement.id, period.date_from) in written:
            return True
        others = ranges[self.settlement_of[agreement]._book_key()]
        is_ended = any(first <= period.date_to <= last for first, last in others)
        return not is_ended and any(period.date_from <= last < period.date_to for __, last in others)

    def _late_months(self, agreements):
        """Months of what these settlements take in of earlier days, or those of branches did lately, and of
        what branches did not settle yet: {agreement id: first days of months}
        """
        months = defaultdict(set)
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT entry.agreement_id, date_trunc('month', entry.date)::date
                  FROM unnest(%s::int[], %s::int[]) AS wanted(agreement_id, settlement_id)
                  JOIN o2c_commission_settlement settlement ON settlement.id = wanted.settlement_id
                  JOIN o2c_commission_entry entry ON entry.agreement_id = wanted.agreement_id
                  LEFT JOIN o2c_commission_settlement other ON other.id = entry.settlement_id
                 WHERE entry.source <> 'settlement' AND entry.kind <> 'expect'
                   AND entry.date < settlement.date_from
                   AND (entry.settlement_id = settlement.id
                        OR entry.company_id <> settlement.company_id
                       AND (other.id IS NULL
                            OR other.date_from > entry.date AND other.date_to >= settlement.date_from))
                """,
                agreements.ids,
                [self.settlement_of[agreement].id for agreement in agreements],
            )
        )
        for agreement_id, month in rows:
            months[agreement_id].add(month)
        return months

    def _ranges(self):
        """First and last days of the settlements with these payees: {key of the book: {(day, day)}}"""
        settlements = self.settlements.search([
            ("payee_id", "in", self.settlements.payee_id.ids),
            ("company_id", "in", self.settlements.company_id.ids),
            ("state", "not in", ("draft", "cancelled")),
        ])
        ranges = defaultdict(set)
        for settlement in settlements:
            ranges[settlement._book_key()].add((settlement.date_from, settlement.date_to))
        return ranges

    def _busy(self, agreements, asked, known):
        """The agreements of which anything is agreed besides, or has been, now or in what they succeed."""
        return [
            agreement
            for chain in _chains(agreements)
            if any(
                known[member] or any(self.terms.of(one) for one in asked[member]) for member in chain
            )
            for agreement in chain
        ]

    def rate(self, currency, agreement, period):
        """How much of the payee's currency one of ``currency`` is at the end of a period."""
        return self.terms.rate(currency, agreement, period)

    # ------------------------------------------------------------------
    # Sheets
    # ------------------------------------------------------------------

    def _sheets(self, agreements, asked, known, earned):
        """All periods of agreements that are settled by now: {agreement: [Sheet]}"""
        attained = self._attained([one for agreement in agreements for one in asked[agreement]])
        sheets = {
            agreement: {
                **{day: self._kept_sheet(record) for day, record in known[agreement].items()},
                **{one.period.date_from: self._sheet(one, earned, attained) for one in asked[agreement]},
            }
            for agreement in agreements
        }
        found = defaultdict(list)
        for chain in _chains(agreements):
            for sheet in self._with_draws([sheets[agreement] for agreement in chain], chain[0].currency_id):
                found[sheet.agreement].append(sheet)
        return found

    def _with_draws(self, sheets, currency):
        """What is lent under an agreement is recovered under the one that succeeds it, too.

        :param sheets: of agreements that succeed each other
        """
        ordered = sorted(
            (sheet for of_one in sheets for sheet in of_one.values()),
            # Sorting keeps the order of agreements that share a period.
            key=lambda sheet: sheet.period.date_from,
        )
        terms = [
            reckoning.DrawTerms(sheet.extra.net, sheet.terms.draw, sheet.terms.is_recoverable)
            for sheet in ordered
        ]
        drawn = reckoning.draws(terms, currency.rounding)
        return [replace(sheet, drawn=one) for sheet, one in zip(ordered, drawn, strict=True)]

    def _sheet(self, asked, earned, attained):
        agreement, period, terms = asked.agreement, asked.period, self.terms.of(asked)
        commission = self._commission(asked, earned)
        attainment = attained.get((agreement.payee_id, period.date_from, period.date_to, asked.plan))
        extra = reckoning.extra(
            reckoning.Earned(commission, attainment), terms, agreement.currency_id.rounding
        )
        days, full_days = self.terms.days_of(asked)
        return Sheet(
            agreement, asked.plan, period, terms, commission, attainment, extra, days, full_days, True
        )

    def _commission(self, asked, earned):
        """What sales of a period earned, in the payee's currency."""
        period = asked.period
        months = earned[asked.agreement.id].items()
        return float(
            sum(
                (amount for month, amount in months if period.date_from <= month <= period.date_to),
                decimal(0),
            )
        )

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
            record.days,
            record.full_days,
            False,
        )

    def _earned(self, agreements):
        """Commission of sales by month: {agreement id: {first day of the month: amount}}

        What a dispute took out of a settlement counts from when another one takes it in.
        """
        rows = self.env.execute_query(
            SQL(
                """
                SELECT entry.agreement_id, date_trunc('month', entry.date)::date, SUM(entry.amount_payee)
                  FROM o2c_commission_entry entry
                  JOIN o2c_commission_agreement agreement ON agreement.id = entry.agreement_id
                 WHERE entry.agreement_id = ANY(%s) AND entry.date <= %s
                   AND entry.kind <> 'expect' AND entry.source <> 'settlement'
                   AND entry.payee_currency_id = agreement.currency_id AND NOT (%s)
                 GROUP BY entry.agreement_id, date_trunc('month', entry.date)
                """,
                agreements.ids,
                max(self.settlements.mapped("date_to")),
                self.settlements._sql_is_taken_out(),
            )
        )
        earned = defaultdict(dict)
        for agreement_id, month, amount in rows:
            earned[agreement_id][month] = decimal(amount)
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


def _chains(agreements):
    """Agreements with those that succeed them, as long as payee, company and currency are the same.

    :return: list of lists, the earliest agreement first
    """
    chains = defaultdict(list)
    for agreement in sorted(agreements, key=lambda agreement: (agreement.date_from, agreement.id)):
        first = agreement
        while _is_same_account(first, first.previous_id):
            first = first.previous_id
        chains[first].append(agreement)
    return list(chains.values())


def _is_same_account(agreement, other):
    names = ("payee_id", "company_id", "currency_id")
    return bool(other) and all(agreement[name] == other[name] for name in names)
