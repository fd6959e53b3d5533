"""The three engines the tests run on: MariaDB, MySQL and the embedded seekdb, each as a private server."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import time
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.harness.servers import NotInstalled, Server, SpawnedServer, StartFailed, program, version_of

HINT = "`make test-engines` installs it"


class EngineName(StrEnum):
    """Which engine a test runs on; also the ids of the `engine` fixture."""

    EMBEDDED = "embedded"
    MARIADB = "mariadb"
    MYSQL = "mysql"


class MariaDB(SpawnedServer):
    """MariaDB as the distribution packages it."""

    @staticmethod
    def installed() -> str:
        """The version this machine has. Raises `NotInstalled`."""
        program("mariadb-install-db", HINT)
        return version_of([program("mariadbd", HINT)])

    @property
    def socket(self) -> str:
        """The path of the socket."""
        return str(self.folder / "s.sock")

    def prepare(self) -> None:
        """Makes the empty data folder."""
        (self.folder / "tmp").mkdir()
        install = [
            program("mariadb-install-db", HINT),
            *self._common(),
            "--skip-test-db",
            "--auth-root-authentication-method=normal",
        ]
        self.run(install)

    def command(self) -> list[str]:
        """The command that runs the server."""
        return [
            program("mariadbd", HINT),
            *self._common(),
            f"--socket={self.socket}",
            f"--port={self.port}",
            f"--pid-file={self.folder / 'pid'}",
            "--bind-address=127.0.0.1",
            "--max-connections=500",
            *([] if self.durable else ["--innodb-flush-log-at-trx-commit=0"]),
        ]

    def _common(self) -> list[str]:
        user = ["--user=root"] if os.geteuid() == 0 else []
        # A server that starts deletes the temporary tables it finds, also those of another server in the same folder.
        return ["--no-defaults", f"--datadir={self.folder / 'data'}", f"--tmpdir={self.folder / 'tmp'}", *user]


def mysql_root() -> Path:
    """The folder that holds a whole small system with MySQL in it (`tests/provision/mysql.sh` makes it)."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("MYSQL_ROOT") or Path(cache) / "graphql-app" / "mysql-sid")


def mysqld() -> list[str]:
    """The command that runs MySQL: the system's own, or the one below `mysql_root`. Raises `NotInstalled`."""
    own = shutil.which(
        "mysqld", path=os.pathsep.join(["/usr/local/sbin", "/usr/sbin", os.environ.get("PATH", os.defpath)])
    )
    if own is not None and "MariaDB" not in version_of([own]):
        return [own]
    root = mysql_root()
    if not (root / "usr/sbin/mysqld").exists():
        raise NotInstalled(f"MySQL is not installed, neither as mysqld nor below {root}; {HINT}")
    if os.geteuid() != 0:
        raise NotInstalled(f"the MySQL below {root} needs chroot, and only root may do that")
    return [program("chroot", "it belongs to coreutils"), str(root), "/usr/sbin/mysqld"]


