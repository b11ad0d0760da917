"""The SQL of lines of documents that count as sold, by metric: see ``_facts_sql``."""

INVOICE_LINES = """
    SELECT line.id AS line_id, move.invoice_date AS day,
           {value} AS value, {own} AS is_plan_currency,
           move.team_id, move.invoice_user_id AS user_id, move.commercial_partner_id AS customer_id,
           COALESCE(move.partner_shipping_id, move.partner_id) AS address_id, line.product_id
    FROM account_move move
    JOIN account_move_line line ON line.move_id = move.id
    {joins}
    WHERE move.move_type IN ('out_invoice', 'out_refund', 'out_receipt') AND move.state = 'posted'
      AND move.company_id = ANY(%(companies)s)
      AND move.invoice_date BETWEEN %(date_from)s AND %(date_to)s
      AND line.display_type = 'product' {where}
"""
INVOICE_UNITS = """
    (CASE WHEN move.move_type = 'out_refund' THEN -1 ELSE 1 END)
    * line.quantity * COALESCE(unit.factor / own_unit.factor, 1)
"""
INVOICE_UNIT_JOINS = """
    LEFT JOIN product_product own_product ON own_product.id = line.product_id
    LEFT JOIN product_template own_template ON own_template.id = own_product.product_tmpl_id
    LEFT JOIN uom_uom own_unit ON own_unit.id = own_template.uom_id
    LEFT JOIN uom_uom unit ON unit.id = line.product_uom_id
"""
# The cost of a unit, when it was sold and in the company that sold it: that of the order line (which
# follows the deliveries, as sale_margin keeps it); without an order what the invoice posted as cost of
# goods sold; else, as of the day of the invoice, the later of the price set and of what goods last left
# the stock with; of a product whose price was first set after that day, that price; and only of one
# without any history the price of today.
INVOICE_COST = """
    COALESCE(
        ordered.cost,
        (SELECT SUM(ABS(cogs.balance)) / 2
                / NULLIF(ABS(line.quantity * COALESCE(unit.factor / own_unit.factor, 1)), 0)
         FROM account_move_line cogs
         WHERE cogs.cogs_origin_id = line.id AND cogs.display_type = 'cogs'),
        (SELECT known.cost FROM (
             (SELECT price.date, price.value AS cost FROM product_value price
              WHERE price.product_id = line.product_id AND price.company_id = move.company_id
                AND price.move_id IS NULL AND price.lot_id IS NULL AND price.date < {day_end}
              ORDER BY price.date DESC, price.id DESC LIMIT 1)
             UNION ALL
             (SELECT gone.date,
                     ABS(gone.value) / NULLIF(gone.quantity * gone_unit.factor / own_unit.factor, 0)
              FROM stock_move gone JOIN uom_uom gone_unit ON gone_unit.id = gone.product_uom
              WHERE gone.product_id = line.product_id AND gone.company_id = move.company_id
                AND gone.state = 'done' AND gone.is_out AND gone.value <> 0 AND gone.date < {day_end}
              ORDER BY gone.date DESC, gone.id DESC LIMIT 1)
         ) known WHERE known.cost IS NOT NULL ORDER BY known.date DESC LIMIT 1),
        (SELECT price.value FROM product_value price
         WHERE price.product_id = line.product_id AND price.company_id = move.company_id
           AND price.move_id IS NULL AND price.lot_id IS NULL
         ORDER BY price.date, price.id LIMIT 1),
        (own_product.standard_price ->> move.company_id::text)::float8,
        0)
""".format(day_end="((move.invoice_date + 1)::timestamp AT TIME ZONE %(tz)s AT TIME ZONE 'UTC')")
INVOICE_COST_JOINS = """
    LEFT JOIN LATERAL (
        SELECT AVG(sold.purchase_price / NULLIF(sale.currency_rate, 0)
                   / NULLIF(sold_unit.factor, 0) * own_unit.factor) AS cost
        FROM sale_order_line_invoice_rel rel
        JOIN sale_order_line sold ON sold.id = rel.order_line_id
        JOIN sale_order sale ON sale.id = sold.order_id
        JOIN uom_uom sold_unit ON sold_unit.id = sold.product_uom_id
        WHERE rel.invoice_line_id = line.id AND sold.product_id = line.product_id
    ) ordered ON TRUE
"""
INVOICES = {
    "amount": INVOICE_LINES.format(
        value="CASE WHEN line.currency_id = %(currency)s THEN -line.amount_currency ELSE -line.balance END",
        own="line.currency_id = %(currency)s",
        joins="",
        where="",
    ),
    "quantity": INVOICE_LINES.format(
        value=INVOICE_UNITS,
        own="TRUE",
        joins=INVOICE_UNIT_JOINS,
        where="AND line.product_id IS NOT NULL",
    ),
    "margin": INVOICE_LINES.format(
        value=f"-line.balance - {INVOICE_UNITS} * {INVOICE_COST}",
        own="FALSE",
        joins=INVOICE_UNIT_JOINS + INVOICE_COST_JOINS,
        where="",
    ),
}

