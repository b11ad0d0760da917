from collections import defaultdict

from odoo import api, models
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms import statement

from .open_items import document_kind, later_reconciliations, receivable_accounts


class O2cAccountStatement(models.AbstractModel):
    """The statements of account of many customers at once.

    The statement of a customer has his own documents and those that he pays for others. Each
    currency has a balance of its own, in which a payment stands in the currency it was made in:
    what a payment in another currency settles leaves the one balance and enters the other on the
    day it was matched. The same goes for what somebody else settled.
    """

    _name = "o2c.account.statement"
    _description = "Statement of Account"

    @api.model
    def _get_statements(self, partners, company, date_from, date_to):
        """The statements of ``partners`` with ``company`` and its branches.

        No access is checked here: the caller knows whose statements the user may see.

        :param partners: commercial partners
        :param date_from: first day of the movements
        :param date_to: last day, at the end of which open items and their age are taken
        :return: {id of the partner: list of :class:`algorithms.statement.Statement`, one a currency
            with anything to tell, the company's first}
        """
        openings, movements = self._movements(partners, company, date_from, date_to)
        open_items = self._open_items(partners, company, date_to)
        keys = openings.keys() | movements.keys() | open_items.keys()
        currencies = self.env["res.currency"].browse({currency for _partner, currency in keys})
        statements = {partner.id: [] for partner in partners}
        for currency in currencies.sorted(lambda item: (item != company.currency_id, item.name)):
            for partner_id, found in statements.items():
                key = (partner_id, currency.id)
                if key not in keys:
                    continue
                built = statement.build(
                    currency.id,
                    openings.get(key, 0.0),
                    movements.get(key, ()),
                    open_items.get(key, ()),
                    date_to,
                    currency.round,
                )
                if built.opening or built.lines or built.open_items:
                    found.append(built)
        return statements

    def _movements(self, partners, company, date_from, date_to):
        rows = self.env.execute_query_dict(
            self._movements_sql(partners, company, date_from, date_to)
        )
        openings, movements = {}, defaultdict(list)
        for row in rows:
            key = (row["partner_id"], row["currency_id"])
            if row["key"] is None:
                openings[key] = row["amount"]
                continue
            movements[key].append(
                statement.Entry(
                    key=row["key"],
                    date=row["date"],
                    due=row["due"],
                    kind=row["kind"],
                    amount=row["amount"],
                    customer=row["customer_id"],
                )
            )
        return openings, movements

    def _open_items(self, partners, company, date_to):
        items = defaultdict(list)
        for row in self.env.execute_query_dict(self._open_items_sql(partners, company, date_to)):
            items[row["partner_id"], row["currency_id"]].append(
                statement.Entry(
                    key=row["key"],
                    date=row["date"],
                    due=row["due"],
                    kind=row["kind"],
                    amount=row["amount"],
                    open=row["open"],
                    customer=row["customer_id"],
                )
            )
        return items

    def _flush_statement_sources(self):
        self.env["account.move"].flush_model()
        self.env["account.move.line"].flush_model()
        self.env["account.partial.reconcile"].flush_model()
        self.env["res.partner"].flush_model(["commercial_partner_id", "o2c_payer_id"])
        self.env["account.account"].flush_model(["account_type"])

    def _items_cte(self, partners, company, date_to):
        """``item``: the journal items of each statement until ``date_to``."""
        self._flush_statement_sources()
        return SQL(
            """
            member AS (
                SELECT partner.id, commercial.id AS partner_id, commercial.id AS customer_id
                  FROM res_partner partner
                  JOIN res_partner commercial ON commercial.id = partner.commercial_partner_id
                 WHERE commercial.id = ANY(%(partner_ids)s)
                 UNION
                SELECT partner.id, commercial.o2c_payer_id, commercial.id
                  FROM res_partner partner
                  JOIN res_partner commercial ON commercial.id = partner.commercial_partner_id
                 WHERE commercial.o2c_payer_id = ANY(%(partner_ids)s)
            ), item AS (
                SELECT member.partner_id,
                       member.customer_id,
                       line.id,
                       line.move_id,
                       line.currency_id,
                       line.date,
                       COALESCE(line.date_maturity, line.date) AS due,
                       line.amount_currency,
                       line.amount_residual_currency,
                       line.reconciled
                  FROM member
                  JOIN account_move_line line ON line.partner_id = member.id
                 WHERE line.account_id = ANY(%(accounts)s)
                   AND line.parent_state = 'posted'
                   AND line.date <= %(date_to)s
                   AND line.company_id IN (
                           SELECT id FROM res_company WHERE parent_path LIKE %(path)s
                       )
            )
            """,
            partner_ids=list(partners.ids),
            accounts=receivable_accounts(),
            date_to=date_to,
            path=f"{company.parent_path}%",
        )

    def _movements_sql(self, partners, company, date_from, date_to):
        """A row a movement of the period, and one without key for the sum of all before.

        A reconciliation moves nothing when both of its items are on the statement in one currency;
        else what it takes off the one item has to leave the balance.
        """
        return SQL(
            """
            WITH %(items)s, side AS (
                SELECT item.*, partial.id AS partial_id, partial.max_date,
                       -partial.debit_amount_currency AS amount
                  FROM item
                  JOIN account_partial_reconcile partial ON partial.debit_move_id = item.id
                 WHERE partial.max_date <= %(date_to)s
             UNION ALL
                SELECT item.*, partial.id, partial.max_date, partial.credit_amount_currency
                  FROM item
                  JOIN account_partial_reconcile partial ON partial.credit_move_id = item.id
                 WHERE partial.max_date <= %(date_to)s
            ), movement AS (
                SELECT partner_id, customer_id, currency_id, id, move_id, date, due,
                       FALSE AS is_settlement,
                       amount_currency AS amount
                  FROM item
             UNION ALL
                SELECT partner_id, MIN(customer_id), currency_id, MIN(id), MIN(move_id),
                       max_date, MIN(due), TRUE, SUM(amount)
                  FROM side
              GROUP BY partner_id, currency_id, partial_id, max_date
                HAVING SUM(amount) <> 0
            )
            SELECT movement.partner_id,
                   movement.currency_id,
                   movement.id AS key,
                   movement.date,
                   movement.due,
                   movement.customer_id,
                   movement.amount::float8 AS amount,
                   CASE WHEN movement.is_settlement THEN 'settled' ELSE %(kind)s END AS kind
              FROM movement
              JOIN account_move move ON move.id = movement.move_id
             WHERE movement.date >= %(date_from)s
               AND movement.amount <> 0
         UNION ALL
            SELECT partner_id, currency_id, NULL, NULL, NULL, NULL, SUM(amount)::float8, NULL
              FROM movement
             WHERE date < %(date_from)s
          GROUP BY partner_id, currency_id
            """,
            items=self._items_cte(partners, company, date_to),
            date_from=date_from,
            date_to=date_to,
            kind=document_kind(),
        )

    def _open_items_sql(self, partners, company, date_to):
        return SQL(
            """
            WITH %(items)s, later AS (%(later)s)
            SELECT item.partner_id,
                   item.currency_id,
                   item.id AS key,
                   COALESCE(move.invoice_date, item.date) AS date,
                   item.due,
                   item.customer_id,
                   item.amount_currency::float8 AS amount,
                   (item.amount_residual_currency + COALESCE(later.amount_currency, 0))::float8
                       AS open,
                   %(kind)s AS kind
              FROM item
              JOIN account_move move ON move.id = item.move_id
         LEFT JOIN later ON later.line_id = item.id
             WHERE (item.reconciled IS NOT TRUE OR later.line_id IS NOT NULL)
               AND item.amount_residual_currency + COALESCE(later.amount_currency, 0) <> 0
            """,
            items=self._items_cte(partners, company, date_to),
            later=later_reconciliations(date_to),
            kind=document_kind(),
        )
