import random
from decimal import Decimal

from odoo.tests import BaseCase

from odoo.addons.order_to_cash.algorithms.commission import pricing, refunds
from odoo.addons.order_to_cash.algorithms.commission.tiers import Band

CENT = pricing.Money(0.01, 0.01, 0.01)
BANDS = tuple(Band(*map(Decimal, band)) for band in ((0, 100, 5), (100, 1000, 10), (1000, 0, 20)))


def terms(method="rate", rate=10.0, **values):
    return pricing.Terms(1, values.pop("base", "untaxed"), method, rate, **values)


def claim(key=1, base=100.0, share=100.0, owner=1, line=None, **values):
    return pricing.Claim(
        key=key,
        line=line or key,
        document=values.pop("document", "doc"),
        owner=owner,
        terms=values.pop("terms", terms()),
        share=share,
        is_shared=values.pop("is_shared", True),
        base=base,
        base_company=values.pop("base_company", base),
        quantity=values.pop("quantity", 1.0),
        money=values.pop("money", CENT),
        period=values.pop("period", None),
    )


def amounts(claims, tallies=None):
    return [earning.amounts.document for earning in pricing.price(claims, tallies)]


class TestPricing(BaseCase):
    """What lines earn, and whom."""

    def test_half_a_cent_goes_up_exactly(self):
        self.assertEqual(amounts([claim(base=1.15)]), [0.12])
        self.assertEqual(amounts([claim(base=-1.15)]), [-0.12])

    def test_shares_add_up_to_the_whole(self):
        parts = [claim(key=n, line="line", base=100.01, share=share, owner=n)
                 for n, share in enumerate((33.33, 33.33, 33.34))]
        self.assertAlmostEqual(sum(amounts(parts)), 10.00)

    def test_the_house_keeps_the_rest(self):
        parts = [claim(key=n, line="line", base=0.5, share=50.0, owner=n) for n in (1, 2)]
        self.assertEqual(sum(amounts(parts)), 0.05)
        self.assertEqual(amounts([claim(base=100.0, share=25.0)]), [2.5])

    def test_an_overlay_is_on_top(self):
        parts = [claim(key=1, line="line"), claim(key=2, line="line", owner=2, is_shared=False, share=50.0)]
        self.assertEqual(amounts(parts), [10.0, 5.0])

    def test_fixed_amounts_are_a_unit(self):
        fixed = terms("fixed", fixed_amount=2.5)
        money = pricing.Money(1.0, 0.01, 0.01, rate=150.0, payee_like="company")
        found = pricing.price([claim(terms=fixed, quantity=3.0, money=money)])
        self.assertEqual((found[0].amounts.document, found[0].amounts.company), (1125.0, 7.5))

    def test_tiers_of_a_line_at_their_edges(self):
        marginal = terms("tier", bands=BANDS)
        retro = terms("tier", bands=BANDS, tier_mode="retroactive")
        for base, at_margin, at_reached in (
            (99.99, 5.00, 5.00), (100.0, 5.0, 10.0), (999.99, 95.0, 100.0), (1000.0, 95.0, 200.0),
        ):
            self.assertEqual(amounts([claim(base=base, terms=marginal)]), [at_margin], base)
            self.assertEqual(amounts([claim(base=base, terms=retro)]), [at_reached], base)

    def test_tiers_of_a_document_are_entered_together(self):
        together = terms("tier", bands=BANDS, tier_scope="document", tier_mode="retroactive")
        lines = [claim(key=n, base=50.0, terms=together) for n in range(3)]
        self.assertEqual(amounts(lines), [5.0, 5.0, 5.0])
        apart = [claim(key=n, base=50.0, terms=together, document=n) for n in range(3)]
        self.assertEqual(amounts(apart), [2.5, 2.5, 2.5])

    def test_lines_add_up_to_their_document(self):
        draw = random.Random(3)
        for __ in range(200):
            mode = draw.choice(("marginal", "retroactive"))
            together = terms("tier", bands=BANDS, tier_scope="document", tier_mode=mode)
            bases = [draw.randint(-3000, 20000) / 100 for __ in range(draw.randint(1, 6))]
            share = draw.choice((100.0, 50.0, 33.33))
            whole = together.total(sum(map(pricing.decimal, bases))) * pricing.decimal(share) / 100
            for is_shared in (True, False):
                lines = [
                    claim(key=key, base=base, share=share, terms=together, is_shared=is_shared)
                    for key, base in enumerate(bases)
                ]
                units = sum(pricing.to_units(pricing.decimal(part), 0.01) for part in amounts(lines))
                self.assertEqual(units, pricing.to_units(whole, 0.01), (bases, share, mode))

    def test_payees_add_up_to_the_parts_of_a_document(self):
        together = terms("tier", bands=BANDS, tier_scope="document")
        lines = [
            claim(key=(line, owner), line=line, base=50.0, share=share, owner=owner, terms=together)
            for line in range(3) for owner, share in enumerate((33.33, 66.67))
        ]
        # 100 at 5 %, 50 at 10 %.
        self.assertEqual(round(sum(amounts(lines)), 2), 10.0)

    def test_a_tier_that_is_reached_lifts_earlier_sales(self):
        year = terms("tier", bands=BANDS, tier_scope="year", tier_mode="retroactive")
        tallies = {}
        first, second = (
            pricing.price([claim(key=key, base=60.0, terms=year, period="2025")], tallies)[0]
            for key in (1, 2)
        )
        self.assertEqual((first.amounts.company, first.jump), (3.0, None))
        self.assertEqual((second.amounts.company, second.jump.company), (6.0, 3.0))

    def test_tallies_do_not_ask_for_the_order_of_events(self):
        draw = random.Random(7)
        for __ in range(200):
            mode = draw.choice(("marginal", "retroactive"))
            running = terms("tier", bands=BANDS, tier_scope="period", tier_mode=mode)
            bases = [round(draw.uniform(-300, 600), 2) for __ in range(draw.randint(1, 8))]
            totals = set()
            for __ in range(4):
                draw.shuffle(bases)
                tallies = {}
                found = pricing.price(
                    [claim(key=n, base=base, terms=running, share=40.0, period=1)
                     for n, base in enumerate(bases)],
                    tallies,
                )
                totals.add(round(sum(
                    earning.amounts.company + (earning.jump.company if earning.jump else 0)
                    for earning in found
                ), 2))
            self.assertEqual(len(totals), 1)
            base = sum(Decimal(str(base)) for base in bases) * 40 / 100
            expected = pricing.to_units(running.total(base), 0.01) / 100
            self.assertAlmostEqual(totals.pop(), expected)

    def test_parts_that_are_paid_add_up(self):
        draw = random.Random(3)
        for __ in range(300):
            whole = draw.randint(1, 100000)
            amount = draw.randint(-5000, 5000) / 100
            paid = before = 0
            released = Decimal(0)
            while paid < whole:
                paid += draw.randint(1, whole)
                due = pricing.due(amount, paid, whole, 0.01)
                released += pricing.decimal(due) - pricing.decimal(before)
                before = due
            self.assertEqual(float(released), amount)

    def test_payees_in_another_currency(self):
        money = pricing.Money(0.01, 0.01, 1.0, rate=2.0, payee_rate=100.0, payee_like=None)
        found = pricing.price([claim(base=100.0, base_company=50.0, money=money)])[0]
        self.assertEqual(found.amounts, pricing.Amounts(10.0, 5.0, 500.0))


