"""The lines of orders, invoices and deliveries as the commission sees them."""

from dataclasses import dataclass
from datetime import date

from pytz import timezone, utc

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
    :ivar is_credit: whether it takes back what its order line sold, on a credit note or netted on an invoice
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
    is_credit: bool = False


def invoice_lines(env, moves):
    """The lines with products or amounts of posted invoices, credit notes and receipts.

    Down payments are left out, as what is invoiced in advance and as what the final invoice takes off:
    the goods are on the final invoice with their whole amount.

    :param moves: ``account.move``
    :return: list of :class:`SaleLine` by invoice and line
    """
    # Read through the caches, not by a statement: of a document that is posted just now they know all of it.
    posted = moves.with_env(env).filtered(lambda move: move.state == "posted" and move.commercial_partner_id)
    lines = posted.invoice_line_ids.filtered(lambda line: line.display_type == "product")
    has_carriers = "is_delivery" in env["sale.order.line"]._fields
    rows = []
    for line in lines.sorted(lambda line: (line.move_id.id, line.id)):
        ordered = line.sale_line_ids.sorted("id")[:1]
        if not ordered.is_downpayment:
            rows.append(_invoice_row(line, ordered, has_carriers and ordered.is_delivery))
    return _Reader(env, rows).lines()


def _invoice_row(line, ordered, is_delivery):
    """What :class:`_Reader` makes a line of.

    :param ordered: the order line that is invoiced, or none
    """
    move, order = line.move_id, ordered.order_id
    rate = move.invoice_currency_rate or 1.0
    per_ordered = 1.0 if order.currency_id == move.currency_id else rate / (order.currency_rate or 1.0)
    return {
        "source": "invoice",
        "res_id": line.id,
        "document_id": move.id,
        "move_id": move.id,
        "name": move.name,
        "kind": move.move_type,
        "company_id": move.company_id.id,
        "currency_id": move.currency_id.id,
        "date": move.invoice_date or move.date,
        "currency_rate": rate,
        "order_id": order.id or None,
        "order_line_id": ordered.id or None,
        "product_id": line.product_id.id or None,
        "is_delivery": is_delivery,
        "discount": line.discount,
        "untaxed": line.price_subtotal,
        "quantity": line.quantity,
        "unit_id": line.product_uom_id.id or None,
        "price_unit_id": ordered.product_uom_id.id or None,
        "cost": ordered.purchase_price * per_ordered if ordered else None,
        "contact_id": move.partner_id.id,
        "team_id": (order.team_id or move.team_id).id or None,
        "address_id": (move.partner_shipping_id or move.partner_id).id,
        "user_id": move.invoice_user_id.id or None,
        "reversed_id": move.reversed_entry_id.id or None,
        # What was ordered below zero takes nothing back: it is a sale below zero.
        "is_credit": bool(ordered) and ordered.product_uom_qty >= 0
        and (line.quantity > 0 if move.move_type == "out_refund" else line.quantity < 0),
    }


def order_lines(env, orders):
    """The lines of confirmed orders, and of quotations as if they were confirmed.

    :param orders: ``sale.order``
    :return: list of :class:`SaleLine` by order and line
    """
    env["sale.order"].flush_model()
    env["sale.order.line"].flush_model()
    rows = env.execute_query_dict(
        SQL(
            """
            SELECT 'order' AS source, line.id AS res_id, orders.id AS document_id, orders.name,
                   'order' AS kind, orders.company_id, orders.currency_id, orders.date_order AS moment,
                   COALESCE(NULLIF(orders.currency_rate, 0), 1) AS currency_rate,
                   orders.id AS order_id, line.id AS order_line_id, line.product_id,
                   COALESCE(line.%(is_delivery)s, FALSE) AS is_delivery,
                   COALESCE(line.discount, 0) AS discount,
                   line.price_subtotal AS untaxed, line.product_uom_qty AS quantity,
                   line.product_uom_id AS unit_id, line.product_uom_id AS price_unit_id,
                   line.purchase_price AS cost,
                   orders.partner_id AS contact_id, orders.team_id,
                   orders.partner_shipping_id AS address_id, orders.user_id
              FROM sale_order_line line
              JOIN sale_order orders ON orders.id = line.order_id
             WHERE line.order_id = ANY(%(orders)s) AND line.display_type IS NULL
               AND line.is_downpayment IS NOT TRUE
             ORDER BY line.order_id, line.sequence, line.id
            """,
            orders=list(orders.ids),
            is_delivery=_is_delivery(env),
        )
    )
    return _Reader(env, rows).lines()


