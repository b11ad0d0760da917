from odoo.exceptions import UserError, ValidationError
from odoo.tests import freeze_time, tagged

from .plan_common import PlanCommon


@tagged("post_install", "-at_install")
class TestPlanBuild(PlanCommon):
    """The tree from last year's sales, and the reports."""

    def _build(self, plan, **values):
        build = self.env["o2c.sales.plan.build"].with_user(self.planner)
        return build.create({
            "plan_id": plan.id, "level_1": "user", "level_2": "partner", "level_3": False, **values,
        })

    @freeze_time("2025-01-10")
    def test_the_tree_is_made_of_those_who_sold_and_bought(self):
        self._new_invoice(self.customer, 70, "2024-02-01")
        self._new_invoice(self.other_customer, 100, "2024-02-01")
        self._new_invoice(
            self.other_customer, 5, "2024-03-01", invoice_user_id=self.other_salesperson.id
        )
        plan = self._new_plan()
        self._build(plan, top=1).action_build()
        names = {
            node.complete_name.removeprefix(f"{self.company.name} / ")
            for node in plan.node_ids if node.parent_id
        }
        sally, otto = self.salesperson.display_name, self.other_salesperson.display_name
        self.assertEqual(names, {
            "All Others", sally, otto,
            f"{sally} / Inland Stores", f"{sally} / All Others",
            f"{otto} / Inland Stores", f"{otto} / All Others",
        })
        top = plan.node_ids.filtered(lambda node: not node.parent_id)
        self.assertEqual(top.cell_ids.mapped("last_year"), [0, 170, 5])
        with self.assertRaises(UserError), self.env.cr.savepoint():
            self._build(plan).action_build()
        self._build(plan, replace=True, customers="all", has_rest=False).action_build()
        self.assertEqual(len(plan.node_ids), 6)

    def test_key_customers_by_class(self):
        self.customer.o2c_class_id = self.env["o2c.customer.class"].create({
            "name": "Key", "code": "KEY", "is_key_account": True,
        })
        self._new_invoice(self.customer, 70, "2024-02-01")
        self._new_invoice(self.other_customer, 100, "2024-02-01")
        plan = self._new_plan()
        self._build(plan, customers="key").action_build()
        self.assertEqual(plan.node_ids.partner_id, self.customer)

    def test_the_report_adds_up_by_what_stands_above(self):
        plan, nodes = self._new_tree()
        self._type(nodes["harbour"], 10, 20, 30)
        self._type(nodes["rest"], 5, 0, 0)
        self._new_invoice(self.customer, 13, "2025-01-31")
        plan.action_refresh_actuals()
        plan.action_approve()
        Variance = self.env["o2c.sales.plan.variance"]
        rows = Variance._read_group(
            [("plan_id", "=", plan.id), ("is_lowest", "=", True), ("date_from", "=", "2025-01-01")],
            ["user_id"],
            ["target:sum", "actual:sum", "variance:sum", "attainment:avg"],
        )
        self.assertIn((self.salesperson, 15, 13, -2), [row[:4] for row in rows])
        self.assertAlmostEqual({row[0]: row[4] for row in rows}[self.salesperson], 1300 / 15)
        self.assertGreater(len(plan.with_user(self.salesperson)._variance_xlsx()), 1000)
        own = Variance.with_user(self.salesperson).search([("plan_id", "=", plan.id)])
        self.assertEqual(len(own), 9)
        self.assertFalse(Variance.with_user(self.other_salesperson).search([
            ("plan_id", "=", plan.id), ("user_id", "=", self.salesperson.id),
        ]))

    def test_versions_are_compared(self):
        plan, nodes = self._new_tree()
        self._type(nodes["harbour"], 10, 20, 30)
        plan.action_approve()
        new = self.env["o2c.sales.plan"].browse(plan.action_new_version()["res_id"])
        harbour = new.node_ids.filtered("partner_id")
        harbour.cell_ids[0].target = 11
        new.node_ids.filtered(lambda node: node.user_id == self.other_salesperson).unlink()
        rows = self.env["o2c.sales.plan.comparison"].search(new.action_compare()["domain"])
        changed = rows.filtered(lambda row: row.change == "changed")
        self.assertEqual((changed.target, changed.other_target, changed.difference), (11, 10, 1))
        self.assertEqual(len(rows.filtered(lambda row: row.change == "gone")), 3)
        self.assertEqual(len(rows), 15)

    @freeze_time("2025-01-10")
    def test_agents_and_what_belongs_to_branches(self):
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        other = self.env["res.company"].create({"name": "Another"})
        self._new_invoice(self.customer, 70, "2024-02-01")
        self._new_invoice(self.other_customer, 100, "2024-02-01")
        self.env.flush_all()
        # As it is where a customer is handed to a branch, or to another company, after a sale.
        self.env.cr.execute("UPDATE res_partner SET company_id = %s WHERE id = %s", [
            branch.id, self.customer.id,
        ])
        self.env.cr.execute("UPDATE res_partner SET company_id = %s WHERE id = %s", [
            other.id, self.other_customer.id,
        ])
        self.env.invalidate_all()
        plan = self._new_plan()
        self._build(plan, level_1="payee").action_build()
        self.assertEqual(plan.node_ids.payee_id, self.salesperson.partner_id)
        self.assertEqual(plan.node_ids.partner_id, self.customer)
        self.assertIn(self.customer.name, plan.node_ids.mapped("name"))
        top = plan.node_ids.filtered(lambda node: not node.parent_id)
        self.assertEqual(top.cell_ids.mapped("last_year"), [0, 170, 0])
        with self.assertRaises(ValidationError), self.env.cr.savepoint():
            self._new_node(plan, top, partner_id=self.other_customer.id)

    def test_ids_of_compared_versions_stay_the_same(self):
        plan = self._new_tree()[0]
        plan.action_approve()
        new = self.env["o2c.sales.plan"].browse(plan.action_new_version()["res_id"])
        new.node_ids.filtered("partner_id").unlink()
        third = self.env["o2c.sales.plan"].browse(plan.action_new_version()["res_id"])
        Comparison = self.env["o2c.sales.plan.comparison"]

        def rows():
            Comparison.invalidate_model()
            fields = ["plan_id", "other_id", "node_name", "date_from"]
            found = Comparison.search([("plan_id", "in", (new | third).ids)])
            return {row["id"]: row for row in found.read(fields)}

        before = rows()
        self.assertEqual(len(before), 45)
        # Written in another order: rows move in the table.
        third.node_ids[0].cell_ids.target = 5
        other = self._new_tree(name="Another")[0]
        other.action_approve()
        other.action_new_version()
        new.node_ids[-1].cell_ids.target = 7
        self.assertEqual(rows(), before)
        some = Comparison.browse(list(before)[3:5])
        self.assertEqual({row["id"]: row for row in some.read(list(before[some[0].id]))}, {
            one: before[one] for one in some.ids
        })
