from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .commission_common import CommissionCommon


@tagged("post_install", "-at_install")
class TestCommissionDispute(CommissionCommon):
    """A payee objects, and each objection is answered."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.payee = cls.salesperson.partner_id
        cls.agreement = cls._new_agreement(plan=cls._new_plan({"rate": 10.0}))
        cls._new_invoice(amount=1000, date="2025-01-10")
        cls._new_invoice(amount=500, date="2025-01-11")
        cls.settlement = cls.env["o2c.commission.settlement"].with_user(cls.commission_manager).create({
            "payee_id": cls.payee.id,
            "company_id": cls.company.id,
            "date_from": "2025-01-01",
            "date_to": "2025-01-31",
        })
        cls.settlement.action_calculate()
        cls.own = cls.settlement.with_user(cls.salesperson)
        cls.big, cls.small = cls.settlement.entry_ids.sorted("amount", reverse=True)

    def test_the_payee_objects_and_everything_waits(self):
        self.settlement.action_approve()
        dispute = self.own._dispute(self.big.with_user(self.salesperson), "It was 12 %")
        self.assertEqual((self.settlement.state, dispute.state, dispute.amount), ("disputed", "open", 100.0))
        self.assertFalse(self.settlement.approved_by_id)
        self.assertEqual(self.settlement.activity_ids.user_id, self.commission_manager)
        for button in ("action_calculate", "action_approve", "action_bill", "action_cancel"):
            with self.subTest(button), self.assertRaises(UserError):
                getattr(self.settlement, button)()
        with self.assertRaises(UserError):
            self.own._dispute(self.big, "Once more")

    def test_by_the_form(self):
        wizard = self.env["o2c.commission.dispute.new"].with_user(self.salesperson).with_context(
            default_settlement_id=self.settlement.id
        )
        with Form(wizard) as form:
            form.text = "All of it"
        form.save().action_dispute()
        dispute = self.own.dispute_ids
        self.assertEqual((dispute.amount, dispute.user_id), (150.0, self.salesperson))

    def test_refused_with_an_answer(self):
        dispute = self.own._dispute(self.big, "It was 12 %").with_user(self.commission_manager)
        with self.assertRaises(UserError):
            dispute.action_refuse()
        dispute.answer = "The rule says 10 %"
        dispute.action_refuse()
        self.assertEqual((dispute.state, dispute.answered_by_id), ("refused", self.commission_manager))
        self.assertEqual((self.settlement.state, self.settlement.amount), ("calculated", 150.0))
        with self.assertRaises(UserError):
            dispute.action_accept()
        with self.assertRaises(UserError):
            dispute.answer = "Another"

    def test_accepted_with_an_adjustment(self):
        dispute = self.own._dispute(self.big, "It was 12 %").with_user(self.commission_manager)
        with self.assertRaises(UserError):
            dispute.action_accept()
        dispute.write({"adjust_amount": 20, "answer": "Right, 12 %"})
        dispute.action_accept()
        self.assertEqual((self.settlement.state, self.settlement.amount), ("calculated", 170.0))
        self.assertIn("12 %", self.settlement.entry_ids.filtered(lambda e: e.source == "manual").explanation)

    def test_accepted_and_taken_out(self):
        dispute = self.own._dispute(self.big, "Not mine").with_user(self.commission_manager)
        other = self.own._dispute(self.small, "Neither").with_user(self.commission_manager)
        dispute.resolution = "return"
        dispute.action_accept()
        self.assertEqual((self.settlement.state, self.settlement.amount), ("disputed", 50.0))
        other.answer = "It is"
        other.action_refuse()
        self.assertEqual((self.settlement.state, self.big.state), ("calculated", "earned"))
        # It does not come back into this one, but into the next.
        self.settlement.action_calculate()
        self.assertEqual(self.settlement.amount, 50.0)
        after = self.settlement.copy({"date_from": "2025-02-01", "date_to": "2025-02-28"})
        after.action_calculate()
        self.assertEqual(after.amount, 100.0)

    def test_rows_of_the_settlement_itself_cannot_be_taken_out(self):
        self.agreement.guarantee_amount = 500
        self.settlement.action_calculate()
        row = self.settlement.entry_ids.filtered("period_part")
        dispute = self.own._dispute(row, "Too little").with_user(self.commission_manager)
        dispute.resolution = "return"
        with self.assertRaises(UserError):
            dispute.action_accept()
        self.assertEqual((dispute.state, self.settlement.amount), ("open", 500.0))

    def test_who_may_object(self):
        with self.assertRaises(AccessError):
            self.settlement.with_user(self.other_salesperson)._dispute(self.big, "Mine")
        with self.assertRaises(UserError):
            self.own._dispute(self.big, "  ")
        # Told by telephone.
        self.settlement._dispute(self.big, "He says it was 12 %")
        self.assertEqual(self.settlement.state, "disputed")

    def test_only_entries_of_the_settlement(self):
        self._new_invoice(amount=100, date="2025-02-11")
        stray = self.env["o2c.commission.entry"].search([
            ("payee_id", "=", self.payee.id), ("settlement_id", "=", False),
        ])
        with self.assertRaises(UserError):
            self.own._dispute(stray, "Where is it")

    def test_not_after_it_was_billed(self):
        self.settlement.action_approve()
        self.settlement.action_bill()
        with self.assertRaises(UserError):
            self.own._dispute(self.big, "Too late")

    def test_an_agents_portal_user_objects_for_the_agency(self):
        portal = self._new_user("polly", "base.group_user")
        portal.write({"group_ids": [(6, 0, self.env.ref("base.group_portal").ids)]})
        portal.partner_id.parent_id = self.agent
        self.assertTrue(portal._o2c_is_payee(self.agent))
        self.assertFalse(portal._o2c_is_payee(self.payee))
        # An employee's contact may hang below that of the company; he is not the company.
        self.salesperson.partner_id.parent_id = self.agent
        self.assertFalse(self.salesperson._o2c_is_payee(self.agent))

    def test_nobody_answers_his_own(self):
        dispute = self.own._dispute(self.big, "It was 12 %")
        with self.assertRaises(AccessError):
            dispute.with_user(self.salesperson).action_accept()
        self.salesperson.group_ids += self.env.ref("order_to_cash.group_commission_manager")
        with self.assertRaises(UserError):
            dispute.with_user(self.salesperson).write({"adjust_amount": 5}) and dispute.with_user(
                self.salesperson
            ).action_accept()

    def test_disputes_are_private_and_guarded(self):
        dispute = self.own._dispute(self.big, "It was 12 %")
        with self.assertRaises(AccessError):
            dispute.with_user(self.other_salesperson).read(["text"])
        with self.assertRaises(UserError):
            dispute.with_user(self.commission_manager).state = "refused"
        with self.assertRaises(AccessError):
            self.env["o2c.commission.dispute"].create({"settlement_id": self.settlement.id, "text": "x"})
