from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.order_to_cash.models.customer.customer_class import ALLOCATION_STRATEGIES

LIMIT_MODES = [
    ("unlimited", "Unlimited"),
    ("amount", "Amount"),
    ("prepay", "Payment in advance"),
]


class O2cCreditRating(models.Model):
    """A class of credit standing, and what its customers get that have nothing of their own."""

    _name = "o2c.credit.rating"
    _description = "Credit Rating"
    _order = "sequence, id"
    _check_company_auto = True
    _check_company_domain = models.check_company_domain_parent_of

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True, help="Short form shown in lists, for example A, B or C.")
    sequence = fields.Integer(default=10, help="The best rating comes first.")
    active = fields.Boolean(default=True)
    color = fields.Integer()
    company_id = fields.Many2one(
        "res.company", index=True, help="Leave empty to use the rating in every company."
    )
    currency_id = fields.Many2one("res.currency", compute="_compute_currency_id")
    min_score = fields.Float(
        string="From Score",
        digits=(16, 1),
        help="Customers with this score or a better one, up to the next rating, get this rating.",
    )
    limit_mode = fields.Selection(
        LIMIT_MODES,
        string="Credit Limit",
        compute="_compute_limit",
        inverse="_inverse_limit_mode",
        help="For customers without a limit of their own, in the active company. Empty: the "
        "default of the company.",
    )
    default_limit = fields.Monetary(
        compute="_compute_limit",
        inverse="_inverse_default_limit",
        help="In the active company, in its currency.",
    )
    # A rating of all companies has another limit in each: they have other currencies.
    stored_limit_mode = fields.Selection(LIMIT_MODES, company_dependent=True)
    stored_default_limit = fields.Float(company_dependent=True)
    allocation_strategy = fields.Selection(
        ALLOCATION_STRATEGIES,
        help="How open demand of these customers is treated when scarce stock is reallocated.",
    )
    allocation_rank = fields.Integer(
        help="Customers with a lower rank are served first. 0 means no rank of its own."
    )
    account_count = fields.Integer(compute="_compute_account_count", string="Customers")

    _allocation_rank_positive = models.Constraint(
        "CHECK (allocation_rank >= 0)", "The allocation rank cannot be negative."
    )
    _min_score_in_range = models.Constraint(
        "CHECK (min_score >= 0 AND min_score <= 100)", "Scores go from 0 to 100."
    )

    @api.depends("code", "name")
    def _compute_display_name(self):
        for rating in self:
            rating.display_name = " · ".join(filter(None, (rating.code, rating.name)))

    def _limit_company(self):
        """The company whose limit this one rating shows: branches share that of their root."""
        return (self.company_id or self.env.company).root_id

    @api.depends("company_id")
    @api.depends_context("company")
    def _compute_currency_id(self):
        for rating in self:
            rating.currency_id = rating._limit_company().currency_id

    @api.depends("company_id", "stored_limit_mode", "stored_default_limit")
    @api.depends_context("company")
    def _compute_limit(self):
        for rating in self:
            stored = rating.with_company(rating._limit_company())
            rating.limit_mode = stored.stored_limit_mode
            rating.default_limit = stored.stored_default_limit

    def _inverse_limit_mode(self):
        for rating in self:
            stored = rating.with_company(rating._limit_company())
            stored.stored_limit_mode = rating.limit_mode

    def _inverse_default_limit(self):
        for rating in self:
            stored = rating.with_company(rating._limit_company())
            stored.stored_default_limit = rating.default_limit

    def _compute_account_count(self):
        counts = self.env["o2c.credit.account"]._read_group(
            [("rating_id", "in", self.ids)], ["rating_id"], ["__count"]
        )
        count_by_rating = {rating.id: count for rating, count in counts}
        for rating in self:
            rating.account_count = count_by_rating.get(rating.id, 0)

    @api.constrains("default_limit")
    def _check_default_limit(self):
        for rating in self:
            if rating.default_limit < 0:
                raise ValidationError(
                    self.env._(
                        "Rating %(rating)s: a credit limit cannot be below zero. Enter zero for "
                        "no credit at all.",
                        rating=rating.display_name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._with_limit_mode(vals) for vals in vals_list])

    def write(self, vals):
        return super().write(self._with_limit_mode(vals))

    @api.model
    def _with_limit_mode(self, vals):
        """A default limit that is set counts, unless the caller says otherwise."""
        if not vals.get("default_limit"):
            return vals
        return {"limit_mode": "amount", **vals}

    def action_view_accounts(self):
        """Open the credit accounts of this rating."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("order_to_cash.o2c_credit_account_action")
        action["domain"] = [("rating_id", "=", self.id)]
        return action
