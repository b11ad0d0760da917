import io
import json
from urllib.parse import quote

from freezegun import freeze_time
from openpyxl import load_workbook

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .common import O2cCommon

REPORTS = ("o2c.collection.order", "o2c.collection.salesperson", "o2c.collection.month")


class CollectionReportCommon(O2cCommon):
    def _statements(self, function):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        function()
        return self.cr.sql_log_count - before

    def _invoice_orders(self, orders, date="2025-01-01", due="2025-01-31"):
        """One posted invoice of all these orders."""
        orders.filtered(lambda order: order.state != "sale").action_confirm()
        move = orders._create_invoices(final=True)
        move.ensure_one()
        move.write({
            "invoice_date": date,
            "invoice_payment_term_id": False,
            "invoice_date_due": due,
        })
        move.action_post()
        return move


@tagged("post_install", "-at_install")
class TestDunningCollectionOrder(CollectionReportCommon):
    def _figures(self, order):
        order.invalidate_recordset()
        return tuple(
            order[f"o2c_collection_{name}"] for name in ("invoiced", "collected", "open", "late")
        )

    def _row(self, order):
        self.env.invalidate_all()
        return self.env["o2c.collection.order"].browse(order.id)

    @freeze_time("2025-02-10")
    def test_an_invoice_of_several_orders_is_shared_to_the_cent(self):
        orders = self._new_order(amount=33.33) | self._new_order(amount=66.67)
        orders |= self._new_order(amount=10.0)
        invoice = self._invoice_orders(orders)
        self.assertEqual(invoice.amount_total, 110)
        self.assertEqual(self._figures(orders[0]), (33.33, 0, 33.33, 33.33))
        self._pay(invoice, 10.0, "2025-02-05")
        figures = [self._figures(order) for order in orders]
        self.assertEqual([row[0] for row in figures], [33.33, 66.67, 10.0])
        for number, total in enumerate((110, 10, 100, 100)):
            self.assertAlmostEqual(sum(row[number] for row in figures), total, 2)
        for order, figure in zip(orders, figures, strict=True):
            row = self._row(order)
            self.assertEqual((row.invoiced, row.collected, row.open, row.late), figure)

    @freeze_time("2025-01-15")
    def test_what_is_not_due_is_not_late(self):
        order = self._new_order()
        self._invoice_orders(order)
        self.assertEqual(self._figures(order), (100, 0, 100, 0))

    @freeze_time("2025-02-10")
    def test_a_credit_note_takes_the_invoice_back(self):
        order = self._new_order()
        invoice = self._invoice_orders(order)
        self._pay(invoice, 40, "2025-02-01")
        invoice._reverse_moves([{"invoice_date": "2025-02-02"}]).action_post()
        self.assertEqual(self._figures(order)[0], 0)
        self.assertEqual(self._figures(order)[2], -40)
        self.assertEqual(self._figures(order)[1], 40)

    @freeze_time("2025-02-10")
    def test_down_payments(self):
        order = self._new_order(amount=1000)
        order.action_confirm()
        self.env["sale.advance.payment.inv"].with_context(
            active_model="sale.order", active_ids=order.ids
        ).create({"advance_payment_method": "percentage", "amount": 30}).create_invoices()
        order.invoice_ids.invoice_date = "2025-01-01"
        order.invoice_ids.action_post()
        self._pay(order.invoice_ids, date="2025-01-02")
        self.assertEqual(self._figures(order)[:3], (300, 300, 0))
        final = self._invoice_orders(order)
        self.assertEqual(final.amount_total, 700)
        self.assertEqual(self._figures(order), (1000, 300, 700, 700))

    @freeze_time("2025-02-10")
    def test_lines_of_no_order_keep_their_part(self):
        order = self._new_order()
        order.action_confirm()
        invoice = order._create_invoices()
        invoice.write({
            "invoice_date": "2025-01-01",
            "invoice_line_ids": [
                Command.create({"name": "Freight", "price_unit": 50, "tax_ids": [Command.clear()]})
            ],
        })
        invoice.action_post()
        self._pay(invoice, 75, "2025-02-01")
        self.assertEqual(self._figures(order)[:3], (100, 50, 50))

    @freeze_time("2025-02-10")
    def test_order_and_company_currency(self):
        foreign = self.setup_other_currency("EUR", rates=[("2024-01-01", 2.0)])
        pricelist = self.env["product.pricelist"].create({
            "name": "EUR", "currency_id": foreign.id,
        })
        order = self._new_order(pricelist_id=pricelist.id, amount=100)
        invoice = self._invoice_orders(order)
        self.assertEqual(invoice.currency_id, foreign)
        self._pay(invoice, 30, "2025-02-01")
        self.assertEqual(self._figures(order), (100, 30, 70, 70))
        row = self._row(order)
        self.assertEqual((row.invoiced_company, row.open_company), (50, 35))
        self.assertEqual(row.currency_id, foreign)
        self.assertEqual(row.company_currency_id, self.company.currency_id)

    def test_switched_off_nothing_is_reckoned(self):
        order = self._new_order()
        self._invoice_orders(order)
        self.company.o2c_use_dunning = False
        self.assertEqual(self._figures(order), (0, 0, 0, 0))
        for model in REPORTS[:2]:
            self.assertFalse(self.env[model].search([]))
        self.assertFalse(self.env["o2c.collection.month"]._refresh())

    def test_salespeople_see_their_own_and_managers_all(self):
        own = self._new_order()
        foreign = self._new_order(user_id=self.other_salesperson.id)
        self._invoice_orders(own)
        self._invoice_orders(foreign)
        Report = self.env["o2c.collection.order"]
        orders = own | foreign
        found = Report.with_user(self.salesperson).search([("order_id", "in", orders.ids)])
        self.assertEqual(found.order_id, own)
        for user in (self.collector, self.credit_manager):
            found = Report.with_user(user).search([("order_id", "in", orders.ids)])
            self.assertEqual(found.order_id.ids, sorted(orders.ids, reverse=True))
        with self.assertRaises(AccessError):
            Report.with_user(self.salesperson).browse(foreign.id).read(["open"])

    def test_one_statement_for_many_orders(self):
        orders = self.env["sale.order"]
        for __ in range(6):
            orders |= self._new_order()
        self._invoice_orders(orders)
        few = self._statements(lambda: orders[:2].mapped("o2c_collection_open"))
        many = self._statements(lambda: orders.mapped("o2c_collection_open"))
        self.assertLessEqual(many, few)

    def test_the_button_opens_the_invoices(self):
        order = self._new_order()
        invoice = self._invoice_orders(order)
        action = order.with_user(self.salesperson).action_o2c_open_collection()
        self.assertEqual(self.env["account.move"].search(action["domain"]), invoice)


