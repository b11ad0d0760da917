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

    def _get_company_root_delegated_field_names(self):
        return [*super()._get_company_root_delegated_field_names(), "o2c_dunning_policy_id"]

    @api.model
    def _o2c_shipped_dunning_policy(self):
        return self.env.ref("order_to_cash.dunning_policy_default", raise_if_not_found=False)

    @api.model
    def _o2c_init_dunning_policy(self):
        """Give the shipped policy to the companies that exist at installation."""
        companies = self.search([("o2c_dunning_policy_id", "=", False), ("parent_id", "=", False)])
        companies.o2c_dunning_policy_id = self._o2c_shipped_dunning_policy()

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
