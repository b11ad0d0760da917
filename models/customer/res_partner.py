from odoo import api, fields, models
from odoo.exceptions import ValidationError

CUSTOMER_TYPES = [
    ("agent", "Agent"),
    ("distributor", "Distributor"),
    ("end_user", "End User"),
]

# What a contact has from the customer it belongs to. The region is not among them: an address may
# lie in another region than its customer (see res_partner_region.py).
PROFILE_FIELDS = (
    "o2c_customer_type",
    "o2c_class_id",
    "o2c_payer_id",
    "o2c_source_id",
    "o2c_team_id",
)

# Writing one of these may make someone a customer, or move him to another customer.
WATCHED_FIELDS = {
    *PROFILE_FIELDS,
    "company_id",
    "customer_rank",
    "is_company",
    "o2c_region_id",
    "parent_id",
}

# What decides whose number a reference is, see res_partner_number.py.
REFERENCE_FIELDS = {"ref", "o2c_customer_type", "company_id", "is_company", "parent_id"}


class ResPartner(models.Model):
    """The profile of a customer, and the life of it: new customers, moved contacts."""

    _inherit = "res.partner"

    o2c_customer_type = fields.Selection(
        CUSTOMER_TYPES,
        string="Customer Type",
        groups="base.group_user",
        help="Setting it gives the customer a number, if he has no reference yet.",
    )
    o2c_class_id = fields.Many2one(
        "o2c.customer.class",
        string="Customer Class",
        index="btree_not_null",
        ondelete="restrict",
        groups="base.group_user",
    )
    o2c_source_id = fields.Many2one(
        "utm.source",
        string="Source",
        index="btree_not_null",
        ondelete="set null",
        groups="base.group_user",
        help="How the customer came to us.",
    )
    o2c_payer_id = fields.Many2one(
        "res.partner",
        string="Payer",
        index="btree_not_null",
        ondelete="restrict",
        groups="base.group_user",
        help="Pays for this customer: the orders of this customer count against the credit limit"
        " of the payer, and the payer gets the reminders. Empty when the customer pays himself.",
    )
    o2c_team_id = fields.Many2one(
        "crm.team",
        string="Customer's Sales Team",
        index="btree_not_null",
        ondelete="set null",
        groups="base.group_user",
        help="Team of the quotations of this customer. Empty takes the team of the salesperson.",
    )
    o2c_is_key_account = fields.Boolean(
        related="o2c_class_id.is_key_account", string="Key Account", groups="base.group_user"
    )
    o2c_payee_count = fields.Integer(
        compute="_compute_o2c_payee_count",
        string="Pays For",
        groups="base.group_user",
        help="Customers this partner pays for.",
    )

    # ------------------------------------------------------------------
    # Compute
    # ------------------------------------------------------------------

    def _compute_o2c_payee_count(self):
        counts = self._read_group(
            [("o2c_payer_id", "in", self.ids), *self._o2c_commercial_domain()],
            ["o2c_payer_id"],
            ["__count"],
        )
        count_by_payer = {payer.id: count for payer, count in counts}
        for partner in self:
            partner.o2c_payee_count = count_by_payer.get(partner.id, 0)

    # ------------------------------------------------------------------
    # Constraints
    # ------------------------------------------------------------------

    @api.constrains("o2c_payer_id", "company_id")
    def _check_o2c_payer(self):
        # sudo: the rule holds for payers the user may not see, too
        paid_for = self.sudo().filtered(lambda p: p.o2c_payer_id and p.commercial_partner_id == p)
        for partner in paid_for:
            partner._o2c_check_own_payer()
        if paid_for:
            paid_for._o2c_check_payees()

    def _o2c_check_payees(self):
        for payee in self._o2c_get_payees():
            payee._o2c_check_own_payer()

    def _o2c_check_own_payer(self):
        """Refuse a payer that cannot pay for this customer."""
        self.ensure_one()
        payer = self.o2c_payer_id
        names = {"customer": self.display_name, "payer": payer.display_name}
        if payer == self:
            raise ValidationError(
                self.env._(
                    "%(customer)s cannot be its own payer. Leave the payer empty when the customer"
                    " pays himself.",
                    **names,
                )
            )
        if payer.commercial_partner_id != payer:
            raise ValidationError(
                self.env._(
                    "%(payer)s is a contact and cannot pay for %(customer)s. Choose its company,"
                    " %(company)s.",
                    company=payer.commercial_partner_id.display_name,
                    **names,
                )
            )
        if payer.o2c_payer_id:
            raise ValidationError(
                self.env._(
                    "%(payer)s cannot pay for %(customer)s, because it has a payer itself:"
                    " %(last)s. Choose that one instead.",
                    last=payer.o2c_payer_id.display_name,
                    **names,
                )
            )
        if payer.company_id and payer.company_id not in self.company_id.parent_ids:
            raise ValidationError(
                self.env._(
                    "%(payer)s belongs to the company %(company)s and cannot pay for %(customer)s,"
                    " which is used in other companies too.",
                    company=payer.company_id.display_name,
                    **names,
                )
            )

    @api.constrains("o2c_class_id", "o2c_region_id", "o2c_team_id", "company_id")
    def _check_o2c_companies(self):
        # Not the strict check_company: a customer shared by all companies may well be in a class,
        # region or team of one of them.
        for partner in self.sudo().filtered("company_id"):
            allowed = partner.company_id.parent_ids
            for name in ("o2c_class_id", "o2c_region_id", "o2c_team_id"):
                company = partner[name].company_id
                if company and company not in allowed:
                    raise ValidationError(
                        self.env._(
                            "%(field)s %(value)s belongs to the company %(company)s, but"
                            " %(partner)s to %(partner_company)s.",
                            field=self._fields[name]._description_string(self.env),
                            value=partner[name].display_name,
                            company=company.display_name,
                            partner=partner.display_name,
                            partner_company=partner.company_id.display_name,
                        )
                    )

    # ------------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        if any(vals.get("ref") for vals in vals_list):
            self._o2c_flush_references()
        partners = super().create(vals_list)
        # sudo: what is given to a new customer does not depend on what its creator may see
        partners_sudo = partners.sudo()
        partners_sudo._o2c_inherit_region()
        partners_sudo.filtered(
            lambda p: p.commercial_partner_id == p and p._o2c_is_customer()
        )._o2c_welcome()
        return partners

    def write(self, vals):
        if not REFERENCE_FIELDS.isdisjoint(vals):
            self._o2c_flush_references()
        if WATCHED_FIELDS.isdisjoint(vals):
            return super().write(vals)

        changed = WATCHED_FIELDS & vals.keys()
        has_type = bool(vals.get("o2c_customer_type"))
        # sudo: as in create()
        partners = self.sudo()
        old_customers = partners.filtered(
            lambda p: p.commercial_partner_id == p and (p.o2c_customer_type or p.customer_rank > 0)
        )
        old_region = {p: p.o2c_region_id for p in partners if "o2c_region_id" in changed}
        family = partners._o2c_family() if changed & {"parent_id", "is_company"} else partners[:0]
        followers = family._o2c_region_followers()

        result = super().write(vals)

        if family:
            family._o2c_align(followers)
        if "o2c_region_id" in changed:
            partners._o2c_spread_region(old_region)
        commercials = partners.filtered(lambda p: p.commercial_partner_id == p)
        if commercials and (profile := changed.intersection(PROFILE_FIELDS)):
            commercials._o2c_sync_archived_contacts(profile)
        if commercials and "company_id" in changed:
            commercials._o2c_check_payees()
        customers = commercials.filtered(lambda p: p._o2c_is_customer())
        (customers - old_customers)._o2c_welcome()
        if has_type:
            customers._o2c_assign_numbers()
        return result

    def copy_data(self, default=None):
        vals_list = super().copy_data(default=default)
        for partner, vals in zip(self, vals_list, strict=True):
            # sudo: the copy must not take the number, whoever copies
            if "ref" not in (default or {}) and partner.sudo()._o2c_is_customer():
                vals["ref"] = False
        return vals_list

    @api.model
    def _commercial_fields(self):
        return [*super()._commercial_fields(), *PROFILE_FIELDS]

    def _create_contact_parent_company(self):
        # The customer is the company from now on: it takes over the number and the profile.
        company = super()._create_contact_parent_company()
        customer = self.sudo()
        if company and (
            customer._o2c_is_customer() or any(customer[name] for name in PROFILE_FIELDS)
        ):
            values = customer._convert_fields_to_values(
                [*PROFILE_FIELDS, "o2c_region_id", "ref", "user_id"]
            )
            customer.ref = False
            # Copies the profile of the company's own contact, which the user has just written.
            company.sudo().write(values)
        return company

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_o2c_view_payees(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("order_to_cash.res_partner_action")
        action["display_name"] = self.env._("Customers of %(payer)s", payer=self.display_name)
        action["domain"] = [("o2c_payer_id", "=", self.id), *self._o2c_commercial_domain()]
        action["context"] = {"res_partner_search_mode": "customer"}
        return action

    # ------------------------------------------------------------------
    # Business
    # ------------------------------------------------------------------

    @api.model
    def _o2c_commercial_domain(self):
        """The partners that are commercial partners, without a join."""
        return ["|", ("parent_id", "=", False), ("is_company", "=", True)]

    def _o2c_is_customer(self):
        """Whether this partner is treated as a customer: by its type always, by its rank only
        while its company (or the active one) uses a domain of the add-on."""
        self.ensure_one()
        company = self.company_id or self.env.company
        return bool(self.o2c_customer_type) or (
            self.customer_rank > 0 and company._o2c_uses_any()
        )

    def _o2c_welcome(self):
        """Give new customers their number, region, salesperson and team, unless given."""
        self._o2c_assign_numbers()
        self._o2c_assign_region()

    def _o2c_welcome_by_first_order(self):
        """Welcome those whose first order this is. Invoices do the same by raising the rank."""
        if self.env.company._o2c_uses_any():
            self.filtered(
                lambda p: not (p.ref or p.customer_rank or p.o2c_customer_type)
            )._o2c_welcome()

    def _o2c_family(self):
        """These partners and everyone below them, archived ones too."""
        return self.with_context(active_test=False).search([("id", "child_of", self.ids)])

    def _o2c_align(self, region_followers):
        """Bring contacts in line with their customer after either was moved in the hierarchy.

        Core copies only what is set on the new customer; a class or payer of the old one must not
        stay behind.

        :param region_followers: those of ``self`` that had no region of their own before
        """
        contacts = self.filtered(lambda p: p.commercial_partner_id != p)
        for customer, members in contacts.grouped("commercial_partner_id").items():
            values = customer._convert_fields_to_values(PROFILE_FIELDS)
            members.filtered(
                lambda p, customer=customer: any(p[n] != customer[n] for n in PROFILE_FIELDS)
            ).write(values)
            region = customer.o2c_region_id
            (members & region_followers).filtered(
                lambda p, region=region: p.o2c_region_id != region
            ).write({"o2c_region_id": region.id})
        contacts._o2c_inherit_region()
        contacts._o2c_hand_up_documents()
        contacts._o2c_hand_up_payees()

    def _o2c_get_payees(self):
        """The customers, archived ones too, that one of ``self`` pays for."""
        return self.with_context(active_test=False).search(
            [("o2c_payer_id", "in", self.ids), *self._o2c_commercial_domain()]
        )

    def _o2c_hand_up_payees(self):
        """Contacts do not pay for anyone: their customer does."""
        payees = self._o2c_get_payees()
        for payer, members in payees.grouped(lambda p: p.o2c_payer_id.commercial_partner_id).items():
            (members & payer).write({"o2c_payer_id": False})
            (members - payer).write({"o2c_payer_id": payer.id})

    def _o2c_sync_archived_contacts(self, names):
        """Core hands commercial fields down to active contacts only."""
        archived = self.with_context(active_test=False).search([
            ("active", "=", False),
            ("commercial_partner_id", "in", self.ids),
            ("id", "not in", self.ids),
        ])
        for customer, members in archived.grouped("commercial_partner_id").items():
            members.write(customer._convert_fields_to_values(names))
