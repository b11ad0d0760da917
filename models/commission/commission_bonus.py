from odoo import fields, models

from odoo.addons.order_to_cash.algorithms.commission import tiers

from . import bands


class O2cCommissionBonus(models.Model):
    """What is paid besides for the attainment of the sales plan in a settlement period."""

    _name = "o2c.commission.bonus"
    _description = "Commission Bonus"
    _inherit = ["o2c.commission.plan.content"]
    _order = "plan_id, kind, attainment_from, id"

    plan_id = fields.Many2one("o2c.commission.plan", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="plan_id.company_id")
    currency_id = fields.Many2one(related="plan_id.currency_id")
    attainment_from = fields.Float(
        string="Attainment From (%)", digits=(16, 2), help="Belongs to the band: actual in percent of target."
    )
    attainment_to = fields.Float(
        string="Below (%)", digits=(16, 2), help="Does not belong to the band any more. 0: no end."
    )
    kind = fields.Selection(
        [("factor", "Accelerator"), ("amount", "Bonus")],
        required=True,
        default="factor",
        help="An accelerator raises the whole commission of the period; a bonus is paid once a period.",
    )
    factor = fields.Float(
        string="Extra (%)", digits=(16, 2), help="So many percent of the period's commission on top."
    )
    amount = fields.Monetary(help="Paid once in a settlement period.")

    _attainment_ck = models.Constraint(
        "CHECK(attainment_from >= 0 AND (attainment_to = 0 OR attainment_to > attainment_from))",
        "A band of attainment begins at 0 % or above, and ends above its beginning. An end of 0 means no "
        "end.",
    )
    _pay_ck = models.Constraint(
        "CHECK(factor >= 0 AND amount >= 0)", "An accelerator or a bonus cannot be negative."
    )

    def _check_bands(self):
        """Raise if bands of one kind in one plan overlap; what lies in none gets nothing."""
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for (plan, kind), members in self.grouped(lambda bonus: (bonus.plan_id, bonus.kind)).items():
            subject = f"{plan.display_name}, {kinds[kind]}"
            bands.check(self.env, subject, members._bands(), complete=False)

    def _bands(self):
        """These bonuses in their order: tuple of :class:`tiers.Band` of percents of attainment, with the
        extra percent or the amount as rate."""
        return tuple(
            tiers.Band(
                bonus.attainment_from,
                bonus.attainment_to,
                bonus.factor if bonus.kind == "factor" else bonus.amount,
            )
            for bonus in self.sorted(lambda bonus: (bonus.attainment_from, bonus.id or 0))
        )
