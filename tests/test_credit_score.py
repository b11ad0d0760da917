from datetime import timedelta

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from odoo.addons.order_to_cash.algorithms.credit_score import Weights

from .common import O2cCommon


class CreditScoreCommon(O2cCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = cls.company._o2c_today()
        cls.ratings = {
            code: cls.env.ref(f"order_to_cash.credit_rating_{code.lower()}") for code in "ABCDE"
        }

    @classmethod
    def _day(cls, days):
        return cls.today + timedelta(days=days)

    @classmethod
    def _paid_invoice(cls, partner=None, days_ago=60, late=0, amount=100.0):
        """An invoice of 30 days, paid so many days after it was due."""
        move = cls._new_invoice(
            partner, amount, date=cls._day(-days_ago), due=cls._day(30 - days_ago)
        )
        cls._pay(move, date=cls._day(30 - days_ago + late))
        return move

    def _account(self, partner=None):
        return self.env["o2c.credit.account"]._get_or_create(
            partner or self.customer, self.company
        )

    def _run(self):
        [step] = [
            step
            for step in self.env["o2c.daily.step"].steps(self.company)
            if step.key == "credit_score"
        ]
        return step.run(self.company)


@tagged("post_install", "-at_install")
class TestCreditScore(CreditScoreCommon):
    def _inputs(self, partner=None, as_of=None):
        partner = partner or self.customer
        return self.env["o2c.credit.account"]._score_inputs(partner, as_of)[partner.id]

    def test_what_a_customer_is_judged_by(self):
        self._paid_invoice(days_ago=60, late=5)
        opened = self._new_invoice(amount=300.0, date=self._day(-20), due=self._day(-5))
        self._pay(opened, 100.0)
        invoices = sorted(self._inputs().invoices, key=lambda item: item.dated)
        self.assertEqual(
            [(item.amount, item.due, item.settled, item.residual) for item in invoices],
            [
                (100.0, self._day(-30), self._day(-25), 0.0),
                (300.0, self._day(-5), None, 200.0),
            ],
        )

    def test_what_a_credit_note_cancelled_says_nothing(self):
        invoice = self._new_invoice(date=self._day(-90), due=self._day(-60))
        invoice._reverse_moves([{"invoice_date": self.today}], cancel=True)
        self.assertEqual(invoice.payment_state, "reversed")
        self.assertFalse(self._inputs().invoices)

    def test_the_payer_is_judged_by_what_he_pays_for(self):
        self.customer.o2c_payer_id = self.other_customer
        self._paid_invoice(self.customer)
        self._paid_invoice(self.other_customer)
        self.assertEqual(len(self._inputs(self.other_customer).invoices), 2)
        self.assertFalse(self._inputs(self.customer).invoices)

    def test_companies_are_judged_apart_and_branches_together(self):
        other = self._new_company()
        branch = self.env["res.company"].create({"name": "B", "parent_id": self.company.id})
        self.env.user.company_ids |= branch
        self._paid_invoice()
        Account = self.env["o2c.credit.account"]
        for company, count in ((self.company, 1), (branch, 1), (other, 0)):
            found = Account.with_company(company)._score_inputs(self.customer)[self.customer.id]
            self.assertEqual(len(found.invoices), count)

    def test_the_use_of_the_limit_is_known_of_today_only(self):
        self._account().credit_limit = 1000.0
        self._new_invoice(amount=900.0, date=self._day(-5), due=self._day(25))
        self.assertEqual(self._inputs().utilization, 90.0)
        self.assertIsNone(self._inputs(as_of=self._day(-1)).utilization)

    def test_a_score_as_of_a_day_does_not_know_what_came_later(self):
        self._paid_invoice(days_ago=200)
        Account = self.env["o2c.credit.account"]
        day = self._day(-150)
        before = Account._get_scores(self.customer, self.company, day)
        self._paid_invoice(days_ago=100, late=60)
        self.env.flush_all()
        self.assertEqual(Account._get_scores(self.customer, self.company, day), before)
        now = Account._get_scores(self.customer, self.company, self.today)
        self.assertLess(now[self.customer.id].value, before[self.customer.id].value)

    def test_the_daily_step_scores_everybody_who_was_invoiced_and_explains_it(self):
        for days_ago in (60, 90, 120, 400):
            self._paid_invoice(days_ago=days_ago)
            self._paid_invoice(self.other_customer, days_ago=days_ago, late=20)
        self.assertTrue(self._run())
        good, bad = self._account(), self._account(self.other_customer)
        self.assertGreater(good.score, 90.0)
        self.assertLess(bad.score, 65.0)
        self.assertEqual(good.scored_on, self.today)
        self.assertIn("4 of 4 invoices", bad.score_explanation)
        self.assertIn("20.0 days late", bad.score_explanation)

    def test_running_again_changes_nothing(self):
        self._paid_invoice()
        self._run()
        account = self._account()
        state = (account.score, account.score_details, account.review_ids)
        self._run()
        self.assertEqual((account.score, account.score_details, account.review_ids), state)

    def test_who_was_never_invoiced_has_no_score(self):
        account = self._account()
        account.action_score()
        self.assertFalse(account.scored_on)
        self.assertFalse(account.review_ids)

    def test_the_weights_of_the_company_count(self):
        self._paid_invoice(late=10)
        account = self._account()
        account.action_score()
        before = account.score
        scoring = self.env["o2c.credit.scoring"]
        self.assertEqual(scoring._of_company(self.company)._weights(), Weights())
        ours = scoring.create({
            "name": "Ours",
            "company_id": self.company.id,
            "weight_late_share": 0.0,
            "weight_days_late": 0.0,
        })
        account.action_score()
        self.assertGreater(account.score, before)
        with self.assertRaises(ValidationError):
            ours.weight_age = -1.0

    def test_the_number_of_statements_does_not_grow_with_customers(self):
        partners = self.env["res.partner"].create([{"name": f"C{i}"} for i in range(12)])
        for partner in partners:
            self._new_invoice(partner, date=self._day(-60), due=self._day(-30))
        accounts = self._account(partners)
        counts = []
        for batch in (accounts[0], accounts[1], accounts[2:]):
            self.env.flush_all()
            self.env.invalidate_all()
            batch.mapped("partner_id.commercial_partner_id.o2c_payer_id")
            before = self.cr.sql_log_count
            batch._score(self.today)
            self.env.flush_all()
            counts.append(self.cr.sql_log_count - before)
        self.assertEqual(*counts[1:], "the first only warms the caches")


@tagged("post_install", "-at_install")
class TestCreditReview(CreditScoreCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for days_ago in (60, 90, 400):
            cls._paid_invoice(days_ago=days_ago, late=25)
        cls.account = cls.env["o2c.credit.account"]._get_or_create(cls.customer, cls.company)
        cls.ratings["B"].default_limit = 1000.0
        cls.ratings["D"].default_limit = 100.0

    def _propose(self):
        self.account.action_score()
        return self.account.open_review_id

    def test_the_shipped_ratings_change_no_limit(self):
        self.assertEqual(
            [bool(self.ratings[code].limit_mode) for code in "ACE"], [False, False, False]
        )

    def test_a_score_that_means_another_rating_is_proposed_with_reasons(self):
        self.account.rating_id = self.ratings["B"]
        messages = self.env["mail.mail"].search_count([])
        review = self._propose()
        self.assertRecordValues(review, [{
            "state": "proposed",
            "score": self.account.score,
            "current_rating_id": self.ratings["B"].id,
            "proposed_rating_id": self.ratings["D"].id,
            "current_limit": 1000.0,
            "proposed_limit_mode": "amount",
            "proposed_limit": 100.0,
            "notches": 2,
        }])
        self.assertIn("3 of 3 invoices", review.reasons)
        self.assertEqual(self.account.rating_id, self.ratings["B"])
        self.assertEqual(self.env["mail.mail"].search_count([]), messages)
        self.assertFalse(review.activity_ids)
        self.assertEqual(self._propose(), review, "once")

    def test_approving_gives_the_rating_and_its_limit(self):
        self.account.rating_id = self.ratings["B"]
        review = self._propose()
        review.with_user(self.credit_manager).action_approve()
        self.assertRecordValues(self.account, [{
            "rating_id": self.ratings["D"].id,
            "has_own_limit": False,
            "effective_limit": 100.0,
            "limit_source": "rating",
        }])
        self.assertRecordValues(
            review, [{"state": "approved", "decided_by_id": self.credit_manager.id}]
        )
        self.assertFalse(self._propose())

    def test_a_limit_of_the_reviewers_own_choice_becomes_the_customers_own(self):
        review = self._propose()
        review.write({"proposed_limit": 250.0, "note": "Bank guarantee"})
        review.action_approve()
        self.assertRecordValues(self.account, [
            {"has_own_limit": True, "credit_limit": 250.0, "effective_limit": 250.0},
        ])

    def test_a_limit_set_after_the_proposal_stays(self):
        review = self._propose()
        self.account.credit_limit = 800.0
        self.assertEqual(review.proposed_limit, 800.0)
        review.action_approve()
        self.assertEqual(self.account.effective_limit, 800.0)
        self.account.credit_limit = 900.0
        self.assertEqual(review.proposed_limit, 800.0, "history")

    def test_the_customers_own_limit_stays(self):
        self.account.credit_limit = 700.0
        review = self._propose()
        self.assertEqual(review.proposed_limit, 700.0)
        review.action_approve()
        self.assertEqual(self.account.effective_limit, 700.0)
        self.assertEqual(self.account.rating_id, self.ratings["D"])

    def test_refusing_changes_nothing_and_it_is_not_proposed_again(self):
        self.account.rating_id = self.ratings["B"]
        review = self._propose()
        review.action_refuse()
        self.assertEqual(self.account.rating_id, self.ratings["B"])
        self.assertFalse(self._propose())
        self.account.rating_id = self.ratings["A"]
        self.assertTrue(self._propose(), "another change")

    def test_a_pinned_rating_stays(self):
        self.account.write({"rating_id": self.ratings["A"].id, "is_rating_pinned": True})
        self.assertFalse(self._propose())
        self.assertTrue(self.account.score)

    def test_a_proposal_without_a_cause_goes(self):
        review = self._propose()
        self.account.rating_id = self.ratings["D"]
        self._propose()
        self.assertFalse(review.exists())

    def test_a_proposal_of_a_person_stays(self):
        review = self.env["o2c.credit.review"].with_user(self.credit_manager).create({
            "account_id": self.account.id,
            "proposed_rating_id": self.ratings["A"].id,
        })
        self.assertEqual(self._propose(), review)
        review.action_approve()
        self.assertEqual(self.account.rating_id, self.ratings["A"])

    def test_small_changes_are_applied_when_the_company_lets_them(self):
        self.account.rating_id = self.ratings["B"]
        for notches, increase, limit, applied in [
            (1, 0.0, 100.0, False),
            (2, 0.0, 100.0, True),
            (2, 500.0, 1501.0, False),
            (2, 501.0, 1501.0, True),
        ]:
            with self.subTest(notches=notches, increase=increase, limit=limit):
                self.account.review_ids.sudo().unlink()
                self.account.rating_id = self.ratings["B"]
                self.ratings["D"].default_limit = limit
                self.company.write({
                    "o2c_review_notches": notches,
                    "o2c_review_increase": increase,
                })
                self.account.action_score()
                review = self.account.review_ids
                self.assertEqual(review.state, "applied" if applied else "proposed")
                expected = self.ratings["D" if applied else "B"]
                self.assertEqual(self.account.rating_id, expected)

    def test_a_decided_review_stays_as_it_is(self):
        review = self._propose()
        review.with_user(self.credit_manager).action_refuse()
        with self.assertRaises(UserError):
            review.with_user(self.credit_manager).action_approve()
        with self.assertRaises(UserError):
            review.with_user(self.credit_manager).write({"state": "proposed"})

    def test_only_credit_managers_decide(self):
        self.customer.user_id = self.salesperson
        review = self._propose()
        self.assertEqual(review.with_user(self.salesperson).proposed_rating_id.code, "D")
        for user in (self.salesperson, self.collector):
            for method in ("action_approve", "action_refuse"):
                with (
                    self.subTest(user=user.login, method=method),
                    self.assertRaises(AccessError),
                ):
                    getattr(review.with_user(user), method)()
        with self.assertRaises(AccessError):
            review.with_user(self.other_salesperson).read(["score"])
        with self.assertRaises(AccessError):
            self.account.with_user(self.salesperson).action_score()

    def test_the_reviews_follow_a_merged_customer(self):
        review = self._propose()
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (self.customer | self.other_customer).ids, self.other_customer
        )
        self.assertEqual(review.partner_id, self.other_customer)
