from odoo import fields
from odoo.tests import freeze_time, tagged

from .commission_common import CommissionCommon

JANUARY, FEBRUARY = "2025-01-31", "2025-02-28"


@tagged("post_install", "-at_install")
class TestCommissionMonthEnd(CommissionCommon):
    """What is earned and not billed is in the books at the end of each month, and goes without a rest."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan = cls._new_plan({"rate": 10.0})
        cls.payee = cls.salesperson.partner_id
        cls.accrued = cls.company_data["default_account_payable"].copy({
            "account_type": "liability_current", "reconcile": False,
        })
        cls.company.write({
            "o2c_commission_expense_account_id": cls.company_data["default_account_expense"].id,
            "o2c_commission_accrued_account_id": cls.accrued.id,
        })

    def _settled(self, payee, date_to, bill=True):
        settlement = self.env["o2c.commission.settlement"].create({
            "payee_id": payee.id, "company_id": self.company.id, "date_from": f"{date_to[:8]}01",
            "date_to": date_to,
        })
        settlement.action_calculate()
        settlement.with_user(self.commission_manager).action_approve()
        if bill:
            settlement.action_bill()
        return settlement

    def _accrue(self, date):
        return self.env["o2c.commission.month.end"]._accrue(self.company, fields.Date.to_date(date))

    def _balance(self, until=None):
        lines = self.env["account.move.line"].search([
            ("account_id", "=", self.accrued.id), ("parent_state", "=", "posted"),
            *([("date", "<=", until)] if until else []),
        ])
        return self.company.currency_id.round(sum(lines.mapped("balance")))

    def _agent(self, **values):
        return self._new_agreement(
            self.agent, self.plan, coverage="all", mode="overlay", payout="bill", **values
        )

    @freeze_time("2025-02-03")
    def test_a_draft_bill_of_the_month_is_not_billed(self):
        self._agent()
        self._new_invoice(amount=1000, date="2025-01-10")
        bill = self._settled(self.agent, JANUARY).bill_id
        bill.write({"invoice_date": JANUARY, "date": JANUARY})
        month = self._accrue(JANUARY)
        self.assertEqual(month.amount, 100.0)
        opened = self.env["o2c.commission.entry"].search(month.action_view_entries()["domain"])
        self.assertEqual(sum(opened.mapped("amount_company")), 100.0)
        self.assertEqual((self._balance(JANUARY), self._balance()), (-100.0, 0.0))

    @freeze_time("2025-02-03")
    def test_a_posted_bill_of_the_month_is_billed(self):
        self._agent()
        self._new_invoice(amount=1000, date="2025-01-10")
        bill = self._settled(self.agent, JANUARY).bill_id
        bill.write({"invoice_date": JANUARY, "date": JANUARY})
        bill.action_post()
        month = self._accrue(JANUARY)
        self.assertEqual(month.amount, 0.0)
        self.assertFalse(self.env["o2c.commission.entry"].search(month.action_view_entries()["domain"]))

    def test_two_months_two_currencies_a_cancelled_bill_and_payroll_leave_nothing(self):
        foreign = self.setup_other_currency("EUR", rates=[("2024-01-01", 3.0), ("2025-02-01", 2.9)])
        self._agent(currency_id=foreign.id)
        self._new_agreement(plan=self.plan)
        with freeze_time("2025-02-03"):
            self._new_invoice(amount=1000.01, date="2025-01-10")
            settled = self._settled(self.agent, JANUARY)
            self.assertEqual(settled.currency_id, foreign)
            own = self._settled(self.payee, JANUARY)
            # To either of them 100.00 is owed, billed in a draft and sent to payroll.
            january = self._accrue(JANUARY)
            self.assertAlmostEqual(january.amount, settled.amount_company + own.amount_company)
            self.assertAlmostEqual(january.amount, 200.0)
        with freeze_time("2025-02-20"):
            settled.bill_id.button_cancel()
            own.payout_id.action_export()
            own.payout_id.action_paid()
            self._new_invoice(amount=333.33, date="2025-02-10")
        with freeze_time("2025-03-03"):
            # Nothing of January is billed to this day, payroll has paid, and February came in.
            february = self._accrue(FEBRUARY)
            self.assertAlmostEqual(february.amount, settled.amount_company + 2 * 33.33)
            settled.action_bill()
            settled.bill_id.action_post()
            self._settled(self.agent, FEBRUARY).bill_id.action_post()
            payout = self._settled(self.payee, FEBRUARY).payout_id
            payout.action_export()
            payout.action_paid()
        with freeze_time("2025-04-03"):
            self.assertEqual(self._accrue("2025-03-31").amount, 0.0)
        self.assertAlmostEqual(self._balance(JANUARY), -january.amount)
        self.assertAlmostEqual(self._balance(FEBRUARY), -february.amount)
        self.assertEqual(self._balance(), 0.0)

    def _expense(self, date_from, date_to):
        """Commission that the books bear as expense between two days."""
        lines = self.env["account.move.line"].search([
            ("account_id", "=", self.company.o2c_commission_expense_account_id.id),
            ("parent_state", "=", "posted"), ("date", ">=", date_from), ("date", "<=", date_to),
        ])
        return self.company.currency_id.round(sum(lines.mapped("balance")))

    def _accrued_and_billed_in_january(self):
        """A bill that is dated in January and posted in February, after January was accrued."""
        self._agent()
        with freeze_time("2025-02-03"):
            self._new_invoice(amount=1000, date="2025-01-10")
            settlement = self._settled(self.agent, JANUARY)
            settlement.bill_id.write({"invoice_date": JANUARY, "date": JANUARY})
            self.assertEqual(self._accrue(JANUARY).amount, 100.0)
        return settlement

    def _months(self):
        months = self.env["o2c.commission.month.end"].search([("company_id", "=", self.company.id)])
        return [(month.is_correction, month.amount) for month in months.sorted("id")]

    def test_a_bill_posted_late_bears_its_expense_once(self):
        settlement = self._accrued_and_billed_in_january()
        with freeze_time("2025-02-05"):
            settlement.bill_id.action_post()
            self.assertEqual(self._months(), [(False, 100.0), (True, -100.0)])
            self.assertEqual(self._expense("2025-01-01", JANUARY), 100.0)
            self.assertEqual(self._expense("2025-02-01", FEBRUARY), 0.0)
            self.assertEqual((self._balance(JANUARY), self._balance()), (0.0, 0.0))
            # Taken back, January bears it by the accrual again.
            settlement.bill_id.button_draft()
            self.assertEqual(self._months()[2:], [(True, 100.0)])
            self.assertEqual(self._expense("2025-01-01", JANUARY), 100.0)
            settlement.bill_id.action_post()
            settlement.bill_id._reverse_moves([{"date": JANUARY, "invoice_date": JANUARY}], cancel=True)
        self.assertEqual(self._expense("2025-01-01", JANUARY), 100.0)
        self.assertEqual((self._balance(JANUARY), self._balance()), (-100.0, 0.0))

    def test_a_bill_of_the_next_month_corrects_nothing(self):
        settlement = self._accrued_and_billed_in_january()
        with freeze_time("2025-02-05"):
            settlement.bill_id.write({"invoice_date": "2025-02-05", "date": "2025-02-05"})
            settlement.bill_id.action_post()
        self.assertEqual(self._months(), [(False, 100.0)])
        self.assertEqual(self._expense("2025-01-01", JANUARY), 100.0)
        self.assertEqual(self._expense("2025-02-01", FEBRUARY), 0.0)

    def test_sales_that_come_late_are_accrued_as_long_as_the_month_is_open(self):
        self._agent()
        month_end = self.env["o2c.commission.month.end"]
        with freeze_time("2025-02-03"):
            self._new_invoice(amount=1000, date="2025-01-10")
            self.assertTrue(month_end._accrue_daily(self.company))
            self._new_invoice(amount=500, date="2025-01-20")
            self.assertTrue(month_end._accrue_daily(self.company))
            self.assertFalse(month_end._accrue_daily(self.company))
            self.assertEqual(self._months(), [(False, 100.0), (True, 50.0)])
            self.company.fiscalyear_lock_date = JANUARY
            self._new_invoice(amount=300, date="2025-02-01")
            self.assertFalse(month_end._accrue_daily(self.company))
        self.assertEqual((self._balance(JANUARY), self._balance()), (-150.0, 0.0))

    def test_a_bookkeeper_without_commission_corrects_by_posting(self):
        settlement = self._accrued_and_billed_in_january()
        bookkeeper = self.env["res.users"].create({
            "name": "Bookkeeper", "login": "bookkeeper", "company_id": self.company.id,
            "company_ids": [(6, 0, self.company.ids)],
            "group_ids": [(6, 0, [self.env.ref("account.group_account_invoice").id])],
        })
        with freeze_time("2025-02-05"):
            for press in ("action_post", "button_draft"):
                # As in a request of its own: nobody else has read anything.
                self.env.flush_all()
                self.env.invalidate_all()
                getattr(settlement.sudo().bill_id.with_user(bookkeeper), press)()
        self.assertEqual(self._months(), [(False, 100.0), (True, -100.0), (True, 100.0)])

    def test_a_bill_reversed_later_and_made_anew_is_of_its_month(self):
        settlement = self._accrued_and_billed_in_january()
        with freeze_time("2025-02-05"):
            settlement.bill_id.action_post()
            settlement.bill_id._reverse_moves(
                [{"date": "2025-02-05", "invoice_date": "2025-02-05"}], cancel=True
            )
            settlement.action_bill()
            settlement.bill_id.action_post()
            self.env["o2c.commission.month.end"]._accrue_daily(self.company)
        self.assertEqual(self._expense("2025-01-01", JANUARY), 100.0)
        self.assertEqual(self._expense("2025-02-01", FEBRUARY), 0.0)
