"""Sales plan of 200 salespeople × 50 customers × 12 months over 500,000 invoice lines.

    script/bench plan

O2C_BENCH_SCALE makes everything smaller, for a first try: 0.1 is a tenth of the salespeople, invoices
and series. Everything is rolled back at the end.
"""

import os
import random
from datetime import date

from odoo.fields import Command
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms import forecast
from odoo.addons.order_to_cash.benchmarks.measure import Table, copy_move, measured

SCALE = float(os.environ.get("O2C_BENCH_SCALE", "1"))
SALESPEOPLE = int(200 * SCALE)
CUSTOMERS = 50
INVOICES = int(500_000 * SCALE)
SERIES = int(2000 * SCALE)
MONTHS = 36
YEAR = 2025


def main(env):
    table = Table()
    env.company.o2c_use_plan = True
    users, partners = make_people(env)
    make_invoices(env, users, partners)
    plan = env["o2c.sales.plan"].create({
        "name": "Bench", "date_from": date(YEAR, 1, 1), "date_to": date(YEAR, 12, 31), "user_id": env.uid,
    })
    seconds, count = measured(env, lambda: make_tree(env, plan, users, partners))
    cells = env["o2c.sales.plan.cell"].search_count([("plan_id", "=", plan.id)])
    table.row("cells", f"{cells:,}")
    table.row("making the tree", f"{seconds:.2f} s")
    table.row("statements", str(count))
    env.cr.execute("ANALYZE o2c_sales_plan_cell, o2c_sales_plan_node")
    row(table, "refresh of actuals and last year", measured(env, plan._refresh_actuals), 20)
    raw = measured(env, lambda: raw_sums(env))
    table.row("raw SQL sums of one year by customer and month", f"{raw[0]:.2f} s")
    top = plan.node_ids.filtered(lambda node: not node.parent_id)
    row(table, "spread over all", measured(env, lambda: plan._spread(top, "last_year", total=1e8)), 10)
    row(table, "roll up", measured(env, plan.action_roll_up), 10)
    row(table, "the grid's top levels", measured(env, plan.grid_read, 3), 1)
    first = plan.grid_read()["nodes"][1]["id"]
    row(table, "a salesperson opened", measured(env, lambda: plan.grid_read([first]), 3), 1)
    typed = [{"node_id": first, "period_index": 3, "target": 500.0}]
    row(table, "a figure typed", measured(env, lambda: plan.grid_write(typed), 3), 1)
    rng = random.Random(6)
    series = [
        [1000 + 10 * month + 300 * (month % 12 > 8) + rng.gauss(0, 100) for month in range(MONTHS)]
        for _number in range(SERIES)
    ]
    row(
        table,
        f"forecast of {SERIES:,} monthly series",
        measured(env, lambda: [forecast.forecast(one, 12) for one in series]),
        60,
    )
    return table


def make_people(env):
    users = env["res.users"].with_context(no_reset_password=True).create([
        {"name": f"Seller {number}", "login": f"bench_plan_{number}"} for number in range(SALESPEOPLE)
    ])
    partners = env["res.partner"].create([
        {"name": f"Bench {number}", "is_company": True} for number in range(SALESPEOPLE * CUSTOMERS)
    ])
    return users, partners


def make_invoices(env, users, partners):
    invoice = env["account.move"].create({
        "move_type": "out_invoice",
        "partner_id": partners[0].id,
        "invoice_user_id": users[0].id,
        "invoice_date": date(YEAR - 1, 1, 1),
        "invoice_payment_term_id": False,
        "invoice_line_ids": [Command.create({"name": "Goods", "price_unit": 100.0, "tax_ids": []})],
    })
    invoice.action_post()
    env.flush_all()
    # Two years; neighbours in number are of different customers and days.
    day = SQL("%s::date + (number * 7 %% 730)::int", date(YEAR - 1, 1, 1))
    copy_move(
        env, invoice, partners, INVOICES, "PLAN/",
        date=day,
        invoice_date=day,
        invoice_user_id=SQL("(%s::int[])[1 + (number %% %s) / %s]", users.ids, len(partners), CUSTOMERS),
    )
    env.invalidate_all()


def make_tree(env, plan, users, partners):
    Node = env["o2c.sales.plan.node"]
    top = Node.create({"plan_id": plan.id, "name": "Company"})
    sellers = Node.create([
        {"plan_id": plan.id, "parent_id": top.id, "user_id": user.id} for user in users
    ])
    Node.create([
        {"plan_id": plan.id, "parent_id": sellers[number // CUSTOMERS].id, "partner_id": partner.id}
        for number, partner in enumerate(partners)
    ])


def raw_sums(env):
    env.cr.execute(SQL(
        """
        SELECT move.commercial_partner_id, date_trunc('month', move.invoice_date), -SUM(line.balance)
        FROM account_move move JOIN account_move_line line ON line.move_id = move.id
        WHERE move.move_type = 'out_invoice' AND move.state = 'posted' AND line.display_type = 'product'
          AND move.invoice_date >= %s
        GROUP BY 1, 2
        """,
        date(YEAR, 1, 1),
    ))
    return env.cr.fetchall()


def row(table, what, figures, most):
    seconds, count = figures
    table.row(what, f"{seconds:.2f} s", f"{most} s", seconds <= most)
    table.row("statements", str(count))


try:
    result = main(env)  # noqa: F821 the shell's
finally:
    env.cr.rollback()  # noqa: F821
result.close()
