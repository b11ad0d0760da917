from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.order_to_cash.models.customer.customer_class import ALLOCATION_STRATEGIES

TIES = [
    ("promised", "Promised date"),
    ("ordered", "Order date"),
    ("value", "Order value"),
    ("score", "Credit score"),
    ("star", "Priority star"),
]

SHIP_COMPLETE = [("line", "Each line"), ("order", "Each order")]

# What a company says of its runs, and each run may say otherwise: {field of the run: of the company}.
RUN_OPTIONS = {
    "ship_complete": "o2c_allocation_ship_complete",
    "fair_share": "o2c_allocation_fair_share",
}


class ResCompany(models.Model):
    _inherit = "res.company"

    o2c_allocation_strategy = fields.Selection(
        ALLOCATION_STRATEGIES,
        string="Default Strategy",
        default="redistribute",
        help="For deliveries whose line and customer have no strategy.",
    )
    o2c_allocation_rank = fields.Integer(
        string="Default Rank",
        default=100,
        help="For deliveries whose line and customer have no rank. A lower rank is served first.",
    )
    o2c_allocation_tie_1 = fields.Selection(TIES, string="First by", default="star")
    o2c_allocation_tie_2 = fields.Selection(TIES, string="Then by", default="promised")
    o2c_allocation_tie_3 = fields.Selection(TIES, string="And by", default="ordered")
    o2c_allocation_horizon_days = fields.Integer(
        string="Allocation Horizon",
        help="Deliveries due later than so many days from now do not compete for stock. 0: all do.",
    )
    o2c_allocation_held = fields.Selection(
        [
            ("run", "Keep it until a run gives it to others"),
            ("keep", "Keep it, whatever others need"),
            ("release", "Give it up in the next run"),
        ],
        string="Held Deliveries",
        default="run",
        help="What becomes of the stock reserved for a delivery on hold. It gets nothing new in any "
        "case, and only a run, started by hand or automatic, takes anything away.",
    )

    o2c_allocation_schedule = fields.Selection(
        [
            ("never", "When somebody applies a run"),
            ("daily", "Every night"),
            ("hourly", "Every hour"),
        ],
        string="Reallocation",
        default="never",
        help="Automatic runs apply what they reckon. A run that would change nothing leaves no record.",
    )
    o2c_allocation_ship_complete = fields.Selection(
        SHIP_COMPLETE,
        string="Deliver Complete",
        help="What cannot be served in full is not reserved, and in a run others get the goods. Empty: "
        "deliveries in part.",
    )
    o2c_allocation_fair_share = fields.Boolean(
        string="Share Fairly",
        help="In a run, deliveries of the same strategy and rank share what there is.",
    )

    @api.constrains("o2c_allocation_rank", "o2c_allocation_horizon_days")
    def _check_o2c_allocation(self):
        for company in self:
            if company.o2c_allocation_rank < 0 or company.o2c_allocation_horizon_days < 0:
                raise ValidationError(
                    self.env._(
                        "The default rank and the allocation horizon of %(company)s cannot be "
                        "below zero.",
                        company=company.display_name,
                    )
                )

    def _get_company_root_delegated_field_names(self):
        return [
            *super()._get_company_root_delegated_field_names(),
            "o2c_allocation_strategy",
            "o2c_allocation_rank",
            "o2c_allocation_tie_1",
            "o2c_allocation_tie_2",
            "o2c_allocation_tie_3",
            "o2c_allocation_horizon_days",
            "o2c_allocation_held",
            "o2c_allocation_schedule",
            *RUN_OPTIONS.values(),
        ]

    def _o2c_allocation_ties(self):
        """The keys, of :data:`TIES`, by which this one company orders demand of one rank."""
        self.ensure_one()
        ties = (self.o2c_allocation_tie_1, self.o2c_allocation_tie_2, self.o2c_allocation_tie_3)
        return tuple(dict.fromkeys(filter(None, ties)))
