import random

from odoo.tests import tagged

from .allocation_common import AllocationCommon


@tagged("post_install", "-at_install")
class TestAllocationEngine(AllocationCommon):
    """What the batch engine makes is what native reservation in the order of service makes."""

    def _new_moves(self, pick, product, count):
        """Deliveries without an order, with ranks on themselves: quick to make."""
        moves = self.env["stock.move"].create([
            {
                "product_id": product.id,
                "product_uom_qty": pick.choice((1, 2.5, 4, 7)),
                "location_id": pick.choice(
                    (self.stock_location, self.stock_location, self.shelf)
                ).id,
                "location_dest_id": self.env.ref("stock.stock_location_customers").id,
                "partner_id": self.customer.id,
                "picking_type_id": self.warehouse.out_type_id.id,
                "o2c_allocation_rank": pick.randint(1, 3),
                "o2c_allocation_strategy": pick.choice(("win", "redistribute", "redistribute")),
                "date": "2025-01-01",
            }
            for _number in range(count)
        ])
        moves._action_confirm(merge=False)
        return moves

    def _scatter(self, pick, product):
        for location in (self.shelf, self.other_shelf, self.stock_location):
            if pick.random() < 0.8:
                self._stock(pick.choice((3, 5.5, 8)), product, location)

    def _state(self, moves):
        self.env.flush_all()
        self.env.invalidate_all()
        lines = sorted(
            (
                line.move_id.id, line.product_id.id, line.location_id.id, line.location_dest_id.id,
                line.lot_id.id, line.package_id.id, line.quantity, line.product_uom_id.id,
                line.picking_id.id, line.company_id.id, line.picked,
            )
            for line in moves.move_line_ids
        )
        quants = sorted(
            (quant.id, quant.quantity, quant.reserved_quantity)
            for quant in self.env["stock.quant"].search([("product_id", "in", moves.product_id.ids)])
        )
        return lines, quants, moves.mapped("state"), moves.mapped("quantity")

    def _natively(self, moves):
        """Give all back and reserve anew, in the order of service."""
        moves._do_unreserve()
        ranked = self.env["o2c.allocation.ranking"]._resolve(moves)
        phase = {"win": 0, "gain": 1, "redistribute": 2}
        self._reserve(
            moves.sorted(lambda move: (phase[ranked[move.id].strategy], ranked[move.id].sort_key))
        )

    def _compare(self, moves, **values):
        self.env.flush_all()
        before = self._state(moves)
        with self.env.cr.savepoint() as savepoint:
            self._natively(moves)
            native = self._state(moves)
            savepoint.rollback()
        self.env.invalidate_all()
        self.assertEqual(self._state(moves), before)
        run = self._run(product_ids=moves.product_id.ids, **values)
        run.action_apply()
        self.assertEqual(run.state, "applied")
        ours = self._state(moves)
        for ours_part, native_part in zip(ours, native, strict=True):
            self.assertEqual(ours_part, native_part)
        self._assert_consistent(moves.product_id)

    def test_as_native_reservation_line_by_line(self):
        for seed in range(12):
            pick = random.Random(seed)
            products = self.env["product.product"].create([
                {"name": f"P{seed}-{number}", "is_storable": True} for number in range(3)
            ])
            if seed % 3:
                products.categ_id.removal_strategy_id = self.env.ref(
                    ("stock.removal_lifo", "stock.removal_closest")[seed % 3 - 1]
                )
            moves = self.env["stock.move"]
            for product in products:
                self._scatter(pick, product)
                moves |= self._new_moves(pick, product, 6)
            shuffled = list(moves)
            pick.shuffle(shuffled)
            for move in shuffled[:10]:
                self._reserve(move)
            for product in products:
                self._scatter(pick, product)
            with self.subTest(seed=seed):
                self._compare(moves)

    def test_units_lots_and_packages_go_the_native_way(self):
        dozen = self.env.ref("uom.product_uom_dozen")
        by_dozen = self.env["product.product"].create({"name": "Egg", "is_storable": True})
        by_lot = self.env["product.product"].create({
            "name": "Paint", "is_storable": True, "tracking": "lot"
        })
        lots = self.env["stock.lot"].create([
            {"name": name, "product_id": by_lot.id} for name in ("L1", "L2")
        ])
        packed = self.env["product.product"].create({"name": "Glass", "is_storable": True})
        package = self.env["stock.package"].create({"name": "Pallet"})
        self._stock(30.0, by_dozen)
        self._stock(5.0, by_lot, lot_id=lots[0])
        self._stock(5.0, by_lot, self.shelf, lot_id=lots[1])
        self._stock(5.0, packed, package_id=package)
        self._stock(3.0, packed)
        pick = random.Random(5)
        for product in (by_dozen, by_lot, packed):
            moves = self._new_moves(pick, product, 4)
            if product == by_dozen:
                moves[1:3].product_uom = dozen
            self._reserve(moves[2:])
            with self.subTest(product=product.name):
                run = self._run(product_ids=product.ids)
                planned = {line.move_id: line.planned_qty for line in run.line_ids}
                run.action_apply()
                self.assertEqual(run.state, "applied")
                for move, quantity in planned.items():
                    reserved = sum(move.move_line_ids.mapped("quantity_product_uom"))
                    self.assertAlmostEqual(reserved, quantity)
                self._assert_consistent(product)
                again = self._run(product_ids=product.ids)
                self.assertFalse(again.changing_line_ids)

    def test_gain_keeps_its_lines(self):
        self._stock(4.0, location=self.shelf)
        move = self._new_moves(random.Random(1), self.goods, 1)
        move.write({
            "location_id": self.stock_location.id, "product_uom_qty": 7.0,
            "o2c_allocation_strategy": "gain",
        })
        self._reserve(move)
        line = move.move_line_ids
        self._stock(1.0, location=self.shelf)
        self._stock(5.0, location=self.other_shelf)
        self._run().action_apply()
        self.assertIn(line, move.move_line_ids)
        self.assertEqual(sorted(move.move_line_ids.mapped("quantity")), [2.0, 5.0])
        self.assertEqual(move.state, "assigned")
        self._assert_consistent()

    def test_the_number_of_statements_does_not_grow_with_the_moves(self):
        def statements(count):
            pick = random.Random(count)
            products = self.env["product.product"].create([
                {"name": f"S{count}-{number}", "is_storable": True} for number in range(count)
            ])
            for product in products:
                self._stock(5.0, product)
            moves = self.env["stock.move"]
            for product in products:
                moves |= self._new_moves(pick, product, 3)
            run = self._run(product_ids=products.ids)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            run.action_apply()
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        statements(2)
        few, many = statements(3), statements(30)
        self.assertLess(many - few, 25)

    def test_context_keys_from_outside_change_nothing(self):
        self._stock(5.0)
        move = self._new_moves(random.Random(1), self.goods, 1)
        move.write({"location_id": self.stock_location.id, "product_uom_qty": 4.0})
        move.with_context(o2c_reserved_deltas={}, o2c_allocation_caps={move.id: 0})._action_assign()
        self.assertEqual(move.quantity, 4.0)
        self._assert_consistent()
