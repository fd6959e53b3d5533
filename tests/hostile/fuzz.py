"""`python -m tests.hostile.fuzz`: atheris looks for bytes that break a target, FUZZ_SECONDS (60) for each of them."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

SECONDS = int(os.environ.get("FUZZ_SECONDS", "60"))
_DONE = re.compile(r"Done (\d+) runs in (\d+) second")
_COVERED = re.compile(r"cov: (\d+)")
_SHOWN = 4000


def _search(name: str, folder: Path) -> None:
    """Runs one target in this process; ends it, with a status that is not 0 where something was found."""
    import atheris

    with atheris.instrument_imports(include=["graphql_app", "schema_gen"]):
        from tests.hostile import targets

    for number, given in enumerate(targets.examples(name)):
        (folder / str(number)).write_bytes(given)
    options = [f"-max_total_time={SECONDS}", "-max_len=4096", "-timeout=10", f"-artifact_prefix={folder}/found-"]
    atheris.Setup([sys.argv[0], str(folder), *options], targets.TARGETS[name])
    atheris.Fuzz()


def _report(name: str) -> bool:
    """Searches in a process of its own, tells what came of it, and whether nothing was found."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.hostile.fuzz", name, folder]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        said = done.stdout + done.stderr
        runs, covered = _DONE.search(said), _COVERED.findall(said)
        if done.returncode == 0 and runs is not None:
            print(f"{name:13} {int(runs[1]):9,} inputs in {runs[2]} s, {covered[-1]} edges covered: nothing found")
            return True
        print(f"{name:13} FAILED:\n{said[-_SHOWN:]}")
        for found in Path(folder).glob("found-*"):
            print(f"input: {found.read_bytes()!r}")
        return False


def main() -> None:
    """All targets one after the other; exits with 1 where one was broken."""
    from tests.hostile.targets import TARGETS

    if importlib.util.find_spec("atheris") is None:
        print("atheris NOT RUN: it cannot be had for this Python and machine (pip install atheris)")
        return
    # Each of them, also where an earlier one was broken.
    sound = [_report(name) for name in TARGETS]
    sys.exit(0 if all(sound) else 1)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _search(sys.argv[1], Path(sys.argv[2]))
    else:
        main()
