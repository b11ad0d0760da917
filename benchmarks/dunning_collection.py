"""Collection worklist, plan and reports over 100,000 open receivable items, against raw SQL sums.

    script/bench dunning_collection

As many items again were paid in the last two years. O2C_BENCH_SCALE makes everything smaller, for a
first try: 0.1 is a tenth. Everything is rolled back at the end.
"""

import os
from datetime import timedelta

from odoo.fields import Command
from odoo.tools import SQL

from odoo.addons.order_to_cash.benchmarks.measure import Table, copy_move, measured, multiply

SCALE = float(os.environ.get("O2C_BENCH_SCALE", "1"))
CUSTOMERS = int(2000 * SCALE)
ITEMS = int(100_000 * SCALE)
# Items are spread over so many days; who pays does so so many days after the invoice.
DAYS = 700
PAID_AFTER = 45
OF_ACCOUNT = {
    "partner_id": {"fields": {"display_name": {}}},
    "collector_id": {"fields": {"display_name": {}}},
    "level_id": {"fields": {"display_name": {}}},
    **{
        name: {}
        for name in ("phone", "overdue", "oldest_days", "expected", "promised", "next_contact_on")
    },
}
OF_ITEM = {name: {} for name in ("date_due", "days_overdue", "residual_company", "claim")}
TO_CALL = [("to_chase", ">", 0)]


def main(env):
    table = Table()
    env.company.o2c_use_dunning = True
    partners = env["res.partner"].create([
        {"name": f"Bench {number}", "is_company": True, "ref": f"COL{number}"}
        for number in range(CUSTOMERS)
    ])
    debits = make_items(env, partners, is_paid=False)
    make_items(env, partners, is_paid=True)
    make_agreements(env, partners, debits)
    env.cr.execute("ANALYZE")
    raw = measure_raw(env, table)
    measure_worklist(env, table, raw)
    measure_customer(env, table, partners[CUSTOMERS // 2])
    measure_months(env, table, raw)
    measure_reports(env, table, raw)
    measure_plan(env, table)
    return table


# Data ---------------------------------------------------------------------------------------------


def make_items(env, partners, is_paid):
    """One invoice by Odoo, with its payment, the others by SQL from their rows; the ids of their
    receivable items."""
    today = env.company._o2c_today()
    invoice = env["account.move"].create({
        "move_type": "out_invoice",
        "partner_id": partners[0].id,
        "invoice_date": today - timedelta(days=DAYS),
        "invoice_payment_term_id": False,
        "invoice_line_ids": [Command.create({"name": "Goods", "price_unit": 100.0, "tax_ids": []})],
    })
    invoice.action_post()
    payment = env["account.move"]
    if is_paid:
        payment = (
            env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"payment_date": today - timedelta(days=DAYS - PAID_AFTER)})
            ._create_payments()
            .move_id
        )
    env.flush_all()
    days = DAYS - PAID_AFTER if is_paid else DAYS
    day = SQL("%s::date - (number * 7 %% %s)::int", today - timedelta(days=DAYS - days), days)
    invoiced = {
        "date": day,
        "invoice_date": day,
        "invoice_date_due": SQL("%s + 30", day),
        "date_maturity": SQL("%s + 30", day),
    }
    debits = copy_move(env, invoice, partners, ITEMS, f"COL{is_paid}/", **invoiced)
    if is_paid:
        paid_on = SQL("%s + %s", day, PAID_AFTER)
        credit_items = copy_move(
            env, payment, partners, ITEMS, "COLPAY/", date=paid_on, date_maturity=paid_on
        )
        multiply(
            env,
            "account.partial.reconcile",
            env["account.partial.reconcile"].search([("debit_move_id.move_id", "=", invoice.id)]),
            "pair(debit, credit, number)",
            SQL("unnest(%s::int[], %s::int[]) WITH ORDINALITY", debits, credit_items),
            debit_move_id=SQL("pair.debit"),
            credit_move_id=SQL("pair.credit"),
            max_date=paid_on,
        )
    env.invalidate_all()
    return debits


