"""`python -m bench`: starts a database and the servers, checks that they agree, measures, and prints the figures."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from bench import contenders, database, markdown, report
from bench.check import Differs, check
from bench.contenders import (
    BY_HAND,
    BY_HAND_ASYNCMY,
    CONTENDERS,
    DEFAULTS,
    LIMIT,
    LIMIT_TCP,
    NO_LEDGER,
    OURS,
    OURS_TCP,
    Running,
)
from bench.measure import Plan, measure
from bench.memory import Memory, of_large_answers
from bench.postgraphile import server as postgraphile
from bench.workloads import LARGE_ANSWER, WORKLOADS, Workload
from tests.harness import servers

_DEFAULT = [LIMIT, OURS, DEFAULTS, NO_LEDGER, LIMIT_TCP, OURS_TCP, BY_HAND, BY_HAND_ASYNCMY]
_PACKAGES = (
    *("strawberry-graphql", "graphql-core", "fastapi", "starlette", "uvicorn", "uvloop", "httptools"),
    *("aiomysql", "asyncmy", "orjson"),
)


def _names(known: Sequence[str]) -> Callable[[str], list[str]]:
    def parse(text: str) -> list[str]:
        chosen = text.split(",")
        if unknown := [name for name in chosen if name not in known]:
            raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}; there are {', '.join(known)}")
        return chosen

    return parse


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    add = parser.add_argument
    add("--rounds", type=int, default=5)
    add("--window", type=float, default=8.0, help="seconds measured in each round")
    add("--warm-up", type=float, default=1.0, help="seconds before each window")
    add("--concurrency", type=int, default=16, help="connections that ask without a pause")
    add("--quick", action="store_true", help="2 rounds of 2 s: a look, not a result")
    add("--contenders", type=_names([*CONTENDERS]), default=_DEFAULT, help="names, with commas between")
    add("--ours-with", action="append", default=[], metavar="NAME=VALUE", help="ours with a setting, too; repeatable")
    add(
        "--workloads", type=_names([each.name for each in WORKLOADS]), help="names, with commas between; all by default"
    )
    add(
        "--with-postgraphile", action="store_true", help="PostGraphile too, where bench/postgraphile/install.sh has run"
    )
    add("--json", type=Path, default=_results_file(), help="where the figures are written for programs (%(default)s)")
    return parser.parse_args()


def _results_file() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "graphql-app" / "bench.json"


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


def _machine(mariadb: str) -> dict[str, str | int]:
    machine: dict[str, str | int] = {"cores": os.cpu_count() or 0, "python": platform.python_version()}
    machine["mariadb"] = mariadb
    return machine | {name: importlib.metadata.version(name) for name in _PACKAGES}


def _run(arguments: argparse.Namespace, stack: ExitStack) -> int:
    plan = Plan(arguments.rounds, arguments.window, arguments.warm_up, arguments.concurrency)
    if arguments.quick:
        plan = Plan(2, 2.0, 0.5, arguments.concurrency)
    data = stack.enter_context(database.running())
    _say(f"MariaDB {data.version} loaded")
    running = [stack.enter_context(contenders.running(name, data)) for name in arguments.contenders]
    running += [stack.enter_context(contenders.running_with(setting, data)) for setting in arguments.ours_with]
    if arguments.with_postgraphile:
        running += stack.enter_context(postgraphile.running_if_installed(_say))
    workloads = _workloads(arguments.workloads, running)
    large: dict[str, Memory] = {}
    for workload, able in workloads.items():
        if workload.name == LARGE_ANSWER.workload:
            # Before anything else is asked, for only then are the servers idle as they started.
            large = of_large_answers(workload, able)
    for workload, able in workloads.items():
        check(workload, able, data)
    _say("all answers agree")
    results = measure(plan, workloads, data, _say)
    results.large = large
    machine = _machine(data.version)
    found = report.document(plan, results, machine)
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(found, indent=1) + "\n")
    sys.stdout.write(f"{report.table(results)}\n\n{markdown.page(plan, results, machine)}\n\n")
    sys.stdout.write(f"written to {arguments.json}\n")
    return 0


def _workloads(names: Sequence[str] | None, running: Sequence[Running]) -> dict[Workload, list[Running]]:
    """The chosen workloads, each with the servers that offer it."""
    chosen = [each for each in WORKLOADS if names is None or each.name in names]
    able = {
        each: [server for server in running if server.contender.request(each, each.variables()[0]) is not None]
        for each in chosen
    }
    return {each: servers for each, servers in able.items() if servers}


def main() -> int:
    """The command. 1 if a server does not start or does not say the same as the others."""
    # Ended from outside, it still ends the servers and the database.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with ExitStack() as stack:
        try:
            return _run(_arguments(), stack)
        except (contenders.StartFailed, servers.StartFailed, servers.NotInstalled, Differs) as error:
            _say(str(error))
            return 1


if __name__ == "__main__":
    sys.exit(main())
