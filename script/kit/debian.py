"""Debian packages from the machine's own mirror, without touching the system.

A private apt reads the machine's mirror and keyring but keeps lists, cache and state under .odoo/apt;
signatures are always checked. What it downloads is unpacked, never installed.
"""

import collections
import os
import re
import shutil
import subprocess
import threading

from . import base
from .base import Problem, run, step

APT = base.DOT / "apt"
DPKG_STATUS = "/var/lib/dpkg/status"
_UPDATED = set()
_LOCKS = collections.defaultdict(threading.Lock)


def mirror():
    """The machine's Debian archive and the keyring it trusts: (uri, signed_by or None)."""
    if not shutil.which("apt-get"):
        raise Problem("There is no apt here. Set ODOO_HOME to a checkout or an installation of Odoo 19.0.")
    fields = "$(CREATED_BY)|$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(REPO_URI)"
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", fields], capture_output=True, encoding="utf-8", check=False
    ).stdout
    if "Packages|" not in listed:
        # Nobody has ever run `apt-get update` here, and apt does not know what its sources hold.
        machine = PrivateApt("machine")
        machine.update()
        listed = machine.call("indextargets", "--format", fields)
    for line in listed.splitlines():
        kind, origin, label, component, uri, *_ = [*line.split("|"), "", "", "", "", ""]
        if (kind, origin, label, component) == ("Packages", "Debian", "Debian", "main"):
            return uri, _keyring(uri)
    raise Problem(
        "apt has no Debian archive among its sources here, so the odoo-19 package cannot be fetched.\n"
        "Set ODOO_HOME to a checkout or an installation of Odoo 19.0 and run again."
    )


def _keyring(uri):
    """The Signed-By of the machine's source for this address, if it names one."""
    uri = uri.rstrip("/")
    for source in _source_files():
        text = source.read_text(encoding="utf-8", errors="replace")
        if source.suffix == ".sources":
            for stanza in re.split(r"\n\s*\n", re.sub(r"(?m)^#.*\n?", "", text)):
                uris = re.search(r"(?mi)^URIs:(.*(?:\n[ \t].*)*)", stanza)
                signed = re.search(r"(?mi)^Signed-By:(.*(?:\n[ \t].*)*)", stanza)
                if uris and signed and uri in [item.rstrip("/") for item in uris[1].split()]:
                    return signed[1].rstrip()
        else:
            for line in text.splitlines():
                found = re.match(r"\s*deb\s+\[([^\]]*)\]\s+(\S+)", line)
                signed = found and re.search(r"signed-by=(\S+)", found[1], re.I)
                if signed and found[2].rstrip("/") == uri:
                    return signed[1].replace(",", " ")
    return None


def _source_files():
    listed = subprocess.run(
        ["apt-config", "shell", "LIST", "Dir::Etc::sourcelist/f", "PARTS", "Dir::Etc::sourceparts/d"],
        capture_output=True,
        encoding="utf-8",
        check=False,
    ).stdout
    found = dict(re.findall(r"(\w+)='([^']*)'", listed))
    files = [base.Path(found.get("LIST", "/etc/apt/sources.list"))]
    parts = base.Path(found.get("PARTS", "/etc/apt/sources.list.d"))
    if parts.is_dir():
        files += sorted(path for path in parts.iterdir() if path.suffix in (".list", ".sources"))
    return [path for path in files if path.is_file()]


