from datetime import timedelta

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from odoo.addons.order_to_cash.algorithms.credit import Limit

from .common import O2cCommon


@tagged("post_install", "-at_install")
class TestCreditLimit(O2cCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rating = cls.env["o2c.credit.rating"].create({"name": "Test", "code": "T"})
        cls.account = cls.env["o2c.credit.account"]._get_or_create(cls.customer, cls.company)
        cls.today = cls.company._o2c_today()

    def _limit(self, partner=None, company=None):
        partner = partner or self.customer
        found = self.env["o2c.credit.account"]._limits(partner, company or self.company)
        return found[partner.id]

    def test_the_limits_go_before_each_other(self):
        self.assertEqual(self._limit(), Limit("unlimited"))
        self.env["ir.default"].set(
            "res.partner", "credit_limit", 10.0, company_id=self.company.id
        )
        self.assertEqual(self._limit(), Limit("amount", 10.0, "company"))
        self.company.write({"o2c_default_limit_mode": "amount", "o2c_default_credit_limit": 20.0})
        self.assertEqual(self._limit(), Limit("amount", 20.0, "company"))
        self.account.rating_id = self.rating
        self.assertEqual(self._limit(), Limit("amount", 20.0, "company"), "it says nothing")
        self.rating.default_limit = 30.0
        self.assertEqual(self._limit(), Limit("amount", 30.0, "rating"))
        self.customer.credit_limit = 40.0
        self.assertEqual(self._limit(), Limit("amount", 40.0, "core"))
        self.account.credit_limit = 50.0
        self.assertEqual(self._limit(), Limit("amount", 50.0, "own"))
        self.account.write({
            "temporary_limit": 60.0,
            "temporary_from": self.today,
            "temporary_to": self.today,
        })
        self.assertEqual(self._limit(), Limit("amount", 60.0, "temporary"))
        self.assertRecordValues(self.account, [
            {"effective_mode": "amount", "effective_limit": 60.0, "limit_source": "temporary"},
        ])
        self.account.write({
            "temporary_from": self.today + timedelta(days=1),
            "temporary_to": self.today + timedelta(days=2),
        })
        self.assertEqual(self._limit(), Limit("amount", 50.0, "own"))

    def test_zero_in_core_is_no_limit(self):
        self.company.write({"o2c_default_limit_mode": "amount", "o2c_default_credit_limit": 20.0})
        self.customer.credit_limit = 0.0
        self.assertEqual(self._limit(), Limit("amount", 20.0, "company"))

    def test_an_unlimited_customer_stays_so_whatever_his_rating(self):
        self.account.rating_id = self.rating
        self.rating.default_limit = 30.0
        self.account.limit_mode = "unlimited"
        self.assertEqual(self._limit(), Limit("unlimited", 0.0, "own"))

    def test_a_rating_may_ask_for_payment_in_advance(self):
        self.account.rating_id = self.rating
        self.rating.limit_mode = "prepay"
        self.assertEqual(self._limit(), Limit("prepay", 0.0, "rating"))
        self._new_invoice(amount=100.0)
        self.assertRecordValues(self.account, [{
            "effective_mode": "prepay",
            "effective_limit": 0.0,
            "available_credit": -100.0,
            "utilization": 100.0,
        }])

    def test_a_shared_rating_has_another_limit_in_each_company(self):
        other = self._new_company()
        self.rating.default_limit = 30.0
        there = self.rating.with_company(other)
        self.assertFalse(there.limit_mode)
        there.default_limit = 70.0
        self.env["o2c.credit.account"]._get_or_create(self.customer, other).rating_id = self.rating
        self.account.rating_id = self.rating
        self.assertEqual(self._limit().amount, 30.0)
        self.assertEqual(self._limit(company=other).amount, 70.0)
        self.assertEqual(there.currency_id, other.currency_id)

    def test_a_branch_shares_everything_with_its_root(self):
        branch = self.env["res.company"].create({"name": "B", "parent_id": self.company.id})
        self.env.user.company_ids |= branch
        self.account.rating_id = self.rating
        self.rating.with_company(branch).default_limit = 30.0
        self.assertEqual(self.rating.default_limit, 30.0)
        self.assertEqual(self._limit(company=branch), Limit("amount", 30.0, "rating"))
        self.company.o2c_default_limit_mode = "prepay"
        self.assertEqual(branch.o2c_default_limit_mode, "prepay")
        self.assertEqual(self._limit(self.other_customer, branch).mode, "prepay")

    def test_a_rating_of_one_company_is_not_for_another(self):
        self.rating.company_id = self._new_company()
        with self.assertRaises(UserError), self.cr.savepoint():
            self.account.write({"rating_id": self.rating.id})

    def test_limits_make_sense(self):
        day = timedelta(days=1)
        for values in (
            {"temporary_limit": 10.0},
            {"temporary_limit": 10.0, "temporary_from": self.today},
            {
                "temporary_limit": 10.0,
                "temporary_from": self.today,
                "temporary_to": self.today - day,
            },
        ):
            with self.subTest(values), self.assertRaises(ValidationError), self.cr.savepoint():
                self.account.write(values)
        with self.assertRaises(ValidationError):
            self.rating.default_limit = -1.0
        with self.assertRaises(ValidationError):
            self.company.o2c_default_credit_limit = -1.0

    def test_the_day_the_limit_was_set_is_known(self):
        self.assertFalse(self.account.limit_set_on)
        self.account.rating_id = self.rating
        self.assertFalse(self.account.limit_set_on)
        self.account.credit_limit = 100.0
        self.assertEqual(self.account.limit_set_on, self.today)
        self.account.has_own_limit = False
        self.assertFalse(self.account.limit_set_on)

    def test_a_limit_typed_in_becomes_the_customers_own(self):
        with Form(self.account) as form:
            form.has_own_limit = True
            form.limit_mode = "amount"
            form.credit_limit = 80.0
        self.assertEqual(self._limit(), Limit("amount", 80.0, "own"))

    def test_payment_in_advance_shows_as_no_limit_in_core(self):
        self.account.credit_limit = 80.0
        self.account.limit_mode = "prepay"
        self.assertTrue(self.account.has_own_limit)
        self.assertEqual(self.customer.credit_limit, 0.0)
        self.assertEqual(self._limit(), Limit("prepay", 0.0, "own"))

    def test_without_the_account_its_limit_is_gone(self):
        self.account.credit_limit = 80.0
        self.account.unlink()
        self.assertEqual(self.customer.credit_limit, 0.0)
        self.assertEqual(self._limit(), Limit("unlimited"))

    def test_a_salesperson_sets_no_limit(self):
        self.customer.user_id = self.salesperson
        account = self.account.with_user(self.salesperson)
        self.assertEqual(account.effective_mode, "unlimited")
        with self.assertRaises(AccessError):
            account.credit_limit = 1e6
        with self.assertRaises(AccessError):
            self.rating.with_user(self.salesperson).default_limit = 1e6
        self.account.with_user(self.credit_manager).credit_limit = 10.0
        self.assertEqual(account.effective_limit, 10.0)

    def test_one_statement_however_many_customers(self):
        partners = self.env["res.partner"].create([{"name": f"C{i}"} for i in range(50)])
        accounts = self.env["o2c.credit.account"]._get_or_create(partners, self.company)
        accounts[::2].credit_limit = 10.0
        accounts[1::2].rating_id = self.rating
        self.env.flush_all()
        self._limit()
        for batch in (partners[0], partners):
            with self.assertQueryCount(1):
                self.env["o2c.credit.account"]._limits(batch, self.company)

    def test_cores_own_warning_is_hidden_while_ours_is_on(self):
        self.company.account_use_credit_limit = True
        self.customer.credit_limit = 10.0
        order = self._new_order(amount=100.0)
        invoice = self._new_invoice(amount=100.0).copy()
        invoice.invoice_line_ids.price_unit = 100.0
        documents = (order, invoice)
        self.assertFalse(any(d.partner_credit_warning for d in documents))
        self.company.o2c_use_credit = False
        for document in documents:
            document.invalidate_recordset()
            self.assertTrue(document.partner_credit_warning)


@tagged("post_install", "-at_install")
class TestCreditReviewDate(O2cCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account = cls.env["o2c.credit.account"]._get_or_create(cls.customer, cls.company)
        cls.today = cls.company._o2c_today()
        cls.company.o2c_credit_manager_id = cls.credit_manager

    def _run(self):
        [step] = [
            step
            for step in self.env["o2c.daily.step"].steps(self.company)
            if step.key == "credit_review_date"
        ]
        return step.run(self.company)

    def test_what_was_due_before_the_start_is_told_to_nobody(self):
        self.account.review_on = self.today
        self.assertFalse(self._run())
        self.assertFalse(self._run())
        self.assertFalse(self.account.activity_ids)

    def test_a_review_that_falls_due_is_told_once(self):
        self._run()
        self.account.review_on = self.today + timedelta(days=1)
        self.assertFalse(self._run())
        self.account.review_on = self.today
        self.assertTrue(self._run())
        self.assertFalse(self._run())
        activity = self.account.activity_ids
        self.assertEqual(activity.user_id, self.credit_manager)
        self.assertEqual(activity.date_deadline, self.today)
        self.assertIn(self.customer.name, activity.summary)

    def test_a_new_date_ends_the_old_reminder(self):
        self._run()
        self.account.review_on = self.today
        self._run()
        self.account.review_on = self.today + timedelta(days=90)
        self.assertFalse(self.account.activity_ids)
        self.account.review_on = self.today - timedelta(days=1)
        self.assertTrue(self._run())

    def test_switching_off_and_on_starts_silently_again(self):
        self._run()
        self.company.o2c_use_credit = False
        self.account.review_on = self.today
        self.company.o2c_use_credit = True
        self.assertFalse(self._run())
        self.assertFalse(self.account.activity_ids)

    def test_without_a_named_manager_any_credit_manager_is_told(self):
        self._run()
        self.company.o2c_credit_manager_id = False
        self.account.review_on = self.today
        self._run()
        self.assertTrue(
            self.account.activity_ids.user_id.has_group("order_to_cash.group_credit_manager")
        )
