"""`python -m bench.auth`: what it costs to know who is asking, in CPU of this process for each request."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from graphql_app.auth.admin_secrets import AdminSecrets
from graphql_app.auth.auth_file import read_auth
from graphql_app.auth.authenticator import Authenticator, Issuer, StaticKeys
from graphql_app.auth.tokens.claims import ClaimsReader
from graphql_app.auth.tokens.jwt import TokenRules
from graphql_app.auth.tokens.keys import jwk_key, secret_key
from graphql_app.auth.tokens.place import TokenPlace
from tests.harness.tokens import SECRET, hasura, jwk, token

GOALS: Mapping[str, float] = {"token cache": 5.0, "RS256": 100.0}
"""Microseconds that the issue allows."""
ROUNDS = 5
ISSUER = "https://id.example.com/"
CLAIMS = {"iss": ISSUER, "aud": "shop", "sub": "f3a1c3b0", "email": "ann@example.com"} | hasura(
    "user", "editor", user_id="f3a1c3b0", org_id="7"
)
BROWSER = [
    (b"host", b"shop.example.com"),
    (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0"),
    (b"accept", b"application/json"),
    (b"accept-encoding", b"gzip, deflate, br"),
    (b"content-type", b"application/json"),
    (b"content-length", b"180"),
]  # fmt: skip


def authenticator(algorithm: str) -> Authenticator:
    """An authenticator of one issuer."""
    keys = secret_key(SECRET, [algorithm]) if algorithm.startswith("HS") else jwk_key(jwk(algorithm), [algorithm])
    section = {"issuer": ISSUER, "audience": "shop", "algorithms": [algorithm]}
    section["secret_env" if algorithm.startswith("HS") else "jwks"] = "https://id.example.com/jwks"
    config = read_auth({"jwt": [section]}).jwt[0]
    rules = TokenRules(config.name, config.audiences, frozenset(config.algorithms))
    issuer = Issuer(rules, StaticKeys((keys,)), ClaimsReader(config.claims), TokenPlace.of(config.header))
    return Authenticator(AdminSecrets([b"top secret"]), time.time, issuers=[issuer])


def ask(made: Authenticator, pairs: Sequence[tuple[bytes, bytes]]) -> None:
    """Who sends these headers, without a turn of the event loop: nothing is waited for."""
    try:
        made.identify(pairs).send(None)
    except StopIteration:
        return
    raise AssertionError("it waits for something")


def micros(work: Callable[[], object], times: int) -> float:
    """The least CPU of one, of several rounds: what disturbs a round only adds to it."""
    found = []
    for _ in range(ROUNDS):
        started = time.process_time()
        for _ in range(times):
            work()
        found.append((time.process_time() - started) / times * 1e6)
    return min(found)


def figures(times: int) -> Iterator[tuple[str, float]]:
    """What each way costs, in microseconds."""
    made = authenticator("RS256")
    pairs = [*BROWSER, (b"authorization", b"Bearer " + token(CLAIMS, "RS256", kid="RS256-0").encode())]
    ask(made, pairs)
    yield "token cache", micros(lambda: ask(made, pairs), times * 20)
    role = [*pairs, (b"x-hasura-role", b"editor")]
    ask(made, role)
    yield "token cache, a role asked for", micros(lambda: ask(made, role), times * 20)
    secret = [*BROWSER, (b"x-hasura-admin-secret", b"top secret")]
    yield "admin secret", micros(lambda: ask(made, secret), times * 5)
    for algorithm in ("HS256", "RS256", "PS256", "ES256", "ES384", "EdDSA"):
        each = authenticator(algorithm)
        shown = [*BROWSER, (b"authorization", b"Bearer " + token(CLAIMS, algorithm, kid=f"{algorithm}-0").encode())]

        def verify(each: Authenticator = each, shown: list[tuple[bytes, bytes]] = shown) -> None:
            each.forget()
            ask(each, shown)

        yield algorithm, micros(verify, times)


def main() -> None:
    """Prints the figures; exit status 1 where one is beyond its goal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=1000, help="Tokens verified in each of five rounds.")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = dict(figures(options.times))
    if options.json:
        print(json.dumps(found))
    else:
        for name, cost in found.items():
            goal = f"  (goal {GOALS[name]:g})" if name in GOALS else ""
            print(f"{name:32} {cost:8.2f} µs{goal}")
    if any(found[name] > goal for name, goal in GOALS.items()):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
