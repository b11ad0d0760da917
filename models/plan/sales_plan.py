from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import float_round

from odoo.addons.order_to_cash.algorithms import plan_periods

from .program import PROGRAM, is_program

QUANTITY = "quantity"
# What may be changed once a plan is approved: figures about it, not what was promised.
FREE_WHEN_APPROVED = {"user_id", "message_main_attachment_id"}
# What decides which sales count, in which period and with how much.
COUNTING = {"company_id", "currency_id", "date_from", "date_to", "metric", "period", "source"}
SYSTEM_FIELDS = {
    "state", "version", "family_id", "previous_id", "approved_by_id", "approved_on",
    "refreshed_on", "refreshed_fully_on", "sales_digests", "forecast_on",
}


class O2cSalesPlan(models.Model):
    """What is to be sold, by a tree of nodes and by month or quarter.

    The target of a node and what the targets below it add up to are kept side by side. Approval
    makes a version read-only; a new version begins as its copy and takes its place when approved.
    """

    _name = "o2c.sales.plan"
    _description = "Sales Plan"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "date_from desc, name, version desc, id desc"
    _check_company_auto = True

    name = fields.Char(required=True, tracking=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
        help="Sales of its branches count as well.",
    )
    version = fields.Integer(default=1, readonly=True, copy=False, aggregator=None)
    date_from = fields.Date(
        string="From",
        required=True,
        tracking=True,
        default=lambda self: self.env.company._o2c_today().replace(month=1, day=1),
    )
    date_to = fields.Date(
        string="Until",
        required=True,
        tracking=True,
        default=lambda self: self.env.company._o2c_today().replace(month=12, day=31),
        help="The last day.",
    )
    period = fields.Selection(
        [("month", "Months"), ("quarter", "Quarters")], required=True, default="month", tracking=True
    )
    metric = fields.Selection(
        [("amount", "Amount"), (QUANTITY, "Quantity"), ("margin", "Margin")],
        required=True,
        default="amount",
        tracking=True,
        help="Amounts and margins without taxes; quantities in the unit of each product.",
    )
    source = fields.Selection(
        [("invoice", "Invoices"), ("order", "Sales Orders"), ("delivery", "Deliveries")],
        string="Actuals From",
        required=True,
        default="invoice",
        tracking=True,
        help="Invoices less credit notes by their date, confirmed orders by the date of the order, or "
        "what left the stock less what came back.",
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
        help="Sales in another currency count at the rate of the day of the document.",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Planner",
        default=lambda self: self.env.user,
        domain=[("share", "=", False)],
        tracking=True,
        help="Is told of early warnings that concern nobody else.",
    )
    state = fields.Selection(
        [("draft", "Draft"), ("approved", "Approved"), ("superseded", "Superseded")],
        required=True,
        readonly=True,
        default="draft",
        copy=False,
        index=True,
        tracking=True,
    )
    approved_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    approved_on = fields.Datetime(readonly=True, copy=False)
    family_id = fields.Many2one(
        "o2c.sales.plan", string="First Version", readonly=True, copy=False, index="btree_not_null"
    )
    previous_id = fields.Many2one(
        "o2c.sales.plan", string="Previous Version", readonly=True, copy=False, index="btree_not_null"
    )
    note = fields.Html(string="Assumptions")
    node_ids = fields.One2many("o2c.sales.plan.node", "plan_id", copy=False)
    node_count = fields.Integer(string="Nodes", compute="_compute_node_count")

    forecast = fields.Monetary(
        compute="_compute_totals", currency_field="value_currency_id", help="Of the top of the tree."
    )
    target = fields.Monetary(compute="_compute_totals", currency_field="value_currency_id")
    gap = fields.Monetary(
        string="Not Shared Out",
        compute="_compute_totals",
        currency_field="value_currency_id",
        help="Target at the top less what the targets below add up to.",
    )
    actual = fields.Monetary(compute="_compute_totals", currency_field="value_currency_id")
    last_year = fields.Monetary(compute="_compute_totals", currency_field="value_currency_id")
    attainment = fields.Float(string="Attainment (%)", compute="_compute_totals")
    value_currency_id = fields.Many2one("res.currency", compute="_compute_value_currency")

    _dates_ck = models.Constraint("CHECK(date_from <= date_to)", "A plan ends after it begins.")
    _approved_uq = models.UniqueIndex(
        "(family_id) WHERE state = 'approved'", "One version of a plan is approved at a time."
    )

    _version_uq = models.UniqueIndex(
        "(family_id, version)",
        "Somebody else made a new version of this plan at the same moment. Reload the page.",
    )

    @api.depends("node_ids")
    def _compute_node_count(self):
        counts = dict(
            self.env["o2c.sales.plan.node"]._read_group(
                [("plan_id", "in", self.ids)], ["plan_id"], ["__count"]
            )
        )
        for plan in self:
            plan.node_count = counts.get(plan._origin, 0)

    @api.depends("currency_id", "metric")
    def _compute_value_currency(self):
        for plan in self:
            plan.value_currency_id = plan._value_currency()

    # Figures are written by statements of their own, which forget what was read (_forget_cells).
    @api.depends("node_ids")
    @api.depends_context("uid")
    def _compute_totals(self):
        names = ("forecast", "target", "rolled_up", "actual", "last_year")
        sums = {
            plan: dict(zip(names, figures, strict=True))
            for plan, *figures in self.env["o2c.sales.plan.cell"]._read_group(
                [("node_id", "in", self._top_nodes().ids)],
                ["plan_id"],
                [f"{name}:sum" for name in names],
            )
        }
        for plan in self:
            figures = sums.get(plan._origin, dict.fromkeys(names, 0.0))
            for name in ("forecast", "target", "actual", "last_year"):
                plan[name] = figures[name]
            plan.gap = figures["target"] - figures["rolled_up"]
            plan.attainment = 100.0 * plan.actual / plan.target if plan.target else 0.0

    @api.depends("name", "version")
    def _compute_display_name(self):
        for plan in self:
            plan.display_name = f"{plan.name} v{plan.version}" if plan.version > 1 else plan.name

    # ------------------------------------------------------------------
    # Constraints
    # ------------------------------------------------------------------

    @api.constrains("date_from", "date_to", "period")
    def _check_periods(self):
        for plan in self:
            try:
                plan._periods()
            except ValueError as error:
                raise ValidationError(
                    self.env._(
                        "%(plan)s: a plan ends after it begins and has %(limit)s periods at the most.",
                        plan=plan.name,
                        limit=plan_periods.MAX_PERIODS,
                    )
                ) from error

    @api.model_create_multi
    def create(self, vals_list):
        defaults = {
            name: self.env.context[f"default_{name}"]
            for name in SYSTEM_FIELDS
            if f"default_{name}" in self.env.context
        }
        for vals in vals_list:
            given = {**defaults, **vals}
            self._check_no_system_field({**given, "state": given.get("state", "draft") != "draft"})
        plans = super().create(vals_list)
        for plan in plans:
            plan._write_system({"family_id": plan.id})
        return plans

    def write(self, vals):
        if is_program(self.env):
            return super(O2cSalesPlan, self.with_context(o2c_plan_writer=None)).write(vals)
        # Emptied is as bad as filled: a version without its family can never be approved.
        self._check_no_system_field({
            name: vals[name] or any(plan[name] for plan in self) for name in SYSTEM_FIELDS & vals.keys()
        })
        content = {
            name for name in vals
            if name not in FREE_WHEN_APPROVED and not name.startswith(("message_", "activity_"))
        }
        if content:
            self._check_editable()
        self._check_unit_may_change(vals)
        result = super().write(vals)
        if content & {"date_from", "date_to", "period"}:
            self._align_cells()
        if content & {"currency_id", "metric"}:
            self._align_currency()
        if content & COUNTING:
            self._expect_full_refresh()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_approved(self):
        if kept := self.filtered(lambda plan: plan.state != "draft"):
            raise UserError(
                self.env._(
                    "%(plan)s was approved and stays as a record of what was promised.",
                    plan=kept[0].display_name,
                )
            )

    def unlink(self):
        # The first version may go while later ones stay: the earliest of them then stands for all.
        others = self.search([("family_id", "in", self.ids), ("id", "not in", self.ids)], order="version")
        for versions in others.grouped("family_id").values():
            versions._write_system({"family_id": versions[0].id})
        return super().unlink()

    def copy_data(self, default=None):
        return [
            dict(values, name=self.env._("%(plan)s (copy)", plan=plan.name))
            for plan, values in zip(self, super().copy_data(default=default), strict=True)
        ]

    def copy(self, default=None):
        plans = super().copy(default)
        for old, new in zip(self, plans, strict=True):
            new._copy_nodes(old)
        return plans

    def _write_system(self, vals):
        """Write what only the program sets; the guards of :meth:`write` are about users."""
        return self.with_context(o2c_plan_writer=PROGRAM).write(vals)

    def _check_no_system_field(self, vals):
        given = sorted(name for name in SYSTEM_FIELDS & vals.keys() if vals[name])
        if given:
            raise UserError(
                self.env._(
                    "%(field)s of a sales plan is set by its buttons, not by hand.",
                    field=self._fields[given[0]]._description_string(self.env),
                )
            )

    def _check_editable(self):
        """Raise unless these plans are drafts, and stay so until the end of the transaction."""
        if not self.ids:
            return
        # An approval that comes in between makes this transaction start anew.
        self.env.execute_query(self._lock_sql())
        for plan in self:
            if plan.state != "draft":
                raise UserError(
                    self.env._(
                        "%(plan)s is no draft any more. Make a new version to plan otherwise.",
                        plan=plan.display_name,
                    )
                )

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_approve(self):
        """Freeze these drafts; other approved versions of the same plans are superseded."""
        self.check_access("write")
        self.company_id._o2c_check_plan_is_on()
        self._check_editable()
        if len(self.family_id) < len(self):
            raise UserError(self.env._("Approve one version of a plan only."))
        for plan in self:
            if not plan.node_ids:
                raise UserError(
                    self.env._("%(plan)s has no nodes yet: there is nothing to approve.", plan=plan.name)
                )
        versions = self.search([("family_id", "in", self.family_id.ids), ("state", "=", "approved")])
        versions._write_system({"state": "superseded"})
        # In the database before the next: there is one approved version at any moment.
        versions.flush_recordset(["state"])
        self._write_system({
            "state": "approved",
            "approved_by_id": self.env.uid,
            "approved_on": fields.Datetime.now(),
        })
        self._on_approved(versions)
        return True

    def _on_approved(self, superseded):
        """Hook: what follows from an approval.

        :param superseded: the versions that these plans take the place of
        """

    def action_new_version(self):
        """Copy this plan with its tree and figures as a draft, and open it."""
        self.ensure_one()
        self.check_access("write")
        versions = self.search([("family_id", "=", self.family_id.id)])
        # Not copy(): it is the same plan, and keeps its name.
        new = self.create([dict(self.copy_data()[0], name=self.name)])
        new._write_system({
            "family_id": self.family_id.id,
            "previous_id": self.id,
            "version": max(versions.mapped("version")) + 1,
        })
        new._copy_nodes(self)
        return new._open_form()

    def _open_form(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "views": [(False, "form")],
        }

    # ------------------------------------------------------------------
    # Business
    # ------------------------------------------------------------------

    def _periods(self):
        """The periods of this one plan in the order of time.

        :return: list of :class:`plan_periods.Period`
        """
        self.ensure_one()
        return plan_periods.cut(self.date_from, self.date_to, plan_periods.MONTHS[self.period])

    def _precision(self):
        """The smallest unit of this plan's figures: of its currency, or of quantities."""
        self.ensure_one()
        if self.metric == QUANTITY:
            return 10 ** -self.env["decimal.precision"].precision_get("Product Unit")
        return self.currency_id.rounding

    def _round(self, value):
        """A figure of this plan in whole smallest units."""
        return float_round(value or 0.0, precision_rounding=self._precision())

    def _value_currency(self):
        """The currency of this plan's figures, empty where they are quantities."""
        self.ensure_one()
        return self.env["res.currency"] if self.metric == QUANTITY else self.currency_id

    def _copy_nodes(self, other):
        """Give this empty plan the nodes of another, with their figures where the periods are the
        same."""
        self.ensure_one()
        Node = self.env["o2c.sales.plan.node"]
        new_by_old = {}
        nodes = other.node_ids
        for _depth, level in sorted(nodes.grouped("depth").items()):
            values = [
                {
                    **vals,
                    "plan_id": self.id,
                    "parent_id": new_by_old[old.parent_id].id if old.parent_id else False,
                    "key": old.key,
                }
                for old, vals in zip(level, level.copy_data(), strict=True)
            ]
            new_by_old.update(zip(level, Node.create(values), strict=True))
        self._copy_cells({old.id: new.id for old, new in new_by_old.items()})
