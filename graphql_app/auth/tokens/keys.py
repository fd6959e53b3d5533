"""Keys that tokens are verified with: from a secret, a PEM text or a JWK, each bound to the algorithms it is for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from jwt.algorithms import Algorithm, get_default_algorithms
from jwt.exceptions import PyJWTError

HMAC: Final = frozenset({"HS256", "HS384", "HS512"})
_RSA: Final = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
_CURVES: Final[Mapping[str, str]] = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
_CURVE_NAMES: Final[Mapping[str, str]] = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}
_ED25519: Final = frozenset({"EdDSA", "Ed25519"})
LEAST_SECRET: Final = 32
"""Bytes that the secret of an HS algorithm has at least."""
RSA_BITS: Final = range(2048, 8193)
"""Shorter keys are broken; with longer ones each token takes milliseconds."""
_RSA_EXPONENT: Final = 1 << 32
MOST_KEYS: Final = 100
"""Of a JWK set, further ones do not count."""
_DEFAULTS: Final = get_default_algorithms()
VERIFIERS: Final[Mapping[str, Algorithm]] = {
    name: _DEFAULTS["EdDSA" if name == "Ed25519" else name]
    for name in sorted(HMAC | _RSA | frozenset(_CURVES.values()) | _ED25519)
}
"""What verifies the signatures of each algorithm. RFC 9864 calls EdDSA over Ed25519 by the curve's name."""


class KeyRefused(Exception):
    """A key is not taken. The text says why, without the key."""


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A public key or a secret, for some algorithms. `kid` is its name in a JWK set."""

    algorithms: frozenset[str]
    value: Any = field(repr=False)
    kid: str | None = None

    @property
    def print(self) -> tuple[object, ...]:
        """What tells it from another key: its name, algorithms and public numbers; of a secret its hash."""
        if isinstance(self.value, bytes):
            return self.kid, self.algorithms, sha256(self.value).digest()
        encoded = self.value.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return self.kid, self.algorithms, encoded

    def verifies(self, algorithm: str, signed: bytes, signature: bytes) -> bool:
        """Whether a signature by this algorithm is right."""
        if algorithm not in self.algorithms:
            return False
        return VERIFIERS[algorithm].verify(signed, self.value, signature)


def secret_key(secret: bytes, algorithms: Iterable[str]) -> VerificationKey:
    """A key for HS algorithms. Raises `KeyRefused` for a secret that is short, or is really another kind of key."""
    if len(secret) < LEAST_SECRET:
        raise KeyRefused(f"the secret has {len(secret)} bytes, it takes at least {LEAST_SECRET}")
    try:
        # Refuses PEM, DER, SSH and JWK texts: those that everybody may read would sign tokens.
        VERIFIERS["HS256"].prepare_key(secret)
    except PyJWTError:
        raise KeyRefused("the secret is a PEM, SSH or JWK text; HS algorithms take a random text") from None
    return VerificationKey(frozenset(algorithms) & HMAC, secret)


def pem_key(text: str, algorithms: Iterable[str]) -> VerificationKey:
    """A public key, or an X.509 certificate's, in PEM. Raises `KeyRefused`."""
    data = text.strip().encode()
    if b"PRIVATE KEY" in data:
        raise KeyRefused("it is a private key; only the issuer needs it, here goes the public one")
    try:
        if b"BEGIN CERTIFICATE" in data:
            value: object = x509.load_pem_x509_certificate(data).public_key()
        else:
            value = load_pem_public_key(data)
    except Exception:  # whatever the parser meets in it
        raise KeyRefused("it is no public key or certificate in PEM") from None
    return _public(value, frozenset(algorithms), None)


