"""The lines of orders, invoices and deliveries as the commission sees them."""

from dataclasses import dataclass
from datetime import date

from odoo.tools import SQL


@dataclass(frozen=True, slots=True)
class SaleLine:
    """A line that may earn commission.

    :ivar source: ``order``, ``invoice`` or ``delivery``
    :ivar res_id: id of the order line, invoice line or stock move
    :ivar document_id: id of the order or invoice, of a delivery the order
    :ivar date: the company's local date
    :ivar currency_rate: how much of the document's currency is one of the company's
    :ivar untaxed: after discount, in the document's currency, negative on a credit note
    :ivar quantity: in the product's unit, negative on a credit note
    :ivar cost: in the document's currency, ``None``: ask the product
    :ivar partner_id: the commercial partner
    :ivar salesperson_id: the partner of the salesperson's user
    """

    source: str
    res_id: int
    document_id: int
    name: str
    kind: str
    company_id: int
    currency_id: int
    date: date
    currency_rate: float
    move_id: int | None
    order_id: int | None
    order_line_id: int | None
    product_id: int | None
    product_tmpl_id: int | None
    category_id: int | None
    product_type: str | None
    is_freight: bool
    discount: float
    untaxed: float
    quantity: float
    cost: float | None
    partner_id: int
    contact_id: int
    customer_type: str | None
    class_id: int | None
    team_id: int | None
    region_id: int | None
    salesperson_id: int | None
    reversed_id: int | None = None


def invoice_lines(env, moves):
    """The lines with products or amounts of posted invoices, credit notes and receipts.

    Down payments are left out, as what is invoiced in advance and as what the final invoice takes off:
    the goods are on the final invoice with their whole amount.

    :param moves: ``account.move``
    :return: list of :class:`SaleLine` by invoice and line
    """
    env["account.move.line"].flush_model()
    env["account.move"].flush_model()
    env["sale.order.line"].flush_model()
    rows = env.execute_query(
        SQL(
            """
            SELECT 'invoice', line.id, move.id, move.name, move.move_type, move.company_id, move.currency_id,
                   COALESCE(move.invoice_date, move.date),
                   COALESCE(NULLIF(move.invoice_currency_rate, 0), 1),
                   move.id, sol.order_id, sol.id,
                   line.product_id, product.product_tmpl_id, template.categ_id, template.type,
                   %(freight)s,
                   COALESCE(line.discount, 0),
                   sign.factor * line.price_subtotal,
                   sign.factor * line.quantity * COALESCE(unit.factor / product_unit.factor, 1),
                   sign.factor * line.quantity * COALESCE(unit.factor / order_unit.factor, 1)
                       * sol.purchase_price
                       * CASE WHEN orders.currency_id = move.currency_id THEN 1
                         ELSE COALESCE(NULLIF(move.invoice_currency_rate, 0), 1)
                              / COALESCE(NULLIF(orders.currency_rate, 0), 1) END,
                   move.commercial_partner_id, move.partner_id,
                   customer.o2c_customer_type, customer.o2c_class_id,
                   COALESCE(orders.team_id, move.team_id),
                   COALESCE(address.o2c_region_id, customer.o2c_region_id),
                   salesperson.partner_id,
                   move.reversed_entry_id
              FROM account_move_line line
              JOIN account_move move ON move.id = line.move_id
              JOIN LATERAL (
                  SELECT CASE WHEN move.move_type = 'out_refund' THEN -1 ELSE 1 END AS factor
              ) sign ON TRUE
              LEFT JOIN LATERAL (
                  SELECT MIN(order_line_id) AS id FROM sale_order_line_invoice_rel
                   WHERE invoice_line_id = line.id
              ) link ON TRUE
              LEFT JOIN sale_order_line sol ON sol.id = link.id
              LEFT JOIN sale_order orders ON orders.id = sol.order_id
              LEFT JOIN product_product product ON product.id = line.product_id
              LEFT JOIN product_template template ON template.id = product.product_tmpl_id
              LEFT JOIN uom_uom unit ON unit.id = line.product_uom_id
              LEFT JOIN uom_uom product_unit ON product_unit.id = template.uom_id
              LEFT JOIN uom_uom order_unit ON order_unit.id = sol.product_uom_id
              LEFT JOIN res_partner customer ON customer.id = move.commercial_partner_id
              LEFT JOIN res_partner address
                     ON address.id = COALESCE(move.partner_shipping_id, move.partner_id)
              LEFT JOIN res_users salesperson ON salesperson.id = move.invoice_user_id
             WHERE move.id = ANY(%(moves)s) AND move.state = 'posted' AND line.display_type = 'product'
               AND move.commercial_partner_id IS NOT NULL
               AND sol.is_downpayment IS NOT TRUE
             ORDER BY line.move_id, line.id
            """,
            moves=list(moves.ids),
            freight=_freight(env),
        )
    )
    return [SaleLine(*row) for row in rows]


