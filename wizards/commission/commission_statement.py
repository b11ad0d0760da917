from dateutil.relativedelta import relativedelta

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import format_date

REPORT = "order_to_cash.report_commission_statement"
TEMPLATE = "order_to_cash.mail_template_commission_statement"
# So many statements are made while somebody waits, each some seconds of the PDF engine; the job makes more.
AT_ONCE = 10


class O2cCommissionStatement(models.TransientModel):
    """Commission statements to be printed, saved as a spreadsheet or sent by e-mail."""

    _name = "o2c.commission.statement"
    _description = "Commission Statements"

    payee_ids = fields.Many2many(
        "res.partner",
        string="Payees",
        default=lambda self: self._default_payee_ids(),
        help="Empty: everybody who has anything on the statement.",
    )
    company_ids = fields.Many2many(
        "res.company", string="Companies", required=True, default=lambda self: self.env.companies
    )
    date_from = fields.Date(
        string="From",
        required=True,
        default=lambda self: self.env.company._o2c_today() + relativedelta(months=-1, day=1),
    )
    date_to = fields.Date(
        string="Until",
        required=True,
        default=lambda self: self.env.company._o2c_today() + relativedelta(day=1, days=-1),
    )
    with_expected = fields.Boolean(
        string="With What Is Expected",
        default=True,
        help="Adds a list of what orders and unpaid invoices may still earn.",
    )
    is_manager = fields.Boolean(compute="_compute_is_manager")
    without_email = fields.Char(
        compute="_compute_without_email", help="Payees who have no e-mail address."
    )

    @api.model
    def _default_payee_ids(self):
        if self._may_see_all():
            active = self.env.context.get("active_model") == "res.partner"
            return self.env.context.get("active_ids", []) if active else False
        return self.env.user.partner_id

    @api.depends_context("uid")
    def _compute_is_manager(self):
        self.is_manager = self._may_see_all()

    @api.depends("payee_ids")
    def _compute_without_email(self):
        for wizard in self:
            # sudo: names of those whom the user has chosen
            payees = wizard.payee_ids.sudo().filtered(lambda payee: not payee.email)
            wizard.without_email = ", ".join(payees.mapped("display_name"))

    @api.constrains("date_from", "date_to")
    def _check_dates(self):
        for wizard in self:
            if wizard.date_from > wizard.date_to:
                raise ValidationError(
                    self.env._("The period of a statement has to begin before it ends.")
                )

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_print(self):
        """Print the statements, all in one document, each in the language of its payee."""
        self._check_ready()
        self._check_not_empty()
        return self.env.ref("order_to_cash.action_report_commission_statement").report_action(
            self, config=False
        )

    def action_download(self):
        """Download the statements as one spreadsheet."""
        self._check_ready()
        return {
            "type": "ir.actions.act_url",
            "url": f"/order_to_cash/commission/statement/{self.id}.xlsx",
            "target": "download",
        }

    def action_send(self):
        """Send each payee his statement by e-mail: a few at once, many by the job. Those without an address
        are left out.

        :return: a notification, or the action that shows how far the job is
        """
        self._check_ready()
        # sudo: the addresses of those whom the user has chosen
        payees = self._payees_with_anything().sudo().filtered("email")
        if not payees:
            raise UserError(
                self.env._(
                    "There is nothing to send: none of the payees has both an e-mail address and anything "
                    "on the statement."
                )
            )
        if len(payees) > AT_ONCE:
            return self._let_job_send(payees)
        self._send(payees)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("%(sent)s statements are on their way.", sent=len(payees)),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    # ------------------------------------------------------------------
    # Business methods
    # ------------------------------------------------------------------

    @api.model
    def _may_see_all(self):
        return self.env.su or self.env.user.has_group("order_to_cash.group_commission_manager")

    def _check_ready(self):
        """Raise unless the user may see these payees' commission."""
        self.ensure_one()
        if self._may_see_all():
            return
        if self.payee_ids != self.env.user.partner_id:
            raise AccessError(self.env._("You may see the statement of your own commission only."))

    def _check_not_empty(self):
        if not self._accounts():
            raise UserError(
                self.env._(
                    "There is nothing on the statement: nothing was earned, taken back or paid in the "
                    "period, and nothing is owed."
                )
            )

    def _payees(self):
        """Who is asked for; everybody with rows in the ledger where nobody is named."""
        if self.payee_ids:
            return self.payee_ids
        groups = self.env["o2c.commission.entry"]._read_group(
            Domain("company_id", "in", self.company_ids.ids) & Domain("date", "<=", self.date_to),
            ["payee_id"],
        )
        return self.env["res.partner"].union(*(payee for [payee] in groups))

    def _accounts(self):
        """:return: list of :class:`models.commission.statement.Account`"""
        self.ensure_one()
        accounts = self.env["o2c.commission.entry"]._commission_accounts(
            self._payees(), self.company_ids, self.date_from, self.date_to
        )
        if self.with_expected:
            return accounts
        return [account for account in accounts if account.statement or account.settlements]

    def _payees_with_anything(self):
        return self.env["res.partner"].browse(dict.fromkeys(item.payee_id for item in self._accounts()))

    def _reference(self, payee, company):
        """What the first page of a statement bears."""
        return f"{payee.id:06d}-{company.id}-{self.date_to:%Y%m%d}"

    def _file_name(self, payee):
        name = self.with_context(lang=payee.lang or self.env.lang).env._(
            "Commission Statement %(payee)s %(date)s", payee=payee.name, date=self.date_to
        )
        return name.replace("/", "-")

    def _render(self):
        """The statements as one document: (bytes, file extension); in tests Odoo renders HTML for PDF"""
        return self.env["ir.actions.report"]._render_qweb_pdf(REPORT, self.ids)

    def _let_job_send(self, payees):
        return self.env["o2c.commission.job"]._queue(
            "statements",
            self.env.company,
            [
                {"payee_id": payee.id, "date_from": self.date_from, "date_to": self.date_to}
                for payee in payees
            ],
            params={"company_ids": self.company_ids.ids, "with_expected": self.with_expected},
        )._show()

    def _send(self, payees):
        """Put an e-mail to each payee in the outbox, with his statement, and note it on his settlements."""
        template = self.env.ref(TEMPLATE, raise_if_not_found=False)
        if not template:
            raise UserError(
                self.env._(
                    "The e-mail template of commission statements was deleted. Update the add-on to get "
                    "it back."
                )
            )
        each = self.create([
            {
                "payee_ids": [Command.set(payee.ids)],
                "company_ids": [Command.set(self.company_ids.ids)],
                "date_from": self.date_from,
                "date_to": self.date_to,
                "with_expected": self.with_expected,
            }
            for payee in payees
        ])
        rendered = [wizard._render() for wizard in each]
        # sudo: whoever may print a statement may send it; the template says how
        period = {"o2c_date_from": self.date_from, "o2c_date_to": self.date_to}
        mails = template.sudo().with_context(**period).send_mail_batch(payees.ids)
        attachments = self.env["ir.attachment"].sudo().create([
            {
                "name": f"{self._file_name(payee)}.{kind}",
                "raw": content,
                "res_model": "mail.message",
                "res_id": mail.mail_message_id.id,
            }
            for mail, payee, (content, kind) in zip(mails, payees, rendered, strict=True)
        ])
        for mail, payee, attachment in zip(mails, payees, attachments, strict=True):
            mail.attachment_ids = attachment
            mail.recipient_ids = payee
        # Whoever may read a contact reads what is sent on it, with the attachments: so this is sent on none.
        mails.write({"model": False, "res_id": False})
        # sudo: only whether there is an address for replies
        if not template.sudo().reply_to:
            for mail in mails:
                mail.reply_to = mail.email_from
        self._note_sent(payees)

    def _note_sent(self, payees):
        settlements = self.env["o2c.commission.settlement"].search(
            Domain("payee_id", "in", payees.ids)
            & Domain("company_id", "in", self.company_ids.ids)
            & Domain("state", "not in", ("draft", "cancelled"))
            & Domain("date_to", ">=", self.date_from)
            & Domain("date_to", "<=", self.date_to)
        )
        # sudo: a note of what was done; the payee's address is his own
        settlements.sudo()._message_log_batch(
            bodies={
                settlement.id: self.env._(
                    "The statement %(first)s – %(last)s was sent to %(email)s.",
                    first=format_date(self.env, self.date_from),
                    last=format_date(self.env, self.date_to),
                    email=settlement.sudo().payee_id.email,
                )
                for settlement in settlements
            }
        )
