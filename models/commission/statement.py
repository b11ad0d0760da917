"""What payees earned and were paid in a range of days."""

from collections import defaultdict
from dataclasses import dataclass

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms.commission import statement


@dataclass(frozen=True, slots=True)
class Account:
    """A payee's account with one company in one currency.

    :ivar expected: list of (first day, document, id of the customer, amount) of what may still be earned
    :ivar settlements: those whose last day is in the range, calculated or later
    """

    payee_id: int
    company_id: int
    currency_id: int
    statement: statement.Statement
    expected: tuple
    settlements: object


class O2cCommissionEntry(models.Model):
    _inherit = "o2c.commission.entry"

    @api.model
    def _commission_accounts(self, payees, companies, date_from, date_to):
        """The accounts of payees that have anything on them, as far as the user may see the ledger.

        What is owed at the end of a day is the sum of the rows up to it, but those that are only expected,
        less what settlements paid by then.

        :param payees: ``res.partner``
        :param companies: ``res.company``
        :return: list of :class:`Account` by payee's name, company and currency
        """
        keyed = Domain("payee_id", "in", payees.ids) & Domain("company_id", "in", companies.ids)
        openings = self._openings(keyed, date_from)
        movements = self._movements(keyed, date_from, date_to)
        expected = self._still_expected(keyed, date_to)
        settlements = self._settlements_of(keyed, date_from, date_to)
        accounts = []
        for key in openings.keys() | movements.keys() | expected.keys() | settlements.keys():
            found = statement.build(openings.get(key, 0.0), movements.get(key, ()))
            if found or key in expected or key in settlements:
                accounts.append(
                    Account(
                        *key,
                        found,
                        tuple(expected.get(key, ())),
                        settlements.get(key, self.env["o2c.commission.settlement"]),
                    )
                )
        # sudo: only to sort by name
        name = {payee.id: payee.sudo().name or "" for payee in payees}
        return sorted(
            accounts, key=lambda item: (name[item.payee_id], item.payee_id, item.company_id, item.currency_id)
        )

    @api.model
    def _openings(self, keyed, date_from):
        """What was owed before a day: {(payee id, company id, currency id): amount}"""
        openings = defaultdict(float)
        groups = self._read_group(
            keyed & Domain("kind", "!=", "expect") & Domain("date", "<", date_from),
            ["payee_id", "company_id", "payee_currency_id"],
            ["amount_payee:sum"],
        )
        for payee, company, currency, amount in groups:
            openings[payee.id, company.id, currency.id] += amount
        currencies = self.env["res.currency"]
        for settlement, __ in self._paid_settlements(keyed, None, date_from):
            key = _key(settlement)
            openings[key] -= settlement.amount
        return {key: currencies.browse(key[2]).round(amount) for key, amount in openings.items()}

    @api.model
    def _movements(self, keyed, date_from, date_to):
        """{(payee id, company id, currency id): [Movement]}"""
        movements = defaultdict(list)
        rows = self.search_fetch(
            keyed
            & Domain("kind", "!=", "expect")
            & Domain("date", ">=", date_from)
            & Domain("date", "<=", date_to),
            ["payee_id", "company_id", "payee_currency_id", "date", "kind", "amount_payee"],
        )
        for row in rows:
            key = (row.payee_id.id, row.company_id.id, row.payee_currency_id.id)
            movements[key].append(statement.Movement(row.id, row.date, row.kind, row.amount_payee))
        for settlement, day in self._paid_settlements(keyed, date_from, None):
            if day <= date_to:
                paid = statement.Movement(settlement.id, day, statement.PAYMENT, -settlement.amount)
                movements[_key(settlement)].append(paid)
        return movements

    @api.model
    def _still_expected(self, keyed, date_to):
        """What documents may still earn: {(payee id, company id, currency id): [(day, name, customer id,
        amount)]}"""
        expected = defaultdict(list)
        groups = self._read_group(
            keyed & Domain("kind", "=", "expect") & Domain("date", "<=", date_to),
            ["payee_id", "company_id", "payee_currency_id", "name", "partner_id"],
            ["date:min", "amount_payee:sum"],
        )
        for payee, company, currency, name, partner, day, amount in groups:
            if not currency.is_zero(amount):
                key = (payee.id, company.id, currency.id)
                expected[key].append((day, name or "", partner.id, currency.round(amount)))
        for rows in expected.values():
            rows.sort()
        return expected

    @api.model
    def _settlements_of(self, keyed, date_from, date_to):
        settlements = self.env["o2c.commission.settlement"].search(
            keyed
            & Domain("state", "not in", ("draft", "cancelled"))
            & Domain("date_to", ">=", date_from)
            & Domain("date_to", "<=", date_to),
            order="date_to, id",
        )
        return settlements.grouped(_key)

    @api.model
    def _paid_settlements(self, keyed, date_from, before):
        """Settlements that were paid from a day on, or before one: list of (settlement, day)"""
        # Of nothing, or where all was carried forward, nothing was paid.
        settlements = self.env["o2c.commission.settlement"].search(
            keyed & Domain("state", "=", "paid") & Domain("amount", "!=", 0)
        )
        days = settlements._paid_days()
        return [
            (settlement, days[settlement])
            for settlement in settlements
            if (not date_from or days[settlement] >= date_from) and (not before or days[settlement] < before)
        ]


class O2cCommissionSettlement(models.Model):
    _inherit = "o2c.commission.settlement"

    def _paid_days(self):
        """When these, which are paid, were: the last payment of the bill, the day of the payroll, else the
        last day that is settled.

        :return: {settlement: day}
        """
        self.flush_recordset(["bill_id"])
        for model in ("account.partial.reconcile", "account.payment", "account.move", "account.move.line"):
            self.env[model].flush_model()
        # By SQL: who is paid need not read the books.
        days = dict(
            self.env.execute_query(
                SQL(
                    """
                    SELECT settlement.id, COALESCE(
                               -- Of the payment: a bill may be entered in the books later than it is dated.
                               (SELECT MAX(GREATEST(other.date, bill.invoice_date))
                                  FROM account_move bill
                                  JOIN account_move_line line ON line.move_id = bill.id
                                  JOIN account_partial_reconcile partial
                                    ON line.id IN (partial.debit_move_id, partial.credit_move_id)
                                  JOIN account_move_line other
                                    ON other.id IN (partial.debit_move_id, partial.credit_move_id)
                                   AND other.id <> line.id
                                 WHERE bill.id = settlement.bill_id),
                               -- Without an outstanding account a payment has no journal entry.
                               (SELECT MAX(payment.date)
                                  FROM account_move__account_payment rel
                                  JOIN account_payment payment ON payment.id = rel.payment_id
                                 WHERE rel.invoice_id = settlement.bill_id
                                   AND payment.state IN ('in_process', 'paid')))
                      FROM o2c_commission_settlement settlement
                     WHERE settlement.id = ANY(%s) AND settlement.bill_id IS NOT NULL
                    """,
                    list(self.ids),
                )
            )
        )
        return {settlement: days.get(settlement.id) or settlement._paid_day() for settlement in self}

    def _paid_day(self):
        """The day on which this one was paid where no payment of a bill says it."""
        self.ensure_one()
        # sudo: only the day, for who is paid
        return self.sudo().payout_id.paid_on or self.date_to


def _key(settlement):
    return (settlement.payee_id.id, settlement.company_id.id, settlement.currency_id.id)
