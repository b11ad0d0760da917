from odoo import api, fields, models
from odoo.exceptions import AccessError

# What decides on a customer's credit and stands among his contact details, and why.
CREDIT_TERMS = {
    "o2c_payer_id": lambda env: env._("Orders count against the credit limit of the payer."),
    "o2c_class_id": lambda env: env._("Hold rules and their exemptions depend on the class."),
    "credit_limit": lambda env: env._("Orders are held when they go over the limit."),
}


class ResPartner(models.Model):
    _inherit = "res.partner"

    o2c_credit_account_ids = fields.One2many(
        "o2c.credit.account",
        "partner_id",
        string="Credit Accounts",
        groups="order_to_cash.group_user",
    )
    o2c_exposure = fields.Monetary(
        string="Credit Exposure",
        compute="_compute_o2c_exposure",
        groups="order_to_cash.group_user",
        help="What the customer owes, and what he has ordered and does not owe yet.",
    )
    o2c_credit_state = fields.Selection(
        [("unlimited", "No limit"), ("free", "Within the limit"), ("exceeded", "Over the limit")],
        compute="_compute_o2c_exposure",
        groups="order_to_cash.group_user",
    )
    o2c_uses_credit = fields.Boolean(
        compute="_compute_o2c_uses_credit", groups="order_to_cash.group_user"
    )

    @api.model_create_multi
    def create(self, vals_list):
        partners = super().create(vals_list)
        if not self._o2c_may_change_terms():
            limit = self._fields["credit_limit"].get_company_dependent_fallback(self)
            nothing = {**dict.fromkeys(CREDIT_TERMS), "credit_limit": limit}
            partners._o2c_check_terms(dict.fromkeys(partners.ids, nothing))
        return partners

    def write(self, vals):
        if not CREDIT_TERMS.keys() & vals.keys() or self._o2c_may_change_terms():
            return super().write(vals)
        before = self._o2c_terms()
        result = super().write(vals)
        self._o2c_check_terms(before)
        return result

    def _o2c_may_change_terms(self):
        return (
            self.env.su
            or self.env.user.has_group("order_to_cash.group_credit_manager")
            # Payer and class are the same in every company.
            or not any(self.env.user.sudo().company_ids.mapped("o2c_use_credit"))
        )

    def _o2c_terms(self):
        """{id: {field of :data:`CREDIT_TERMS`: what it refers to or holds}}"""
        return {
            # Contacts may have less to show than the check has to know.
            partner.id: {
                name: partner[name].id if partner._fields[name].relational else partner[name]
                for name in CREDIT_TERMS
            }
            for partner in self.sudo()
        }

    def _o2c_check_terms(self, before):
        """Nobody gives a customer more credit by way of his contact details.

        :param before: what :meth:`_o2c_terms` gave before the change
        :raise AccessError: when a user who is no credit manager has changed some of it
        """
        now = self._o2c_terms()
        # Contacts have the terms of their customer, whoever makes them.
        customers = self.sudo().filtered(lambda partner: partner.commercial_partner_id == partner)
        for name, reason in CREDIT_TERMS.items():
            changed = customers.filtered(
                lambda partner, name=name: (
                    (now[partner.id][name] or None) != (before[partner.id][name] or None)
                )
            )
            if changed:
                raise AccessError(
                    self.env._(
                        "%(field)s of %(customers)s: only a credit manager changes this. %(reason)s",
                        field=self._fields[name].get_description(self.env)["string"],
                        customers=", ".join(changed.mapped("display_name")),
                        reason=reason(self.env),
                    )
                )

    @api.depends_context("company")
    def _compute_o2c_uses_credit(self):
        self.o2c_uses_credit = self.env.company.o2c_use_credit

    @api.depends_context("company")
    def _compute_o2c_exposure(self):
        company = self.env.company
        if not company.o2c_use_credit:
            self.o2c_exposure = 0.0
            self.o2c_credit_state = "unlimited"
            return
        self.o2c_exposure = 0.0
        self.o2c_credit_state = False
        visible = self._o2c_credit_visible()
        Account = self.env["o2c.credit.account"]
        exposures = Account._get_exposure(visible, company)
        debtors = {partner: partner._o2c_debtor() for partner in visible.sudo()}
        limits = Account._limits(visible.sudo().union(*debtors.values()), company)
        for partner in visible:
            used = exposures[partner.id].exposure
            limit = limits[debtors[partner].id]
            partner.o2c_exposure = used
            if not limit.is_finite:
                partner.o2c_credit_state = "unlimited"
            else:
                over = company.currency_id.compare_amounts(used, limit.amount) > 0
                partner.o2c_credit_state = "exceeded" if over else "free"

    def _o2c_credit_visible(self):
        """The partners whose figures the user may see: a salesperson, those of nobody else."""
        saved = self.filtered("id")
        if self.env.user.has_groups(
            "order_to_cash.group_credit_manager,account.group_account_invoice,"
            "account.group_account_readonly"
        ):
            return saved
        return saved.filtered(
            lambda partner: (
                partner.commercial_partner_id.user_id.id in (self.env.uid, False)
            )
        )

    def _o2c_debtor(self):
        """The commercial partner whose credit limit counts for this one partner."""
        customer = self.commercial_partner_id
        return customer.o2c_payer_id or customer

    def _o2c_align(self, region_followers):
        super()._o2c_align(region_followers)
        # sudo: the limit follows the customer, whoever moves his contacts.
        accounts = (
            self.env["o2c.credit.account"]
            .sudo()
            .search([("partner_id", "in", self.ids)])
            .filtered(lambda account: account.partner_id.commercial_partner_id != account.partner_id)
        )
        for customer, moved in accounts.grouped(
            lambda account: account.partner_id.commercial_partner_id
        ).items():
            moved._hand_over(customer)

    def action_o2c_credit_account(self):
        """Open the credit account that this contact's orders count against."""
        self.ensure_one()
        self.check_access("read")
        debtor = self.sudo()._o2c_debtor()
        # The account is an empty row made when first looked at; it is read with the user's rights.
        account = self.env["o2c.credit.account"].sudo()._get_or_create(debtor, self.env.company)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Credit of %(customer)s", customer=debtor.name),
            "res_model": "o2c.credit.account",
            "res_id": account.id,
            "view_mode": "form",
        }
