"""script/test: the add-on's tests, or a part of them, in a fresh database.

Runs on the Python of .odoo/venv.
"""

import argparse
import concurrent.futures
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from . import assets, base, database, postgres, shares
from .base import Problem, say
from .running import RUNNING, Progress, run_odoo, shorten
from .server_log import Verdict

PREFIX = "o2c_test_"
LAST = base.DOT / "last-test"
CORE = ("account", "sale", "sale_stock", "stock")
LIFECYCLE = base.ROOT / "tests" / "lifecycle"
# Odoo and its database keep a core busy; more at once than this wins little.
MOST_SHARES = 4
# What the lifecycle takes, as a part of the time of all other tests.
LIFECYCLE_PART = 0.17


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
    whole = not options.part and not options.update
    verdict, more = _run_everything(options) if whole else (_run_addon(_tags(options), options), (0, 0, 0))
    _show_extras(verdict)
    failed, passed, skipped = verdict.failed, verdict.passed, len(verdict.skipped)
    if not verdict.ran:
        say("No test was executed: that counts as a failure.")
        failed += 1
    passed, failed, skipped = passed + more[0], failed + more[1], skipped + more[2]
    say(f"\n{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


def _terminated(*_):
    say("\nTerminated by a signal.")
    for group in tuple(RUNNING):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGTERM)
    sys.exit(143)


def _tags(options):
    return ",".join(tag(part) for part in options.part) or f"/{base.MODULE}"


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


def _run_everything(options):
    """All tests, in as many databases at once as the machine has cores for, and the lifecycle beside them:
    (verdict, counts of the lifecycle)."""
    files = sorted((base.ROOT / "tests").glob("test_*.py"))
    parts = shares.split(files, min(os.cpu_count() or 1, MOST_SHARES), LIFECYCLE_PART)
    progress = Progress()
    with concurrent.futures.ThreadPoolExecutor(len(parts)) as pool:
        runs = [
            pool.submit(_run_addon, ",".join(tag(str(path)) for path in part), options, number, progress)
            for number, part in enumerate(parts, 1)
        ]
        # Begins when the first of them is done, which has less to do for it.
        lifecycle = pool.submit(_lifecycle)
        try:
            return shares.merge(run.result() for run in runs), lifecycle.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _run_addon(tags, options, share=1, progress=None):
    """Run the tests of ``tags``; the database of the first share is kept to be updated later."""
    if share > 1:
        return _run_share(tags, f"{PREFIX}{os.getpid()}_{share}", progress)
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
    _announce(tags, name, log)
    verdict = run_odoo(name, [*arguments, f"--test-tags={tags}"], log, progress=progress)
    assets.save(name)
    return verdict


def _announce(tags, name, log):
    files = tags.count(",") + 1
    what = f"{files} files" if files > 3 else tags
    say(f"Testing {what} in {name} (log: {log.relative_to(base.ROOT)})")


def _run_share(tags, name, progress):
    """Run the tests of ``tags`` in a database that is dropped afterwards."""
    log = base.LOG / f"{name}.log"
    _announce(tags, name, log)
    try:
        database.copy(database.current_template(), name)
        assets.restore(name)
        return run_odoo(name, ["-i", base.MODULE, f"--test-tags={tags}"], log, progress=progress)
    finally:
        database.drop(name)


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
