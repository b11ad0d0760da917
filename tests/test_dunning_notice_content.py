from odoo.tests import tagged

from .test_dunning_run import DunningCommon


@tagged("post_install", "-at_install")
class TestDunningNoticeContent(DunningCommon):
    """What goes out with a reminder, where to, and what its caller is told."""

    def _letter(self, notice):
        return notice.letter_id.raw.decode()

    def test_a_letter_says_what_somebody_wrote_instead_of_the_level(self):
        self._new_invoice(amount=100)
        notice = self._propose().notice_ids
        notice.action_write_own_text()
        self.assertIn("Please pay", notice.introduction)
        notice.introduction = "<p>As agreed on the phone.</p>"
        notice.action_send()
        self.assertIn("As agreed on the phone", self._letter(notice))
        self.assertNotIn("Please pay.", self._letter(notice))
        self.assertIn("As agreed on the phone", self._mails(notice).body_html)

    def test_the_email_goes_where_somebody_said(self):
        self._new_invoice(amount=100)
        self._new_invoice(self.other_customer, 50)
        run = self._propose()
        own = run.notice_ids.filtered(lambda n: n.partner_id == self.customer)
        own.other_email = "books@example.com, boss@example.com"
        self.customer.email = False
        self.assertFalse(run.without_email_count)
        run.action_send()
        self.assertEqual(self._mails(own).email_to, "books@example.com, boss@example.com")
        self.assertFalse(self._mails(own).recipient_ids)
        self.assertEqual(self._mails(run.notice_ids - own).recipient_ids, self.other_customer)

    def test_ways_can_be_chosen_for_one_reminder(self):
        self._new_invoice(amount=100)
        run = self._propose()
        run.notice_ids.write({"send_email": False, "create_activity": True})
        run.action_send()
        self.assertFalse(self._mails(run.notice_ids))
        self.assertTrue(run.notice_ids.letter_id)
        self.assertTrue(run.notice_ids.activity_ids)

    def test_the_caller_is_told_what_to_say(self):
        self.level.write({"create_activity": True, "call_script": "Ask when he pays."})
        self.customer.write({"phone": "+44 1 234", "user_id": self.salesperson.id})
        invoice = self._new_invoice(amount=1250, date="2025-03-01")
        run = self._propose()
        run.action_send()
        activity = run.notice_ids.activity_ids
        self.assertEqual(activity.user_id, self.salesperson)
        for words in ("1,250.00", invoice.name, "30 days", "+44 1 234", "Ask when he pays."):
            self.assertIn(words, activity.note)
        # Who has paid is not called.
        self._pay(invoice)
        self.assertFalse(run.notice_ids.activity_ids)

    def test_the_caller_can_be_chosen(self):
        self.level.write({"create_activity": True, "user_id": self.o2c_manager.id})
        self._new_invoice(amount=100)
        self._new_invoice(self.other_customer, 50)
        run = self._propose()
        run.notice_ids[0].responsible_id = self.collector
        run.action_send()
        self.assertEqual(run.notice_ids[0].activity_ids.user_id, self.collector)
        self.assertEqual(run.notice_ids[1].activity_ids.user_id, self.o2c_manager)

    def _offer_online_payment(self):
        if "payment.provider" not in self.env:
            self.skipTest("Online payment is not installed.")
        self.env["ir.config_parameter"].set_param("account_payment.enable_portal_payment", "True")
        self.patch(
            self.env.registry["res.company"], "_o2c_is_paid_online", lambda company: True
        )

    def test_there_is_no_link_where_nothing_is_paid_online(self):
        self._new_invoice(amount=100)
        run = self._propose()
        if "payment.provider" in self.env:
            self.env["payment.provider"].sudo().search([]).state = "disabled"
        self.assertFalse(run.notice_ids.payment_url)
        run.action_send()
        self.assertNotIn("pay online", self._letter(run.notice_ids))

    def test_one_invoice_is_paid_without_logging_in(self):
        self._offer_online_payment()
        invoice = self._new_invoice(amount=100)
        run = self._propose()
        run.action_send()
        notice = run.notice_ids
        self.assertIn(f"/my/invoices/{invoice.id}?access_token={invoice.access_token}", notice.payment_url)
        self.assertIn("pay online", self._letter(notice))
        self.assertIn(f"/my/invoices/{invoice.id}?", self._mails(notice).body_html)

    def test_several_invoices_are_paid_together(self):
        self._offer_online_payment()
        self._new_invoice(amount=100)
        self._new_invoice(amount=200)
        notice = self._propose().notice_ids
        self.assertTrue(notice.payment_url.endswith("/my/invoices/overdue"))
        # That page asks for a log-in, those of the invoices do not.
        self.assertEqual(len(notice.payment_links), 2)
        notice.action_send()
        letter = self._letter(notice)
        for move in notice.line_ids.move_id:
            self.assertIn(move.access_token, letter)
