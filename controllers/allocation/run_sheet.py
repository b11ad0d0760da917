from odoo import http
from odoo.http import request

from ..xlsx import download, in_chosen_companies


class AllocationRunController(http.Controller):
    """An allocation run as a file, for those who may read it."""

    @http.route(
        "/order_to_cash/allocation/run.xlsx",
        type="http",
        auth="user",
        methods=["GET"],
        readonly=True,
    )
    def run_sheet(self, run_id):
        """:param run_id: id of the run"""
        if not run_id.isdigit():
            raise request.not_found()
        run = in_chosen_companies(request.env["o2c.allocation.run"]).browse(int(run_id)).exists()
        if not run:
            raise request.not_found()
        run.check_access("read")
        name = f"{run.name.replace('/', '_')}.xlsx"
        return download(run._xlsx(), name)
