import logging

from odoo import api, fields, models
from odoo.exceptions import UserError

from .dunning_sending import BATCH

_logger = logging.getLogger(__name__)

# So many reminders are sent while somebody waits; more are left to the job.
AT_ONCE = 100


class O2cDunningRun(models.Model):
    """Sending a big run by a job that commits batch by batch."""

    _inherit = "o2c.dunning.run"

    queued_count = fields.Integer(string="Being Sent", compute="_compute_queued_count")
    is_sending = fields.Boolean(compute="_compute_queued_count")
    failed_count = fields.Integer(
        string="Failed",
        compute="_compute_queued_count",
        help="Reminders that could not be sent; each says why.",
    )

    @api.depends("notice_ids.queued_by_id", "notice_ids.send_error", "notice_ids.state")
    def _compute_queued_count(self):
        Notice = self.env["o2c.dunning.notice"]
        waiting = [("run_id", "in", self.ids), ("state", "=", "proposed")]
        queued, failed = (
            dict(
                Notice._read_group([*waiting, (name, "!=", False)], ["run_id"], ["__count"])
            )
            for name in ("queued_by_id", "send_error")
        )
        for run in self:
            run.queued_count = queued.get(run._origin, 0)
            run.is_sending = bool(run.queued_count)
            run.failed_count = failed.get(run._origin, 0)

    def action_start_sending(self):
        """Send the proposed reminders that nobody skipped: a few at once, many by a job.

        :return: a notification saying what was sent or is being sent
        """
        return self._waiting().action_start_sending()

    def action_stop_sending(self):
        """Leave what the job has not sent yet where it is: proposed."""
        self.check_access("write")
        # sudo: the queue is the program's; the right to send is checked above.
        queued = self.sudo().notice_ids.filtered("queued_by_id")
        queued.queued_by_id = False
        for run in queued.run_id:
            run._message_log(body=self.env._("Sending was stopped."))

    def action_view_failed(self):
        """Open the reminders that could not be sent."""
        action = self.action_view_notices()
        action["domain"] = [("run_id", "in", self.ids), ("send_error", "!=", False)]
        return action

    def _check_not_sending(self):
        for run in self:
            if run.is_sending:
                raise UserError(
                    self.env._(
                        "%(run)s is being sent right now: %(queued)s reminders are still to go. "
                        "Wait until it is done, or stop it.",
                        run=run.name,
                        queued=run.queued_count,
                    )
                )

    @api.model
    def _cron_send(self):
        """Send what is queued, batch by batch, each in a transaction of its own."""
        Notice = self.env["o2c.dunning.notice"].sudo()
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=Notice._count_queued())
        while batch := Notice._next_queued():
            count = len(batch)
            try:
                batch._send_queued()
            except Exception:
                self.env.cr.rollback()
                _logger.exception("A batch of reminders could not be sent; trying one by one.")
                self._send_one_by_one(batch)
            if not cron._commit_progress(count, remaining=Notice._count_queued()):
                break

    def _send_one_by_one(self, notices):
        """One reminder that cannot be sent keeps the others from nothing."""
        for notice in notices:
            try:
                notice._send_queued()
            except Exception as error:
                self.env.cr.rollback()
                _logger.exception("Reminder %s could not be sent.", notice.id)
                notice.write({"queued_by_id": False, "send_error": str(error)})
            self.env["ir.cron"]._commit_progress()


class O2cDunningNotice(models.Model):
    _inherit = "o2c.dunning.notice"

    queued_by_id = fields.Many2one(
        "res.users",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="Who sends this reminder; the job has not come to it yet.",
    )
    send_error = fields.Char(
        string="Not Sent Because",
        readonly=True,
        copy=False,
        help="Why the job could not send this reminder. It stays proposed.",
    )

    def action_start_sending(self):
        """Send these reminders: a few at once, many by a job; see :meth:`action_send`.

        :return: a notification saying what was sent or is being sent
        """
        if len(self) <= AT_ONCE:
            return self.action_send()
        self._check_may_send()
        # sudo: the queue is the program's; the right to send is checked above.
        self.sudo()._queue()
        return self._notification(
            self.env._(
                "%(count)s reminders are being sent in the background. You may go on working.",
                count=len(self),
            ),
            "info",
        )

    def _send_or_queue(self):
        if len(self) <= AT_ONCE:
            self._send_now()
        else:
            self._queue()

    def _queue(self):
        waiting = self.filtered(lambda notice: notice.state == "proposed")
        # One statement takes them all: of two users at once the second has to try again, and then
        # sees that they are being sent.
        waiting.write({"queued_by_id": self.env.uid, "send_error": False})
        self.env.ref("order_to_cash.ir_cron_dunning_sending")._trigger()

    @api.model
    def _queued_domain(self):
        return [
            ("queued_by_id", "!=", False),
            ("state", "=", "proposed"),
            # What is switched off while it is being sent waits until it is switched on again.
            ("company_id.o2c_use_dunning", "=", True),
        ]

    @api.model
    def _count_queued(self):
        return self.search_count(self._queued_domain())

    @api.model
    def _next_queued(self):
        """The next batch of queued reminders: of one run, and one person's."""
        first = self.search(self._queued_domain(), order="run_id, number, id", limit=1)
        return self.search(
            [
                *self._queued_domain(),
                ("run_id", "=", first.run_id.id),
                ("queued_by_id", "=", first.queued_by_id.id),
            ],
            order="number, id",
            limit=BATCH,
        )

    def _send_queued(self):
        """Send these reminders for the person who asked for it."""
        run = self.run_id
        notices = (
            self.with_user(self.queued_by_id)
            .with_company(run.company_id)
            .with_context(lang=self.queued_by_id.lang, tz=self.queued_by_id.tz)
            # sudo: he was checked when he asked for it.
            .sudo()
        )
        notices._send_batch()
        # What is settled or superfluous by now is done with as well.
        notices.queued_by_id = False
        if not run.is_sending:
            notices.run_id._finish_if_sent()
            sent = notices.run_id.notice_ids.filtered("sent_on")
            if sent:
                notices.run_id._message_log(body=sent._sent_message())
        self.env.flush_all()