def order_lines(env, orders):
    """The lines of confirmed orders.

    :param orders: ``sale.order``
    :return: list of :class:`SaleLine` by order and line
    """
    env["sale.order"].flush_model()
    env["sale.order.line"].flush_model()
    rows = env.execute_query(
        SQL(
            """
            SELECT 'order', line.id, orders.id, orders.name, 'order', orders.company_id, orders.currency_id,
                   (orders.date_order AT TIME ZONE 'UTC'
                        AT TIME ZONE COALESCE(company_partner.tz, 'UTC'))::date,
                   COALESCE(NULLIF(orders.currency_rate, 0), 1),
                   NULL::int, orders.id, line.id,
                   line.product_id, product.product_tmpl_id, template.categ_id, template.type,
                   %(freight)s,
                   COALESCE(line.discount, 0),
                   line.price_subtotal,
                   line.product_uom_qty * COALESCE(unit.factor / product_unit.factor, 1),
                   line.product_uom_qty * line.purchase_price,
                   customer.commercial_partner_id, orders.partner_id,
                   commercial.o2c_customer_type, commercial.o2c_class_id,
                   orders.team_id,
                   COALESCE(address.o2c_region_id, commercial.o2c_region_id),
                   salesperson.partner_id,
                   NULL::int
              FROM sale_order_line line
              JOIN sale_order orders ON orders.id = line.order_id
              JOIN res_company company ON company.id = orders.company_id
              JOIN res_partner company_partner ON company_partner.id = company.partner_id
              JOIN res_partner customer ON customer.id = orders.partner_id
              LEFT JOIN res_partner commercial ON commercial.id = customer.commercial_partner_id
              LEFT JOIN res_partner address ON address.id = orders.partner_shipping_id
              LEFT JOIN product_product product ON product.id = line.product_id
              LEFT JOIN product_template template ON template.id = product.product_tmpl_id
              LEFT JOIN uom_uom unit ON unit.id = line.product_uom_id
              LEFT JOIN uom_uom product_unit ON product_unit.id = template.uom_id
              LEFT JOIN res_users salesperson ON salesperson.id = orders.user_id
              LEFT JOIN sale_order_line sol ON sol.id = line.id
             WHERE line.order_id = ANY(%(orders)s) AND line.display_type IS NULL
               AND line.is_downpayment IS NOT TRUE
             ORDER BY line.order_id, line.sequence, line.id
            """,
            orders=list(orders.ids),
            freight=_freight(env),
        )
    )
    return [SaleLine(*row) for row in rows]


def _freight(env):
    """Whether a line is freight: by its product, or as the fee of a carrier where there are any."""
    if "delivery.carrier" not in env:
        return SQL("COALESCE(template.o2c_is_freight, FALSE)")
    return SQL(
        "COALESCE(template.o2c_is_freight, FALSE) OR COALESCE(sol.is_delivery, FALSE)"
        " OR EXISTS (SELECT FROM delivery_carrier WHERE delivery_carrier.product_id = product.id)"
    )


def delivery_lines(env, moves):
    """Goods that went to customers on sale lines, and those that came back, negative.

    Moves of other goods than were sold, the components of kits, are no deliveries of the line.

    :param moves: ``stock.move``
    :return: list of :class:`SaleLine` by move
    """
    env["stock.move"].flush_model()
    env["sale.order"].flush_model()
    env["sale.order.line"].flush_model()
    rows = env.execute_query(
        SQL(
            """
            SELECT 'delivery', move.id, orders.id, COALESCE(move.reference, orders.name),
                   CASE WHEN source.usage = 'customer' THEN 'return' ELSE 'delivery' END,
                   orders.company_id, orders.currency_id,
                   (move.date AT TIME ZONE 'UTC' AT TIME ZONE COALESCE(company_partner.tz, 'UTC'))::date,
                   COALESCE(NULLIF(orders.currency_rate, 0), 1),
                   NULL::int, orders.id, sol.id,
                   sol.product_id, product.product_tmpl_id, template.categ_id, template.type,
                   FALSE,
                   COALESCE(sol.discount, 0),
                   goods.quantity * COALESCE(
                       sol.price_subtotal / NULLIF(sol.product_uom_qty * order_unit.factor, 0),
                       sol.price_unit * (1 - COALESCE(sol.discount, 0) / 100) / order_unit.factor)
                       * product_unit.factor,
                   goods.quantity,
                   goods.quantity * sol.purchase_price * product_unit.factor / order_unit.factor,
                   customer.commercial_partner_id, orders.partner_id,
                   commercial.o2c_customer_type, commercial.o2c_class_id,
                   orders.team_id,
                   COALESCE(address.o2c_region_id, commercial.o2c_region_id),
                   salesperson.partner_id,
                   move.origin_returned_move_id
              FROM stock_move move
              JOIN sale_order_line sol ON sol.id = move.sale_line_id AND sol.product_id = move.product_id
              JOIN sale_order orders ON orders.id = sol.order_id
              JOIN stock_location source ON source.id = move.location_id
              JOIN stock_location target ON target.id = move.location_dest_id
              JOIN res_company company ON company.id = orders.company_id
              JOIN res_partner company_partner ON company_partner.id = company.partner_id
              JOIN res_partner customer ON customer.id = orders.partner_id
              LEFT JOIN res_partner commercial ON commercial.id = customer.commercial_partner_id
              LEFT JOIN res_partner address ON address.id = orders.partner_shipping_id
              JOIN product_product product ON product.id = sol.product_id
              JOIN product_template template ON template.id = product.product_tmpl_id
              JOIN uom_uom unit ON unit.id = move.product_uom
              JOIN uom_uom order_unit ON order_unit.id = sol.product_uom_id
              JOIN uom_uom product_unit ON product_unit.id = template.uom_id
              JOIN LATERAL (
                  SELECT move.quantity * unit.factor / product_unit.factor
                         * CASE WHEN source.usage = 'customer' THEN -1 ELSE 1 END AS quantity
              ) goods ON TRUE
              LEFT JOIN res_users salesperson ON salesperson.id = orders.user_id
             WHERE move.id = ANY(%s) AND move.state = 'done' AND orders.o2c_commission_assigned
               AND (source.usage = 'customer') <> (target.usage = 'customer')
             ORDER BY move.id
            """,
            list(moves.ids),
        )
    )
    return [SaleLine(*row) for row in rows]
