from odoo import api, models
from odoo.tools import SQL
from odoo.tools.misc import formatLang

from .credit_account import LIMIT_FIELDS


class O2cCreditAccount(models.Model):
    """Whose account it is: made when first needed, joined when two customers become one."""

    _inherit = "o2c.credit.account"

    @api.model
    def _get_or_create(self, partners, company):
        """The accounts of the commercial partners of ``partners`` in the root of ``company``.

        Missing ones are made, with core's credit limit, if there is one, as their own. Two users
        who do so at once get the same account.
        """
        root = company.root_id
        commercial = partners.commercial_partner_id
        domain = [("partner_id", "in", commercial.ids), ("company_id", "=", root.id)]
        missing = commercial - self.search(domain).partner_id
        if missing:
            self.flush_model()
            self.env["res.partner"].flush_model(["credit_limit"])
            self.env.cr.execute(
                SQL(
                    """
                    INSERT INTO o2c_credit_account
                           (partner_id, company_id, has_own_limit, limit_mode, credit_limit,
                            limit_set_on, create_uid, write_uid, create_date, write_date)
                    SELECT partner.id, %(company)s, is_limited,
                           CASE WHEN is_limited THEN 'amount' ELSE 'unlimited' END,
                           CASE WHEN is_limited THEN core.credit_limit ELSE 0 END,
                           CASE WHEN is_limited THEN %(today)s END,
                           %(uid)s, %(uid)s, %(now)s, %(now)s
                      FROM res_partner partner
                CROSS JOIN LATERAL (
                               SELECT (partner.credit_limit ->> %(key)s)::numeric AS credit_limit
                           ) core
                CROSS JOIN LATERAL (
                               SELECT COALESCE(core.credit_limit, 0) > 0 AS is_limited
                           ) state
                     WHERE partner.id = ANY(%(partners)s)
               ON CONFLICT (partner_id, company_id) DO NOTHING
                    """,
                    company=root.id,
                    key=str(root.id),
                    today=root._o2c_today(),
                    uid=self.env.uid,
                    now=self.env.cr.now(),
                    partners=missing.ids,
                )
            )
            self.invalidate_model()
            missing.invalidate_recordset(["o2c_credit_account_ids"])
        return self.search(domain)

    def _hand_over(self, debtor):
        """Give these accounts to ``debtor``, who has become the same customer as theirs.

        What the debtor has set himself, he keeps; he takes over what he has not. The accounts
        themselves are gone afterwards, with a note on his.

        :param debtor: the commercial partner it is about
        """
        # sudo: limits follow the customer, whoever merges or moves partners.
        for company, accounts in self.sudo().grouped("company_id").items():
            kept = self.sudo()._get_or_create(debtor, company)
            for account in accounts - kept:
                kept._take_over(account)
                account.message_change_thread(kept)
                account._hand_over_reviews(kept)
                account.unlink()

    def _take_over(self, account):
        """Fill what this one account lacks from ``account`` and tell what that one had."""
        names = ["rating_id", "review_on"]
        if not self.has_own_limit and account.has_own_limit:
            names += ["limit_mode", "credit_limit", "has_own_limit"]
        if not self.temporary_to:
            names += ["temporary_limit", "temporary_from", "temporary_to"]
        if not self.insured_amount:
            names.append("insured_amount")
        values = {
            name: account[name].id if name == "rating_id" else account[name]
            for name in names
            if name in LIMIT_FIELDS or not self[name]
        }
        self.write(values)
        self._message_log(
            body=self.env._(
                "The credit account of %(customer)s was joined with this one. It had the own "
                "limit: %(limit)s.",
                customer=account.partner_id.display_name,
                limit=account._own_limit_label(),
            )
        )

    def _own_limit_label(self):
        """The own limit of this one account, to be read."""
        if not self.has_own_limit:
            return self.env._("none")
        if self.limit_mode == "amount":
            return formatLang(self.env, self.credit_limit, currency_obj=self.currency_id)
        return dict(self._fields["limit_mode"]._description_selection(self.env))[self.limit_mode]
