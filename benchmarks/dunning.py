"""Proposing reminders against OCA's account_credit_control, and printing letters by the thousand.

    script/bench dunning

The peer comes from the Python package index into a folder of its own; where that cannot be reached
its part is left out. It reads a share of the customers, since it takes minutes for all of them.
O2C_BENCH_SCALE makes everything smaller, for a first try: 0.1 is a tenth.
"""

import os
import time
from datetime import date
from io import BytesIO

from odoo.fields import Command
from odoo.tools import SQL
from odoo.tools.pdf import PdfFileReader

from odoo.addons.order_to_cash.benchmarks.measure import Table, install_peers, measured, multiply
from odoo.addons.order_to_cash.models.dunning.dunning_proposal import INSERT_BATCH

SCALE = float(os.environ.get("O2C_BENCH_SCALE", "1"))
CUSTOMERS = int(2000 * SCALE)
LINES_EACH = 50
LETTERS = int(1000 * SCALE)
PEER_CUSTOMERS = int(100 * SCALE)
PEER = "account_credit_control"
# Rows that one statement of the ORM writes, and statements that it takes to create a reminder: its
# row, then what it copies from its run.
ORM_BATCH = 100
ORM_STATEMENTS = 2
TODAY = date(2026, 6, 30)
REPORT = "order_to_cash.report_dunning_notice"


def main(env):
    table = Table()
    peer = install_peers(env, PEER)
    company = env.company
    company.o2c_use_dunning = True
    company.o2c_dunning_policy_id = make_policy(env)
    peer_customers = make_customers(env, PEER_CUSTOMERS, "Peer")
    make_invoices(env, peer_customers)
    env.cr.execute("ANALYZE")
    peer_line = measure_peer(env, peer_customers) if peer else None
    customers = make_customers(env, CUSTOMERS - PEER_CUSTOMERS, "Bench") + peer_customers
    make_invoices(env, customers - peer_customers)
    env.cr.execute("ANALYZE")
    run = measure_proposal(env, table, customers, peer_line)
    measure_letters(env, table, run)
    return table


# Data ---------------------------------------------------------------------------------------------


def make_policy(env):
    return env["o2c.dunning.policy"].create({
        "name": "Bench",
        "level_ids": [
            Command.create({
                "name": name,
                "sequence": days,
                "days_overdue": days,
                "min_interval_days": 7 if days > 1 else 0,
                "letter_text": "<p>Dear Sir or Madam,</p><p>Please pay what is listed below.</p>",
            })
            for name, days in (("First", 1), ("Second", 14), ("Final", 28))
        ],
    })


def make_customers(env, count, name):
    return env["res.partner"].create([
        {
            "name": f"{name} {number}",
            "is_company": True,
            "ref": f"{name.upper()}{number}",
            "street": f"{number} High Street",
            "city": "Bath",
            "email": f"{name.lower()}{number}@example.com",
        }
        for number in range(count)
    ])


def make_invoices(env, partners):
    """One by Odoo, the others by SQL from its rows: overdue for one to two hundred days."""
    count = len(partners) * LINES_EACH
    invoice = env["account.move"].create({
        "move_type": "out_invoice",
        "partner_id": partners[0].id,
        "invoice_date": "2025-12-01",
        "invoice_date_due": "2026-06-01",
        "invoice_payment_term_id": False,
        "invoice_line_ids": [Command.create({"name": "Goods", "price_unit": 123.45, "tax_ids": []})],
    })
    invoice.action_post()
    env.flush_all()
    prefix = f"BENCH{partners[0].id}/"
    partner = SQL("(%s::int[])[1 + number %% %s]", partners.ids, len(partners))
    due = SQL("DATE '2026-06-29' - (number %% 200)::int")
    moves = multiply(
        env,
        "account.move",
        invoice,
        "number",
        SQL("generate_series(1, %s)", count - 1),
        name=SQL("%s || number", prefix),
        payment_reference=SQL("%s || number", prefix),
        sequence_number=SQL("number + 1000"),
        partner_id=partner,
        commercial_partner_id=partner,
        invoice_date_due=due,
        access_token=SQL("NULL"),
    )
    for line in invoice.line_ids:
        multiply(
            env,
            "account.move.line",
            line,
            "copied(move_id, number)",
            SQL("unnest(%s::int[]) WITH ORDINALITY", moves),
            move_id=SQL("copied.move_id"),
            move_name=SQL("%s || number", prefix),
            partner_id=partner,
            date_maturity=SQL("CASE WHEN template.date_maturity IS NOT NULL THEN %s END", due),
        )
    env.invalidate_all()


