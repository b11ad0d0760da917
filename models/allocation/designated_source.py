"""Goods of a certain place or lot: named on the order line, carried along its deliveries.

A step that does not pass the place (packing, shipping) goes by the goods that reach it.
"""

from dataclasses import dataclass

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

SOURCE = ("o2c_source_location_id", "o2c_source_lot_id", "o2c_source_mode")


@dataclass(frozen=True, slots=True)
class Source:
    """Narrows native reservation to a place, a lot or both; 0 stands for any.

    It is handed on in the context. Nobody outside the process can make one.
    """

    location_id: int
    lot_id: int

    @property
    def domain(self):
        domain = Domain.TRUE
        if self.location_id:
            domain &= Domain("location_id", "child_of", self.location_id)
        if self.lot_id:
            domain &= Domain("lot_id", "=", self.lot_id)
        return domain


def location_field(**kwargs):
    return fields.Many2one(
        "stock.location",
        string="Take From",
        ondelete="restrict",
        index="btree_not_null",
        help="The goods are reserved in this location or below it.",
        **kwargs,
    )


def lot_field(**kwargs):
    return fields.Many2one(
        "stock.lot",
        string="Take Lot",
        ondelete="restrict",
        index="btree_not_null",
        help="The goods are reserved from this lot or serial number.",
        **kwargs,
    )


def mode_field(**kwargs):
    # No default: one would be written to every line and move there is.
    return fields.Selection(
        [("only", "Only from there"), ("first", "First from there, then from elsewhere")],
        string="Take How",
        help="Whether goods from elsewhere may be taken when there are not enough. Empty: only "
        "from there.",
        **kwargs,
    )


class StockMove(models.Model):
    _inherit = "stock.move"

    o2c_source_location_id = location_field()
    o2c_source_lot_id = lot_field()
    o2c_source_mode = mode_field()

    @api.constrains("o2c_source_location_id", "o2c_source_lot_id")
    def _check_o2c_source(self):
        for move in self:
            location, lot = move.o2c_source_location_id, move.o2c_source_lot_id
            for record in (location, lot):
                if record.company_id and record.company_id != move.company_id:
                    raise ValidationError(
                        self.env._(
                            "%(name)s belongs to another company.", name=record.display_name
                        )
                    )
            if location and location.usage != "internal":
                raise ValidationError(_not_internal(self.env, location))

    def write(self, vals):
        given = [name for name in SOURCE if name in vals]
        if not given:
            return super().write(vals)
        moves = self.filtered(
            lambda move: (
                move.state not in ("draft", "done", "cancel")
                and any((move[name] or False) != (self._o2c_value(name, vals)) for name in given)
            )
        )
        moves._o2c_check_not_begun()
        result = super().write(vals)
        moves._o2c_reserve_anew()
        return result

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        for vals in vals_list:
            if vals.get("origin_returned_move_id"):
                # What comes back is not taken from our shelves.
                vals.update(dict.fromkeys(SOURCE, False))
        return vals_list

    @api.model
    def _prepare_merge_moves_distinct_fields(self):
        return [*super()._prepare_merge_moves_distinct_fields(), *SOURCE]

    @api.model
    def _prepare_merge_negative_moves_excluded_distinct_fields(self):
        return [*super()._prepare_merge_negative_moves_excluded_distinct_fields(), *SOURCE]

    def _prepare_procurement_values(self):
        return {**super()._prepare_procurement_values(), **_values(self)}

    def _update_reserved_quantity(self, need, location_id, *args, strict=True, **kwargs):
        source = not strict and self._o2c_source(location_id)
        if not source:
            return super()._update_reserved_quantity(
                need, location_id, *args, strict=strict, **kwargs
            )
        narrowed = self.with_context(o2c_source=source)
        taken = super(StockMove, narrowed)._update_reserved_quantity(
            need, location_id, *args, strict=strict, **kwargs
        )
        left = need - taken
        if self.o2c_source_mode == "first" and self.product_id.uom_id.compare(left, 0.0) > 0:
            taken += super()._update_reserved_quantity(
                left, location_id, *args, strict=strict, **kwargs
            )
        return taken

    def _o2c_source(self, location):
        """The :class:`Source` that binds a reservation of this one move in ``location``."""
        place, lot = self.o2c_source_location_id, self.o2c_source_lot_id
        # sudo: what a company uses is no secret to those who move its goods
        if not (place or lot) or not self.company_id.sudo().o2c_use_allocation:
            return None
        source = Source(
            place.id if place and passes(place.parent_path, location.parent_path) else 0,
            lot.id if lot.product_id == self.product_id else 0,
        )
        return source if source.location_id or source.lot_id else None

    def _o2c_value(self, name, vals):
        """``vals[name]`` as the records have it."""
        field = self._fields[name]
        if field.type == "many2one":
            value = vals[name]
            return self.env[field.comodel_name].browse(value) if value else False
        return vals[name] or False

    def _o2c_check_not_begun(self):
        """:raise UserError: when somebody is already picking these goods"""
        begun = self.filtered(
            lambda move: move.picked or move.picking_id.printed or any(move.move_line_ids.mapped("picked"))
        )
        if begun:
            raise UserError(
                self.env._(
                    "%(transfers)s: the goods are being picked (the transfer is printed, or "
                    "quantities are picked). Have that undone before you change where they come "
                    "from.",
                    transfers=", ".join(
                        begun.mapped(lambda move: move.picking_id.name or move.reference)
                    ),
                )
            )

    def _o2c_reserve_anew(self):
        """Give back what is not from the designated source; reserve from there instead."""
        moves = self.filtered(lambda move: not move.move_orig_ids)
        had_some = moves.filtered("quantity")
        outside = moves.move_line_ids.filtered(lambda line: not line._o2c_is_from_source())
        outside.unlink()
        moves.filtered(
            lambda move: (
                move.state in ("confirmed", "partially_available")
                and (move in had_some or move._should_assign_at_confirm())
            )
        )._action_assign()


