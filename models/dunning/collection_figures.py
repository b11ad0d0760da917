from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL, OrderedSet

# An id of an account is made of that of the customer, below, and of the company. Up to 127 companies
# and 16 million customers it has 31 bits, which XML-RPC asks for; JavaScript knows 53.
CUSTOMER_BITS = 24
HIGH_SHIFT = 48
LOW_MASK = (1 << CUSTOMER_BITS) - 1


def account_id(company, customer):
    """:class:`SQL` for the id of the account of ``customer`` with ``company``, also SQL."""
    return SQL(
        "((%(customer)s >> %(bits)s)::bigint << %(high)s)"
        " + (%(company)s::bigint << %(bits)s) + (%(customer)s & %(mask)s)",
        customer=customer,
        company=company,
        bits=CUSTOMER_BITS,
        high=HIGH_SHIFT,
        mask=LOW_MASK,
    )


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


class O2cCollectionByAccount(models.AbstractModel):
    """What is read by the id of an account, without making all accounts to compare their ids."""

    _name = "o2c.collection.by.account"
    _description = "Collection by Account"

    # The field with the id of the account, for models that are read by it.
    _account_field = None

    def _search(
        self, domain, offset=0, limit=None, order=None, *, active_test=True, bypass_access=False
    ):
        return super()._search(
            Domain(domain).map_conditions(self._with_customer),
            offset,
            limit,
            order,
            active_test=active_test,
            bypass_access=bypass_access,
        )

    @api.model
    def _with_customer(self, condition):
        """The same condition on accounts with their customers, by whom the database finds items: it
        would make all accounts to compare their ids."""
        if condition.field_expr != self._account_field or condition.operator not in ("in", "="):
            return condition
        value = condition.value
        ids = value if isinstance(value, (list, tuple, set, frozenset, OrderedSet)) else [value]
        if not all(type(account_id) is int for account_id in ids):
            return condition
        partner_ids = [
            (account_id & LOW_MASK) | (account_id >> HIGH_SHIFT << CUSTOMER_BITS)
            for account_id in ids
        ]
        return condition & Domain("partner_id", "in", partner_ids)