# Proposal -----------------------------------------------------------------------------------------


def measure_proposal(env, table, customers, peer_line):
    some = new_run(env, partner_ids=customers[: CUSTOMERS // 10].ids)
    _seconds, few = measured(env, some.action_propose)
    few -= inserts(some)
    some.action_cancel()
    run = new_run(env)
    seconds, many = measured(env, run.action_propose)
    many -= inserts(run)
    lines = env["o2c.dunning.notice.line"].search_count([("notice_id.run_id", "=", run.id)])
    print(f"Proposing reminders of {lines} items to {run.notice_count} customers")
    assert run.notice_count == CUSTOMERS
    table.row("proposal", f"{seconds:.1f} s", "30 s or less", seconds <= 30)
    table.row("an item", f"{seconds / lines * 1000:.3f} ms")
    table.row("statements beside inserts, a tenth of the customers", str(few))
    table.row("statements beside inserts, all", str(many), "no more", many <= few + 5)
    if peer_line:
        ratio = peer_line / (seconds / lines)
        table.row("an item, account_credit_control", f"{peer_line * 1000:.3f} ms")
        table.row("times faster", f"{ratio:.0f}", "20 or more", ratio >= 20)
    return run


def new_run(env, **values):
    return env["o2c.dunning.run"].create({"date": TODAY, **values})


def inserts(run):
    """How many statements it takes to write a proposal down, a batch each."""
    notices = -(-run.notice_count // ORM_BATCH) * ORM_STATEMENTS
    lines = run.env["o2c.dunning.notice.line"].search_count([("notice_id.run_id", "=", run.id)])
    return notices + -(-lines // INSERT_BATCH)


# Letters ------------------------------------------------------------------------------------------


def measure_letters(env, table, run):
    report = env["ir.actions.report"]
    if report.get_wkhtmltopdf_state() not in ("ok", "upgrade", "workers"):
        print("Letters are left out: there is no PDF engine.")
        return
    letters = run.sudo().notice_ids[:LETTERS]
    start = time.perf_counter()
    letters._file_letters()
    env.flush_all()
    filed = time.perf_counter() - start
    content, _kind = report._render_qweb_pdf(REPORT, letters.ids)
    total = time.perf_counter() - start
    pages = len(PdfFileReader(BytesIO(content)).pages)
    assert all(letter.letter_id.mimetype == "application/pdf" for letter in letters)
    print(f"Printing {len(letters)} letters, {pages} pages")
    table.row("each customer's own, filed on the chatter", f"{filed:.1f} s")
    table.row("with all of them as one document", f"{total:.1f} s", "90 s or less", total <= 90)
    start = time.perf_counter()
    rest = run.sudo().notice_ids[LETTERS : LETTERS + 20]
    for letter in rest:
        report._render_qweb_pdf(REPORT, letter.ids)
    single = (time.perf_counter() - start) / max(len(rest), 1)
    if rest:
        table.row("one call of the PDF engine a letter", f"{single * 1000:.0f} ms")
        table.row("times faster in one rendering", f"{single / (filed / len(letters)):.1f}")


# The peer -----------------------------------------------------------------------------------------


def measure_peer(env, customers):
    """Seconds a line that the peer takes for a run and its communications."""
    policy = env.ref(f"{PEER}.credit_control_3_time")
    policy.account_ids = customers.mapped("property_account_receivable_id")
    env.company.credit_policy_id = policy
    savepoint = env.cr.savepoint(flush=True)
    env.invalidate_all()
    start = time.perf_counter()
    run = env["credit.control.run"].create({"date": TODAY, "policy_ids": policy.ids})
    run.generate_credit_lines()
    lines = run.line_ids
    lines.write({"state": "to_be_sent"})
    env["credit.control.communication"]._generate_comm_from_credit_lines(lines)
    env.flush_all()
    seconds = time.perf_counter() - start
    count = len(lines)
    savepoint.rollback()
    env.invalidate_all()
    savepoint.close(rollback=False)
    print(f"account_credit_control: {count} lines in {seconds:.1f} s")
    return seconds / count


try:
    result = main(env)  # noqa: F821 the shell's
finally:
    env.cr.rollback()  # noqa: F821
result.close()
