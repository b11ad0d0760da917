import random
from unittest.mock import patch

from odoo.fields import Command
from odoo.tests import tagged

from .commission_goods_common import CommissionGoodsCommon

# What has to happen before.
NEEDS = {"return": "deliver", "credit": "bill", "lose": "bill"}


@tagged("post_install", "-at_install")
class TestCommissionGoods(CommissionGoodsCommon):
    """Goods that come back, are credited or are sold as kits, where deliveries earn or invoices do."""

    # ------------------------------------------------------------------
    # Returns that do not say of what
    # ------------------------------------------------------------------

    def test_return_of_no_delivery(self):
        self._plan()
        order = self._order()
        first = self._deliver(order, 6)
        self._deliver(order, 4)
        self._check(order, 33.33)
        back = self._return_unknown(order, 5)
        # All four of the latest, one of six of the first: half of all is taken back, 16.67 of 33.33.
        self._check(order, 16.66)
        rows = self.env["o2c.commission.entry"].search([("stock_move_id", "=", back.move_ids.id)])
        self.assertEqual(sorted(rows.mapped("amount")), [-13.34, -3.33])
        self._return(first, 5)
        self._check(order, 0.0)
        self._return_unknown(order, 3)
        self._check(order, 0.0)

    def test_return_of_no_delivery_in_tiers(self):
        self._plan(rule=self._tier_rule(
            (0, 200, 5), (200, 0, 10), tier_scope="period", tier_mode="retroactive"
        ))
        order = self._order()
        self._deliver(order, 6)
        self._deliver(order, 4)
        self._check(order, 33.33)
        self._return_unknown(order, 5)
        self._check(order, 8.33)

    # ------------------------------------------------------------------
    # In any order
    # ------------------------------------------------------------------

    def test_goods_and_papers_in_any_order(self):
        self.company.write({
            "o2c_write_off_account_id": self.company_data["default_account_expense"].id,
            "o2c_write_off_threshold": 10000,
        })
        self._plan()
        draw = random.Random(11)
        for __ in range(4):
            order = self._order()
            happened = []
            left = ["deliver", "deliver", "deliver", "return", "bill", "credit", "lose"]
            while left:
                event = draw.choice([one for one in left if NEEDS.get(one) in (None, *happened)])
                left.remove(event)
                happened.append(event)
                self._happen(order, event, happened)
            with self.subTest(happened):
                # Three of ten are credited, two of them came back; three more are lost.
                self._check(order, 13.33)

    def _happen(self, order, event, happened):
        if event == "deliver":
            self._deliver(order, (4, 3, 3)[happened.count(event) - 1])
        elif event == "return":
            self._return_unknown(order, 2)
        elif event == "bill":
            self._bill(order)
        elif event == "lose":
            self._lose(order.invoice_ids.filtered(lambda move: move.move_type == "out_invoice"), 99.99)
        else:
            self._credit(order.invoice_ids, 3)

    def test_more_came_back_than_had_left(self):
        self._plan()
        order = self._order(price=30)
        self._return(self._deliver(order, 1), 2)
        self._check(order, 0.0)
        self._deliver(order, 3)
        self.assertEqual(order.order_line.qty_delivered, 2.0)
        self._check(order, 6.0)

    def test_bad_debts_of_a_pause(self):
        self.company.write({
            "o2c_write_off_account_id": self.company_data["default_account_expense"].id,
            "o2c_write_off_threshold": 10000,
        })
        self._plan(trigger="order")
        order = self._order()
        invoice = self._bill(order)
        self._lose(invoice, 99.99)
        self._check(order, 23.33)
        self.company.o2c_use_commission = False
        invoice.line_ids.remove_move_reconcile()
        self.company.o2c_use_commission = True
        self._check(order, 33.33)
        self.company.o2c_use_commission = False
        rows = order.o2c_commission_ids
        self._lose(invoice, 99.99)
        self.assertEqual(order.o2c_commission_ids, rows)
        self.company.o2c_use_commission = True
        self._check(order, 23.33)

    # ------------------------------------------------------------------
    # Credit notes
    # ------------------------------------------------------------------

    def test_credited_then_returned(self):
        self._plan()
        order = self._order()
        picking = self._deliver(order)
        invoice = self._bill(order)
        refund = self._credit(invoice, 4)
        self._check(order, 20.0)
        self.assertEqual(sum(refund.o2c_commission_ids.mapped("amount")), -13.33)
        self._return(picking, 4)
        self._check(order, 20.0)
        self._return(picking, 2)
        self._check(order, 13.33)
        refund.button_draft()
        self._check(order, 13.33)
        refund.action_post()
        self._check(order, 13.33)
        self._credit(invoice, 6)
        self._check(order, 0.0)

    def test_returned_then_credited(self):
        self._plan()
        order = self._order()
        picking = self._deliver(order)
        invoice = self._bill(order)
        self._return(picking, 4)
        self._check(order, 20.0)
        refund = self._credit(invoice, 4)
        self._check(order, 20.0)
        self._credit(invoice, 5)
        # 33.33 less 90 % of it
        self._check(order, 3.33)
        # Half of it is credited still.
        refund.button_draft()
        self._check(order, 16.66)

    def test_credit_note_reset(self):
        self._plan()
        order = self._order()
        self._deliver(order)
        refund = self._credit(self._bill(order), 4)
        for __ in range(2):
            refund.button_draft()
            self._check(order, 33.33)
            refund.action_post()
            self._check(order, 20.0)
        refund.button_draft()
        refund.unlink()
        self._check(order, 33.33)

    def test_credited_price(self):
        self._plan()
        order = self._order(3, 10.0)
        self._deliver(order, 3)
        self._credit(self._bill(order), price=2.5)
        self._check(order, 2.25)

    def test_credited_before_delivery(self):
        """What is credited of goods that never left takes nothing back of those that did."""
        self._plan()
        order = self._order()
        self._deliver(order, 6)
        invoice = self._bill(order)
        self._credit(invoice, 4)
        self._check(order, 20.0)
        self._credit(invoice, 3)
        self._check(order, 10.0)

    def test_credited_on_original_terms(self):
        """Two payees who share a margin, whose plan pays less and whose cost is higher by then."""
        plan = self._new_plan({"rate": 50.0}, trigger="delivery", base="margin")
        agreements = [
            self._new_agreement(payee, plan, coverage="all", share=share)
            for payee, share in ((self.agent, 33.33), (self.salesperson.partner_id, 66.67))
        ]
        self.goods.standard_price = 20.0
        order = self._order()
        self._deliver(order)
        # 50 % of 10 × 13.33
        self._check(order, 66.65)
        self.goods.standard_price = 30.0
        plan.action_close(self.company._o2c_today())
        self._credit(self._bill(order), 10)
        self._check(order, 0.0)
        for agreement in agreements:
            rows = self.env["o2c.commission.entry"].search([("agreement_id", "=", agreement.id)])
            self.assertEqual(round(sum(rows.mapped("amount_payee")), 2), 0.0)

    # ------------------------------------------------------------------
    # Netted on an invoice
    # ------------------------------------------------------------------

    def _net(self, order, quantity):
        """An invoice of a service, less goods that came back."""
        invoice = self.env["account.move"].create({
            "move_type": "out_invoice",
            "partner_id": self.customer.id,
            "invoice_user_id": self.other_salesperson.id,
            "invoice_line_ids": [
                Command.create({"product_id": self.service.id, "price_unit": 1000.0, "tax_ids": []}),
                Command.create({
                    "product_id": self.goods.id, "quantity": -quantity, "price_unit": 33.33, "tax_ids": [],
                    "sale_line_ids": [Command.link(order.order_line.id)],
                }),
            ],
        })
        invoice.action_post()
        return invoice

    def test_netted(self):
        for trigger in ("invoice", "delivery", "order"):
            agreement = self._plan(trigger)
            order = self._order()
            self._deliver(order)
            self._bill(order)
            self._check(order, 33.33)
            invoice = self._net(order, 4)
            self._check(order, 20.0)
            self.assertFalse(order.o2c_commission_expected)
            invoice.button_draft()
            self._check(order, 33.33)
            invoice.action_post()
            self._check(order, 20.0)
            self._net(order, 7)
            self._check(order, 0.0)
            agreement.date_to = "2025-01-01"

    def test_netted_at_once(self):
        """On the invoice of the goods themselves."""
        self._plan("invoice")
        order = self._order()
        invoice = order._create_invoices()
        invoice.invoice_line_ids = [Command.create({
            "product_id": self.goods.id, "quantity": -4, "price_unit": 33.33, "tax_ids": [],
            "sale_line_ids": [Command.link(order.order_line.id)],
        })]
        invoice.action_post()
        self._check(order, 20.0)

    def test_netted_payment(self):
        self._plan("payment")
        order = self._order()
        first = self._bill(order)
        self._pay(first, 333.30)
        self._check(order, 33.33)
        second = self._net(order, 4)
        self._check(order, 33.33)
        self._pay(second, second.amount_total / 2)
        self._check(order, 26.66)
        self._pay(second, second.amount_residual)
        self._check(order, 20.0)

    def _pay(self, invoice, amount):
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({"amount": amount})._create_payments()

    # ------------------------------------------------------------------
    # Kits
    # ------------------------------------------------------------------

    def test_kit_without_manufacturing(self):
        """Other goods leave than were sold; how many whole ones they make is another module's."""
        self._plan()
        part = self.env["product.product"].create({"name": "Half a Pallet", "type": "consu"})

        def delivered(lines):
            return {
                line: sum(
                    move.quantity * (1 if move.location_dest_id.usage == "customer" else -1)
                    for move in line.move_ids if move.state == "done"
                ) // 2
                for line in lines
            }

        with patch.object(type(self.env["sale.order.line"]), "_prepare_qty_delivered", delivered):
            order = self._order()
            out = order.picking_ids
            out.action_cancel()
            picking = self._ship(order, out, part, 9)
            self._check(order, 13.33)
            self._ship(order, out, part, 11)
            self._check(order, 33.33)
            back = self._return(picking, 7)
            # Thirteen of twenty halves are left.
            self._check(order, 20.0)
            self._return(back, 1)
            self._check(order, 23.33)
            # Five and eleven left, six came back: five whole ones.
            picking.move_ids.quantity = 5
            self._check(order, 16.67)

    def _ship(self, order, like, product, quantity):
        picking = like.copy({"move_ids": [Command.create({
            "product_id": product.id, "product_uom_qty": quantity, "product_uom": product.uom_id.id,
            "location_id": like.location_id.id, "location_dest_id": like.location_dest_id.id,
            "sale_line_id": order.order_line.id,
        })]})
        picking.action_confirm()
        picking.move_ids.write({"quantity": quantity, "picked": True})
        picking._action_done()
        return picking

    def test_kit(self):
        if "mrp.bom" not in self.env or "bom_line_id" not in self.env["stock.move"]._fields:
            self.skipTest("Kits need sale_mrp")
        self._plan()
        kit, *parts = (
            self.env["product.product"].create({
                "name": name, "type": "consu", "invoice_policy": "order", "list_price": 33.33,
            })
            for name in ("Set", "Cup", "Saucer")
        )
        self.env["mrp.bom"].create({
            "product_tmpl_id": kit.product_tmpl_id.id, "type": "phantom", "product_qty": 1,
            "bom_line_ids": [
                Command.create({"product_id": part.id, "product_qty": quantity})
                for part, quantity in zip(parts, (2, 1), strict=True)
            ],
        })
        order = self._order(product=kit)
        picking = order.picking_ids
        cups, saucers = (
            picking.move_ids.filtered(lambda move, part=part: move.product_id == part) for part in parts
        )
        cups.write({"quantity": 9, "picked": True})
        saucers.write({"quantity": 6, "picked": True})
        picking._action_done()
        self.assertEqual(order.order_line.qty_delivered, 4.0)
        self._check(order, 13.33)
        rest = order.picking_ids - picking
        rest.move_ids.filtered(lambda move: move.product_id == parts[0]).write({
            "quantity": 11, "picked": True,
        })
        rest._action_done()
        self._check(order, 20.0)
        last = order.picking_ids - picking - rest
        last.move_ids.write({"quantity": 4, "picked": True})
        last._action_done()
        self._check(order, 33.33)
        self._credit(self._bill(order), 2)
        self._check(order, 26.66)
        wizard = self.env["stock.return.picking"].with_context(
            active_id=picking.id, active_model="stock.picking"
        ).create({})
        for line in wizard.product_return_moves:
            line.quantity = 6 if line.product_id == parts[0] else 3
        returned = wizard._create_return()
        for move in returned.move_ids:
            move.write({"quantity": move.product_uom_qty, "picked": True})
        returned._action_done()
        self.assertEqual(order.order_line.qty_delivered, 7.0)
        self._check(order, 23.33)
