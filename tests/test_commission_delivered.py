from odoo.fields import Command
from odoo.tests import tagged

from .commission_goods_common import CommissionGoodsCommon

SUMS = ("amount", "amount_company", "amount_payee", "base_amount", "base_company", "quantity")


@tagged("post_install", "-at_install")
class TestCommissionDelivered(CommissionGoodsCommon):
    """Order lines that leave part by part earn to the cent what they earn at once."""

    def _sums(self, agreement, order):
        rows = order.o2c_commission_ids.filtered(
            lambda row: row.agreement_id == agreement and row.kind != "expect"
        )
        return [round(sum(rows.mapped(name)), 3) for name in SUMS]

    def _rows(self, order):
        rows = order.o2c_commission_ids.filtered(lambda row: row.kind != "expect")
        return rows.sorted("id").mapped("amount")

    def _in_euros(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        euro.rate_ids.unlink()
        self.env["res.currency.rate"].create({
            "currency_id": euro.id, "name": "2025-01-01", "rate": 0.83, "company_id": self.company.id,
        })
        return euro

    def _on_all_terms(self):
        """Agreements of plans that pay in every way, two of them share one."""
        euro = self._in_euros()
        plans = [
            ({"rate": 10.0}, {}),
            ({"rate": 33.33}, {"base": "margin"}),
            ({"method": "fixed", "fixed_amount": 0.335}, {}),
            ({"rate": 1.115}, {"base": "quantity"}),
            (self._tier_rule((0, 50, 5), (50, 0, 11)), {}),
            (self._tier_rule((0, 50, 5), (50, 0, 11), tier_mode="retroactive"), {}),
            (self._tier_rule((0, 50, 5), (50, 0, 11), tier_scope="document", tier_mode="retroactive"), {}),
            (self._tier_rule((0, 50, 5), (50, 0, 11), tier_scope="period"), {}),
        ]
        plans = [
            self._new_plan(rule, trigger="delivery", name=f"Plan {number}", **values)
            for number, (rule, values) in enumerate(plans)
        ]
        result = [
            self._new_agreement(
                self._new_customer(f"Agent {plan.name}"), plan, coverage="all", mode="overlay",
                currency_id=euro.id,
            )
            for plan in plans[1:]
        ]
        return [*result, *(
            self._new_agreement(self._new_customer(f"Half {number}"), plans[0], coverage="all", share=50.0)
            for number in range(2)
        )]

    def test_parts_add_up_on_all_terms(self):
        agreements = self._on_all_terms()
        self.goods.standard_price = 11.11
        once = self._order(3)
        self._deliver(once, 3)
        parts = self._order(3)
        pickings = [self._deliver(parts, 1) for __ in range(3)]
        for agreement in agreements:
            # The second order finds the tiers of the period where the first has left them.
            if agreement.plan_id.rule_ids.tier_scope != "period":
                self.assertEqual(
                    self._sums(agreement, parts), self._sums(agreement, once), agreement.plan_id.name
                )
        halves = [self._sums(agreement, parts)[0] for agreement in agreements[-2:]]
        self.assertEqual(halves, [5.0, 5.0])
        self.assertFalse(self._audit())
        self._return(pickings[1], 1)
        self.assertEqual([self._sums(one, parts)[0] for one in agreements[-2:]], [3.33, 3.33])
        self._return(pickings[0], 1)
        self._return(pickings[2], 1)
        for agreement in agreements:
            if agreement.plan_id.rule_ids.tier_scope != "period":
                self.assertFalse(any(self._sums(agreement, parts)), agreement.plan_id.name)
        self.assertFalse(self._audit())

    def test_each_row_says_what_it_comes_to(self):
        self._plan()
        order = self._order(3)
        for expected in (6.67, 3.33, 0.0):
            self._deliver(order, 1)
            self.assertEqual(order.o2c_commission_expected, expected)
        self.assertEqual(self._rows(order), [3.33, 3.34, 3.33])
        self.assertIn("10.00 USD", order.o2c_commission_ids.sorted("id")[-2].explanation)

    def test_quantity_and_price_of_the_order_change(self):
        self._plan()
        order = self._order(2)
        self._deliver(order, 1)
        # Odoo would ask the pricelist again.
        order.order_line.write({"product_uom_qty": 4, "price_unit": 33.33})
        self._deliver(order, 1)
        # One more than was ordered.
        self._deliver(order, 3)
        self._check(order, 16.67)
        order.order_line.write({"product_uom_qty": 6, "price_unit": 50.05})
        self._deliver(order, 1)
        # 16.665 and 5.005: 21.67
        self._check(order, 21.67)

    def test_lines_of_an_order_enter_the_bands_together(self):
        self._plan(rule=self._tier_rule(
            (0, 50, 5), (50, 0, 10), tier_scope="document", tier_mode="retroactive"
        ))
        order = self._order(1)
        order.order_line = [Command.create({
            "product_id": self.goods.id, "product_uom_qty": 1, "price_unit": 33.33, "tax_ids": [],
        })]
        first, second = order.picking_ids.move_ids.sorted("id")
        first.write({"quantity": 1, "picked": True})
        second.write({"quantity": 0, "picked": False})
        order.picking_ids._action_done()
        self._check(order, 1.67)
        self._deliver(order, 1)
        # The second brings the first to the rate that is reached.
        self._check(order, 6.67)

    # ------------------------------------------------------------------
    # What becomes of it
    # ------------------------------------------------------------------

    def test_delivered_quantity_changed(self):
        self._plan()
        overlay = self._new_agreement(self._new_customer("Agent"), self._new_plan(
            self._tier_rule((0, 200, 5), (200, 0, 10), tier_scope="period", tier_mode="retroactive"),
            trigger="delivery", name="Tiers",
        ), coverage="all", mode="overlay")
        order = self._order()
        first = self._deliver(order, 7)
        self.assertEqual(self._both(order, overlay), (23.33, 23.33))
        first.move_ids.quantity = 4
        self.assertEqual(self._both(order, overlay), (13.33, 6.67))
        self._deliver(order, 5)
        back = self._return(first, 2)
        self.assertEqual(self._both(order, overlay), (23.33, 23.33))
        back.move_ids.quantity = 1
        first.move_ids.quantity = 5
        self.assertEqual(self._both(order, overlay), (30.0, 30.0))
        self.assertFalse(self._audit())
        rows = self.env["o2c.commission.entry"].search([
            ("stock_move_id", "=", first.move_ids.id), ("agreement_id", "!=", overlay.id),
        ])
        self.assertEqual(sum(rows.mapped("quantity")), 5.0)
        first.move_ids.quantity = 0
        self._return_unknown(order, 9)
        self.assertEqual(self._both(order, overlay), (0.0, 0.0))

    def _both(self, order, overlay):
        rows = order.o2c_commission_ids.filtered(lambda row: row.kind != "expect")
        of_overlay = rows.filtered(lambda row: row.agreement_id == overlay)
        return tuple(round(sum(found.mapped("amount")), 2) for found in (rows - of_overlay, of_overlay))

    def test_changed_to_nothing_before_it_was_known(self):
        self._plan()
        order = self._order()
        self.company.o2c_use_commission = False
        picking = self._deliver(order, 4)
        picking.move_ids.quantity = 0
        self.company.o2c_use_commission = True
        self._check(order, 0.0)
        picking.move_ids.quantity = 3
        self._check(order, 10.0)

    def test_returns_at_once_are_named(self):
        self._plan()
        order = self._order()
        picking = self._deliver(order)
        moves = self.env["stock.move"]
        for quantity in (2, 3):
            moves |= self._new_return(picking, quantity).move_ids
        moves._action_done()
        self._check(order, 16.66)
        rows = order.o2c_commission_ids.filtered(lambda row: row.kind == "reverse")
        self.assertEqual({row.stock_move_id: row.quantity for row in rows}, {
            moves[0]: -2, moves[1]: -3,
        })

    def test_returned_for_repair(self):
        """What leaves the quantities of the order alone is still sold, until it is credited."""
        self._plan()
        order = self._order()
        picking = self._deliver(order)
        wizard = self.env["stock.return.picking"].with_context(
            active_id=picking.id, active_model="stock.picking"
        ).create({})
        wizard.product_return_moves.write({"quantity": 4, "to_refund": False})
        returned = wizard._create_return()
        returned.move_ids.write({"quantity": 4, "picked": True})
        returned._action_done()
        self._check(order, 33.33)
        self._credit(self._bill(order), 4)
        self._check(order, 20.0)

    def test_sold_below_zero(self):
        self._plan()
        order = self._order(-3)
        pickings = [self._deliver(order, 1) for __ in range(3)]
        self.assertEqual(pickings[0].location_id.usage, "customer")
        self._check(order, -10.0)
        self.assertEqual(order.o2c_commission_expected, 0.0)
        self._return(pickings[0], 1)
        self._check(order, -6.67)

    def test_bad_debts_of_parts(self):
        self.company.write({
            "o2c_write_off_account_id": self.company_data["default_account_expense"].id,
            "o2c_write_off_threshold": 10000,
        })
        self._plan()
        order = self._order(3)
        for __ in range(2):
            self._deliver(order, 1)
        invoice = self._bill(order)
        lost = self._lose(invoice, 50.0)
        # 6.67 less half of 10.00: the last one is not delivered yet.
        lines = order.o2c_commission_ids
        self._deliver(order, 1)
        self.assertTrue(lines < order.o2c_commission_ids)
        self._check(order, 5.0)
        self._return_unknown(order, 1)
        self._check(order, 1.67)
        lost.with_user(self.o2c_manager).action_reverse()
        self._check(order, 6.67)

    # ------------------------------------------------------------------
    # From the supplier
    # ------------------------------------------------------------------

    def test_dropship(self):
        """Goods that go from the supplier to the customer, and back to the supplier."""
        self._plan()
        order = self._order(3)
        out = order.picking_ids
        out.action_cancel()
        supplier = self.env.ref("stock.stock_location_suppliers")
        for __ in range(3):
            last = self._carry(order, out, supplier, out.location_dest_id, 1)
        self.assertEqual(order.order_line.qty_delivered, 3.0)
        self._check(order, 10.0)
        self.assertEqual(order.o2c_commission_expected, 0.0)
        self._carry(order, out, out.location_dest_id, supplier, 1, last)
        self._check(order, 6.67)

    def _carry(self, order, like, source, target, quantity, of=None):
        picking = like.copy({
            "location_id": source.id,
            "location_dest_id": target.id,
            "move_ids": [Command.create({
                "product_id": self.goods.id, "product_uom_qty": quantity, "product_uom": self.goods.uom_id.id,
                "location_id": source.id, "location_dest_id": target.id,
                "sale_line_id": order.order_line.id, "to_refund": bool(of),
                "origin_returned_move_id": of and of.move_ids.id,
            })],
        })
        picking.action_confirm()
        picking.move_ids.write({"quantity": quantity, "picked": True})
        picking._action_done()
        return picking

    # ------------------------------------------------------------------
    # What if
    # ------------------------------------------------------------------

    def test_what_if_adds_up_as_well(self):
        self._plan()
        order = self._order(3)
        for __ in range(3):
            picking = self._deliver(order, 1)
        same = self._new_plan({"rate": 10.0}, trigger="delivery", name="Same", activate=False)
        day = self.company._o2c_today()
        for __ in range(2):
            [found] = same._what_if(self.company, day.replace(day=1), day).values()
            self.assertEqual(round(found.other, 2), round(found.actual, 2))
            self._return(picking, 1)
