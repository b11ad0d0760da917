from odoo import api, fields, models
from odoo.exceptions import AccessError

from . import override
from .engine import Caps

# From so many moves on, it pays to ask which of them matter.
MANY = 50


class StockMove(models.Model):
    """A move carries overrides only; its place in the ranking is resolved when it is needed."""

    _inherit = "stock.move"

    # A copy is another delivery, and ranked as its customer is. What goes on with a decision (a
    # backorder, the next step) takes it over below.
    o2c_allocation_strategy = override.strategy_field(copy=False)
    o2c_allocation_rank = override.rank_field(copy=False)
    o2c_allocation_locked = fields.Boolean(
        string="Keep Reserved",
        copy=False,
        help="Reallocation never touches what is reserved here.",
    )

    @api.constrains("o2c_allocation_rank")
    def _check_o2c_allocation_rank(self):
        override.check_rank(self)

    @api.model_create_multi
    def create(self, vals_list):
        moves = super().create(vals_list)
        override.check_new(moves, vals_list)
        if any(vals.get("o2c_allocation_locked") for vals in vals_list):
            moves._o2c_check_may_lock()
        return moves

    def write(self, vals):
        override.check_changed(self, vals)
        if "o2c_allocation_locked" in vals:
            self._o2c_check_may_lock()
        return super().write(vals)

    def _o2c_check_may_lock(self):
        """:raise AccessError: for whoever neither moves goods nor says who gets them"""
        user = self.env.user
        if self.env.su or user.has_groups(
            "stock.group_stock_user,order_to_cash.group_allocation_manager"
        ):
            return
        raise AccessError(
            self.env._("Only stock users and allocation managers keep goods from reallocation.")
        )

    def _prepare_move_split_vals(self, qty):
        # A decision on a delivery holds for what is left of it.
        return {
            **super()._prepare_move_split_vals(qty),
            **override.carried(self),
            "o2c_allocation_locked": self.o2c_allocation_locked,
        }

    @api.model
    def _prepare_merge_moves_distinct_fields(self):
        return [*super()._prepare_merge_moves_distinct_fields(), *override.OVERRIDES]

    @api.model
    def _prepare_merge_negative_moves_excluded_distinct_fields(self):
        # Less ordered means less delivered, however the delivery is ranked.
        return [
            *super()._prepare_merge_negative_moves_excluded_distinct_fields(),
            *override.OVERRIDES,
        ]

    def _prepare_procurement_values(self):
        values = super()._prepare_procurement_values()
        for name in override.OVERRIDES:
            if self[name]:
                values[name] = self[name]
        return values

    def _update_orderpoints(self):
        if len(self) < MANY:
            return super()._update_orderpoints()
        # Core asks with a condition a move, which takes seconds for thousands of them. Most
        # products have no rule of replenishment and need not be asked about.
        # sudo: core marks the rules whoever moves the goods
        rules = self.env["stock.warehouse.orderpoint"].sudo()
        products = rules.search([("product_id", "in", self.product_id.ids)]).product_id
        moves = self.filtered(lambda move: move.product_id in products)
        return super(StockMove, moves)._update_orderpoints()

    def _update_reserved_quantity(self, need, location_id, *args, **kwargs):
        caps = self.env.context.get("o2c_allocation_caps")
        if not isinstance(caps, Caps) or self.id not in caps.left:
            return super()._update_reserved_quantity(need, location_id, *args, **kwargs)
        need = min(need, caps.left[self.id])
        if self.product_id.uom_id.compare(need, 0.0) <= 0:
            return 0.0
        taken = super()._update_reserved_quantity(need, location_id, *args, **kwargs)
        caps.left[self.id] -= taken
        return taken
