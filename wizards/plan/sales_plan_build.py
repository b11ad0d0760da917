from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.order_to_cash.algorithms import plan_periods
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
        """Make the tree, refresh actuals and last year, and open the plan."""
        self.ensure_one()
        plan = self.plan_id
        plan.check_access("write")
        plan.company_id._o2c_check_plan_is_on()
        plan._check_editable()
        if plan.node_ids:
            if not self.replace:
                raise UserError(
                    self.env._(
                        "%(plan)s has a tree. Say that it is to be replaced, or add nodes by hand.",
                        plan=plan.name,
                    )
                )
            plan.node_ids.filtered(lambda node: not node.parent_id).unlink()
        self._build()
        plan._refresh_actuals()
        return plan._open_form()

    def _build(self):
        plan, levels = self.plan_id, self._levels()
        columns = [f"{level}_id" for level in levels]
        sums = defaultdict(float)
        for _month, fact, value in plan._sales(columns, self.date_from, self.date_to):
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
        top = self.env["o2c.sales.plan.node"].create({"plan_id": plan.id, "name": plan.company_id.name})
        branches = {top: sums}
        for column in columns:
            branches = self._split(branches, column)

    def _split(self, branches, column):
        """Make one level below some nodes.

        :param branches: dict node -> sales below it, by what the levels to come tell apart
        :return: the same of the new nodes
        """
        values, facts = [], []
        for parent, sums in branches.items():
            parts = defaultdict(lambda: defaultdict(float))
            for (key, *others), value in sums.items():
                parts[key][tuple(others)] += value
            for key in self._shown(column, parts):
                values.append({"plan_id": self.plan_id.id, "parent_id": parent.id, column: key})
                facts.append(parts[key])
            if self.has_rest:
                values.append({
                    "plan_id": self.plan_id.id, "parent_id": parent.id, "is_rest": True, "sequence": 1000,
                })
                # What is left over is not told apart any further.
                facts.append(None)
        nodes = self.env["o2c.sales.plan.node"].create(values)
        return {node: sums for node, sums in zip(nodes, facts, strict=True) if sums}

    def _of_family(self, column, ids):
        """Those that may have a node; what belongs to another company by now is left to all others."""
        if column not in OF_COMPANIES:
            return ids
        Node = self.env["o2c.sales.plan.node"]
        # sudo: what the company sold may belong to a branch that the planner need not see
        records = self.env[Node._fields[column].comodel_name].sudo().browse(ids)
        return set(records.filtered_domain(Node._family_domain(self.plan_id.company_id)).ids)

    def _shown(self, column, parts):
        """:return: the values that get a node, the largest first"""
        known = self._of_family(column, {key for key in parts if key})
        size = {key: sum(parts[key].values()) for key in known}
        ranked = sorted(known, key=lambda key: (-size[key], key))
        if column == "partner_id" and self.customers == "top":
            return ranked[: self.top]
        if column == "partner_id" and self.customers == "key":
            # sudo: class of the customers, of which only the key ones are shown
            partners = self.env["res.partner"].sudo().browse(ranked)
            return partners.filtered(lambda partner: partner.o2c_class_id.is_key_account).ids
        return ranked
