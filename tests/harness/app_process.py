"""The program as a process of its own, as its users run it, on a free port."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import httpx

from graphql_app.observability.log_writer import PAUSE
from tests.harness.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
START_LIMIT = 60.0
"""Seconds within which the program must be ready, the embedded engine's start included."""
STOP_LIMIT = 20.0
"""Seconds within which it must end after SIGTERM."""

INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "SYSTEMROOT")
"""All that the program sees of the tester's environment: none of its own settings."""

PATIENT = {"RETRY_TIMEOUTS_MS": "20000,20000,20000,20000", "DRAIN_SECONDS": "0"}
"""Settings of a program under test unless it says otherwise: a busy machine must not look like a slow database."""

SUSPICIOUS = ("Traceback (most recent call last)", "was never retrieved", "was never awaited", "ResourceWarning")
"""What the log of a sound program never holds."""


class RunningApp:
    """A started program. `client` is bound to its address; `log` is all it wrote so far.

    `module` is what Python runs.
    """

    def __init__(
        self, environment: Mapping[str, str], arguments: tuple[str, ...], folder: Path, module: str = "graphql_app"
    ) -> None:
        self.port = int(environment.get("PORT") or free_port())
        self.url = f"http://127.0.0.1:{self.port}"
        self.client = httpx.Client(base_url=self.url, timeout=30)
        self._log = folder / "app.log"
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                cwd=folder,
                env=_environment(environment) | {"PORT": str(self.port)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def log(self) -> str:
        """Everything the program printed so far: it keeps lines back for a moment, to write them together."""
        if self.process.poll() is None:
            time.sleep(2 * PAUSE)
        return self._log.read_text(errors="replace")

    def wait_ready(self, status: int = 200) -> httpx.Response:
        """Waits until `/readyz` answers with `status` and gives that answer; fails if the program ends first."""
        until = time.monotonic() + START_LIMIT
        seen = "nothing"
        while time.monotonic() < until and self.process.poll() is None:
            try:
                response = self.client.get("/readyz", timeout=5)
            except httpx.TransportError as error:
                seen = repr(error)
            else:
                if response.status_code == status:
                    return response
                seen = f"{response.status_code} {response.text}"
            time.sleep(0.02)
        raise AssertionError(f"the program is not ready (ended: {self.process.poll()}, last: {seen}):\n{self.log}")

    def stop(self) -> int:
        """SIGTERM, then waits for the end; gives the exit status. Fails if it does not end in time."""
        self.client.close()
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the program ignores SIGTERM:\n{self.log}") from None

    def kill(self) -> None:
        """SIGKILL for the program and its workers."""
        self.client.close()
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(STOP_LIMIT)

    def assert_sound(self) -> None:
        """Fails if the log tells of a defect."""
        log = self.log
        found = [mark for mark in SUSPICIOUS if mark in log]
        assert not found, f"the program's log holds {found}:\n{log}"


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return (
        kept
        | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "default"}
        | PATIENT
        | dict(settings)
    )
