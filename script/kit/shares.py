"""Test files in shares that run side by side, and their verdicts as one."""

import ast

from .server_log import Verdict

# What a class takes to be set up, and a test whose way leads through a browser, in usual tests.
CLASS = 1.5
BROWSER = 6
# What a test takes that calculates only.
PURE = 0.02
# Files with few tests that do much (events in any order, years of real receivables ...), in usual tests more.
# The log of a test run ends with what each test took.
MORE = {
    "test_allocation_engine.py": 30,
    "test_commission_documents.py": 110,
    "test_commission_edges.py": 15,
    "test_commission_goods.py": 28,
    "test_commission_outside.py": 40,
    "test_commission_outside_rules.py": 22,
    "test_commission_shuffled.py": 22,
    "test_dunning_ageing.py": 18,
    "test_dunning_letter.py": 12,
    "test_dunning_replay.py": 30,
}


def split(paths, count, beside=0.0):
    """``paths`` in at most ``count`` lists of about the same work, reckoned by tests; none is empty.

    All that need a browser or its pages are in the same list: Odoo makes the web assets for it beforehand.

    :param beside: what the first list's process has to do afterwards, as a part of the work of all paths
    """
    lots, web = [], []
    for path in paths:
        text = path.read_text(encoding="utf-8")
        if "HttpCase" in text:
            web.append((_weight(path.name, text), [path]))
        else:
            lots.append((_weight(path.name, text), [path]))
    if web:
        lots.append((sum(weight for weight, _lot in web), [path for _weight, [path] in web]))
    parts = [[] for _ in range(max(1, min(count, len(lots))))]
    loads = [0] * len(parts)
    if len(parts) > 1:
        loads[0] = beside * sum(weight for weight, _lot in lots)
    for weight, lot in sorted(lots, reverse=True):
        lightest = loads.index(min(loads))
        parts[lightest] += lot
        loads[lightest] += weight
    return [sorted(part) for part in parts]


def _weight(name, text):
    """What a file of tests takes, in usual tests."""
    weight = MORE.get(name, 0)
    for node in ast.parse(text).body:
        tests = [part for part in getattr(node, "body", ()) if getattr(part, "name", "").startswith("test_")]
        if not isinstance(node, ast.ClassDef) or not tests:
            continue
        if any(getattr(base, "id", "") == "BaseCase" for base in node.bases):
            weight += PURE * len(tests)
        else:
            source = ast.get_source_segment(text, node)
            is_tour = "start_tour" in source or "browser_js" in source
            weight += CLASS + len(tests) * (BROWSER if is_tour else 1)
    return weight


def merge(verdicts):
    """One :class:`Verdict` of several."""
    whole = Verdict(complete=True)
    for verdict in verdicts:
        whole.ran += verdict.ran
        whole.failures.update(verdict.failures)
        whole.skipped.update(verdict.skipped)
        whole.problems += verdict.problems
        whole.screenshots += verdict.screenshots
        whole.complete &= verdict.complete
    return whole
