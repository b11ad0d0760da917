from werkzeug.exceptions import BadRequest, NotFound

from odoo import fields, http
from odoo.http import request

from ..xlsx import download, in_chosen_companies


class ReceivablesController(http.Controller):
    """Spreadsheets of aged receivables and of statements, with what the user may see."""

    @http.route(
        "/order_to_cash/dunning/aged_receivables.xlsx", type="http", auth="user", methods=["GET"]
    )
    def aged_receivables(self, as_of="", filter="", **_kwargs):  # noqa: A002 part of the address
        try:
            date = fields.Date.to_date(as_of)
        except ValueError as error:
            raise BadRequest from error
        report = request.env["o2c.aged.receivable"].with_context(o2c_as_of=date)
        report.check_access("read")
        report = in_chosen_companies(report)
        chosen = report.env["o2c.aged.receivable.filter"]
        domain = chosen._domain_of(int(filter) if filter.isdecimal() else False)
        return download(report._xlsx(domain), f"aged_receivables_{report._as_of()}.xlsx")

    @http.route(
        "/order_to_cash/dunning/statement/<int:wizard_id>.xlsx",
        type="http",
        auth="user",
        methods=["GET"],
    )
    def statement(self, wizard_id):
        wizard = request.env["o2c.account.statement.print"].browse(wizard_id).exists()
        if not wizard:
            raise NotFound
        report = request.env["report.order_to_cash.report_account_statement"]
        return download(report._xlsx(wizard), f"statements_{wizard.date_to}.xlsx")
