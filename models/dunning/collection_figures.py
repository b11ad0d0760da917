from odoo import api, models
from odoo.tools import SQL


class O2cCollectionFigures(models.AbstractModel):
    """What the reports on collection have in common.

    They read the books anew each time instead of storing figures, so they are always right. The
    companies are the families of those that the user has chosen, where dunning is switched on.
    """

    _name = "o2c.collection.figures"
    _description = "Collection Figures"

    @api.model
    def _collection_companies(self):
        """The companies of the figures, branches included."""
        # sudo: the figures of a family are added up for whoever may see one of its companies.
        roots = self.env.companies.sudo().root_id.filtered("o2c_use_dunning")
        return self.env["res.company"].sudo().search([("id", "child_of", roots.ids)])

    @api.model
    def _company_sql(self):
        """A table of the companies: id, root, currency with its rounding, and local date."""
        companies = self._collection_companies()
        roots = [company.root_id for company in companies]
        today = {root: root._o2c_today() for root in companies.root_id}
        return SQL(
            """
            SELECT *
              FROM unnest(%s::int[], %s::int[], %s::int[], %s::numeric[], %s::date[])
                AS company(id, root_id, currency_id, rounding, today)
            """,
            companies.ids,
            [root.id for root in roots],
            [root.currency_id.id for root in roots],
            [root.currency_id.rounding for root in roots],
            [today[root] for root in roots],
        )
