from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date, split_every

from odoo.addons.order_to_cash.algorithms import dunning

from .dunning_notice import QUIET

# Letters that one call of the PDF engine prints, and reminders that are locked at a time.
BATCH = 200


class O2cDunningRun(models.Model):
    """Sending what a run proposes, by a person or by the day's cycle."""

    _inherit = "o2c.dunning.run"

    def action_send(self):
        """Send the proposed reminders that nobody skipped; a second time there are none left.

        :return: a notification saying what was sent
        """
        return self._waiting().action_send()

    def _waiting(self):
        """The reminders to send. Runs that have none left, but had some, are finished."""
        waiting = self.notice_ids.filtered(lambda notice: notice.state == "proposed")
        idle = self - waiting.run_id
        if idle:
            idle.check_access("write")
            # sudo: the state is the program's; the right to send is checked above.
            idle.sudo()._finish_if_sent()
        return waiting

    def _check_day_has_come(self):
        for run in self:
            if run.date > run.company_id._o2c_today():
                raise UserError(
                    self.env._(
                        "%(run)s is for %(date)s, which is still to come: it is a preview. Send it "
                        "then, or create a run for today.",
                        run=run.name,
                        date=format_date(self.env, run.date),
                    )
                )

    # ------------------------------------------------------------------
    # The daily step
    # ------------------------------------------------------------------

    @api.model
    def _propose_daily(self, company):
        """Propose today's reminders of ``company`` and send those of automatic levels.

        A proposal of an earlier day that nobody sent is brought up to date instead of adding
        another; one that is being sent right now is left alone.

        :return: a sentence saying how many reminders were sent and wait, empty if none
        """
        # sudo: the day's cycle acts for the company; not to be called by anybody else.
        Run, Notice = self.sudo(), self.env["o2c.dunning.notice"].sudo()
        Notice._mark_settled([("company_id", "=", company.id)])
        Notice._mark_reopened([("company_id", "=", company.id)])
        run = Run.search([
            ("company_id", "=", company.id),
            ("is_daily", "=", True),
            ("state", "!=", "done"),
        ], limit=1)
        if run.is_sending:
            return self.env._("%(run)s is being sent.", run=run.name)
        decisions = run._unsent_notices()._decisions()
        if run.notice_ids.filtered("sent_on"):
            run._finish()
            run = Run.browse()
        if not run:
            run = Run.create({"company_id": company.id, "is_daily": True})
        run.date = company._o2c_today()
        run._replace_proposals(decisions)
        if not run.notice_ids:
            run.unlink()
            return ""
        return " ".join(filter(None, [run._send_automatic(), run._daily_message()]))

    def _daily_message(self):
        if self.is_sending:
            return self.env._(
                "%(queued)s reminders of %(run)s are being sent, %(count)s wait.",
                queued=self.queued_count,
                run=self.name,
                count=self.pending_count - self.queued_count,
            )
        return self.env._(
            "%(sent)s reminders sent, %(count)s wait in %(run)s.",
            sent=self.sent_count,
            count=self.pending_count,
            run=self.name,
        )

    def _send_automatic(self):
        """Send the proposed reminders of levels that are sent without a person.

        :return: a warning when the books may lag behind the bank, empty if they do not
        """
        warning = self.bank_warning or ""
        automatic = self.notice_ids.filtered(
            lambda notice: notice.state == "proposed" and notice.level_id.is_automatic
        )
        if automatic and not (warning and self.company_id.o2c_dunning_bank_waits):
            automatic._send_or_queue()
        return warning


