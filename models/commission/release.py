"""Payments release what was accrued; write-offs take it back."""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date

from odoo import api, models
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms.commission import pricing

from . import claim_state
from .release_rows import Release

# The cash discount that a due item was offered, where ``partial`` took it up.
DISCOUNT_OF_LINE = SQL(
    """
    CASE WHEN line.discount_date >= other_move.date AND partial.amount >= ABS(line.amount_currency)
         THEN ABS(line.balance - line.discount_balance) ELSE 0 END
    """
)
# Bad debts in an entry, with the tax on them: what is booked on the account for them, and, where no money
# comes in, any expense but cash discount and exchange differences.
LOSS_OF_ENTRY = SQL(
    """
    SELECT ABS(SUM(item.balance)) AS amount
      FROM account_move_line item
      JOIN account_account booked ON booked.id = item.account_id
     CROSS JOIN LATERAL (
         SELECT item.account_id = company.o2c_write_off_account_id
                OR booked.account_type LIKE 'expense%%'
                   AND other_move.origin_payment_id IS NULL
                   AND other_move.statement_line_id IS NULL
                   AND item.account_id IS DISTINCT FROM
                       company.account_journal_early_pay_discount_loss_account_id
                   AND item.account_id IS DISTINCT FROM
                       company.expense_currency_exchange_account_id AS is_loss
     ) kind
     WHERE item.move_id = other_move.id AND other_move.move_type = 'entry'
       AND (kind.is_loss OR item.tax_line_id IS NOT NULL)
    HAVING BOOL_OR(kind.is_loss)
       AND (other_move.origin_payment_id IS NOT NULL
            OR other_move.statement_line_id IS NOT NULL
            OR BOOL_OR(item.account_id = company.o2c_write_off_account_id)
            OR NOT EXISTS (
                SELECT FROM account_move_line cash
                  JOIN account_account till ON till.id = cash.account_id
                 WHERE cash.move_id = other_move.id AND till.account_type = 'asset_cash'))
    """
)


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
                       CASE WHEN other_move.o2c_write_off_id IS NOT NULL THEN partial.amount
                            WHEN other_move.move_type = 'entry' AND other.balance <> 0
                            THEN partial.amount
                                 * LEAST(1, COALESCE(loss.amount, 0) / ABS(other.balance)) END,
                       CASE WHEN other_move.move_type <> 'entry' OR partial.company_amount = 0 THEN 0
                            WHEN granted.weights > 0
                            THEN partial.amount * LEAST(1, discount.amount / partial.company_amount
                                * %(weight)s / granted.weights)
                            WHEN granted.amount > 0
                            THEN partial.amount * LEAST(1, discount.amount / granted.amount)
                            ELSE 0 END
                  FROM account_move_line line
                  JOIN account_account account ON account.id = line.account_id
                  LEFT JOIN LATERAL (
                      SELECT id, max_date, credit_move_id AS other, debit_amount_currency AS amount,
                             amount AS company_amount
                        FROM account_partial_reconcile WHERE debit_move_id = line.id
                       UNION ALL
                      SELECT id, max_date, debit_move_id, credit_amount_currency, amount
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
                  LEFT JOIN LATERAL (
                      -- Of all that the entry pays, what was paid in time and whole has the discount.
                      SELECT SUM(partial.company_amount) AS amount, SUM(%(weight)s) AS weights
                        FROM (
                            SELECT paying.debit_move_id AS paid, paying.amount AS company_amount,
                                   paying.debit_amount_currency AS amount
                              FROM account_move_line item
                              JOIN account_partial_reconcile paying ON paying.credit_move_id = item.id
                             WHERE item.move_id = other_move.id
                             UNION ALL
                            SELECT paying.credit_move_id, paying.amount, paying.credit_amount_currency
                              FROM account_move_line item
                              JOIN account_partial_reconcile paying ON paying.debit_move_id = item.id
                             WHERE item.move_id = other_move.id
                        ) partial
                        JOIN account_move_line line ON line.id = partial.paid
                        JOIN account_move paid_move ON paid_move.id = line.move_id
                       WHERE discount.amount IS NOT NULL
                         AND paid_move.move_type IN ('out_invoice', 'out_receipt', 'out_refund')
                  ) granted ON TRUE
                  LEFT JOIN LATERAL (%(loss)s) loss ON TRUE
                 WHERE line.move_id = ANY(%(moves)s) AND account.account_type = 'asset_receivable'
                 ORDER BY line.move_id, partial.max_date, partial.id, line.id
                """,
                moves=list(moves.ids),
                weight=DISCOUNT_OF_LINE,
                loss=LOSS_OF_ENTRY,
            )
        )
        settled = defaultdict(Settled)
        counted = set()
        for move, line, receivable, partial, name, day, amount, is_credit, loss, discount in rows:
            invoice = settled[move]
            if line not in counted:
                counted.add(line)
                invoice.total += float(receivable)
            lost = round(float(loss or 0.0), 6)
            invoice.written_off += lost
            received = round(float(amount or 0.0) - lost, 6)
            if received:
                given = round(float(discount or 0.0), 6)
                invoice.payments.append(Payment(partial, name, day, received, is_credit, given))
        return settled

    # ------------------------------------------------------------------
    # Rows
    # ------------------------------------------------------------------

    @api.model
    def _release_rows(self, state, invoice, words):
        """What payments release of a claim that waits for them, and what is no longer expected."""
        release = Release(self, state, invoice, words)
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
    def _close(self, source, line_ids):
        """Take everything back that is written down for lines: what comes after is a new generation."""
        words = self._words()
        states = [state for state in claim_state.load(self.env, source, line_ids) if not state.is_closed]
        if source == "order":
            # What credit notes took back of the order goes with it; there is nothing to take it from.
            states += self._refunds_of(states)
        claim_state.load_payments(self.env, states)
        rows = []
        for state in states:
            rows.extend(self._unpaid_rows(state, words))
            rows.extend(self._closing_rows(state, words))
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
        release = Release(self, state, Settled(total=1.0), words)
        rows = list(release.of_payments_gone())
        state.earned, state.base, state.last_step = release.earned, release.base, release.step
        state.base_company = round(state.base_company + sum(row["base_company"] for row in rows), 4)
        return rows

    @api.model
    def _closing_rows(self, state, words):
        first = state.first
        payee = self.env["res.partner"].browse(first["payee_id"])
        values = {
            "date": self._today(first["company_id"]),
            "explanation": words(payee).reset(first["name"]),
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
