from odoo.exceptions import AccessError
from odoo.tests import tagged

from .plan_common import PlanCommon


@tagged("post_install", "-at_install")
class TestPlanEmployee(PlanCommon):
    """Who is planned as the one credited, by his contact, reads his own figures."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan = cls._new_plan()
        top = cls._new_node(cls.plan, name="Company")
        cls.sally = cls._new_node(cls.plan, top, user_id=cls.salesperson.id)
        cls.otto = cls._new_node(cls.plan, top, payee_id=cls.other_salesperson.partner_id.id)
        cls.agent = cls._new_node(
            cls.plan, cls.sally, payee_id=cls.env["res.partner"].create({"name": "Agent"}).id
        )
        cls.plan.action_approve()

    def test_each_reads_his_own(self):
        Node, Variance = self.env["o2c.sales.plan.node"], self.env["o2c.sales.plan.variance"]
        for user, own in (
            (self.salesperson, self.sally + self.agent), (self.other_salesperson, self.otto),
        ):
            with self.subTest(user.name):
                self.assertEqual(Node.with_user(user).search([("plan_id", "=", self.plan.id)]), own)
                rows = Variance.with_user(user).search([("plan_id", "=", self.plan.id)])
                self.assertEqual(rows.node_id, own)
                grid = self.plan.with_user(user).grid_read()
                self.assertEqual({node["id"] for node in grid["nodes"]}, set(own.ids))
        with self.assertRaises(AccessError):
            self.otto.with_user(self.salesperson).check_access("read")

    def test_an_agent_who_gets_a_portal_user_reads_nothing_more(self):
        portal = self.env["res.users"].with_context(no_reset_password=True).create({
            "name": "Agent", "login": "agent", "partner_id": self.agent.payee_id.id,
            "group_ids": self.env.ref("base.group_portal"),
        })
        self.assertEqual(self.agent.branch_user_id, self.salesperson)
        self.assertFalse(self.env["o2c.sales.plan.node"].with_user(portal).has_access("read"))
