"""The command line without a database: help, wrong settings, a taken port, and what it makes of SHOW GRANTS."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from graphql_app.cli.banner import demo_banner
from graphql_app.cli.check import relevant_grant
from graphql_app.config.settings import Settings
from tests.harness.source_rules import ROOT


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs the program in `folder` with nothing but `environment`."""
    return subprocess.run(
        [sys.executable, "-m", "graphql_app", *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_help_names_every_command(tmp_path: Path) -> None:
    """And says where settings come from."""
    done = run(tmp_path, "--help")
    assert done.returncode == 0
    assert all(command in done.stdout for command in ("serve", "demo", "check", "schema", "environment"))


@pytest.mark.parametrize("command", ["serve", "demo", "check", "schema"])
def test_a_wrong_setting_ends_every_command_with_one_line(tmp_path: Path, command: str) -> None:
    """Status 2, and nothing is left behind."""
    done = run(tmp_path, command, PORT="eighty")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "graphql-app: PORT takes a whole number from 0 to 65535\n"
    assert not list(tmp_path.iterdir())


def test_roles_without_an_admin_end_it_with_one_line(tmp_path: Path) -> None:
    """And so does what is wrong with the section of callers, before a port or a database is touched."""
    file = tmp_path / "graphql_app.yaml"
    for text, environment, said in (
        ("roles: {}", {}, "ADMIN_SECRET is not set, and graphql_app.yaml says 'auth' or 'roles'"),
        ("auth: {anonymous: admin}", {"ADMIN_SECRET": "top"}, "graphql_app.yaml: auth.anonymous: 'admin' may do"),
    ):
        file.write_text(text)
        done = run(tmp_path, "serve", **environment)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
        assert done.stderr.startswith(f"graphql-app: {said}")
        assert list(tmp_path.iterdir()) == [file]


def test_without_a_command_it_serves(tmp_path: Path) -> None:
    """`python -m graphql_app` equals `graphql-app serve`; and options are settings."""
    done = run(tmp_path, LEDGER="perhaps")
    assert (done.returncode, done.stderr) == (2, "graphql-app: LEDGER takes one of auto, off\n")
    done = run(tmp_path, "serve", "--workers", "0")
    assert (done.returncode, done.stderr) == (2, "graphql-app: WORKERS takes a whole number from 1\n")


def test_a_taken_port_is_told_before_anything_starts(tmp_path: Path) -> None:
    """Also before the embedded engine does."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        done = run(tmp_path, "demo", "--port", str(listener.getsockname()[1]))
    assert done.returncode == 1
    assert done.stderr.startswith("graphql-app: cannot listen on 127.0.0.1 port ")
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["check", "schema"])
def test_a_server_that_is_not_there_is_named(tmp_path: Path, command: str) -> None:
    """With everything but the password."""
    done = run(tmp_path, command, DATABASE_URL="mysql://somebody:hunter2@127.0.0.1:1/shop")
    assert done.returncode == 1
    assert done.stderr.startswith("graphql-app: no connection to 127.0.0.1:1, database shop, user somebody")
    assert "hunter2" not in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("GRANT ALL PRIVILEGES ON *.* TO `root`@`%`", "SELECT, INSERT, UPDATE, DELETE, CREATE on *.*"),
        ("GRANT SELECT, INSERT, SHOW VIEW ON `shop`.* TO `u`@`%` WITH GRANT OPTION", "SELECT, INSERT on `shop`.*"),
        ("GRANT SELECT (`a`, `b`), UPDATE (`a`) ON `shop`.`t` TO `u`@`%`", "SELECT, UPDATE on `shop`.`t`"),
        ("GRANT SELECT ON `shop`.`users` TO `u`@`%`", "SELECT on `shop`.`users`"),
        (r"GRANT UPDATE ON `sh\_p`.* TO `u`@`%`", None),
        ("GRANT UPDATE ON `sh_p`.* TO `u`@`%`", "UPDATE on `sh_p`.*"),
        ("GRANT DELETE ON `s%`.* TO `u`@`%`", "DELETE on `s%`.*"),
        ("GRANT USAGE ON *.* TO `u`@`%` IDENTIFIED BY PASSWORD '*AB'", None),
        ("GRANT CREATE USER ON *.* TO `u`@`%`", None),
        ("GRANT SELECT ON `other`.* TO `u`@`%`", None),
        ("GRANT `reader`@`%` TO `u`@`%`", "act in the role `reader`@`%`"),
        ("GRANT PROXY ON ''@'' TO 'root'@'localhost'", None),
    ],
)  # fmt: skip
def test_grants_that_matter(line: str, text: str | None) -> None:
    """Only those on the database, and only what the program needs; never a password's hash."""
    assert relevant_grant(line, "shop") == text


def test_the_banner_leads_to_every_place() -> None:
    """With the address that the server got."""
    text = demo_banner("http://127.0.0.1:8123", Settings(data_dir=Path("there")), "graphql-app")
    assert all(f"http://127.0.0.1:8123/{place}" in text for place in ("graphiql", "docs", "api/users/query"))
    assert "there" in text
    assert max(map(len, text.splitlines())) <= 100


def test_the_command_of_the_banner_works_as_printed(tmp_path: Path) -> None:
    """However the program was started: as a module here."""
    program = Path(sys.executable).with_name("graphql-app")
    for started in ([sys.executable, "-m", "graphql_app"], [str(program)]):
        code = (
            f"import sys; sys.argv = {started[-1:]!r}; sys.argv[0] = sys.argv[0].replace('graphql_app', '__main__.py')"
        )
        told = subprocess.run(
            [sys.executable, "-c", f"{code}\nfrom graphql_app.cli.banner import own_command\nprint(own_command())"],
            cwd=tmp_path,
            env={"PATH": "", "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        done = subprocess.run(f"{told} --version", shell=True, cwd=tmp_path, capture_output=True, text=True, check=True)
        assert done.stdout.startswith("graphql-app ")


def test_the_version_is_told(tmp_path: Path) -> None:
    """Of the installed package."""
    done = run(tmp_path, "--version")
    assert (done.returncode, done.stdout) == (0, f"graphql-app {metadata.version('graphql-app')}\n")


def test_a_name_that_is_nearly_a_setting_is_told(tmp_path: Path) -> None:
    """In the environment and in the `.env` file; names of other programs are not."""
    (tmp_path / ".env").write_text("DB_HOSTT=db.example.com\nOTHER=1\n")
    done = run(
        tmp_path, "check", DATABSE_URL="mysql://nobody@nowhere/x", DB_SOCKET="none.sock", DB_NAME="x", EDITOR="vi"
    )
    assert done.stderr.splitlines()[:2] == [
        "graphql-app: DATABSE_URL in the environment is not a setting and has no effect; did you mean DATABASE_URL?",
        "graphql-app: DB_HOSTT in .env is not a setting and has no effect; did you mean DB_HOST?",
    ]
    assert "EDITOR" not in done.stderr
    assert "OTHER" not in done.stderr
