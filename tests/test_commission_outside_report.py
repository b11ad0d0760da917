from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

from odoo.fields import Command
from odoo.tests import tagged

from .commission_outside_common import OutsideCase


@tagged("post_install", "-at_install")
class TestCommissionOutsideReport(OutsideCase):
    """Statements and reports say what the ledger says."""

    def _months(self):
        first = date(2025, 1, 1)
        for __ in range(6):
            last = first + relativedelta(months=1) - timedelta(days=1)
            yield first, last
            first = last + timedelta(days=1)

    def test_statements_follow_each_other(self):
        plan = self._new_plan({"rate": 10.0}, trigger="payment")
        self._new_agreement(self.agent, plan, coverage="all", draw_amount=70.0, cap_amount=100.0)
        payee, rows = self.agent, self.env["o2c.commission.entry"]
        invoices = [
            self._bill(amount, date=day)
            for amount, day in ((500.0, "2025-01-10"), (900.05, "2025-02-10"), (333.33, "2025-03-10"))
        ]
        self._receive(invoices[0], 250.0, date="2025-01-20")
        self._receive(invoices[1], date="2025-02-28")
        refund = self._credit(invoices[1], 200.0, date="2025-03-05")
        self._receive(refund, date="2025-03-06")
        self._receive(invoices[0], date="2025-03-31")
        paid = 0.0
        for number, (first, last) in enumerate(list(self._months())[:3]):
            settlement = self._settle(first, last, payee)
            settlement.action_approve()
            settlement.action_bill()
            if settlement.bill_id and number < 2:
                settlement.bill_id.invoice_date = last
                settlement.bill_id.action_post()
                self._receive(settlement.bill_id, date=str(last + timedelta(days=9)))
                self.assertEqual(settlement.state, "paid")
                paid += settlement.amount
        closing = 0.0
        for first, last in self._months():
            wizard = self.env["o2c.commission.statement"].with_user(self.commission_manager).create({
                "payee_ids": [Command.set(payee.ids)], "company_ids": [Command.set(self.company.ids)],
                "date_from": first, "date_to": last,
            })
            for account in wizard._accounts():
                statement = account.statement
                moved = sum(line.movement.amount for line in statement.lines)
                self.assertEqual(statement.opening, closing, first)
                self.assertEqual(round(statement.opening + moved, 2), statement.closing, first)
                closing = statement.closing
        due = rows.search([
            ("payee_id", "=", payee.id), ("kind", "!=", "expect"), ("date", "<=", "2025-06-30"),
        ])
        self.assertEqual(closing, round(sum(due.mapped("amount_payee")) - paid, 2))

    def test_the_report_adds_up_to_the_ledger(self):
        plan = self._new_plan({"rate": 10.0}, trigger="payment", date_from="2025-01-01")
        self._new_agreement(plan=plan, share=70)
        self._new_agreement(self.agent, plan, coverage="all", share=30)
        today = self.company._o2c_today()
        for months, amount in ((0, 100.01), (1, 333.33), (5, 47.11)):
            day = today - relativedelta(months=months)
            invoice = self._bill(amount, date=str(day))
            if amount > 50:
                self._receive(invoice, round(amount / 3, 2), date=str(day))
            if amount > 300:
                self._apply(invoice, self._credit(invoice, 33.33, date=str(today)))
        self.env.flush_all()
        self.env.invalidate_all()
        report = self.env["o2c.commission.report"]
        for payee in (self.salesperson.partner_id, self.agent):
            found = report.search([("payee_id", "=", payee.id)])
            rows = self._rows(payee)
            for name, expected in (("earned", False), ("expected", True)):
                self.assertEqual(
                    round(sum(found.mapped(name)), 2), self._sum(rows, "amount_company", expected), name
                )
            part = 0.7 if payee != self.agent else 0.3
            self.assertAlmostEqual(
                sum(found.mapped("sales")), part * (100.01 + 333.33 + 47.11 - 33.33), 2
            )
            self.assertAlmostEqual(
                sum(found.mapped("balance")), sum(found.mapped("sales")) - sum(found.mapped("plan_amount")), 2
            )
