"""Writes of seven kinds, what was said of each, and what the database says: none may count twice or be lost."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.harness.engine import Engine

SCHEMA = """
CREATE TABLE items (id INT AUTO_INCREMENT PRIMARY KEY, n INT NOT NULL);
CREATE TABLE posted (id INT AUTO_INCREMENT PRIMARY KEY, n INT NOT NULL);
CREATE TABLE keyed (id INT PRIMARY KEY, v INT NOT NULL);
CREATE TABLE counters (id INT PRIMARY KEY, v INT NOT NULL);
CREATE TABLE victims (id INT PRIMARY KEY, v INT NOT NULL);
CREATE TABLE ups (id INT PRIMARY KEY, v INT NOT NULL);
CREATE TABLE parents (id INT AUTO_INCREMENT PRIMARY KEY, n INT NOT NULL);
CREATE TABLE children (id INT AUTO_INCREMENT PRIMARY KEY, parent_id INT NOT NULL, n INT NOT NULL,
    FOREIGN KEY (parent_id) REFERENCES parents (id))
"""
KINDS = ("insert", "posted", "keyed", "increment", "delete", "upsert", "nested")
DOCUMENTS = {
    "insert": "mutation($n:Int!){w:insert_items_one(object:{n:$n}){n}}",
    "increment": "mutation($w:Int!){w:update_counters_by_pk(pk_columns:{id:$w},_inc:{v:1}){v}}",
    "delete": "mutation($n:Int!){w:delete_victims_by_pk(id:$n){id}}",
    "upsert": (
        "mutation($w:Int!,$n:Int!){w:insert_ups_one(object:{id:$w,v:$n},"
        "on_conflict:{constraint:PRIMARY,update_columns:[v]}){v}}"
    ),
    "nested": ("mutation($n:Int!){w:insert_parents_one(object:{n:$n,children:{data:[{n:$n},{n:$n}]}}){n children{n}}}"),
}


@dataclass(slots=True)
class Write:
    """One write of a client: the `number`-th of all, by `worker`. `outcome` is what a failure said."""

    kind: str
    number: int
    worker: int
    answer: Any = None
    outcome: str | None = None

    def request(self) -> tuple[str, Any]:
        """Address and body."""
        if self.kind == "keyed":
            return "/api/keyed", {"input": {"id": self.number, "v": self.number}}
        if self.kind == "posted":
            return "/api/posted", {"input": {"n": self.number}}
        known = {"n": self.number, "w": self.worker}
        document = DOCUMENTS[self.kind]
        return "/graphql", {
            "query": document,
            "variables": {name: value for name, value in known.items() if f"${name}:" in document},
        }


@dataclass(slots=True)
class History:
    """Everything that was written and answered."""

    writes: list[Write] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    replays: int = 0

    @property
    def failed(self) -> list[Write]:
        """Those that were not answered in the end."""
        return [write for write in self.writes if write.outcome is not None]

    def check_answer(self, write: Write, expected: range) -> None:
        """Notes an answer that is not that of the write; `expected` are the counter's possible values."""
        answer, n = write.answer, write.number
        if write.kind == "posted":
            # Which id is right stands in the database: see `_judge_ids`.
            answer = {**answer, "id": 0 if isinstance(answer.get("id"), int) else None}
        right: dict[str, list[Any]] = {
            "insert": [{"n": n}],
            "keyed": [{"rows_affected": 1}],
            "posted": [{"rows_affected": 1, "id": 0}],
            "increment": [{"v": value} for value in expected],
            "delete": [{"id": n}],
            "upsert": [{"v": n}],
            "nested": [{"n": n, "children": [{"n": n}, {"n": n}]}],
        }
        if answer not in right[write.kind]:
            self.wrong.append(f"{write.kind} {n}: {write.answer}")


@dataclass(slots=True)
class Verdict:
    """What the database says to a history."""

    duplicates: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    misjudged: list[str] = field(default_factory=list)
    unknown: int = 0


def verdict(history: History, engine: Engine, database: str) -> Verdict:
    """Compares the tables with what was said of each write."""
    found = Verdict()
    times = _times(engine, database, found)
    for write in history.writes:
        counted = times[write.kind][write.number] if write.kind in times else None
        if counted is not None:
            _judge(write, counted, found)
        found.unknown += write.outcome == "unknown"
    _judge_ids(history, engine, database)
    _judge_counters(history, engine, database, found)
    _judge_ups(history, engine, database, found)
    return found


def _times(engine: Engine, database: str, found: Verdict) -> dict[str, Counter[int]]:
    """How often each write counts, by kind and number."""

    def ints(sql: str) -> list[int]:
        return [int(row[0]) for row in engine.execute(sql, database)]

    times = {
        "insert": Counter(ints("SELECT n FROM items")),
        "posted": Counter(ints("SELECT n FROM posted")),
        "keyed": Counter(ints("SELECT id FROM keyed")),
        "nested": Counter(ints("SELECT n FROM parents")),
    }
    left = Counter(ints("SELECT id FROM victims"))
    times["delete"] = Counter(dict.fromkeys(range(max(left, default=0) + 1), 1))
    times["delete"].subtract(left)
    children = Counter(ints("SELECT n FROM children"))
    torn = {number for number in times["nested"] | children if children[number] != 2 * times["nested"][number]}
    found.lost += [f"nested {number}: {children[number]} children" for number in torn]
    return times


def _judge(write: Write, counted: int, found: Verdict) -> None:
    name = f"{write.kind} {write.number}"
    if counted > 1:
        found.duplicates.append(name)
    if write.outcome is None and counted == 0:
        found.lost.append(name)
    if (write.outcome == "not_applied" and counted) or (write.outcome == "applied" and not counted):
        found.misjudged.append(f"{name}: {write.outcome}")


def _judge_ids(history: History, engine: Engine, database: str) -> None:
    """An id that was answered is that of the write's own row."""
    numbers = dict(engine.execute("SELECT id, n FROM posted", database))
    for write in history.writes:
        if write.kind == "posted" and write.outcome is None and numbers.get(write.answer["id"]) != write.number:
            history.wrong.append(f"posted {write.number}: {write.answer}")


def _judge_counters(history: History, engine: Engine, database: str, found: Verdict) -> None:
    """Each worker has a counter: it stands at the answered increments, and perhaps the unknown ones."""
    sure, perhaps = Counter[int](), Counter[int]()
    for write in history.writes:
        if write.kind == "increment" and write.outcome in (None, "applied"):
            sure[write.worker] += 1
        elif write.kind == "increment" and write.outcome == "unknown":
            perhaps[write.worker] += 1
    for worker, value in engine.execute("SELECT id, v FROM counters", database):
        if value > sure[worker] + perhaps[worker]:
            found.duplicates.append(f"counter {worker}: {value} for {sure[worker]} (+{perhaps[worker]})")
        if value < sure[worker]:
            found.lost.append(f"counter {worker}: {value} for {sure[worker]}")


def _judge_ups(history: History, engine: Engine, database: str, found: Verdict) -> None:
    """Each worker has a row: it holds the last answered number, or an unknown one after it."""
    possible: dict[int, set[int]] = {}
    for write in history.writes:
        if write.kind == "upsert" and write.outcome in (None, "applied"):
            possible[write.worker] = {write.number}
        elif write.kind == "upsert" and write.outcome == "unknown":
            possible.setdefault(write.worker, {0}).add(write.number)
    stand = dict(engine.execute("SELECT id, v FROM ups", database))
    for worker, values in possible.items():
        if stand.get(worker, 0) not in values:
            found.lost.append(f"upsert of {worker}: {stand.get(worker)} is none of {sorted(values)}")