class StockMoveLine(models.Model):
    _inherit = "stock.move.line"

    def _o2c_is_from_source(self):
        """Whether this one reservation is of the designated source of its move."""
        source = self.move_id._o2c_source(self.move_id.location_id)
        if not source:
            return True
        place = self.move_id.o2c_source_location_id
        if source.location_id and not self.location_id.parent_path.startswith(place.parent_path):
            return False
        return not source.lot_id or self.lot_id.id == source.lot_id


class StockQuant(models.Model):
    _inherit = "stock.quant"

    def _get_gather_domain(
        self, product_id, location_id, lot_id=None, package_id=None, owner_id=None, strict=False
    ):
        domain = super()._get_gather_domain(
            product_id,
            location_id,
            lot_id=lot_id,
            package_id=package_id,
            owner_id=owner_id,
            strict=strict,
        )
        source = self.env.context.get("o2c_source")
        if not strict and isinstance(source, Source):
            domain &= source.domain
        return domain


class StockRule(models.Model):
    _inherit = "stock.rule"

    def _get_custom_move_fields(self):
        return [*super()._get_custom_move_fields(), *SOURCE]


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    o2c_source_warehouse_id = fields.Many2one(
        "stock.warehouse",
        string="Deliver From",
        check_company=True,
        copy=False,
        index="btree_not_null",
        groups="base.group_user",
        help="The warehouse that delivers this line. Empty: the one of the order.",
    )
    o2c_source_location_id = location_field(
        check_company=True, copy=False, groups="base.group_user"
    )
    o2c_source_lot_id = lot_field(check_company=True, copy=False, groups="base.group_user")
    o2c_source_mode = mode_field(copy=False, groups="base.group_user")

    @api.depends("o2c_source_warehouse_id")
    def _compute_warehouse_id(self):
        super()._compute_warehouse_id()
        # sudo: customers who change their quotation in the portal see no warehouses
        for line in self.sudo():
            if line.o2c_source_warehouse_id:
                line.warehouse_id = line.o2c_source_warehouse_id

    @api.constrains(
        "o2c_source_location_id", "o2c_source_lot_id", "o2c_source_warehouse_id", "product_id"
    )
    def _check_o2c_source(self):
        # sudo: see above
        for line in self.sudo():
            location, lot = line.o2c_source_location_id, line.o2c_source_lot_id
            if location and location.usage != "internal":
                raise ValidationError(_not_internal(self.env, location))
            stock = line.warehouse_id.lot_stock_id
            if location and not location.parent_path.startswith(stock.parent_path or "-"):
                raise ValidationError(
                    self.env._(
                        "%(location)s is not within the stock of %(warehouse)s, which delivers "
                        "%(product)s. Choose a location of that warehouse or another warehouse.",
                        location=location.display_name,
                        warehouse=line.warehouse_id.display_name,
                        product=line.product_id.display_name,
                    )
                )
            if lot and lot.product_id != line.product_id:
                raise ValidationError(
                    self.env._(
                        "%(lot)s is a lot of %(other)s, not of %(product)s.",
                        lot=lot.name,
                        other=lot.product_id.display_name,
                        product=line.product_id.display_name,
                    )
                )

    @api.onchange("product_id")
    def _onchange_o2c_product(self):
        if self.o2c_source_lot_id.product_id != self.product_id:
            self.o2c_source_lot_id = False

    @api.onchange("warehouse_id")
    def _onchange_o2c_warehouse(self):
        stock = self.warehouse_id.lot_stock_id
        location = self.o2c_source_location_id
        if location and not location.parent_path.startswith(stock.parent_path or "-"):
            self.o2c_source_location_id = False

    @api.onchange("o2c_source_location_id", "o2c_source_lot_id")
    def _onchange_o2c_source(self):
        if not self.o2c_source_location_id and not self.o2c_source_lot_id:
            self.o2c_source_mode = False
        else:
            self.o2c_source_mode = self.o2c_source_mode or "only"

    def write(self, vals):
        if "o2c_source_warehouse_id" in vals:
            self._o2c_check_warehouse_is_open(vals["o2c_source_warehouse_id"])
        result = super().write(vals)
        given = {name: vals[name] for name in SOURCE if name in vals}
        if given:
            # sudo: whoever may change the line may say where its goods come from
            self.filtered(lambda line: line.state == "sale").sudo().move_ids.filtered(
                lambda move: (
                    move.state not in ("done", "cancel") and not move.origin_returned_move_id
                )
            ).write(given)
        return result

    def _get_protected_fields(self):
        return [*super()._get_protected_fields(), "o2c_source_warehouse_id", *SOURCE]

    def _prepare_procurement_values(self):
        return {**super()._prepare_procurement_values(), **_values(self)}

    def _o2c_check_warehouse_is_open(self, warehouse_id):
        """:raise UserError: when deliveries from another warehouse exist already"""
        for line in self:
            changes = line.o2c_source_warehouse_id.id != (warehouse_id or False)
            # sudo: whether deliveries exist does not depend on who asks
            if changes and line.sudo().move_ids.filtered(lambda move: move.state != "cancel"):
                raise UserError(
                    self.env._(
                        "%(product)s of %(order)s has deliveries from %(warehouse)s. Cancel them "
                        "before another warehouse can deliver it.",
                        product=line.product_id.display_name,
                        order=line.order_id.name,
                        warehouse=line.warehouse_id.display_name,
                    )
                )


class SaleOrder(models.Model):
    _inherit = "sale.order"

    @api.constrains("warehouse_id")
    def _check_o2c_source(self):
        self.order_line._check_o2c_source()


def passes(place, location):
    """Whether goods of a place lie in a location, or the other way round; both are paths."""
    return place.startswith(location) or location.startswith(place)


def _values(record):
    """The source of a line or a move, to be carried on."""
    return {
        name: value.id if isinstance(value, models.BaseModel) else value
        for name in SOURCE
        if (value := record[name])
    }


def _not_internal(env, location):
    return env._(
        "%(location)s is no place of your own with stock in it. Choose an internal location.",
        location=location.display_name,
    )
