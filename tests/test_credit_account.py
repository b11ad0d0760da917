from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form, tagged

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
        other = self._new_company()
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
        account.invalidate_recordset()
        for action, records in [
            ("action_open_receivable", invoice.line_ids.filtered("debit")),
            ("action_open_overdue", invoice.line_ids.filtered("debit")),
            ("action_open_draft_invoiced", self.env["account.move"]),
            ("action_open_orders", order),
            ("action_open_ordered", order),
            ("action_open_delivered", self.env["sale.order"]),
        ]:
            with self.subTest(action):
                opened = getattr(account, action)()
                self.assertEqual(
                    self.env[opened["res_model"]].search(opened["domain"]), records
                )

    def test_a_salesperson_sees_the_state_of_his_customers_and_changes_nothing(self):
        self.customer.user_id = self.salesperson
        self.other_customer.user_id = self.other_salesperson
        self._new_invoice(amount=300.0, date="2024-01-01")
        account = self._account().with_user(self.salesperson)
        other = self._account(self.other_customer)
        self.assertEqual(account.exposure, 300.0)
        form = Form(account)
        self.assertEqual(form.overdue, 300.0)
        action = account.action_open_receivable()
        lines = self.env[action["res_model"]].with_user(self.salesperson).search(action["domain"])
        self.assertEqual(sum(lines.mapped("amount_residual")), 300.0)
        self.assertEqual(account.search([]) & (account | other), account)
        with self.assertRaises(AccessError):
            other.with_user(self.salesperson).read(["exposure"])
        with self.assertRaises(AccessError):
            account.rating_id = self.env.ref("order_to_cash.credit_rating_a")

    def test_accounts_are_found_by_their_figures(self):
        self._new_invoice(amount=300.0, date="2024-01-01")
        self._new_order(self.other_customer, amount=90.0).action_confirm()
        over, within = self._account(), self._account(self.other_customer)
        over.credit_limit, within.credit_limit = 200.0, 100.0
        unlimited = self._account(self._new_customer("Free Port"))
        accounts = over | within | unlimited
        for domain, expected in [
            ([("available_credit", "<", 0)], over),
            ([("utilization", ">", 80)], over | within),
            ([("overdue", ">", 0)], over),
            ([("overdue", "=", 0)], within | unlimited),
            ([("exposure", ">=", 90)], over | within),
        ]:
            with self.subTest(domain):
                found = self.env["o2c.credit.account"].search(
                    [("id", "in", accounts.ids), *domain]
                )
                self.assertEqual(found, expected.sorted(lambda a: (a.partner_id.name, a.id)))

    def test_an_order_beyond_the_horizon_is_not_among_those_that_count(self):
        self.company.o2c_exposure_horizon_days = 30
        order = self._new_order(amount=100.0, commitment_date="2099-01-01")
        order.action_confirm()
        account = self._account()
        self.assertEqual(account.ordered_not_delivered, 0.0)
        domain = account.action_open_ordered()["domain"]
        self.assertFalse(self.env["sale.order"].search(domain))
