import random

from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .commission_common import CommissionCommon


@tagged("post_install", "-at_install")
class TestCommissionLedger(CommissionCommon):
    """The sum of the rows is what is owed, to the cent, whatever happens in which order."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write({
            "o2c_write_off_account_id": cls.env["account.account"].create({
                "name": "Bad Debts", "code": "669999", "account_type": "expense",
            }).id,
            "o2c_write_off_threshold": 10000,
        })

    def _invoice(self, *amounts, user=None, date="2025-03-01", currency=None, partner=None):
        invoice = self.env["account.move"].create({
            "move_type": "out_invoice",
            "partner_id": (partner or self.customer).id,
            "invoice_date": date,
            "invoice_user_id": (user or self.salesperson).id,
            "currency_id": (currency or self.company.currency_id).id,
            "invoice_line_ids": [
                Command.create({
                    "product_id": self.service.id, "quantity": 1, "price_unit": amount, "tax_ids": [],
                })
                for amount in amounts
            ],
        })
        invoice.action_post()
        return invoice

    def _pay(self, invoice, amount=None, date="2025-03-15", currency=None):
        values = {"payment_date": date}
        if currency:
            values["currency_id"] = currency.id
        if amount is not None:
            values["amount"] = amount
        return self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create(values)._create_payments()

    def _earned(self, entries, name="amount", payee=None):
        return round(sum(
            entry[name] for entry in entries
            if entry.state != "expected" and (not payee or entry.payee_id == payee)
        ), 2)

    def _order(self, product=None, quantity=10.0, price=100.0, **values):
        order = self.env["sale.order"].create({
            "partner_id": self.customer.id,
            "user_id": self.salesperson.id,
            "date_order": "2025-03-01",
            "order_line": [Command.create({
                "product_id": (product or self.service).id, "product_uom_qty": quantity, "price_unit": price,
            })],
            **values,
        })
        order.action_confirm()
        return order

    # ------------------------------------------------------------------
    # Currencies
    # ------------------------------------------------------------------

    def test_three_currencies(self):
        dollar, euro = self.company.currency_id, self.env.ref("base.EUR")
        yen = self.env.ref("base.JPY")
        (euro | yen).active = True
        for currency, rate in ((euro, 0.8), (yen, 150.0)):
            self.env["res.currency.rate"].search([("currency_id", "=", currency.id)]).unlink()
            self.env["res.currency.rate"].create({
                "currency_id": currency.id, "name": "2025-01-01", "rate": rate, "company_id": self.company.id,
            })
        plan = self._new_plan({"rate": 7.0}, trigger="payment")
        self._new_agreement(plan=plan, currency_id=yen.id)
        invoice = self._invoice(1000.01, currency=euro)
        entries = invoice.o2c_commission_ids
        self.assertEqual(entries.currency_id, euro)
        self.assertEqual(entries.mapped("amount"), [70.0])
        self.assertEqual(entries.mapped("amount_company"), [87.5])
        self.assertEqual(entries.mapped("amount_payee"), [13125.0])
        # The rate of the day of payment is not asked for, nor is the difference by it.
        self.env["res.currency.rate"].create({
            "currency_id": euro.id, "name": "2025-03-10", "rate": 0.9, "company_id": self.company.id,
        })
        for part in (333.33, 333.33, 333.35):
            self._pay(invoice, part)
        self.assertEqual(invoice.amount_residual, 0)
        entries = invoice.o2c_commission_ids
        self.assertEqual(self._earned(entries), 70.0)
        self.assertEqual(self._earned(entries, "amount_company"), 87.5)
        self.assertEqual(self._earned(entries, "amount_payee"), 13125.0)
        self.assertEqual(sum(entries.filtered(lambda entry: entry.state == "expected").mapped("amount")), 0)
        self.assertEqual(dollar, entries.company_currency_id)

    def test_paid_in_another_currency(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.env["res.currency.rate"].search([("currency_id", "=", euro.id)]).unlink()
        self.env["res.currency.rate"].create([
            {"currency_id": euro.id, "name": "2025-01-01", "rate": 0.5, "company_id": self.company.id},
            {"currency_id": euro.id, "name": "2025-03-10", "rate": 0.8, "company_id": self.company.id},
        ])
        self._new_agreement(plan=self._new_plan({"rate": 10.0}, trigger="payment"))
        invoice = self._invoice(100.0, currency=euro)
        self._pay(invoice, currency=self.company.currency_id)
        self.assertEqual(invoice.amount_residual, 0)
        self.assertEqual(self._earned(invoice.o2c_commission_ids), 10.0)
        self.assertEqual(self._earned(invoice.o2c_commission_ids, "amount_company"), 20.0)

    # ------------------------------------------------------------------
    # Splits
    # ------------------------------------------------------------------

    def test_splits_that_do_not_divide(self):
        plan = self._new_plan({"rate": 10.0})
        agents = [self._new_customer(f"Agent {number}") for number in range(3)]
        for agent in agents:
            self._new_agreement(agent, plan, coverage="all", share=33.33)
        invoice = self._invoice(100.05)
        found = [self._earned(invoice.o2c_commission_ids, payee=agent) for agent in agents]
        self.assertEqual(found, [3.34, 3.34, 3.33])

    def test_shared_parts_are_cut_at_the_whole(self):
        plan = self._new_plan({"rate": 10.0})
        first = self._new_agreement(
            self.agent, plan, coverage="customers", partner_ids=self.customer.ids, share=70.0
        )
        second = self._new_agreement(plan=plan, share=60.0)
        overlay = self._new_agreement(
            self._new_customer("Leader"), plan, coverage="all", share=5.0, mode="overlay"
        )
        entries = self._invoice(1000.0).o2c_commission_ids
        by_agreement = {entry.agreement_id: entry.amount for entry in entries}
        self.assertEqual(by_agreement, {first: 70.0, second: 30.0, overlay: 5.0})

    def test_a_share_is_changed_with_a_reason(self):
        self._new_agreement(plan=self._new_plan({"rate": 10.0}))
        order = self._order()
        split = order.o2c_commission_split_ids
        with self.assertRaises(ValidationError):
            split.with_user(self.commission_manager).share = 50
        split.with_user(self.commission_manager).write({"share": 50, "reason": "Half was found by the house"})
        self.assertEqual(sum(order.o2c_commission_ids.mapped("amount")), 50.0)
        invoice = order._create_invoices()
        invoice.action_post()
        self.assertEqual(self._earned(invoice.o2c_commission_ids), 50.0)

    def test_plans_credit_sales_to_whom_they_earn(self):
        agreement = self._new_agreement(self.agent, coverage="all", share=30.0)
        order = self._order()
        invoice = order._create_invoices()
        invoice.action_post()
        plan = self.env["o2c.sales.plan"].create({
            "name": "2025", "company_id": self.company.id, "date_from": "2025-01-01", "date_to": "2025-12-31",
        })
        for lines in (order.order_line, invoice.invoice_line_ids):
            self.assertEqual(plan._credited_shares(lines), {lines.id: {agreement.payee_id.id: 30.0}})

    # ------------------------------------------------------------------
    # Tiers
    # ------------------------------------------------------------------

    def test_tiers_of_a_period_do_not_ask_for_the_order(self):
        draw = random.Random(5)
        amounts = [400.0, 700.0, 250.0]
        totals = set()
        for mode in ("marginal", "retroactive"):
            for __ in range(2):
                plan = self._new_plan(
                    self._tier_rule(
                        (0, 500, 5), (500, 1000, 8), (1000, 0, 10), tier_scope="period", tier_mode=mode
                    )
                )
                agreement = self._new_agreement(plan=plan)
                draw.shuffle(amounts)
                invoices = [self._invoice(amount) for amount in amounts]
                small = min(invoices, key=lambda invoice: invoice.amount_total)
                refund = small._reverse_moves([{"invoice_date": "2025-04-20"}])
                refund.action_post()
                rows = self.env["o2c.commission.entry"].search([("agreement_id", "=", agreement.id)])
                totals.add((mode, self._earned(rows)))
                agreement.date_to = "2025-01-01"
        # 1,100 are left of the 1,350: half of it at 5 %, 500 at 8, 100 at 10; or all at 10.
        self.assertEqual(totals, {("marginal", 75.0), ("retroactive", 110.0)})

    def test_tiers_of_money_received(self):
        plan = self._new_plan(
            self._tier_rule((0, 500, 5), (500, 0, 10), tier_scope="period", tier_mode="retroactive"),
            trigger="payment",
        )
        self._new_agreement(plan=plan)
        invoice = self._invoice(1000.0)
        self._pay(invoice, 400, "2025-03-10")
        self.assertEqual(self._earned(invoice.o2c_commission_ids), 20.0)
        self._pay(invoice, 200, "2025-03-20")
        self.assertEqual(self._earned(invoice.o2c_commission_ids), 60.0)
        # A new month begins anew.
        self._pay(invoice, 400, "2025-04-02")
        self.assertEqual(self._earned(invoice.o2c_commission_ids), 80.0)
        invoice.line_ids.remove_move_reconcile()
        self.assertEqual(self._earned(invoice.o2c_commission_ids), 0.0)

    def test_freight_and_services_by_choice(self):
        freight = self._create_product(name="Freight", type="service", o2c_is_freight=True, taxes_id=[])
        for freight_in, services_in, earned in (
            (False, True, 10.0), (True, True, 15.0), (True, False, 5.0), (False, False, 0.0),
        ):
            plan = self._new_plan(include_freight=freight_in, include_services=services_in)
            agreement = self._new_agreement(plan=plan)
            invoice = self.env["account.move"].create({
                "move_type": "out_invoice",
                "partner_id": self.customer.id,
                "invoice_date": "2025-03-01",
                "invoice_user_id": self.salesperson.id,
                "invoice_line_ids": [
                    Command.create({"product_id": self.service.id, "price_unit": 100.0, "tax_ids": []}),
                    Command.create({"product_id": freight.id, "price_unit": 50.0, "tax_ids": []}),
                ],
            })
            invoice.action_post()
            self.assertEqual(self._earned(invoice.o2c_commission_ids), earned)
            agreement.date_to = "2025-01-01"

    # ------------------------------------------------------------------
    # Credit notes
    # ------------------------------------------------------------------

    def test_credit_notes_take_back_at_the_original_rate(self):
        plan = self._new_plan({"rate": 10.0})
        self._new_agreement(plan=plan)
        invoice = self._invoice(99.99, 50.0)
        self.assertEqual(self._earned(invoice.o2c_commission_ids), 15.0)
        plan.action_close(self.company._o2c_today())
        refunds = self.env["account.move"]
        for __ in range(3):
            refund = invoice._reverse_moves([{"invoice_date": "2025-05-01"}])
            refund.invoice_line_ids[1].unlink()
            refund.invoice_line_ids.price_unit = 33.33
            refund.action_post()
            refunds |= refund
        taken = [self._earned(refund.o2c_commission_ids) for refund in refunds]
        self.assertEqual(taken, [-3.33, -3.34, -3.33])
        original = invoice.invoice_line_ids[0].o2c_commission_ids
        self.assertEqual(refunds.o2c_commission_ids.origin_entry_id, original)
        refunds[0].button_draft()
        self.assertEqual(self._earned(refunds[0].o2c_commission_ids), 0.0)

    def test_invoices_before_the_first_day(self):
        self.company.o2c_commission_start = "2025-04-01"
        self._new_agreement(plan=self._new_plan({"rate": 10.0}, trigger="payment"))
        invoice = self._invoice(1000.0)
        self._pay(invoice)
        refund = invoice._reverse_moves([{"invoice_date": "2025-05-01"}])
        refund.action_post()
        self.assertFalse((invoice | refund).o2c_commission_ids)

    # ------------------------------------------------------------------
    # Deliveries, margin, bad debts
    # ------------------------------------------------------------------

    def test_deliveries_and_returns(self):
        self._new_agreement(plan=self._new_plan({"rate": 10.0}, trigger="delivery"))
        order = self._order(self.goods, price=99.99, quantity=3)
        self.assertEqual(self._earned(order.o2c_commission_ids), 0.0)
        picking = self._deliver(order, 1)
        self.assertEqual(self._earned(order.o2c_commission_ids), 10.0)
        self._deliver(order, 2)
        self.assertEqual(self._earned(order.o2c_commission_ids), 30.0)
        expected = order.o2c_commission_ids.filtered(lambda entry: entry.state == "expected")
        self.assertEqual(round(sum(expected.mapped("amount")), 2), 0.0)
        wizard = self.env["stock.return.picking"].with_context(
            active_id=picking.id, active_model="stock.picking"
        ).create({})
        wizard.product_return_moves.quantity = 1
        returned = wizard._create_return()
        returned.move_ids.write({"quantity": 1, "picked": True})
        returned._action_done()
        self.assertEqual(self._earned(order.o2c_commission_ids), 20.0)

    def test_margin_with_the_cost_of_the_time(self):
        self._new_agreement(plan=self._new_plan({"rate": 50.0}, base="margin"))
        self.service.standard_price = 60.0
        order = self._order()
        self.service.standard_price = 90.0
        invoice = order._create_invoices()
        invoice.action_post()
        self.assertEqual(self._earned(invoice.o2c_commission_ids), 200.0)
        direct = self._invoice(100.0)
        self.assertEqual(self._earned(direct.o2c_commission_ids), 5.0)
        self.service.standard_price = 10.0
        refund = direct._reverse_moves([{"invoice_date": "2025-05-01"}])
        refund.action_post()
        self.assertEqual(self._earned(refund.o2c_commission_ids), -5.0)

    def test_order_trigger_and_its_credit_note(self):
        self._new_agreement(plan=self._new_plan({"rate": 10.0}, trigger="order"))
        order = self._order()
        self.assertEqual(self._earned(order.o2c_commission_ids), 100.0)
        order.order_line.price_unit = 90.0
        self.assertEqual(self._earned(order.o2c_commission_ids), 90.0)
        invoice = order._create_invoices()
        invoice.action_post()
        self.assertEqual(self._earned(order.o2c_commission_ids), 90.0)
        refund = invoice._reverse_moves([{"invoice_date": "2025-05-01"}])
        refund.invoice_line_ids.quantity = 5
        refund.action_post()
        self.assertEqual(self._earned(order.o2c_commission_ids), 45.0)

    def _write_off(self, invoice):
        lines = invoice.line_ids.filtered(lambda line: line.account_type == "asset_receivable")
        write_off = self.env["o2c.write.off"].create({
            "partner_id": invoice.commercial_partner_id.id,
            "company_id": self.company.id,
            "reason": "insolvency",
            "line_ids": [Command.create({"move_line_id": line.id}) for line in lines],
        })
        write_off.action_request()
        write_off.with_user(self.o2c_manager).action_approve()
        return write_off

    def test_bad_debts_take_commission_back(self):
        cases = ("invoice", 100.0, 40.0), ("order", 100.0, 40.0), ("payment", 40.0, 40.0)
        for trigger, earned, kept in cases:
            agreement = self._new_agreement(plan=self._new_plan({"rate": 10.0}, trigger=trigger))
            order = self._order()
            invoice = order._create_invoices()
            invoice.invoice_date = "2025-03-01"
            invoice.action_post()
            self._pay(invoice, 400)
            self.assertEqual(self._earned(order.o2c_commission_ids), earned, trigger)
            write_off = self._write_off(invoice)
            self.assertEqual(self._earned(order.o2c_commission_ids), kept, trigger)
            expected = order.o2c_commission_ids.filtered(lambda entry: entry.state == "expected")
            self.assertEqual(round(sum(expected.mapped("amount")), 2), 0.0, trigger)
            write_off.with_user(self.o2c_manager).action_reverse()
            self.assertEqual(self._earned(order.o2c_commission_ids), earned, trigger)
            agreement.date_to = "2025-01-01"

    # ------------------------------------------------------------------
    # Audit
    # ------------------------------------------------------------------

    def _audit(self):
        audit = self.env["o2c.commission.audit"].with_user(self.commission_manager).create({
            "date_from": "2025-01-01", "date_to": "2025-12-31", "company_id": self.company.id,
        })
        audit.action_run()
        return audit.line_ids

    def test_audit_finds_what_was_changed(self):
        self._new_agreement(plan=self._new_plan({"rate": 10.0}, trigger="payment"))
        order = self._order(quantity=3, price=33.33)
        invoice = order._create_invoices()
        invoice.invoice_date = "2025-03-02"
        invoice.action_post()
        self._pay(invoice, 50.0)
        refund = invoice._reverse_moves([{"invoice_date": "2025-04-01"}])
        refund.action_post()
        self.assertFalse(self._audit())
        self.env.cr.execute(
            "UPDATE o2c_commission_entry SET amount = amount + 1, amount_company = amount_company + 1"
            " WHERE move_id = %s AND step = 0",
            [invoice.id],
        )
        self.env.invalidate_all()
        found = self._audit()
        self.assertTrue(found)
        self.assertEqual(found.payee_id, self.salesperson.partner_id)
        self.assertIn((11.0, 10.0), [(line.booked, line.reckoned) for line in found])

    def test_audit_finds_what_is_missing(self):
        self._new_agreement(plan=self._new_plan({"rate": 10.0}))
        invoice = self._invoice(200.0)
        self.env.cr.execute("DELETE FROM o2c_commission_entry WHERE move_id = %s", [invoice.id])
        self.env.invalidate_all()
        found = self._audit()
        self.assertEqual((found.booked, found.reckoned, found.move_id), (0.0, 20.0, invoice))
        # It only tells.
        self.assertFalse(invoice.o2c_commission_ids)

    # ------------------------------------------------------------------
    # Rights, companies
    # ------------------------------------------------------------------

    def test_everybody_reads_his_own(self):
        plan = self._new_plan({"rate": 10.0})
        self._new_agreement(plan=plan, share=60.0)
        self._new_agreement(self.other_salesperson.partner_id, plan, coverage="all", share=40.0)
        invoice = self._invoice(1000.0)
        ledger = self.env["o2c.commission.entry"]
        for user, amounts in (
            (self.salesperson, [60.0]),
            (self.other_salesperson, [40.0]),
            (self.commission_manager, [60.0, 40.0]),
        ):
            found = ledger.with_user(user).search([("move_id", "=", invoice.id)], order="id")
            self.assertEqual(found.mapped("amount"), amounts, user.name)

    def test_nothing_where_commission_is_off(self):
        self._new_agreement(plan=self._new_plan({"rate": 10.0}))
        self.company.o2c_use_commission = False
        self.assertFalse(self._invoice(1000.0).o2c_commission_ids)
