"""The demo company's day: fed to Odoo's shell by script/demo, with ``env`` there."""

import os
import textwrap
from pathlib import Path

FOLDER = Path(os.environ["O2C_DEMO_DIR"])
WIDTH = 78


def run_cycle(env):
    """Run the day's cycle; returns its record."""
    cycle_id = env["o2c.day.cycle"].run(env.company)
    # The steps committed in transactions of their own: look at the database as it is now.
    env.cr.rollback()
    env.invalidate_all()
    return env["o2c.day.cycle"].browse(cycle_id)


def steps(env):
    for line in run_cycle(env).line_ids:
        yield f"{line.name} ({line.state}, {line.duration:.1f} s)", line.summary or "Nothing to do."


def customers(env):
    partners = env["res.partner"].search([("o2c_customer_type", "!=", False)])
    names = ", ".join(f"{partner.ref} {partner.name}" for partner in partners[:3])
    yield "Customer profile", f"{len(partners)} customers: {names}, ..."


def holds(env):
    for hold in env["o2c.hold"].search([("state", "=", "active"), ("effect", "!=", "warn")]):
        yield f"Held: {hold.order_id.name}", hold.reason


def letters(env):
    run = env["o2c.dunning.run"].search([("state", "=", "proposed")], limit=1)
    for notice in run.notice_ids:
        yield (
            f"To remind: {notice.partner_id.name}",
            f"{notice.level_id.name}, {notice.currency_id.format(notice.total_overdue)} overdue",
        )
    if run.notice_ids:
        content, __ = env["ir.actions.report"]._render_qweb_pdf(
            "order_to_cash.report_dunning_notice", run.notice_ids.ids
        )
        path = FOLDER / "reminders.pdf"
        path.write_bytes(content)
        yield "Letters", str(path)


def show(title, rows):
    print(f"\n{title}\n{'-' * WIDTH}")
    for name, text in rows:
        first, *more = textwrap.wrap(text, WIDTH - 34, break_on_hyphens=False) or [""]
        print(f"{name[:32]:<34}{first}")
        for line in more:
            print(f"{'':<34}{line}")


def main(env):
    show("The day's cycle", list(steps(env)))
    show("Customers", customers(env))
    show("Credit", holds(env))
    show("Dunning", letters(env))


main(env)  # noqa: F821 (Odoo's shell defines it)
