from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from .engine import Caps

STATES = [
    ("draft", "Draft"),
    ("active", "Active"),
    ("consumed", "Consumed"),
    ("expired", "Expired"),
    ("cancelled", "Cancelled"),
]
DAYS = 7

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

    @api.model
    def _default_expires_at(self):
        days = self.env.company.sudo().o2c_soft_days or DAYS
        return fields.Datetime.now() + timedelta(days=days)

    @api.depends("warehouse_id", "order_line_id")
    def _compute_company_id(self):
        for soft in self:
            soft.company_id = (
                soft.order_line_id.company_id or soft.warehouse_id.company_id or self.env.company
            )

    @api.depends("order_line_id")
    def _compute_from_line(self):
        Warehouse = self.env["stock.warehouse"]
        for soft in self:
            line = soft.order_line_id
            soft.partner_id = line.order_partner_id or soft.partner_id
            soft.product_id = line.product_id or soft.product_id
            # sudo: where an order is served from is no secret to whoever sells
            soft.warehouse_id = (
                line.sudo().warehouse_id.sudo(False)
                or soft.warehouse_id
                or Warehouse.search([("company_id", "=", self.env.company.id)], limit=1)
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
        for soft in self.filtered("order_line_id"):
            line = soft.sudo().order_line_id
            if line.product_id != soft.sudo().product_id:
                raise ValidationError(
                    self.env._(
                        "The line of %(order)s is for %(ordered)s, not for %(product)s.",
                        order=line.order_id.name,
                        ordered=line.product_id.display_name,
                        product=soft.product_id.display_name,
                    )
                )
            if line.order_partner_id.commercial_partner_id != soft.sudo().commercial_partner_id:
                raise ValidationError(
                    self.env._(
                        "%(order)s is an order of %(ordered_by)s, not of %(customer)s.",
                        order=line.order_id.name,
                        ordered_by=line.order_partner_id.display_name,
                        customer=soft.partner_id.display_name,
                    )
                )

    @api.constrains("quantity", "confidence")
    def _check_figures(self):
        for soft in self:
            if soft.quantity <= 0:
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

    def _check_caps(self):
        """Refuse to hold back more of the free stock than the company allows.

        Asked when more is held back than before only: less is never wrong, though goods that were
        free have gone meanwhile.
        """
        capped = self.filtered(
            lambda soft: (
                soft.state == "active"
                and (
                    soft.company_id.sudo().o2c_soft_cap_customer
                    or soft.company_id.sudo().o2c_soft_cap_product
                )
            )
        )
        if not capped:
            return
        capped._lock_products()
        products, warehouses = capped.product_id, capped.sudo().warehouse_id
        free = self._free_stock(products, warehouses)
        by_product, by_customer = self._held_back(products, warehouses)
        for soft in capped:
            key = soft.warehouse_id.id, soft.product_id.id
            company = soft.company_id.sudo()
            customer = soft.commercial_partner_id
            for percent, total, who in (
                (
                    company.o2c_soft_cap_customer,
                    by_customer.get((*key, customer.id), 0.0),
                    customer.sudo().display_name,
                ),
                (company.o2c_soft_cap_product, by_product.get(key, 0.0), None),
            ):
                if percent:
                    soft._check_cap(percent, total, free.get(key, 0.0), who)

    def _check_cap(self, percent, total, free, customer):
        """:raise ValidationError: when ``total`` is more than ``percent`` of ``free``"""
        self.ensure_one()
        uom = self.product_id.uom_id
        allowed = uom.round(max(0.0, free) * percent / 100.0, rounding_method="DOWN")
        if uom.compare(total, allowed) <= 0:
            return
        figures = {
            "product": self.product_id.display_name,
            "warehouse": self.warehouse_id.sudo().name,
            "total": self._quantity_text(total),
            "free": self._quantity_text(free),
            "allowed": self._quantity_text(allowed),
            "percent": f"{percent:g}",
        }
        if customer:
            raise ValidationError(
                self.env._(
                    "%(total)s of %(product)s would be held back for %(customer)s in %(warehouse)s. "
                    "For one customer it may be %(percent)s %% of the free stock of %(free)s, which "
                    "is %(allowed)s. Lower the quantity, or cancel another soft reservation of this "
                    "customer.",
                    customer=customer,
                    **figures,
                )
            )
        raise ValidationError(
            self.env._(
                "%(total)s of %(product)s would be held back in %(warehouse)s. For all customers "
                "together it may be %(percent)s %% of the free stock of %(free)s, which is "
                "%(allowed)s. Lower the quantity, or wait until others expire.",
                **figures,
            )
        )

    def _quantity_text(self, quantity):
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        text = f"{quantity:.{digits}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text

    def _lock_products(self):
        """Make this transaction the only one that holds back these products.

        Two that did it at once would not see each other's quantity. The second to write the row
        fails to serialize and is repeated with the first one's in view.
        """
        self.env.cr.execute(
            SQL(
                "UPDATE product_product SET id = id WHERE id IN "
                "(SELECT id FROM product_product WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE)",
                self.product_id.ids,
            ),
            log_exceptions=False,
        )

    @api.model
    def _held_back(self, products, warehouses):
        """What is held back now: ({(warehouse, product): quantity},
        {(warehouse, product, customer): quantity}), by ids."""
        # sudo: how much others hold back limits everybody
        groups = self.sudo()._read_group(
            Domain("state", "=", "active")
            & Domain("product_id", "in", products.ids)
            & Domain("warehouse_id", "in", warehouses.ids),
            ["warehouse_id", "product_id", "commercial_partner_id"],
            ["quantity:sum"],
        )
        by_product, by_customer = {}, {}
        for warehouse, product, customer, quantity in groups:
            key = warehouse.id, product.id
            by_product[key] = by_product.get(key, 0.0) + quantity
            by_customer[*key, customer.id] = quantity
        return by_product, by_customer

    @api.model
    def _free_stock(self, products, warehouses):
        """{(warehouse id, product id): on hand and not reserved}, in one statement."""
        self.env["stock.quant"].flush_model(
            ["location_id", "product_id", "quantity", "reserved_quantity"]
        )
        rows = self.env.execute_query(
            SQL(
                """
                SELECT location.warehouse_id, quant.product_id,
                       SUM(quant.quantity - quant.reserved_quantity)::float
                  FROM stock_quant quant
                  JOIN stock_location location ON location.id = quant.location_id
                 WHERE quant.product_id = ANY(%s)
                   AND location.warehouse_id = ANY(%s)
                   AND location.usage = 'internal'
              GROUP BY location.warehouse_id, quant.product_id
                """,
                products._origin.ids,
                warehouses._origin.ids,
            )
        )
        return {(warehouse, product): quantity for warehouse, product, quantity in rows}

    # ------------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        softs = super().create(vals_list)
        # It may be over already, whatever state was asked for.
        softs.invalidate_recordset(["state"])
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

    def _held_back_where(self):
        """(how much this one holds back now, of what, where and for whom)"""
        self.ensure_one()
        quantity = self.quantity if self.state == "active" else 0.0
        return quantity, (self.product_id, self.warehouse_id, self.commercial_partner_id)

    def _holds_back_more_than(self, before):
        """Whether this one takes from anybody what it did not take ``before``."""
        quantity, key = self._held_back_where()
        known = before[0] if before[1] == key else 0.0
        return self.product_id.uom_id.compare(quantity, known) > 0

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

    def _check_not_consumed(self, vals):
        """:raise UserError: when the stage of a consumed one, or what led to it, would change"""
        for soft in self:
            if soft.stage == "consumed" and vals.get("state", vals.get("stage")) != "consumed":
                raise UserError(
                    self.env._(
                        "%(soft)s has become the reservation of its order and does not change any "
                        "more. Make a new one.",
                        soft=soft.display_name,
                    )
                )

    def _check_own_quotation(self):
        """Salespeople hold stock back for quotations that they see; managers for anybody.

        :raise AccessError:
        """
        if self.env.su or self.env.user.has_group("order_to_cash.group_allocation_manager"):
            return
        if not all(soft.order_line_id for soft in self.sudo()):
            raise AccessError(
                self.env._(
                    "Hold stock back from a line of a quotation. Without one, only an allocation "
                    "manager may do it."
                )
            )
        self.order_line_id.check_access("read")
        for soft in self.sudo():
            if soft.state == "active":
                soft._check_within_quotation()

    def _check_within_quotation(self):
        """:raise AccessError: when this one holds back something else than its line asks for"""
        self.ensure_one()
        line = self.order_line_id
        asked = line.product_uom_id._compute_quantity(
            line.product_uom_qty, self.product_id.uom_id, rounding_method="HALF-UP"
        )
        if (
            line.state in ("draft", "sent")
            and line.product_id == self.product_id
            and line.warehouse_id == self.warehouse_id
            and self.product_id.uom_id.compare(self.quantity, asked) <= 0
        ):
            return
        raise AccessError(
            self.env._(
                "For %(order)s you may hold back what its line asks for, in its warehouse, as long "
                "as it is a quotation. Ask an allocation manager for anything else.",
                order=line.order_id.name,
            )
        )

    @api.constrains("warehouse_id", "order_line_id")
    def _check_warehouse(self):
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
            order = soft.sudo().order_id
            if order and order.state not in ("draft", "sent"):
                raise UserError(
                    self.env._(
                        "%(order)s is no quotation any more: its goods are reserved, or not wanted.",
                        order=order.name,
                    )
                )
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

    @api.model
    def _cron_expire(self):
        """Record that those are expired whose time is over. They hold back nothing anyway."""
        over = self.search([("stage", "=", "active"), ("expires_at", "<=", fields.Datetime.now())])
        # sudo: the daily step of nobody in particular
        over.sudo().write({"stage": "expired"})

    # ------------------------------------------------------------------
    # Business
    # ------------------------------------------------------------------

    @api.model
    @api.private
    def consume(self, lines):
        """Make what is held back for confirmed order lines the reservation of their goods.

        Those of the lines themselves are used up first, then those of their customers that name
        no quotation, the first to expire first. A line on hold for delivery keeps its own until
        it is released.

        :param lines: ``sale.order.line`` whose moves exist
        """
        lines = lines.sudo().filtered(
            lambda line: (
                line.state == "sale"
                and line.company_id.o2c_use_allocation
                and line.order_id.o2c_hold_state != "held"
            )
        )
        if not lines:
            return
        # sudo: who confirms an order need not be who held the stock back
        softs = self.sudo().search(
            Domain("state", "=", "active")
            & (
                Domain("order_line_id", "in", lines.ids)
                | Domain("order_line_id", "=", False)
                & Domain("commercial_partner_id", "in", lines.order_partner_id.commercial_partner_id.ids)
                & Domain("product_id", "in", lines.product_id.ids)
                & Domain("warehouse_id", "in", lines.warehouse_id.ids)
            ),
            order="expires_at, id",
        )
        if not softs:
            return
        used = softs._share_among(lines)
        softs._reserve(used)
        softs._record_used(used)

    def _share_among(self, lines):
        """[(soft reservation, order line, quantity)], quantities in the unit of the product."""
        used = []
        left = {soft: soft.quantity for soft in self}
        for line in lines:
            need = line.product_uom_id._compute_quantity(
                line.product_uom_qty, line.product_id.uom_id
            )
            own = self.filtered(lambda soft, line=line: soft.order_line_id == line)
            shared = self.filtered(
                lambda soft, line=line: (
                    not soft.order_line_id
                    and soft.commercial_partner_id == line.order_partner_id.commercial_partner_id
                    and soft.product_id == line.product_id
                    and soft.warehouse_id == line.warehouse_id
                )
            )
            for soft in own + shared:
                quantity = min(need, left[soft])
                if soft in own or line.product_id.uom_id.compare(quantity, 0.0) > 0:
                    used.append((soft, line, max(0.0, quantity)))
                    left[soft] -= quantity
                    need -= quantity
        return used

    def _reserve(self, used):
        """Reserve what was held back, where confirmation alone has not done it."""
        wanted = {}
        for _soft, line, quantity in used:
            wanted[line] = wanted.get(line, 0.0) + quantity
        limits = {}
        for line, quantity in wanted.items():
            moves = line.move_ids.filtered(
                lambda move: move.state in ("confirmed", "partially_available", "assigned")
            )
            quantity -= sum(
                move.product_uom._compute_quantity(move.quantity, move.product_id.uom_id)
                for move in moves
            )
            for move in moves.filtered(lambda move: move.state != "assigned"):
                limits[move.id] = max(0.0, quantity)
        self.env["stock.move"].browse(limits)._o2c_reserve_up_to(limits)

    def _record_used(self, used):
        by_soft = {}
        for soft, line, quantity in used:
            by_soft.setdefault(soft, []).append((line, quantity))
        consumed = self.browse()
        for soft, parts in by_soft.items():
            rest = soft.quantity - sum(quantity for _line, quantity in parts)
            orders = ", ".join(sorted({line.order_id.name for line, _quantity in parts}))
            if soft.order_line_id or soft.product_id.uom_id.compare(rest, 0.0) <= 0:
                consumed |= soft
                continue
            soft.quantity = rest
            soft._message_log(
                body=self.env._(
                    "%(quantity)s have become the reservation of %(orders)s.",
                    quantity=soft._quantity_text(sum(quantity for _line, quantity in parts)),
                    orders=orders,
                )
            )
        consumed.write({"stage": "consumed"})


class StockMove(models.Model):
    _inherit = "stock.move"

    def _o2c_reserve_up_to(self, limits):
        """Reserve of these moves what is their turn, and no more than a quantity each.

        :param limits: {move id: quantity in the unit of the product}
        """
        moves = self._o2c_ranked_company_moves()
        if not moves:
            return
        turns, _order = moves._o2c_turns()
        left = {
            move_id: max(0.0, min(limits[move_id], turns.get(move_id, 0.0))) for move_id in moves.ids
        }
        moves.with_context(o2c_allocation_caps=Caps(left))._action_assign()
