"""PostgreSQL: the server PGHOST/PGUSER name, or a private cluster for this clone.

The private cluster listens on a unix socket only and asks no password: the folder of the socket is closed
to others. It holds nothing but demo and test data, so it does without fsync. PostgreSQL refuses to run as
root; when root is the caller it runs as an unprivileged user, and where that user cannot enter the clone
(or the path is too long for a socket) its folder lies outside and .odoo/pg is a link to it.
"""

import contextlib
import os
import pwd
import re
import shutil
import socket
import stat
import subprocess
import tempfile
import time
from pathlib import Path

from . import base, debian
from .base import Problem, run, step

OLDEST = 13
ROLE = "o2c"
LINK = base.DOT / "pg"
SOCKET_NAME = ".s.PGSQL.5432"
LONGEST_SOCKET = 107  # bytes in sockaddr_un
SETTINGS = """\
# Demo and test data only: speed before durability.
listen_addresses = ''
port = 5432
unix_socket_permissions = 0700
max_connections = 200
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 4GB
checkpoint_timeout = 30min
shared_buffers = 256MB
work_mem = 16MB
maintenance_work_mem = 128MB
random_page_cost = 1.1
jit = off
# Rows of tests are never committed: it would find their tables empty, and plans by that take minutes.
autovacuum = off
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
"""


def is_external():
    """Whether the person has named a server of their own."""
    return bool(os.environ.get("PGHOST") or os.environ.get("PGUSER"))


def forget_environment():
    """With a private cluster, no PGPORT or PGDATABASE of the person's shell may point us elsewhere."""
    if not is_external():
        for name in [name for name in os.environ if name.startswith("PG")]:
            del os.environ[name]


def settings():
    """Odoo's database settings and the environment for clients."""
    if is_external():
        return {"db_host": os.environ.get("PGHOST", ""), "db_user": os.environ.get("PGUSER", "")}
    return {"db_host": str(LINK.resolve() / "run"), "db_user": ROLE, "db_port": "5432"}


def ensure():
    if is_external():
        if os.environ.get("PGUSER") == "postgres":
            raise Problem(
                "Odoo refuses the role 'postgres': set PGUSER to another role that may create databases."
            )
        return
    binaries = _binaries()
    home = _home()
    if _answers(home):
        return
    user = _user()
    if not (home / "data" / "PG_VERSION").is_file() or not (home / ".complete").is_file():
        _initialise(binaries, home, user)
    elif _major(binaries) != (home / "data" / "PG_VERSION").read_text(encoding="utf-8").strip():
        base.say("  PostgreSQL's version has changed: making the cluster anew")
        _initialise(binaries, home, user)
    _start(binaries, home, user)


def stop():
    """Stop the private cluster; says whether it was running."""
    if not LINK.exists():
        return False
    home = LINK.resolve()
    pid = _postmaster(home)
    if not pid:
        return False
    binaries = _binaries(install=False)
    if binaries:
        with contextlib.suppress(Problem):
            _as(
                _owner(home),
                [binaries / "pg_ctl", "stop", "-D", home / "data", "-m", "fast", "-w", "-t", "30"],
                home,
            )
            return True
    os.kill(pid, 2)
    return True


def destroy():
    """Stop the cluster and remove its data; says whether it was running."""
    running = stop()
    home = LINK.resolve()
    if home.exists():
        shutil.rmtree(home)
    if LINK.is_symlink():
        LINK.unlink()
    base.clear(base.DOT / "data" / "filestore")
    return running


# ---- programs


