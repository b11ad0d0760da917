from odoo import http
from odoo.http import request

from ..xlsx import download, in_chosen_companies


class CreditExposureController(http.Controller):
    """The exposure report as a file, with what the user may see."""

    @http.route(
        "/order_to_cash/credit/exposure.xlsx", type="http", auth="user", methods=["GET"]
    )
    def exposure(self):
        report = request.env["o2c.credit.exposure.report"]
        report.check_access("read")
        report = in_chosen_companies(report)
        return download(report._refresh()._xlsx(), "credit_exposure.xlsx")
