"""Tokens that must not count, and those that must: RFC 7515, 7519 and 8725, and the kinds of Wycheproof's vectors."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator
from random import Random
from typing import Any

import jwt as library
import pytest

from graphql_app.auth.tokens.jwt import MOST_BYTES, TokenRules, UnknownKid, read_token, verify
from graphql_app.auth.tokens.keys import VerificationKey, jwk_key, pem_key, secret_key
from graphql_app.errors import Code, RequestError
from tests.harness.tokens import SECRET, b64, hasura, jwk, pem, private_key, signed, token

NOW = 1_900_000_000.0
ISSUER = "https://id.example.com/"
CLAIMS: dict[str, Any] = {
    "iss": ISSUER, "aud": "shop", "sub": "ann", "exp": NOW + 300, **hasura("user", user_id="5"),
}  # fmt: skip
FAMILIES = {
    "HMAC": ("HS256", "HS384", "HS512"),
    "RSA": ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    "EC": ("ES256", "ES384", "ES512"),
    "Ed25519": ("EdDSA", "Ed25519"),
}
EVERY = [name for names in FAMILIES.values() for name in names]


def keys_for(algorithm: str) -> tuple[VerificationKey, ...]:
    """The keys of an issuer of such tokens, for all algorithms of their family."""
    family = next(names for names in FAMILIES.values() if algorithm in names)
    if algorithm.startswith("HS"):
        return (secret_key(SECRET, family),)
    return (pem_key(pem(algorithm), family),)


def check(text: str | bytes, *algorithms: str, keys: Any = None, now: float = NOW, **rules: Any) -> float:
    """When a token expires that an issuer of these algorithms is shown; raises what the program raises."""
    wanted = algorithms or ("HS256",)
    made = TokenRules(**({"issuer": ISSUER, "audiences": frozenset({"shop"}), "algorithms": frozenset(wanted)} | rules))
    raw = text if isinstance(text, bytes) else text.encode()
    return verify(read_token(raw), made, keys_for(wanted[0]) if keys is None else keys, now)


def why(text: str | bytes, *algorithms: str, **more: Any) -> str:
    """Why a token does not count; the failure has the one code that there is for it."""
    with pytest.raises(RequestError) as refused:
        check(text, *algorithms, **more)
    assert refused.value.code is Code.INVALID_JWT
    return refused.value.message.removeprefix("Could not verify JWT: ")


@pytest.mark.parametrize("algorithm", EVERY)
def test_a_good_token_of_each_algorithm(algorithm: str) -> None:
    assert check(token(CLAIMS, algorithm), algorithm) == NOW + 300


@pytest.mark.parametrize("algorithm", EVERY)
def test_a_signature_of_anybody_else(algorithm: str) -> None:
    """Another key, another text, another length: none counts."""
    good = token(CLAIMS, algorithm)
    head, body, signature = good.split(".")
    other = token(CLAIMS, algorithm, 1)
    changed = b64(json.dumps({**CLAIMS, "sub": "bob"}))
    for bad in (
        other,
        f"{head}.{changed}.{signature}",
        f"{b64(json.dumps({'alg': algorithm, 'typ': 'other'}))}.{body}.{signature}",
        f"{head}.{body}.{other.split('.')[2]}",
        f"{head}.{body}.{b64(b'0' * 64)}",
        f"{head}.{body}.{b64(bytes(64))}",
        f"{head}.{body}.{b64(bytes(1))}",
        f"{head}.{body}.{b64(bytes(3000))}",
        f"{head}.{body}.{signature[:-4]}",
        f"{head}.{body}.{signature}AAAA",
    ):
        # A changed last letter may leave no base64url.
        assert why(bad, algorithm) in ("JWSError JWSInvalidSignature", "it is not base64url")


@pytest.mark.parametrize("algorithm", ["none", "None", "nOnE", "NONE", "", "hs256", "HS257", "ES256K", "A128KW", "dir"])
@pytest.mark.parametrize("signature", ["", b64(b"x"), "sign"])
def test_algorithms_that_nobody_allowed(algorithm: str, signature: str) -> None:
    start = f"{b64(json.dumps({'alg': algorithm}))}.{b64(json.dumps(CLAIMS))}"
    if signature == "sign":
        signature = b64(hmac.digest(SECRET, start.encode(), "sha256"))
    assert why(f"{start}.{signature}") in ("its alg is not allowed", "it is not signed")


def test_an_algorithm_counts_for_its_issuer_alone() -> None:
    """Also of the same family, and with a key that could verify it."""
    for asked, allowed in (("HS512", "HS256"), ("RS256", "PS256"), ("PS256", "RS256"), ("RS512", "RS256")):
        assert why(token(CLAIMS, asked), allowed) == "its alg is not allowed"


def test_a_public_key_is_no_secret() -> None:
    """The classic: a token signed by HMAC with the text of the public key."""
    for text in (pem("RS256"), pem("RS256").strip(), json.dumps(jwk("RS256"))):
        start = f"{b64(json.dumps({'alg': 'HS256'}))}.{b64(json.dumps(CLAIMS))}"
        forged = f"{start}.{b64(hmac.digest(text.encode(), start.encode(), 'sha256'))}"
        assert why(forged, "RS256") == "its alg is not allowed"
        # Even where somebody allows both, a key verifies only what it is for.
        assert why(forged, "RS256", "HS256") == "JWSError JWSInvalidSignature"


def test_an_empty_secret_signs_nothing() -> None:
    start = f"{b64(json.dumps({'alg': 'HS256'}))}.{b64(json.dumps(CLAIMS))}"
    for secret in (b"", b"\0", b" ", b"secret"):
        forged = f"{start}.{b64(hmac.digest(secret, start.encode(), 'sha256'))}"
        assert why(forged) == "JWSError JWSInvalidSignature"


@pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256", "JWK"])
def test_no_key_from_the_token(name: str) -> None:
    """What a token says of its own key changes nothing: its signature by that key does not count."""
    values: dict[str, Any] = {
        "jwk": jwk("RS256", 1), "JWK": jwk("RS256", 1), "jku": "http://127.0.0.1:1/jwks.json",
        "x5u": "http://127.0.0.1:1/x", "x5c": [pem("RS256", 1)], "x5t": "AAAA", "x5t#S256": "AAAA",
    }  # fmt: skip
    assert why(token(CLAIMS, "RS256", 1, **{name: values[name]}), "RS256") == "JWSError JWSInvalidSignature"
    assert check(token(CLAIMS, "RS256", **{name: values[name]}), "RS256")


@pytest.mark.parametrize("crit", [["exp"], ["b64"], [], ["http://example.com/x"], "exp", None, [1]])
def test_extensions_are_refused(crit: object) -> None:
    assert why(token(CLAIMS, crit=crit)).startswith("its header has extensions")
    assert why(token(CLAIMS, b64=False)).startswith("its header has extensions")
    assert why(token(CLAIMS, b64=True)).startswith("its header has extensions")


def test_other_curves() -> None:
    """A key of P-384 verifies nothing of ES256, and secp256k1 is nobody's."""
    for algorithm, key in (("ES256", "ES384"), ("ES384", "ES256"), ("ES512", "ES256")):
        head = {"alg": algorithm}
        forged = signed(head, CLAIMS, key)
        assert why(forged, "ES256", "ES384", "ES512", keys=(pem_key(pem(key), EVERY),)) == (
            "JWSError JWSInvalidSignature"
        )
    assert why(signed({"alg": "ES256"}, CLAIMS, "ES256K"), "ES256") == "JWSError JWSInvalidSignature"


