import random
from dataclasses import replace
from decimal import Decimal

from odoo.tests import BaseCase

from odoo.addons.order_to_cash.algorithms.commission import deliveries, pricing
from odoo.addons.order_to_cash.algorithms.commission.tiers import Band

CENT = pricing.Money(0.01, 0.01, 0.01)
BANDS = tuple(Band(*map(Decimal, band)) for band in ((0, 100, 5), (100, 1000, 10), (1000, 0, 20)))
TERMS = (
    pricing.Terms(1, "untaxed", "rate", 10.0),
    pricing.Terms(2, "margin", "rate", 33.33),
    pricing.Terms(3, "untaxed", "fixed", fixed_amount=0.335),
    pricing.Terms(4, "quantity", "rate", 1.115),
    pricing.Terms(5, "untaxed", "tier", bands=BANDS),
    pricing.Terms(6, "untaxed", "tier", bands=BANDS, tier_mode="retroactive"),
    pricing.Terms(7, "quantity", "tier", bands=BANDS, tier_mode="retroactive"),
)


def claim(quantity, price=33.33, terms=TERMS[0], key=1, owner=1, share=100.0, money=CENT, **values):
    base = quantity if terms.base == "quantity" else quantity * price
    company = base if terms.is_per_unit else round(base / money.rate, 4)
    return pricing.Claim(
        key=key, line=values.pop("line", "line"), document="order", owner=owner, terms=terms, share=share,
        is_shared=values.pop("is_shared", True), base=base, base_company=company, quantity=quantity,
        money=money, **values,
    )


def earned(parts, lost=0.0):
    """What a lot of one payee stands at."""
    merged = deliveries.together(parts)
    [earning] = pricing.price([merged])
    return deliveries.standing(earning.amounts, parts, merged.money, lost)


