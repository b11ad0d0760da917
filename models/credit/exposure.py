"""The gathering of exposure: one SQL statement, whatever the number of customers."""

from collections import defaultdict
from datetime import timedelta

from odoo import api, models
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms.credit import EXPOSURE_COMPONENTS, Exposure

# The columns of every part of the statement, after the debtor and the currency.
FIGURES = (*EXPOSURE_COMPONENTS, "overdue")


class O2cCreditExposure(models.AbstractModel):
    """How much each customer owes or will owe, by component."""

    _name = "o2c.credit.exposure"
    _description = "Credit Exposure"

    @api.model
    def _gather(
        self, partners, company, exclude_orders=None, horizon_days=None, overdue_days=()
    ):
        """See :meth:`O2cCreditAccount._get_exposure`."""
        root = company.sudo().root_id
        debtors = {
            # Whose debt it is may be beyond what the user may read; only ids are taken.
            partner.id: partner._o2c_debtor().id
            for partner in partners.sudo()
        }
        if not debtors:
            return {}
        self._flush_sources()
        days = sorted(set(overdue_days))
        amounts = self._fetch(
            self._sql(
                set(debtors.values()),
                root,
                exclude_orders,
                root._o2c_exposure_horizon() if horizon_days is None else horizon_days,
                days,
            ),
            root,
            days,
        )
        left_out = root._o2c_exposure_left_out()
        exposures = {
            debtor: self._build(amounts[debtor], root.currency_id, left_out, days)
            for debtor in set(debtors.values())
        }
        return {partner: exposures[debtor] for partner, debtor in debtors.items()}

    @staticmethod
    def _build(amounts, currency, left_out, days):
        return Exposure(
            **{name: currency.round(amounts[name]) for name in FIGURES},
            left_out=left_out,
            overdue_by_days={day: currency.round(amounts[day]) for day in days},
        )

    @api.model
    def _order_ids(self, partner, company, components):
        """The orders that make up ``components`` of the exposure of ``partner``.

        :param partner: a commercial partner without a payer
        :param components: ``delivered_not_invoiced``, ``ordered_not_delivered`` or both
        """
        root = company.sudo().root_id
        self._flush_sources()
        conditions = {
            "delivered_not_invoiced": SQL("delivered > 0"),
            "ordered_not_delivered": SQL("(ordered > 0 AND NOT is_far_off)"),
        }
        return [
            order_id
            for (order_id,) in self.env.execute_query(
                SQL(
                    "WITH %s SELECT order_id FROM order_value WHERE %s ORDER BY order_id",
                    self._common_sql([partner.id], root, None, root._o2c_exposure_horizon()),
                    SQL(" OR ").join(conditions[name] for name in components),
                )
            )
        ]

    def _flush_sources(self):
        for model, names in {
            "account.account": ["account_type"],
            "account.move": [
                "state",
                "move_type",
                "currency_id",
                "company_id",
                "partner_id",
            ],
            "account.move.line": [
                "account_id",
                "amount_residual",
                "balance",
                "company_id",
                "date_maturity",
                "display_type",
                "move_id",
                "parent_state",
                "partner_id",
                "price_subtotal",
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
                "invoice_status",
                "partner_invoice_id",
                "state",
            ],
            "sale.order.line": [
                "discount",
                "display_type",
                "is_downpayment",
                "order_id",
                "price_total",
                "price_unit",
                "product_uom_id",
                "product_uom_qty",
                "qty_delivered",
            ],
            "stock.move": ["location_id", "sale_line_id", "state"],
            "res.partner": ["commercial_partner_id", "o2c_payer_id"],
        }.items():
            self.env[model].flush_model(names)

    def _sql(self, debtor_ids, root, exclude_orders, horizon_days, overdue_days):
        """The statement: a row a debtor, currency and part, with all :data:`FIGURES`."""
        return SQL(
            "WITH %s %s UNION ALL %s UNION ALL %s",
            self._common_sql(debtor_ids, root, exclude_orders, horizon_days),
            self._receivable_sql(root, root._o2c_today(), overdue_days),
            self._draft_invoiced_sql(root),
            self._sale_sql(),
        )

    def _common_sql(self, debtor_ids, root, exclude_orders, horizon_days):
        """CTEs: who owes to whose account, and the orders with their values."""
        return SQL(
            """
            member AS MATERIALIZED (
                SELECT partner.id,
                       COALESCE(commercial.o2c_payer_id, commercial.id) AS debtor_id
                  FROM res_partner partner
                  JOIN res_partner commercial ON commercial.id = partner.commercial_partner_id
                 WHERE commercial.id = ANY(%(debtors)s)
                   AND commercial.o2c_payer_id IS NULL
                    OR commercial.o2c_payer_id = ANY(%(debtors)s)
            ), %(order_value)s
            """,
            debtors=list(debtor_ids),
            order_value=self._order_value_sql(
                root,
                exclude_orders,
                horizon_days,
                root._o2c_today(),
                root.partner_id.tz or self.env.user.tz or "UTC",
            ),
        )

    def _receivable_sql(self, root, today, overdue_days):
        late = [
            SQL(
                """COALESCE(SUM(line.amount_residual) FILTER (
                       WHERE line.amount_residual > 0 AND line.date_maturity < %s
                   ), 0)""",
                today - timedelta(days=days),
            )
            for days in (0, *overdue_days)
        ]
        return SQL(
            """
            SELECT member.debtor_id,
                   %(currency)s AS currency_id,
                   SUM(line.amount_residual) AS receivable,
                   0 AS draft_invoiced,
                   0 AS delivered_not_invoiced,
                   0 AS ordered_not_delivered,
                   %(overdue)s AS overdue,
                   ARRAY[%(overdue_by_days)s]::numeric[] AS overdue_by_days
              FROM account_move_line line
              JOIN member ON member.id = line.partner_id
             WHERE line.account_id = ANY(ARRAY(
                       SELECT id FROM account_account WHERE account_type = 'asset_receivable'
                   ))
               AND line.parent_state = 'posted'
               AND line.reconciled IS NOT TRUE
               AND line.company_id = ANY(%(companies)s)
          GROUP BY member.debtor_id
            """,
            companies=root._o2c_family_ids(),
            currency=root.currency_id.id,
            overdue=late[0],
            overdue_by_days=SQL(", ").join(late[1:]),
        )

    def _draft_invoiced_sql(self, root):
        """Draft customer invoices, but for what an order asked for: the order counts itself."""
        return SQL(
            """
            SELECT member.debtor_id,
                   move.currency_id,
                   0,
                   SUM(CASE WHEN move.move_type = 'out_refund' THEN -line.price_total
                            ELSE line.price_total END),
                   0, 0, 0, NULL
              FROM account_move move
              JOIN member ON member.id = move.partner_id
              JOIN account_move_line line ON line.move_id = move.id
             WHERE move.state = 'draft'
               AND move.move_type IN ('out_invoice', 'out_refund', 'out_receipt')
               AND move.company_id = ANY(%(companies)s)
               AND line.display_type = 'product'
               AND NOT EXISTS (
                       SELECT FROM sale_order_line_invoice_rel link
                        WHERE link.invoice_line_id = line.id
                   )
          GROUP BY member.debtor_id, move.currency_id
            """,
            companies=root._o2c_family_ids(),
        )

    def _sale_sql(self):
        return SQL(
            """
            SELECT debtor_id,
                   currency_id,
                   0,
                   0,
                   SUM(delivered - LEAST(advance - off_ordered, GREATEST(delivered, 0))),
                   SUM(CASE WHEN is_far_off THEN 0 ELSE ordered - off_ordered END),
                   0, NULL
              FROM order_value
        CROSS JOIN LATERAL (
                       SELECT LEAST(advance, GREATEST(ordered, 0)) AS off_ordered
                   ) deduction
          GROUP BY debtor_id, currency_id
            """
        )

    def _order_value_sql(self, root, exclude_orders, horizon_days, today, timezone):
        """Confirmed orders: what was delivered and not invoiced, and what was not delivered.

        A line whose moves (returns apart) are all done or cancelled has nothing left to deliver,
        whatever its ordered quantity says. What was delivered without being ordered counts at its
        price before taxes, since the line has no total. What was invoiced in advance is on a receivable or
        paid: it comes off what is to be delivered first, then off what was delivered. A line of an
        invoice is booked against its price, that of a credit note with it. Orders that
        are invoiced to the end, by posted invoices, are past and not looked at.
        """
        limits = SQL()
        if exclude_orders:
            limits = SQL("AND so.id != ALL(%s)", exclude_orders.ids)
        is_far_off = SQL("FALSE")
        if horizon_days is not None:
            is_far_off = SQL(
                "COALESCE((so.commitment_date AT TIME ZONE 'UTC' AT TIME ZONE %s)::date > %s, FALSE)",
                timezone,
                today + timedelta(days=horizon_days),
            )
        return SQL(
            """
            line_value AS (
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
                                  COALESCE(
                                      line.price_total / NULLIF(line.product_uom_qty, 0),
                                      line.price_unit * (1 - COALESCE(line.discount, 0) / 100)
                                  ) AS price
                       ) quantity
            CROSS JOIN LATERAL (
                           SELECT COALESCE(SUM(
                                      sign * invoice_line.quantity
                                      * CASE
                                            WHEN invoice_line.product_uom_id = line.product_uom_id
                                            THEN 1
                                            ELSE COALESCE((
                                                SELECT invoice_unit.factor / sale_unit.factor
                                                  FROM uom_uom invoice_unit, uom_uom sale_unit
                                                 WHERE invoice_unit.id = invoice_line.product_uom_id
                                                   AND sale_unit.id = line.product_uom_id
                                            ), 1) END
                                  ), 0) + %(invoiced_elsewhere)s AS invoiced,
                                  SUM(sign * invoice_line.price_total) AS amount
                             FROM sale_order_line_invoice_rel link
                             JOIN account_move_line invoice_line
                               ON invoice_line.id = link.invoice_line_id
                       CROSS JOIN LATERAL (
                                      SELECT CASE WHEN invoice_line.balance
                                                       * invoice_line.price_subtotal > 0 THEN -1
                                                  ELSE 1 END AS sign
                                  ) direction
                            WHERE link.order_line_id = line.id
                              AND invoice_line.parent_state = 'posted'
                       ) posted
            CROSS JOIN LATERAL (
                           SELECT bool_and(stock_move.state IN ('done', 'cancel')) AS nothing_left
                             FROM stock_move
                            WHERE stock_move.sale_line_id = line.id
                              AND stock_move.location_id NOT IN (
                                      SELECT id FROM stock_location WHERE usage = 'customer'
                                  )
                       ) shipped
                 WHERE so.state = 'sale'
                   AND (
                       so.invoice_status IS DISTINCT FROM 'invoiced'
                       OR EXISTS (
                           SELECT FROM sale_order_line draft_line
                             JOIN sale_order_line_invoice_rel link
                               ON link.order_line_id = draft_line.id
                             JOIN account_move_line invoice_line
                               ON invoice_line.id = link.invoice_line_id
                            WHERE draft_line.order_id = so.id
                              AND invoice_line.parent_state = 'draft'
                       )
                   )
                   AND so.company_id = ANY(%(companies)s)
                   AND line.display_type IS NULL
                   AND (
                       line.product_uom_qty != 0
                       OR line.qty_delivered != 0
                       OR line.is_downpayment
                   )
                   %(limits)s
            ), order_value AS (
                SELECT order_id,
                       debtor_id,
                       currency_id,
                       is_far_off,
                       COALESCE(SUM(delivered), 0) AS delivered,
                       COALESCE(SUM(ordered), 0) AS ordered,
                       GREATEST(SUM(advance), 0) AS advance
                  FROM line_value
              GROUP BY order_id, debtor_id, currency_id, is_far_off
            )
            """,
            companies=root._o2c_family_ids(),
            is_far_off=is_far_off,
            limits=limits,
            invoiced_elsewhere=self._invoiced_elsewhere_sql(),
        )

    @api.model
    def _invoiced_elsewhere_sql(self):
        """The quantity of the sale order ``line`` that was invoiced without an invoice line of
        its own; for domains that know of such."""
        return SQL("0")

    def _fetch(self, query, root, overdue_days):
        """Run the statement.

        :return: {debtor: {name of the figure, or days overdue: amount in the root's currency}}
        """
        rows = self.env.execute_query(query)
        currencies = self.env["res.currency"].browse({row[1] for row in rows})
        today = root._o2c_today()
        rates = {
            currency.id: currency._get_conversion_rate(currency, root.currency_id, root, today)
            for currency in currencies
        }
        amounts = defaultdict(lambda: defaultdict(float))
        for debtor, currency_id, *values, by_days in rows:
            names = (*FIGURES, *overdue_days)
            for name, value in zip(names, [*values, *(by_days or ())], strict=False):
                amounts[debtor][name] += float(value) * rates[currency_id]
        return amounts
