from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from odoo.addons.order_to_cash.algorithms.credit_score import COMPONENTS, Weights

MEASURES = (
    "half_life_days",
    "worst_days_late",
    "full_age_days",
    "limit_use_from",
    "prior_invoices",
    "prior_late_share",
)
DEFAULTS = Weights()


class O2cCreditScoring(models.Model):
    """How the credit score is reckoned: the weights of its components, see
    :mod:`algorithms.credit_score`."""

    _name = "o2c.credit.scoring"
    _description = "Credit Scoring"
    _order = "company_id, id"

    name = fields.Char(required=True, translate=True)
    company_id = fields.Many2one(
        "res.company",
        index=True,
        domain=[("parent_id", "=", False)],
        help="Empty: for the companies that have no scoring of their own.",
    )
    weight_late_share = fields.Float(
        string="Paid Late",
        default=DEFAULTS.late_share,
        help="For the share of invoices that were or are paid late.",
    )
    weight_days_late = fields.Float(
        string="Days Late",
        default=DEFAULTS.days_late,
        help="For the days invoices were paid late, weighted by amount.",
    )
    weight_overdue = fields.Float(
        string="Overdue Now",
        default=DEFAULTS.overdue,
        help="For the part of the open invoices that is past due.",
    )
    weight_disputes = fields.Float(
        string="Disputes", default=DEFAULTS.disputes, help="For the share of invoices disputed."
    )
    weight_limit_use = fields.Float(
        string="Use of the Limit",
        default=DEFAULTS.limit_use,
        help="For how far the credit limit is used up.",
    )
    weight_age = fields.Float(
        string="New Customer", default=DEFAULTS.age, help="For how short the customer is known."
    )
    weight_total = fields.Float(string="Sum", compute="_compute_weight_total")
    half_life_days = fields.Integer(
        string="Half-Life",
        default=DEFAULTS.half_life_days,
        help="An invoice so many days before the last one counts half.",
    )
    worst_days_late = fields.Integer(
        default=DEFAULTS.worst_days_late, help="So many days late are as bad as it gets."
    )
    full_age_days = fields.Integer(
        string="Known After",
        default=DEFAULTS.full_age_days,
        help="After so many days of business a customer is not new any more.",
    )
    limit_use_from = fields.Float(
        string="Use Counts From",
        default=DEFAULTS.limit_use_from,
        help="Percent of the credit limit that may be used without losing points.",
    )
    prior_invoices = fields.Float(
        string="Imagined Invoices",
        default=DEFAULTS.prior_invoices,
        help="Counted with the real ones, so that one late invoice of a new customer says little.",
    )
    prior_late_share = fields.Float(
        string="of Which Late",
        default=DEFAULTS.prior_late_share,
        help="The share of the imagined invoices that was late, 0 to 1.",
    )

    _one_a_company = models.UniqueIndex(
        "(COALESCE(company_id, 0))", "This company already has a scoring."
    )
    _limit_use_in_range = models.Constraint(
        "CHECK (limit_use_from >= 0 AND limit_use_from < 100)",
        "The use of the limit must count from 0 to under 100 percent.",
    )
    _prior_in_range = models.Constraint(
        "CHECK (prior_invoices >= 0 AND prior_late_share BETWEEN 0 AND 1)",
        "Imagined invoices cannot be below zero, and their late share goes from 0 to 1.",
    )

    @api.depends(*[f"weight_{name}" for name in COMPONENTS])
    def _compute_weight_total(self):
        for scoring in self:
            scoring.weight_total = sum(scoring[f"weight_{name}"] for name in COMPONENTS)

    @api.constrains(*[f"weight_{name}" for name in COMPONENTS], *MEASURES)
    def _check_weights(self):
        for scoring in self:
            try:
                scoring._weights()
            except ValueError as error:
                raise ValidationError(
                    self.env._(
                        "Scoring “%(scoring)s”: no weight may be below zero, at least one must "
                        "be above, and days must be above zero.",
                        scoring=scoring.name,
                    )
                ) from error

    def _weights(self):
        """The :class:`algorithms.credit_score.Weights` of this one scoring, or the defaults."""
        if not self:
            return DEFAULTS
        return Weights(
            **{name: self[f"weight_{name}"] for name in COMPONENTS},
            **{name: self[name] for name in MEASURES},
        )

    @api.model
    def _of_company(self, company):
        """The scoring that counts in ``company``: its own, else that of all."""
        domain = Domain("company_id", "in", [company.root_id.id, False])
        # sudo: what weighs how much is no secret of another company.
        return self.sudo().search(domain, order="company_id NULLS LAST", limit=1)
