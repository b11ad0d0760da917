"""What can be promised, on the quotation and its lines."""

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import format_date

SHOWN = (
    "o2c_promise_qty",
    "o2c_promise_date",
    "o2c_promise_state",
    "o2c_promise_warning",
    "o2c_promise_details",
)


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    o2c_promise_qty = fields.Float(
        string="Can Be Promised",
        digits="Product Unit",
        compute="_compute_o2c_promise",
        groups="base.group_user",
        help="How much of the product this customer can be promised by the delivery date.",
    )
    o2c_promise_date = fields.Date(
        string="Promise",
        compute="_compute_o2c_promise",
        groups="base.group_user",
        help="The first day on which all of the line can be promised.",
    )
    o2c_promise_state = fields.Selection(
        [("on_time", "On Time"), ("late", "Late"), ("never", "Not Covered")],
        compute="_compute_o2c_promise",
        groups="base.group_user",
    )
    o2c_promise_warning = fields.Char(compute="_compute_o2c_promise", groups="base.group_user")
    o2c_promise_details = fields.Json(compute="_compute_o2c_promise", groups="base.group_user")

    @api.depends(
        "company_id",
        "customer_lead",
        "o2c_allocation_rank",
        "o2c_source_location_id",
        "o2c_source_lot_id",
        "o2c_source_mode",
        "order_id.commitment_date",
        "order_id.order_line.product_id",
        "order_id.order_line.product_uom_qty",
        "order_id.partner_id",
        "product_id",
        "product_uom_id",
        "product_uom_qty",
        "state",
        "warehouse_id",
    )
    def _compute_o2c_promise(self):
        self.update(dict.fromkeys(SHOWN, False))
        for line, promise in self.env["o2c.promise"]._promises(self).items():
            line.update(line._o2c_promise_values(promise))

    def _o2c_promise_values(self, promise):
        """The fields of one line.

        :param promise: what :meth:`o2c.promise._promises` says of it
        """
        unit = self.product_id.uom_id
        step = promise.timeline.at(promise.wanted)

        def here(quantity, rounding_method="HALF-UP"):
            return unit._compute_quantity(
                quantity, self.product_uom_id, rounding_method=rounding_method
            )

        is_agreed = bool(self.order_id.commitment_date)
        state = "never"
        if promise.earliest:
            state = "on_time" if promise.earliest <= promise.wanted else "late"
        values = {
            "o2c_promise_qty": here(step.promised, "DOWN"),
            "o2c_promise_date": promise.earliest,
            "o2c_promise_state": state,
            "o2c_promise_details": {
                "unit": self.product_uom_id.display_name,
                "need": self.product_uom_qty,
                "wanted": fields.Date.to_string(promise.wanted),
                "is_agreed": is_agreed,
                "free": here(promise.timeline.steps[0].supply),
                "expected": here(step.supply - promise.timeline.steps[0].supply),
                "ahead": here(step.ahead),
                "kept": here(step.kept),
                "promised": here(step.promised, "DOWN"),
                "later": [
                    {
                        "date": fields.Date.to_string(later.date),
                        "promised": here(later.promised, "DOWN"),
                    }
                    for later in _growing(promise.timeline.steps, step)
                ],
                "has_receipts": bool(promise.receipts),
                "has_before": bool(promise.before) and self._o2c_may_see_demand(),
            },
        }
        if is_agreed and state != "on_time":
            values["o2c_promise_warning"] = self._o2c_promise_text(promise, values)
        return values

    def _o2c_promise_text(self, promise, values):
        """What is wrong with the agreed date of one line, in a sentence."""
        digits = self.env["decimal.precision"].precision_get("Product Unit")

        def text(quantity):
            quantity = f"{quantity:.{digits}f}"
            return quantity.rstrip("0").rstrip(".") if "." in quantity else quantity

        figures = {
            "product": self.product_id.display_name,
            "promised": text(min(values["o2c_promise_qty"], self.product_uom_qty)),
            "quantity": text(self.product_uom_qty),
            "unit": self.product_uom_id.display_name,
            "wanted": format_date(self.env, promise.wanted),
        }
        if promise.earliest:
            return self.env._(
                "%(product)s: %(promised)s of %(quantity)s %(unit)s can be promised for %(wanted)s, "
                "all of them from %(date)s.",
                date=format_date(self.env, promise.earliest),
                **figures,
            )
        return self.env._(
            "%(product)s: %(promised)s of %(quantity)s %(unit)s can be promised for %(wanted)s. For "
            "the rest, no receipt is planned that is not needed by others.",
            **figures,
        )

    def action_o2c_open_receipts(self):
        """The expected receipts behind the promise of this one line."""
        return self._o2c_open_moves(
            self.env._("Expected Receipts"),
            "receipts",
            "order_to_cash.stock_move_view_list_promise_receipts",
        )

    def action_o2c_open_before(self):
        """The deliveries that are served before this one line or hold some of the goods.

        :raise AccessError: for who may only know the sums
        """
        if not self._o2c_may_see_demand():
            raise AccessError(
                self.env._("The deliveries to others are shown to those who handle stock.")
            )
        return self._o2c_open_moves(
            self.env._("Served Before"),
            "before",
            "order_to_cash.stock_move_view_list_promise_demand",
        )

    def _o2c_open_moves(self, name, kind, view):
        self.ensure_one()
        self.check_access("read")
        promise = self.env["o2c.promise"]._promises(self).get(self)
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": "stock.move",
            "views": [(self.env.ref(view).id, "list")],
            "domain": [("id", "in", getattr(promise, kind, ()))],
            "target": "new",
        }

    def _o2c_may_see_demand(self):
        return self.env.user.has_group("stock.group_stock_user") or self.env.user.has_group(
            "order_to_cash.group_allocation_manager"
        )


class SaleOrder(models.Model):
    _inherit = "sale.order"

    o2c_promise_warning = fields.Text(
        compute="_compute_o2c_promise_warning", groups="base.group_user"
    )

    @api.depends("order_line.o2c_promise_warning")
    def _compute_o2c_promise_warning(self):
        for order in self:
            warnings = order.order_line.mapped("o2c_promise_warning")
            order.o2c_promise_warning = "\n".join(filter(None, warnings)) or False


def _growing(steps, after):
    """The later steps on which more can be promised than on the one before."""
    promised = after.promised
    for step in steps:
        if step.date > after.date and step.promised > promised:
            yield step
            promised = step.promised
