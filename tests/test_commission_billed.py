from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.sql_db import Cursor
from odoo.tests import tagged

from .commission_common import CommissionCommon

TABLE = "o2c_commission_settlement"


@tagged("post_install", "-at_install")
class TestCommissionBilled(CommissionCommon):
    """The settlement tells what the accountants made of its bill."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan = cls._new_plan({"rate": 10.0})
        cls._new_agreement(cls.agent, cls.plan, coverage="all", payout="bill")

    def _billed(self):
        self._new_invoice(amount=1000, date="2025-01-10")
        settlement = self.env["o2c.commission.settlement"].with_user(self.commission_manager).create({
            "payee_id": self.agent.id, "company_id": self.company.id,
            "date_from": "2025-01-01", "date_to": "2025-01-31",
        })
        settlement.action_calculate()
        settlement.action_approve()
        settlement.action_bill()
        bill = settlement.sudo().bill_id.with_env(self.env)
        bill.invoice_line_ids.tax_ids = [Command.clear()]
        return settlement, bill

    def _figures(self, settlement):
        return (
            settlement.state, settlement.bill_amount, settlement.bill_paid, settlement.bill_difference,
        )

    def _credit(self, bill, amount):
        credit = bill._reverse_moves([{"invoice_date": bill.invoice_date}])
        credit.invoice_line_ids.price_unit = amount
        credit.action_post()
        return credit

    def _reconcile(self, *moves):
        lines = self.env["account.move"].union(*moves).line_ids
        lines.filtered(lambda line: line.account_type == "liability_payable").reconcile()

    def test_partly_paid(self):
        settlement, bill = self._billed()
        self.assertEqual(self._figures(settlement), ("billed", 100.0, 0.0, 0.0))
        self.assertFalse(settlement.bill_words)
        bill.action_post()
        self._pay(bill, 30)
        self.assertEqual(self._figures(settlement), ("billed", 100.0, 30.0, 0.0))
        self.assertIn("30", settlement.bill_words)
        self._pay(bill, 70)
        self.assertEqual(self._figures(settlement), ("paid", 100.0, 100.0, 0.0))

    def test_taxes_make_no_difference(self):
        settlement, bill = self._billed()
        bill.invoice_line_ids.tax_ids = self.env["account.tax"].create({
            "name": "Purchase 20 %", "amount": 20, "type_tax_use": "purchase", "company_id": self.company.id,
        })
        bill.action_post()
        self.assertEqual((settlement.bill_total, settlement.bill_difference), (120.0, 0.0))
        self._pay(bill)
        self.assertEqual(self._figures(settlement), ("paid", 100.0, 120.0, 0.0))

    def test_billed_for_less_is_not_paid_in_full_until_accepted(self):
        settlement, bill = self._billed()
        bill.invoice_line_ids.price_unit = 90
        self.env.flush_all()
        self.assertEqual(self._figures(settlement), ("billed", 90.0, 0.0, -10.0))
        self.assertIn("once it is posted", settlement.bill_words)
        self.assertFalse(settlement.may_accept_bill)
        with self.assertRaises(UserError):
            settlement.action_accept_bill()
        bill.action_post()
        self._pay(bill)
        self.assertEqual(self._figures(settlement), ("billed", 90.0, 90.0, -10.0))
        self.assertIn("until a commission manager accepts", settlement.bill_words)
        self.assertTrue(settlement.may_accept_bill)
        bookkeeper = self._new_user("berta", "account.group_account_invoice")
        self.assertIn(settlement.name, bill.with_user(bookkeeper).o2c_commission_bill_words)
        differing = self.env["o2c.commission.settlement"].search([("bill_difference", "!=", 0)])
        self.assertIn(settlement, differing)
        settlement.action_accept_bill()
        self.assertEqual((settlement.amount, *self._figures(settlement)), (90.0, "paid", 90.0, 90.0, 0.0))
        self.assertEqual(sum(settlement.entry_ids.mapped("amount_payee")), 90.0)
        self.assertFalse(settlement.bill_words and settlement.may_accept_bill)
        with self.assertRaises(UserError):
            settlement.action_accept_bill()

    def test_paid_on_the_day_of_the_payment(self):
        settlement, bill = self._billed()
        # Dated within a month, a bill is in the books on its last day.
        bill.write({"invoice_date": "2025-03-05", "date": "2025-03-31"})
        bill.action_post()
        self._pay(bill, date="2025-03-10")
        [[day, amount]] = settlement._paid_parts()[settlement]
        self.assertEqual((str(day), amount), ("2025-03-10", settlement.amount))

    def test_partly_credited(self):
        settlement, bill = self._billed()
        bill.action_post()
        self._reconcile(bill, self._credit(bill, 40))
        self.assertEqual(self._figures(settlement), ("billed", 60.0, 0.0, -40.0))
        self._pay(bill)
        self.assertEqual(bill.payment_state, "paid")
        self.assertEqual(self._figures(settlement), ("billed", 60.0, 60.0, -40.0))

    def test_credited_after_payment(self):
        settlement, bill = self._billed()
        bill.action_post()
        self._pay(bill)
        self.assertEqual(settlement.state, "paid")
        self._credit(bill, 40)
        self.assertEqual((settlement.bill_difference, settlement.bill_paid), (-40.0, 100.0))
        self.assertEqual(settlement.state, "billed")

    def test_credited_in_full_is_approved_again(self):
        settlement, bill = self._billed()
        bill.action_post()
        # Of the whole amount: Odoo reconciles it by itself.
        self._credit(bill, 100)
        self.assertEqual((bill.payment_state, settlement.state), ("reversed", "approved"))

    def test_figures_of_bills_are_not_for_people(self):
        settlement, __ = self._billed()
        with self.assertRaises(UserError):
            settlement.bill_paid = 100

    def test_customer_invoices_do_not_look_for_settlements(self):
        settlement, __ = self._billed()
        self.env.flush_all()
        seen, execute = [], Cursor.execute

        def watch(cursor, query, *args, **kwargs):
            seen.append(getattr(query, "code", query))
            return execute(cursor, query, *args, **kwargs)

        with patch.object(Cursor, "execute", watch):
            invoice = self._new_invoice(amount=500, date="2025-01-12")
            self._pay(invoice)
            self.env.flush_all()
        self.assertTrue(seen)
        self.assertFalse([query for query in seen if TABLE in str(query)])
        self.assertEqual(settlement.state, "billed")
