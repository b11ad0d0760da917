"""script/test: the add-on's tests, or a part of them, in a fresh database.

Runs on the Python of .odoo/venv.
"""

import argparse
import collections
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from . import assets, base, database, postgres
from .base import Problem, say
from .server_log import Reader, Verdict

PREFIX = "o2c_test_"
LAST = base.DOT / "last-test"
CORE = ("account", "sale", "sale_stock", "stock")
LIFECYCLE = base.ROOT / "tests" / "lifecycle"


def main(arguments):
    parser = argparse.ArgumentParser(prog="script/test", description=__doc__.splitlines()[0])
    parser.add_argument(
        "part",
        nargs="*",
        help="what to run instead of everything: a file (tests/test_x.py), TestClass, TestClass.test_method, "
        "test_method, a tag, or Odoo's own notation (/order_to_cash:TestClass.test_method)",
    )
    parser.add_argument(
        "--update", action="store_true", help="reuse the last test database and update the add-on in it"
    )
    parser.add_argument(
        "--db", metavar="NAME", help="name of the test database (with --update: the one to reuse)"
    )
    parser.add_argument(
        "--core",
        action="store_true",
        help=f"run Odoo's own tests of {', '.join(CORE)} with the add-on and compare with a run without",
    )
    parser.add_argument(
        "--without", action="store_true", help="with --core: (re)do the run without the add-on only"
    )
    options = parser.parse_args(arguments)
    if options.without and not options.core:
        parser.error("--without goes with --core")
    signal.signal(signal.SIGTERM, _terminated)
    _drop_forgotten()
    if options.core:
        return _core(options)
    tags = ",".join(tag(part) for part in options.part) or f"/{base.MODULE}"
    verdict = _run_addon(tags, options)
    _show_extras(verdict)
    failed, passed, skipped = verdict.failed, verdict.passed, len(verdict.skipped)
    if not verdict.ran:
        say("No test was executed: that counts as a failure.")
        failed += 1
    if not options.part and not options.update:
        more = _lifecycle()
        passed, failed, skipped = passed + more[0], failed + more[1], skipped + more[2]
    say(f"\n{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


def _terminated(*_):
    say("\nTerminated by a signal.")
    sys.exit(143)


def tag(part):
    """Odoo's notation for what a person typed."""
    path = Path(part)
    if part.endswith(".py"):
        for candidate in (path, base.ROOT / path, base.ROOT / "tests" / path):
            if candidate.is_file():
                return f"/{base.MODULE}/{candidate.resolve().relative_to(base.ROOT)}"
        raise Problem(f"There is no file {part}.")
    if "/" in part or ":" in part or part[:1] in "+-":
        return part
    if re.match(r"Test\w*(\.\w+)?$", part):
        return f"/{base.MODULE}:{part}"
    if re.match(r"test_\w+$", part):
        if (base.ROOT / "tests" / f"{part}.py").is_file():
            return f"/{base.MODULE}/tests/{part}.py"
        return f"/{base.MODULE}.{part}"
    return f"{part}/{base.MODULE}"


# ---- the add-on's own tests


def _run_addon(tags, options):
    name, arguments = options.db or f"{PREFIX}{os.getpid()}", ["-i", base.MODULE]
    if options.update:
        name = options.db or _last() or name
        if database.has_addon(name):
            arguments = ["-u", base.MODULE]
        else:
            say(f"There is no database {name} with the add-on to update: making a fresh one.")
    if arguments[0] == "-i":
        database.copy(database.current_template(), name)
        assets.restore(name)
    previous = _last()
    if not options.db:
        LAST.write_text(name, encoding="utf-8")
    if previous and previous != name and previous.startswith(PREFIX) and not _owner_lives(previous):
        database.drop(previous)
    _tidy_logs()
    log = base.LOG / f"{name}.log"
    say(f"Testing {tags} in {name} (log: {log.relative_to(base.ROOT)})")
    verdict = run_odoo(name, [*arguments, f"--test-tags={tags}"], log)
    assets.save(name)
    return verdict


def run_odoo(name, arguments, log, *, show=True, judge_log=True):
    """Run Odoo's tests on a database; its log is read as it comes, and unless ``show`` is off, reported."""
    progress = Progress() if show else SILENT
    reader = Reader(progress.failure, progress.problem if judge_log else None)
    command = [
        base.BIN / "odoo",
        "-d",
        name,
        *arguments,
        "--max-cron-threads=0",
        f"--http-port={base.free_port()}",
    ]
    command += [f"--db-filter=^{re.escape(name)}$", "--stop-after-init"]
    log.parent.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)
    tail = collections.deque(maxlen=30)
    with (
        # Browsers leave things behind when they are killed: theirs all go with this folder.
        tempfile.TemporaryDirectory(prefix="o2c_", ignore_cleanup_errors=True) as scratch,
        log.open("a", encoding="utf-8", buffering=1) as out,
    ):
        # Browsers inherit the output but not the error stream, so that one ends when Odoo does; and all are
        # in a session of their own, so that what a killed run leaves behind can be ended.
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            env={**os.environ, "TMPDIR": scratch},
            start_new_session=True,
        )
        try:
            for line in process.stderr:
                out.write(line)
                reader.feed(line)
                tail.append(line)
                progress.tick(reader.verdict)
            reader.close()
            # Not reaped yet: nobody else can have its number, so the group is still ours to end.
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            code = process.wait()
            process.stderr.close()
    verdict = reader.verdict
    cut_short = not verdict.complete and any(str(part).startswith("--test") for part in arguments)
    if cut_short or (code and not verdict.failed):
        verdict.failures["the server"] = f"ended with exit code {code}:\n{''.join(tail)}"
        progress.failure("the server", verdict.failures["the server"])
    if not judge_log:
        verdict.problems.clear()
    elif verdict.problems and show:
        say(f"\n{len(verdict.problems)} warnings or errors in the server log (counted as one failure).")
    return verdict