@tagged("post_install", "-at_install")
class TestDunningCollectionSalesperson(CollectionReportCommon):
    def _sums(self, user=None, domain=()):
        self.env.flush_all()
        Report = self.env["o2c.collection.salesperson"].with_user(user or self.collector)
        rows = Report._read_group(
            [("partner_id", "in", (self.customer | self.other_customer).ids), *domain],
            ["user_id"],
            ["due:sum", "collected:sum", "collected_late:sum", "still_late:sum",
             "days_to_pay:avg", "days_late:avg"],
        )
        return {found.id: tuple(figures) for found, *figures in rows}

    @freeze_time("2025-03-01")
    def test_due_collected_late_and_days_by_amount(self):
        invoice = self._new_invoice(amount=400, date="2025-01-01", due="2025-01-31")
        self._pay(invoice, 300, "2025-01-21")
        self._pay(invoice, 100, "2025-02-10")
        self._new_invoice(amount=50, date="2025-01-01", due="2025-02-01")
        self.assertEqual(
            self._sums()[self.salesperson.id],
            (450, 400, 100, 50, (20 * 300 + 40 * 100) / 400, (-10 * 300 + 10 * 100) / 400),
        )
        january = [("date", "<", "2025-02-01")]
        self.assertEqual(self._sums(domain=january)[self.salesperson.id][:3], (400, 300, 0))

    @freeze_time("2025-03-01")
    def test_credit_notes_reduce_what_is_due(self):
        invoice = self._new_invoice(amount=400, due="2025-01-31")
        reversal = invoice._reverse_moves([{"invoice_date": "2025-01-05"}])
        reversal.invoice_line_ids.price_unit = 100
        reversal.action_post()
        lines = (invoice | reversal).line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        )
        lines.reconcile()
        self.assertEqual(self._sums()[self.salesperson.id][:4], (300, 0, 0, 300))

    @freeze_time("2025-03-01")
    def test_a_contact_an_archived_customer_and_another_currency(self):
        contact = self.env["res.partner"].create({"name": "Ann", "parent_id": self.customer.id})
        foreign = self.setup_other_currency("EUR", rates=[("2024-01-01", 2.0)])
        invoice = self._new_invoice(contact, 200, due="2025-01-31", currency_id=foreign.id)
        self._pay(invoice, 50, "2025-02-10")
        self.customer.active = False
        self.assertEqual(self._sums()[self.salesperson.id][:4], (100, 25, 25, 75))

    def test_salespeople_see_their_own(self):
        self._new_invoice(due="2025-01-31")
        foreign = self._new_invoice(
            self.other_customer, due="2025-01-31", invoice_user_id=self.other_salesperson.id
        )
        self.assertEqual(set(self._sums(self.salesperson)), {self.salesperson.id})
        self.assertEqual(
            set(self._sums()), {self.salesperson.id, self.other_salesperson.id}
        )
        row = self.env["o2c.collection.salesperson"].search([("move_id", "=", foreign.id)])
        self.assertEqual(row.action_open_document()["res_id"], foreign.id)
        with self.assertRaises(AccessError):
            row.with_user(self.salesperson).read(["due"])

    def test_two_companies_do_not_mix(self):
        self._new_invoice(due="2025-01-31")
        other = self._new_company()
        other.o2c_use_dunning = True
        stranger = self._new_user("steve", "order_to_cash.group_collector", company=other)
        self.assertFalse(self._sums(stranger))
        for model in REPORTS[:2]:
            found = self.env[model].with_user(stranger).search([])
            self.assertFalse(found.filtered(lambda row: row.company_id != other))


