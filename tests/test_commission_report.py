from datetime import date

from dateutil.relativedelta import relativedelta

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from .commission_common import CommissionCommon


@tagged("post_install", "-at_install")
class TestCommissionReport(CommissionCommon):
    """Plan, sales, shipments and commission by payee and month."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.month = date.today().replace(day=1)
        cls.payee = cls.salesperson.partner_id
        cls.plan = cls._new_plan({"rate": 10.0}, trigger="payment")
        cls._new_agreement(plan=cls.plan, share=50)
        cls._new_agreement(cls.agent, cls.plan, coverage="all", share=50)

    def _report(self, payee=None, user=None, month=None):
        self.env.flush_all()
        self.env.invalidate_all()
        return self.env["o2c.commission.report"].with_user(user or self.commission_manager).search([
            ("payee_id", "=", (payee or self.payee).id),
            ("company_id", "=", self.company.id),
            ("date", "=", month or self.month),
        ])

    def test_sales_and_commission(self):
        invoice = self._new_invoice(amount=1000.0, date=str(self.month))
        self._new_invoice(amount=-200.0, date=str(self.month))
        self._pay(invoice, 400.0, str(self.month))
        row = self._report()
        self.assertEqual((row.sales, row.expected, row.earned, row.paid), (400.0, 20.0, 20.0, 0.0))
        self.assertEqual(row.unpaid, 20.0)
        self.assertEqual((row.plan_amount, row.balance), (0.0, 400.0))
        settlement = self.env["o2c.commission.settlement"].create({
            "payee_id": self.payee.id, "company_id": self.company.id, "date_from": self.month,
            "date_to": self.month + relativedelta(months=1, days=-1),
        })
        settlement.action_calculate()
        settlement._set(state="paid")
        row = self._report()
        self.assertEqual((row.earned, row.paid, row.unpaid), (20.0, 20.0, 0.0))

    def test_what_is_expected_stands_in_the_month_of_the_sale(self):
        before = self.month - relativedelta(months=1)
        invoice = self._new_invoice(amount=1000.0, date=str(before))
        self._pay(invoice, 1000.0, str(self.month))
        row = self._report(month=before)
        self.assertEqual((row.sales, row.expected, row.earned), (500.0, 0.0, 0.0))
        self.assertEqual((self._report().expected, self._report().earned), (0.0, 50.0))

    def test_margin_and_quantity_plans_show_sales(self):
        self.service.standard_price = 60.0
        for base, rate in (("margin", 10.0), ("quantity", 1.0)):
            plan = self._new_plan({"rate": rate}, base=base, name=base)
            seller = self._new_user(f"seller {base}", "sales_team.group_sale_salesman")
            self._new_agreement(seller.partner_id, plan, mode="overlay")
            line = {"product_id": self.service.id, "quantity": 3, "price_unit": 100.0, "tax_ids": []}
            self._new_invoice(
                invoice_user_id=seller.id, date=str(self.month), invoice_line_ids=[Command.create(line)]
            )
            self.assertEqual(self._report(seller.partner_id).sales, 300.0)

    def test_shipments_and_orders(self):
        plan = self._new_plan({"rate": 10.0}, name="Deliveries", trigger="delivery")
        seller = self.other_salesperson
        self._new_agreement(seller.partner_id, plan, mode="overlay", share=50)
        order = self._new_order(product=self.goods, quantity=4, amount=400.0, user_id=seller.id)
        order.action_confirm()
        [picking] = order.picking_ids
        picking.move_ids.write({"quantity": 3, "picked": True})
        picking._action_done()
        row = self._report(seller.partner_id)
        self.assertEqual((row.shipped_quantity, row.shipped_value), (1.5, 150.0))
        self.assertEqual((row.sales, row.earned), (150.0, 15.0))
        self.assertEqual(row.action_open_shipments()["res_id"], picking.id)
        self.assertTrue(row.action_open_sales()["res_model"])

    def test_plan_without_double_counting(self):
        plan = self.env["o2c.sales.plan"].create({
            "name": "Sales", "company_id": self.company.id,
            "date_from": self.month.replace(month=1), "date_to": self.month.replace(month=12, day=31),
        })
        node = self.env["o2c.sales.plan.node"].create({"plan_id": plan.id, "user_id": self.salesperson.id})
        self.env["o2c.sales.plan.node"].create({
            "plan_id": plan.id, "parent_id": node.id, "partner_id": self.customer.id,
            "user_id": self.salesperson.id,
        })
        plan.grid_write([{"node_id": node.id, "period_index": self.month.month - 1, "target": 700.0}])
        self.assertFalse(self._report().plan_amount)
        plan.action_approve()
        row = self._report()
        self.assertEqual((row.plan_amount, row.balance, row.plan_quantity), (700.0, -700.0, 0.0))
        with self.assertRaises(UserError):
            row.action_open_plan()
        action = self._report(user=self.o2c_manager).action_open_plan()
        self.assertTrue(self.env["o2c.sales.plan.variance"].search(action["domain"]))

    def test_rows_open_what_is_behind(self):
        invoice = self._new_invoice(amount=1000.0, date=str(self.month))
        self._pay(invoice, 400.0, str(self.month))
        row = self._report()
        found = self.env["o2c.commission.entry"].search(row.action_open_entries()["domain"])
        expected = found.filtered(lambda entry: entry.kind == "expect")
        self.assertEqual(sum(expected.mapped("amount_company")), row.expected)
        self.assertEqual(sum((found - expected).mapped("amount_company")), row.earned)
        self.assertEqual(row.action_open_sales()["res_id"], invoice.id)
        self.assertTrue(row._xlsx())

    def test_three_years(self):
        for years in (-2, -1, 0, 1):
            day = self.month.replace(month=3) + relativedelta(years=years)
            self.env["o2c.commission.agreement"].search([]).write({"date_from": "2020-01-01"})
            if years != -2:
                self._new_invoice(amount=100.0, date=str(day))
        months = self.env["o2c.commission.report"].search([("payee_id", "=", self.payee.id)]).mapped("date")
        year = self.month.year
        self.assertEqual({month.year for month in months} - {year - 1, year, year + 1}, set())

    def test_rights(self):
        self._new_invoice(amount=1000.0, date=str(self.month))
        self.assertEqual(len(self._report()), 1)
        self.assertEqual(len(self._report(user=self.salesperson)), 1)
        self.assertFalse(self._report(self.agent, user=self.salesperson))
        row = self._report(self.agent)
        with self.assertRaises(AccessError):
            row.with_user(self.salesperson).read(["earned"])
        self.assertFalse(self._report(user=self.other_salesperson))
        groups = self.env["o2c.commission.report"].with_user(self.salesperson)._read_group(
            [], ["payee_id"], ["earned:sum"]
        )
        self.assertEqual([payee for payee, __ in groups], [self.payee])
