from io import BytesIO

from dateutil.relativedelta import relativedelta
from lxml import html

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

REPORT = "order_to_cash.report_account_statement"
TEMPLATE = "order_to_cash.mail_template_account_statement"


class O2cAccountStatementPrint(models.TransientModel):
    """Statements of account to be printed, saved as a spreadsheet or sent by e-mail."""

    _name = "o2c.account.statement.print"
    _description = "Print Statements of Account"

    company_id = fields.Many2one(
        "res.company",
        required=True,
        default=lambda self: self.env.company.root_id & self.env.companies or self.env.company,
        help="The statement has the documents of the company and its branches.",
    )
    partner_ids = fields.Many2many(
        "res.partner",
        string="Customers",
        required=True,
        default=lambda self: self._default_partner_ids(),
    )
    kind = fields.Selection(
        [("movements", "All movements of a period"), ("open", "Open items only")],
        string="Content",
        required=True,
        default="movements",
    )
    date_from = fields.Date(
        string="From",
        required=True,
        default=lambda self: self.env.company._o2c_today() + relativedelta(months=-3, day=1),
    )
    date_to = fields.Date(
        string="Until",
        required=True,
        default=lambda self: self.env.company._o2c_today(),
        help="What is open, and how old it is, is shown as of the end of this day.",
    )
    without_email = fields.Char(
        compute="_compute_without_email", help="Customers who have no e-mail address."
    )

    @api.depends("partner_ids")
    def _compute_without_email(self):
        for wizard in self:
            contacts = wizard._customers()._o2c_statement_contacts()
            wizard.without_email = ", ".join(
                partner.display_name for partner, contact in contacts.items() if not contact.email
            )

    @api.constrains("date_from", "date_to")
    def _check_dates(self):
        for wizard in self:
            if wizard.date_from > wizard.date_to:
                raise ValidationError(
                    self.env._("The period of a statement has to begin before it ends.")
                )

    def _default_partner_ids(self):
        if self.env.context.get("active_model") != "res.partner":
            return None
        partners = self.env["res.partner"].browse(self.env.context.get("active_ids", []))
        return partners.commercial_partner_id

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_print(self):
        """Print the statements, all in one document, each in the language of its customer."""
        self._check_ready()
        if not self._documents():
            raise UserError(self._nothing())
        return self.env.ref("order_to_cash.action_report_account_statement").report_action(
            self, config=False
        )

    def action_download(self):
        """Download the statements as one spreadsheet."""
        self._check_ready()
        return {
            "type": "ir.actions.act_url",
            "url": f"/order_to_cash/dunning/statement/{self.id}.xlsx",
            "target": "download",
        }

    def action_send(self):
        """Send each customer his statement by e-mail; those without an address are left out."""
        self._check_ready()
        contacts = self._customers()._o2c_statement_contacts()
        documents = [
            (partner, found) for partner, found in self._documents() if contacts[partner].email
        ]
        if not documents:
            raise UserError(
                self.env._(
                    "There is nothing to send: none of the customers has both an e-mail address "
                    "and anything on the statement."
                )
            )
        self._send(documents)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "%(sent)s statements of account are on their way.", sent=len(documents)
                ),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    # ------------------------------------------------------------------
    # Business methods
    # ------------------------------------------------------------------

    def _check_ready(self):
        """Raise unless dunning is on and the user may see these customers' accounts."""
        self.ensure_one()
        self.company_id._o2c_check_dunning_is_on()
        if self.env.su:
            return
        if self.company_id not in self.env.user.company_ids:
            raise AccessError(
                self.env._("You do not work in %(company)s.", company=self.company_id.sudo().name)
            )
        customers = self._customers()
        customers.check_access("read")
        refused = customers - customers._o2c_credit_visible()
        if refused:
            raise AccessError(
                self.env._(
                    "These are customers of other salespeople, whose accounts you may not see: "
                    "%(customers)s. Take them out.",
                    customers=", ".join(refused.mapped("display_name")),
                )
            )

    def _customers(self):
        return self.partner_ids.commercial_partner_id

    def _nothing(self):
        return self.env._(
            "There is nothing on the statement: no movement in the period and nothing open."
        )

    def _documents(self):
        """The statements that have anything on them, in the order of the customers' names.

        :return: list of (partner, list of :class:`algorithms.statement.Statement`)
        """
        self.ensure_one()
        customers = self._customers()
        statements = self.env["o2c.account.statement"]._get_statements(
            customers, self.company_id, self.date_from, self.date_to
        )
        documents = []
        for partner in customers.sorted("name"):
            found = [
                item
                for item in statements[partner.id]
                if item.open_items or (self.kind == "movements" and (item.opening or item.lines))
            ]
            if found:
                documents.append((partner, found))
        return documents

    def _reference(self, partner):
        """What the first page of the customer's statement bears."""
        return f"{partner.id:06d}-{self.date_to:%Y%m%d}"

    def _file_name(self, partner, lang=None):
        name = self.with_context(lang=lang or self.env.lang).env._(
            "Statement of Account %(customer)s %(date)s", customer=partner.name, date=self.date_to
        )
        return name.replace("/", "-")

    # ------------------------------------------------------------------
    # Printing and sending
    # ------------------------------------------------------------------

    def _render(self):
        """The statements as one document: (bytes, file extension)."""
        content, kind = self.env["ir.actions.report"]._render_qweb_pdf(REPORT, self.ids)
        return content, kind

    def _render_each(self, documents):
        """The statement of each customer by one call of the PDF engine.

        :return: {partner: (bytes, file extension)}; in tests Odoo renders HTML for PDF
        """
        partners = [partner for partner, _statements in documents]
        wizard = self.create({
            "company_id": self.company_id.id,
            "partner_ids": [Command.set([partner.id for partner in partners])],
            "kind": self.kind,
            "date_from": self.date_from,
            "date_to": self.date_to,
        })
        content, kind = wizard._render()
        if kind != "pdf":
            page = html.fromstring(content)
            return {
                partner: (
                    html.tostring(page.get_element_by_id(f"o2c_statement_{partner.id}")),
                    "html",
                )
                for partner in partners
            }
        if len(partners) == 1:
            return {partners[0]: (content, "pdf")}
        parts = self.env["ir.actions.report"]._o2c_split_letters(
            BytesIO(content), [self._reference(partner) for partner in partners]
        )
        if parts:
            return {
                partner: (part, "pdf") for partner, part in zip(partners, parts, strict=True)
            }
        # The references cannot be read in the PDF: print one by one.
        each = {}
        for document in documents:
            each |= self._render_each([document])
        return each

    def _send(self, documents):
        """Put an e-mail to each customer in the outbox, with his statement."""
        template = self.env.ref(TEMPLATE, raise_if_not_found=False)
        if not template:
            raise UserError(
                self.env._(
                    "The e-mail template of statements of account was deleted. Update the "
                    "add-on to get it back."
                )
            )
        rendered = self._render_each(documents)
        partners = self.env["res.partner"].union(*rendered)
        contacts = partners._o2c_statement_contacts()
        # sudo: whoever may print a customer's statement may send it to him; the template says how.
        mails = template.sudo().send_mail_batch(partners.ids)
        attachments = self.env["ir.attachment"].sudo().create([
            {
                "name": self._file_name(
                    partner, partner._o2c_statement_lang(contacts[partner], self.company_id)
                )
                + f".{rendered[partner][1]}",
                "raw": rendered[partner][0],
                "res_model": "mail.message",
                "res_id": mail.mail_message_id.id,
            }
            for mail, partner in zip(mails, partners, strict=True)
        ])
        for mail, partner, attachment in zip(mails, partners, attachments, strict=True):
            mail.attachment_ids = attachment
            mail.recipient_ids = contacts[partner]
