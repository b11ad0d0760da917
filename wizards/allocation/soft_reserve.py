from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command

# What is said once for all goods of a quotation.
TERMS = ("confidence", "expires_at", "note")


class O2cSoftReserve(models.TransientModel):
    """The dialog in which a salesperson holds stock back for a quotation."""

    _name = "o2c.soft.reserve"
    _description = "Hold Stock Back"

    order_id = fields.Many2one("sale.order", string="Quotation", required=True, readonly=True)
    confidence = fields.Float(digits=(5, 1), default=50.0, help="How likely the order is, in percent.")
    expires_at = fields.Datetime(
        string="Until",
        required=True,
        default=lambda self: self.env["o2c.soft.reservation"]._default_expires_at(),
    )
    note = fields.Char(string="Why")
    line_ids = fields.One2many("o2c.soft.reserve.line", "dialog_id")

    @api.model
    def _open(self, order):
        """The dialog for one quotation, with the goods that are on it.

        :raise UserError: when it is no quotation any more, or is for nothing that is kept in stock
        """
        if order.state not in ("draft", "sent"):
            raise UserError(
                self.env._(
                    "%(order)s is no quotation any more: its goods are reserved, or not wanted.",
                    order=order.name,
                )
            )
        lines = order.order_line.filtered(
            lambda line: (
                line.product_id.is_storable
                and line.product_uom_id.compare(line.product_uom_qty, 0.0) > 0
            )
        )
        if not lines:
            raise UserError(
                self.env._("%(order)s is for nothing that is kept in stock.", order=order.name)
            )
        dialog = self.create({
            "order_id": order.id,
            **self._current_terms(lines),
            "line_ids": [
                Command.create({
                    "order_line_id": line.id,
                    "quantity": line.product_uom_id._compute_quantity(
                        line.product_uom_qty, line.product_id.uom_id
                    ),
                })
                for line in lines
            ],
        })
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Hold Stock Back"),
            "res_model": self._name,
            "res_id": dialog.id,
            "view_mode": "form",
            "target": "new",
        }

    @api.model
    def _current_terms(self, lines):
        """The values with which stock is held back for these lines already, if it is."""
        current = self.env["o2c.soft.reservation"].search(
            [("order_line_id", "in", lines.ids), ("state", "=", "active")], limit=1
        )
        return {name: current[name] for name in TERMS} if current else {}

    def action_reserve(self):
        """Hold the quantities back; those of lines that have a soft reservation are changed.

        :raise ValidationError: when more would be held back than the company allows
        """
        self.ensure_one()
        self.order_id.check_access("write")
        Soft = self.env["o2c.soft.reservation"]
        active = Soft.search([
            ("order_line_id", "in", self.line_ids.order_line_id.ids), ("state", "=", "active")
        ]).grouped("order_line_id")
        common = {name: self[name] for name in TERMS}
        new = []
        for line in self.line_ids:
            mine = active.get(line.order_line_id, Soft)
            if line.product_id.uom_id.compare(line.quantity, 0.0) <= 0:
                mine.action_cancel()
            elif mine:
                mine[0].write({**common, "quantity": line.quantity})
            else:
                new.append({
                    **common, "order_line_id": line.order_line_id.id, "quantity": line.quantity
                })
        Soft.create(new).action_activate()
        return {"type": "ir.actions.client", "tag": "soft_reload"}


class O2cSoftReserveLine(models.TransientModel):
    _name = "o2c.soft.reserve.line"
    _description = "Goods to Hold Back"

    dialog_id = fields.Many2one("o2c.soft.reserve", required=True, ondelete="cascade")
    order_line_id = fields.Many2one("sale.order.line", required=True, ondelete="cascade")
    # Not by sudo: a line that its user may not read says nothing here either.
    product_id = fields.Many2one(related="order_line_id.product_id", related_sudo=False)
    product_uom_id = fields.Many2one(
        related="product_id.uom_id", string="Unit", related_sudo=False
    )
    quantity = fields.Float(
        string="To Hold Back", digits="Product Unit", help="0: hold back nothing of it."
    )
    free_quantity = fields.Float(
        string="Free Stock", digits="Product Unit", compute="_compute_quantities"
    )
    held_quantity = fields.Float(
        string="Already Held Back",
        digits="Product Unit",
        compute="_compute_quantities",
        help="For all customers, this one included.",
    )

    @api.depends("order_line_id")
    def _compute_quantities(self):
        self.order_line_id.check_access("read")
        Soft = self.env["o2c.soft.reservation"]
        for order, lines in self.grouped(lambda line: line.order_line_id.order_id).items():
            # sudo: how much there is, not for whom
            warehouse = order.sudo().warehouse_id
            free = Soft.sudo()._free_stock(lines.product_id, warehouse)
            held, _by_customer = Soft._held_back(lines.product_id, warehouse)
            for line in lines:
                key = warehouse.id, line.product_id.id
                line.free_quantity = free.get(key, 0.0)
                line.held_quantity = held.get(key, 0.0)

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines._check_of_quotation()
        return lines

    def write(self, vals):
        result = super().write(vals)
        if not {"dialog_id", "order_line_id"}.isdisjoint(vals):
            self._check_of_quotation()
        return result

    def _check_of_quotation(self):
        """Refuse lines that whoever has the dialog may not read, and those of another quotation.

        :raise AccessError:
        """
        self.order_line_id.check_access("read")
        if any(line.order_line_id.order_id != line.dialog_id.order_id for line in self):
            raise AccessError(
                self.env._("Hold stock back for the lines of one quotation at a time.")
            )
