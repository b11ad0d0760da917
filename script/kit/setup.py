"""script/setup: everything a clone needs, under .odoo/. Does nothing when nothing is missing."""

import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

from . import base, debian, odoo, postgres, programs, python


def prepare():
    """Bring the clone up to date; returns the Odoo in use."""
    start = time.monotonic()
    postgres.forget_environment()
    with base.lock():
        if not (base.DOT / ".ready").exists():
            base.say("Setting up in .odoo/ (a few minutes the first time)")
        found, _ = base.together(_server, programs.ensure)
        for leftover in (base.DOT / "download", debian.APT):
            base.clear(leftover)
        (base.DOT / ".ready").touch()
    return found, time.monotonic() - start


def _server():
    """Odoo, its Python, its database server and the template; browser and printer can come meanwhile."""
    found, pins, _ = base.together(odoo.ensure, python.ensure, postgres.ensure)
    python.make_importable(found.python_path)
    _link_addon()
    _configure(found)
    command = base.python_command("database", "make_template", f"{found.key} {pins}")
    if subprocess.run(command, check=False, cwd=base.ROOT, stdin=subprocess.DEVNULL).returncode:
        raise base.Problem("The template database could not be made.")
    return found


def then(module, arguments):
    """Set up, then go on as the main function of a module of the kit."""
    prepare()
    sys.stdout.flush()
    command = base.python_command(module, "main", *arguments)
    os.environ["O2C_COMMAND"] = Path(sys.argv[0]).name
    os.execv(command[0], command)


def _link_addon():
    """The clone, whatever its folder is called, appears to Odoo as order_to_cash."""
    link = base.DOT / "addons" / base.MODULE
    link.parent.mkdir(parents=True, exist_ok=True)
    target = os.path.relpath(base.ROOT, link.parent)
    if not link.is_symlink() or os.readlink(link) != target:
        base.clear(link)
        link.symlink_to(target)


def _configure(found):
    addons = [*found.addons, base.DOT / "addons"]
    settings = {
        "addons_path": ",".join(str(path) for path in addons),
        "data_dir": base.DOT / "data",
        "screenshots": base.LOG / "screenshots",
        "admin_passwd": "admin",
        "http_interface": "127.0.0.1",
        "workers": 0,
        "limit_time_cpu": 0,
        "limit_time_real": 0,
        "with_demo": False,
        "without_demo": None,
        # Nothing leaves the machine: no mail server answers here, and mail stays in Odoo's outbox.
        "smtp_server": "localhost",
        "smtp_port": 1,
        "publisher_warranty_url": "http://localhost:1/",
        **postgres.settings(),
    }
    lines = [f"{key} = {value}\n" for key, value in settings.items() if value is not None]
    base.write(base.CONF, "[options]\n" + "".join(lines))
    for folder in ("data", "log"):
        (base.DOT / folder).mkdir(exist_ok=True)
    own = "" if postgres.is_external() else "unset ${!PG*}\n"
    # An Odoo of somebody else's may not be ours to write bytecode into.
    bytecode = (
        ""
        if os.access(found.python_path, os.W_OK)
        else " PYTHONPYCACHEPREFIX=" + shlex.quote(f"{base.DOT}/pycache")
    )
    quote = shlex.quote
    base.write_script(
        base.BIN / "odoo",
        "#!/usr/bin/env bash\n# Odoo with this clone's configuration: .odoo/bin/odoo [command] [options]\n"
        f"{own}export ODOO_RC={quote(str(base.CONF))} PATH={quote(str(base.BIN))}:$PATH\n"
        f"export PYTHONNOUSERSITE=1 PGAPPNAME=odoo{bytecode}\n"
        f'unset PYTHONPATH PYTHONHOME\nexec {quote(str(base.PYTHON))} -m odoo "$@"\n',
    )


def main(arguments):
    if arguments:
        raise base.Problem("script/setup takes no arguments.")
    found, took = prepare()
    base.say(f"Ready in {took:.1f} s: Odoo {found.version}, .odoo/bin/odoo runs it.")