def jwk_key(jwk: object, algorithms: Iterable[str]) -> VerificationKey:
    """A key of a JWK set, for those of `algorithms` that it is meant for. Raises `KeyRefused`."""
    if not isinstance(jwk, dict):
        raise KeyRefused("it is no object")
    kid, use, ops, alg = jwk.get("kid"), jwk.get("use"), jwk.get("key_ops"), jwk.get("alg")
    if kid is not None and not (isinstance(kid, str) and 0 < len(kid) <= 500):
        raise KeyRefused("its kid is no text")
    if use not in (None, "sig") or (ops is not None and not (isinstance(ops, list) and "verify" in ops)):
        raise KeyRefused("it is not meant for signatures")
    if jwk.get("kty") not in ("RSA", "EC", "OKP"):
        raise KeyRefused("its kty is none of RSA, EC, OKP")
    if any(name in jwk for name in ("d", "p", "q", "dp", "dq", "qi", "k")):
        raise KeyRefused("it is not a public key")
    wanted = frozenset(algorithms) if alg is None else frozenset(algorithms) & {alg if isinstance(alg, str) else ""}
    return _public(_from_jwk(jwk), wanted, kid)


def _from_jwk(jwk: dict[str, Any]) -> object:
    name = {"RSA": "RS256", "OKP": "EdDSA"}.get(jwk["kty"]) or _CURVE_NAMES.get(str(jwk.get("crv")))
    if name is None:
        raise KeyRefused("its crv is none of P-256, P-384, P-521")
    numbers = [jwk[each] for each in ("n", "e", "x", "y") if each in jwk]
    if not all(isinstance(each, str) and len(each) <= RSA_BITS.stop for each in numbers):
        raise KeyRefused("its numbers are no texts, or too long")
    try:
        return VERIFIERS[name].from_jwk(jwk)
    except Exception:  # whatever the parser meets in it
        raise KeyRefused("its numbers make no key") from None


def _public(value: object, algorithms: frozenset[str], kid: str | None) -> VerificationKey:
    if isinstance(value, RSAPublicKey):
        if value.key_size not in RSA_BITS:
            raise KeyRefused(f"it has {value.key_size} bits, RSA keys take {RSA_BITS.start} to {RSA_BITS.stop - 1}")
        if value.public_numbers().e >= _RSA_EXPONENT:
            raise KeyRefused("its exponent is too large")
        fitting = algorithms & _RSA
    elif isinstance(value, EllipticCurvePublicKey):
        fitting = algorithms & {_CURVES.get(value.curve.name, "")}
    elif isinstance(value, Ed25519PublicKey):
        fitting = algorithms & _ED25519
    else:
        raise KeyRefused("it is none of RSA, EC, Ed25519")
    if not fitting:
        raise KeyRefused("it is for none of the algorithms that are allowed")
    return VerificationKey(fitting, value, kid)


@dataclass(frozen=True, slots=True)
class KeySet:
    """The keys of a JWK set that can be used; `skipped` says of each other one why not."""

    keys: tuple[VerificationKey, ...]
    skipped: tuple[str, ...] = ()


def parse_jwks(text: bytes, algorithms: Iterable[str]) -> KeySet:
    """The keys in a JWK set. One that is not taken leaves the others. Raises `KeyRefused` for a text that is no set."""
    try:
        content = json.loads(text.decode())
    except (ValueError, RecursionError):
        raise KeyRefused("it is no JSON") from None
    entries = content.get("keys") if isinstance(content, dict) else None
    if not isinstance(entries, list):
        raise KeyRefused("it is no JWK set: it has no list 'keys'")
    keys: list[VerificationKey] = []
    skipped = [f"only the first {MOST_KEYS} keys count"] if len(entries) > MOST_KEYS else []
    allowed = frozenset(algorithms)
    for place, entry in enumerate(entries[:MOST_KEYS]):
        try:
            keys.append(jwk_key(entry, allowed))
        except KeyRefused as error:
            skipped.append(f"keys[{place}]: {error}")
    return KeySet(tuple(keys), tuple(skipped))


def key_file(text: str, algorithms: Iterable[str]) -> tuple[VerificationKey, ...]:
    """The keys in a file: a PEM text, a JWK or a JWK set. Raises `KeyRefused`, also for one key of several."""
    if not text.lstrip().startswith("{"):
        return (pem_key(text, algorithms),)
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise KeyRefused("it is no JSON") from None
    if "keys" not in content:
        return (jwk_key(content, algorithms),)
    found = parse_jwks(text.encode(), algorithms)
    if found.skipped or not found.keys:
        raise KeyRefused(found.skipped[0] if found.skipped else "it has no keys")
    return found.keys
