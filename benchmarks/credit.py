"""Exposure against core's credit and raw SQL, and what the checks add to confirming orders.

    script/bench credit

Everything is rolled back at the end.
"""

import random
import time

from odoo.fields import Command
from odoo.tools import SQL

from odoo.addons.order_to_cash.benchmarks.measure import Table, measured, multiply

CUSTOMERS = 2000
INVOICES = 20000
ORDERS = 5000
CONFIRMATIONS = 500
CHUNK = 50


def main(env):
    table = Table()
    company = env.company
    company.o2c_use_credit = True
    partners = env["res.partner"].create([
        {"name": f"Bench {number}", "is_company": True, "ref": f"BENCH{number}"}
        for number in range(CUSTOMERS)
    ])
    measure_exposure(env, table, company, partners)
    measure_confirmation(env, table, company, partners)
    return table


# Exposure -----------------------------------------------------------------------------------------


def measure_exposure(env, table, company, partners):
    make_invoices(env, partners)
    make_orders(env, partners)
    env.cr.execute("ANALYZE")
    Account = env["o2c.credit.account"]
    ours, _count = measured(env, lambda: Account._get_exposure(partners, company), 5)
    statements = env.cr.sql_log_count
    Account._get_exposure(partners, company)
    statements = env.cr.sql_log_count - statements
    raw, _count = measured(env, lambda: raw_sums(env, company, partners), 5)
    company.account_use_credit_limit = True
    core, core_statements = measured(env, lambda: read_core(partners), 3)
    exposures = Account._get_exposure(partners, company).values()
    total = sum(exposure.exposure for exposure in exposures)
    print(
        f"Exposure of {CUSTOMERS} customers, {INVOICES} invoices, {ORDERS} open orders: {total:,.2f}"
    )
    table.row("exposure", f"{ours * 1000:.0f} ms")
    table.row("statements, once the company is read", str(statements), "4 or less", statements <= 4)
    table.row("core's credit and credit_to_invoice", f"{core * 1000:.0f} ms")
    table.row("core's statements", str(core_statements))
    table.row("times faster than core", f"{core / ours:.1f}", "20 or more", core / ours >= 20)
    table.row("raw SQL sums", f"{raw * 1000:.0f} ms")
    table.row("times the raw sums", f"{ours / raw:.2f}", "3 or less", ours / raw <= 3)


def read_core(partners):
    for partner in partners:
        partner.credit  # noqa: B018 read as a screen would
        partner.credit_to_invoice  # noqa: B018


def raw_sums(env, company, partners):
    """The plain sums of what is open and of what was ordered, without any of the finer points."""
    env.cr.execute(
        """
        SELECT line.partner_id, SUM(line.amount_residual)
          FROM account_move_line line
          JOIN account_account account ON account.id = line.account_id
         WHERE account.account_type = 'asset_receivable' AND line.parent_state = 'posted'
           AND line.reconciled IS NOT TRUE AND line.company_id = %s AND line.partner_id = ANY(%s)
      GROUP BY line.partner_id
        """,
        [company.id, partners.ids],
    )
    env.cr.fetchall()
    env.cr.execute(
        """
        SELECT move.commercial_partner_id, SUM(line.price_total)
          FROM account_move_line line
          JOIN account_move move ON move.id = line.move_id
         WHERE move.state = 'draft' AND move.move_type = 'out_invoice' AND move.company_id = %s
           AND line.display_type = 'product' AND move.commercial_partner_id = ANY(%s)
      GROUP BY move.commercial_partner_id
        """,
        [company.id, partners.ids],
    )
    env.cr.fetchall()
    env.cr.execute(
        """
        SELECT so.partner_invoice_id,
               SUM(line.price_total / NULLIF(line.product_uom_qty, 0)
                   * (line.product_uom_qty - GREATEST(line.qty_delivered, posted.quantity)))
          FROM sale_order_line line
          JOIN sale_order so ON so.id = line.order_id
     LEFT JOIN (SELECT link.order_line_id, SUM(invoice_line.quantity) AS quantity
                  FROM sale_order_line_invoice_rel link
                  JOIN account_move_line invoice_line ON invoice_line.id = link.invoice_line_id
                 WHERE invoice_line.parent_state = 'posted'
              GROUP BY link.order_line_id) posted ON posted.order_line_id = line.id
         WHERE so.state = 'sale' AND so.company_id = %s AND so.partner_invoice_id = ANY(%s)
      GROUP BY so.partner_invoice_id
        """,
        [company.id, partners.ids],
    )
    env.cr.fetchall()


def make_invoices(env, partners):
    """One by Odoo, the others by SQL from its rows: two years old to new, each still open."""
    invoice = env["account.move"].create({
        "move_type": "out_invoice",
        "partner_id": partners[0].id,
        "invoice_date": "2025-01-31",
        "invoice_line_ids": [Command.create({"name": "Goods", "price_unit": 100.0, "tax_ids": []})],
    })
    invoice.action_post()
    env.flush_all()
    source = SQL("generate_series(1, %s)", INVOICES - 1)
    partner = SQL("(%s::int[])[1 + number %% %s]", partners.ids, CUSTOMERS)
    moves = multiply(
        env,
        "account.move",
        invoice,
        "number",
        source,
        name=SQL("'BENCH/' || number"),
        sequence_number=SQL("number + 1000"),
        partner_id=partner,
        commercial_partner_id=partner,
        invoice_date_due=SQL("DATE '2024-06-01' + number %% 700"),
    )
    for line in invoice.line_ids:
        multiply(
            env,
            "account.move.line",
            line,
            "copied(move_id, number)",
            SQL("unnest(%s::int[]) WITH ORDINALITY", moves),
            move_id=SQL("copied.move_id"),
            partner_id=partner,
            date_maturity=SQL("CASE WHEN template.date_maturity IS NOT NULL "
                              "THEN DATE '2024-06-01' + (number %% 700)::int END"),
        )
    env.invalidate_all()


