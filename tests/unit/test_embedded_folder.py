"""The embedded engine's data folder: what hinders a start is told in one line, before any engine runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from graphql_app.embedded.engine import EmbeddedEngine
from graphql_app.embedded.errors import EmbeddedError
from graphql_app.embedded.folder import Folder, put_in_order
from tests.harness.source_rules import ROOT


@pytest.fixture(autouse=True)
def _package_is_there() -> None:
    """Where there is no engine for the platform, that is all one is told."""
    pytest.importorskip("pylibseekdb")


def refusal(folder: Path) -> str:
    """What the engine says to a folder that it cannot use."""
    with pytest.raises(EmbeddedError) as failed:
        EmbeddedEngine(folder, "app").start()
    text = str(failed.value)
    assert "\n" not in text
    return text


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    """DATA_DIR names a file."""
    (tmp_path / "file").touch()
    assert "is not a folder we can write in" in refusal(tmp_path / "file")
    assert "is not a folder we can write in" in refusal(tmp_path / "file" / "below")


def test_an_unwritable_folder_is_refused() -> None:
    """Also for root, to whom permissions mean nothing."""
    if not Path("/proc/self").exists():
        pytest.skip("needs /proc")
    assert "is not a folder we can write in" in refusal(Path("/proc/self"))


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    """Even if it looks as if a start was cut off."""
    (tmp_path / "seekdb").mkdir()
    (tmp_path / "seekdb" / "thesis.txt").write_text("precious")
    (tmp_path / "first-start-unfinished").touch()
    assert refusal(tmp_path) == f"DATA_DIR: {tmp_path.resolve() / 'seekdb'} holds something else; name another folder"
    assert (tmp_path / "seekdb" / "thesis.txt").read_text() == "precious"


def test_data_of_another_release_are_left_alone(tmp_path: Path) -> None:
    """The engine does not promise to read them."""
    folder = Folder(tmp_path)
    (folder.engine / "store").mkdir(parents=True)
    folder.version.write_text("1.3.9\n")
    with pytest.raises(EmbeddedError, match=r"was used by pylibseekdb 1\.3\.9 and this is 1\.4\.0"):
        put_in_order(folder, "1.4.0")
    put_in_order(folder, "1.3.10.post2")


def test_a_full_disk_is_told_before_the_first_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And not as an engine error number."""
    monkeypatch.setattr("graphql_app.embedded.folder.SPACE_NEEDED", 10**18)
    assert "GB free, and the embedded engine needs" in refusal(tmp_path)
    assert not (tmp_path / "seekdb").exists()


def test_a_long_log_is_begun_anew(tmp_path: Path) -> None:
    """The engine writes megabytes at each start."""
    folder = Folder(tmp_path)
    folder.log.parent.mkdir(parents=True)
    folder.log.write_bytes(b"x" * 33_000_000)
    put_in_order(folder, "1.4.0")
    assert [entry.name for entry in folder.log.parent.iterdir()] == ["seekdb.log.old"]


def test_a_platform_without_the_engine_is_told_what_to_do(tmp_path: Path) -> None:
    """One line, with the way to a server."""
    program = (
        "import sys; sys.modules['pylibseekdb'] = None; "
        "from graphql_app.cli import main; main(['serve', '--port', '0'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("graphql-app: The embedded database does not exist for this platform")
    assert "set DATABASE_URL=mysql://user:password@host:3306/name" in done.stderr
    assert done.stderr.count("\n") == 1
