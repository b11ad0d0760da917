"""What a fresh pair of eyes tried on policies, runs, reminders and stops."""

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .test_dunning_run import DATE, DunningCommon


@tagged("post_install", "-at_install")
class TestReviewDunning(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls._new_invoice(amount=100)

    def _send(self, date=DATE, **values):
        run = self._propose(date, **values)
        run.action_send()
        return run.notice_ids

    def _credit(self, invoice):
        wizard = self.env["account.move.reversal"].with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({"journal_id": invoice.journal_id.id, "date": DATE})
        wizard.refund_moves()
        wizard.new_move_ids.action_post()
        lines = (invoice | wizard.new_move_ids).line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        )
        lines.filtered(lambda line: not line.reconciled).reconcile()

    def _merge(self, source, into):
        self.env["base.partner.merge.automatic.wizard"]._merge((source | into).ids, into)

    # ------------------------------------------------------------------
    # Merged customers
    # ------------------------------------------------------------------

    def test_merging_two_customers_of_one_run_keeps_their_reminders(self):
        self._new_invoice(self.other_customer, 50)
        notices = self._send()
        self.assertEqual(len(notices), 2)
        self._merge(self.customer, self.other_customer)
        notices = notices.exists()
        self.assertEqual(len(notices), 2)
        self.assertEqual(notices.partner_id, self.other_customer)
        self.assertFalse(self._propose("2025-04-10").notice_ids, "nobody is reminded of it twice")

    def test_merging_two_customers_of_a_proposal(self):
        sent = self._send("2025-01-10")
        self._new_invoice(amount=70)
        self._new_invoice(self.other_customer, 50)
        run = self._propose()
        self._merge(self.customer, self.other_customer)
        self.assertTrue(sent.exists())
        self.assertEqual(run.notice_ids.partner_id, self.other_customer)
        run.action_propose()
        self.assertEqual(len(run.notice_ids), 1)
        run.action_send()
        self.assertEqual(sorted(run.notice_ids.line_ids.mapped("amount")), [50, 70, 100])

    def test_who_was_written_to_by_a_run_is_not_proposed_by_it_again(self):
        self._new_invoice(self.other_customer, 50)
        run = self._propose()
        sent = run.notice_ids.filtered(lambda notice: notice.partner_id == self.customer)
        sent.action_send()
        self._new_invoice(amount=70)
        run.action_propose()
        self.assertEqual(len(run.notice_ids), 2)
        self.assertEqual(run.notice_ids.filtered(lambda n: n.state == "sent"), sent)
        self.assertEqual(self._propose("2025-04-01").notice_ids.filtered(
            lambda notice: notice.partner_id == self.customer
        ).line_ids.mapped("amount"), [100, 70])

    def test_what_is_paid_meanwhile_takes_its_level_with_it(self):
        second = self._second_level()
        self._send("2025-01-10")
        new = self._new_invoice(amount=50, date="2025-03-25")
        run = self._propose()
        notice = run.notice_ids
        self.assertEqual(notice.level_id, second)
        self._pay(self.invoice)
        run.action_send()
        self.assertEqual((notice.state, notice.level_id), ("sent", self.level))
        self.assertRecordValues(notice.line_ids, [{"move_id": new.id, "level_id": self.level.id}])

    # ------------------------------------------------------------------
    # Settled otherwise than by a payment
    # ------------------------------------------------------------------

    def test_a_credit_note_settles_the_reminder(self):
        notice = self._send()
        self._credit(self.invoice)
        self.assertEqual(self.invoice.payment_state, "reversed")
        self.assertEqual(notice.state, "paid")

    def test_a_credit_note_closes_the_dispute(self):
        dispute = self.env["o2c.payment.dispute"].create({
            "invoice_id": self.invoice.id, "reason": "Never ordered.",
        })
        self._credit(self.invoice)
        self.assertEqual(dispute.state, "resolved")

    def test_a_cancelled_invoice_leaves_nothing_to_pay(self):
        notice = self._send()
        self.invoice.button_draft()
        self.invoice.button_cancel()
        self.env["o2c.dunning.notice"].sudo()._mark_settled([])
        self.assertEqual(notice.state, "paid")

    def test_an_opening_balance_settles_the_reminder(self):
        account = self.customer.property_account_receivable_id
        other = self.env["account.account"].search([("account_type", "=", "equity")], limit=1)
        entry = self.env["account.move"].create({
            "move_type": "entry",
            "date": "2025-01-05",
            "line_ids": [
                Command.create({
                    "account_id": account.id, "partner_id": self.other_customer.id,
                    "debit": 80, "date_maturity": "2025-01-31",
                }),
                Command.create({"account_id": other.id, "credit": 80}),
            ],
        })
        entry.action_post()
        # Core follows up nothing of a general journal unless somebody says so.
        entry.line_ids.no_followup = False
        notice = self._send().filtered(lambda n: n.partner_id == self.other_customer)
        self.assertEqual(notice.total_overdue, 80)
        entry._reverse_moves([{"date": DATE}]).action_post()
        item = entry.line_ids.filtered(lambda line: line.account_id == account)
        self.assertTrue(item.reconciled)
        self.assertEqual(notice.state, "paid")

    # ------------------------------------------------------------------
    # Guards
    # ------------------------------------------------------------------

    def test_a_collector_cannot_say_what_was_paid_of_a_promise(self):
        Promise = self.env["o2c.payment.promise"].with_user(self.collector)
        values = {"partner_id": self.customer.id, "amount": 100, "date": "2999-01-01"}
        promise = Promise.create(dict(values, state="open"))
        for values in (
            {"state": "open", "paid_amount": 90},
            {"state": "open", "after_partial_id": 0, "after_line_id": 0},
            {"state": "kept"},
        ):
            with self.assertRaises(UserError):
                promise.write(values)
        self.assertFalse(promise.paid_amount)

    def test_a_dispute_takes_its_invoice_from_the_dialog(self):
        Dispute = self.env["o2c.payment.dispute"].with_context(default_invoice_id=self.invoice.id)
        self.assertEqual(Dispute.create({"reason": "Wet"}).invoice_id, self.invoice)

    def test_bills_of_vendors_offer_no_disputes(self):
        def actions(xmlid):
            found = self.env["account.move"].get_views(
                [(False, "list"), (False, "form")],
                {"toolbar": True, "action_id": self.env.ref(xmlid).id},
            )["views"]
            return {
                action["name"] for view in found.values() for action in view["toolbar"]["action"]
            }

        ours = {"Dispute", "Record a Promise to Pay", "Block Reminders"}
        self.assertLessEqual(ours, actions("account.action_move_out_invoice_type"))
        self.assertFalse(ours & actions("account.action_move_in_invoice_type"))
        bill = self.env["account.move"].create({
            "move_type": "in_invoice", "partner_id": self.customer.id,
        })
        for method in ("action_o2c_dispute", "action_o2c_promise", "action_o2c_block_dunning"):
            with self.assertRaises(UserError):
                getattr(bill, method)()

    # ------------------------------------------------------------------
    # E-mail
    # ------------------------------------------------------------------

    def test_the_email_names_what_is_not_claimed(self):
        self._new_invoice(amount=50)
        self.env["o2c.payment.dispute"].create({
            "invoice_id": self.invoice.id, "reason": "Wet",
        })
        notice = self._send()
        body = self._mails(notice).body_html
        self.assertIn(self.invoice.name, body)
        self.assertIn("not claimed for now", body)

    def test_an_email_to_another_address_is_in_the_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.customer.write({"lang": "fr_FR", "email": False})
        self.level.with_context(lang="fr_FR").name = "Rappel"
        run = self._propose()
        run.notice_ids.other_email = "books@example.com"
        run.action_send()
        mail = self._mails(run.notice_ids)
        self.assertTrue(mail.subject.startswith("Rappel"))
        self.assertIn(self.customer.name, mail.body_html)

    # ------------------------------------------------------------------
    # Switched off
    # ------------------------------------------------------------------

    def test_what_waits_for_the_job_is_not_sent_once_dunning_is_switched_off(self):
        run = self._propose()
        run.notice_ids.sudo()._queue()
        self.company.o2c_use_dunning = False
        self.assertFalse(self.env["o2c.dunning.notice"]._next_queued())
        self.company.o2c_use_dunning = True
        self.assertTrue(self.env["o2c.dunning.notice"]._next_queued())
