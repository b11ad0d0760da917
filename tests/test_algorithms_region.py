import random

from odoo.tests import BaseCase

from odoo.addons.order_to_cash.algorithms.region import Region, best_region


def region(key, depth=0, sequence=10, countries=(), states=()):
    return Region(key, depth, sequence, frozenset(countries), frozenset(states))


class TestBestRegion(BaseCase):
    def test_table(self):
        world = [
            region(1, countries=[100, 200]),
            region(2, depth=1, countries=[100]),
            region(3, depth=1, states=[11, 12]),
            region(4, depth=2, states=[12]),
        ]
        for country, state, expected in [
            (None, None, None),
            (300, None, None),
            (300, 31, None),
            (200, None, 1),  # country, the only one
            (100, None, 2),  # country, the deeper one
            (100, 13, 2),  # a state nobody names: by country
            (100, 11, 3),  # the state beats the country
            (100, 12, 4),  # the state, the deeper one
            (None, 11, 3),  # a state without its country
        ]:
            with self.subTest(country=country, state=state):
                self.assertEqual(best_region(world, country, state), expected)

    def test_a_shallow_region_naming_the_state_beats_a_deep_one_naming_the_country(self):
        regions = [region(1, depth=5, countries=[100]), region(2, depth=0, states=[11])]
        self.assertEqual(best_region(regions, 100, 11), 2)

    def test_ties_go_to_the_lower_sequence_then_the_older_region(self):
        regions = [region(7, sequence=20, states=[1]), region(9, sequence=10, states=[1])]
        self.assertEqual(best_region(regions, None, 1), 9)
        regions = [region(9, states=[1]), region(7, states=[1])]
        self.assertEqual(best_region(regions, None, 1), 7)

    def test_the_order_of_the_regions_does_not_matter(self):
        rng = random.Random(20)
        for __ in range(300):
            regions = [
                region(
                    key,
                    depth=rng.randrange(4),
                    sequence=rng.randrange(3),
                    countries=rng.sample(range(1, 5), rng.randrange(3)),
                    states=rng.sample(range(10, 20), rng.randrange(4)),
                )
                for key in range(1, 12)
            ]
            country, state = rng.choice([None, 1, 2, 3, 4]), rng.choice([None, *range(10, 20)])
            found = best_region(regions, country, state)
            shuffled = rng.sample(regions, len(regions))
            self.assertEqual(best_region(shuffled, country, state), found)
            by_key = {r.key: r for r in regions}
            covering = [r for r in regions if country in r.countries or state in r.states]
            self.assertEqual(found is None, not covering)
            if any(state in r.states for r in regions):
                self.assertIn(state, by_key[found].states)
