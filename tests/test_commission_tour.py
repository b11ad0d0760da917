from dateutil.relativedelta import relativedelta

from odoo.fields import Command
from odoo.tests import HttpCase, new_test_user, tagged

from .commission_common import CommissionCommon


@tagged("post_install", "-at_install")
class TestCommissionTour(CommissionCommon, HttpCase):
    """Commission from the plan to the bill, and from the quotation to the dispute, in a real browser."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.last = cls.company._o2c_today() + relativedelta(months=-1, day=10)

    def _settle(self, payee):
        settlement = self.env["o2c.commission.settlement"].create({
            "payee_id": payee.id,
            "company_id": self.company.id,
            "date_from": self.last + relativedelta(day=1),
            "date_to": self.last + relativedelta(day=31),
        })
        settlement.action_calculate()
        return settlement

    def test_a_manager_makes_a_plan_and_settles_a_month(self):
        self.start_tour(
            "/odoo/action-order_to_cash.o2c_commission_plan_action/new", "o2c_commission_plan", login="cindy"
        )
        agreement = self.env["o2c.commission.agreement"].search([("payee_id", "=", self.agent.id)])
        self.assertEqual((agreement.plan_id.name, agreement.plan_id.state), ("Tiered Sales", "active"))
        self.assertEqual((agreement.coverage, agreement.payout), ("all", "bill"))
        invoice = self._new_invoice(amount=1500.0, date=self.last)
        self._pay(invoice, 1500.0, self.last)
        self._new_invoice(amount=200.0, date=self.last)

        self.start_tour(
            "/odoo/action-order_to_cash.o2c_commission_settlement_action",
            "o2c_commission_settle",
            login="cindy",
        )
        settlement = self.env["o2c.commission.settlement"].search([("payee_id", "=", self.agent.id)])
        self.assertEqual((settlement.state, settlement.amount), ("billed", 90.0))
        self.assertEqual(settlement.approved_by_id, self.commission_manager)
        self.assertEqual((settlement.bill_id.state, settlement.bill_id.amount_untaxed), ("draft", 90.0))

    def test_a_salesperson_sees_what_a_quotation_earns_and_disputes(self):
        plan = self._new_plan({"rate": 5.0})
        self._new_agreement(plan=plan)
        self._new_invoice(amount=1500.0, date=self.last)
        settlement = self._settle(self.salesperson.partner_id)
        order = self._new_order(amount=1000.0)
        self.start_tour(f"/odoo/sales/{order.id}", "o2c_commission_salesperson", login="sally")
        self.assertEqual(settlement.state, "disputed")
        self.assertEqual(settlement.dispute_ids.entry_ids, settlement.entry_ids)
        self.assertEqual(settlement.dispute_ids.user_id, self.salesperson)

    def test_an_agent_disputes_a_row_in_the_portal(self):
        self._new_agreement(self.agent, self._new_plan({"rate": 5.0}), coverage="all")
        self._new_invoice(amount=1500.0, date=self.last)
        settlement = self._settle(self.agent)
        new_test_user(
            self.env,
            login="quayside",
            password="quayside",
            groups="base.group_portal",
            partner_id=self.agent.id,
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        self.start_tour("/my/commissions", "o2c_commission_portal", login="quayside")
        self.assertEqual(settlement.dispute_ids.entry_ids, settlement.entry_ids)