def make_orders(env, partners):
    order = new_order(env, partners[0], env["product.product"].create({"name": "Bench"}))
    order.action_confirm()
    env.flush_all()
    partner = SQL("(%s::int[])[1 + number %% %s]", partners.ids, CUSTOMERS)
    orders = multiply(
        env,
        "sale.order",
        order,
        "number",
        SQL("generate_series(1, %s)", ORDERS - 1),
        name=SQL("'BENCH/' || number"),
        partner_id=partner,
        partner_invoice_id=partner,
        partner_shipping_id=partner,
        access_token=SQL("NULL"),
    )
    multiply(
        env,
        "sale.order.line",
        order.order_line,
        "copied(order_id, number)",
        SQL("unnest(%s::int[]) WITH ORDINALITY", orders),
        order_id=SQL("copied.order_id"),
        order_partner_id=partner,
    )
    env.invalidate_all()


def new_order(env, partner, product, count=1):
    return env["sale.order"].create([
        {
            "partner_id": partner.id,
            "order_line": [
                Command.create({"product_id": product.id, "product_uom_qty": 3, "price_unit": 10.0})
            ],
        }
        for _number in range(count)
    ])


# Confirmation -------------------------------------------------------------------------------------


def measure_confirmation(env, table, company, partners):
    make_rules(env)
    product = env["product.product"].create({
        "name": "Bench goods", "type": "consu", "is_storable": True, "standard_price": 5.0
    })
    warehouse = env["stock.warehouse"].search([("company_id", "=", company.id)], limit=1)
    env["stock.quant"]._update_available_quantity(product, warehouse.lot_stock_id, 1e6)
    customers = partners[:200]
    for account in env["o2c.credit.account"]._get_or_create(customers, company):
        account.credit_limit = 1e6
    picker = random.Random(1)

    def orders(count):
        made = env["sale.order"].union(
            *(new_order(env, picker.choice(customers), product) for _number in range(count))
        )
        env.flush_all()
        return made

    one_by_one(env, company, orders(20), is_on=True)
    one_by_one(env, company, orders(20), is_on=False)
    seconds, statements = {True: 0.0, False: 0.0}, {True: 0, False: 0}
    for turn in range(2 * CONFIRMATIONS // CHUNK):
        is_on = bool((turn + turn // 2) % 2)
        spent, count = one_by_one(env, company, orders(CHUNK), is_on)
        seconds[is_on] += spent
        statements[is_on] += count
    ratio = seconds[True] / seconds[False]
    extra = (statements[True] - statements[False]) / CONFIRMATIONS
    print(f"Confirming {CONFIRMATIONS} orders one by one, five rules active")
    table.row("plain Odoo, an order", f"{seconds[False] / CONFIRMATIONS * 1000:.1f} ms")
    table.row("times plain Odoo", f"{ratio:.3f}", "1.05 or less", ratio <= 1.05)
    table.row("extra statements an order", f"{extra:.2f}", "3 or less", extra <= 3)
    batch = {}
    for is_on in (True, False):
        company.o2c_use_credit = is_on
        many = orders(CONFIRMATIONS)
        _seconds, batch[is_on] = measured(env, many.action_confirm)
        assert set(many.mapped("state")) == {"sale"}
    extra = batch[True] - batch[False]
    print(f"Confirming {CONFIRMATIONS} orders at once")
    table.row("extra statements in all", str(extra), "20 or less", extra <= 20)


def one_by_one(env, company, orders, is_on):
    """Confirm each order by itself: (seconds, statements)."""
    company.o2c_use_credit = is_on
    env.flush_all()
    count = env.cr.sql_log_count
    start = time.perf_counter()
    for order in orders:
        order.action_confirm()
        env.flush_all()
    spent = time.perf_counter() - start
    assert set(orders.mapped("state")) == {"sale"}
    return spent, env.cr.sql_log_count - count


def make_rules(env):
    env["o2c.hold.rule"].search([]).active = False
    env["o2c.hold.rule"].create([
        {"name": "Limit", "kind": "credit_limit", "effect": "hold_order"},
        {
            "name": "Overdue",
            "kind": "overdue",
            "effect": "hold_order",
            "threshold_days": 30,
            "threshold_amount": 1e9,
        },
        {"name": "Value", "kind": "order_value", "effect": "hold_order", "threshold_amount": 1e6},
        {"name": "Margin", "kind": "margin", "effect": "hold_order", "threshold_percent": 5.0},
        {"name": "Discount", "kind": "discount", "effect": "hold_order", "threshold_percent": 50.0},
    ])


try:
    result = main(env)  # noqa: F821 the shell's
finally:
    env.cr.rollback()  # noqa: F821
result.close()
