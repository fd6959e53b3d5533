"""Addresses that the program asks itself by TLS: certificates are checked, and so are names; redirects lead nowhere."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from graphql_app.auth import http_client
from graphql_app.auth.http_client import HttpFailed, HttpRequest, ask
from graphql_app.auth.safe_url import checked_url
from tests.harness.jwks_server import JwksServer, jwks_server


def certificate(folder: Path, name: str) -> Path:
    """A certificate for a name that is its own authority, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    path = folder / f"{name}.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(secret + made.public_bytes(Encoding.PEM))
    return path


@contextmanager
def secure_server(pem: Path) -> Iterator[JwksServer]:
    """The server with this certificate."""
    with jwks_server() as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        server._server.socket = context.wrap_socket(server._server.socket, server_side=True)
        server.url = server.url.replace("http://127.0.0.1", "https://localhost")
        yield server


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Certificates for `localhost` and for another name, both trusted."""
    paths = [certificate(tmp_path, name) for name in ("localhost", "other.example")]
    bundle = tmp_path / "authorities.pem"
    bundle.write_bytes(
        b"".join(
            path.read_bytes().partition(b"-----BEGIN CERTIFICATE")[2].join([b"-----BEGIN CERTIFICATE", b""])
            for path in paths
        )
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    http_client._tls.cache_clear()
    yield tmp_path
    http_client._tls.cache_clear()


def request(server: JwksServer) -> HttpRequest:
    """A request to it."""
    return HttpRequest(checked_url(server.url), 10.0, 1000)


async def test_a_certificate_that_is_trusted(trusted: Path) -> None:
    with secure_server(trusted / "localhost.pem") as server:
        answer = await ask(request(server))
        assert (answer.status, answer.body) == (200, b'{"keys": []}')


async def test_a_certificate_for_another_name(trusted: Path) -> None:
    with secure_server(trusted / "other.example.pem") as server:
        with pytest.raises(HttpFailed, match="TLS failed"):
            await ask(request(server))
        assert server.asked == 0


async def test_a_certificate_of_nobody(trusted: Path, tmp_path: Path) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    with secure_server(certificate(folder, "localhost")) as server:
        with pytest.raises(HttpFailed, match="TLS failed"):
            await ask(request(server))
        assert server.asked == 0


async def test_an_answer_without_tls(trusted: Path) -> None:
    with jwks_server() as server:
        server.url = server.url.replace("http://127.0.0.1", "https://localhost")
        with pytest.raises(HttpFailed):
            await ask(request(server))
