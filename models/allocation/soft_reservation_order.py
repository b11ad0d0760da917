from odoo import api, fields, models
from odoo.fields import Domain

# What a soft reservation takes over from its quotation when it changes.
FOLLOWED = {"company_id", "partner_id", "user_id", "warehouse_id"}
FOLLOWED_ON_LINES = {
    "o2c_source_warehouse_id",
    "product_id",
    "product_uom_id",
    "product_uom_qty",
    "route_ids",
}


class SaleOrder(models.Model):
    """A quotation for which stock is held back, until it is won or lost."""

    _inherit = "sale.order"

    o2c_soft_reservation_ids = fields.One2many(
        "o2c.soft.reservation", "order_id", string="Soft Reservations", groups="base.group_user"
    )
    o2c_soft_reservation_count = fields.Integer(
        compute="_compute_o2c_soft_reservation_count", groups="base.group_user"
    )

    @api.depends("o2c_soft_reservation_ids")
    def _compute_o2c_soft_reservation_count(self):
        counts = dict(
            self.env["o2c.soft.reservation"]._read_group(
                Domain("order_id", "in", self.ids) & Domain("stage", "!=", "cancelled"),
                ["order_id"],
                ["__count"],
            )
        )
        for order in self:
            order.o2c_soft_reservation_count = counts.get(order._origin, 0)

    def action_o2c_soft_reserve(self):
        """Open the dialog that holds stock back for this quotation."""
        self.ensure_one()
        self.check_access("write")
        return self.env["o2c.soft.reserve"]._open(self)

    def action_o2c_open_soft_reservations(self):
        """Open what is held back for these orders."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Soft Reservations"),
            "res_model": "o2c.soft.reservation",
            "views": [(False, "list"), (False, "form")],
            "domain": [("order_id", "in", self.ids)],
            "context": {"create": False},
        }

    def write(self, vals):
        if FOLLOWED.isdisjoint(vals):
            return super().write(vals)
        softs = self.order_line._o2c_soft_reservations()
        before = softs._asked_for()
        result = super().write(vals)
        softs._follow(before)
        return result

    def _action_cancel(self):
        result = super()._action_cancel()
        self.order_line._o2c_soft_reservations()._end(self.env._("The order is cancelled."))
        return result

    def unlink(self):
        softs = self.order_line._o2c_soft_reservations()
        softs._end(self.env._("The order is deleted."))
        # Not left to the database: of a row made in the same transaction it checks the line, which is gone by
        # then, when it takes off the order.
        softs.order_line_id = False
        return super().unlink()

    def _o2c_after_release(self):
        result = super()._o2c_after_release()
        self.env["o2c.soft.reservation"].consume(self.order_line)
        return result


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _action_launch_stock_rule(self, *, previous_product_uom_qty=False):
        result = super()._action_launch_stock_rule(
            previous_product_uom_qty=previous_product_uom_qty
        )
        if not self.env.context.get("skip_procurement"):
            self.env["o2c.soft.reservation"].consume(self)
        return result

    def write(self, vals):
        if FOLLOWED_ON_LINES.isdisjoint(vals):
            return super().write(vals)
        softs = self._o2c_soft_reservations()
        before = softs._asked_for()
        result = super().write(vals)
        softs._follow(before)
        return result

    def unlink(self):
        softs = self._o2c_soft_reservations()
        softs._end(self.env._("The line is deleted."), softs.order_id)
        return super().unlink()

    def _o2c_soft_reservations(self):
        """What is held back for these lines, whoever held it back."""
        if not self.ids:
            return self.env["o2c.soft.reservation"]
        # sudo: what is held back goes and ends with the line, whoever held it back
        return self.env["o2c.soft.reservation"].sudo().search([
            ("order_line_id", "in", self.ids), ("state", "in", ("draft", "active"))
        ])
