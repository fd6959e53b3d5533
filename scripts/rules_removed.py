"""Removes what roles add to requests, one place after the other, and sees the tests fail each time.

Works on a copy of the tree. A place whose removal no test notices ends the run with status 1. The tests that need no
database come first, since most removals are noticed there; the others run on ENGINE (mariadb).

    .venv/bin/python scripts/rules_removed.py [WORD ...]      only places whose names hold one of these words
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENGINE = os.environ.get("ENGINE", "mariadb")
STAGES = (
    "tests/unit/test_role_reads.py tests/unit/test_masked_columns.py tests/unit/test_rule_conditions.py"
    " tests/unit/test_rules_access.py tests/unit/test_rules_inherited.py",
    "tests/contract/test_roles_graphql.py tests/engines/test_role_reads.py tests/engines/test_inherited_roles.py"
    " tests/engines/test_session_variables.py tests/engines/test_role_related_updates.py"
    " tests/engines/test_role_writes.py tests/engines/test_role_presets.py"
    " tests/engines/test_role_write_errors.py tests/engines/test_role_imports.py",
    "tests/differential/test_roles.py",
)


@dataclass(frozen=True, slots=True)
class Place:
    """A place where something is added: `old` becomes `new`, in one file, which holds it `times` times."""

    name: str
    file: str
    old: str
    new: str
    times: int = 1


ROWS = "graphql_app/engine/plan/rows.py"
PLANNER = "graphql_app/engine/plan/planner.py"
CONNECTIONS = "graphql_app/engine/plan/connections.py"
WRITES = "graphql_app/engine/plan/writes.py"
INSERTS = "graphql_app/engine/plan/inserts.py"
BULK = "graphql_app/engine/plan/bulk.py"
RELATED = "graphql_app/engine/plan/related.py"
CONDITIONS = "graphql_app/engine/compile/conditions.py"
EXACT_TEXTS = "graphql_app/engine/compile/exact_texts.py"
JSON_CELL = "graphql_app/engine/compile/json_cell.py"
TOUCHED = "graphql_app/engine/plan/touched_tables.py"
COMPILED_WRITES = "graphql_app/engine/compile/writes.py"
VIEW = "graphql_app/engine/access/view.py"
ENGINE_FILE = "graphql_app/engine/engine.py"

# Small tables that are read whole, and rows below all rows of a table, are no places: what is read there has the rule
# in its condition too, and the rows of hidden parents find no parent in the answer.
PLACES = (
    Place(
        "roots",
        ROWS,
        "self.visible(table, self.condition(table, request.where)),",
        "self.condition(table, request.where),",
    ),
    Place(
        "conditions on relations",
        ROWS,
        "far = self.visible(target, self.condition(target, where.where, root))\n",
        "far = self.condition(target, where.where, root)\n",
    ),
    Place(
        "predicates of counts",
        ROWS,
        "self.visible(target, self.condition(target, where.where, root)),\n            where.fold",
        "self.condition(target, where.where, root),\n            where.fold",
    ),
    Place("counts where none are allowed", ROWS, "if not found.may_aggregate:", "if False:"),
    Place("counts of relations where none are allowed", ROWS, "if not target.may_aggregate:", "if False:"),
    Place("rows of tables that are only written", ROWS, "if not found.may_select:", "if False:"),
    Place(
        "steps of an order", ROWS, "plan.PathStep(relation, self.visible(table, None),", "plan.PathStep(relation, None,"
    ),
    Place("figures to order by", ROWS, "rows = self.visible(target, None)\n", "rows = None\n"),
    Place(
        "limits of lists",
        ROWS,
        "rows = self._paged(table, rows, request.limit)\n        return plan.ReadPlan(rows",
        "return plan.ReadPlan(rows",
    ),
    Place(
        "limits of nodes",
        ROWS,
        "nodes = self._paged(table, rows, request.limit)\n",
        "nodes = rows if self.most(table) else self._paged(table, rows, request.limit)\n",
    ),
    Place("variables", ROWS, "self.variables.update(rule.variables)\n", "pass\n"),
    Place("both conditions", ROWS, "return plan.AllOf((rule.condition, where))", "return where"),
    Place("root fields", PLANNER, "if allowed is not None and", "if False and allowed is not None and"),
    Place(
        "connections",
        CONNECTIONS,
        "planner.visible(table, planner.condition(table, request.where))",
        "planner.condition(table, request.where)",
    ),
    Place("total counts where none are allowed", CONNECTIONS, "planner.aggregated(request.table)", "pass"),
    Place("sizes of pages: rows", CONNECTIONS, "MAX_PAGE if most is None else most))", "MAX_PAGE))"),
    Place("sizes of pages: answer", CONNECTIONS, "backward, bounded, mark, most)", "backward, bounded, mark)"),
    Place("sizes of pages: default", CONNECTIONS, "size = most if size is None else size", "pass"),
    Place(
        "groups",
        "graphql_app/engine/plan/groups.py",
        "planner.visible(table, planner.condition(table, request.where))",
        "planner.condition(table, request.where)",
    ),
    Place(
        "groups where none are allowed",
        "graphql_app/engine/plan/groups.py",
        "planner.aggregated(request.table)",
        "planner.readable(request.table)",
    ),
    Place(
        "signatures of cursors",
        "graphql_app/engine/plan/cursor.py",
        "not hmac.compare_digest(raw[:MAC_BYTES], _mac(mark, values))",
        "False",
    ),
    Place("secrets of cursors", "graphql_app/engine/plan/cursor.py", "key=key, digest_size=32", "digest_size=32"),
    Place("joined rows", CONDITIONS, "    if where is not None:\n        only =", "    if False:\n        only ="),
    Place(
        "rows shown by to-one relations",
        "graphql_app/engine/compile/reads.py",
        "follow(scope, alias, output.relation, output.read.rows.where)",
        "follow(scope, alias, output.relation, None)",
    ),
    Place(
        "figures: far rows",
        CONDITIONS,
        "_far_rows(scope, alias, far, term.relation, term.where), ",
        "_far_rows(scope, alias, far, term.relation, None), ",
    ),
    Place(
        "figures of all rows at once: far rows",
        CONDITIONS,
        "EMPTY if term.where is None else sql(",
        "EMPTY if True else sql(",
    ),
    Place(
        "parents that an order follows",
        "graphql_app/engine/compile/sources/parent_order.py",
        "if self.step.where is not None:\n            yield condition(",
        "if False:\n            yield condition(",
    ),
    Place("the row that a rule is about", CONDITIONS, "root = root or alias", "root = alias"),
    Place(
        "the row that a rule below is about",
        CONDITIONS,
        "added = condition(scope, alias, where.condition)",
        "added = condition(scope, alias, where.condition, root)",
    ),
    Place(
        "cells that are shown",
        JSON_CELL,
        "if seen is None:\n        return _stored_json",
        "if True:\n        return _stored_json",
    ),
    Place(
        "cells that are exported",
        "graphql_app/engine/compile/exports.py",
        "pieces += cell if seen is None else",
        "pieces += cell if True else",
    ),
    Place("cells that are compared", CONDITIONS, "if seen is None or where.value == EMPTY_LIST:", "if True:"),
    Place(
        "cells that are ordered and counted",
        CONDITIONS,
        "return value if seen is None else",
        "return value if True else",
    ),
    Place(
        "cells behind a cursor",
        CONDITIONS,
        "    if seen is not None:\n        column, beyond",
        "    if False:\n        column, beyond",
    ),
    Place("cells beside a cursor", CONDITIONS, "return same if seen is None else", "return same if True else"),
    Place(
        "cells: orders that are total",
        "graphql_app/engine/plan/total_order.py",
        "if each is not None and not isinstance(each, MaskedColumn))",
        "if each is not None)",
    ),
    Place(
        "cells: what decides over them",
        CONDITIONS,
        "if isinstance(column, plan.MaskedColumn) else set())",
        "if False else set())",
    ),
    Place("cells: variables", ROWS, "self.variables.update(found.variables)", "pass"),
    Place("cells: tables of live queries", TOUCHED, "waiting.append(part.mask)", "pass"),
    Place(
        "cells: rows to lock first",
        CONDITIONS,
        "return isinstance(where.column, plan.MaskedColumn) and",
        "return False and",
    ),
    Place(
        "cells: rows told by an insert",
        COMPILED_WRITES,
        "isinstance(item, plan.ColumnOut) and isinstance(item.column",
        "False and isinstance(item.column",
    ),
    Place(
        "cells: numbers generated",
        WRITES,
        "table.columns.get(number.name) != number",
        "number.name not in table.columns",
    ),
    Place("cells of inherited roles", "graphql_app/auth/inherited_roles.py", "cells if any(", "() if any("),
    Place("cells of keys", VIEW, "_key(full.primary_key, whole)", "_key(full.primary_key, frozenset(readable))"),
    Place("null in the place of hidden cells", VIEW, "(name, each.nullable) for name", "(name, True) for name"),
    Place("exact texts", EXACT_TEXTS, "if where.exact is not None and template_ is not None:", "if False:"),
    Place("lists that are empty", EXACT_TEXTS, "    if where.filled is None:\n", "    if True:\n"),
    Place(
        "exact columns",
        "graphql_app/engine/compile/column_pairs.py",
        "if one is None or two is None:",
        "if True:",
    ),
    Place("exact ranges", CONDITIONS, "if where.exact is not None and where.operator in ORDERINGS:", "if False:"),
    Place(
        "exact order of columns",
        "graphql_app/engine/compile/column_pairs.py",
        "return ordered_exactly(",
        "return _plain(scope, near, far, where) or ordered_exactly(",
    ),
    Place(
        "columns of views",
        VIEW,
        "MappingProxyType({name: readable[name] for name in full.columns if name in readable})",
        "full.columns",
    ),
    Place("keys of views", VIEW, "key is not None and set(key.columns) <= readable", "key is not None"),
    Place("keys that new rows are given", VIEW, "key != primary and set(key.columns) <= given", "key != primary"),
    Place("relations of views", VIEW, "if far is None or not far.selectable:", "if far is None:"),
    Place("null in the place of hidden rows", VIEW, "if hidden and relation.required else", "if False else"),
    Place("estimates of rows", VIEW, "        estimated_rows=None,\n", ""),
    Place("foreign keys of views", VIEW, "if _shown(each, tables))", "if True)"),
    Place("forms prepared for a role", ENGINE_FILE, "(self.access(against).key, shape)", "shape"),
    Place("exports prepared for a role", ENGINE_FILE, "(access.key, shape, request.form", "(shape, request.form"),
    Place(
        "variables that are missing",
        "graphql_app/engine/access/access.py",
        "if name not in session:",
        "if False:",
    ),
    Place(
        "rows to delete",
        WRITES,
        "planner.within(rule, planner.condition(table, request.where))",
        "planner.condition(table, request.where)",
    ),
    Place("rows to update", WRITES, "planner.within(rules.update, given) or given,", "given,"),
    Place("presets of updates", WRITES, "assignments += planner.presets(rules.update_presets)", "pass"),
    Place("checks of updates", WRITES, "planner.within(rules.update_check, None),", "None,"),
    Place(
        "presets and checks of inserts",
        INSERTS,
        "return _ruled(planner, table, made) if planner.rules else made",
        "return made",
    ),
    Place("checks of inserts", INSERTS, "check = planner.within(rules.insert_check, None)", "check = None"),
    Place(
        "rows that an upsert meets",
        INSERTS,
        "planner.within(rules.update, where), presets, check)",
        "where, presets, check)",
    ),
    Place(
        "columns of inserts",
        INSERTS,
        "writable_column(table, name, table.insertable) for name in used",
        "writable_column(table, name, table.full.columns) for name in used",
    ),
    Place(
        "columns of updates",
        WRITES,
        "table.updatable",
        "table.full.columns",
        times=4,
    ),
    Place("writes that a role may not make", WRITES, "    check_may_write(table, request)\n", ""),
    Place("imports", BULK, "return _ruled(planner, table, made) if table.access is not None else made", "return made"),
    Place("imports: rows to update", BULK, "where=planner.within(rules.update, None),", "where=None,"),
    Place("imports: checks", BULK, "check = planner.within(rules.insert_check, None)", "check = None"),
    Place(
        "related rows that are deleted",
        RELATED,
        "rows = planner.within(planner.rules_of(far).delete, given) or given",
        "rows = given",
    ),
    Place(
        "related rows that are connected",
        RELATED,
        "rule, check = planner.within(rules.update, None),",
        "rule, check = None,",
    ),
    Place("checks of connected rows", RELATED, "planner.within(rules.update_check, None)\n", "None\n"),
    Place("presets of connected rows", RELATED, "planner.presets(rules.update_presets), check)", "(), check)"),
    Place("rows to connect that are hidden", RELATED, "self._planner.visible(self._far, None))", "None)"),
    Place("actions on related rows", RELATED, "check_may_write(far, Delete(far.name, where, ()))", "pass"),
    Place("changes of related rows", RELATED, "check_may_write(self._far, update)", "pass"),
    Place("new related rows", RELATED, "check_may_write(self._far, Insert(self._far.name, (), ()))", "pass"),
    Place("columns that refer to related rows", RELATED, "writable_column(far, name, far.updatable)", "pass"),
)


def main(words: list[str]) -> int:
    """Tries each place; prints a table, and gives how many were not noticed."""
    places = [place for place in PLACES if not words or any(word in place.name for word in words)]
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(".venv", ".git", "__pycache__", "node_modules"))
        for stage in () if words else STAGES:
            if (failed := _failed(tree, stage)) is not None:
                raise SystemExit(f"{failed} fails as it is, with nothing removed")
        for place in places:
            found = _noticed(tree, place)
            missed += found is None
            print(f"| {place.name} | `{Path(place.file).name}` | {found or '**not noticed**'} |", flush=True)
    print(f"{len(places) - missed} of {len(places)} removals were noticed")
    return min(missed, 1)


def _noticed(tree: Path, place: Place) -> str | None:
    """The test that fails without this place."""
    file = tree / place.file
    text = file.read_text()
    if text.count(place.old) != place.times:
        raise SystemExit(f"{place.name}: {place.file} holds the text {text.count(place.old)} times")
    file.write_text(text.replace(place.old, place.new))
    try:
        return next((found for stage in STAGES if (found := _failed(tree, stage)) is not None), None)
    finally:
        file.write_text(text)


def _failed(tree: Path, stage: str) -> str | None:
    files = [name for name in stage.split() if (tree / name).exists()]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--engines", ENGINE, *files]
    given = os.environ | {"ROLE_EXAMPLES": os.environ.get("ROLE_EXAMPLES", "300"), "PYTHONDONTWRITEBYTECODE": "1"}
    started = time.monotonic()
    ran = subprocess.run(command, cwd=tree, env=given, capture_output=True, text=True, check=False)
    if ran.returncode == 0:
        return None
    lines = [line for line in ran.stdout.splitlines() if line.startswith(("FAILED tests", "ERROR tests"))]
    if not lines:
        raise SystemExit(f"pytest did not run:\n{ran.stdout[-3000:]}\n{ran.stderr[-3000:]}")
    name = lines[0].split(" ")[1].rpartition("/")[2]
    return f"`{name}` ({time.monotonic() - started:.0f} s)"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
