"""Web assets that an earlier run has built, handed on to the next fresh database.

Building them takes Odoo longer than most test runs. It looks them up by an address that contains a digest
of their sources, so a bundle whose sources have changed since is built again.
"""

import json
import os
import shutil

from . import base, database

STORE = base.DOT / "assets"
ROWS = STORE / "rows.json"
COLUMNS = ("name", "mimetype", "url", "store_fname", "checksum", "file_size")
_MINE = (
    "url LIKE '/web/assets/%%' AND res_model = 'ir.ui.view' AND store_fname IS NOT NULL AND create_uid = 1"
)


def save(name):
    """Keep the assets that a database has."""
    with database.cursor(name) as cr:
        cr.execute(f"SELECT {', '.join(COLUMNS)} FROM ir_attachment WHERE {_MINE} ORDER BY id", [])
        rows = cr.fetchall()
    if not rows:
        return
    fresh = base.DOT / f"assets.{os.getpid()}"
    for row in rows:
        file = row[COLUMNS.index("store_fname")]
        (fresh / file).parent.mkdir(parents=True, exist_ok=True)
        if (database.FILES / name / file).is_file() and not (fresh / file).exists():
            database.link(database.FILES / name / file, fresh / file)
    (fresh / ROWS.name).write_text(json.dumps(rows), encoding="utf-8")
    with base.lock("assets"):
        base.clear(STORE)
        fresh.rename(STORE)


def restore(name):
    """Give a fresh database the assets kept."""
    with base.lock("assets"):
        if not ROWS.is_file():
            return
        rows = json.loads(ROWS.read_text(encoding="utf-8"))
        rows = [row for row in rows if (STORE / row[COLUMNS.index("store_fname")]).is_file()]
        for row in rows:
            file = row[COLUMNS.index("store_fname")]
            target = database.FILES / name / file
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.exists():
                database.link(STORE / file, target)
    with database.cursor(name) as cr:
        cr.executemany(
            f"INSERT INTO ir_attachment ({', '.join(COLUMNS)}, type, res_model, res_id, public,"
            " create_uid, write_uid, create_date, write_date)"
            f" VALUES ({', '.join(['%s'] * len(COLUMNS))}, 'binary', 'ir.ui.view', 0, true,"
            " 1, 1, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC')",
            rows,
        )


def forget():
    shutil.rmtree(STORE, ignore_errors=True)
