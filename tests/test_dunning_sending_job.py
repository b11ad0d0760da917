from unittest.mock import patch

from odoo import SUPERUSER_ID, api
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.order_to_cash.models.dunning import dunning_sending_job

from .test_dunning_run import DunningCommon


class Crash(BaseException):
    """The server goes down: nothing catches it."""


@tagged("post_install", "-at_install")
class TestDunningSendingJob(DunningCommon):
    """Many reminders are sent by a job, batch by batch."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.level.write({"fee_amount": 5, "fee_posting": "post"})
        cls.customers = cls.env["res.partner"].create([
            {"name": f"Customer {number}", "email": f"c{number}@example.com"}
            for number in range(5)
        ])
        cls._new_invoices(cls.customers, [100] * 5)

    def setUp(self):
        super().setUp()
        self.patch(dunning_sending_job, "AT_ONCE", 2)
        self.patch(dunning_sending_job, "BATCH", 2)

    def _start(self):
        run = self._propose().with_user(self.collector)
        run.action_start_sending()
        return run

    def _job(self):
        """Run the job as the scheduler does; a crash rolls back to what it has committed."""
        self._elsewhere(lambda env: env["o2c.dunning.run"]._cron_send())

    def _elsewhere(self, function):
        """Call ``function(env)`` on a cursor of its own."""
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            function(api.Environment(cr, SUPERUSER_ID, {}))

    def _crash_in_batch(self, number):
        Notice = self.env.registry["o2c.dunning.notice"]
        original = Notice._plan_calls
        calls = []

        def crashing(notices):
            calls.append(notices)
            if len(calls) == number:
                raise Crash
            return original(notices)

        return patch.object(Notice, "_plan_calls", crashing)

    def _assert_sent_once(self, run):
        self.assertEqual(run.state, "done")
        self.assertEqual(set(run.notice_ids.mapped("state")), {"sent"})
        self.assertEqual(len(self._mails(run.notice_ids)), 5)
        self.assertEqual(len(run.notice_ids.charge_move_id), 5)
        self.assertEqual(len(run.notice_ids.letter_id), 5)
        self.assertEqual(run.notice_ids.sent_by_id, self.collector)
        fees = self.env["account.move"].search([
            ("partner_id", "in", self.customers.ids), ("invoice_origin", "!=", False)
        ])
        self.assertEqual(len(fees), 5)

    def test_few_are_sent_at_once(self):
        self.patch(dunning_sending_job, "AT_ONCE", 5)
        run = self._start()
        self.assertEqual(run.state, "done")

    def test_many_wait_for_the_job(self):
        triggers = self.env["ir.cron.trigger"].search_count([])
        run = self._start()
        self.assertTrue(run.is_sending)
        self.assertEqual((run.queued_count, run.sent_count), (5, 0))
        self.assertGreater(self.env["ir.cron.trigger"].search_count([]), triggers)
        self._job()
        self.assertFalse(run.is_sending)
        self._assert_sent_once(run)
        self.assertIn("sent: 5", " ".join(run.message_ids.mapped("body")))
        self._job()
        self._assert_sent_once(run)

    def test_a_crash_half_way_loses_and_repeats_nothing(self):
        run = self._start()
        with self._crash_in_batch(2):
            crashed = False
            try:  # assertRaises would roll back what was committed
                self._job()
            except Crash:
                crashed = True
            self.assertTrue(crashed)
        self.assertEqual((run.sent_count, run.queued_count), (2, 3))
        self.assertEqual(len(self._mails(run.notice_ids)), 2)
        self.assertEqual(len(run.notice_ids.charge_move_id), 2)
        self._job()
        self._assert_sent_once(run)

    def test_what_was_paid_meanwhile_is_not_sent(self):
        run = self._start()
        paid = run.notice_ids[3]
        self._pay(paid.line_ids.move_id)
        self._job()
        self.assertEqual(paid.sudo().state, "paid")
        self.assertFalse(paid.sudo().queued_by_id)
        self.assertFalse(self._mails(paid))
        self.assertEqual(run.state, "done")

    @mute_logger("odoo.addons.order_to_cash.models.dunning.dunning_sending_job")
    def test_one_that_cannot_be_sent_does_not_keep_back_the_others(self):
        run = self._start()
        bad = run.notice_ids[2]
        Notice = self.env.registry["o2c.dunning.notice"]
        original = Notice._plan_calls

        def failing(notices):
            if bad.id in notices.ids:
                raise UserError("No paper")
            return original(notices)

        with patch.object(Notice, "_plan_calls", failing):
            self._job()
        self.assertEqual((run.state, run.sent_count, run.failed_count), ("proposed", 4, 1))
        self.assertEqual((bad.state, bad.send_error), ("proposed", "No paper"))
        self.assertFalse(run.is_sending)
        self.assertEqual(len(self._mails(run.notice_ids)), 4)
        self._elsewhere(
            lambda env: bad.with_env(env(user=self.collector.id)).action_send()
        )
        self.assertFalse(bad.send_error)
        self._assert_sent_once(run)

    def test_nobody_else_sends_or_proposes_meanwhile(self):
        run = self._start()
        for attempt in (
            run.action_send,
            run.action_start_sending,
            run.notice_ids[0].action_send,
            run.action_propose,
            run.action_cancel,
        ):
            with self.assertRaises(UserError):
                attempt()
        run.notice_ids[0].action_skip()
        run.action_stop_sending()
        self._job()
        self.assertFalse(run.sent_count)
        run.notice_ids[0].action_unskip()
        run.action_send()
        self._assert_sent_once(run)

    def test_the_daily_cycle_takes_the_same_way(self):
        self.level.is_automatic = True
        message = self.env["o2c.dunning.run"]._propose_daily(self.company)
        run = self.env["o2c.dunning.run"].search([("is_daily", "=", True)])
        self.assertIn("5", message)
        self.assertTrue(run.is_sending)
        self.assertIn(run.name, self.env["o2c.dunning.run"]._propose_daily(self.company))
        self._job()
        self.assertEqual((run.state, run.sent_count), ("done", 5))
        self.assertEqual(len(self._mails(run.notice_ids)), 5)
