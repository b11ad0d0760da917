from odoo.exceptions import UserError
from odoo.tests import tagged

from .plan_common import PlanCommon


@tagged("post_install", "-at_install")
class TestPlanPlanned(PlanCommon):
    """What a plan is about is archived, not deleted; customers that are one are planned as one."""

    def test_what_is_planned_is_not_deleted(self):
        plan, nodes = self._new_tree()
        records = {
            "partner_id": self.env["res.partner"].create({"name": "Customer"}),
            "payee_id": self.env["res.partner"].create({"name": "Agent"}),
            "user_id": self._new_user("una", "base.group_user"),
            "team_id": self.env["crm.team"].create({"name": "North"}),
            "class_id": self.env["o2c.customer.class"].create({"name": "Key", "code": "KEY"}),
            "region_id": self.env["o2c.sales.region"].create({"name": "Coast"}),
            "product_category_id": self.env["product.category"].create({"name": "Boxes"}),
            "product_id": self.env["product.product"].create({"name": "Box"}),
        }
        for name, record in records.items():
            node = self._new_node(plan, nodes["otto"], **{name: record.id})
            with self.subTest(name):
                with self.assertRaises(UserError) as caught, self.env.cr.savepoint():
                    record.unlink()
                self.assertIn(plan.name, str(caught.exception))
                if "active" in record._fields:
                    record.action_archive()
            node.unlink()
        template = records["product_id"].product_tmpl_id
        node = self._new_node(plan, nodes["otto"], product_id=records["product_id"].id)
        with self.assertRaises(UserError), self.env.cr.savepoint():
            template.unlink()
        node.unlink()
        template.unlink()
        self.assertFalse(template.exists())

    def test_nodes_are_called_as_what_they_stand_for_is_called_now(self):
        plan, nodes = self._new_tree()
        team = self.env["crm.team"].create({"name": "North"})
        north = self._new_node(plan, nodes["top"], team_id=team.id)
        named = self._new_node(plan, nodes["otto"], partner_id=self.customer.id, name="The big one")
        plan.action_approve()
        self.customer.name = "Port Supplies"
        self.salesperson.name = "Sally Smith"
        team.name = "Far North"
        harbour = nodes["harbour"]
        self.assertEqual(harbour.complete_name, "Company / Sally Smith / Port Supplies")
        self.assertEqual(north.name, "Far North")
        self.assertEqual(named.name, "The big one")

    def test_merged_customers_are_planned_as_one(self):
        plan, nodes = self._new_tree()
        inland = self._new_node(plan, nodes["sally"], partner_id=self.other_customer.id)
        elsewhere = self._new_node(plan, nodes["otto"], partner_id=self.other_customer.id)
        for customer in (nodes["harbour"], inland):
            goods = self._new_node(plan, customer, product_id=self.goods.id)
            rest = self._new_node(plan, customer, is_rest=True)
            self._type(goods, 1, 2, 3)
            self._type(rest, 10, 20, 30)
        service = self._new_node(plan, inland, product_id=self.service.id)
        self._type(service, 5, 5, 5)
        self._type(nodes["harbour"], 100, 0, 0)
        self._type(inland, 7, 8, 9)
        inland.cell_ids[2].is_locked = True
        call = inland.activity_schedule("mail.mail_activity_data_call", user_id=self.planner.id)
        plan.action_approve()
        sums = nodes["top"].cell_ids.mapped("rolled_up")
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((self.customer | self.other_customer).ids, self.customer, extra_checks=False)
        self.assertFalse(inland.exists())
        harbour = nodes["harbour"]
        self.assertEqual(harbour.activity_ids, call)
        self.assertEqual(self._targets(harbour), [107, 8, 9])
        self.assertEqual(harbour.cell_ids.mapped("is_locked"), [False, False, True])
        below = {node.name: self._targets(node) for node in harbour.child_ids}
        self.assertEqual(below, {
            self.goods.display_name: [2, 4, 6], "All Others": [20, 40, 60],
            self.service.display_name: [5, 5, 5],
        })
        self.assertEqual(service.parent_path, f"{harbour.parent_path}{service.id}/")
        self.assertEqual(service.complete_name, f"{harbour.complete_name} / {service.name}")
        self.assertEqual(elsewhere.partner_id, self.customer)
        plan._refresh_roll_up()
        self.assertEqual(nodes["top"].cell_ids.mapped("rolled_up")[:2], sums[:2])
