"""Processes of one machine tell each other what they wrote: real sockets, several of them in one process."""

from __future__ import annotations

import asyncio
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from graphql_app.engine.live.peers import NAMES, Peers
from graphql_app.observability.events import Event, SettingsWarning

PATIENCE = 30.0


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A temporary folder with a path short enough for sockets."""
    made = Path(tempfile.mkdtemp(prefix="peers"))
    monkeypatch.setattr(tempfile, "tempdir", str(made))
    yield made
    shutil.rmtree(made)


class Process:
    """What one process hears."""

    def __init__(self, database: str = "shop") -> None:
        self.tables: list[str] = []
        self.structures = 0
        self.events: list[Event] = []
        self.peers = Peers(database, self._wrote, self._structure, self.events.append)
        self.peers.open()

    def _wrote(self, tables: Iterable[str]) -> None:
        self.tables += sorted(tables)

    def _structure(self) -> None:
        self.structures += 1


def inside(folder: Path, pattern: str = "*") -> list[Path]:
    """What is in a folder."""
    return list(folder.glob(pattern))


async def until(holds: Callable[[], bool]) -> None:
    """Lets the loop turn until it holds."""
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def test_writes_reach_those_that_have_live_queries(folder: Path) -> None:
    writer, reader, other, elsewhere = Process(), Process(), Process(), Process("crm")
    reader.peers.interested(True)
    elsewhere.peers.interested(True)
    writer.peers.interested(True)
    writer.peers.tell_written(["b", "a"])
    writer.peers.tell_written(["a"])
    await until(lambda: bool(reader.tables))
    reader.peers.interested(False)
    other.peers.interested(True)
    writer.peers.tell_written(["c"])
    await until(lambda: bool(other.tables))
    assert (reader.tables, other.tables, writer.tables, elsewhere.tables) == (["a", "b"], ["c"], [], [])
    for process in (writer, reader, other, elsewhere):
        assert process.events == []
        process.peers.close()
    assert inside(folder) == []


async def test_what_a_command_wrote_last_is_told_when_it_ends(folder: Path) -> None:
    command, reader = Process(), Process()
    reader.peers.interested(True)
    command.peers.tell_written(["a"])
    command.peers.close()
    await until(lambda: reader.tables == ["a"])
    reader.peers.close()


async def test_everyone_is_told_of_another_structure(folder: Path) -> None:
    one, two, three = Process(), Process(), Process()
    two.peers.interested(True)
    one.peers.tell_structure()
    await until(lambda: two.structures == three.structures == 1)
    assert one.structures == 0
    for process in (one, two, three):
        process.peers.close()


async def test_a_process_that_was_killed_is_forgotten(folder: Path) -> None:
    one, two = Process(), Process()
    # As after kill -9: the sockets and marks are there, and nobody behind them.
    (place,) = inside(folder, "*/*")
    live, dead = place / "live", place / "77-dead"
    live.mkdir()
    (live / "77-dead").touch()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.bind(str(dead))
    two.peers.interested(True)
    one.peers.tell_written(["a"])
    await until(lambda: two.tables == ["a"] and not dead.exists())
    assert not (live / "77-dead").exists()
    one.peers.close()
    two.peers.close()


async def test_one_that_is_busy_is_told_later_and_of_everything(folder: Path) -> None:
    """A socket takes some ten datagrams; nothing is lost, and each table is told once however often it is written."""
    writer, reader = Process(), Process()
    reader.peers.interested(True)
    asyncio.get_running_loop().remove_reader(reader.peers._socket)  # type: ignore[arg-type]
    names = [f"table_{number:05}" for number in range(40 * NAMES)]
    writer.peers.tell_written(names)
    await until(lambda: bool(writer.peers._owed))
    for _ in range(50):
        writer.peers.tell_written(names[:NAMES])
        writer.peers._flush()
    assert len(next(iter(writer.peers._owed.values()))) <= 40
    asyncio.get_running_loop().add_reader(reader.peers._socket, reader.peers._read)  # type: ignore[arg-type]
    await until(lambda: set(reader.tables) == set(names) and not writer.peers._owed)
    for process in (writer, reader):
        process.peers.close()


@pytest.mark.parametrize("how", ["others may enter", "a file", "a link", "too long"])
async def test_without_a_folder_of_its_own_a_process_takes_no_part(
    folder: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    first = Process()
    (place,) = inside(folder)
    first.peers.close()
    if how == "others may enter":
        place.mkdir()
        place.chmod(0o755)
    elif how == "a file":
        place.touch()
    elif how == "a link":
        (folder / "else").mkdir(mode=0o700)
        place.symlink_to(folder / "else")
    else:
        long = folder / ("x" * 100)
        long.mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(long))
    alone = Process()
    assert [type(event) for event in alone.events] == [SettingsWarning]
    alone.peers.interested(True)
    alone.peers.tell_written(["a"])
    alone.peers.tell_structure()
    alone.peers.close()
    assert alone.tables == []
    assert inside(folder, "x*/*") == []


async def test_the_folder_may_go_at_any_time(folder: Path) -> None:
    """Somebody tidies up the temporary folder: nobody is told any more, and nothing else happens."""
    one, two = Process(), Process()
    two.peers.interested(True)
    shutil.rmtree(inside(folder)[0])
    one.peers.tell_written(["a"])
    one.peers.tell_structure()
    await until(lambda: one.peers._timer is None and not one.peers._owed)
    three = Process()
    three.peers.interested(True)
    two.peers.interested(False)
    for process in (one, two, three):
        with suppress(OSError):
            process.peers.close()
        assert process.events == []
