from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL, format_date

from odoo.addons.order_to_cash.algorithms.commission import matching

from .program import PROGRAM, is_program

QUANTITY = "quantity"
SYSTEM_FIELDS = {"version": 1, "family_id": False, "previous_id": False, "state": "draft"}
# May be changed at any time: conversation and planned activities.
FREE_PREFIXES = ("message_", "activity_")


class O2cCommissionPlan(models.Model):
    """When and on what commission is paid, and by which rules: one version, from a day until a day.

    A plan is drawn up as a draft. Once active it is never changed, so that every amount can be
    explained by it for ever; it is closed, and a new version follows it.
    """

    _name = "o2c.commission.plan"
    _description = "Commission Plan"
    _inherit = ["o2c.catalog.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "name, date_from desc, version desc, id desc"
    _check_company_auto = True
    _check_company_domain = models.check_company_domain_parent_of

    name = fields.Char(required=True, tracking=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
        help="Agreements of this company and of its branches may follow the plan.",
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    version = fields.Integer(default=1, readonly=True, copy=False, aggregator=None)
    family_id = fields.Many2one(
        "o2c.commission.plan",
        string="First Version",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
    )
    previous_id = fields.Many2one(
        "o2c.commission.plan",
        string="Previous Version",
        readonly=True,
        copy=False,
        index="btree_not_null",
    )
    version_ids = fields.One2many("o2c.commission.plan", "family_id", string="Versions", copy=False)
    date_from = fields.Date(
        string="From",
        required=True,
        tracking=True,
        default=lambda self: self.env.company._o2c_today().replace(day=1),
    )
    date_to = fields.Date(
        string="Until", tracking=True, help="The last day. Empty: until the plan is closed."
    )
    state = fields.Selection(
        [("draft", "Draft"), ("active", "Active"), ("closed", "Closed")],
        required=True,
        readonly=True,
        default="draft",
        copy=False,
        index=True,
        tracking=True,
    )
    trigger = fields.Selection(
        [
            ("order", "Order Confirmed"),
            ("delivery", "Goods Delivered"),
            ("invoice", "Invoice Posted"),
            ("payment", "Payment Received"),
        ],
        string="Earned When",
        required=True,
        default="payment",
        tracking=True,
        help="Commission is expected from the order on and earned at this event. Of a partial delivery or "
        "payment the same part is earned.",
    )
    base = fields.Selection(
        [("untaxed", "Untaxed Amount"), ("margin", "Margin"), (QUANTITY, "Quantity")],
        string="Paid On",
        required=True,
        default="untaxed",
        tracking=True,
        help="Untaxed amount after discount; the same less the cost at the time; or the quantity in the "
        "unit of the product, with rates that are amounts a unit.",
    )
    settlement_period = fields.Selection(
        [("month", "Month"), ("quarter", "Quarter"), ("year", "Year")],
        required=True,
        default="month",
        tracking=True,
        help="Draws, caps, guarantees and bonuses are for such a period, and so are tiers by period.",
    )
    include_freight = fields.Boolean(
        tracking=True, help="Pay commission on freight: delivery lines, and products marked as freight."
    )
    include_services = fields.Boolean(
        default=True, tracking=True, help="Pay commission on services other than freight."
    )
    cash_discount_reduces = fields.Boolean(
        string="Cash Discount Reduces Commission",
        tracking=True,
        help="Otherwise an invoice settled with cash discount earns its whole commission.",
    )
    attainment_metric = fields.Selection(
        [("amount", "Amount"), (QUANTITY, "Quantity"), ("margin", "Margin")],
        string="Attainment Of",
        required=True,
        default="amount",
        help="The sales plans of this metric whose attainment decides on bonuses.",
    )
    note = fields.Html(string="Terms", help="What is agreed besides, in words.")
    rule_ids = fields.One2many("o2c.commission.rule", "plan_id", string="Rules", copy=True)
    bonus_ids = fields.One2many("o2c.commission.bonus", "plan_id", string="Bonuses", copy=True)
    agreement_ids = fields.One2many("o2c.commission.agreement", "plan_id", string="Agreements", copy=False)
    # For record rules. These read it for whoever asks, and people have one cache: it is nobody's to read.
    payee_agreement_ids = fields.One2many(
        "o2c.commission.agreement",
        "family_id",
        string="Payees' Agreements",
        copy=False,
        groups=fields.NO_ACCESS,
    )
    rule_count = fields.Integer(string="Number of Rules", compute="_compute_rule_count")

    # A plan that is closed before it begins is never in force.
    _dates_ck = models.Constraint(
        "CHECK(date_to IS NULL OR date_from <= date_to OR state = 'closed')",
        "A commission plan ends after it begins.",
    )
    _version_uq = models.UniqueIndex(
        "(family_id, version)", "There is one version of a plan with this number."
    )

    @api.depends("rule_ids")
    def _compute_rule_count(self):
        counts = dict(
            self.env["o2c.commission.rule"]._read_group(
                [("plan_id", "in", self.ids)], ["plan_id"], ["__count"]
            )
        )
        for plan in self:
            plan.rule_count = counts.get(plan._origin, 0)

    @api.depends("name", "version")
    def _compute_display_name(self):
        for plan in self:
            plan.display_name = f"{plan.name} v{plan.version}" if plan.version > 1 else plan.name

    @api.constrains("date_from", "date_to")
    def _check_dates(self):
        for plan in self:
            if plan.state == "draft" and plan.date_to and plan.date_to < plan.date_from:
                raise ValidationError(
                    self.env._("%(plan)s ends before it begins. Correct the dates.", plan=plan.display_name)
                )

    @api.constrains("base")
    def _check_rates(self):
        self.rule_ids._check_rates()

    @api.constrains("company_id", "family_id")
    def _check_company_of_family(self):
        for plan in self:
            if plan.family_id and plan.family_id.company_id != plan.company_id:
                raise ValidationError(
                    self.env._(
                        "%(plan)s: all versions of a plan are of one company, %(company)s.",
                        plan=plan.display_name,
                        company=plan.family_id.company_id.display_name,
                    )
                )

    @api.constrains("company_id")
    def _check_company_of_content(self):
        self.rule_ids._check_company()
        self.agreement_ids._check_company()

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_no_system_field(vals)
        # Named one by one: a default of the context must not come in here.
        plans = super().create([{**vals, **SYSTEM_FIELDS} for vals in vals_list])
        for plan in plans:
            plan._write_system({"family_id": plan.id})
        return plans

    def write(self, vals):
        if is_program(self.env):
            # What is written in turn is not the program's any more.
            plain = self.with_context(o2c_commission_writer=None)
            return super(O2cCommissionPlan, plain).write(vals)
        self._check_no_system_field(vals)
        if any(not name.startswith(FREE_PREFIXES) for name in vals.keys() - {"agreement_ids"}):
            self._check_editable()
        return super().write(vals)

    def copy_data(self, default=None):
        return [
            dict(values, name=self.env._("%(plan)s (copy)", plan=plan.name))
            for plan, values in zip(self, super().copy_data(default=default), strict=True)
        ]

    @api.ondelete(at_uninstall=False)
    def _unlink_except_activated(self):
        if kept := self.filtered(lambda plan: plan.state != "draft"):
            raise UserError(
                self.env._(
                    "%(plan)s was active and stays: commission may have been paid by it.",
                    plan=kept[0].display_name,
                )
            )

    def _write_system(self, vals):
        """Write what only the program sets; the guards of :meth:`write` are about users."""
        return self.with_context(o2c_commission_writer=PROGRAM).write(vals)

    def _check_no_system_field(self, vals):
        for name, neutral in SYSTEM_FIELDS.items():
            if vals.get(name, neutral) != neutral:
                raise UserError(
                    self.env._(
                        "%(field)s of a commission plan is set by its buttons, not by hand.",
                        field=self._fields[name]._description_string(self.env),
                    )
                )

    def _check_editable(self):
        """Raise unless these plans are drafts, and stay so until the end of the transaction."""
        self._lock()
        for plan in self:
            if plan.state != "draft":
                raise UserError(
                    self.env._(
                        "%(plan)s is active or closed, and not changed any more. Make a new version to "
                        "pay otherwise.",
                        plan=plan.display_name,
                    )
                )

    def _lock(self):
        """Whoever changes or activates one of these plans meanwhile, or us, starts anew."""
        if self.ids:
            # Written, not only locked: a transaction that waits for the row must not go on with what
            # it has read before.
            self.flush_recordset()
            self.env.cr.execute(
                SQL("UPDATE o2c_commission_plan SET write_uid = write_uid WHERE id = ANY(%s)", self.ids),
                # That it fails to serialize is what it is for.
                log_exceptions=False,
            )

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_activate(self):
        """Put these drafts into force.

        :raise UserError: for a plan that is no draft, is incomplete, or overlaps another version
        """
        self.check_access("write")
        self._check_editable()
        (self.family_id.version_ids - self)._lock()
        for plan in self:
            plan._check_complete()
        self._check_overlap()
        self._write_system({"state": "active"})
        return True

    def action_close(self, date=None):
        """End these active plans.

        :param date: the last day on which they are in force, by default today; never later than the end
            they have
        """
        self.check_access("write")
        self._lock()
        for plan in self:
            if plan.state != "active":
                raise UserError(
                    self.env._("%(plan)s is not active: it cannot be closed.", plan=plan.display_name)
                )
            last = fields.Date.to_date(date) or plan.company_id._o2c_today()
            last = min(last, plan.date_to) if plan.date_to else last
            plan._write_system({"state": "closed", "date_to": last})
        self._tell_of_later_sales()
        return True

    def _check_complete(self):
        """Raise unless this plan can pay."""
        self.ensure_one()
        self._check_dates()
        if not self.rule_ids:
            raise UserError(
                self.env._("%(plan)s has no rules: nobody would be paid. Add one.", plan=self.display_name)
            )
        self.rule_ids._check_rates()
        self.rule_ids._check_tiers()
        self.bonus_ids._check_bands()

    def _check_overlap(self):
        """Raise if versions of one plan that are or were active overlap, these plans included."""
        versions = self | self.family_id.version_ids.filtered(lambda plan: plan.state != "draft")
        for family in versions.grouped("family_id").values():
            before = self.browse()
            for plan in family.sorted("date_from"):
                if plan.date_to and plan.date_to < plan.date_from:
                    continue
                if before and (not before.date_to or before.date_to >= plan.date_from):
                    raise UserError(before._overlap_message(plan))
                before = plan

    def _overlap_message(self, later):
        """What to do about ``later``, a version that begins before this one ends."""
        if not self.date_to:
            return self.env._(
                "%(plan)s has no end, and %(later)s begins on %(date)s. Close it before that day first.",
                plan=self.display_name,
                later=later.display_name,
                date=format_date(self.env, later.date_from),
            )
        return self.env._(
            "%(later)s begins on %(date)s, but %(plan)s is in force until %(until)s. Only one version of a "
            "plan is in force on a day.",
            plan=self.display_name,
            later=later.display_name,
            date=format_date(self.env, later.date_from),
            until=format_date(self.env, self.date_to),
        )

    # ------------------------------------------------------------------
    # Business
    # ------------------------------------------------------------------

    def _make_rule_book(self):
        """The rules of this one plan, indexed.

        :return: :class:`matching.RuleBook`; the id of a rule it finds is that of the record
        """
        self.ensure_one()
        # sudo: an order is priced for people who may not read the plan
        return matching.RuleBook(self.sudo().rule_ids._to_algorithm())
