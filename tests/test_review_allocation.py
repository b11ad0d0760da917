from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .allocation_common import AllocationCommon


@tagged("post_install", "-at_install")
class TestReviewAllocation(AllocationCommon):
    """What people who had not written it found."""

    def _soft(self, quantity, **values):
        return self.env["o2c.soft.reservation"].create({
            "partner_id": self.customer.id,
            "product_id": self.goods.id,
            "warehouse_id": self.warehouse.id,
            "quantity": quantity,
            "expires_at": fields.Datetime.now() + timedelta(days=1),
            "state": "active",
            **values,
        })

    def test_a_soft_reservation_never_stands_in_the_way_of_its_own_order(self):
        self.company.o2c_soft_cap_product = 50.0
        self._stock(100.0)
        soft = self._soft(50.0)
        first = self._move(60.0, rank=1, partner=self.other_customer)
        self._reserve(first)
        # Free are 40 now: less may be held back than is, and the order goes its way.
        soft.quantity = 30.0
        order = self._new_order(product=self.goods, quantity=10.0)
        order.action_confirm()
        self.assertEqual(order.state, "sale")
        self.assertEqual(soft.quantity, 20.0)
        with self.assertRaises(Exception) as caught:
            soft.quantity = 35.0
        self.assertIn("35", str(caught.exception))

    def test_a_salesperson_holds_back_what_his_quotation_asks_for(self):
        self._stock(20.0)
        order = self._new_order(product=self.goods, quantity=3.0)
        line = order.order_line
        mine = {"order_line_id": line.id, "partner_id": order.partner_id.id}
        as_seller = self.env["o2c.soft.reservation"].with_user(self.salesperson)
        for values in (
            {"quantity": 10.0},
            {"warehouse_id": self.env["stock.warehouse"].create({"name": "W", "code": "W"}).id},
        ):
            with self.assertRaises(AccessError):
                as_seller.create({
                    "product_id": self.goods.id, "warehouse_id": self.warehouse.id,
                    "quantity": 3.0, "state": "active", **mine, **values,
                })
        soft = as_seller.create({
            "product_id": self.goods.id, "warehouse_id": self.warehouse.id, "quantity": 3.0,
            "state": "active", **mine,
        })
        self.assertEqual(soft.state, "active")
        with self.assertRaises(AccessError):
            soft.quantity = 4.0

    def test_nobody_ranks_by_defaults_or_copies(self):
        mine = {"default_o2c_allocation_rank": 1, "default_o2c_allocation_strategy": "win"}
        order = self._new_order(product=self.goods)
        with self.assertRaises(AccessError):
            self.env["sale.order.line"].with_user(self.salesperson).with_context(**mine).create({
                "order_id": order.id, "product_id": self.goods.id,
            })
        move = self._move(1.0)
        stocker = self._new_user("stan", "stock.group_stock_user")
        with self.assertRaises(AccessError):
            move.with_user(stocker).copy({"o2c_allocation_rank": 1})
        ranked = self._move(1.0)
        ranked.o2c_allocation_rank = 3
        self.assertFalse(ranked.with_user(stocker).copy().o2c_allocation_rank)

    def test_what_a_run_records_is_written_by_nobody_else(self):
        self._stock(5.0)
        self._move(5.0)
        run = self._run().with_user(self.allocator)
        run.action_apply()
        for values in ({"state": "draft"}, {"applied_by_id": self.salesperson.id}):
            with self.assertRaises(AccessError):
                run.write(values)
        with self.assertRaises(AccessError):
            run.create({"company_id": self.company.id, "state": "applied"})

    def test_a_lock_is_for_stock_users_and_lasts(self):
        self._stock(5.0)
        move = self._move(5.0)
        with self.assertRaises(AccessError):
            move.with_user(self.salesperson).o2c_allocation_locked = True
        move.with_user(self.allocator).sudo(False).o2c_allocation_locked = True
        self._reserve(move)
        move.write({"quantity": 2.0, "picked": True})
        move.picking_id._action_done()
        backorder = move.sale_line_id.move_ids - move
        self.assertTrue(backorder.o2c_allocation_locked)

    def test_an_order_to_be_complete_waits_for_a_product_that_has_changed(self):
        self._stock(5.0)
        self._stock(5.0, product=self.box)
        order = self._new_order(product=self.goods, quantity=5.0)
        order.order_line.copy({"product_id": self.box.id, "order_id": order.id})
        order.action_confirm()
        run = self._run(ship_complete="order")
        self._stock(1.0)
        run.action_apply()
        self.assertEqual(run.stale_product_ids, self.goods | self.box)
        self.assertEqual(set(order.order_line.move_ids.mapped("quantity")), {0.0})

    def test_what_comes_back_of_an_earlier_period_raises_no_quota(self):
        protection = self.env["o2c.supply.protection"].create({
            "name": "Quota", "company_id": self.company.id, "product_id": self.goods.id,
            "warehouse_id": self.warehouse.id, "quantity": 20.0,
            "date_from": fields.Date.today(), "date_to": fields.Date.today(),
            "partner_ids": self.customer.ids,
        })
        self._stock(30.0)
        move = self._move(10.0)
        self._reserve(move)
        move.write({"quantity": 10.0, "picked": True})
        move.picking_id._action_done()
        move.date = fields.Datetime.now() - timedelta(days=40)
        back = self.env["stock.return.picking"].with_context(
            active_id=move.picking_id.id, active_model="stock.picking"
        ).create({})
        back.product_return_moves.quantity = 10.0
        returned = self.env["stock.picking"].browse(back.action_create_returns()["res_id"])
        returned.move_ids.picked = True
        returned._action_done()
        protection.invalidate_recordset()
        self.assertEqual((protection.consumed_quantity, protection.remaining_quantity), (0.0, 20.0))
