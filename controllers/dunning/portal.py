from dateutil.relativedelta import relativedelta
from werkzeug.exceptions import NotFound

from odoo import Command, http
from odoo.exceptions import ValidationError
from odoo.http import request

from odoo.addons.portal.controllers.portal import CustomerPortal
from odoo.addons.portal.controllers.portal import pager as portal_pager

from ..statement import asked_period, printed
from ..xlsx import download

MESSAGES = ("disputed", "promised")


class O2cReceivablesPortal(CustomerPortal):
    """A customer's account: open items, statement, reminders, disputes and promises.

    Everything is read for the commercial partner of the user who is logged in; no address takes a
    partner. What is not his is redirected to his home page, as core does with documents; where
    dunning is switched off there are no pages.
    """

    # ------------------------------------------------------------------
    # Who and where
    # ------------------------------------------------------------------

    def _o2c_receivables(self):
        return request.env["o2c.portal.receivables"]

    def _o2c_partner(self):
        return request.env.user.partner_id.commercial_partner_id

    def _o2c_companies(self):
        """The companies whose pages the user may open; there is at least one."""
        companies = self._o2c_receivables()._companies()
        if not companies:
            raise NotFound
        return companies

    def _o2c_company(self, company_id=None):
        """The company that the user has chosen, else his own, else the first."""
        companies = self._o2c_companies()
        chosen = companies.filtered(lambda company: str(company.id) == str(company_id or ""))
        return chosen or companies & request.env.company.sudo().root_id or companies[0]

    def _o2c_values(self, page_name, company, **values):
        return {
            **self._prepare_portal_layout_values(),
            "page_name": page_name,
            "company": company,
            "companies": self._o2c_companies(),
            **values,
        }

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        names = {"o2c_receivable_count", "o2c_statement_count", "o2c_reminder_count"} & {*counters}
        if not names:
            return values
        receivables = self._o2c_receivables()
        companies = receivables._companies()
        partner = self._o2c_partner()
        if "o2c_receivable_count" in names:
            values["o2c_receivable_count"] = (
                receivables._count_open(partner, companies) if companies else 0
            )
        if "o2c_statement_count" in names:
            values["o2c_statement_count"] = int(receivables._has_account(partner, companies))
        if "o2c_reminder_count" in names:
            values["o2c_reminder_count"] = (
                len(receivables._notices(partner, companies)) if companies else 0
            )
        return values

    # ------------------------------------------------------------------
    # Open items
    # ------------------------------------------------------------------

    @http.route("/my/receivables", type="http", auth="user", website=True, methods=["GET"])
    def o2c_receivables(self, company_id=None, message=None, **_kwargs):
        company = self._o2c_company(company_id)
        return request.render(
            "order_to_cash.portal_receivables",
            self._o2c_values(
                "o2c_receivables",
                company,
                account=self._o2c_receivables()._account(self._o2c_partner(), company),
                may_promise=company.o2c_portal_promise_days > 0,
                message=message if message in MESSAGES else None,
            ),
        )

    # ------------------------------------------------------------------
    # Statement
    # ------------------------------------------------------------------

    def _o2c_period(self, company, date_from, date_to):
        """The period asked for: (first day, last day, what is wrong with it)."""
        today = company._o2c_today()
        first, last = today + relativedelta(months=-3, day=1), today
        return asked_period(date_from, date_to, first, last)

    def _o2c_statement_wizard(self, company, first, last):
        # sudo: the statement is that of the user's own commercial partner.
        return request.env["o2c.account.statement.print"].sudo().create({
            "company_id": company.id,
            "partner_ids": [Command.set(self._o2c_partner().ids)],
            "date_from": first,
            "date_to": last,
        })

    @http.route("/my/statement", type="http", auth="user", website=True, methods=["GET"])
    def o2c_statement(self, company_id=None, date_from=None, date_to=None, **_kwargs):
        company = self._o2c_company(company_id)
        first, last, error = self._o2c_period(company, date_from, date_to)
        # sudo: the statement is that of the user's own commercial partner.
        report = request.env["report.order_to_cash.report_account_statement"].sudo()
        letters = report._letters(self._o2c_statement_wizard(company, first, last))
        return request.render(
            "order_to_cash.portal_statement",
            self._o2c_values(
                "o2c_statement",
                company,
                letter=letters[0] if letters else None,
                date_from=first,
                date_to=last,
                error=error,
            ),
        )

    @http.route(
        "/my/statement/<string:kind>",
        type="http",
        auth="user",
        website=True,
        methods=["GET"],
        sitemap=False,
    )
    def o2c_statement_download(
        self, kind, company_id=None, date_from=None, date_to=None, **_kwargs
    ):
        if kind not in ("pdf", "xlsx"):
            raise NotFound
        company = self._o2c_company(company_id)
        first, last, error = self._o2c_period(company, date_from, date_to)
        if error:
            return request.redirect("/my/statement")
        wizard = self._o2c_statement_wizard(company, first, last)
        # sudo: the statement is that of the user's own commercial partner.
        name = wizard._file_name(self._o2c_partner().sudo(), request.env.lang)
        if kind == "xlsx":
            report = request.env["report.order_to_cash.report_account_statement"].sudo()
            return download(report._xlsx(wizard), f"{name}.xlsx")
        if not wizard._documents():
            return request.redirect(f"/my/statement?date_from={first}&date_to={last}")
        return printed(*wizard._render(), name)

    # ------------------------------------------------------------------
    # Reminders
    # ------------------------------------------------------------------

    @http.route(
        ["/my/reminders", "/my/reminders/page/<int:page>"],
        type="http",
        auth="user",
        website=True,
        methods=["GET"],
    )
    def o2c_reminders(self, page=1, **_kwargs):
        companies = self._o2c_companies()
        notices = self._o2c_receivables()._notices(self._o2c_partner(), companies)
        pager = portal_pager(
            url="/my/reminders", total=len(notices), page=page, step=self._items_per_page
        )
        return request.render(
            "order_to_cash.portal_reminders",
            self._o2c_values(
                "o2c_reminders",
                companies[0],
                notices=notices[pager["offset"] : pager["offset"] + self._items_per_page],
                pager=pager,
            ),
        )

    @http.route(
        "/my/reminders/<int:notice_id>/letter",
        type="http",
        auth="user",
        website=True,
        methods=["GET"],
        sitemap=False,
    )
    def o2c_reminder_letter(self, notice_id, **_kwargs):
        notices = self._o2c_receivables()._notices(self._o2c_partner(), self._o2c_companies())
        letter = notices.filtered(lambda notice: notice.id == notice_id).letter_id
        if not letter:
            return request.redirect("/my")
        # sudo: the letter of a reminder that was sent to the user's own commercial partner.
        stream = request.env["ir.binary"].sudo()._get_stream_from(letter.sudo(), "raw")
        return stream.get_response(as_attachment=True)

    # ------------------------------------------------------------------
    # Disputes and promises
    # ------------------------------------------------------------------

    @http.route(
        "/my/receivables/<int:invoice_id>/dispute",
        type="http",
        auth="user",
        website=True,
        methods=["GET", "POST"],
        sitemap=False,
    )
    def o2c_dispute(self, invoice_id, amount=None, category=None, reason=None, **_kwargs):
        receivables = self._o2c_receivables()
        partner = self._o2c_partner()
        invoice = receivables._own_invoice(partner, self._o2c_companies(), invoice_id)
        if not invoice:
            return request.redirect("/my")
        error = None
        if request.httprequest.method == "POST":
            try:
                with request.env.cr.savepoint():
                    receivables._dispute(invoice, amount, category, reason)
            except ValidationError as fault:
                error = str(fault)
            else:
                company = invoice.company_id.root_id
                return request.redirect(f"/my/receivables?company_id={company.id}&message=disputed")
        Dispute = request.env["o2c.payment.dispute"].sudo()
        left = invoice.amount_residual - Dispute._disputed_by_invoice(invoice).get(invoice.id, 0.0)
        return request.render(
            "order_to_cash.portal_dispute",
            self._o2c_values(
                "o2c_receivables",
                invoice.company_id.root_id,
                disputed=invoice,
                o2c_form="dispute",
                left=invoice.currency_id.round(left),
                categories=Dispute._fields["category"]._description_selection(request.env),
                typed={"amount": amount, "category": category, "reason": reason},
                error=error,
            ),
        )

    @http.route(
        "/my/receivables/promise",
        type="http",
        auth="user",
        website=True,
        methods=["GET", "POST"],
        sitemap=False,
    )
    def o2c_promise(
        self, company_id=None, currency_id=None, amount=None, date=None, note=None, **_kwargs
    ):
        company = self._o2c_company(company_id)
        if not company.o2c_portal_promise_days:
            raise NotFound
        receivables = self._o2c_receivables()
        partner = self._o2c_partner()
        account = receivables._account(partner, company)
        part = next(
            (part for part in account if str(part["currency"].id) == (currency_id or "")), None
        )
        if not part:
            return request.redirect("/my/receivables")
        chosen = [
            int(key) for key in request.httprequest.values.getlist("invoice") if key.isdecimal()
        ]
        error = None
        if request.httprequest.method == "POST":
            try:
                with request.env.cr.savepoint():
                    receivables._promise(
                        partner, company, part["currency"].id, chosen, amount, date, note
                    )
            except ValidationError as fault:
                error = str(fault)
            else:
                return request.redirect(f"/my/receivables?company_id={company.id}&message=promised")
        today = company._o2c_today()
        return request.render(
            "order_to_cash.portal_promise",
            self._o2c_values(
                "o2c_receivables",
                company,
                part=part,
                o2c_form="promise",
                invoices=self._o2c_promisable_items(part),
                chosen=chosen,
                first_day=today,
                last_day=today + relativedelta(days=company.o2c_portal_promise_days),
                typed={"amount": amount, "date": date, "note": note},
                error=error,
            ),
        )

    @staticmethod
    def _o2c_promisable_items(part):
        return [item for item in part["items"] if item.kind == "invoice" and item.open > 0]
