from odoo.exceptions import UserError
from odoo.tests import tagged

from .plan_common import PlanCommon


@tagged("post_install", "-at_install")
class TestPlanDates(PlanCommon):
    """What was typed is not lost when the dates of a draft change."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan, cls.nodes = cls._new_tree()
        cls.sally = cls.nodes["sally"]

    def test_what_is_planned_in_other_periods_is_not_thrown_away(self):
        self._type(self.sally, 1, 2, 3)
        for values in ({"period": "quarter"}, {"period": "quarter", "date_from": "2025-02-01"}):
            with self.assertRaises(UserError), self.env.cr.savepoint():
                self.plan.write(values)
        self.assertEqual(self._targets(self.sally), [1, 2, 3])
        self._type(self.sally, 0, 0, 0)
        self.plan.period = "quarter"
        self.assertEqual(self._targets(self.sally), [0])

    def test_a_month_that_is_cut_keeps_its_target(self):
        self._type(self.sally, 1, 2, 3)
        for first, last in (("2025-01-15", "2025-03-30"), ("2025-01-01", "2025-03-31")):
            self.plan.write({"date_from": first, "date_to": last})
            cells = self.sally.cell_ids.sorted("period_index")
            self.assertEqual(cells.mapped("target"), [1, 2, 3])
            self.assertEqual([str(cells[0].date_from), str(cells[2].date_to)], [first, last])

    def test_an_adjustment_is_not_lost_either(self):
        self.nodes["top"].cell_ids[1].adjustment = 5
        with self.assertRaises(UserError), self.env.cr.savepoint():
            self.plan.period = "quarter"
