from odoo import http
from odoo.http import content_disposition, request

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class CreditExposureController(http.Controller):
    """The exposure report as a file, with what the user may see."""

    @http.route(
        "/order_to_cash/credit/exposure.xlsx", type="http", auth="user", methods=["GET"]
    )
    def exposure(self):
        report = request.env["o2c.credit.exposure.report"]
        report.check_access("read")
        companies = request.cookies.get("cids", "")
        wanted = [int(key) for key in companies.replace(",", "-").split("-") if key.isdigit()]
        allowed = [key for key in wanted if key in request.env.user.company_ids.ids]
        if allowed:
            report = report.with_context(allowed_company_ids=allowed)
        return request.make_response(
            report._refresh()._xlsx(),
            [
                ("Content-Type", XLSX),
                ("Content-Disposition", content_disposition("credit_exposure.xlsx")),
                ("X-Content-Type-Options", "nosniff"),
            ],
        )
