from datetime import timedelta

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged
from odoo.tools import html2plaintext

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
            "Got 4 from free stock. Quota 'Q1 retail' protects 6. 4 cannot be served.",
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
        result = stranger.picking_id.action_assign()
        self._assert_reserved((stranger, 4.0))
        self.assertEqual(
            result["params"]["message"], "Crate: 4 Units (Quota 'Q1 retail')"
        )
        self.assertEqual(result["params"]["title"], "Left for Others")
        mine = self._move(8.0)
        mine._action_assign()
        self._assert_reserved((mine, 6.0))

    def test_a_cap_says_that_no_more_is_allowed(self):
        self._protect(3.0, kind="cap")
        self._stock(10.0)
        result = self._move(8.0).picking_id.action_assign()
        self.assertEqual(result["params"]["title"], "No More Is Allowed")
        self.assertEqual(
            result["params"]["message"], "Crate: 5 Units (Quota 'Q1 retail' allows no more)"
        )

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
        self.assertIn("Quota 'Q1 retail' allows no more", self._line(run, moves[1]).reason)
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
            {"product_id": self.service.id},
            {"from_rank": -1},
            {"date_from": "2025-02-01", "date_to": "2025-01-01"},
        ):
            with self.subTest(values=values), self.assertRaises(ValidationError):
                self._protect(**{"quantity": 1.0, **values})
        with self.assertRaises(ValidationError):
            self._protect(1.0, class_ids=False)

    def test_only_allocation_managers_protect(self):
        protection = self._protect(6.0)
        with self.assertRaises(AccessError):
            protection.with_user(self.salesperson).read(["quantity"])
        protection.with_user(self.allocator).quantity = 3.0
        self.assertEqual(protection.with_user(self.allocator).consumed_quantity, 0.0)

    def test_stock_users_read_it_and_change_nothing(self):
        protection = self._protect(6.0)
        stocker = self._new_user("stan", "stock.group_stock_user")
        self.assertEqual(protection.with_user(stocker).read(["quantity"])[0]["quantity"], 6.0)
        with self.assertRaises(AccessError):
            protection.with_user(stocker).quantity = 1.0

    def test_those_of_a_plan_follow_it(self):
        Protection = self.env["o2c.supply.protection"]
        row = {
            "name": "Plan", "product_id": self.goods.id, "quantity": 2.0,
            "date_from": "2025-01-01", "date_to": "2025-03-31", "class_ids": self.retail.ids,
        }
        other = {**row, "product_id": self.box.id}
        first = Protection._generate_from_plan("plan,1", [row, other])
        self.assertEqual(first.mapped("quantity"), [2.0, 2.0])
        again = Protection._generate_from_plan("plan,1", [row, other])
        self.assertEqual(again, first)
        changed = Protection._generate_from_plan("plan,1", [{**row, "quantity": 3.0}])
        self.assertEqual(changed, first[0])
        self.assertEqual(first.mapped("quantity"), [3.0, 2.0])
        self.assertEqual(first.mapped("active"), [True, False])
        back = Protection._generate_from_plan("plan,1", [row, row, other])
        self.assertEqual(back, first[0] | first[1])
        self.assertEqual(back.mapped("quantity"), [4.0, 2.0])
        self.assertEqual(back.mapped("active"), [True, True])
        self.assertFalse(Protection._generate_from_plan("plan,1", []))
        with self.assertRaises(ValidationError):
            Protection._generate_from_plan("plan,2", [{**row, "class_ids": []}])

    def test_the_products_of_a_category_share_its_quantity(self):
        category = self.env["product.category"].create({"name": "Packaging"})
        below = self.env["product.category"].create({"name": "Crates", "parent_id": category.id})
        self.goods.categ_id = below
        self.box.categ_id = category
        protection = self._protect(12.0, product_id=False, product_category_id=category.id)
        self._stock(10.0)
        self._stock(10.0, product=self.box)
        crates = self._move(10.0, partner=self.other_customer)
        boxes = self._move(10.0, partner=self.other_customer, product=self.box)
        crates._action_assign()
        boxes._action_assign()
        self._assert_reserved((crates, 8.0), (boxes, 0.0))
        mine = self._move(5.0, product=self.box)
        mine._action_assign()
        self._assert_reserved((mine, 5.0))
        self.assertEqual(protection.consumed_quantity, 5.0)
        boxes._action_assign()
        self._assert_reserved((boxes, 0.0))
        self.assertFalse(self._run().changing_line_ids)
        order = self._new_order(product=self.goods, quantity=10.0, partner=self.other_customer)
        promise = self.env["o2c.promise"]._promises(order.order_line)[order.order_line]
        self.assertEqual(promise.timeline.steps[0].promised, 0.0)

    def test_a_cap_on_a_category(self):
        self.box.categ_id = self.goods.categ_id
        self._protect(
            7.0, kind="cap", product_id=False, product_category_id=self.goods.categ_id.id
        )
        self._stock(10.0)
        self._stock(10.0, product=self.box)
        crates, boxes = self._move(5.0), self._move(5.0, product=self.box)
        (crates | boxes)._action_assign()
        self._assert_reserved((crates, 5.0), (boxes, 2.0))

    def test_contacts_and_archived_customers(self):
        contact = self.env["res.partner"].create({
            "name": "Buyer", "parent_id": self.customer.id
        })
        protection = self._protect(6.0, class_ids=False, partner_ids=contact.ids)
        self._stock(10.0)
        mine = self._move(3.0)
        mine._action_assign()
        self.assertEqual(protection.consumed_quantity, 3.0)
        contact.active = False
        protection.quantity = 7.0
        stranger = self._move(10.0, partner=self.other_customer)
        stranger._action_assign()
        self._assert_reserved((mine, 3.0), (stranger, 3.0))

    def test_several_protections_of_several_customers(self):
        self._protect(3.0)
        self._protect(4.0, class_ids=False, partner_ids=self.other_customer.ids)
        self._stock(10.0)
        retail, other = self._move(10.0), self._move(10.0, partner=self.other_customer)
        retail._action_assign()
        other._action_assign()
        self._assert_reserved((retail, 6.0), (other, 4.0))

    def test_the_stock_of_another_company_protects_nobody(self):
        other_company = self.env["res.company"].create({"name": "Elsewhere"})
        place = self.env["stock.warehouse"].search([("company_id", "=", other_company.id)])
        self._protect(6.0)
        self._stock(10.0)
        self._stock(100.0, location=place.lot_stock_id)
        stranger = self._move(8.0, partner=self.other_customer)
        stranger._action_assign()
        self._assert_reserved((stranger, 4.0))

    def test_branches_share_it(self):
        branch = self.env["res.company"].create({
            "name": "Branch", "parent_id": self.company.id
        })
        self.env.user.company_ids |= branch
        protection = self._protect(6.0)
        place = self.env["stock.warehouse"].search([("company_id", "=", branch.id)])
        place.out_type_id.reservation_method = "manual"
        self._stock(10.0, location=place.lot_stock_id)
        values = {"company_id": branch.id, "warehouse_id": place.id}
        stranger = self._move(8.0, partner=self.other_customer, **values)
        stranger._action_assign()
        self._assert_reserved((stranger, 4.0))
        mine = self._move(2.0, **values)
        mine._action_assign()
        protection.invalidate_recordset()
        self.assertEqual(protection.consumed_quantity, 2.0)

    def test_quantities_in_other_units(self):
        protection = self._protect(30.0)
        self._stock(40.0)
        dozen = self.env.ref("uom.product_uom_dozen")
        order = self._new_order(product=self.goods)
        order.order_line.write({"product_uom_id": dozen.id, "product_uom_qty": 2.0})
        order.action_confirm()
        mine = order.order_line.move_ids
        mine._action_assign()
        self.assertEqual(protection.consumed_quantity, 24.0)
        mine.picked = True
        mine.picking_id.button_validate()
        protection.invalidate_recordset()
        self.assertEqual(protection.consumed_quantity, 24.0)
        stranger = self._move(20.0, partner=self.other_customer)
        stranger._action_assign()
        self._assert_reserved((stranger, 10.0))

    def test_the_moves_behind_the_figure(self):
        protection = self._protect(6.0)
        self._stock(10.0)
        mine, _stranger = self._move(4.0), self._move(2.0, partner=self.other_customer)
        self._move(1.0)
        mine._action_assign()
        action = protection.action_view_moves()
        self.assertEqual(self.env["stock.move"].search(action["domain"]), mine)
        self.assertEqual(protection.move_count, 1)
        self.assertAlmostEqual(protection.consumed_percent, 400.0 / 6.0)

    def test_three_steps_count_once(self):
        self.warehouse.delivery_steps = "pick_pack_ship"
        self.warehouse.pick_type_id.reservation_method = "manual"
        protection = self._protect(6.0)
        self._stock(10.0)
        mine = self._move(5.0)
        while mine:
            mine._action_assign()
            self.env.invalidate_all()
            self.assertEqual(protection.consumed_quantity, 5.0)
            mine.picked = True
            mine.picking_id.button_validate()
            mine = mine.move_dest_ids
        self.env.invalidate_all()
        self.assertEqual(protection.consumed_quantity, 5.0)

    def test_what_is_found_by_its_time(self):
        today, day = self.company._o2c_today(), timedelta(days=1)
        expected = {
            "current": self._protect(1.0, date_from=today, date_to=today),
            "future": self._protect(1.0, date_from=today + day),
            "over": self._protect(1.0, date_to=today - day),
        }
        for status, protection in expected.items():
            self.assertEqual(protection.status, status)
            found = protection.search([("status", "=", status), ("name", "=", "Q1 retail")])
            self.assertEqual(found, protection)

    def test_one_statement_for_many(self):
        def statements(protections):
            self.env.flush_all()
            self.env.invalidate_all()
            protections.mapped("status")
            before = self.env.cr.sql_log_count
            protections.mapped("consumed_quantity")
            return self.env.cr.sql_log_count - before

        many = self.env["o2c.supply.protection"].union(*(self._protect(1.0) for _n in range(20)))
        self.assertEqual(statements(many[:2]), statements(many))

    def test_it_costs_nothing_where_nothing_is_set_apart(self):
        def statements(is_on):
            self.company.o2c_use_allocation = is_on
            move = self._move(1.0)
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            move._action_assign()
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        self._protect(5.0, product_id=self.box.id)
        self._stock(1000.0)
        statements(True), statements(False)
        self.assertLessEqual(statements(True) - statements(False), 1)

    def test_what_a_person_delivers_beyond_is_noted(self):
        self._protect(6.0)
        cap = self._protect(
            5.0, name="Ceiling", kind="cap", class_ids=False, partner_ids=self.other_customer.ids
        )
        self._stock(10.0)
        stranger = self._move(8.0, partner=self.other_customer)
        stranger._action_assign()
        self._assert_reserved((stranger, 4.0))
        # Typed by hand.
        stranger.write({"quantity": 8.0, "picked": True})
        stranger.picking_id.button_validate()
        self.assertEqual(stranger.state, "done")
        notes = html2plaintext(" ".join(stranger.picking_id.message_ids.mapped("body")))
        self.assertIn("'Q1 retail' protects 6, and after this delivery 2 are free.", notes)
        self.assertIn("8 are taken, 5 are allowed.", notes)
        self.assertEqual(cap.consumed_quantity, 8.0)

    def test_what_is_delivered_within_is_not_noted(self):
        self._protect(6.0)
        self._stock(10.0)
        for move in (self._move(4.0), self._move(4.0, partner=self.other_customer)):
            move._action_assign()
            move.picked = True
            move.picking_id.button_validate()
            bodies = " ".join(move.picking_id.message_ids.mapped("body"))
            self.assertNotIn("Q1 retail", bodies)
