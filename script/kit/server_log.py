"""What a server log says about a test run: which tests ran, which failed, and what else went wrong."""

import re
from dataclasses import dataclass, field

_RECORD = re.compile(
    r"\d{4}-\d\d-\d\d (?P<time>\d\d:\d\d:\d\d),\d{3} \d+ "
    r"(?P<level>[A-Z]+) \S+ (?P<logger>[\w.]+): (?P<text>.*)"
)
_TEST = re.compile(r"odoo\.addons\.(?P<module>\w+)\.tests\.(?P<file>\w+)")
_SUBTEST = re.compile(r"Subtest (?P<name>\S+) (?P<parameters>.*)")
_CLASS = re.compile(r"(?P<what>\w+) \(odoo\.addons\.(?P<module>\w+)\.tests\.(?P<name>[\w.]+)\)")

# Noise of Odoo itself that our code can neither cause nor prevent: (logger, text). Everything else at
# WARNING or above fails the run, so that our own can't slip through. A test that expects a log line uses
# assertLogs or mute_logger.
NOISE = (
    # Repeats in one line the failures that were logged one by one.
    (r"odoo\.tests\.result", r"\d+ failed, \d+ error"),
    (
        r"odoo\.modules\.loading",
        r"Module \w+: \d+ failures, \d+ errors of|At least one test failed when loading",
    ),
)

# A browser test skipped because there is no browser has not been run: that is a failure of the machine.
_NO_BROWSER = re.compile(r"chrome|chromium|websocket|devtools", re.I)


@dataclass
class Record:
    time: str
    level: str
    logger: str
    text: str
    during: str = ""


@dataclass
class Verdict:
    """The sum of a run."""

    ran: list = field(default_factory=list)  # names, in order
    failures: dict = field(default_factory=dict)  # name: what it said
    skipped: dict = field(default_factory=dict)  # name: reason
    problems: list = field(default_factory=list)  # records
    screenshots: list = field(default_factory=list)  # of failed browser tests
    complete: bool = False  # whether the run came to its end

    @property
    def failed(self):
        return len(self.failures) + (1 if self.problems else 0)

    @property
    def passed(self):
        return len(set(self.ran) - set(self.failures) - set(self.skipped))


class Reader:
    """Fed with a log line by line, calls back for every record worth showing and keeps the verdict."""

    def __init__(self, on_failure=None, on_problem=None, noise=NOISE):
        self.verdict = Verdict()
        self.on_failure = on_failure or (lambda name, text: None)
        self.on_problem = on_problem or (lambda record: None)
        self.noise = [(re.compile(logger), re.compile(text)) for logger, text in noise]
        self._record = None
        self._current = ""

    def feed(self, line):
        line = line.rstrip("\n")
        found = _RECORD.match(line)
        if not found:
            if self._record:
                self._record.text += "\n" + line
            return
        self.close()
        self._record = Record(
            found["time"], found["level"], found["logger"], found["text"].rstrip(), self._current
        )
        if found["level"] == "INFO":
            self.close()  # continuation lines of information are of no interest

    def close(self):
        """The record read so far is complete."""
        record, self._record = self._record, None
        if not record:
            return
        test = _TEST.match(record.logger)
        if record.logger == "odoo.tests.result" and "when loading database" in record.text:
            self.verdict.complete = True
        if record.level == "INFO":
            self._on_info(record, test)
        elif record.level in ("WARNING", "ERROR", "CRITICAL"):
            if record.level == "ERROR" and self._on_test_error(record, test):
                return
            if not any(log.fullmatch(record.logger) and text.search(record.text) for log, text in self.noise):
                self.verdict.problems.append(record)
                self.on_problem(record)

    def _on_info(self, record, test):
        if test and (started := re.fullmatch(r"Starting (\S+) \.\.\.", record.text)):
            self._current = self._name(test["module"], started[1])
            self.verdict.ran.append(self._current)
        elif shot := re.search(r"Screenshot in: (\S+)", record.text):
            self.verdict.screenshots.append(shot[1])
        elif skip := re.match(r"skipped (.+?) : (.*)", record.text):
            name = self._described(skip[1], test)
            if _NO_BROWSER.search(skip[2]):
                self.verdict.failures[name] = f"not run: {skip[2]}"
                self.on_failure(name, f"not run: {skip[2]}")
            else:
                self.verdict.skipped[name] = skip[2]

    def _on_test_error(self, record, test):
        head, _, rest = record.text.partition("\n")
        found = re.match(r"(FAIL|ERROR): (.+)", head)
        if not found or not (test or _CLASS.search(head) or record.logger.startswith("odoo.tests")):
            return False
        name = self._described(found[2], test)
        parameters = _SUBTEST.match(found[2])
        text = (f"{parameters['parameters']}\n" if parameters else "") + rest.rstrip()
        earlier = self.verdict.failures.get(name)
        self.verdict.failures[name] = f"{earlier}\n{text}" if earlier else text
        self.on_failure(name, text)
        return True

    def _described(self, description, test):
        if found := _CLASS.match(description):
            return self._name(found["module"], f"{found['name'].rsplit('.', 1)[-1]}.{found['what']}")
        if found := _SUBTEST.match(description):
            description = found["name"]
        return self._name(test["module"], description) if test else description

    @staticmethod
    def _name(module, name):
        return f"/{module}:{name}"
