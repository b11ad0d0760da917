from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged

from .test_dunning_run import DATE, DunningCommon


@tagged("post_install", "-at_install")
class TestDunningDispute(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls._new_invoice(amount=100)

    def _dispute(self, amount=None, invoice=None, **values):
        if amount is not None:
            values["amount"] = amount
        return self.env["o2c.payment.dispute"].create({
            "invoice_id": (invoice or self.invoice).id,
            "reason": "Two crates were broken.",
            **values,
        })

    def _letter(self, notice):
        report = self.env["ir.actions.report"]
        content, _kind = report._render_qweb_html(
            "order_to_cash.report_dunning_notice", notice.ids
        )
        return content.decode()

    def test_only_the_disputed_part_leaves_the_claim(self):
        self._new_invoice(amount=50)
        self._dispute(40)
        notice = self._propose().notice_ids
        self.assertEqual(sorted(notice.line_ids.mapped("amount")), [50, 60])
        self.assertRecordValues(notice, [{
            "total_overdue": 110, "total_open": 110, "total_stopped": 40,
        }])
        self.assertRecordValues(notice.item_ids, [{
            "move_id": self.invoice.id, "kind": "disputed", "amount": 40, "is_part": True,
        }])
        line = notice.line_ids.filtered(lambda line: line.move_id == self.invoice)
        self.assertEqual(line.amount_stopped, 40)
        letter = self._letter(notice)
        self.assertIn("Disputed", letter)
        self.assertIn("listed below", letter)

    def test_an_invoice_disputed_in_full_is_listed_and_no_line(self):
        other = self._new_invoice(amount=50)
        self._dispute()
        notice = self._propose().notice_ids
        self.assertEqual(notice.line_ids.move_id, other)
        self.assertEqual(notice.item_ids.move_id, self.invoice)
        self.assertFalse(notice.item_ids.is_part)
        self.assertIn(self.invoice.name, self._letter(notice))

    def test_who_has_nothing_else_open_gets_no_reminder(self):
        self._dispute()
        self.assertFalse(self._propose().notice_ids)

    def test_payments_of_the_undisputed_part_leave_no_claim(self):
        self._dispute(30)
        self._pay(self.invoice, 70, "2025-02-01")
        self.assertFalse(self._propose().notice_ids)
        self.assertEqual(self._propose("2025-01-20").notice_ids.total_overdue, 70)

    def test_a_dispute_that_comes_before_sending_counts(self):
        self._new_invoice(self.other_customer, 80)
        run = self._propose()
        self._dispute(40)
        disputed = self.env["account.move"].search([
            ("partner_id", "=", self.other_customer.id), ("state", "=", "posted"),
        ])
        self._dispute(invoice=disputed)
        mine, other = run.notice_ids.sorted("total_overdue", reverse=True)
        run.action_send()
        self.assertEqual((mine.state, mine.total_overdue), ("sent", 60))
        self.assertEqual(mine.item_ids.amount, 40)
        self.assertEqual(other.state, "skipped")
        self.assertFalse(other.sent_on)
        # Once it is resolved, the customer is reminded like anybody else.
        disputes = self.env["o2c.payment.dispute"].search([("invoice_id", "=", disputed.id)])
        disputes.resolution = "He pays."
        disputes.action_resolve()
        self.assertEqual(
            self._propose(partner_ids=self.other_customer.ids).notice_ids.state, "proposed"
        )

    def test_resolving_brings_the_claim_back(self):
        dispute = self._dispute()
        with self.assertRaises(UserError):
            dispute.action_resolve()
        dispute.resolution = "The photos show no damage."
        dispute.action_resolve()
        self.assertEqual((dispute.state, dispute.resolved_by_id), ("resolved", self.env.user))
        self.assertTrue(dispute.resolved_on)
        self.assertEqual(self._propose().notice_ids.total_overdue, 100)
        dispute.action_reopen()
        self.assertFalse(dispute.resolved_on)
        self.assertFalse(self._propose().notice_ids)

    def test_as_of_a_past_day_disputes_stand_as_they_stood(self):
        dispute = self._dispute(opened_on="2025-02-01", resolution="Agreed.")
        dispute.write({"state": "resolved", "resolved_on": "2025-03-01"})
        for date, stands in [
            ("2025-01-31", False), ("2025-02-01", True), ("2025-02-28", True),
            ("2025-03-01", False), (DATE, False),
        ]:
            with self.subTest(date):
                self.assertEqual(not self._propose(date).notice_ids, stands)

    def test_the_owner_gets_an_activity(self):
        dispute = self._dispute(user_id=self.salesperson.id, deadline="2025-04-15")
        activity = dispute.activity_ids
        self.assertEqual(activity.user_id, self.salesperson)
        self.assertEqual(str(activity.date_deadline), "2025-04-15")
        dispute.user_id = self.collector
        self.assertEqual(dispute.activity_ids.user_id, self.collector)
        dispute.resolution = "Done."
        dispute.with_user(self.collector).action_resolve()
        self.assertFalse(dispute.activity_ids)

    def test_late_disputes_are_found(self):
        late = self._dispute(10, deadline="2025-01-15")
        self._dispute(10, deadline="2999-01-15")
        Dispute = self.env["o2c.payment.dispute"]
        self.assertTrue(late.is_late)
        self.assertEqual(Dispute.search([("is_late", "=", True)]), late)
        self.assertNotIn(late, Dispute.search([("is_late", "=", False)]))

    def test_amounts_that_make_no_sense_are_refused(self):
        for amount in (0, -5, 100.01):
            with self.subTest(amount), self.assertRaises(ValidationError), self.cr.savepoint():
                self._dispute(amount)
        self._dispute(60)
        with self.assertRaises(ValidationError), self.cr.savepoint():
            self._dispute(50)
        self.assertEqual(self._dispute().amount, 40)

    def test_documents_that_are_no_claim_cannot_be_disputed(self):
        refund = self._new_invoice(amount=-20)
        draft = self._new_invoice(amount=20)
        draft.button_draft()
        paid = self._new_invoice(amount=20)
        self._pay(paid)
        for document in (refund, draft, paid):
            with self.assertRaises(ValidationError), self.cr.savepoint():
                self._dispute(10, invoice=document)

    def test_paid_and_cancelled_invoices_close_their_disputes(self):
        cancelled = self._new_invoice(amount=30)
        disputes = self._dispute(40) + self._dispute(30, invoice=cancelled)
        self._pay(self.invoice)
        cancelled.button_draft()
        self.assertEqual(disputes.mapped("state"), ["resolved", "open"])
        cancelled.button_cancel()
        self.assertEqual(disputes.mapped("state"), ["resolved", "resolved"])
        self.assertTrue(all(disputes.mapped("resolution")))

    def test_a_credit_note_settles_what_was_disputed(self):
        first, second = self._dispute(40), self._dispute(30)
        refund = self._new_invoice(amount=-50, date="2025-02-05")
        (refund | self.invoice).line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        ).reconcile()
        self.assertRecordValues(first | second, [
            {"amount": 40, "state": "resolved"}, {"amount": 20, "state": "open"},
        ])

    def test_the_amount_is_in_the_currency_of_the_invoice(self):
        euro = self.setup_other_currency("EUR", rates=[("2020-01-01", 0.5)])
        invoice = self._new_invoice(amount=80, currency_id=euro.id)
        dispute = self._dispute(30, invoice=invoice)
        self.assertEqual((dispute.currency_id, dispute.amount_company), (euro, 60))
        notice = self._propose().notice_ids.filtered(lambda notice: notice.currency_id == euro)
        self.assertRecordValues(notice, [{
            "total_overdue": 50, "total_overdue_company": 100, "total_stopped": 30,
        }])

    def test_the_oldest_instalment_is_disputed_first(self):
        line = self.invoice.line_ids.filtered("date_maturity")
        self.assertEqual(len(line), 1)
        term = self.env["account.payment.term"].create({
            "name": "Halves",
            "line_ids": [
                (0, 0, {"value": "percent", "value_amount": 50, "nb_days": 0}),
                (0, 0, {"value": "percent", "value_amount": 50, "nb_days": 10}),
            ],
        })
        invoice = self._new_invoice(
            self.other_customer, 200, date="2025-01-01", due=False,
            invoice_payment_term_id=term.id,
        )
        self._dispute(130, invoice=invoice)
        notice = self._propose(partner_ids=self.other_customer.ids).notice_ids
        self.assertEqual(notice.line_ids.mapped("amount"), [70])
        self.assertEqual(notice.item_ids.mapped("amount"), [100, 30])

    def test_salespeople_dispute_their_own_invoices_only(self):
        self.customer.user_id = self.salesperson
        foreign = self._new_invoice(
            self.other_customer, 50, invoice_user_id=self.other_salesperson.id
        )
        Dispute = self.env["o2c.payment.dispute"].with_user(self.salesperson)
        own = Dispute.create({
            "invoice_id": self.invoice.id, "amount": 10, "reason": "Scratched",
        })
        self.assertEqual(own.user_id, self.salesperson)
        with self.assertRaises(AccessError), self.cr.savepoint():
            Dispute.create({"invoice_id": foreign.id, "amount": 10, "reason": "Scratched"})
        for attempt in (lambda: own.write({"amount": 100}), own.unlink):
            with self.assertRaises(AccessError), self.cr.savepoint():
                attempt()
        # What he owns he may resolve; what others own he may not.
        others = self._dispute(20, user_id=self.collector.id)
        with self.assertRaises(AccessError), self.cr.savepoint():
            others.with_user(self.salesperson).action_resolve()
        own.sudo().resolution = "Polished."
        own.action_resolve()
        self.assertEqual(own.resolved_by_id, self.salesperson)

    def test_nobody_else_sees_disputes(self):
        dispute = self._dispute(10)
        portal = new_test_user(self.env, "portia", groups="base.group_portal")
        other = self._new_company()
        stranger = self._new_user("steve", "order_to_cash.group_collector", company=other)
        with self.assertRaises(AccessError):
            self.env["o2c.payment.dispute"].with_user(portal).search([])
        self.assertFalse(self.env["o2c.payment.dispute"].with_user(stranger).search([]))
        with self.assertRaises(AccessError):
            dispute.with_user(stranger).read(["amount"])

    def test_switched_off_nothing_is_disputed(self):
        self.company.o2c_use_dunning = False
        with self.assertRaises(UserError):
            self._dispute(10)
