import io

import openpyxl
from lxml import html

from odoo import http
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .commission_common import CommissionCommon


@tagged("post_install", "-at_install")
class TestCommissionPortal(CommissionCommon, HttpCase):
    """A payee's commission in the portal, and nothing of others."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan = cls._new_plan({"rate": 10.0}, trigger="invoice")
        cls._new_agreement(cls.agent, cls.plan, coverage="all", share=40)
        cls._new_agreement(plan=cls.plan, share=60)
        cls.portal = cls._portal_user("quayside", cls.agent)
        cls.stranger = cls._portal_user("inland", cls.other_customer)
        cls.desk = cls._portal_user(
            "desk", cls.env["res.partner"].create({"name": "Desk", "parent_id": cls.agent.id})
        )
        cls.invoice = cls._new_invoice(amount=1000.0, date="2025-02-10")
        cls.settlement = cls._settle(cls.agent)
        cls.of_the_seller = cls._settle(cls.salesperson.partner_id)

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
    def _settle(cls, payee):
        settlement = cls.env["o2c.commission.settlement"].create({
            "payee_id": payee.id,
            "company_id": cls.company.id,
            "date_from": "2025-02-01",
            "date_to": "2025-02-28",
        })
        settlement.action_calculate()
        return settlement

    def _page(self, path, user=None, status=200):
        user = user or self.portal
        self.authenticate(user.login, user.login)
        response = self.url_open(path)
        self.assertEqual(response.status_code, status)
        return response

    def _text(self, path, **options):
        page = html.fromstring(self._page(path, **options).text)
        return " ".join(page.xpath("//main")[0].text_content().split())

    def _post(self, settlement, **values):
        self.authenticate(self.portal.login, self.portal.login)
        return self.url_open(
            f"/my/commissions/{settlement.id}/comment",
            data={"csrf_token": http.Request.csrf_token(self), **values},
        )

    def test_settlements_with_their_rows(self):
        self.assertIn(f"/my/commissions/{self.settlement.id}", self._page("/my/commissions").text)
        text = self._text(f"/my/commissions/{self.settlement.id}")
        for part in (self.invoice.name, self.customer.name, "40.00"):
            self.assertIn(part, text)
        self.assertIn(" ".join(self.settlement.entry_ids.explanation.split()), text)
        self.assertNotIn("60.00", text)
        self.assertIn(
            f"/my/commissions/{self.settlement.id}", self._page("/my/commissions?filterby=open").text
        )
        paid = self._page("/my/commissions?filterby=paid").text
        self.assertNotIn(f"/my/commissions/{self.settlement.id}", paid)

    @mute_logger("odoo.http")
    def test_what_is_anothers_does_not_exist(self):
        own, other = self.settlement.id, self.of_the_seller.id
        for path in ("", "/pdf", "/xlsx"):
            self._page(f"/my/commissions/{own}{path}", user=self.stranger, status=404)
            self._page(f"/my/commissions/{other}{path}", status=404)
        self.assertEqual(self._post(self.of_the_seller, text="!").status_code, 404)
        self.assertNotIn(f"/my/commissions/{own}", self._page("/my/commissions", user=self.stranger).text)
        self._page(f"/my/commissions/{other + own + 999}", status=404)
        for model in ("entry", "settlement", "split", "report", "agreement", "plan", "statement"):
            with self.assertRaises(AccessError):
                self.env[f"o2c.commission.{model}"].with_user(self.portal).search([])
        # Who works here sees his own in the portal, too, and only that.
        self._page(f"/my/commissions/{other}", user=self.salesperson_with_password())
        self._page(f"/my/commissions/{own}", user=self.salesperson, status=404)

    @mute_logger("odoo.http")
    def test_contacts_of_an_agency_see_what_the_agency_earns(self):
        own = self.settlement.id
        colleague = self.env["res.partner"].create({"name": "Colleague", "parent_id": self.agent.id})
        self._new_agreement(colleague, self.plan, coverage="all", share=10, mode="overlay")
        self._new_invoice(amount=700.0, date="2025-02-20")
        of_colleague = self._settle(colleague)
        self.assertIn(f"/my/commissions/{own}", self._page("/my/commissions", user=self.desk).text)
        self._page(f"/my/commissions/{own}/xlsx", user=self.desk)
        self._page(f"/my/commissions/{of_colleague.id}", user=self.desk, status=404)
        self._page(f"/my/commissions/{of_colleague.id}", user=self.portal, status=404)
        self.desk.partner_id.parent_id = False
        self._page(f"/my/commissions/{own}", user=self.desk, status=404)
        # Who works here earns his own, whatever company his contact hangs below.
        self.salesperson.partner_id.parent_id = self.agent
        self._page(f"/my/commissions/{own}", user=self.salesperson_with_password(), status=404)

    def salesperson_with_password(self):
        self.salesperson.password = self.salesperson.login
        return self.salesperson

    @mute_logger("odoo.http")
    def test_drafts_and_tokens_open_nothing(self):
        draft = self.env["o2c.commission.settlement"].create({
            "payee_id": self.agent.id,
            "company_id": self.company.id,
            "date_from": "2025-03-01",
            "date_to": "2025-03-31",
        })
        self._page(f"/my/commissions/{draft.id}", status=404)
        token = self.settlement._portal_ensure_token()
        self._page(
            f"/my/commissions/{self.settlement.id}?access_token={token}", user=self.stranger, status=404
        )
        self.authenticate(None, None)
        response = self.url_open(f"/my/commissions/{self.settlement.id}?access_token={token}")
        self.assertIn("/web/login", response.url)

    def test_downloads(self):
        book = openpyxl.load_workbook(
            io.BytesIO(self._page(f"/my/commissions/{self.settlement.id}/xlsx").content)
        )
        rows = list(book.worksheets[0].iter_rows(min_row=2, values_only=True))
        self.assertEqual(rows[0][9], 40.0)
        content = self._page(f"/my/commissions/{self.settlement.id}/pdf")
        self.assertIn("attachment", content.headers["Content-Disposition"])
        self._page("/my/commissions/statement/xlsx?date_from=2025-02-01&date_to=2025-02-28")
        self._page("/my/commissions/statement/pdf?date_from=2025-02-01&date_to=2025-02-28")

    def test_statement(self):
        text = self._text("/my/commissions/statement?date_from=2025-02-01&date_to=2025-02-28")
        for part in (self.invoice.name, "Opening balance", "Closing balance", "40.00"):
            self.assertIn(part, text)
        self.assertNotIn("60.00", text)
        text = self._text(
            "/my/commissions/statement?date_from=2025-02-01&date_to=2025-02-28", user=self.stranger
        )
        self.assertNotIn(self.invoice.name, text)
        self._page("/my/commissions/statement?date_from=x")
        self._page("/my/commissions/statement?date_from=2025-03-01&date_to=2025-02-01")

    def test_home_page(self):
        values = self.env["o2c.portal.commission"].with_user(self.portal)
        self.assertEqual((values._count(), values._has_entries()), (1, True))
        values = self.env["o2c.portal.commission"].with_user(self.stranger)
        self.assertEqual((values._count(), values._has_entries()), (0, False))
        self.assertIn("/my/commissions", self._page("/my/home").text)

    def test_a_comment(self):
        self.assertEqual(self._post(self.settlement, text="Where is March? <b>").status_code, 200)
        message = self.settlement.message_ids[0]
        self.assertEqual(message.author_id, self.agent)
        self.assertIn("Where is March? &lt;b&gt;", message.body)
        self.assertIn("Where is March?", self._text(f"/my/commissions/{self.settlement.id}"))
        before = len(self.settlement.message_ids)
        for text in ("  ", "x" * 3000):
            self.assertIn("alert-danger", self._post(self.settlement, text=text).text)
        self.assertEqual(len(self.settlement.message_ids), before)

    def test_an_objection_to_a_row(self):
        self._post(self.settlement, text="It was 2,000!", entry=self.settlement.entry_ids.id)
        [dispute] = self.settlement.dispute_ids
        self.assertEqual((dispute.text, dispute.entry_ids), ("It was 2,000!", self.settlement.entry_ids))
        self.assertEqual((dispute.user_id, self.settlement.state), (self.portal, "disputed"))
        text = self._text(f"/my/commissions/{self.settlement.id}")
        for part in ("It was 2,000!", "Being Looked Into"):
            self.assertIn(part, text)
        # Rows of others are not objected to, they make a comment.
        self._post(self.settlement, text="And these?", entry=self.of_the_seller.entry_ids.id)
        self.assertEqual(self.of_the_seller.state, "calculated")
        self.assertEqual(len(self.settlement.dispute_ids), 1)
        dispute.answer = "The invoice says 1,000."
        dispute.with_user(self.commission_manager).action_refuse()
        text = self._text(f"/my/commissions/{self.settlement.id}")
        for part in ("Refused", "The invoice says 1,000."):
            self.assertIn(part, text)

    def test_an_objection_to_the_whole(self):
        self.assertIn("as a whole", self._text(f"/my/commissions/{self.settlement.id}"))
        self._post(self.settlement, text="March is missing.", whole="1")
        [dispute] = self.settlement.dispute_ids
        self.assertFalse(dispute.entry_ids)
        self.assertEqual((dispute.amount, self.settlement.state), (40.0, "disputed"))
        page = self._post(self.settlement, text="And April.", whole="1").text
        self.assertIn("alert-danger", page)
        self.assertEqual(len(self.settlement.dispute_ids), 1)
        dispute.write({"adjust_amount": 5.0, "answer": "So it is."})
        dispute.with_user(self.commission_manager).action_accept()
        self.assertEqual((self.settlement.amount, self.settlement.state), (45.0, "calculated"))

    def test_internal_notes_stay_inside(self):
        self.settlement.message_post(body="INTERNAL", message_type="comment", subtype_xmlid="mail.mt_note")
        self.assertNotIn("INTERNAL", self._text(f"/my/commissions/{self.settlement.id}"))

    def test_no_address_says_what_is_wrong(self):
        text = self._text(f"/my/commissions/{self.settlement.id}?error=Call+this+number")
        self.assertNotIn("Call this number", text)
