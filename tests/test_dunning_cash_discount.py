from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, freeze_time, new_test_user, tagged
from odoo.tools import mute_logger

from .common import O2cCommon

START = "2025-01-01"


class CashDiscountCommon(O2cCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tax = cls.company_data["default_tax_sale"]
        cls.term = cls._new_term()

    @classmethod
    def _new_term(cls, percent=3.0, days=10, later=((2.0, 20),), computation="included", **values):
        return cls.env["account.payment.term"].create({
            "name": "3 % 10, 2 % 20, net 30",
            "early_discount": True,
            "discount_percentage": percent,
            "discount_days": days,
            "early_pay_discount_computation": computation,
            "line_ids": [Command.create({"value": "percent", "value_amount": 100, "nb_days": 30})],
            "o2c_step_ids": [Command.create({"percent": p, "days": d}) for p, d in later],
            **values,
        })

    @classmethod
    def _discounted(cls, amount=1000.0, term=None, taxed=False, date=START, **values):
        move = cls.env["account.move"].create({
            "move_type": "out_invoice",
            "partner_id": cls.customer.id,
            "invoice_user_id": cls.salesperson.id,
            "invoice_date": date,
            "invoice_payment_term_id": (term or cls.term).id,
            "invoice_line_ids": [
                Command.create({
                    "name": "Goods",
                    "price_unit": amount,
                    "tax_ids": [Command.set(cls.tax.ids if taxed else [])],
                })
            ],
            **values,
        })
        move.action_post()
        return move

    def _register(self, invoices, date, **values):
        return (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=invoices.ids)
            .create({"payment_date": date, **values})
        )


