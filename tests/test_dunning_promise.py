from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .test_dunning_run import DATE, DunningCommon


@tagged("post_install", "-at_install")
class TestDunningPromise(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls._new_invoice(amount=100)

    def _promise(self, amount, date, invoices=None, **values):
        return self.env["o2c.payment.promise"].create({
            "partner_id": self.customer.id,
            "amount": amount,
            "date": date,
            "invoice_ids": [Command.set((invoices or self.env["account.move"]).ids)],
            **values,
        })

    def test_nobody_is_reminded_of_what_is_promised_until_its_day(self):
        promise = self._promise(100, "2025-03-20", self.invoice)
        self.assertFalse(self._propose("2025-03-10").notice_ids)
        self.assertFalse(self._propose("2025-03-20").notice_ids)
        self.assertEqual(promise.state, "open")
        notice = self._propose("2025-03-21").notice_ids
        self.assertEqual(notice.total_overdue, 100)
        self.assertTrue(notice.has_broken_promise)
        self.assertEqual(promise.state, "broken")
        self.assertFalse(self._propose("2025-03-10").notice_ids, "a past run is as it was")

    def test_a_promise_kept(self):
        promise = self._promise(60, "2025-03-20", self.invoice)
        self._pay(self.invoice, 60, "2025-03-15")
        self.assertEqual((promise.state, promise.paid_amount), ("kept", 60))
        notice = self._propose().notice_ids
        self.assertEqual(notice.total_overdue, 40)
        self.assertFalse(notice.has_broken_promise)

    def test_paid_late_is_broken(self):
        promise = self._promise(100, "2025-03-20", self.invoice)
        self._pay(self.invoice, 40, "2025-03-20")
        self._pay(self.invoice, 60, "2025-03-21")
        self._propose()
        self.assertEqual((promise.state, promise.paid_amount), ("broken", 100))

    def test_a_promise_covers_its_amount_only(self):
        self._promise(60, "2025-04-20", self.invoice)
        notice = self._propose().notice_ids
        self.assertEqual((notice.total_overdue, notice.total_stopped), (40, 60))
        self.assertRecordValues(notice.item_ids, [{"kind": "promised", "is_part": True}])
        self.assertEqual(str(notice.item_ids.until), "2025-04-20")
        # What is paid of it is not covered twice.
        self._pay(self.invoice, 50, "2025-03-01")
        notice = self._propose().notice_ids
        self.assertEqual((notice.total_overdue, notice.total_stopped), (40, 10))

    def test_without_invoices_the_oldest_come_first(self):
        self._new_invoice(amount=50, date="2025-02-01")
        self._promise(120, "2025-04-20")
        notice = self._propose().notice_ids
        self.assertEqual(notice.total_overdue, 30)
        self.assertEqual(notice.item_ids.mapped("amount"), [100, 20])

    def test_payments_that_are_not_allocated_keep_an_open_promise(self):
        promise = self._promise(70, "2025-04-20")
        self.env["account.payment"].create({
            "partner_id": self.customer.id,
            "amount": 70,
            "date": "2025-04-10",
            "payment_type": "inbound",
            "partner_type": "customer",
        }).action_post()
        self.assertEqual((promise.state, promise.paid_amount), ("kept", 70))
        self._propose("2025-04-30")
        self.assertEqual(promise.state, "kept")

    def test_a_credit_keeps_a_promise_and_earlier_payments_do_not(self):
        self._pay(self.invoice, 30, "2025-01-15")
        promise = self._promise(70, "2025-03-20", self.invoice)
        self._propose("2025-03-10")
        self.assertEqual((promise.state, promise.paid_amount), ("open", 0))
        refund = self._new_invoice(amount=-70, date="2025-03-05")
        (refund | self.invoice).line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        ).reconcile()
        self.assertEqual(promise.state, "kept")

    def test_a_payment_taken_back_opens_the_promise_again(self):
        promise = self._promise(100, "2025-03-20", self.invoice)
        self._pay(self.invoice, date="2025-03-15")
        self.assertEqual(promise.state, "kept")
        self.invoice.line_ids.remove_move_reconcile()
        self.assertEqual((promise.state, promise.paid_amount), ("open", 0))
        self._propose()
        self.assertEqual(promise.state, "broken")

    def test_two_promises_do_not_count_a_payment_twice(self):
        first = self._promise(50, "2025-03-10", self.invoice)
        second = self._promise(50, "2025-03-25", self.invoice)
        self.assertFalse(self._propose("2025-03-05").notice_ids)
        self._pay(self.invoice, 50, "2025-03-08")
        self.assertEqual((first.state, second.state), ("kept", "open"))
        self.assertFalse(self._propose("2025-03-15").notice_ids)
        notice = self._propose().notice_ids
        self.assertEqual((notice.total_overdue, second.state), (50, "broken"))

    def test_a_promise_in_another_currency(self):
        euro = self.setup_other_currency("EUR", rates=[("2020-01-01", 0.5)])
        promise = self._promise(30, "2025-04-20", self.invoice, currency_id=euro.id)
        self.assertEqual((promise.currency_id, promise.amount_company), (euro, 60))
        notice = self._propose().notice_ids
        self.assertEqual((notice.total_overdue, notice.total_stopped), (40, 60))
        self._pay(self.invoice, 60, "2025-04-01")
        self.assertEqual((promise.state, promise.paid_amount), ("kept", 30))

    def test_who_broke_a_promise_comes_first(self):
        self._new_invoice(self.other_customer, 500)
        self._promise(
            100, "2025-03-20", partner_id=self.other_customer.id,
        )
        notices = self._propose().notice_ids
        self.assertEqual(notices.sorted("number")[0].partner_id, self.other_customer)
        self.assertEqual(notices.mapped("has_broken_promise"), [True, False])

    def test_a_promise_of_the_payer_covers_what_he_pays_for_others(self):
        self.other_customer.o2c_payer_id = self.customer
        self._new_invoice(self.other_customer, 80)
        self._promise(180, "2025-04-20")
        self.assertFalse(self._propose().notice_ids)

    def test_a_withdrawn_promise_stops_nothing(self):
        promise = self._promise(100, "2025-04-20", self.invoice)
        promise.action_archive()
        self.assertEqual(self._propose().notice_ids.total_overdue, 100)

    def test_the_days_cycle_breaks_promises(self):
        promise = self._promise(100, "2025-03-20", self.invoice)
        future = self._promise(100, "2999-03-20", self.invoice)
        self.env["o2c.payment.promise"]._refresh(self.company)
        self.assertEqual((promise.state, future.state), ("broken", "open"))

    def test_defaults_and_the_commercial_partner(self):
        contact = self.env["res.partner"].create({
            "name": "Ada", "parent_id": self.customer.id,
        })
        promise = self.env["o2c.payment.promise"].create({
            "partner_id": contact.id,
            "invoice_ids": [Command.set(self.invoice.ids)],
            "date": "2025-04-01",
        })
        self.assertRecordValues(promise, [{
            "partner_id": self.customer.id,
            "amount": 100,
            "currency_id": self.company.currency_id.id,
            "company_id": self.company.id,
            "made_by_id": self.env.uid,
            "state": "open",
        }])

    def test_what_makes_no_sense_is_refused(self):
        foreign = self._new_invoice(self.other_customer, 50)
        refund = self._new_invoice(amount=-50)
        for attempt in (
            lambda: self._promise(0, DATE, self.invoice),
            lambda: self._promise(-5, DATE, self.invoice),
            lambda: self._promise(50, DATE, foreign),
            lambda: self._promise(50, DATE, refund),
        ):
            with self.assertRaises(ValidationError), self.cr.savepoint():
                attempt()
        promise = self._promise(50, DATE, self.invoice)
        with self.assertRaises(UserError), self.cr.savepoint():
            promise.state = "kept"
        with self.assertRaises(UserError), self.cr.savepoint():
            self._promise(50, DATE, self.invoice, state="kept")

    def test_salespeople_record_promises_of_their_own_customers(self):
        self.customer.user_id = self.salesperson
        foreign = self._new_invoice(
            self.other_customer, 50, invoice_user_id=self.other_salesperson.id
        )
        Promise = self.env["o2c.payment.promise"].with_user(self.salesperson)
        own = Promise.create({
            "partner_id": self.customer.id,
            "invoice_ids": [Command.set(self.invoice.ids)],
            "amount": 50,
            "date": "2025-04-01",
        })
        self.assertEqual(Promise.search([]), own)
        with self.assertRaises(AccessError), self.cr.savepoint():
            Promise.create({
                "partner_id": self.other_customer.id,
                "invoice_ids": [Command.set(foreign.ids)],
                "amount": 50,
                "date": "2025-04-01",
            })
        with self.assertRaises(AccessError), self.cr.savepoint():
            own.write({"amount": 10})
        with self.assertRaises(AccessError), self.cr.savepoint():
            self._promise(10, DATE, foreign, partner_id=self.other_customer.id).with_user(
                self.salesperson
            ).read(["amount"])

    def test_companies_and_branches(self):
        other = self._new_company()
        stranger = self._new_user("steve", "order_to_cash.group_collector", company=other)
        promise = self._promise(100, "2025-04-20")
        self.assertFalse(self.env["o2c.payment.promise"].with_user(stranger).search([]))
        branch = self.env["res.company"].create({
            "name": "Branch", "parent_id": self.company.id,
        })
        self.cr.precommit.run()
        self.env.user.company_ids += branch
        move = self.env["account.move"].with_company(branch).create({
            "move_type": "out_invoice",
            "partner_id": self.customer.id,
            "invoice_date": "2025-01-01",
            "invoice_date_due": "2025-01-01",
            "invoice_line_ids": [
                Command.create({"name": "Goods", "price_unit": 30, "tax_ids": []})
            ],
        })
        move.action_post()
        self.assertEqual(self._propose().notice_ids.total_overdue, 30)
        promise.amount = 130
        self.assertFalse(self._propose().notice_ids)
        self.assertFalse(self._propose(company_id=branch.id).notice_ids)
        of_branch = self._promise(30, "2025-04-20", move)
        self.assertEqual(of_branch.company_id, branch)