ORDER_LINES = """
    SELECT line.id AS line_id,
           (sale.date_order AT TIME ZONE 'UTC' AT TIME ZONE %(tz)s)::date AS day,
           {value} AS value, {own} AS is_plan_currency,
           sale.team_id, sale.user_id, customer.commercial_partner_id AS customer_id,
           sale.partner_shipping_id AS address_id, line.product_id
    FROM sale_order sale
    JOIN sale_order_line line ON line.order_id = sale.id
    JOIN res_partner customer ON customer.id = sale.partner_id
    LEFT JOIN product_product own_product ON own_product.id = line.product_id
    LEFT JOIN product_template own_template ON own_template.id = own_product.product_tmpl_id
    LEFT JOIN uom_uom own_unit ON own_unit.id = own_template.uom_id
    LEFT JOIN uom_uom unit ON unit.id = line.product_uom_id
    WHERE sale.state = 'sale' AND sale.company_id = ANY(%(companies)s)
      AND sale.date_order >= (%(date_from)s::timestamp AT TIME ZONE %(tz)s AT TIME ZONE 'UTC')
      AND sale.date_order < ((%(date_to)s::date + 1)::timestamp AT TIME ZONE %(tz)s AT TIME ZONE 'UTC')
      AND line.display_type IS NULL AND line.is_downpayment IS NOT TRUE {where}
"""
ORDER_VALUE = """
    CASE WHEN sale.currency_id = %(currency)s THEN {column}
         ELSE {column} / NULLIF(sale.currency_rate, 0) END
"""
ORDERS = {
    "amount": ORDER_LINES.format(
        value=ORDER_VALUE.format(column="line.price_subtotal"),
        own="sale.currency_id = %(currency)s",
        where="",
    ),
    "margin": ORDER_LINES.format(
        value=ORDER_VALUE.format(column="line.margin"), own="sale.currency_id = %(currency)s", where=""
    ),
    "quantity": ORDER_LINES.format(
        value="line.product_uom_qty * COALESCE(unit.factor / own_unit.factor, 1)", own="TRUE", where=""
    ),
}

# Goods of the order itself: of a kit no component, whose quantities are not those that were sold.
DELIVERED_LINES = """
    SELECT move.id AS line_id,
           (move.date AT TIME ZONE 'UTC' AT TIME ZONE %(tz)s)::date AS day,
           {value} AS value, {own} AS is_plan_currency,
           sale.team_id, sale.user_id, customer.commercial_partner_id AS customer_id,
           sale.partner_shipping_id AS address_id, move.product_id
    FROM stock_move move
    JOIN sale_order_line line ON line.id = move.sale_line_id AND line.product_id = move.product_id
    JOIN sale_order sale ON sale.id = line.order_id
    JOIN res_partner customer ON customer.id = sale.partner_id
    JOIN stock_location source ON source.id = move.location_id
    JOIN stock_location destination ON destination.id = move.location_dest_id
    JOIN product_product own_product ON own_product.id = move.product_id
    JOIN product_template own_template ON own_template.id = own_product.product_tmpl_id
    JOIN uom_uom own_unit ON own_unit.id = own_template.uom_id
    JOIN uom_uom move_unit ON move_unit.id = move.product_uom
    LEFT JOIN uom_uom unit ON unit.id = line.product_uom_id
    WHERE move.state = 'done' AND move.company_id = ANY(%(companies)s)
      AND (source.usage = 'customer') <> (destination.usage = 'customer')
      AND move.date >= (%(date_from)s::timestamp AT TIME ZONE %(tz)s AT TIME ZONE 'UTC')
      AND move.date < ((%(date_to)s::date + 1)::timestamp AT TIME ZONE %(tz)s AT TIME ZONE 'UTC')
"""
DELIVERED_UNITS = """
    (CASE WHEN destination.usage = 'customer' THEN 1 ELSE -1 END)
    * move.quantity * move_unit.factor / own_unit.factor
"""
DELIVERED_PART = f"({DELIVERED_UNITS} * own_unit.factor / unit.factor / NULLIF(line.product_uom_qty, 0))"
DELIVERIES = {
    "amount": DELIVERED_LINES.format(
        value=ORDER_VALUE.format(column=f"(line.price_subtotal * {DELIVERED_PART})"),
        own="sale.currency_id = %(currency)s",
    ),
    "margin": DELIVERED_LINES.format(
        value=ORDER_VALUE.format(column=f"(line.margin * {DELIVERED_PART})"),
        own="sale.currency_id = %(currency)s",
    ),
    "quantity": DELIVERED_LINES.format(value=DELIVERED_UNITS, own="TRUE"),
}

