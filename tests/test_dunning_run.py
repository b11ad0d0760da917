from datetime import timedelta

from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import O2cCommon

DATE = "2025-03-31"


@tagged("post_install", "-at_install")
class DunningCommon(O2cCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy = cls.env["o2c.dunning.policy"].create({
            "name": "One reminder",
            "level_ids": [Command.create({
                "name": "Payment Reminder",
                "days_overdue": 1,
                "letter_text": "<p>Dear Sir or Madam,</p><p>Please pay.</p>",
            })],
        })
        cls.level = cls.policy.level_ids
        cls.company.o2c_dunning_policy_id = cls.policy

    @classmethod
    def _new_run(cls, date=DATE, **values):
        return cls.env["o2c.dunning.run"].create({"date": date, **values})

    @classmethod
    def _propose(cls, date=DATE, **values):
        run = cls._new_run(date, **values)
        run.action_propose()
        return run

    @classmethod
    def _new_invoices(cls, partners, amounts, date="2025-01-02"):
        """Invoices of the first amount to the first partner and so on, posted together."""
        moves = cls.env["account.move"].create([
            {
                "move_type": "out_invoice",
                "partner_id": partner.id,
                "invoice_date": date,
                "invoice_date_due": date,
                "invoice_payment_term_id": False,
                "invoice_line_ids": [
                    Command.create({"name": "Goods", "price_unit": amount, "tax_ids": []})
                ],
            }
            for partner, amount in zip(partners, amounts, strict=True)
        ])
        moves.action_post()
        return moves

    @classmethod
    def _second_level(cls, **values):
        return cls.env["o2c.dunning.level"].create({
            "policy_id": cls.policy.id,
            "name": "First Notice",
            "sequence": 20,
            "days_overdue": 20,
            **values,
        })

    def _mails(self, notices):
        return self.env["mail.mail"].search([
            ("model", "=", "o2c.dunning.notice"),
            ("res_id", "in", notices.ids),
        ])


@tagged("post_install", "-at_install")
class TestDunningPropose(DunningCommon):
    def test_an_overdue_invoice_gets_a_reminder(self):
        invoice = self._new_invoice(amount=250, date="2025-02-01", due="2025-03-01")
        self._new_invoice(amount=70, date="2025-03-01", due="2025-04-30")
        run = self._propose()
        notice = run.notice_ids
        self.assertRecordValues(notice, [{
            "partner_id": self.customer.id,
            "contact_id": self.customer.id,
            "level_id": self.level.id,
            "state": "proposed",
            "total_overdue": 250,
            "total_open": 320,
            "total_overdue_company": 250,
            "currency_id": self.company.currency_id.id,
        }])
        self.assertRecordValues(notice.line_ids, [{
            "move_id": invoice.id,
            "name": invoice.name,
            "amount": 250,
            "days_overdue": 30,
            "level_id": self.level.id,
            "previous_level_id": False,
        }])
        self.assertEqual(run.state, "proposed")
        self.assertEqual((run.notice_count, run.total_overdue), (1, 250))

    def test_the_number_of_the_old_system_is_told_however_short(self):
        invoice = self._new_invoice(amount=250)
        invoice.payment_reference = invoice.ref = invoice.name[-1]
        line = invoice.line_ids.filtered("date_maturity")[:1]
        self.assertEqual(line._o2c_document_name(), f"{invoice.name} ({invoice.name[-1]})")
        invoice.payment_reference = invoice.ref = invoice.name
        self.assertEqual(line._o2c_document_name(), invoice.name)

    def test_what_is_due_on_the_day_is_not_overdue(self):
        self._new_invoice(due=DATE)
        self.assertFalse(self._propose().notice_ids)
        self.assertEqual(self._propose("2025-04-01").notice_ids.line_ids.days_overdue, 1)

    def test_an_invoice_of_a_later_date_is_not_known_yet(self):
        self._new_invoice(date="2025-04-02", due="2025-04-02")
        self.assertFalse(self._propose().notice_ids)
        self.assertTrue(self._propose("2025-04-03").notice_ids)

    def test_payments_count_from_their_date(self):
        invoice = self._new_invoice(amount=100, date="2025-01-10")
        self._pay(invoice, 30, "2025-02-10")
        self._pay(invoice, 50, "2025-03-10")
        for date, amount in [
            ("2025-01-31", 100),
            ("2025-02-09", 100),
            ("2025-02-10", 70),
            ("2025-02-28", 70),
            ("2025-03-31", 20),
        ]:
            with self.subTest(date):
                run = self._propose(date)
                self.assertEqual(run.notice_ids.line_ids.amount, amount)
                self.assertEqual(run.notice_ids.total_open, amount)
        self._pay(invoice, date="2025-03-20")
        self.assertFalse(self._propose("2025-03-31").notice_ids)
        self.assertEqual(self._propose("2025-03-19").notice_ids.total_overdue, 20)

    def test_credits_reduce_the_balance_and_can_silence_the_reminder(self):
        self._new_invoice(amount=100, date="2025-01-10")
        self._new_invoice(amount=-30, date="2025-02-10")
        notice = self._propose("2025-02-28").notice_ids
        self.assertEqual(len(notice.line_ids), 1)
        self.assertEqual((notice.total_overdue, notice.total_open), (100, 70))
        self._new_invoice(amount=-70, date="2025-03-10")
        self.assertFalse(self._propose("2025-03-31").notice_ids)
        self.assertTrue(self._propose("2025-02-28").notice_ids)

    def test_an_unallocated_payment_is_a_credit(self):
        self._new_invoice(amount=100, date="2025-01-10")
        payment = self.env["account.payment"].create({
            "partner_id": self.customer.id,
            "amount": 40,
            "date": "2025-02-10",
            "payment_type": "inbound",
            "partner_type": "customer",
        })
        payment.action_post()
        notice = self._propose().notice_ids
        expected = 60 if payment.move_id else 100
        self.assertEqual((notice.total_overdue, notice.total_open), (100, expected))

    def test_no_followup_and_blocked_stop_the_reminder(self):
        silenced = self._new_invoice(amount=100)
        blocked = self._new_invoice(amount=200)
        self._new_invoice(amount=400)
        silenced.no_followup = True
        blocked.action_toggle_block_payment()
        notice = self._propose().notice_ids
        self.assertEqual((notice.total_overdue, notice.total_open), (400, 400))
        blocked.action_toggle_block_payment()
        silenced.no_followup = False
        self.assertEqual(self._propose().notice_ids.total_overdue, 700)

    def test_a_payment_in_process_stops_the_reminder_from_its_date(self):
        # With a full accounting app, a payment without an outstanding account has no entry before
        # the bank reports it.
        self.patch(
            self.env.registry["account.move"],
            "_get_invoice_in_payment_state",
            lambda move: "in_payment",
        )
        journal = self.company_data["default_journal_bank"]
        journal.inbound_payment_method_line_ids.payment_account_id = False
        invoice = self._new_invoice(amount=100, date="2025-01-10")
        payment = self._pay(invoice, date="2025-02-10")
        self.assertFalse(payment.move_id)
        self.assertEqual((invoice.payment_state, invoice.amount_residual), ("in_payment", 100))
        self.assertFalse(self._propose().notice_ids)
        self.assertEqual(self._propose("2025-01-31").notice_ids.total_overdue, 100)
        payment.action_cancel()
        self.assertEqual(self._propose().notice_ids.total_overdue, 100)

    def test_drafts_and_cancelled_invoices_are_nothing(self):
        draft = self._new_invoice()
        draft.button_draft()
        cancelled = self._new_invoice()
        cancelled.button_draft()
        cancelled.button_cancel()
        self.assertFalse(self._propose().notice_ids)

    def test_contacts_are_reminded_through_their_company(self):
        contact = self.env["res.partner"].create({
            "name": "Accounts Payable",
            "type": "invoice",
            "parent_id": self.customer.id,
            "email": "ap@example.com",
        })
        self._new_invoice(contact, 100)
        self._new_invoice(self.customer, 50)
        notice = self._propose().notice_ids
        self.assertEqual(notice.partner_id, self.customer)
        self.assertEqual(notice.contact_id, contact)
        self.assertEqual(notice.email, "ap@example.com")
        self.assertEqual(notice.total_overdue, 150)

    def test_an_archived_customer_still_owes(self):
        self._new_invoice(amount=100)
        self.customer.active = False
        self.assertEqual(self._propose().notice_ids.partner_id, self.customer)

    def test_instalments_are_items_of_their_own(self):
        term = self.env["account.payment.term"].create({
            "name": "Half now, half in 60 days",
            "line_ids": [
                Command.create({"value": "percent", "value_amount": 50, "nb_days": 0}),
                Command.create({"value": "percent", "value_amount": 50, "nb_days": 60}),
            ],
        })
        self._new_invoice(
            amount=200, date="2025-03-01", due=False, invoice_payment_term_id=term.id
        )
        notice = self._propose().notice_ids
        self.assertEqual((notice.total_overdue, notice.total_open), (100, 200))
        self.assertEqual(len(self._propose("2025-05-15").notice_ids.line_ids), 2)

    def test_a_notice_for_each_currency(self):
        euro = self.setup_other_currency("EUR", rates=[("2020-01-01", 0.5)])
        self._new_invoice(amount=100)
        self._new_invoice(amount=80, currency_id=euro.id)
        run = self._propose()
        by_currency = {notice.currency_id: notice for notice in run.notice_ids}
        self.assertEqual(by_currency[self.company.currency_id].total_overdue, 100)
        self.assertEqual(by_currency[euro].total_overdue, 80)
        self.assertEqual(by_currency[euro].total_overdue_company, 160)
        self.assertEqual(run.total_overdue, 260)

    def test_a_payment_in_another_currency_leaves_the_residual_of_the_invoice(self):
        euro = self.setup_other_currency(
            "EUR", rates=[("2020-01-01", 0.5), ("2025-02-01", 0.4)]
        )
        invoice = self._new_invoice(amount=80, date="2025-01-10", currency_id=euro.id)
        self._pay(invoice, 30, "2025-02-10")
        self.assertEqual(self._propose("2025-01-31").notice_ids.total_overdue, 80)
        self.assertEqual(self._propose().notice_ids.total_overdue, 50)

    def test_two_companies_do_not_mix(self):
        other = self.setup_other_company(name="Other Company")["company"]
        other.o2c_use_dunning = True
        self._new_invoice(amount=100)
        self.env["account.move"].with_company(other).create({
            "move_type": "out_invoice",
            "partner_id": self.customer.id,
            "invoice_date": "2025-01-01",
            "invoice_date_due": "2025-01-01",
            "invoice_line_ids": [
                Command.create({"name": "Goods", "price_unit": 900, "tax_ids": []})
            ],
        }).action_post()
        run = self._propose()
        self.assertEqual(run.notice_ids.mapped("total_overdue"), [100])
        theirs = self._propose(company_id=other.id)
        self.assertEqual(theirs.notice_ids.mapped("total_overdue"), [900])
        self.assertEqual(theirs.notice_ids.company_id, other)

    def test_a_run_covers_the_branches(self):
        branch = self.env["res.company"].create({
            "name": "Branch",
            "parent_id": self.company.id,
        })
        self.cr.precommit.run()
        self.assertTrue(branch.o2c_use_dunning)
        self.assertEqual(branch.o2c_dunning_policy_id, self.policy)
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
        self._new_invoice(amount=100)
        self.assertEqual(self._propose().notice_ids.total_overdue, 130)
        self.assertEqual(self._propose(company_id=branch.id).notice_ids.total_overdue, 30)

    def test_scope_by_customer_and_policy(self):
        sharp = self.env["o2c.dunning.policy"].create({
            "name": "Sharp",
            "level_ids": [Command.create({"name": "Pay", "days_overdue": 1})],
        })
        self._new_invoice(amount=100)
        self._new_invoice(self.other_customer, 200)
        self.other_customer.o2c_dunning_policy_id = sharp
        run = self._propose(partner_ids=self.customer.ids)
        self.assertEqual(run.notice_ids.partner_id, self.customer)
        run = self._propose(policy_ids=sharp.ids)
        self.assertEqual(run.notice_ids.partner_id, self.other_customer)
        self.assertEqual(run.notice_ids.level_id, sharp.level_ids)

    def test_the_policy_of_the_invoice_then_the_customer_then_the_company(self):
        def policy(name):
            return self.env["o2c.dunning.policy"].create({
                "name": name,
                "level_ids": [Command.create({"name": name, "days_overdue": 1})],
            })

        of_customer, of_invoice = policy("Customer"), policy("Invoice")
        invoice = self._new_invoice(amount=100)
        self.assertEqual(self._propose().notice_ids.level_id, self.level)
        self.customer.o2c_dunning_policy_id = of_customer
        self.assertEqual(self._propose().notice_ids.level_id, of_customer.level_ids)
        invoice.o2c_dunning_policy_id = of_invoice
        self.assertEqual(self._propose().notice_ids.level_id, of_invoice.level_ids)
        of_invoice.active = False
        self.assertEqual(self._propose().notice_ids.level_id, of_customer.level_ids)

    def test_a_policy_without_levels_spares_the_customer(self):
        self._new_invoice(amount=100)
        self.customer.o2c_dunning_policy_id = self.env["o2c.dunning.policy"].create({
            "name": "Never"
        })
        self.assertFalse(self._propose().notice_ids)

    def test_minimum_amount_is_in_company_currency(self):
        euro = self.setup_other_currency("EUR", rates=[("2020-01-01", 0.5)])
        self.level.min_amount = 150
        self._new_invoice(amount=80, currency_id=euro.id)
        self._new_invoice(self.other_customer, 140)
        self.assertEqual(self._propose().notice_ids.partner_id, self.customer)

    def test_proposing_again_replaces_the_proposal_and_remembers_who_was_skipped(self):
        self._new_invoice(amount=100)
        self._new_invoice(self.other_customer, 200)
        run = self._propose()
        run.notice_ids.filtered(lambda n: n.partner_id == self.customer).action_skip()
        self.assertEqual((run.notice_count, run.pending_count, run.skipped_count), (2, 1, 1))
        self._new_invoice(self.other_customer, 50)
        run.action_propose()
        states = {notice.partner_id: notice.state for notice in run.notice_ids}
        self.assertEqual(states, {self.customer: "skipped", self.other_customer: "proposed"})
        self.assertEqual(run.total_overdue, 250)
        run.notice_ids.action_unskip()
        self.assertEqual(set(run.notice_ids.mapped("state")), {"proposed"})

    def test_switched_off_nothing_is_proposed_or_sent(self):
        self._new_invoice()
        run = self._propose()
        self.company.o2c_use_dunning = False
        with self.assertRaisesRegex(UserError, "Settings"):
            run.action_propose()
        with self.assertRaisesRegex(UserError, "switched off"):
            run.action_send()
        self.assertEqual(run.notice_ids.state, "proposed")
        steps = self.env["o2c.daily.step"].steps(self.company)
        self.assertNotIn("dunning", [step.key for step in steps])


@tagged("post_install", "-at_install")
class TestDunningSend(DunningCommon):
    def test_sending_files_the_letter_and_fills_the_outbox(self):
        self._new_invoice(amount=100)
        run = self._propose()
        run.action_send()
        notice = run.notice_ids
        self.assertEqual((run.state, notice.state), ("done", "sent"))
        self.assertTrue(notice.sent_on)
        self.assertEqual(notice.sent_by_id, self.env.user)
        self.assertEqual(notice.letter_id.res_id, notice.id)
        note = notice.partner_id.message_ids.filtered("attachment_ids")
        self.assertEqual(note.attachment_ids, notice.letter_id, "it stands on the customer, too")
        self.assertTrue(note.is_internal)
        mail = self._mails(notice)
        self.assertEqual(mail.state, "outgoing")
        self.assertEqual(mail.recipient_ids, self.customer)
        self.assertEqual(mail.attachment_ids, notice.letter_id)
        self.assertIn("Payment Reminder", mail.subject)
        self.assertTrue(notice.is_emailed)
        self.assertEqual(notice.line_ids.reached_on, run.date)

    def test_sending_twice_or_nothing_does_nothing(self):
        empty = self._propose()
        empty.action_send()
        self.assertEqual(empty.state, "proposed")
        self._new_invoice(amount=100)
        run = self._propose()
        run.action_send()
        sent_on = run.notice_ids.sent_on
        run.action_send()
        run.notice_ids.action_send()
        self.assertEqual(len(self._mails(run.notice_ids)), 1)
        self.assertEqual(len(self._letters(run.notice_ids)), 1)
        self.assertEqual(run.notice_ids.sent_on, sent_on)

    def _letters(self, notices):
        return self.env["ir.attachment"].search([
            ("res_model", "=", notices._name),
            ("res_id", "in", notices.ids),
        ])

    def test_an_item_is_reminded_of_once_a_level(self):
        self._new_invoice(amount=100)
        self._propose("2025-01-31").action_send()
        self.assertFalse(self._propose("2025-01-31").notice_ids)
        self.assertFalse(self._propose("2025-12-31").notice_ids)
        self.assertFalse(self._propose("2025-01-15").notice_ids)

    def test_an_item_climbs_one_level_a_run_and_keeps_the_interval(self):
        second = self._second_level(min_interval_days=14)
        self._new_invoice(amount=100, date="2025-01-01")
        run = self._propose("2025-03-01")
        self.assertEqual(run.notice_ids.level_id, self.level)
        run.action_send()
        self.assertFalse(self._propose("2025-03-01").notice_ids)
        self.assertFalse(self._propose("2025-03-14").notice_ids)
        run = self._propose("2025-03-15")
        self.assertEqual(run.notice_ids.level_id, second)
        self.assertEqual(run.notice_ids.line_ids.previous_level_id, self.level)
        run.action_send()
        self.assertFalse(self._propose("2025-12-31").notice_ids)

    def test_a_reminder_claims_older_items_too_but_each_level_is_noted_once(self):
        self._second_level(min_interval_days=60)
        old = self._new_invoice(amount=100, date="2025-01-01")
        self._propose("2025-01-31").action_send()
        self._new_invoice(amount=50, date="2025-02-01")
        run = self._propose("2025-02-28")
        self.assertEqual(run.notice_ids.total_overdue, 150)
        self.assertEqual(run.notice_ids.level_id, self.level)
        run.action_send()
        lines = self.env["o2c.dunning.notice.line"].search([("move_id", "=", old.id)])
        self.assertEqual(len(lines), 2)
        self.assertEqual(lines.filtered("reached_on").notice_id.date, fields.Date.to_date("2025-01-31"))
        self.assertEqual(old.o2c_dunning_notice_count, 2)
        # The pause of the second level counts from the item's own reminder.
        self.assertEqual(
            self._propose("2025-04-01").notice_ids.line_ids.filtered(
                lambda line: line.level_id != line.previous_level_id
            ).move_id,
            old,
        )

    def test_skipped_reminders_stay_behind(self):
        self._new_invoice(amount=100)
        self._new_invoice(self.other_customer, 200)
        run = self._propose()
        skipped = run.notice_ids.filtered(lambda n: n.partner_id == self.customer)
        skipped.action_skip()
        run.action_send()
        self.assertEqual(run.state, "done")
        self.assertEqual(skipped.state, "skipped")
        self.assertFalse(self._mails(skipped))
        again = self._propose()
        again.notice_ids.action_skip()
        again.action_send()
        self.assertEqual(again.state, "done")
        self.assertEqual(self._propose().notice_ids.partner_id, self.customer)

    def test_a_run_whose_reminders_are_all_settled_is_done(self):
        invoice = self._new_invoice(amount=100)
        run = self._propose()
        self._pay(invoice, date="2025-02-01")
        run.action_send()
        self.assertEqual((run.notice_ids.state, run.state), ("paid", "done"))

    def test_a_day_to_come_is_a_preview(self):
        self._new_invoice(amount=100)
        run = self._propose("2999-01-01")
        self.assertTrue(run.notice_ids)
        for send in (run.action_send, run.action_start_sending, run.notice_ids.action_send):
            with self.assertRaises(UserError):
                send()
        self.assertEqual((run.state, run.notice_ids.state), ("proposed", "proposed"))

    def test_one_reminder_can_be_sent_alone(self):
        self._new_invoice(amount=100)
        self._new_invoice(self.other_customer, 200)
        run = self._propose()
        first = run.notice_ids[0]
        first.action_send()
        self.assertEqual(run.state, "proposed")
        run.action_propose()
        self.assertIn(first, run.notice_ids)
        self.assertEqual(len(run.notice_ids), 2)
        run.action_send()
        self.assertEqual(run.state, "done")
        self.assertEqual(len(self._mails(run.notice_ids)), 2)

    def test_what_was_paid_since_the_proposal_falls_out(self):
        paid = self._new_invoice(amount=100)
        part = self._new_invoice(self.other_customer, 200)
        whole = self._new_invoice(self.other_customer, 300)
        run = self._propose()
        self._pay(paid)
        self._pay(part, 150)
        self._pay(whole, date=DATE)
        run.action_send()
        settled, sent = run.notice_ids.sorted(lambda n: n.partner_id != self.customer)
        self.assertRecordValues(settled | sent, [
            {"state": "paid", "sent_on": False, "total_overdue": 100},
            {"state": "sent", "sent_on": sent.sent_on, "total_overdue": 50},
        ])
        self.assertFalse(self._mails(settled))
        self.assertEqual(sent.line_ids.mapped("amount"), [50])
        self.assertEqual((sent.total_open, sent.total_overdue_company), (50, 50))

    def test_what_was_blocked_or_cancelled_since_the_proposal_falls_out(self):
        blocked = self._new_invoice(amount=100)
        cancelled = self._new_invoice(self.other_customer, 200)
        run = self._propose()
        blocked.action_toggle_block_payment()
        cancelled.button_draft()
        run.action_send()
        self.assertFalse(run.notice_ids.filtered("sent_on"))
        self.assertFalse(self._mails(run.notice_ids))

    def test_what_credits_cover_since_the_proposal_is_not_sent(self):
        self._new_invoice(amount=100, date="2025-01-10")
        self._new_invoice(self.other_customer, 100, date="2025-01-10")
        run = self._propose()
        self._new_invoice(amount=-100, date=DATE)
        self._new_invoice(self.other_customer, -40, date=DATE)
        run.action_send()
        covered, sent = run.notice_ids.sorted(lambda n: n.partner_id != self.customer)
        self.assertRecordValues(covered | sent, [
            {"state": "paid", "sent_on": False, "total_open": 100},
            {"state": "sent", "sent_on": sent.sent_on, "total_open": 60},
        ])
        self.assertFalse(self._mails(covered))
        self.assertFalse(covered.line_ids.filtered("reached_on"))

    def test_levels_put_in_another_order_are_not_reached_twice(self):
        self._new_invoice(amount=100, date="2025-01-10")
        second = self._second_level(days_overdue=1)
        self._propose("2025-03-29").action_send()
        self._propose("2025-03-30").action_send()
        second.sequence = self.level.sequence - 1
        self.policy.invalidate_recordset(["level_ids"])
        self.assertEqual(self.policy.level_ids.ids, [second.id, self.level.id])
        self.assertFalse(self._propose("2025-03-31").notice_ids)

    def test_a_past_run_is_repeated_although_all_is_paid_since(self):
        invoice = self._new_invoice(amount=100, date="2025-01-10")
        self._pay(invoice, date="2025-02-10")
        run = self._propose("2025-01-31")
        run.action_send()
        self.assertEqual(run.notice_ids.total_overdue, 100)
        self.assertTrue(run.notice_ids.sent_on)

    def test_two_runs_do_not_remind_of_the_same_item_twice(self):
        self._new_invoice(amount=100)
        first, second = self._propose(), self._propose()
        first.action_send()
        second.action_send()
        self.assertEqual(second.notice_ids.state, "skipped")
        self.assertFalse(self._mails(second.notice_ids))

    def test_a_level_is_noted_once_even_in_the_database(self):
        self._new_invoice(amount=100)
        first, second = self._propose(), self._propose()
        first.action_send()
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
            self.cr.savepoint(),
        ):
            second.notice_ids.line_ids.sudo().reached_on = DATE
            self.env.flush_all()

    def test_a_customer_without_email_gets_a_letter_and_the_run_says_so(self):
        self.customer.email = False
        self._new_invoice(amount=100)
        self._new_invoice(self.other_customer, 200)
        run = self._propose()
        self.assertEqual(run.without_email_count, 1)
        action = run.action_send()
        self.assertIn("without an e-mail address: 1", action["params"]["message"])
        letter_only = run.notice_ids.filtered(lambda n: n.partner_id == self.customer)
        self.assertEqual(letter_only.state, "sent")
        self.assertFalse(letter_only.is_emailed)
        self.assertFalse(self._mails(letter_only))
        self.assertTrue(letter_only.letter_id)
        self.assertEqual(run.action_print()["context"]["active_ids"], run.notice_ids.ids)

    def test_the_company_address_stands_in_for_a_contact_without_email(self):
        self.env["res.partner"].create({
            "name": "Post Room", "type": "invoice", "parent_id": self.customer.id,
        })
        self._new_invoice(amount=100)
        run = self._propose()
        self.assertFalse(run.without_email_count)
        self.assertEqual(run.notice_ids.email_partner_id, self.customer)

    def test_a_level_without_email_sends_letters_only(self):
        self.level.send_email = False
        self._new_invoice(amount=100)
        run = self._propose()
        run.action_send()
        self.assertFalse(self._mails(run.notice_ids))
        self.assertTrue(run.notice_ids.letter_id)

    def test_letters_are_printed_for_the_post_only(self):
        self.level.send_letter = False
        self.customer.email = False
        self._new_invoice(amount=100)
        self._new_invoice(self.other_customer, 200)
        run = self._propose()
        run.action_send()
        letter_only = run.notice_ids.filtered(lambda n: n.partner_id == self.customer)
        self.assertEqual(run.action_print()["context"]["active_ids"], letter_only.ids)

    def test_a_payment_marks_the_reminder_as_paid(self):
        first = self._new_invoice(amount=100)
        second = self._new_invoice(amount=50)
        run = self._propose()
        run.action_send()
        self._pay(first, 60)
        self.assertEqual(run.notice_ids.state, "sent")
        self._pay(first)
        self.assertEqual(run.notice_ids.state, "sent")
        self._pay(second)
        self.assertEqual(run.notice_ids.state, "paid")
        second.line_ids.remove_move_reconcile()
        self.env["o2c.dunning.run"]._propose_daily(self.company)
        self.assertEqual(run.notice_ids.state, "sent")

    def test_a_run_with_sent_reminders_stays(self):
        self._new_invoice(amount=100)
        run = self._propose()
        run.action_cancel()
        self.assertEqual(run.state, "draft")
        self.assertFalse(run.notice_ids)
        run.action_propose()
        run.action_send()
        with self.assertRaises(UserError):
            run.action_cancel()
        with self.assertRaises(UserError):
            run.unlink()
        with self.assertRaises(UserError):
            run.notice_ids.unlink()
        with self.assertRaises(UserError):
            run.date = "2025-04-30"
        with self.assertRaises(UserError):
            run.action_propose()
        self._propose("2020-01-01").unlink()

    def test_an_invoice_reset_to_draft_keeps_the_history(self):
        invoice = self._new_invoice(amount=100)
        run = self._propose()
        run.action_send()
        invoice.button_draft()
        invoice.invoice_line_ids.price_unit = 80
        invoice.action_post()
        self.assertEqual(run.notice_ids.line_ids.name, invoice.name)
        self.assertEqual(run.notice_ids.line_ids.amount, 100)