def test_ecdsa_signatures_in_another_form() -> None:
    """DER instead of the two numbers, numbers of 0, numbers that are too short (Wycheproof)."""
    start = f"{b64(json.dumps({'alg': 'ES256'}))}.{b64(json.dumps(CLAIMS))}"
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.hashes import SHA256

    der = private_key("ES256").sign(start.encode(), ECDSA(SHA256()))
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    one, most = (1).to_bytes(32, "big"), order.to_bytes(32, "big")
    for signature in (der, bytes(64), one + bytes(32), bytes(32) + one, most + most, one + most, b"\1" * 63):
        assert why(f"{start}.{b64(signature)}", "ES256") == "JWSError JWSInvalidSignature"


def test_which_key_a_kid_picks() -> None:
    keys = tuple(jwk_key(jwk("RS256", number), ["RS256"]) for number in range(3))
    for number in range(3):
        assert check(token(CLAIMS, "RS256", number, kid=f"RS256-{number}"), "RS256", keys=keys)
        assert check(token(CLAIMS, "RS256", number), "RS256", keys=keys), "no kid: each is tried"
        wrong = token(CLAIMS, "RS256", number, kid=f"RS256-{(number + 1) % 3}")
        assert why(wrong, "RS256", keys=keys) == "JWSError JWSInvalidSignature"
    assert check(token(CLAIMS, kid="whatever")), "a key without a name is tried for every kid"


