from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from .allocation_common import AllocationCommon


@tagged("post_install", "-at_install")
class TestAllocationComplete(AllocationCommon):
    """What is to be delivered complete waits for all of it, and no run undoes a reservation twice."""

    def _order(self, goods, boxes, **values):
        """The moves of a new order for crates and boxes."""
        order = self._new_order(product=self.goods, quantity=goods, **values)
        order.order_line.copy({
            "product_id": self.box.id, "order_id": order.id, "product_uom_qty": boxes
        })
        order.action_confirm()
        return order.order_line.move_ids.sorted("id")

    def _schedule(self):
        self.env["stock.rule"]._run_scheduler_tasks(company_id=self.company.id)

    def _assert_stable(self, **values):
        """A run, the scheduler, and another run: the last one changes nothing."""
        self.warehouse.out_type_id.reservation_method = "at_confirm"
        self.env["stock.move"].search([
            ("product_id", "in", (self.goods | self.box).ids), ("state", "=", "confirmed")
        ]).reservation_date = fields.Date.today()
        run = self._run(**values)
        run.action_apply()
        self.assertEqual(run.state, "applied")
        self._schedule()
        self.assertFalse(self._run(**values).changing_line_ids)

    def test_a_line_outside_the_run_keeps_the_others_waiting(self):
        self._stock(5.0)
        crates, boxes = self._order(5.0, 3.0)
        values = {"product_ids": self.goods.ids, "ship_complete": "order"}
        run = self._run(**values)
        self.assertEqual(
            self._line(run, crates).reason,
            "Cannot be delivered complete: Box is not reserved. 5 cannot be served.",
        )
        run.action_apply()
        self._assert_reserved((crates, 0.0))
        self._stock(3.0, product=self.box)
        self._reserve(boxes)
        self._run(**values).action_apply()
        self._assert_reserved((crates, 5.0), (boxes, 3.0))

    def test_a_line_that_is_not_touched_counts_as_it_is(self):
        self._stock(5.0)
        self._stock(2.0, product=self.box)
        crates, boxes = self._order(5.0, 3.0)
        self._reserve(boxes)
        boxes.o2c_allocation_locked = True
        run = self._run(ship_complete="order")
        self.assertEqual(self._line(run, crates).planned_qty, 0.0)
        self._stock(1.0, product=self.box)
        self._reserve(boxes)
        run.action_simulate()
        self.assertEqual(self._line(run, crates).planned_qty, 5.0)

    def test_a_line_that_is_due_later_counts(self):
        self._stock(5.0)
        self._stock(3.0, product=self.box)
        crates, boxes = self._order(5.0, 3.0)
        boxes.date = fields.Datetime.now() + timedelta(days=60)
        run = self._run(ship_complete="order", date_to=fields.Date.today() + timedelta(days=10))
        self.assertEqual(self._line(run, crates).planned_qty, 0.0)

    def test_later_steps_wait_for_nobody_but_the_first(self):
        self.warehouse.delivery_steps = "pick_pack_ship"
        self.warehouse.pick_type_id.reservation_method = "manual"
        self._stock(5.0)
        self._stock(3.0, product=self.box)
        crates, boxes = self._order(5.0, 3.0)
        self._run(ship_complete="order").action_apply()
        self._assert_reserved((crates, 5.0), (boxes, 3.0))

    def test_who_is_to_lose_gets_nothing_back(self):
        self._stock(5.0)
        loser = self._move(5.0, strategy="lose")
        loser._action_assign()
        self._assert_reserved((loser, 5.0))
        self._assert_stable()
        self._assert_reserved((loser, 0.0))
        self._stock(1000.0)
        self._schedule()
        self._assert_reserved((loser, 0.0))
        loser.picking_id.action_assign()
        self._assert_reserved((loser, 5.0))

    def test_who_is_to_lose_and_is_better_now_gets_it_back(self):
        self._stock(5.0)
        loser = self._move(5.0, strategy="lose")
        self._run().action_apply()
        loser.sale_line_id.o2c_allocation_strategy = "gain"
        loser._action_assign()
        self._assert_reserved((loser, 5.0))

    def test_those_a_run_does_not_raise_come_after_all_others(self):
        self._stock(8.0)
        fill = self._move(5.0, rank=1, strategy="fill")
        loser = self._move(5.0, rank=1, strategy="lose")
        other = self._move(6.0, rank=9)
        for move in (loser, fill):
            move._action_assign()
        self._assert_reserved((loser, 0.0), (fill, 2.0))
        other._action_assign()
        self._assert_reserved((other, 6.0))
        self._assert_stable()
        self._assert_reserved((loser, 0.0), (fill, 2.0), (other, 6.0))

    def test_lines_to_be_complete(self):
        self.company.o2c_allocation_ship_complete = "line"
        self._stock(5.0)
        move = self._move(8.0)
        result = move.picking_id.action_assign()
        self.assertIn("cannot be delivered complete", result["params"]["message"])
        self._assert_reserved((move, 0.0))
        self._assert_stable()
        self._stock(3.0)
        self._schedule()
        self._assert_reserved((move, 8.0))

    def test_orders_to_be_complete(self):
        self.company.o2c_allocation_ship_complete = "order"
        self._stock(1000.0)
        self._stock(2.0, product=self.box)
        crates, boxes = self._order(5.0, 3.0)
        crates._action_assign()
        (crates | boxes)._action_assign()
        self._assert_reserved((crates, 0.0), (boxes, 0.0))
        self._assert_stable()
        self._stock(1.0, product=self.box)
        self._schedule()
        self._assert_reserved((crates, 5.0), (boxes, 3.0))
