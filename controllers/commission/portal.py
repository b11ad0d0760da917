from dateutil.relativedelta import relativedelta
from werkzeug.exceptions import NotFound

from odoo import http
from odoo.exceptions import UserError
from odoo.http import request

from odoo.addons.portal.controllers.portal import CustomerPortal
from odoo.addons.portal.controllers.portal import pager as portal_pager

from ..statement import asked_period, printed
from ..xlsx import download

ROWS = 100


class O2cCommissionPortal(CustomerPortal):
    """What a payee is paid: settlements with their rows, statements, comments and objections.

    Everything is read for the user who is logged in and the agency he logs in for; no address takes a
    partner, and no token opens anything. What is not his does not exist for him.
    """

    def _o2c_commission(self):
        return request.env["o2c.portal.commission"]

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "o2c_commission_count" in counters:
            commission = self._o2c_commission()
            # Who has earned something sees the page before anything is settled.
            values["o2c_commission_count"] = commission._count() or int(commission._has_entries())
        return values

    def _o2c_commission_values(self, page_name, **values):
        return {**self._prepare_portal_layout_values(), "page_name": page_name, **values}

    def _o2c_own_settlement(self, settlement_id):
        settlement = self._o2c_commission()._settlement(settlement_id)
        if not settlement:
            raise NotFound
        return settlement

    # ------------------------------------------------------------------
    # Settlements
    # ------------------------------------------------------------------

    @http.route(
        ["/my/commissions", "/my/commissions/page/<int:page>"],
        type="http",
        auth="user",
        website=True,
        methods=["GET"],
    )
    def o2c_commissions(self, page=1, filterby="all", **_kwargs):
        commission = self._o2c_commission()
        filters = {
            "all": {"label": request.env._("All")},
            "open": {"label": request.env._("Not Paid Yet")},
            "paid": {"label": request.env._("Paid")},
        }
        filterby = filterby if filterby in filters else "all"
        settlements = commission._settlements(filterby)
        pager = portal_pager(
            url="/my/commissions",
            url_args={"filterby": filterby},
            total=len(settlements),
            page=page,
            step=self._items_per_page,
        )
        return request.render(
            "order_to_cash.portal_commissions",
            self._o2c_commission_values(
                "o2c_commissions",
                settlements=settlements[pager["offset"] : pager["offset"] + self._items_per_page],
                totals=commission._totals(),
                pager=pager,
                default_url="/my/commissions",
                searchbar_filters=filters,
                filterby=filterby,
            ),
        )

    @http.route(
        ["/my/commissions/<int:settlement_id>", "/my/commissions/<int:settlement_id>/page/<int:page>"],
        type="http",
        auth="user",
        website=True,
        methods=["GET"],
        sitemap=False,
    )
    def o2c_commission_settlement(self, settlement_id, page=1, message=None, **_kwargs):
        return self._o2c_settlement_page(self._o2c_own_settlement(settlement_id), page, message)

    def _o2c_settlement_page(self, settlement, page=1, message=None, error=None, text=""):
        """The page of a settlement; what is wrong comes from here, never from an address.

        :param error: what was wrong with what he has sent, if anything
        :param text: what he wrote, to be corrected
        """
        # sudo: the payee is the user himself, see _payee()
        report = request.env["report.order_to_cash.report_commission_statement"].sudo()
        # Rows with what they are about, as they are printed.
        pager = portal_pager(
            url=f"/my/commissions/{settlement.id}", total=settlement.entry_count, page=page, step=ROWS
        )
        entries = settlement.entry_ids.sorted(lambda entry: (entry.date, entry.id))
        entries = entries[pager["offset"] : pager["offset"] + ROWS]
        waiting = settlement.dispute_ids.filtered(lambda dispute: dispute.state == "open")
        return request.render(
            "order_to_cash.portal_commission_settlement",
            self._o2c_commission_values(
                "o2c_commissions",
                settlement=settlement,
                entries=entries,
                disputed=waiting.entry_ids,
                disputed_as_a_whole=any(not dispute.entry_ids for dispute in waiting),
                figures=report._figure_writer(),
                pager=pager,
                message=message if message == "sent" else None,
                error=error,
                text=text,
                may_dispute=settlement.state in ("calculated", "approved", "disputed"),
            ),
        )

    @http.route(
        "/my/commissions/<int:settlement_id>/comment",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
        sitemap=False,
    )
    def o2c_commission_comment(self, settlement_id, text=None, whole=None, **_kwargs):
        settlement = self._o2c_own_settlement(settlement_id)
        chosen = [int(key) for key in request.httprequest.form.getlist("entry") if key.isdecimal()]
        try:
            with request.env.cr.savepoint():
                self._o2c_commission()._comment(settlement, text, chosen, bool(whole))
        except UserError as fault:
            return self._o2c_settlement_page(settlement, error=str(fault), text=text)
        return request.redirect(f"/my/commissions/{settlement_id}?message=sent")

    @http.route(
        "/my/commissions/<int:settlement_id>/<string:kind>",
        type="http",
        auth="user",
        website=True,
        methods=["GET"],
        sitemap=False,
    )
    def o2c_commission_settlement_download(self, settlement_id, kind, **_kwargs):
        settlement = self._o2c_own_settlement(settlement_id)
        name = request.env._("Commission Settlement %(name)s", name=settlement.name).replace("/", "-")
        if kind == "xlsx":
            # sudo: the settlement is the user's own
            report = request.env["report.order_to_cash.report_commission_statement"].sudo()
            return download(report._settlement_xlsx(settlement), f"{name}.xlsx")
        if kind != "pdf":
            raise NotFound
        # sudo: see above
        reports = request.env["ir.actions.report"].sudo()
        content = reports._render_qweb_pdf("order_to_cash.report_commission_settlement", settlement.ids)
        return printed(*content, name)

    # ------------------------------------------------------------------
    # Statement
    # ------------------------------------------------------------------

    def _o2c_commission_period(self, date_from, date_to):
        """The period asked for: (first day, last day, what is wrong with it)."""
        companies = self._o2c_commission()._companies()
        # sudo: the date of a company is no secret
        today = (companies[:1] or request.env.company.sudo())._o2c_today()
        first, last = today + relativedelta(months=-1, day=1), today + relativedelta(day=1, days=-1)
        return asked_period(date_from, date_to, first, last)

    @http.route("/my/commissions/statement", type="http", auth="user", website=True, methods=["GET"])
    def o2c_commission_statement(self, date_from=None, date_to=None, **_kwargs):
        commission = self._o2c_commission()
        first, last, error = self._o2c_commission_period(date_from, date_to)
        letters = []
        if commission._companies():
            # sudo: the statement is that of the user alone
            report = request.env["report.order_to_cash.report_commission_statement"].sudo()
            letters = report._letters(commission._statement_wizard(first, last))
        return request.render(
            "order_to_cash.portal_commission_statement",
            self._o2c_commission_values(
                "o2c_commission_statement",
                letters=letters,
                date_from=first,
                date_to=last,
                error=error,
            ),
        )

    @http.route(
        "/my/commissions/statement/<string:kind>",
        type="http",
        auth="user",
        website=True,
        methods=["GET"],
        sitemap=False,
    )
    def o2c_commission_statement_download(self, kind, date_from=None, date_to=None, **_kwargs):
        commission = self._o2c_commission()
        first, last, error = self._o2c_commission_period(date_from, date_to)
        if kind not in ("pdf", "xlsx"):
            raise NotFound
        if error or not commission._companies():
            return request.redirect("/my/commissions/statement")
        wizard = commission._statement_wizard(first, last)
        # sudo: the name of the user's own contact
        name = wizard._file_name(commission._payee().sudo()[:1])
        if kind == "xlsx":
            # sudo: the statement is that of the user alone
            report = request.env["report.order_to_cash.report_commission_statement"].sudo()
            return download(report._xlsx(wizard), f"{name}.xlsx")
        if not wizard._accounts():
            return request.redirect(f"/my/commissions/statement?date_from={first}&date_to={last}")
        return printed(*wizard._render(), name)
