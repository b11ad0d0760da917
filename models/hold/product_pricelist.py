from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import ormcache

from odoo.addons.order_to_cash.algorithms.hold_rules import is_laxer


class ProductPricelist(models.Model):
    """How far salespeople may deviate from a pricelist."""

    _inherit = "product.pricelist"

    o2c_price_policy = fields.Selection(
        [
            ("free", "Free: salespeople may change prices"),
            ("bounded", "Bounded: not below the issued price"),
            ("fixed", "Fixed: the issued price only"),
        ],
        string="Price Policy",
        default="free",
        tracking=True,
        groups="base.group_user",
        help="What salespeople may do to the prices and discounts that this pricelist issues. "
        "Credit managers and the approvers named here may do anything.",
    )
    o2c_price_approver_ids = fields.Many2many(
        "res.users",
        "o2c_pricelist_approver_rel",
        string="Price Approvers",
        domain=[("share", "=", False)],
        groups="base.group_user",
        help="They may change prices of this pricelist, as credit managers may.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        pricelists = super().create(vals_list)
        self.env.registry.clear_cache()
        return pricelists

    def write(self, vals):
        result = super().write(vals)
        if not {"o2c_price_policy", "active"}.isdisjoint(vals):
            self.env.registry.clear_cache()
        return result

    @api.model
    @ormcache()
    def _o2c_has_policies(self):
        """Whether any pricelist binds salespeople at all: most companies look no further."""
        return bool(
            # Cached for everybody: what is found must not depend on who asks first.
            self.sudo()
            .with_context(active_test=False)
            .search_count(Domain("o2c_price_policy", "in", ("bounded", "fixed")), limit=1)
        )

    def _o2c_policy(self):
        """The policy of this pricelist; without a pricelist, prices are free."""
        # The policy binds whoever sells by the list, also of another company's.
        return self.sudo().o2c_price_policy or "free"

    def _o2c_may_change_prices(self):
        """Whether the user may deviate from this one pricelist."""
        return (
            self.env.su
            or self._o2c_policy() == "free"
            or self.env.user.has_group("order_to_cash.group_credit_manager")
            # Reads whether this very user may bend the prices.
            or self.env.user in self.sudo().o2c_price_approver_ids
        )

    def _o2c_price_approvers(self, company):
        """The users who may deviate from this one pricelist in ``company``."""
        # Who may decide is no secret.
        managers = self.env.ref("order_to_cash.group_credit_manager").sudo().all_user_ids
        users = self.sudo().o2c_price_approver_ids | managers
        return users.filtered(lambda user: user.active and company in user.company_ids)

    def _o2c_is_laxer(self, other):
        """Whether this pricelist, or none, leaves salespeople more freedom than ``other``."""
        return is_laxer(self._o2c_policy(), other._o2c_policy())
