"""The statement that adds up exposure."""

from odoo import api, models
from odoo.tools import SQL

from .exposure import FEW, Scope

# What the statement reads: a pending change of any of it is written first.
SOURCES = {
    "account.account": ["account_type"],
    "account.move": ["company_id", "currency_id", "move_type", "partner_id", "state"],
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
    "account.tax": ["amount", "amount_type", "price_include_override"],
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
        "tax_ids",
    ],
    "stock.move": ["location_id", "sale_line_id", "state"],
    "res.company": ["account_price_include"],
    "res.partner": ["commercial_partner_id", "o2c_payer_id"],
}

# The parameters of the function, by name.
ARGUMENTS = Scope(
    debtor_ids=SQL("p_debtor_ids"),
    company_ids=SQL("p_company_ids"),
    currency_id=SQL("p_currency_id"),
    excluded_order_ids=SQL("p_excluded_order_ids"),
    cutoffs=SQL("p_cutoffs"),
    far_off=SQL("p_far_off"),
    timezone=SQL("p_timezone"),
)

CONDITIONS = {
    "delivered_not_invoiced": SQL("delivered > 0"),
    "ordered_not_delivered": SQL("(ordered > 0 AND NOT is_far_off)"),
}


class O2cCreditExposure(models.AbstractModel):
    """The statement has a row a debtor, currency and part, in the currency of that row:

    debtor, currency, the number of cutoffs that a receivable is due on or after, what of it is
    overdue, and the components of the exposure.
    """

    _inherit = "o2c.credit.exposure"

    def init(self):
        """Keep the statement as a function too.

        To plan it takes PostgreSQL five times as long as to run it for one customer, and every
        confirmation asks for one customer. The plan of a function is kept by the connection.
        """
        super().init()
        self._drop_function()
        self.env.cr.execute(
            SQL(
                """
                CREATE FUNCTION o2c_credit_exposure(
                    p_debtor_ids int[], p_company_ids int[], p_currency_id int,
                    p_excluded_order_ids int[], p_cutoffs date[], p_far_off date, p_timezone text
                )
                RETURNS TABLE (
                    debtor_id int, currency_id int, cutoffs int, overdue float8,
                    receivable float8, draft_invoiced float8, delivered float8, ordered float8
                )
                LANGUAGE plpgsql STABLE
                SET plan_cache_mode = force_generic_plan SET jit = off
                AS $function$
                #variable_conflict use_column
                BEGIN
                    RETURN QUERY %s;
                END
                $function$
                """,
                self._exposure_sql(ARGUMENTS),
            )
        )

    @api.model
    def _drop_function(self):
        self.env.cr.execute("DROP FUNCTION IF EXISTS o2c_credit_exposure")

    def _flush_sources(self):
        for model, names in SOURCES.items():
            self.env[model].flush_model(names)

    @api.model
    def _statement(self, scope):
        if len(scope.debtor_ids) > FEW:
            return self._exposure_sql(self._literals(scope))
        return SQL(
            "SELECT * FROM o2c_credit_exposure(%s)", SQL(", ").join(self._literals(scope))
        )

    @api.model
    def _debtors_sql(self, partners):
        """Rows of a partner and the partner whose debt it is."""
        return SQL(
            """
            SELECT partner.id, COALESCE(commercial.o2c_payer_id, commercial.id)
              FROM res_partner partner
              JOIN res_partner commercial ON commercial.id = partner.commercial_partner_id
             WHERE partner.id = ANY(%s)
            """,
            list(partners.ids),
        )

    @api.model
    def _orders_sql(self, scope, components):
        """The ids of the orders with something in ``components``."""
        return SQL(
            "WITH %s SELECT order_id FROM order_value WHERE %s ORDER BY order_id",
            self._orders_cte(self._literals(scope)),
            SQL(" OR ").join(CONDITIONS[name] for name in components),
        )

    @staticmethod
    def _literals(scope):
        """The values of ``scope`` as parameters of a statement."""
        return Scope(
            debtor_ids=SQL("%s::int[]", scope.debtor_ids),
            company_ids=SQL("%s::int[]", scope.company_ids),
            currency_id=SQL("%s::int", scope.currency_id),
            excluded_order_ids=SQL("%s::int[]", scope.excluded_order_ids),
            cutoffs=SQL("%s::date[]", scope.cutoffs),
            far_off=SQL("%s::date", scope.far_off),
            timezone=SQL("%s::text", scope.timezone),
        )

    def _exposure_sql(self, scope):
        """The whole statement; ``scope`` holds :class:`SQL`: parameters or names of them."""
        return SQL(
            "WITH %s %s UNION ALL %s UNION ALL %s",
            self._orders_cte(scope),
            self._receivable_sql(scope),
            self._draft_invoiced_sql(scope),
            self._sale_sql(),
        )

    def _receivable_sql(self, scope):
        return SQL(
            """
            SELECT member.debtor_id,
                   %(currency)s,
                   width_bucket(line.date_maturity, %(cutoffs)s),
                   SUM(line.amount_residual) FILTER (
                       WHERE line.amount_residual > 0
                         AND line.date_maturity < (%(cutoffs)s)[cardinality(%(cutoffs)s)]
                   )::float8,
                   SUM(line.amount_residual)::float8,
                   NULL::float8,
                   NULL::float8,
                   NULL::float8
              FROM account_move_line line
              JOIN member ON member.id = line.partner_id
             WHERE line.account_id = ANY(ARRAY(
                       SELECT id FROM account_account WHERE account_type = 'asset_receivable'
                   ))
               AND line.parent_state = 'posted'
               AND line.reconciled IS NOT TRUE
               AND line.company_id = ANY(%(companies)s)
          GROUP BY 1, 3
            """,
            companies=scope.company_ids,
            currency=scope.currency_id,
            cutoffs=scope.cutoffs,
        )

    def _draft_invoiced_sql(self, scope):
        """Draft customer invoices, but for what an order asked for: the order counts itself."""
        return SQL(
            """
            SELECT member.debtor_id,
                   move.currency_id,
                   0,
                   NULL,
                   NULL,
                   SUM(CASE WHEN move.move_type = 'out_refund' THEN -line.price_total
                            ELSE line.price_total END)::float8,
                   NULL,
                   NULL
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
            companies=scope.company_ids,
        )

    def _sale_sql(self):
        return SQL(
            """
            SELECT debtor_id,
                   currency_id,
                   0,
                   NULL,
                   NULL,
                   NULL,
                   SUM(delivered - LEAST(advance - off_ordered, GREATEST(delivered, 0)))::float8,
                   SUM(CASE WHEN is_far_off THEN 0 ELSE ordered - off_ordered END)::float8
              FROM order_value
        CROSS JOIN LATERAL (
                       SELECT LEAST(advance, GREATEST(ordered, 0)) AS off_ordered
                   ) deduction
          GROUP BY debtor_id, currency_id
            """
        )

    def _orders_cte(self, scope):
        """CTEs: who owes to whose account (``member``), and what each order counts for.

        A line whose moves (returns apart) are all done or cancelled has nothing left to deliver,
        whatever its ordered quantity says. What was invoiced in advance is on a receivable or
        paid: it comes off what is to be delivered first, then off what was delivered. Orders that
        are invoiced to the end, by posted invoices, are past and not looked at.
        """
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
            ), line AS MATERIALIZED (
                SELECT so.id AS order_id,
                       member.debtor_id,
                       so.currency_id,
                       COALESCE(
                           (so.commitment_date AT TIME ZONE 'UTC' AT TIME ZONE %(timezone)s)::date
                           > %(far_off)s,
                           FALSE
                       ) AS is_far_off,
                       line.id,
                       line.is_downpayment,
                       line.product_uom_id,
                       line.product_uom_qty AS ordered,
                       COALESCE(line.qty_delivered, 0) AS delivered,
                       %(invoiced_elsewhere)s AS invoiced_elsewhere,
                       line.price_total / NULLIF(line.product_uom_qty, 0) AS price
                  FROM sale_order so
                  JOIN member ON member.id = so.partner_invoice_id
                  JOIN sale_order_line line ON line.order_id = so.id
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
                   AND so.id != ALL(%(excluded)s)
                   AND line.display_type IS NULL
                   AND (
                       line.product_uom_qty != 0
                       OR line.qty_delivered != 0
                       OR line.is_downpayment
                   )
            ), unordered AS (
                %(unordered)s
            ), posted AS (
                SELECT line.id,
                       SUM(sign * invoice_line.quantity * unit_ratio) AS quantity,
                       SUM(sign * invoice_line.price_total) AS amount
                  FROM line
                  JOIN sale_order_line_invoice_rel link ON link.order_line_id = line.id
                  JOIN account_move_line invoice_line ON invoice_line.id = link.invoice_line_id
                  JOIN account_move move ON move.id = invoice_line.move_id
            CROSS JOIN LATERAL (
                           SELECT CASE WHEN move.move_type = 'out_refund' THEN -1 ELSE 1 END AS sign,
                                  CASE WHEN invoice_line.product_uom_id = line.product_uom_id
                                       THEN 1
                                       ELSE COALESCE((
                                           SELECT invoice_unit.factor / sale_unit.factor
                                             FROM uom_uom invoice_unit, uom_uom sale_unit
                                            WHERE invoice_unit.id = invoice_line.product_uom_id
                                              AND sale_unit.id = line.product_uom_id
                                       ), 1) END AS unit_ratio
                       ) factor
                 WHERE invoice_line.parent_state = 'posted'
              GROUP BY line.id
            ), shipped AS (
                SELECT line.id
                  FROM line
                  JOIN stock_move ON stock_move.sale_line_id = line.id
                 WHERE stock_move.location_id NOT IN (
                           SELECT id FROM stock_location WHERE usage = 'customer'
                       )
              GROUP BY line.id
                HAVING bool_and(stock_move.state IN ('done', 'cancel'))
            ), order_value AS (
                SELECT line.order_id,
                       line.debtor_id,
                       line.currency_id,
                       line.is_far_off,
                       COALESCE(SUM(
                           COALESCE(line.price, unordered.price) * GREATEST(delivered - invoiced, 0)
                       ), 0) AS delivered,
                       COALESCE(SUM(
                           line.price * GREATEST(ordered - GREATEST(delivered, invoiced), 0)
                       ) FILTER (WHERE shipped.id IS NULL), 0) AS ordered,
                       GREATEST(
                           SUM(CASE WHEN line.is_downpayment THEN posted.amount END), 0
                       ) AS advance
                  FROM line
             LEFT JOIN unordered ON unordered.id = line.id
             LEFT JOIN posted ON posted.id = line.id
             LEFT JOIN shipped ON shipped.id = line.id
            CROSS JOIN LATERAL (
                           SELECT COALESCE(posted.quantity, 0) + line.invoiced_elsewhere AS invoiced
                       ) total
              GROUP BY line.order_id, line.debtor_id, line.currency_id, line.is_far_off
            )
            """,
            debtors=scope.debtor_ids,
            companies=scope.company_ids,
            excluded=scope.excluded_order_ids,
            far_off=scope.far_off,
            timezone=scope.timezone,
            invoiced_elsewhere=self._invoiced_elsewhere_sql(),
            unordered=self._unordered_sql(),
        )

    @api.model
    def _invoiced_elsewhere_sql(self):
        """The quantity of the sale order ``line`` that was invoiced without an invoice line of
        its own; for domains that know of such. Without parameters."""
        return SQL("0")

    @api.model
    def _unordered_sql(self):
        """The unit price, taxes included, of the lines (``line``) that were delivered although
        nothing was ordered: they have no total to take it from. Taxes on taxes are not compounded.
        """
        return SQL(
            """
            SELECT line.id,
                   net.price + COALESCE(SUM(
                       CASE tax.amount_type
                            WHEN 'percent' THEN net.price * tax.amount / 100
                            WHEN 'division' THEN net.price / NULLIF(1 - tax.amount / 100, 0) - net.price
                            WHEN 'fixed' THEN tax.amount END
                   ) FILTER (
                       WHERE COALESCE(tax.price_include_override, company.account_price_include)
                             IS DISTINCT FROM 'tax_included'
                   ), 0) AS price
              FROM line
              JOIN sale_order_line ON sale_order_line.id = line.id
        CROSS JOIN LATERAL (
                       SELECT sale_order_line.price_unit
                              * (1 - COALESCE(sale_order_line.discount, 0) / 100) AS price
                   ) net
         LEFT JOIN account_tax_sale_order_line_rel applied ON applied.sale_order_line_id = line.id
         LEFT JOIN account_tax_filiation_rel child ON child.parent_tax = applied.account_tax_id
         LEFT JOIN account_tax tax ON tax.id = COALESCE(child.child_tax, applied.account_tax_id)
         LEFT JOIN res_company company ON company.id = tax.company_id
             WHERE line.price IS NULL
               AND line.delivered != 0
          GROUP BY line.id, net.price
            """
        )
