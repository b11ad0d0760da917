"""Chromium for the browser tours and wkhtmltopdf for the documents, from the system's packages.

Each gets a wrapper in .odoo/bin, which is where Odoo finds it.
"""

import os
import shlex
import shutil
import subprocess
from pathlib import Path

from . import base, debian
from .base import Problem, step
from .postgres import libraries_of, unpacked_root

# Libraries every Debian has, and packages that only serve an installation.
NOT_NEEDED = (
    r"libc6",
    r"libc-bin",
    r"libgcc-s1",
    r"gcc-\d+-base",
    r"libstdc\+\+6",
    r"debconf.*",
    r"perl.*",
    r"libperl.*",
)
NOT_NEEDED += (
    r"dpkg",
    r"tar",
    r"ucf",
    r"sensible-utils",
    r"xdg-utils",
    r"xauth",
    r"init-system-helpers",
    r"libcrypt1",
)

# A browser that is not to talk to the world outside.
QUIET = (
    "--disable-background-networking --disable-component-update --disable-quic --disable-sync --no-first-run"
)


def ensure():
    missing = [name for name, find in (("chromium", _chromium), ("wkhtmltopdf", _wkhtmltopdf)) if not find()]
    installable = [name for name in missing if debian.installer() is not None and _packaged(name)]
    if installable:
        debian.install_on_system(installable)
    if "chromium" in missing and not _chromium():
        _unpack("chromium", debian.PrivateApt("machine", with_status=True), ["chromium", "fontconfig-config"])
    if "wkhtmltopdf" in missing and not _wkhtmltopdf():
        if _packaged("wkhtmltopdf"):
            _unpack("wkhtmltopdf", debian.PrivateApt("machine", with_status=True), ["wkhtmltopdf"])
        else:
            # Debian 13 has it no more; Debian 12's runs there with the libraries it came with.
            _unpack("wkhtmltopdf", debian.PrivateApt("bookworm", ["bookworm"]), ["wkhtmltopdf"])
    _wrap()


def _wrap():
    chromium, wkhtmltopdf = _chromium(), _wkhtmltopdf()
    if not chromium:
        raise Problem("No Chromium found, and none could be fetched: install Chromium or Chrome.")
    if not wkhtmltopdf:
        raise Problem("No wkhtmltopdf found, and none could be fetched: install wkhtmltopdf.")
    # Odoo looks for this name first, so this is the browser it takes.
    base.write_script(base.BIN / "google-chrome", _wrapper(chromium, QUIET))
    settings = {"QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": str(base.DOT / "run")}
    (base.DOT / "run").mkdir(mode=0o700, exist_ok=True)
    base.write_script(base.BIN / "wkhtmltopdf", _wrapper(wkhtmltopdf, "", settings))


def _wrapper(program, arguments, settings=None):
    settings = dict(settings or {})
    libraries = libraries_of(program)
    if libraries:
        settings["LD_LIBRARY_PATH"] = os.pathsep.join(libraries)
        root = unpacked_root(program)
        if not Path("/etc/fonts/fonts.conf").exists() and (root / "usr/share/fontconfig").is_dir():
            settings["FONTCONFIG_FILE"] = str(_fonts(root))
        for plugins in root.glob("usr/lib/*/qt5/plugins"):
            settings["QT_PLUGIN_PATH"] = str(plugins)
    lines = [f"export {key}={shlex.quote(value)}\n" for key, value in settings.items()]
    return f'#!/bin/sh\n{"".join(lines)}exec {shlex.quote(str(program))} {arguments} "$@"\n'


def _fonts(root):
    """A font configuration that finds the unpacked fonts."""
    chosen = root / "fonts.conf.d"
    chosen.mkdir(exist_ok=True)
    for link in (root / "etc" / "fonts" / "conf.d").glob("*.conf"):
        # Links of packages are meant for the system's root: take their targets from ours.
        if link.is_symlink() and os.readlink(link).startswith("/"):
            target = Path(f"{root}{os.readlink(link)}")
        else:
            target = link.resolve()
        if target.is_file() and not (chosen / link.name).exists():
            (chosen / link.name).symlink_to(target)
    conf = root / "fonts.conf"
    base.write(
        conf,
        '<?xml version="1.0"?>\n<!DOCTYPE fontconfig SYSTEM "fonts.dtd">\n<fontconfig>\n'
        f"    <dir>{root}/usr/share/fonts</dir>\n    <dir>/usr/share/fonts</dir>\n"
        f"    <cachedir>{root}/fontconfig</cachedir>\n"
        f'    <include ignore_missing="yes">{chosen}</include>\n</fontconfig>\n',
    )
    return conf


def _chromium():
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        if found := _on_path(name):
            return found
    return _first(base.SYSTEM / "chromium", "usr/lib/chromium/chromium")


def _wkhtmltopdf():
    return _on_path("wkhtmltopdf") or _first(base.SYSTEM / "wkhtmltopdf", "usr/bin/wkhtmltopdf")


def _on_path(name):
    path = os.pathsep.join(
        part for part in os.environ.get("PATH", os.defpath).split(os.pathsep) if Path(part) != base.BIN
    )
    return shutil.which(name, path=path)


def _first(root, name):
    path = root / name
    return str(path) if path.is_file() else None


def _packaged(name):
    """Whether the machine's own sources offer a package to install."""
    shown = subprocess.run(
        ["apt-cache", "policy", name], capture_output=True, encoding="utf-8", check=False
    ).stdout
    if "Candidate:" in shown:
        return "Candidate: (none)" not in shown
    # The machine may never have read its package lists: ask through lists of our own.
    apt = debian.PrivateApt("machine", with_status=True)
    apt.update()
    try:
        apt.call("install", "-s", name)
    except Problem:
        return False
    return True


def _unpack(name, apt, packages):
    with step(f"fetching {name} for this clone"):
        folder = base.DOT / "download" / name
        base.clear(folder)
        apt.update()
        debs = apt.download_with_dependencies(packages, folder, skip=NOT_NEEDED)
        base.clear(base.SYSTEM / name)
        debian.unpack(debs, base.SYSTEM / name)
        shutil.rmtree(folder)
