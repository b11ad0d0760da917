"""What payments release of a claim."""

from odoo.addons.order_to_cash.algorithms.commission import pricing

from . import catalog


class Release:
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
