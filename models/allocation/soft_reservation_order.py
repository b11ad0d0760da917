from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain


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

    def _action_cancel(self):
        result = super()._action_cancel()
        self.order_line._o2c_cancel_soft_reservations()
        return result

    def unlink(self):
        self.order_line._o2c_cancel_soft_reservations()
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
        result = super().write(vals)
        if "product_id" in vals:
            self._o2c_cancel_soft_reservations(
                lambda soft: soft.product_id != soft.order_line_id.product_id
            )
        return result

    def unlink(self):
        self._o2c_cancel_soft_reservations()
        return super().unlink()

    def _o2c_cancel_soft_reservations(self, condition=None):
        # sudo: what was held back ends with the line, whoever held it back
        softs = self.env["o2c.soft.reservation"].sudo().search([
            ("order_line_id", "in", self.ids), ("stage", "in", ("draft", "active"))
        ])
        (softs.filtered(condition) if condition else softs).write({"stage": "cancelled"})


class ResCompany(models.Model):
    _inherit = "res.company"

    o2c_soft_cap_customer = fields.Float(
        string="Soft Reservations of One Customer",
        digits=(5, 1),
        help="The most of the free stock of a product that may be held back for one customer, in "
        "percent. 0: no limit.",
    )
    o2c_soft_cap_product = fields.Float(
        string="Soft Reservations of All Customers",
        digits=(5, 1),
        help="The most of the free stock of a product that may be held back in all, in percent. "
        "0: no limit.",
    )
    o2c_soft_days = fields.Integer(
        string="Soft Reservations Last",
        default=7,
        help="Days after which a soft reservation expires, unless another time is entered.",
    )

    @api.constrains("o2c_soft_cap_customer", "o2c_soft_cap_product", "o2c_soft_days")
    def _check_o2c_soft(self):
        for company in self:
            caps = company.o2c_soft_cap_customer, company.o2c_soft_cap_product
            if not all(0 <= cap <= 100 for cap in caps) or company.o2c_soft_days < 0:
                raise ValidationError(
                    self.env._(
                        "The limits of soft reservations of %(company)s are percentages from 0 to "
                        "100, and the days cannot be below zero.",
                        company=company.display_name,
                    )
                )

    def _get_company_root_delegated_field_names(self):
        return [
            *super()._get_company_root_delegated_field_names(),
            "o2c_soft_cap_customer",
            "o2c_soft_cap_product",
            "o2c_soft_days",
        ]


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    o2c_soft_cap_customer = fields.Float(
        related="company_id.o2c_soft_cap_customer", readonly=False
    )
    o2c_soft_cap_product = fields.Float(related="company_id.o2c_soft_cap_product", readonly=False)
    o2c_soft_days = fields.Integer(related="company_id.o2c_soft_days", readonly=False)