class PrivateApt:
    """apt with its own lists and cache.

    ``suites``: which suites of the machine's Debian archive to read; None: the machine's sources as they are.
    ``with_status``: whether what the system has installed counts, so that only what is missing is fetched.
    """

    def __init__(self, name, suites=None, *, with_status=False):
        self.name = name
        self.suites = suites
        self.home = APT / name
        sources = self.home / "sources.list.d"
        for folder in (
            sources,
            self.home / "lists" / "partial",
            self.home / "cache" / "archives" / "partial",
        ):
            folder.mkdir(parents=True, exist_ok=True)
        (self.home / "empty").touch()
        options = {
            "Dir::State": self.home,
            "Dir::State::lists": self.home / "lists",
            "Dir::Cache": self.home / "cache",
            "Dir::Cache::archives": self.home / "cache" / "archives",
            "APT::Install-Recommends": "false",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
            "Debug::NoLocking": "true",
        }
        options["Dir::State::status"] = DPKG_STATUS if with_status else self.home / "empty"
        if suites:
            uri, signed_by = mirror()
            text = f"Types: deb\nURIs: {uri}\nSuites: {' '.join(suites)}\nComponents: main\n"
            if signed_by:
                text += f"Signed-By: {signed_by.strip()}\n"
            base.write(sources / "debian.sources", text)
            options |= {
                "Dir::Etc::sourcelist": "/dev/null",
                "Dir::Etc::sourceparts": sources,
                "Dir::Etc::preferences": "/dev/null",
                "Dir::Etc::preferencesparts": "/dev/null",
            }
        if base.is_root():
            options["APT::Sandbox::User"] = "root"
        self.options = [part for key, value in options.items() for part in ("-o", f"{key}={value}")]
        self.log = base.LOG / "apt.log"

    def call(self, *arguments, what=None, **kwargs):
        env = {
            **os.environ,
            "LC_ALL": "C.UTF-8",
            "DEBIAN_FRONTEND": "noninteractive",
            "APT_CONFIG": str(self._conf()),
        }
        return run(["apt-get", "-q", *self.options, *arguments], log=self.log, what=what, env=env, **kwargs)

    def _conf(self):
        """The machine's apt configuration (proxies and so on) without hooks, which act on the system."""
        dumped = subprocess.run(
            ["apt-config", "dump"], capture_output=True, encoding="utf-8", check=True
        ).stdout
        kept = [
            line for line in dumped.splitlines() if not re.match(r"(APT::Update|DPkg)::(Pre|Post)-", line)
        ]
        conf = self.home / "apt.conf"
        base.write(
            conf, "\n".join([*kept, 'Dir::Etc::parts "/dev/null";', 'Dir::Etc::main "/dev/null";', ""])
        )
        return conf

    def update(self):
        """Read the package lists, once a run."""
        with _LOCKS[self.name]:
            if self.name not in _UPDATED:
                self._update()
                _UPDATED.add(self.name)

    def _update(self):
        try:
            strict = ["--error-on=any"] if self.suites else []
            self.call("update", *strict, what="Reading the package lists")
        except Problem as problem:
            if not self.suites and list((self.home / "lists").glob("*_Packages*")):
                return  # one of the machine's other sources is out of order: the rest will do
            if re.search(
                r"NO_PUBKEY|not signed|signatures? (couldn't|could not)|Missing key|public key", str(problem)
            ):
                raise Problem(
                    f"{problem}\n\nThe keyring of this machine cannot verify the archive. Upgrade it with\n"
                    "    apt-get update && apt-get install --only-upgrade debian-archive-keyring\n"
                    "(as root) or set ODOO_HOME to an Odoo 19.0 that you already have."
                ) from problem
            raise

    def download(self, packages, folder):
        """Download exactly these packages (``name`` or ``name/suite``) into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        self.call("download", *packages, cwd=folder, what=f"Downloading {', '.join(packages)}")
        return sorted(folder.glob("*.deb"))

    def download_with_dependencies(self, packages, folder, *, skip=()):
        """Download packages with what they depend on and the system lacks."""
        folder.mkdir(parents=True, exist_ok=True)
        listed = self.call(
            "install", "-y", "--print-uris", *packages, what=f"Resolving {', '.join(packages)}"
        )
        names = [
            re.split(r"[_ ]", line.split("' ", 1)[1])[0]
            for line in listed.splitlines()
            if line.startswith("'")
        ]
        names = [name for name in names if not any(re.fullmatch(pattern, name) for pattern in skip)]
        self.call("download", *names, cwd=folder, what=f"Downloading {', '.join(packages)}")
        return sorted(folder.glob("*.deb"))


def unpack(archives, target):
    target.mkdir(parents=True, exist_ok=True)
    for archive in archives:
        run(["dpkg-deb", "-x", archive, target], what=f"Unpacking {archive.name}")


def installer():
    """How to install into the system, or None when we may not: the start of a command line."""
    if not shutil.which("apt-get"):
        return None
    if base.is_root():
        return []
    if shutil.which("sudo"):
        asked = subprocess.run(
            ["sudo", "-n", "true"], stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
        if asked.returncode == 0:
            return ["sudo", "-n"]
    return None


def install_on_system(packages):
    """apt-get install, when we may; says whether it worked."""
    prefix = installer()
    if prefix is None:
        return False
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    command = [*prefix, *(["env", "DEBIAN_FRONTEND=noninteractive"] if prefix else []), "apt-get", "-q", "-y"]
    command += ["-o", "DPkg::Lock::Timeout=120"]
    log = base.LOG / "apt.log"
    with step(f"installing {' '.join(packages)} with apt"):
        try:
            run([*command, "update"], log=log, env=env, what="apt-get update")
            run(
                [*command, "install", "--no-install-recommends", *packages],
                log=log,
                env=env,
                what="apt-get install",
            )
        except Problem as problem:
            base.say(
                f"  apt-get could not install {' '.join(packages)}: unpacking a copy for this clone instead"
            )
            base.say(f"    ({str(problem).splitlines()[-1]})")
            return False
    return True
