import io
from datetime import timedelta

import openpyxl
from lxml import html

from odoo import http
from odoo.fields import Command
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .common import O2cCommon


@tagged("post_install", "-at_install")
class TestPortalReceivables(O2cCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = cls.company._o2c_today()
        cls.customer.user_id = cls.salesperson
        cls.desk = cls.env["res.partner"].create({
            "name": "Desk", "parent_id": cls.customer.id, "email": "desk@example.com"
        })
        cls.portal = cls._portal_user("harbour", cls.desk)
        cls.stranger = cls._portal_user("inland", cls.other_customer)
        cls.invoice = cls._invoice(cls.customer, 300.0, days=40)
        cls.foreign = cls._invoice(cls.other_customer, 70.0, days=40)

    @classmethod
    def _portal_user(cls, login, partner):
        return new_test_user(
            cls.env,
            login=login,
            password=login,
            name=partner.name,
            groups="base.group_portal",
            partner_id=partner.id,
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
            tz="UTC",
        )

    @classmethod
    def _invoice(cls, partner, amount, days=10, **values):
        """An invoice that has been due for ``days``."""
        due = cls.today - timedelta(days=days)
        return cls._new_invoice(partner, amount, str(due - timedelta(days=10)), str(due), **values)

    def _page(self, path, user=None, status=200):
        user = user or self.portal
        self.authenticate(user.login, user.login)
        response = self.url_open(path)
        self.assertEqual(response.status_code, status)
        return response

    def _post(self, path, **values):
        self.authenticate(self.portal.login, self.portal.login)
        return self.url_open(
            path, data={"csrf_token": http.Request.csrf_token(self), **values}
        )

    def _error(self, response):
        page = html.fromstring(response.text)
        [error] = page.find_class("alert-danger")
        return error.text_content()

    # What he sees -----------------------------------------------------------------------------

    def test_open_items_with_marks_and_nothing_of_others(self):
        self._pay(self.invoice, 100.0, str(self.today))
        self.env["o2c.payment.dispute"].create({
            "invoice_id": self.invoice.id, "amount": 50.0, "reason": "INTERNAL: he is a liar"
        })
        self.env["o2c.payment.promise"].create({
            "partner_id": self.customer.id,
            "invoice_ids": [Command.set(self.invoice.ids)],
            "amount": 120.0,
            "date": self.today + timedelta(days=5),
            "note": "INTERNAL: do not believe him",
        })
        text = self._page("/my/receivables").text
        self.assertIn(self.invoice.name, text)
        self.assertIn("200.00", text)
        self.assertIn("Disputed", text)
        self.assertIn("Promised", text)
        self.assertNotIn("INTERNAL", text)
        self.assertNotIn(self.foreign.name, text)
        other = self._page("/my/receivables", self.stranger).text
        self.assertIn(self.foreign.name, other)
        self.assertNotIn(self.invoice.name, other)

    def test_the_payer_sees_what_he_pays(self):
        self.other_customer.o2c_payer_id = self.customer
        text = self._page("/my/receivables").text
        self.assertIn(self.foreign.name, text)
        self.assertIn("Inland Stores", text)
        self.assertNotIn(f"/my/invoices/{self.foreign.id}", text)
        self.assertNotIn(f"/my/receivables/{self.foreign.id}/dispute", text)

    def test_strangers_have_to_log_in(self):
        self.authenticate(None, None)
        for path in ("/my/receivables", "/my/statement", "/my/statement/pdf", "/my/reminders"):
            self.assertIn("/web/login", self.url_open(path).url)

    def test_the_statement_of_a_period(self):
        first = self.today - timedelta(days=45)
        query = f"date_from={first}&date_to={self.today}"
        text = self._page(f"/my/statement?{query}").text
        self.assertIn("Opening balance", text)
        self.assertNotIn(self.foreign.name, text)
        response = self._page(f"/my/statement/xlsx?{query}")
        book = openpyxl.load_workbook(io.BytesIO(response.content))
        names = {row[0] for row in book.worksheets[0].iter_rows(min_row=2, values_only=True)}
        self.assertEqual(names, {"Harbour Supplies"})
        response = self._page(f"/my/statement/pdf?{query}")
        self.assertIn("attachment", response.headers["Content-Disposition"])
        self.assertNotIn(self.foreign.name.encode(), response.content)

    def test_a_wrong_period_is_explained(self):
        text = self._page("/my/statement?date_from=2025-05-01&date_to=2025-04-01").text
        self.assertIn("begin before it ends", text)
        text = self._page("/my/statement?date_from=soon&date_to=2025-04-01").text
        self.assertIn("both days", text)

    def test_reminders_and_their_letters(self):
        policy = self.env["o2c.dunning.policy"].create({
            "name": "One", "level_ids": [Command.create({"name": "First", "days_overdue": 1})]
        })
        self.company.o2c_dunning_policy_id = policy
        run = self.env["o2c.dunning.run"].create({"date": self.today})
        run.action_propose()
        self.assertNotIn("/letter", self._page("/my/reminders").text)
        run.action_send()
        notices = {notice.partner_id: notice for notice in run.notice_ids}
        mine, other = notices[self.customer], notices[self.other_customer]
        mine.message_post(body="INTERNAL: call the lawyer")
        text = self._page("/my/reminders").text
        self.assertIn(mine.name, text)
        self.assertNotIn(other.name, text)
        self.assertNotIn("INTERNAL", text)
        response = self._page(f"/my/reminders/{mine.id}/letter")
        self.assertIn("attachment", response.headers["Content-Disposition"])
        self.assertIn(self.invoice.name.encode(), response.content)
        response = self._page(f"/my/reminders/{other.id}/letter")
        self.assertTrue(response.url.endswith(("/my", "/my/home")))
        self.assertNotIn(self.foreign.name.encode(), response.content)

    def test_cards_with_counters(self):
        self.authenticate(self.portal.login, self.portal.login)
        names = ["o2c_receivable_count", "o2c_statement_count", "o2c_reminder_count"]
        found = self.make_jsonrpc_request("/my/counters", {"counters": names})
        self.assertEqual(found, dict(zip(names, (1, 1, 0), strict=True)))
        self.assertIn("/my/receivables", self._page("/my").text)
        self.company.o2c_use_dunning = False
        found = self.make_jsonrpc_request("/my/counters", {"counters": names})
        self.assertEqual(found, dict.fromkeys(names, 0))

    def test_no_pages_where_dunning_is_off(self):
        self.company.o2c_use_dunning = False
        for path in (
            "/my/receivables",
            "/my/statement",
            "/my/statement/xlsx",
            "/my/reminders",
            f"/my/receivables/{self.invoice.id}/dispute",
            "/my/receivables/promise",
        ):
            self._page(path, status=404)

    # What he does -----------------------------------------------------------------------------

    def test_a_dispute_reaches_its_owner(self):
        path = f"/my/receivables/{self.invoice.id}/dispute"
        self.assertIn(self.invoice.name, self._page(path).text)
        response = self._post(path, amount="120.5", category="quality", reason="Two crates broken")
        self.assertIn("message=disputed", response.url)
        dispute = self.env["o2c.payment.dispute"].search([("invoice_id", "=", self.invoice.id)])
        self.assertEqual(
            (dispute.amount, dispute.category, dispute.reason, dispute.state),
            (120.5, "quality", "Two crates broken", "open"),
        )
        self.assertEqual(dispute.user_id, self.salesperson)
        self.assertIn(self.salesperson, dispute.activity_ids.user_id)
        self.assertNotIn(self.desk, dispute.message_partner_ids)
        self.assertIn("Two crates broken", "".join(dispute.message_ids.mapped("body")))

    def test_what_is_wrong_with_a_dispute_is_said_and_what_was_typed_stays(self):
        path = f"/my/receivables/{self.invoice.id}/dispute"
        for values, expected in (
            ({"amount": "300.01", "reason": "All of it"}, "at most"),
            ({"amount": "0", "reason": "Nothing"}, "above zero"),
            ({"amount": "nan", "reason": "Nothing"}, "above zero"),
            ({"amount": "inf", "reason": "Nothing"}, "above zero"),
            ({"amount": "-5", "reason": "Nothing"}, "above zero"),
            ({"amount": "ten", "reason": "Nothing"}, "above zero"),
            ({"amount": "10", "reason": "  "}, "what is wrong"),
            ({"amount": "10", "reason": "Odd", "category": "bribe"}, "kind of your objection"),
        ):
            with self.subTest(values=values):
                response = self._post(path, **{"category": "other", **values})
                self.assertIn(expected, self._error(response))
                self.assertIn(values["reason"].strip(), response.text)
        self.assertFalse(
            self.env["o2c.payment.dispute"].search([("invoice_id", "=", self.invoice.id)])
        )

    def test_nobody_disputes_what_is_not_his(self):
        draft = self.invoice.copy()
        credit = self._invoice(self.customer, -20.0)
        for move in (self.foreign, draft, credit):
            path = f"/my/receivables/{move.id}/dispute"
            response = self._post(path, amount="10", category="other", reason="Mine now")
            self.assertTrue(response.url.endswith(("/my", "/my/home")), response.url)
            self.assertFalse(
                self.env["o2c.payment.dispute"].search([("invoice_id", "=", move.id)])
            )
        self.other_customer.o2c_payer_id = self.customer
        self._post(
            f"/my/receivables/{self.foreign.id}/dispute",
            amount="10",
            category="other",
            reason="He pays, but did not buy",
        )
        self.assertFalse(
            self.env["o2c.payment.dispute"].search([("invoice_id", "=", self.foreign.id)])
        )

    def _promise(self, **values):
        return self._post("/my/receivables/promise", **{
            "company_id": str(self.company.id),
            "currency_id": str(self.company.currency_id.id),
            "amount": "100",
            "date": str(self.today + timedelta(days=10)),
            **values,
        })

    def _promises(self):
        return self.env["o2c.payment.promise"].search([
            ("partner_id", "in", (self.customer + self.other_customer).ids)
        ])

    def test_a_promise(self):
        currency = self.company.currency_id
        page = self._page(f"/my/receivables/promise?currency_id={currency.id}").text
        self.assertIn(self.invoice.name, page)
        response = self._promise(invoice=str(self.invoice.id), note="After the fair")
        self.assertIn("message=promised", response.url)
        promise = self._promises()
        self.assertEqual(promise.partner_id, self.customer)
        self.assertEqual(promise.invoice_ids, self.invoice)
        self.assertEqual((promise.amount, promise.state), (100.0, "open"))
        self.assertEqual(promise.date, self.today + timedelta(days=10))
        self.assertNotIn(self.desk, promise.message_partner_ids)
        self.assertIn(self.salesperson.partner_id, promise.message_ids.notified_partner_ids)
        self.assertIn("promised", self._error(self._promise(amount="250")))
        self._promise(amount="200")
        self.assertEqual(sum(self._promises().mapped("amount")), 300.0)

    def test_what_is_wrong_with_a_promise_is_said(self):
        self.company.o2c_portal_promise_days = 20
        for values, expected in (
            ({"date": str(self.today - timedelta(days=1))}, "between"),
            ({"date": str(self.today + timedelta(days=21))}, "between"),
            ({"date": "tomorrow"}, "enter the day"),
            ({"date": ""}, "enter the day"),
            ({"amount": "300.01"}, "above what is open"),
            ({"amount": "0"}, "above zero"),
            ({"invoice": str(self.foreign.id)}, "no longer open"),
        ):
            with self.subTest(values=values):
                response = self._promise(note="My words", **values)
                self.assertIn(expected, self._error(response))
                self.assertIn("My words", response.text)
        self.assertFalse(self._promises())
        self._promise(date=str(self.today + timedelta(days=20)))
        self._promise(date=str(self.today))
        self.assertEqual(len(self._promises()), 2)

    def test_promises_can_be_switched_off(self):
        self.company.o2c_portal_promise_days = 0
        self.assertNotIn("/my/receivables/promise", self._page("/my/receivables").text)
        self._page("/my/receivables/promise", status=404)

    def test_forged_forms_are_refused(self):
        self.authenticate(self.portal.login, self.portal.login)
        with mute_logger("odoo.http"):
            response = self.url_open(
                f"/my/receivables/{self.invoice.id}/dispute",
                data={"amount": "10", "category": "other", "reason": "Forged"},
            )
        self.assertEqual(response.status_code, 400)
        self.assertFalse(
            self.env["o2c.payment.dispute"].search([("invoice_id", "=", self.invoice.id)])
        )

    def test_the_number_of_statements_does_not_grow_with_documents(self):
        def statements():
            env = self.env(user=self.portal)
            env.invalidate_all()
            before = self.cr.sql_log_count
            env["o2c.portal.receivables"]._account(self.customer, self.company)
            return self.cr.sql_log_count - before

        self._invoice(self.customer, 10.0)
        statements()
        few = statements()
        for _number in range(6):
            self._invoice(self.customer, 10.0)
        self.assertEqual(statements(), few)
