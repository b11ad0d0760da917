from lxml import html

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import split_every

from odoo.addons.order_to_cash.algorithms import dunning

REPORT = "order_to_cash.report_dunning_notice"
# Letters that one call of the PDF engine prints, and reminders that are locked at a time.
BATCH = 200
# Reminders are made and sent by the hundred: the chatter of each says what happened in one note.
QUIET = {
    "mail_create_nolog": True,
    "mail_create_nosubscribe": True,
    "tracking_disable": True,
}


class O2cDunningNotice(models.Model):
    """A reminder to one customer in one currency."""

    _name = "o2c.dunning.notice"
    _description = "Reminder"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "run_id, number, id"
    _check_company_auto = True

    name = fields.Char(string="Reference", readonly=True, copy=False, index="trigram")
    run_id = fields.Many2one(
        "o2c.dunning.run", required=True, readonly=True, index=True, ondelete="cascade"
    )
    number = fields.Integer(readonly=True, help="The number of the reminder in its run.")
    company_id = fields.Many2one(related="run_id.company_id", store=True, index=True)
    date = fields.Date(related="run_id.date", store=True)
    run_state = fields.Selection(related="run_id.state", string="State of the Run")
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    contact_id = fields.Many2one(
        "res.partner",
        string="Recipient",
        required=True,
        ondelete="restrict",
        domain="[('id', 'child_of', partner_id)]",
        help="Whose address the letter and the e-mail bear.",
    )
    email_partner_id = fields.Many2one(
        "res.partner",
        string="E-mail To",
        compute="_compute_email",
        help="The recipient, or the customer when the recipient has no e-mail address.",
    )
    email = fields.Char(string="E-mail", compute="_compute_email")
    user_id = fields.Many2one(
        "res.users", string="Salesperson", related="partner_id.user_id", store=True
    )
    level_id = fields.Many2one(
        "o2c.dunning.level", required=True, readonly=True, index=True, ondelete="restrict"
    )
    line_ids = fields.One2many("o2c.dunning.notice.line", "notice_id", string="Overdue Items")
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company Currency"
    )
    total_overdue = fields.Monetary(
        string="Overdue", readonly=True, help="The open amounts past their due date."
    )
    total_due_soon = fields.Monetary(
        string="Due Soon",
        readonly=True,
        help="The open amounts that are not overdue yet, of which this reminder tells.",
    )
    total_open = fields.Monetary(
        string="Balance",
        readonly=True,
        help="All that the customer has to pay in this currency, due or not, less his credits.",
    )
    total_overdue_company = fields.Monetary(
        string="Overdue (Company Currency)",
        currency_field="company_currency_id",
        readonly=True,
    )
    state = fields.Selection(
        [
            ("proposed", "Proposed"),
            ("skipped", "Skipped"),
            ("sent", "Sent"),
            ("paid", "Paid"),
            ("recorded", "Taken Up"),
        ],
        default="proposed",
        required=True,
        readonly=True,
        index=True,
        tracking=True,
        help="Paid: nothing is left of the items that the reminder claims. Taken up: the items got "
        "their level when dunning began; nothing was sent.",
    )
    sent_on = fields.Datetime(readonly=True, copy=False)
    sent_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    is_emailed = fields.Boolean(
        string="E-mailed", readonly=True, copy=False, help="An e-mail was put in the outbox."
    )
    letter_id = fields.Many2one(
        "ir.attachment", readonly=True, copy=False, ondelete="set null"
    )

    _once_a_run = models.UniqueIndex(
        "(run_id, partner_id, currency_id)",
        "A customer gets one reminder a run and currency.",
    )

    @api.depends("contact_id.email", "partner_id.email")
    def _compute_email(self):
        for notice in self:
            partner = notice.contact_id.filtered("email") or notice.partner_id.filtered("email")
            notice.email_partner_id = partner
            notice.email = partner.email

    @api.ondelete(at_uninstall=False)
    def _unlink_except_sent(self):
        self.run_id.browse(self.filtered("sent_on").run_id.ids)._check_nothing_sent()

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_skip(self):
        """Leave these reminders out when their run is sent."""
        self.check_access("write")
        self.filtered(lambda notice: notice.state == "proposed").state = "skipped"

    def action_unskip(self):
        """Send these reminders with their run after all."""
        self.check_access("write")
        self.filtered(
            lambda notice: notice.state == "skipped" and notice.run_id.state != "done"
        ).state = "proposed"

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

    def action_print(self):
        """Print these letters as one document."""
        if not self:
            return {
                "type": "ir.actions.client",
                "tag": "display_notification",
                "params": {
                    "type": "info",
                    "message": self.env._("There is no letter to print."),
                },
            }
        report = self.env.ref("order_to_cash.action_report_dunning_notice")
        return report.report_action(self, config=False)

    # ------------------------------------------------------------------
    # Proposing
    # ------------------------------------------------------------------

    @api.model
    def _create_proposals(self, run, proposals, decisions):
        """Write the proposals of ``run`` down.

        :param proposals: list of :class:`dunning.Notice`
        :param decisions: what somebody decided about an earlier proposal, see
            :meth:`_decisions`
        :return: the reminders
        """
        contacts = self._invoice_contacts({proposal.customer for proposal in proposals})
        move_lines = self._move_lines(
            line.item.key for proposal in proposals for line in proposal.lines
        )
        names = {line.id: line._o2c_document_name() for line in move_lines}
        moves = {line.id: line.move_id.id for line in move_lines}
        charges = self._charges(run, [
            (line.item, line.level, line.climbs)
            for proposal in proposals
            for line in proposal.lines
            if not run.is_take_up
        ])
        free = (0.0, 0.0, None)
        first = max(run.notice_ids.mapped("number"), default=0) + 1
        vals_list = []
        for number, proposal in enumerate(proposals, start=first):
            key = (proposal.customer, proposal.currency, proposal.level)
            vals_list.append({
                "name": f"{run.name}/{number:04}",
                "run_id": run.id,
                "number": number,
                "partner_id": proposal.customer,
                "contact_id": contacts.get(proposal.customer, proposal.customer),
                "currency_id": proposal.currency,
                "level_id": proposal.level,
                "total_open": proposal.total_open,
                "total_overdue": proposal.total_overdue,
                "total_overdue_company": proposal.total_overdue_company,
                "total_due_soon": proposal.total_due_soon,
                **decisions.get(key, {}),
            })
        notices = self.with_context(**QUIET).create(vals_list)
        self.env["o2c.dunning.notice.line"].create([
            {
                "notice_id": notice.id,
                "move_line_id": line.item.key,
                "move_id": moves[line.item.key],
                "name": names[line.item.key],
                "date_due": line.item.due,
                "level_id": line.level,
                "previous_level_id": line.previous_level,
                "height": line.item.height,
                "days_overdue": line.days_overdue,
                "amount": line.amount,
                "amount_company": line.amount_company,
                "books": line.item.books,
                "fee": charges.get(line.item.key, free)[0],
                "interest": charges.get(line.item.key, free)[1],
            }
            for notice, proposal in zip(notices, proposals, strict=True)
            for line in proposal.lines
        ])
        return notices.with_env(self.env)

    def _decisions(self):
        """What somebody decided about these proposals, to be kept when they are made again.

        :return: {(customer id, currency id, level id): values}
        """
        return {
            (notice.partner_id.id, notice.currency_id.id, notice.level_id.id): {
                "state": notice.state if notice.state == "skipped" else "proposed",
                "fee_waived": notice.fee_waived,
                "interest_waived": notice.interest_waived,
            }
            for notice in self
        }

    @api.model
    def _invoice_contacts(self, partner_ids):
        """The invoice address of each customer that has one, by ids."""
        contacts = self.env["res.partner"].search(
            [("parent_id", "in", list(partner_ids)), ("type", "=", "invoice")], order="id desc"
        )
        return {contact.parent_id.id: contact.id for contact in contacts}

    @api.model
    def _move_lines(self, ids):
        # sudo: a run covers the branches of its company, whose items its collector need not be
        # allowed to see in their own books.
        return self.env["account.move.line"].sudo().browse(ids)

    @api.model
    def _without_email_domain(self):
        return Domain("contact_id.email", "=", False) & Domain("partner_id.email", "=", False)

    # ------------------------------------------------------------------
    # Sending
    # ------------------------------------------------------------------

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

    def _log_each(self, text):
        if self:
            self._message_log_batch(bodies=dict.fromkeys(self.ids, text))

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

    # ------------------------------------------------------------------
    # Settling
    # ------------------------------------------------------------------

    @api.model
    def _mark_settled(self, domain):
        """Mark the sent reminders in ``domain`` of which nothing is open any more as paid."""
        open_line = [("move_line_id.reconciled", "=", False)]
        self.search(
            Domain(domain)
            & Domain("state", "=", "sent")
            & ~Domain("line_ids", "any", open_line)
        ).with_context(**QUIET).state = "paid"

    @api.model
    def _mark_reopened(self, domain):
        """Mark the paid reminders in ``domain`` whose payment was taken back as sent again."""
        open_line = [("move_line_id.reconciled", "=", False)]
        self.search(
            Domain(domain)
            & Domain("state", "=", "paid")
            & Domain("sent_on", "!=", False)
            & Domain("line_ids", "any", open_line)
        ).with_context(**QUIET).state = "sent"

    # ------------------------------------------------------------------
    # Letters
    # ------------------------------------------------------------------

    def _file_letters(self):
        """Print the letters and file each with its reminder."""
        letters = self._render_letters()
        # sudo: whoever may send a reminder files its letter; written here and nowhere else.
        attachments = self.env["ir.attachment"].sudo().create([
            {
                "name": f"{notice._letter_name()}.{extension}",
                "raw": content,
                "res_model": self._name,
                "res_id": notice.id,
            }
            for notice, (content, extension) in letters.items()
        ])
        for notice, attachment in zip(letters, attachments, strict=True):
            notice.letter_id = attachment

    def _lang(self):
        """The language in which the recipient is written to."""
        self.ensure_one()
        return (
            self.contact_id.lang
            or self.partner_id.lang
            or self.company_id.partner_id.lang
            or self.env.lang
        )

    def _bank_accounts(self):
        """The company's bank accounts that the customer may pay to."""
        self.ensure_one()
        accounts = self.company_id.partner_id.bank_ids
        return (
            accounts.filtered(lambda account: account.currency_id == self.currency_id)
            or accounts.filtered(lambda account: not account.currency_id)
            or accounts
        )

    def _letter_name(self):
        self.ensure_one()
        level = self.level_id.with_context(lang=self._lang())
        return f"{level.name} {self.name}".replace("/", "-")

    def _render_letters(self):
        """Print these letters by one call of the PDF engine.

        :return: {reminder: (bytes, file extension)}; in tests Odoo renders HTML for PDF
        """
        content, kind = self.env["ir.actions.report"]._pre_render_qweb_pdf(REPORT, self.ids)
        if kind == "pdf":
            return {
                notice: (content[notice.id]["stream"].getvalue(), "pdf") for notice in self
            }
        page = html.fromstring(content)
        return {
            notice: (html.tostring(page.get_element_by_id(f"o2c_letter_{notice.id}")), "html")
            for notice in self
        }
