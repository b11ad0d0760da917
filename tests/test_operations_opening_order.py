from datetime import date, datetime

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from .opening_common import OpeningCommon

OPEN = "Order,Customer,Order Date,Product,Quantity,Unit Price,Discount,Delivery Date,Warehouse"
DELIVERED = "Order,Customer,Order Date,Product,Ordered,Delivered,Invoiced,Unit Price"


@tagged("post_install", "-at_install")
class TestOpeningOrders(OpeningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.goods.default_code = "CRATE"
        cls.service.default_code = "CONS"
        cls.warehouse = cls.env["stock.warehouse"].search(
            [("company_id", "=", cls.company.id)], limit=1
        )

    def _orders(self, *lines, **values):
        opening = self._import("\n".join((OPEN, *lines)), kind="order", **values)
        opening.action_import()
        return opening

    def _delivered(self, *lines, **values):
        opening = self._import("\n".join((DELIVERED, *lines)), kind="delivered", **values)
        opening.action_import()
        return opening

    # Open orders

    def test_an_open_order_is_confirmed_with_its_number_date_and_price(self):
        opening = self._orders(
            "S-1,C1,2025-06-02,CRATE,10,25.50,10,2025-07-15,",
            "S-1,C1,2025-06-02,CONS,2,80,,2025-07-15,",
        )
        order = opening.order_ids
        self.assertRecordValues(
            order,
            [
                {
                    "name": "S-1",
                    "state": "sale",
                    "partner_id": self.customer.id,
                    "user_id": self.salesperson.id,
                    "date_order": datetime(2025, 6, 2, 12),
                    "commitment_date": datetime(2025, 7, 15, 12),
                    "amount_untaxed": 229.5 + 160.0,
                }
            ],
        )
        self.assertRecordValues(
            order.order_line,
            [
                {"product_uom_qty": 10.0, "price_unit": 25.5, "discount": 10.0},
                {"product_uom_qty": 2.0, "price_unit": 80.0, "discount": 0.0},
            ],
        )
        self.assertEqual(order.picking_ids.move_ids.product_uom_qty, 10.0)
        self.assertFalse(order.message_ids.filtered(lambda m: m.message_type == "email"))

    def test_the_price_stays_when_the_quantity_changes(self):
        order = self._orders("S-1,C1,2025-06-02,CRATE,10,25.50,,,").order_ids
        order.order_line.product_uom_qty = 12
        self.assertEqual(order.order_line.price_unit, 25.5)

    def test_warehouse_by_short_name(self):
        other = self.env["stock.warehouse"].create({"name": "Northern Depot", "code": "NORD"})
        opening = self._orders(
            "S-1,C1,2025-06-02,CRATE,1,1,,,NORD", "S-2,C1,2025-06-02,CRATE,1,1,,,Northern Depot"
        )
        self.assertEqual(opening.order_ids.warehouse_id, other)
        self.assertEqual(opening.order_ids.picking_ids.picking_type_id.warehouse_id, other)

    def test_products_by_reference_barcode_or_name(self):
        self.goods.barcode = "4006381333931"
        opening = self._orders(
            "S-1,C1,2025-06-02,4006381333931,1,1,,,", "S-2,C1,2025-06-02,Consulting,1,1,,,"
        )
        self.assertEqual(opening.order_ids.order_line.product_id, self.goods | self.service)

    def test_bad_rows(self):
        archived = self._create_product(name="Old crate", default_code="OLD", active=False)
        self._create_product(name="Twin", default_code="TWIN")
        self._create_product(name="Twin", default_code="TWIN")
        table = [
            ("S-1,C1,2025-06-02,NONE,1,1,,,", "no product"),
            (f"S-1,C1,2025-06-02,{archived.default_code},1,1,,,", "archived"),
            ("S-1,C1,2025-06-02,TWIN,1,1,,,", "2 products"),
            ("S-1,Z9,2025-06-02,CRATE,1,1,,,", "no customer"),
            ("S-1,C1,2025-06-02,CRATE,0,1,,,", "more than zero"),
            ("S-1,C1,2025-06-02,CRATE,1,1,,,NOWH", "no warehouse"),
            ("S-1,C1,06/02/2025,CRATE,1,1,,,", "no date"),
        ]
        for line, reason in table:
            opening = self._import(f"{OPEN}\n{line}", kind="order")
            opening.action_check()
            self.assertIn(reason, opening.error_ids.reason, line)
            with self.assertRaises(UserError):
                opening.action_import()

    def test_the_good_orders_only_and_each_in_whole(self):
        opening = self._orders(
            "S-1,C1,2025-06-02,CRATE,10,1,,,",
            "S-1,C1,2025-06-02,NONE,10,1,,,",
            "S-2,C1,2025-06-02,CRATE,5,1,,,",
            bad_row_policy="good",
        )
        self.assertEqual(opening.order_ids.mapped("name"), ["S-2"])
        self.assertEqual((opening.good_count, opening.bad_count), (1, 2))

    def test_orders_after_the_opening_date_are_left_out(self):
        opening = self._orders(
            "S-1,C1,2025-06-30,CRATE,10,1,,,", "S-2,C1,2025-07-01,CRATE,10,1,,,"
        )
        self.assertEqual(opening.order_ids.mapped("name"), ["S-1"])
        self.assertEqual(opening.skipped_count, 1)

    def test_the_same_file_twice_adds_nothing(self):
        lines = ["S-1,C1,2025-06-02,CRATE,10,1,,,", "S-1,C1,2025-06-02,CONS,1,1,,,"]
        order = self._orders(*lines).order_ids
        order.order_line[0].product_uom_qty = 11
        again = self._orders(*reversed(lines))
        self.assertFalse(again.order_ids)
        self.assertEqual(again.duplicate_count, 2)
        other = self._import(f"{OPEN}\n{lines[0]}", kind="order")
        other.action_check()
        self.assertIn("differently", other.error_ids.reason)

    def test_an_order_made_by_hand_is_not_doubled(self):
        order = self._new_order()
        opening = self._import(f"{OPEN}\n{order.name},C1,2025-06-02,CRATE,1,1,,,", kind="order")
        opening.action_check()
        self.assertIn("did not come from an import", opening.error_ids.reason)

    def test_orders_in_another_currency_take_a_pricelist_of_it(self):
        currency = self.setup_other_currency("EUR", rates=[("2020-01-01", 2.0)])
        header = OPEN + ",Currency"
        line = "S-1,C1,2025-06-02,CRATE,10,2,,,,EUR"
        opening = self._import(f"{header}\n{line}", kind="order")
        opening.action_check()
        self.assertIn("no pricelist", opening.error_ids.reason)
        self.env["product.pricelist"].create(
            {"name": "Foreign", "currency_id": currency.id}
        )
        opening.action_import()
        order = opening.order_ids
        self.assertEqual(order.currency_id, currency)
        self.assertEqual(order.order_line.price_unit, 2.0)
        self.assertEqual(opening.tie_out_ids[0].amount, 10.0)

    def test_no_line_is_repriced_by_the_pricelist_of_the_customer(self):
        pricelist = self.env["product.pricelist"].create({
            "name": "Half",
            "item_ids": [
                Command.create({
                    "applied_on": "3_global",
                    "compute_price": "percentage",
                    "percent_price": 50,
                })
            ],
        })
        self.customer.property_product_pricelist = pricelist
        order = self._orders("S-1,C1,2025-06-02,CRATE,10,30,,,").order_ids
        self.assertEqual(order.pricelist_id, pricelist)
        self.assertEqual(order.order_line.price_unit, 30.0)
        self.assertEqual(order.order_line.discount, 0.0)

    # Delivered, not invoiced

    def test_what_was_delivered_counts_without_a_move(self):
        order = self._delivered("D-1,C1,2025-06-02,CRATE,10,6,0,25").order_ids
        line = order.order_line
        self.assertRecordValues(
            line,
            [
                {
                    "product_uom_qty": 10.0,
                    "qty_delivered": 6.0,
                    "qty_invoiced": 0.0,
                    "qty_to_invoice": 6.0,
                    "untaxed_amount_to_invoice": 150.0,
                    "invoice_status": "to invoice",
                }
            ],
        )
        self.assertEqual(line.move_ids.product_uom_qty, 4.0, "only what is left to deliver")
        self.assertEqual(order.delivery_status, "partial")

    def test_delivered_in_full_needs_no_delivery(self):
        order = self._delivered("D-1,C1,2025-06-02,CRATE,10,10,0,25").order_ids
        self.assertFalse(order.picking_ids)
        self.assertEqual(order.delivery_status, "full")
        invoice = order._create_invoices()
        self.assertEqual(invoice.invoice_line_ids.quantity, 10.0)
        invoice.action_post()
        self.assertEqual(order.invoice_status, "invoiced")
        self.assertEqual(order.order_line.amount_to_invoice, 0.0)

    def test_the_rest_is_delivered_and_invoiced_later(self):
        order = self._delivered("D-1,C1,2025-06-02,CRATE,10,6,0,25").order_ids
        order._create_invoices().action_post()
        self.assertEqual(order.order_line.qty_invoiced, 6.0)
        picking = order.picking_ids
        picking.move_ids.quantity = 4.0
        picking.move_ids.picked = True
        picking.button_validate()
        self.assertEqual(order.order_line.qty_delivered, 10.0)
        self.assertEqual(order.delivery_status, "full")
        self.assertEqual(order.order_line.qty_to_invoice, 4.0)
        order._create_invoices().action_post()
        self.assertEqual(order.invoice_status, "invoiced")
        return order

    def test_a_return_lowers_what_was_delivered_and_makes_no_new_delivery(self):
        order = self._delivered("D-1,C1,2025-06-02,CRATE,10,6,0,25").order_ids
        picking = order.picking_ids
        picking.move_ids.quantity = 4.0
        picking.move_ids.picked = True
        picking.button_validate()
        wizard = (
            self.env["stock.return.picking"]
            .with_context(active_id=picking.id, active_ids=picking.ids, active_model="stock.picking")
            .create({})
        )
        wizard.product_return_moves.quantity = 1.0
        returned = self.env["stock.picking"].browse(wizard.action_create_returns()["res_id"])
        returned.move_ids.quantity = 1.0
        returned.move_ids.picked = True
        returned.button_validate()
        self.assertEqual(order.order_line.qty_delivered, 9.0)
        self.assertEqual(len(order.picking_ids), 2)

    def test_ordering_more_delivers_the_increase_only(self):
        order = self._delivered("D-1,C1,2025-06-02,CRATE,10,10,0,25").order_ids
        order.order_line.product_uom_qty = 13
        self.assertEqual(order.order_line.move_ids.product_uom_qty, 3.0)

    def test_more_delivered_than_ordered_makes_no_return(self):
        opening = self._delivered("D-1,C1,2025-06-02,CRATE,10,12,0,25")
        order = opening.order_ids
        self.assertFalse(order.picking_ids)
        self.assertEqual(order.order_line.qty_to_invoice, 12.0)
        self.assertIn("More was delivered", opening.error_ids.reason)

    def test_what_was_invoiced_there_is_not_invoiced_again(self):
        order = self._delivered("D-1,C1,2025-06-02,CRATE,10,6,4,25").order_ids
        line = order.order_line
        self.assertRecordValues(
            line,
            [
                {
                    "qty_invoiced": 4.0,
                    "qty_to_invoice": 2.0,
                    "untaxed_amount_invoiced": 100.0,
                    "untaxed_amount_to_invoice": 50.0,
                }
            ],
        )
        self.assertEqual(line.amount_to_invoice, 50.0)
        invoice = order._create_invoices()
        self.assertEqual(invoice.invoice_line_ids.quantity, 2.0)
        invoice.action_post()
        self.assertEqual(line.qty_invoiced, 6.0)
        invoice.button_draft()
        invoice.button_cancel()
        self.assertEqual(line.qty_invoiced, 4.0)

    def test_what_was_invoiced_there_is_not_exposed_again(self):
        order = self._delivered("D-1,C1,2025-06-02,CRATE,10,6,4,25").order_ids
        customer = order.partner_id
        [exposure] = self.env["o2c.credit.account"]._get_exposure(customer, self.company).values()
        line = order.order_line
        unit = line.price_total / line.product_uom_qty
        self.assertEqual(exposure.delivered_not_invoiced, order.currency_id.round(2 * unit))
        self.assertEqual(exposure.ordered_not_delivered, order.currency_id.round(4 * unit))

    def test_services_delivered(self):
        order = self._delivered("D-1,C1,2025-06-02,CONS,10,6,0,25").order_ids
        self.assertEqual(order.order_line.qty_delivered, 6.0)

    def test_more_invoiced_than_delivered_is_bad_when_delivery_is_invoiced(self):
        opening = self._import(f"{DELIVERED}\nD-1,C1,2025-06-02,CRATE,10,2,4,25", kind="delivered")
        opening.action_check()
        self.assertIn("More was invoiced", opening.error_ids.reason)

    def test_without_a_date_the_opening_date_is_taken(self):
        order = self._delivered("D-1,C1,,CRATE,10,6,0,25").order_ids
        self.assertEqual(order.date_order.date(), date(2025, 6, 30))

    def test_a_locked_order_gets_its_delivery_all_the_same(self):
        self.env.ref("base.group_user").implied_ids |= self.env.ref("sale.group_auto_done_setting")
        order = self._delivered("D-1,C1,2025-06-02,CRATE,10,6,0,25").order_ids
        self.assertTrue(order.locked)
        self.assertEqual(order.order_line.move_ids.product_uom_qty, 4.0)

    # Holds

    def test_an_order_over_the_limit_is_not_held_and_counts(self):
        self.env.ref("order_to_cash.hold_rule_credit_limit").effect = "hold_order"
        account = self.env["o2c.credit.account"]._get_or_create(self.customer, self.company)
        account.credit_limit = 100.0
        order = self._orders("S-1,C1,2025-06-02,CRATE,10,25,,,").order_ids
        self.assertEqual((order.state, order.o2c_hold_state), ("sale", "none"))
        self.assertEqual(account.exposure, order.amount_total)
        new_order = self._new_order(amount=10.0)
        new_order.action_confirm()
        self.assertEqual(new_order.o2c_hold_state, "held", "the opening order counts")

    def test_an_opening_order_that_is_confirmed_again_is_checked(self):
        self.env.ref("order_to_cash.hold_rule_credit_limit").effect = "hold_order"
        account = self.env["o2c.credit.account"]._get_or_create(self.customer, self.company)
        account.credit_limit = 100.0
        order = self._orders("S-1,C1,2025-06-02,CRATE,10,25,,,").order_ids
        order._action_cancel()
        order.action_draft()
        for context in ({}, {"o2c_opening": True}):
            order.with_context(**context).action_confirm()
            self.assertEqual((order.state, order.o2c_hold_state), ("draft", "held"))

    # Tie-out

    def test_delivered_not_invoiced_by_customer(self):
        opening = self._import(
            "\n".join((
                DELIVERED,
                "D-1,C1,2025-06-02,CRATE,10,6,2,25",
                "D-2,C2,2025-06-02,CRATE,4,4,0,10",
                "D-3,Z9,2025-06-02,CRATE,4,1,0,10",
            )),
            kind="delivered",
            create_customers=True,
        )
        opening.action_check()
        expected = {
            "Delivered, not invoiced": (3, 150.0),
            "Harbour Supplies": (1, 100.0),
            "Inland Stores": (1, 40.0),
            "Z9": (1, 10.0),
        }
        self.assertEqual(self._totals(opening), expected)
        opening.tie_out_ids.filtered(lambda t: t.label == "Z9").control_amount = 10.0
        opening.action_import()
        self.assertEqual(self._totals(opening), expected)
        created = opening.tie_out_ids.filtered(lambda t: t.label == "Z9")
        self.assertEqual(created.result, "equal", "a total typed before the import is kept")
        action = created.action_open_documents()
        self.assertEqual(self.env["sale.order"].search(action["domain"]).name, "D-3")

    def _totals(self, opening):
        return {total.label: (total.count, total.amount) for total in opening.tie_out_ids}

    # Guards

    def test_a_person_cannot_pretend_that_something_was_delivered(self):
        order = self._new_order(product=self.goods)
        for values in ({"o2c_opening_qty_delivered": 1}, {"o2c_opening_qty_invoiced": 1}):
            with self.assertRaises(AccessError):
                order.order_line.with_user(self.o2c_manager).write(values)
        with self.assertRaises(AccessError):
            order.copy({"o2c_opening_key": "x"})
        with self.assertRaises(AccessError):
            self.env["sale.order.line"].create(
                {"order_id": order.id, "product_id": self.goods.id, "o2c_opening_qty_delivered": 5}
            )

    def test_a_default_does_not_pretend_it_either(self):
        order = self._new_order(product=self.goods)
        line = (
            self.env["sale.order.line"]
            .with_context(default_o2c_opening_qty_delivered=5, default_o2c_opening_qty_invoiced=5)
            .create({"order_id": order.id, "product_id": self.goods.id})
        )
        self.assertFalse(line.o2c_opening_qty_delivered or line.o2c_opening_qty_invoiced)
        copy = self.env["sale.order"].with_context(default_o2c_opening_key="S-1")
        self.assertFalse(copy.create({"partner_id": order.partner_id.id}).o2c_opening_key)

    def test_goods_to_be_returned_are_procured_as_without_the_add_on(self):
        product = self._create_product(name="Pallet", type="consu", is_storable=True)
        order = self._new_order(product=product, quantity=-1.0, amount=-10.0)
        order.action_confirm()
        move = order.order_line.move_ids
        self.assertEqual(move.product_uom_qty, 1.0)
        self.assertEqual(move.location_id.usage, "customer")
