import random
from datetime import date, timedelta

from odoo.tests import BaseCase

from odoo.addons.order_to_cash.algorithms.credit import (
    UNLIMITED,
    Excess,
    Exposure,
    Limit,
    Request,
    TemporaryLimit,
    effective_limit,
    limit_of,
    over_limit,
)
from odoo.addons.order_to_cash.algorithms.hold import Approval, covers


class TestExposure(BaseCase):
    def test_the_exposure_is_the_sum_of_the_components_without_the_overdue_part(self):
        exposure = Exposure(
            receivable=100.0,
            overdue=60.0,
            draft_invoiced=10.0,
            delivered_not_invoiced=20.0,
            ordered_not_delivered=5.0,
        )
        self.assertEqual(exposure.exposure, 135.0)

    def test_what_is_left_out_does_not_count(self):
        exposure = Exposure(100.0, 60.0, 10.0, 20.0, 5.0, frozenset({"receivable"}))
        self.assertEqual(exposure.exposure, 35.0)
        self.assertEqual(exposure.receivable, 100.0)


TODAY = date(2025, 6, 15)


def amount_limit(amount):
    return Limit("amount", amount)


class TestEffectiveLimit(BaseCase):
    def test_the_nearest_that_is_set_counts(self):
        own, rating = Limit("amount", 0.0, "own"), Limit("prepay", source="rating")
        for others, expected in [
            ((), UNLIMITED),
            ((None, None), UNLIMITED),
            ((own, rating), own),
            ((None, rating), rating),
            ((Limit("unlimited", source="own"), rating), Limit("unlimited", source="own")),
        ]:
            with self.subTest(others=others):
                self.assertEqual(effective_limit(None, others, TODAY), expected)

    def test_a_temporary_limit_counts_first_on_its_days(self):
        day = timedelta(days=1)
        own = Limit("amount", 50.0, "own")
        for start, end, holds in [
            (TODAY, TODAY, True),
            (None, TODAY, True),
            (TODAY - day, TODAY + day, True),
            (TODAY - day, TODAY - day, False),
            (TODAY + day, TODAY + day, False),
            (None, TODAY - day, False),
        ]:
            with self.subTest(start=start, end=end):
                found = effective_limit(TemporaryLimit(80.0, start, end), (own,), TODAY)
                self.assertEqual(found, Limit("amount", 80.0, "temporary") if holds else own)

    def test_only_an_amount_has_an_amount(self):
        self.assertIsNone(limit_of(None, 30.0, "own"))
        self.assertEqual(limit_of("amount", 30.0, "own"), Limit("amount", 30.0, "own"))
        self.assertEqual(limit_of("prepay", 30.0, "own"), Limit("prepay", 0.0, "own"))
        self.assertEqual(limit_of("unlimited", None, "own"), Limit("unlimited", 0.0, "own"))

    def test_what_is_left_and_used(self):
        for limit, exposure, left, used in [
            (UNLIMITED, 500.0, 0.0, 0.0),
            (amount_limit(200.0), 50.0, 150.0, 25.0),
            (amount_limit(200.0), 300.0, -100.0, 150.0),
            (amount_limit(0.0), 0.0, 0.0, 0.0),
            (amount_limit(0.0), 10.0, -10.0, 100.0),
            (Limit("prepay"), 10.0, -10.0, 100.0),
            (Limit("prepay"), -10.0, 10.0, 0.0),
        ]:
            with self.subTest(limit=limit, exposure=exposure):
                self.assertEqual(limit.left(exposure), left)
                self.assertEqual(limit.utilization(exposure), used)


