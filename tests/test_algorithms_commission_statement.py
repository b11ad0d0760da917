from datetime import date, timedelta
from decimal import Decimal
from random import Random

from odoo.tests import BaseCase

from odoo.addons.order_to_cash.algorithms.commission.statement import PAYMENT, Movement, build

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