def _binaries(*, install=True):
    """The folder of PostgreSQL's server programs, the newest there is."""
    found = _find_binaries()
    if found or not install:
        return found
    with step("fetching PostgreSQL"):
        # Unpacked and not installed, even by root: installing would start a server on the usual port.
        apt = debian.PrivateApt("machine", with_status=True)
        apt.update()
        folder = base.DOT / "download" / "postgresql"
        base.clear(folder)
        listed = apt.call("install", "-y", "--print-uris", "postgresql", what="Looking for PostgreSQL")
        version = max(re.findall(r"'[^']*/postgresql-(\d+)_", listed), key=int, default=None)
        if not version:
            raise Problem(
                "apt knows no PostgreSQL. Install PostgreSQL 13 or later, or set PGHOST and PGUSER."
            )
        # The server needs its libraries only; LLVM serves just-in-time compilation, which is off.
        skip = (r"perl.*", r"libperl.*", r"postgresql", r"postgresql-common.*", r"postgresql-client-common")
        skip += (
            r"ssl-cert",
            r"adduser",
            r"passwd",
            r"locales",
            r"debconf",
            r"sysvinit-utils",
            r"libllvm.*",
            r"libz3.*",
        )
        skip += (r"lsb-.*", r"libjson-perl", r"ucf", r"sensible-utils", r"tzdata", r"netbase", r"openssl")
        debs = apt.download_with_dependencies([f"postgresql-{version}"], folder, skip=skip)
        target = _system_home()
        debian.unpack(debs, target)
        shutil.rmtree(folder)
    found = _find_binaries()
    if not found:
        raise Problem(
            "The downloaded PostgreSQL holds no server. Install PostgreSQL, or set PGHOST and PGUSER."
        )
    return found


def _system_home():
    """Where a fetched PostgreSQL is unpacked: its programs must be reachable for the user they run as."""
    home = _home()
    return base.SYSTEM / "postgresql" if home == LINK else home / "system" / "postgresql"


def _find_binaries():
    folders = list(Path("/usr/lib/postgresql").glob("*/bin"))
    for system in (LINK.resolve() / "system", base.SYSTEM):
        folders += list((system / "postgresql" / "usr/lib/postgresql").glob("*/bin"))
    if shutil.which("initdb"):
        folders.append(Path(shutil.which("initdb")).resolve().parent)
    if shutil.which("pg_config"):
        asked = subprocess.run(["pg_config", "--bindir"], capture_output=True, encoding="utf-8", check=False)
        folders.append(Path(asked.stdout.strip()))
    best = None
    for folder in folders:
        if all((folder / name).exists() for name in ("initdb", "postgres", "pg_ctl")):
            major = int(_major(folder) or 0)
            if major >= OLDEST and (best is None or major > best[0]):
                best = major, folder
    return best and best[1]


def _major(binaries):
    asked = subprocess.run(
        [binaries / "postgres", "--version"],
        capture_output=True,
        encoding="utf-8",
        check=False,
        env=_environment(binaries),
    )
    found = re.search(r" (\d+)", asked.stdout)
    return found and found[1]


def _environment(binaries):
    env = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    env["LC_ALL"] = "C.UTF-8"
    env["TZ"] = "UTC"
    libraries = libraries_of(binaries)
    if libraries:
        env["LD_LIBRARY_PATH"] = os.pathsep.join(libraries)
    return env


def libraries_of(path):
    """The library folders of the unpacked packages that a program lies in; none for the machine's own."""
    root = unpacked_root(path)
    if not root:
        return []
    folders = [folder for lib in ("usr/lib", "lib") for folder in sorted(root.glob(f"{lib}/*-linux-*"))]
    inner = {file.parent for folder in folders for file in folder.glob("*/lib*.so*")}
    return [str(folder) for folder in [*folders, *sorted(inner)]]


def unpacked_root(path):
    """The folder under a ``system`` folder of ours that a program was unpacked into."""
    for system in (base.SYSTEM, LINK.resolve() / "system"):
        with contextlib.suppress(ValueError):
            return system / Path(path).relative_to(system).parts[0]
    return None


# ---- place and user


def _user():
    """Whom the server runs as: the caller, or for root an unprivileged user that every machine has."""
    if not base.is_root():
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise Problem(
        "root needs an unprivileged user to run PostgreSQL as; there is neither 'postgres' nor 'nobody'."
    )


def _owner(home):
    uid = home.stat().st_uid
    return None if uid == os.geteuid() else pwd.getpwuid(uid)


def _as(user, command, cwd, **kwargs):
    if user:
        kwargs |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    env = _environment(Path(command[0]).parent)
    if user:
        env["HOME"] = str(cwd)
    return run(command, cwd=cwd, env=env, start_new_session=True, **kwargs)


