import random

from odoo.tests import BaseCase

from odoo.addons.order_to_cash.algorithms.dunning_relevel import Line, climbing, highest

# The lines as (height, climbs, is overdue), the proposed height, the chosen one, who climbs.
CASES = [
    ([(0, True, True)], 1, 1, {0}),
    ([(1, True, True)], 2, 1, set()),
    ([(1, True, True), (0, True, True)], 2, 1, {1}),
    ([(2, False, True), (0, True, True)], 1, 2, {1}),
    ([(2, False, True), (0, True, True)], 1, 3, {0, 1}),
    ([(2, False, True), (2, False, False)], 1, 3, {0}),
    ([(0, True, False)], 1, 1, {0}),
]


class TestRelevel(BaseCase):
    def test_cases(self):
        for lines, proposed, chosen, expected in CASES:
            with self.subTest(lines=lines, chosen=chosen):
                lines = [Line(key, *line) for key, line in enumerate(lines)]
                self.assertEqual(climbing(lines, proposed, chosen), expected)

    def test_a_level_is_never_skipped(self):
        lines = [Line(1, 0, True), Line(2, 1, False)]
        self.assertEqual(highest(lines, 1), 2)
        for chosen in (-1, 0, 3):
            with self.assertRaises(ValueError):
                climbing(lines, 1, chosen)

    def test_what_is_not_overdue_does_not_raise_the_letter(self):
        self.assertEqual(highest([Line(1, 0, True), Line(2, 3, False, is_overdue=False)], 1), 1)

    def test_random_notices(self):
        picker = random.Random(5)
        for _turn in range(500):
            lines = [
                Line(key, picker.randrange(4), picker.random() < 0.5, picker.random() < 0.8)
                for key in range(picker.randrange(1, 8))
            ]
            proposed = max((line.height + 1 for line in lines if line.climbs), default=1)
            as_proposed = {line.key for line in lines if line.climbs}
            self.assertEqual(climbing(lines, proposed, proposed), as_proposed)
            before = set()
            for chosen in range(1, highest(lines, proposed) + 1):
                keys = climbing(lines, proposed, chosen)
                if chosen <= proposed:
                    self.assertLessEqual(before, keys)
                self.assertLessEqual(as_proposed if chosen > proposed else set(), keys)
                self.assertTrue(all(line.height < chosen for line in lines if line.key in keys))
                before = keys
