"""Aged receivables as of a past day over 100,000 journal items, against raw SQL.

    script/bench dunning_ageing

Half of the items are open still, half were paid after the day. O2C_BENCH_SCALE makes everything
smaller, for a first try: 0.1 is a tenth. Everything is rolled back at the end.
"""

import os
from datetime import date

from odoo.fields import Command
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms.ageing import BUCKETS
from odoo.addons.order_to_cash.benchmarks.measure import Table, copy_move, measured, multiply

SCALE = float(os.environ.get("O2C_BENCH_SCALE", "1"))
CUSTOMERS = int(2000 * SCALE)
ITEMS = int(100_000 * SCALE)
AS_OF = date(2025, 6, 30)
PAID_ON = "2025-08-15"


def main(env):
    table = Table()
    company = env.company
    company.o2c_use_dunning = True
    partners = env["res.partner"].create([
        {"name": f"Bench {number}", "is_company": True, "ref": f"AGE{number}"}
        for number in range(CUSTOMERS)
    ])
    make_items(env, partners, ITEMS // 2, is_paid=False)
    make_items(env, partners, ITEMS - ITEMS // 2, is_paid=True)
    env.cr.execute("ANALYZE")
    measure_ageing(env, table, company, partners)
    measure_statements(env, table, company, partners)
    return table


# Data ---------------------------------------------------------------------------------------------


def make_items(env, partners, count, is_paid):
    """One invoice by Odoo, with its payment, the others by SQL from their rows."""
    invoice = env["account.move"].create({
        "move_type": "out_invoice",
        "partner_id": partners[0].id,
        "invoice_date": "2025-01-31",
        "invoice_payment_term_id": False,
        "invoice_line_ids": [Command.create({"name": "Goods", "price_unit": 100.0, "tax_ids": []})],
    })
    invoice.action_post()
    payment = env["account.move"]
    if is_paid:
        payment = (
            env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"payment_date": PAID_ON})
            ._create_payments()
            .move_id
        )
    env.flush_all()
    due = SQL("DATE '2025-01-31' + (number %% 300)::int")
    debits = copy_move(env, invoice, partners, count, f"AGE{is_paid}/", date_maturity=due)
    if is_paid:
        credit_items = copy_move(env, payment, partners, count, "PAY/")
        partial = env["account.partial.reconcile"].search([
            ("debit_move_id.move_id", "=", invoice.id)
        ])
        multiply(
            env,
            "account.partial.reconcile",
            partial,
            "pair(debit, credit)",
            SQL("unnest(%s::int[], %s::int[])", debits, credit_items),
            debit_move_id=SQL("pair.debit"),
            credit_move_id=SQL("pair.credit"),
        )
    env.invalidate_all()


# Ageing -------------------------------------------------------------------------------------------


def measure_ageing(env, table, company, partners):
    Report = env["o2c.aged.receivable"].with_context(o2c_as_of=str(AS_OF))
    domain = [("company_id", "=", company.id)]
    sums = [f"{name}:sum" for name in (*BUCKETS, "residual")]

    def grouped(name):
        return Report._read_group(domain, [name], sums)

    def listed():
        return Report.search(domain, limit=80).read(["partner_id", "move_id", "residual"])

    raw, _count = measured(env, lambda: raw_sums(env, company), 5)
    total = sum(row[-1] for row in grouped("company_id"))
    print(f"Aged receivables of {ITEMS} items as of {AS_OF}: {total:,.2f}")
    assert abs(total - float(sum(row[-1] for row in raw_sums(env, company)))) < 0.005
    table.row("raw SQL, by customer", f"{raw * 1000:.0f} ms")
    for name in ("partner_id", "user_id", "region_id", "currency_id"):
        seconds, count = measured(env, lambda name=name: grouped(name), 5)
        ratio = seconds / raw
        table.row(f"grouped by {name}", f"{seconds * 1000:.0f} ms")
        table.row("times raw SQL", f"{ratio:.2f}", "3 or less", ratio <= 3)
    seconds, count = measured(env, listed, 5)
    table.row("a page of the list", f"{seconds * 1000:.0f} ms")
    table.row("times raw SQL", f"{seconds / raw:.2f}", "3 or less", seconds <= 3 * raw)
    table.row("statements of a page", str(count))


def raw_sums(env, company):
    """The plain sums by customer and age, without any of the finer points."""
    env.cr.execute(
        """
        WITH later AS (
            SELECT line_id, SUM(amount) AS amount
              FROM (SELECT debit_move_id AS line_id, amount
                      FROM account_partial_reconcile WHERE max_date > %(as_of)s
                 UNION ALL
                    SELECT credit_move_id, -amount
                      FROM account_partial_reconcile WHERE max_date > %(as_of)s) AS partial
          GROUP BY line_id
        ), item AS (
            SELECT line.partner_id,
                   %(as_of)s - COALESCE(line.date_maturity, line.date) AS days,
                   line.amount_residual + COALESCE(later.amount, 0) AS amount
              FROM account_move_line line
              JOIN account_account account ON account.id = line.account_id
         LEFT JOIN later ON later.line_id = line.id
             WHERE account.account_type = 'asset_receivable' AND line.parent_state = 'posted'
               AND line.date <= %(as_of)s AND line.company_id = %(company)s
        )
        SELECT partner_id,
               SUM(amount) FILTER (WHERE days < 1),
               SUM(amount) FILTER (WHERE days BETWEEN 1 AND 30),
               SUM(amount) FILTER (WHERE days BETWEEN 31 AND 60),
               SUM(amount) FILTER (WHERE days BETWEEN 61 AND 90),
               SUM(amount) FILTER (WHERE days > 90),
               SUM(amount)
          FROM item
      GROUP BY partner_id
        """,
        {"as_of": AS_OF, "company": company.id},
    )
    return env.cr.fetchall()


# Statements ---------------------------------------------------------------------------------------


def measure_statements(env, table, company, partners):
    Statement = env["o2c.account.statement"]

    def read(some):
        return Statement._get_statements(some, company, date(2025, 4, 1), AS_OF)

    _seconds, few = measured(env, lambda: read(partners[: CUSTOMERS // 10]))
    seconds, many = measured(env, lambda: read(partners))
    print(f"Statements of account of {CUSTOMERS} customers")
    table.row("all statements", f"{seconds:.1f} s")
    table.row("statements of SQL", str(many), "as for a tenth of them", many <= few)


try:
    result = main(env)  # noqa: F821 the shell's
finally:
    env.cr.rollback()  # noqa: F821
result.close()
