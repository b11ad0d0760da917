"""The gathering of credit limits: one SQL statement, whatever the number of customers."""

from odoo import api, models
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms.credit import (
    Limit,
    TemporaryLimit,
    effective_limit,
    limit_of,
)


class O2cCreditLimit(models.AbstractModel):
    """How much credit each customer has, and why."""

    _name = "o2c.credit.limit"
    _description = "Credit Limit"

    @api.model
    def _gather(self, partners, company):
        """See :meth:`O2cCreditAccount._limits`."""
        # Limits of those the salesperson may not read are needed too.
        root = company.sudo().root_id
        if not partners:
            return {}
        self._flush_sources()
        today = root._o2c_today()
        of_company = self._of_company(root)
        result = {}
        for row in self.env.execute_query(self._sql(partners, root)):
            partner_id, temporary, start, end, mode, own, core, rating_mode, of_rating = row
            result[partner_id] = effective_limit(
                TemporaryLimit(float(temporary or 0), start, end) if end else None,
                (
                    limit_of(mode, float(own or 0), "own"),
                    # Zero in core means that there is none.
                    Limit("amount", core, "core") if core else None,
                    limit_of(rating_mode, of_rating, "rating"),
                    of_company,
                ),
                today,
            )
        return result

    def _flush_sources(self):
        self.env["res.partner"].flush_model(["credit_limit"])
        self.env["o2c.credit.account"].flush_model()
        self.env["o2c.credit.rating"].flush_model()

    def _sql(self, partners, root):
        """Explicit limits only: Odoo's default is not the customer's own."""
        return SQL(
            """
            SELECT partner.id,
                   account.temporary_limit,
                   account.temporary_from,
                   account.temporary_to,
                   CASE WHEN account.has_own_limit THEN account.limit_mode END,
                   account.credit_limit,
                   (partner.credit_limit ->> %(root_key)s)::float8,
                   rating.stored_limit_mode ->> %(root_key)s,
                   (rating.stored_default_limit ->> %(root_key)s)::float8
              FROM res_partner partner
         LEFT JOIN o2c_credit_account account
                ON account.partner_id = partner.id AND account.company_id = %(root)s
         LEFT JOIN o2c_credit_rating rating ON rating.id = account.rating_id
             WHERE partner.id = ANY(%(partners)s)
            """,
            root=root.id,
            root_key=str(root.id),
            partners=partners.ids,
        )

    def _of_company(self, root):
        """The limit of customers who have none otherwise, or None."""
        limit = limit_of(
            root.o2c_default_limit_mode, root.o2c_default_credit_limit, "company"
        )
        if limit:
            return limit
        # The fallback of a limit is a setting of the company; whoever may see a limit sees it.
        Partner = self.env["res.partner"].sudo().with_company(root)
        core = Partner._fields["credit_limit"].get_company_dependent_fallback(Partner)
        return Limit("amount", core, "company") if core else None