def make_agreements(env, partners, debits):
    """Of every tenth customer a promise, of others blocks, disputes, contacts, levels reached."""
    company = env.company
    today = company._o2c_today()
    env["o2c.payment.promise"].create([
        {
            "partner_id": partner.id,
            "company_id": company.id,
            "amount": 500.0,
            "date": today + timedelta(days=5),
        }
        for partner in partners[::10]
    ])
    env["o2c.dunning.block"].create([
        {"partner_id": partner.id, "company_id": company.id, "reason": "Bench"}
        for partner in partners[1::20]
    ])
    env["o2c.collection.contact"].create([
        {"partner_id": partner.id, "company_id": company.id, "outcome": "no_answer"}
        for partner in partners[2::4]
    ])
    invoices = env["account.move.line"].browse(debits[::200]).move_id
    env["o2c.payment.dispute"].create([
        {"invoice_id": invoice.id, "amount": 50.0, "reason": "Bench"} for invoice in invoices
    ])
    env.flush_all()


# Measurements -------------------------------------------------------------------------------------


def measure_raw(env, table):
    """The plain sums by customer of what is open and overdue, without any of the finer points."""

    def sums():
        env.cr.execute(
            """
            SELECT line.partner_id,
                   SUM(line.amount_residual),
                   SUM(line.amount_residual) FILTER (WHERE line.date_maturity < %s),
                   MIN(line.date_maturity)
              FROM account_move_line line
              JOIN account_account account ON account.id = line.account_id
             WHERE account.account_type = 'asset_receivable' AND line.parent_state = 'posted'
               AND line.reconciled IS NOT TRUE AND line.company_id = %s
          GROUP BY line.partner_id
            """,
            [env.company._o2c_today(), env.company.id],
        )
        return env.cr.fetchall()

    raw, _count = measured(env, sums, 5)
    print(f"Worklist of {ITEMS} open items of {CUSTOMERS} customers")
    table.row("raw SQL, open and overdue by customer", f"{raw * 1000:.0f} ms")
    return raw


def measure_worklist(env, table, raw):
    Account = env["o2c.collection.account"]
    most = 1.5 * max(SCALE, 0.2)

    def page():
        return Account.web_search_read(TO_CALL, OF_ACCOUNT, limit=80)

    def grouped():
        return Account._read_group(TO_CALL, ["collector_id"], ["overdue:sum", "expected:sum"])

    for what, function in (("a page of the worklist", page), ("grouped by collector", grouped)):
        row(table, what, measured(env, function, 3), most, raw)


def measure_customer(env, table, partner):
    account = env["o2c.collection.account"]._of(partner, env.company)
    assert len(account.item_ids) == ITEMS // CUSTOMERS

    def form():
        return account.web_read({**OF_ACCOUNT, "item_ids": {"fields": OF_ITEM, "limit": 80}})

    row(table, "form of one customer, with his items", measured(env, form, 3), 0.2)
    button = measured(env, lambda: partner.o2c_collection_overdue, 3)
    row(table, "overdue amount on the customer's contact", button, 0.2)


def measure_months(env, table, raw):
    row(
        table,
        "days sales outstanding of 24 months",
        measured(env, env["o2c.collection.month"]._refresh, 3),
        1.5 * max(SCALE, 0.2),
        raw,
    )


def measure_reports(env, table, raw):
    Report = env["o2c.collection.salesperson"]

    def grouped():
        return Report._read_group([], ["user_id"], ["due:sum", "collected:sum", "days_to_pay:avg"])

    row(table, "collection by salesperson", measured(env, grouped, 3), None, raw)


def measure_plan(env, table):
    plan = env["o2c.collection.plan"].create({})
    row(table, "plan of all items", measured(env, plan.action_calculate), 10 * max(SCALE, 0.2))
    row(table, "the same anew", measured(env, plan.action_calculate), 10 * max(SCALE, 0.2))

    def compared():
        return env["o2c.collection.plan.report"]._read_group(
            [("plan_id", "=", plan.id)], ["date:week"], ["planned:sum", "received:sum"]
        )

    row(table, "plan against receipts by week", measured(env, compared, 3), 1.5 * max(SCALE, 0.2))


def row(table, what, figures, most=None, raw=None):
    """:param most: seconds that are enough
    :param raw: seconds of the raw sums"""
    seconds, count = figures
    target = most and f"{most:.1f} s"
    table.row(what, f"{seconds:.2f} s", target, not most or seconds <= most)
    if raw:
        table.row("times raw SQL", f"{seconds / raw:.1f}")
    table.row("statements", str(count))


try:
    result = main(env)  # noqa: F821 the shell's
finally:
    env.cr.rollback()  # noqa: F821
result.close()
