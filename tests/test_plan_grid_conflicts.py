from odoo.exceptions import UserError
from odoo.tests import tagged

from .plan_common import PlanCommon


@tagged("post_install", "-at_install")
class TestPlanGridConflicts(PlanCommon):
    """Two planners in one grid do not overwrite each other unseen."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan, cls.nodes = cls._new_tree()
        cls.top, cls.sally, cls.otto = (cls.nodes[name] for name in ("top", "sally", "otto"))
        cls.colleague = cls._new_user("peter", "order_to_cash.group_plan_manager")
        cls.mine = cls.plan.with_user(cls.planner)
        cls.theirs = cls.plan.with_user(cls.colleague)

    def _change(self, node, index, before, **values):
        return {"node_id": node.id, "period_index": index, **values, "before": before}

    def test_a_cell_changed_meanwhile_is_named_and_the_others_are_written(self):
        self.theirs.grid_write([self._change(self.otto, 0, {"target": 0}, target=120)])
        answer = self.mine.grid_write([
            self._change(self.otto, 0, {"target": 0}, target=150),
            self._change(self.otto, 1, {"target": 0}, target=7),
        ])
        self.assertEqual(self._targets(self.otto), [120, 7, 0])
        self.assertEqual(answer["conflicts"], [{
            "node_id": self.otto.id,
            "period_index": 0,
            "node": self.otto.name,
            "period": "Jan 2025",
            "wanted": {"target": 150},
            "now": {"target": 120, "adjustment": 0, "is_locked": False},
            "by": self.colleague.name,
        }])
        self.assertEqual(answer["cells"][self.otto.id][0]["target"], 120)

    def test_who_has_seen_the_figure_of_the_other_may_overwrite_it(self):
        self.theirs.grid_write([self._change(self.otto, 0, {"target": 0}, target=120)])
        answer = self.mine.grid_write([self._change(self.otto, 0, {"target": 120}, target=150)])
        self.assertFalse(answer["conflicts"])
        self.assertEqual(self._targets(self.otto), [150, 0, 0])

    def test_the_same_change_twice_is_no_conflict(self):
        # The answer to the first was lost on the way.
        batch = [
            self._change(self.otto, 0, {"target": 0}, target=5),
            self._change(self.otto, 0, {"target": 5}, target=6),
        ]
        for _again in range(2):
            self.assertFalse(self.mine.grid_write(batch)["conflicts"])
        self.assertEqual(self._targets(self.otto), [6, 0, 0])

    def test_a_lock_meanwhile_keeps_one_cell_out_and_not_the_batch(self):
        self.theirs.grid_write([self._change(self.otto, 0, {"is_locked": False}, is_locked=True)])
        answer = self.mine.grid_write([
            self._change(self.otto, 0, {"target": 0, "is_locked": False}, target=150),
            self._change(self.sally, 0, {"target": 0, "is_locked": False}, target=7),
        ])
        self.assertTrue(answer["conflicts"][0]["now"]["is_locked"])
        self.assertEqual((self._targets(self.otto)[0], self._targets(self.sally)[0]), (0, 7))

    def test_an_adjustment_is_guarded_like_a_target(self):
        self.theirs.grid_write([self._change(self.otto, 0, {"adjustment": 0}, adjustment=3)])
        change = self._change(self.otto, 0, {"adjustment": 0}, adjustment=4)
        self.assertEqual(self.mine.grid_write([change])["conflicts"][0]["now"]["adjustment"], 3)
        # Nobody has touched the target.
        change = self._change(self.otto, 0, {"target": 0}, target=4)
        self.assertFalse(self.mine.grid_write([change])["conflicts"])

    def test_nothing_is_spread_that_is_not_what_was_shown(self):
        self.theirs.grid_write([self._change(self.top, 0, {"target": 0}, target=100)])
        answer = self.mine.grid_spread(self.top.id, [0, 1], "equal", before=[90, 0, 0])
        self.assertEqual([one["period_index"] for one in answer["conflicts"]], [0])
        self.assertFalse(answer["before"])
        self.assertEqual(self._targets(self.otto), [0, 0, 0])
        answer = self.mine.grid_spread(self.top.id, [0, 1], "equal", before=[100, 0, 0])
        self.assertFalse(answer["conflicts"])
        self.assertEqual(self._targets(self.otto), [50, 0, 0])

    def test_taking_a_spread_back_leaves_what_a_colleague_typed_since(self):
        self.theirs.grid_write([self._change(self.top, 0, {"target": 0}, target=100)])
        done = self.mine.grid_spread(self.top.id, [0], "equal")
        self.theirs.grid_write([self._change(self.otto, 0, {"target": 50}, target=60)])
        back = self.mine.grid_restore(done["before"], expected=done["after"])
        self.assertEqual([one["node_id"] for one in back["conflicts"]], self.otto.ids)
        self.assertEqual((self._targets(self.otto)[0], self._targets(self.sally)[0]), (60, 0))

    def test_a_wrong_before_is_refused(self):
        with self.assertRaises(UserError), self.cr.savepoint():
            self.mine.grid_write([self._change(self.otto, 0, {"target": "x"}, target=1)])
