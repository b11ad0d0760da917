from datetime import timedelta

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from .commission_common import CommissionCommon


@tagged("post_install", "-at_install")
class TestCommissionEdges(CommissionCommon):
    """What happens seldom, and must not cost anybody a cent."""

    def _draft(self, *lines, **values):
        """A draft invoice. Lines are (product, quantity, price), without tax."""
        return self.env["account.move"].create({
            "move_type": "out_invoice",
            "partner_id": self.customer.id,
            "invoice_date": "2025-03-01",
            "invoice_user_id": self.salesperson.id,
            "invoice_line_ids": [
                Command.create({
                    "product_id": product.id if product else False,
                    "name": "Something",
                    "quantity": quantity,
                    "price_unit": price,
                    "tax_ids": [],
                })
                for product, quantity, price in lines
            ],
            **values,
        })

    def _invoice(self, *lines, **values):
        invoice = self._draft(*lines, **values)
        invoice.action_post()
        return invoice

    def _refund(self, invoice, date="2025-03-20"):
        """A draft credit note."""
        return invoice._reverse_moves([{"invoice_date": date}])

    def _order(self, *lines, **values):
        """A confirmed order. Lines are (product, quantity, price)."""
        order = self.env["sale.order"].create({
            "partner_id": self.customer.id,
            "user_id": self.salesperson.id,
            "order_line": [
                Command.create({"product_id": product.id, "product_uom_qty": quantity, "price_unit": price})
                for product, quantity, price in lines
            ],
            **values,
        })
        order.action_confirm()
        order.date_order = values.get("date_order", "2025-03-01")
        return order

    def _bill(self, order, date="2025-03-01"):
        invoice = order._create_invoices(final=True)
        invoice.invoice_date = date
        invoice.action_post()
        return invoice

    def _sum(self, rows):
        return round(sum(rows.filtered(lambda row: row.kind != "expect").mapped("amount")), 2)

    def _expected(self, rows):
        return round(sum(rows.filtered(lambda row: row.kind == "expect").mapped("amount")), 2)

    def _rows(self, agreement):
        return self.env["o2c.commission.entry"].search([("agreement_id", "=", agreement.id)])

    def _again(self, invoices):
        """How many rows it adds to go over invoices once more."""
        ledger = self.env["o2c.commission.entry"]
        before = ledger.search_count([])
        moves = invoices._o2c_as_ledger()
        moves.env["o2c.commission.entry"]._accrue_invoices(moves)
        moves.env["o2c.commission.entry"]._settle_invoices(moves)
        return ledger.search_count([]) - before

    def test_rerun_zero_line(self):
        self._new_agreement(plan=self._new_plan(trigger="payment"))
        invoice = self._invoice((self.service, 1, 100.0), (self.service, 1, 0.0))
        self._pay(invoice, 40)
        self.assertEqual(self._again(invoice), 0)

    def test_rerun_after_unreconcile(self):
        self._new_agreement(plan=self._new_plan(trigger="payment"))
        invoice = self._invoice((self.service, 1, 100.0))
        self._pay(invoice, 40)
        self._pay(invoice, 60)
        invoice.line_ids.remove_move_reconcile()
        self.assertEqual(self._again(invoice), 0)
        self._pay(invoice, 30)
        self.assertEqual(self._sum(invoice.o2c_commission_ids), 3.0)

    def test_refunds_one_by_one_of_like_lines(self):
        self._new_agreement(plan=self._new_plan())
        invoice = self._invoice((self.service, 1, 100.0), (self.service, 1, 100.0))
        refunds = self.env["account.move"]
        for __ in range(2):
            refund = self._refund(invoice)
            refund.invoice_line_ids[1].unlink()
            refund.action_post()
            refunds |= refund
        self.assertEqual(self._sum((invoice | refunds).o2c_commission_ids), 0.0)

    def test_refund_discount_first(self):
        self._new_agreement(plan=self._new_plan())
        invoice = self._invoice((None, 1, -10.0), (None, 1, 100.0))
        self.assertEqual(self._sum(invoice.o2c_commission_ids), 9.0)
        refund = self._refund(invoice)
        refund.action_post()
        self.assertEqual(self._sum((invoice | refund).o2c_commission_ids), 0.0)

    def test_refund_free_quantity(self):
        self._new_agreement(plan=self._new_plan({"rate": 2.0}, base="quantity"))
        invoice = self._invoice((self.service, 10, 0.0))
        self.assertEqual(self._sum(invoice.o2c_commission_ids), 20.0)
        refund = self._refund(invoice)
        refund.invoice_line_ids.quantity = 1
        refund.action_post()
        self.assertEqual(self._sum((invoice | refund).o2c_commission_ids), 18.0)

    def test_reset_paid_tiers(self):
        plan = self._new_plan(
            self._tier_rule((0, 1000, 5), (1000, 0, 10), tier_scope="period", tier_mode="retroactive"),
            trigger="payment",
        )
        agreement = self._new_agreement(plan=plan)
        invoice = self._invoice((self.service, 1, 800.0))
        self._pay(invoice, 800, "2025-04-15")
        self.assertEqual(self._sum(self._rows(agreement)), 40.0)
        invoice.button_draft()
        self.assertEqual(self._sum(self._rows(agreement)), 0.0)
        invoice.action_post()
        self.assertEqual(self._sum(self._rows(agreement)), 40.0)

    def test_prepaid_in_full(self):
        self._new_agreement(plan=self._new_plan(trigger="payment"))
        order = self._order((self.service, 10, 100.0))
        wizard = self.env["sale.advance.payment.inv"].with_context(
            active_ids=order.ids, active_model="sale.order"
        ).create({"advance_payment_method": "percentage", "amount": 100})
        wizard.create_invoices()
        down = order.invoice_ids
        down.invoice_date = "2025-03-01"
        down.action_post()
        self._pay(down)
        self.assertFalse(down.o2c_commission_ids)
        final = order._create_invoices(final=True)
        final.invoice_date = "2025-03-02"
        final.action_post()
        self.assertEqual(final.amount_total, 0)
        self.assertEqual(self._sum(order.o2c_commission_ids), 100.0)
        self.assertEqual(self._expected(order.o2c_commission_ids), 0.0)
        self.assertEqual(self._again(final), 0)

    def test_line_added_after_reopening(self):
        self._new_agreement(plan=self._new_plan())
        order = self._order((self.service, 1, 100.0))
        order._action_cancel()
        order.action_draft()
        order.order_line = [Command.create({"product_id": self.service.id, "price_unit": 50.0})]
        order.action_confirm()
        self.assertEqual(self._expected(order.o2c_commission_ids), 15.0)

    def test_trigger_changes_between_versions(self):
        for old, new in (
            ("order", "invoice"), ("invoice", "order"), ("payment", "delivery"), ("invoice", "payment"),
        ):
            with self.subTest(old=old, new=new):
                plan = self._new_plan(trigger=old)
                agreement = self._new_agreement(plan=plan)
                order = self._order((self.service, 1, 100.0))
                plan.action_close("2025-03-31")
                version = self.env["o2c.commission.plan"].browse(plan.action_new_version()["res_id"])
                version.write({"date_from": "2025-04-01", "date_to": False, "trigger": new})
                version.action_activate()
                invoice = self._bill(order, "2025-04-10")
                self._pay(invoice, date="2025-04-20")
                self.assertEqual(self._sum(self._rows(agreement)), 10.0)
                self.assertEqual(self._expected(self._rows(agreement)), 0.0)
                refund = self._refund(invoice, "2025-05-01")
                refund.action_post()
                self._pay(refund, date="2025-05-02")
                self.assertEqual(self._sum(self._rows(agreement)), 0.0)
                agreement.date_to = "2025-01-01"

    def test_merged_partner(self):
        other = self._new_customer("Quayside Agency Ltd", o2c_customer_type="agent", email="x@y.z")
        agreement = self._new_agreement(self.agent, self._new_plan(), coverage="all")
        self._invoice((self.service, 1, 100.0))
        self.env["base.partner.merge.automatic.wizard"]._merge((self.agent | other).ids, other)
        self.assertEqual(agreement.payee_id, other)
        invoice = self._invoice((self.service, 1, 100.0))
        self.assertEqual(invoice.o2c_commission_ids.payee_id, other)
        self.assertEqual(self._rows(agreement).payee_id, other)

    def test_free_goods_margin(self):
        self._new_agreement(plan=self._new_plan(base="margin"))
        self.service.standard_price = 60.0
        invoice = self._invoice((self.service, 1, 0.0), (self.service, 1, 50.0), (self.service, 1, 100.0))
        self.assertEqual(self._sum(invoice.o2c_commission_ids), 4.0)

    def test_service_on_delivery_plan(self):
        self._new_agreement(plan=self._new_plan(trigger="delivery"))
        order = self._order((self.service, 1, 100.0))
        invoice = self._bill(order)
        self.assertEqual(self._sum(order.o2c_commission_ids), 10.0)
        self.assertEqual(self._expected(order.o2c_commission_ids), 0.0)
        refund = self._refund(invoice)
        refund.action_post()
        self.assertEqual(self._sum(order.o2c_commission_ids), 0.0)

    def test_credit_note_of_the_order(self):
        """Returned goods are credited by the order, at the terms of the invoice."""
        plan = self._new_plan({"rate": 10.0})
        self._new_agreement(plan=plan)
        order = self._order((self.goods, 10, 100.0))
        order.order_line.qty_delivered = 10
        self._deliver(order, 10)
        self._bill(order)
        self.assertEqual(self._sum(order.o2c_commission_ids), 100.0)
        plan.action_close("2025-03-31")
        self._return(order.picking_ids, 4)
        refund = order._create_invoices(final=True)
        self.assertEqual(refund.move_type, "out_refund")
        refund.invoice_date = "2025-05-01"
        refund.action_post()
        self.assertEqual(self._sum(order.o2c_commission_ids), 60.0)

    def _deliver(self, order, quantity):
        picking = order.picking_ids.filtered(lambda picking: picking.state not in ("done", "cancel"))
        picking.move_ids.quantity = quantity
        picking.move_ids.picked = True
        picking._action_done()
        return picking

    def _return(self, picking, quantity):
        wizard = self.env["stock.return.picking"].with_context(
            active_id=picking.id, active_model="stock.picking"
        ).create({})
        wizard.product_return_moves.quantity = quantity
        returned = wizard._create_return()
        returned.move_ids.write({"quantity": quantity, "picked": True})
        returned._action_done()
        return returned

    def test_order_trigger_and_returned_by_order(self):
        self._new_agreement(plan=self._new_plan({"rate": 10.0}, trigger="order"))
        order = self._order((self.goods, 10, 100.0))
        self._deliver(order, 10)
        self._bill(order)
        self._return(order.picking_ids, 4)
        refund = order._create_invoices(final=True)
        refund.invoice_date = "2025-05-01"
        refund.action_post()
        self.assertEqual(self._sum(order.o2c_commission_ids), 60.0)

    def test_flag_hidden(self):
        order = self._order((self.service, 1, 100.0))
        with self.debug_mode(), self.assertRaises(AccessError):
            order.with_user(self.salesperson).write({"o2c_commission_assigned": False})

    def test_negative_order_line(self):
        self._new_agreement(plan=self._new_plan({"rate": 10.0}))
        order = self._order((self.service, 10, 100.0), (self.service, -2, 100.0))
        self.assertEqual(self._expected(order.o2c_commission_ids), 80.0)
        self._bill(order)
        self.assertEqual(self._expected(order.o2c_commission_ids), 0.0)
        self.assertEqual(self._sum(order.o2c_commission_ids), 80.0)

    def test_refund_while_draft(self):
        self._new_agreement(plan=self._new_plan({"rate": 10.0}))
        invoice = self._invoice((self.service, 1, 100.0))
        refund = self._refund(invoice)
        invoice.button_draft()
        refund.action_post()
        invoice.action_post()
        self.assertEqual(self._sum((invoice | refund).o2c_commission_ids), 0.0)

    def test_refund_kept_when_reposted(self):
        self._new_agreement(plan=self._new_plan({"rate": 10.0}))
        invoice = self._invoice((self.service, 1, 100.0))
        refund = self._refund(invoice)
        refund.invoice_line_ids.price_unit = 60
        refund.action_post()
        invoice.button_draft()
        invoice.action_post()
        second = self._refund(invoice)
        second.action_post()
        self.assertEqual(self._sum((invoice | refund | second).o2c_commission_ids), 0.0)

    def test_start_in_future_order(self):
        self._new_agreement(plan=self._new_plan({"rate": 10.0}, trigger="order"))
        self.company.o2c_commission_start = self.company._o2c_today() + timedelta(days=30)
        order = self._order((self.service, 1, 100.0))
        self.assertFalse(order.o2c_commission_ids)

    def test_refund_other_currency(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.env["res.currency.rate"].search([("currency_id", "=", euro.id)]).unlink()
        self.env["res.currency.rate"].create({
            "currency_id": euro.id, "name": "2025-01-01", "rate": 0.5, "company_id": self.company.id,
        })
        self._new_agreement(plan=self._new_plan({"rate": 10.0}))
        invoice = self._invoice((self.service, 1, 100.0))
        refund = self._refund(invoice)
        refund.currency_id = euro
        refund.invoice_line_ids.price_unit = 50
        refund.action_post()
        rows = (invoice | refund).o2c_commission_ids
        self.assertEqual(sum(rows.mapped("amount_company")), 0.0)

    def test_off_and_on(self):
        self._new_agreement(plan=self._new_plan({"rate": 10.0}, trigger="payment"))
        invoice = self._invoice((self.service, 1, 100.0))
        self.company.o2c_use_commission = False
        self._pay(invoice, 50)
        self.company.o2c_use_commission = True
        self._pay(invoice, 50)
        self.assertEqual(self._sum(invoice.o2c_commission_ids), 10.0)