KIDS = [
    "../../../../dev/null", "/dev/null", "..\\..\\x", "' OR '1'='1", "x' UNION SELECT 'k", "$(id)", "|id", "\0", "",
    "RS256-0\0", "rs256-0", " RS256-0", "RS256-0 ", "http://127.0.0.1:1/", "é", "x" * 4000, "%00", "__proto__",
]  # fmt: skip


@pytest.mark.parametrize("kid", KIDS)
def test_a_kid_is_a_name_and_nothing_else(kid: str) -> None:
    keys = (jwk_key(jwk("RS256"), ["RS256"]),)
    with pytest.raises(UnknownKid):
        check(token(CLAIMS, "RS256", kid=kid), "RS256", keys=keys)


@pytest.mark.parametrize("kid", [1, True, None, [], ["RS256-0"], {"a": 1}])
def test_a_kid_that_is_no_text(kid: object) -> None:
    if kid is None:
        assert check(token(CLAIMS, kid=kid))
    else:
        assert why(token(CLAIMS, kid=kid)) == "its kid is no text"


def test_many_keys_and_no_kid() -> None:
    """A token must not have a hundred signatures verified."""
    keys = tuple(jwk_key(jwk("ES256", kid=str(number)), ["ES256"]) for number in range(9))
    assert why(token(CLAIMS, "ES256"), "ES256", keys=keys) == "it has no kid, and its issuer many keys"


# --- claims -----------------------------------------------------------------


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in CLAIMS.items() if key != name}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"exp": NOW}, "JWTExpired"),
        ({"exp": 0}, "JWTExpired"),
        ({"exp": -1}, "its exp is no number of seconds"),
        ({"exp": str(NOW + 300)}, "its exp is no number of seconds"),
        ({"exp": "never"}, "its exp is no number of seconds"),
        ({"exp": None}, "its exp is no number of seconds"),
        ({"exp": True}, "its exp is no number of seconds"),
        ({"exp": [NOW + 300]}, "its exp is no number of seconds"),
        ({"exp": {"$gt": 0}}, "its exp is no number of seconds"),
        ({"exp": (NOW + 300) * 1000}, "its exp is no number of seconds"),
        ({"exp": 2**63}, "its exp is no number of seconds"),
        ({"exp": 10**400}, "its exp is no number of seconds"),
        ({"nbf": NOW + 1}, "JWTNotYetValid"),
        ({"nbf": "0"}, "its nbf is no number of seconds"),
        ({"nbf": None}, "its nbf is no number of seconds"),
        ({"iat": NOW + 1}, "JWTIssuedAtFuture"),
        ({"iat": "1"}, "its iat is no number of seconds"),
        ({"iss": None}, "JWTNotInIssuer"),
        ({"iss": ISSUER + "x"}, "JWTNotInIssuer"),
        ({"iss": ISSUER[:-1]}, "JWTNotInIssuer"),
        ({"iss": ISSUER.upper()}, "JWTNotInIssuer"),
        ({"iss": [ISSUER]}, "JWTNotInIssuer"),
        ({"iss": [ISSUER, "other"]}, "JWTNotInIssuer"),
        ({"aud": "shops"}, "JWTNotInAudience"),
        ({"aud": "sho"}, "JWTNotInAudience"),
        ({"aud": "SHOP"}, "JWTNotInAudience"),
        ({"aud": []}, "JWTNotInAudience"),
        ({"aud": ["other"]}, "JWTNotInAudience"),
        ({"aud": [["shop"]]}, "JWTNotInAudience"),
        ({"aud": {"shop": 1}}, "JWTNotInAudience"),
        ({"aud": None}, "JWTNotInAudience"),
        ({"aud": 1}, "JWTNotInAudience"),
        ({"sub": 5}, "its sub is no text"),
        ({"sub": ["ann"]}, "its sub is no text"),
    ],
)
def test_claims_that_are_wrong(change: dict[str, Any], said: str) -> None:
    assert why(token(CLAIMS | change)) == said


