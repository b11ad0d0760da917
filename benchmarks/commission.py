"""Commission of 20,000 posted invoices with 100,000 lines against OCA's account_commission_oca, settling
it, and posting one invoice.

    script/bench commission

The peer comes from the Python package index; where that cannot be reached its part is left out. It
reckons a few hundred invoices, since it takes minutes for all of them. O2C_BENCH_SCALE makes
everything smaller, for a first try: 0.1 is a tenth. Everything is rolled back at the end.
"""

import os
import statistics
import time

from odoo.fields import Command

from odoo.addons.order_to_cash.benchmarks.measure import Table, copy_move, install_peers, measured

SCALE = float(os.environ.get("O2C_BENCH_SCALE", "1"))
PAYEES = 200
CUSTOMERS = 2000
INVOICES = int(20_000 * SCALE)
LINES = 5
POSTINGS = 60
PEER = "account_commission_oca"
PEER_INVOICES = int(400 * SCALE) or 20
FASTER = 10


def main(env):
    table = Table()
    peer = install_peers(env, "commission_oca", PEER)
    env.company.write({"o2c_use_commission": False})
    customers = make_partners(env, "Customer", CUSTOMERS)
    payees = make_partners(env, "Agent", PAYEES)
    products = make_products(env)
    moves = make_invoices(env, customers, products)
    peer_invoice = measure_peer(env, table, payees[0], moves[:PEER_INVOICES]) if peer else None
    env.company.o2c_use_commission = True
    make_agreements(env, payees, customers, products)
    ledger = env["o2c.commission.entry"]
    seconds, statements = measured(env, lambda: ledger._accrue_invoices(moves))
    lines = INVOICES * LINES
    env.cr.execute("ANALYZE o2c_commission_entry")
    what = f"accruing {INVOICES:,} invoices with {lines:,} lines"
    table.row(what, f"{seconds:.1f} s", "120 s", seconds < 120)
    each = 100 * statements / lines
    table.row("statements for 100 lines", f"{each:.2f}", "5", each <= 5)
    table.row("an invoice", f"{1000 * seconds / INVOICES:.2f} ms")
    if peer_invoice:
        times = peer_invoice / (seconds / INVOICES)
        table.row(f"faster than {PEER}", f"{times:.1f} x", f"{FASTER}", times >= FASTER)
    again = measured(env, lambda: ledger._accrue_invoices(moves))
    table.row("once more, with nothing to do", f"{again[0]:.1f} s")
    settle(env, table, payees)
    posting(env, table, customers, products)
    return table


# Data ---------------------------------------------------------------------------------------------


def make_partners(env, name, count):
    return env["res.partner"].create([
        {"name": f"{name} {number}", "is_company": True} for number in range(count)
    ])


def make_products(env):
    return env["product.product"].create([
        {"name": f"Goods {number}", "type": "consu", "standard_price": 10.0, "taxes_id": [Command.clear()]}
        for number in range(LINES)
    ])


def make_invoices(env, customers, products):
    """One by Odoo, the others by SQL from its rows."""
    invoice = new_invoice(env, customers[0], products)
    invoice.action_post()
    env.flush_all()
    copy_move(env, invoice, customers, INVOICES, "BENCH/")
    env.invalidate_all()
    return env["account.move"].search([("name", "=like", "BENCH/%")]) | invoice


def new_invoice(env, customer, products):
    return env["account.move"].create({
        "move_type": "out_invoice",
        "partner_id": customer.id,
        "invoice_date": "2026-03-02",
        "invoice_line_ids": [
            Command.create({"product_id": product.id, "quantity": 3, "price_unit": 33.33, "tax_ids": []})
            for product in products
        ],
    })


def make_agreements(env, payees, customers, products):
    """Each agent has ten customers; the plan has a rule for each product and one for everything."""
    plan = env["o2c.commission.plan"].create({
        "name": "Bench",
        "date_from": "2026-01-01",
        "trigger": "invoice",
        "rule_ids": [
            Command.create({"rate": 2.0}),
            *(Command.create({"product_id": product.id, "rate": 5.0}) for product in products[1:]),
        ],
    })
    plan.action_activate()
    each = CUSTOMERS // PAYEES
    env["o2c.commission.agreement"].create([
        {
            "payee_id": payee.id,
            "plan_id": plan.id,
            "coverage": "customers",
            "partner_ids": customers[number * each : (number + 1) * each].ids,
            "date_from": "2026-01-01",
        }
        for number, payee in enumerate(payees)
    ])


# The peer ------------------------------------------------------------------------------------------


def measure_peer(env, table, agent, moves):
    """Seconds an invoice that the peer takes to reckon the commission of posted invoices anew."""
    agent.write({
        "agent": True,
        "commission_id": env["commission"].create({"name": "Bench", "fix_qty": 5.0}).id,
    })
    moves.partner_id.commission_agent_ids = agent
    with env.cr.savepoint() as savepoint:
        seconds, statements = measured(env, moves.recompute_lines_agents)
        agents = len(moves.invoice_line_ids.agent_ids)
        savepoint.rollback()
    moves.partner_id.commission_agent_ids = False
    if agents != len(moves) * LINES:
        raise AssertionError(f"{PEER} has reckoned {agents} lines.")
    each = seconds / len(moves)
    table.row(f"{PEER}, an invoice", f"{1000 * each:.2f} ms")
    table.row("statements an invoice", f"{statements / len(moves):.1f}")
    return each


# Settling and posting -------------------------------------------------------------------------------


def settle(env, table, payees):
    settlements = env["o2c.commission.settlement"].create([
        {"payee_id": payee.id, "date_from": "2026-03-01", "date_to": "2026-03-31"} for payee in payees
    ])
    seconds, statements = measured(env, settlements.action_calculate)
    entries = env["o2c.commission.entry"].search_count([("settlement_id", "in", settlements.ids)])
    table.row(
        f"settling {entries:,} entries of {PAYEES} payees", f"{seconds:.1f} s", "60 s", seconds < 60
    )
    table.row("statements", f"{statements}")


def posting(env, table, customers, products):
    """One invoice after the other, with commission and without, in turn.

    To customers known already: the number and region that the first invoice brings are no commission's.
    """
    customers[:POSTINGS].write({"customer_rank": 1})
    times = {True: [], False: []}
    counts = {}
    for number in range(POSTINGS):
        is_on = bool(number % 2)
        env.company.o2c_use_commission = is_on
        invoice = new_invoice(env, customers[number], products)
        env.flush_all()
        count = env.cr.sql_log_count
        start = time.perf_counter()
        invoice.action_post()
        env.flush_all()
        times[is_on].append(time.perf_counter() - start)
        counts[is_on] = env.cr.sql_log_count - count
    plain, ours = statistics.median(times[False]), statistics.median(times[True])
    table.row("posting one invoice without commission", f"{1000 * plain:.1f} ms")
    table.row("posting one invoice with an agent", f"{ours / plain:.3f} x", "1.10", ours <= 1.1 * plain)
    table.row("more statements", f"{counts[True] - counts[False]}")


try:
    result = main(env)  # noqa: F821 the shell's
finally:
    env.cr.rollback()  # noqa: F821
result.close()
