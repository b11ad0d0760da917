from datetime import date, timedelta
from decimal import Decimal
from random import Random

from odoo.tests import BaseCase

from odoo.addons.order_to_cash.algorithms.commission.statement import (
    PAYMENT,
    Movement,
    build,
    instalments,
)

DAY = date(2025, 3, 1)


class TestCommissionStatement(BaseCase):
    def test_balances_follow_the_days(self):
        statement = build(10.0, [
            Movement(3, DAY + timedelta(days=2), "reverse", -5.5),
            Movement(9, DAY, PAYMENT, -10.0),
            Movement(1, DAY, "accrue", 20.1),
        ])
        self.assertEqual([line.balance for line in statement.lines], [30.1, 20.1, 14.6])
        self.assertEqual([line.movement.kind for line in statement.lines], ["accrue", PAYMENT, "reverse"])
        self.assertEqual(
            (statement.opening, statement.earned, statement.paid, statement.closing),
            (10.0, 14.6, 10.0, 14.6),
        )

    def test_nothing_is_no_statement(self):
        self.assertFalse(build(0.0, []))
        self.assertTrue(build(0.01, []))

    def test_opening_and_movements_are_the_closing(self):
        random = Random(7)
        for __ in range(300):
            movements = [
                Movement(
                    key,
                    DAY + timedelta(days=random.randrange(31)),
                    random.choice(["accrue", "reverse", "draw", PAYMENT]),
                    random.randrange(-100000, 100000) / 100,
                )
                for key in range(random.randrange(60))
            ]
            opening = random.randrange(-100000, 100000) / 100
            statement = build(opening, movements)
            moved = sum(Decimal(str(item.amount)) for item in movements)
            self.assertEqual(Decimal(str(statement.closing)), Decimal(str(opening)) + moved)
            figures = (statement.opening, statement.earned, -statement.paid)
            self.assertEqual(
                sum(Decimal(str(figure)) for figure in figures), Decimal(str(statement.closing))
            )
            days = [line.movement.date for line in statement.lines]
            self.assertEqual(days, sorted(days))
            if statement.lines:
                self.assertEqual(statement.lines[-1].balance, statement.closing)

    def test_payments_of_a_bill_add_up_to_the_settlement(self):
        days = [DAY + timedelta(days=number) for number in range(3)]
        thirds = list(zip(days, (40.0, 40.0, 40.0), strict=True))
        # 100 before taxes.
        parts = instalments(100.0, 100.0, 120.0, thirds, 0.01, True)
        self.assertEqual([amount for __, amount in parts], [33.33, 33.34, 33.33])
        self.assertEqual([day for day, __ in parts], days)
        self.assertEqual(instalments(100.0, 100.0, 120.0, thirds[:1], 0.01, False), [(DAY, 33.33)])

    def test_of_a_bill_for_less_the_rest_stays_owed(self):
        self.assertEqual(instalments(100.0, 90.0, 90.0, [(DAY, 90.0)], 0.01, False), [(DAY, 90.0)])
        # What was billed besides is not taken off the next settlement.
        self.assertEqual(instalments(100.0, 110.0, 110.0, [(DAY, 110.0)], 0.01, True), [(DAY, 100.0)])

    def test_what_the_payee_pays_back(self):
        payments = [(DAY, 20.0), (DAY, 40.0)]
        self.assertEqual(
            instalments(-50.0, -50.0, 60.0, payments, 0.01, True), [(DAY, -16.67), (DAY, -33.33)]
        )
