"""Where things are, how to say things, how to run things."""

import concurrent.futures
import contextlib
import fcntl
import hashlib
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODULE = "order_to_cash"
DOT = ROOT / ".odoo"
BIN = DOT / "bin"
SYSTEM = DOT / "system"  # Debian packages unpacked for this clone only
LOG = DOT / "log"
CONF = DOT / "odoo.conf"
VENV = DOT / "venv"
PYTHON = VENV / "bin" / "python"
REQUIREMENTS = ROOT / "script" / "requirements.txt"


class Problem(Exception):
    """Something the person at the keyboard has to solve; shown without a traceback."""


def say(text):
    print(text, flush=True)


@contextlib.contextmanager
def step(text):
    """Say what is being done, and how long it took when that was long. Steps may run side by side."""
    say(f"  {text} ...")
    start = time.monotonic()
    yield
    took = time.monotonic() - start
    if took > 3:
        say(f"  {text}: done in {took:.0f} s")


def together(*functions):
    """Run functions side by side; the first failure in their order is raised when all have ended."""
    with concurrent.futures.ThreadPoolExecutor(len(functions)) as pool:
        return [future.result() for future in [pool.submit(function) for function in functions]]


def run(command, *, log=None, what=None, **kwargs):
    """Run a command quietly; when it fails, raise a Problem with the end of what it said."""
    kwargs.setdefault("stdin", subprocess.DEVNULL)
    command = [str(part) for part in command]
    try:
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
            **kwargs,
        )
    except OSError as error:
        raise Problem(f"{what or command[0]} could not be started: {error}") from error
    if log:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as out:
            out.write(f"$ {' '.join(command)}\n{done.stdout}\n")
    if done.returncode:
        tail = "\n".join(done.stdout.splitlines()[-25:])
        raise Problem(f"{what or command[0]} failed (exit {done.returncode}):\n{tail}")
    return done.stdout


def shown(path):
    """A path as a person in the clone would write it."""
    return os.path.relpath(path, ROOT)


def is_root():
    return os.geteuid() == 0


def digest(*parts):
    """A short name for what the parts contain."""
    return hashlib.sha256("\0".join(str(part) for part in parts).encode()).hexdigest()[:12]


def is_stamped(folder, value):
    stamp = folder / ".stamp"
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == value


def put_stamp(folder, value):
    (folder / ".stamp").write_text(value, encoding="utf-8")


def clear(folder):
    if folder.is_symlink() or folder.is_file():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)


def write_script(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, text)
    path.chmod(0o755)


def write(path, text):
    """Write a file only when its content changes."""
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        fresh = path.with_name(f".{path.name}.{os.getpid()}")
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)


@contextlib.contextmanager
def lock(name="lock"):
    """Only one script at a time in this clone past this point."""
    DOT.mkdir(exist_ok=True)
    with (DOT / f".{name}").open("a", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("  waiting for another script of this clone ...")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def which(name):
    """A program from our own wrappers or from PATH."""
    return shutil.which(name, path=f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def python_command(module, function, *arguments):
    """A command that runs a function of the kit on the Python of .odoo/venv, which has psycopg2 and Odoo."""
    code = f"import sys; sys.path.insert(0, sys.argv.pop(1)); from kit import base, {module}; "
    code += f"base.main({module}.{function})"
    return [str(part) for part in (PYTHON, "-B", "-c", code, ROOT / "script", *arguments)]


def main(function):
    """Run a command's main function; problems are shown in plain words."""
    try:
        sys.exit(function(sys.argv[1:]) or 0)
    except Problem as problem:
        sys.stdout.flush()
        command = os.environ.get("O2C_COMMAND") or Path(sys.argv[0]).name
        print(f"\n{command}: {problem}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
