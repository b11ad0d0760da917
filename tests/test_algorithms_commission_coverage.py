import random
from datetime import date
from itertools import permutations

from odoo.tests import BaseCase

from odoo.addons.order_to_cash.algorithms.commission.coverage import (
    Agreement,
    Claim,
    Coverage,
    Document,
    split_shares,
)

DAY = date(2025, 6, 15)
# World > Europe > Benelux
PARENTS = {53: 52, 52: 51, 51: None}
COMPANIES = frozenset({1})


def agreement(number, coverage, sequence=10, **values):
    return Agreement(number, sequence, coverage, **{
        "payee_id": 70 + number, "company_ids": COMPANIES, "date_from": DAY, **values,
    })


def document(**values):
    return Document("SO1", **{
        "company_id": 1, "date": DAY, "salesperson_id": 71, "partner_id": 80, "contact_id": 81,
        "region_id": 53, "team_id": 60, **values,
    })


def ids(agreements, **values):
    return [found.id for found in Coverage(agreements, PARENTS).of(document(**values))]


class TestCommissionCoverage(BaseCase):
    """Whose agreement covers a document."""

    def test_the_order_of_precedence_does_not_depend_on_that_of_the_input(self):
        agreements = [
            agreement(1, "salesperson"),
            agreement(2, "customers", partner_ids=frozenset({80})),
            agreement(3, "region", region_id=52),
            agreement(4, "region", region_id=53),
            agreement(5, "all"),
            agreement(6, "team", team_id=60),
        ]
        for order in permutations(agreements):
            self.assertEqual(ids(order), [2, 4, 3, 6, 1, 5])

    def test_sequence_then_id_within_a_kind(self):
        agreements = [agreement(3, "all"), agreement(2, "all", 20), agreement(1, "all", 20)]
        self.assertEqual(ids(agreements), [3, 1, 2])
        by_customer = [
            agreement(1, "customers", 20, partner_ids=frozenset({81})),
            agreement(2, "customers", 10, partner_ids=frozenset({80, 81})),
        ]
        self.assertEqual(ids(by_customer), [2, 1])

    def test_customers_and_their_contacts(self):
        of_company = [agreement(1, "customers", partner_ids=frozenset({80}))]
        of_contact = [agreement(1, "customers", partner_ids=frozenset({81}))]
        self.assertEqual(ids(of_company), [1])
        self.assertEqual(ids(of_contact), [1])
        self.assertEqual(ids(of_contact, contact_id=82), [])

    def test_regions_with_those_below_them(self):
        world = [agreement(1, "region", region_id=51)]
        benelux = [agreement(1, "region", region_id=53)]
        self.assertEqual(ids(world), [1])
        self.assertEqual(ids(world, region_id=None), [])
        self.assertEqual(ids(benelux, region_id=52), [])

    def test_dates_are_inclusive_and_companies_their_own(self):
        agreements = [agreement(1, "all", date_to=date(2025, 6, 30))]
        for day, found in (
            (date(2025, 6, 14), []), (DAY, [1]), (date(2025, 6, 30), [1]), (date(2025, 7, 1), []),
        ):
            with self.subTest(day):
                self.assertEqual(ids(agreements, date=day), found)
        self.assertEqual(ids(agreements, company_id=2), [])

    def test_documents_without_salesperson_or_team(self):
        agreements = [agreement(1, "salesperson"), agreement(2, "team", team_id=60), agreement(3, "team")]
        self.assertEqual(ids(agreements, salesperson_id=None, team_id=None), [])

    def test_a_loop_of_regions_ends(self):
        coverage = Coverage([agreement(1, "region", region_id=2)], {1: 2, 2: 1})
        self.assertEqual(len(coverage.of(document(region_id=1))), 1)


class TestCommissionShares(BaseCase):
    """How claims share a line."""

    def _split(self, *claims):
        return [
            (split.key, split.share, split.is_cut)
            for split in split_shares([Claim(number, *claim) for number, claim in enumerate(claims, 1)])
        ]

    def test_shared_claims_get_what_is_left(self):
        for claims, splits in (
            ([], []),
            ([(60,)], [(1, 60, False)]),
            ([(60,), (40,)], [(1, 60, False), (2, 40, False)]),
            ([(60,), (60,), (10,)], [(1, 60, False), (2, 40, True)]),
            ([(100,), (50, "overlay"), (1,)], [(1, 100, False), (2, 50, False)]),
            ([(33.33,), (33.33,), (33.34,)], [(1, 33.33, False), (2, 33.33, False), (3, 33.34, False)]),
            ([(33.4,), (33.3,), (33.3,)], [(1, 33.4, False), (2, 33.3, False), (3, 33.3, False)]),
        ):
            with self.subTest(claims):
                self.assertEqual(self._split(*claims), splits)

    def test_no_more_than_the_whole_is_shared(self):
        rng = random.Random(9)
        for _turn in range(500):
            claims = [
                Claim(number, rng.randrange(1, 10001) / 100, rng.choice(["shared", "overlay"]))
                for number in range(rng.randrange(8))
            ]
            splits = {split.key: split for split in split_shares(claims)}
            shared = [claim for claim in claims if claim.mode == "shared"]
            given = sum(splits[claim.key].share for claim in shared if claim.key in splits)
            self.assertAlmostEqual(given, min(100, sum(claim.share for claim in shared)), 6)
            for claim in claims:
                if claim.mode == "overlay":
                    split = splits[claim.key]
                    self.assertEqual((split.share, split.is_cut), (claim.share, False))
                elif claim.key in splits:
                    self.assertLessEqual(splits[claim.key].share, claim.share)
