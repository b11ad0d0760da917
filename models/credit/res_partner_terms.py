"""Nobody gives a customer more credit by way of his contact details."""

from odoo import api, models
from odoo.exceptions import AccessError

# What decides on a customer's credit and stands among his contact details, and why.
CREDIT_TERMS = {
    "o2c_payer_id": lambda env: env._("Orders count against the credit limit of the payer."),
    "o2c_class_id": lambda env: env._("Hold rules and their exemptions depend on the class."),
    "credit_limit": lambda env: env._("Orders are held when they go over the limit."),
}

# A change of these may make a contact a customer of his own, or a customer somebody's contact.
BELONGING = {"parent_id", "is_company", "commercial_partner_id"}


class ResPartner(models.Model):
    """Class, payer and limit of a customer are a credit manager's, where credit is controlled.

    Contacts have those of their customer. A contact that becomes a customer starts without any; a
    customer who has some is not made the contact of one who has others.
    """

    _inherit = "res.partner"

    @api.model_create_multi
    def create(self, vals_list):
        partners = super().create(vals_list)
        if not self._o2c_decides_on_credit():
            defaults = self._o2c_default_terms()
            found = partners._o2c_terms()
            partners._o2c_refuse_terms({
                name: partners.filtered(
                    lambda partner, name=name: (
                        found[partner.id]["is_customer"]
                        and found[partner.id][name] != defaults[name]
                    )
                )
                for name in CREDIT_TERMS
            })
        return partners

    def write(self, vals):
        if (
            (CREDIT_TERMS.keys() | BELONGING).isdisjoint(vals)
            or self._o2c_decides_on_credit()
        ):
            return super().write(vals)
        before = self._o2c_terms()
        result = super().write(vals)
        self._o2c_check_terms(before, vals)
        return result

    def copy_data(self, default=None):
        copies = super().copy_data(default)
        if not self._o2c_decides_on_credit():
            for values in copies:
                for name in CREDIT_TERMS.keys() - (default or {}).keys():
                    values.pop(name, None)
        return copies

    def _create_contact_parent_company(self):
        self.check_access("create")
        # sudo: the company has the terms its contact has had, whoever makes it
        contact = self.sudo()
        company = super(ResPartner, contact)._create_contact_parent_company()
        if company and company.credit_limit != contact.credit_limit:
            company.credit_limit = contact.credit_limit
        return company.sudo(self.env.su)

    @api.model
    def _o2c_decides_on_credit(self):
        return self.env.su or self.env.user.has_group("order_to_cash.group_credit_manager")

    @api.model
    def _o2c_default_terms(self):
        """What a new customer has by the settings of the company; not by those of a user."""
        # sudo: settings for everybody, whoever makes a customer
        defaults = self.env["ir.default"].sudo()
        return {
            "o2c_payer_id": False,
            "o2c_class_id": defaults._get(
                "res.partner", "o2c_class_id", company_id=self.env.company.id
            )
            or defaults._get("res.partner", "o2c_class_id")
            or False,
            "credit_limit": self._fields["credit_limit"].get_company_dependent_fallback(self),
        }

    def _o2c_terms(self):
        """{id: {term: id or amount, "customer": {term: the same of the commercial partner},
        "is_customer": whether the partner is that itself}}"""

        def terms(partner):
            return {
                name: partner[name].id if partner._fields[name].relational else partner[name]
                for name in CREDIT_TERMS
            }

        # sudo: contacts may have less to show than the check has to know
        return {
            partner.id: {
                **terms(partner),
                "customer": terms(partner.commercial_partner_id),
                "is_customer": partner.commercial_partner_id == partner,
            }
            # Terms are compared, not shown: the writer need not be able to read them.
            for partner in self.sudo()
        }

    def _o2c_check_terms(self, before, vals):
        """Refuse the changes of ``vals`` that are a credit manager's.

        :param before: what :meth:`_o2c_terms` gave before them
        """
        now = self._o2c_terms()
        defaults = self._o2c_default_terms()
        new_customers = self.filtered(
            lambda partner: now[partner.id]["is_customer"] and not before[partner.id]["is_customer"]
        )
        refused = {}
        for name in CREDIT_TERMS:
            may_be = {
                partner.id: self._o2c_admitted(
                    before[partner.id], now[partner.id], name, defaults[name]
                )
                for partner in self - (new_customers if name not in vals else self.browse())
            }
            refused[name] = self.filtered(
                lambda partner, may_be=may_be, name=name: (
                    partner.id in may_be and now[partner.id][name] not in may_be[partner.id]
                )
            )
        self._o2c_refuse_terms(refused)
        # sudo: they start without the terms of the customer they belonged to
        new_customers.sudo()._o2c_reset_terms(defaults)

    @staticmethod
    def _o2c_admitted(before, now, name, default):
        """The values that somebody who does not decide on credit may leave in a term."""
        if now["is_customer"]:
            return {before[name]} if before["is_customer"] else {default}
        if not before["is_customer"]:
            return {before[name], now["customer"][name]}
        # A customer who becomes a contact: what he had must go on with his new customer.
        goes_on = before[name] in (default, now["customer"][name])
        return {now["customer"][name]} if goes_on else set()

    def _o2c_reset_terms(self, defaults):
        guarded = self._o2c_guarded_terms()
        for partner in self:
            changed = {
                name: value
                for name, value in defaults.items()
                if name in guarded and partner[name] != value
            }
            if changed:
                partner.write(changed)

    def _o2c_refuse_terms(self, refused):
        """:param refused: {term: the partners whose term is not to be changed}"""
        for name, partners in refused.items():
            message = partners and partners._o2c_refusal_of_term(name)
            if message:
                raise AccessError(message)

    def _o2c_guarded_terms(self):
        """The terms of these customers that this user does not decide on, of :data:`CREDIT_TERMS`.

        To be extended by domains in which a term decides on something else than credit.
        """
        return set(CREDIT_TERMS) if self._o2c_companies_using("o2c_use_credit") else set()

    def _o2c_refusal_of_term(self, name):
        """What to tell a user who must not change a term of these customers; ``None`` if he may.

        To be extended together with :meth:`_o2c_guarded_terms`.
        """
        # Payer and class are the same in every company, the limit is of one.
        # sudo: what a company uses is no secret to its users
        is_guarded = (
            self.env.company.sudo().o2c_use_credit
            if name == "credit_limit"
            else self._o2c_companies_using("o2c_use_credit")
        )
        if not is_guarded:
            return None
        return self.env._(
            "%(field)s of %(customers)s: only a credit manager changes this. %(reason)s",
            reason=CREDIT_TERMS[name](self.env),
            **self._o2c_named_term(name),
        )

    def _o2c_named_term(self, name):
        """Words for a message on a term of these customers."""
        return {
            "field": self._fields[name].get_description(self.env)["string"],
            # sudo: names of the customers whom the user has just tried to change
            "customers": ", ".join(self.sudo().mapped("display_name")),
        }

    def _o2c_companies_using(self, switch):
        """The companies that may sell to one of these partners and have a domain on, in sudo.

        :param switch: a field of ``res.company``, such as ``"o2c_use_credit"``
        """
        # sudo: companies of others bind the customer too; what is found decides and is not shown
        companies = self.env["res.company"].sudo().search([(switch, "=", True)])
        partners = self.sudo()
        if not all(partner.company_id for partner in partners):
            return companies
        roots = partners.company_id.root_id
        return companies.filtered(lambda company: company.root_id in roots)
