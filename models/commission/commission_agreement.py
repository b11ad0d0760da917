from odoo import api, fields, models
from odoo.exceptions import ValidationError

COVERAGE_FIELDS = {"customers": "partner_ids", "region": "region_id", "team": "team_id"}


class O2cCommissionAgreement(models.Model):
    """Who is paid by which plan, on which sales, from when to when, and with which share."""

    _name = "o2c.commission.agreement"
    _description = "Commission Agreement"
    _inherit = ["o2c.catalog.mixin", "mail.thread", "mail.activity.mixin"]
    _catalog_model = "o2c.commission.plan"
    _order = "sequence, id"
    _rec_names_search = ["payee_id.name", "plan_id.name"]
    _check_company_auto = True

    payee_id = fields.Many2one(
        "res.partner",
        required=True,
        index=True,
        check_company=True,
        ondelete="restrict",
        tracking=True,
        help="An agent, or the contact of an employee.",
    )
    plan_id = fields.Many2one(
        "o2c.commission.plan",
        required=True,
        index=True,
        check_company=True,
        ondelete="restrict",
        tracking=True,
        help="Whatever version is named, the one in force on the day of a sale counts.",
    )
    family_id = fields.Many2one(
        related="plan_id.family_id", string="First Version", store=True, index="btree_not_null"
    )
    plan_state = fields.Selection(related="plan_id.state", string="Plan Status")
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
        tracking=True,
        help="Covers sales of this company and of its branches.",
    )
    currency_id = fields.Many2one(
        "res.currency",
        compute="_compute_currency_id",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        help="The payee is paid in this currency; draws, caps and guarantees are in it.",
    )
    active = fields.Boolean(default=True, tracking=True)
    sequence = fields.Integer(
        default=10, help="Of several agreements with a share in a sale, the lowest is served first."
    )
    date_from = fields.Date(
        string="From",
        required=True,
        tracking=True,
        default=lambda self: self.env.company._o2c_today(),
        help="The first day whose sales are covered.",
    )
    date_to = fields.Date(string="Until", tracking=True, help="The last day. Empty: no end.")
    payout = fields.Selection(
        [("bill", "Vendor Bill"), ("payroll", "Payroll")],
        required=True,
        default="bill",
        tracking=True,
        help="External agents are paid by vendor bill, employees through payroll.",
    )
    coverage = fields.Selection(
        [
            ("salesperson", "Own Sales"),
            ("customers", "Certain Customers"),
            ("region", "A Region"),
            ("team", "A Sales Team"),
            ("all", "All Sales"),
        ],
        required=True,
        default="salesperson",
        tracking=True,
        help="Customers go before region, team, own sales and all sales, in this order.",
    )
    partner_ids = fields.Many2many(
        "res.partner",
        "o2c_commission_agreement_partner_rel",
        "agreement_id",
        "partner_id",
        string="Customers",
        check_company=True,
        help="Each with all contacts and addresses of the same company.",
    )
    region_id = fields.Many2one(
        "o2c.sales.region",
        check_company=True,
        index="btree_not_null",
        ondelete="restrict",
        tracking=True,
        help="With the regions below it; an agreement for one of those goes before.",
    )
    team_id = fields.Many2one(
        "crm.team",
        string="Sales Team",
        check_company=True,
        index="btree_not_null",
        ondelete="restrict",
        tracking=True,
    )
    share = fields.Float(
        string="Share (%)",
        digits=(7, 4),
        default=100.0,
        tracking=True,
        aggregator=None,
        help="So much of the commission by the plan's rules.",
    )
    mode = fields.Selection(
        [("shared", "Shared"), ("overlay", "On Top")],
        string="Share Is",
        required=True,
        default="shared",
        tracking=True,
        help="Shared ones add up to 100 % of a line at the most; those on top are paid besides.",
    )
    draw_amount = fields.Monetary(
        string="Draw",
        tracking=True,
        help="Paid in advance each settlement period, for a part of it by calendar days. 0: none.",
    )
    draw_recoverable = fields.Boolean(
        string="Recover Draw",
        default=True,
        tracking=True,
        help="What a draw exceeds the commission by is taken off later periods.",
    )
    cap_amount = fields.Monetary(
        string="Cap",
        tracking=True,
        help="At most so much is paid for a settlement period, for a part of it by calendar days. 0: no cap.",
    )
    guarantee_amount = fields.Monetary(
        string="Guarantee",
        tracking=True,
        help="At least so much is paid for a settlement period, for a part of it by calendar days. 0: none.",
    )
    settlement_period = fields.Selection(related="plan_id.settlement_period")
    note = fields.Html(string="Terms")
    covers = fields.Char(
        string="Paid for", compute="_compute_covers", help="The sales that are covered, in words."
    )

    _share_ck = models.Constraint(
        "CHECK(share > 0 AND share <= 100)",
        "The share of an agreement is more than 0 % and 100 % at the most.",
    )
    _dates_ck = models.Constraint(
        "CHECK(date_to IS NULL OR date_from <= date_to)", "An agreement ends after it begins."
    )
    _amounts_ck = models.Constraint(
        "CHECK(COALESCE(draw_amount, 0) >= 0 AND COALESCE(cap_amount, 0) >= 0"
        " AND COALESCE(guarantee_amount, 0) >= 0)",
        "Draw, cap and guarantee cannot be negative.",
    )
    _cap_ck = models.Constraint(
        "CHECK(COALESCE(cap_amount, 0) = 0 OR COALESCE(guarantee_amount, 0) <= cap_amount)",
        "More is guaranteed than the cap lets through. Raise the cap or lower the guarantee.",
    )

    @api.depends("company_id", "payee_id")
    def _compute_currency_id(self):
        has_own = "property_purchase_currency_id" in self.env["res.partner"]._fields
        for agreement in self:
            company = agreement.company_id or self.env.company
            # The currency the payee sends its bills in, where module purchase knows it.
            own = has_own and agreement.payee_id.with_company(company).property_purchase_currency_id
            agreement.currency_id = own or company.currency_id

    @api.depends("coverage", "partner_ids", "region_id", "team_id")
    @api.depends_context("lang")
    def _compute_covers(self):
        labels = dict(self._fields["coverage"]._description_selection(self.env))
        for agreement in self:
            label = labels.get(agreement.coverage, "")
            column = COVERAGE_FIELDS.get(agreement.coverage)
            # sudo: the names of what an agreement covers are told to those who may read it
            names = ", ".join(agreement.sudo()[column].mapped("display_name")) if column else ""
            agreement.covers = f"{label}: {names}" if names else label

    @api.depends("payee_id", "plan_id.name")
    def _compute_display_name(self):
        for agreement in self:
            # sudo: the names of what an agreement says are told to those who may read it
            parts = (agreement.sudo().payee_id.name, agreement.sudo().plan_id.name)
            agreement.display_name = ": ".join(filter(None, parts))

    # ------------------------------------------------------------------
    # Constraints
    # ------------------------------------------------------------------

    @api.constrains("coverage", "partner_ids", "region_id", "team_id")
    def _check_coverage(self):
        for agreement in self:
            needed = COVERAGE_FIELDS.get(agreement.coverage)
            if needed and not agreement[needed]:
                raise ValidationError(
                    self.env._(
                        "%(agreement)s: choose %(field)s, or other sales to be paid for.",
                        agreement=agreement.display_name,
                        field=self._fields[needed]._description_string(self.env),
                    )
                )

    @api.constrains("payout", "payee_id")
    def _check_payroll(self):
        # sudo: whether a contact is an employee's, an archived one's included
        users = self.env["res.users"].sudo().with_context(active_test=False).search([
            ("partner_id", "in", self.payee_id.ids)
        ])
        employees = users.filtered(lambda user: not user.share).partner_id
        for agreement in self:
            if agreement.payout == "payroll" and agreement.payee_id.sudo() not in employees:
                raise ValidationError(
                    self.env._(
                        "%(payee)s has no internal user, so there is no payroll to pay through. Pay by "
                        "vendor bill.",
                        payee=agreement.payee_id.display_name,
                    )
                )

    @api.onchange("payee_id")
    def _onchange_payee_id(self):
        # sudo: see _check_payroll
        users = self.payee_id.sudo().user_ids
        if self.payee_id:
            self.payout = "payroll" if any(not user.share for user in users) else "bill"

    def copy_data(self, default=None):
        # The copy is mostly for somebody else, from now on.
        dates = {"date_from": self.env.company._o2c_today(), "date_to": False}
        return super().copy_data(default={**dates, **(default or {})})
