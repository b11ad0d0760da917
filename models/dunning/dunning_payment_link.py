from odoo import api, fields, models
from odoo.tools import str2bool


class ResCompany(models.Model):
    _inherit = "res.company"

    def _o2c_is_paid_online(self):
        """Whether customers of the company can pay their invoices on the portal."""
        self.ensure_one()
        # Online payment is an app of its own, which need not be there.
        if "payment.provider" not in self.env:
            return False
        # sudo: whether payment is possible at all is asked, no setting is shown.
        is_on = self.env["ir.config_parameter"].sudo().get_param(
            "account_payment.enable_portal_payment"
        )
        provider = self.env["payment.provider"].sudo()
        return str2bool(is_on or "", False) and bool(
            provider.search_count(
                [
                    *provider._check_company_domain(self),
                    ("state", "in", ("enabled", "test")),
                    ("is_published", "=", True),
                ],
                limit=1,
            )
        )


class O2cDunningNotice(models.Model):
    """Where the customer pays what a reminder claims."""

    _inherit = "o2c.dunning.notice"

    payment_url = fields.Char(
        compute="_compute_payment_url",
        compute_sudo=True,
        help="The page on which the customer can pay online; none where that is not offered.",
    )

    payment_links = fields.Json(
        compute="_compute_payment_links",
        compute_sudo=True,
        help="Of several invoices each has a page of its own that needs no log-in, unlike the page "
        "of all: a list of number and address.",
    )

    @api.depends("payment_url")
    def _compute_payment_links(self):
        for notice in self:
            invoices = notice._payable_invoices() if notice.payment_url else []
            base = notice.company_id.get_base_url()
            notice.payment_links = [
                [invoice.name, base + invoice.get_portal_url(query_string="&payment=True")]
                for invoice in invoices
            ] if len(invoices) > 1 else []

    def _payable_invoices(self):
        return self.line_ids.move_id.filtered(lambda move: move.move_type == "out_invoice")

    def _compute_payment_url(self):
        self.payment_url = False
        for company, notices in self.grouped("company_id").items():
            if not company._o2c_is_paid_online():
                continue
            base = company.get_base_url()
            for notice in notices:
                notice.payment_url = base + notice._payment_path()

    def _payment_path(self):
        """The page of the one invoice, which needs no log-in, or that of all overdue invoices."""
        invoices = self._payable_invoices()
        if len(invoices) == 1 and len(self.line_ids.mapped("name")) == len(invoices.ids):
            return invoices.get_portal_url(query_string="&payment=True")
        # One payment covers invoices of one recipient in one currency.
        if len(invoices.partner_id) == 1 and not self._has_other_currencies():
            return "/my/invoices/overdue"
        return "/my/invoices?filterby=overdue_invoices"

    def _has_other_currencies(self):
        return bool(
            (self.run_id.notice_ids - self).filtered(
                lambda notice: notice.partner_id == self.partner_id
            )
        )

    def _payment_qr(self, amount):
        """A QR code that fills in the transfer, where the company prints such codes.

        :param amount: what is to be paid, in the currency of the reminder
        :return: an image as a data URI, or None
        """
        self.ensure_one()
        account = self._bank_accounts()[:1]
        if not self.company_id.qr_code or not account or amount <= 0:
            return None
        return account.build_qr_code_base64(
            amount, self.name, "", self.currency_id, self.partner_id, silent_errors=True
        )
