from collections import defaultdict
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms import payment_promise

# How long after its day a kept promise is looked at again: its payment may be taken back.
RECENT = timedelta(days=90)


class O2cPaymentPromise(models.Model):
    """Whether promises are kept: gathered from the payments, decided by
    :mod:`algorithms.payment_promise`."""

    _inherit = "o2c.payment.promise"

    def _evaluate(self, date):
        """How these promises stand at the end of ``date``, from the payments.

        :return: {id: :class:`payment_promise.Outcome`}
        """
        if not self:
            return {}
        # sudo: payments of branches count, and whoever looks at a promise may know how it stands.
        # The customers' other promises share their payments.
        partners = self.sudo().partner_id
        partners |= partners.o2c_payer_id
        promises = self.sudo() | self.sudo().search(
            Domain("partner_id", "in", partners.ids)
            | Domain("partner_id.o2c_payer_id", "in", partners.ids)
        )
        scope = self.env["o2c.dunning.stop"].sudo()._company_scopes(promises.company_id)
        return payment_promise.evaluate(
            [
                payment_promise.Promise(
                    key=promise.id,
                    customer=promise.partner_id.commercial_partner_id.id,
                    amount=promise.amount,
                    currency=promise.currency_id.id,
                    made_on=promise.made_on,
                    date=promise.date,
                    companies=frozenset(scope[promise.company_id.id]),
                    documents=frozenset(promise.invoice_ids.ids),
                    after_partial=promise.after_partial_id,
                    after_line=promise.after_line_id,
                    rate=promise._rate(),
                )
                for promise in promises
            ],
            promises._payments(date),
            date,
            {currency.id: currency.round for currency in promises.currency_id},
        )

    def _payments(self, date):
        """The payments up to ``date`` that these promises may count, as
        :class:`payment_promise.Payment`: what was reconciled with invoices, and what was not."""
        for model in (
            "account.partial.reconcile", "account.move.line", "account.move", "res.partner"
        ):
            self.env[model].flush_model()
        values = {
            "date": date,
            "made_on": min(self.mapped("made_on")),
            "customers": self.partner_id.commercial_partner_id.ids,
            "after_partial": min(self.mapped("after_partial_id")),
            "after_line": min(self.mapped("after_line_id")),
        }
        rows = self.env.execute_query_dict(self._reconciled_sql(**values))
        if any(not promise.invoice_ids for promise in self):
            rows += self.env.execute_query_dict(self._unallocated_sql(**values))
        return [
            payment_promise.Payment(
                date=row["date"],
                customers=(row["debtor"], row["recipient"]),
                company=row["company"],
                amount=row["amount"],
                currency=row["currency"],
                amount_company=row["amount_company"],
                document=row["document"],
                partial=row["partial"],
                line=row["line"],
            )
            for row in rows
        ]

    def _reconciled_sql(self, date, made_on, customers, after_partial, after_line):
        # What a payment to the customer is reconciled with is no payment of his.
        return SQL(
            """
            SELECT partial.max_date AS date,
                   commercial.id AS debtor,
                   COALESCE(commercial.o2c_payer_id, commercial.id) AS recipient,
                   debit.company_id AS company,
                   partial.debit_amount_currency AS amount,
                   debit.currency_id AS currency,
                   partial.amount AS amount_company,
                   debit.move_id AS document,
                   partial.id AS partial,
                   0 AS line
              FROM account_partial_reconcile partial
              JOIN account_move_line debit ON debit.id = partial.debit_move_id
              JOIN account_move move ON move.id = debit.move_id
              JOIN account_account account ON account.id = debit.account_id
              JOIN res_partner partner ON partner.id = debit.partner_id
              JOIN res_partner commercial ON commercial.id = partner.commercial_partner_id
             WHERE (partial.id > %(after_partial)s OR partial.max_date > %(made_on)s)
               AND partial.max_date <= %(date)s
               AND partial.debit_amount_currency > 0
               AND account.account_type = 'asset_receivable'
               AND move.origin_payment_id IS NULL
               AND move.statement_line_id IS NULL
               AND (commercial.id = ANY(%(customers)s)
                    OR commercial.o2c_payer_id = ANY(%(customers)s))
            """,
            after_partial=after_partial,
            made_on=made_on,
            date=date,
            customers=customers,
        )

    def _unallocated_sql(self, date, made_on, customers, after_partial, after_line):
        return SQL(
            """
            SELECT *
              FROM (
                    SELECT credit.date AS date,
                           commercial.id AS debtor,
                           COALESCE(commercial.o2c_payer_id, commercial.id) AS recipient,
                           credit.company_id AS company,
                           -credit.amount_currency - COALESCE(used.amount_currency, 0) AS amount,
                           credit.currency_id AS currency,
                           -credit.balance - COALESCE(used.amount, 0) AS amount_company,
                           NULL::int AS document,
                           0 AS partial,
                           credit.id AS line
                      FROM account_move_line credit
                      JOIN account_account account ON account.id = credit.account_id
                      JOIN res_partner partner ON partner.id = credit.partner_id
                      JOIN res_partner commercial
                        ON commercial.id = partner.commercial_partner_id
         LEFT JOIN LATERAL (
                           SELECT SUM(partial.credit_amount_currency) AS amount_currency,
                                  SUM(partial.amount) AS amount
                             FROM account_partial_reconcile partial
                            WHERE partial.credit_move_id = credit.id
                              AND partial.max_date <= %(date)s
                           ) AS used ON TRUE
                     WHERE (credit.id > %(after_line)s OR credit.date > %(made_on)s)
                       AND credit.date <= %(date)s
                       AND credit.parent_state = 'posted'
                       AND credit.amount_currency < 0
                       AND account.account_type = 'asset_receivable'
                       AND (commercial.id = ANY(%(customers)s)
                            OR commercial.o2c_payer_id = ANY(%(customers)s))
                   ) AS unallocated
             WHERE amount > 0
            """,
            after_line=after_line,
            made_on=made_on,
            date=date,
            customers=customers,
        )

    def _store(self, outcomes):
        """Write down how these promises stand in a run, of those that are open.

        None is broken before its day has passed by the calendar, and none that is decided is open
        again because a run looks at a past day.
        """
        # sudo: who proposes for a branch may find promises to the whole company kept or broken.
        waiting = self.sudo().filtered(lambda promise: promise.state == "open")
        waiting.filtered(
            lambda promise: outcomes[promise.id].state != payment_promise.BROKEN
            or promise.date < promise.company_id._o2c_today()
        )._write_outcomes(outcomes)

    @api.model
    def _refresh(self, company):
        """Determine anew which promises to ``company`` and its branches are kept or broken, as of
        today: a payment may have been booked late or taken back.

        :return: a sentence saying how many were broken since, empty if none
        """
        today = company._o2c_today()
        promises = self.search(
            Domain("company_id", "child_of", company.id)
            & (Domain("state", "!=", "kept") | Domain("date", ">=", today - RECENT))
        )
        before = promises.filtered(lambda promise: promise.state == "broken")
        promises._write_outcomes(promises._evaluate(today))
        broken = promises.filtered(lambda promise: promise.state == "broken") - before
        if not broken:
            return ""
        return self.env._("Promises broken: %(count)s.", count=len(broken))

    @api.model
    def _refresh_paid(self, partners):
        """A payment was allocated to invoices of ``partners`` or taken back from them."""
        # sudo: whoever registers payments need not have any right on promises.
        promises = self.sudo().search([
            ("partner_id", "in", (partners | partners.o2c_payer_id).ids),
            ("company_id.o2c_use_dunning", "=", True),
        ])
        if not promises:
            return
        outcomes = promises._evaluate(fields.Date.context_today(self))
        for promise in promises:
            # Which ones are broken is for the day's cycle and the runs to say.
            if outcomes[promise.id].state == payment_promise.BROKEN:
                outcomes[promise.id] = payment_promise.Outcome(
                    state=promise.state if promise.state == "broken" else "open",
                    in_time=outcomes[promise.id].in_time,
                    paid=outcomes[promise.id].paid,
                )
        promises._write_outcomes(outcomes)

    def _write_outcomes(self, outcomes):
        """Write down how these promises stand, where that has changed.

        :param outcomes: {id: :class:`payment_promise.Outcome`}
        """
        changes = defaultdict(self.browse)
        for promise in self:
            outcome = outcomes[promise.id]
            values = (outcome.state, outcome.paid)
            if values != (promise.state, promise.paid_amount):
                changes[values] |= promise
        for (state, paid), promises in changes.items():
            # sudo: only the program sets this, from the payments.
            promises.sudo().write({"state": state, "paid_amount": paid})
