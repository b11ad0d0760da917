"""What became of the vendor bills: changed, credited or paid by those who keep the books."""

from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms.commission.pricing import Amounts, minus

from .period_rows import columns_of
from .program import PROGRAM

# What of a bill decides on its settlement, when a person writes it.
OF_A_BILL = {"state", "payment_state", "line_ids", "invoice_line_ids", "currency_id"}


class O2cCommissionSettlement(models.Model):
    _inherit = "o2c.commission.settlement"

    # None of these depends on fields of account.move: every write of any journal entry would look for
    # settlements. What touches a vendor bill says so; see _o2c_touch_settlements.
    bill_payment_state = fields.Selection(
        lambda self: self.env["account.move"]._fields["payment_state"]._description_selection(self.env),
        string="Payment Status",
        compute="_compute_billed",
        store=True,
    )
    bill_amount = fields.Monetary(
        string="Billed",
        compute="_compute_billed",
        store=True,
        help="What the lines of the vendor bill come to, less what was credited of it.",
    )
    bill_total = fields.Monetary(
        string="Bill with Taxes",
        compute="_compute_billed",
        store=True,
        help="Total of the vendor bill, less what was credited of it.",
    )
    bill_paid = fields.Monetary(
        string="Paid",
        compute="_compute_billed",
        store=True,
        help="What payments have settled of the vendor bill, taxes included.",
    )
    bill_difference = fields.Monetary(
        string="Difference of Bill",
        compute="_compute_billed",
        store=True,
        tracking=True,
        help="Billed, less the total of the settlement.",
    )
    bill_words = fields.Text(string="Bill and Settlement", compute="_compute_bill_words")
    may_accept_bill = fields.Boolean(
        compute="_compute_bill_words",
        help="The bill is posted and comes to another amount: a commission manager may accept it.",
    )

    @api.depends("bill_id", "amount")
    def _compute_billed(self):
        # sudo: who settles commission, or is paid, need not read the books
        bills = self.sudo().bill_id
        credited = bills._o2c_credited()
        for settlement in self:
            settlement.update(settlement.sudo()._billed(credited))

    def _billed(self, credited):
        """Values of the fields on the bill of this one settlement.

        :param credited: see ``_o2c_credited`` of the bills
        """
        bill = self.bill_id
        if not bill or bill.state == "cancel":
            return {
                "bill_payment_state": bill.payment_state,
                "bill_amount": 0.0,
                "bill_total": 0.0,
                "bill_paid": 0.0,
                "bill_difference": 0.0,
            }
        currency = bill.currency_id
        lines = currency.round(sum(
            line.quantity * line.price_unit * (1.0 - line.discount / 100.0)
            for line in bill.invoice_line_ids
            if line.display_type == "product"
        ))
        back, reconciled = credited.get(bill.id, (0.0, 0.0))
        total = bill.amount_total
        # What is credited takes the same share of the lines as of the total.
        net = currency.round(lines * (total - back) / total) if total else lines
        in_payment = sum(amount for __, amount in bill._o2c_payments_without_entry())
        open_amount = max(bill.amount_residual - in_payment, 0.0)
        sign = -1.0 if bill.move_type == "in_refund" else 1.0

        def own(amount):
            return currency._convert(
                sign * amount, self.currency_id, self.company_id, bill.invoice_date or bill.date
            )

        billed = own(net)
        return {
            "bill_payment_state": bill.payment_state,
            "bill_amount": billed,
            "bill_total": own(total - back),
            "bill_paid": own(total - reconciled - open_amount) if bill.state == "posted" else 0.0,
            "bill_difference": self.currency_id.round(billed - self.amount),
        }

    @api.depends("bill_amount", "bill_total", "bill_paid", "bill_difference", "amount", "state")
    @api.depends_context("uid")
    def _compute_bill_words(self):
        for settlement in self:
            # sudo: only whether it is posted, for who settles
            is_posted = settlement.sudo().bill_id.state == "posted"
            differs = settlement._bill_differs()
            is_own = settlement._is_own()
            settlement.bill_words = settlement._words_on_bill(is_posted, is_own)
            settlement.may_accept_bill = differs and is_posted and not is_own

    def _bill_differs(self):
        self.ensure_one()
        return self.state in ("billed", "paid") and not self.currency_id.is_zero(self.bill_difference)

    def _words_on_bill(self, is_posted, is_own):
        """What the bill of this one comes to, what is paid of it and what waits for whom, where there is
        anything to say.

        :param is_own: the payee reads it, who accepts nothing himself
        """
        self.ensure_one()
        currency = self.currency_id
        words = []
        if self._bill_differs():
            words.append(self._words_on_difference())
            if not is_own or (is_posted and not self._is_billed_in_full()):
                words.append(self._words_on_what_to_do(is_posted))
        if (words and is_posted) or not currency.is_zero(self.bill_paid):
            words.append(
                self.env._(
                    "Of %(total)s, taxes included, %(paid)s is paid.",
                    total=currency.format(self.bill_total),
                    paid=currency.format(self.bill_paid),
                )
            )
        return " ".join(words) or False

    def _words_on_difference(self):
        return self.env._(
            "The vendor bill comes to %(billed)s before taxes, the settlement to %(amount)s: its lines were "
            "changed, or it was credited in part.",
            billed=self.currency_id.format(self.bill_amount),
            amount=self.currency_id.format(self.amount),
        )

    def _words_on_what_to_do(self, is_posted):
        if not is_posted:
            return self.env._(
                "If the bill is wrong, have it corrected. If it is right, accept its amount here once it is "
                "posted."
            )
        if self._is_billed_in_full():
            return self.env._("Accept the amount of the bill, so that the ledger shows what is paid.")
        return self.env._(
            "The settlement waits, and does not count as paid, until a commission manager accepts the amount "
            "of the bill or the bill is corrected."
        )

    def _is_paid_in_full(self):
        """Whether all that this one settlement comes to was billed and is paid."""
        self.ensure_one()
        sign = self._sign()
        return (
            self._is_billed_in_full()
            and self.currency_id.compare_amounts(sign * self.bill_paid, sign * self.bill_total) >= 0
        )

    def _is_billed_in_full(self):
        """Whether the bill of this one settlement comes to no less than it does."""
        return self.currency_id.compare_amounts(self._sign() * self.bill_difference, 0.0) >= 0

    def _sign(self):
        return -1.0 if self.currency_id.compare_amounts(self.amount, 0.0) < 0 else 1.0

    # ------------------------------------------------------------------
    # What the bill says is right
    # ------------------------------------------------------------------

    def action_accept_bill(self):
        """Take over what the vendor bills come to: a row each in the ledger brings the settlement there.

        :raise UserError: where the bill is not posted, or is no different
        """
        self.check_access("write")
        self._lock()
        self._check_state(("billed", "paid"), self.env._("brought to the bill"))
        self._check_four_eyes()
        rows = []
        for settlement in self:
            # sudo: only whether it is posted, for who settles
            if settlement.sudo().bill_id.state != "posted" or not settlement.bill_difference:
                raise UserError(
                    self.env._(
                        "%(settlement)s has no posted vendor bill that differs from it.",
                        settlement=settlement.display_name,
                    )
                )
            rows.append(settlement._row_of_difference())
        # sudo: rows of the ledger are the program's
        self.env["o2c.commission.entry"].sudo()._append(rows)
        self._refresh_amounts()
        self.modified(["amount"])
        return True

    def _row_of_difference(self):
        amount = self.bill_difference
        share = amount / self.amount if self.amount else 0.0
        in_company = self.company_currency_id.round(self.amount_company * share)
        off = minus(Amounts(amount, in_company, amount), Amounts())
        # The payee reads it.
        env = self.with_context(lang=self.payee_id.lang or self.env.lang).env
        return {
            **columns_of(self),
            "kind": "adjust",
            "date": self.date_to,
            "currency_id": self.currency_id.id,
            "payee_currency_id": self.currency_id.id,
            "base_amount": 0.0,
            "amount": off.document,
            "amount_company": off.company,
            "amount_payee": off.payee,
            "explanation": env._(
                "Vendor bill %(bill)s comes to %(billed)s instead of %(amount)s",
                # sudo: the name only
                bill=self.sudo().bill_id.name,
                billed=self.currency_id.format(self.bill_amount),
                amount=self.currency_id.format(self.amount),
            ),
        }


