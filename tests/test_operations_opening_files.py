import io
from datetime import date

from openpyxl import load_workbook

from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .opening_common import OpeningCommon

KINDS = ("receivable", "order", "delivered")


@tagged("post_install", "-at_install")
class TestOpeningTemplates(OpeningCommon):
    def test_templates_are_read_as_they_are(self):
        self._create_product(name="Crate", default_code="CRATE", invoice_policy="delivery")
        self._create_product(name="Lid", default_code="LID", invoice_policy="delivery")
        for kind in KINDS:
            for extension in ("xlsx", "csv"):
                with self.subTest(kind=kind, extension=extension):
                    content = self.env["o2c.opening.import"]._template_file(kind, extension)
                    opening = self._import(
                        content, kind=kind, opening_date=date(2026, 6, 30), create_customers=True
                    )
                    opening.action_check()
                    self.assertFalse(opening.error_ids.mapped("reason"))
                    self.assertTrue(all(opening.column_ids.mapped("target")))
                    self.assertEqual(opening.row_count, 3)

    def test_a_template_explains_every_column(self):
        labels = self.env["o2c.opening.import.column"]._target_labels("receivable")
        content = self.env["o2c.opening.import"]._template_file("receivable", "xlsx")
        book = load_workbook(io.BytesIO(content))
        explained = [row[0] for row in book.worksheets[1].iter_rows(min_row=2, values_only=True)]
        self.assertEqual(explained, list(labels.values()))


@tagged("post_install", "-at_install")
class TestOpeningDownloads(HttpCase):
    def _status(self, login, url):
        self.authenticate(login, login)
        return self.url_open(url).status_code

    def test_administrators_download_templates_and_bad_rows(self):
        new_test_user(self.env, "o2c_boss", groups="order_to_cash.group_manager")
        opening = self.env["o2c.opening.import"].create({
            "kind": "order",
            "file": "T3JkZXIsQ3VzdG9tZXIsRGF0ZSxQcm9kdWN0LFF1YW50aXR5LFByaWNlCjEsMiwzLDQsNSw2Cg==",
            "opening_date": "2025-06-30",
        })
        opening.action_read()
        self.authenticate("o2c_boss", "o2c_boss")
        for kind in KINDS:
            for extension in ("xlsx", "csv"):
                url = f"/order_to_cash/opening/template/{kind}.{extension}"
                answer = self.url_open(url)
                self.assertEqual(answer.status_code, 200)
                self.assertIn("attachment", answer.headers["Content-Disposition"])
        answer = self.url_open(f"/order_to_cash/opening/{opening.id}/errors.xlsx")
        self.assertEqual(answer.status_code, 200)
        sheet = load_workbook(io.BytesIO(answer.content)).active
        self.assertEqual([row[0] for row in sheet.iter_rows(values_only=True)][1:], [2])
        for url in (
            "/order_to_cash/opening/template/nothing.xlsx",
            "/order_to_cash/opening/template/order.pdf",
            "/order_to_cash/opening/999999999/errors.xlsx",
        ):
            self.assertEqual(self.url_open(url).status_code, 404, url)

    @mute_logger("odoo.http")
    def test_nobody_else_does(self):
        new_test_user(self.env, "o2c_seller", groups="sales_team.group_sale_salesman")
        opening = self.env["o2c.opening.import"].create({"file": "eA=="})
        for url in (
            "/order_to_cash/opening/template/order.xlsx",
            f"/order_to_cash/opening/{opening.id}/errors.xlsx",
        ):
            self.assertEqual(self._status("o2c_seller", url), 403, url)
        self.authenticate(None, None)
        answer = self.url_open("/order_to_cash/opening/template/order.xlsx", allow_redirects=False)
        self.assertEqual(answer.status_code, 303, "to the login page")
