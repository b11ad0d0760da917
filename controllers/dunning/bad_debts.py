import json

from psycopg2 import DataError, ProgrammingError

from odoo import http
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.http import request

from ..xlsx import download, in_chosen_companies


class BadDebtsController(http.Controller):
    """Bad debts as a file, with what the user may see."""

    @http.route(
        "/order_to_cash/dunning/bad_debts.xlsx",
        type="http",
        auth="user",
        methods=["GET"],
        readonly=True,
    )
    def bad_debts(self, domain="[]"):
        """:param domain: which documents, as JSON; all by default"""
        lines = in_chosen_companies(request.env["o2c.write.off.line"])
        lines.check_access("read")
        try:
            found = lines.search(
                Domain("state", "in", ("approved", "reversed")) & Domain(json.loads(domain)),
                order="date desc, id desc",
            )
        except (TypeError, ValueError, DataError, ProgrammingError) as error:
            raise UserError(
                request.env._("These bad debts cannot be found: the filter is damaged.")
            ) from error
        return download(found._xlsx(), "bad_debts.xlsx")
