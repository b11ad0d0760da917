from odoo import http
from odoo.http import request

from ..xlsx import download, in_chosen_companies


class SalesPlanSheetController(http.Controller):
    """A sales plan as a file, for those who may read it."""

    @http.route(
        "/order_to_cash/plan/<int:plan_id>.xlsx",
        type="http",
        auth="user",
        methods=["GET"],
        readonly=True,
    )
    def sheet(self, plan_id):
        """:param plan_id: id of the plan"""
        plan = self._readable(plan_id)
        name = f"{plan.display_name.replace('/', '_')}.xlsx"
        return download(plan._sheet(), name)

    @http.route(
        "/order_to_cash/plan/<int:plan_id>/variance.xlsx",
        type="http",
        auth="user",
        methods=["GET"],
        readonly=True,
    )
    def variance(self, plan_id):
        """The plan against what was sold.

        :param plan_id: id of the plan
        """
        plan = self._readable(plan_id)
        name = request.env._("%(plan)s against actual.xlsx", plan=plan.display_name.replace("/", "_"))
        return download(plan._variance_xlsx(), name)

    def _readable(self, plan_id):
        plan = in_chosen_companies(request.env["o2c.sales.plan"]).browse(plan_id).exists()
        if not plan:
            raise request.not_found()
        plan.check_access("read")
        return plan
