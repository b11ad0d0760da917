"""Odoo 19: found (ODOO_HOME) or fetched (Debian's odoo-19 package, unpacked under .odoo/odoo)."""

import os
import re
import shutil
from pathlib import Path

from . import base
from .base import Problem, step
from .debian import PrivateApt, unpack

PACKAGES = (
    "odoo-19/unstable",
    # The package's web assets are links into these.
    "libjs-jquery/unstable",
    "libjs-underscore/unstable",
    "libjs-jquery-form/unstable",
    "fonts-roboto-unhinted/unstable",
    "fonts-montserrat/unstable",
    "fonts-ocr-b/unstable",
    # Unstable's have other file names than the links expect.
    "fonts-font-awesome/stable",
    "fonts-inconsolata/stable",
)
# Absent from the package for its licence; every page asks for it.
MISSING = ("mail/static/lib/selfie_segmentation/selfie_segmentation.js",)


class Odoo:
    """An Odoo to run: ``python_path`` holds the package ``odoo``; ``addons`` are its folders of modules."""

    def __init__(self, home):
        for candidate in (home, home / "usr/lib/python3/dist-packages", home.parent):
            release = candidate / "odoo" / "release.py"
            if release.is_file():
                break
        else:
            raise Problem(f"ODOO_HOME={home} holds no Odoo (no odoo/release.py in it).")
        found = re.search(
            r"^version_info = \((\d+), *(\d+), *(\d+)", release.read_text(encoding="utf-8"), re.M
        )
        self.version = ".".join(found.groups()) if found else "?"
        if not found or found[1] != "19" or found[2] != "0":
            raise Problem(f"{home} holds Odoo {self.version}; this add-on needs 19.0.")
        self.python_path = candidate
        core = candidate / "odoo" / "addons"
        # In a checkout most modules lie beside the package; in an installation they lie in it.
        # (Debian's package has a second set beside it too, without assets: that one won't do.)
        self.addons = [
            path for path in (candidate / "addons", core) if (path / "web" / "static" / "src").is_dir()
        ]
        if not self.addons:
            raise Problem(f"{home} holds no add-ons (no web/static/src).")
        if core not in self.addons:
            self.addons.append(core)

    @property
    def key(self):
        return f"{self.version} {self.python_path}"


def ensure():
    if os.environ.get("ODOO_HOME"):
        found = Odoo(Path(os.environ["ODOO_HOME"]).expanduser().resolve())
        for missing in MISSING:
            if not any((addons / missing).exists() for addons in found.addons):
                base.say(f"  missing, so browser tours will fail: {found.addons[-1] / missing}")
        return found
    folder = base.DOT / "odoo"
    if not base.is_stamped(folder, "\n".join(PACKAGES)):
        _fetch(folder)
    return Odoo(folder)


def _fetch(folder):
    apt = PrivateApt("odoo", ["stable", "unstable"])
    fresh, archives = folder.with_name("odoo.new"), base.DOT / "download" / "odoo"
    for old in (folder, fresh, archives):
        base.clear(old)
    with step("fetching Odoo 19 from the machine's Debian mirror"):
        apt.update()
        debs = apt.download(PACKAGES, archives)
    with step("unpacking Odoo"):
        unpack(debs, fresh)
        packages = fresh / "usr" / "lib" / "python3" / "dist-packages"
        # Leftovers of the packaging: copies without assets, which would only get in the way of imports.
        for leftover in ("addons", "doc", "setup"):
            base.clear(packages / leftover)
        for missing in MISSING:
            path = packages / "odoo" / "addons" / missing
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        broken = [path for path in packages.rglob("*") if path.is_symlink() and not path.exists()]
        if broken:
            raise Problem("Links of the odoo-19 package lead nowhere:\n" + "\n".join(map(str, broken[:10])))
        fresh.rename(folder)
        base.put_stamp(folder, "\n".join(PACKAGES))
    shutil.rmtree(archives)
