from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .test_dunning_run import DATE, DunningCommon

MODELS = (
    "o2c.dunning.policy",
    "o2c.dunning.level",
    "o2c.dunning.run",
    "o2c.dunning.notice",
    "o2c.dunning.notice.line",
)


@tagged("post_install", "-at_install")
class TestDunningAccess(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.user_id = cls.salesperson
        cls.other_customer.user_id = cls.other_salesperson
        cls._new_invoice(amount=100)
        cls._new_invoice(cls.other_customer, 200)
        cls.run_ = cls._propose()
        cls.own, cls.foreign = cls.run_.notice_ids.sorted("total_overdue")

    def test_a_collector_proposes_skips_prints_and_sends(self):
        run = self.env["o2c.dunning.run"].with_user(self.collector).create({"date": DATE})
        run.action_propose()
        self.assertEqual(len(run.notice_ids), 2)
        run.notice_ids[0].action_skip()
        run.notice_ids[0].action_unskip()
        run.action_print()
        run.action_send()
        self.assertEqual(set(run.notice_ids.mapped("state")), {"sent"})
        self.assertEqual(run.notice_ids.sent_by_id, self.collector)
        self.assertEqual(len(self._mails(run.notice_ids)), 2)

    def test_policies_are_the_managers(self):
        policy = self.policy.with_user(self.collector)
        self.assertTrue(policy.level_ids.letter_text)
        with self.assertRaises(AccessError):
            policy.name = "Mine"
        with self.assertRaises(AccessError):
            policy.level_ids.letter_text = "<p>Pay!</p>"
        self.policy.with_user(self.o2c_manager).level_ids.letter_text = "<p>Please pay.</p>"

    def test_salespeople_read_the_reminders_of_their_own_customers(self):
        Notice = self.env["o2c.dunning.notice"].with_user(self.salesperson)
        self.assertEqual(Notice.search([]), self.own)
        self.assertEqual(self.own.with_user(self.salesperson).line_ids.amount, 100)
        self.assertEqual(
            self.env["o2c.dunning.notice.line"].with_user(self.salesperson).search([]),
            self.own.line_ids,
        )
        with self.assertRaises(AccessError):
            self.foreign.with_user(self.salesperson).read(["total_overdue"])
        self.assertEqual(self.customer.with_user(self.salesperson).o2c_dunning_notice_count, 1)
        self.assertEqual(
            self.other_customer.with_user(self.salesperson).o2c_dunning_notice_count, 0
        )

    def test_salespeople_change_nothing(self):
        own = self.own.with_user(self.salesperson)
        for attempt in (
            own.action_skip,
            own.action_unskip,
            own.action_send,
            own.unlink,
            lambda: own.write({"state": "sent"}),
            lambda: self.run_.with_user(self.salesperson).action_propose(),
            lambda: self.run_.with_user(self.salesperson).action_send(),
            lambda: self.run_.with_user(self.salesperson).action_cancel(),
            lambda: self.run_.with_user(self.salesperson).read(["name"]),
        ):
            with self.assertRaises(AccessError):
                attempt()
        self.assertEqual(self.run_.notice_ids.mapped("state"), ["proposed", "proposed"])

    def test_a_salesperson_prints_the_letter_of_his_customer_only(self):
        report = self.env["ir.actions.report"].with_user(self.salesperson)
        html, _kind = report._render_qweb_html(
            "order_to_cash.report_dunning_notice", self.own.ids
        )
        self.assertIn("Harbour Supplies", html.decode())
        with self.assertRaises(AccessError):
            report._render_qweb_html("order_to_cash.report_dunning_notice", self.foreign.ids)

    def test_portal_public_and_plain_employees_see_nothing(self):
        portal = new_test_user(self.env, "portia", groups="base.group_portal")
        portal.partner_id.parent_id = self.customer
        employee = self._new_user("emil", "base.group_user")
        for user in (portal, self.env.ref("base.public_user"), employee):
            for model in MODELS:
                with self.assertRaises(AccessError):
                    self.env[model].with_user(user).search([])
        self.assertEqual(self.customer.with_user(employee).o2c_dunning_notice_count, 0)

    def test_companies_are_apart(self):
        other = self._new_company()
        stranger = self._new_user("steve", "order_to_cash.group_collector", company=other)
        self.assertFalse(self.env["o2c.dunning.run"].with_user(stranger).search([]))
        self.assertFalse(self.env["o2c.dunning.notice"].with_user(stranger).search([]))
        self.assertFalse(self.env["o2c.dunning.notice.line"].with_user(stranger).search([]))
        for attempt in (
            lambda: self.run_.with_user(stranger).action_propose(),
            lambda: self.run_.notice_ids.with_user(stranger).action_send(),
            lambda: self.env["o2c.dunning.run"]
            .with_user(stranger)
            .create({"company_id": self.company.id}),
        ):
            with self.assertRaises(AccessError):
                attempt()

    def test_who_registers_a_payment_needs_no_right_on_reminders(self):
        self.run_.action_send()
        clerk = self._new_user("clara", "account.group_account_invoice")
        invoice = self.own.line_ids.move_id
        (
            self.env["account.payment.register"]
            .with_user(clerk)
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({})
            ._create_payments()
        )
        self.assertEqual(self.own.state, "paid")
