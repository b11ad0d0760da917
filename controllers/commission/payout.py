from odoo import http
from odoo.http import content_disposition, request

from ..xlsx import download, in_chosen_companies


class CommissionPayoutController(http.Controller):
    """What goes to payroll, as a file, for those who may read it."""

    @http.route(
        "/order_to_cash/commission/payout/<int:payout_id>.xlsx",
        type="http",
        auth="user",
        methods=["GET"],
        readonly=True,
    )
    def xlsx(self, payout_id):
        """:param payout_id: id of the batch"""
        payout = self._readable(payout_id)
        return download(payout._xlsx(), f"{self._name(payout)}.xlsx")

    @http.route(
        "/order_to_cash/commission/payout/<int:payout_id>.csv",
        type="http",
        auth="user",
        methods=["GET"],
        readonly=True,
    )
    def csv(self, payout_id):
        """:param payout_id: id of the batch"""
        payout = self._readable(payout_id)
        return request.make_response(
            payout._csv(),
            [
                ("Content-Type", "text/csv; charset=utf-8"),
                ("Content-Disposition", content_disposition(f"{self._name(payout)}.csv")),
                ("X-Content-Type-Options", "nosniff"),
            ],
        )

    @http.route(
        "/order_to_cash/commission/preview/<int:preview_id>.xlsx",
        type="http",
        auth="user",
        methods=["GET"],
        readonly=True,
    )
    def preview(self, preview_id):
        """What settlements take in and what not.

        :param preview_id: id of the preview
        """
        preview = request.env["o2c.commission.settlement.preview"].browse(preview_id).exists()
        if not preview:
            raise request.not_found()
        preview.check_access("read")
        return download(preview._xlsx(), request.env._("Preview of settlements.xlsx"))

    def _readable(self, payout_id):
        payout = in_chosen_companies(request.env["o2c.commission.payout"]).browse(payout_id).exists()
        if not payout:
            raise request.not_found()
        payout.check_access("read")
        return payout

    def _name(self, payout):
        return payout.name.replace("/", "_")
