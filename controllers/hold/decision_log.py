import json

from psycopg2 import DataError, ProgrammingError

from odoo import http
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.http import request

from ..xlsx import download, in_chosen_companies


class DecisionLogController(http.Controller):
    """The decision log as a file, with what the user may see."""

    @http.route(
        "/order_to_cash/hold/decisions.xlsx",
        type="http",
        auth="user",
        methods=["GET"],
        readonly=True,
    )
    def decisions(self, domain="[]"):
        """:param domain: which decisions, as JSON; all by default"""
        holds = in_chosen_companies(request.env["o2c.hold"])
        holds._check_can_download()
        try:
            wanted = Domain(json.loads(domain))
            decided = holds.search(
                Domain("decided_on", "!=", False) & wanted, order="decided_on desc, id desc"
            )
        except (TypeError, ValueError, DataError, ProgrammingError) as error:
            raise UserError(
                request.env._("These decisions cannot be found: the filter is damaged.")
            ) from error
        return download(decided._xlsx(), "decision_log.xlsx")
