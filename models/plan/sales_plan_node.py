from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

# What a node may stand for, the most telling last: its name and kind are those of the last one set.
DIMENSIONS = (
    "team_id", "class_id", "region_id", "user_id", "payee_id", "partner_id", "product_category_id",
    "product_id",
)
# What decides which sales are those of a node.
MATCHING = {*DIMENSIONS, "is_rest", "parent_id", "sequence"}
NAME_LIMIT = 128


# What a company may use, and what its branches have: their sales are in its plans.
OF_FAMILY = (
    "['|', ('company_id', '=', False), '|', ('company_id', 'parent_of', company_id), "
    "('company_id', 'child_of', company_id)]"
)
# Dimensions of which a record may belong to a company.
OF_COMPANIES = ("team_id", "payee_id", "partner_id", "class_id", "region_id", "product_id")


def _dimension(comodel, domain=OF_FAMILY, **attributes):
    """A field of :data:`DIMENSIONS`. What a plan is about is not deleted, it is archived."""
    return fields.Many2one(
        comodel, index="btree_not_null", domain=domain, ondelete="restrict", **attributes
    )


class O2cSalesPlanNode(models.Model):
    """A part of a plan: who sells, to whom, what.

    A sale belongs to a node if it agrees with everything the node and those above it say. It counts
    for the deepest such node, and so for all above; what no other node under a parent takes is
    taken by that parent's *all others*.
    """

    _name = "o2c.sales.plan.node"
    _description = "Node of a Sales Plan"
    _parent_store = True
    _order = "plan_id, depth, sequence, id"
    _rec_names_search = ["complete_name"]
    _check_company_auto = True

    plan_id = fields.Many2one("o2c.sales.plan", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="plan_id.company_id", store=True)
    plan_state = fields.Selection(related="plan_id.state")
    name = fields.Char(compute="_compute_name", store=True, readonly=False, required=True, precompute=True)
    complete_name = fields.Char(
        string="Full Name", compute="_compute_complete_name", store=True, recursive=True
    )
    key = fields.Integer(
        readonly=True,
        copy=False,
        index=True,
        aggregator=None,
        help="The same for a node and its copies in later versions.",
    )
    sequence = fields.Integer(default=10)
    parent_id = fields.Many2one(
        "o2c.sales.plan.node",
        string="Under",
        index=True,
        ondelete="cascade",
        domain="[('plan_id', '=', plan_id)]",
    )
    parent_path = fields.Char(index=True)
    child_ids = fields.One2many("o2c.sales.plan.node", "parent_id", string="Below")
    depth = fields.Integer(
        string="Level", compute="_compute_depth", store=True, recursive=True, aggregator=None,
        help="0 at the top.",
    )
    team_id = _dimension("crm.team", string="Sales Team")
    user_id = _dimension(
        "res.users", string="Salesperson", domain=[("share", "=", False)]
    )
    payee_id = _dimension(
        "res.partner",
        string="Agent",
        help="Who is credited with the sale: an agent, or the contact of an employee.",
    )
    partner_id = _dimension(
        "res.partner", string="Customer", help="With all contacts and addresses of the same company."
    )
    class_id = _dimension("o2c.customer.class", string="Customer Class")
    region_id = _dimension("o2c.sales.region", help="With the regions below it.")
    product_category_id = _dimension(
        "product.category", domain=[], help="With the categories below it."
    )
    product_id = _dimension("product.product")
    is_rest = fields.Boolean(
        string="All Others", help="What no other node under the same parent takes."
    )
    weight = fields.Float(
        default=1.0, aggregator=None, help="The share when a target is spread by own weights."
    )
    kind = fields.Selection(
        [
            ("total", "Total"),
            ("team", "Team"),
            ("class", "Class"),
            ("region", "Region"),
            ("user", "Salesperson"),
            ("payee", "Agent"),
            ("partner", "Customer"),
            ("product_category", "Product Category"),
            ("product", "Product"),
            ("rest", "All Others"),
        ],
        compute="_compute_kind",
        store=True,
    )
    branch_user_id = fields.Many2one(
        "res.users",
        string="Salesperson of the Branch",
        compute="_compute_branch",
        store=True,
        recursive=True,
        index="btree_not_null",
        help="The salesperson of the node, or the employee who is credited, else of the nearest above that "
        "has one: may read it.",
    )
    branch_team_id = fields.Many2one(
        "crm.team",
        string="Team of the Branch",
        compute="_compute_branch",
        store=True,
        recursive=True,
        index="btree_not_null",
        help="The team of the node, else of the nearest above that has one: its leader may read it.",
    )
    forecast_method = fields.Char(string="Method", readonly=True)
    forecast_mase = fields.Float(
        string="MASE",
        readonly=True,
        aggregator=None,
        help="Mean absolute error of the method on the last year; 1 is that of repeating the year "
        "before. 0: not known.",
    )
    cell_ids = fields.One2many("o2c.sales.plan.cell", "node_id", string="Periods", copy=False)

    _weight_ck = models.Constraint("CHECK(weight >= 0)", "A weight cannot be below zero.")
    _one_rest_uq = models.UniqueIndex(
        "(plan_id, COALESCE(parent_id, 0)) WHERE is_rest",
        "There is one node of all others under a parent.",
    )

    @api.depends(*DIMENSIONS, "is_rest")
    def _compute_name(self):
        """Named after what it stands for; another name that was typed stays until that changes."""
        for node in self:
            node.name = node._label()

    @api.depends("name", "parent_id.complete_name")
    def _compute_complete_name(self):
        for node in self:
            above = node.parent_id.complete_name
            node.complete_name = f"{above} / {node.name}" if above else node.name

    @api.depends("complete_name")
    def _compute_display_name(self):
        for node in self:
            node.display_name = node.complete_name or node.name

    @api.depends("parent_id.depth")
    def _compute_depth(self):
        for node in self:
            node.depth = node.parent_id.depth + 1 if node.parent_id else 0

    @api.depends(*DIMENSIONS, "is_rest")
    def _compute_kind(self):
        for node in self:
            told = [name.removesuffix("_id") for name in DIMENSIONS if node[name]]
            node.kind = "rest" if node.is_rest else (told[-1] if told else "total")

    @api.depends(
        "user_id", "team_id", "payee_id.user_ids", "parent_id.branch_user_id", "parent_id.branch_team_id"
    )
    def _compute_branch(self):
        for node in self:
            # Who is credited as an employee's contact may read it like a salesperson.
            employee = node.payee_id.user_ids.filtered(lambda user: not user.share)[:1]
            node.branch_user_id = node.user_id or employee or node.parent_id.branch_user_id
            node.branch_team_id = node.team_id or node.parent_id.branch_team_id

    # ------------------------------------------------------------------
    # Constraints
    # ------------------------------------------------------------------

    @api.constrains("parent_id", "plan_id")
    def _check_parent(self):
        for node in self:
            if node.parent_id and node.parent_id.plan_id != node.plan_id:
                raise ValidationError(
                    self.env._("%(node)s and the node above it are of two plans.", node=node.name)
                )

    @api.constrains("is_rest", *DIMENSIONS)
    def _check_rest(self):
        for node in self:
            if node.is_rest and any(node[name] for name in DIMENSIONS):
                raise ValidationError(
                    self.env._(
                        "%(node)s takes what the others leave. It cannot stand for a customer, product "
                        "or person as well.",
                        node=node.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        nodes = super().create(vals_list)
        # Asked of the nodes: a default of the context may have named the plan.
        nodes.plan_id._check_editable()
        nodes._set_keys()
        for plan, members in nodes.grouped("plan_id").items():
            plan._make_cells(members)
            if members.parent_id:
                plan._refresh_roll_up(members.parent_id)
        nodes.plan_id._expect_full_refresh()
        return nodes

    def _set_keys(self):
        """Copies have the key of what they are copies of, new nodes one of their own."""
        new = self.filtered(lambda node: not node.key)
        new.flush_recordset()
        self.env.cr.execute(SQL("UPDATE o2c_sales_plan_node SET key = id WHERE id = ANY(%s)", new.ids))
        new.invalidate_recordset(["key"], flush=False)

    def write(self, vals):
        self.plan_id._check_editable()
        if "plan_id" in vals and any(node.plan_id.id != vals["plan_id"] for node in self):
            raise UserError(self.env._("A node stays in its plan."))
        moved = vals.keys() & {"parent_id"}
        # Before the tree is stored, which would refuse it in less helpful words.
        parent = self.browse(vals.get("parent_id"))
        if parent and not set(self.ids).isdisjoint(parent._path_ids()):
            raise ValidationError(self.env._("A node cannot lie below itself."))
        before = self.parent_id if moved else self.browse()
        adjustments = {plan: plan._own_adjustments() for plan in (self.plan_id if moved else ())}
        result = super().write(vals)
        if vals.keys() & MATCHING:
            self.plan_id._expect_full_refresh()
        if moved:
            for plan, nodes in (before | self).grouped("plan_id").items():
                plan._refresh_roll_up(nodes)
                plan._add_up_adjustments(adjustments[plan])
        return result

    def unlink(self):
        self.plan_id._check_editable()
        below = self.search([("id", "child_of", self.ids)])
        above = (self.parent_id - below).grouped("plan_id")
        self.plan_id._expect_full_refresh()
        adjustments = {plan: plan._own_adjustments() for plan in above}
        result = super().unlink()
        for plan, nodes in above.items():
            plan._refresh_roll_up(nodes)
            plan._add_up_adjustments(adjustments[plan])
        return result

    def _label(self):
        """What the node is called unless somebody calls it otherwise."""
        self.ensure_one()
        if self.is_rest:
            return self.env._("All Others")
        told = [self[name].display_name for name in DIMENSIONS if self[name]]
        return told[-1][:NAME_LIMIT] if told else self.env._("Total")

    def _rename(self):
        """What these nodes stand for is called otherwise by now."""
        for node in self:
            # Past the checks of write(), which are about what is promised.
            models.BaseModel.write(node, {"name": node._label()})

    def _path_ids(self):
        """Ids from the top of the tree down to this node."""
        self.ensure_one()
        return [int(part) for part in (self.parent_path or "").split("/") if part]
