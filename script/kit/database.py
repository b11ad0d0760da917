"""Databases: the template that test runs are copied from, and copies of it.

Runs on the Python of .odoo/venv, which has psycopg2.
"""

import ast
import contextlib
import os
import re
import shutil
import time

import psycopg2
from psycopg2 import sql

from . import base, postgres
from .base import Problem, run, step

# What the add-on depends on until it has a manifest.
DEPENDS = ["sale_stock", "sale_management", "sale_margin", "account", "portal"]
TEMPLATE = "o2c_template_"
FILES = base.DOT / "data" / "filestore"


def manifest():
    path = base.ROOT / "__manifest__.py"
    return ast.literal_eval(path.read_text(encoding="utf-8")) if path.exists() else {}


@contextlib.contextmanager
def cursor(database="postgres"):
    """A cursor outside any transaction."""
    options = {"host": postgres.settings()["db_host"], "user": postgres.settings()["db_user"]}
    if not postgres.is_external():
        options["port"] = postgres.settings()["db_port"]
    options = {key: value for key, value in options.items() if value}
    try:
        connection = psycopg2.connect(dbname=database, connect_timeout=10, **options)
    except psycopg2.OperationalError as error:
        raise Problem(f"PostgreSQL does not answer: {error}") from error
    connection.autocommit = True
    try:
        with connection.cursor() as cr:
            yield cr
    finally:
        connection.close()


def names(prefix=""):
    with cursor() as cr:
        cr.execute(
            "SELECT datname FROM pg_database WHERE datname LIKE %s ORDER BY 1",
            [prefix.replace("_", r"\_") + "%"],
        )
        return [name for (name,) in cr.fetchall()]


def exists(name):
    with cursor() as cr:
        cr.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        return bool(cr.fetchone())


def has_addon(name):
    """Whether a database exists and has the add-on installed."""
    if not exists(name):
        return False
    with cursor(name) as cr:
        cr.execute("SELECT 1 FROM pg_tables WHERE tablename = 'ir_module_module'")
        if not cr.fetchone():
            return False
        cr.execute("SELECT 1 FROM ir_module_module WHERE name = %s AND state = 'installed'", [base.MODULE])
        return bool(cr.fetchone())


def drop(name):
    with cursor() as cr:
        cr.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
    base.clear(FILES / name)


def copy(source, name):
    """A new database with everything of another, its files included (hard links: Odoo never changes one)."""
    drop(name)
    with cursor() as cr:
        cr.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [source])
        fast = " STRATEGY FILE_COPY" if cr.connection.server_version >= 150000 else ""
        for attempt in range(20):
            try:
                cr.execute(
                    sql.SQL("CREATE DATABASE {} TEMPLATE {}" + fast).format(
                        sql.Identifier(name), sql.Identifier(source)
                    )
                )
                break
            except psycopg2.errors.ObjectInUse:
                if attempt == 19:
                    raise
                time.sleep(0.5)
    if (FILES / source).is_dir():
        shutil.copytree(FILES / source, FILES / name, copy_function=link)


def link(source, target):
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def make_template(arguments):
    """Called by script/setup on the environment's Python."""
    template(*arguments)


def template(key):
    """The template database for this set of dependencies, made when it is not there."""
    depends = sorted(manifest().get("depends") or DEPENDS)
    name = TEMPLATE + base.digest(key, *depends)
    noted = base.DOT / "template"
    stale = noted.read_text(encoding="utf-8").strip() if noted.is_file() else name
    if not exists(name):
        with step(f"making the template database ({', '.join(depends)})"):
            making = f"o2c_making_{os.getpid()}"
            drop(making)
            try:
                odoo(making, "-i", ",".join(depends), "--stop-after-init", "--no-http", log="template.log")
                with cursor() as cr:
                    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
                    cr.execute(rename.format(sql.Identifier(making), sql.Identifier(name)))
                FILES.mkdir(parents=True, exist_ok=True)
                base.clear(FILES / name)
                if (FILES / making).exists():
                    (FILES / making).rename(FILES / name)
            except BaseException:
                drop(making)
                raise
    base.write(noted, name + "\n")
    # On a server of its own a clone has no templates but its own; on another's only the one noted is.
    for outdated in {stale} if postgres.is_external() else names(TEMPLATE):
        if outdated != name:
            base.say(f"  dropping the outdated template {outdated}")
            drop(outdated)
    return name


def current_template():
    path = base.DOT / "template"
    if not path.is_file():
        raise Problem("There is no template database yet: run script/setup.")
    return path.read_text(encoding="utf-8").strip()


def odoo(name, *arguments, log):
    """Run Odoo on a database to its end; a Problem when it fails or its log holds an error."""
    path = base.LOG / log
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    run(
        [base.BIN / "odoo", "-d", name, "--max-cron-threads=0", f"--logfile={path}", *arguments],
        what=f"Odoo (log in {path.relative_to(base.ROOT)})",
    )
    text = path.read_text(encoding="utf-8", errors="replace")
    errors = [line for line in text.splitlines() if re.match(r"\S+ \S+ \d+ (ERROR|CRITICAL) ", line)]
    if errors:
        raise Problem(
            f"Odoo logged errors (all in {path.relative_to(base.ROOT)}):\n" + "\n".join(errors[:10])
        )
