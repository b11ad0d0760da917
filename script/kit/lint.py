"""script/lint: everything that can be seen without running the add-on's tests.

Runs on the Python of .odoo/venv.
"""

import argparse
import concurrent.futures
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

from . import base, database, xml_format
from .base import say

# Spelt so that this file does not find itself.
HOSTS = re.compile(
    r"https?://[\w.-]*(?:debian|ubuntu|pypi|python" + r"hosted|npm" + r"js)[\w.-]*\.(?:org|com|net)"
)
PATHS = re.compile(r"(?<![\w.~/-])/(?:root|home|opt|work)/")
UNFINISHED = re.compile(r"(?:#|//|/\*|<!--).*\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
CONFLICT = re.compile(r"^(?:<{7}|>{7}) ")
WORDS = (
    (HOSTS, "names a registry's host"),
    (PATHS, "names a path of a machine"),
    (UNFINISHED, "is marked as unfinished"),
    (CONFLICT, "is a conflict marker"),
)


def main(arguments):
    parser = argparse.ArgumentParser(prog="script/lint", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--fast", action="store_true", help="only what takes a few seconds: no pylint, no database"
    )
    parser.add_argument("--fix", action="store_true", help="let ruff repair what it can")
    options = parser.parse_args(arguments)
    start = time.monotonic()
    files = repository_files()
    stage = base.DOT / "lint" / str(os.getpid())
    name = f"o2c_lint_{os.getpid()}"
    try:
        addon = copy_addon(files, stage)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            checks = {
                "ruff": lambda: _ruff(options.fix),
                "xml": lambda: _xml(files),
                "words": lambda: _words(files),
            }
            if options.fast:
                checks["odoo"] = lambda: _odoo_lint(stage)
            else:
                checks["pylint-odoo"] = lambda: _pylint_odoo(addon)
                checks["pylint with Odoo's checkers"] = lambda: _pylint_core(addon)
                checks["odoo"] = lambda: _registry_checks(stage, name)
            tools = {tool: pool.submit(check) for tool, check in checks.items()}
        count = 0
        for tool, future in tools.items():
            found = future.result()
            count += len(found)
            say(f"{tool}: {'ok' if not found else f'{len(found)} problems'}")
            for text in found:
                say(f"  {text}")
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        if not options.fast:
            database.drop(name)
    say(f"lint: {count or 'no'} problems ({time.monotonic() - start:.0f} s)")
    return 1 if count else 0


def repository_files():
    """What is, or is about to be, in the repository."""
    if (base.ROOT / ".git").exists():
        listed = subprocess.run(
            ["git", "-c", "safe.directory=*", "ls-files", "-co", "--exclude-standard", "-z"],
            cwd=base.ROOT,
            capture_output=True,
            encoding="utf-8",
            check=True,
        ).stdout
        names = [name for name in listed.split("\0") if name]
    else:
        paths = (path for path in base.ROOT.rglob("*") if not {".odoo", "__pycache__"} & set(path.parts))
        names = [str(path.relative_to(base.ROOT)) for path in paths]
    return sorted(name for name in names if (base.ROOT / name).is_file())


def copy_addon(files, stage):
    """A copy of the repository under its technical name: no tool sees .odoo or the name of the clone."""
    addon = stage / base.MODULE
    for name in files:
        (addon / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(base.ROOT / name, addon / name)
    return addon


# ---- our own checks


def _ruff(fix):
    ruff = base.VENV / "bin" / "ruff"
    done = _tool([ruff, "check", "--output-format=concise", "--quiet", *(["--fix"] if fix else []), "."])
    form = _tool([ruff, "format", "--quiet", *([] if fix else ["--check"]), "script"])
    found = [line for line in done.splitlines() if line.strip()]
    return found + [line for line in form.splitlines() if line.strip()]


def _xml(files):
    found = []
    for name in files:
        if name.endswith(".xml"):
            found += [f"{name}:{line}: {what}" for line, what in xml_format.check(base.ROOT / name)]
    return found


def _words(files):
    found = []
    for name in files:
        if Path(name).suffix in (".po", ".pot", ".png", ".svg", ".xlsx", ".pdf"):
            continue
        try:
            lines = (base.ROOT / name).read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(lines, 1):
            found += [
                f"{name}:{number}: {what}: {line.strip()[:100]}"
                for words, what in WORDS
                if words.search(line)
            ]
    return found


# ---- pylint

_NOT_OURS = ",".join(
    (
        "consider-merging-classes-inherited",  # each domain extends a core model in a file of its own
        "manifest-required-author",  # a rule of a community's repositories
        "missing-readme",  # the same: README.rst
        "missing-return",  # a compute method has nothing to return
        "no-search-all",  # settings, currencies and companies are read whole
        "prefer-env-translation",  # does not see through `_ = self.env._`; ruff forbids the import
        "odoo-addons-relative-import",  # what is calculated with is imported by its full name
    )
)
# Texts in tests are for us; tests play the web client, which passes contexts on.
_NOT_IN_TESTS = re.compile(r"\((translation-required|context-overridden|missing-gettext)\)$")


def _pylint_odoo(addon):
    options = [
        f"--rcfile={base.ROOT / '.pylintrc'}",
        f"--disable={_NOT_OURS}",
        "--ignore=script,benchmarks",
        "--msg-template={path}:{line}: {msg} ({symbol})",
    ]
    return _pylint([*options, addon.name], addon.parent, {})


def _pylint_core(addon):
    """The checkers that Odoo writes for itself, with the settings it uses."""
    checkers = next(
        (path / "test_lint" / "tests" for path in _core_addons() if (path / "test_lint" / "tests").is_dir()),
        None,
    )
    if not checkers:
        return []
    # The others of Odoo's list (names that are not defined, code that is not reached ...) are in .pylintrc:
    # looking for them twice takes longest.
    symbols = "eval-used,sql-injection,missing-gettext,gettext-variable,gettext-placeholders,gettext-repr"
    symbols += ",raise-unlink-override"
    plugins = "_pylint_path_setup,pylint.extensions.bad_builtin,_odoo_checker_sql_injection"
    plugins += ",_odoo_checker_gettext,_odoo_checker_unlink_override"
    options = [
        f"--rcfile={os.devnull}",
        "--disable=all,useless-option-value",
        f"--enable={symbols}",
        "--reports=n",
        "--score=n",
        f"--load-plugins={plugins}",
        "--bad-functions=input",
        "--ignore=script,benchmarks",
        "--msg-template={path}:{line}: {msg} ({symbol})",
    ]
    paths = {
        "PYTHONPATH": str(checkers),
        "ADDONS_PATH": os.pathsep.join([*map(str, _core_addons()), str(addon.parent)]),
    }
    return _pylint([*options, addon], addon.parent, paths)


def _core_addons():
    line = next(
        line for line in base.CONF.read_text(encoding="utf-8").splitlines() if line.startswith("addons_path")
    )
    return [
        Path(path) for path in line.split("=", 1)[1].strip().split(",") if path != str(base.DOT / "addons")
    ]


def _pylint(options, folder, env):
    out = _tool([base.PYTHON, "-m", "pylint", *options], cwd=folder, env={**os.environ, **env})
    lines = [line for line in out.splitlines() if line.strip() and not line.startswith("***")]
    lines = [line.replace(f"{folder}/", "").removeprefix(f"{base.MODULE}/") for line in lines]
    return [line for line in lines if not (line.startswith("tests/") and _NOT_IN_TESTS.search(line))]


# ---- Odoo's own checks


def _registry_checks(stage, name):
    database.copy(database.current_template(), name)
    return _odoo_lint(stage, name)


def _odoo_lint(stage, *arguments):
    done = subprocess.run(
        base.python_command("odoo_lint", "main", stage, *arguments),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    found = [line for line in done.stdout.splitlines() if line.strip()]
    if done.returncode and not found:
        found = [f"ended with exit {done.returncode}:", *done.stderr.splitlines()[-30:]]
    return found


def _tool(command, **kwargs):
    done = subprocess.run(
        [str(part) for part in command],
        cwd=kwargs.pop("cwd", base.ROOT),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
        **kwargs,
    )
    if done.returncode and not done.stdout.strip():
        return done.stderr or f"ended with exit {done.returncode}"
    return done.stdout