# Of goods whose last delivery was made without a backorder, the rest never comes.
OPEN_UNITS = """
    (CASE WHEN line.qty_delivered_method = 'stock_move' AND NOT EXISTS (
         SELECT FROM stock_move waiting
         WHERE waiting.sale_line_id = line.id AND waiting.state NOT IN ('done', 'cancel')
     ) THEN line.qty_delivered ELSE line.product_uom_qty END)
"""
# What is on a draft invoice is not sold yet, though the order counts it as invoiced.
INVOICED_UNITS = """
    (COALESCE(line.qty_invoiced, 0) - COALESCE((
        SELECT SUM((CASE WHEN draft.move_type = 'out_refund' THEN -1 ELSE 1 END)
                   * drafted.quantity * drafted_unit.factor / unit.factor)
        FROM sale_order_line_invoice_rel rel
        JOIN account_move_line drafted ON drafted.id = rel.invoice_line_id
        JOIN account_move draft ON draft.id = drafted.move_id AND draft.state = 'draft'
        JOIN uom_uom drafted_unit ON drafted_unit.id = drafted.product_uom_id
        WHERE rel.order_line_id = line.id
    ), 0))
"""
OPEN_ORDER_LINES = """
    SELECT open.line_id, open.day, {value} AS value, {own} AS is_plan_currency, open.team_id, open.user_id,
           open.customer_id, open.address_id, open.product_id
    FROM (
        SELECT line.id AS line_id, sale.team_id, sale.user_id, sale.currency_id, sale.currency_rate,
               customer.commercial_partner_id AS customer_id, sale.partner_shipping_id AS address_id,
               line.product_id, line.price_subtotal, line.margin, line.product_uom_qty,
               unit.factor / own_unit.factor AS factor,
               GREATEST(COALESCE(
                   (sale.commitment_date AT TIME ZONE 'UTC' AT TIME ZONE %(tz)s)::date,
                   (sale.date_order AT TIME ZONE 'UTC' AT TIME ZONE %(tz)s)::date + line.customer_lead::int
               ), %(today)s::date) AS day,
               {expected} - {done} AS open_units
        FROM sale_order sale
        JOIN sale_order_line line ON line.order_id = sale.id
        JOIN res_partner customer ON customer.id = sale.partner_id
        LEFT JOIN product_product own_product ON own_product.id = line.product_id
        LEFT JOIN product_template own_template ON own_template.id = own_product.product_tmpl_id
        LEFT JOIN uom_uom own_unit ON own_unit.id = own_template.uom_id
        LEFT JOIN uom_uom unit ON unit.id = line.product_uom_id
        WHERE sale.state = 'sale' AND sale.company_id = ANY(%(companies)s)
          AND line.display_type IS NULL AND line.is_downpayment IS NOT TRUE
          AND line.product_uom_qty <> 0 {where}
    ) open
    WHERE open.day BETWEEN %(date_from)s AND %(date_to)s AND open.open_units * open.product_uom_qty > 0
"""
OPEN_PART = "(open.{column} * open.open_units / open.product_uom_qty)"
OPEN_VALUE = """
    CASE WHEN open.currency_id = %(currency)s THEN {column}
         ELSE {column} / NULLIF(open.currency_rate, 0) END
"""


def _open_orders(**parts):
    """The SQL of what is open of orders, by metric."""
    in_currency = {
        metric: OPEN_ORDER_LINES.format(
            value=OPEN_VALUE.format(column=OPEN_PART.format(column=column)),
            own="open.currency_id = %(currency)s",
            **parts,
        )
        for metric, column in (("amount", "price_subtotal"), ("margin", "margin"))
    }
    units = "open.open_units * COALESCE(open.factor, 1)"
    return {**in_currency, "quantity": OPEN_ORDER_LINES.format(value=units, own="TRUE", **parts)}


# By what the actuals of a plan are; orders themselves are sold as soon as they are confirmed.
OPEN_ORDERS = {
    "invoice": _open_orders(expected=OPEN_UNITS, done=INVOICED_UNITS, where=""),
    "delivery": _open_orders(
        expected=OPEN_UNITS,
        done="COALESCE(line.qty_delivered, 0)",
        where="AND line.qty_delivered_method = 'stock_move'",
    ),
}

PIPELINE = """
    SELECT lead.id AS line_id, GREATEST(lead.date_deadline, %(today)s::date) AS day,
           lead.expected_revenue * lead.probability / 100 AS value, FALSE AS is_plan_currency,
           lead.team_id, lead.user_id, customer.commercial_partner_id AS customer_id,
           lead.partner_id AS address_id, NULL::int AS product_id
    FROM crm_lead lead
    LEFT JOIN res_partner customer ON customer.id = lead.partner_id
    LEFT JOIN crm_team team ON team.id = lead.team_id
    LEFT JOIN res_users seller ON seller.id = lead.user_id
    WHERE lead.type = 'opportunity' AND lead.active AND lead.won_status = 'pending'
      AND GREATEST(lead.date_deadline, %(today)s::date) BETWEEN %(date_from)s AND %(date_to)s
      AND lead.date_deadline IS NOT NULL
      AND COALESCE(lead.company_id, team.company_id, seller.company_id) = ANY(%(companies)s)
"""
WITHOUT_ORDER = """
      AND NOT EXISTS (SELECT FROM sale_order sale WHERE sale.opportunity_id = lead.id AND sale.state = 'sale')
"""
