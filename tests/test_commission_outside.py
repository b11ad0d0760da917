from decimal import Decimal
from itertools import permutations

from odoo.fields import Command
from odoo.tests import tagged

from .commission_outside_common import OutsideCase, money


@tagged("post_install", "-at_install")
class TestCommissionOutside(OutsideCase):
    """The cases of a paper ledger, with figures worked out by hand."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # 1 of the company's is so much; on the days of order, invoice, payment and refund.
        cls.euro = cls._rates("EUR", {
            "2025-01-01": 0.80, "2025-03-01": 0.90, "2025-03-15": 0.95, "2025-04-10": 0.70,
        })
        cls.yen = cls._rates("JPY", {
            "2025-01-01": 150.0, "2025-03-01": 148.0, "2025-03-15": 141.0, "2025-04-10": 160.0,
        })

    def _list(self, currency):
        return self.env["product.pricelist"].create({"name": currency.name, "currency_id": currency.id})

    # ------------------------------------------------------------------
    # Three currencies
    # ------------------------------------------------------------------

    def test_order_to_refund_in_three_currencies(self):
        self._new_agreement(
            plan=self._new_plan({"rate": 7.0}, trigger="payment"), currency_id=self.yen.id
        )
        order = self._order((self.service, 3, 411.37), pricelist_id=self._list(self.euro).id)
        self.assertEqual(order.currency_id, self.euro)
        # 3 × 411.37 = 1,234.11; 7 % = 86.3877. Confirmed today, at 0.70: 123.41; at 160 yen.
        rows = order.o2c_commission_ids
        self.assertEqual(self._sum(rows, expected=True), 86.39)
        self.assertEqual(self._sum(rows, "amount_company", expected=True), 123.41)
        self.assertEqual(self._sum(rows, "amount_payee", expected=True), 19746.0)
        invoice = self._invoice_order(order)
        self.assertEqual(invoice.amount_total, 1234.11)
        # At 0.90 of the invoice: 1,234.11 ÷ 0.90 × 7 % = 95.9863; at 148 yen.
        rows = invoice.o2c_commission_ids
        self.assertEqual(self._sum(rows, expected=True), 86.39)
        self.assertEqual(self._sum(rows, "amount_company", expected=True), 95.99)
        self.assertEqual(self._sum(rows, "amount_payee", expected=True), 14207.0)
        self.assertEqual(self._sum(self._rows(), expected=True), 86.39)
        paid, total = Decimal(0), Decimal("1234.11")
        for part in ("411.37", "0.01", "300.00"):
            self._receive(invoice, float(part))
            paid += Decimal(part)
            rows = invoice.o2c_commission_ids
            for name, whole, unit in (
                ("amount", "86.39", "0.01"), ("amount_company", "95.99", "0.01"),
                ("amount_payee", "14207", "1"),
            ):
                self.assertEqual(
                    self._sum(rows, name), money(Decimal(whole) * paid / total, Decimal(unit)), (part, name)
                )
                both = self._sum(rows, name) + self._sum(rows, name, expected=True)
                self.assertEqual(round(both, 2), float(whole), (part, name))
        # A third goes back, on a day with other rates: the same third of all three.
        refund = self._credit(invoice)
        refund.button_draft()
        refund.invoice_line_ids.quantity = 1
        refund.action_post()
        third = refund.o2c_commission_ids
        self.assertEqual(money(sum(third.mapped("amount"))), -28.80)
        self.assertEqual(money(sum(third.mapped("amount_company"))), -32.00)
        self.assertEqual(sum(third.mapped("amount_payee")), -4736.0)
        self._apply(invoice, refund)
        self.assertEqual(refund.payment_state, "paid")
        self._receive(invoice, date="2025-04-11")
        self.assertEqual(invoice.amount_residual, 0)
        both = (invoice | refund).o2c_commission_ids
        self.assertEqual(self._sum(both), 57.59)
        self.assertEqual(self._sum(both, "amount_company"), 63.99)
        self.assertEqual(self._sum(both, "amount_payee"), 9471.0)
        self.assertEqual(self._sum(self._rows(), expected=True), 0.0)
        self.assertEqual(self._sum(self._rows(), "amount_payee", expected=True), 0.0)
        self.assertEqual(self._replay(invoice, refund), 0)

    def test_paid_in_a_third_currency_with_an_exchange_difference(self):
        self._new_agreement(plan=self._new_plan({"rate": 10.0}, trigger="payment"))
        invoice = self._bill(999.99, currency_id=self.euro.id)
        # 1,111.10 of the company's by the invoice, 1,052.62 on the day of payment.
        self._receive(invoice, 70500.0, currency=self.yen)
        # 70,500 yen ÷ 141 = 500, of which the books make 450 euro by the invoice's rate.
        self.assertEqual(invoice.amount_residual, 549.99)
        self.assertEqual(self._sum(invoice.o2c_commission_ids), 45.00)
        self._receive(invoice, currency=self.company.currency_id)
        self.assertEqual(invoice.amount_residual, 0.0)
        self.assertEqual(self._sum(invoice.o2c_commission_ids), 100.0)
        self.assertEqual(self._sum(invoice.o2c_commission_ids, "amount_company"), 111.11)
        self.assertEqual(self._sum(invoice.o2c_commission_ids, expected=True), 0.0)

    # ------------------------------------------------------------------
    # C × min(1, Σp ÷ T)
    # ------------------------------------------------------------------

    def test_awkward_partial_payments(self):
        self._new_agreement(plan=self._new_plan({"rate": 3.33}, trigger="payment"))
        for total, parts in (
            ("100.00", ("33.33", "33.33", "33.34")),
            ("10.01", ("0.01", "0.01", "9.98", "0.01")),
            ("99.99", ("0.01", "0.14", "0.01", "0.15")),
            ("250.00", ("249.99", "50.00")),
        ):
            invoice = self._bill(float(total))
            whole, paid = Decimal(total), Decimal(0)
            commission = Decimal(str(money(whole * Decimal("0.0333"))))
            for part in parts:
                self._receive(invoice, float(part))
                paid = min(whole, paid + Decimal(part))
                due = money(commission * paid / whole)
                rows = invoice.o2c_commission_ids
                self.assertEqual(self._sum(rows), due, (total, paid))
                self.assertEqual(round(self._sum(rows, expected=True) + due, 2), float(commission))
            self.assertEqual(self._replay(invoice), 0)

    def test_tax_is_no_base_but_is_paid(self):
        tax = self.env["account.tax"].create({"name": "21 %", "amount": 21.0})
        self._new_agreement(plan=self._new_plan({"rate": 10.0}, trigger="payment"))
        invoice = self._bill(333.33, post=False)
        invoice.invoice_line_ids.tax_ids = tax
        invoice.action_post()
        # 333.33 + 70.00 = 403.33; 10 % of 333.33 = 33.33. Of 100 received 33.33 × 100 ÷ 403.33.
        self._receive(invoice, 100.0)
        self.assertEqual(self._sum(invoice.o2c_commission_ids), 8.26)
        self._receive(invoice)
        self.assertEqual(self._sum(invoice.o2c_commission_ids), 33.33)

    def test_a_credit_note_between_two_payments(self):
        self._new_agreement(plan=self._new_plan({"rate": 10.0}, trigger="payment"))
        invoice = self._bill(300.01)
        self._receive(invoice, 100.0)
        self.assertEqual(self._sum(invoice.o2c_commission_ids), 10.0)
        refund = self._credit(invoice, 77.77)
        self._apply(invoice, refund)
        # 30.00 × 177.77 ÷ 300.01 = 17.78, and the whole −7.78 of the note.
        self.assertEqual(self._sum(invoice.o2c_commission_ids), 17.78)
        self.assertEqual(self._sum(refund.o2c_commission_ids), -7.78)
        self._receive(invoice, 122.24)
        self.assertEqual(invoice.amount_residual, 0.0)
        self.assertEqual(self._sum((invoice | refund).o2c_commission_ids), 22.22)
        self.assertEqual(self._sum(self._rows(), expected=True), 0.0)

    def test_unreconciled_in_the_middle_and_again_in_another_order(self):
        agreement = self._new_agreement(plan=self._new_plan({"rate": 9.99}, trigger="payment"))
        for order in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
            invoice = self._bill(100.01)
            payments = [self._receive(invoice, part) for part in (33.33, 44.44, 22.24)]
            refund = self._credit(invoice, 10.0, post=False)
            # 9.99; the first two pay 77.77.
            self.assertEqual(self._sum(invoice.o2c_commission_ids), 9.99)
            receivable = invoice.line_ids.filtered(lambda line: line.account_type == "asset_receivable")
            for number in (order[0], order[1]):
                payments[number].move_id.line_ids.remove_move_reconcile()
            left = (33.33, 44.44, 22.24)[order[2]]
            self.assertEqual(
                self._sum(invoice.o2c_commission_ids),
                money(Decimal("9.99") * Decimal(str(left)) / Decimal("100.01")),
            )
            for number in (order[1], order[0]):
                (payments[number].move_id.line_ids.filtered(
                    lambda line: line.account_type == "asset_receivable"
                ) | receivable).reconcile()
            self.assertEqual(self._sum(invoice.o2c_commission_ids), 9.99)
            self.assertEqual(self._sum(invoice.o2c_commission_ids, expected=True), 0.0)
            self.assertEqual(self._replay(invoice), 0)
            refund.unlink()
        self.assertEqual(len(agreement), 1)

    def test_bad_debt_after_settlement(self):
        self._new_agreement(plan=self._new_plan({"rate": 10.0}, trigger="invoice"))
        invoice = self._bill(1234.56)
        settled = self._settle("2025-03-01", "2025-03-31")
        self.assertEqual(settled.amount, 123.46)
        settled.action_approve()
        before = settled.entry_ids.read(["amount", "settlement_id", "explanation"])
        self._receive(invoice, 234.56)
        self._write_off(invoice)
        # 1,000.00 are lost: 23.46 stay.
        self.assertEqual(self._sum(invoice.o2c_commission_ids), 23.46)
        self.assertEqual(settled.entry_ids.read(["amount", "settlement_id", "explanation"]), before)
        back = invoice.o2c_commission_ids.filtered(lambda row: not row.settlement_id)
        self.assertEqual((back.amount, back.state, back.kind), (-100.0, "earned", "reverse"))
        today = self.company._o2c_today()
        following = self._settle("2025-04-01", today)
        self.assertEqual(following.amount, -100.0)

    def test_bad_debt_written_off_by_hand(self):
        """By a journal entry, or with a payment that is taken for the whole."""
        expense = self.company_data["default_account_expense"]
        bad_debts = self.company.o2c_write_off_account_id
        for trigger, earned in (("invoice", 100.0), ("payment", 0.0)):
            agreement = self._new_agreement(plan=self._new_plan({"rate": 10.0}, trigger=trigger))
            invoice = self._bill(1000.0)
            receivable = invoice.line_ids.filtered(lambda line: line.account_type == "asset_receivable")
            entry = self.env["account.move"].create({
                "move_type": "entry",
                "date": "2025-03-20",
                "line_ids": [
                    Command.create({"account_id": expense.id, "debit": 250.0}),
                    Command.create({
                        "account_id": receivable.account_id.id, "credit": 250.0,
                        "partner_id": self.customer.id,
                    }),
                ],
            })
            entry.action_post()
            self.assertEqual(self._sum(invoice.o2c_commission_ids), earned)
            self._apply(invoice, entry)
            self.assertEqual(invoice.amount_residual, 750.0)
            kept = 75.0 if trigger == "invoice" else 0.0
            rows = invoice.o2c_commission_ids
            self.assertEqual(self._sum(rows), kept, trigger)
            self.assertEqual(self._sum(rows, expected=True), 75.0 - kept, trigger)
            self._receive(
                invoice, 300.0, payment_difference_handling="reconcile", writeoff_account_id=bad_debts.id
            )
            self.assertEqual(invoice.amount_residual, 0.0)
            rows = invoice.o2c_commission_ids
            self.assertEqual((self._sum(rows), self._sum(rows, expected=True)), (30.0, 0.0), trigger)
            self.assertEqual(self._replay(invoice), 0)
            entry.line_ids.remove_move_reconcile()
            rows = invoice.o2c_commission_ids
            kept = 55.0 if trigger == "invoice" else 30.0
            self.assertEqual(self._sum(rows), kept, trigger)
            self.assertEqual(self._sum(rows, expected=True), 55.0 - kept, trigger)
            agreement.date_to = "2025-01-01"

    def test_a_bank_fee_is_no_bad_debt(self):
        self._new_agreement(plan=self._new_plan({"rate": 10.0}, trigger="payment"))
        invoice = self._bill(1000.0)
        self._receive(
            invoice, 990.0, payment_difference_handling="reconcile",
            writeoff_account_id=self.company_data["default_account_expense"].id,
        )
        self.assertEqual(invoice.amount_residual, 0.0)
        self.assertEqual(self._sum(invoice.o2c_commission_ids), 100.0)

    def test_cash_discount_both_ways(self):
        terms = self.env["account.payment.term"].create({
            "name": "3 % for 10 days", "early_discount": True, "discount_percentage": 3.0,
            "discount_days": 10, "early_pay_discount_computation": "included",
            "line_ids": [Command.create({"value": "percent", "value_amount": 100, "nb_days": 30})],
        })
        for reduces, kept in ((False, 33.33), (True, 32.33)):
            agreement = self._new_agreement(
                plan=self._new_plan({"rate": 10.0}, trigger="payment", cash_discount_reduces=reduces)
            )
            invoice = self._bill(333.33, invoice_payment_term_id=terms.id)
            payment = self._receive(invoice, date="2025-03-05")
            self.assertEqual(payment.amount, 323.33)
            self.assertEqual(invoice.amount_residual, 0.0)
            self.assertEqual(self._sum(invoice.o2c_commission_ids), kept)
            self.assertEqual(self._sum(invoice.o2c_commission_ids, expected=True), 0.0)
            payment.action_draft()
            payment.action_cancel()
            self.assertEqual(self._sum(invoice.o2c_commission_ids), 0.0)
            # Who pays late takes no discount.
            late = self._bill(333.33, invoice_payment_term_id=terms.id)
            self._receive(late, 111.11, date="2025-03-25")
            self.assertEqual(self._sum(late.o2c_commission_ids), 11.11)
            self._receive(late, date="2025-03-26")
            self.assertEqual(self._sum(late.o2c_commission_ids), 33.33)
            agreement.date_to = "2025-01-01"

    # ------------------------------------------------------------------
    # Reset and posted again
    # ------------------------------------------------------------------

    def test_reset_and_posted_again_with_other_amounts(self):
        for trigger in ("invoice", "payment"):
            agreement = self._new_agreement(plan=self._new_plan({"rate": 10.0}, trigger=trigger))
            invoice = self._bill(100.0, 200.0)
            lines = invoice.invoice_line_ids.ids
            self._receive(invoice, 150.0)
            settled = self._settle("2025-03-01", "2025-03-31")
            settled.action_approve()
            invoice.button_draft()
            rows = invoice.o2c_commission_ids
            self.assertEqual((self._sum(rows), self._sum(rows, expected=True)), (0.0, 0.0))
            invoice.invoice_line_ids[0].price_unit = 55.55
            invoice.action_post()
            self.assertEqual(invoice.invoice_line_ids.ids, lines)
            rows = invoice.o2c_commission_ids
            # 5.56 + 20.00 = 25.56, nothing of it paid any more.
            whole = (25.56, 0.0) if trigger == "invoice" else (0.0, 25.56)
            self.assertEqual((self._sum(rows), self._sum(rows, expected=True)), whole, trigger)
            self.assertEqual(set(rows.mapped("generation")), {0, 1})
            self._receive(invoice)
            self.assertEqual(self._sum(invoice.o2c_commission_ids), 25.56)
            self.assertEqual(self._replay(invoice), 0)
            invoice.button_draft()
            invoice.action_post()
            invoice.button_draft()
            invoice.button_cancel()
            rows = invoice.o2c_commission_ids
            self.assertEqual((self._sum(rows), self._sum(rows, expected=True)), (0.0, 0.0))
            agreement.date_to = "2025-01-01"

    # ------------------------------------------------------------------
    # Shuffled
    # ------------------------------------------------------------------

    def test_every_order_of_events_gives_the_same(self):
        agreement = self._new_agreement(
            plan=self._new_plan({"rate": 8.88}, trigger="payment"), currency_id=self.yen.id
        )
        events = (
            lambda invoice, refund: self._receive(invoice, 123.45),
            lambda invoice, refund: self._receive(invoice, 77.77, date="2025-03-20"),
            lambda invoice, refund: (refund.action_post(), self._apply(invoice, refund)),
        )
        found = set()
        for happening in permutations(events):
            invoice = self._bill(333.33, 111.11, currency_id=self.euro.id)
            refund = self._credit(invoice, 100.0, 0.0, post=False)
            for event in happening:
                event(invoice, refund)
            rows = (invoice | refund).o2c_commission_ids
            found.add(tuple(
                self._sum(rows, name, expected)
                for name in ("amount", "amount_company", "amount_payee") for expected in (False, True)
            ))
        self.assertEqual(len(found), 1, found)
        self.assertTrue(agreement)
