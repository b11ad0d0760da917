"""The form of our XML files: well-formed, declared, four spaces a level, no tabs, no stray blanks."""

import sys
from pathlib import Path
from xml.parsers import expat

INDENT = 4
DECLARATION = '<?xml version="1.0" encoding="utf-8"?>'


def check(path):
    """The faults of a file: (line, what)."""
    data = Path(path).read_bytes()
    faults = []
    try:
        lines = data.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        return [(1, f"not UTF-8: {error}")]
    if lines[0].lower() != DECLARATION:
        faults.append((1, f"the first line is not {DECLARATION}"))
    if lines[-1]:
        faults.append((len(lines), "no end of line at the end of the file"))
    elif len(lines) > 1 and not lines[-2].strip():
        faults.append((len(lines) - 1, "blank lines at the end of the file"))
    for number, line in enumerate(lines, 1):
        if "\t" in line:
            faults.append((number, "tab"))
        if line != line.rstrip():
            faults.append((number, "blanks at the end of the line"))
    try:
        faults += _indentation(data, lines)
    except expat.ExpatError as error:
        faults.append((error.lineno, f"not well-formed: {expat.errors.messages[error.code]}"))
    return sorted(faults)


def _indentation(data, lines):
    """Tags that begin a line stand at four spaces a level; what follows a text on its line is left alone."""
    faults, verbatim = [], []
    stack = []  # where each open element began
    parser = expat.ParserCreate()

    def place():
        return parser.CurrentLineNumber, parser.CurrentColumnNumber

    def compare(what, line, column, depth):
        if not lines[line - 1][:column].strip() and column != depth * INDENT and not verbatim:
            faults.append((line, f"{what} stands at column {column + 1}, not {depth * INDENT + 1}"))

    def start(name, _attributes):
        line, column = place()
        compare(f"<{name}>", line, column, len(stack))
        stack.append((line, column))
        if name in ("pre", "script", "style"):
            verbatim.append(name)

    def end(name):
        if verbatim and name == verbatim[-1]:
            verbatim.pop()
        began = stack.pop()
        line, column = place()
        if (line, column) != began and lines[line - 1][column : column + 2] == "</":
            compare(f"</{name}>", line, column, len(stack))

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.Parse(data, True)
    return faults


if __name__ == "__main__":
    found = [(path, line, what) for path in sys.argv[1:] for line, what in check(path)]
    for path, line, what in found:
        print(f"{path}:{line}: {what}")
    sys.exit(bool(found))
