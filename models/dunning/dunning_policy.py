from odoo import api, fields, models
from odoo.exceptions import ValidationError


class O2cDunningPolicy(models.Model):
    _name = "o2c.dunning.policy"
    _description = "Dunning Policy"
    _order = "sequence, name, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one(
        "res.company",
        help="Leave empty to use the policy in every company.",
    )
    grace_days = fields.Integer(
        string="Grace",
        help="Leave customers in peace until their oldest overdue document is at least so many "
        "days late; then all of it is claimed. Reminders before the due date are sent all the "
        "same.",
    )
    level_ids = fields.One2many(
        "o2c.dunning.level",
        "policy_id",
        string="Levels",
        copy=True,
        help="From the mildest to the sharpest. A policy without levels reminds nobody.",
    )

    _check_grace_days = models.Constraint(
        "CHECK(grace_days >= 0)",
        "The days of grace cannot be negative.",
    )

    @api.constrains("level_ids")
    def _check_level_order(self):
        for policy in self:
            days = policy.level_ids.sorted().mapped("days_overdue")
            if days != sorted(days):
                raise ValidationError(
                    self.env._(
                        "In %(policy)s a later level asks for fewer days overdue than the one "
                        "before it. Put the levels in the order in which they are sent.",
                        policy=policy.display_name,
                    )
                )

    def copy_data(self, default=None):
        return [
            dict(values, name=self.env._("%s (copy)", policy.name))
            for policy, values in zip(self, super().copy_data(default), strict=True)
        ]

    def action_take_up(self):
        """Open a new run that gives old receivables under this policy their level."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "order_to_cash.o2c_dunning_run_take_up_action"
        )
        action["context"] = {"default_is_take_up": True, "default_policy_ids": self.ids}
        return action
