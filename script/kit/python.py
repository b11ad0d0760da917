"""The virtual environment in .odoo/venv with the pinned requirements."""

import os
import platform
import re
import shutil
import subprocess
import sys

from . import base
from .base import Problem, run, step
from .debian import PrivateApt, unpack

OLDEST, NEWEST = (3, 11), (3, 13)
SYSTEM_PYTHON = "/usr/bin/python3"


def _interpreter():
    """The first Python that Odoo 19 and our pins support: the system's, this one, or another on PATH.

    The system's comes first because distributions compile it with profile-guided optimisation; one that was
    compiled by hand is often a third slower.
    """
    names = [os.environ.get("PYTHON"), SYSTEM_PYTHON, sys.executable]
    names += ["python3.13", "python3.12", "python3.11"]
    for name in filter(None, names):
        path = shutil.which(name)
        if not path:
            continue
        code = "import sys; print('%d.%d' % sys.version_info[:2], sys.version_info[0] == 3)"
        asked = subprocess.run([path, "-c", code], capture_output=True, encoding="utf-8", check=False)
        found = re.match(r"(\d+)\.(\d+) True", asked.stdout)
        if found and OLDEST <= (int(found[1]), int(found[2])) <= NEWEST:
            return path
    versions = " to ".join(".".join(map(str, version)) for version in (OLDEST, NEWEST))
    raise Problem(
        f"No Python {versions} found. Install one, or name one: PYTHON=/path/to/python3.13 script/setup"
    )


def ensure():
    requirements = base.REQUIREMENTS.read_text(encoding="utf-8")
    wanted = base.digest(requirements, base.VENV)
    if not (base.is_stamped(base.VENV, wanted) and _runs(base.PYTHON)):
        _build(wanted)
    return base.digest(requirements)


def make_importable(folder):
    """Let the environment's Python import from a folder."""
    version = next((base.VENV / "lib").glob("python3.*"))
    base.write(version / "site-packages" / "odoo-home.pth", f"{folder}\n")


def _runs(python):
    return (
        python.exists()
        and not subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode
    )


def _build(wanted):
    interpreter = _interpreter()
    base.clear(base.VENV)
    with step("making the virtual environment"):
        run([interpreter, "-m", "venv", "--without-pip", base.VENV], what="Making the virtual environment")
        pip = _pip(interpreter)
    with step("installing the Python requirements"):
        # PYTHONPATH and the user's site must not leak into the environment.
        env = {
            key: value
            for key, value in os.environ.items()
            if key not in ("PYTHONHOME", "PIP_REQUIRE_VIRTUALENV")
        }
        env |= {"PYTHONNOUSERSITE": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
        env.pop("PYTHONPATH", None)
        if pip:
            env["PYTHONPATH"] = str(pip)
        # Every pin has a wheel for this architecture; on others one or two have to be compiled.
        wheels = ["--only-binary", ":all:"] if platform.machine() == "x86_64" else ["--prefer-binary"]
        options = ["-q", "--no-deps", *wheels, "--no-compile", "-r", base.REQUIREMENTS]
        run(
            [base.PYTHON, "-m", "pip", "install", *options],
            env=env,
            log=base.LOG / "pip.log",
            what="Installing the Python requirements",
        )
    base.put_stamp(base.VENV, wanted)


def _pip(interpreter):
    """Put pip into the environment; Debian ships Python without it, so it may have to come from a package."""
    bundled = subprocess.run(
        [interpreter, "-c", "import ensurepip"], capture_output=True, stdin=subprocess.DEVNULL, check=False
    )
    if not bundled.returncode:
        try:
            run([base.PYTHON, "-m", "ensurepip", "-q"], what="ensurepip")
            return None
        except Problem:
            pass  # Debian's ensurepip may import but refuse to work: take the package.
    folder = base.DOT / "download" / "pip"
    base.clear(folder)
    apt = PrivateApt("machine")
    apt.update()
    debs = apt.download(["python3-pip-whl"], folder)
    unpack(debs, folder)
    wheels = sorted(folder.glob("usr/share/python-wheels/pip-*.whl"))
    if not wheels:
        raise Problem("Debian's python3-pip-whl package holds no pip wheel.")
    return wheels[-1]
