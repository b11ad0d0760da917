"""Statements, aged receivables, portal and collection, looked at by somebody who did not write them."""

from datetime import timedelta

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common import O2cCommon
from .test_dunning_collection_worklist import TODAY, CollectionCommon

DIALOGS = ("o2c.account.statement.print", "o2c.aged.receivable.filter")


@tagged("post_install", "-at_install")
class TestReviewReceivables(O2cCommon, HttpCase):
    def test_dialogs_belong_to_who_opened_them(self):
        self.customer.user_id = self.salesperson
        for model in DIALOGS:
            dialog = self.env[model].with_user(self.salesperson).create({
                "partner_ids": [Command.set(self.customer.ids)]
            })
            others = dialog.with_user(self.other_salesperson)
            others.invalidate_recordset()
            with self.subTest(model=model):
                with self.assertRaises(AccessError):
                    others.read(["partner_ids"])
                with self.assertRaises(AccessError):
                    others.write({"partner_ids": [Command.clear()]})
                with self.assertRaises(AccessError):
                    others.unlink()
                self.assertNotIn(dialog.id, others.search([]).ids)

    @mute_logger("odoo.http", "odoo.addons.base.models.ir_rule")
    def test_downloads_of_others_are_refused(self):
        self.customer.user_id = self.salesperson
        self._new_invoice(amount=100.0, date="2025-01-10")
        wizard = self.env["o2c.account.statement.print"].with_user(self.salesperson).create({
            "partner_ids": [Command.set(self.customer.ids)], "date_from": "2025-01-01",
        })
        self.authenticate(self.other_salesperson.login, self.other_salesperson.login)
        for path in (
            f"/order_to_cash/dunning/statement/{wizard.id}.xlsx",
            f"/report/html/order_to_cash.report_account_statement/{wizard.id}",
        ):
            response = self.url_open(path)
            self.assertNotIn("spreadsheet", response.headers.get("Content-Type", ""))
            self.assertNotIn(self.customer.name, response.text)

    def test_a_day_that_is_none(self):
        Report = self.env["o2c.aged.receivable"]
        for day in (
            "1'; DROP TABLE res_partner; --", "2025-13-45", 5, 2.5, [2025, 1, 1], {"day": 1},
            ("2025-01-01",), True,
        ):
            with self.subTest(day=day), self.assertRaises(UserError):
                Report.with_context(o2c_as_of=day).search_count([])
        for day in ("0001-01-01", "9999-12-31", False, None):
            Report.with_context(o2c_as_of=day).search_count([])

    @mute_logger("odoo.http")
    def test_a_download_of_a_day_that_is_none(self):
        self.authenticate(self.collector.login, self.collector.login)
        path = "/order_to_cash/dunning/aged_receivables.xlsx"
        self.assertEqual(self.url_open(f"{path}?as_of=2025-13-45").status_code, 400)
        self.assertEqual(self.url_open(f"{path}?as_of=soon&filter=x").status_code, 400)
        for query in ("", "?as_of=2025-01-01&filter=99999999999999", "?filter=-1&as_of="):
            self.assertEqual(self.url_open(f"{path}{query}").status_code, 200, query)

    def test_nothing_of_another_company(self):
        other = self._create_company(name="Elsewhere")
        other.o2c_use_dunning = True
        invoice = self._new_invoice(
            amount=77.0, date="2025-01-10", company_id=other.id,
            journal_id=self.env["account.journal"].search([
                ("company_id", "=", other.id), ("type", "=", "sale")
            ], limit=1).id,
        )
        self.assertEqual(invoice.company_id, other)
        for model, field in (
            ("o2c.aged.receivable", "residual"),
            ("o2c.collection.item", "residual_company"),
            ("o2c.collection.account", "overdue"),
            ("o2c.collection.salesperson", "due"),
        ):
            Report = self.env[model].with_user(self.collector)
            with self.subTest(model=model):
                self.assertNotIn(77.0, Report.search([]).mapped(field))
                [sums] = Report.formatted_read_group(
                    [("partner_id", "=", self.customer.id)], [], [f"{field}:sum"]
                )
                self.assertFalse(sums[f"{field}:sum"])
                with self.assertRaises(AccessError):
                    Report.with_context(allowed_company_ids=other.ids).search([])
        with self.assertRaises(AccessError):
            self.env["o2c.collection.month"].with_user(self.collector).with_context(
                allowed_company_ids=other.ids
            ).action_open()
        wizard = self.env["o2c.account.statement.print"].with_user(self.collector).create({
            "partner_ids": [Command.set(self.customer.ids)], "date_from": "2025-01-01",
            "company_id": other.id,
        })
        with self.assertRaises(AccessError):
            wizard.action_print()