@tagged("post_install", "-at_install")
class TestDunningDailyStep(DunningCommon):
    def _step(self):
        [step] = [
            step
            for step in self.env["o2c.daily.step"].steps(self.company)
            if step.key == "dunning"
        ]
        return step.run(self.company)

    def _daily_runs(self):
        return self.env["o2c.dunning.run"].search([("is_daily", "=", True)])

    def test_nothing_late_leaves_no_run(self):
        self.assertEqual(self._step(), "")
        self.assertFalse(self._daily_runs())

    def test_it_proposes_and_never_sends(self):
        today = self.company._o2c_today()
        self._new_invoice(amount=100, date=today - timedelta(days=5))
        mails = self.env["mail.mail"].search_count([])
        activities = self.env["mail.activity"].search_count([])
        self.assertIn("1", self._step())
        run = self._daily_runs()
        self.assertEqual((run.state, run.date), ("proposed", today))
        self.assertEqual(run.notice_ids.state, "proposed")
        self.assertEqual(self.env["mail.mail"].search_count([]), mails)
        self.assertEqual(self.env["mail.activity"].search_count([]), activities)

    def test_proposals_do_not_pile_up(self):
        today = self.company._o2c_today()
        self._new_invoice(amount=100, date=today - timedelta(days=5))
        self._step()
        run = self._daily_runs()
        self._new_invoice(self.other_customer, 50, date=today - timedelta(days=5))
        self._step()
        self.assertEqual(self._daily_runs(), run)
        self.assertEqual(len(run.notice_ids), 2)
        run.action_send()
        self.assertEqual(self._step(), "")
        self.assertEqual(self._daily_runs(), run)

    def test_a_run_sent_in_part_is_closed(self):
        today = self.company._o2c_today()
        self._new_invoice(amount=100, date=today - timedelta(days=5))
        self._new_invoice(self.other_customer, 50, date=today - timedelta(days=5))
        self._step()
        run = self._daily_runs()
        sent = run.notice_ids[0]
        sent.action_send()
        self._step()
        self.assertEqual((run.state, run.notice_ids), ("done", sent))
        self.assertEqual(len((self._daily_runs() - run).notice_ids), 1)


@tagged("post_install", "-at_install")
class TestDunningPolicy(DunningCommon):
    def test_the_shipped_policy_is_used_by_every_company(self):
        policy = self.env.ref("order_to_cash.dunning_policy_default")
        company = self.env["res.company"].create({"name": "New Company"})
        self.assertEqual(company.o2c_dunning_policy_id, policy)

    def test_levels_climb(self):
        self._second_level(days_overdue=10)
        with self.assertRaises(ValidationError):
            self._second_level(days_overdue=5, sequence=30)

    def test_a_level_needs_a_channel(self):
        with self.assertRaises(ValidationError):
            self.level.write({"send_email": False, "send_letter": False})
        with self.assertRaises(ValidationError):
            self.level.mail_template_id = False

    def test_contacts_follow_the_policy_of_their_company(self):
        policy = self.policy.copy()
        self.assertEqual(len(policy.level_ids), 1)
        contact = self.env["res.partner"].create({"name": "C", "parent_id": self.customer.id})
        self.customer.o2c_dunning_policy_id = policy
        self.assertEqual(contact.o2c_dunning_policy_id, policy)