def delivery_lines(env, moves):
    """Goods that went to customers on sale lines, and those that came back, negative.

    They are those that Odoo counts as the delivered quantity of the line: a return that leaves the quantities
    of the order alone is none, nor is what replaces it. It does not matter where the goods come from; with a
    dropship it is the supplier. Goods that were ordered below zero are delivered when they come in, with a
    quantity below zero, and go back when they leave.

    Of the moves of other goods than were sold, the components of a kit, that one is a delivery or return of
    the line which has the kits noted that moved with it.

    :param moves: ``stock.move``
    :return: list of :class:`SaleLine`, in the order in which they moved
    """
    env["stock.move"].flush_model()
    env["sale.order"].flush_model()
    env["sale.order.line"].flush_model()
    rows = env.execute_query_dict(
        SQL(
            """
            SELECT 'delivery' AS source, move.id AS res_id, orders.id AS document_id,
                   COALESCE(move.reference, orders.name) AS name,
                   CASE WHEN way.is_back <> (sol.product_uom_qty < 0)
                        THEN 'return' ELSE 'delivery' END AS kind,
                   CASE WHEN way.is_back THEN -1 ELSE 1 END AS sign,
                   orders.company_id, orders.currency_id, move.date AS moment,
                   COALESCE(NULLIF(orders.currency_rate, 0), 1) AS currency_rate,
                   orders.id AS order_id, sol.id AS order_line_id, sol.product_id,
                   COALESCE(sol.discount, 0) AS discount,
                   -- Of what is delivered without being ordered there is no amount but the price.
                   CASE WHEN sol.product_uom_qty <> 0 THEN sol.price_subtotal / sol.product_uom_qty
                        ELSE sol.price_unit * (1 - COALESCE(sol.discount, 0) / 100) END AS price,
                   CASE WHEN kit.is_kit THEN ABS(move.o2c_commission_kits) ELSE move.quantity END
                       AS quantity,
                   CASE WHEN kit.is_kit THEN sol.product_uom_id ELSE move.product_uom END AS unit_id,
                   sol.product_uom_id AS price_unit_id,
                   sol.purchase_price AS cost,
                   orders.partner_id AS contact_id, orders.team_id,
                   orders.partner_shipping_id AS address_id, orders.user_id,
                   CASE WHEN NOT kit.is_kit THEN move.origin_returned_move_id END AS reversed_id
              FROM stock_move move
              JOIN sale_order_line sol ON sol.id = move.sale_line_id
             CROSS JOIN LATERAL (SELECT sol.product_id <> move.product_id AS is_kit) kit
              JOIN sale_order orders ON orders.id = sol.order_id
              JOIN stock_location source ON source.id = move.location_id
              JOIN stock_location target ON target.id = move.location_dest_id
             CROSS JOIN LATERAL (
                 SELECT CASE WHEN kit.is_kit THEN move.o2c_commission_kits < 0
                             ELSE source.usage = 'customer' END AS is_back) way
             WHERE move.id = ANY(%s) AND move.state = 'done' AND orders.o2c_commission_assigned
               AND (source.usage = 'customer') <> (target.usage = 'customer')
               AND CASE WHEN kit.is_kit THEN move.o2c_commission_kits <> 0
                        ELSE move.to_refund OR NOT way.is_back AND move.origin_returned_move_id IS NULL END
             ORDER BY move.date, move.id
            """,
            list(moves.ids),
        )
    )
    return _Reader(env, rows).lines()


