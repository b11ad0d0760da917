"""Test files in shares that run side by side, and their verdicts as one."""

from .server_log import Verdict

# A browser takes many times longer than its tests are long.
BROWSER = 4


def split(paths, count, beside=0.0):
    """``paths`` in at most ``count`` lists of about the same work, reckoned by length; none is empty.

    :param beside: what the first list's process has to do afterwards, as a part of the work of all paths
    """
    weights = [(_weight(path), path) for path in paths]
    parts = [[] for _ in range(max(1, min(count, len(paths))))]
    loads = [0] * len(parts)
    if len(parts) > 1:
        loads[0] = beside * sum(weight for weight, _path in weights)
    for weight, path in sorted(weights, reverse=True):
        lightest = loads.index(min(loads))
        parts[lightest].append(path)
        loads[lightest] += weight
    return [sorted(part) for part in parts]


def _weight(path):
    text = path.read_text(encoding="utf-8")
    if "import BaseCase" in text:
        return 1  # Pure calculations take no time.
    return len(text) * (BROWSER if "start_tour" in text or "browser_js" in text else 1)


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
