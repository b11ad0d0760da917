from odoo import api, fields, models

from odoo.addons.order_to_cash.algorithms.commission import tiers


class O2cCommissionTier(models.Model):
    """A band of a rule: from an amount up to but without the next one."""

    _name = "o2c.commission.tier"
    _description = "Commission Tier"
    _inherit = ["o2c.commission.plan.content"]
    _order = "amount_from, id"

    rule_id = fields.Many2one("o2c.commission.rule", required=True, index=True, ondelete="cascade")
    amount_from = fields.Float(
        string="From",
        digits=(16, 3),
        help="Belongs to the tier. An amount in the currency of the plan's company, or a quantity.",
    )
    amount_to = fields.Float(
        string="Below", digits=(16, 3), help="Does not belong to the tier any more. 0: no end."
    )
    rate = fields.Float(
        digits=(16, 4), help="In percent of the base; an amount a unit in plans on quantity."
    )

    _amounts_ck = models.Constraint(
        "CHECK(amount_from >= 0 AND (amount_to = 0 OR amount_to > amount_from))",
        "A tier begins at 0 or above, and ends above its beginning. An end of 0 means no end.",
    )

    @api.depends("amount_from", "amount_to", "rate")
    def _compute_display_name(self):
        for tier in self:
            end = f"{tier.amount_to:g}" if tier.amount_to else "∞"
            tier.display_name = f"{tier.amount_from:g} – {end}: {tier.rate:g}"

    @api.onchange("rule_id")
    def _onchange_rule_id(self):
        """A new row begins where the tiers above it end; where the last one has no end it begins nowhere."""
        others = self.rule_id.tier_ids - self
        if not self.amount_from and others and all(others.mapped("amount_to")):
            self.amount_from = max(others.mapped("amount_to"))

    @api.constrains("rate", "rule_id")
    def _check_rate(self):
        self.rule_id._check_rates()

    def _plans(self):
        return self.rule_id.plan_id

    def _to_algorithm(self):
        """These tiers in their order: tuple of :class:`tiers.Band`."""
        return tuple(
            tiers.Band(tier.amount_from, tier.amount_to, tier.rate)
            for tier in self.sorted(lambda tier: (tier.amount_from, tier.id or 0))
        )
