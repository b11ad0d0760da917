from odoo import api, fields, models

from .opening_document import OPENING


class SaleOrder(models.Model):
    _name = "sale.order"
    _inherit = ["sale.order", "o2c.opening.document"]

    o2c_opening_fingerprint = fields.Char(
        groups="base.group_user",
        readonly=True,
        copy=False,
        help="What the file said of this order, to tell a second import of the same from another.",
    )

    _o2c_opening_key_unique = models.UniqueIndex(
        "(company_id, o2c_opening_key) WHERE o2c_opening_key IS NOT NULL AND state != 'cancel'",
        "An order of this number was already imported from the old system.",
    )

    @api.depends("order_line.o2c_opening_qty_delivered")
    def _compute_delivery_status(self):
        result = super()._compute_delivery_status()
        for order in self.filtered("o2c_opening_import_id"):
            if order.delivery_status == "pending" and any(order.order_line.mapped("qty_delivered")):
                order.delivery_status = "partial"
            elif not order.delivery_status and order._o2c_is_delivered_before_opening():
                order.delivery_status = "full"
        return result

    def _opening_fields(self):
        return super()._opening_fields() | {"o2c_opening_fingerprint"}

    def _prepare_confirmation_values(self):
        values = super()._prepare_confirmation_values()
        if self._o2c_is_opening():
            # They were ordered when the file says so, not at the moment of the import.
            del values["date_order"]
        return values

    def _o2c_exempt_from_holds(self):
        """Orders of an opening import were accepted in the old system.

        Only while the import itself confirms them: an order that is changed, or confirmed again,
        later on is checked like any other.
        """
        exempt = super()._o2c_exempt_from_holds()
        return self if self._o2c_is_opening() else exempt

    def _o2c_is_opening(self):
        """Whether the opening import is confirming these orders."""
        return self.env.context.get("o2c_opening") is OPENING and all(
            order.o2c_opening_import_id for order in self
        )

    def _o2c_is_delivered_before_opening(self):
        lines = self.order_line.filtered("o2c_opening_qty_delivered")
        return bool(lines) and all(
            line.product_uom_id.compare(line.qty_delivered, line.product_uom_qty) >= 0
            for line in self.order_line
            if not line.display_type
        )
