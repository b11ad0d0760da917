from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged

from .allocation_common import AllocationCommon


@tagged("post_install", "-at_install")
class TestAllocationSource(AllocationCommon):
    """An order line names the warehouse, place or lot it is served from."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.warehouse.out_type_id.reservation_method = "at_confirm"

    def _sourced(self, quantity, product=None, location=None, lot=None, mode=False, rank=0):
        order = self._new_order(product=product or self.goods, quantity=quantity)
        order.order_line.write({
            "o2c_source_location_id": location and location.id,
            "o2c_source_lot_id": lot and lot.id,
            "o2c_source_mode": mode,
            "o2c_allocation_rank": rank,
        })
        order.action_confirm()
        return order.order_line.move_ids

    def _lots(self, *quantities):
        self.goods.tracking = "lot"
        lots = self.env["stock.lot"].create([
            {"name": f"LOT{number}", "product_id": self.goods.id}
            for number, _quantity in enumerate(quantities)
        ])
        for lot, quantity in zip(lots, quantities, strict=True):
            self._stock(quantity, location=self.shelf, lot_id=lot)
        return lots

    def _places(self, move):
        return {line.location_id: line.quantity for line in move.move_line_ids}

    def test_only_from_there(self):
        self._stock(10.0, location=self.shelf)
        self._stock(4.0, location=self.other_shelf)
        move = self._sourced(6.0, location=self.other_shelf)
        self.assertEqual(self._places(move), {self.other_shelf: 4.0})
        self.assertEqual(move.state, "partially_available")
        self._assert_consistent()

    def test_first_there(self):
        self._stock(10.0, location=self.shelf)
        self._stock(4.0, location=self.other_shelf)
        move = self._sourced(6.0, location=self.other_shelf, mode="first")
        self.assertEqual(self._places(move), {self.other_shelf: 4.0, self.shelf: 2.0})
        self._assert_consistent()

    def test_one_lot(self):
        _first, second = self._lots(5.0, 5.0)
        move = self._sourced(8.0, lot=second)
        self.assertEqual(move.move_line_ids.lot_id, second)
        self.assertEqual(move.quantity, 5.0)

    def test_one_lot_first(self):
        first, second = self._lots(5.0, 5.0)
        move = self._sourced(8.0, lot=second, mode="first")
        self.assertEqual(
            {line.lot_id: line.quantity for line in move.move_line_ids}, {second: 5.0, first: 3.0}
        )

    def test_goods_without_lot_do_not_pass_for_the_lot(self):
        [lot] = self._lots(2.0)
        self._stock(5.0, location=self.shelf)
        self.assertEqual(self._sourced(4.0, lot=lot).quantity, 2.0)

    def test_where_allocation_is_off_the_source_binds_nobody(self):
        self.company.o2c_use_allocation = False
        self._stock(10.0, location=self.shelf)
        self.assertEqual(self._sourced(6.0, location=self.other_shelf).quantity, 6.0)

    def test_a_run_obeys(self):
        self.warehouse.out_type_id.reservation_method = "manual"
        self._stock(10.0, location=self.shelf)
        self._stock(4.0, location=self.other_shelf)
        only = self._sourced(6.0, location=self.other_shelf, rank=5)
        first = self._sourced(6.0, location=self.other_shelf, mode="first", rank=1)
        anywhere = self._move(9.0, rank=9)
        run = self._run()
        run.action_apply()
        self.assertEqual(self._places(first), {self.other_shelf: 4.0, self.shelf: 2.0})
        self._assert_reserved((only, 0.0), (first, 6.0), (anywhere, 8.0))
        self._assert_consistent()
        self.assertEqual(self._line(run, only).missing_qty, 6.0)

    def test_a_run_obeys_lots(self):
        self.warehouse.out_type_id.reservation_method = "manual"
        _first, second = self._lots(5.0, 5.0)
        low = self._sourced(5.0, lot=second, rank=9)
        high = self._sourced(3.0, lot=second, rank=1)
        self._run().action_apply()
        self._assert_reserved((high, 3.0), (low, 2.0))
        self.assertEqual((high | low).move_line_ids.lot_id, second)

    def test_the_ranking_holds_for_one_shelf_though_there_is_plenty_elsewhere(self):
        self.warehouse.out_type_id.reservation_method = "manual"
        self._stock(100.0, location=self.shelf)
        self._stock(4.0, location=self.other_shelf)
        low = self._sourced(4.0, location=self.other_shelf, rank=9)
        high = self._sourced(3.0, location=self.other_shelf, rank=1)
        low._action_assign()
        self._assert_reserved((low, 1.0), (high, 0.0))

    def test_it_goes_along_pick_pack_and_ship_and_to_the_backorder(self):
        self.warehouse.delivery_steps = "pick_pack_ship"
        self._stock(10.0, location=self.shelf)
        self._stock(4.0, location=self.other_shelf)
        pick = self._sourced(6.0, location=self.other_shelf)
        self.assertEqual(self._places(pick), {self.other_shelf: 4.0})
        pick.picked = True
        pick.picking_id._action_done()
        pack = pick.move_dest_ids
        self.assertEqual(pack.o2c_source_location_id, self.other_shelf)
        self.assertEqual(pack.quantity, 4.0, "the packers take what reaches them")
        backorder = pick.picking_id.backorder_ids.move_ids
        self.assertEqual(backorder.o2c_source_location_id, self.other_shelf)
        backorder._action_assign()
        self.assertEqual(backorder.quantity, 0.0)
        pack.picked = True
        pack.picking_id._action_done()
        self.assertEqual(pack.move_dest_ids.o2c_source_location_id, self.other_shelf)
        self.assertEqual(pack.move_dest_ids.quantity, 4.0)

    def test_deliveries_of_different_places_are_not_merged(self):
        self._stock(10.0, location=self.shelf)
        self._stock(4.0, location=self.other_shelf)
        order = self._new_order(product=self.goods, quantity=2.0)
        order.order_line.copy({"order_id": order.id})
        order.order_line[1].o2c_source_location_id = self.other_shelf
        order.action_confirm()
        self.assertEqual(len(order.picking_ids.move_ids), 2)
        self.assertIn(self.other_shelf, order.order_line[1].move_ids.move_line_ids.location_id)

    def test_more_and_less_is_ordered(self):
        self._stock(10.0, location=self.other_shelf)
        move = self._sourced(4.0, location=self.other_shelf)
        line = move.sale_line_id
        line.product_uom_qty = 6.0
        self.assertEqual(line.move_ids.product_uom_qty, 6.0)
        line.product_uom_qty = 3.0
        self.assertEqual(line.move_ids.product_uom_qty, 3.0)
        self.assertEqual(self._places(line.move_ids), {self.other_shelf: 3.0})

    def test_a_change_on_a_confirmed_order_reserves_anew(self):
        self._stock(10.0, location=self.shelf)
        self._stock(4.0, location=self.other_shelf)
        move = self._move(6.0)
        self.assertEqual(self._places(move), {self.shelf: 6.0})
        line = move.sale_line_id.with_user(self.salesperson)
        line.o2c_source_location_id = self.other_shelf
        self.assertEqual(self._places(move), {self.other_shelf: 4.0})
        line.o2c_source_mode = "first"
        self.assertEqual(self._places(move), {self.other_shelf: 4.0, self.shelf: 2.0})
        line.write({"o2c_source_location_id": False, "o2c_source_mode": False})
        self.assertEqual(sum(self._places(move).values()), 6.0)
        self._assert_consistent()

    def test_nothing_is_reserved_by_a_change_where_nothing_was(self):
        self.warehouse.out_type_id.reservation_method = "manual"
        self._stock(4.0, location=self.other_shelf)
        move = self._move(4.0)
        move.sale_line_id.o2c_source_location_id = self.other_shelf
        self._assert_reserved((move, 0.0))

    def test_work_already_begun_is_not_touched(self):
        self._stock(6.0, location=self.shelf)
        move = self._move(6.0)
        move.picking_id.printed = True
        with self.assertRaisesRegex(UserError, "being picked"):
            move.sale_line_id.o2c_source_location_id = self.other_shelf
        move.picking_id.printed = False
        move.move_line_ids.picked = True
        with self.assertRaisesRegex(UserError, "being picked"):
            move.sale_line_id.o2c_source_location_id = self.other_shelf

    def test_what_is_delivered_keeps_its_source(self):
        self._stock(6.0, location=self.shelf)
        move = self._sourced(6.0, location=self.shelf)
        move.picked = True
        move.picking_id._action_done()
        move.sale_line_id.o2c_source_location_id = self.other_shelf
        self.assertEqual(move.o2c_source_location_id, self.shelf)

    def test_goods_that_come_back_have_no_source(self):
        self._stock(6.0, location=self.shelf)
        move = self._sourced(6.0, location=self.shelf)
        move.picked = True
        move.picking_id._action_done()
        wizard = Form(
            self.env["stock.return.picking"].with_context(
                active_id=move.picking_id.id, active_model="stock.picking"
            )
        ).save()
        wizard.product_return_moves.quantity = 2.0
        wizard._create_return()
        self.assertTrue(move.returned_move_ids)
        self.assertFalse(move.returned_move_ids.o2c_source_location_id)

    def test_wrong_sources_are_refused(self):
        order = self._new_order(product=self.goods)
        line = order.order_line
        other = self.env["stock.warehouse"].create({"name": "Far", "code": "FAR"})
        [lot] = self.env["stock.lot"].create([{"name": "X", "product_id": self.box.id}])
        for values, message in (
            ({"o2c_source_location_id": other.lot_stock_id.id}, "not within the stock"),
            ({"o2c_source_location_id": self.warehouse.view_location_id.id}, "no place of your own"),
            ({"o2c_source_lot_id": lot.id}, "is a lot of Box"),
        ):
            with self.subTest(values=values):
                with self.assertRaises(ValidationError) as refused:
                    line.write(values)
                self.assertIn(message, str(refused.exception))
        line.o2c_source_location_id = self.shelf
        with self.assertRaises(ValidationError):
            order.warehouse_id = other
        line.write({
            "o2c_source_warehouse_id": other.id, "o2c_source_location_id": other.lot_stock_id.id
        })

    def test_a_source_of_another_company_is_refused(self):
        company = self.env["res.company"].create({"name": "Sister"})
        location = self.env["stock.location"].create({"name": "Theirs", "company_id": company.id})
        line = self._new_order(product=self.goods).order_line
        with self.assertRaises(UserError):
            line.o2c_source_location_id = location
        self._stock(1.0, location=self.shelf)
        with self.assertRaises(ValidationError):
            self._move(1.0).o2c_source_location_id = location

    def test_a_line_is_delivered_from_another_warehouse(self):
        other = self.env["stock.warehouse"].create({"name": "Far", "code": "FAR"})
        order = self._new_order(product=self.goods, quantity=2.0)
        order.order_line.copy({"order_id": order.id})
        order.order_line[1].o2c_source_warehouse_id = other
        self.assertEqual(order.order_line[0].warehouse_id, self.warehouse)
        self.assertEqual(order.order_line[1].warehouse_id, other)
        order.action_confirm()
        self.assertEqual(order.order_line[1].move_ids.location_id, other.lot_stock_id)
        with self.assertRaisesRegex(UserError, "has deliveries from Far"):
            order.order_line[1].o2c_source_warehouse_id = False

    def test_a_locked_order_keeps_its_source(self):
        self._stock(6.0, location=self.shelf)
        order = self._move(6.0).sale_line_id.order_id
        order.action_lock()
        with self.assertRaisesRegex(UserError, "locked"):
            order.order_line.o2c_source_location_id = self.other_shelf

    def test_the_form_of_the_order(self):
        self.env.user.group_ids += (
            self.env.ref("stock.group_stock_multi_locations")
            | self.env.ref("stock.group_production_lot")
        )
        [lot] = self._lots(5.0)
        order = self._new_order(product=self.goods)
        with Form(order) as form, form.order_line.edit(0) as line:
            line.o2c_source_location_id = self.shelf
            line.o2c_source_lot_id = lot
            self.assertEqual(line.o2c_source_mode, "only")
            line.o2c_source_location_id = self.env["stock.location"]
            line.o2c_source_lot_id = self.env["stock.lot"]
            self.assertFalse(line.o2c_source_mode)
        copy = order.copy()
        self.assertEqual(copy.order_line.o2c_source_location_id, self.env["stock.location"])

    def test_another_product_drops_the_lot(self):
        [lot] = self._lots(5.0)
        order = self._new_order(product=self.goods)
        order.order_line.o2c_source_lot_id = lot
        line = order.order_line.new(origin=order.order_line)
        line.product_id = self.box
        line._onchange_o2c_product()
        self.assertFalse(line.o2c_source_lot_id)

    def test_other_units(self):
        dozen = self.env.ref("uom.product_uom_dozen")
        self._stock(20.0, location=self.shelf)
        self._stock(12.0, location=self.other_shelf)
        order = self._new_order(product=self.goods, quantity=2.0)
        order.order_line.write({
            "product_uom_id": dozen.id,
            "o2c_source_location_id": self.other_shelf.id,
            "o2c_source_mode": "first",
        })
        order.action_confirm()
        move = order.order_line.move_ids
        self.assertEqual(
            {line.location_id: line.quantity_product_uom for line in move.move_line_ids},
            {self.other_shelf: 12.0, self.shelf: 12.0},
        )
