"""A Galera cluster of MariaDB servers on this machine, for faults that only several writers have."""

from __future__ import annotations

import gc
import os
import pwd
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from tests.harness.engine import Engine, engine_at
from tests.harness.engines import EngineName, MariaDB
from tests.harness.ports import free_port
from tests.harness.servers import Address, NotInstalled, program

PROVIDER = Path("/usr/lib/galera/libgalera_smm.so")
_USER = "mysql"
"""Who runs the servers: as root the transfer of the state to a new node is refused."""


QUICK = "evs.keepalive_period=PT0.3S;evs.suspect_timeout=PT1S"
"""Provider options by which a node that is dead is voted out after a second, not after five."""


class Node(MariaDB):
    """One server of a cluster; `seeds` are the group's addresses of those that are there before it."""

    def __init__(self, folder: Path, seeds: list[str], further: str = "") -> None:
        self.group = f"127.0.0.1:{free_port()}"
        options = f"gmcast.listen_addr=tcp://{self.group};ist.recv_addr=127.0.0.1:{free_port()};gcache.size=32M"
        super().__init__(
            folder,
            (
                "--wsrep-on=ON",
                f"--wsrep-provider={PROVIDER}",
                f"--wsrep-cluster-address=gcomm://{','.join(seeds)}",
                f"--wsrep-provider-options={options};base_host=127.0.0.1{';' if further else ''}{further}",
                "--wsrep-node-address=127.0.0.1",
                f"--wsrep-sst-receive-address=127.0.0.1:{free_port()}",
                "--wsrep-sst-method=rsync",
                "--wsrep-slave-threads=2",
                "--binlog-format=ROW",
                "--innodb-autoinc-lock-mode=2",
                "--innodb-buffer-pool-size=32M",
                *([] if seeds else ["--wsrep-new-cluster"]),
            ),
        )

    def _common(self) -> list[str]:
        return [word for word in super()._common() if not word.startswith("--user=")] + _as_user()

    def prepare(self) -> None:
        """Makes the folders, for who runs the server. A node that joins gets its data from the others."""
        for path in (self.folder, self.folder / "tmp", self.folder / "data"):
            path.mkdir(exist_ok=True)
            if os.geteuid() == 0:
                shutil.chown(path, _USER, _USER)

    def join(self, others: list[str]) -> None:
        """From now on it starts as a member of the group that the others are in."""
        own = [flag for flag in self.flags if not flag.startswith(("--wsrep-cluster-address", "--wsrep-new-cluster"))]
        self.flags = (*own, f"--wsrep-cluster-address=gcomm://{','.join(others)}")

    def install(self) -> None:
        """Makes the system tables, for the first node."""
        installer = program("mariadb-install-db", "it belongs to mariadb-server")
        self.run([installer, *self._common(), "--skip-test-db", "--auth-root-authentication-method=normal"])


def _as_user() -> list[str]:
    return [f"--user={_USER}"] if os.geteuid() == 0 else []


def started(node: Node) -> Address:
    """Starts a node, at first or again. The plain driver leaves sockets behind on which nobody answered yet."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        address = node.start()
        gc.collect()
    return address


def require_galera() -> None:
    """Raises `NotInstalled` where a cluster cannot be run here."""
    MariaDB.installed()
    program("rsync", "it belongs to the packages of a Galera node")
    if not PROVIDER.exists():
        raise NotInstalled(f"{PROVIDER} is not there; Debian's mariadb-server brings it (galera-4)")
    if os.geteuid() == 0:
        try:
            pwd.getpwnam(_USER)
        except KeyError:
            raise NotInstalled(f"there is no user {_USER} to run the servers") from None


@contextmanager
def galera(size: int = 3) -> Iterator[list[Engine]]:
    """A cluster of `size` nodes, as engines. Raises `NotInstalled` and `StartFailed`."""
    with galera_nodes(size) as members:
        yield [engine for _, engine in members]


@contextmanager
def galera_nodes(size: int = 3, options: str = "") -> Iterator[list[tuple[Node, Engine]]]:
    """A cluster of `size` nodes, which may be killed and started again. Raises `NotInstalled` and `StartFailed`."""
    require_galera()
    folder = Path(mkdtemp(prefix="galera-"))
    folder.chmod(0o755)
    nodes: list[Node] = []
    engines: list[Engine] = []
    try:
        for number in range(size):
            home = folder / f"n{number}"
            home.mkdir()
            node = Node(home, [other.group for other in nodes], options)
            node.prepare()
            if not nodes:
                node.install()
            nodes.append(node)
            engines.append(engine_at(EngineName.MARIADB, started(node)))
        for node in nodes:
            node.join([other.group for other in nodes if other is not node])
        yield list(zip(nodes, engines, strict=True))
    finally:
        for node in reversed(nodes):
            node.remove()
        shutil.rmtree(folder, ignore_errors=True)