class TestOverLimit(BaseCase):
    def test_single_requests(self):
        for exposure, limit, tolerance, amount, expected in [
            (0.0, None, 0.0, 1e9, None),
            (0.0, 0.0, 0.0, 0.01, Excess(0.0, 0.0, 0.01)),
            (0.0, 0.0, 0.0, 0.0, None),
            (50.0, 100.0, 0.0, 50.0, None),
            (50.0, 100.0, 0.0, 50.01, Excess(50.0, 100.0, 0.01)),
            (0.1 + 0.2, 0.4, 0.0, 0.1, None),
            (50.0, 100.0, 10.0, 60.0, None),
            (50.0, 100.0, 10.0, 60.01, Excess(50.0, 100.0, 10.01)),
            (150.0, 100.0, 0.0, -20.0, None),
            (-30.0, 0.0, 0.0, 30.0, None),
        ]:
            with self.subTest(exposure=exposure, limit=limit, amount=amount):
                found = over_limit(
                    [Request("order", "debtor", amount)],
                    {"debtor": exposure},
                    {} if limit is None else {"debtor": amount_limit(limit)},
                    tolerance_percent=tolerance,
                )
                self.assertEqual(found.get("order"), expected)

    def test_who_pays_in_advance_needs_a_payment_and_has_no_tolerance(self):
        for exposure, amount, paid, counted, expected in [
            (0.0, 100.0, 0.0, 0.0, Excess(0.0, 0.0, 100.0)),
            (0.0, 100.0, 99.99, 0.0, Excess(0.0, 0.0, 0.01)),
            (0.0, 100.0, 100.0, 0.0, None),
            (500.0, 100.0, 100.0, 0.0, None),
            (-60.0, 100.0, 60.0, 60.0, Excess(-60.0, 0.0, 40.0)),
            (-100.0, 100.0, 0.0, 0.0, None),
        ]:
            with self.subTest(exposure=exposure, amount=amount, paid=paid):
                found = over_limit(
                    [Request("order", "debtor", amount, paid, counted)],
                    {"debtor": exposure},
                    {"debtor": Limit("prepay")},
                    tolerance_percent=50.0,
                )
                self.assertEqual(found.get("order"), expected)

    def test_a_payment_lets_one_order_pass_and_no_other(self):
        # The payment of a is in the exposure already, as an unallocated payment.
        requests = [Request("a", "debtor", 100.0, 100.0, 100.0), Request("b", "debtor", 60.0)]
        found = over_limit(requests, {"debtor": -100.0}, {"debtor": amount_limit(50.0)})
        self.assertEqual(found, {"b": Excess(0.0, 50.0, 10.0)})

    def test_a_request_that_fits_counts_for_those_after_it(self):
        requests = [Request(key, "debtor", 60.0) for key in "abc"]
        found = over_limit(requests, {}, {"debtor": amount_limit(120.0)})
        self.assertEqual(set(found), {"c"})

    def test_a_request_over_the_limit_leaves_room_for_a_smaller_one(self):
        requests = [Request("big", "debtor", 130.0), Request("small", "debtor", 100.0)]
        found = over_limit(requests, {}, {"debtor": amount_limit(120.0)})
        self.assertEqual(set(found), {"big"})

    def test_a_request_refused_for_another_reason_takes_no_room(self):
        requests = [Request("a", "debtor", 100.0), Request("b", "debtor", 100.0)]
        found = over_limit(requests, {}, {"debtor": amount_limit(120.0)}, refused={"a"})
        self.assertEqual(found, {})

    def test_debtors_do_not_share_their_limits(self):
        requests = [Request("a", "one", 100.0), Request("b", "other", 100.0)]
        limits = {"one": amount_limit(100.0), "other": amount_limit(100.0)}
        self.assertEqual(over_limit(requests, {}, limits), {})

    def test_what_passes_never_exceeds_the_limit(self):
        rng = random.Random(19)
        for __ in range(300):
            limit = rng.randrange(0, 100_000) / 100
            tolerance = rng.choice([0.0, 5.0, 12.5])
            start = rng.randrange(-10_000, 50_000) / 100
            requests = [
                Request(key, "debtor", rng.randrange(-5_000, 40_000) / 100)
                for key in range(rng.randrange(12))
            ]
            found = over_limit(
                requests, {"debtor": start}, {"debtor": amount_limit(limit)}, tolerance_percent=tolerance
            )
            running = start
            for request in requests:
                if request.key in found:
                    self.assertGreater(
                        round(running + request.amount, 2), limit * (1 + tolerance / 100) - 0.005
                    )
                    self.assertAlmostEqual(
                        found[request.key].excess, running + request.amount - limit, 2
                    )
                    continue
                running += request.amount
                if request.amount > 0:
                    self.assertLessEqual(running, limit * (1 + tolerance / 100) + 0.005)


class TestApproval(BaseCase):
    def test_a_release_covers_up_to_its_amount_and_its_last_day(self):
        today = date(2026, 3, 1)
        for approval, amount, expected in [
            (Approval(100.0), 100.0, True),
            (Approval(100.0), 100.01, False),
            (Approval(0.3), 0.1 + 0.2, True),
            (Approval(100.0, date(2026, 3, 1)), 50.0, True),
            (Approval(100.0, date(2026, 2, 28)), 50.0, False),
        ]:
            with self.subTest(approval=approval, amount=amount):
                self.assertEqual(covers(approval, amount, today, digits=2), expected)
