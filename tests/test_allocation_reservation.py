from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .allocation_common import AllocationCommon


@tagged("post_install", "-at_install")
class TestAllocationReservation(AllocationCommon):
    """Ordinary reservation, however it is started, serves the better-ranked first."""

    def test_the_button_of_one_transfer_leaves_what_better_ones_need(self):
        self._stock(10.0)
        low, high = self._move(8.0, rank=9), self._move(6.0, rank=1)
        result = low.picking_id.action_assign()
        self._assert_reserved((low, 4.0), (high, 0.0))
        self.assertEqual(result["tag"], "display_notification")
        self.assertEqual(result["params"]["message"], "Crate: 4 Units")
        self.assertEqual(result["params"]["title"], "Left for Better-Ranked Deliveries")
        self.assertIs(high.picking_id.action_assign(), True)
        self._assert_reserved((low, 4.0), (high, 6.0))
        self._assert_consistent()

    def test_nothing_is_left_for_those_who_come_after(self):
        self._stock(10.0)
        low, high = self._move(8.0, rank=9), self._move(8.0, rank=1)
        self.assertIs(high.picking_id.action_assign(), True)
        self._assert_reserved((low, 0.0), (high, 8.0))
        self.assertIs(low.picking_id.action_assign(), True, "nothing is kept from it")
        self._assert_reserved((low, 2.0))

    def test_plenty_is_given_to_everybody(self):
        self._stock(100.0)
        low, _high = self._move(8.0, rank=9), self._move(8.0, rank=1)
        self.assertIs(low.picking_id.action_assign(), True)
        self._assert_reserved((low, 8.0))

    def test_the_button_of_many_transfers(self):
        self._stock(10.0)
        low, high = self._move(8.0, rank=9), self._move(6.0, rank=1)
        (low | high).picking_id.action_assign()
        self._assert_reserved((low, 4.0), (high, 6.0))

    def test_confirmation(self):
        self.warehouse.out_type_id.reservation_method = "at_confirm"
        high = self._move(6.0, rank=1)
        self._stock(10.0)
        low = self._move(8.0, rank=9)
        self._assert_reserved((low, 4.0), (high, 0.0))

    def test_the_scheduler(self):
        self.warehouse.out_type_id.reservation_method = "at_confirm"
        low, high = self._move(8.0, rank=9), self._move(6.0, rank=1)
        self._stock(10.0)
        self.env["stock.rule"]._run_scheduler_tasks(company_id=self.company.id)
        self._assert_reserved((low, 4.0), (high, 6.0))

    def test_the_scheduler_in_chunks(self):
        low, high = self._move(8.0, rank=9), self._move(6.0, rank=1)
        self._stock(10.0)
        for chunk in (low, high):
            chunk.sudo()._action_assign()
        self._assert_reserved((low, 4.0), (high, 6.0))

    def test_the_arrival_of_goods(self):
        self.warehouse.out_type_id.reservation_method = "at_confirm"
        low, high = self._move(8.0, rank=9), self._move(6.0, rank=1)
        receipt = self.env["stock.picking"].create({
            "picking_type_id": self.warehouse.in_type_id.id,
            "location_id": self.env.ref("stock.stock_location_suppliers").id,
            "location_dest_id": self.stock_location.id,
            "move_ids": [(0, 0, {
                "product_id": self.goods.id,
                "product_uom_qty": 10.0,
                "location_id": self.env.ref("stock.stock_location_suppliers").id,
                "location_dest_id": self.stock_location.id,
            })],
        })
        receipt.action_confirm()
        receipt.move_ids.write({"quantity": 10.0, "picked": True})
        receipt.button_validate()
        self._assert_reserved((low, 4.0), (high, 6.0))

    def test_the_forecast_report(self):
        self._stock(10.0)
        low, high = self._move(8.0, rank=9), self._move(6.0, rank=1)
        self.env["stock.forecasted_product_product"].action_reserve_linked_picks(low.id)
        self._assert_reserved((low, 4.0), (high, 0.0))

    def test_who_loses_when_more_is_taken_than_was_free(self):
        self._stock(20.0)
        low, high, taker = self._move(5.0, rank=9), self._move(5.0, rank=1), self._move(10.0, rank=5)
        self._reserve(low | high | taker)
        # Core would choose the one planned last.
        high.picking_id.scheduled_date = "2098-01-01"
        taker.write({"quantity": 13.0, "picked": True})
        taker.picking_id.button_validate()
        self.assertEqual(taker.state, "done")
        self._assert_reserved((low, 2.0), (high, 5.0))
        self._assert_consistent()

    def test_a_held_delivery_keeps_nothing_from_others(self):
        self._stock(5.0)
        held = self._move(5.0, rank=1)
        held.sale_line_id.order_id.action_o2c_hold("Wait")
        move = self._move(5.0, rank=9)
        move._action_assign()
        held._action_assign()
        self._assert_reserved((move, 5.0), (held, 0.0))

    def test_far_off_orders_do_not_grab_stock(self):
        self._stock(5.0)
        self.company.o2c_allocation_horizon_days = 30
        far = self._move(5.0, rank=1, commitment_date="2099-01-01 12:00:00")
        far._action_assign()
        self._assert_reserved((far, 0.0))
        near = self._move(3.0, rank=9)
        near._action_assign()
        self._assert_reserved((far, 0.0), (near, 3.0))
        # Somebody who asks for it by hand gets what nobody else needs.
        far.picking_id.action_assign()
        self._assert_reserved((far, 2.0), (near, 3.0))

    def test_a_run_takes_what_far_off_orders_hold(self):
        self._stock(5.0)
        far = self._move(5.0, rank=1, commitment_date="2099-01-01 12:00:00")
        self._reserve(far)
        near = self._move(3.0, rank=9)
        self.company.o2c_allocation_horizon_days = 30
        run = self._run()
        run.action_apply()
        self._assert_reserved((far, 2.0), (near, 3.0))
        self._assert_consistent()

    def test_a_printed_transfer_may_get_more(self):
        self._stock(2.0)
        high = self._move(5.0, rank=1)
        high._action_assign()
        high.picking_id.printed = True
        self._stock(4.0)
        low = self._move(5.0, rank=9)
        low._action_assign()
        self._assert_reserved((high, 2.0), (low, 1.0))
        high._action_assign()
        self._assert_reserved((high, 5.0))

    def test_goods_moved_within_the_company_are_not_ranked(self):
        self._stock(5.0)
        self._move(5.0, rank=1)
        internal = self.env["stock.move"].create({
            "product_id": self.goods.id,
            "product_uom_qty": 5.0,
            "location_id": self.stock_location.id,
            "location_dest_id": self.shelf.id,
        })
        internal._action_confirm()
        internal._action_assign()
        self.assertEqual(internal.quantity, 5.0)

    def test_where_allocation_is_off_it_is_as_ever(self):
        self.company.o2c_use_allocation = False
        self._stock(10.0)
        low, high = self._move(8.0, rank=9), self._move(6.0, rank=1)
        self.assertIs(low.picking_id.action_assign(), True)
        self._assert_reserved((low, 8.0), (high, 0.0))

    def test_a_manager_serves_out_of_turn_and_says_why(self):
        self._stock(10.0)
        low, high = self._move(8.0, rank=9), self._move(6.0, rank=1)
        picking = low.picking_id
        with self.assertRaises(AccessError):
            stocker = self._new_user("stan", "stock.group_stock_user")
            picking.with_user(stocker).action_o2c_assign_out_of_turn("He shouts")
        with self.assertRaises(UserError):
            picking.with_user(self.allocator).action_o2c_assign_out_of_turn(" ")
        dialog = self.env["o2c.allocation.out.of.turn"].with_user(self.allocator).create({
            "picking_ids": picking.ids, "reason": "Truck is waiting"
        })
        dialog.action_reserve()
        self._assert_reserved((low, 8.0), (high, 0.0))
        self.assertIn("Truck is waiting", picking.message_ids[0].body)

    def test_context_keys_from_outside_are_no_permission(self):
        self._stock(10.0)
        low, _high = self._move(8.0, rank=9), self._move(6.0, rank=1)
        low.with_context(
            o2c_allocation_permission=[low.id], o2c_allocation_caps={low.id: 8.0}
        )._action_assign()
        self._assert_reserved((low, 4.0))

    def test_three_steps(self):
        self.warehouse.delivery_steps = "pick_pack_ship"
        self.warehouse.pick_type_id.reservation_method = "manual"
        self._stock(10.0)
        low, high = self._move(8.0, rank=9), self._move(6.0, rank=1)
        low._action_assign()
        high._action_assign()
        self._assert_reserved((low, 4.0), (high, 6.0))
        for move in (low, high):
            move.picked = True
            move.picking_id.with_context(skip_backorder=True).button_validate()
        self.assertEqual((low | high).move_dest_ids.mapped("quantity"), [4.0, 6.0])

    def test_one_statement_where_there_is_plenty(self):
        def statements(is_on):
            self.company.o2c_use_allocation = is_on
            move = self._move(1.0)
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            move._action_assign()
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        self._stock(1000.0)
        statements(True), statements(False)
        self.assertLessEqual(statements(True) - statements(False), 1)

    def test_a_copied_transfer_is_ranked_anew(self):
        self._stock(2.0)
        move = self._move(5.0)
        move.write({"o2c_allocation_rank": 3, "o2c_allocation_strategy": "win"})
        stocker = self._new_user("stan", "stock.group_stock_user")
        for copied in (
            move.picking_id.with_user(stocker).copy().move_ids,
            move.with_user(stocker).copy(),
        ):
            self.assertFalse(copied.o2c_allocation_rank)
            self.assertFalse(copied.o2c_allocation_strategy)
        copied.sudo().unlink()
        self._reserve(move)
        move.picking_id.with_user(stocker).move_ids.picked = True
        move.picking_id.with_user(stocker).with_context(skip_backorder=True)._action_done()
        backorder = move.picking_id.backorder_ids.move_ids
        self.assertEqual(backorder.product_uom_qty, 3.0)
        self.assertEqual(
            (backorder.o2c_allocation_rank, backorder.o2c_allocation_strategy), (3, "win")
        )
