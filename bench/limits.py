"""`python -m bench.limits`: the CPU time that refusing a hostile GraphQL document takes, by what refuses it."""

from __future__ import annotations

import argparse
import gc
import time
from collections import defaultdict

from graphql_app.errors import Code
from graphql_app.graphql_api.documents.cache import Documents
from graphql_app.graphql_api.documents.limits import DocumentLimits
from graphql_app.graphql_api.errors import RequestFailed
from tests.hostile.documents import hostile_documents, users_schema


def _spent(documents: Documents, text: str) -> tuple[float, str]:
    """CPU milliseconds for one document, and what became of it."""
    started = time.process_time_ns()
    try:
        documents.get(text).operation(None)
        verdict = "let through"
    except RequestFailed as failed:
        verdict = "beyond a limit" if failed.code is Code.LIMIT_EXCEEDED else "not valid"
    return (time.process_time_ns() - started) / 1e6, verdict


def _quantile(times: list[float], part: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * part))]


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.limits", description=__doc__)
    parser.add_argument("--documents", type=int, default=5000)
    count = parser.parse_args().documents
    documents = Documents(users_schema(), DocumentLimits(), suggests=True)
    gc.disable()
    times: dict[str, list[float]] = defaultdict(list)
    for _, text in hostile_documents(count):
        spent, verdict = _spent(documents, text)
        times[verdict].append(spent)
    times["refused in all"] = times["beyond a limit"] + times["not valid"]
    for verdict, found in sorted(times.items()):
        p50, p99 = _quantile(found, 0.5), _quantile(found, 0.99)
        print(f"{len(found):5} {verdict:14} CPU ms: p50 {p50:6.2f}  p99 {p99:6.2f}  max {max(found):6.2f}")


if __name__ == "__main__":
    main()
