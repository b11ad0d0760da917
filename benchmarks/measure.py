"""What the measurements share: timing, counting statements, and many rows from one."""

import atexit
import shutil
import subprocess
import tempfile
import time
import zipfile
from pathlib import Path

from odoo.tools import SQL, config

import odoo.addons


class Table:
    """Prints measurements as they come and remembers whether one missed its target."""

    def __init__(self):
        self.is_missed = False

    def row(self, what, value, target=None, is_met=True):
        """One line: what was measured, its value as text, and its target, if it has one."""
        verdict = f"  ({'meets' if is_met else 'MISSES'} the target: {target})" if target else ""
        self.is_missed = self.is_missed or not is_met
        print(f"  {what:<58} {value:>14}{verdict}", flush=True)

    def close(self):
        """End with an exit code that says whether every target was met."""
        if self.is_missed:
            raise SystemExit(1)


def measured(env, function, times=1):
    """The best time of several runs and the number of statements of the last one.

    :return: (seconds, statements)
    """
    seconds = []
    for _run in range(times):
        env.flush_all()
        env.invalidate_all()
        count = env.cr.sql_log_count
        start = time.perf_counter()
        function()
        env.flush_all()
        seconds.append(time.perf_counter() - start)
        count = env.cr.sql_log_count - count
    return min(seconds), count


def multiply(env, model, template, keys, source, **columns):
    """Copy the row of one record many times by SQL, for data that would take hours to create.

    :param template: the record
    :param keys: a name for the rows of ``source``
    :param source: :class:`SQL`, a FROM item with one row a copy
    :param columns: {column: :class:`SQL` in terms of ``source``} of what differs
    :return: ids of the copies, in the order of ``source``
    """
    names = [
        field.name
        for field in env[model]._fields.values()
        if field.store and field.column_type and field.name != "id"
    ]
    values = [columns.get(name, SQL.identifier("template", name)) for name in names]
    rows = env.execute_query(
        SQL(
            "INSERT INTO %s (%s) SELECT %s FROM %s AS template, %s AS %s WHERE template.id = %s "
            "ORDER BY %s RETURNING id",
            SQL.identifier(env[model]._table),
            SQL(", ").join(map(SQL.identifier, names)),
            SQL(", ").join(values),
            SQL.identifier(env[model]._table),
            source,
            SQL(keys),
            template.id,
            SQL("1"),
        )
    )
    return [row[0] for row in rows]


def copy_move(env, move, partners, count, prefix, **columns):
    """Copies of a posted move, for all partners in turn.

    :param count: how many there are with ``move`` itself
    :param prefix: of their names
    :param columns: {column: :class:`SQL` in terms of ``number``} of what differs: of the move, of
        all its lines, ``date_maturity`` of its receivable lines
    :return: ids of the receivable items of the copies
    """
    partner = SQL("(%s::int[])[1 + number %% %s]", partners.ids, len(partners))
    name = SQL("%s || number", prefix)
    moves = multiply(
        env,
        "account.move",
        move,
        "number",
        SQL("generate_series(1, %s)", count - 1),
        name=name,
        sequence_number=SQL("number + 1000"),
        partner_id=partner,
        commercial_partner_id=partner,
        access_token=SQL("NULL"),
        **columns,
    )
    # Else each reference to a move is checked by reading all of them.
    env.cr.execute("ANALYZE account_move, res_partner")
    receivable = []
    for line in move.line_ids:
        is_receivable = line.account_id.account_type == "asset_receivable"
        of_line = {
            column: value
            for column, value in columns.items()
            if is_receivable or column != "date_maturity"
        }
        copies = multiply(
            env,
            "account.move.line",
            line,
            "copied(move_id, number)",
            SQL("unnest(%s::int[]) WITH ORDINALITY", moves),
            move_id=SQL("copied.move_id"),
            move_name=name,
            partner_id=partner,
            **of_line,
        )
        receivable += copies if is_receivable else []
    env.cr.execute("ANALYZE account_move_line")
    return receivable


def install_peers(env, *modules):
    """Fetch other publishers' modules from the Python package index and install the last of them.

    :return: whether they are there; where they cannot be fetched a comparison is left out
    """
    folder = Path(tempfile.mkdtemp(prefix="o2c_bench_peer_"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    if not all(_download(folder, module) for module in modules):
        print(f"{modules[-1]} cannot be fetched: the comparison is left out.")
        return False
    addons = str(folder / "odoo" / "addons")
    odoo.addons.__path__.append(addons)
    config["addons_path"] = [*config["addons_path"], addons]
    Module = env["ir.module.module"]
    Module.update_list()
    Module.search([("name", "=", modules[-1])]).button_immediate_install()
    env.transaction.reset()
    return modules[-1] in env.registry._init_modules


def _download(folder, module):
    interpreters = filter(None, (shutil.which(name) for name in ("python3", "python")))
    for interpreter in interpreters:
        done = subprocess.run(
            [interpreter, "-m", "pip", "download", "-q", "--no-deps", "--no-input", "-d", folder,
             f"odoo-addon-{module}==19.0.*"],
            capture_output=True,
            check=False,
        )
        wheels = list(folder.glob(f"odoo_addon_{module}-*.whl"))
        if not done.returncode and wheels:
            zipfile.ZipFile(wheels[0]).extractall(folder)
            return True
    return False
