from odoo import http
from odoo.http import content_disposition, request

from ...algorithms.opening_import import TARGETS

TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}


class OpeningImportController(http.Controller):
    """Downloads of the opening import, for those who may import."""

    @http.route(
        "/order_to_cash/opening/template/<string:kind>.<string:extension>",
        type="http",
        auth="user",
        methods=["GET"],
        readonly=True,
    )
    def template(self, kind, extension):
        openings = request.env["o2c.opening.import"]
        openings.check_access("read")
        if kind not in TARGETS or extension not in TYPES:
            raise request.not_found()
        content = openings._template_file(kind, extension)
        return self._download(content, f"opening_{kind}.{extension}", extension)

    @http.route(
        "/order_to_cash/opening/<int:opening_id>/errors.xlsx",
        type="http",
        auth="user",
        methods=["GET"],
    )
    def errors(self, opening_id):
        opening = request.env["o2c.opening.import"].browse(opening_id).exists()
        if not opening:
            raise request.not_found()
        opening.check_access("read")
        return self._download(opening._errors_file(), "bad_rows.xlsx", "xlsx")

    def _download(self, content, name, extension):
        return request.make_response(
            content,
            [
                ("Content-Type", TYPES[extension]),
                ("Content-Disposition", content_disposition(name)),
                ("X-Content-Type-Options", "nosniff"),
            ],
        )