@tagged("post_install", "-at_install")
class TestReviewPortal(O2cCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.portal = cls._new_user("harbour", "base.group_portal")
        cls.today = cls.company._o2c_today()
        cls.invoice = cls._new_invoice(amount=300.0, date=str(cls.today - timedelta(days=40)))
        cls.foreign = cls._new_invoice(
            cls.other_customer, 70.0, str(cls.today - timedelta(days=40))
        )

    @classmethod
    def _new_user(cls, login, group, company=None, **values):
        if group != "base.group_portal":
            return super()._new_user(login, group, company, **values)
        return cls.env["res.users"].create({
            "login": login,
            "password": login,
            "name": "Harbour Desk",
            "partner_id": cls.customer.id,
            "group_ids": [Command.set(cls.env.ref(group).ids)],
            "company_id": cls.company.id,
            "company_ids": [Command.set(cls.company.ids)],
        })

    def test_periods_at_the_ends_of_time(self):
        self.authenticate("harbour", "harbour")
        for query in (
            "date_from=0001-01-01", "date_to=9999-12-31",
            "date_from=0001-01-01&date_to=0001-01-01", "date_from=2025-W01-1",
            "partner_id=1&partner_ids=1&company_id=99999999999999999999",
        ):
            for path in ("/my/statement", "/my/statement/xlsx", "/my/statement/pdf"):
                with self.subTest(path=path, query=query):
                    response = self.url_open(f"{path}?{query}")
                    self.assertEqual(response.status_code, 200)
                    self.assertNotIn(self.foreign.name, response.text)

    def test_numbers_that_no_record_has(self):
        self.authenticate("harbour", "harbour")
        for path in (
            "/my/receivables/99999999999/dispute", "/my/reminders/99999999999/letter",
            "/my/receivables/promise?currency_id=99999999999", "/my/reminders/page/99999999999",
            f"/my/receivables/promise?currency_id={self.company.currency_id.id}&invoice=99999999999",
        ):
            with self.subTest(path=path):
                self.assertEqual(self.url_open(path).status_code, 200)

    def test_nothing_by_rpc(self):
        for model in (
            *DIALOGS, "o2c.aged.receivable", "o2c.collection.account", "o2c.collection.item",
            "o2c.collection.order", "o2c.collection.salesperson", "o2c.collection.month",
            "o2c.collection.contact", "o2c.collection.plan", "o2c.collection.plan.line",
            "o2c.collection.plan.report", "o2c.payment.promise", "o2c.payment.dispute",
            "o2c.dunning.notice",
        ):
            with self.subTest(model=model), self.assertRaises(AccessError):
                self.env[model].with_user(self.portal).search([])


@tagged("post_install", "-at_install")
class TestReviewWorklist(CollectionCommon):
    def test_a_promise_that_was_paid_late_is_forgiven(self):
        invoice = self._late(40, amount=100)
        promise = self.env["o2c.payment.promise"].create({
            "partner_id": self.customer.id,
            "invoice_ids": [Command.set(invoice.ids)],
            "amount": 100,
            "date": TODAY - timedelta(days=10),
            "made_on": TODAY - timedelta(days=20),
        })
        self._late(20, amount=50)
        self.env["o2c.payment.promise"]._refresh(self.company)
        self.assertEqual(promise.state, "broken")
        self.assertTrue(self._account().has_broken_promise)
        self._pay(invoice, 100, str(TODAY - timedelta(days=2)))
        self.env["o2c.payment.promise"]._refresh(self.company)
        self.assertEqual((promise.state, promise.paid_amount), ("broken", 100))
        account = self._account()
        self.assertEqual(account.to_chase, 50)
        self.assertFalse(account.has_broken_promise)

    def test_a_promise_for_what_is_not_due_takes_nothing_off(self):
        self._late(40, amount=100)
        later = self._late(-20, amount=70)
        self.env["o2c.payment.promise"].create({
            "partner_id": self.customer.id,
            "invoice_ids": [Command.set(later.ids)],
            "amount": 70,
            "date": TODAY + timedelta(days=20),
        })
        account = self._account()
        self.assertEqual((account.promised, account.to_chase), (70, 100))

    def test_calls_follow_a_merged_customer(self):
        self._late(40, self.other_customer)
        # Else the contact who is left would become a company of his own.
        self.other_customer.is_company = False
        contact = self._call(self.other_customer, outcome="callback", note="After lunch")
        desk = self.env["res.partner"].create({"name": "Desk", "parent_id": self.customer.id})
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (self.other_customer | desk).ids, desk
        )
        self.assertEqual(contact.partner_id, self.customer)

    def test_an_archived_customer_owes_all_the_same(self):
        self._late(40)
        self.customer.action_archive()
        self.assertEqual(self._account().overdue, 100)

    def test_a_company_with_nothing(self):
        fresh = self.env["res.company"].create({"name": "Empty", "o2c_use_dunning": True})
        self.env.user.company_ids += fresh
        env = self.env(context={"allowed_company_ids": fresh.ids})
        for model in (
            "o2c.collection.account", "o2c.collection.order", "o2c.collection.salesperson",
            "o2c.aged.receivable",
        ):
            self.assertFalse(env[model].search([("company_id", "=", fresh.id)]))
        env["o2c.collection.month"].action_open()
        plan = env["o2c.collection.plan"].create({"date": TODAY})
        plan.action_calculate()
        self.assertEqual((plan.total, plan.planned, plan.received), (0, 0, 0))
        self.assertTrue(env["o2c.aged.receivable"]._xlsx([("company_id", "=", fresh.id)]))

    def test_a_plan_over_the_end_of_the_year(self):
        invoice = self._new_invoice(amount=100, date="2024-12-20", due="2024-12-31")
        self._new_invoice(amount=40, date="2024-12-20", due="2025-01-06")
        plan = self.env["o2c.collection.plan"].create({"date": "2024-12-29", "weeks": 2})
        plan.action_calculate()
        self._pay(invoice, 100, "2025-01-03")
        groups = self.env["o2c.collection.plan.report"]._read_group(
            [("plan_id", "=", plan.id), ("partner_id", "=", self.customer.id)],
            ["date:week"], ["planned:sum", "received:sum"],
        )
        self.assertEqual(
            [(day.isoformat()[:10], planned, received) for day, planned, received in groups],
            [("2024-12-29", 100, 100), ("2025-01-05", 40, 0)],
        )


