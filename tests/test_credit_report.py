import io

from openpyxl import load_workbook

from odoo.exceptions import AccessError
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .common import O2cCommon


@tagged("post_install", "-at_install")
class TestCreditExposureReport(O2cCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.user_id = cls.salesperson
        cls.other_customer.user_id = cls.other_salesperson
        cls.rating = cls.env.ref("order_to_cash.credit_rating_a")
        account = cls.env["o2c.credit.account"]._get_or_create(cls.customer, cls.company)
        account.write({"credit_limit": 100.0, "rating_id": cls.rating.id})
        cls._new_invoice(amount=300.0, date="2024-01-01")
        cls._new_order(amount=50.0).action_confirm()
        cls._new_order(cls.other_customer, amount=70.0).action_confirm()
        cls.partners = cls.customer | cls.other_customer
        cls.Report = cls.env["o2c.credit.exposure.report"]

    def _rows(self, user, partners=None):
        rows = self.Report.with_user(user)._refresh()
        return rows.filtered(lambda row: row.partner_id in (partners or self.partners))

    def test_the_figures_are_those_of_the_accounts(self):
        rows = self._rows(self.credit_manager).sorted("exposure")
        self.assertRecordValues(rows, [
            {
                "partner_id": self.other_customer.id,
                "exposure": 70.0,
                "ordered_not_delivered": 70.0,
                "limit_mode": "unlimited",
                "over_limit": 0.0,
                "user_id": self.other_salesperson.id,
                "rating_id": False,
            },
            {
                "partner_id": self.customer.id,
                "exposure": 350.0,
                "ordered_not_delivered": 50.0,
                "limit_mode": "amount",
                "over_limit": 250.0,
                "user_id": self.salesperson.id,
                "rating_id": self.rating.id,
            },
        ])

    def test_a_salesperson_sees_his_customers_and_his_own_report_only(self):
        self.assertEqual(self._rows(self.salesperson).partner_id, self.customer)
        everything = self._rows(self.credit_manager)
        with self.assertRaises(AccessError):
            everything.with_user(self.salesperson).read(["exposure"])
        own = self.Report.with_user(self.salesperson).search([])
        self.assertEqual(own.partner_id & self.partners, self.customer)
        with self.assertRaises(AccessError):
            own[0].exposure = 5.0

    def test_opening_again_takes_a_new_picture(self):
        self._rows(self.credit_manager)
        self._new_invoice(self.other_customer, amount=30.0, date="2024-01-01")
        rows = self._rows(self.credit_manager, self.other_customer)
        self.assertEqual(rows.exposure, 100.0)
        self.assertEqual(len(rows), 1)

    def test_it_is_opened_and_leads_to_the_account(self):
        action = self.Report.with_user(self.salesperson).action_open()
        self.assertEqual(action["res_model"], self.Report._name)
        opened = self._rows(self.salesperson).action_open_account()
        account = self.env[opened["res_model"]].browse(opened["res_id"])
        self.assertEqual(account.partner_id, self.customer)

    def test_other_companies_do_not_count(self):
        other = self._new_company()
        stranger = self._new_user("sven", "order_to_cash.group_credit_manager", other)
        self.assertFalse(self._rows(stranger))

    def test_the_spreadsheet(self):
        self.authenticate(self.credit_manager.login, self.credit_manager.login)
        answer = self.url_open("/order_to_cash/credit/exposure.xlsx")
        self.assertEqual(answer.status_code, 200)
        book = load_workbook(io.BytesIO(answer.content))
        self.assertEqual(len(book.worksheets), 4)
        customers, by_rating = book.worksheets[:2]
        names = [row[0].value for row in customers.iter_rows(min_row=2)]
        self.assertIn(self.customer.name, names)
        head = [cell.value for cell in by_rating[1]]
        sums = {
            row[0].value: row[head.index("Exposure")].value
            for row in by_rating.iter_rows(min_row=2)
        }
        self.assertEqual(sums[self.rating.display_name], 350.0)

    @mute_logger("odoo.http")
    def test_portal_users_get_no_spreadsheet(self):
        portal = new_test_user(self.env, login="o2c_portal", groups="base.group_portal")
        self.authenticate(portal.login, portal.login)
        answer = self.url_open("/order_to_cash/credit/exposure.xlsx")
        self.assertNotIn("spreadsheet", answer.headers.get("Content-Type", ""))

    def test_the_number_of_statements_does_not_grow_with_customers(self):
        counts = []
        for size in (1, 10):
            partners = self.env["res.partner"].create([
                {"name": f"C{size}-{i}", "is_company": True} for i in range(size)
            ])
            for partner in partners:
                self._new_order(partner).action_confirm()
            self.env.flush_all()
            self.Report._refresh()
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.Report._refresh()
            self.env.flush_all()
            counts.append(self.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 1)
