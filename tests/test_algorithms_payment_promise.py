from datetime import date, timedelta
from random import Random

from odoo.tests import BaseCase

from odoo.addons.order_to_cash.algorithms.payment_promise import Payment, Promise, evaluate

MADE = date(2025, 3, 1)
DAY = date(2025, 3, 20)


def cents(amount):
    return round(amount, 2)


def promise(key=1, amount=100.0, day=DAY, **values):
    return Promise(
        **{
            "key": key, "customer": 7, "amount": amount, "currency": 1, "made_on": MADE,
            "date": day, **values,
        }
    )


def payment(amount, day=DAY, **values):
    return Payment(
        **{
            "date": day, "customers": (7,), "company": 1, "amount": amount, "currency": 1,
            "amount_company": amount, "document": 5, "partial": 10, **values,
        }
    )


class TestPaymentPromise(BaseCase):
    def _states(self, promises, payments, today):
        outcomes = evaluate(promises, payments, today, {1: cents, 2: cents})
        return [
            (outcomes[one.key].state, outcomes[one.key].in_time, outcomes[one.key].paid)
            for one in promises
        ]

    def test_open_until_its_day_and_broken_the_day_after(self):
        for today, state in [(MADE, "open"), (DAY, "open"), (DAY + timedelta(1), "broken")]:
            self.assertEqual(self._states([promise()], [], today), [(state, 0, 0)])

    def test_what_comes_on_the_day_is_in_time_and_the_day_after_late(self):
        late = DAY + timedelta(1)
        self.assertEqual(self._states([promise()], [payment(100.0)], late), [("kept", 100, 100)])
        self.assertEqual(
            self._states([promise()], [payment(100.0, late)], late), [("broken", 0, 100)]
        )
        self.assertEqual(
            self._states([promise()], [payment(60.0), payment(40.0, late)], late),
            [("broken", 60, 100)],
        )

    def test_later_payments_are_not_known_yet(self):
        self.assertEqual(self._states([promise()], [payment(100.0)], MADE), [("open", 0, 0)])

    def test_only_what_belongs_to_it_counts(self):
        for values, counts in [
            ({"documents": frozenset({5})}, True),
            ({"documents": frozenset({6})}, False),
            ({"companies": frozenset({1, 2})}, True),
            ({"companies": frozenset({2})}, False),
            ({"customer": 8}, False),
        ]:
            with self.subTest(values):
                states = self._states([promise(**values)], [payment(100.0)], DAY)
                self.assertEqual(states[0][0], "kept" if counts else "open")

    def test_what_the_books_knew_before_does_not_count(self):
        for values, paid, counts in [
            ({"after_partial": 10}, {"day": MADE}, False),
            ({"after_partial": 9}, {"day": MADE - timedelta(9)}, True),
            ({"after_partial": 10}, {"day": MADE + timedelta(1)}, True),
            ({"after_line": 4}, {"day": MADE, "partial": 0, "line": 4}, False),
            ({"after_line": 3}, {"day": MADE, "partial": 0, "line": 4}, True),
        ]:
            with self.subTest((values, paid)):
                states = self._states([promise(**values)], [payment(100.0, **paid)], DAY)
                self.assertEqual(states[0][0], "kept" if counts else "open")

    def test_the_payer_keeps_what_he_promised_for_others(self):
        self.assertEqual(
            self._states([promise()], [payment(100.0, customers=(9, 7))], DAY)[0][0], "kept"
        )

    def test_a_payment_counts_once(self):
        first, second = promise(1, 50.0, date(2025, 3, 10)), promise(2, 50.0)
        self.assertEqual(
            self._states([second, first], [payment(70.0, date(2025, 3, 9))], DAY),
            [("open", 20, 20), ("kept", 50, 50)],
        )
        # What comes late for the first is in time for the second.
        self.assertEqual(
            self._states([first, second], [payment(70.0, date(2025, 3, 15))], DAY),
            [("broken", 0, 20), ("kept", 50, 50)],
        )

    def test_another_currency_goes_by_its_worth(self):
        self.assertEqual(
            self._states(
                [promise(amount=30.0, currency=2, rate=2.0)], [payment(60.0)], DAY
            ),
            [("kept", 30, 30)],
        )

    def test_no_more_is_counted_than_was_paid_or_promised(self):
        random = Random(11)
        for _round in range(300):
            promises = [
                promise(
                    key,
                    cents(random.uniform(1, 300)),
                    MADE + timedelta(random.randint(0, 40)),
                    documents=frozenset(random.sample(range(4), random.randint(0, 3))),
                )
                for key in range(1, 6)
            ]
            payments = [
                payment(
                    cents(random.uniform(1, 200)),
                    MADE + timedelta(random.randint(1, 50)),
                    document=random.choice((0, 1, 2, 3, None)),
                )
                for _payment in range(6)
            ]
            states = self._states(promises, payments, MADE + timedelta(60))
            for one, (state, in_time, paid) in zip(promises, states, strict=True):
                self.assertLessEqual(paid, one.amount)
                self.assertLessEqual(in_time, paid)
                self.assertEqual(state, "kept" if in_time >= one.amount else "broken")
            self.assertLessEqual(
                sum(paid for _state, _in_time, paid in states),
                sum(one.amount for one in payments) + 0.05,
            )
