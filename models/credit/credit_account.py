import operator

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import format_date

from odoo.addons.order_to_cash.algorithms.credit import UNLIMITED, Exposure, Limit

from .credit_rating import LIMIT_MODES

LIMIT_SOURCES = [
    ("temporary", "Temporary limit"),
    ("own", "Limit of the customer"),
    ("core", "Limit of the contact's accounting settings"),
    ("rating", "Limit of the rating"),
    ("company", "Default of the company"),
    ("none", "No limit set"),
]
# Changing one of these sets the customer's limit anew.
LIMIT_FIELDS = {"has_own_limit", "limit_mode", "credit_limit"}
COMPARISONS = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "in": lambda figure, values: figure in values,
}
COMPONENTS = (
    "receivable",
    "overdue",
    "draft_invoiced",
    "delivered_not_invoiced",
    "ordered_not_delivered",
    "exposure",
)


class O2cCreditAccount(models.Model):
    """The credit of one customer in one company: its limit and how much of it is used."""

    _name = "o2c.credit.account"
    _description = "Credit Account"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "partner_id, id"
    _rec_name = "partner_id"
    _check_company_auto = True

    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        index=True,
        ondelete="cascade",
        domain=lambda self: self.env["res.partner"]._o2c_commercial_domain(),
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company.root_id,
        domain=[("parent_id", "=", False)],
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    user_id = fields.Many2one(related="partner_id.user_id", string="Salesperson")
    rating_id = fields.Many2one(
        "o2c.credit.rating",
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
        tracking=True,
    )
    limit_mode = fields.Selection(
        LIMIT_MODES,
        required=True,
        default="unlimited",
        tracking=True,
        help="The customer's own limit. It counts when he has one. Payment in advance: nothing on "
        "credit, an order needs a confirmed payment.",
    )
    has_own_limit = fields.Boolean(
        tracking=True,
        help="Without a limit of its own the customer has that of the contact's accounting "
        "settings, else that of the rating, else the default of the company.",
    )
    credit_limit = fields.Monetary(
        tracking=True,
        help="Zero means no credit at all. Entering a limit makes it the customer's own.",
    )
    limit_set_on = fields.Date(
        readonly=True, copy=False, help="The day the customer's own limit was last set."
    )
    temporary_limit = fields.Monetary(
        tracking=True, help="Counts before every other limit, as long as its dates hold."
    )
    temporary_from = fields.Date(
        string="From", tracking=True, help="First day of the temporary limit; empty: at once."
    )
    temporary_to = fields.Date(
        string="Until", tracking=True, help="Last day of the temporary limit."
    )
    insured_amount = fields.Monetary(
        tracking=True, help="What a credit insurance would pay if the customer does not."
    )
    review_on = fields.Date(
        string="Next Review",
        index=True,
        tracking=True,
        help="On this day the credit manager gets an activity to review the limit.",
    )
    review_reminded_on = fields.Date(readonly=True, copy=False)
    effective_mode = fields.Selection(LIMIT_MODES, compute="_compute_effective_limit")
    effective_limit = fields.Monetary(
        compute="_compute_effective_limit",
        help="The limit that holds today; zero with the mode Unlimited means none.",
    )
    limit_source = fields.Selection(
        LIMIT_SOURCES, string="Where It Comes From", compute="_compute_effective_limit"
    )
    receivable = fields.Monetary(
        compute="_compute_exposure",
        help="Posted and unpaid, credit notes and unallocated payments deducted.",
    )
    overdue = fields.Monetary(
        compute="_compute_exposure",
        search="_search_overdue",
        help="The part of the receivable that is past due; credits are not deducted.",
    )
    draft_invoiced = fields.Monetary(
        compute="_compute_exposure", help="On draft invoices that come from no order."
    )
    delivered_not_invoiced = fields.Monetary(compute="_compute_exposure")
    ordered_not_delivered = fields.Monetary(
        compute="_compute_exposure", help="Confirmed, not yet delivered and not yet invoiced."
    )
    exposure = fields.Monetary(
        compute="_compute_exposure",
        search="_search_exposure",
        help="The sum of the components that count.",
    )
    available_credit = fields.Monetary(
        compute="_compute_exposure",
        search="_search_available_credit",
        help="What the limit leaves; below zero it is exceeded.",
    )
    utilization = fields.Float(
        compute="_compute_exposure",
        search="_search_utilization",
        help="Exposure in percent of the limit.",
    )
    left_out = fields.Char(
        compute="_compute_exposure",
        help="The components that do not count in this company, by their technical names.",
    )
    region_id = fields.Many2one(related="partner_id.o2c_region_id", string="Region")
    team_id = fields.Many2one(related="partner_id.o2c_team_id", string="Sales Team")

    _partner_company_uniq = models.Constraint(
        "UNIQUE(partner_id, company_id)",
        "This customer already has a credit account in this company.",
    )
    _limit_not_negative = models.Constraint(
        "CHECK(credit_limit >= 0)", "A credit limit cannot be below zero."
    )
    _temporary_limit_not_negative = models.Constraint(
        "CHECK(temporary_limit >= 0)", "A temporary credit limit cannot be below zero."
    )
    _insured_amount_not_negative = models.Constraint(
        "CHECK(insured_amount >= 0)", "The insured amount cannot be below zero."
    )

    @api.depends(
        "company_id.o2c_default_credit_limit",
        "company_id.o2c_default_limit_mode",
        "credit_limit",
        "has_own_limit",
        "limit_mode",
        "partner_id",
        "rating_id.default_limit",
        "rating_id.limit_mode",
        "temporary_from",
        "temporary_limit",
        "temporary_to",
    )
    def _compute_effective_limit(self):
        for company, accounts in self.grouped("company_id").items():
            limits = accounts._limits(accounts.partner_id._origin, company)
            for account in accounts:
                limit = limits.get(account.partner_id._origin.id, UNLIMITED)
                account.effective_mode = limit.mode
                account.effective_limit = limit.amount
                account.limit_source = limit.source

    @api.depends("partner_id", "company_id", "effective_limit")
    def _compute_exposure(self):
        for company, accounts in self.grouped("company_id").items():
            exposures = self._get_exposure(accounts.partner_id._origin, company)
            for account in accounts:
                found = exposures.get(account.partner_id._origin.id, Exposure())
                for name in COMPONENTS:
                    account[name] = getattr(found, name)
                account.left_out = ",".join(sorted(found.left_out))
                limit = Limit(account.effective_mode, account.effective_limit)
                account.available_credit = limit.left(found.exposure)
                account.utilization = limit.utilization(found.exposure)

    def _search_exposure(self, operator, value):
        return self._search_figure("exposure", operator, value)

    def _search_overdue(self, operator, value):
        return self._search_figure("overdue", operator, value)

    def _search_available_credit(self, operator, value):
        return self._search_figure("available_credit", operator, value)

    def _search_utilization(self, operator, value):
        return self._search_figure("utilization", operator, value)

    def _search_figure(self, name, operator, value):
        """The accounts whose figure compares so: all are reckoned, by one statement a company.

        Customers without a limit have no available credit and use none of it.
        """
        if operator not in COMPARISONS:
            return NotImplemented
        compare = COMPARISONS[operator]
        accounts = self.search([])
        if name in ("available_credit", "utilization"):
            accounts = accounts.filtered(lambda account: account.effective_mode != "unlimited")
        return Domain(
            "id", "in", [account.id for account in accounts if compare(account[name], value)]
        )

    @api.onchange("credit_limit")
    def _onchange_credit_limit(self):
        if self.credit_limit != self._origin.credit_limit:
            self.has_own_limit = True
            self.limit_mode = "amount"

    @api.constrains("temporary_limit", "temporary_from", "temporary_to")
    def _check_temporary_limit(self):
        for account in self:
            start, end = account.temporary_from, account.temporary_to
            if not end and (start or account.temporary_limit):
                raise ValidationError(
                    self.env._(
                        "The temporary limit of %(customer)s needs a last day. Enter until when "
                        "it holds, or set the limit itself.",
                        customer=account.partner_id.display_name,
                    )
                )
            if start and end and start > end:
                raise ValidationError(
                    self.env._(
                        "The temporary limit of %(customer)s would end on %(end)s, before it "
                        "starts on %(start)s.",
                        customer=account.partner_id.display_name,
                        start=format_date(self.env, start),
                        end=format_date(self.env, end),
                    )
                )

    @api.constrains("partner_id", "company_id")
    def _check_owner(self):
        for account in self:
            if account.partner_id.commercial_partner_id != account.partner_id:
                raise ValidationError(
                    self.env._(
                        "%(contact)s is a contact of %(company)s: credit is given to the company.",
                        contact=account.partner_id.display_name,
                        company=account.partner_id.commercial_partner_id.display_name,
                    )
                )
            if account.company_id.parent_id:
                raise ValidationError(
                    self.env._(
                        "%(branch)s is a branch: its customers' credit is kept by %(root)s.",
                        branch=account.company_id.display_name,
                        root=account.company_id.root_id.display_name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        accounts = super().create([self._with_own_limit(vals) for vals in vals_list])
        limited = accounts.filtered("has_own_limit")
        limited._mirror_limit()
        limited._note_limit_date()
        return accounts

    def write(self, vals):
        self._check_owner_is_kept(vals)
        vals = self._with_own_limit(vals)
        if "review_on" in vals:
            vals = {**vals, "review_reminded_on": False}
            self._close_reminders()
        result = super().write(vals)
        if not LIMIT_FIELDS.isdisjoint(vals):
            self._mirror_limit()
            self._note_limit_date()
        return result

    def unlink(self):
        # The mirror in core's field would pass for a limit set there. Contacts have that of their
        # customer.
        mirrored = self.filtered(
            lambda account: (
                account.has_own_limit
                and account.partner_id.commercial_partner_id == account.partner_id
            )
        )
        mirrored.has_own_limit = False
        return super().unlink()

    def _note_limit_date(self):
        for company, accounts in self.grouped("company_id").items():
            limited = accounts.filtered("has_own_limit")
            limited.limit_set_on = company._o2c_today()
            (accounts - limited).limit_set_on = False

    def _check_owner_is_kept(self, vals):
        moved = self.filtered(
            lambda account: any(
                name in vals and account[name].id != vals[name]
                for name in ("partner_id", "company_id")
            )
        )
        if moved:
            raise ValidationError(
                self.env._(
                    "The credit account of %(customer)s cannot be given to another customer or "
                    "company. Set the limit in an account of their own.",
                    customer=", ".join(moved.partner_id.mapped("display_name")),
                )
            )

    @api.model
    def _with_own_limit(self, vals):
        """A limit that is set becomes the customer's own, unless the caller says otherwise."""
        if "credit_limit" in vals:
            return {"has_own_limit": True, "limit_mode": "amount", **vals}
        if "limit_mode" in vals:
            return {"has_own_limit": True, **vals}
        return vals

    def _mirror_limit(self):
        """Show the own limit in core's field too, for reports and add-ons that read it."""
        for company, accounts in self.grouped("company_id").items():
            # Core's field is for accountants; who may set this limit may set its mirror.
            for account in accounts.sudo().with_company(company):
                partner = account.partner_id
                if not account.has_own_limit:
                    field = partner._fields["credit_limit"]
                    limit = field.get_company_dependent_fallback(partner)
                else:
                    limit = account.credit_limit if account.limit_mode == "amount" else 0.0
                partner.credit_limit = limit

    @api.model
    def _get_exposure(
        self, partners, company, exclude_orders=None, horizon_days=None, overdue_days=()
    ):
        """What ``partners`` owe or will owe to ``company`` and its branches.

        A contact stands for its commercial partner, and a customer with a payer for the payer.

        :param partners: ``res.partner``
        :param company: ``res.company``; a branch stands for its root company
        :param exclude_orders: ``sale.order`` that are not to count
        :param horizon_days: undelivered orders due later than so many days from today do not
            count; ``None`` takes the setting of the company
        :param overdue_days: numbers of days; for each N of them ``Exposure.overdue_by_days[N]`` is
            what is past due for more than N days, credits not deducted
        :return: {id of the partner: :class:`Exposure`} in the root company's currency
        """
        return self.env["o2c.credit.exposure"]._gather(
            partners, company, exclude_orders, horizon_days, overdue_days
        )

    @api.model
    def _limits(self, partners, company):
        """The limit that holds for ``partners`` in ``company`` today, by one statement.

        :param partners: commercial partners
        :param company: ``res.company``; a branch stands for its root company
        :return: {id of the partner: :class:`algorithms.credit.Limit`} in the root's currency
        """
        return self.env["o2c.credit.limit"]._gather(partners, company)
