from werkzeug.exceptions import NotFound

from odoo import http
from odoo.http import request

from ..xlsx import download


class CommissionStatementController(http.Controller):
    """Spreadsheets of commission statements, with what the user may see."""

    @http.route(
        "/order_to_cash/commission/statement/<int:wizard_id>.xlsx",
        type="http",
        auth="user",
        methods=["GET"],
    )
    def statement(self, wizard_id):
        wizard = request.env["o2c.commission.statement"].browse(wizard_id).exists()
        if not wizard:
            raise NotFound
        report = request.env["report.order_to_cash.report_commission_statement"]
        return download(report._xlsx(wizard), f"commission_statements_{wizard.date_to}.xlsx")
