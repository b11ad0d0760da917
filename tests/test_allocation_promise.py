from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import Form, tagged

from .allocation_common import AllocationCommon


@tagged("post_install", "-at_install")
class TestAllocationPromise(AllocationCommon):
    """A quotation says how much this customer can be promised, and from when."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.suppliers = cls.env.ref("stock.stock_location_suppliers")
        cls.company.partner_id.tz = "UTC"
        cls.today = cls.company._o2c_today()

    def _in_days(self, days):
        return fields.Datetime.now() + timedelta(days=days)

    def _receipt(self, quantity, days, product=None, location=None, **values):
        move = self.env["stock.move"].create({
            "product_id": (product or self.goods).id,
            "product_uom_qty": quantity,
            "location_id": self.suppliers.id,
            "location_dest_id": (location or self.stock_location).id,
            "picking_type_id": self.warehouse.in_type_id.id,
            "date": self._in_days(days),
            **values,
        })
        move._action_confirm(merge=False)
        move.date = self._in_days(days)
        return move

    def _line(self, quantity, rank=0, days=None, product=None, **values):
        order = self._new_order(
            product=product or self.goods,
            quantity=quantity,
            commitment_date=self._in_days(days) if days is not None else False,
            **values,
        )
        order.order_line.o2c_allocation_rank = rank
        return order.order_line

    def _assert_promise(self, line, quantity, days, state=None):
        line.invalidate_recordset()
        self.assertEqual(line.o2c_promise_qty, quantity)
        expected = self.today + timedelta(days=days) if days is not None else False
        self.assertEqual(line.o2c_promise_date, expected)
        if state:
            self.assertEqual(line.o2c_promise_state, state)

    def test_free_stock(self):
        self._stock(10.0)
        line = self._line(4.0)
        self._assert_promise(line, 10.0, 0, "on_time")
        self.assertFalse(line.order_id.o2c_promise_warning)

    def test_receipts(self):
        self._stock(3.0)
        self._receipt(5.0, 4)
        self._receipt(5.0, 9)
        self._assert_promise(self._line(3.0), 3.0, 0, "on_time")
        self._assert_promise(self._line(8.0), 3.0, 4, "late")
        self._assert_promise(self._line(8.0, days=6), 8.0, 4, "on_time")
        self._assert_promise(self._line(13.0, days=6), 8.0, 9, "late")
        self._assert_promise(self._line(14.0, days=6), 8.0, None, "never")

    def test_a_warning_when_the_agreed_date_is_earlier(self):
        self._stock(3.0)
        self._receipt(5.0, 9)
        late, never = self._line(8.0, days=2), self._line(20.0, days=2)
        self.assertIn("3 of 8 Units can be promised", late.order_id.o2c_promise_warning)
        self.assertIn("all of them from", late.order_id.o2c_promise_warning)
        self.assertIn("no receipt is planned", never.order_id.o2c_promise_warning)
        late.order_id.commitment_date = self._in_days(9)
        self.assertFalse(late.order_id.o2c_promise_warning)

    def test_better_ranked_deliveries_go_before(self):
        self._stock(10.0)
        self._move(6.0, rank=3)
        self._assert_promise(self._line(5.0, rank=9), 4.0, None)
        self._assert_promise(self._line(5.0, rank=1), 10.0, 0)

    def test_what_others_hold_is_theirs(self):
        self._stock(10.0)
        self._reserve(self._move(6.0, rank=9))
        self._assert_promise(self._line(5.0, rank=1), 4.0, None)

    def test_the_class_of_the_customer_ranks(self):
        self._stock(10.0)
        self._move(6.0, rank=30)
        line = self._line(5.0)
        self._assert_promise(line, 4.0, None)
        line.order_id.partner_id.o2c_class_id = self.env["o2c.customer.class"].create(
            {"name": "Key", "code": "KEYX", "allocation_rank": 2}
        )
        self._assert_promise(line, 10.0, 0)

    def test_it_says_what_reservation_then_does(self):
        self._stock(10.0)
        self._move(6.0, rank=3), self._move(3.0, rank=7)
        for rank, quantity in ((1, 10.0), (5, 4.0), (9, 1.0)):
            with self.subTest(rank=rank):
                line = self._line(12.0, rank=rank)
                self._assert_promise(line, quantity, None)
                line.order_id.action_confirm()
                line.move_ids._action_assign()
                self.assertEqual(line.move_ids.quantity, quantity)
                line.order_id._action_cancel()

    def test_protected_stock(self):
        self._stock(10.0)
        self.env["o2c.supply.protection"].create({
            "name": "Key accounts first",
            "product_id": self.goods.id,
            "quantity": 7.0,
            "partner_ids": [Command.link(self.other_customer.id)],
            "company_id": self.company.id,
        })
        line = self._line(5.0)
        self._assert_promise(line, 3.0, None)
        self.assertEqual(line.o2c_promise_details["kept"], 7.0)
        self._assert_promise(self._line(5.0, partner=self.other_customer), 10.0, 0)
        self._receipt(4.0, 3)
        self._assert_promise(line, 3.0, 3)

    def test_caps(self):
        self._stock(10.0)
        self.env["o2c.supply.protection"].create({
            "name": "Not more",
            "kind": "cap",
            "product_id": self.goods.id,
            "quantity": 2.0,
            "partner_ids": [Command.link(self.customer.id)],
            "company_id": self.company.id,
        })
        self._assert_promise(self._line(5.0), 2.0, None)
        self._assert_promise(self._line(5.0, partner=self.other_customer), 10.0, 0)

    def test_products_that_share_a_protection(self):
        self.goods.categ_id = self.box.categ_id = self.env["product.category"].create(
            {"name": "Shared"}
        )
        self._stock(10.0)
        self._stock(10.0, product=self.box)
        self.env["o2c.supply.protection"].create({
            "name": "Fleet",
            "product_category_id": self.goods.categ_id.id,
            "quantity": 15.0,
            "partner_ids": [Command.link(self.other_customer.id)],
            "company_id": self.company.id,
        })
        line = self._line(4.0)
        self._assert_promise(line, 5.0, 0)
        other = line.copy({"order_id": line.order_id.id, "product_id": self.box.id})
        self._assert_promise(line, 5.0, 0)
        self._assert_promise(other, 1.0, None)
        self._receipt(3.0, 2, product=self.box)
        self._assert_promise(other, 1.0, 2)

    def _hold_back(self, quantity, **values):
        soft = self.env["o2c.soft.reservation"].create({
            "partner_id": self.other_customer.id,
            "product_id": self.goods.id,
            "warehouse_id": self.warehouse.id,
            "quantity": quantity,
            **values,
        })
        soft.action_activate()
        return soft

    def test_soft_reservations_of_others(self):
        self._stock(10.0)
        soft = self._hold_back(6.0)
        line = self._line(5.0)
        self._assert_promise(line, 4.0, None)
        self.assertEqual(line.o2c_promise_details["kept"], 6.0)
        self._assert_promise(self._line(5.0, rank=1), 10.0, 0)
        self._assert_promise(self._line(5.0, partner=self.other_customer), 10.0, 0)
        soft.expires_at = self._in_days(-1)
        self._assert_promise(line, 10.0, 0)

    def test_the_own_soft_reservation(self):
        self._stock(10.0)
        own = self._line(5.0, partner=self.other_customer)
        self._hold_back(6.0, order_line_id=own.id)
        self._assert_promise(own, 10.0, 0)
        self._assert_promise(self._line(5.0), 4.0, None)

    def test_far_off_deliveries_come_last(self):
        self._stock(10.0)
        self.company.o2c_allocation_horizon_days = 30
        self._move(6.0, rank=1, commitment_date=self._in_days(50))
        self._assert_promise(self._line(10.0, rank=9), 10.0, 0)
        self._assert_promise(self._line(10.0, rank=9, days=50), 4.0, None)
        self._receipt(6.0, 25)
        # By then the better-ranked one competes as well.
        self._assert_promise(self._line(12.0, rank=9), 10.0, None)

    def test_lines_of_one_quotation_share(self):
        self._stock(10.0)
        order = self._new_order(product=self.goods, quantity=7.0)
        order.order_line.copy({"order_id": order.id})
        first, second = order.order_line
        self._assert_promise(first, 10.0, 0)
        self._assert_promise(second, 3.0, None)
        self._assert_promise(self._line(7.0), 10.0, 0)

    def test_other_units(self):
        self._stock(30.0)
        line = self._line(2.0)
        line.product_uom_id = self.env.ref("uom.product_uom_dozen")
        self._assert_promise(line, 2.5, 0)

    def test_a_designated_place(self):
        self._stock(10.0, location=self.shelf)
        self._stock(2.0, location=self.other_shelf)
        self._receipt(5.0, 3)
        line = self._line(4.0, days=5)
        line.o2c_source_location_id = self.other_shelf
        self._assert_promise(line, 2.0, None)
        line.o2c_source_mode = "first"
        self._assert_promise(line, 17.0, 0)

    def test_goods_that_pass_the_dock_are_counted_once(self):
        self.warehouse.reception_steps = "two_steps"
        dock = self.warehouse.wh_input_stock_loc_id
        self._receipt(5.0, 3, location=dock, location_final_id=self.stock_location.id)
        line = self._line(4.0, days=9)
        self._assert_promise(line, 5.0, 3)
        putaway = self._receipt(5.0, 4, location_id=dock.id)
        putaway.move_orig_ids = self.env["stock.move"].search(
            [("location_dest_id", "=", dock.id), ("product_id", "=", self.goods.id)]
        )
        self._assert_promise(line, 5.0, 4)

    def test_goods_procured_for_somebody_are_his(self):
        move = self._move(5.0, rank=99)
        self._receipt(5.0, 3, move_dest_ids=[Command.link(move.id)])
        self._assert_promise(self._line(5.0, rank=1), 0.0, None)

    def test_other_warehouses_do_not_count(self):
        other = self.env["stock.warehouse"].create({"name": "Far", "code": "FAR"})
        self._stock(10.0, location=other.lot_stock_id)
        self._receipt(5.0, 3, location=other.lot_stock_id)
        line = self._line(5.0)
        self._assert_promise(line, 0.0, None)
        line.o2c_source_warehouse_id = other
        self._assert_promise(line, 10.0, 0)

    def test_lead_time(self):
        self._stock(10.0)
        line = self._line(5.0)
        line.customer_lead = 6
        self._assert_promise(line, 10.0, 6, "on_time")

    def test_nothing_is_promised_where_nothing_is_asked(self):
        self._stock(10.0)
        order = self._new_order(product=self.service)
        self.assertFalse(order.order_line.o2c_promise_state)
        line = self._line(5.0)
        line.order_id.action_confirm()
        self._assert_promise(line, 0.0, None, False)
        line = self._line(5.0)
        self.company.o2c_use_allocation = False
        self._assert_promise(line, 0.0, None, False)

    def test_it_is_known_before_the_quotation_is_saved(self):
        self._stock(10.0)
        self._move(6.0, rank=3)
        form = Form(self.env["sale.order"].with_user(self.salesperson))
        form.partner_id = self.customer
        with form.order_line.new() as line:
            line.product_id = self.goods
            line.product_uom_qty = 5.0
            self.assertEqual(line.o2c_promise_qty, 4.0)
            self.assertFalse(line.o2c_promise_date)
            line.product_uom_qty = 4.0
            self.assertEqual(line.o2c_promise_date, self.today)
        form.commitment_date = self._in_days(2)
        self.assertFalse(form.o2c_promise_warning)

    def test_salespeople_know_sums_only(self):
        self._stock(10.0)
        move = self._move(6.0, rank=3)
        receipt = self._receipt(5.0, 3)
        line = self._line(5.0).with_user(self.salesperson)
        self.assertEqual(line.o2c_promise_qty, 4.0)
        self.assertFalse(line.o2c_promise_details["has_before"])
        self.assertEqual(line.o2c_promise_details["ahead"], 6.0)
        self.assertEqual(line.action_o2c_open_receipts()["domain"], [("id", "in", (receipt.id,))])
        with self.assertRaises(AccessError):
            line.action_o2c_open_before()
        action = line.with_user(self.o2c_manager).action_o2c_open_before()
        self.assertEqual(action["domain"], [("id", "in", (move.id,))])

    def test_statements_do_not_grow_with_lines(self):
        products = self.env["product.product"].create([
            {"name": f"P{number}", "type": "consu", "is_storable": True, "taxes_id": False}
            for number in range(20)
        ])
        for product in products:
            self._stock(10.0, product=product)
            self._receipt(3.0, 4, product=product)
            self._move(5.0, rank=1, product=product)

        def statements(count):
            order = self._new_order(product=products[0], quantity=2.0)
            order.order_line = [
                Command.create({"product_id": product.id, "product_uom_qty": 7.0})
                for product in products[1:count]
            ]
            self.env.flush_all()
            self.env.invalidate_all()
            order.order_line.mapped("qty_delivered")
            before = self.env.cr.sql_log_count
            order.order_line.mapped("o2c_promise_qty")
            return self.env.cr.sql_log_count - before

        statements(2)
        self.assertLessEqual(statements(20) - statements(2), 0)
        self.company.o2c_use_allocation = False
        self.assertLessEqual(statements(20), 6)
