from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from odoo.addons.order_to_cash.algorithms.credit import Limit, effective_limit, limit_of

from .credit_rating import LIMIT_MODES


class O2cCreditReview(models.Model):
    """A proposal to change the rating or the limit of a customer, and what was decided.

    Scores propose; so may a credit manager. What is proposed can be edited until it is decided.
    """

    _name = "o2c.credit.review"
    _description = "Credit Review"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _check_company_auto = True

    account_id = fields.Many2one(
        "o2c.credit.account", string="Customer", required=True, index=True, ondelete="cascade"
    )
    partner_id = fields.Many2one(related="account_id.partner_id", string="Partner", store=True)
    company_id = fields.Many2one(related="account_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    user_id = fields.Many2one(related="partner_id.user_id", string="Salesperson")
    state = fields.Selection(
        [
            ("proposed", "Proposed"),
            ("approved", "Approved"),
            ("refused", "Refused"),
            ("applied", "Applied Automatically"),
        ],
        required=True,
        readonly=True,
        default="proposed",
        tracking=True,
        copy=False,
        index=True,
    )
    is_by_score = fields.Boolean(readonly=True, copy=False)
    score = fields.Float(digits=(16, 1), readonly=True)
    current_rating_id = fields.Many2one("o2c.credit.rating", readonly=True)
    proposed_rating_id = fields.Many2one(
        "o2c.credit.rating", check_company=True, tracking=True, ondelete="restrict"
    )
    current_limit_mode = fields.Selection(LIMIT_MODES, readonly=True)
    current_limit = fields.Monetary(readonly=True)
    has_proposed_limit = fields.Boolean(
        string="Own Limit",
        tracking=True,
        help="Give the customer a limit of his own. Otherwise he has, as now, that of his account, "
        "or that of the proposed rating.",
    )
    proposed_limit_mode = fields.Selection(
        LIMIT_MODES,
        required=True,
        tracking=True,
        compute="_compute_proposed_limit",
        store=True,
        readonly=False,
        precompute=True,
    )
    proposed_limit = fields.Monetary(
        tracking=True,
        compute="_compute_proposed_limit",
        store=True,
        readonly=False,
        precompute=True,
        help="The limit that holds afterwards. Entering one makes it the customer's own.",
    )
    notches = fields.Integer(
        readonly=True, help="By how many ratings it goes down; up is below zero."
    )
    reasons = fields.Text(readonly=True)
    note = fields.Text(help="Why it is decided so.")
    decided_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    decided_on = fields.Datetime(readonly=True, copy=False)

    _one_open_an_account = models.UniqueIndex(
        "(account_id) WHERE state = 'proposed'",
        "There is an open review of this customer already.",
    )
    _proposed_limit_not_negative = models.Constraint(
        "CHECK (proposed_limit >= 0)", "A credit limit cannot be below zero."
    )

    @api.depends("account_id", "proposed_rating_id")
    def _compute_display_name(self):
        for review in self:
            review.display_name = self.env._(
                "Review of %(customer)s", customer=review.account_id.partner_id.display_name
            )

    @api.depends(
        "account_id.credit_limit",
        "account_id.has_own_limit",
        "account_id.limit_mode",
        "has_proposed_limit",
        "proposed_rating_id.default_limit",
        "proposed_rating_id.limit_mode",
    )
    def _compute_proposed_limit(self):
        for review in self:
            limit = Limit(review.proposed_limit_mode or "unlimited", review.proposed_limit)
            if review.state == "proposed" and not review.has_proposed_limit and review.account_id:
                limit = review.account_id._limit_with(review.proposed_rating_id)
            review.proposed_limit_mode = limit.mode
            review.proposed_limit = limit.amount

    @api.onchange("account_id")
    def _onchange_account_id(self):
        if self.account_id:
            self.proposed_rating_id = self.account_id.rating_id

    @api.model_create_multi
    def create(self, vals_list):
        accounts = self.env["o2c.credit.account"].browse(vals["account_id"] for vals in vals_list)
        states = accounts._review_values()
        return super().create([
            {**self._with_own_limit(vals), **states[vals["account_id"]]} for vals in vals_list
        ])

    @api.model
    def _with_own_limit(self, vals):
        """A limit that is set becomes the customer's own, unless the caller says otherwise."""
        if "proposed_limit" in vals:
            return {"has_proposed_limit": True, "proposed_limit_mode": "amount", **vals}
        if "proposed_limit_mode" in vals:
            return {"has_proposed_limit": True, **vals}
        return vals

    def write(self, vals):
        vals = self._with_own_limit(vals)
        decided = self.filtered(lambda review: review.state != "proposed")
        # What was decided is history; only the superuser of the decision itself writes it.
        if decided and not self.env.su and not set(vals) <= {"message_follower_ids", "activity_ids"}:
            raise UserError(
                self.env._(
                    "The review of %(customer)s is decided and stays as it is. Start a new one.",
                    customer=", ".join(decided.partner_id.mapped("display_name")),
                )
            )
        return super().write(vals)

    def action_approve(self):
        """Give the customers of these reviews the proposed rating and limit.

        :raise AccessError: for anyone but credit managers
        :raise UserError: when one of them is decided already
        """
        self._decide("approved")
        return True

    def action_refuse(self):
        """Leave the customers of these reviews as they are; see :meth:`action_approve`."""
        self._decide("refused")
        return True

    def action_open_account(self):
        """Open the credit account of this one review."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "o2c.credit.account",
            "res_id": self.account_id.id,
            "view_mode": "form",
        }

    def _decide(self, state):
        if not self.env.su and not self.env.user.has_group("order_to_cash.group_credit_manager"):
            raise AccessError(self.env._("Only credit managers decide on credit reviews."))
        self.check_access("write")
        if self.filtered(lambda review: review.state != "proposed"):
            raise UserError(self.env._("There is nothing left to decide: the review is decided."))
        # sudo: decided reviews are read-only; the manager was checked above.
        reviews = self.sudo()
        if state != "refused":
            reviews._apply()
        reviews.write({
            "state": state,
            "decided_by_id": self.env.uid,
            "decided_on": fields.Datetime.now(),
        })

    def _apply(self):
        for review in self:
            values = {"rating_id": review.proposed_rating_id.id}
            if review.has_proposed_limit:
                values |= {
                    "has_own_limit": True,
                    "limit_mode": review.proposed_limit_mode,
                    "credit_limit": review.proposed_limit,
                }
            review.account_id.write(values)

    # ------------------------------------------------------------------
    # Proposals by the score
    # ------------------------------------------------------------------

    @api.model
    def _propose(self, accounts):
        """Propose for ``accounts``, all of one company, the rating that goes with their score.

        A proposal not decided yet follows the score; one that has no cause any more goes. What was
        refused is not proposed again until the score says something else.

        :return: (number of new proposals, number of changes applied automatically)
        """
        company = accounts.company_id
        ratings = self._ratings(company)
        # sudo: proposals are of the company, whoever made the score.
        Review = self.sudo()
        standing = Review.search([("account_id", "in", accounts.ids), ("state", "=", "proposed")])
        standing_by_account = {review.account_id: review for review in standing}
        refused = Review._last_refused(accounts)
        new_values, gone = [], Review.browse()
        # The program proposes over accounts that were selected with the user's rights above.
        for account in accounts.sudo():
            review = standing_by_account.get(account, Review.browse())
            if review and not review.is_by_score:
                continue
            rating = account._rating_by_score(ratings)
            if not account._should_rate(rating):
                gone |= review
                continue
            if review.proposed_rating_id == rating:
                continue
            gone |= review
            if refused.get(account) != (account.rating_id, rating):
                new_values.append(account._prepare_proposal(rating, ratings))
        gone.unlink()
        reviews = Review.create(new_values)
        small = reviews.filtered(lambda review: review._is_small())
        small._decide("applied")
        return len(reviews) - len(small), len(small)

    @api.model
    def _ratings(self, company):
        """The ratings used in ``company``, the best first."""
        # Ratings are the company's configuration; the choice among them is the program's.
        return self.env["o2c.credit.rating"].sudo().search([
            ("company_id", "in", [company.root_id.id, False])
        ])

    def _last_refused(self, accounts):
        """{account: (rating then, rating refused)} where the last review was refused."""
        decided = self.search(
            [("account_id", "in", accounts.ids), ("state", "!=", "proposed")], order="id"
        )
        last = {review.account_id: review for review in decided}
        return {
            account: (review.current_rating_id, review.proposed_rating_id)
            for account, review in last.items()
            if review.state == "refused"
        }

    def _is_small(self):
        """Whether the company lets this one change happen without asking."""
        company = self.company_id
        if not self.current_rating_id or not 0 < abs(self.notches) <= company.o2c_review_notches:
            return False
        if self.proposed_limit_mode == "unlimited":
            return self.current_limit_mode == "unlimited"
        if self.current_limit_mode == "unlimited":
            return True
        increase = self.proposed_limit - self.current_limit
        return self.currency_id.compare_amounts(increase, company.o2c_review_increase) <= 0


class O2cCreditAccount(models.Model):
    _inherit = "o2c.credit.account"

    def _limit_with(self, rating):
        """The limit, by mode and amount, that this one account would have with ``rating``, a
        temporary one apart."""
        self.ensure_one()
        # Only settings of the company are read.
        company = self.company_id.sudo()
        rating = rating.with_company(company)
        # sudo: core's field is for accountants.
        partner = self.partner_id.sudo().with_company(company)
        core = partner.credit_limit
        is_default = core == partner._fields["credit_limit"].get_company_dependent_fallback(partner)
        limit = effective_limit(
            None,
            (
                limit_of(self.has_own_limit and self.limit_mode, self.credit_limit, "own"),
                Limit("amount", core, "core") if core and not is_default else None,
                limit_of(rating.limit_mode, rating.default_limit, "rating"),
                self.env["o2c.credit.limit"]._of_company(company),
            ),
            company._o2c_today(),
        )
        return Limit(limit.mode, limit.amount)

    def _review_values(self):
        """How each of these accounts stands now: {id: values of a review}."""
        return {
            account.id: {
                "score": account.score,
                "current_rating_id": account.rating_id.id,
                "current_limit_mode": account.effective_mode,
                "current_limit": account.effective_limit,
            }
            for account in self
        }

    def _should_rate(self, rating):
        """Whether this one account should have ``rating`` and has not."""
        return bool(
            rating and self.scored_on and not self.is_rating_pinned and rating != self.rating_id
        )

    def _prepare_proposal(self, rating, ratings):
        """Values of a review that proposes ``rating``, one of ``ratings``, for this one account."""
        order = ratings.ids
        known = self.rating_id.id in order
        return {
            "account_id": self.id,
            "proposed_rating_id": rating.id,
            "is_by_score": True,
            "notches": order.index(rating.id) - order.index(self.rating_id.id) if known else 0,
            "reasons": "\n".join([
                self.env._(
                    "The score is %(score).1f: from %(minimum).1f on it means %(rating)s.",
                    score=self.score,
                    minimum=rating.min_score,
                    rating=rating.display_name,
                ),
                *self._score_sentences(),
            ]),
        }
