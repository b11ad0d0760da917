#!/usr/bin/env python3
"""Install, update and uninstall, in an empty database and in one full of business.

Called by script/test, with the connection and the template database in its environment.
"""

import os
import subprocess
import sys
import time
import unittest

from kit import base, database, testing

TEMPLATE = os.environ["O2C_TEMPLATE_DB"]
PREFIX = os.environ["O2C_DB_PREFIX"]
ODOO = os.environ["O2C_BIN"]
MODULE = "order_to_cash"
MILLION = 1_000_000

# Core's business tables: what they held before must be there, unchanged, after uninstalling.
TABLES = (
    "res_partner",
    "res_users",
    "res_groups_users_rel",
    "res_groups_implied_rel",
    "crm_team",
    "product_template",
    "product_product",
    "sale_order",
    "sale_order_line",
    "stock_picking",
    "stock_move",
    "stock_quant",
    "account_move",
    "account_move_line",
    "account_journal",
    "ir_sequence",
    "ir_cron",
    "mail_template",
    "ir_ui_menu",
    "ir_ui_view",
)
# Bookkeeping of the ORM, which any update of a record touches, and what runs on the clock.
VOLATILE = {"write_date", "write_uid", "nextcall", "lastcall", "failure_count", "number_next"}

BUSINESS = """
# What a company has before it installs the add-on.
company = env.company
company.country_id = False
env["account.chart.template"].try_loading("generic_coa", company, install_demo=False)
product = env["product.product"].create({
    "name": "Crate", "type": "consu", "is_storable": True, "list_price": 10.0,
})
partners = env["res.partner"].create([
    {"name": f"Customer {i}", "ref": "SAME" if i < 3 else f"C{i}", "customer_rank": 1}
    for i in range(20)
])
partners[0].credit_limit = 50.0
user = env["res.users"].create({
    "name": "Sally", "login": "sally", "group_ids": [(4, env.ref("sales_team.group_sale_salesman").id)],
})
orders = env["sale.order"].create([
    {
        "partner_id": partner.id,
        "order_line": [(0, 0, {"product_id": product.id, "product_uom_qty": 10})],
    }
    for partner in partners
])
orders[10:].action_confirm()
invoices = env["account.move"].create([
    {
        "move_type": "out_invoice", "partner_id": partner.id,
        "invoice_date": "2024-01-01", "invoice_date_due": "2024-01-31",
        "invoice_line_ids": [(0, 0, {"name": "x", "price_unit": 100.0, "tax_ids": [(5,)]})],
    }
    for partner in partners
])
invoices.action_post()
env.cr.commit()
"""

STILL = """
# Nothing happens by itself after installation: no mail, no hold, no proposal, no activity.
company = env.company
assert not any(company[name] for name in company._fields if name.startswith("o2c_use_"))
assert not env["o2c.hold"].search_count([])
assert not env["o2c.dunning.run"].search_count([])
assert not env["mail.activity"].search_count([]), env["mail.activity"].search([]).mapped("summary")
assert not env["mail.mail"].search_count([])
assert set(env["o2c.hold.rule"].search([]).mapped("effect")) == {"warn"}
env["o2c.day.cycle"]._cron_run()
assert not env["o2c.day.cycle"].search_count([])
order = env["sale.order"].search([("state", "=", "draft")], order="id", limit=1)
assert order.partner_id.credit_limit == 50.0
order.action_confirm()
assert order.state == "sale" and order.o2c_hold_state == "none"
env.cr.rollback()
"""

USE = """
# The add-on at work, so that uninstalling has something to take away.
company = env.company
company.write({"o2c_use_credit": True, "o2c_use_dunning": True})
env["o2c.hold.rule"].search([]).effect = "hold_order"
partner = env["res.partner"].search([("name", "=", "Customer 0")])
env["o2c.credit.account"]._get_or_create(partner, company)
order = env["sale.order"].search([("partner_id", "=", partner.id), ("state", "=", "draft")])
order.action_confirm()
assert order.o2c_hold_state == "held"
run = env["o2c.dunning.run"].create({"company_id": company.id})
run.action_propose()
assert run.notice_ids
env.cr.commit()
env["o2c.day.cycle"].run(company)
"""

