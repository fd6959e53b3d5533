"""Settings: where they come from, what they take, and the one line that a wrong one gives."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from graphql_app.config.address import DatabaseAddress
from graphql_app.config.database_url import parse_database_url
from graphql_app.config.secret_files import SECRET_FILES
from graphql_app.config.settings import Settings
from graphql_app.config.sources import SettingsError, load_settings, takes, use_embedded

Load = Callable[..., Settings]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Load:
    """`load(NAME="value", ...)`: the settings of exactly this environment, in an empty folder."""
    for name in list(os.environ):
        if name.lower() in Settings.model_fields or name == "ENV_FILE":
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    def loaded(**environment: str) -> Settings:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return load_settings()

    return loaded


SERVER = {"DB_HOST": "db.example.com", "DB_NAME": "shop"}


def test_without_any_the_embedded_engine_runs(load: Load) -> None:
    """The defaults of the contract."""
    settings = load()
    assert settings.embedded
    assert settings.address("/run/s") == DatabaseAddress(name="app", socket="/run/s")
    assert (settings.host, settings.port, settings.workers) == ("127.0.0.1", 8000, 1)
    assert settings.retry_timeouts_ms == (200, 400, 800, 1600)
    assert settings.retry_delays_ms == (400, 800, 1600)
    assert (settings.naming, settings.stringify_numbers, settings.ledger) == ("snake", True, "auto")
    assert (settings.cors_origins, settings.data_dir, settings.schema_poll_seconds) == (("*",), Path("data"), 10)
    assert (settings.graphiql, settings.introspection, settings.max_limit) == (True, True, None)


def test_the_environment_wins_over_the_file(load: Load, tmp_path: Path) -> None:
    """`.env` in the current folder, then the environment."""
    (tmp_path / ".env").write_text("DB_HOST=file.example.com\nDB_NAME=shop\nPORT=9000\nOTHER_PROGRAM=1\n")
    settings = load(PORT="9001")
    assert (settings.db_host, settings.port) == ("file.example.com", 9001)


def test_another_file_can_be_named(load: Load, tmp_path: Path) -> None:
    """ENV_FILE, and it has to be there."""
    (tmp_path / ".env").write_text("PORT=1\n")
    (tmp_path / "other").write_text("PORT=2\n")
    assert load(ENV_FILE="other").port == 2
    with pytest.raises(SettingsError, match=r"^ENV_FILE takes the path of a file that exists$"):
        load(ENV_FILE="missing")


def test_an_empty_value_is_none_at_all(load: Load) -> None:
    """As compose files write what is not set."""
    assert load(PORT="", DB_HOST="", MAX_LIMIT="").port == 8000


def test_lists_are_written_with_commas(load: Load) -> None:
    """Spaces around do not matter."""
    settings = load(
        RETRY_TIMEOUTS_MS="100, 200",
        RETRY_DELAYS_MS="50",
        CORS_ORIGINS="https://a.example.com,http://localhost:3000",
        INCLUDE_TABLES="users, order_*",
        EXCLUDE_TABLES="tmp_*",
    )
    assert (settings.retry_timeouts_ms, settings.retry_delays_ms) == ((100, 200), (50,))
    assert settings.cors_origins == ("https://a.example.com", "http://localhost:3000")
    assert (settings.include_tables, settings.exclude_tables) == (("users", "order_*"), ("tmp_*",))


def test_origins_can_be_none(load: Load) -> None:
    """The word `none`, because an empty value means the default."""
    assert load(CORS_ORIGINS="none").cors_origins == ()


def test_one_attempt_needs_no_delay(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """A single number and an empty list. The list can be empty only where code gives it."""
    assert Settings(retry_timeouts_ms=(500,), retry_delays_ms=()).retry_delays_ms == ()


@pytest.mark.parametrize(
    ("environment", "line"),
    [
        ({"PORT": "http"}, "PORT takes a whole number from 0 to 65535"),
        ({"PORT": "70000"}, "PORT takes a whole number from 0 to 65535"),
        ({"DB_PORT": "0"}, "DB_PORT takes a whole number from 1 to 65535"),
        ({"WORKERS": "0"}, "WORKERS takes a whole number from 1"),
        ({"GRAPHIQL": "perhaps"}, "GRAPHIQL takes true or false"),
        ({"NAMING": "kebab"}, "NAMING takes one of snake, camel"),
        ({"DB_SSL": "on"}, "DB_SSL takes one of off, required, verify"),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL takes one of debug, info, warning, error"),
        ({"LOG_FORMAT": "xml"}, "LOG_FORMAT takes one of text, json"),
        ({"LEDGER": "on"}, "LEDGER takes one of auto, off"),
        ({"SCHEMA_POLL_SECONDS": "-1"}, "SCHEMA_POLL_SECONDS takes a number of seconds from 0"),
        ({"SCHEMA_POLL_SECONDS": "inf"}, "SCHEMA_POLL_SECONDS takes a number of seconds from 0"),
        ({"RETRY_TIMEOUTS_MS": "1,x"}, "RETRY_TIMEOUTS_MS takes whole numbers from 1, separated by commas"),
        ({"RETRY_TIMEOUTS_MS": ","}, "RETRY_TIMEOUTS_MS takes whole numbers from 1, separated by commas"),
        ({"RETRY_DELAYS_MS": "1,2"}, "RETRY_DELAYS_MS takes one number less than RETRY_TIMEOUTS_MS has"),
        (
            {"CORS_ORIGINS": "example.com"},
            "CORS_ORIGINS takes origins such as https://example.com, separated by commas, or * or none",
        ),
        ({"DB_POOL_MIN": "11"}, "DB_POOL_MIN takes a whole number not above DB_POOL_SIZE"),
        ({"DB_HOST": "h"}, "DB_NAME takes the name of the database to serve"),
        ({"DB_NAME": "a-b"}, "DB_NAME takes letters, digits and _, at most 64, for the embedded engine"),
        (SERVER | {"DB_SOCKET": "/s"}, "DB_SOCKET and DB_HOST are both set; set one of them"),
        (SERVER | {"DB_SSL": "verify", "DB_SSL_CA": "/no"}, "DB_SSL_CA takes the path of a PEM file that exists"),
        (SERVER | {"DB_SSL_CA": __file__}, "DB_SSL_CA takes effect with DB_SSL=required or DB_SSL=verify; set both"),
        (
            SERVER | {"DATABASE_URL": "mysql://other/shop"},
            "DATABASE_URL and DB_HOST say different things; set one of them",
        ),
    ],
)  # fmt: skip
def test_a_wrong_value_gives_one_line(load: Load, environment: dict[str, str], line: str) -> None:
    """The setting's name and what it takes."""
    with pytest.raises(SettingsError) as failed:
        load(**environment)
    assert str(failed.value) == line


