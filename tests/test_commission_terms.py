from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .commission_common import CommissionCommon


def day(text):
    return fields.Date.to_date(text)


@tagged("post_install", "-at_install")
class TestCommissionTerms(CommissionCommon):
    """Agreements and plans that something was earned by are ended and succeeded, not changed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan = cls._new_plan({"rate": 10.0}, trigger="invoice")
        cls.agreement = cls._new_agreement(cls.agent, cls.plan, coverage="all")

    def _settle(self):
        settlement = self.env["o2c.commission.settlement"].create({
            "payee_id": self.agent.id,
            "company_id": self.company.id,
            "date_from": "2025-02-01",
            "date_to": "2025-02-28",
        })
        settlement.action_calculate()
        return settlement

    def test_whom_and_by_what_is_frozen_by_the_first_sale(self):
        other_plan = self._new_plan({"rate": 5.0}, trigger="invoice")
        changes = {
            "payee_id": self.other_customer.id,
            "plan_id": other_plan.id,
            "currency_id": self.env.ref("base.CHF").id,
        }
        self.assertFalse(self.agreement.has_earned)
        self.agreement.write({"cap_amount": 100.0, "date_to": "2025-12-31"})
        self._new_invoice(amount=1000.0, date="2025-02-10")
        for name, value in changes.items():
            with self.subTest(name), self.assertRaises(UserError):
                self.agreement.write({name: value})
        # The same values, and what counts from now on only, may be written.
        self.agreement.write({
            "payee_id": self.agent.id,
            "plan_id": self.plan.id,
            "share": 50.0,
            "sequence": 5,
            "cap_amount": 200.0,
            "date_to": False,
        })

    def test_another_version_of_the_plan_is_the_same_plan(self):
        self._new_invoice(amount=1000.0, date="2025-02-10")
        self.plan.action_new_version()
        self.agreement.plan_id = self.plan.family_id.version_ids - self.plan
        self.assertEqual(self.agreement.family_id, self.plan)

    def test_ending_before_sales_tells_which_stay(self):
        invoice = self._new_invoice(amount=1000.0, date="2025-02-10")
        self.agreement.date_to = "2025-02-10"
        before = len(self.agreement.message_ids)
        self.agreement.date_to = "2025-02-09"
        self.assertIn(invoice.name, self.agreement.message_ids[0].body)
        self.assertEqual(self._earned(), 100.0)
        # What was taken back is not told of.
        invoice.button_draft()
        self.agreement.date_to = "2025-02-08"
        self.assertEqual(len(self.agreement.message_ids), before + 1)

    def _earned(self):
        return sum(self.agreement.env["o2c.commission.entry"].search([
            ("agreement_id", "=", self.agreement.id)
        ]).mapped("amount"))

    def test_new_terms(self):
        self._new_invoice(amount=1000.0, date="2025-02-10")
        self.agreement.cap_amount = 80.0
        self._settle()
        today = self.company._o2c_today()
        action = self.agreement.action_new_terms()
        new = self.env["o2c.commission.agreement"].browse(action["res_id"])
        self.assertEqual(self.agreement.date_to, today)
        self.assertEqual((new.date_from - today).days, 1)
        self.assertFalse(new.date_to)
        self.assertEqual((new.previous_id, new.payee_id, new.cap_amount), (self.agreement, self.agent, 80.0))
        new.cap_amount = 120.0
        self.assertEqual(self.agreement.action_new_terms()["res_id"], new.id)

    def test_new_terms_follow_the_last_sale_or_the_agreed_end(self):
        self._new_invoice(amount=1000.0, date="2099-02-10")
        action = self.agreement.action_new_terms()
        self.assertEqual(
            self.env["o2c.commission.agreement"].browse(action["res_id"]).date_from, day("2099-02-11")
        )
        ended = self._new_agreement(self.agent, self.plan, coverage="team", team_id=self._team().id)
        ended.date_to = "2025-06-30"
        action = ended.action_new_terms()
        self.assertEqual(
            self.env["o2c.commission.agreement"].browse(action["res_id"]).date_from, day("2025-07-01")
        )

    def _team(self):
        return self.env["crm.team"].create({"name": "Terms", "company_id": self.company.id})

    def test_closing_a_plan_before_sales_tells_which_stay(self):
        self._new_invoice(amount=500.0, date="2025-02-10")
        invoice = self._new_invoice(amount=1000.0, date="2025-02-11")
        self.plan.action_close("2025-02-10")
        told = self.plan.message_ids[0].body
        self.assertIn(invoice.name, told)
        self.assertIn("(1)", told)
        self.assertEqual(self._earned(), 150.0)