UNINSTALL = """
env["ir.module.module"].search([("name", "=", "order_to_cash")]).button_immediate_uninstall()
"""

MOVES = """
INSERT INTO stock_move (
    company_id, product_id, product_uom, product_uom_qty, product_qty, quantity,
    location_id, location_dest_id, state, procure_method, date, create_date, write_date, picked
)
SELECT company_id, product_id, product_uom, product_uom_qty, product_qty, quantity,
       location_id, location_dest_id, 'done', procure_method, date, create_date, write_date, picked
  FROM (SELECT * FROM stock_move LIMIT 1) one, generate_series(1, %(count)s)
"""
PARTNERS = """
INSERT INTO res_partner (
    name, complete_name, active, type, is_company, autopost_bills, create_date, write_date
)
SELECT 'P' || n, 'P' || n, true, 'contact', true, 'ask', now(), now()
  FROM generate_series(1, %(count)s) n
"""

BOOTHS = """
from odoo.fields import Command, Datetime
env.company.o2c_use_credit = True
env["o2c.hold.rule"].create({
    "name": "Large", "kind": "order_value", "effect": "hold_order", "threshold_amount": 500.0,
})
product = env["product.product"].create({
    "name": "Booth", "type": "service", "service_tracking": "event_booth", "taxes_id": [Command.clear()],
})
category = env["event.booth.category"].create({"name": "Booth", "product_id": product.id})
event = env["event.event"].create({
    "name": "Fair", "date_begin": Datetime.now(), "date_end": Datetime.add(Datetime.now(), days=1),
    "event_booth_ids": [
        Command.create({"name": name, "booth_category_id": category.id}) for name in ("A", "B")
    ],
})
large, small = env["sale.order"].create([
    {
        "partner_id": env["res.partner"].create({"name": f"Exhibitor {booth.name}"}).id,
        "order_line": [Command.create({
            "product_id": product.id, "event_id": event.id, "event_booth_category_id": category.id,
            "event_booth_pending_ids": [Command.set(booth.ids)],
        })],
    }
    for booth in event.event_booth_ids
])
large.order_line.price_unit, small.order_line.price_unit = 1000.0, 100.0
(large | small).action_confirm()
assert (large.state, large.o2c_hold_state, small.state) == ("draft", "held", "sale"), (
    large.state, large.o2c_hold_state, small.state
)
assert event.event_booth_ids.mapped("state") == ["available", "unavailable"]
large.o2c_hold_ids.with_user(env.ref("base.user_admin")).action_release(note="Fine")
large.action_confirm()
assert event.event_booth_ids.mapped("state") == ["unavailable", "unavailable"]
"""


