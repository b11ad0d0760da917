from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .common import O2cCommon


@tagged("post_install", "-at_install")
class TestHoldDelivery(O2cCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls.env["o2c.hold.rule"].create({
            "name": "Large orders",
            "kind": "order_value",
            "effect": "hold_delivery",
            "threshold_amount": 500.0,
        })
        cls.warehouse = cls.env["stock.warehouse"].search(
            [("company_id", "=", cls.company.id)], limit=1
        )
        cls.stocker = cls._new_user("stan", "stock.group_stock_user")

    @classmethod
    def _stock(cls, quantity):
        cls.env["stock.quant"]._update_available_quantity(
            cls.goods, cls.warehouse.lot_stock_id, quantity
        )

    def _held_order(self, quantity=10.0):
        order = self._new_order(amount=100.0 * quantity, product=self.goods, quantity=quantity)
        order.action_confirm()
        self.assertEqual((order.state, order.o2c_hold_state), ("sale", "held"))
        return order

    def _release(self, order):
        order.o2c_hold_ids._decidable().with_user(self.credit_manager).action_release(note="Fine")

    def _validate(self, picking):
        picking.move_ids.quantity = picking.move_ids.product_uom_qty
        picking.move_ids.picked = True
        return picking.button_validate()

    def test_a_held_delivery_reserves_nothing_and_is_not_validated(self):
        self._stock(10.0)
        order = self._held_order()
        picking = order.picking_ids.with_user(self.stocker)
        self.assertEqual(picking.move_ids.quantity, 0.0, "not reserved at confirmation")
        self.assertTrue(picking.o2c_is_held)
        self.assertIn("500.00", picking.o2c_hold_message)
        picking.action_assign()
        self.env["stock.rule"]._run_scheduler_tasks(company_id=self.company.id)
        self.assertEqual(picking.move_ids.quantity, 0.0)
        with self.assertRaisesRegex(UserError, f"{order.name} is on hold"):
            self._validate(picking)
        with self.assertRaises(UserError):
            picking._action_done()
        with self.assertRaises(UserError):
            picking.move_ids.with_context(skip_sanity_check=True, o2c_hold=False)._action_done()
        self.assertNotEqual(picking.move_ids.state, "done")

    def test_a_release_reserves_and_lets_the_goods_go(self):
        self._stock(10.0)
        order = self._held_order()
        self._release(order)
        self.assertEqual(order.o2c_hold_state, "released")
        picking = order.picking_ids
        self.assertFalse(picking.o2c_is_held)
        self.assertEqual(picking.move_ids.quantity, 10.0)
        self._validate(picking)
        self.assertEqual(picking.state, "done")

    def test_nothing_typed_tells_of_the_hold(self):
        order = self._held_order()
        with self.assertRaisesRegex(UserError, "is on hold"):
            order.picking_ids.button_validate()

    def test_every_step_of_pick_pack_ship_is_held(self):
        self.warehouse.delivery_steps = "pick_pack_ship"
        self._stock(10.0)
        order = self._new_order(amount=400.0, product=self.goods, quantity=4.0)
        order.action_confirm()
        self.assertEqual(order.o2c_hold_state, "none")
        self._validate(order.picking_ids)
        pack = order.picking_ids.filtered(lambda picking: picking.state != "done")
        order.order_line.product_uom_qty = 6.0
        self.assertEqual(order.o2c_hold_state, "held", "raised above the value")
        pending = order.picking_ids.filtered(lambda picking: picking.state != "done")
        self.assertIn(pack, pending)
        for picking in pending:
            self.assertTrue(picking.o2c_is_held)
            with self.assertRaises(UserError):
                self._validate(picking)
        self._release(order)
        for _step in range(3):
            for picking in order.picking_ids.filtered(lambda p: p.state not in ("done", "cancel")):
                self._validate(picking)
        self.assertEqual(order.order_line.qty_delivered, 6.0)

    def test_a_return_is_never_held(self):
        self._stock(10.0)
        order = self._new_order(amount=400.0, product=self.goods, quantity=4.0)
        order.action_confirm()
        self._validate(order.picking_ids)
        with Form(
            self.env["stock.return.picking"].with_context(
                active_id=order.picking_ids.id, active_model="stock.picking"
            )
        ) as form:
            wizard = form.save()
        wizard.product_return_moves.quantity = 1.0
        back = self.env["stock.picking"].browse(wizard.action_create_returns()["res_id"])
        order.action_o2c_hold("Goods in dispute")
        self.assertEqual(order.o2c_hold_state, "held")
        self.assertFalse(back.o2c_is_held)
        self._validate(back)
        self.assertEqual(back.state, "done")

    def test_what_was_delivered_is_invoiced_in_spite_of_a_hold(self):
        self._stock(10.0)
        order = self._new_order(amount=400.0, product=self.goods, quantity=4.0)
        order.action_confirm()
        self._validate(order.picking_ids)
        order.action_o2c_hold("Proof is missing")
        invoice = order._create_invoices()
        invoice.action_post()
        self.assertEqual(invoice.amount_total, 400.0)

    def test_goods_are_not_freed_by_cutting_them_loose_from_the_order(self):
        self._stock(10.0)
        order = self._held_order()
        move = order.picking_ids.move_ids
        with self.assertRaises(UserError):
            move.sale_line_id = False
        with self.assertRaises(UserError):
            order.picking_ids.sale_id = False
        self.assertEqual(move.sale_line_id, order.order_line)

    def test_a_line_added_to_a_held_transfer_is_held_with_it(self):
        self._stock(10.0)
        order = self._held_order()
        picking = order.picking_ids
        other = self._create_product(name="Lid", type="consu")
        move = self.env["stock.move"].create({
            "product_id": other.id,
            "product_uom_qty": 1.0,
            "picking_id": picking.id,
            "location_id": picking.location_id.id,
            "location_dest_id": picking.location_dest_id.id,
        })
        move._action_confirm()
        move.quantity = 1.0
        move.picked = True
        with self.assertRaises(UserError):
            move._action_done()

    def test_held_transfers_are_found(self):
        held = self._held_order().picking_ids
        free = self._new_order(amount=100.0, product=self.goods)
        free.action_confirm()
        Picking = self.env["stock.picking"].with_user(self.stocker)
        pickings = held | free.picking_ids
        found = Picking.search([("o2c_is_held", "=", True), ("id", "in", pickings.ids)])
        self.assertEqual(found, held)
        found = Picking.search([("o2c_is_held", "=", False), ("id", "in", pickings.ids)])
        self.assertEqual(found, free.picking_ids)

    def test_switched_off_nothing_is_held(self):
        order = self._held_order()
        self.company.o2c_use_credit = False
        self.assertFalse(order.picking_ids.o2c_is_held)
        self._validate(order.picking_ids)
        self.assertEqual(order.picking_ids.state, "done")

    def test_only_approvers_let_a_delivery_go(self):
        order = self._held_order()
        for user in (self.salesperson, self.stocker):
            with self.assertRaises(AccessError):
                order.o2c_hold_ids.with_user(user).action_release(note="Please")
        with self.assertRaises(UserError):
            order.o2c_hold_ids.with_user(self.credit_manager).action_reject(note="No")
        self.assertEqual(order.o2c_hold_state, "held")


@tagged("post_install", "-at_install")
class TestHoldIncrease(O2cCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls.env.ref("order_to_cash.hold_rule_credit_limit")
        cls.rule.effect = "hold_order"
        cls.account = cls.env["o2c.credit.account"]._get_or_create(cls.customer, cls.company)
        cls.account.credit_limit = 1000.0
        cls.tax = cls.env["account.tax"].create({"name": "50 %", "amount": 50.0})

    def _confirmed(self, amount=800.0):
        order = self._new_order(amount=amount, product=self.goods, quantity=8.0)
        order.action_confirm()
        self.assertEqual((order.state, order.o2c_hold_state), ("sale", "none"))
        return order

    def test_an_increase_within_the_limit_passes(self):
        order = self._confirmed()
        order.order_line.product_uom_qty = 10.0
        self.assertEqual(order.o2c_hold_state, "none")

    def test_whatever_raises_the_total_over_the_limit_holds_the_delivery(self):
        changes = {
            "quantity": lambda order: order.order_line.write({"product_uom_qty": 11.0}),
            "price": lambda order: order.order_line.write({"price_unit": 150.0}),
            "tax": lambda order: order.order_line.write({"tax_ids": [(6, 0, self.tax.ids)]}),
            "line": lambda order: self.env["sale.order.line"].create({
                "order_id": order.id, "product_id": self.service.id, "price_unit": 300.0
            }),
            "line by the order": lambda order: order.write({
                "order_line": [(0, 0, {"product_id": self.service.id, "price_unit": 300.0})]
            }),
        }
        for name, change in changes.items():
            with self.subTest(name):
                order = self._confirmed()
                change(order)
                self.assertEqual(order.state, "sale")
                self.assertEqual(order.o2c_hold_state, "held")
                self.assertRecordValues(order.o2c_hold_ids, [{
                    "effect": "hold_delivery", "kind": "credit_limit", "state": "active"
                }])
                self.assertTrue(order.picking_ids[0].o2c_is_held)
                order._action_cancel()

    def test_a_discount_taken_back_holds_the_delivery(self):
        order = self._new_order(amount=1600.0, product=self.goods, quantity=8.0)
        order.order_line.discount = 50.0
        order.action_confirm()
        order.order_line.discount = 10.0
        self.assertEqual(order.o2c_hold_state, "held")

    def test_a_rebate_line_removed_holds_the_delivery(self):
        order = self._new_order(amount=1200.0)
        rebate = self.env["sale.order.line"].create({
            "order_id": order.id, "product_id": self.service.id, "price_unit": -400.0
        })
        order.action_confirm()
        self.assertEqual(order.state, "sale")
        self.assertEqual(order.o2c_hold_state, "none")
        rebate.price_unit = 0.0
        self.assertEqual(order.amount_total, 1200.0)
        self.assertEqual(order.o2c_hold_state, "held")

    def test_less_again_lets_the_delivery_go(self):
        order = self._confirmed()
        order.order_line.product_uom_qty = 11.0
        self.assertEqual(order.o2c_hold_state, "held")
        order.order_line.product_uom_qty = 9.0
        self.assertEqual(order.o2c_hold_state, "none")

    def test_above_the_approved_amount_it_is_held_again(self):
        order = self._new_order(amount=1200.0, product=self.goods, quantity=12.0)
        order.action_confirm()
        order.o2c_hold_ids.with_user(self.credit_manager).action_release(
            note="Fine", approved_amount=1300.0
        )
        order.action_confirm()
        self.assertEqual(order.o2c_hold_state, "released")
        order.order_line.product_uom_qty = 13.0
        self.assertEqual(order.o2c_hold_state, "released")
        order.order_line.product_uom_qty = 14.0
        self.assertEqual(order.o2c_hold_state, "held")

    def test_what_does_not_raise_the_total_is_not_checked(self):
        order = self._confirmed()
        self.account.credit_limit = 10.0
        order.write({"client_order_ref": "PO 7", "note": "Ring twice"})
        order.order_line.name = "Crates"
        self.assertEqual(order.o2c_hold_state, "none")

    def test_another_invoice_customer_is_checked(self):
        order = self._new_order(self.other_customer, amount=1100.0)
        order.action_confirm()
        self.assertEqual(order.o2c_hold_state, "none")
        order.partner_invoice_id = self.customer
        self.assertEqual(order.o2c_hold_state, "held")
