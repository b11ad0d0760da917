"""script/bench: the measurements in benchmarks/, each against plain Odoo in the same run.

Runs on the Python of .odoo/venv.
"""

import argparse
import os
import subprocess

from . import base, database
from .base import Problem, say, step

FOLDER = base.ROOT / "benchmarks"


def main(arguments):
    known = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "measure")
    parser = argparse.ArgumentParser(
        prog="script/bench", description="Run measurements in a database of their own."
    )
    parser.add_argument("names", nargs="*", metavar="name", help=f"which (all): {', '.join(known)}")
    options = parser.parse_args(arguments)
    unknown = set(options.names) - set(known)
    if unknown:
        raise Problem(f"No such measurement: {', '.join(sorted(unknown))}. There are: {', '.join(known)}")
    name = f"o2c_bench_{os.getpid()}"
    try:
        with step("installing the add-on"):
            database.copy(database.current_template(), name)
            database.odoo(name, "-i", base.MODULE, "--stop-after-init", "--no-http", log="bench.log")
        return max(_run(name, bench) for bench in options.names or known)
    finally:
        database.drop(name)


def _run(name, bench):
    """Feed one measurement to Odoo's shell; it prints its table and undoes what it did."""
    say(f"\n{bench}")
    command = [base.BIN / "odoo", "shell", "-d", name, "--no-http", f"--logfile={base.LOG / 'bench.log'}"]
    with (FOLDER / f"{bench}.py").open("rb") as source:
        done = subprocess.run([str(part) for part in command], stdin=source, cwd=base.ROOT, check=False)
    return done.returncode
