from lxml import html

from odoo import models
from odoo.fields import Command

REPORT = "order_to_cash.report_dunning_notice"


class O2cDunningNotice(models.Model):
    """The letter of a reminder."""

    _inherit = "o2c.dunning.notice"

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
        self._note_on_customers()

    def _note_on_customers(self):
        """Leave a note with its letter on the customer of each reminder, all in one batch."""
        author_id, email_from = self._message_compute_author()
        # sudo: whoever may send a reminder leaves its letter with the customer; who opens it there
        # is asked for his rights on the reminder.
        self.env["res.partner"].sudo()._message_create([
            {
                "model": "res.partner",
                "res_id": notice.partner_id.id,
                "author_id": author_id,
                "email_from": email_from,
                "reply_to": email_from,
                "body": notice._letter_name(),
                "message_type": "notification",
                "subtype_id": self.env["ir.model.data"]._xmlid_to_res_id("mail.mt_note"),
                "is_internal": True,
                "attachment_ids": [Command.link(notice.letter_id.id)],
            }
            for notice in self.filtered("letter_id")
        ])

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
