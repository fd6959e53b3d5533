"""The data folder of the embedded engine: what lies where, whether it can be used, and putting it in order."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from graphql_app.embedded.errors import EmbeddedError

SPACE_NEEDED = 2_300_000_000
"""Bytes that must be free when a folder is first filled: the engine insists on room for 2 GiB of log."""
LOG_KEPT = 32_000_000
"""Bytes of the engine's log beyond which a new one is begun at a start."""
SOCKET_LIMIT = 100
"""Bytes that a socket's path may have; the kernel's own limit is 103 or 107."""

_ALIAS = "pylibseekdb-uds-"


@dataclass(frozen=True, slots=True)
class Folder:
    """`root` is what DATA_DIR names, absolute, with links resolved."""

    root: Path

    @property
    def engine(self) -> Path:
        """The engine's own folder."""
        return self.root / "seekdb"

    @property
    def lock(self) -> Path:
        """The file whose lock says which program has the folder."""
        return self.root / "graphql-app.lock"

    @property
    def unfinished(self) -> Path:
        """There while the engine's folder is being filled for the first time."""
        return self.root / "first-start-unfinished"

    @property
    def version(self) -> Path:
        """Holds the version of the engine that used the folder last."""
        return self.root / "engine-version"

    @property
    def database(self) -> Path:
        """Holds the name of the database that a server served last."""
        return self.root / "database"

    @property
    def log(self) -> Path:
        """The engine's log."""
        return self.engine / "log" / "seekdb.log"

    @property
    def pid_file(self) -> Path:
        """Locked by the engine as long as it lives; holds its process number."""
        return self.engine / "run" / "seekdb.pid"

    @property
    def socket(self) -> Path:
        """Where the engine listens."""
        return self.engine / "run" / "sql.sock"

    @property
    def pid(self) -> int | None:
        """The process number that the engine wrote last."""
        try:
            return int(self.pid_file.read_text())
        except (OSError, ValueError):
            return None


def open_folder(data_dir: Path) -> Folder:
    """The folder `data_dir`, made if it is not there, for our eyes only: the engine asks for no password.

    Raises `EmbeddedError`.
    """
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        root = data_dir.resolve(strict=True)
        with tempfile.TemporaryFile(dir=root):
            pass
    except OSError as error:
        raise EmbeddedError(f"DATA_DIR: {data_dir} is not a folder we can write in ({error.strerror})") from None
    return Folder(root)


def put_in_order(folder: Folder, version: str) -> None:
    """Makes the folder fit for a start, while no engine runs in it. Raises `EmbeddedError`.

    The engine never recovers from a first start that was cut off, so what such a start left
    is removed: nothing can have been stored in it.
    """
    if folder.engine.exists() and not _is_engine(folder.engine):
        raise EmbeddedError(f"DATA_DIR: {folder.engine} holds something else; name another folder")
    if folder.unfinished.exists():
        shutil.rmtree(folder.engine, ignore_errors=True)
    if not folder.engine.exists():
        _demand_space(folder)
        folder.unfinished.touch()
        folder.engine.mkdir(mode=0o700)
        folder.version.unlink(missing_ok=True)
    _demand_version(folder, version)
    _begin_new_log(folder)
    _remove_old_aliases(folder)


def mark_complete(folder: Folder, version: str) -> None:
    """Notes that the engine's folder is whole and may hold data from now on."""
    folder.version.write_text(version + "\n")
    folder.unfinished.unlink(missing_ok=True)


def note_served(folder: Folder, database: str) -> None:
    """Notes which database a server serves, for commands that name none."""
    folder.database.write_text(database + "\n")


def last_served(folder: Folder) -> str | None:
    """The database that a server served last, if any did."""
    try:
        return folder.database.read_text().strip() or None
    except OSError:
        return None


def short_socket(folder: Folder) -> tuple[str, Path | None]:
    """A path to the socket that is short enough, and the temporary folder that was made for it, if one was."""
    direct = str(folder.socket)
    if len(os.fsencode(direct)) <= SOCKET_LIMIT:
        return direct, None
    made = Path(tempfile.mkdtemp(prefix="graphql-app-"))
    (made / "run").symlink_to(folder.socket.parent)
    return str(made / "run" / folder.socket.name), made


def remove_short_socket(made: Path | None) -> None:
    """Removes what `short_socket` made."""
    if made is not None:
        (made / "run").unlink(missing_ok=True)
        made.rmdir()


def failure_in_log(folder: Folder) -> str:
    """The engine's last error number in its log, as ` (engine error -4184)`, or nothing."""
    try:
        with folder.log.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - 200_000))
            found = re.findall(rb" ERROR .*?\[errcode=(-\d+)\]", log.read())
    except OSError:
        return ""
    return f" (engine error {found[-1].decode()})" if found else ""


def _is_engine(path: Path) -> bool:
    """Whether the folder holds nothing but what the engine makes."""
    return path.is_dir() and {entry.name for entry in path.iterdir()} <= {"etc", "log", "run", "store"}


def _demand_version(folder: Folder, version: str) -> None:
    """The engine promises nothing for data of another release."""
    if not folder.version.exists():
        return
    before = folder.version.read_text().strip()
    if before.split(".")[:2] != version.split(".")[:2]:
        raise EmbeddedError(
            f"DATA_DIR: {folder.root} was used by pylibseekdb {before} and this is {version}: carry the data over with "
            "the commands seekdb-dump and seekdb-restore, or name another folder"
        )


def _demand_space(folder: Folder) -> None:
    free = shutil.disk_usage(folder.root).free
    if free < SPACE_NEEDED:
        raise EmbeddedError(
            f"DATA_DIR: {folder.root} has {free / 1e9:.1f} GB free, and the embedded engine needs "
            f"{SPACE_NEEDED / 1e9:.1f} GB for its first start"
        )


def _begin_new_log(folder: Folder) -> None:
    if folder.log.exists() and folder.log.stat().st_size > LOG_KEPT:
        folder.log.replace(folder.log.with_name("seekdb.log.old"))


def _remove_old_aliases(folder: Folder) -> None:
    """Removes the links to our socket that killed programs left in /tmp."""
    for alias in Path("/tmp").glob(_ALIAS + "*"):
        try:
            if (alias / "run").readlink() == folder.socket.parent:
                (alias / "run").unlink()
                alias.rmdir()
        except OSError:
            continue  # not a link, not ours, or just gone