def _is_delivery(env):
    """The column that says a line is the fee of a carrier; only the module of carriers has it."""
    has_carriers = "is_delivery" in env["sale.order.line"]._fields
    return SQL.identifier("is_delivery" if has_carriers else "is_downpayment")


class _Reader:
    """Makes lines of rows: what products, units and customers say of them is in Odoo's caches mostly."""

    def __init__(self, env, rows):
        self.env = env
        self.rows = rows
        # Read together, not one by one as they are asked for.
        self._together = {
            "product.product": self._ids("product_id"),
            "res.partner": self._ids("contact_id", "address_id"),
            "res.users": self._ids("user_id"),
            "uom.uom": self._ids("unit_id", "price_unit_id"),
        }
        self._zones = {}
        self._carried = self._carried_products()

    def _ids(self, *columns):
        return tuple({row[column] for row in self.rows for column in columns if row[column]})

    def _record(self, model, record_id):
        return self.env[model].browse(record_id or ()).with_prefetch(self._together[model])

    def _carried_products(self):
        """The products that delivery methods charge."""
        if "delivery.carrier" not in self.env:
            return set()
        carriers = self.env["delivery.carrier"].with_context(active_test=False).search([
            ("product_id", "in", self._together["product.product"])
        ])
        return set(carriers.product_id.ids)

    def _day(self, moment, company_id):
        """The company's local date of a moment."""
        if company_id not in self._zones:
            company = self.env["res.company"].browse(company_id)
            self._zones[company_id] = timezone(company.partner_id.tz or "UTC")
        return utc.localize(moment).astimezone(self._zones[company_id]).date()

    def _factor(self, unit_id, other_id):
        """How many of the other unit one of a unit is."""
        if unit_id == other_id or not unit_id or not other_id:
            return 1.0
        return self._record("uom.uom", unit_id).factor / self._record("uom.uom", other_id).factor

    def lines(self):
        return [self._line(row) for row in self.rows]

    def _line(self, row):
        product = self._record("product.product", row["product_id"])
        contact = self._record("res.partner", row["contact_id"])
        customer = contact.commercial_partner_id
        address = self._record("res.partner", row["address_id"])
        seller = self._record("res.users", row["user_id"])
        sign = row.get("sign") or (-1 if row["kind"] == "out_refund" else 1)
        quantity = sign * float(row["quantity"]) * self._factor(row["unit_id"], product.uom_id.id)
        # What the price and the cost of the order line are of.
        priced = quantity * self._factor(product.uom_id.id, row["price_unit_id"])
        return SaleLine(
            source=row["source"],
            res_id=row["res_id"],
            document_id=row["document_id"],
            name=row["name"],
            kind=row["kind"],
            company_id=row["company_id"],
            currency_id=row["currency_id"],
            date=row.get("date") or self._day(row["moment"], row["company_id"]),
            currency_rate=row["currency_rate"],
            move_id=row.get("move_id"),
            order_id=row["order_id"],
            order_line_id=row["order_line_id"],
            product_id=row["product_id"],
            product_tmpl_id=product.product_tmpl_id.id or None,
            category_id=product.categ_id.id or None,
            product_type=product.type or None,
            is_freight=self._is_freight(row, product),
            discount=float(row["discount"]),
            untaxed=sign * float(row["untaxed"]) if "untaxed" in row else priced * float(row["price"]),
            quantity=quantity,
            cost=priced * float(row["cost"]) if row["cost"] is not None else None,
            partner_id=customer.id,
            contact_id=contact.id,
            customer_type=customer.o2c_customer_type or None,
            class_id=customer.o2c_class_id.id or None,
            team_id=row["team_id"],
            region_id=address.o2c_region_id.id or customer.o2c_region_id.id or None,
            salesperson_id=seller.partner_id.id or None,
            reversed_id=row.get("reversed_id"),
            is_credit=row.get("is_credit", False),
        )

    def _is_freight(self, row, product):
        return bool(row.get("is_delivery") or product.o2c_is_freight or product.id in self._carried)
