"""script/i18n: the translation template from the sources, and the translations brought up to date with it.

Runs on the Python of .odoo/venv. Odoo's exporter walks the add-ons path and follows links, and our link leads
to the clone that contains it; so it is shown a copy.
"""

import argparse
import os
import re
import shutil

import polib

from . import base, database
from .base import run, say, step
from .lint import copy_addon, repository_files

I18N = base.ROOT / "i18n"


def main(arguments):
    parser = argparse.ArgumentParser(prog="script/i18n", description=__doc__.split("\n\n")[0])
    parser.add_argument(
        "--check", action="store_true", help="change nothing; fail when something is out of date"
    )
    options = parser.parse_args(arguments)
    stage = base.DOT / "i18n" / str(os.getpid())
    name = f"o2c_i18n_{os.getpid()}"
    try:
        with step("exporting the terms"):
            template = _export(stage, name)
        stale = _update(template, options.check)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        database.drop(name)
    if options.check and stale:
        say("Out of date: " + ", ".join(base.shown(path) for path in stale) + ". Run script/i18n.")
        return 1
    return 0


def _export(stage, name):
    copy_addon(repository_files(), stage)
    conf = stage / "odoo.conf"
    conf.write_text(
        base.CONF.read_text(encoding="utf-8").replace(str(base.DOT / "addons"), str(stage)), encoding="utf-8"
    )
    database.copy(database.current_template(), name)
    database.odoo(name, "-c", conf, "-i", base.MODULE, "--stop-after-init", "--no-http", log="i18n.log")
    target = stage / f"{base.MODULE}.pot"
    command = [
        base.BIN / "odoo",
        "i18n",
        "export",
        "-c",
        conf,
        "-d",
        name,
        "-l",
        "pot",
        "-o",
        target,
        base.MODULE,
    ]
    run(command, log=base.LOG / "i18n.log", what="Exporting the terms")
    return polib.pofile(str(target))


def _update(template, check):
    """Write what has changed; which files have."""
    stale = []
    path = I18N / f"{base.MODULE}.pot"
    if _write(path, template, check):
        stale.append(path)
    for path in sorted(I18N.glob("*.po")):
        translation = polib.pofile(str(path), wrapwidth=78)
        translation.merge(template)
        for entry in translation.obsolete_entries():
            translation.remove(entry)
        if _write(path, translation, check):
            stale.append(path)
        missing = len(translation.untranslated_entries()) + len(translation.fuzzy_entries())
        say(f"  {base.shown(path)}: {missing or 'nothing'} left to translate of {len(translation)} terms")
    return stale


def _write(path, content, check):
    text = f"{content}"
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    if _dateless(text).strip() == _dateless(before).strip():
        return False
    if not check:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.rstrip("\n") + "\n", encoding="utf-8")
        say(f"  {base.shown(path)} written")
    return True


def _dateless(text):
    return re.sub(r'"(POT-Creation-Date|PO-Revision-Date):.*\n', "", text)