class AccountMove(models.Model):
    _inherit = "account.move"

    def write(self, vals):
        result = super().write(vals)
        if not OF_A_BILL.isdisjoint(vals):
            self._o2c_touch_settlements()
        return result

    def _compute_payment_state(self):
        super()._compute_payment_state()
        self._o2c_touch_settlements()

    def _o2c_touch_settlements(self):
        """The settlements that these vendor bills pay, or that they credit, follow them."""
        # Of customers' invoices and journal entries there are none, and nobody pays for looking.
        moves = self.filtered(lambda move: move.id and move.is_purchase_document())
        if not moves:
            return
        # sudo: who keeps the books need not settle commission
        bills = moves.sudo() | moves.sudo().reversed_entry_id
        settlements = self.env["o2c.commission.settlement"].sudo().with_context(
            o2c_commission_writer=PROGRAM
        ).search([("bill_id", "in", bills.ids)])
        settlements.modified(["bill_id"])

    def _o2c_credited(self):
        """What was credited of these vendor bills, in their currency.

        :return: {bill id: (total of its credit notes and of others' reconciled with it, reconciled of both)}
        """
        if not self.ids:
            return {}
        self._o2c_flush_reconciled()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT bill_id, SUM(own + CASE WHEN is_linked THEN 0 ELSE reconciled END), SUM(reconciled)
                  FROM (
                      SELECT back.reversed_entry_id AS bill_id, back.amount_total AS own, 0 AS reconciled,
                             TRUE AS is_linked
                        FROM account_move back
                       WHERE back.reversed_entry_id = ANY(%(ids)s) AND back.state = 'posted'
                      UNION ALL
                      SELECT line.move_id, 0, partial.debit_amount_currency,
                             COALESCE(back.reversed_entry_id = line.move_id, FALSE)
                        FROM account_move_line line
                        JOIN account_partial_reconcile partial ON partial.debit_move_id = line.id
                        JOIN account_move_line other ON other.id = partial.credit_move_id
                        JOIN account_move back ON back.id = other.move_id
                       WHERE line.move_id = ANY(%(ids)s) AND back.move_type IN ('in_invoice', 'in_refund')
                      UNION ALL
                      SELECT line.move_id, 0, partial.credit_amount_currency,
                             COALESCE(back.reversed_entry_id = line.move_id, FALSE)
                        FROM account_move_line line
                        JOIN account_partial_reconcile partial ON partial.credit_move_id = line.id
                        JOIN account_move_line other ON other.id = partial.debit_move_id
                        JOIN account_move back ON back.id = other.move_id
                       WHERE line.move_id = ANY(%(ids)s) AND back.move_type IN ('in_invoice', 'in_refund')
                  ) credits
                 GROUP BY bill_id
                """,
                ids=self.ids,
            )
        )
        return {bill_id: (float(back), float(reconciled)) for bill_id, back, reconciled in rows}

    def _o2c_flush_reconciled(self):
        for model in ("account.partial.reconcile", "account.move", "account.move.line"):
            self.env[model].flush_model()

    def _o2c_payments(self):
        """What was paid of these vendor bills, in their currency; credit notes and exchange differences are
        no payments.

        :return: {bill id: [(day, amount)]}
        """
        if not self.ids:
            return {}
        self._o2c_flush_reconciled()
        rows = self.env.execute_query(
            SQL(
                """
                -- Of the payment: a bill may be entered in the books later than it is dated.
                SELECT line.move_id, GREATEST(other.date, bill.invoice_date), SUM(partial.amount)
                  FROM account_move bill
                  JOIN account_move_line line ON line.move_id = bill.id
                  JOIN LATERAL (
                      SELECT credit_move_id AS other, debit_amount_currency AS amount
                        FROM account_partial_reconcile WHERE debit_move_id = line.id
                       UNION ALL
                      SELECT debit_move_id, credit_amount_currency
                        FROM account_partial_reconcile WHERE credit_move_id = line.id
                  ) partial ON TRUE
                  JOIN account_move_line other ON other.id = partial.other
                  JOIN account_move back ON back.id = other.move_id
                 WHERE bill.id = ANY(%s) AND back.move_type NOT IN ('in_invoice', 'in_refund')
                 GROUP BY line.move_id, GREATEST(other.date, bill.invoice_date)
                """,
                self.ids,
            )
        )
        payments = defaultdict(list)
        for bill_id, day, amount in rows:
            payments[bill_id].append((day, float(amount)))
        for bill in self:
            payments[bill.id].extend(bill._o2c_payments_without_entry())
        return {bill_id: parts for bill_id, parts in payments.items() if parts}

    def _o2c_payments_without_entry(self):
        """What payments without a journal entry have paid of this one bill: [(day, amount)]"""
        self.ensure_one()
        return [
            (
                payment.date,
                payment.currency_id._convert(
                    payment.amount, self.currency_id, self.company_id, payment.date
                ),
            )
            for payment in self.matched_payment_ids
            if not payment.move_id and payment.state in ("in_process", "paid")
        ]


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        partials = super().create(vals_list)
        partials._o2c_moves()._o2c_touch_settlements()
        return partials

    def unlink(self):
        moves = self.exists()._o2c_moves()
        result = super().unlink()
        moves.exists()._o2c_touch_settlements()
        return result

    def _o2c_moves(self):
        # sudo: a payment is reconciled by whoever may
        return (self.sudo().debit_move_id | self.sudo().credit_move_id).move_id