@tagged("post_install", "-at_install")
class TestDunningCashDiscount(CashDiscountCommon):
    """Cash discount in steps."""

    # ------------------------------------------------------------------
    # Payment terms
    # ------------------------------------------------------------------

    def test_wrong_steps_are_refused(self):
        for later in (((3, 20),), ((4, 20),), ((2, 10),), ((2, 30),), ((0, 20),), ((2, 20), (1, 15))):
            with self.subTest(later=later), self.assertRaises(ValidationError), self.cr.savepoint():
                self._new_term(later=later)

    def test_changing_core_fields_of_a_term_checks_the_steps(self):
        for values in (
            {"early_discount": False},
            {"discount_percentage": 2},
            {"discount_days": 25},
            {"line_ids": [Command.update(self.term.line_ids.id, {"nb_days": 20})]},
        ):
            with self.subTest(values=values), self.assertRaises(ValidationError), self.cr.savepoint():
                self.term.write(values)

    def test_the_preview_names_every_step(self):
        self.assertIn("970", self.term.example_preview_discount)
        self.assertIn("980", self.term.example_preview_discount)
        self.assertNotIn("&lt;", self.term.example_preview_discount)

    def test_steps_are_copied_with_the_term(self):
        # Core names the copy from within a comprehension, where it finds no language.
        with mute_logger("odoo.tools.translate"):
            copy = self.term.copy()
        self.assertEqual(copy.o2c_step_ids.mapped("percent"), [2])

    def test_own_term_then_that_of_the_class(self):
        own = self._new_term(name="Own")
        customer_class = self.env["o2c.customer.class"].create({
            "name": "Key", "code": "K", "o2c_payment_term_id": self.term.id,
        })
        self.customer.o2c_class_id = customer_class
        with Form(self.env["account.move"].with_context(default_move_type="out_invoice")) as form:
            form.partner_id = self.customer
            self.assertEqual(form.invoice_payment_term_id, self.term)
        self.assertEqual(self._new_order().payment_term_id, self.term)
        self.assertEqual(self.customer._o2c_own_payment_term(), self.term)
        self.customer.property_payment_term_id = own
        self.assertEqual(self._new_order().payment_term_id, own)
        self.customer.property_payment_term_id = False
        self.company.o2c_use_dunning = False
        self.assertFalse(self._new_order().payment_term_id)

    # ------------------------------------------------------------------
    # Posting
    # ------------------------------------------------------------------

    def test_posting_freezes_the_steps(self):
        invoice = self._discounted()
        steps = invoice.sudo().o2c_cash_discount_ids
        self.assertRecordValues(steps.sorted("number"), [
            {"percent": 3, "deadline": fields.Date.to_date("2025-01-11"), "amount_to_pay": 970,
             "discount": 30, "balance_to_pay": 970},
            {"percent": 2, "deadline": fields.Date.to_date("2025-01-21"), "amount_to_pay": 980,
             "discount": 20, "balance_to_pay": 980},
        ])
        self.term.o2c_step_ids.percent = 1
        self.term.discount_percentage = 5
        self.assertEqual(self._register(invoice, "2025-01-15").amount, 980)
        self.assertEqual(self._register(invoice, "2025-01-05").amount, 970)

    def test_posting_again_keeps_what_is_the_same(self):
        invoice = self._discounted()
        invoice.sudo().o2c_cash_discount_ids[0].reminded_on = START
        before = invoice.sudo().o2c_cash_discount_ids
        invoice.button_draft()
        invoice.action_post()
        self.assertEqual(invoice.sudo().o2c_cash_discount_ids, before)
        invoice.button_draft()
        invoice.invoice_line_ids.price_unit = 500
        invoice.action_post()
        self.assertEqual(
            invoice.sudo().o2c_cash_discount_ids.sorted("number").mapped("amount_to_pay"), [485, 490]
        )
        invoice.button_draft()
        invoice.invoice_payment_term_id = False
        invoice.action_post()
        self.assertFalse(invoice.sudo().o2c_cash_discount_ids)

    def test_a_company_without_dunning_has_core_only(self):
        self.company.o2c_use_dunning = False
        invoice = self._discounted()
        self.assertFalse(invoice.sudo().o2c_cash_discount_ids)
        self.assertEqual(self._register(invoice, "2025-01-05").amount, 970)
        self.assertEqual(self._register(invoice, "2025-01-15").amount, 1000)

    # ------------------------------------------------------------------
    # Paying
    # ------------------------------------------------------------------

    def test_a_payment_takes_the_step_of_its_date(self):
        for date, amount in (
            ("2025-01-01", 970), ("2025-01-11", 970), ("2025-01-12", 980), ("2025-01-21", 980),
            ("2025-01-22", 1000),
        ):
            with self.subTest(date=date):
                invoice = self._discounted()
                wizard = self._register(invoice, date)
                self.assertEqual(wizard.amount, amount)
                payment = wizard._create_payments()
                self.assertEqual(payment.amount, amount)
                self.assertTrue(invoice.line_ids.filtered("date_maturity").reconciled)
                self.assertFalse(invoice.amount_residual)
                self.assertFalse(self.env["o2c.late.discount"].search([("move_id", "=", invoice.id)]))

    def _booked(self, payment):
        return sorted(
            (line.account_id.id, line.tax_line_id.id, line.tax_ids.ids, line.tax_tag_ids.ids,
             line.amount_currency, line.balance)
            for line in payment.move_id.line_ids
        )

    def test_the_second_step_books_what_core_books_for_a_term_of_that_step(self):
        for computation in ("included", "excluded"):
            for amount in (1000.0, 333.33, 87.65):
                with self.subTest(computation=computation, amount=amount):
                    stepped = self._new_term(computation=computation)
                    plain = self._new_term(2.0, 20, (), computation)
                    ours = self._discounted(amount, stepped, taxed=True)
                    core = self._discounted(amount, plain, taxed=True)
                    payments = [
                        self._register(invoice, "2025-01-15")._create_payments()
                        for invoice in (ours, core)
                    ]
                    self.assertEqual(*(self._booked(payment) for payment in payments))
                    self.assertFalse(ours.amount_residual)

    def test_mixed_discounts_the_tax_once_by_the_first_step(self):
        term = self._new_term(computation="mixed")
        invoice = self._discounted(1000, term, taxed=True)
        self.assertEqual(invoice.amount_tax, 145.5)
        payment = self._register(invoice, "2025-01-15")._create_payments()
        self.assertEqual(payment.amount, 1125.5)
        self.assertFalse(invoice.amount_residual)

    def test_several_invoices_in_one_payment_each_by_its_own_step(self):
        first = self._discounted(date="2025-01-01", taxed=True)
        second = self._discounted(date="2025-01-08", taxed=True)
        third = self._discounted(date="2024-12-01", taxed=True)
        invoices = first | second | third
        wizard = self._register(invoices, "2025-01-15", group_payment=True)
        self.assertEqual(wizard.amount, 1127 + 1115.5 + 1150)
        wizard._create_payments()
        self.assertFalse(any(invoices.mapped("amount_residual")))

    def test_several_payments_at_once(self):
        invoices = self._discounted(date="2025-01-01") | self._discounted(date="2025-01-08")
        payments = self._register(invoices, "2025-01-15", group_payment=False)._create_payments()
        self.assertEqual(sorted(payments.mapped("amount")), [970, 980])
        self.assertFalse(any(invoices.mapped("amount_residual")))

    def test_in_foreign_currency(self):
        currency = self.setup_other_currency("EUR", rates=[("2024-01-01", 2.0), ("2025-01-14", 1.6)])
        invoice = self._discounted(currency_id=currency.id, taxed=True)
        step = invoice.sudo().o2c_cash_discount_ids.sorted("number")[1]
        self.assertEqual((step.amount_to_pay, step.balance_to_pay), (1127, 563.5))
        wizard = self._register(invoice, "2025-01-15")
        self.assertEqual((wizard.currency_id, wizard.amount), (currency, 1127))
        wizard._create_payments()
        self.assertFalse(invoice.amount_residual)
        self.assertTrue(invoice.line_ids.filtered("date_maturity").reconciled)

    def test_by_the_smallest_coin(self):
        rounding = self.env["account.cash.rounding"].create({
            "name": "0.05", "rounding": 0.05, "strategy": "add_invoice_line",
            "profit_account_id": self.company_data["default_account_revenue"].id,
            "loss_account_id": self.company_data["default_account_expense"].id,
            "rounding_method": "HALF-UP",
        })
        invoice = self._discounted(100.65, invoice_cash_rounding_id=rounding.id)
        self.assertEqual(
            invoice.sudo().o2c_cash_discount_ids.sorted("number").mapped("amount_to_pay"), [97.65, 98.65]
        )
        self._register(invoice, "2025-01-15")._create_payments()
        self.assertFalse(invoice.amount_residual)

    def test_after_a_partial_payment_nothing_is_taken_off(self):
        invoice = self._discounted()
        self._pay(invoice, 500, "2025-01-05")
        self.assertEqual(self._register(invoice, "2025-01-06").amount, 500)
        self.assertFalse(invoice._o2c_next_discount(fields.Date.to_date("2025-01-06")))

    def test_credit_notes_have_no_discount(self):
        refund = self._discounted(move_type="out_refund")
        self.assertFalse(refund.sudo().o2c_cash_discount_ids)
        self.assertEqual(self._register(refund, "2025-01-05").amount, 1000)

    # ------------------------------------------------------------------
    # The next discount
    # ------------------------------------------------------------------

    def test_the_next_deadline_and_amount(self):
        invoice = self._discounted()
        plain = self._new_invoice(amount=100, date=START)
        for day, expected in (
            ("2025-01-05", ("2025-01-11", 3, 30, 970)),
            ("2025-01-12", ("2025-01-21", 2, 20, 980)),
            ("2025-01-22", None),
        ):
            with self.subTest(day=day):
                found = (invoice | plain)._o2c_next_discount(fields.Date.to_date(day))
                self.assertNotIn(plain.id, found)
                offer = found.get(invoice.id)
                self.assertEqual(
                    offer
                    and (str(offer.deadline), offer.percent, offer.discount, offer.to_pay),
                    expected,
                )

    @freeze_time("2025-01-15")
    def test_the_portal_offers_the_step_of_today(self):
        values = self._discounted()._get_invoice_next_payment_values()
        self.assertEqual(values["installment_state"], "epd")
        self.assertEqual(values["amount_due"], 980)
        self.assertEqual(values["discount_date"], "2025-01-21")
        self.assertEqual(values["epd_discount_amount_currency"], 20)

    def test_the_invoice_prints_every_step(self):
        invoice = self._discounted()
        html = self.env["ir.actions.report"]._render_qweb_html(
            "account.report_invoice", invoice.ids
        )[0].decode()
        self.assertIn("970.00", html)
        self.assertIn("980.00", html)
        self.assertIn("2 %", invoice.o2c_discount_note)

    def test_the_letter_names_what_can_still_be_saved(self):
        self.customer.o2c_payer_id = self.other_customer
        old = self._new_invoice(self.customer, 100, date="2024-12-01")
        invoice = self._discounted()
        run = self.env["o2c.dunning.run"].create({"date": "2025-01-15"})
        run.action_propose()
        notice = run.notice_ids
        self.assertEqual(notice.partner_id, self.other_customer)
        report = self.env["report.order_to_cash.report_dunning_notice"]
        (letter,) = report._letters(notice)
        (offer,) = letter["discounts"]
        self.assertEqual((offer.name, offer.to_pay, offer.percent), (invoice.name, 980, "2"))
        html = self.env["ir.actions.report"]._render_qweb_html(
            "order_to_cash.report_dunning_notice", notice.ids
        )[0].decode()
        self.assertIn("980.00", html)
        self.assertIn(old.name, html)
        self._pay(invoice, 500, "2025-01-15")
        self.assertFalse(report._letters(notice)[0]["discounts"])

    def test_the_steps_of_many_invoices_take_one_query(self):
        invoices = self.env["account.move"].union(*(self._discounted() for _ in range(5)))
        self.env.flush_all()
        self.env.invalidate_all()
        with self.assertQueryCount(8):
            self.assertEqual(
                len(invoices._o2c_next_discount(fields.Date.to_date("2025-01-05"))), 5
            )

    # ------------------------------------------------------------------
    # Taken late
    # ------------------------------------------------------------------

    def _late(self, invoice):
        return self.env["o2c.late.discount"].search([("move_id", "=", invoice.id)])

    def test_a_discount_taken_late_is_flagged(self):
        invoice = self._discounted()
        self._pay(invoice, 970, "2025-01-20")
        self.assertRecordValues(self._late(invoice), [{
            "amount": 30, "percent": 3, "days_late": 9, "state": "open",
            "paid_on": fields.Date.to_date("2025-01-20"),
        }])

    def test_a_partial_payment_is_no_discount(self):
        invoice = self._discounted()
        self._pay(invoice, 500, "2025-01-25")
        self.assertFalse(self._late(invoice))
        self._pay(invoice, 480, "2025-01-26")
        self.assertEqual(self._late(invoice).percent, 2)
        self._pay(invoice, 20, "2025-01-27")
        self.assertFalse(self._late(invoice))

    def test_accepting_books_the_discount_and_closes_the_invoice(self):
        for computation, amount, account in (
            ("included", 1127, {"tax": 3, "loss": 20}), ("excluded", 1130, {"tax": 0, "loss": 20}),
        ):
            with self.subTest(computation=computation):
                term = self._new_term(computation=computation)
                invoice = self._discounted(1000, term, taxed=True)
                self._pay(invoice, amount, "2025-01-25")
                late = self._late(invoice)
                late.with_user(self.collector).action_accept()
                self.assertEqual(late.state, "accepted")
                self.assertEqual(late.decided_by_id, self.collector)
                self.assertFalse(invoice.amount_residual)
                tax = late.entry_id.line_ids.filtered("tax_line_id")
                self.assertEqual(sum(tax.mapped("balance")), account["tax"])
                loss = self.company.account_journal_early_pay_discount_loss_account_id
                self.assertEqual(
                    sum(late.entry_id.line_ids.filtered(
                        lambda line, loss=loss: line.account_id == loss
                    ).mapped("balance")),
                    account["loss"],
                )

    def test_accepting_in_foreign_currency(self):
        currency = self.setup_other_currency("EUR", rates=[("2024-01-01", 2.0), ("2025-01-14", 1.6)])
        invoice = self._discounted(currency_id=currency.id, taxed=True)
        self._pay(invoice, 1127, "2025-01-25")
        self._late(invoice).action_accept()
        self.assertFalse(invoice.amount_residual)
        self.assertTrue(invoice.line_ids.filtered("date_maturity").reconciled)

    def test_claiming_leaves_the_rest_open_and_is_not_asked_again(self):
        invoice = self._discounted()
        self._pay(invoice, 980, "2025-01-25")
        late = self._late(invoice)
        run = self.env["o2c.dunning.run"].create({})
        items, parts, _stops = run._gather_claims(invoice.partner_id.ids)
        self.assertFalse(items)
        self.assertEqual([(part.kind, part.amount) for part in parts], [("discount", 20)])
        late.with_user(self.collector).action_claim()
        self.assertEqual((late.state, invoice.amount_residual), ("claimed", 20))
        self.assertEqual(len(run._gather_open_items(invoice.partner_id.ids)), 1)
        self.env["o2c.late.discount"]._detect(invoice)
        self.assertEqual(self._late(invoice), late)
        with self.assertRaises(UserError):
            late.action_accept()

    def test_accepting_what_has_changed_or_in_a_closed_period_is_refused(self):
        invoice = self._discounted()
        self._pay(invoice, 980, "2025-01-25")
        late = self._late(invoice)
        with self.assertRaises(UserError), self.cr.savepoint():
            late.sudo().amount = 19
            late.action_accept()
        self.company.fiscalyear_lock_date = fields.Date.today()
        with self.assertRaises(UserError), self.cr.savepoint():
            late.action_accept()

    def test_salespeople_see_their_own_and_decide_nothing(self):
        own, other = self._discounted(), self._discounted(invoice_user_id=self.other_salesperson.id)
        for invoice in (own, other):
            self._pay(invoice, 980, "2025-01-25")
        late = self.env["o2c.late.discount"].with_user(self.salesperson).search([])
        self.assertEqual(late.move_id, own)
        steps = self.env["o2c.cash.discount"].with_user(self.salesperson).search([])
        self.assertEqual(steps.move_id, own)
        for action in ("action_accept", "action_claim"):
            with self.assertRaises(AccessError):
                getattr(late, action)()
        with self.assertRaises(AccessError):
            self._late(own).with_user(self.collector).state = "accepted"

    def test_an_accountant_without_our_rights_takes_the_step(self):
        accountant = new_test_user(
            self.env, login="accountant", groups="account.group_account_invoice",
            company_id=self.company.id,
        )
        invoice = self._discounted().with_user(accountant)
        wizard = self.env["account.payment.register"].with_user(accountant).with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({"payment_date": "2025-01-15"})
        self.assertEqual(wizard.amount, 980)
        wizard._create_payments()
        self.assertFalse(invoice.amount_residual)

    # ------------------------------------------------------------------
    # Reminders
    # ------------------------------------------------------------------

    def _remind(self):
        return self.env["o2c.cash.discount"]._remind(self.company)

    def _mails(self):
        return self.env["mail.mail"].search([("model", "=", "o2c.cash.discount")])

    @freeze_time("2025-01-08")
    def test_customers_are_written_to_before_a_step_ends_and_once(self):
        invoice = self._discounted()
        self.assertFalse(self._remind())
        self.company.o2c_discount_reminder_days = 3
        self.assertTrue(self._remind())
        mail = self._mails()
        self.assertEqual(len(mail), 1)
        self.assertEqual(mail.recipient_ids, self.customer)
        self.assertIn("970.00", mail.body_html)
        self.assertIn(invoice.name, mail.subject)
        self.assertFalse(self._remind())
        with freeze_time("2025-01-19"):
            self.assertTrue(self._remind())
            self.assertFalse(self._remind())
        self.assertEqual(len(self._mails()), 2)

    @freeze_time("2025-01-08")
    def test_who_is_not_written_to(self):
        self.company.o2c_discount_reminder_days = 3
        cases = {
            "paid": lambda move: self._pay(move, 970, "2025-01-05"),
            "partly paid": lambda move: self._pay(move, 100, "2025-01-05"),
            "blocked": lambda move: move.action_toggle_block_payment(),
            "not followed up": lambda move: move.write({"no_followup": True}),
            "blocked by us": lambda move: self.env["o2c.dunning.block"].create({
                "invoice_id": move.id, "reason": "Talks",
            }),
            "disputed": lambda move: self.env["o2c.payment.dispute"].create({
                "invoice_id": move.id, "reason": "quality", "amount": 10,
            }),
            "draft": lambda move: move.button_draft(),
            "term": lambda move: move.invoice_payment_term_id.write({"o2c_remind_discount": False}),
        }
        for name, stop in cases.items():
            with self.subTest(name):
                stop(self._discounted(term=self._new_term()))
                self.assertFalse(self._remind())
        self._discounted()
        self.assertTrue(self._remind())

    @freeze_time("2025-01-08")
    def test_in_the_language_of_the_customer_and_of_a_blocked_customer_not_at_all(self):
        self.company.o2c_discount_reminder_days = 3
        self._discounted()
        block = self.env["o2c.dunning.block"].create({
            "partner_id": self.customer.id, "reason": "Talks",
        })
        self.assertFalse(self._remind())
        block.action_lift()
        self.assertTrue(self._remind())

    def test_the_step_of_the_day_reminds_where_dunning_is_on(self):
        def keys():
            return [step.key for step in self.env["o2c.daily.step"].steps(self.company)]

        self.assertIn("cash_discount", keys())
        self.company.o2c_use_dunning = False
        self.assertNotIn("cash_discount", keys())