def _home():
    """The cluster's folder: .odoo/pg itself, or what it links to."""
    if LINK.is_symlink() and LINK.exists():
        return LINK.resolve()
    if LINK.is_dir():
        return LINK
    if LINK.is_symlink():
        LINK.unlink()
    user = _user()
    if len(os.fsencode(LINK / "run" / SOCKET_NAME)) + 8 <= LONGEST_SOCKET:
        LINK.mkdir(mode=0o700)
        if not user:
            return LINK
        os.chown(LINK, user.pw_uid, user.pw_gid)
        reached = subprocess.run(
            ["/usr/bin/test", "-w", str(LINK)],
            check=False,
            cwd="/",
            user=user.pw_uid,
            group=user.pw_gid,
            extra_groups=[],
        )
        if not reached.returncode:
            return LINK
        LINK.rmdir()
    outside = _outside(user)
    LINK.symlink_to(outside)
    return outside


def _outside(user):
    """A folder of our own outside the clone, the same for the same clone, closed to everybody else."""
    uid = user.pw_uid if user else os.geteuid()
    name = f"o2c-{base.digest(base.ROOT)}"
    for parent in dict.fromkeys(("/var/tmp", tempfile.gettempdir(), "/tmp")):
        home = Path(parent, name)
        if len(os.fsencode(home / "run" / SOCKET_NAME)) > LONGEST_SOCKET or not os.access(
            parent, os.W_OK | os.X_OK
        ):
            continue
        with contextlib.suppress(FileExistsError):
            home.mkdir(mode=0o700)
            if user:
                os.chown(home, user.pw_uid, user.pw_gid)
        status = home.lstat()
        if stat.S_ISDIR(status.st_mode) and status.st_uid == uid and not status.st_mode & 0o077:
            return home
        base.say(f"  {home} belongs to somebody else: not used")
    raise Problem(
        "No folder found for PostgreSQL's data: set TMPDIR to one with a short path, or PGHOST and PGUSER."
    )


# ---- cluster


def _initialise(binaries, home, user):
    with step("making a PostgreSQL cluster for this clone"):
        stopped = _postmaster(home)
        if stopped:
            os.kill(stopped, 3)
            time.sleep(1)
        for name in ("data", "run"):
            base.clear(home / name)
            (home / name).mkdir(mode=0o700)
            if user:
                os.chown(home / name, user.pw_uid, user.pw_gid)
        command = [binaries / "initdb", "-D", home / "data", "-U", ROLE, "--auth=trust", "--encoding=UTF8"]
        command += ["--locale=C.UTF-8", "--no-sync"]
        _as(user, command, home, log=base.LOG / "postgresql-setup.log", what="initdb")
        conf = home / "data" / "postgresql.conf"
        conf.write_text(conf.read_text(encoding="utf-8") + "\n" + SETTINGS, encoding="utf-8")
        (home / ".complete").touch()


def _start(binaries, home, user):
    with step("starting PostgreSQL"):
        _drop_stale_pid(home)
        (home / "run").mkdir(mode=0o700, exist_ok=True)
        log = home / "postgresql.log"
        log.unlink(missing_ok=True)
        command = [binaries / "pg_ctl", "start", "-D", home / "data", "-l", log, "-w", "-t", "60"]
        command += ["-o", f"-k '{home.resolve() / 'run'}'"]
        try:
            _as(user, command, home, what="Starting PostgreSQL")
        except Problem as problem:
            said = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
            raise Problem(
                f"{problem}\n{said[-2000:]}\n`script/stop --reset` makes the cluster anew."
            ) from problem


def _answers(home):
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(2)
        probe.connect(str(home.resolve() / "run" / SOCKET_NAME))
        return True
    return False


def _postmaster(home):
    """The running server's process id, read from its pid file but believed only if it is our server."""
    try:
        pid = int((home / "data" / "postmaster.pid").read_text(encoding="utf-8").split()[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError, IndexError):
        return None
    return (
        pid
        if os.fsencode(home / "data") in command or os.fsencode(home.resolve() / "data") in command
        else None
    )


def _drop_stale_pid(home):
    """After a crash or a reboot the pid in the file may be any process's; PostgreSQL would not start."""
    if not _postmaster(home):
        (home / "data" / "postmaster.pid").unlink(missing_ok=True)
        (home / "run" / f"{SOCKET_NAME}.lock").unlink(missing_ok=True)