@tagged("post_install", "-at_install")
class TestDunningCollectionMonth(CollectionReportCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        other = cls.setup_other_company(name="Fresh Company")
        cls.fresh = other["company"]
        cls.fresh.o2c_use_dunning = True
        cls.Month = cls.env["o2c.collection.month"].with_context(
            allowed_company_ids=cls.fresh.ids
        )
        cls.env.user.company_ids |= cls.fresh

    def _invoice(self, amount, date, due):
        move = self.env["account.move"].with_context(allowed_company_ids=self.fresh.ids).create({
            "move_type": "out_invoice" if amount >= 0 else "out_refund",
            "partner_id": self.customer.id,
            "invoice_date": date,
            "date": date,
            "invoice_date_due": due,
            "invoice_payment_term_id": False,
            "invoice_line_ids": [Command.create({
                "name": "Goods", "price_unit": abs(amount), "tax_ids": [Command.clear()],
            })],
        })
        move.action_post()
        return move

    def _pay_fresh(self, invoice, amount, date):
        return (
            self.env["account.payment.register"]
            .with_context(
                active_model="account.move",
                active_ids=invoice.ids,
                allowed_company_ids=self.fresh.ids,
            )
            .create({"payment_date": date, "amount": amount})
            ._create_payments()
        )

    def _rows(self):
        self.env.flush_all()
        return {row.date.isoformat()[:7]: row for row in self.Month._refresh()}

    @freeze_time("2025-04-10")
    def test_past_months_stand_as_they_stood(self):
        invoice = self._invoice(900, "2025-01-01", "2025-02-15")
        self._invoice(300, "2025-02-01", "2025-02-20")
        self._invoice(-100, "2025-02-02", "2025-02-02")
        rows = self._rows()
        january, february = rows["2025-01"], rows["2025-02"]
        self.assertRecordValues(january, [
            {"opening": 0, "sales": 900, "receivable": 900, "current": 900, "overdue": 0,
             "sales_of_days": 900, "dso": 90.0, "cei": 0},
        ])
        self.assertRecordValues(february, [
            {"opening": 900, "sales": 200, "receivable": 1100, "current": 0, "dso": 90.0,
             "cei": 0},
        ])
        self.fresh.o2c_dso_days = 28
        self.assertRecordValues(self._rows()["2025-02"], [{"sales_of_days": 200, "dso": 154.0}])
        self._pay_fresh(invoice, 400, "2025-02-10")
        self._pay_fresh(invoice, 500, "2025-03-10")
        rows = self._rows()
        self.assertEqual(rows["2025-01"].receivable, 900)
        self.assertEqual(rows["2025-01"].current, 900)
        self.assertEqual(rows["2025-02"].receivable, 700)
        self.assertAlmostEqual(rows["2025-02"].cei, 100 * 400 / 1100, 1)
        self.assertEqual(rows["2025-03"].receivable, 200)
        self.assertAlmostEqual(rows["2025-03"].cei, 100 * 500 / 700, 1)
        self.assertEqual(rows["2025-04"].date.isoformat(), "2025-04-10")
        self.assertTrue(rows["2025-04"].is_current_month)

    @freeze_time("2025-04-10")
    def test_counting_back(self):
        self._invoice(310, "2025-01-15", "2025-02-15")
        self._invoice(200, "2025-02-15", "2025-03-15")
        # 200 of February make 28 days, 155 of 310 half of January's 31.
        invoice = self._invoice(0.01, "2025-01-01", "2025-01-02")
        self._pay_fresh(invoice, 0.01, "2025-01-02")
        self._pay_fresh(self.env["account.move"].search([
            ("company_id", "=", self.fresh.id), ("amount_total", "=", 310),
        ]), 155, "2025-02-16")
        self.assertAlmostEqual(
            self._rows()["2025-02"].dso_count_back, 28 + 31 * 155 / 310.01, 1
        )

    @freeze_time("2025-04-10")
    def test_the_number_of_statements_does_not_grow(self):
        self._invoice(100, "2025-01-01", "2025-02-15")
        self._rows()
        few = self._statements(self.Month._refresh)
        for month in range(1, 13):
            self._invoice(100, f"2024-{month:02}-01", "2025-02-15")
        many = self._statements(self.Month._refresh)
        self.assertLessEqual(many, few + 2)

    def test_the_snapshot_is_ones_own(self):
        rows = self.env["o2c.collection.month"].with_user(self.collector)._refresh()
        self.assertEqual(
            self.env["o2c.collection.month"].with_user(self.collector).search([]), rows
        )
        self.assertFalse(
            self.env["o2c.collection.month"].with_user(self.credit_manager).search([])
        )
        with self.assertRaises(AccessError):
            self.env["o2c.collection.month"].with_user(self.salesperson).action_open()


@tagged("post_install", "-at_install")
class TestDunningCollectionSheet(CollectionReportCommon, HttpCase):
    def _sheet(self, user, model, domain="[]"):
        self.authenticate(user.login, user.login)
        return self.url_open(f"/order_to_cash/collection/{model}.xlsx?domain={quote(domain)}")

    def test_each_report_is_downloaded_with_what_the_user_may_see(self):
        order = self._new_order()
        self._invoice_orders(order)
        foreign = self._new_order(user_id=self.other_salesperson.id)
        foreign.action_confirm()
        self.env.flush_all()
        answer = self._sheet(self.salesperson, "o2c.collection.order")
        page = load_workbook(io.BytesIO(answer.content)).worksheets[0]
        names = [row[0].value for row in page.iter_rows(min_row=2)]
        self.assertIn(order.name, names)
        self.assertNotIn(foreign.name, names)
        answer = self._sheet(
            self.collector, "o2c.collection.salesperson",
            json.dumps([("partner_id", "=", self.customer.id)]),
        )
        page = load_workbook(io.BytesIO(answer.content)).worksheets[0]
        self.assertEqual({row[1].value for row in page.iter_rows(min_row=2)}, {"Harbour Supplies"})
        action = self.env["o2c.collection.order"].with_context(active_domain=[]).action_download()
        self.assertIn("/order_to_cash/collection/o2c.collection.order.xlsx", action["url"])

    @mute_logger("odoo.http")
    def test_nothing_else_and_nobody_else(self):
        answer = self._sheet(self.collector, "res.partner")
        self.assertEqual(answer.status_code, 404)
        answer = self._sheet(self.collector, "o2c.collection.order", "[('a")
        self.assertNotIn("spreadsheet", answer.headers.get("Content-Type", ""))
        portal = new_test_user(self.env, login="o2c_portal", groups="base.group_portal")
        for model in REPORTS:
            answer = self._sheet(portal, model)
            self.assertNotIn("spreadsheet", answer.headers.get("Content-Type", ""))
            with self.assertRaises(AccessError):
                self.env[model].with_user(portal).search([])