class TestCommissionDeliveries(BaseCase):
    """Parts of an order line that leave one by one."""

    def test_parts_earn_what_the_whole_earns(self):
        for terms in TERMS:
            for price, parts in ((33.33, 3), (0.05, 7), (100.05 / 7, 7), (14.285, 40), (0.0, 2)):
                found = [deliveries.Part(claim(1.0, price, terms)) for __ in range(parts)]
                [single] = pricing.price([claim(float(parts), round(price * parts, 8) / parts, terms)])
                self.assertEqual(earned(found), single.amounts, (terms, price, parts))

    def test_steps_of_cents(self):
        parts = [deliveries.Part(claim(1.0)) for __ in range(3)]
        steps = [earned(parts[:number]).document for number in (1, 2, 3)]
        self.assertEqual(steps, [3.33, 6.67, 10.0])

    def test_prices_and_costs_that_change(self):
        parts = [deliveries.Part(claim(1.0, price)) for price in (33.33, 33.33, 50.05)]
        self.assertEqual(earned(parts).document, 11.67)
        # What comes back does so at its own price: the whole less round(5.005 of 11.67).
        back = [*parts[:2], replace(parts[2], gone=1.0)]
        self.assertEqual(earned(back).document, 6.67)
        free = [deliveries.Part(claim(1.0)), deliveries.Part(claim(1.0, 0.0), gone=1.0)]
        self.assertEqual(earned(free).document, 3.33)

    def test_all_of_it_gone_leaves_nothing(self):
        draw = random.Random(3)
        for __ in range(200):
            terms = draw.choice(TERMS)
            parts = [
                deliveries.Part(claim(float(draw.randrange(1, 9)), draw.choice((0.07, 33.33, 14.285)), terms))
                for __ in range(draw.randrange(1, 5))
            ]
            gone = [replace(part, gone=part.delivered) for part in parts]
            self.assertFalse(earned(gone), parts)
            self.assertFalse(earned(parts, lost=1.0), parts)

    def test_rate_that_was_reached_stays(self):
        retro = TERMS[5]
        # 120 at 10 %, half of it comes back.
        self.assertEqual(earned([deliveries.Part(claim(4.0, 30.0, retro), gone=2.0)]).document, 6.0)
        # 60 at 5 % were replaced: they were never 120.
        replaced = [
            deliveries.Part(claim(2.0, 30.0, retro), gone=2.0, replaced=2.0),
            deliveries.Part(claim(2.0, 30.0, retro)),
        ]
        self.assertEqual(earned(replaced).document, 3.0)

    def test_order_of_parts_and_of_what_is_gone(self):
        draw = random.Random(5)
        for __ in range(300):
            terms = draw.choice(TERMS)
            price = draw.choice((0.07, 33.33, 14.285, 100.05 / 7))
            money = draw.choice((CENT, replace(CENT, rate=0.83, payee_like="document")))
            parts = []
            for __ in range(draw.randrange(2, 6)):
                quantity = draw.randrange(1, 9)
                gone = draw.randrange(quantity + 1)
                own = claim(float(quantity), price, terms, money=money)
                if not terms.is_per_unit:
                    # As it is rounded in a row, so that rows add up.
                    own = replace(own, base_company=own.base_company + draw.choice((-0.0001, 0.0001)))
                parts.append(deliveries.Part(own, float(gone)))
            lost = draw.choice((0.0, 0.3))
            amounts = earned(parts, lost)
            total = sum(part.gone for part in parts)
            draw.shuffle(parts)
            self.assertEqual(earned(parts, lost), amounts)
            # It does not matter either which of them is gone.
            other, left = [], total
            for part in parts:
                gone = min(part.delivered, left)
                left -= gone
                other.append(replace(part, gone=gone))
            self.assertEqual(earned(other, lost), amounts, (parts, other))
            single = claim(sum(part.delivered for part in parts), price, terms, money=money)
            [whole] = pricing.price([single])
            self.assertLessEqual(amounts.document, whole.amounts.document + 0.005)

    def test_lost_is_what_was_kept(self):
        part = deliveries.Part(claim(10.0), gone=4.0)
        self.assertEqual(earned([part], 0.5).document, 10.0)
        # Half a cent is taken back once, not of each part.
        parts = [deliveries.Part(claim(1.0)) for __ in range(3)]
        self.assertEqual(earned(parts, 0.5).document, 5.0)

    def test_payees_add_up_to_the_whole(self):
        draw = random.Random(9)
        for __ in range(200):
            shares = draw.choice(((50.0, 50.0), (33.33, 33.33, 33.34), (12.5, 87.5)))
            terms = draw.choice(TERMS[:6])
            quantities = draw.sample(range(1, 9), 3)
            lots = [
                [
                    deliveries.Part(claim(float(quantity), 0.55, terms, owner=owner, share=share))
                    for quantity in quantities
                ]
                for owner, share in enumerate(shares)
            ]
            merged = [
                replace(deliveries.together(parts), key=owner) for owner, parts in enumerate(lots)
            ]
            found = sum(Decimal(str(one.amounts.document)) for one in pricing.price(merged))
            [whole] = pricing.price([claim(float(sum(quantities)), 0.55, terms)])
            self.assertEqual(float(found), whole.amounts.document, (shares, terms, quantities))

    def test_three_currencies(self):
        """Of the order at its rate; the payee's at the rate of each day."""
        money = pricing.Money(1.0, 0.01, 0.001, rate=150.0, payee_rate=0.31, payee_like=None)
        parts = [
            deliveries.Part(claim(1.0, 3333.0, money=replace(money, payee_rate=rate)))
            for rate in (0.31, 0.31, 0.34)
        ]
        # 999.9 yen, 6.666 dollars, of which two thirds at 0.31 and one at 0.34.
        self.assertEqual(earned(parts), pricing.Amounts(1000.0, 6.67, 2.134))
        gone = [replace(part, gone=1.0) for part in parts]
        self.assertFalse(earned(gone))

    def test_sold_below_zero(self):
        parts = [deliveries.Part(claim(-1.0)) for __ in range(3)]
        self.assertEqual(earned(parts).document, -10.0)
        self.assertEqual(earned([*parts[:2], replace(parts[2], gone=1.0)]).document, -6.67)

    def test_quantity_that_was_changed(self):
        amounts = pricing.Amounts(3.33, 3.33, 3.33)
        self.assertEqual(deliveries.scaled(amounts, 6.0, 3.0, CENT).document, 6.66)
        self.assertEqual(deliveries.scaled(amounts, 1.0, 3.0, CENT).document, 1.11)
        self.assertFalse(deliveries.scaled(amounts, 0.0, 3.0, CENT))

    def test_equal_terms(self):
        """Another rule, other payees or shares, or goods sold below zero, make another lot."""
        both = [claim(1.0, key=1, share=50.0), claim(1.0, key=2, owner=2, share=50.0)]
        found = deliveries.lot_terms(both)
        self.assertEqual(found[1], found[2])
        for other in (
            [claim(1.0, key=1, share=50.0)],
            [claim(1.0, key=1, share=40.0), claim(1.0, key=2, owner=2, share=50.0)],
            [claim(-1.0, key=1, share=50.0), claim(-1.0, key=2, owner=2, share=50.0)],
            [claim(1.0, key=1, share=50.0, terms=TERMS[2])],
        ):
            self.assertNotEqual(deliveries.lot_terms(other)[1], found[1])
        later = [replace(one, base=99.0, quantity=7.0) for one in reversed(both)]
        self.assertEqual(deliveries.lot_terms(later), found)
