from datetime import timedelta

from psycopg2.errors import CheckViolation

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .allocation_common import AllocationCommon


@tagged("post_install", "-at_install")
class TestAllocationProtection(AllocationCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.retail = cls.env["o2c.customer.class"].create({"name": "Retail", "code": "R"})
        cls.customer.o2c_class_id = cls.retail

    def _protect(self, quantity, **values):
        return self.env["o2c.supply.protection"].create({
            "name": "Q1 retail",
            "product_id": self.goods.id,
            "quantity": quantity,
            "class_ids": self.retail.ids,
            **values,
        })

    def test_a_run_keeps_what_is_protected(self):
        self._protect(6.0)
        self._stock(10.0)
        stranger = self._move(8.0, rank=1, partner=self.other_customer)
        run = self._run()
        self.assertEqual(
            self._line(run, stranger).reason,
            "Got 4 from free stock. Q1 retail protects 6. 4 cannot be served.",
        )
        run.action_apply()
        self._assert_reserved((stranger, 4.0))

    def test_those_it_is_for_take_it(self):
        protection = self._protect(6.0)
        self._stock(10.0)
        stranger = self._move(8.0, rank=1, partner=self.other_customer)
        mine = self._move(8.0, rank=9)
        self._run().action_apply()
        self._assert_reserved((stranger, 4.0), (mine, 6.0))
        protection.invalidate_recordset()
        self.assertEqual(
            (protection.consumed_quantity, protection.remaining_quantity), (6.0, 0.0)
        )
        self.assertFalse(self._run().changing_line_ids)

    def test_ordinary_reservation_keeps_it_too(self):
        self._protect(6.0)
        self._stock(10.0)
        stranger = self._move(8.0, partner=self.other_customer)
        stranger.picking_id.action_assign()
        self._assert_reserved((stranger, 4.0))
        mine = self._move(8.0)
        mine._action_assign()
        self._assert_reserved((mine, 6.0))

    def test_what_was_delivered_uses_it_up_and_what_came_back_does_not(self):
        protection = self._protect(6.0)
        self._stock(20.0)
        mine = self._move(5.0)
        mine._action_assign()
        mine.picked = True
        mine.picking_id.button_validate()
        self.assertEqual(protection.consumed_quantity, 5.0)
        wizard = self.env["stock.return.picking"].with_context(
            active_id=mine.picking_id.id, active_model="stock.picking"
        ).create({})
        wizard.product_return_moves.quantity = 2.0
        back = self.env["stock.picking"].browse(wizard.action_create_returns()["res_id"])
        back.move_ids.write({"quantity": 2.0, "picked": True})
        back.button_validate()
        protection.invalidate_recordset()
        self.assertEqual(protection.consumed_quantity, 3.0)
        stranger = self._move(30.0, partner=self.other_customer)
        stranger._action_assign()
        self._assert_reserved((stranger, 14.0))

    def test_periods_warehouses_and_categories(self):
        self._stock(10.0)
        today = self.company._o2c_today()
        other = self.env["stock.warehouse"].create({"name": "Second", "code": "SEC"})
        day = timedelta(days=1)
        for values, expected in [
            ({"date_from": today, "date_to": today}, 4.0),
            ({"date_to": today - day}, 8.0),
            ({"date_from": today + day}, 8.0),
            ({"warehouse_id": self.warehouse.id}, 4.0),
            ({"warehouse_id": other.id}, 8.0),
            ({"product_id": False, "product_category_id": self.goods.categ_id.id}, 4.0),
            ({"product_id": self.box.id}, 8.0),
            ({"active": False}, 8.0),
            ({"class_ids": False, "partner_ids": self.other_customer.ids}, 8.0),
            ({"from_rank": 5}, 8.0),
            ({"from_rank": 2}, 4.0),
        ]:
            with self.subTest(values=values):
                protection = self._protect(6.0, **values)
                stranger = self._move(8.0, rank=3, partner=self.other_customer)
                stranger._action_assign()
                self.assertEqual(stranger.quantity, expected)
                stranger.picking_id.action_cancel()
                protection.unlink()

    def test_customers_of_a_region_and_of_those_below_it(self):
        north = self.env["o2c.sales.region"].create({"name": "North"})
        coast = self.env["o2c.sales.region"].create({"name": "Coast", "parent_id": north.id})
        self._protect(6.0, class_ids=False, region_ids=north.ids)
        self._stock(10.0)
        self.other_customer.o2c_region_id = coast
        mine = self._move(8.0, partner=self.other_customer)
        mine._action_assign()
        self._assert_reserved((mine, 8.0))

    def test_a_cap(self):
        self._protect(5.0, kind="cap")
        self._stock(20.0)
        moves = self._move(4.0, rank=1), self._move(4.0, rank=2)
        stranger = self._move(4.0, partner=self.other_customer)
        for move in (*moves, stranger):
            move._action_assign()
        self._assert_reserved((moves[0], 4.0), (moves[1], 1.0), (stranger, 4.0))
        run = self._run()
        self.assertIn("Q1 retail allows no more", self._line(run, moves[1]).reason)
        self.assertFalse(run.changing_line_ids)

    def test_a_cap_for_everybody(self):
        self._protect(5.0, kind="cap", class_ids=False)
        self._stock(20.0)
        move = self._move(8.0, partner=self.other_customer)
        move._action_assign()
        self._assert_reserved((move, 5.0))

    def test_a_protection_made_meanwhile_is_a_change(self):
        self._stock(10.0)
        self._move(8.0, partner=self.other_customer)
        run = self._run()
        self._protect(6.0)
        run.action_apply()
        self.assertEqual(run.state, "stale")

    def test_wrong_protections_are_refused(self):
        for values in (
            {"quantity": -1.0},
            {"product_category_id": self.goods.categ_id.id},
            {"product_id": False},
            {"date_from": "2025-02-01", "date_to": "2025-01-01"},
        ):
            with (
                self.subTest(values=values),
                mute_logger("odoo.sql_db"),
                self.assertRaises(CheckViolation),
                self.env.cr.savepoint(),
            ):
                self._protect(**{"quantity": 1.0, **values})
        with self.assertRaises(ValidationError):
            self._protect(1.0, class_ids=False)

    def test_only_allocation_managers_protect(self):
        protection = self._protect(6.0)
        with self.assertRaises(AccessError):
            protection.with_user(self.salesperson).read(["quantity"])
        protection.with_user(self.allocator).quantity = 3.0
        self.assertEqual(protection.with_user(self.allocator).consumed_quantity, 0.0)

    def test_those_of_a_plan_are_replaced(self):
        Protection = self.env["o2c.supply.protection"]
        vals = {
            "name": "Plan", "product_id": self.goods.id, "quantity": 2.0,
            "class_ids": self.retail.ids,
        }
        first = Protection._replace_from("plan,1", [vals])
        second = Protection._replace_from("plan,1", [{**vals, "quantity": 3.0}])
        self.assertEqual((first.active, second.active), (False, True))
