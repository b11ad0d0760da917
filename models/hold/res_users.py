from odoo import models


class ResUsers(models.Model):
    _inherit = "res.users"

    def _o2c_lower_tier_rule_ids(self):
        """The ids of the order value rules whose holds this user may release.

        Whoever approves a higher tier approves the lower ones, and must see what they hold.
        """
        self.ensure_one()
        # Used in a record rule: what a user may see does not depend on what he sees.
        rules = self.env["o2c.hold.rule"].sudo().search([("kind", "=", "order_value")])
        return [
            rule.id
            for rule in rules
            if any(self in rule._approvers(company) for company in self.sudo().company_ids)
        ]
