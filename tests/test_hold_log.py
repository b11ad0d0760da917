import io
import json
from urllib.parse import quote

from openpyxl import load_workbook

from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common import O2cCommon

URL = "/order_to_cash/hold/decisions.xlsx"


@tagged("post_install", "-at_install")
class TestHoldLog(O2cCommon, HttpCase):
    """The log of decisions as a spreadsheet."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["o2c.hold.rule"].search([]).action_archive()
        cls.env["o2c.hold.rule"].create({
            "name": "Large orders",
            "kind": "order_value",
            "effect": "hold_order",
            "threshold_amount": 100.0,
        })
        cls.orders = cls._new_order(amount=300.0) | cls._new_order(cls.other_customer, amount=400.0)
        cls.open_order = cls._new_order(amount=500.0)
        (cls.orders | cls.open_order).action_confirm()
        first, second = cls.orders.o2c_hold_ids.sorted("order_amount")
        cls.customer_hold = cls._hold_on_customer()
        first.with_user(cls.credit_manager).action_release(note="=Paid in cash")
        second.with_user(cls.credit_manager).action_reject(note="Too much")
        cls.decided = first | second | cls.customer_hold

    @classmethod
    def _hold_on_customer(cls):
        customer = cls._new_customer("Doubtful Ltd")
        customer.with_user(cls.credit_manager).action_o2c_hold("Proof missing")
        hold = customer.o2c_hold_ids
        hold.with_user(cls.credit_manager).action_release(note="Proof is here")
        return hold

    def _download(self, user, url):
        self.authenticate(user.login, user.login)
        return self.url_open(url)

    def _rows(self, url=URL, user=None):
        answer = self._download(user or self.credit_manager, url)
        self.assertEqual(answer.status_code, 200)
        sheet = load_workbook(io.BytesIO(answer.content)).active
        head, *rows = sheet.iter_rows(values_only=True)
        return [dict(zip(head, row, strict=True)) for row in rows]

    def test_it_says_who_when_on_which_figures_and_why(self):
        rows = {row["Decision Note"]: row for row in self._rows()}
        self.assertLessEqual({"=Paid in cash", "Too much", "Proof is here"}, set(rows))
        released = rows["=Paid in cash"]
        self.assertEqual(released["Decided By"], self.credit_manager.display_name)
        self.assertEqual(released["Decided On"].date(), self.decided[0].decided_on.date())
        self.assertEqual(released["Customer"], self.customer.display_name)
        self.assertEqual((released["Order Amount"], released["Approved Amount"]), (300.0, 300.0))
        self.assertIsNone(released["Exposure"], "says nothing of the value of an order")
        self.assertIsNone(rows["Too much"]["Approved Amount"])
        by_hand = rows["Proof is here"]
        self.assertIsNone(by_hand["Order"])
        self.assertIsNone(by_hand["Order Amount"])

    def test_open_holds_are_no_decisions(self):
        self.assertNotIn(self.open_order.name, [row["Order"] for row in self._rows()])

    def test_what_is_chosen_is_downloaded_else_what_the_list_shows(self):
        holds = self.decided.with_user(self.credit_manager)
        chosen = self._rows(holds[0].action_download_decisions()["url"])
        self.assertEqual([row["Decision Note"] for row in chosen], ["=Paid in cash"])
        shown = [("partner_id", "=", self.other_customer.id)]
        shown = holds.browse().with_context(active_domain=shown).action_download_decisions()
        rows = self._rows(shown["url"])
        self.assertEqual([row["Decision Note"] for row in rows], ["Too much"])

    def test_too_many_are_not_chosen_one_by_one(self):
        many = self.env["o2c.hold"].with_user(self.credit_manager).browse(range(1, 502))
        with self.assertRaises(UserError):
            many.action_download_decisions()

    @mute_logger("odoo.http")
    def test_it_is_for_managers_only(self):
        self.assertTrue(self._rows(user=self.o2c_manager))
        for user in (self.salesperson, self.collector):
            with self.assertRaises(AccessError):
                self.decided.with_user(user).action_download_decisions()
            self.assertEqual(self._download(user, URL).status_code, 403)

    @mute_logger("odoo.http")
    def test_a_damaged_filter_is_refused(self):
        for domain in ("x", "5", json.dumps([["nonsense", "=", 1]])):
            with self.subTest(domain=domain):
                answer = self._download(self.credit_manager, f"{URL}?domain={quote(domain)}")
                self.assertEqual(answer.status_code, 422)

    def test_other_companies_decisions_are_not_in_it(self):
        other = self._new_company()
        stranger = self._new_user("sven", "order_to_cash.group_credit_manager", other)
        self.assertFalse(self._rows(user=stranger))
