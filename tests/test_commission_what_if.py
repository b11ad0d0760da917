from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .commission_common import CommissionCommon


@tagged("post_install", "-at_install")
class TestCommissionWhatIf(CommissionCommon):
    """A past period priced with another plan."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan = cls._new_plan({"rate": 10.0}, trigger="payment")
        cls.agreement = cls._new_agreement(plan=cls.plan, share=60)
        cls._new_agreement(cls.agent, cls.plan, coverage="all", share=40)
        cls.payee = cls.salesperson.partner_id
        for amount, day in ((1000.0, "2025-02-10"), (500.0, "2025-02-20"), (-100.0, "2025-02-25")):
            cls._new_invoice(amount=amount, date=day)
        cls._new_invoice(amount=999.0, date="2025-03-01")

    def _run(self, plan, **values):
        run = self.env["o2c.commission.what.if"].with_user(self.commission_manager).create({
            "other_plan_id": plan.id,
            "company_ids": [Command.set(self.company.ids)],
            "date_from": "2025-02-01",
            "date_to": "2025-02-28",
            **values,
        })
        action = run.action_run()
        lines = run.env["o2c.commission.what.if.line"].search(action["domain"])
        return {line.payee_id: (line.sales, line.actual, line.other, line.difference) for line in lines}

    def test_the_same_plan_makes_no_difference(self):
        self.assertEqual(self._run(self.plan), {
            self.payee: (840.0, 84.0, 84.0, 0.0), self.agent: (560.0, 56.0, 56.0, 0.0),
        })

    def test_another_plan_and_nothing_is_written(self):
        ledger = self.env["o2c.commission.entry"]
        before = ledger.search_count([])
        draft = self._new_plan({"rate": 5.0}, name="Lean", activate=False, trigger="invoice")
        self.assertEqual(self._run(draft)[self.payee], (840.0, 84.0, 42.0, -42.0))
        self.assertEqual(ledger.search_count([]), before)
        self.assertEqual(draft.state, "draft")

    def test_tiers_of_a_year_count_what_came_before(self):
        self._new_invoice(amount=1000.0, date="2025-01-10")
        tiers = self._new_plan(
            self._tier_rule((0, 1000, 5), (1000, 0, 10), tier_scope="year", tier_mode="marginal"),
            name="Tiers", activate=False,
        )
        # 600 of January; of February's 840 the first 400 are paid 5 %.
        self.assertEqual(self._run(tiers, payee_ids=[Command.set(self.payee.ids)]), {
            self.payee: (840.0, 84.0, 64.0, -20.0),
        })

    def test_payments_do_not_matter(self):
        invoice = self.env["account.move"].search([
            ("partner_id", "=", self.customer.id), ("invoice_date", "=", "2025-02-10")
        ])
        self._pay(invoice, 300.0, "2025-02-15")
        self.assertEqual(self._run(self.plan)[self.payee], (840.0, 84.0, 84.0, 0.0))

    def test_orders_that_earn_themselves(self):
        plan = self._new_plan({"rate": 20.0}, name="By Order", trigger="order")
        other = self.other_salesperson
        self._new_agreement(other.partner_id, plan)
        self.agreement.active = False
        order = self._new_order(amount=300.0, user_id=other.id)
        order.action_confirm()
        order.date_order = "2025-02-11"
        invoice = order._create_invoices()
        invoice.invoice_date = "2025-02-12"
        invoice.action_post()
        # The order's line counts, not that of its invoice as well.
        self.assertEqual(self._run(plan, plan_id=plan.id), {other.partner_id: (300.0, 60.0, 60.0, 0.0)})

    def test_only_agreements_of_a_plan(self):
        other = self._new_plan({"rate": 1.0}, name="Other")
        with self.assertRaises(UserError):
            self._run(self.plan, plan_id=other.id)
        self.assertEqual(len(self._run(self.plan, plan_id=self.plan.id)), 2)

    def test_rights_and_wrong_entries(self):
        with self.assertRaises(AccessError):
            self.env["o2c.commission.what.if"].with_user(self.salesperson).create({
                "other_plan_id": self.plan.id
            })
        with self.assertRaises(ValidationError):
            self._run(self.plan, date_from="2025-03-01")
        empty = self.env["o2c.commission.plan"].create({"name": "Empty", "date_from": "2025-01-01"})
        with self.assertRaises(UserError):
            self._run(empty)

    def test_spreadsheet(self):
        self._run(self.plan)
        lines = self.env["o2c.commission.what.if.line"].with_user(self.commission_manager).search([])
        self.assertTrue(lines._xlsx())
        self.assertEqual(lines[0].action_open_entries()["res_model"], "o2c.commission.entry")
