"""Time the import of 2,500 opening receivables against the same invoices made by plain Odoo.

Run in a database with a chart of accounts; everything is rolled back at the end:

    .odoo/bin/odoo shell -d <database> --no-http < benchmarks/opening_import.py
"""

import base64
import random
import time
from datetime import date, timedelta

ROWS = 2500
# Plain Odoo is timed on fewer, to be done in time; it is linear.
PLAIN_ROWS = 250
OPENING = date(2025, 6, 30)


def main(env):
    company = env.company
    journal = env["account.journal"].create({"name": "Bench", "code": "BNCH", "type": "sale"})
    account = env["account.account"].create({
        "name": "Bench opening", "code": "BNCHOPEN", "account_type": "equity"
    })
    picker = random.Random(1)
    print(f"{company.name}, {ROWS} rows, seconds:")
    for label, settled in (("all open", 0.0), ("95 % settled history", 0.95)):
        values = {
            "file": base64.b64encode(make_file(picker, settled, label)),
            "opening_date": OPENING,
            "journal_id": journal.id,
            "account_id": account.id,
            "create_customers": True,
            "import_settled": True,
        }
        opening = env["o2c.opening.import"].create(values)
        checked = timed(env, opening.action_check)
        imported = timed(env, opening.action_import)
        entries = f"{opening.move_count} invoices, {opening.settlement_count} settlement entries"
        print(f"  {label}: check {checked:.1f}, import {imported:.1f} ({entries})")
    plain = timed(env, lambda: make_plain(env, journal, account)) * ROWS / PLAIN_ROWS
    print(f"  plain Odoo, create and post, all open: {plain:.1f} (from {PLAIN_ROWS})")


def make_file(picker, settled, prefix):
    lines = ["Invoice No.,Customer,Invoice Date,Due Date,Amount,Settled Date"]
    for number in range(ROWS):
        invoiced = OPENING - timedelta(days=picker.randrange(500))
        due = invoiced + timedelta(days=30)
        paid = ""
        if picker.random() < settled:
            paid = min(invoiced + timedelta(days=picker.randrange(60)), OPENING)
        amount = picker.randrange(100, 100000) / 100
        customer = f"BENCH-{picker.randrange(100)}"
        lines.append(f"{prefix}-{number},{customer},{invoiced},{due},{amount},{paid}")
    return "\n".join(lines).encode()


def make_plain(env, journal, account):
    partners = env["res.partner"].search([("ref", "=like", "BENCH-%")])
    moves = env["account.move"].create([
        {
            "move_type": "out_invoice",
            "journal_id": journal.id,
            "partner_id": partners[number % len(partners)].id,
            "invoice_date": OPENING,
            "invoice_date_due": OPENING,
            "invoice_line_ids": [(0, 0, {
                "name": "Opening", "account_id": account.id, "price_unit": 100.0, "tax_ids": []
            })],
        }
        for number in range(PLAIN_ROWS)
    ])
    moves.action_post()


def timed(env, function):
    start = time.perf_counter()
    function()
    env.flush_all()
    return time.perf_counter() - start


try:
    main(env)  # noqa: F821 the shell's
finally:
    env.cr.rollback()  # noqa: F821
