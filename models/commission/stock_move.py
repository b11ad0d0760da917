from odoo import api, fields, models

from .program import PROGRAM


class StockMove(models.Model):
    _inherit = "stock.move"

    # A plain column. What is sold as a kit leaves as other goods: only when it moves is it known how many
    # whole ones that makes.
    o2c_commission_kits = fields.Float(
        string="Kits",
        readonly=True,
        copy=False,
        groups=fields.NO_ACCESS,
        help="How many more kits were delivered when their components moved, in the unit of the order line; "
        "below zero when they came back.",
    )

    def _action_done(self, cancel_backorder=False):
        done = super()._action_done(cancel_backorder)
        done._o2c_accrue_commission()
        return done

    def _o2c_accrue_commission(self):
        """Write down what those of these moves earn that are done."""
        # sudo: who delivers need not read what others earn
        sold = self.sudo().filtered(
            lambda move: move.state == "done"
            and move.sale_line_id
            and move.sale_line_id.company_id.o2c_use_commission
        )
        if sold:
            ledger = sold.env["o2c.commission.entry"].with_context(o2c_commission_writer=PROGRAM)
            ledger._accrue_deliveries(sold)

    def _o2c_count_kits(self):
        """Note by how much the delivered quantity of kits has grown with these moves, on the last of them."""
        components = self.filtered(lambda move: move._o2c_is_component())
        for line, moves in components.grouped("sale_line_id").items():
            if line.product_id in line.move_ids.filtered(lambda move: move.state != "cancel").product_id:
                continue
            growth = line.qty_delivered - sum(line.move_ids.mapped("o2c_commission_kits"))
            if line.product_uom_id.is_zero(growth):
                continue
            if {move.location_id.usage == "customer" for move in moves} == {growth > 0}:
                line.move_ids._o2c_count_fewer_kits(growth)
                continue
            fresh = moves.filtered(lambda move: not move.o2c_commission_kits) or moves
            last = fresh.sorted(lambda move: (move.date, move.id))[-1]
            last.o2c_commission_kits = line.product_uom_id.round(last.o2c_commission_kits + growth)

    def _o2c_count_fewer_kits(self, growth):
        """Somebody has lowered the quantity of goods that had moved: the latest make fewer kits."""
        for move in self.sorted(lambda move: (move.date, move.id), reverse=True):
            if move.o2c_commission_kits * growth < 0:
                kits = move.o2c_commission_kits
                part = growth if abs(growth) < abs(kits) else -kits
                move.o2c_commission_kits = kits + part
                growth -= part

    def _o2c_is_component(self):
        """Whether this one move brought other goods than were sold to the customer, or back."""
        self.ensure_one()
        line = self.sale_line_id
        is_from_customer = self.location_id.usage == "customer"
        return (
            self.state == "done"
            and bool(line)
            and line.product_id != self.product_id
            and is_from_customer != (self.location_dest_id.usage == "customer")
        )


class StockMoveLine(models.Model):
    _inherit = "stock.move.line"

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines.move_id._o2c_accrue_commission()
        return lines

    def write(self, vals):
        result = super().write(vals)
        # Odoo lets people change what was delivered.
        if not {"quantity", "product_uom_id"}.isdisjoint(vals):
            self.move_id._o2c_accrue_commission()
        return result
