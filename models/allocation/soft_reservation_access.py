"""Who may hold back what."""

from odoo import models
from odoo.exceptions import AccessError, UserError


class O2cSoftReservation(models.Model):
    _inherit = "o2c.soft.reservation"

    def _check_own_quotation(self):
        """Salespeople hold stock back for quotations that they see; managers for anybody.

        :raise AccessError:
        """
        if self.env.su or self.env.user.has_group("order_to_cash.group_allocation_manager"):
            return
        # sudo: that there is a line is asked first, and then whether this user may read it
        if not all(soft.order_line_id for soft in self.sudo()):
            raise AccessError(
                self.env._(
                    "Hold stock back from a line of a quotation. Without one, only an allocation "
                    "manager may do it."
                )
            )
        self.order_line_id.check_access("read")
        # sudo: salespeople read no warehouses
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

    def _check_not_consumed(self, vals):
        """:raise UserError: when one that is consumed, or what led to it, would change

        :raise AccessError: when somebody says by himself that one is consumed
        """
        if vals.get("state", vals.get("stage")) == "consumed":
            self._check_may_consume()
            return
        for soft in self:
            if soft.stage == "consumed":
                raise UserError(
                    self.env._(
                        "%(soft)s has become the reservation of its order and does not change any "
                        "more. Make a new one.",
                        soft=soft.display_name,
                    )
                )

    def _check_may_consume(self):
        if not self.env.su:
            raise AccessError(
                self.env._(
                    "A soft reservation is consumed when its order is confirmed, and by nobody else."
                )
            )
