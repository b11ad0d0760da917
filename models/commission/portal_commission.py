from odoo import api, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import plaintext2html

# What payees write is kept to a length that a person reads.
MOST_CHARACTERS = 2000
# Not told yet, or no more.
HIDDEN = ("draft", "cancelled")
FILTERS = {
    "all": Domain.TRUE,
    "open": Domain("state", "!=", "paid"),
    "paid": Domain("state", "=", "paid"),
}


class O2cPortalCommission(models.AbstractModel):
    """What a payee sees of his commission in the portal, and what he may do there.

    All methods work with the rights of the system on what is paid to the partner of the user who is logged
    in, never to one from a request; there is no access by links with a token.
    """

    _name = "o2c.portal.commission"
    _description = "Commission in the Portal"

    @api.model
    def _payee(self):
        """Hook: whose commission the user sees: that of the agency he logs in for, and his own.

        The agency's is first. What other contacts of it earn themselves, and what the employer of somebody
        who works here earns, he does not see; see ``res.users._o2c_is_payee``.
        """
        user = self.env.user
        # sudo: his own contact and its company
        own = user.sudo().partner_id
        payees = own.commercial_partner_id | own if user.share else own
        return payees.sudo(False)

    @api.model
    def _own(self):
        return Domain("payee_id", "in", self._payee().ids)

    @api.model
    def _companies(self):
        """The companies that pay, or may pay, the user commission."""
        # sudo: see the class
        groups = self.env["o2c.commission.entry"].sudo()._read_group(self._own(), ["company_id"])
        return self.env["res.company"].sudo().union(*(company for [company] in groups))

    @api.model
    def _settlements(self, chosen="all"):
        """The user's settlements that he is told of, the latest first.

        :param chosen: a key of :data:`FILTERS`
        """
        # sudo: see the class
        return self.env["o2c.commission.settlement"].sudo().search(
            self._own() & Domain("state", "not in", HIDDEN) & FILTERS.get(chosen, Domain.TRUE)
        )

    @api.model
    def _settlement(self, settlement_id):
        """The user's settlement with this id; none when it is not his."""
        return self._settlements().filtered(lambda settlement: settlement.id == settlement_id)

    @api.model
    def _count(self):
        return len(self._settlements())

    @api.model
    def _has_entries(self):
        # sudo: see the class
        return bool(self.env["o2c.commission.entry"].sudo().search_count(self._own(), limit=1))

    @api.model
    def _totals(self):
        """Where the user's commission stands, by company and currency.

        :return: list of dicts with ``company``, ``currency`` and the sums by state
        """
        # sudo: see the class
        entries = self.env["o2c.commission.entry"].sudo()
        totals = {}
        for state in ("expected", "earned", "settled"):
            groups = entries._read_group(
                self._own() & Domain("state", "=", state),
                ["company_id", "payee_currency_id"],
                ["amount_payee:sum"],
            )
            for company, currency, amount in groups:
                row = totals.setdefault(
                    (company, currency),
                    {
                        "company": company,
                        "currency": currency,
                        "expected": 0.0,
                        "earned": 0.0,
                        "settled": 0.0,
                    },
                )
                row[state] = currency.round(amount)
        return [totals[key] for key in sorted(totals, key=lambda key: (key[0].id, key[1].name))]

    @api.model
    def _statement_wizard(self, date_from, date_to):
        # sudo: see the class; the statement is that of the user alone
        return self.env["o2c.commission.statement"].sudo().create({
            "payee_ids": [(6, 0, self._payee().ids)],
            "company_ids": [(6, 0, self._companies().ids)],
            "date_from": date_from,
            "date_to": date_to,
        })

    @api.model
    def _comment(self, settlement, text, entry_ids=(), is_whole=False):
        """Take up what the payee says about his settlement; what he objects to is disputed.

        :param settlement: from :meth:`_settlement`
        :param entry_ids: ids of rows that are wrong; those of other settlements are left out
        :param is_whole: whether he objects to all of it, whatever rows he names
        :raise ValidationError: when he says nothing, too much, or the settlement is paid
        """
        text = (text or "").strip()
        if not text:
            raise ValidationError(self.env._("Please write what is wrong, or what you want to know."))
        if len(text) > MOST_CHARACTERS:
            raise ValidationError(
                self.env._("Please write no more than %(count)s characters.", count=MOST_CHARACTERS)
            )
        entries = settlement.entry_ids.filtered(lambda entry: entry.id in set(entry_ids))
        if entries or is_whole:
            settlement._dispute(entries.browse() if is_whole else entries, text)
            return
        settlement.message_post(
            body=plaintext2html(text),
            author_id=self.env.user.partner_id.id,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )
