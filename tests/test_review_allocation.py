from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
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

    def test_a_protection_is_of_something(self):
        with self.assertRaises(ValidationError):
            self.env["o2c.supply.protection"].create({
                "name": "Of nothing", "quantity": 1.0, "partner_ids": self.customer.ids,
            })

    def test_stock_users_read_for_whom_goods_are_kept(self):
        kept_for = self.env["o2c.customer.class"].create({"name": "Key", "code": "KEY"})
        region = self.env["o2c.sales.region"].create({"name": "North", "code": "N"})
        protection = self.env["o2c.supply.protection"].create({
            "name": "Quota", "product_id": self.goods.id, "quantity": 1.0,
            "class_ids": kept_for.ids, "region_ids": region.ids, "partner_ids": self.customer.ids,
        })
        names = {"fields": {"display_name": {}}}
        stocker = self._new_user("stan", "stock.group_stock_user")
        [values] = protection.with_user(stocker).web_read(
            {"class_ids": names, "region_ids": names, "partner_ids": names}
        )
        self.assertEqual(values["class_ids"][0]["display_name"], kept_for.display_name)
        with self.assertRaises(AccessError):
            kept_for.with_user(stocker).allocation_rank = 1

    def test_changes_of_a_run_are_round_figures(self):
        self._stock(3.3)
        low, high = self._move(3.3, rank=9), self._move(1.1, rank=1)
        self._reserve(low)
        run = self._run()
        self.assertEqual(self._line(run, high).delta_qty, 1.1)
        self.assertEqual(self._line(run, low).delta_qty, -1.1)
        self.assertEqual(self._line(run, low).missing_qty, 1.1)

    def test_what_is_lacking_at_one_place_is_not_given_away_at_another(self):
        other_warehouse = self.env["stock.warehouse"].create({"name": "Other", "code": "OTH"})
        for places in ((self.shelf, self.other_shelf), (self.other_shelf, self.shelf)):
            with self.subTest(first=places[0].name):
                product = self._create_product(name="Keg", type="consu", is_storable=True)
                lacking = self.other_shelf
                for place in places:
                    self._stock(-4.0 if place == lacking else 10.0, product=product, location=place)
                self._stock(-5.0, product=product, location=other_warehouse.lot_stock_id)
                low, high = (self._move(8.0, rank=rank, product=product) for rank in (9, 1))
                self._reserve(low)
                run = self._run(product_ids=product.ids)
                self.assertEqual(
                    (self._line(run, high).planned_qty, self._line(run, low).planned_qty), (6.0, 0.0)
                )
                run.action_apply()
                self.assertEqual((high.quantity, low.quantity), (6.0, 0.0))

    def test_nobody_but_a_confirmation_consumes_what_is_held_back(self):
        self._stock(10.0)
        as_manager = self.env["o2c.soft.reservation"].with_user(self.allocator)
        for create in (
            lambda: self._soft(1.0).with_user(self.allocator).write({"stage": "consumed"}),
            lambda: as_manager.create({
                "partner_id": self.customer.id, "product_id": self.goods.id,
                "warehouse_id": self.warehouse.id, "quantity": 1.0, "state": "consumed",
            }),
        ):
            with self.assertRaises(AccessError):
                create()
        soft = self._soft(1.0)
        self._move(1.0)
        self.assertEqual(soft.state, "consumed")
        with self.assertRaises(UserError):
            soft.with_user(self.allocator).write({"state": "consumed", "quantity": 5.0})
