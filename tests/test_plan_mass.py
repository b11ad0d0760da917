from odoo.tests import tagged
from odoo.tools import SQL

from .plan_common import PlanCommon


@tagged("post_install", "-at_install")
class TestPlanMass(PlanCommon):
    """Trees of hundreds of nodes are the same as those made one by one."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan = cls._new_plan()
        cls.top = cls._new_node(cls.plan, name="Company")
        cls.seller = cls._new_node(cls.plan, cls.top, user_id=cls.salesperson.id)
        cls.partners = cls.env["res.partner"].create([{"name": f"Buyer {number}"} for number in range(250)])

    def _new_nodes(self, partners):
        return self.env["o2c.sales.plan.node"].create([
            *(
                {"plan_id": self.plan.id, "parent_id": self.seller.id, "partner_id": partner.id}
                for partner in partners
            ),
            {"plan_id": self.plan.id, "parent_id": self.seller.id, "name": "Own", "partner_id": False},
        ])

    def test_many_nodes_are_whole_records(self):
        nodes = self._new_nodes(self.partners)
        self.assertEqual(nodes[:2].mapped("name"), ["Buyer 0", "Buyer 1"])
        self.assertEqual(nodes[-1].name, "Own")
        self.assertEqual(nodes[7].complete_name, f"Company / {self.seller.name} / Buyer 7")
        self.assertEqual(
            set(nodes.mapped("parent_path")),
            {f"{self.top.id}/{self.seller.id}/{node.id}/" for node in nodes},
        )
        self.assertEqual(nodes[:3].mapped("kind"), ["partner"] * 3)
        self.assertEqual(nodes.branch_user_id, self.salesperson)
        self.assertEqual(nodes.mapped("key"), nodes.ids)
        self.assertEqual(set(nodes.mapped("depth")), {2})
        self.assertEqual({len(node.cell_ids) for node in nodes}, {3})

    def test_references_are_checked_by_index(self):
        """What the database planned for three nodes must not stay so for hundreds."""
        def read_whole():
            self.env.flush_all()
            return self.env.execute_query(SQL(
                "SELECT pg_stat_get_xact_numscans(%s::regclass)", "o2c_sales_plan_node"
            ))[0][0]

        before = read_whole()
        self._new_nodes(self.partners)
        # Each cell refers to a node, and each node to one.
        self.assertLess(read_whole() - before, 100)

    def test_statements_grow_by_batches_only(self):
        def count(partners):
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            self._new_nodes(partners)
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        count(self.partners)
        self.assertLess(count(self.partners), 40)