def test_claims_that_are_not_there() -> None:
    assert why(signed({"alg": "HS256"}, without("exp"), "HS256")) == "it has no exp"
    assert why(token(without("iss"))) == "JWTNotInIssuer"
    assert why(token(without("aud"))) == "JWTNotInAudience"
    assert check(token(without("sub")))


def test_claims_that_are_right() -> None:
    for change in (
        {"exp": NOW + 0.5}, {"exp": int(NOW) + 1}, {"nbf": NOW}, {"nbf": 0}, {"iat": NOW - 1e6}, {"aud": ["x", "shop"]},
        {"aud": ["shop", 5, None]}, {"jti": {"any": "thing"}},
    ):  # fmt: skip
        assert check(token({**CLAIMS, **change})) > NOW
    assert check(token(without("iss")), issuer=None)
    assert check(token(without("aud")), audiences=None)
    assert check(token(CLAIMS), audiences=frozenset({"other", "shop"}))


def test_huge_numbers() -> None:
    """Numbers that Python reads as infinity, or does not read at all."""
    for number in ("1e400", "NaN", "Infinity", "-Infinity", "1" + "0" * 5000):
        text = json.dumps({**CLAIMS, "exp": 0}).replace('"exp": 0', f'"exp": {number}')
        assert why(signed({"alg": "HS256"}, text, "HS256")) in (
            "its exp is no number of seconds",
            "its payload is no JSON",
        )


def test_clocks_that_differ() -> None:
    for skew, late in ((0, 0.0), (5, 5.0), (60, 60.0)):
        allowed = {"skew": float(skew)}
        assert check(token({**CLAIMS, "exp": NOW + 1}), now=NOW + late + 0.5, **allowed) == NOW + 1 + skew
        assert why(token({**CLAIMS, "exp": NOW + 1}), now=NOW + late + 1, **allowed) == "JWTExpired"
        assert check(token({**CLAIMS, "nbf": NOW + skew}), **allowed)
        assert why(token({**CLAIMS, "nbf": NOW + skew + 1}), **allowed) == "JWTNotYetValid"


def test_the_type_of_a_token() -> None:
    wanted: Any = {"type": "at+jwt"}
    for typ in ("at+jwt", "AT+JWT", "application/at+jwt"):
        assert check(token(CLAIMS, typ=typ), **wanted)
    for other in ("JWT", "", None, 5, "application/application/at+jwt", "at+jwt "):
        assert why(token(CLAIMS, typ=other), **wanted) == "its typ is not at+jwt"


# --- form -------------------------------------------------------------------


