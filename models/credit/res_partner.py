from odoo import api, fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    o2c_credit_account_ids = fields.One2many(
        "o2c.credit.account",
        "partner_id",
        string="Credit Accounts",
        # Read by the checks only: they must not find what a user's rights have left of it.
        groups=fields.NO_ACCESS,
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
        # A payer may be hidden from who sees the customer; only his limit goes out.
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
        # Reads who pays; the customer himself was checked above.
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
