import random
from datetime import date

from odoo.exceptions import ValidationError
from odoo.tests import freeze_time, tagged

from .plan_common import PlanCommon

FIGURES = (
    "forecast", "forecast_base", "forecast_growth", "forecast_orders", "forecast_pipeline", "adjustment",
)


@tagged("post_install", "-at_install")
class TestPlanForecast(PlanCommon):
    """Forecasts of a plan, with what is added to them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan, cls.nodes = cls._new_tree(history_years=1)
        cls.top, cls.sally, cls.otto, cls.harbour = (
            cls.nodes[name] for name in ("top", "sally", "otto", "harbour")
        )
        for month in range(1, 13):
            cls._new_invoice(cls.customer, 100 + month, date(2024, month, 5))
            cls._new_invoice(cls.other_customer, 33.33, date(2024, month, 5))
            cls._new_invoice(
                cls.other_customer, 60, date(2024, month, 7), invoice_user_id=cls.other_salesperson.id
            )

    def _figures(self, node, name="forecast"):
        return node.cell_ids.sorted("period_index").mapped(name)

    def _check_adding_up(self, plan):
        for cell in plan.node_ids.cell_ids:
            low, forecast, high = cell.forecast_low, cell.forecast, cell.forecast_high
            self.assertTrue(low <= forecast <= high, (low, forecast, high))
            parts = sum(cell[name] for name in FIGURES[1:])
            self.assertAlmostEqual(forecast, parts)
            below = cell.node_id.child_ids.cell_ids.filtered(
                lambda one, index=cell.period_index: one.period_index == index
            )
            for name in FIGURES if below else ():
                self.assertAlmostEqual(cell[name], sum(below.mapped(name)), msg=name)

    @freeze_time("2025-01-01")
    def test_an_adjustment_goes_down_by_forecast_and_up(self):
        self.plan.action_forecast()
        before = {node: self._figures(node) for node in self.nodes.values()}
        index, cell = 1, self.sally.cell_ids.sorted("period_index")[1]
        cell.adjustment = 100
        after = {node: self._figures(node) for node in self.nodes.values()}
        for node, change in ((self.top, 100), (self.sally, 100), (self.otto, 0)):
            self.assertAlmostEqual(after[node][index] - before[node][index], change)
        shared = [
            after[node][index] - before[node][index] for node in (self.harbour, self.nodes["rest"])
        ]
        self.assertAlmostEqual(sum(shared), 100)
        self.assertAlmostEqual(shared[0], 100 * before[self.harbour][1] / before[self.sally][1], delta=0.011)
        self._check_adding_up(self.plan)
        cell.adjustment = 0
        self.assertEqual({node: self._figures(node) for node in self.nodes.values()}, before)

    @freeze_time("2025-01-01")
    def test_adjustments_and_growth_survive_a_new_forecast_and_add_up(self):
        rng = random.Random(5)
        nodes = list(self.nodes.values())
        for _turn in range(3):
            self.plan.growth_percent = rng.choice((0, 7.3, -12))
            self.plan.action_forecast()
            self._check_adding_up(self.plan)
            for _step in range(4):
                cell = rng.choice(nodes).cell_ids[rng.randrange(3)]
                cell.adjustment = rng.randrange(-9999, 99999) / 100
                self._check_adding_up(self.plan)
            kept = {node: self._figures(node, "adjustment") for node in nodes}
            self.plan.action_forecast()
            self._check_adding_up(self.plan)
            self.assertEqual({node: self._figures(node, "adjustment") for node in nodes}, kept)

    @freeze_time("2025-01-01")
    def test_adjustments_follow_the_tree(self):
        first = self.harbour.cell_ids[0]
        first.adjustment = 12
        self.harbour.parent_id = self.otto
        self.assertEqual((self.sally.cell_ids[0].adjustment, self.otto.cell_ids[0].adjustment), (0, 12))
        self.assertEqual((self.top.cell_ids[0].adjustment, self.top.cell_ids[0].forecast), (12, 12))
        below = self._new_node(self.plan, self.harbour, name="Below")
        self.plan.action_forecast()
        self.assertEqual(below.cell_ids[0].adjustment, 12)
        self.harbour.unlink()
        self.assertEqual((self.otto.cell_ids[0].adjustment, self.top.cell_ids[0].adjustment), (0, 0))

    @freeze_time("2025-01-01")
    def test_of_a_month_that_is_cut_its_working_days_are_forecast(self):
        self.plan.action_forecast()
        whole = self._figures(self.top)
        plan, nodes = self._new_tree(
            date_from="2025-01-15", date_to="2025-03-10", history_years=1, name="Cut"
        )
        plan.action_forecast()
        cut = self._figures(nodes["top"])
        # 23 working days in January 2025, 13 of them from the 15th on; 21 in March, 6 until the 10th.
        self.assertAlmostEqual(cut[0], whole[0] * 13 / 23, delta=0.006)
        self.assertAlmostEqual(cut[1], whole[1], delta=0.006)
        self.assertAlmostEqual(cut[2], whole[2] * 6 / 21, delta=0.006)
        self._check_adding_up(plan)
        self.company.resource_calendar_id = False
        plan.action_forecast()
        self.assertAlmostEqual(self._figures(nodes["top"])[0], whole[0] * 17 / 31, delta=0.006)

    @freeze_time("2025-03-11")
    def test_cut_periods_that_are_over_keep_what_was_sold_in_them(self):
        self._new_invoice(self.customer, 10, "2025-01-14")
        self._new_invoice(self.customer, 20, "2025-01-15")
        self._new_invoice(self.customer, 30, "2025-02-15")
        self._new_invoice(self.customer, 40, "2025-03-10")
        self._new_invoice(self.customer, 50, "2025-03-11")
        plan, nodes = self._new_tree(
            date_from="2025-01-15", date_to="2025-03-10", history_years=1, growth_percent=50, name="Cut"
        )
        plan.action_forecast()
        for name in ("top", "sally", "harbour"):
            self.assertEqual(self._figures(nodes[name]), [20, 30, 40])
        self._check_adding_up(plan)

    @freeze_time("2025-02-20")
    def test_the_month_of_a_team_has_its_days_of_a_quarter_that_is_cut(self):
        team = self.env["crm.team"].create({"name": "North", "company_id": self.company.id})
        plan = self._new_plan(name="Cut", period="quarter", date_from="2025-02-10")
        node = self._new_node(plan, team_id=team.id)
        self._type(node, 360)
        plan.action_approve()
        # 15 working days from 10 February, and 21 in March.
        self.assertEqual(team.invoiced_target, 150)
        with freeze_time("2025-03-01"):
            self.env["crm.team"]._o2c_fill_targets(self.company)
        self.assertEqual(team.invoiced_target, 210)

    def _open_order(self, delivery, quantity=4, **values):
        order = self._new_order(
            amount=100, product=self.goods, quantity=quantity, commitment_date=delivery, **values
        )
        order.action_confirm()
        return order

    @freeze_time("2025-02-10")
    def test_open_orders_are_added_where_they_are_expected(self):
        self._open_order("2025-03-05 10:00:00")
        self._open_order("2025-01-20 10:00:00", user_id=self.other_salesperson.id)
        self._open_order("2025-04-01 10:00:00")
        self._new_order(amount=900, product=self.goods, quantity=1)
        self.plan.action_forecast()
        without = self._figures(self.top)
        self.assertEqual(self._figures(self.top, "forecast_orders"), [0, 0, 0])
        self.plan.add_open_orders = True
        self.plan.action_forecast()
        self.assertEqual(self._figures(self.harbour, "forecast_orders"), [0, 0, 100])
        # What is late is expected today.
        self.assertEqual(self._figures(self.otto, "forecast_orders"), [0, 100, 0])
        self.assertEqual(self._figures(self.top, "forecast_orders"), [0, 100, 100])
        for now, before, added in zip(self._figures(self.top), without, [0, 100, 100], strict=True):
            self.assertAlmostEqual(now - before, added)
        self._check_adding_up(self.plan)
        self.assertIn("Open Orders", self.top.cell_ids[2].forecast_explanation)
        self.plan.add_open_orders = False
        self.plan.action_forecast()
        self.assertEqual(self._figures(self.top), without)
        self.assertEqual(self._figures(self.top, "forecast_orders"), [0, 0, 0])

    @freeze_time("2025-02-10")
    def test_of_an_order_counts_what_is_not_invoiced_yet(self):
        order = self._open_order("2025-03-05 10:00:00")
        order.order_line.purchase_price = 10
        order.picking_ids.move_ids.write({"quantity": 3, "picked": True})
        order.picking_ids._action_done()
        for policy in ("order", "delivery"):
            self.goods.invoice_policy = policy
        invoice = order._create_invoices()
        self.plan.add_open_orders = True
        for posted, figures in ((False, [0, 0, 100]), (True, [0, 0, 25])):
            if posted:
                invoice.action_post()
            self.plan.action_forecast()
            self.assertEqual(self._figures(self.harbour, "forecast_orders"), figures)
        for metric, figure in (("quantity", 1), ("margin", 15)):
            plan, nodes = self._new_tree(metric=metric, add_open_orders=True, name=metric)
            plan.action_forecast()
            self.assertEqual(self._figures(nodes["harbour"], "forecast_orders"), [0, 0, figure])
        plan, nodes = self._new_tree(source="delivery", add_open_orders=True, name="delivery")
        plan.action_forecast()
        self.assertEqual(self._figures(nodes["harbour"], "forecast_orders"), [0, 0, 25])
        plan, nodes = self._new_tree(source="order", add_open_orders=True, name="order")
        plan.action_forecast()
        self.assertEqual(self._figures(nodes["harbour"], "forecast_orders"), [0, 0, 0])
        # The rest was given up: nothing more is to come of this order.
        order.picking_ids.filtered(lambda picking: picking.state != "done").action_cancel()
        self.plan.action_forecast()
        self.assertEqual(self._figures(self.harbour, "forecast_orders"), [0, 0, 0])

    @freeze_time("2025-02-10")
    def test_open_orders_cost_one_statement_more(self):
        def count():
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            self.plan.action_forecast()
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        for number in range(5):
            self._open_order(f"2025-03-{number + 1:02} 10:00:00")
        count()
        without = count()
        self.plan.add_open_orders = True
        # The statement, those for the shares of persons, and for the regions and categories of the tree.
        self.assertLessEqual(count() - without, 8)

    def test_nobody_means_a_growth_beyond_all_bounds(self):
        for values in ({"growth_percent": -101}, {"growth_percent": 1e30}, {"history_years": 0}):
            with self.subTest(values), self.assertRaises(ValidationError), self.env.cr.savepoint():
                self.plan.write(values)

    @freeze_time("2025-02-10")
    def test_the_weighted_pipeline_is_added_by_expected_closing(self):
        if "crm.lead" not in self.env:
            with self.assertRaises(ValidationError), self.env.cr.savepoint():
                self.plan.add_pipeline = True
            self.skipTest("The pipeline is that of the app CRM.")
        Lead = self.env["crm.lead"]
        lead = {
            "name": "Deal", "type": "opportunity", "partner_id": self.customer.id,
            "user_id": self.salesperson.id, "company_id": self.company.id, "expected_revenue": 1000,
            "probability": 25, "date_deadline": "2025-03-15",
        }
        Lead.create([
            lead,
            {**lead, "date_deadline": "2025-01-15", "expected_revenue": 400},
            {**lead, "date_deadline": "2025-04-15"},
            {**lead, "date_deadline": False},
            {**lead, "active": False},
            {**lead, "type": "lead"},
            {**lead, "user_id": self.other_salesperson.id, "partner_id": False, "expected_revenue": 80},
        ])
        self.plan.add_pipeline = True
        self.plan.action_forecast()
        self.assertEqual(self._figures(self.harbour, "forecast_pipeline"), [0, 100, 250])
        self.assertEqual(self._figures(self.otto, "forecast_pipeline"), [0, 0, 20])
        self.assertEqual(self._figures(self.top, "forecast_pipeline"), [0, 100, 270])
        self._check_adding_up(self.plan)
