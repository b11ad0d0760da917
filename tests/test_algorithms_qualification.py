import random
from datetime import date, timedelta

from odoo.tests import BaseCase

from odoo.addons.order_to_cash.algorithms import qualification
from odoo.addons.order_to_cash.algorithms.qualification import Document

TODAY = date(2025, 6, 15)


def in_days(days):
    return TODAY + timedelta(days=days)


class TestDocumentState(BaseCase):
    def test_table(self):
        for days, warn_days, is_complete, expected in [
            (None, 30, True, "valid"),  # never expires
            (-1, 30, True, "expired"),
            (0, 30, True, "expiring"),  # the last day
            (0, 0, True, "expiring"),
            (1, 0, True, "valid"),
            (30, 30, True, "expiring"),
            (31, 30, True, "valid"),
            (None, 30, False, "missing"),
            (100, 30, False, "missing"),
            (-1, 30, False, "missing"),
        ]:
            with self.subTest(days=days, warn_days=warn_days, is_complete=is_complete):
                expires_on = None if days is None else in_days(days)
                document = Document(1, "licence", expires_on, warn_days, is_complete)
                self.assertEqual(qualification.document_state(document, TODAY), expected)

    def test_a_document_only_ever_gets_worse(self):
        rng = random.Random(3)
        for __ in range(200):
            document = Document(1, "licence", in_days(rng.randrange(-50, 200)), rng.randrange(60))
            states = [
                qualification.STATES.index(
                    qualification.document_state(document, in_days(day))
                )
                for day in range(-100, 250, 7)
            ]
            self.assertEqual(states, sorted(states))


class TestCustomerState(BaseCase):
    def test_the_best_document_of_a_kind_counts(self):
        documents = [
            Document(1, "licence", in_days(-10), 30),
            Document(2, "licence", in_days(400), 30),
            Document(3, "tax", in_days(5), 30),
            Document(4, "other", in_days(-5), 30),
        ]
        self.assertEqual(
            qualification.states_by_kind(["licence", "tax", "bank"], documents, TODAY),
            {"licence": "valid", "tax": "expiring", "bank": "missing"},
        )

    def test_worst(self):
        for states, expected in [
            ([], None),
            (["valid"], "valid"),
            (["valid", "expiring"], "expiring"),
            (["expired", "expiring"], "expired"),
            (["expired", "missing", "valid"], "missing"),
        ]:
            with self.subTest(states=states):
                self.assertEqual(qualification.worst(states), expected)

    def test_another_document_never_makes_it_worse(self):
        rng = random.Random(4)

        def any_document(key):
            days = rng.choice([None, rng.randrange(-50, 100)])
            return Document(
                key,
                rng.choice("abc"),
                None if days is None else in_days(days),
                rng.randrange(40),
                rng.random() > 0.2,
            )

        for __ in range(300):
            documents = [any_document(key) for key in range(rng.randrange(6))]
            before = qualification.states_by_kind("ab", documents, TODAY)
            after = qualification.states_by_kind("ab", [*documents, any_document(99)], TODAY)
            for kind in "ab":
                self.assertLessEqual(
                    qualification.STATES.index(after[kind]),
                    qualification.STATES.index(before[kind]),
                )


class TestSuperseded(BaseCase):
    def test_a_longer_lived_document_of_the_same_kind_replaces_a_shorter_lived_one(self):
        documents = [
            Document(1, "licence", in_days(10)),
            Document(2, "licence", in_days(300)),
            Document(3, "tax", in_days(10)),
            Document(4, "bank", in_days(10)),
            Document(5, "bank", None),
        ]
        self.assertEqual(qualification.superseded(documents), {1, 4})

    def test_one_without_its_file_replaces_nothing(self):
        documents = [
            Document(1, "bank", in_days(10)),
            Document(2, "bank", in_days(300), is_complete=False),
        ]
        self.assertEqual(qualification.superseded(documents), set())

    def test_equals_do_not_replace_each_other(self):
        documents = [Document(1, "bank", in_days(10)), Document(2, "bank", in_days(10))]
        self.assertEqual(qualification.superseded(documents), set())
