from odoo import api, fields, models

from . import sale_line
from .crediting import Crediting
from .program import PROGRAM


class SaleOrder(models.Model):
    _inherit = "sale.order"

    o2c_commission_ids = fields.One2many(
        "o2c.commission.entry", "order_id", string="Commission Entries", groups="order_to_cash.group_user"
    )
    o2c_commission_split_ids = fields.One2many(
        "o2c.commission.split", "order_id", string="Commission Splits", groups="order_to_cash.group_user"
    )
    # A plain column: whether the shares of the lines are decided, also where nobody has any.
    o2c_commission_assigned = fields.Boolean(
        string="Commission Assigned", readonly=True, copy=False, groups=fields.NO_ACCESS
    )

    @api.model_create_multi
    def create(self, vals_list):
        orders = super().create(vals_list)
        orders.filtered(lambda order: order.state == "sale")._o2c_assign_commission()
        return orders

    def write(self, vals):
        result = super().write(vals)
        if "state" in vals:
            confirmed = self.filtered(lambda order: order.state == "sale")
            confirmed._o2c_assign_commission()
            (self - confirmed)._o2c_refresh_commission()
            self.filtered(lambda order: order.state in ("draft", "sent"))._o2c_forget_assigned()
        return result

    def _o2c_uses_commission(self):
        """Those of these orders whose companies pay commission, since their first day of it."""
        return self.filtered(
            lambda order: order.company_id.o2c_use_commission
            and (
                not order.company_id.o2c_commission_start
                or order._o2c_local_date() >= order.company_id.o2c_commission_start
            )
        )

    def _o2c_local_date(self):
        """The company's local date of this one order."""
        self.ensure_one()
        zone = self.company_id.partner_id.tz or "UTC"
        return fields.Datetime.context_timestamp(self.with_context(tz=zone), self.date_order).date()

    def _o2c_as_ledger(self):
        """These orders as the program sees them."""
        # sudo: who sells need not read what others earn
        return self.sudo().with_context(o2c_commission_writer=PROGRAM)

    def _o2c_assign_commission(self):
        """Decide whose the lines of confirmed orders are, by the agreements in force."""
        orders = self._o2c_uses_commission()._o2c_as_ledger()
        fresh = orders.filtered(lambda order: not order.o2c_commission_assigned)
        if fresh:
            fresh._o2c_set_assigned()
            fresh._o2c_assign_lines(fresh.order_line)
        orders._o2c_refresh_commission()

    def _o2c_set_assigned(self):
        # sudo: a flag of the program
        self.sudo().filtered(lambda order: not order.o2c_commission_assigned).o2c_commission_assigned = True

    def _o2c_forget_assigned(self):
        """A quotation again: whose its lines are is decided anew, but for what somebody gave a reason for."""
        orders = self._o2c_as_ledger().filtered("o2c_commission_assigned")
        if orders:
            orders.order_line.filtered(
                lambda line: not any(line.o2c_commission_split_ids.mapped("reason"))
            ).o2c_commission_split_ids.unlink()
            orders.o2c_commission_assigned = False

    def _o2c_assign_lines(self, order_lines):
        """Give lines that have none the shares of the agreements in force on the day of their order."""
        crediting = Crediting(self.env)
        asked = set(order_lines.filtered(lambda line: not line.o2c_commission_split_ids).ids)
        lines = [line for line in sale_line.order_lines(self.env, self) if line.res_id in asked]
        self.env["o2c.commission.split"].create([
            {
                "order_line_id": line_id,
                "agreement_id": credit.agreement_id,
                "sequence": number,
                "share": credit.share,
                "mode": credit.mode,
                "is_cut": credit.is_cut,
            }
            for (__, line_id), shares in crediting.covering(lines).items()
            for number, credit in enumerate(shares, start=1)
        ])

    def _o2c_refresh_commission(self, anew=False):
        """Bring what orders are expected to earn to how they are now.

        A line whose goods or price have changed starts over; one that is unchanged stays as it was, though
        rules or customers may have changed since.

        :param anew: whether all lines start over, since their shares were changed
        """
        orders = self._o2c_as_ledger().filtered("o2c_commission_assigned")
        if orders:
            orders.env["o2c.commission.entry"]._accrue_orders(orders, anew)


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    o2c_commission_ids = fields.One2many(
        "o2c.commission.entry",
        "order_line_id",
        string="Commission Entries",
        groups="order_to_cash.group_user",
    )
    o2c_commission_split_ids = fields.One2many(
        "o2c.commission.split", "order_line_id", string="Commission Splits", groups="order_to_cash.group_user"
    )

    # What commission is reckoned of.
    _O2C_EARNING = {
        "product_id", "product_uom_qty", "product_uom_id", "price_unit", "discount", "tax_ids",
        "purchase_price", "display_type",
    }  # fmt: skip

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        added = lines.filtered(lambda line: line.state == "sale" and not line.display_type)
        if added:
            orders = added.order_id._o2c_uses_commission()._o2c_as_ledger()
            # The lines of an order that is created as confirmed are assigned with it.
            assigned = orders.filtered("o2c_commission_assigned")
            if assigned:
                # sudo: shares follow from the agreements, whoever adds the line
                assigned._o2c_assign_lines(added.sudo().filtered(lambda line: line.order_id in assigned))
                assigned._o2c_refresh_commission()
        return lines

    def write(self, vals):
        result = super().write(vals)
        if not self._O2C_EARNING.isdisjoint(vals):
            confirmed = self.filtered(lambda line: line.state == "sale")
            confirmed.order_id._o2c_uses_commission()._o2c_refresh_commission()
        return result