class MySQL(SpawnedServer):
    """MySQL; where it lives in a folder of its own, its data stay inside that folder, behind a link from ours."""

    def __init__(self, folder: Path, flags: Sequence[str] = (), *, durable: bool = False) -> None:
        super().__init__(folder, flags, durable=durable)
        self._mysqld = mysqld()
        self._root = Path(self._mysqld[1]) if len(self._mysqld) > 1 else None
        self._home = self.folder if self._root is None else self._inside(self._root)

    def _inside(self, root: Path) -> Path:
        """The server's folder inside `root`: that of an earlier run, if one prepared our folder already."""
        link = self.folder / "home"
        if link.is_symlink():
            return Path("/") / link.readlink().relative_to(root)
        return Path("/var/lib/graphql-app-tests") / f"{os.getpid()}-{self.folder.name}"

    @staticmethod
    def installed() -> str:
        """The version this machine has. Raises `NotInstalled`."""
        return version_of(mysqld())

    @property
    def socket(self) -> str:
        """The path of the socket, through a short link."""
        return str(self.folder / "home" / "s.sock")

    def prepare(self) -> None:
        """Makes the empty data folder."""
        outside = self._outside()
        (outside / "tmp").mkdir(parents=True)
        (self.folder / "home").symlink_to(outside)
        self.run([*self._mysqld, *self._common(), "--initialize-insecure"])

    def command(self) -> list[str]:
        """The command that runs the server."""
        quick = ["--innodb-flush-log-at-trx-commit=0", "--sync-binlog=0"]
        return [
            *self._mysqld,
            *self._common(),
            f"--socket={self._home / 's.sock'}",
            f"--pid-file={self._home / 'pid'}",
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            "--mysqlx=OFF",
            "--max-connections=500",
            "--secure-file-priv=NULL",
            *([] if self.durable else quick),
        ]

    def remove(self) -> None:
        """Kills the server, if it runs, and deletes everything it wrote."""
        super().remove()
        shutil.rmtree(self._outside(), ignore_errors=True)

    def _outside(self) -> Path:
        """The server's folder as seen from out here."""
        return self._home if self._root is None else self._root / self._home.relative_to("/")

    def _common(self) -> list[str]:
        user = ["--user=root"] if os.geteuid() == 0 else []
        return ["--no-defaults", f"--datadir={self._home / 'data'}", f"--tmpdir={self._home / 'tmp'}", *user]


def _pylibseekdb() -> ModuleType:
    try:
        import pylibseekdb
    except ImportError as error:
        raise NotInstalled(f"pylibseekdb does not load on this machine: {error}") from error
    module: ModuleType = pylibseekdb
    return module


class Embedded(Server):
    """seekdb, which its own client library starts; it lives as long as we hold it open."""

    def __init__(self, folder: Path, flags: Sequence[str] = (), *, durable: bool = False) -> None:
        super().__init__(folder, flags, durable=durable)
        if flags:
            raise ValueError("the embedded engine takes no flags")
        self.log = folder / "data" / "log" / "seekdb.log"
        self._instance: Any = None

    @staticmethod
    def installed() -> str:
        """The version this machine has. Raises `NotInstalled`."""
        _pylibseekdb()
        return f"pylibseekdb {importlib.metadata.version('pylibseekdb')}"

    @property
    def pid(self) -> int | None:
        """The running server's process, or None."""
        try:
            pid = int((self.folder / "data/run/seekdb.pid").read_text())
        except (OSError, ValueError):
            return None
        return pid if _alive(pid) else None

    @property
    def socket(self) -> str:
        """The path of the socket."""
        return str(self.folder / "data/run/sql.sock")

    @property
    def port(self) -> int | None:
        """None: this engine listens on its socket only."""
        return None

    def prepare(self) -> None:
        """Nothing to do: the first start fills the folder."""

    def spawn(self) -> None:
        """Opens the folder, which starts the server and waits for it."""
        library = _pylibseekdb()
        if self._instance is not None:
            self._instance.close()
        try:
            self._instance = library.open(db_dir=str(self.folder / "data"))
        except library.SeekdbError as error:
            raise StartFailed(f"seekdb did not start: {error}; its log ends:\n{self.log_tail()}") from error

    def reap(self) -> None:
        """Waits until the process, which was told to end, is gone."""
        until = time.monotonic() + 60
        while self.pid is not None:
            if time.monotonic() > until:
                raise TimeoutError("seekdb does not end")
            time.sleep(0.01)

    def remove(self) -> None:
        """Kills the server, if it runs, and deletes everything it wrote, its link in /tmp too."""
        self.signal(9)
        if self._instance is not None:
            self._instance.close()
        super().remove()


def _alive(pid: int) -> bool:
    """Whether the process runs; takes the exit status of a dead child of ours."""
    try:
        return os.waitpid(pid, os.WNOHANG) == (0, 0)
    except ChildProcessError:
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


SERVERS: dict[EngineName, type[Server]] = {
    EngineName.EMBEDDED: Embedded,
    EngineName.MARIADB: MariaDB,
    EngineName.MYSQL: MySQL,
}


def installed(engine: EngineName) -> str:
    """The version of `engine` this machine has. Raises `NotInstalled`."""
    return SERVERS[engine].installed()
