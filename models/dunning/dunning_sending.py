from odoo import api, fields, models
from odoo.tools import split_every

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
        return self.notice_ids.filtered(lambda notice: notice.state == "proposed").action_send()

    @api.model
    def _propose_daily(self, company):
        """Propose today's reminders of ``company`` and send those of automatic levels.

        A proposal of an earlier day that nobody sent is brought up to date instead of adding
        another.

        :return: a sentence saying how many reminders were sent and wait, empty if none
        """
        self.env["o2c.dunning.notice"]._mark_settled([("company_id", "=", company.id)])
        self.env["o2c.dunning.notice"]._mark_reopened([("company_id", "=", company.id)])
        run = self.search([
            ("company_id", "=", company.id),
            ("is_daily", "=", True),
            ("state", "!=", "done"),
        ], limit=1)
        decisions = run._unsent_notices()._decisions()
        if run.notice_ids.filtered("sent_on"):
            run._finish()
            run = self.browse()
        if not run:
            run = self.create({"company_id": company.id, "is_daily": True})
        run.date = company._o2c_today()
        run._replace_proposals(decisions)
        if not run.notice_ids:
            run.unlink()
            return ""
        run._send_automatic()
        return self.env._(
            "%(sent)s reminders sent, %(count)s wait in %(run)s.",
            sent=run.sent_count,
            count=run.pending_count,
            run=run.name,
        )

    def _send_automatic(self):
        """Send the proposed reminders of levels that are sent without a person."""
        automatic = self.notice_ids.filtered(
            lambda notice: notice.state == "proposed" and notice.level_id.is_automatic
        )
        if automatic:
            automatic.action_send()


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
        self.check_access("write")
        self.company_id._o2c_check_dunning_is_on()
        sent = self.browse()
        for run, notices in self.grouped("run_id").items():
            for batch in split_every(BATCH, notices.ids, self.browse):
                sent += batch._record_batch() if run.is_take_up else batch._send_batch()
        self.run_id._finish_if_sent()
        for run, notices in sent.grouped("run_id").items():
            run._message_log(body=notices._sent_message())
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success" if sent else "info",
                "message": (
                    sent._sent_message() if sent else self.env._("There is nothing to send.")
                ),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _send_batch(self):
        """Send reminders of one run; returns those sent.

        Another transaction that sends some of them right now keeps those.
        """
        notices = self.with_context(**QUIET).try_lock_for_update(allow_referencing=True)
        notices = notices.filtered(lambda notice: notice.state == "proposed")._reconsider()
        if not notices:
            return self.browse()
        notices._invoice_charges()
        notices.write({
            "state": "sent",
            "sent_on": fields.Datetime.now(),
            "sent_by_id": self.env.uid,
        })
        notices.filtered(lambda notice: notice._needs_letter())._file_letters()
        climbing = notices.line_ids.filtered(lambda line: line._climbs())
        climbing.reached_on = self.run_id.date
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
        items = self.run_id._gather_open_items(self.partner_id.ids)
        by_key = {item.key: item for item in items}
        credit_of = dunning.credits_by_notice(items)
        gone = self.env["o2c.dunning.notice.line"]
        settled, covered, superfluous = self.browse(), self.browse(), self.browse()
        for notice in self:
            remaining = dunning.reconsider(
                notice.line_ids._as_proposed_lines(), by_key, notice.currency_id.round
            )
            due = notice.line_ids._due_now(remaining)
            credit = credit_of.get((notice.partner_id.id, notice.currency_id.id), 0.0)
            if not remaining:
                settled += notice
            elif notice.currency_id.compare_amounts(due + credit, 0) <= 0:
                covered += notice
            elif not any(climbs for _amount, climbs in remaining.values()):
                superfluous += notice
            else:
                gone += notice.line_ids._keep(remaining)
        gone.unlink()
        due = self - settled - covered - superfluous
        due._update_totals(self.run_id._other_items(items, due))
        due._update_charges(by_key)
        (settled + covered).state = "paid"
        superfluous.state = "skipped"
        settled._log_each(self.env._("Not sent: everything on it was settled in the meantime."))
        covered._log_each(
            self.env._("Not sent: the customer's credits cover what is overdue by now.")
        )
        superfluous._log_each(
            self.env._("Not sent: the customer was reminded by another run in the meantime.")
        )
        return due

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
        emailed = self.filtered(lambda notice: notice.level_id.send_email and notice.email)
        for template, notices in emailed.grouped(
            lambda notice: notice.level_id.mail_template_id
        ).items():
            template.send_mail_batch(notices.ids)
        emailed.is_emailed = True
        by_post = (self - emailed).filtered("letter_id")
        by_post._log_each(self.env._("Reminder sent as a letter."))
        (self - emailed - by_post)._log_each(self.env._("Reminder by a call only."))

    def _plan_calls(self):
        """Plan a call for each of these reminders whose level asks for it."""
        calls = self.filtered("level_id.create_activity")
        if not calls:
            return
        activity_type = self.env.ref("mail.mail_activity_data_call", raise_if_not_found=False)
        model = self.env["ir.model"]._get_id(self._name)
        # Those who call find it among their activities; they get no e-mail about each.
        self.env["mail.activity"].with_context(mail_activity_quick_update=True).create([
            {
                "activity_type_id": activity_type.id if activity_type else False,
                "res_model_id": model,
                "res_id": notice.id,
                "user_id": notice._responsible().id,
                "summary": self.env._(
                    "Call %(customer)s: %(level)s",
                    customer=notice.partner_id.name,
                    level=notice.level_id.name,
                ),
                "date_deadline": notice.company_id._o2c_today(),
            }
            for notice in calls
        ])

    def _responsible(self):
        """Who calls the customer: one who may read the reminder."""
        self.ensure_one()
        for user in (
            self.level_id.user_id,
            self.user_id,
            self.company_id.sudo().o2c_collector_id,
        ):
            # sudo: the groups and companies of a user are only asked for, not shown.
            if (
                user.active
                and user.has_group("order_to_cash.group_user")
                and self.company_id in user.sudo().company_ids
            ):
                return user
        return self.env.user

    def _needs_letter(self):
        """Whether a document goes with this reminder: by post, or with the e-mail."""
        return self.level_id.send_letter or self.level_id.send_email

    def _process_attachments_for_template_post(self, mail_template):
        """Called by ``mail.template``: the letter goes with the e-mail."""
        return {
            notice.id: {"attachment_ids": notice.letter_id.ids} for notice in self
        }

    def _to_post(self):
        """Those of these reminders that go by post: the level says so, or there is no e-mail."""
        return self.filtered(
            lambda notice: notice.level_id.send_letter
            or (notice.level_id.send_email and not notice.is_emailed)
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
            lambda notice: notice.level_id.send_email and not notice.is_emailed
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
