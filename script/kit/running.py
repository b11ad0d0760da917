"""Odoo's test runs: started, followed while they go, and ended with everything they left behind."""

import collections
import os
import re
import signal
import subprocess
import tempfile
import time

from . import base
from .base import say
from .server_log import Reader

# Leaders of the process groups that are to end with us.
RUNNING = set()


def run_odoo(name, arguments, log, *, show=True, judge_log=True, progress=None):
    """Run Odoo's tests on a database; its log is read as it comes, and unless ``show`` is off, reported."""
    progress = progress or (Progress() if show else SILENT)
    reader = Reader(progress.failure, progress.problem if judge_log else None)
    command = [
        base.BIN / "odoo",
        "-d",
        name,
        *arguments,
        "--max-cron-threads=0",
        f"--http-port={base.free_port()}",
        # What each class and test took is at the end of the log.
        "--log-handler=odoo.tests.stats:DEBUG",
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
        RUNNING.add(process.pid)
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
            RUNNING.discard(process.pid)
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
        self.verdicts = {}

    def tick(self, verdict):
        self.verdicts[id(verdict)] = verdict
        now = time.monotonic()
        if now - self.last > 30:
            self.last = now
            ran = sum(len(each.ran) for each in self.verdicts.values())
            failed = sum(each.failed for each in self.verdicts.values())
            say(f"  {now - self.start:4.0f} s: {ran} tests, {failed} failed")

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
