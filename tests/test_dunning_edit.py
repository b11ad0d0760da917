from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged

from .test_dunning_run import DATE, DunningCommon


@tagged("post_install", "-at_install")
class DunningEditCommon(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.second = cls._second_level(fee_amount=5, min_interval_days=10)
        cls.third = cls._second_level(
            name="Second Notice", sequence=30, days_overdue=30, min_interval_days=10
        )

    def _end_transaction(self):
        self.env.flush_all()
        self.cr.precommit.run()

    def _climb_to(self, height, date="2025-01-02"):
        """An invoice that has reached so many levels, and the day before DATE at the latest."""
        invoice = self._new_invoice(amount=100, date=date)
        for day in ("2025-02-10", "2025-02-25", "2025-03-10")[:height]:
            self._propose(day).action_send()
        return invoice

    def _notice(self, date=DATE):
        notices = self._propose(date).notice_ids.with_user(self.collector)
        # Nothing is traced of what is made in the same transaction.
        self._end_transaction()
        return notices.with_context(tracking_disable=False, mail_notrack=False)


@tagged("post_install", "-at_install")
class TestDunningGuard(DunningEditCommon):
    """What the program records is written by the program only, whoever calls."""

    def test_a_collector_cannot_write_what_a_reminder_claims_or_records(self):
        self._new_invoice(amount=100)
        notice = self._notice()
        for name, value in {
            "total_overdue": 1,
            "total_open": 1,
            "fee": 9,
            "sent_on": False,
            "sent_by_id": False,
            "is_emailed": True,
            "letter_id": False,
            "charge_move_id": False,
            "partner_id": self.other_customer.id,
            "run_id": False,
            "name": "X",
            "queued_by_id": self.collector.id,
            "proposed_level_id": self.second.id,
            "line_ids": [Command.clear()],
        }.items():
            with self.subTest(name), self.assertRaises(AccessError):
                notice.write({name: value})
        for attempt in (
            lambda: notice.write({"state": "sent"}),
            lambda: notice.write({"state": "paid"}),
            notice.copy,
            notice.unlink,
            lambda: notice.line_ids.write({"amount": 1}),
            lambda: notice.line_ids.write({"reached_on": DATE}),
            notice.line_ids.unlink,
            lambda: notice.line_ids.create({"notice_id": notice.id, "name": "X"}),
            lambda: notice.create({"run_id": notice.run_id.id}),
            lambda: notice.with_context(default_sent_on=False).write({"sent_on": False}),
        ):
            with self.assertRaises(AccessError):
                attempt()

    def test_a_manager_cannot_either(self):
        self._new_invoice(amount=100)
        notice = self._notice().with_user(self.o2c_manager)
        with self.assertRaises(AccessError):
            notice.sent_on = False

    def test_nothing_is_corrected_once_sent(self):
        self._new_invoice(amount=100)
        notice = self._notice()
        notice.action_send()
        for vals in (
            {"state": "proposed"},
            {"state": "skipped"},
            {"level_id": self.level.id},
            {"introduction": "<p>Pay!</p>"},
            {"other_email": "x@example.com"},
            {"contact_id": self.customer.id},
            {"fee_waived": True},
            {"send_email": False},
        ):
            with self.subTest(vals), self.assertRaises(UserError):
                notice.write(vals)
        with self.assertRaises(UserError):
            notice.action_set_level(self.level)
        notice.action_send()
        self.assertEqual(len(self._mails(notice)), 1)
        notice.note = "He called back."
        notice.message_post(body="Promised for Friday")
        notice.activity_schedule("mail.mail_activity_data_todo", user_id=self.collector.id)

    def test_a_run_says_what_a_person_asks_and_nothing_else(self):
        Run = self.env["o2c.dunning.run"].with_user(self.collector)
        for vals in ({"state": "done"}, {"is_daily": True}, {"name": "X"}, {"proposed_on": DATE}):
            with self.subTest(vals), self.assertRaises(AccessError):
                Run.create({"date": DATE, **vals})
        run = Run.with_context(default_state="done", default_is_daily=True).create({"date": DATE})
        self.assertEqual((run.state, run.is_daily), ("draft", False))
        self._new_invoice(amount=100)
        run.action_propose()
        for vals in ({"state": "done"}, {"state": "draft"}, {"is_daily": True}):
            with self.subTest(vals), self.assertRaises(AccessError):
                run.write(vals)
        with self.assertRaises(UserError):
            run.is_take_up = True
        with self.assertRaises(UserError):
            run.date = "2025-01-01"
        run.partner_ids = self.customer
        run.action_send()
        with self.assertRaises(UserError):
            run.partner_ids = False
        run.message_post(body="Done")

    def test_the_state_can_be_written_where_a_button_would_do_it(self):
        self._new_invoice(amount=100)
        notice = self._notice()
        notice.state = "skipped"
        self.assertEqual(notice.state, "skipped")
        notice.state = "proposed"
        self.assertEqual(notice.state, "proposed")


@tagged("post_install", "-at_install")
class TestDunningEdit(DunningEditCommon):
    """A collector corrects what was proposed."""

    def _tracked(self, notice):
        self._end_transaction()
        return notice.sudo().message_ids.tracking_value_ids.field_id.mapped("name")

    def test_a_milder_letter_leaves_the_item_where_it_is(self):
        invoice = self._climb_to(1)
        notice = self._notice()
        self.assertEqual((notice.level_id, notice.fee), (self.second, 5))
        notice.action_set_level(self.level)
        self.assertEqual((notice.level_id, notice.fee), (self.level, 0))
        self.assertEqual(notice.line_ids.level_id, self.level)
        self.assertTrue(notice.is_level_changed)
        self.assertIn("level_id", self._tracked(notice))
        notice.action_send()
        self.assertEqual(notice.state, "sent")
        self.assertFalse(notice.line_ids.reached_on)
        # The next level waits as if one had been reached.
        self.assertFalse(self._propose("2025-04-09").notice_ids)
        later = self._propose("2025-04-10").notice_ids
        self.assertEqual((later.level_id, later.line_ids.move_id), (self.second, invoice))

    def test_changing_back_restores_the_proposal(self):
        self._climb_to(1)
        notice = self._notice()
        notice.action_set_level(self.level)
        notice.level_id = self.second
        self.assertEqual((notice.line_ids.level_id, notice.fee), (self.second, 5))
        self.assertFalse(notice.is_level_changed)
        notice.action_send()
        self.assertTrue(notice.line_ids.reached_on)

    def test_the_next_level_comes_early_but_none_is_skipped(self):
        old = self._climb_to(2)
        new = self._new_invoice(amount=50, date="2025-03-01")
        run = self._propose("2025-03-02")
        notice = run.notice_ids.with_user(self.collector)
        self.assertEqual(notice.level_id, self.level)
        notice.action_set_level(self.third)
        self.assertEqual(
            {line.move_id: line.level_id for line in notice.line_ids},
            {old: self.third, new: self.level},
        )
        notice.action_send()
        self.assertEqual(set(notice.line_ids.mapped("reached_on")), {run.date})

    def test_a_level_is_not_skipped(self):
        self._climb_to(1)
        notice = self._notice()
        with self.assertRaises(UserError):
            notice.action_set_level(self.third)
        with self.assertRaises(UserError):
            notice.write({"level_id": self.third.id})
        other = self.policy.copy().level_ids[0]
        with self.assertRaises(UserError):
            notice.action_set_level(other)
        self.assertEqual(notice.level_id, self.second)

    def test_many_reminders_change_level_in_a_dialog(self):
        self._climb_to(1)
        self._new_invoice(self.other_customer, 70, date="2025-03-01")
        notices = self._notice()
        action = notices.action_change_level()
        wizard = Form(
            self.env[action["res_model"]]
            .with_user(self.collector)
            .with_context(**action["context"])
        )
        wizard.level_id = self.second
        self.assertEqual(wizard.refused_count, 1)
        self.assertIn("Inland", wizard.refused_names)
        wizard.level_id = self.level
        self.assertEqual(wizard.refused_count, 0)
        wizard.note = "A good customer"
        wizard.save().action_apply()
        self.assertEqual(notices.level_id, self.level)
        self.assertIn("A good customer", notices[0].message_ids[0].body)
        self.assertNotIn(self.third, self.env["o2c.dunning.level.change"].create({
            "notice_ids": notices.ids, "level_id": self.level.id,
        }).allowed_level_ids)

    def test_what_somebody_decided_stays_when_it_is_proposed_again(self):
        self._climb_to(1)
        notice = self._notice()
        notice.write({
            "level_id": self.level.id,
            "introduction": "<p>We met on Monday.</p>",
            "note": "Ask for Mr Smith",
            "other_email": "smith@example.com",
            "send_letter": False,
            "responsible_id": self.collector.id,
        })
        run = notice.run_id
        run.action_propose()
        again = run.notice_ids
        self.assertNotEqual(again, notice)
        self.assertEqual((again.level_id, again.proposed_level_id), (self.level, self.second))
        self.assertEqual(again.line_ids.level_id, self.level)
        self.assertEqual((again.note, again.other_email), ("Ask for Mr Smith", "smith@example.com"))
        self.assertFalse(again.send_letter)
        self.assertTrue(again.send_email)
        self.assertIn("Monday", again.introduction)

    def test_corrections_are_traced(self):
        self._new_invoice(amount=100)
        contact = self.env["res.partner"].create({"name": "A", "parent_id": self.customer.id})
        notice = self._notice()
        notice.write({
            "contact_id": contact.id,
            "other_email": "a@example.com, b@example.com",
            "send_letter": False,
        })
        notice.action_skip()
        notice.introduction = "<p>Hello</p>"
        self.assertLessEqual(
            {"contact_id", "other_email", "send_letter", "state"}, set(self._tracked(notice))
        )
        self.assertIn("text of the letter", " ".join(notice.message_ids.mapped("body")))

    def test_a_collector_blocks_the_customer_of_a_reminder(self):
        self._new_invoice(amount=100)
        notice = self._notice()
        action = notice.action_block()
        self.env[action["res_model"]].with_user(self.collector).with_context(
            **action["context"]
        ).create({"reason": "Waits for a credit note"})
        notice.run_id.action_propose()
        self.assertFalse(notice.exists())

    def test_bad_input_is_refused(self):
        self._new_invoice(amount=100)
        notice = self._notice()
        with self.assertRaises(ValidationError):
            notice.other_email = "nobody"
        with self.assertRaises(ValidationError):
            notice.contact_id = self.other_customer

    def test_old_receivables_are_taken_up_at_the_level_of_their_days(self):
        self._new_invoice(amount=100)
        run = self._propose(is_take_up=True)
        with self.assertRaises(UserError):
            run.notice_ids.action_set_level(self.level)
