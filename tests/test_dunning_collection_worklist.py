from datetime import date, timedelta
from random import Random

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged

from ..algorithms.collection import recovery_probability
from .test_dunning_run import DunningCommon

TODAY = date(2025, 3, 31)
TO_CALL = [
    ("to_chase", ">", 0),
    "|",
    ("next_contact_on", "=", False),
    ("next_contact_on", "<=", TODAY),
]
MODELS = (
    "o2c.collection.account",
    "o2c.collection.item",
    "o2c.collection.contact",
    "o2c.collection.call",
)


class CollectionCommon(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        frozen = freeze_time(TODAY)
        frozen.start()
        cls.addClassCleanup(frozen.stop)
        cls.customer.write({"user_id": cls.salesperson.id, "phone": "+1 555 0100"})
        cls.other_customer.user_id = cls.other_salesperson

    def _accounts(self, domain=(), user=None, partners=None):
        self.env.flush_all()
        self.env.invalidate_all()
        partners = partners or self.customer | self.other_customer
        Account = self.env["o2c.collection.account"].with_user(user or self.collector)
        return Account.search([("partner_id", "in", partners.ids), *domain])

    def _account(self, partner=None, user=None):
        return self._accounts(user=user, partners=partner or self.customer)

    def _late(self, days, partner=None, amount=100.0, **values):
        day = TODAY - timedelta(days=days)
        return self._new_invoice(partner, amount, day - timedelta(days=30), day, **values)

    def _call(self, partner=None, **values):
        account = self._account(partner)
        action = account.action_log_contact()
        call = self.env["o2c.collection.call"].with_user(self.collector).create({
            **{name.removeprefix("default_"): value for name, value in action["context"].items()},
            **values,
        })
        call.action_log()
        return self.env["o2c.collection.contact"].search([
            ("partner_id", "=", account.partner_id.id)
        ], limit=1)


@tagged("post_install", "-at_install")
class TestDunningCollectionWorklist(CollectionCommon):
    def test_the_figures_of_a_customer(self):
        self._late(90, amount=1000)
        self._late(-10, amount=400)
        invoice = self._late(10, amount=300)
        self._pay(invoice, 100, "2025-03-30")
        account = self._account()
        self.assertRecordValues(account, [{
            "receivable": 1600,
            "overdue": 1200,
            "item_count": 2,
            "oldest_days": 90,
            "to_chase": 1200,
            "phone": "+1 555 0100",
            "user_id": self.salesperson.id,
            "collector_id": self.salesperson.id,
            "company_id": self.company.id,
            "currency_id": self.company.currency_id.id,
        }])
        self.assertAlmostEqual(
            account.expected, 0.75 * (1000 * 0.5**0.5 + 200 * 0.5 ** (10 / 180)), 1
        )
        self.assertEqual(account.item_ids.mapped("days_overdue"), [90, 10, -10])

    def test_the_expected_recovery_is_that_of_the_algorithm(self):
        random = Random(4)
        accounts = self.env["o2c.credit.account"]
        partners = self.env["res.partner"]
        for number in range(4):
            partner = self._new_customer(f"Random {number}")
            partners |= partner
            account = accounts._get_or_create(partner, self.company)
            account.write({"score": random.randint(0, 100), "scored_on": TODAY})
            self._late(random.randint(1, 900), partner, round(random.uniform(1, 5000), 2))
        for account in self._accounts(partners=partners):
            item = account.item_ids
            self.assertAlmostEqual(
                item.expected,
                item.claim * recovery_probability(account.score, item.days_overdue),
                delta=0.0051,
            )
            self.assertEqual(account.expected, item.expected)
        found = self._accounts(partners=partners).mapped("expected")
        self.assertEqual(found, sorted(found, reverse=True))

    def test_accounts_and_items_are_found_by_the_id_of_the_account(self):
        self._late(5)
        self._late(9, self.other_customer, 70)
        accounts = self._accounts()
        Item = self.env["o2c.collection.item"]
        self.assertLess(max(accounts.ids), 2**31)
        for account in accounts:
            self.assertEqual(accounts.search([("id", "=", account.id)]), account)
            self.assertEqual(accounts.search([("id", "in", account.ids)]), account)
            self.assertEqual(
                accounts.search([("id", "!=", account.id), ("id", "in", accounts.ids)]),
                accounts - account,
            )
            self.assertEqual(Item.search([("account_id", "=", account.id)]), account.item_ids)
        self.assertEqual(Item.search([("account_id", "in", accounts.ids)]), accounts.item_ids)
        self.assertEqual(accounts.browse(5).exists(), accounts.browse())
        self.assertFalse(Item.search([("account_id", "=", False)]))

    def test_broken_promises_first_then_by_expected_recovery(self):
        third = self._new_customer("Third")
        self._late(5, amount=100)
        self._late(5, self.other_customer, 900)
        self._late(5, third, 5)
        partners = self.customer | self.other_customer | third
        self.assertEqual(
            self._accounts(partners=partners).partner_id.ids,
            [self.other_customer.id, self.customer.id, third.id],
        )
        promise = self.env["o2c.payment.promise"].create({
            "partner_id": third.id, "amount": 5, "date": TODAY + timedelta(days=1),
        })
        self.assertNotIn(third, self._accounts(TO_CALL, partners=partners).partner_id)
        promise.sudo().write({"state": "broken", "date": TODAY - timedelta(days=1)})
        first = self._accounts(TO_CALL, partners=partners)[0]
        self.assertEqual(first.partner_id, third)
        self.assertTrue(first.has_broken_promise)

    def test_disputes_blocks_and_credits_are_not_chased(self):
        invoice = self._late(20, amount=500)
        other = self._late(10, amount=70)
        self._new_invoice(amount=-30, date="2025-03-01")
        self.env["o2c.payment.dispute"].create({
            "invoice_id": invoice.id, "amount": 200, "reason": "Damaged",
        })
        self.assertRecordValues(self._account(), [{
            "overdue": 570, "disputed": 200, "to_chase": 340, "receivable": 540,
        }])
        self.env["o2c.dunning.block"].create({"invoice_id": other.id, "reason": "Wait"})
        self.assertRecordValues(self._account(), [{"blocked": 70, "to_chase": 270}])
        items = self._account().item_ids
        self.assertEqual(items.filtered("is_blocked").move_id, other)
        self.env["o2c.dunning.block"].create({
            "partner_id": self.customer.id, "reason": "Wait", "date_to": TODAY,
        })
        self.assertEqual(self._account().to_chase, 0)
        self.assertFalse(self._accounts(TO_CALL))
        with freeze_time(TODAY + timedelta(days=1)):
            self.assertEqual(self._account().to_chase, 270)

    def test_no_followup_is_not_chased(self):
        invoice = self._late(20)
        invoice.no_followup = True
        self.assertRecordValues(self._account(), [{"overdue": 100, "blocked": 100, "to_chase": 0}])

    def test_the_highest_level_and_its_responsible(self):
        second = self._second_level(days_overdue=2, user_id=self.collector.id)
        self._late(20)
        self._propose(TODAY - timedelta(days=1)).action_send()
        self.assertEqual(self._account().level_id, self.level)
        self._late(4)
        self._propose(TODAY).action_send()
        account = self._account()
        self.assertEqual(account.level_id, second)
        self.assertEqual(account.collector_id, self.collector)
        account.with_user(self.collector).write({
            "collector_id": self.o2c_manager.id, "note": "Ask for Ann",
        })
        self.assertRecordValues(self._account(), [{
            "collector_id": self.o2c_manager.id, "note": "Ask for Ann",
        }])
        self.assertEqual(
            self.customer.with_company(self.company).o2c_collector_id, self.o2c_manager
        )
        with self.assertRaises(UserError):
            self._account().write({"overdue": 0})

    def test_the_collector_of_the_customer_is_asked_to_call(self):
        self.level.user_id = self.o2c_manager
        self._late(20)
        notice = self._propose(TODAY).notice_ids
        self.assertEqual(notice._responsible(), self.o2c_manager)
        self._account().with_user(self.collector).collector_id = self.collector
        self.assertEqual(notice._responsible(), self.collector)

    def test_contacts_payers_archived_customers_and_currencies(self):
        contact = self.env["res.partner"].create({"name": "Ann", "parent_id": self.customer.id})
        self._late(5, contact, 100)
        payer = self._new_customer("Payer")
        self.other_customer.o2c_payer_id = payer
        foreign = self.setup_other_currency("EUR", rates=[("2024-01-01", 2.0)])
        self._late(5, self.other_customer, 300, currency_id=foreign.id)
        payer.active = False
        self.assertEqual(self._account().overdue, 100)
        self.assertEqual(self._account(payer).overdue, 150)
        self.assertEqual(self._account(payer).item_ids.residual, 300)
        self.assertFalse(self._account(self.other_customer))

    def test_an_instalment_is_disputed_before_the_next(self):
        terms = self.env["account.payment.term"].create({
            "name": "Two parts",
            "line_ids": [
                Command.create({"value": "percent", "value_amount": 50, "nb_days": days})
                for days in (10, 20)
            ],
        })
        invoice = self._new_invoice(
            amount=200, date="2025-01-01", invoice_payment_term_id=terms.id
        )
        self.env["o2c.payment.dispute"].create({
            "invoice_id": invoice.id, "amount": 130, "reason": "Damaged",
        })
        items = self._account().item_ids
        self.assertEqual(items.mapped("disputed"), [100, 30])
        self.assertEqual(items.mapped("claim"), [0, 70])

    def test_switched_off_there_is_nobody(self):
        self._late(5)
        self.company.o2c_use_dunning = False
        self.assertFalse(self._account())
        self.assertEqual(self.customer.with_user(self.salesperson).o2c_collection_overdue, 0)

    def test_the_number_of_statements_does_not_grow(self):
        def statements(partners):
            self._new_invoices(partners, [100] * len(partners))
            self.env.flush_all()
            self.env.invalidate_all()
            Account = self.env["o2c.collection.account"].with_user(self.collector)
            before = self.cr.sql_log_count
            Account.search([("partner_id", "in", partners.ids)]).read(["expected", "partner_id"])
            return self.cr.sql_log_count - before

        def customers(count):
            return self.env["res.partner"].create([
                {"name": f"C{number}", "is_company": True} for number in range(count)
            ])

        statements(customers(1))
        few, many = statements(customers(2)), statements(customers(20))
        self.assertLessEqual(many, few)


@tagged("post_install", "-at_install")
class TestDunningCollectionCall(CollectionCommon):
    def setUp(self):
        super().setUp()
        self.invoice = self._late(20, amount=500)

    def test_a_call_is_logged_and_hides_the_customer_until_the_next_date(self):
        next_day = TODAY + timedelta(days=7)
        contact = self._call(outcome="no_answer", note="Voice mail", next_contact_on=next_day)
        self.assertRecordValues(contact, [{
            "user_id": self.collector.id, "outcome": "no_answer", "overdue": 500,
            "company_id": self.company.id,
        }])
        self.assertRecordValues(self._account(), [{
            "last_outcome": "no_answer", "next_contact_on": next_day,
        }])
        self.assertEqual(self._account().contact_ids, contact)
        self.assertFalse(self._accounts(TO_CALL))
        with freeze_time(next_day):
            domain = [("next_contact_on", "<=", next_day), ("to_chase", ">", 0)]
            self.assertTrue(self._accounts(domain))
        message = self.customer.message_ids[0]
        self.assertIn("Voice mail", message.body)
        self.assertEqual(message.author_id, self.collector.partner_id)

    def test_the_last_call_counts(self):
        self._call(outcome="callback", next_contact_on=TODAY + timedelta(days=7))
        self._call(outcome="reached")
        self.assertRecordValues(self._account(), [{
            "last_outcome": "reached", "next_contact_on": False,
        }])

    def test_a_promise_comes_of_a_call(self):
        call = Form(
            self.env["o2c.collection.call"]
            .with_user(self.collector)
            .with_context(**self._account().action_log_contact()["context"])
        )
        call.outcome = "promised"
        self.assertEqual(call.promise_amount, 500)
        call.promise_amount = 300
        call.promise_date = TODAY + timedelta(days=5)
        self.assertEqual(call.next_contact_on, TODAY + timedelta(days=6))
        call.save().action_log()
        promise = self.env["o2c.payment.promise"].search([("partner_id", "=", self.customer.id)])
        self.assertRecordValues(promise, [{
            "amount": 300, "date": TODAY + timedelta(days=5), "state": "open",
        }])
        self.assertRecordValues(self._account(), [{
            "promised": 300, "promise_date": promise.date, "to_chase": 200,
        }])

    def test_a_dispute_comes_of_a_call(self):
        contact = self._call(
            outcome="disputed", note="Broken", dispute_invoice_id=self.invoice.id, dispute_amount=50
        )
        self.assertRecordValues(contact.dispute_id, [{
            "invoice_id": self.invoice.id, "amount": 50, "reason": "Broken", "state": "open",
        }])
        self.assertEqual(self._account().disputed, 50)

    def test_what_is_missing_is_asked_for(self):
        for values in (
            {"outcome": "promised"},
            {"outcome": "promised", "promise_amount": 5},
            {"outcome": "disputed", "dispute_invoice_id": self.invoice.id, "note": "No"},
        ):
            with self.assertRaises(UserError):
                self._call(**values)
        self.assertFalse(self.env["o2c.collection.contact"].search([
            ("partner_id", "=", self.customer.id)
        ]))

    def test_a_log_stays(self):
        contact = self._call(outcome="reached").with_user(self.collector)
        contact.note = "Corrected"
        with self.assertRaises(UserError):
            contact.outcome = "promised"
        with self.assertRaises(AccessError):
            contact.unlink()
        backdated = contact.create({
            "partner_id": self.customer.id, "contacted_on": "2025-01-01", "outcome": "reached",
        })
        self.assertEqual(backdated.contacted_on.date(), TODAY)

    def test_salespeople_read_their_own_customers(self):
        self._late(5, self.other_customer)
        self._call(outcome="reached")
        self._call(self.other_customer, outcome="reached")
        own = self._accounts(user=self.salesperson)
        self.assertEqual(own.partner_id, self.customer)
        self.assertEqual(own.item_ids.move_id, self.invoice)
        self.assertEqual(own.contact_ids.partner_id, self.customer)
        call = self.env["o2c.collection.call"].with_user(self.salesperson).with_context(
            **own.action_log_contact()["context"]
        ).create({
            "outcome": "promised", "promise_amount": 500, "promise_date": TODAY + timedelta(days=3)
        })
        call.action_log()
        self.assertEqual(self._accounts(user=self.salesperson).promised, 500)
        partner = self.customer.with_user(self.salesperson)
        self.assertEqual(partner.o2c_collection_overdue, 500)
        self.assertEqual(partner.action_o2c_open_collection()["res_id"], own.id)
        foreign = self.other_customer.with_user(self.salesperson)
        self.assertEqual(foreign.o2c_collection_overdue, 0)
        for attempt in (
            lambda: own.write({"note": "x"}),
            lambda: self.env["o2c.collection.contact"].with_user(self.salesperson).create({
                "partner_id": self.other_customer.id
            }),
            lambda: own.contact_ids.with_user(self.salesperson).write({"note": "x"}),
            lambda: self._account(self.other_customer).with_user(self.salesperson).read(["overdue"]),
        ):
            with self.assertRaises(AccessError):
                attempt()

    def test_portal_and_plain_employees_see_nothing(self):
        portal = new_test_user(self.env, "portia", groups="base.group_portal")
        employee = self._new_user("emil", "base.group_user")
        for user in (portal, self.env.ref("base.public_user"), employee):
            for model in MODELS:
                with self.assertRaises(AccessError):
                    self.env[model].with_user(user).search([])
        self.assertEqual(self.customer.with_user(employee).o2c_collection_overdue, 0)

    def test_companies_are_apart(self):
        other = self._new_company()
        other.o2c_use_dunning = True
        stranger = self._new_user("steve", "order_to_cash.group_collector", company=other)
        contact = self._call(outcome="reached")
        self.assertFalse(self._accounts(user=stranger))
        self.assertFalse(self.env["o2c.collection.contact"].with_user(stranger).search([]))
        with self.assertRaises(AccessError):
            contact.with_user(stranger).note = "Hello"