def forms() -> Iterator[tuple[str, str | bytes]]:
    """Texts that are no tokens, each made of one that is good."""
    good = token(CLAIMS)
    head, body, signature = good.split(".")
    yield "empty", ""
    yield "one part", "abc"
    yield "two parts", f"{head}.{body}"
    yield "two parts and a point", f"{head}.{body}."
    yield "four parts", f"{good}.{signature}"
    yield "five parts (JWE)", f"{head}..{body}.{signature}.{signature}"
    yield "no header", f".{body}.{signature}"
    yield "no payload", f"{head}..{signature}"
    yield "points alone", ".."
    yield "JSON serialisation", json.dumps({"protected": head, "payload": body, "signature": signature})
    yield "padding", f"{head}=.{body}.{signature}"
    yield "padding of the signature", f"{good}="
    yield "blanks", f" {good}"
    yield "a line end", f"{good}\n"
    yield "plus and slash", good.replace("-", "+").replace("_", "/") if "-" in good or "_" in good else f"{good}+/"
    yield "a character of another alphabet", f"{head}.{body}.{signature[:-1]}é"
    yield "no base64url", f"{head}.{body}!.{signature}"
    yield "a length that cannot be", f"{head}.{body}.{signature[:-2]}"
    yield "a NUL", f"{good}\0"
    yield "no UTF-8", good.encode() + b"\xff"
    yield "a header that is no JSON", f"{b64('{alg:HS256}')}.{body}.{signature}"
    yield "a header that is a list", signed('["HS256"]', CLAIMS, "HS256")
    yield "a header that is a text", signed('"HS256"', CLAIMS, "HS256")
    yield "a header with a key twice", signed('{"alg":"HS256","alg":"none"}', CLAIMS, "HS256")
    yield "a header without alg", signed("{}", CLAIMS, "HS256")
    yield "an alg that is no text", signed('{"alg":["HS256"]}', CLAIMS, "HS256")
    yield "a byte order mark", signed("\ufeff" + '{"alg":"HS256"}', CLAIMS, "HS256")
    yield "two documents", signed('{"alg":"HS256"}{}', CLAIMS, "HS256")
    yield "a payload with a key twice", signed({"alg": "HS256"}, json.dumps(CLAIMS)[:-1] + ',"sub":"bob"}', "HS256")
    twice = '{"a":{"b":1,"b":2},' + json.dumps(CLAIMS)[1:]
    yield "a key twice further below", signed({"alg": "HS256"}, twice, "HS256")
    yield "a payload that is a list", signed({"alg": "HS256"}, "[]", "HS256")
    yield "a payload that is a text", signed({"alg": "HS256"}, '"x"', "HS256")
    yield "a payload that is no JSON", signed({"alg": "HS256"}, "x", "HS256")
    yield "half a character", signed({"alg": "HS256"}, json.dumps(CLAIMS).replace('"ann"', '"\\ud800"'), "HS256")
    yield "deep", signed({"alg": "HS256"}, "[" * 5000, "HS256")
    yield "deep objects", signed({"alg": "HS256"}, '{"a":' * 900 + "1" + "}" * 900, "HS256")
    yield "large", token({**CLAIMS, "x": "x" * MOST_BYTES})
    yield "huge", "a" * 1_000_000
    yield "many points", "." * 8000


@pytest.mark.parametrize("form", [name for name, _ in forms()])
def test_texts_that_are_no_tokens(form: str) -> None:
    text = next(each for name, each in forms() if name == form)
    if form == "deep objects":
        # Within what Python reads: then it lacks the claims.
        assert why(text) in ("its payload is no JSON", "it has no exp")
    else:
        assert why(text)


def test_the_last_bits_of_a_part() -> None:
    """A part has one spelling: bits beyond the last byte do not count to others, so they must be 0 here."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    good = token(CLAIMS)
    assert len(good.split(".")[2]) % 4 == 3
    spellings = [good[:-1] + letter for letter in alphabet]
    taken = []
    for each in spellings:
        try:
            check(each)
        except RequestError:
            continue
        taken.append(each)
    assert taken == [good]


def test_random_changes_of_a_good_token() -> None:
    """Of each text the program and PyJWT say the same, but that the program is stricter; neither crashes."""
    random = Random(5)
    options: Any = {"algorithms": ["HS256"], "audience": "shop", "issuer": ISSUER, "options": {"verify_exp": False}}
    taken = 0
    for number in range(3000):
        text = bytearray(token({**CLAIMS, "n": number}).encode())
        for _ in range(random.randrange(3)):
            place = random.randrange(len(text))
            change = random.randrange(4)
            if change == 0:
                text[place] = random.randrange(256)
            elif change == 1:
                del text[place : place + random.randrange(4)]
            elif change == 2:
                text[place:place] = bytes(random.choice(b"ABC-_.=\n{}") for _ in range(random.randrange(1, 5)))
            else:
                text = text[:place] + text[place:].swapcase()
            if not text:
                break
        try:
            check(bytes(text))
        except RequestError:
            continue
        taken += 1
        assert library.decode(bytes(text), SECRET, **options)["sub"] == "ann"
    assert taken > 500


@pytest.mark.parametrize("algorithm", [name for name in EVERY if name != "Ed25519"])
def test_what_pyjwt_writes_is_read(algorithm: str) -> None:
    made = library.encode(dict(CLAIMS), private_key(algorithm), algorithm, headers={"kid": "any"})
    assert check(made, algorithm)
    assert read_token(made.encode()).claims == library.decode(made, options={"verify_signature": False})
