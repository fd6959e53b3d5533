"""Node and the npm packages of `tests/clients/npm`, installed once into a cache folder, and scripts run with them."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.harness.servers import NotInstalled

SOURCES = Path(__file__).resolve().parent / "npm"
LOCK = ("package.json", "package-lock.json")
NODE_VERSION = 20
"""The least major version of Node that the locked packages take."""
INSTALL_LIMIT = 280.0
RUN_LIMIT = 120.0
"""Seconds."""

_TEST = re.compile(r'^test\("([^"\n]+)"', re.MULTILINE)


def node_version() -> str:
    """The version of Node. Raises `NotInstalled` where Node or npm is absent or too old."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise NotInstalled(f"needs Node {NODE_VERSION} or later, and npm")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.lstrip("v").partition(".")[0]) < NODE_VERSION:
        raise NotInstalled(f"needs Node {NODE_VERSION} or later, and this is {version}")
    return version


def installed_packages() -> Path:
    """The `node_modules` folder of the locked packages; the first call on a machine installs it.

    Raises `NotInstalled` where there is no Node, or the packages cannot be had.
    """
    node_version()
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "graphql-app"
    digest = hashlib.sha256(b"".join((SOURCES / name).read_bytes() for name in LOCK)).hexdigest()
    folder = base / f"clients-{digest[:16]}"
    base.mkdir(parents=True, exist_ok=True)
    with _alone(base / "clients.lock"):
        if not folder.exists():
            _install(folder)
    return folder / "node_modules"


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """One process of this machine at a time; a process that dies lets go."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _install(folder: Path) -> None:
    """Installs beside `folder`, and moves the result there when it is whole. npm runs no script of any package."""
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    for name in LOCK:
        shutil.copy(SOURCES / name, partial)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    try:
        subprocess.run(
            command,
            cwd=partial,
            capture_output=True,
            text=True,
            check=True,
            stdin=subprocess.DEVNULL,
            timeout=INSTALL_LIMIT,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        shutil.rmtree(partial, ignore_errors=True)
        said = error.stderr if isinstance(error.stderr, str) else ""
        raise NotInstalled(f"npm cannot install the packages of tests/clients/npm: {error} {said[-2000:]}") from None
    partial.rename(folder)


@dataclass(frozen=True, slots=True)
class Npm:
    """A folder with a copy of `tests/clients/npm` and the packages, to run scripts and write files in."""

    folder: Path

    @classmethod
    def at(cls, folder: Path, packages: Path) -> Npm:
        """Fills `folder`, which must not exist."""
        shutil.copytree(SOURCES, folder, ignore=shutil.ignore_patterns("node_modules", "__pycache__"))
        (folder / "node_modules").symlink_to(packages)
        return cls(folder)

    def run(
        self, *command: str, settings: Mapping[str, str] | None = None, inside: str = "."
    ) -> subprocess.CompletedProcess[str]:
        """Runs a program of a package (`relay-compiler`, `tsc`), or `node` itself, `inside` a folder of the folder."""
        program = shutil.which(command[0]) if command[0] == "node" else self.folder / "node_modules/.bin" / command[0]
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        return subprocess.run(
            [str(program), *command[1:]],
            cwd=self.folder / inside,
            env=environment | {"NO_COLOR": "1"} | dict(settings or {}),
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=RUN_LIMIT,
        )

    def output(self, *command: str, settings: Mapping[str, str] | None = None, inside: str = ".") -> str:
        """What a command prints. Fails, with all it said, where it does not end with 0."""
        done = self.run(*command, settings=settings, inside=inside)
        assert done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def tests(self, script: str, url: str, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """Runs a script of `node:test` tests against the program at `url`: each test's error, empty where it passed.

        `more` are further variables of its environment.
        """
        reporter = f"--test-reporter={self.folder / 'reporter.mjs'}"
        done = self.run("node", "--test", reporter, script, settings={"GRAPHQL_URL": f"{url}/graphql", **(more or {})})
        ended = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"name"')]
        errors = {each["name"]: each["error"] or "" for each in ended}
        said = f"{script} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        assert list(errors) == names_of(script), said
        assert not any(each["skipped"] for each in ended), said
        assert (done.returncode == 0) == (not any(errors.values())), said
        return errors


def names_of(script: str) -> list[str]:
    """The names of the tests that a script of `tests/clients/npm` holds, as they stand in it: `test("name"`."""
    names = _TEST.findall((SOURCES / script).read_text())
    assert names, f"{script} holds no test"
    assert len(set(names)) == len(names), f"{script} has two tests of one name"
    return names
