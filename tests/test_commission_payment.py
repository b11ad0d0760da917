from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .commission_common import CommissionCommon


@tagged("post_install", "-at_install")
class TestCommissionPayment(CommissionCommon):
    """Commission that is paid on money received."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan = cls._new_plan({"rate": 10.0}, trigger="payment")
        cls.agreement = cls._new_agreement(plan=cls.plan)

    def _invoice(self, amount=1000.0, **values):
        invoice = self.env["account.move"].create({
            "move_type": "out_invoice",
            "partner_id": self.customer.id,
            "invoice_date": "2025-03-01",
            "invoice_user_id": self.salesperson.id,
            "invoice_line_ids": [(0, 0, {
                "product_id": self.service.id, "quantity": 1, "price_unit": amount, "tax_ids": [],
            })],
            **values,
        })
        invoice.action_post()
        return invoice

    def _pay(self, invoice, amount, date="2025-03-15"):
        return self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({"amount": amount, "payment_date": date})._create_payments()

    def _sums(self, entries):
        earned = sum(entries.filtered(lambda entry: entry.state != "expected").mapped("amount"))
        expected = sum(entries.filtered(lambda entry: entry.state == "expected").mapped("amount"))
        return round(earned, 2), round(expected, 2)

    def test_partial_payments_release_their_part(self):
        invoice = self._invoice(333.33)
        self.assertEqual(self._sums(invoice.o2c_commission_ids), (0.0, 33.33))
        earned = []
        for part in (111.11, 111.11, 111.11):
            self._pay(invoice, part)
            earned.append(self._sums(invoice.o2c_commission_ids)[0])
        self.assertEqual(earned, [11.11, 22.22, 33.33])
        self.assertEqual(self._sums(invoice.o2c_commission_ids), (33.33, 0.0))
        self.assertTrue(all(invoice.o2c_commission_ids.mapped("explanation")))

    def test_unreconciling_takes_back(self):
        invoice = self._invoice()
        self._pay(invoice, 400)
        invoice.line_ids.remove_move_reconcile()
        self.assertEqual(self._sums(invoice.o2c_commission_ids), (0.0, 100.0))
        self._pay(invoice, 1000)
        self.assertEqual(self._sums(invoice.o2c_commission_ids), (100.0, 0.0))

    def test_credit_note_on_both(self):
        invoice = self._invoice()
        self._pay(invoice, 600)
        refund = invoice._reverse_moves([{"invoice_date": "2025-03-20"}])
        refund.invoice_line_ids.price_unit = 400
        refund.action_post()
        both = invoice | refund
        self.assertEqual(self._sums(both.o2c_commission_ids), (60.0, 0.0))
        lines = both.line_ids.filtered(lambda line: line.account_type == "asset_receivable")
        lines.filtered(lambda line: not line.reconciled).reconcile()
        self.assertEqual(self._sums(both.o2c_commission_ids), (60.0, 0.0))

    def test_reset_and_post_again(self):
        invoice = self._invoice()
        self._pay(invoice, 1000)
        invoice.button_draft()
        self.assertEqual(self._sums(invoice.o2c_commission_ids), (0.0, 0.0))
        invoice.action_post()
        # Its payment is matched again at once.
        self.assertEqual(invoice.payment_state, self.env["account.move"]._get_invoice_in_payment_state())
        self.assertEqual(self._sums(invoice.o2c_commission_ids), (100.0, 0.0))
        self.assertEqual(set(invoice.o2c_commission_ids.mapped("generation")), {0, 1})
        ledger = self.env["o2c.commission.entry"]
        before = ledger.search_count([])
        ledger._accrue_invoices(invoice)
        ledger._settle_invoices(invoice)
        self.assertEqual(ledger.search_count([]), before)

    def test_append_only(self):
        invoice = self._invoice()
        entry = invoice.o2c_commission_ids[0]
        with self.assertRaises(UserError):
            entry.amount = 5
        with self.assertRaises(UserError):
            entry.unlink()
        with self.assertRaises(AccessError):
            self.env["o2c.commission.entry"].create({
                "payee_id": self.agent.id, "company_id": self.company.id, "kind": "adjust",
                "date": "2025-01-01", "source": "manual", "currency_id": self.company.currency_id.id,
                "payee_currency_id": self.company.currency_id.id,
            })

    def test_order_to_payment(self):
        order = self.env["sale.order"].create({
            "partner_id": self.customer.id,
            "user_id": self.salesperson.id,
            "date_order": "2025-03-01",
            "order_line": [(0, 0, {"product_id": self.service.id, "product_uom_qty": 10, "price_unit": 100})],
        })
        order.action_confirm()
        self.assertEqual(self._sums(order.o2c_commission_ids), (0.0, 100.0))
        self.assertEqual(order.o2c_commission_split_ids.payee_id, self.salesperson.partner_id)
        order.order_line.product_uom_qty = 20
        self.assertEqual(self._sums(order.o2c_commission_ids), (0.0, 200.0))
        invoice = order._create_invoices()
        invoice.action_post()
        self.assertEqual(self._sums(order.o2c_commission_ids), (0.0, 200.0))
        self.assertEqual(self._sums(invoice.o2c_commission_ids), (0.0, 200.0))
        self._pay(invoice, invoice.amount_total)
        self.assertEqual(self._sums(order.o2c_commission_ids), (200.0, 0.0))

    def test_cancelled_order_expects_nothing(self):
        order = self.env["sale.order"].create({
            "partner_id": self.customer.id,
            "user_id": self.salesperson.id,
            "order_line": [(0, 0, {"product_id": self.service.id, "product_uom_qty": 10, "price_unit": 100})],
        })
        order.action_confirm()
        order._action_cancel()
        self.assertEqual(self._sums(order.o2c_commission_ids), (0.0, 0.0))
