from odoo.exceptions import AccessError
from odoo.tests import freeze_time, tagged

from .plan_common import PlanCommon


@tagged("post_install", "-at_install")
class TestPlanScreens(PlanCommon):
    """What the grid and the boards of a plan show and open."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan, cls.nodes = cls._new_tree()
        cls.top, cls.sally, cls.otto = (cls.nodes[name] for name in ("top", "sally", "otto"))

    def _opened(self, action):
        return self.env[action["res_model"]].search(action["domain"])

    def test_an_actual_opens_the_lines_it_is_made_of(self):
        january = self._new_invoice(self.customer, 100, "2025-01-31")
        self._new_invoice(self.customer, 70, "2025-02-01")
        other = self._new_invoice(self.other_customer, 7, "2025-01-02")
        foreign = self._new_invoice(self.customer, 5, "2025-01-05", invoice_user_id=self.collector.id)
        self.plan.action_refresh_actuals()
        for name, invoices in (
            ("harbour", january), ("rest", other), ("sally", january | other), ("otto", january.browse()),
            ("top", january | other | foreign),
        ):
            with self.subTest(name):
                node = self.nodes[name]
                lines = self._opened(self.plan.grid_documents(node.id, 0))
                self.assertEqual(lines.move_id, invoices)
                cell = node.cell_ids.sorted("period_index")[0]
                self.assertEqual(sum(lines.mapped("o2c_sales_value")), cell.actual)
        lines = self._opened(self.plan.action_view_documents())
        self.assertEqual(sum(lines.mapped("o2c_sales_value")), self.plan.actual)
        self.assertEqual(len(self._opened(self.top.cell_ids[1].action_view_documents())), 1)

    def test_orders_open_order_lines(self):
        plan, nodes = self._new_tree(source="order", name="Orders")
        order = self._new_order(self.customer)
        order.action_confirm()
        order.date_order = "2025-02-03"
        plan.action_refresh_actuals()
        action = plan.grid_documents(nodes["top"].id, 1)
        self.assertEqual(self._opened(action), order.order_line)
        self.assertEqual(order.order_line[:1].action_o2c_open_order()["res_id"], order.id)

    def test_documents_are_for_those_who_may_read_them(self):
        self.plan.action_approve()
        self.salesperson.group_ids = self.env.ref("order_to_cash.group_user")
        with self.assertRaises(AccessError):
            self.plan.with_user(self.salesperson).grid_documents(self.sally.id, 0)

    def test_nodes_are_found_with_those_above_them(self):
        answer = self.plan.with_user(self.planner).grid_search(self.nodes["harbour"].name[:4].lower())
        harbour = self.nodes["harbour"]
        self.assertEqual(answer["found_ids"], harbour.ids)
        self.assertEqual([node["id"] for node in answer["nodes"]], [self.top.id, self.sally.id, harbour.id])
        self.assertEqual(set(answer["cells"]), {self.top.id, self.sally.id, harbour.id})
        self.assertFalse(self.plan.grid_search("no such node")["nodes"])
        # Its words in any order, where nothing is called so as a whole.
        turned = " ".join(reversed(harbour.name.split()))
        self.assertEqual(self.plan.grid_search(turned)["found_ids"], harbour.ids)

    def test_periods_are_written_as_the_language_does(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        periods = self.plan.with_context(lang="zh_CN").grid_read()["periods"]
        self.assertEqual(periods[0]["label"], "2025年1月")

    def test_a_search_finds_nothing_of_others(self):
        self.plan.action_approve()
        plan = self.plan.with_user(self.salesperson)
        self.assertFalse(plan.grid_search(self.otto.name)["nodes"])
        self.assertNotIn(self.top.id, plan.grid_search(self.sally.name)["cells"])

    def test_boards_are_of_approved_plans_that_may_be_read(self):
        Plan = self.env["o2c.sales.plan"].with_user(self.salesperson)
        mine = [board["id"] for board in Plan.grid_boards()]
        self.assertNotIn(self.plan.id, mine)
        self.plan.action_approve()
        mine = [board["id"] for board in Plan.grid_boards()]
        self.assertIn(self.plan.id, mine)

    @freeze_time("2025-02-14 23:00:00")
    def test_a_plan_says_where_it_will_end(self):
        self._new_invoice(self.customer, 150, "2025-01-31")
        self._type(self.top, 100, 100, 200)
        self.plan.action_approve()
        self.plan.action_refresh_actuals()
        # Half of the working days of February are over.
        self.assertEqual((self.plan.due, self.plan.pace, self.plan.expected), (150, 100, 400))
        shares = [period["due_share"] for period in self.plan.grid_read()["periods"]]
        self.assertEqual(shares, [1, 0.5, 0])
        own = self.plan.with_user(self.salesperson)
        self.assertEqual((own.actual, own.target), (150, 0), "A salesperson sees the sums of his own part.")
