from datetime import date
from random import Random

from odoo.tests import BaseCase

from odoo.addons.order_to_cash.algorithms.dunning import OpenItem
from odoo.addons.order_to_cash.algorithms.dunning_stops import Stop, apply


def cents(amount):
    return round(amount, 2)


def item(key, residual, company=None, currency=1, **values):
    return OpenItem(
        key=key,
        customer=7,
        currency=currency,
        due=date(2025, 1, key),
        residual=residual,
        residual_company=residual if company is None else company,
        books=residual,
        **values,
    )


class TestDunningStops(BaseCase):
    def _apply(self, items, stops):
        return apply(items, stops, {1: cents, 2: cents}, cents)

    def test_nothing_stops_nothing(self):
        items = [item(1, 100.0), item(2, -30.0)]
        self.assertEqual(self._apply(items, []), (items, []))

    def test_a_stop_takes_its_amount_in_the_order_of_its_items(self):
        items, parts = self._apply(
            [item(1, 100.0), item(2, 50.0)], [Stop("promised", (1, 2), 120.0)]
        )
        self.assertEqual([(left.key, left.residual, left.books) for left in items], [(2, 30, 30)])
        self.assertEqual([(part.item.key, part.amount) for part in parts], [(1, 100), (2, 20)])

    def test_stops_share_what_is_left(self):
        items, parts = self._apply(
            [item(1, 100.0)],
            [Stop("disputed", (1,), 40.0), Stop("promised", (1,), 90.0), Stop("blocked", (1,))],
        )
        self.assertFalse(items)
        self.assertEqual(
            [(part.kind, part.amount) for part in parts], [("disputed", 40), ("promised", 60)]
        )

    def test_credits_stay_unless_they_are_taken_out_whole(self):
        credit = item(2, -30.0)
        refund = item(3, 20.0, is_claim=False)
        items, parts = self._apply([credit, refund], [Stop("promised", (2, 3), 90.0)])
        self.assertEqual((items, parts), ([credit, refund], []))
        self.assertEqual(self._apply([credit, refund], [Stop("blocked", (2,))]), ([refund], []))

    def test_an_amount_in_another_currency(self):
        # 30 units that are worth 2 of the company's each are 120 of those worth a half.
        items, parts = self._apply(
            [item(1, 200.0, 100.0, currency=2)],
            [Stop("promised", (1,), 30.0, currency=1, rate=2.0)],
        )
        self.assertEqual((parts[0].amount, parts[0].amount_company), (120, 60))
        self.assertEqual((items[0].residual, items[0].residual_company), (80, 40))

    def test_parts_and_claim_add_up(self):
        random = Random(5)
        for _round in range(300):
            items = [
                item(
                    key,
                    cents(random.uniform(-200, 500)),
                    cents(random.uniform(1, 900)),
                    currency=random.choice((1, 2)),
                )
                for key in range(1, 9)
            ]
            stops = [
                Stop(
                    random.choice(("disputed", "promised", "blocked")),
                    tuple(random.sample(range(1, 12), 4)),
                    random.choice((None, cents(random.uniform(0, 600)))),
                    currency=random.choice((None, 1, 2)),
                    rate=random.choice((0.5, 1.0, 3.0)),
                )
                for _stop in range(5)
            ]
            left, parts = self._apply(items, stops)
            left = {remaining.key: remaining for remaining in left}
            for whole in items:
                mine = [part for part in parts if part.item.key == whole.key]
                if whole.residual <= 0:
                    self.assertFalse(mine)
                    continue
                rest = left.get(whole.key)
                self.assertTrue(all(part.amount > 0 for part in mine))
                self.assertAlmostEqual(
                    sum(part.amount for part in mine) + (rest.residual if rest else 0.0),
                    whole.residual,
                    6,
                )
                self.assertAlmostEqual(
                    sum(part.amount_company for part in mine)
                    + (rest.residual_company if rest else 0.0),
                    whole.residual_company,
                    6,
                )
