"""Cells become JSON: groups, gaps, missing rows."""

from __future__ import annotations

import pytest

from graphql_app.engine.assemble import Batch, whole
from graphql_app.engine.compiled import ABSENT, NULL_KEY, Form, Hole, Node
from graphql_app.engine.driver import Result
from graphql_app.engine.fragment import Statement
from graphql_app.engine.mysql_errors import StaleSchema

NOTHING = Statement((b"",))


def grouped(form: Form, missing: bytes) -> Node:
    return Node(NOTHING, form, grouped=True, keyed=True, missing=missing)


def batch(node: Node, cells: list[bytes | None], *children: Batch) -> Batch:
    """A batch that has received these rows, each led by its group where the node is grouped."""
    made = Batch(node)
    split = [cell.partition(b"\x1f") for cell in cells if cell is not None and node.grouped]
    texts: list[bytes | None] = [text for _, _, text in split] if node.grouped else list(cells)
    made.receive(Result(texts, groups=[group for group, _, _ in split], has_null=None in texts))
    made.children.extend(children)
    return made


def test_a_list_keeps_the_order_of_rows() -> None:
    assert whole(batch(Node(NOTHING, Form.LIST), [b'{"a":2}', b'{"a":1}'])) == b'[{"a":2},{"a":1}]'


def test_no_rows() -> None:
    assert whole(batch(Node(NOTHING, Form.LIST), [])) == b"[]"
    assert whole(batch(Node(NOTHING, Form.ONE, missing=b"null"), [])) == b"null"


def test_gaps_are_filled_by_key_and_missing_groups_by_their_default() -> None:
    child = batch(grouped(Form.LIST, b"[]"), [b'1\x1f{"x":1}', b'2\x1f{"x":2}', b'1\x1f{"x":3}'])
    parent = Node(NOTHING, Form.LIST, holes=(Hole(1, child.node),))
    cells: list[bytes | None] = [b'{"c":\x1f1\x1f}', b'{"c":\x1f2\x1f}', b'{"c":\x1f3\x1f}', b'{"c":\x1f\x1b\x1f}']
    made = whole(batch(parent, cells, child))
    assert made == b'[{"c":[{"x":1},{"x":3}]},{"c":[{"x":2}]},{"c":[]},{"c":[]}]'


def test_the_key_of_an_absent_row_leaves_nothing() -> None:
    child = batch(grouped(Form.LIST, b"[]"), [])
    parent = Node(NOTHING, Form.ONE, holes=(Hole(1, child.node),))
    assert whole(batch(parent, [b"null\x1f" + ABSENT.encode() + b"\x1f"], child)) == b"null"


def test_keys_are_distinct_and_real() -> None:
    parent = Node(NOTHING, Form.LIST, holes=(Hole(1, grouped(Form.LIST, b"[]")),))
    keys = (b"5", b"4", b"5", NULL_KEY.encode(), ABSENT.encode(), b"")
    made = batch(parent, [b"{\x1f" + key + b"\x1f}" for key in keys])
    assert made.keys(parent.holes[0]) == [b"5", b"4", b""]  # an empty text is a key


def test_levels_below_an_empty_level_stay_empty() -> None:
    leaf = grouped(Form.LIST, b"[]")
    middle = Node(NOTHING, Form.LIST, grouped=True, keyed=True, holes=(Hole(1, leaf),))
    parent = Node(NOTHING, Form.LIST, holes=(Hole(1, middle),))
    assert whole(batch(parent, [b'{"c":\x1f1\x1f}'], Batch(middle))) == b'[{"c":[]}]'


def test_a_row_that_is_null_tells_of_another_structure() -> None:
    with pytest.raises(StaleSchema):
        batch(Node(NOTHING, Form.LIST), [b"{}", None])
