"""What the periods of settlements add to the ledger."""

from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms.commission import settlement as reckoning
from odoo.addons.order_to_cash.algorithms.commission.pricing import Amounts, minus

from .settlement_words import SettlementWords

KINDS = {"draw": "draw", "recover": "recover"}


def sums_written(env, agreements):
    """{(agreement id, first day, part): (payee's amount, company's amount)}"""
    rows = env.execute_query(
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


def new_rows(run, settlement, sheet, booked, steps, words):
    """What is written down for a sheet: the difference to what is written down already.

    :param run: the :class:`~.period_run.PeriodRun`
    :param booked: as :func:`sums_written` returns it
    """
    agreement, period, currency = sheet.agreement, sheet.period, sheet.agreement.currency_id
    own = settlement.company_id.currency_id
    rate = run.rate(own, agreement, period)
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
            **columns_of(settlement),
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


def record(settlement, sheet):
    """Values of the record of a sheet."""
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
        "days": sheet.days,
        "full_days": sheet.full_days,
    }


class Steps:
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


def columns_of(settlement):
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


def words_of(env):
    """:return: function from a payee to :class:`SettlementWords` in his language"""
    known = {}

    def words(payee):
        lang = payee.lang
        if lang not in known:
            known[lang] = SettlementWords(env, lang)
        return known[lang]

    return words
