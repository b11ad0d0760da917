import random

from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.order_to_cash.models.commission.program import PROGRAM

from .commission_common import CommissionCommon


class CommissionDocuments(CommissionCommon):
    """Invoices of any kind; whatever happens, the audit is clean."""

    def _draft(self, *lines, **values):
        """A draft invoice. Lines are (product, quantity, price) or dicts of values, without tax."""
        return self.env["account.move"].create({
            "move_type": "out_invoice",
            "partner_id": self.customer.id,
            "invoice_date": "2025-03-01",
            "invoice_user_id": self.salesperson.id,
            "invoice_payment_term_id": False,
            "invoice_line_ids": [
                Command.create(
                    line
                    if isinstance(line, dict)
                    else {
                        "product_id": line[0].id, "quantity": line[1], "price_unit": line[2], "tax_ids": [],
                    }
                )
                for line in lines
            ],
            **values,
        })

    def _invoice(self, *lines, **values):
        invoice = self._draft(*lines, **values)
        invoice.action_post()
        return invoice

    def _order(self, *lines, **values):
        """A confirmed order. Lines are (product, quantity, price)."""
        order = self.env["sale.order"].create({
            "partner_id": self.customer.id,
            "user_id": self.salesperson.id,
            "order_line": [
                Command.create({
                    "product_id": product.id, "product_uom_qty": quantity, "price_unit": price,
                    "tax_ids": [],
                })
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

    def _refund(self, invoice, date="2025-03-20"):
        """A draft credit note."""
        return invoice._reverse_moves([{"invoice_date": date}])

    def _rows(self, agreement):
        return self.env["o2c.commission.entry"].search([("agreement_id", "=", agreement.id)])

    def _sum(self, rows, name="amount"):
        return round(sum(rows.filtered(lambda row: row.kind != "expect").mapped(name)), 2)

    def _expected(self, rows, name="amount"):
        return round(sum(rows.filtered(lambda row: row.kind == "expect").mapped(name)), 2)

    def _ledger(self):
        return self.env["o2c.commission.entry"].sudo().with_context(o2c_commission_writer=PROGRAM)

    def _check(self, moves=None):
        """That the ledger is what the documents make it, and nothing is done twice."""
        ledger = self._ledger()
        self.assertFalse(ledger._audit(self.company, "2024-01-01", "2030-01-01"))
        if moves:
            before = ledger.search_count([])
            ledger._accrue_invoices(moves)
            ledger._settle_invoices(moves)
            self.assertEqual(ledger.search_count([]), before)

    def _new_tax(self, amount, **values):
        return self.env["account.tax"].create({
            "name": f"Tax {self.env['account.tax'].search_count([])}", "amount": amount, **values,
        })


@tagged("post_install", "-at_install")
class TestCommissionThirdCurrency(CommissionDocuments):
    """Payees in a currency that is neither the document's nor the company's."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.yen = cls.setup_other_currency("JPY", rates=[("2024-01-01", 151.37)], rounding=1.0)
        cls.euro = cls.setup_other_currency("EUR", rates=[("2024-01-01", 0.8317)])
        cls.pound = cls.setup_other_currency("GBP", rates=[("2024-01-01", 0.7331)])

    def test_tallies_add_up_in_the_payees_currency(self):
        draw = random.Random(11)
        amounts = [13.37, 400.01, 277.77, 333.33]
        for mode, trigger in (("marginal", "invoice"), ("retroactive", "payment")):
            totals = set()
            for __ in range(2):
                plan = self._new_plan(
                    self._tier_rule(
                        (0, 500, 5.3), (500, 1000, 8.7), (1000, 0, 10.1),
                        tier_scope="period", tier_mode=mode,
                    ),
                    trigger=trigger,
                )
                agreement = self._new_agreement(
                    self.agent, plan, coverage="all", currency_id=self.euro.id, share=37.0
                )
                draw.shuffle(amounts)
                invoices = [
                    self._invoice(
                        (self.service, 1, amount),
                        currency_id=(self.pound if amount > 300 else self.company.currency_id).id,
                    )
                    for amount in amounts
                ]
                for invoice in draw.sample(invoices, len(invoices)):
                    self._pay(invoice, invoice.currency_id.round(invoice.amount_total / 3), "2025-03-15")
                    self._pay(invoice, None, "2025-03-16")
                smallest = min(invoices, key=lambda invoice: invoice.amount_total)
                refund = self._refund(smallest)
                refund.action_post()
                self._pay(refund, None, "2025-03-25")
                rows = self._rows(agreement)
                company = self._sum(rows, "amount_company")
                payee = self._sum(rows, "amount_payee")
                self.assertEqual(payee, self.euro.round(company * 0.8317), (mode, trigger))
                totals.add((company, payee))
                self._check()
                for invoice in (*invoices, refund):
                    invoice.button_draft()
                self.assertEqual(self._sum(self._rows(agreement), "amount_payee"), 0.0)
                agreement.date_to = "2025-01-01"
            self.assertEqual(len(totals), 1, (mode, trigger, totals))

    def test_documents_in_the_payees_currency(self):
        """What is in his currency already is not converted back and forth."""
        plan = self._new_plan(
            self._tier_rule((0, 100, 5), (100, 0, 9), tier_scope="year", tier_mode="retroactive")
        )
        agreement = self._new_agreement(self.agent, plan, coverage="all", currency_id=self.euro.id)
        for amount in (33.33, 66.67, 10.01):
            self._invoice((self.service, 1, amount), currency_id=self.euro.id)
        rows = self._rows(agreement)
        self.assertEqual(rows.mapped("amount"), rows.mapped("amount_payee"))
        self._check()
        self._invoice((self.service, 1, 10.0), currency_id=self.yen.id)
        self._check()
        rows = self._rows(agreement)
        self.assertEqual(
            self._sum(rows, "amount_payee"), self.euro.round(self._sum(rows, "amount_company") * 0.8317)
        )


@tagged("post_install", "-at_install")
class TestCommissionDocuments(CommissionDocuments):
    """Kinds of documents and lines that occur less often."""

    def test_receipt(self):
        agreement = self._new_agreement(plan=self._new_plan(trigger="payment"))
        receipt = self._invoice((self.service, 2, 50.0), move_type="out_receipt")
        self.assertEqual(self._expected(self._rows(agreement)), 10.0)
        self._pay(receipt, 30)
        self.assertEqual(self._sum(self._rows(agreement)), 3.0)
        self._pay(receipt)
        self.assertEqual(self._sum(self._rows(agreement)), 10.0)
        self._check(receipt)
        receipt.button_draft()
        self.assertEqual(self._sum(self._rows(agreement)), 0.0)

    def test_receipt_invoice_trigger(self):
        agreement = self._new_agreement(plan=self._new_plan())
        receipt = self._invoice((self.service, 2, 50.0), move_type="out_receipt")
        self.assertEqual(self._sum(self._rows(agreement)), 10.0)
        self._check(receipt)

    def test_cash_rounding(self):
        income = self.company_data["default_account_revenue"]
        for strategy in ("add_invoice_line", "biggest_tax"):
            rounding = self.env["account.cash.rounding"].create({
                "name": strategy, "rounding": 1.0, "strategy": strategy, "rounding_method": "UP",
                "profit_account_id": income.id, "loss_account_id": income.id,
            })
            for trigger in ("invoice", "payment"):
                agreement = self._new_agreement(plan=self._new_plan(trigger=trigger))
                invoice = self._invoice(
                    {"product_id": self.service.id, "price_unit": 99.01,
                     "tax_ids": self._new_tax(7).ids},
                    invoice_cash_rounding_id=rounding.id,
                )
                self.assertEqual(invoice.amount_total, 106.0)
                rows = self._rows(agreement)
                if trigger == "invoice":
                    self.assertEqual(self._sum(rows), 9.9)
                else:
                    self._pay(invoice, 53)
                    self.assertEqual(self._sum(self._rows(agreement)), 4.95)
                    self._pay(invoice)
                    self.assertEqual(self._sum(self._rows(agreement)), 9.9)
                    self.assertEqual(self._expected(self._rows(agreement)), 0.0)
                self._check(invoice)
                refund = self._refund(invoice)
                refund.action_post()
                if refund.amount_residual:
                    self._pay(refund)
                self.assertEqual(self._sum(self._rows(agreement)), 0.0)
                self._check(invoice | refund)
                agreement.date_to = "2025-01-01"

    def test_withheld_tax(self):
        taxes = self._new_tax(20) | self._new_tax(-15)
        agreement = self._new_agreement(plan=self._new_plan(trigger="payment"))
        invoice = self._invoice({"product_id": self.service.id, "price_unit": 100.0, "tax_ids": taxes.ids})
        self.assertEqual(invoice.amount_total, 105.0)
        self._pay(invoice, 52.5)
        self.assertEqual(self._sum(self._rows(agreement)), 5.0)
        self._pay(invoice)
        self.assertEqual(self._sum(self._rows(agreement)), 10.0)
        self._check(invoice)

    def test_tax_withheld_in_full(self):
        """Nothing is left to pay: it is paid."""
        agreement = self._new_agreement(plan=self._new_plan(trigger="payment"))
        invoice = self._invoice({
            "product_id": self.service.id, "price_unit": 100.0, "tax_ids": self._new_tax(-100).ids,
        })
        self.assertEqual(invoice.amount_total, 0.0)
        self.assertEqual(self._sum(self._rows(agreement)), 10.0)
        self._check(invoice)

    def test_price_included_taxes(self):
        tax = self._new_tax(19, price_include_override="tax_included")
        agreement = self._new_agreement(plan=self._new_plan(trigger="payment"))
        order = self._order((self.service, 1, 119.0))
        order._action_cancel()
        order.action_draft()
        order.order_line.tax_ids = tax
        order.action_confirm()
        self.assertEqual(self._expected(self._rows(agreement)), 10.0)
        invoice = self._bill(order)
        self._pay(invoice, 59.5)
        self.assertEqual(self._sum(self._rows(agreement)), 5.0)
        self._pay(invoice)
        self.assertEqual(self._sum(self._rows(agreement)), 10.0)
        self.assertEqual(self._expected(self._rows(agreement)), 0.0)
        self._check(invoice)

    def test_locked_order(self):
        agreement = self._new_agreement(plan=self._new_plan(trigger="order"))
        self.env.user.group_ids |= self.env.ref("sale.group_auto_done_setting")
        order = self._order((self.service, 1, 100.0))
        order.action_lock()
        self.assertTrue(order.locked)
        self.assertEqual(self._sum(self._rows(agreement)), 10.0)
        split = order.with_user(self.commission_manager).o2c_commission_split_ids
        split.write({"share": 50.0, "reason": "Help of a colleague"})
        self.assertEqual(self._sum(self._rows(agreement)), 5.0)
        order.action_unlock()
        order.order_line.price_unit = 200.0
        self.assertEqual(self._sum(self._rows(agreement)), 10.0)
        self._check(self._bill(order))

    def test_sections_and_notes(self):
        agreement = self._new_agreement(plan=self._new_plan())
        order = self.env["sale.order"].create({
            "partner_id": self.customer.id, "user_id": self.salesperson.id, "date_order": "2025-03-01",
            "order_line": [
                Command.create({"display_type": "line_section", "name": "Consulting"}),
                Command.create({
                    "product_id": self.service.id, "product_uom_qty": 1, "price_unit": 100.0, "tax_ids": [],
                }),
                Command.create({"display_type": "line_note", "name": "With pleasure"}),
            ],
        })
        order.action_confirm()
        self.assertEqual(self._expected(self._rows(agreement)), 10.0)
        invoice = self._bill(order)
        self.assertEqual(len(invoice.invoice_line_ids), 3)
        self.assertEqual(self._sum(self._rows(agreement)), 10.0)
        order.order_line = [Command.create({"display_type": "line_subsection", "name": "More"})]
        self.assertEqual(len(self._rows(agreement).order_line_id), 1)
        self._check(invoice)

    def test_free_lines_and_whole_discounts(self):
        for trigger in ("invoice", "payment"):
            agreement = self._new_agreement(plan=self._new_plan(trigger=trigger))
            invoice = self._invoice(
                (self.service, 1, 0.0),
                {"product_id": self.service.id, "price_unit": 80.0, "discount": 100.0, "tax_ids": []},
                (self.service, 1, 100.0),
            )
            self._pay(invoice)
            self.assertEqual(self._sum(self._rows(agreement)), 10.0)
            self._check(invoice)
            refund = self._refund(invoice)
            refund.action_post()
            self._pay(refund)
            self.assertEqual(self._sum(self._rows(agreement)), 0.0)
            self._check(invoice | refund)
            agreement.date_to = "2025-01-01"

    def test_all_is_free(self):
        agreement = self._new_agreement(plan=self._new_plan({"method": "fixed", "fixed_amount": 2.0},
                                                            trigger="payment"))
        invoice = self._invoice(
            {"product_id": self.service.id, "price_unit": 80.0, "discount": 100.0, "tax_ids": []}
        )
        self.assertEqual(self._sum(self._rows(agreement)), 2.0)
        self._check(invoice)

    def test_discount_lines(self):
        for trigger in ("order", "invoice", "payment"):
            agreement = self._new_agreement(plan=self._new_plan(trigger=trigger))
            order = self._order((self.service, 1, 333.33), (self.service, 1, -33.3))
            invoice = self._bill(order)
            self._pay(invoice, 100.01)
            if trigger == "payment":
                self.assertEqual(self._sum(self._rows(agreement)), 10.0)
            self._pay(invoice)
            self.assertEqual(self._sum(self._rows(agreement)), 30.0)
            self.assertEqual(self._expected(self._rows(agreement)), 0.0)
            self._check(invoice)
            refund = self._refund(invoice)
            refund.action_post()
            self._pay(refund)
            self.assertEqual(self._sum(self._rows(agreement)), 0.0)
            self._check(invoice | refund)
            agreement.date_to = "2025-01-01"

    def test_instalments_out_of_order(self):
        terms = self.env["account.payment.term"].create({
            "name": "Thirds",
            "line_ids": [
                Command.create({"value": "percent", "value_amount": value, "nb_days": days})
                for value, days in ((30, 0), (30, 30), (40, 60))
            ],
        })
        agreement = self._new_agreement(plan=self._new_plan(trigger="payment"))
        invoice = self._invoice((self.service, 1, 333.33), invoice_payment_term_id=terms.id)
        items = invoice.line_ids.filtered(lambda line: line.account_type == "asset_receivable")
        self.assertEqual(len(items), 3)
        items = items.sorted("date_maturity", reverse=True)
        earned = []
        for item, day in zip(items, ("2025-03-20", "2025-03-10", "2025-05-01"), strict=True):
            self.env["account.payment.register"].with_context(
                active_model="account.move.line", active_ids=item.ids
            ).create({"payment_date": day})._create_payments()
            earned.append(self._sum(self._rows(agreement)))
        # 133.33, 100 and 100 of 333.33
        self.assertEqual(earned, [13.33, 23.33, 33.33])
        self.assertEqual(invoice.amount_residual, 0.0)
        self._check(invoice)
        items[1].remove_move_reconcile()
        self.assertEqual(self._sum(self._rows(agreement)), 23.33)
        self._check(invoice)

    def test_paid_in_another_currency_with_exchange_difference(self):
        euro = self.setup_other_currency(
            "EUR", rates=[("2024-01-01", 0.8), ("2025-03-10", 0.5), ("2025-04-10", 0.9)]
        )
        pound = self.setup_other_currency("GBP", rates=[("2024-01-01", 0.7), ("2025-04-01", 0.65)])
        agreement = self._new_agreement(plan=self._new_plan(trigger="payment"), currency_id=euro.id)
        invoice = self._invoice((self.service, 1, 333.33), currency_id=euro.id)
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({"payment_date": "2025-03-15", "currency_id": pound.id, "amount": 100.0})._create_payments()
        paid = invoice.amount_total - invoice.amount_residual
        self.assertEqual(self._sum(self._rows(agreement)), euro.round(33.33 * paid / 333.33))
        self._pay(invoice, date="2025-04-15")
        self.assertEqual(invoice.amount_residual, 0.0)
        rows = self._rows(agreement)
        self.assertEqual((self._sum(rows), self._sum(rows, "amount_payee")), (33.33, 33.33))
        self.assertEqual(self._sum(rows, "amount_company"), 41.67)
        self._check(invoice)
        invoice.line_ids.remove_move_reconcile()
        rows = self._rows(agreement)
        self.assertEqual((self._sum(rows), self._sum(rows, "amount_company")), (0.0, 0.0))
        self._check(invoice)

    def test_grouped_payment_with_cash_discount(self):
        """The discount is that of the invoices that offer it and are paid in time."""
        terms = self.env["account.payment.term"].create({
            "name": "2 % for 10 days", "early_discount": True, "discount_percentage": 2.0,
            "discount_days": 10, "early_pay_discount_computation": "included",
            "line_ids": [Command.create({"value": "percent", "value_amount": 100, "nb_days": 30})],
        })
        tax = self._new_tax(10)
        for trigger in ("payment", "invoice"):
            for reduces, earned in ((False, [10.0, 30.0, 5.0, 20.0]), (True, [9.8, 30.0, 4.9, 20.0])):
                plan = self._new_plan({"rate": 10.0}, trigger=trigger, cash_discount_reduces=reduces)
                agreement = self._new_agreement(plan=plan)
                invoices = [
                    self._invoice(
                        {"product_id": self.service.id, "price_unit": price, "tax_ids": taxes.ids},
                        invoice_payment_term_id=term.id, invoice_date=day,
                    )
                    for price, term, taxes, day in (
                        (100.0, terms, tax, "2025-03-01"),
                        (300.0, terms.browse(), tax, "2025-03-01"),
                        (50.0, terms, tax.browse(), "2025-03-01"),
                        # Paid too late.
                        (200.0, terms, tax.browse(), "2025-02-01"),
                    )
                ]
                together = self.env["account.move"].union(*invoices)
                payment = self.env["account.payment.register"].with_context(
                    active_model="account.move", active_ids=together.ids
                ).create({"payment_date": "2025-03-05", "group_payment": True})._create_payments()
                self.assertEqual(payment.amount, 107.8 + 330 + 49 + 200)
                self.assertFalse(any(invoice.amount_residual for invoice in invoices))
                found = [self._sum(invoice.o2c_commission_ids) for invoice in invoices]
                self.assertEqual(found, earned, (trigger, reduces))
                self.assertFalse(self._expected(self._rows(agreement)))
                self._check(together)
                together.line_ids.remove_move_reconcile()
                whole = 65.0 if trigger == "invoice" else 0.0
                self.assertEqual(self._sum(self._rows(agreement)), whole)
                agreement.date_to = "2025-01-01"

    def test_branch(self):
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        self.env.cr.precommit.run()
        self.env.user.company_ids |= branch
        self.env = self.env(context={"allowed_company_ids": [branch.id, self.company.id]})
        agreement = self._new_agreement(
            self.agent, self._new_plan(trigger="payment"), coverage="all", company_id=self.company.id
        )
        invoice = self._invoice((self.service, 1, 100.0), company_id=branch.id)
        self.assertEqual(invoice.company_id, branch)
        # The payment is the parent's.
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({"amount": 50.0})._create_payments()
        self.assertEqual(self._sum(self._rows(agreement)), 5.0)
        self._check(invoice)

    def test_one_credit_note_of_two_invoices(self):
        """More is credited by the order than any of its invoices had, at the rates of each."""
        tiers = {"tier_scope": "period", "tier_mode": "retroactive"}
        for number, (trigger, rule, later) in enumerate((
            ("invoice", {"rate": 10.0}, 20.0),
            ("payment", {"rate": 10.0}, 20.0),
            ("order", {"rate": 10.0}, 10.0),
            ("invoice", self._tier_rule((0, 700, 5), (700, 0, 10), **tiers), 20.0),
        )):
            plan = self._new_plan(rule, trigger=trigger)
            agreement = self._new_agreement(plan=plan)
            order = self._order((self.service, 10, 100.0))
            self.service.invoice_policy = "delivery"
            order.order_line.qty_delivered = 6
            first = self._bill(order, "2025-03-01")
            plan.action_close("2025-03-31")
            version = self.env["o2c.commission.plan"].browse(plan.action_new_version()["res_id"])
            version.write({"date_from": "2025-04-01", "date_to": False})
            version.rule_ids.write({"method": "rate", "rate": later, "tier_ids": [Command.clear()]})
            version.action_activate()
            order.order_line.qty_delivered = 10
            second = self._bill(order, "2025-04-10")
            self._pay(first)
            self._pay(second)
            whole = 400 * later / 100 + 600 * (5 if number == 3 else 10) / 100
            self.assertEqual(self._sum(self._rows(agreement)), whole)
            order.order_line.qty_delivered = 2
            refund = self._bill(order, "2025-05-01")
            self.assertEqual((refund.move_type, refund.amount_total), ("out_refund", 800.0))
            self._pay(refund)
            # 600 of the larger one, 200 of the other.
            left = 200 * later / 100
            self.assertEqual(self._sum(self._rows(agreement)), left, (trigger, number))
            self._check(first | second | refund)
            refund.button_draft()
            self.assertEqual(self._sum(self._rows(agreement)), whole)
            refund.action_post()
            self.assertEqual(self._sum(self._rows(agreement)), left)
            self._check(first | second | refund)
            order.order_line.qty_delivered = 0
            rest = self._bill(order, "2025-05-10")
            self._pay(rest)
            self.assertEqual(self._sum(self._rows(agreement)), 0.0)
            self._check(first | second | refund | rest)
            agreement.date_to = "2025-01-01"

    def test_two_payees_and_a_plan_with_another_trigger(self):
        """Ordered under the first version, invoiced under the second: once, as the order was written down."""
        for first, second in (
            (("order", "invoice"), ("payment", "order")),
            (("payment", "delivery"), ("invoice", "payment")),
            (("delivery", "invoice"), ("order", "payment")),
        ):
            for product in (self.service, self.goods):
                agreements = []
                plans = []
                for payee, (old, __), share in zip(
                    (self.salesperson.partner_id, self.agent), (first, second), (60.0, 40.0), strict=True
                ):
                    plan = self._new_plan(trigger=old)
                    plans.append(plan)
                    agreements.append(self._new_agreement(payee, plan, coverage="all", share=share))
                order = self._order((product, 1, 333.33))
                for plan, (__, new) in zip(plans, (first, second), strict=True):
                    plan.action_close("2025-03-31")
                    version = self.env["o2c.commission.plan"].browse(plan.action_new_version()["res_id"])
                    version.write({"date_from": "2025-04-01", "date_to": False, "trigger": new})
                    version.action_activate()
                picking = order.picking_ids
                if picking:
                    picking.move_ids.write({"quantity": 1, "picked": True})
                    picking._action_done()
                invoice = self._bill(order, "2025-04-10")
                self._pay(invoice, 111.11, "2025-04-20")
                self._check(invoice)
                self._pay(invoice, None, "2025-04-21")
                found = [self._sum(self._rows(agreement)) for agreement in agreements]
                self.assertEqual(found, [20.0, 13.33], (first, second, product.type))
                self.assertFalse(self._expected(self._rows(agreements[0]) | self._rows(agreements[1])))
                self._check(invoice)
                if picking:
                    wizard = self.env["stock.return.picking"].with_context(
                        active_id=picking.id, active_model="stock.picking"
                    ).create({})
                    wizard.product_return_moves.quantity = 1
                    returned = wizard._create_return()
                    returned.move_ids.write({"quantity": 1, "picked": True})
                    returned._action_done()
                refund = self._refund(invoice, "2025-05-01")
                refund.action_post()
                self._pay(refund, None, "2025-05-02")
                found = [self._sum(self._rows(agreement)) for agreement in agreements]
                self.assertEqual(found, [0.0, 0.0], (first, second, product.type))
                self._check(invoice | refund)
                for agreement in agreements:
                    agreement.date_to = "2025-01-01"


@tagged("post_install", "-at_install")
class TestCommissionPause(CommissionDocuments):
    """Commission is switched off for a while."""

    def test_payments_and_credit_notes_of_a_pause(self):
        agreement = self._new_agreement(plan=self._new_plan(trigger="payment"))
        invoices = [self._invoice((self.service, 1, amount)) for amount in (100.0, 200.0, 400.0, 50.0)]
        first, second, third, fourth = invoices
        self._pay(second, 100)
        self.assertEqual(self._sum(self._rows(agreement)), 10.0)
        self.company.o2c_use_commission = False
        self._pay(first, 50)
        second.line_ids.remove_move_reconcile()
        refund = self._refund(third)
        refund.invoice_line_ids.price_unit = 300.0
        refund.action_post()
        fourth.button_draft()
        fourth.invoice_line_ids.price_unit = 80.0
        fourth.action_post()
        self._pay(fourth)
        fresh = self._invoice((self.service, 1, 1000.0))
        self.assertEqual(self._sum(self._rows(agreement)), 10.0)
        self.company.o2c_use_commission = True
        found = [self._sum(move.o2c_commission_ids) for move in (*invoices, refund, fresh)]
        self.assertEqual(found[:2] + found[3:4], [5.0, 0.0, 8.0])
        self.assertEqual(self._sum((third | refund).o2c_commission_ids), 0.0)
        self.assertEqual(self._expected((third | refund).o2c_commission_ids), 10.0)
        # Nothing says that a sale of the pause is to earn anything.
        self.assertFalse(fresh.o2c_commission_ids)
        before = len(self._rows(agreement))
        self.company.o2c_use_commission = False
        self.company.o2c_use_commission = True
        self.assertEqual(len(self._rows(agreement)), before)

    def test_sales_of_a_pause_since_the_first_day(self):
        agreement = self._new_agreement(plan=self._new_plan(trigger="payment"))
        self.company.o2c_commission_start = "2025-02-01"
        self.company.o2c_use_commission = False
        old = self._invoice((self.service, 1, 100.0), invoice_date="2025-01-31")
        new = self._invoice((self.service, 1, 200.0), invoice_date="2025-02-01")
        self._pay(old | new)
        order = self._order((self.service, 1, 70.0))
        self.company.o2c_use_commission = True
        self.assertFalse(old.o2c_commission_ids)
        self.assertEqual(self._sum(new.o2c_commission_ids), 20.0)
        self.assertEqual(self._expected(order.o2c_commission_ids), 7.0)
        self.assertEqual(self._sum(self._rows(agreement)), 20.0)
        self._check(old | new)

    def test_orders_of_a_pause(self):
        for trigger in ("order", "delivery", "invoice", "payment"):
            agreement = self._new_agreement(plan=self._new_plan(trigger=trigger))
            billed, cancelled, changed = (self._order((self.goods, 1, 100.0)) for __ in range(3))
            self.company.o2c_use_commission = False
            self._deliver(billed, 1)
            invoice = self._bill(billed)
            self._pay(invoice, 25.0)
            cancelled._action_cancel()
            changed.order_line.price_unit = 300.0
            changed.order_line = [Command.create({"product_id": self.service.id, "price_unit": 50.0})]
            self.company.o2c_use_commission = True
            earned = 2.5 if trigger == "payment" else 10.0
            self.assertEqual(self._sum(billed.o2c_commission_ids), earned, trigger)
            self.assertEqual(self._expected(billed.o2c_commission_ids), 10.0 - earned, trigger)
            self.assertFalse(
                self._sum(cancelled.o2c_commission_ids) + self._expected(cancelled.o2c_commission_ids)
            )
            rows = changed.o2c_commission_ids
            self.assertEqual(self._sum(rows) + self._expected(rows), 35.0, trigger)
            self._check(invoice)
            agreement.date_to = "2025-01-01"