class TestLifecycle(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.business = f"{PREFIX}business"
        database.copy(TEMPLATE, cls.business)
        shell(cls.business, BUSINESS)
        cls.installed = f"{PREFIX}cycle"
        database.copy(cls.business, cls.installed)
        cls.seconds = install(cls.installed)

    @classmethod
    def tearDownClass(cls):
        for name in database.names(PREFIX):
            database.drop(name)

    def test_install_update_and_uninstall_leave_the_business_as_it_was(self):
        name, before = self.installed, contents(self.business)
        shell(name, STILL)
        odoo(name, "-u", MODULE)
        shell(name, STILL)
        self.assertEqual(columns_of(contents(name, before), before), before)
        shell(name, USE)
        odoo(name, "-u", MODULE)
        shell(name, UNINSTALL)
        self.assertEqual(leftovers(name), [])
        after = contents(name, before)
        # Asking for the confirmation of an order is no change of its data.
        self.assertEqual(after, before)
        # Once more, and gone without having been used.
        install(name)
        shell(name, UNINSTALL)
        self.assertEqual(leftovers(name), [])

    def test_installing_takes_as_long_beside_a_million_rows(self):
        name = f"{PREFIX}million"
        database.copy(self.business, name)
        with database.cursor(name) as cr:
            cr.execute(MOVES, {"count": MILLION})
            cr.execute(PARTNERS, {"count": MILLION // 10})
            cr.execute("ANALYZE stock_move, res_partner")
        seconds = install(name)
        print(f"Installing took {self.seconds:.1f} s, beside a million moves {seconds:.1f} s")
        # Going through a million rows by the ORM takes many minutes; the rest is the machine's mood.
        self.assertLess(seconds, 2 * self.seconds + 45)

    def test_a_module_loaded_later_sees_confirmed_orders_only(self):
        """event_booth_sale books the booths of every order that it was told to confirm."""
        name = f"{PREFIX}later"
        database.copy(self.business, name)
        install(name, "event_booth_sale")
        shell(name, BOOTHS)


def install(name, *others):
    """Install the add-on with other modules; returns how many seconds it took."""
    start = time.monotonic()
    odoo(name, "-i", ",".join((MODULE, *others)))
    return time.monotonic() - start


def odoo(name, *arguments):
    """Run Odoo once; its log must hold no warning or error."""
    log = base.LOG / f"{name}{arguments[0]}.log"
    verdict = testing.run_odoo(name, arguments, log, show=False)
    found = [record.text for record in verdict.problems] or verdict.failures
    if found:
        raise AssertionError(found)


def shell(name, code):
    """Run code in Odoo's shell; an error in it is an error here."""
    script = f"try:\n{indent(code)}\nexcept BaseException:\n    import traceback\n"
    script += "    traceback.print_exc()\n    import os\n    os._exit(3)\n"
    command = [ODOO, "shell", "-d", name, "--no-http", "--log-level=warn", "--shell-interface=python"]
    done = subprocess.run(command, input=script, capture_output=True, text=True, check=False)
    if done.returncode or "Traceback" in done.stderr:
        raise AssertionError(f"{done.stdout}\n{done.stderr}")


def indent(code):
    return "\n".join(f"    {line}" for line in code.splitlines())


def contents(name, like=None):
    """What the tables hold: {table: (columns, digest of the rows in these columns)}."""
    found = {}
    with database.cursor(name) as cr:
        for table in TABLES:
            if like:
                columns = like[table][0]
            else:
                cr.execute(
                    "SELECT column_name FROM information_schema.columns WHERE table_name = %s",
                    [table],
                )
                columns = sorted({row[0] for row in cr.fetchall()} - VOLATILE)
            rows = ", ".join(f'"{column}"' for column in columns)
            cr.execute(f"SELECT md5(row({rows})::text) FROM {table}")
            found[table] = (columns, sorted(row[0] for row in cr.fetchall()))
    return found


def columns_of(after, before):
    """``after`` without the rows that the add-on itself has put into core's tables."""
    return {
        table: (columns, [row for row in after[table][1] if row in set(digests)])
        for table, (columns, digests) in before.items()
    }


def leftovers(name):
    """Tables, columns, functions and records of ours that are still there."""
    found = []
    with database.cursor(name) as cr:
        cr.execute("SELECT proname FROM pg_proc WHERE proname LIKE 'o2c%'")
        found += [f"function {row[0]}" for row in cr.fetchall()]
        cr.execute("SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'o2c%'")
        found += [f"table {row[0]}" for row in cr.fetchall()]
        cr.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE column_name LIKE 'o2c%' OR column_name LIKE 'x_o2c%'"
        )
        found += [f"column {row[0]}.{row[1]}" for row in cr.fetchall()]
        for table, column in [
            ("ir_model", "model"),
            ("ir_model_fields", "name"),
            ("ir_config_parameter", "key"),
        ]:
            cr.execute(f"SELECT {column} FROM {table} WHERE {column} LIKE '%o2c%'")
            found += [f"{table} {row[0]}" for row in cr.fetchall()]
        cr.execute("SELECT name FROM ir_model_data WHERE module = %s", [MODULE])
        found += [f"xml id {row[0]}" for row in cr.fetchall()]
    return found


if __name__ == "__main__":
    program = unittest.main(argv=sys.argv[:1], exit=False, verbosity=2)
    result = program.result
    broken = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - broken} passed, {broken} failed")
    sys.exit(bool(broken))
