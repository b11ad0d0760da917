from datetime import timedelta

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.order_to_cash.algorithms.credit import Exposure

from .common import O2cCommon


@tagged("post_install", "-at_install")
class TestCreditExposure(O2cCommon):
    def _exposure(self, partner=None, company=None, **options):
        partner = partner or self.customer
        found = self.env["o2c.credit.account"]._get_exposure(
            partner, company or self.company, **options
        )
        return found[partner.id]

    def _today(self, days=0):
        return fields.Date.today() + timedelta(days=days)

    def test_a_customer_without_business_has_no_exposure(self):
        self.assertEqual(self._exposure(), Exposure())

    def test_open_invoices_count_and_the_part_past_due_is_overdue(self):
        self._new_invoice(amount=300.0, date=self._today(-40), due=self._today(-10))
        self._new_invoice(amount=200.0, date=self._today(-5), due=self._today(25))
        exposure = self._exposure()
        self.assertEqual(exposure.receivable, 500.0)
        self.assertEqual(exposure.overdue, 300.0)

    def test_an_invoice_due_today_is_not_overdue(self):
        self._new_invoice(amount=300.0, date=self._today(-10), due=self._today())
        self.assertEqual(self._exposure().overdue, 0.0)

    def test_credit_notes_and_payments_reduce_the_receivable_not_the_overdue(self):
        invoice = self._new_invoice(amount=300.0, date=self._today(-40), due=self._today(-10))
        self._new_invoice(amount=-50.0, date=self._today(-5))
        self.assertEqual(self._exposure().receivable, 250.0)
        self.assertEqual(self._exposure().overdue, 300.0)
        self._pay(invoice, 100.0)
        self.assertEqual(self._exposure().receivable, 150.0)
        self.assertEqual(self._exposure().overdue, 200.0)

    def test_a_paid_invoice_counts_no_more(self):
        self._pay(self._new_invoice(amount=300.0))
        self.assertEqual(self._exposure(), Exposure())

    def test_a_quotation_does_not_count_and_a_confirmed_order_does(self):
        order = self._new_order(amount=500.0)
        self.assertEqual(self._exposure(), Exposure())
        order.action_confirm()
        self.assertEqual(self._exposure(), Exposure(ordered_not_delivered=500.0))
        self.assertEqual(self._exposure(exclude_orders=order), Exposure())

    def test_an_order_moves_from_ordered_to_delivered_to_invoiced(self):
        order = self._new_order(product=self.goods, quantity=5.0, amount=500.0)
        order.action_confirm()
        move = order.picking_ids.move_ids
        move.quantity = 2.0
        move.picked = True
        order.picking_ids.with_context(cancel_backorder=False)._action_done()
        exposure = self._exposure()
        self.assertEqual(exposure.delivered_not_invoiced, 200.0)
        self.assertEqual(exposure.ordered_not_delivered, 300.0)
        invoice = order._create_invoices()
        self.assertEqual(self._exposure().draft_invoiced, 0.0, "the order still counts it")
        self.assertEqual(self._exposure().delivered_not_invoiced, 200.0)
        invoice.action_post()
        self.assertEqual(
            self._exposure(), Exposure(receivable=200.0, ordered_not_delivered=300.0)
        )

    def test_what_will_never_be_delivered_counts_no_more(self):
        order = self._new_order(product=self.goods, quantity=5.0, amount=500.0)
        order.action_confirm()
        order.picking_ids.action_cancel()
        self.assertEqual(self._exposure(), Exposure())

    def test_a_price_that_does_not_divide_loses_no_cent(self):
        order = self._new_order(quantity=3.0, amount=10.0)
        order.order_line.price_unit = 3.335
        order.action_confirm()
        self.assertEqual(self._exposure().ordered_not_delivered, order.amount_total)

    def test_taxes_count(self):
        order = self._new_order(amount=100.0)
        order.order_line.tax_ids = self.tax_sale_a
        order.action_confirm()
        self.assertEqual(self._exposure().ordered_not_delivered, order.amount_total)
        self.assertGreater(order.amount_total, order.amount_untaxed)

    def test_notes_and_sections_count_nothing(self):
        order = self._new_order(amount=100.0)
        order.order_line = [
            Command.create({"display_type": "line_section", "name": "Part one"}),
            Command.create({"display_type": "line_note", "name": "As discussed"}),
        ]
        order.action_confirm()
        self.assertEqual(self._exposure().exposure, 100.0)

    def test_a_draft_invoice_without_an_order_counts(self):
        self.env["account.move"].create({
            "move_type": "out_invoice",
            "partner_id": self.customer.id,
            "invoice_line_ids": [
                Command.create({"name": "Goods", "price_unit": 70.0, "tax_ids": [Command.clear()]})
            ],
        })
        self.assertEqual(self._exposure(), Exposure(draft_invoiced=70.0))

    def test_contacts_and_invoice_addresses_count_for_their_company(self):
        contact = self.env["res.partner"].create({
            "name": "Buyer",
            "parent_id": self.customer.id,
        })
        self._new_order(contact, amount=100.0).action_confirm()
        self._new_order(
            self.other_customer, amount=50.0, partner_invoice_id=contact.id
        ).action_confirm()
        self.assertEqual(self._exposure().exposure, 150.0)
        self.assertEqual(self._exposure(contact).exposure, 150.0)
        self.assertEqual(self._exposure(self.other_customer).exposure, 0.0)

    def test_a_customer_with_a_payer_counts_for_the_payer(self):
        self._new_order(amount=100.0).action_confirm()
        self._new_invoice(self.other_customer, amount=30.0)
        self.customer.o2c_payer_id = self.other_customer
        self.assertEqual(self._exposure(self.other_customer).exposure, 130.0)

    def test_foreign_currency_is_converted_once(self):
        euro = self.setup_other_currency("EUR", rates=[("1900-01-01", 0.5)])
        pricelist = self.env["product.pricelist"].create({"name": "EUR", "currency_id": euro.id})
        for __ in range(3):
            self._new_order(amount=33.33, pricelist_id=pricelist.id).action_confirm()
        self.assertEqual(self._exposure().ordered_not_delivered, 199.98)

    def test_companies_are_separate_and_branches_are_not(self):
        other = self._new_company()
        branch = self.env["res.company"].create({
            "name": "Branch",
            "parent_id": self.company.id,
        })
        self.env.user.company_ids |= branch
        self._new_order(amount=100.0, company_id=branch.id).action_confirm()
        self.assertEqual(self._exposure().exposure, 100.0)
        self.assertEqual(self._exposure(company=branch).exposure, 100.0)
        self.assertEqual(self._exposure(company=other).exposure, 0.0)

    def _down_payment(self, order, percent):
        self.env["sale.advance.payment.inv"].with_context(
            active_model="sale.order", active_ids=order.ids
        ).create({"advance_payment_method": "percentage", "amount": percent}).create_invoices()
        return order.invoice_ids.filtered(lambda move: move.state == "draft")

    def test_a_down_payment_counts_once(self):
        order = self._new_order(amount=1000.0)
        order.action_confirm()
        advance = self._down_payment(order, 40)
        self.assertEqual(self._exposure().exposure, 1000.0)
        advance.action_post()
        found = self._exposure()
        self.assertEqual((found.receivable, found.ordered_not_delivered), (400.0, 600.0))
        self._pay(advance)
        self.assertEqual(self._exposure().exposure, 600.0)
        order.order_line.filtered(lambda line: not line.is_downpayment).qty_delivered = 1.0
        self.assertEqual(self._exposure().delivered_not_invoiced, 600.0)
        order._create_invoices(final=True).action_post()
        found = self._exposure()
        self.assertEqual((found.receivable, found.exposure), (600.0, 600.0))

    def test_a_down_payment_on_a_far_off_order_leaves_the_others_alone(self):
        far_off = self._new_order(amount=1000.0, commitment_date=self._today(40))
        (far_off | self._new_order(amount=100.0)).action_confirm()
        self._down_payment(far_off, 40).action_post()
        found = self._exposure(horizon_days=30)
        self.assertEqual((found.receivable, found.ordered_not_delivered), (400.0, 100.0))

    def test_undelivered_orders_beyond_the_horizon_do_not_count(self):
        self._new_order(amount=100.0, commitment_date=self._today(40)).action_confirm()
        self.assertEqual(self._exposure(horizon_days=30).exposure, 0.0)
        self.assertEqual(self._exposure(horizon_days=60).exposure, 100.0)

    # ------------------------------------------------------------------
    # What is counted once
    # ------------------------------------------------------------------

    def _deliver(self, order, quantity):
        """Deliver so many of each line; what is left goes into a backorder."""
        picking = order.picking_ids.filtered(lambda p: p.state not in ("done", "cancel"))
        picking.move_ids.quantity = quantity
        picking.move_ids.picked = True
        picking._action_done()
        return picking

    def _return(self, picking, quantity):
        """Take back so many of what was delivered; returns the picking, not yet done."""
        wizard = self.env["stock.return.picking"].create({"picking_id": picking.id})
        wizard.product_return_moves.quantity = quantity
        return self.env["stock.picking"].browse(wizard.action_create_returns()["res_id"])

    def test_what_is_partly_invoiced_counts_for_the_rest(self):
        order = self._new_order(product=self.goods, quantity=5.0, amount=500.0)
        order.action_confirm()
        self._deliver(order, 4.0)
        invoice = order._create_invoices()
        invoice.invoice_line_ids.quantity = 3.0
        invoice.action_post()
        self.assertEqual(
            self._exposure(),
            Exposure(
                receivable=300.0, delivered_not_invoiced=100.0, ordered_not_delivered=100.0
            ),
        )

    def test_what_is_invoiced_before_it_is_delivered_counts_once(self):
        order = self._new_order(amount=500.0, quantity=5.0)
        order.order_line.product_id.invoice_policy = "order"
        order.action_confirm()
        order._create_invoices().action_post()
        order.order_line.qty_delivered = 2.0
        self.assertEqual(self._exposure(), Exposure(receivable=500.0))

    def test_a_draft_invoice_of_a_whole_order_leaves_it_on_the_order(self):
        order = self._new_order(amount=500.0)
        order.order_line.product_id.invoice_policy = "order"
        order.action_confirm()
        invoice = order._create_invoices()
        self.assertEqual(order.invoice_status, "invoiced")
        self.assertEqual(self._exposure(), Exposure(ordered_not_delivered=500.0))
        invoice.action_post()
        self.assertEqual(self._exposure(), Exposure(receivable=500.0))
        invoice.button_draft()
        self.assertEqual(self._exposure(), Exposure(ordered_not_delivered=500.0))

    def test_what_comes_back_counts_no_more(self):
        order = self._new_order(product=self.goods, quantity=5.0, amount=500.0)
        order.action_confirm()
        picking = self._deliver(order, 5.0)
        back = self._return(picking, 2.0)
        self.assertEqual(self._exposure(), Exposure(delivered_not_invoiced=500.0))
        back.move_ids.quantity = 2.0
        back.move_ids.picked = True
        back._action_done()
        self.assertEqual(self._exposure(), Exposure(delivered_not_invoiced=300.0))

    def test_an_open_return_does_not_revive_what_was_cancelled(self):
        order = self._new_order(product=self.goods, quantity=5.0, amount=500.0)
        order.action_confirm()
        picking = self._deliver(order, 3.0)
        order.picking_ids.filtered(lambda p: p.state != "done").action_cancel()
        self._return(picking, 1.0)
        self.assertEqual(self._exposure(), Exposure(delivered_not_invoiced=300.0))

    def test_a_refund_of_what_came_back_leaves_nothing(self):
        order = self._new_order(product=self.goods, quantity=5.0, amount=500.0)
        order.action_confirm()
        picking = self._deliver(order, 5.0)
        order._create_invoices().action_post()
        back = self._return(picking, 2.0)
        back.move_ids.quantity = 2.0
        back.move_ids.picked = True
        back._action_done()
        self.assertEqual(self._exposure(), Exposure(receivable=500.0))
        refund = order._create_invoices(final=True)
        self.assertEqual(refund.move_type, "out_refund")
        refund.action_post()
        self.assertEqual(self._exposure(), Exposure(receivable=300.0))

    def test_a_combo_counts_once(self):
        combo = self.env["product.combo"].create({
            "name": "Side",
            "combo_item_ids": [Command.create({"product_id": self.service.id})],
        })
        menu = self._create_product(
            name="Menu", type="combo", lst_price=80.0, combo_ids=[Command.set(combo.ids)],
            taxes_id=[Command.clear()],
        )
        order = self._new_order(product=menu, amount=80.0)
        order.order_line = [
            Command.create({
                "product_id": self.service.id,
                "combo_item_id": combo.combo_item_ids.id,
                "linked_line_id": order.order_line.id,
                "product_uom_qty": 1.0,
                "tax_ids": [Command.clear()],
            })
        ]
        order.action_confirm()
        self.assertTrue(order.amount_total)
        self.assertEqual(self._exposure().exposure, order.amount_total)

    def test_invoices_in_another_unit_are_converted(self):
        order = self._new_order(
            product=self.goods, quantity=2.0, amount=240.0
        )
        order.order_line.product_uom_id = self.env.ref("uom.product_uom_dozen")
        order.order_line.price_unit = 120.0
        order.action_confirm()
        order.order_line.qty_delivered = 1.0
        invoice = order._create_invoices()
        line = invoice.invoice_line_ids
        line.product_uom_id = self.env.ref("uom.product_uom_unit")
        line.write({"quantity": 12.0, "price_unit": 10.0})
        invoice.action_post()
        self.assertEqual(
            self._exposure(), Exposure(receivable=120.0, ordered_not_delivered=120.0)
        )

    def test_drafts_and_invoices_in_a_foreign_currency_are_converted(self):
        euro = self.setup_other_currency("EUR", rates=[("1900-01-01", 0.5)])
        invoice = self._new_invoice(amount=30.0, currency_id=euro.id)
        draft = invoice.copy()
        self.assertEqual(draft.state, "draft")
        self.assertEqual(self._exposure(), Exposure(60.0, 60.0, draft_invoiced=60.0))

    def test_a_draft_credit_note_is_deducted(self):
        invoice = self._new_invoice(amount=100.0, due=self._today(5))
        invoice.reversal_move_ids = invoice._reverse_moves([{"invoice_date": self._today()}])
        self.assertEqual(
            self._exposure(), Exposure(receivable=100.0, draft_invoiced=-100.0)
        )

    def test_an_unallocated_payment_is_deducted(self):
        payment = self.env["account.payment"].create({
            "payment_type": "inbound",
            "partner_type": "customer",
            "partner_id": self.customer.id,
            "amount": 70.0,
        })
        payment.action_post()
        self.assertEqual(self._exposure(), Exposure(receivable=-70.0))

    def test_a_discount_line_reduces_the_order(self):
        order = self._new_order(amount=100.0)
        order.order_line = [
            Command.create({
                "product_id": self.service.id,
                "price_unit": -20.0,
                "tax_ids": [Command.clear()],
            })
        ]
        order.action_confirm()
        self.assertEqual(self._exposure().exposure, 80.0)

    # ------------------------------------------------------------------
    # What a company lets count
    # ------------------------------------------------------------------

    def test_a_component_left_out_is_shown_and_does_not_count(self):
        self._new_invoice(amount=100.0)
        self._new_order(amount=30.0).action_confirm()
        self.company.o2c_exposure_ordered = False
        found = self._exposure()
        self.assertEqual((found.ordered_not_delivered, found.exposure), (30.0, 100.0))
        self.company.write({"o2c_exposure_ordered": True, "o2c_exposure_receivable": False})
        found = self._exposure()
        self.assertEqual((found.receivable, found.overdue, found.exposure), (100.0, 100.0, 30.0))

    def test_the_horizon_of_the_company_counts_unless_another_is_given(self):
        self._new_order(amount=100.0, commitment_date=self._today(40)).action_confirm()
        self.company.o2c_exposure_horizon_days = 30
        self.assertEqual(self._exposure().exposure, 0.0)
        self.assertEqual(self._exposure(horizon_days=60).exposure, 100.0)
        branch = self.env["res.company"].create({"name": "B", "parent_id": self.company.id})
        self.assertEqual(self._exposure(company=branch).exposure, 0.0)
        with self.assertRaises(ValidationError):
            self.company.o2c_exposure_horizon_days = -1

    def test_the_overdue_by_days(self):
        for days in (5, 30, 31, 90):
            due = self._today(-days)
            self._new_invoice(amount=float(days), date=due, due=due)
        self._new_invoice(amount=-50.0, date=self._today(-90))
        found = self._exposure(overdue_days=[30, 0, 89, 30, 400])
        self.assertEqual(
            found.overdue_by_days, {0: 156.0, 30: 121.0, 89: 90.0, 400: 0.0}
        )
        self.assertEqual(found.overdue, 156.0)
        self.assertFalse(self._exposure().overdue_by_days)

    def test_one_statement_however_many_customers(self):
        partners = self.env["res.partner"].create([{"name": f"C{i}"} for i in range(50)])
        for partner in partners[:5]:
            self._new_order(partner).action_confirm()
            self._new_invoice(partner)
        self.env.flush_all()
        self._exposure(overdue_days=(30,))
        Account = self.env["o2c.credit.account"]
        # Many customers are looked up by a statement too: who of them owes to whose account.
        for batch, expected in ((partners[0], 1), (partners, 2)):
            batch.commercial_partner_id.mapped("o2c_payer_id")
            with self.assertQueryCount(expected):
                Account._get_exposure(batch, self.company, overdue_days=(30, 60))

    def test_many_customers_are_reckoned_as_one_is(self):
        self._new_order(amount=300.0).action_confirm()
        self._new_invoice(amount=120.0, due="2025-01-15")
        crowd = self.env["res.partner"].create([{"name": f"C{i}"} for i in range(30)])
        crowd[0].o2c_payer_id = self.customer
        self._new_order(crowd[0], amount=40.0).action_confirm()
        Account = self.env["o2c.credit.account"]
        partners = crowd | self.customer
        found = Account._get_exposure(partners, self.company, overdue_days=(30,))
        for partner in (self.customer, crowd[0], crowd[1]):
            alone = Account._get_exposure(partner, self.company, overdue_days=(30,))
            self.assertEqual(found[partner.id], alone[partner.id])
        self.assertEqual(found[crowd[0].id].ordered_not_delivered, 340.0)
        self.assertEqual(found[self.customer.id].overdue_by_days, {30: 120.0})

    def test_goods_nobody_ordered_count_with_their_taxes(self):
        """A line without quantity has no total to take the price from."""
        taxes = self.env["account.tax"].create([
            {"name": "15 % on top", "amount": 15.0},
            {"name": "Two each", "amount_type": "fixed", "amount": 2.0},
            {"name": "In it", "amount": 10.0, "price_include_override": "tax_included"},
        ])
        order = self._new_order(amount=100.0)
        order.action_confirm()
        order.order_line = [
            Command.create({
                "product_id": self.service.id,
                "product_uom_qty": 0.0,
                "qty_delivered": 3.0,
                "price_unit": 50.0,
                "discount": 20.0,
                "tax_ids": taxes.ids,
            })
        ]
        # 50 less 20 % is 40, and 15 % and 2 on top of it 48; the included tax is in it.
        self.assertEqual(
            self._exposure(),
            Exposure(delivered_not_invoiced=144.0, ordered_not_delivered=100.0),
        )
