import json

from psycopg2 import DataError, ProgrammingError

from odoo import http
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.http import request

from ..xlsx import download, in_chosen_companies


class CollectionController(http.Controller):
    """The reports on collection as files, with what the user may see."""

    @http.route(
        "/order_to_cash/collection/<string:model>.xlsx",
        type="http",
        auth="user",
        methods=["GET"],
        readonly=True,
    )
    def sheet(self, model, domain="[]"):
        """:param model: name of a report on collection
        :param domain: which rows, as JSON; all by default"""
        # Only our own reports are downloaded here: what else there is has its own ways.
        if not getattr(request.env.get(model), "_sheet_columns", None):
            raise request.not_found()
        report = in_chosen_companies(request.env[model])
        report.check_access("read")
        try:
            rows = report.search(Domain(json.loads(domain)))
        except (TypeError, ValueError, DataError, ProgrammingError) as error:
            raise UserError(
                request.env._("These rows cannot be found: the filter is damaged.")
            ) from error
        return download(rows._xlsx(), f"{model.removeprefix('o2c.').replace('.', '_')}.xlsx")