class O2cDunningNotice(models.Model):
    """Sending reminders: letters filed, e-mails in the outbox, calls planned, levels marked."""

    _inherit = "o2c.dunning.notice"

    def action_send(self):
        """Send these reminders: file the letter, put the e-mail in the outbox. Those of a run that
        takes old receivables up are only put on record.

        Only proposed ones are sent, and of those only what is still owed. All that belongs to a
        reminder is one transaction, so that a crash neither loses nor repeats any.

        :return: a notification saying what was sent
        """
        self._check_may_send()
        # sudo: what was sent is recorded, charged and filed by the program only; the right to send
        # is checked above.
        sent = self.sudo()._send_now()
        return self._notification(
            sent._sent_message() if sent else self.env._("There is nothing to send."),
            "success" if sent else "info",
        )

    def _check_may_send(self):
        self.check_access("write")
        self.company_id._o2c_check_dunning_is_on()
        for run in self.run_id:
            run._check_not_sending()
            run._check_day_has_come()

    def _send_now(self):
        """Send these reminders in this transaction; returns those sent."""
        sent = self.browse()
        for notices in self.grouped("run_id").values():
            for batch in split_every(BATCH, notices.ids, self.browse):
                sent += batch._send_batch()
        self.run_id._finish_if_sent()
        for run, notices in sent.grouped("run_id").items():
            run._message_log(body=notices._sent_message())
        return sent

    def _notification(self, message, kind):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": kind,
                "message": message,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _send_batch(self):
        """Send reminders of one run, or put them on record; returns those that were.

        Another transaction that sends some of them right now keeps those.
        """
        if self.run_id.is_take_up:
            return self._record_batch()
        notices = self.with_context(**QUIET).try_lock_for_update(allow_referencing=True)
        notices = notices.filtered(lambda notice: notice.state == "proposed")._reconsider()
        if not notices:
            return self.browse()
        notices._invoice_charges()
        notices.write({
            "state": "sent",
            "sent_on": fields.Datetime.now(),
            "sent_by_id": self.env.uid,
            "queued_by_id": False,
            "send_error": False,
        })
        notices.filtered(lambda notice: notice._needs_letter())._file_letters()
        climbing = notices.line_ids.filtered(lambda line: line._climbs())
        climbing.reached_on = self.run_id.date
        held_back = notices.line_ids.filtered(lambda line: line._is_held_back())
        held_back.held_back_on = self.run_id.date
        notices._queue_emails()
        notices._plan_calls()
        return notices.with_env(self.env)

    def _record_batch(self):
        """Put the levels on record at which old receivables enter; returns the reminders kept."""
        notices = self.with_context(**QUIET).try_lock_for_update(allow_referencing=True)
        notices = notices.filtered(lambda notice: notice.state == "proposed")
        if not notices:
            return self.browse()
        items = self.run_id._gather_open_items(notices.partner_id.ids)
        new = {item.key for item in items if not item.height}
        lines = notices.line_ids.filtered(lambda line: line.move_line_id.id in new)
        (notices.line_ids - lines).unlink()
        # Interest of the time before is not charged: nobody knows what the old system charged.
        lines.write({"reached_on": self.run_id.date, "interest_to": self.run_id.date})
        (notices - lines.notice_id).state = "skipped"
        lines.notice_id.state = "recorded"
        return lines.notice_id.with_env(self.env)

    def _reconsider(self):
        """Take out what was paid since the proposal; returns the reminders still to be sent."""
        if not self:
            return self
        items, parts, _stops = self.run_id._gather_claims(self.partner_id.ids)
        by_key = {item.key: item for item in items}
        stopped_keys = {part.item.key for part in parts}
        credit_of = dunning.credits_by_notice(items)
        gone = self.env["o2c.dunning.notice.line"]
        settled, covered, superfluous = self.browse(), self.browse(), self.browse()
        stopped = self.browse()
        for notice in self:
            remaining = dunning.reconsider(
                notice.line_ids._as_proposed_lines(), by_key, notice.currency_id.round
            )
            due = notice.line_ids._due_now(remaining)
            credit = credit_of.get((notice.partner_id.id, notice.currency_id.id), 0.0)
            if not remaining and stopped_keys.intersection(notice.line_ids.move_line_id.ids):
                stopped += notice
            elif not remaining:
                settled += notice
            elif notice.currency_id.compare_amounts(due + credit, 0) <= 0:
                covered += notice
            elif not any(climbs for _amount, climbs in remaining.values()):
                superfluous += notice
            else:
                gone += notice.line_ids._keep(remaining)
        gone.unlink()
        due = self - settled - covered - superfluous - stopped
        due._lower_levels()
        due._update_totals(self.run_id._other_items(items, due))
        due._update_charges(by_key)
        due._list_stopped(parts)
        (settled + covered).state = "paid"
        (superfluous + stopped).write({"state": "skipped", "fell_out": True})
        settled._log_each(self.env._("Not sent: everything on it was settled in the meantime."))
        covered._log_each(
            self.env._("Not sent: the customer's credits cover what is overdue by now.")
        )
        superfluous._log_each(
            self.env._("Not sent: the customer was reminded by another run in the meantime.")
        )
        stopped._log_each(
            self.env._("Not sent: what it claimed is disputed, promised or blocked by now.")
        )
        return due

    def _lower_levels(self):
        """Where what reached the level of the letter is paid by now, the letter is that of the
        others: nobody gets a final notice of what he was never reminded of."""
        for notice in self:
            told = notice.line_ids.filtered(lambda line: line._climbs() or line._is_held_back())
            heights = notice._heights(notice.level_id)
            level = max(
                told.level_id, key=heights.__getitem__, default=notice.level_id
            )
            if heights[level] < heights[notice.level_id]:
                notice.write({"level_id": level.id, "proposed_level_id": level.id})

    def _update_totals(self, other_items):
        for notice in self:
            others = other_items.get((notice.partner_id.id, notice.currency_id.id), [])
            overdue = notice.line_ids.filtered(lambda line: line.days_overdue > 0)
            claimed = sum(notice.line_ids.mapped("amount"))
            notice.update({
                "total_overdue": notice.currency_id.round(sum(overdue.mapped("amount"))),
                "total_due_soon": notice.currency_id.round(
                    sum((notice.line_ids - overdue).mapped("amount"))
                ),
                "total_open": notice.currency_id.round(
                    claimed + sum(item.residual for item in others)
                ),
                "total_overdue_company": notice.company_currency_id.round(
                    sum(overdue.mapped("amount_company"))
                ),
            })

    def _queue_emails(self):
        """Put the e-mails of these reminders in the outbox, and note what happened to each."""
        emailed = self.filtered(lambda notice: notice.send_email and notice.email)
        for (template, addresses), notices in emailed.grouped(
            lambda notice: (notice.level_id.mail_template_id, notice._email_addresses())
        ).items():
            template.send_mail_batch(
                notices.ids,
                # Who said where the e-mail goes wants it there and nowhere else.
                email_values=addresses and {"email_to": addresses, "recipient_ids": []},
            )
        emailed.is_emailed = True
        by_post = (self - emailed).filtered("letter_id")
        by_post._log_each(self.env._("Reminder sent as a letter."))
        (self - emailed - by_post)._log_each(self.env._("Reminder by a call only."))

    def _needs_letter(self):
        """Whether a document goes with this reminder: by post, or with the e-mail."""
        return self.send_letter or self.send_email

    def _process_attachments_for_template_post(self, mail_template):
        """Called by ``mail.template``: the letter goes with the e-mail."""
        return {
            notice.id: {"attachment_ids": notice.letter_id.ids} for notice in self
        }

    def _to_post(self):
        """Those of these reminders that go by post: the level says so, or there is no e-mail."""
        return self.filtered(
            lambda notice: notice.send_letter or (notice.send_email and not notice.is_emailed)
        )

    def _sent_message(self):
        if self.run_id.filtered("is_take_up"):
            return self.env._(
                "Receivables taken up: %(documents)s of %(customers)s customers. Nothing was sent.",
                documents=len(self.line_ids),
                customers=len(self.partner_id),
            )
        emailed = self.filtered("is_emailed")
        without_email = self.filtered(
            lambda notice: notice.send_email and not notice.is_emailed
        )
        message = self.env._(
            "Reminders sent: %(count)s, of which %(emailed)s by e-mail.",
            count=len(self),
            emailed=len(emailed),
        )
        if without_email:
            message += " " + self.env._(
                "Customers without an e-mail address: %(count)s. Print their letters.",
                count=len(without_email),
            )
        return message
