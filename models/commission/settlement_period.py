"""Bonuses, caps, guarantees and draws of the periods that a settlement ends."""

from collections import defaultdict
from dataclasses import dataclass, replace

from odoo import fields, models
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms.commission import settlement as reckoning
from odoo.addons.order_to_cash.algorithms.commission.pricing import Amounts, decimal, minus

from .program import PROGRAM
from .settlement_words import SettlementWords

KINDS = {"draw": "draw", "recover": "recover"}
FIGURES = ("commission", "attainment", "accelerator", "bonus", "cap", "guarantee", "draw", "recover")
TERMS = ("cap_amount", "guarantee_amount", "draw_amount", "draw_recoverable")


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
        return getattr(self.drawn if part in KINDS else self.extra, part)

    @property
    def parts(self):
        """What is written down for it."""
        return reckoning.PARTS if self.is_asked else tuple(KINDS)


@dataclass(frozen=True, slots=True)
class Asked:
    """A period that a settlement settles.

    :ivar kept: the record of an earlier settlement whose terms stay
    """

    agreement: object
    plan: object
    period: reckoning.Period
    kept: object = None


class O2cCommissionSettlementPeriod(models.Model):
    """How a settlement period of an agreement was reckoned, with the terms of the time."""

    _name = "o2c.commission.settlement.period"
    _description = "Commission Settlement Period"
    _order = "date_from desc, agreement_id, id desc"
    _rec_name = "agreement_id"
    _log_access = False

    settlement_id = fields.Many2one(
        "o2c.commission.settlement", required=True, readonly=True, index=True, ondelete="cascade"
    )
    settlement_state = fields.Selection(related="settlement_id.state", string="Settlement Status")
    company_id = fields.Many2one(related="settlement_id.company_id", store=True, index=True)
    payee_id = fields.Many2one(related="settlement_id.payee_id", store=True, index=True)
    currency_id = fields.Many2one(related="settlement_id.currency_id", store=True)
    agreement_id = fields.Many2one(
        "o2c.commission.agreement", required=True, readonly=True, index=True, ondelete="restrict"
    )
    plan_id = fields.Many2one(
        "o2c.commission.plan", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    date_from = fields.Date(string="From", required=True, readonly=True)
    date_to = fields.Date(string="Until", required=True, readonly=True)
    commission = fields.Monetary(readonly=True, help="Earned by sales, payments and returns of the period.")
    has_attainment = fields.Boolean(readonly=True)
    attainment = fields.Float(string="Attainment (%)", readonly=True, aggregator=None, digits=(16, 2))
    accelerator = fields.Monetary(readonly=True)
    bonus = fields.Monetary(readonly=True)
    cap = fields.Monetary(string="Above Cap", readonly=True)
    guarantee = fields.Monetary(string="To Guarantee", readonly=True)
    net = fields.Monetary(string="Due before Draw", readonly=True)
    draw = fields.Monetary(string="To Draw", readonly=True)
    recover = fields.Monetary(string="Draw Recovered", readonly=True)
    balance = fields.Monetary(
        string="Draw Outstanding", readonly=True, aggregator=None, help="Lent and not recovered after it."
    )
    cap_amount = fields.Monetary(string="Agreed Cap", readonly=True, aggregator=None)
    guarantee_amount = fields.Monetary(string="Agreed Guarantee", readonly=True, aggregator=None)
    draw_amount = fields.Monetary(string="Agreed Draw", readonly=True, aggregator=None)
    draw_recoverable = fields.Boolean(string="Recoverable", readonly=True)

    _once = models.UniqueIndex("(settlement_id, agreement_id, date_from)")


class O2cCommissionSettlement(models.Model):
    _inherit = "o2c.commission.settlement"

    period_ids = fields.One2many(
        "o2c.commission.settlement.period", "settlement_id", string="Periods", readonly=True, copy=False
    )

    def _settle_periods(self):
        """Write down what the periods bring that end within these settlements, and what late entries
        change of earlier ones.

        A period is reckoned as a whole from the ledger, and the difference to what is written down for it
        is added.
        """
        waiting = self.sorted(lambda settlement: (settlement.date_to, settlement.id))
        while waiting:
            # One of a payee at a time: the next one goes on from it.
            firsts = {}
            for settlement in waiting:
                firsts.setdefault(settlement._book_key(), settlement)
            now = self.browse().concat(*firsts.values())
            _PeriodRun(now).run()
            waiting -= now

    def _take_periods_back(self):
        """Write the reverse of what these settlements have added to the ledger."""
        rows = self.env.execute_query_dict(
            SQL(
                """
                SELECT source_res_id, company_id, payee_id, agreement_id, plan_id, period_from, period_part,
                       kind, currency_id, payee_currency_id, currency_rate, payee_rate,
                       MAX(date) AS date, SUM(amount) AS amount, SUM(amount_company) AS amount_company,
                       SUM(amount_payee) AS amount_payee
                  FROM o2c_commission_entry
                 WHERE source = 'settlement' AND source_res_id = ANY(%s) AND agreement_id IS NOT NULL
                 GROUP BY source_res_id, company_id, payee_id, agreement_id, plan_id, period_from,
                          period_part, kind, currency_id, payee_currency_id, currency_rate, payee_rate
                HAVING SUM(amount_payee) <> 0 OR SUM(amount_company) <> 0
                 ORDER BY MIN(id)
                """,
                self.ids,
            )
        )
        steps = _Steps(self)
        words = _words(self.env)
        self.env["o2c.commission.entry"]._append([
            {
                **row,
                **{name: -row[name] for name in ("amount", "amount_company", "amount_payee")},
                **_common(self.browse(row["source_res_id"])),
                "step": steps.next(row["source_res_id"], row["agreement_id"]),
                "explanation": words(self.browse(row["source_res_id"]).payee_id).cancelled(
                    self.browse(row["source_res_id"]).name
                ),
            }
            for row in rows
        ])
        # sudo: the program keeps the periods, nobody else
        self.sudo().period_ids.unlink()

    def _book_key(self):
        return (self.payee_id, self.company_id, self.currency_id)


class _PeriodRun:
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
        late = self._late_months()
        asked = {}
        for settlement in self.settlements:
            for agreement in self.by_key.get(settlement._book_key(), ()):
                asked[agreement] = self._asked(settlement, agreement, known, late)
        busy = [agreement for agreement in agreements if self._is_busy(asked[agreement], known[agreement])]
        if not busy:
            return
        sheets = self._sheets(busy, asked, known)
        self._write(sheets, known)

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
            )
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

    def _asked(self, settlement, agreement, known, late):
        """The periods of an agreement that a settlement settles."""
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
            elif any(period.date_from <= month <= period.date_to for month in months):
                kept = known[agreement].get(period.date_from)
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
        rate = self._rate(asked.plan.currency_id, asked.agreement, asked.period)
        amounts = bonuses["amount"]._bands() if "amount" in bonuses else ()
        return reckoning.Terms(
            accelerators=bonuses["factor"]._bands() if "factor" in bonuses else (),
            bonuses=tuple(replace(band, rate=band.rate * rate) for band in amounts),
        )

    def _rate(self, currency, agreement, period):
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

    # ------------------------------------------------------------------
    # Rows
    # ------------------------------------------------------------------

    def _write(self, sheets, known):
        booked = self._booked(list(sheets))
        steps = _Steps(self.settlements)
        words = _words(self.env)
        rows, records = [], []
        for agreement, ordered in sheets.items():
            settlement = self.settlement_of[agreement]
            for sheet in ordered:
                found = list(self._rows(settlement, sheet, booked, steps, words))
                rows.extend(found)
                before = known[agreement].get(sheet.period.date_from)
                if sheet.is_asked or found or before.settlement_id == settlement:
                    records.append(self._record(settlement, sheet))
        self.env["o2c.commission.entry"]._append(rows)
        self.settlements.with_context(o2c_commission_writer=PROGRAM).period_ids.unlink()
        self.periods.create(records)
        self.env["o2c.commission.settlement"].invalidate_model(["period_ids", "entry_ids"], flush=False)

    def _booked(self, agreements):
        """{(agreement id, first day, part): (payee's amount, company's amount)}"""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT agreement_id, period_from, period_part, SUM(amount_payee), SUM(amount_company)
                  FROM o2c_commission_entry
                 WHERE agreement_id = ANY(%s) AND source = 'settlement'
                 GROUP BY agreement_id, period_from, period_part
                """,
                [agreement.id for agreement in agreements],
            )
        )
        return {(agreement, day, part): (payee, company) for agreement, day, part, payee, company in rows}

    def _rows(self, settlement, sheet, booked, steps, words):
        agreement, period, currency = sheet.agreement, sheet.period, sheet.agreement.currency_id
        own = settlement.company_id.currency_id
        rate = self._rate(own, agreement, period)
        is_first = not any((*sheet.key, part) in booked for part in reckoning.PARTS)
        is_late = period.date_to < settlement.date_from or not is_first
        for part in sheet.parts:
            due = sheet.amount(part)
            due_company = own.round(due / rate) if rate else 0.0
            before, before_company = booked.get((*sheet.key, part), (0, 0))
            step = minus(Amounts(due, due_company, due), Amounts(before, before_company, before))
            if not step:
                continue
            say = words(agreement.payee_id)
            text = say.part(part, sheet, currency)
            yield {
                **_common(settlement),
                "agreement_id": agreement.id,
                "plan_id": sheet.plan.id,
                "kind": KINDS.get(part, "adjust"),
                # What is late belongs into the days that are still open.
                "date": settlement.date_to if is_late else period.date_to,
                "step": steps.next(settlement.id, agreement.id),
                "period_from": period.date_from,
                "period_part": part,
                "payee_rate": rate,
                "currency_rate": rate,
                "currency_id": currency.id,
                "payee_currency_id": currency.id,
                "amount": step.payee,
                "amount_company": step.company,
                "amount_payee": step.payee,
                "base_amount": sheet.commission,
                "explanation": say.changed(text, float(before), currency) if before else text,
            }

    def _record(self, settlement, sheet):
        return {
            "settlement_id": settlement.id,
            "agreement_id": sheet.agreement.id,
            "plan_id": sheet.plan.id,
            "date_from": sheet.period.date_from,
            "date_to": sheet.period.date_to,
            "commission": sheet.commission,
            "has_attainment": sheet.attainment is not None,
            "attainment": sheet.attainment or 0.0,
            **{part: sheet.amount(part) for part in reckoning.PARTS},
            "net": sheet.extra.net,
            "balance": sheet.drawn.balance,
            "cap_amount": sheet.terms.cap,
            "guarantee_amount": sheet.terms.guarantee,
            "draw_amount": sheet.terms.draw,
            "draw_recoverable": sheet.terms.is_recoverable,
        }


class _Steps:
    """Numbers the rows that settlements add for agreements."""

    def __init__(self, settlements):
        rows = settlements.env.execute_query(
            SQL(
                """
                SELECT source_res_id, agreement_id, MAX(step)
                  FROM o2c_commission_entry
                 WHERE source = 'settlement' AND source_res_id = ANY(%s) AND agreement_id IS NOT NULL
                 GROUP BY source_res_id, agreement_id
                """,
                settlements.ids,
            )
        )
        self._last = {(settlement, agreement): step for settlement, agreement, step in rows}

    def next(self, settlement_id, agreement_id):
        key = (settlement_id, agreement_id)
        self._last[key] = self._last.get(key, -1) + 1
        return self._last[key]


def _common(settlement):
    """Columns of all rows that a settlement adds."""
    return {
        "name": settlement.name,
        "company_id": settlement.company_id.id,
        "payee_id": settlement.payee_id.id,
        "source": "settlement",
        "source_res_id": settlement.id,
        "settlement_id": settlement.id,
        "generation": 0,
        "base_company": 0.0,
        "quantity": 0.0,
        "cost": 0.0,
    }


def _words(env):
    known = {}

    def words(payee):
        lang = payee.lang
        if lang not in known:
            known[lang] = SettlementWords(env, lang)
        return known[lang]

    return words
