from datetime import timedelta

from odoo.exceptions import AccessError, UserError
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

    def test_dozens_on_two_invoices(self):
        """Fixed amounts are for units of the product, whatever they are sold and invoiced in."""
        self._new_agreement(plan=self._new_plan({"method": "fixed", "fixed_amount": 0.5}))
        dozen = self.env.ref("uom.product_uom_dozen")
        order = self._order(order_line=[Command.create({
            "product_id": self.goods.id, "product_uom_qty": 2, "product_uom_id": dozen.id,
            "price_unit": 120.0,
        })])
        self.assertEqual(self._expected(order.o2c_commission_ids), 12.0)
        unit = order.picking_ids.move_ids.product_uom
        self._deliver(order, self.goods.uom_id._compute_quantity(12, unit))
        self._bill(order)
        self.assertEqual(self._sum(order.o2c_commission_ids), 6.0)
        self.assertEqual(self._expected(order.o2c_commission_ids), 6.0)
        self._deliver(order, self.goods.uom_id._compute_quantity(18, unit))
        self._bill(order)
        self.assertEqual(self._sum(order.o2c_commission_ids), 15.0)
        self.assertEqual(self._expected(order.o2c_commission_ids), 0.0)

    def test_returned_twice_and_delivered_again(self):
        self._new_agreement(plan=self._new_plan({"rate": 10.0}, trigger="delivery"))
        order = self._order((self.goods, 10, 100.0))
        first = self._deliver(order, 12)
        self.assertEqual(self._sum(order.o2c_commission_ids), 120.0)
        back = self._return(first, 3)
        self._return(first, 2)
        self.assertEqual(self._sum(order.o2c_commission_ids), 70.0)
        self._return(back, 3)
        self.assertEqual(self._sum(order.o2c_commission_ids), 100.0)
        self.assertEqual(self._expected(order.o2c_commission_ids), 0.0)

    def test_one_payment_of_two_invoices(self):
        self._new_agreement(plan=self._new_plan({"rate": 10.0}, trigger="payment"))
        first, second = self._invoice((self.service, 1, 100.0)), self._invoice((self.service, 1, 300.0))
        wizard = self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=(first | second).ids
        ).create({"payment_date": "2025-03-15", "group_payment": True, "amount": 250.0})
        wizard._create_payments()
        rows = (first | second).o2c_commission_ids
        self.assertEqual(self._sum(rows), 25.0)
        self.assertEqual(self._expected(rows), 15.0)

    def test_cash_discount(self):
        terms = self.env["account.payment.term"].create({
            "name": "2 % for 10 days", "early_discount": True, "discount_percentage": 2.0,
            "discount_days": 10, "early_pay_discount_computation": "included",
            "line_ids": [Command.create({"value": "percent", "value_amount": 100, "nb_days": 30})],
        })
        for trigger in ("payment", "invoice"):
            for reduces, earned in ((False, 10.0), (True, 9.8)):
                plan = self._new_plan({"rate": 10.0}, trigger=trigger, cash_discount_reduces=reduces)
                agreement = self._new_agreement(plan=plan)
                invoice = self._invoice((self.service, 1, 100.0), invoice_payment_term_id=terms.id)
                self.env["account.payment.register"].with_context(
                    active_model="account.move", active_ids=invoice.ids
                ).create({"payment_date": "2025-03-05"})._create_payments()
                self.assertEqual(invoice.amount_residual, 0.0)
                self.assertEqual(self._sum(invoice.o2c_commission_ids), earned, (trigger, reduces))
                self.assertEqual(self._expected(invoice.o2c_commission_ids), 0.0)
                self.assertEqual(self._again(invoice), 0)
                agreement.date_to = "2025-01-01"

    def test_credit_note_applied_to_another_invoice(self):
        self._new_agreement(plan=self._new_plan({"rate": 10.0}, trigger="payment"))
        first, second = self._invoice((self.service, 1, 100.0)), self._invoice((self.service, 1, 300.0))
        self._pay(first, 100)
        refund = self._refund(first)
        refund.invoice_line_ids.price_unit = 150
        refund.action_post()
        lines = (second | refund).line_ids.filtered(lambda line: line.account_type == "asset_receivable")
        lines.reconcile()
        rows = (first | second | refund).o2c_commission_ids
        # The first is taken back, never more than it earned; half of the second is settled.
        self.assertEqual(self._sum(first.o2c_commission_ids), 10.0)
        self.assertEqual(self._sum(refund.o2c_commission_ids), -10.0)
        self.assertEqual(self._sum(second.o2c_commission_ids), 15.0)
        self.assertEqual(self._expected(rows), 15.0)

    def test_reposted_with_other_lines_and_salesperson(self):
        plan = self._new_plan()
        mine, others = self._new_agreement(plan=plan), self._new_agreement(
            self.other_salesperson.partner_id, plan
        )
        invoice = self._invoice((self.service, 1, 100.0), (self.service, 1, 50.0))
        self._pay(invoice, 60)
        invoice.button_draft()
        invoice.invoice_line_ids[0].unlink()
        invoice.write({
            "invoice_user_id": self.other_salesperson.id,
            "invoice_line_ids": [
                Command.create({"product_id": self.service.id, "price_unit": 20.0, "tax_ids": []}),
            ],
        })
        invoice.action_post()
        self.assertEqual(self._sum(self._rows(mine)), 0.0)
        self.assertEqual(self._sum(self._rows(others)), 7.0)
        invoice.button_draft()
        invoice.button_cancel()
        self.assertEqual(self._sum(self._rows(others)), 0.0)

    def test_nobody_forges_rows(self):
        self._new_agreement(plan=self._new_plan({"rate": 10.0}, trigger="order"))
        order = self._order((self.service, 1, 100.0))
        mine = order.with_user(self.salesperson)
        for values in (
            {"o2c_commission_ids": [Command.create({"amount": 5.0})]},
            {"o2c_commission_ids": [Command.clear()]},
            {"o2c_commission_ids": [Command.update(order.o2c_commission_ids[0].id, {"amount": 5.0})]},
            {"o2c_commission_split_ids": [Command.clear()]},
        ):
            with self.assertRaises(UserError):
                mine.write(values)
                mine.env.flush_all()
        forged = mine.with_context(o2c_commission_writer=True)
        with self.assertRaises(AccessError):
            forged.env["o2c.commission.entry"].create({"amount": 5.0})
        with self.assertRaises(AccessError):
            forged.o2c_commission_split_ids.write({"share": 5.0})
        with self.assertRaises(AccessError):
            mine.with_context(default_o2c_commission_assigned=True).env["sale.order"].create({
                "partner_id": self.customer.id,
            })

    def test_statements_do_not_grow_with_lines(self):
        self._new_agreement(plan=self._new_plan({"rate": 10.0}, trigger="payment"))
        counts = []
        for number in (2, 40):
            invoice = self._draft(*[(self.service, 1, 10.0 + line) for line in range(number)])
            invoice.action_post()
            self.env.flush_all()
            ledger = invoice._o2c_as_ledger().env["o2c.commission.entry"]
            start = self.env.cr.sql_log_count
            ledger._close("invoice", invoice.invoice_line_ids.ids)
            ledger._accrue_invoices(invoice._o2c_as_ledger())
            counts.append(self.env.cr.sql_log_count - start)
        self.assertLessEqual(counts[1], counts[0] + 3)

    def test_order_of_a_branch(self):
        """The agreement is the parent's, the order and its invoice the branch's."""
        self._new_agreement(self.agent, self._new_plan({"rate": 10.0}, trigger="payment"), coverage="all")
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        self.env.cr.precommit.run()
        branch.o2c_use_commission = True
        self.env.user.company_ids |= branch
        self.env = self.env(context={"allowed_company_ids": [branch.id, self.company.id]})
        order = self._order((self.service, 1, 100.0), company_id=branch.id, user_id=self.env.uid)
        invoice = self._bill(order)
        self.assertEqual(invoice.company_id, branch)
        self._pay(invoice, 50)
        rows = order.sudo().o2c_commission_ids
        self.assertEqual((self._sum(rows), self._expected(rows)), (5.0, 5.0))

    def test_archived_between(self):
        plan = self._new_plan({"rate": 10.0}, trigger="payment")
        agreement = self._new_agreement(self.agent, plan, coverage="all")
        order = self._order((self.service, 1, 100.0))
        agreement.active = False
        self.agent.active = False
        invoice = self._bill(order)
        self._pay(invoice, 50)
        self.assertEqual(self._sum(self._rows(agreement)), 5.0)
        self.assertEqual(self._expected(self._rows(agreement)), 5.0)
        order._action_cancel()
        invoice.button_draft()
        self.assertEqual(self._sum(self._rows(agreement)), 0.0)
        self.assertEqual(self._expected(self._rows(agreement)), 0.0)

    def test_written_off_then_repriced(self):
        """What a line earns at its new price is lost all the same."""
        self.company.write({
            "o2c_write_off_account_id": self.company_data["default_account_expense"].id,
            "o2c_write_off_threshold": 10000,
        })
        agreement = self._new_agreement(plan=self._new_plan({"rate": 10.0}, trigger="order"))
        order = self._order((self.service, 1, 100.0))
        invoice = self._bill(order)
        lines = invoice.line_ids.filtered(lambda line: line.account_type == "asset_receivable")
        write_off = self.env["o2c.write.off"].create({
            "partner_id": self.customer.id,
            "company_id": self.company.id,
            "reason": "insolvency",
            "line_ids": [Command.create({"move_line_id": line.id}) for line in lines],
        })
        write_off.action_request()
        write_off.with_user(self.o2c_manager).action_approve()
        self.assertEqual(self._sum(self._rows(agreement)), 0.0)
        order.order_line.price_unit = 90.0
        self.assertEqual(self._sum(self._rows(agreement)), 0.0)

    def test_cancelled_after_refund(self):
        """What a credit note took back of an order is not taken back once more with the order."""
        agreement = self._new_agreement(plan=self._new_plan({"rate": 10.0}, trigger="order"))
        order = self._order((self.service, 10, 100.0))
        invoice = self._bill(order)
        refund = self._refund(invoice)
        refund.invoice_line_ids.quantity = 4
        refund.action_post()
        self.assertEqual(self._sum(self._rows(agreement)), 60.0)
        order.order_line.price_unit = 90.0
        self.assertEqual(self._sum(self._rows(agreement)), 54.0)
        order._action_cancel()
        self.assertEqual(self._sum(self._rows(agreement)), 0.0)
