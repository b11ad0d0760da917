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
        less what was paid of settlements by then. A row that was written after its day was settled is on the
        statement of the days that follow: what was settled reads the same whenever it is printed.

        :param payees: ``res.partner``
        :param companies: ``res.company``
        :return: list of :class:`Account` by payee's name, company and currency
        """
        keyed = Domain("payee_id", "in", payees.ids) & Domain("company_id", "in", companies.ids)
        late = self._late_rows(keyed, date_to)
        paid = self._paid_of_settlements(keyed)
        openings = self._openings(keyed, date_from, late, paid)
        movements = self._movements(keyed, date_from, date_to, late, paid)
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
    def _openings(self, keyed, date_from, late, paid):
        """What was owed before a day: {(payee id, company id, currency id): amount}

        :param late: from :meth:`_late_rows`
        :param paid: from :meth:`_paid_of_settlements`
        """
        openings = defaultdict(float)
        groups = self._read_group(
            keyed & Domain("kind", "!=", "expect") & Domain("date", "<", date_from),
            ["payee_id", "company_id", "payee_currency_id"],
            ["amount_payee:sum"],
        )
        for payee, company, currency, amount in groups:
            openings[payee.id, company.id, currency.id] += amount
        for key, movement in late.values():
            if movement.late_of < date_from <= movement.date:
                openings[key] -= movement.amount
        for key, movement in paid:
            if movement.date < date_from:
                openings[key] += movement.amount
        currencies = self.env["res.currency"]
        return {key: currencies.browse(key[2]).round(amount) for key, amount in openings.items()}

    @api.model
    def _movements(self, keyed, date_from, date_to, late, paid):
        """{(payee id, company id, currency id): [Movement]}; see :meth:`_openings`"""
        movements = defaultdict(list)
        rows = self.search_fetch(
            keyed
            & Domain("kind", "!=", "expect")
            & Domain("date", ">=", date_from)
            & Domain("date", "<=", date_to),
            ["payee_id", "company_id", "payee_currency_id", "date", "kind", "amount_payee"],
        )
        for row in rows:
            if row.id not in late:
                key = (row.payee_id.id, row.company_id.id, row.payee_currency_id.id)
                movements[key].append(statement.Movement(row.id, row.date, row.kind, row.amount_payee))
        for key, movement in (*late.values(), *paid):
            if date_from <= movement.date <= date_to:
                movements[key].append(movement)
        return movements

    @api.model
    def _late_rows(self, domain, date_to):
        """Rows that were written after a settlement of their day that they are not in.

        They belong to the day after it, or to that on which they were written where it is earlier.

        :return: {id: ((payee id, company id, currency id), Movement)}
        """
        self.flush_model()
        self.env["o2c.commission.settlement"].flush_model()
        found = self._search(domain & Domain("kind", "!=", "expect") & Domain("date", "<=", date_to))
        columns = (
            "id", "payee_id", "company_id", "payee_currency_id", "date", "kind", "amount_payee", "logged_on",
            "settlement_id",
        )  # fmt: skip
        rows = self.env.execute_query(
            SQL(
                """
                SELECT entry.id, entry.payee_id, entry.company_id, entry.payee_currency_id, entry.date,
                       entry.kind, entry.amount_payee, late.day
                  FROM (%(entries)s) entry
                  JOIN res_company company ON company.id = entry.company_id
                  JOIN res_partner office ON office.id = company.partner_id
                 CROSS JOIN LATERAL (
                     SELECT LEAST(MAX(settlement.date_to) + 1, (entry.logged_on AT TIME ZONE 'UTC'
                                  AT TIME ZONE COALESCE(office.tz, 'UTC'))::date) AS day
                       FROM o2c_commission_settlement settlement
                      WHERE settlement.payee_id = entry.payee_id
                        AND settlement.company_id = entry.company_id
                        AND settlement.currency_id = entry.payee_currency_id
                        AND settlement.date_to >= entry.date
                        AND settlement.calculated_on < entry.logged_on
                        AND settlement.state NOT IN ('draft', 'cancelled')
                        AND settlement.id IS DISTINCT FROM entry.settlement_id
                     HAVING COUNT(*) > 0
                 ) late
                 WHERE late.day > entry.date
                """,
                entries=found.select(*(SQL.identifier(found.table, column) for column in columns)),
            )
        )
        return {
            key: (tuple(of), statement.Movement(key, day, kind, float(amount), late_of=date))
            for key, *of, date, kind, amount, day in rows
        }

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
    def _paid_of_settlements(self, domain):
        """What was paid of settlements, in parts or whole: list of (key as above, Movement)"""
        # Of nothing, or where all was carried forward, nothing was paid.
        settlements = self.env["o2c.commission.settlement"].search(
            domain
            & (Domain("state", "=", "paid") | Domain("state", "=", "billed") & Domain("bill_paid", "!=", 0))
            & Domain("amount", "!=", 0)
        )
        return [
            (_key(settlement), statement.Movement(settlement.id, day, statement.PAYMENT, -amount))
            for settlement, parts in settlements._paid_parts().items()
            for day, amount in parts
        ]


class O2cCommissionSettlement(models.Model):
    _inherit = "o2c.commission.settlement"

    def _owed_before(self):
        """What of the payee's earlier settlements was not paid on the last day of this one."""
        self.ensure_one()
        others = self.search([
            ("payee_id", "=", self.payee_id.id),
            ("company_id", "=", self.company_id.id),
            ("currency_id", "=", self.currency_id.id),
            ("state", "not in", ("draft", "cancelled")),
            ("date_to", "<=", self.date_to),
        ])
        earlier = others.filtered(lambda one: (one.date_to, one.id) < (self.date_to, self.id))
        paid = sum(
            amount
            for parts in earlier._paid_parts().values()
            for day, amount in parts
            if day <= self.date_to
        )
        return self.currency_id.round(sum(earlier.mapped("amount")) - paid)

    def _paid_parts(self):
        """What was paid of these, and when: by the payments of the bill, else on the day of the payroll, or
        on the last day that is settled.

        :return: {settlement: [(day, amount)]}
        """
        # sudo: who is paid need not read the books
        bills = self.sudo().bill_id
        payments, credited = bills._o2c_payments(), bills._o2c_credited()
        return {
            settlement: settlement.sudo()._paid_parts_of_bill(payments, credited)
            or settlement._paid_at_once()
            for settlement in self
        }

    def _paid_parts_of_bill(self, payments, credited):
        self.ensure_one()
        bill = self.bill_id
        if bill.state != "posted" or bill.id not in payments:
            return []
        back, __ = credited.get(bill.id, (0.0, 0.0))
        return statement.instalments(
            self.amount,
            self.bill_amount,
            bill.amount_total - back,
            payments[bill.id],
            self.currency_id.rounding,
            self.state == "paid",
        )

    def _paid_at_once(self):
        self.ensure_one()
        if self.state != "paid":
            return []
        # sudo: only the day, for who is paid
        return [(self.sudo().payout_id.paid_on or self.date_to, self.amount)]


def _key(settlement):
    return (settlement.payee_id.id, settlement.company_id.id, settlement.currency_id.id)