@pytest.mark.parametrize(
    "environment",
    [
        {"DATABASE_URL": "postgres://u:hunter2@h/n"},
        {"DATABASE_URL": "mysql://u:hunter2@h:port/n"},
        {"DATABASE_URL": "mysql://u:hunter2@h/n?x=1"},
        {"DATABASE_URL": "hunter2"},
        SERVER | {"DB_PASSWORD": "hunter2", "DATABASE_URL": "mysql://u:other@db.example.com/shop"},
        SERVER | {"DB_PASSWORD": "hunter2", "PORT": "hunter2"},
    ],
)
def test_no_password_is_shown(load: Load, environment: dict[str, str]) -> None:
    """Neither in an error nor in what the settings print."""
    with pytest.raises(SettingsError) as failed:
        load(**environment)
    assert "hunter2" not in str(failed.value)
    assert "\n" not in str(failed.value)


def test_settings_print_no_password(load: Load) -> None:
    """A log of the settings is safe."""
    settings = load(DATABASE_URL="mysql://u:hunter2@h/n")
    assert "hunter2" not in repr(settings) + str(settings.address()) + settings.model_dump_json()
    assert settings.address().password == "hunter2"


def test_a_url_is_a_whole_address(load: Load) -> None:
    """Everything that has a setting of its own."""
    settings = load(
        DATABASE_URL="mysql+pymysql://us%40er:p%2Fw@db.example.com:3307/shop?ssl-mode=REQUIRED&charset=utf8mb4"
    )
    assert settings.address() == DatabaseAddress(
        name="shop", host="db.example.com", port=3307, user="us@er", password="p/w", ssl="required"
    )


def test_a_url_and_equal_settings_agree(load: Load) -> None:
    """Platforms set both."""
    assert load(**SERVER, DATABASE_URL="mysql://db.example.com/shop").address().host == "db.example.com"


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("mysql://h/n", {"DB_HOST": "h", "DB_NAME": "n"}),
        ("mariadb://u@h/n", {"DB_HOST": "h", "DB_NAME": "n", "DB_USER": "u"}),
        ("mysql://[::1]:3306/n", {"DB_HOST": "::1", "DB_PORT": "3306", "DB_NAME": "n"}),
        ("mysql://a:3306,b/n", {"DB_HOSTS": "a:3306,b", "DB_NAME": "n"}),
        (
            "mysql://u:p%2Cw@[::1]:3307,b:3306?ssl-mode=REQUIRED",
            {"DB_HOSTS": "[::1]:3307,b:3306", "DB_USER": "u", "DB_PASSWORD": "p,w", "DB_SSL": "required"},
        ),
        ("mysql://u@/n?unix_socket=/run/s", {"DB_SOCKET": "/run/s", "DB_NAME": "n", "DB_USER": "u"}),
        ("mysql://h/n?sslaccept=strict", {"DB_HOST": "h", "DB_NAME": "n", "DB_SSL": "verify"}),
        (
            "mysql://h/n?get-server-public-key=true",
            {"DB_HOST": "h", "DB_NAME": "n", "DB_PUBLIC_KEY": "allow"},
        ),
        (
            "mysql://h/n?allowPublicKeyRetrieval=false",
            {"DB_HOST": "h", "DB_NAME": "n", "DB_PUBLIC_KEY": "refuse"},
        ),
        ("mysql://h/n?ssl-mode=VERIFY_IDENTITY", {"DB_HOST": "h", "DB_NAME": "n", "DB_SSL": "verify"}),
        ("mysql://h/n?sslmode=disabled", {"DB_HOST": "h", "DB_NAME": "n", "DB_SSL": "off"}),
    ],
)
def test_a_url_is_taken_apart(url: str, found: dict[str, str]) -> None:
    """Only what it says."""
    assert parse_database_url(url) == found


