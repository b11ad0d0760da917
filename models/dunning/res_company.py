from odoo import api, fields, models
from odoo.exceptions import UserError


class ResCompany(models.Model):
    _inherit = "res.company"

    o2c_dunning_policy_id = fields.Many2one(
        "o2c.dunning.policy",
        string="Dunning Policy",
        check_company=True,
        default=lambda self: self._o2c_shipped_dunning_policy(),
        help="Used for customers and invoices that have no policy of their own.",
    )

    o2c_collector_id = fields.Many2one(
        "res.users",
        string="Collector",
        domain="[('share', '=', False)]",
        help="Calls the customers who have no salesperson.",
    )
    o2c_dunning_journal_id = fields.Many2one(
        "account.journal",
        string="Journal of Dunning Charges",
        check_company=True,
        domain="[('type', '=', 'sale')]",
        help="Where fees and interest are invoiced. Empty: the first sales journal.",
    )
    o2c_dunning_fee_product_id = fields.Many2one(
        "product.product",
        string="Dunning Fee",
        check_company=True,
        help="The product on the invoice: it says to which account fees go and how they are taxed. "
        "Empty: the product that comes with the program.",
    )
    o2c_dunning_interest_product_id = fields.Many2one(
        "product.product",
        string="Interest on Late Payment",
        check_company=True,
        help="The product on the invoice: it says to which account interest goes and how it is "
        "taxed. Empty: the product that comes with the program.",
    )

    o2c_dso_days = fields.Integer(
        string="Days of Sales Outstanding Reckoned By",
        default=90,
        help="Days sales outstanding are receivables ÷ the sales on credit of so many last days × "
        "those days.",
    )

    _o2c_dso_days_ck = models.Constraint(
        "CHECK (o2c_dso_days > 0)",
        "Days sales outstanding need at least one day of sales.",
    )

    def _get_company_root_delegated_field_names(self):
        return [
            *super()._get_company_root_delegated_field_names(),
            "o2c_dunning_policy_id",
            "o2c_collector_id",
            "o2c_dunning_journal_id",
            "o2c_dunning_fee_product_id",
            "o2c_dunning_interest_product_id",
            "o2c_dso_days",
        ]

    @api.model
    def _o2c_shipped_dunning_policy(self):
        return self.env.ref("order_to_cash.dunning_policy_default", raise_if_not_found=False)

    @api.model
    def _o2c_init_dunning_policy(self):
        """Give the shipped policy to the companies that exist at installation."""
        companies = self.search([("o2c_dunning_policy_id", "=", False), ("parent_id", "=", False)])
        companies.o2c_dunning_policy_id = self._o2c_shipped_dunning_policy()

    def _o2c_dunning_product(self, kind):
        """The product on invoices of dunning charges.

        :param kind: ``"fee"`` or ``"interest"``
        """
        self.ensure_one()
        product = self[f"o2c_dunning_{kind}_product_id"] or self.env.ref(
            f"order_to_cash.product_dunning_{kind}", raise_if_not_found=False
        )
        if not product:
            raise UserError(
                self.env._(
                    "Choose the products for dunning fees and interest of %(company)s under Order "
                    "to Cash > Configuration > Settings.",
                    company=self.display_name,
                )
            )
        return product

    def _o2c_check_dunning_is_on(self):
        """Raise unless dunning is switched on in these companies."""
        for company in self:
            if not company.o2c_use_dunning:
                raise UserError(
                    self.env._(
                        "Dunning is switched off in %(company)s. An administrator can switch it "
                        "on under Order to Cash > Configuration > Settings.",
                        company=company.display_name,
                    )
                )