class TestRefunds(BaseCase):
    """Which line a credit note takes back."""

    def test_the_line_of_the_same_order_then_of_the_same_product(self):
        invoiced = [refunds.Line(1, 10, "rope", 5.0, 50.0), refunds.Line(2, 11, "rope", 6.0, 60.0)]
        credited = [
            refunds.Line("a", 11, "rope", 6.0, 60.0),
            refunds.Line("b", None, "rope", 5.0, 5.0),
            refunds.Line("c", None, "anchor", 5.0, 5.0),
        ]
        self.assertEqual(refunds.match(credited, invoiced), {"a": 2, "b": 1, "c": None})

    def test_two_credits_take_two_lines(self):
        invoiced = [refunds.Line(1, None, "rope", 5.0, 50.0), refunds.Line(2, None, "rope", 5.0, 50.0)]
        credited = [refunds.Line("a", None, "rope", 5.0, 50.0), refunds.Line("b", None, "rope", 5.0, 50.0)]
        self.assertEqual(refunds.match(credited, invoiced), {"a": 1, "b": 2})

    def test_what_was_credited_before_is_gone(self):
        invoiced = [
            refunds.Line(1, None, "rope", 5.0, 50.0, credited=50.0),
            refunds.Line(2, None, "rope", 5.0, 50.0, credited=20.0),
        ]
        self.assertEqual(refunds.match([refunds.Line("a", None, "rope", 5.0, 30.0)], invoiced), {"a": 2})

    def test_discounts_take_back_discounts(self):
        invoiced = [refunds.Line(1, None, None, 10.0, -10.0), refunds.Line(2, None, None, 100.0, 100.0)]
        credited = [refunds.Line("a", None, None, 10.0, -10.0), refunds.Line("b", None, None, 50.0, 50.0)]
        self.assertEqual(refunds.match(credited, invoiced), {"a": 1, "b": 2})

    def test_more_than_any_line_takes_several(self):
        invoiced = [
            refunds.Line(1, 7, "rope", 5.0, 50.0, credited=10.0),
            refunds.Line(2, 7, "rope", 5.0, 60.0),
        ]
        for credited, parts in (
            (30.0, [(2, 30.0)]),
            (60.0, [(2, 60.0)]),
            (80.0, [(2, 60.0), (1, 20.0)]),
            (120.0, [(2, 60.0), (1, 60.0)]),
        ):
            found = refunds.spread([refunds.Line("a", 7, "rope", 5.0, credited)], invoiced)
            self.assertEqual(found, {"a": parts})
        self.assertEqual(refunds.spread([refunds.Line("a", 7, "knot", 5.0, 5.0)], invoiced), {"a": []})