@pytest.mark.parametrize(
    "given",
    [
        {"DB_HOSTS": "db1, db2:3307,[::1]", "DB_PORT": "4000"},
        {"DATABASE_URL": "mysql://db1:4000,db2:3307,[::1]:4000/"},
    ],
)
def test_several_hosts(load: Load, given: dict[str, str]) -> None:
    """In their order; DB_PORT counts for those without a port."""
    settings = load(**given, DB_NAME="shop")
    places = [(each.host, each.port) for each in settings.addresses()]
    assert places == [("db1", 4000), ("db2", 3307), ("::1", 4000)]
    assert [each.key_retrieval for each in settings.addresses()] == [False, False, True]
    assert settings.place == "database shop at db1:4000, db2:3307, ::1:4000"
    assert not settings.embedded


@pytest.mark.parametrize("hosts", ["a:b", "a,a", "a:70000", "mysql://a", "a b", "[a]"])
def test_hosts_that_are_none(load: Load, hosts: str) -> None:
    with pytest.raises(SettingsError, match=r"^DB_HOSTS takes hosts such as db1,db2:3307"):
        load(DB_HOSTS=hosts, DB_NAME="shop")


@pytest.mark.parametrize("other", ["DB_HOST", "DB_SOCKET"])
def test_one_host_or_several(load: Load, other: str) -> None:
    with pytest.raises(SettingsError, match=f"^{other} and DB_HOSTS are both set; set one of them$"):
        load(DB_HOSTS="a,b", DB_NAME="shop", **{other: "c"})


def test_the_embedded_engine_can_be_insisted_on(load: Load, tmp_path: Path) -> None:
    """The demo does not touch the database that is named, and keeps every other setting."""
    (tmp_path / ".env").write_text("DATABASE_URL=mysql://h/shop\nLOG_LEVEL=error\nPORT=9000\n")
    environment = {"DB_HOST": "other", "db_name": "shop", "PORT": "9001"}
    use_embedded("demo", environment)
    assert environment == {"LOG_LEVEL": "error", "PORT": "9001", "DB_NAME": "demo", "ENV_FILE": os.devnull}
    settings = load(**environment)
    assert (settings.embedded, settings.db_name, settings.log_level, settings.port) == (True, "demo", "error", 9001)


def test_every_setting_says_what_it_is_and_takes() -> None:
    """The documentation is made from this."""
    assert all(field.description and takes(field) for field in Settings.model_fields.values())


def test_traces_need_their_extra(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it the line says what to install."""
    assert load(OTEL="on").otel
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http", None)
    with pytest.raises(SettingsError, match=r"OTEL takes true or false; .*pip install 'graphql-app\[otel\]'"):
        load()
    assert not load(OTEL="off").otel


@pytest.mark.parametrize("secret", ["DATABASE_URL", "DB_PASSWORD", "ADMIN_SECRET"])
def test_secrets_come_from_files(load: Load, tmp_path: Path, secret: str) -> None:
    """Without the end of the last line; the secret itself beside it is refused, and a file that is not there."""
    value = "mysql://api:word@db/shop" if secret == "DATABASE_URL" else " word "
    (tmp_path / "secret").write_text(value + "\n")
    found = load(**{f"{secret}_FILE": "secret"})
    if secret == "DATABASE_URL":
        assert (found.db_host, found.db_password.get_secret_value()) == ("db", "word")
    else:
        assert getattr(found, secret.lower()).get_secret_value() == value
    with pytest.raises(SettingsError, match=f"^{secret}_FILE and {secret} are both set; set one of them$"):
        load(**{secret: value})
    os.environ.pop(secret)
    with pytest.raises(SettingsError, match=f"^{secret}_FILE takes the path of a file that exists$"):
        load(**{f"{secret}_FILE": "missing"})


def test_every_secret_has_a_file() -> None:
    """Whatever secrets come."""
    secrets = {name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)}
    assert {f"{name}_file" for name in secrets} == set(SECRET_FILES)


@pytest.mark.parametrize(
    ("host", "choice", "allowed"),
    [
        ("127.0.0.1", "local", True),
        ("localhost", "local", True),
        ("::1", "local", True),
        ("db.example.com", "local", False),
        ("10.0.0.1", "local", False),
        ("db.example.com", "allow", True),
        ("127.0.0.1", "refuse", False),
    ],
)
def test_where_a_servers_own_key_is_taken(load: Load, host: str, choice: str, allowed: bool) -> None:
    assert load(DB_HOST=host, DB_NAME="x", DB_PUBLIC_KEY=choice).address().key_retrieval is allowed
