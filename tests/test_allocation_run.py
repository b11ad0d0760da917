from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .allocation_common import AllocationCommon


@tagged("post_install", "-at_install")
class TestAllocationRun(AllocationCommon):
    def test_a_simulation_says_who_gets_what_and_changes_nothing(self):
        self._stock(10.0)
        casual, key = self._move(8.0, rank=9), self._move(6.0, rank=1)
        self._reserve(casual)
        self._reserve(key)
        run = self._run()
        self._assert_reserved((casual, 8.0), (key, 2.0))
        line = self._line(run, key)
        self.assertEqual(
            (line.demand_qty, line.current_qty, line.planned_qty, line.delta_qty), (6, 2, 6, 4)
        )
        self.assertEqual(line.donor_move_ids, casual)
        self.assertEqual(line.reason, f"Got 4 from {casual.sale_line_id.order_id.name}, rank 9.")
        line = self._line(run, casual)
        self.assertEqual((line.planned_qty, line.delta_qty, line.missing_qty), (4, -4, 4))
        self.assertEqual(
            line.reason,
            f"Lost 4 to {key.sale_line_id.order_id.name}, rank 1. 4 cannot be served.",
        )
        self.assertEqual((run.gaining_count, run.losing_count, run.line_count), (1, 1, 2))
        self.assertEqual(run.state, "simulated")

    def test_applying_makes_it_so_and_twice_changes_nothing(self):
        self._stock(10.0)
        casual, key = self._move(8.0, rank=9), self._move(6.0, rank=1)
        self._reserve(casual)
        run = self._run().with_user(self.allocator)
        run.action_apply()
        self._assert_reserved((casual, 4.0), (key, 6.0))
        self._assert_consistent()
        self.assertEqual((run.state, run.applied_by_id), ("applied", self.allocator))
        self.assertIn("1 deliveries gain, 1 lose", run.message_ids[0].body)
        lines = (casual | key).move_line_ids
        run.action_apply()
        self.assertEqual((casual | key).move_line_ids, lines)
        again = self._run()
        self.assertFalse(again.changing_line_ids)
        before = lines.mapped("write_date")
        again.action_apply()
        self.assertEqual(lines.mapped("write_date"), before)

    def test_strategies(self):
        self._stock(10.0)
        moves = {
            strategy: self._move(4.0, rank=5, strategy=strategy)
            for strategy in ("win", "gain", "redistribute", "fill", "lose")
        }
        for strategy, quantity in (("gain", 2.0), ("redistribute", 4.0), ("fill", 2.0), ("lose", 2.0)):
            moves[strategy].quantity = quantity
        self._run().action_apply()
        self._assert_reserved(
            (moves["win"], 4.0),
            (moves["gain"], 4.0),
            (moves["redistribute"], 2.0),
            (moves["fill"], 0.0),
            (moves["lose"], 0.0),
        )
        self._assert_consistent()

    def test_a_win_that_cannot_be_served_is_reported(self):
        self._stock(3.0)
        move = self._move(5.0, strategy="win")
        run = self._run()
        self._move(1.5, strategy="win", product=self.box)
        run.action_simulate()
        self.assertEqual((run.short_win_count, run.short_win_qty), (2, 3.5))
        self.assertEqual(run.short_win_text, "3.5 Units")
        self.box.uom_id = self.env.ref("uom.product_uom_kgm")
        run.invalidate_recordset()
        self.assertEqual(set(run.short_win_text.split(", ")), {"2 Units", "1.5 kg"})
        self.assertEqual(
            self._line(run, move).reason,
            "Got 3 from free stock. Has to win, yet 2 cannot be served.",
        )

    def test_what_is_begun_is_never_touched(self):
        self._stock(20.0)
        cases = {name: self._move(4.0) for name in ("locked", "picked", "printed", "packed", "open")}
        for move in cases.values():
            self._reserve(move)
        cases["locked"].o2c_allocation_locked = True
        cases["picked"].picked = True
        cases["printed"].picking_id.printed = True
        package = self.env["stock.package"].create({"name": "Parcel"})
        cases["packed"].move_line_ids.result_package_id = package
        winner = self._move(10.0, strategy="win")
        run = self._run()
        run.action_apply()
        self.assertEqual(run.state, "applied")
        for name, expected in (
            ("locked", 4.0), ("picked", 4.0), ("printed", 4.0), ("packed", 4.0), ("open", 0.0)
        ):
            with self.subTest(name):
                self.assertEqual(cases[name].quantity, expected)
        self.assertEqual(winner.quantity, 4.0)
        self.assertIn("locked by hand", self._line(run, cases["locked"]).reason)

    def _held(self, quantity, **values):
        """A delivery that was reserved and then put on hold."""
        held = self._move(quantity, **values)
        self._reserve(held)
        held.sale_line_id.order_id.action_o2c_hold("Wait")
        self.assertTrue(held._o2c_held())
        self._assert_reserved((held, quantity))
        return held

    def test_a_held_delivery_keeps_what_it_has_until_a_run_gives_it_to_others(self):
        self.assertEqual(self.company.o2c_allocation_held, "run", "unless somebody chose otherwise")
        self._stock(5.0)
        held = self._held(5.0, rank=1, strategy="win")
        self.assertFalse(self._run().changing_line_ids, "nobody else needs it")
        other = self._move(2.0, rank=200)
        other._action_assign()
        self._assert_reserved((held, 5.0), (other, 0.0))
        run = self._run()
        self.assertIn("On hold. Lost 2", self._line(run, held).reason)
        self.assertFalse(run.short_win_count, "who is on hold has to win nothing")
        run.action_apply()
        self._assert_reserved((held, 3.0), (other, 2.0))

    def test_a_held_delivery_gets_nothing_new(self):
        self._stock(2.0)
        held = self._held(2.0, rank=1, strategy="win")
        held.sale_line_id.order_id.order_line.product_uom_qty = 6.0
        self._stock(10.0)
        for choice in ("run", "keep"):
            with self.subTest(choice):
                self.company.o2c_allocation_held = choice
                self.assertFalse(self._run().changing_line_ids)
                held._action_assign()
                self.assertEqual(held.quantity, 2.0)

    def test_a_company_may_let_held_deliveries_keep_or_give_up_all(self):
        self._stock(5.0)
        held = self._held(5.0)
        other = self._move(2.0, rank=1)
        self.company.o2c_allocation_held = "keep"
        run = self._run()
        self.assertIn("On hold", self._line(run, held).reason)
        self.assertFalse(run.changing_line_ids)
        self.company.o2c_allocation_held = "release"
        run.action_simulate()
        run.action_apply()
        self._assert_reserved((held, 0.0), (other, 2.0))

    def test_only_what_is_due_competes(self):
        self._stock(5.0)
        later = self._move(5.0, rank=1, commitment_date="2099-01-01 12:00:00")
        now = self._move(5.0, rank=5)
        self.company.o2c_allocation_horizon_days = 30
        run = self._run()
        self.assertFalse(self._line(run, later))
        run.action_apply()
        self._assert_reserved((now, 5.0), (later, 0.0))

    def test_chosen_products_and_warehouses_only(self):
        self._stock(5.0)
        self._stock(5.0, product=self.box)
        crate, box = self._move(5.0), self._move(5.0, product=self.box)
        other = self.env["stock.warehouse"].create({"name": "Second", "code": "SEC"})
        self.assertFalse(self._run(warehouse_ids=other.ids).line_ids)
        run = self._run(product_ids=self.box.ids, warehouse_ids=self.warehouse.ids)
        self.assertEqual(run.line_ids.move_id, box)
        run.action_apply()
        self._assert_reserved((crate, 0.0), (box, 5.0))

    def test_complete_orders(self):
        self._stock(5.0)
        self._stock(5.0, product=self.box)
        first = self._new_order(product=self.goods, quantity=5.0)
        first.order_line.o2c_allocation_rank = 1
        first.order_line = [(0, 0, {"product_id": self.box.id, "product_uom_qty": 9.0,
                                    "o2c_allocation_rank": 1})]
        first.action_confirm()
        second = self._move(5.0, rank=2)
        self._run(ship_complete="order").action_apply()
        self.assertEqual(first.order_line.move_ids.mapped("quantity"), [0.0, 0.0])
        self._assert_reserved((second, 5.0))

    def test_fair_share(self):
        self._stock(10.0)
        moves = [self._move(quantity, rank=1) for quantity in (8.0, 2.0, 8.0)]
        self._run(fair_share=True).action_apply()
        self._assert_reserved(*zip(moves, (4.0, 2.0, 4.0), strict=True))

    def test_what_has_changed_since_is_skipped_and_listed(self):
        self._stock(5.0)
        self._stock(5.0, product=self.box)
        crate, box = self._move(5.0), self._move(5.0, product=self.box)
        run = self._run()
        self._stock(-2.0)
        run.action_apply()
        self.assertEqual(run.state, "stale")
        self.assertEqual(run.stale_product_ids, self.goods)
        self._assert_reserved((crate, 0.0), (box, 5.0))
        self.assertTrue(self._line(run, crate).is_skipped)
        self.assertFalse(self._line(run, box).is_skipped)
        self.assertIn("Crate", run.message_ids[0].body)
        run.action_apply()
        self.assertEqual(crate.quantity, 0.0)
        action = run.action_simulate_again()
        again = run.browse(action["res_id"])
        again.action_apply()
        self._assert_reserved((crate, 3.0))

    def test_a_new_order_or_another_rank_is_a_change(self):
        self._stock(5.0)
        move = self._move(5.0, rank=5)
        run = self._run()
        self._move(1.0)
        run.action_apply()
        self.assertEqual(run.state, "stale")
        run = self._run()
        move.sale_line_id.o2c_allocation_rank = 3
        run.action_apply()
        self.assertEqual((run.state, move.quantity), ("stale", 0.0))

    def test_other_questions_are_simulated_anew(self):
        self._stock(5.0)
        self._move(5.0)
        run = self._run()
        run.fair_share = True
        self.assertEqual((run.state, run.line_ids), ("draft", run.line_ids.browse()))
        with self.assertRaisesRegex(UserError, "Simulate"):
            run.action_apply()
        run.action_simulate()
        run.action_apply()
        with self.assertRaisesRegex(UserError, "closed"):
            run.fair_share = False
        with self.assertRaisesRegex(UserError, "closed"):
            run.action_simulate()
        with self.assertRaisesRegex(UserError, "record"):
            run.unlink()

    def test_only_allocation_managers_run(self):
        self._stock(5.0)
        self._move(5.0)
        run = self._run()
        for user in (self.salesperson, self._new_user("stan", "stock.group_stock_user")):
            with self.assertRaises(AccessError):
                run.with_user(user).action_apply()
            with self.assertRaises(AccessError):
                run.with_user(user).read(["name"])
        with self.assertRaises(AccessError):
            run.line_ids.with_user(self.allocator).write({"planned_qty": 5.0})

    def test_an_allocation_manager_needs_no_more_rights(self):
        self._stock(5.0)
        move = self._move(5.0)
        run = Form(self.env["o2c.allocation.run"].with_user(self.allocator)).save()
        run.action_simulate()
        run.action_apply()
        self.assertEqual(move.quantity, 5.0)
        self.assertTrue(run._xlsx())
        self.assertEqual(run.line_ids.product_id, self.goods)
        run.line_ids.read()

    def test_nothing_happens_where_allocation_is_off(self):
        self.company.o2c_use_allocation = False
        with self.assertRaisesRegex(UserError, "switched off"):
            self._run()

    def test_returns_and_receipts_and_internal_moves_do_not_compete(self):
        self._stock(5.0)
        internal = self.env["stock.move"].create({
            "product_id": self.goods.id,
            "product_uom_qty": 5.0,
            "location_id": self.stock_location.id,
            "location_dest_id": self.shelf.id,
        })
        internal._action_confirm()
        self._reserve(internal)
        move = self._move(5.0, rank=1, strategy="win")
        run = self._run()
        self.assertEqual(run.line_ids.move_id, move)
        run.action_apply()
        self.assertEqual((internal.quantity, move.quantity), (5.0, 0.0))

    def test_goods_in_the_way_of_three_steps(self):
        self.warehouse.delivery_steps = "pick_pack_ship"
        self.warehouse.pick_type_id.reservation_method = "manual"
        self._stock(5.0)
        low, high = self._move(5.0, rank=9), self._move(5.0, rank=1)
        self._reserve(low)
        self._run().action_apply()
        self._assert_reserved((low, 0.0), (high, 5.0))
        high.picked = True
        high.picking_id.button_validate()
        pack = high.move_dest_ids
        self.assertEqual(pack.quantity, 5.0)
        self._move(5.0, rank=1, strategy="win")
        run = self._run()
        self.assertTrue(self._line(run, pack).is_frozen)
        run.action_apply()
        self.assertEqual(pack.quantity, 5.0)