@tagged("post_install", "-at_install")
class TestReviewCollectedByOrder(CollectionCommon):
    def _ordered(self, amount):
        order = self._new_order(amount=amount)
        order.action_confirm()
        invoice = order._create_invoices()
        invoice.write({
            "invoice_date": "2025-01-01",
            "invoice_payment_term_id": False,
            "invoice_date_due": "2025-01-31",
        })
        invoice.action_post()
        return order, invoice

    def _figures(self, order):
        self.env.flush_all()
        self.env.invalidate_all()
        row = self.env["o2c.collection.order"].browse(order.id)
        self.assertEqual(order.o2c_collection_collected, row.collected)
        return row.invoiced, row.collected, row.open, row.late

    def test_a_credit_note_by_hand_is_no_money(self):
        order, invoice = self._ordered(100)
        credit = self._new_invoice(amount=-30, date="2025-02-01")
        (invoice + credit).line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        ).reconcile()
        self._pay(invoice, 50, "2025-02-02")
        self.assertEqual(self._figures(order), (100, 50, 20, 20))

    def test_what_is_written_off_is_not_collected(self):
        order, invoice = self._ordered(100)
        self._pay(invoice, 40, "2025-02-02")
        receivable = invoice.line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        )
        entry = self.env["account.move"].create({
            "date": "2025-03-01",
            "line_ids": [
                Command.create({
                    "account_id": receivable.account_id.id, "partner_id": self.customer.id,
                    "credit": 60,
                }),
                Command.create({
                    "account_id": self.company_data["default_account_expense"].id, "debit": 60,
                }),
            ],
        })
        entry.action_post()
        (receivable + entry.line_ids.filtered("credit")).reconcile()
        self.assertEqual(self._figures(order), (100, 40, 0, 0))
