from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

BENEFICIARIES = ("class_ids", "partner_ids", "region_ids")


class O2cSupplyProtection(models.Model):
    """Stock set apart for some customers, or the most that some customers may take.

    What counts as taken is what was delivered to them in the period, less what came back, and what
    is reserved for them now. The quantity of a category is one quantity that all of its products
    share, each counted in its own unit.
    """

    _name = "o2c.supply.protection"
    _description = "Supply Protection"
    _inherit = ["mail.thread"]
    _order = "date_from desc, id desc"
    _check_company_auto = True

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True, tracking=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
        help="It binds the deliveries of this company and of its branches.",
    )
    kind = fields.Selection(
        [("protect", "Protect"), ("cap", "Cap")],
        required=True,
        default="protect",
        tracking=True,
        help="Protect: the quantity is kept from everybody else. Cap: these customers get no more.",
    )
    product_id = fields.Many2one(
        "product.product",
        index="btree_not_null",
        check_company=True,
        domain=[("is_storable", "=", True)],
        ondelete="cascade",
        tracking=True,
    )
    product_category_id = fields.Many2one(
        "product.category",
        index="btree_not_null",
        ondelete="cascade",
        tracking=True,
        help="The products of the category and of those below it share the quantity.",
    )
    warehouse_id = fields.Many2one(
        "stock.warehouse",
        check_company=True,
        ondelete="cascade",
        tracking=True,
        help="Empty: all warehouses together.",
    )
    date_from = fields.Date(string="From", tracking=True, help="Empty: it has always begun.")
    date_to = fields.Date(string="Until", tracking=True, help="The last day. Empty: no end.")
    quantity = fields.Float(
        digits="Product Unit",
        required=True,
        tracking=True,
        help="In the unit of the product. For a category: of each product in its own unit, added up.",
    )
    product_uom_id = fields.Many2one(related="product_id.uom_id", string="Unit")
    class_ids = fields.Many2many("o2c.customer.class", string="Classes", check_company=True)
    partner_ids = fields.Many2many(
        "res.partner",
        string="Customers",
        check_company=True,
        help="Their contacts and addresses are meant as well.",
    )
    region_ids = fields.Many2many(
        "o2c.sales.region",
        string="Regions",
        check_company=True,
        help="The regions below them are meant as well.",
    )
    from_rank = fields.Integer(
        aggregator=None,
        tracking=True,
        help="Only deliveries of this rank and those served later are kept off. 0: all.",
    )
    origin = fields.Char(readonly=True, copy=False, index="btree_not_null")
    consumed_quantity = fields.Float(
        string="Used",
        digits="Product Unit",
        compute="_compute_consumed_quantity",
        help="Delivered in the period, less what came back, and reserved now.",
    )
    remaining_quantity = fields.Float(
        string="Left", digits="Product Unit", compute="_compute_consumed_quantity"
    )
    consumed_percent = fields.Float(
        string="Used (%)", compute="_compute_consumed_quantity", aggregator=None
    )
    move_count = fields.Integer(string="Deliveries", compute="_compute_consumed_quantity")
    status = fields.Selection(
        [("future", "Not Begun"), ("current", "In Force"), ("over", "Over")],
        compute="_compute_status",
        search="_search_status",
        help="By the company's own date. One that is over or not begun does nothing.",
    )

    @api.depends("quantity", "kind", "date_from", "date_to", "product_id", "product_category_id")
    @api.depends("warehouse_id", "class_ids", "partner_ids", "region_ids", "company_id")
    def _compute_consumed_quantity(self):
        # sudo: the figure counts deliveries of all, and shows none of them
        usages = self._origin.sudo()._usage()
        for protection in self:
            usage = usages.get(protection._origin.id)
            used = usage.reserved + max(0.0, usage.delivered) if usage else 0.0
            protection.consumed_quantity = used
            protection.remaining_quantity = max(0.0, protection.quantity - used)
            protection.consumed_percent = (
                100.0 * used / protection.quantity if protection.quantity else 0.0
            )
            protection.move_count = len(usage.move_ids) if usage else 0

    @api.depends("date_from", "date_to", "company_id")
    def _compute_status(self):
        for protection in self:
            # sudo: the date of a company is no secret
            today = (protection.company_id or self.env.company).sudo()._o2c_today()
            if protection.date_from and protection.date_from > today:
                protection.status = "future"
            elif protection.date_to and protection.date_to < today:
                protection.status = "over"
            else:
                protection.status = "current"

    def _search_status(self, operator, value):
        if operator != "in":
            return NotImplemented
        # sudo: the date of a company is no secret; the rules say whose protections are found
        companies = self.env["res.company"].sudo().search([])
        parts = []
        for today, many in companies.grouped(lambda company: company._o2c_today()).items():
            future = Domain("date_from", ">", today)
            over = Domain("date_to", "<", today) & ~future
            domains = {"future": future, "over": over, "current": ~future & ~over}
            wanted = [domains[status] for status in value if status in domains]
            parts.append(Domain("company_id", "in", many.ids) & Domain.OR(wanted))
        return Domain.OR(parts)

    # ------------------------------------------------------------------
    # Constraints
    # ------------------------------------------------------------------

    @api.constrains("quantity", "from_rank")
    def _check_quantity(self):
        for protection in self:
            if protection.quantity < 0 or protection.from_rank < 0:
                raise ValidationError(
                    self.env._(
                        "%(protection)s: neither the quantity nor the rank can be below zero.",
                        protection=protection.name,
                    )
                )

    @api.constrains("date_from", "date_to")
    def _check_dates(self):
        for protection in self:
            first, last = protection.date_from, protection.date_to
            if first and last and last < first:
                raise ValidationError(
                    self.env._(
                        "%(protection)s ends on %(last)s, before it begins on %(first)s.",
                        protection=protection.name,
                        first=fields.Date.to_string(first),
                        last=fields.Date.to_string(last),
                    )
                )

    # With the kind, which every new one has: a check is not made of fields that are not given.
    @api.constrains("kind", "product_id", "product_category_id")
    def _check_product(self):
        for protection in self:
            if bool(protection.product_id) == bool(protection.product_category_id):
                raise ValidationError(
                    self.env._(
                        "Choose either a product or a product category for %(protection)s.",
                        protection=protection.name,
                    )
                )
            if protection.product_id and not protection.product_id.is_storable:
                raise ValidationError(
                    self.env._(
                        "No stock is kept of %(product)s, so there is nothing to protect.",
                        product=protection.product_id.display_name,
                    )
                )

    @api.constrains("kind", *BENEFICIARIES)
    def _check_beneficiaries(self):
        # Archived customers still are those for whom it was made.
        for protection in self.with_context(active_test=False):
            if protection.kind == "protect" and not any(protection[name] for name in BENEFICIARIES):
                raise ValidationError(
                    self.env._(
                        "Say for whom %(protection)s keeps the goods: choose classes, customers or "
                        "regions.",
                        protection=protection.name,
                    )
                )

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_view_moves(self):
        """Open the deliveries, and what came back, that use up the quantity."""
        self.ensure_one()
        # sudo: which deliveries count; the list shows those that the user may see
        usage = self.sudo()._usage().get(self.id)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Deliveries under %(protection)s", protection=self.name),
            "res_model": "stock.move",
            "views": [(self.env.ref("stock.view_move_tree").id, "list"), (False, "form")],
            "domain": [("id", "in", usage.move_ids if usage else [])],
            "context": {"create": False},
        }

    # ------------------------------------------------------------------
    # Business
    # ------------------------------------------------------------------

    @api.model
    def _generate_from_plan(self, origin, rows):
        """Make the protections that follow from something else, such as an approved sales plan.

        Doing it again with the same rows changes nothing; a row with another quantity changes the
        protection that is there; one that is no longer among the rows is archived.

        :param str origin: what they follow from, e.g. ``"o2c.sales.plan,7"``
        :param rows: dicts of values: ``name``, ``quantity``, ``product_id`` or
            ``product_category_id``, and at will ``kind``, ``company_id``, ``warehouse_id``,
            ``date_from``, ``date_to``, ``from_rank``, and lists of ids in ``class_ids``,
            ``partner_ids`` and ``region_ids``; quantities in the unit of the product
        :return: the protections, in the order of the rows; rows that differ in name and quantity
            only are one protection with their sum
        :raise ValidationError: when a row makes no sense
        """
        defaults = {"company_id": self.env.company.id, "kind": "protect"}
        wanted = {}
        for row in rows:
            values = {**defaults, **row}
            key = self._plan_key(values)
            if key in wanted:
                wanted[key]["quantity"] += values["quantity"]
            else:
                wanted[key] = values
        existing = {}
        for protection in self.with_context(active_test=False).search([("origin", "=", origin)]):
            existing.setdefault(protection._plan_key_of_record(), protection)
        for key, values in wanted.items():
            if key in existing:
                existing[key]._update_from_plan(values)
        new = [key for key in wanted if key not in existing]
        created = self.create([
            {
                **wanted[key],
                **{name: [fields.Command.set(wanted[key].get(name, ()))] for name in BENEFICIARIES},
                "origin": origin,
            }
            for key in new
        ])
        existing.update(zip(new, created, strict=True))
        gone = [protection.id for key, protection in existing.items() if key not in wanted]
        self.browse(gone).filtered("active").action_archive()
        return self.browse([existing[key].id for key in wanted])

    def _update_from_plan(self, values):
        self.ensure_one()
        changed = {
            name: values[name]
            for name in ("name", "quantity")
            if name in values and values[name] != self[name]
        }
        if not self.active:
            changed["active"] = True
        if changed:
            self.write(changed)

    @api.model
    def _plan_key(self, values):
        """What tells one row of a plan from another: everything but its name and quantity."""
        return (
            *(
                values.get(name) or 0
                for name in (
                    "company_id", "product_id", "product_category_id", "warehouse_id", "from_rank"
                )
            ),
            values["kind"],
            fields.Date.to_date(values.get("date_from") or None),
            fields.Date.to_date(values.get("date_to") or None),
            *(frozenset(values.get(name) or ()) for name in BENEFICIARIES),
        )

    def _plan_key_of_record(self):
        self.ensure_one()
        # Archived customers still are those for whom it was made.
        record = self.with_context(active_test=False)
        return self._plan_key({
            "company_id": record.company_id.id,
            "product_id": record.product_id.id,
            "product_category_id": record.product_category_id.id,
            "warehouse_id": record.warehouse_id.id,
            "from_rank": record.from_rank,
            "kind": record.kind,
            "date_from": record.date_from,
            "date_to": record.date_to,
            **{name: record[name].ids for name in BENEFICIARIES},
        })
