from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

STATES = [
    ("draft", "Draft"),
    ("active", "Active"),
    ("consumed", "Consumed"),
    ("expired", "Expired"),
    ("cancelled", "Cancelled"),
]

# What does not change any more once it has become the reservation of an order.
FIXED = {"expires_at", "partner_id", "product_id", "quantity", "stage", "state", "warehouse_id"}


class O2cSoftReservation(models.Model):
    """Stock held back for demand that is likely, and not certain.

    It holds back from deliveries to others of the same or a lower rank, yields to better-ranked
    ones, and ends by itself the minute it expires. It makes no move and reserves nothing: what is
    free in Odoo stays free there, and only the reservation of others leaves it alone.
    """

    _name = "o2c.soft.reservation"
    _description = "Soft Reservation"
    _inherit = ["mail.thread"]
    _order = "expires_at desc, id desc"
    _check_company_auto = True

    company_id = fields.Many2one(
        "res.company",
        required=True,
        readonly=True,
        index=True,
        compute="_compute_company_id",
        store=True,
        precompute=True,
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        index=True,
        check_company=True,
        compute="_compute_from_line",
        store=True,
        readonly=False,
        precompute=True,
        ondelete="cascade",
        tracking=True,
    )
    commercial_partner_id = fields.Many2one(
        related="partner_id.commercial_partner_id", store=True, index=True
    )
    product_id = fields.Many2one(
        "product.product",
        required=True,
        index=True,
        check_company=True,
        domain=[("is_storable", "=", True)],
        compute="_compute_from_line",
        store=True,
        readonly=False,
        precompute=True,
        ondelete="cascade",
        tracking=True,
    )
    product_uom_id = fields.Many2one(related="product_id.uom_id", string="Unit")
    warehouse_id = fields.Many2one(
        "stock.warehouse",
        required=True,
        index=True,
        compute="_compute_from_line",
        store=True,
        readonly=False,
        precompute=True,
        ondelete="cascade",
        tracking=True,
    )
    order_line_id = fields.Many2one(
        "sale.order.line",
        string="Quotation Line",
        index="btree_not_null",
        check_company=True,
        ondelete="set null",
        help="When its order is confirmed, this becomes the reservation of its goods.",
    )
    order_id = fields.Many2one(
        related="order_line_id.order_id", string="Quotation", store=True, index="btree_not_null"
    )
    user_id = fields.Many2one(
        "res.users",
        string="Salesperson",
        index=True,
        compute="_compute_from_line",
        store=True,
        readonly=False,
        precompute=True,
        domain=[("share", "=", False)],
        tracking=True,
    )
    quantity = fields.Float(
        digits="Product Unit",
        required=True,
        tracking=True,
        help="What is held back, in the unit of the product.",
    )
    confidence = fields.Float(
        digits=(5, 1), default=50.0, tracking=True, help="How likely the order is, in percent."
    )
    expires_at = fields.Datetime(
        string="Expires",
        required=True,
        default=lambda self: self._default_expires_at(),
        index=True,
        tracking=True,
        help="From this minute on it holds back nothing any more.",
    )
    note = fields.Char()
    stage = fields.Selection(
        STATES,
        string="Recorded State",
        required=True,
        default="draft",
        readonly=True,
        copy=False,
        index=True,
        tracking=True,
    )
    state = fields.Selection(
        STATES,
        compute="_compute_state",
        inverse="_inverse_state",
        search="_search_state",
        copy=False,
        help="An active one is expired the minute it is due.",
    )
    free_quantity = fields.Float(
        string="Free Stock",
        digits="Product Unit",
        compute="_compute_free_quantity",
        help="On hand in the warehouse and not reserved.",
    )

    _holding_back = models.Index("(product_id, expires_at) WHERE stage = 'active'")

    @api.depends("warehouse_id", "order_line_id.company_id")
    def _compute_company_id(self):
        for soft in self:
            soft.company_id = (
                soft.order_line_id.company_id or soft.warehouse_id.company_id or self.env.company
            )

    @api.depends("order_line_id")
    def _compute_from_line(self):
        # sudo: where an order is served from is no secret to whoever sells
        placeless = self.filtered(lambda soft: not soft.order_line_id.sudo().warehouse_id)
        default = placeless and self.env["stock.warehouse"].search(
            [("company_id", "=", self.env.company.id)], limit=1
        )
        for soft in self:
            line = soft.order_line_id
            soft.partner_id = line.order_partner_id or soft.partner_id
            soft.product_id = line.product_id or soft.product_id
            soft.warehouse_id = (
                line.sudo().warehouse_id.sudo(False) or soft.warehouse_id or default
            )
            soft.user_id = line.order_id.user_id or soft.user_id or self.env.user

    @api.depends("stage", "expires_at")
    def _compute_state(self):
        now = fields.Datetime.now()
        for soft in self:
            is_over = soft.stage == "active" and soft.expires_at and soft.expires_at <= now
            soft.state = "expired" if is_over else soft.stage

    def _inverse_state(self):
        for soft in self:
            soft.stage = soft.state

    def _search_state(self, operator, value):
        if operator != "in":
            return NotImplemented
        now = fields.Datetime.now()
        is_over = Domain("stage", "=", "active") & Domain("expires_at", "<=", now)
        result = Domain("stage", "in", set(value) - {"active", "expired"})
        if "active" in value:
            result |= Domain("stage", "=", "active") & Domain("expires_at", ">", now)
        if "expired" in value:
            result |= is_over | Domain("stage", "=", "expired")
        return result

    @api.depends("product_id", "warehouse_id")
    def _compute_free_quantity(self):
        free = self._free_stock(self.product_id, self.warehouse_id)
        for soft in self:
            key = soft.warehouse_id._origin.id, soft.product_id._origin.id
            soft.free_quantity = free.get(key, 0.0)

    @api.depends("product_id", "partner_id")
    def _compute_display_name(self):
        for soft in self:
            # sudo: a name, of a customer and product chosen here
            names = (soft.sudo().product_id.display_name, soft.sudo().partner_id.display_name)
            soft.display_name = " · ".join(filter(None, names))

    # ------------------------------------------------------------------
    # Constraints
    # ------------------------------------------------------------------

    @api.constrains("order_line_id", "product_id", "partner_id")
    def _check_order_line(self):
        # sudo: what a line is for decides, whoever may read the line
        for soft in self.filtered("order_line_id").sudo():
            line = soft.order_line_id
            if line.product_id != soft.product_id:
                raise ValidationError(
                    self.env._(
                        "The line of %(order)s is for %(ordered)s, not for %(product)s.",
                        order=line.order_id.name,
                        ordered=line.product_id.display_name,
                        product=soft.product_id.display_name,
                    )
                )
            if line.order_partner_id.commercial_partner_id != soft.commercial_partner_id:
                raise ValidationError(
                    self.env._(
                        "%(order)s is an order of %(ordered_by)s, not of %(customer)s.",
                        order=line.order_id.name,
                        ordered_by=line.order_partner_id.display_name,
                        customer=soft.partner_id.display_name,
                    )
                )

    @api.constrains("warehouse_id", "order_line_id")
    def _check_warehouse(self):
        # sudo: the company of an order and of a warehouse, whoever may read them
        for soft in self.sudo():
            company = soft.order_line_id.company_id
            if company and soft.warehouse_id.company_id != company:
                raise ValidationError(
                    self.env._(
                        "%(order)s is of %(company)s: hold back stock of a warehouse of this company.",
                        order=soft.order_line_id.order_id.name,
                        company=company.display_name,
                    )
                )

    @api.constrains("quantity", "confidence")
    def _check_figures(self):
        for soft in self:
            if soft.product_id.uom_id.compare(soft.quantity, 0.0) <= 0:
                raise ValidationError(
                    self.env._(
                        "%(soft)s: the quantity to hold back has to be above zero.",
                        soft=soft.display_name,
                    )
                )
            if not 0 <= soft.confidence <= 100:
                raise ValidationError(
                    self.env._(
                        "%(soft)s: the confidence is a percentage from 0 to 100.",
                        soft=soft.display_name,
                    )
                )

    @api.constrains("product_id")
    def _check_product(self):
        for soft in self:
            if not soft.product_id.is_storable:
                raise ValidationError(
                    self.env._(
                        "No stock is kept of %(product)s, so none can be held back.",
                        product=soft.product_id.display_name,
                    )
                )

    # ------------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        softs = super().create(vals_list)
        # It may be over already, whatever state was asked for.
        softs.invalidate_recordset(["state"])
        if any(soft.stage == "consumed" for soft in softs):
            softs._check_may_consume()
        softs._check_own_quotation()
        softs._check_caps()
        return softs

    def write(self, vals):
        if not vals.keys() & (FIXED | {"order_line_id", "user_id"}):
            return super().write(vals)
        self._check_not_consumed(vals)
        before = {soft: soft._held_back_where() for soft in self}
        result = super().write(vals)
        self.invalidate_recordset(["state"])
        self._check_own_quotation()
        self.filtered(lambda soft: soft._holds_back_more_than(before[soft]))._check_caps()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_consumed(self):
        consumed = self.filtered(lambda soft: soft.stage == "consumed")
        if consumed:
            raise UserError(
                self.env._(
                    "%(soft)s has become the reservation of its order and stays as a record of it.",
                    soft=consumed[0].display_name,
                )
            )

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_activate(self):
        """Hold the stock back from now on.

        :raise UserError: when its time is over, or the order is confirmed or cancelled already
        :raise ValidationError: when more would be held back than the company allows
        """
        now = fields.Datetime.now()
        for soft in self:
            if soft.expires_at <= now:
                raise UserError(
                    self.env._(
                        "%(soft)s has expired. Enter a later time first.", soft=soft.display_name
                    )
                )
            # sudo: the state of the order decides, whoever may read it
            order = soft.sudo().order_id
            if order and order.state not in ("draft", "sent"):
                raise UserError(
                    self.env._(
                        "%(order)s is no quotation any more: its goods are reserved, or not wanted.",
                        order=order.name,
                    )
                )
        # The line may have changed since this one was cancelled.
        self._check_order_line()
        self.write({"state": "active"})
        return True

    def action_cancel(self):
        """Hold back nothing any more."""
        self.filtered(lambda soft: soft.stage in ("draft", "active", "expired")).write(
            {"state": "cancelled"}
        )
        return True

    def action_draft(self):
        """Take up cancelled or expired ones again."""
        self.filtered(lambda soft: soft.state in ("cancelled", "expired")).write({"state": "draft"})
        return True

    def action_open_order(self):
        """Open the quotation."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "sale.order",
            "res_id": self.order_id.id,
            "views": [(False, "form")],
        }

    # ------------------------------------------------------------------
    # Business
    # ------------------------------------------------------------------

    def _quantity_text(self, quantity):
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        text = f"{quantity:.{digits}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
