from odoo.exceptions import UserError
from odoo.tests import tagged

from .test_commission_period import PeriodCommon


@tagged("post_install", "-at_install")
class TestCommissionSettlementOnce(PeriodCommon):
    """Whatever is pressed, in whatever order: each entry is settled once, and sums are the ledger's."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.currencies = cls.company.currency_id
        for code, rate in (("EUR", 0.8), ("JPY", 150.0)):
            currency = cls.env["res.currency"].with_context(active_test=False).search([("name", "=", code)])
            currency.active = True
            currency.rate_ids.unlink()
            cls.env["res.currency.rate"].create({
                "currency_id": currency.id, "rate": rate, "name": "2024-01-01",
                "company_id": cls.company.id,
            })
            cls.currencies |= currency
        cls.agreements = cls.env["o2c.commission.agreement"]
        for currency, cap in zip(cls.currencies, (120.0, 90.0, 15000.0), strict=True):
            for payee in (cls.agent, cls._new_customer(f"Agency {currency.name}")):
                cls.agreements += cls._new_agreement(
                    payee, cls.plan, coverage="all", mode="overlay", payout="bill",
                    currency_id=currency.id, cap_amount=cap, guarantee_amount=cap / 3,
                    date_from="2025-01-11",
                )

    def _check_books(self):
        """Each entry is in one settlement at most; by payee and currency what is settled is the ledger."""
        entries = self.env["o2c.commission.entry"].search([
            ("payee_id", "in", self.agreements.payee_id.ids), ("kind", "!=", "expect"),
        ])
        settlements = self.env["o2c.commission.settlement"].search([
            ("payee_id", "in", self.agreements.payee_id.ids)
        ])
        held = [entry.id for settlement in settlements for entry in settlement.entry_ids]
        self.assertEqual(len(held), len(set(held)))
        self.assertFalse(entries.filtered(lambda entry: not entry.settlement_id))
        self.assertEqual(set(held), set(entries.ids))
        ledger, settled = {}, {}
        for entry in entries:
            key = (entry.payee_id, entry.payee_currency_id)
            sums = ledger.setdefault(key, [0.0, 0.0])
            sums[0] += entry.amount_payee
            sums[1] += entry.amount_company
        for settlement in settlements:
            sums = settled.setdefault((settlement.payee_id, settlement.currency_id), [0.0, 0.0])
            sums[0] += settlement.amount
            sums[1] += settlement.amount_company
            # Of a settlement that was cancelled nothing is left.
            if settlement.state == "cancelled":
                self.assertEqual((settlement.amount, settlement.amount_company), (0.0, 0.0))
            self.assertEqual(settlement.entry_ids.payee_currency_id | settlement.currency_id,
                             settlement.currency_id)
        rounded = [
            {key: [round(amount, 2) for amount in sums] for key, sums in book.items()}
            for book in (ledger, settled)
        ]
        self.assertEqual(*rounded)
        return rounded[0]

    def _batch(self, date_from, date_to):
        wizard = self.env["o2c.commission.settlement.batch"].with_user(self.commission_manager).create({
            "company_id": self.company.id, "date_from": date_from, "date_to": date_to,
        })
        action = wizard.action_create_settlements()
        return self.env["o2c.commission.settlement"].with_user(self.commission_manager).search(
            action["domain"]
        )

    def test_payees_of_three_currencies(self):
        self._new_invoice(amount=1000, date="2025-01-15")
        self._new_invoice(amount=3333.33, date="2025-02-15")
        settlements = self._batch("2025-01-01", "2025-02-28")
        self.assertEqual(len(settlements), 6)
        owed = self._check_books()
        by_currency = {currency: owed[self.agent, currency][0] for currency in self.currencies}
        # January is capped at 21 of 31 days, February at all of it.
        self.assertEqual(list(by_currency.values()), [
            round(81.29 + 120.0, 2), round(60.97 + 90.0, 2), 10161.0 + 15000.0,
        ])

    def test_whatever_is_pressed(self):
        self._new_invoice(amount=1000, date="2025-01-15")
        january = self._batch("2025-01-01", "2025-01-31")
        first = self._check_books()
        # Twice.
        january.action_calculate()
        self._batch("2025-01-01", "2025-01-31")
        self.assertEqual(self._check_books(), first)
        # Cancelled and done anew, by overlapping ranges.
        january.action_cancel()
        again = self._batch("2025-01-01", "2025-01-31")
        self.assertEqual(len(again), 6)
        self.assertEqual(self._check_books(), first)
        overlapping = self._batch("2025-01-15", "2025-01-31")
        overlapping.action_calculate()
        self.assertEqual(set(overlapping.mapped("amount")), {0.0})
        self.assertEqual(self._check_books(), first)
        again.action_approve()
        frozen = again.mapped("amount")
        self._new_invoice(amount=700, date="2025-01-12")
        self._new_invoice(amount=-200, date="2025-02-12")
        self._batch("2025-01-20", "2025-02-10")
        self._batch("2025-02-05", "2025-02-28")
        overlapping.action_cancel()
        self._batch("2025-01-01", "2025-02-28")
        self._check_books()
        self.assertEqual(again.mapped("amount"), frozen)
        again.action_bill()
        with self.assertRaises(UserError):
            again.action_calculate()
        with self.assertRaises(UserError):
            again.action_cancel()
        self._batch("2025-02-01", "2025-03-31")
        self._check_books()
        self.assertEqual(again.mapped("amount"), frozen)
