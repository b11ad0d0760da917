"""script/demo: a company to look at, a day of work in it, and a server.

Runs on the Python of .odoo/venv.
"""

import argparse
import os
import signal
import socket
import subprocess
import threading
import time
import urllib.request

from . import assets, base, database
from .base import Problem, say, step

NAME = "o2c_demo"
CYCLE = base.ROOT / "script" / "demo_cycle.py"
FOLDER = base.DOT / "demo"
ERRORS = (" ERROR ", " CRITICAL ")


def main(arguments):
    parser = argparse.ArgumentParser(
        prog="script/demo", description="Load the demo company, run its day, serve it."
    )
    parser.add_argument("--once", action="store_true", help="exit after the day's table")
    parser.add_argument("--port", type=int, default=8069, help="port to serve on (8069)")
    parser.add_argument("--keep", action="store_true", help="serve the demo database as it was left")
    options = parser.parse_args(arguments)
    if not options.once:
        _check_port(options.port)
    if not options.keep:
        _load()
        _run_cycle()
    elif not database.exists(NAME):
        raise Problem("There is no demo database yet: run script/demo.")
    if options.once:
        return 0
    return _serve(options.port)


def _check_port(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise Problem(
                f"Port {port} is taken by another program: stop that, or use another: --port {port + 1}"
            ) from error


def _load():
    """A fresh database with our demo data only: that of Odoo's own modules would be noise."""
    with step("loading the demo company"):
        database.copy(database.current_template(), NAME)
        assets.restore(NAME)
        # A module's demo data is loaded when all it depends on has its own: say so, and unsay it afterwards,
        # lest updating those loads theirs.
        with database.cursor(NAME) as cr:
            cr.execute("UPDATE ir_module_module SET demo = true WHERE state = 'installed'")
        database.odoo(NAME, "-i", base.MODULE, "--stop-after-init", "--no-http", log="demo-install.log")
        with database.cursor(NAME) as cr:
            cr.execute("UPDATE ir_module_module SET demo = false WHERE name != %s", [base.MODULE])


def _run_cycle():
    """Feed script/demo_cycle.py to the shell; printing goes through a server, so one runs meanwhile."""
    base.clear(FOLDER)
    FOLDER.mkdir(parents=True)
    if not CYCLE.is_file():
        say("  script/demo_cycle.py is missing: no day's cycle to run")
        return
    start = time.monotonic()
    log = base.LOG / "demo-cycle.log"
    log.unlink(missing_ok=True)
    port = base.free_port()
    _set_parameter("report.url", f"http://127.0.0.1:{port}")
    server = _start(port, base.LOG / "demo-printing.log", "--max-cron-threads=0")
    try:
        while not _answers(port):
            if server.poll() is not None:
                raise Problem(
                    f"The server did not start; its log: {base.shown(base.LOG / 'demo-printing.log')}"
                )
            time.sleep(0.3)
        say("")
        env = {**os.environ, "O2C_DEMO_DIR": str(FOLDER)}
        command = [base.BIN / "odoo", "shell", "-d", NAME, "--no-http", f"--logfile={log}"]
        with CYCLE.open("rb") as source:
            done = subprocess.run(
                [str(part) for part in command], stdin=source, env=env, cwd=base.ROOT, check=False
            )
    finally:
        _end(server)
        _set_parameter("report.url", None)
    said = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    if done.returncode or any(error in line for line in said.splitlines() for error in ERRORS):
        tail = "\n".join(said.splitlines()[-30:])
        raise Problem(f"The day's cycle failed (exit {done.returncode}; log: {base.shown(log)}):\n{tail}")
    say(f"\nThe day's cycle took {time.monotonic() - start:.0f} s; documents are in {base.shown(FOLDER)}/")


def _set_parameter(key, value):
    with database.cursor(NAME) as cr:
        cr.execute("DELETE FROM ir_config_parameter WHERE key = %s", [key])
        if value:
            cr.execute("INSERT INTO ir_config_parameter (key, value) VALUES (%s, %s)", [key, value])


def _serve(port):
    """Serve until Ctrl-C, with the scheduler running as on a real system."""
    log = base.LOG / "demo-server.log"
    _set_parameter("web.base.url", f"http://localhost:{port}")
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stopped.set())
    server = _start(port, log)
    try:
        while not stopped.is_set() and server.poll() is None and not _answers(port):
            stopped.wait(0.5)
        if server.poll() is None and not stopped.is_set():
            say(f"\nServing http://localhost:{port} - login: admin, password: admin - Ctrl-C to stop")
            say(f"(server log: {base.shown(log)})")
        while not stopped.is_set() and server.poll() is None:
            stopped.wait(1)
    finally:
        _end(server)
    if not stopped.is_set():
        raise Problem(f"The server ended by itself (exit {server.returncode}); its log: {base.shown(log)}")
    say("\nStopped. script/server serves the same database again; script/demo makes a new one.")
    return 0


def _start(port, log, *options):
    command = [
        base.BIN / "odoo",
        "-d",
        NAME,
        f"--db-filter=^{NAME}$",
        f"--http-port={port}",
        f"--logfile={log}",
    ]
    log.unlink(missing_ok=True)
    # A session of its own: Ctrl-C reaches us only, and we stop the server in order.
    return subprocess.Popen(
        [str(part) for part in (*command, *options)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _end(server):
    if server.poll() is None:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _answers(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/web/health", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False
