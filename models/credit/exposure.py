"""The gathering of exposure: one SQL statement a component, whatever the number of customers."""

from collections import defaultdict
from datetime import timedelta

from odoo import api, models
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms.credit import Exposure


class O2cCreditExposure(models.AbstractModel):
    """How much each customer owes or will owe, by component."""

    _name = "o2c.credit.exposure"
    _description = "Credit Exposure"

    @api.model
    def _gather(self, partners, company, exclude_orders=None, horizon_days=None):
        """See :meth:`O2cCreditAccount._get_exposure`."""
        root = company.root_id
        debtors = {
            # Whose debt it is may be beyond what the user may read; only ids are taken.
            partner.id: partner._o2c_debtor().id
            for partner in partners.sudo()
        }
        if not debtors:
            return {}
        self._flush_sources()
        scope = self._members_sql(set(debtors.values()), root)
        today = root._o2c_today()
        amounts = defaultdict(lambda: defaultdict(float))
        for query in (
            self._receivable_sql(scope, root, today),
            self._draft_invoiced_sql(scope),
            self._sale_sql(scope, exclude_orders, horizon_days, today),
        ):
            self._add_components(amounts, query, root, today)
        currency = root.currency_id
        exposures = {
            debtor: Exposure(**{name: currency.round(v) for name, v in components.items()})
            for debtor, components in amounts.items()
        }
        return {partner: exposures.get(debtor, Exposure()) for partner, debtor in debtors.items()}

    def _flush_sources(self):
        for model, names in {
            "account.move": [
                "state",
                "move_type",
                "currency_id",
                "company_id",
                "commercial_partner_id",
            ],
            "account.move.line": [
                "account_id",
                "amount_residual",
                "company_id",
                "date_maturity",
                "display_type",
                "move_id",
                "parent_state",
                "partner_id",
                "price_total",
                "product_uom_id",
                "quantity",
                "reconciled",
                "sale_line_ids",
            ],
            "sale.order": [
                "commitment_date",
                "company_id",
                "currency_id",
                "partner_invoice_id",
                "state",
            ],
            "sale.order.line": [
                "display_type",
                "is_downpayment",
                "order_id",
                "price_total",
                "product_uom_id",
                "product_uom_qty",
                "qty_delivered",
            ],
            "stock.move": ["sale_line_id", "state"],
            "res.partner": ["commercial_partner_id", "o2c_payer_id"],
        }.items():
            self.env[model].flush_model(names)

    def _members_sql(self, debtor_ids, root):
        """CTEs that every component starts with: the companies, and who owes to whose account."""
        companies = self.env["res.company"].sudo().search([("id", "child_of", root.id)])
        return SQL(
            """
            WITH member AS MATERIALIZED (
                SELECT partner.id,
                       COALESCE(commercial.o2c_payer_id, commercial.id) AS debtor_id
                  FROM res_partner partner
                  JOIN res_partner commercial ON commercial.id = partner.commercial_partner_id
                 WHERE commercial.id = ANY(%(debtors)s)
                   AND commercial.o2c_payer_id IS NULL
                    OR commercial.o2c_payer_id = ANY(%(debtors)s)
            ), company AS MATERIALIZED (
                SELECT unnest(%(companies)s) AS id
            )
            """,
            debtors=list(debtor_ids),
            companies=companies.ids,
        )

    def _receivable_sql(self, scope, root, today):
        return SQL(
            """
            %(scope)s
            SELECT member.debtor_id,
                   %(currency)s AS currency_id,
                   SUM(line.amount_residual) AS receivable,
                   COALESCE(SUM(line.amount_residual) FILTER (
                       WHERE line.amount_residual > 0 AND line.date_maturity < %(today)s
                   ), 0) AS overdue
              FROM account_move_line line
              JOIN member ON member.id = line.partner_id
              JOIN account_account account ON account.id = line.account_id
             WHERE account.account_type = 'asset_receivable'
               AND line.parent_state = 'posted'
               AND line.reconciled IS NOT TRUE
               AND line.company_id IN (SELECT id FROM company)
          GROUP BY member.debtor_id
            """,
            scope=scope,
            currency=root.currency_id.id,
            today=today,
        )

    def _draft_invoiced_sql(self, scope):
        """Draft customer invoices, but for what an order asked for: the order counts itself."""
        return SQL(
            """
            %(scope)s
            SELECT member.debtor_id,
                   move.currency_id,
                   SUM(CASE WHEN move.move_type = 'out_refund' THEN -line.price_total
                            ELSE line.price_total END) AS draft_invoiced
              FROM account_move move
              JOIN member ON member.id = move.commercial_partner_id
              JOIN account_move_line line ON line.move_id = move.id
             WHERE move.state = 'draft'
               AND move.move_type IN ('out_invoice', 'out_refund', 'out_receipt')
               AND move.company_id IN (SELECT id FROM company)
               AND line.display_type = 'product'
               AND NOT EXISTS (
                       SELECT FROM sale_order_line_invoice_rel link
                        WHERE link.invoice_line_id = line.id
                   )
          GROUP BY member.debtor_id, move.currency_id
            """,
            scope=scope,
        )

    def _sale_sql(self, scope, exclude_orders, horizon_days, today):
        """Confirmed orders: what was delivered and not invoiced, and what was not delivered.

        A line whose moves are all done or cancelled has nothing left to deliver, whatever its
        ordered quantity says. What was invoiced in advance is on a receivable or paid: it comes
        off what is to be delivered first, then off what was delivered.
        """
        limits = SQL()
        if exclude_orders:
            limits = SQL("AND so.id != ALL(%s)", exclude_orders.ids)
        is_far_off = SQL("FALSE")
        if horizon_days is not None:
            is_far_off = SQL(
                "COALESCE(so.commitment_date::date > %s, FALSE)",
                today + timedelta(days=horizon_days),
            )
        return SQL(
            """
            %(scope)s
            , line_value AS (
                SELECT so.id AS order_id,
                       member.debtor_id,
                       so.currency_id,
                       %(is_far_off)s AS is_far_off,
                       CASE WHEN line.is_downpayment THEN posted.amount END AS advance,
                       price * GREATEST(delivered - invoiced, 0) AS delivered,
                       price * CASE WHEN shipped.nothing_left THEN 0
                                    ELSE GREATEST(
                                        line.product_uom_qty - GREATEST(delivered, invoiced), 0
                                    ) END AS ordered
                  FROM sale_order so
                  JOIN member ON member.id = so.partner_invoice_id
                  JOIN sale_order_line line ON line.order_id = so.id
            CROSS JOIN LATERAL (
                           SELECT COALESCE(line.qty_delivered, 0) AS delivered,
                                  line.price_total / NULLIF(line.product_uom_qty, 0) AS price
                       ) quantity
            CROSS JOIN LATERAL (
                           SELECT COALESCE(SUM(
                                      sign * invoice_line.quantity
                                      * COALESCE(invoice_unit.factor / sale_unit.factor, 1)
                                  ), 0) + %(invoiced_elsewhere)s AS invoiced,
                                  SUM(sign * invoice_line.price_total) AS amount
                             FROM sale_order_line_invoice_rel link
                             JOIN account_move_line invoice_line
                               ON invoice_line.id = link.invoice_line_id
                             JOIN account_move move ON move.id = invoice_line.move_id
                       CROSS JOIN LATERAL (
                                      SELECT CASE WHEN move.move_type = 'out_refund' THEN -1
                                                  ELSE 1 END AS sign
                                  ) direction
                        LEFT JOIN uom_uom invoice_unit
                               ON invoice_unit.id = invoice_line.product_uom_id
                        LEFT JOIN uom_uom sale_unit ON sale_unit.id = line.product_uom_id
                            WHERE link.order_line_id = line.id AND move.state = 'posted'
                       ) posted
            CROSS JOIN LATERAL (
                           SELECT bool_and(stock_move.state IN ('done', 'cancel')) AS nothing_left
                             FROM stock_move WHERE stock_move.sale_line_id = line.id
                       ) shipped
                 WHERE so.state = 'sale'
                   AND so.company_id IN (SELECT id FROM company)
                   AND line.display_type IS NULL
                   AND (line.product_uom_qty != 0 OR line.is_downpayment)
                   %(limits)s
            ), order_value AS (
                SELECT debtor_id,
                       currency_id,
                       is_far_off,
                       COALESCE(SUM(delivered), 0) AS delivered,
                       COALESCE(SUM(ordered), 0) AS ordered,
                       GREATEST(SUM(advance), 0) AS advance
                  FROM line_value
              GROUP BY order_id, debtor_id, currency_id, is_far_off
            )
            SELECT debtor_id,
                   currency_id,
                   SUM(delivered - LEAST(advance - off_ordered, GREATEST(delivered, 0)))
                       AS delivered_not_invoiced,
                   SUM(CASE WHEN is_far_off THEN 0 ELSE ordered - off_ordered END)
                       AS ordered_not_delivered
              FROM order_value
        CROSS JOIN LATERAL (
                       SELECT LEAST(advance, GREATEST(ordered, 0)) AS off_ordered
                   ) deduction
          GROUP BY debtor_id, currency_id
            """,
            scope=scope,
            is_far_off=is_far_off,
            limits=limits,
            invoiced_elsewhere=self._invoiced_elsewhere_sql(),
        )

    @api.model
    def _invoiced_elsewhere_sql(self):
        """The quantity of the sale order ``line`` that was invoiced without an invoice line of
        its own; for domains that know of such."""
        return SQL("0")

    def _add_components(self, amounts, query, root, today):
        """Run one component's query and add its columns, in company currency, to ``amounts``."""
        self.env.cr.execute(query)
        names = [column.name for column in self.env.cr.description[2:]]
        rows = self.env.cr.fetchall()
        currencies = self.env["res.currency"].browse({row[1] for row in rows})
        rates = {
            currency.id: currency._get_conversion_rate(currency, root.currency_id, root, today)
            for currency in currencies
        }
        for debtor, currency_id, *values in rows:
            for name, value in zip(names, values, strict=True):
                amounts[debtor][name] += float(value) * rates[currency_id]
