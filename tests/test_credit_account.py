from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common import O2cCommon


@tagged("post_install", "-at_install")
class TestCreditAccount(O2cCommon):
    def _account(self, partner=None):
        return self.env["o2c.credit.account"]._get_or_create(
            partner or self.customer, self.company
        )

    def test_a_customer_is_unlimited_until_somebody_limits_him(self):
        account = self._account()
        self.assertEqual(account.effective_mode, "unlimited")
        account.credit_limit = 0.0
        self.assertEqual(account.effective_mode, "amount")
        self.assertEqual(account.effective_limit, 0.0)

    def test_a_limit_of_odoo_is_taken_over(self):
        self.customer.credit_limit = 750.0
        account = self._account()
        self.assertTrue(account.has_own_limit)
        self.assertEqual(account.effective_limit, 750.0)
        self.assertEqual(self.customer.credit_limit, 750.0)

    def test_setting_a_limit_shows_in_core_too(self):
        account = self._account()
        account.credit_limit = 900.0
        self.assertTrue(account.has_own_limit)
        self.assertEqual(self.customer.credit_limit, 900.0)
        account.has_own_limit = False
        self.assertEqual(self.customer.credit_limit, 0.0)
        self.assertEqual(account.effective_mode, "unlimited")

    def test_without_a_limit_of_his_own_the_default_of_odoo_counts_again(self):
        self.env["ir.default"].set(
            "res.partner", "credit_limit", 500.0, company_id=self.company.id
        )
        account = self._account()
        account.credit_limit = 900.0
        account.has_own_limit = False
        self.assertEqual(account.effective_limit, 500.0)

    def test_a_contact_has_the_account_of_its_company(self):
        contact = self.env["res.partner"].create({"name": "B", "parent_id": self.customer.id})
        self.assertEqual(self._account(contact), self._account())

    def test_an_account_stays_with_its_customer_and_company(self):
        account = self._account()
        other = self.setup_other_company()["company"]
        for values in ({"partner_id": self.other_customer.id}, {"company_id": other.id}):
            with self.assertRaises(ValidationError):
                account.write(values)
        account.write({"partner_id": self.customer.id, "credit_limit": 5.0})
        self.assertEqual(account.credit_limit, 5.0)

    def test_a_branch_has_the_account_of_its_root(self):
        branch = self.env["res.company"].create({"name": "B", "parent_id": self.company.id})
        account = self.env["o2c.credit.account"]._get_or_create(self.customer, branch)
        self.assertEqual(account.company_id, self.company)

    def test_the_figures_add_up_and_can_be_opened(self):
        invoice = self._new_invoice(amount=300.0, date="2024-01-01")
        order = self._new_order(amount=500.0)
        order.action_confirm()
        account = self._account()
        account.credit_limit = 1000.0
        self.assertEqual(account.exposure, 800.0)
        self.assertEqual(account.available_credit, 200.0)
        self.assertEqual(account.utilization, 80.0)
        for action, records in [
            ("action_open_receivable", invoice.line_ids.filtered("debit")),
            ("action_open_overdue", invoice.line_ids.filtered("debit")),
            ("action_open_draft_invoiced", self.env["account.move"]),
            ("action_open_orders", order),
        ]:
            with self.subTest(action):
                opened = getattr(account, action)()
                self.assertEqual(
                    self.env[opened["res_model"]].search(opened["domain"]), records
                )