class Progress:
    """Failures at once and in short; otherwise a sign of life now and then."""

    def __init__(self):
        self.start = self.last = time.monotonic()

    def tick(self, verdict):
        now = time.monotonic()
        if now - self.last > 30:
            self.last = now
            say(f"  {now - self.start:4.0f} s: {len(verdict.ran)} tests, {verdict.failed} failed")

    def failure(self, name, text):
        say(f"\nFAILED {name}\n{_indent(shorten(text))}")

    def problem(self, record):
        during = f" during {record.during}" if record.during else ""
        say(f"\n{record.level} from {record.logger}{during}\n{_indent(shorten(record.text))}")


class Silent:
    """For callers that look at the verdict themselves."""

    def tick(self, verdict):
        pass

    def failure(self, name, text):
        pass

    def problem(self, record):
        pass


SILENT = Silent()


def _indent(text):
    return "\n".join(f"    {line}" for line in text.splitlines())


def shorten(text, limit=40):
    """Paths from the clone's own root; the middle of what is too long left out."""
    text = text.replace(f"{base.DOT}/addons/{base.MODULE}/", "").replace(f"{base.ROOT}/", "")
    lines = [line for line in text.splitlines() if line.strip() and not re.fullmatch(r"\s*[~^]+\s*", line)]
    lines = [line if len(line) <= 500 else f"{line[:500]} ..." for line in lines]
    if len(lines) > limit:
        lines = [
            *lines[: limit // 4],
            f"... {len(lines) - limit} lines, all in the log ...",
            *lines[-limit * 3 // 4 :],
        ]
    return "\n".join(lines)


def _show_extras(verdict):
    for path in verdict.screenshots:
        say(f"screenshot: {shorten(path)}")
    for name, reason in verdict.skipped.items():
        say(f"skipped {name}: {reason}")


# ---- databases of earlier runs


def _last():
    return LAST.read_text(encoding="utf-8").strip() if LAST.is_file() else None


def _owner(name):
    """The process that made a database of ours, read from its name."""
    found = re.fullmatch(r"o2c_(?:test|making|lint|i18n)_(?:[a-z]+_)*(\d+)(?:_\w+)?", name)
    return int(found[1]) if found else None


def _owner_lives(name):
    """Whether the run that made a database is still going."""
    with contextlib.suppress(OSError):
        return b"python" in Path(f"/proc/{_owner(name)}/cmdline").read_bytes()
    return False


def _drop_forgotten():
    """Databases of runs that were killed; on a server that others use too, nothing is known of theirs."""
    if postgres.is_external():
        return
    for name in database.names("o2c_"):
        if _owner(name) and name != _last() and not _owner_lives(name):
            database.drop(name)


def _tidy_logs(keep=20):
    """Keep what the last runs left to read."""
    for pattern in ("o2c_*.log", "screenshots/*"):
        oldest_first = sorted(base.LOG.glob(pattern), key=lambda path: path.stat().st_mtime)
        for path in oldest_first[:-keep]:
            base.clear(path)


# ---- install, update, uninstall: scripts that need databases of their own


def _lifecycle():
    """Run tests/lifecycle/*.py and add up their closing lines: (passed, failed, skipped)."""
    total = [0, 0, 0]
    scripts = [path for path in sorted(LIFECYCLE.glob("*.py")) if os.access(path, os.X_OK)]
    for script in scripts:
        prefix = f"{PREFIX}{os.getpid()}_life_"
        env = {
            **os.environ,
            "O2C_CONF": str(base.CONF),
            "O2C_BIN": str(base.BIN / "odoo"),
            "O2C_TEMPLATE_DB": database.current_template(),
            "O2C_DB_PREFIX": prefix,
            "PYTHONPATH": str(base.ROOT / "script"),  # for `from kit import database`
        }
        say(f"\nRunning {script.relative_to(base.ROOT)}")
        counts = None
        process = subprocess.Popen(
            [base.PYTHON, "-B", script],
            env=env,
            cwd=base.ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
        with process:
            for line in process.stdout:
                if found := re.fullmatch(r"(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\n?", line):
                    counts = [int(number or 0) for number in found.groups()]
                else:
                    sys.stdout.write(f"    {line}")
                    sys.stdout.flush()
        if counts is None:
            counts = [0, 1, 0]
            say(f"    {script.name} ended without its closing line (exit {process.returncode})")
        elif process.returncode and not counts[1]:
            counts[1] = 1
            say(f"    {script.name} ended with exit {process.returncode}")
        total = [had + now for had, now in zip(total, counts, strict=True)]
        for name in database.names(prefix):
            database.drop(name)
    return total


# ---- Odoo's own tests


def _core(options):
    """Odoo's own suites with the add-on and without; the latter is kept until the template changes."""
    folder = base.DOT / "core"
    folder.mkdir(exist_ok=True)
    suites = tuple(options.part) or CORE
    key = base.digest(database.current_template(), *suites)
    baseline = folder / f"without-{key}.json"
    if options.without or not baseline.is_file():
        without = _core_run(suites, False)
        if not without.complete:
            return _close(without, same=False)
        baseline.write_text(json.dumps(_results(without), indent=1), encoding="utf-8")
        _report_core("without the add-on", _results(without))
        if options.without:
            return _close(without, same=True)
    with_addon = _core_run(suites, True)
    if not with_addon.complete:
        return _close(with_addon, same=False)
    results = _results(with_addon)
    (folder / f"with-{key}.json").write_text(json.dumps(results, indent=1), encoding="utf-8")
    before = json.loads(baseline.read_text(encoding="utf-8"))
    _report_core("without the add-on", before)
    _report_core("with the add-on", results)
    differing = sorted(name for name in {*before, *results} if before.get(name) != results.get(name))
    for name in differing:
        say(f"  differs: {name}: {before.get(name, 'not run')} without, {results.get(name, 'not run')} with")
    say("The results are the same." if not differing else f"{len(differing)} tests differ.")
    return _close(with_addon, same=not differing)


def _close(verdict: Verdict, *, same):
    """The closing line; Odoo's own warnings are not ours, differing results are."""
    failed = len(verdict.failures)
    say(
        f"\n{verdict.passed} passed, {failed} failed"
        + (f", {len(verdict.skipped)} skipped" if verdict.skipped else "")
    )
    return 0 if same and verdict.ran and not failed else 1


def _core_run(suites, with_addon):
    name = f"{PREFIX}core_{'with' if with_addon else 'without'}_{os.getpid()}"
    say(f"Running Odoo's own tests of {', '.join(suites)} {'with' if with_addon else 'without'} the add-on")
    try:
        database.copy(database.current_template(), name)
        assets.restore(name)
        if with_addon:
            database.odoo(
                name, "-i", base.MODULE, "--stop-after-init", "--no-http", log=f"{name}-install.log"
            )
        tags = ",".join(f"/{suite}" for suite in suites)
        arguments = ["-u", ",".join(suites), f"--test-tags={tags}"]
        return run_odoo(name, arguments, base.LOG / f"{name}.log", judge_log=False)
    finally:
        database.drop(name)


def _results(verdict):
    results = dict.fromkeys(verdict.ran, "passed")
    results.update(dict.fromkeys(verdict.skipped, "skipped"))
    results.update(dict.fromkeys(verdict.failures, "failed"))
    return results


def _report_core(what, results):
    count = {state: list(results.values()).count(state) for state in ("passed", "failed", "skipped")}
    say(f"{what}: {count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped")
