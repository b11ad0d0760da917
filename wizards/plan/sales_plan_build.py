from collections import defaultdict
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.order_to_cash.algorithms import plan_periods
from odoo.addons.order_to_cash.models.plan.sales_plan_job import AT_ONCE
from odoo.addons.order_to_cash.models.plan.sales_plan_node import OF_COMPANIES

LEVELS = [
    ("team", "Sales Team"),
    ("user", "Salesperson"),
    ("payee", "Agent"),
    ("class", "Customer Class"),
    ("region", "Region"),
    ("partner", "Customer"),
    ("product_category", "Product Category"),
    ("product", "Product"),
]
YEAR = 12
REST_SEQUENCE = 1000


class Part(NamedTuple):
    """A node to be made.

    :ivar parent: its number among the parts of the level above
    :ivar values: of the node
    :ivar sums: sales below it, by what the levels to come tell apart
    """

    parent: int
    values: dict
    sums: dict


class O2cSalesPlanBuild(models.TransientModel):
    """Makes the tree of a plan from those who sold, bought and were sold last year."""

    _name = "o2c.sales.plan.build"
    _description = "Build the Tree of a Plan"

    plan_id = fields.Many2one("o2c.sales.plan", required=True, readonly=True)
    company_id = fields.Many2one(related="plan_id.company_id")
    date_from = fields.Date(
        string="Sales From",
        required=True,
        compute="_compute_dates",
        store=True,
        readonly=False,
        precompute=True,
    )
    date_to = fields.Date(
        string="Until",
        required=True,
        compute="_compute_dates",
        store=True,
        readonly=False,
        precompute=True,
    )
    level_1 = fields.Selection(LEVELS, string="First Level", required=True, default="team")
    level_2 = fields.Selection(LEVELS, string="Then", default="user")
    level_3 = fields.Selection(LEVELS, string="And Then", default="partner")
    level_4 = fields.Selection(LEVELS, string="At Last")
    customers = fields.Selection(
        [("top", "The Largest"), ("key", "Key Customers by Class"), ("all", "All")],
        string="Customers Kept Apart",
        required=True,
        default="top",
        help="The others go into a node of all others.",
    )
    top = fields.Integer(
        string="How Many", default=20, help="The largest customers under each node, by their sales."
    )
    has_rest = fields.Boolean(
        string="Node of All Others", default=True, help="Takes what no other node takes, at each level."
    )
    replace = fields.Boolean(
        string="Replace the Present Tree", help="The nodes there are go with their figures."
    )
    node_count = fields.Integer(related="plan_id.node_count")

    @api.depends("plan_id")
    def _compute_dates(self):
        for build in self:
            # sudo: the date of a company is no secret
            today = build.plan_id.company_id.sudo()._o2c_today()
            first = plan_periods.shift(build.plan_id.date_from, -YEAR)
            last = plan_periods.shift(build.plan_id.date_to, -YEAR)
            # Last year is what is known of it: a plan of a year to come looks at the twelve months past.
            if first > today:
                first, last = plan_periods.shift(today, -YEAR), today
            build.date_from, build.date_to = first, last

    @api.constrains("level_1", "level_2", "level_3", "level_4", "top")
    def _check_levels(self):
        for build in self:
            levels = build._levels()
            if len(set(levels)) < len(levels):
                raise ValidationError(self.env._("Choose each level once."))
            if build.customers == "top" and build.top < 1:
                raise ValidationError(self.env._("Say how many customers are to be kept apart."))

    def _levels(self):
        return [level for level in (self.level_1, self.level_2, self.level_3, self.level_4) if level]

    def action_build(self):
        """Make the tree, refresh actuals and last year, and open the plan; a large one is left to a job."""
        self.ensure_one()
        self._check_may_build()
        design = self._design()
        if sum(map(len, design)) > AT_ONCE:
            return self.plan_id._queue_job("build", self._params())
        self._build(design)
        return self.plan_id._open_form()

    def _build_anew(self):
        """What the job does: look at the sales again and make the tree, all or nothing."""
        self._check_may_build()
        self._build(self._design())

    def _check_may_build(self):
        plan = self.plan_id
        plan.check_access("write")
        plan.company_id._o2c_check_plan_is_on()
        plan._check_editable()
        if plan.node_ids and not self.replace:
            raise UserError(
                self.env._(
                    "%(plan)s has a tree. Say that it is to be replaced, or add nodes by hand.",
                    plan=plan.name,
                )
            )

    def _params(self):
        """What was chosen, as it can be kept for the job."""
        names = ("level_1", "level_2", "level_3", "level_4", "customers", "top", "has_rest", "replace")
        return {
            **{name: self[name] for name in names},
            "date_from": fields.Date.to_string(self.date_from),
            "date_to": fields.Date.to_string(self.date_to),
        }

    def _build(self, design):
        plan = self.plan_id
        plan.node_ids.filtered(lambda node: not node.parent_id).unlink()
        above = plan.env["o2c.sales.plan.node"]
        for level in design:
            above = above.create([
                {**part.values, "plan_id": plan.id, "parent_id": above[part.parent].id if above else False}
                for part in level
            ])
        plan._refresh_actuals()

    # ------------------------------------------------------------------
    # Design
    # ------------------------------------------------------------------

    def _design(self):
        """:return: the levels of the tree from the top, each a list of :class:`Part`"""
        columns = [f"{level}_id" for level in self._levels()]
        sums = defaultdict(float)
        for _month, fact, value in self.plan_id._sales(columns, self.date_from, self.date_to):
            sums[fact] += float(value)
        if not sums:
            raise UserError(
                self.env._(
                    "Nothing was sold between %(first)s and %(last)s. Choose other dates, or add nodes "
                    "by hand.",
                    first=fields.Date.to_string(self.date_from),
                    last=fields.Date.to_string(self.date_to),
                )
            )
        design = [[Part(0, {"name": self.plan_id.company_id.name}, sums)]]
        for number, column in enumerate(columns):
            may_show = self._may_show(column, {fact[number] for fact in sums} - {None})
            design.append(self._split(design[-1], column, may_show))
        return design

    def _split(self, level, column, may_show):
        """The level below some parts.

        :param may_show: ids of ``column`` that may have a node
        """
        below = []
        for number, part in enumerate(level):
            if not part.sums:
                continue
            parts = defaultdict(lambda: defaultdict(float))
            for (key, *others), value in part.sums.items():
                parts[key][tuple(others)] += value
            below += [
                Part(number, {column: key}, parts[key]) for key in self._shown(column, parts, may_show)
            ]
            if self.has_rest:
                # What is left over is not told apart any further.
                below.append(Part(number, {"is_rest": True, "sequence": REST_SEQUENCE}, {}))
        return below

    def _may_show(self, column, ids):
        """Those that may have a node; what belongs to another company by now is left to all others."""
        if column not in OF_COMPANIES:
            return ids
        Node = self.env["o2c.sales.plan.node"]
        # sudo: what the company sold may belong to a branch that the planner need not see
        records = self.env[Node._fields[column].comodel_name].sudo().browse(ids)
        records = records.filtered_domain(Node._family_domain(self.plan_id.company_id))
        if column == "partner_id" and self.customers == "key":
            records = records.filtered("o2c_class_id.is_key_account")
        return set(records.ids)

    def _shown(self, column, parts, may_show):
        """:return: the values that get a node, the largest first"""
        size = {key: sum(sums.values()) for key, sums in parts.items() if key in may_show}
        ranked = sorted(size, key=lambda key: (-size[key], key))
        return ranked[: self.top] if column == "partner_id" and self.customers == "top" else ranked
