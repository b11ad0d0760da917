from odoo import api, fields, models
from odoo.exceptions import UserError


class StockMove(models.Model):
    """Goods of a held order are neither reserved nor moved; whether they are held follows from
    the order, whatever step of the delivery they are at."""

    _inherit = "stock.move"

    def _action_assign(self, force_qty=False):
        return super(StockMove, self - self._o2c_held())._action_assign(force_qty=force_qty)

    def _action_done(self, cancel_backorder=False):
        todo = self.filtered(lambda move: move.state not in ("done", "cancel"))
        # What stays behind, because nobody picked it, is not moved.
        todo.filtered(lambda move: move.picked and move.quantity)._o2c_check_held()
        return super()._action_done(cancel_backorder=cancel_backorder)

    def write(self, vals):
        if {"sale_line_id", "origin_returned_move_id"}.intersection(vals):
            held = self._o2c_held().filtered(lambda move: move.state not in ("done", "cancel"))
            changed = held.filtered(
                lambda move: any(
                    vals.get(name, move[name].id) != move[name].id
                    for name in ("sale_line_id", "origin_returned_move_id")
                )
            )
            changed._o2c_check_held()
        return super().write(vals)

    def _o2c_held_order(self):
        """The order whose hold stops this one move: an empty one when nothing does."""
        self.ensure_one()
        # Warehouse users read no orders; the sentence is all they get to see.
        move = self.sudo()
        order = move.sale_line_id.order_id or move.picking_id.sale_id
        if order.o2c_hold_state != "held" or order.state != "sale":
            return order.browse()
        if not order.company_id.o2c_use_credit or move._o2c_is_no_delivery():
            return order.browse()
        return order

    def _o2c_is_no_delivery(self):
        """Whether this move of an order's chain brings goods back, or scraps them."""
        self.ensure_one()
        if self.location_dest_id.usage == "customer":
            return False
        if self.location_dest_id.usage == "inventory":
            return True
        chain = self | self.browse(self._rollup_move_origs())
        return any(
            move.origin_returned_move_id or move.location_id.usage == "customer" for move in chain
        )

    def _o2c_held(self):
        """Those of the moves that the hold of an order stops."""
        return self.filtered(lambda move: move._o2c_held_order())

    def _o2c_held_orders(self):
        """The orders, in sudo, whose hold stops some of these moves."""
        # The warehouse may not read orders, but must learn that they are held.
        return self.env["sale.order"].sudo().union(*(move._o2c_held_order() for move in self))

    def _o2c_check_held(self):
        """:raise UserError: when an order's hold stops some of these moves, with the reason"""
        orders = self._o2c_held_orders()
        if orders:
            raise UserError(
                "\n".join(
                    self.env._(
                        "The delivery of %(order)s is on hold. %(reason)s",
                        order=order.name,
                        reason=order._o2c_hold_sentence(),
                    )
                    for order in orders
                )
            )


class StockMoveLine(models.Model):
    """What is booked on a transfer that is done moves goods at once."""

    _inherit = "stock.move.line"

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines.filtered(lambda line: line.state == "done" and line.quantity).move_id._o2c_check_held()
        return lines

    def write(self, vals):
        if {"quantity", "move_id", "product_id", "location_dest_id"}.isdisjoint(vals):
            return super().write(vals)
        before = {line.id: line.quantity_product_uom for line in self if line.state == "done"}
        result = super().write(vals)
        more = self.filtered(
            lambda line: (
                line.id in before
                and line.product_id.uom_id.compare(line.quantity_product_uom, before[line.id]) > 0
            )
        )
        more.move_id._o2c_check_held()
        return result


class StockPicking(models.Model):
    _inherit = "stock.picking"

    o2c_is_held = fields.Boolean(
        string="On Hold",
        compute="_compute_o2c_is_held",
        search="_search_o2c_is_held",
        groups="base.group_user",
        help="An order delivered by this transfer is on hold.",
    )
    o2c_hold_message = fields.Text(compute="_compute_o2c_is_held", groups="base.group_user")

    @api.depends("sale_id.o2c_hold_state", "move_ids.sale_line_id", "state")
    @api.depends_context("uid", "lang")
    def _compute_o2c_is_held(self):
        for picking in self:
            orders = picking._o2c_held_moves()._o2c_held_orders()
            picking.o2c_is_held = bool(orders)
            picking.o2c_hold_message = "\n".join(
                order._o2c_hold_sentence() for order in orders
            )

    @api.model
    def _search_o2c_is_held(self, operator, value):
        if operator != "in":
            return NotImplemented
        # Warehouse users read no orders; which transfers are held is theirs to know.
        moves = (
            self.env["stock.move"]
            .sudo()
            .search([
                ("state", "not in", ("done", "cancel")),
                ("sale_line_id.order_id.o2c_hold_state", "=", "held"),
            ])
        )
        pickings = moves._o2c_held().picking_id
        if set(value) == {True, False}:
            return []
        return [("id", "in" if True in value else "not in", pickings.ids)]

    def _o2c_held_moves(self):
        return self.move_ids.filtered(
            lambda move: move.state not in ("done", "cancel")
        )._o2c_held()

    def button_validate(self):
        for picking in self:
            todo = picking.move_ids.filtered(lambda move: move.state not in ("done", "cancel"))
            held = todo._o2c_held()
            # Of a transfer for several orders, the part of those that are free may go.
            if held and held == todo:
                held._o2c_check_held()
        return super().button_validate()
