import random

from odoo.tests import BaseCase

from odoo.addons.order_to_cash.algorithms.commission.returns import Goods, taken_back


def _quantities(found):
    return {key: gone.quantity for key, gone in found.items()}


class TestCommissionReturns(BaseCase):
    """How much of deliveries came back or was credited."""

    def test_table(self):
        for goods, invoiced, credited, expected in (
            ([], 0, 4, {}),
            ([("a", 10)], 0, 0, {"a": 0}),
            ([("a", 10), ("r", -4)], 0, 0, {"a": 4}),
            ([("a", 6), ("b", 4), ("r", -5)], 0, 0, {"a": 1, "b": 4}),
            ([("a", 6), ("b", 4), ("r", -5, "a")], 0, 0, {"a": 5, "b": 0}),
            # More than went out with it.
            ([("a", 6), ("b", 4), ("r", -7, "a")], 0, 0, {"a": 6, "b": 1}),
            ([("a", 6), ("r", -9)], 0, 0, {"a": 6}),
            # What leaves later did not come back before, unless more came back than had left.
            ([("a", 6), ("r", -5), ("b", 4)], 0, 0, {"a": 5, "b": 0}),
            ([("a", 6), ("r", -9), ("b", 4)], 0, 0, {"a": 6, "b": 3}),
            ([("r", -5), ("a", 6)], 0, 0, {"a": 5}),
            ([("r", -9), ("a", 6)], 0, 0, {"a": 6}),
            # Taken back already when its own return comes.
            ([("a", 6), ("b", 4), ("r", -2), ("s", -4, "b")], 0, 0, {"a": 2, "b": 4}),
            ([("a", 10)], 10, 4, {"a": 4}),
            ([("a", 10), ("r", -4)], 10, 4, {"a": 4}),
            ([("a", 10), ("r", -4)], 10, 6, {"a": 6}),
            ([("a", 6), ("b", 4), ("r", -4, "a")], 10, 6, {"a": 4, "b": 2}),
            ([("a", 10)], 10, 40, {"a": 10}),
            # Replaced goods did not come back.
            ([("a", 10), ("r", -3, "a"), ("b", 3, "r")], 10, 2, {"a": 3, "b": 2}),
            ([("a", 10), ("r", -3, "a"), ("b", 1, "r")], 10, 2, {"a": 3, "b": 0}),
            ([("a", 10), ("r", -3, "a"), ("b", 3, "r")], 10, 0, {"a": 3, "b": 0}),
            # Credited, but never delivered.
            ([("a", 8)], 20, 12, {"a": 0}),
            ([("a", 8)], 20, 13, {"a": 1}),
            ([("a", 8)], 0, 3, {"a": 3}),
        ):
            found = taken_back([Goods(*one) for one in goods], invoiced, credited)
            self.assertEqual(_quantities(found), expected, (goods, invoiced, credited))

    def test_which_return_brought_what(self):
        for goods, brought, replaced in (
            ([("a", 10), ("r", -4), ("s", -2)], {"a": {"r": 4, "s": 2}}, {"a": 0}),
            ([("a", 6), ("b", 4), ("r", -5), ("s", -1, "b")], {"a": {"r": 1, "s": 1}, "b": {"r": 4}}, {}),
            ([("a", 6), ("r", -9)], {"a": {"r": 6}}, {"a": 0}),
            ([("a", 10), ("r", -3, "a"), ("b", 2, "r")], {"a": {"r": 3}, "b": {}}, {"a": 2, "b": 0}),
            ([("a", 10), ("r", -3, "a"), ("b", 9, "r")], {"a": {"r": 3}, "b": {}}, {"a": 3, "b": 0}),
            ([("a", 6), ("b", 4), ("r", -5), ("c", 5, "r")], {}, {"a": 1, "b": 4, "c": 0}),
            # Replaced, returned again and replaced again.
            (
                [("a", 5), ("r", -5, "a"), ("b", 5, "r"), ("s", -5, "b"), ("c", 5, "s")],
                {"a": {"r": 5}, "b": {"s": 5}, "c": {}}, {"a": 5, "b": 5, "c": 0},
            ),
        ):
            found = taken_back([Goods(*one) for one in goods], 0, 0)
            for key, by in brought.items():
                self.assertEqual(found[key].by, by, (goods, key))
            for key, quantity in replaced.items():
                self.assertEqual(found[key].replaced, quantity, (goods, key))

    def test_random(self):
        rng = random.Random(7)
        for __ in range(500):
            goods, keys = [], []
            for number in range(rng.randrange(1, 8)):
                if rng.random() < 0.5:
                    keys.append(number)
                    goods.append(Goods(number, rng.randrange(1, 12)))
                else:
                    goods.append(Goods(number, -rng.randrange(1, 12), rng.choice([None, *keys])))
            delivered = {one.key: one.quantity for one in goods if one.quantity > 0}
            returned = _quantities(taken_back(goods))
            credited = rng.randrange(20)
            found = _quantities(taken_back(goods, sum(delivered.values()), credited))
            self.assertEqual(found.keys(), delivered.keys())
            for key, quantity in found.items():
                self.assertLessEqual(returned[key], quantity)
                self.assertLessEqual(quantity, delivered[key])
            most = min(credited, sum(delivered.values()))
            self.assertEqual(sum(found.values()), max(sum(returned.values()), most))
