"""Payments release what was accrued; write-offs take it back."""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date

from odoo import api, models
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms.commission import pricing

from . import catalog, claim_state


@dataclass(frozen=True, slots=True)
class Payment:
    """A reconciliation with an invoice.

    :ivar name: of the other document
    :ivar amount: in the currency of the invoice
    :ivar discount: the part of it that is cash discount
    """

    id: int
    name: str | None
    date: date
    amount: float
    is_credit: bool
    discount: float = 0.0


@dataclass(slots=True)
class Settled:
    """What became of an invoice, in its currency without sign.

    :ivar payments: by date
    """

    total: float = 0.0
    written_off: float = 0.0
    payments: list[Payment] = field(default_factory=list)

    def less_discounts(self):
        """The same where cash discount is given up like a bad debt."""
        discounts = sum(payment.discount for payment in self.payments)
        payments = [
            replace(payment, amount=payment.amount - payment.discount, discount=0.0)
            for payment in self.payments
        ]
        return Settled(self.total, self.written_off + discounts, payments)


class O2cCommissionEntry(models.Model):
    _inherit = "o2c.commission.entry"

    @api.model
    def _settle_invoices(self, moves):
        """Bring the commission on invoices and credit notes to what is paid and written off of them.

        Done twice it does nothing the second time.

        :param moves: ``account.move``, also such as earn no commission
        """
        moves = moves.filtered(lambda move: move.is_sale_document(include_receipts=True))
        lines = self._lines_with_claims(moves)
        states = [state for state in claim_state.load(self.env, "invoice", lines) if not state.is_closed]
        claim_state.load_payments(self.env, states)
        settled = self._settled(moves) if states else {}
        plans = self.env["o2c.commission.plan"]._catalog().plans
        words = self._words()
        rows = []
        for state in states:
            invoice = settled.get(state.first["move_id"], Settled())
            if plans[state.first["plan_id"]].cash_discount_reduces:
                invoice = invoice.less_discounts()
            if state.is_of_payments:
                rows.extend(self._release_rows(state, invoice, words))
            elif invoice.total:
                rows.extend(self._loss_rows(state, invoice.written_off, invoice.total, words))
        self._append(rows)
        self._level(rows)

    @api.model
    def _lines_with_claims(self, moves):
        if not moves.ids:
            return []
        rows = self.env.execute_query(
            SQL(
                "SELECT DISTINCT source_res_id FROM o2c_commission_entry"
                " WHERE move_id = ANY(%s) AND source = 'invoice' AND step = 0",
                list(moves.ids),
            )
        )
        return [line for (line,) in rows]

    @api.model
    def _settled(self, moves):
        """What is paid and written off of invoices: {id: Settled}

        Differences of exchange rates have no amount in the currency of the invoice and count as nothing.
        """
        self.env["account.partial.reconcile"].flush_model()
        self.env["account.move.line"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT line.move_id, line.id, ABS(line.amount_currency), partial.id,
                       COALESCE(NULLIF(other_move.name, '/'), other_move.ref),
                       partial.max_date, partial.amount,
                       other_move.move_type IN ('out_invoice', 'out_refund'),
                       other_move.o2c_write_off_id IS NOT NULL,
                       CASE WHEN other_move.move_type = 'entry' AND other.amount_currency <> 0
                            THEN partial.amount * LEAST(1, discount.amount / ABS(other.balance))
                            ELSE 0 END
                  FROM account_move_line line
                  JOIN account_account account ON account.id = line.account_id
                  LEFT JOIN LATERAL (
                      SELECT id, max_date, credit_move_id AS other, debit_amount_currency AS amount
                        FROM account_partial_reconcile WHERE debit_move_id = line.id
                       UNION ALL
                      SELECT id, max_date, debit_move_id, credit_amount_currency
                        FROM account_partial_reconcile WHERE credit_move_id = line.id
                  ) partial ON TRUE
                  LEFT JOIN account_move_line other ON other.id = partial.other
                  LEFT JOIN account_move other_move ON other_move.id = other.move_id
                  LEFT JOIN res_company company ON company.id = other_move.company_id
                  LEFT JOIN LATERAL (
                      -- Cash discount with the tax on it, of all that the entry pays.
                      SELECT ABS(SUM(item.balance)) AS amount FROM account_move_line item
                       WHERE item.move_id = other_move.id
                         AND (item.account_id = company.account_journal_early_pay_discount_loss_account_id
                              OR item.tax_line_id IS NOT NULL)
                      HAVING BOOL_OR(
                          item.account_id = company.account_journal_early_pay_discount_loss_account_id)
                  ) discount ON TRUE
                 WHERE line.move_id = ANY(%s) AND account.account_type = 'asset_receivable'
                 ORDER BY line.move_id, partial.max_date, partial.id, line.id
                """,
                list(moves.ids),
            )
        )
        settled = defaultdict(Settled)
        counted = set()
        for move, line, receivable, partial, name, day, amount, is_credit, is_write_off, discount in rows:
            invoice = settled[move]
            if line not in counted:
                counted.add(line)
                invoice.total += float(receivable)
            if is_write_off:
                invoice.written_off += float(amount)
            elif amount:
                given = round(float(discount or 0.0), 6)
                invoice.payments.append(Payment(partial, name, day, float(amount), is_credit, given))
        return settled

    # ------------------------------------------------------------------
    # Rows
    # ------------------------------------------------------------------

    @api.model
    def _release_rows(self, state, invoice, words):
        """What payments release of a claim that waits for them, and what is no longer expected."""
        release = _Release(self, state, invoice, words)
        return [
            *release.of_payments_gone(),
            *release.of_new_payments(),
            *release.of_nothing_to_pay(),
            *release.of_the_rest(),
        ]

    @api.model
    def _loss_rows(self, state, lost, total, words):
        """What is taken back of a claim of which a part was written off.

        :param lost: of ``total``, in any one unit
        """
        first = state.first
        part, whole = pricing.ratio(lost, total)
        taken = pricing.due_amounts(state.amounts, part, whole, state.money(self.env))
        step = pricing.minus(pricing.minus(state.amounts, taken), state.earned)
        if not step:
            return []
        kept = 1 - min(1.0, part / whole)
        say = words(self.env["res.partner"].browse(first["payee_id"]))
        is_loss = step.company * state.amounts.company < 0
        return [
            self._follow(
                first,
                state.last_step + 1,
                "reverse" if is_loss else "accrue",
                step,
                date=self._today(first["company_id"]),
                base_amount=round(float(first["base_amount"]) * kept - state.base, 4),
                base_company=round(float(first["base_company"]) * kept - state.base_company, 4),
                explanation=say.written_off(min(1.0, part / whole)) if is_loss else say.written_on(),
            )
        ]

    @api.model
    def _today(self, company_id):
        return self.env["res.company"].browse(company_id)._o2c_today()

    @api.model
    def _close(self, source, line_ids, document):
        """Take everything back that is written down for lines: what comes after is a new generation.

        :param document: name of what was reset, changed or cancelled
        """
        words = self._words()
        states = [state for state in claim_state.load(self.env, source, line_ids) if not state.is_closed]
        if source == "order":
            # What credit notes took back of the order goes with it; there is nothing to take it from.
            states += self._refunds_of(states)
        claim_state.load_payments(self.env, states)
        rows = []
        for state in states:
            rows.extend(self._unpaid_rows(state, words))
            rows.extend(self._closing_rows(state, words, document))
        self._append(rows)
        self._level(rows)

    @api.model
    def _refunds_of(self, states):
        """Live claims of credit notes that took back what these claims had earned."""
        firsts = {state.first["id"] for state in states if not state.is_of_payments}
        if not firsts:
            return []
        rows = self.env.execute_query(
            SQL(
                "SELECT DISTINCT source_res_id FROM o2c_commission_entry"
                " WHERE origin_entry_id = ANY(%s) AND source = 'invoice' AND step = 0",
                list(firsts),
            )
        )
        return [
            state
            for state in claim_state.load(self.env, "invoice", [line for (line,) in rows])
            if not state.is_closed and state.first["origin_entry_id"] in firsts
        ]

    @api.model
    def _unpaid_rows(self, state, words):
        """Take back what payments released where each was added up, and say so in the state of the claim."""
        if not state.payments:
            return []
        release = _Release(self, state, Settled(total=1.0), words)
        rows = list(release.of_payments_gone())
        state.earned, state.base, state.last_step = release.earned, release.base, release.step
        state.base_company = round(state.base_company + sum(row["base_company"] for row in rows), 4)
        return rows

    @api.model
    def _closing_rows(self, state, words, document):
        first = state.first
        payee = self.env["res.partner"].browse(first["payee_id"])
        values = {
            "date": self._today(first["company_id"]),
            "explanation": words(payee).reset(document or first["name"]),
        }
        nothing = pricing.Amounts()
        steps = []
        if state.expected:
            steps.append(("expect", pricing.minus(nothing, state.expected), {}))
        if state.earned or state.base_company or not steps:
            base = {"base_amount": -state.base, "base_company": -state.base_company}
            steps.append(("reverse", pricing.minus(nothing, state.earned), base))
        return [
            self._follow(
                first,
                state.last_step + number,
                kind,
                amounts,
                is_closing=number == len(steps),
                **values,
                **base,
            )
            for number, (kind, amounts, base) in enumerate(steps, start=1)
        ]


class _Release:
    """Reckons the rows of one claim that payments release."""

    def __init__(self, ledger, state, invoice, words):
        self.ledger = ledger
        self.env = ledger.env
        self.state = state
        self.first = state.first
        self.invoice = invoice
        self.words = words(self.env["res.partner"].browse(state.first["payee_id"]))
        self.money = state.money(self.env)
        self.currency = self.env["res.currency"].browse(state.first["currency_id"])
        self.step = state.last_step
        self.earned = state.earned
        self.base = state.base
        live = {payment.id for payment in invoice.payments}
        self.gone = {ref: known for ref, known in state.payments.items() if ref not in live}
        self.paid = sum(payment.amount for payment in invoice.payments if payment.id in state.payments)

    def of_payments_gone(self):
        """Payments that were taken off the invoice again."""
        if not self.gone:
            return
        before = self.earned
        for number, (ref, (base_company, tally_from)) in enumerate(self.gone.items(), start=1):
            is_last = number == len(self.gone)
            # All together go back to what the payments left release; the last row has the cents.
            amounts = self._target() if is_last else before
            yield self._row(
                amounts,
                date=self.ledger._today(self.first["company_id"]),
                partial_ref=ref,
                base_company=-base_company,
                tally_from=tally_from,
                explanation=self.words.unpaid(),
            )

    def of_new_payments(self):
        for payment in self.invoice.payments:
            if payment.id in self.state.payments:
                continue
            before = self._share(self.first["base_company"])
            self.paid += payment.amount
            after = self._share(self.first["base_company"])
            say = self.words.settled_by_credit if payment.is_credit else self.words.payment
            yield self._row(
                self._target(),
                date=payment.date,
                partial_ref=payment.id,
                base_company=after - before,
                tally_from=self._tally_from(payment.date),
                explanation=say(
                    payment, self.invoice.total, payment.amount, self.state.amounts.document, self.currency
                ),
            )

    def of_nothing_to_pay(self):
        """An invoice of nothing, for what was paid in advance, is paid from the beginning."""
        is_known = self.earned or self.state.base_company
        is_worth = self.state.amounts or self.first["base_company"]
        if self.invoice.total or self.invoice.payments or self.gone or is_known or not is_worth:
            return
        day = self.first["date"]
        yield self._row(
            self._target(),
            date=day,
            base_company=float(self.first["base_company"]),
            tally_from=self._tally_from(day),
            explanation=self.words.nothing_to_pay(),
        )

    def of_the_rest(self):
        """What is still expected: neither paid nor written off."""
        done = self._target(self.invoice.written_off)
        step = pricing.minus(pricing.minus(self.state.amounts, done), self.state.expected)
        if not step:
            return
        self.step += 1
        yield self.ledger._follow(
            self.first,
            self.step,
            "expect",
            step,
            date=self._last_day(),
            explanation=self.words.no_longer_expected(),
        )

    def _target(self, more=0.0):
        """What is released once all that is paid by now is."""
        part, whole = self._ratio(more)
        return pricing.due_amounts(self.state.amounts, part, whole, self.money)

    def _ratio(self, more=0.0):
        # An invoice of nothing is paid from the beginning.
        return pricing.ratio(self.paid + more, self.invoice.total)

    def _share(self, value):
        part, whole = self._ratio()
        return pricing.due(float(value), part, whole, 0.0001)

    def _row(self, target, **values):
        step = pricing.minus(target, self.earned)
        self.earned = target
        base = self._share(self.first["base_amount"])
        base_amount, self.base = base - self.base, base
        self.step += 1
        is_loss = step.company * self.state.amounts.company < 0
        kind = "reverse" if is_loss or self.state.amounts.company < 0 else "release"
        return self.ledger._follow(
            self.first, self.step, kind, step, base_amount=round(base_amount, 4), **values
        )

    def _tally_from(self, day):
        if not self.first["tally_from"]:
            return None
        found = self.env["o2c.commission.plan"]._catalog()
        plan, terms = found.plans[self.first["plan_id"]], found.terms[self.first["rule_id"]]
        return catalog.tally_from(self.env, plan, terms, day)

    def _last_day(self):
        days = [payment.date for payment in self.invoice.payments]
        return max(days) if days else self.ledger._today(self.first["company_id"])
