from contextlib import suppress
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import Form, tagged

from odoo.addons.order_to_cash.models.dunning.cash_discount_move import seen_with

from .test_dunning_cash_discount import START, CashDiscountCommon


@tagged("post_install", "-at_install")
class TestDunningCashDiscountEdges(CashDiscountCommon):
    """Cash discount in steps where it could go wrong."""

    # ------------------------------------------------------------------
    # What core sees is not written
    # ------------------------------------------------------------------

    def _stored(self):
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT early_discount, discount_percentage FROM account_payment_term WHERE id = %s",
            [self.term.id],
        )
        return self.env.cr.fetchone()

    def test_what_core_sees_is_not_written(self):
        values = [(self.term, {"discount_percentage": 2.0})]
        inner = [(self.term, {"discount_percentage": 1.0, "early_discount": False})]
        with seen_with(values):
            self.assertEqual(self.term.discount_percentage, 2)
            self.assertEqual(self._stored(), (True, 3))
            # Not assertRaises: that rolls back, and empties the cache.
            with suppress(ZeroDivisionError), seen_with(inner):
                self.assertEqual(self.term.with_user(self.salesperson).discount_percentage, 1)
                self.assertEqual(self._stored(), (True, 3))
                raise ZeroDivisionError
            self.assertEqual((self.term.discount_percentage, self.term.early_discount), (2, True))
        self.assertEqual(self.term.discount_percentage, 3)
        self.assertEqual(self._stored(), (True, 3))
        self.term.discount_percentage = 4
        with seen_with(values):
            self.assertEqual(self._stored(), (True, 4))
        self.env.invalidate_all()
        self.assertEqual(self.term.discount_percentage, 4)

    def test_accepting_right_after_paying_leaves_the_residual_right(self):
        invoice = self._discounted(1000, taxed=True)
        other = self._discounted(500, taxed=True)
        for move, amount in ((invoice, 1127), (other, 563.5)):
            self._pay(move, amount, "2025-01-25")
        lates = self.env["o2c.late.discount"].search([("move_id", "in", (invoice | other).ids)])
        lates.action_accept()
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual((invoice | other).mapped("amount_residual"), [0, 0])
        self.assertEqual(
            (invoice | other).line_ids.filtered("date_maturity").mapped("amount_residual_currency"),
            [0, 0],
        )

    # ------------------------------------------------------------------
    # Against core
    # ------------------------------------------------------------------

    def _booked(self, payment):
        return sorted(
            (line.account_id.id, line.tax_line_id.id, line.tax_ids.ids, line.tax_tag_ids.ids,
             line.amount_currency, line.balance)
            for line in payment.move_id.line_ids
        )

    def test_like_core_with_included_taxes_and_foreign_currency(self):
        currency = self.setup_other_currency("EUR", rates=[("2024-01-01", 1.7), ("2025-01-14", 1.3)])
        included = self.tax.copy({
            "name": "Included", "amount": 7.0, "price_include_override": "tax_included",
        })
        lines = [
            Command.create({"name": "a", "price_unit": 333.33, "tax_ids": self.tax.ids}),
            Command.create({"name": "b", "price_unit": 77.77, "quantity": 3, "tax_ids": included.ids}),
            Command.create({"name": "c", "price_unit": 12.34, "discount": 10, "tax_ids": []}),
        ]
        for computation in ("included", "excluded"):
            for values in ({}, {"currency_id": currency.id}):
                with self.subTest(computation=computation, **values):
                    stepped = self._new_term(computation=computation)
                    plain = self._new_term(2.0, 20, (), computation)
                    moves = [
                        self._discounted(term=term, invoice_line_ids=lines, **values)
                        for term in (stepped, plain)
                    ]
                    payments = [
                        self._register(move, "2025-01-15")._create_payments() for move in moves
                    ]
                    self.assertEqual(*(payment.amount for payment in payments))
                    self.assertEqual(*(self._booked(payment) for payment in payments))
                    self.assertFalse(moves[0].amount_residual)

    def test_the_dialog_follows_the_date(self):
        invoice = self._discounted()
        action = self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        )
        with Form(action) as form:
            for date, amount in (
                ("2025-01-05", 970), ("2025-01-15", 980), ("2025-01-25", 1000), ("2025-01-12", 980),
                ("2024-12-20", 970),
            ):
                form.payment_date = fields.Date.to_date(date)
                self.assertEqual(form.amount, amount)
        form.save()._create_payments()
        self.assertFalse(invoice.amount_residual)

    def test_a_term_of_many_invoices_in_one_payment_in_foreign_currency(self):
        currency = self.setup_other_currency("EUR", rates=[("2024-01-01", 2.0), ("2025-01-14", 1.6)])
        invoices = self.env["account.move"].union(*(
            self._discounted(amount, date=date, taxed=True, currency_id=currency.id)
            for amount, date in ((1000, "2025-01-01"), (333.33, "2025-01-08"), (10, "2024-12-01"))
        ))
        self._register(invoices, "2025-01-15", group_payment=True)._create_payments()
        self.assertFalse(any(invoices.mapped("amount_residual")))
        self.assertTrue(all(invoices.line_ids.filtered("date_maturity").mapped("reconciled")))
        self.assertEqual(self._stored(), (True, 3))

    def test_bills_have_no_steps(self):
        bill = self._discounted(
            move_type="in_invoice", invoice_date=START, date=START
        )
        self.assertFalse(bill.sudo().o2c_cash_discount_ids)
        self.assertEqual(self._register(bill, "2025-01-05").amount, 970)
        self.assertEqual(self._register(bill, "2025-01-15").amount, 1000)

    def test_a_copy_and_a_changed_term(self):
        invoice = self._discounted()
        copy = invoice.copy()
        self.assertFalse(copy.sudo().o2c_cash_discount_ids)
        copy.invoice_date = "2025-02-01"
        copy.action_post()
        self.assertEqual(
            copy.sudo().o2c_cash_discount_ids.sorted("number").mapped("deadline"),
            [fields.Date.to_date("2025-02-11"), fields.Date.to_date("2025-02-21")],
        )
        self.term.write({"o2c_step_ids": [Command.clear()], "early_discount": False})
        self.assertEqual(self._register(invoice, "2025-01-15").amount, 980)
        payment = self._register(invoice, "2025-01-15")._create_payments()
        self.assertFalse(invoice.amount_residual)
        self.assertEqual(payment.amount, 980)

    # ------------------------------------------------------------------
    # The switch, and who decides
    # ------------------------------------------------------------------

    def test_switched_off_nothing_is_looked_up(self):
        invoice = self._discounted()
        self.company.o2c_use_dunning = False
        self.env.flush_all()
        self.env.invalidate_all()
        invoice.company_id.mapped("o2c_use_dunning")
        with self.assertQueryCount(0):
            self.env["o2c.late.discount"]._detect(invoice)

    def test_switched_off_the_terms_are_left_to_others(self):
        self.company.o2c_use_dunning = False
        partner_model = self.env.registry["res.partner"]
        with patch.object(partner_model, "_o2c_own_payment_term") as own:
            self._new_order()
            self._new_invoice(invoice_payment_term_id=None)
            own.assert_not_called()

    def test_the_term_of_a_class_is_a_credit_managers(self):
        customer_class = self.env["o2c.customer.class"].create({"name": "Key", "code": "K"})
        allocator = self._new_user("allie", "order_to_cash.group_allocation_manager")
        for user in (self.salesperson, self.collector, allocator):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                customer_class.with_user(user).o2c_payment_term_id = self.term
        customer_class.with_user(self.credit_manager).o2c_payment_term_id = self.term
        self.assertEqual(customer_class.o2c_payment_term_id, self.term)

    def test_terms_of_everybody_are_not_ones_own(self):
        general = self._new_term(name="General")
        self.env["ir.default"].set(
            "res.partner", "property_payment_term_id", general.id, company_id=self.company.id
        )
        self.assertEqual(self.customer._o2c_own_payment_term(), general)
        self.customer.o2c_class_id = self.env["o2c.customer.class"].create({
            "name": "Key", "code": "K", "o2c_payment_term_id": self.term.id,
        })
        self.assertEqual(self.customer._o2c_own_payment_term(), self.term)
        # Core keeps no value that is that of the company: it cannot be told from none.
        self.customer.property_payment_term_id = general
        self.assertEqual(self.customer._o2c_own_payment_term(), self.term)
