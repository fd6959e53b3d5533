"""Cells become JSON: groups, gaps, missing rows."""

from __future__ import annotations

import pytest

from graphql_app.engine.assemble.json import NodeRows, groups, text_of, ungrouped, whole, within
from graphql_app.engine.compile.statements import ABSENT, NULL_KEY, GroupForm, Placeholder, ResultNode
from graphql_app.engine.mysql.dial import Result
from graphql_app.engine.mysql.row_text import form_called, name_of_column
from graphql_app.engine.mysql.server_errors import StaleSchema
from graphql_app.engine.sql.fragment import Statement

NOTHING = Statement((b"",))


def grouped(form: GroupForm, missing: bytes) -> ResultNode:
    return ResultNode(NOTHING, form, grouped=True, keyed=True, missing=missing)


def batch(node: ResultNode, cells: list[bytes | None], *children: NodeRows) -> NodeRows:
    """A batch that has received these rows, each led by its group where the node is grouped."""
    made, form = NodeRows(node), form_called(name_of_column(node.grouped, len(node.holes)))
    assert form is not None
    cut = [form.single(cell + b"\x02") for cell in cells if cell is not None]
    pieces: list[bytes | None] = [piece for pieces, _ in cut for piece in pieces]
    pieces += [None for cell in cells if cell is None]
    made.receive(Result(pieces, groups=[group for _, group in cut], has_null=None in cells))
    made.children.extend(children)
    return made


def test_a_list_keeps_the_order_of_rows() -> None:
    assert whole(batch(ResultNode(NOTHING, GroupForm.LIST), [b'{"a":2}', b'{"a":1}'])) == b'[{"a":2},{"a":1}]'


def test_no_rows() -> None:
    assert whole(batch(ResultNode(NOTHING, GroupForm.LIST), [])) == b"[]"
    assert whole(batch(ResultNode(NOTHING, GroupForm.ONE, missing=b"null"), [])) == b"null"


def test_gaps_are_filled_by_key_and_missing_groups_by_their_default() -> None:
    child = batch(grouped(GroupForm.LIST, b"[]"), [b'1\x1f{"x":1}', b'2\x1f{"x":2}', b'1\x1f{"x":3}'])
    parent = ResultNode(NOTHING, GroupForm.LIST, holes=(Placeholder(1, child.node),))
    cells: list[bytes | None] = [b'{"c":\x1f1\x1f}', b'{"c":\x1f2\x1f}', b'{"c":\x1f3\x1f}', b'{"c":\x1f\x1b\x1f}']
    made = whole(batch(parent, cells, child))
    assert made == b'[{"c":[{"x":1},{"x":3}]},{"c":[{"x":2}]},{"c":[]},{"c":[]}]'


def test_several_gaps_are_filled_each_by_its_own() -> None:
    first = batch(grouped(GroupForm.LIST, b"[]"), [b'1\x1f{"x":1}', b'1\x1f{"x":2}'])
    second = batch(grouped(GroupForm.ONE, b"null"), [b'7\x1f{"y":7}'])
    parent = ResultNode(
        NOTHING, GroupForm.LIST, grouped=True, holes=(Placeholder(1, first.node), Placeholder(3, second.node))
    )
    cells: list[bytes | None] = [
        b'%d\x1f{"c":\x1f%d\x1f,"d":\x1f%d\x1f}' % row for row in ((4, 1, 7), (4, 2, 8), (5, 1, 8))
    ]
    assert groups(batch(parent, cells, first, second)) == {
        b"4": b'[{"c":[{"x":1},{"x":2}],"d":{"y":7}},{"c":[],"d":null}]',
        b"5": b'[{"c":[{"x":1},{"x":2}],"d":null}]',
        ABSENT.encode(): b"",
    }


@pytest.mark.parametrize("holes", [0, 1])
def test_rows_of_a_group_that_stand_apart(holes: int) -> None:
    """Rows come in the order that was asked for, whichever parent they have."""
    child = grouped(GroupForm.LIST, b"[]")
    node = ResultNode(NOTHING, GroupForm.LIST, grouped=True, holes=(Placeholder(1, child),) * holes)
    cells: list[bytes | None] = [
        b"%b\x1f%d%b" % (key, at, b"\x1f1\x1f" * holes) for at, key in enumerate([b"a", b"A", b"a"])
    ]
    made = groups(batch(node, cells, *[NodeRows(child)] * holes))
    texts = [b"%d%b" % (at, b"[]" * holes) for at in range(3)]
    assert made[b"a"] == b"[%b,%b]" % (texts[0], texts[2])
    assert made[b"A"] == b"[%b]" % texts[1]


def test_a_list_of_rows_with_gaps_stands_between_others() -> None:
    child = batch(grouped(GroupForm.ONE, b"null"), [b"1\x1ftrue"])
    parent = ResultNode(NOTHING, GroupForm.LIST, holes=(Placeholder(1, child.node),))
    made = batch(parent, [b"[\x1f1\x1f]", b"[\x1f2\x1f]"], child)
    value = ungrouped(parent, made.filled())
    assert within(b'{"t":', value, b"}") == b'{"t":[[true],[null]]}'
    assert text_of(value) == b"[[true],[null]]"  # taking the text leaves the value as it was
    assert within(b"<", ungrouped(parent, []), b">") == b"<[]>"


def test_the_key_of_an_absent_row_leaves_nothing() -> None:
    child = batch(grouped(GroupForm.LIST, b"[]"), [])
    parent = ResultNode(NOTHING, GroupForm.ONE, holes=(Placeholder(1, child.node),))
    assert whole(batch(parent, [b"null\x1f" + ABSENT.encode() + b"\x1f"], child)) == b"null"


def test_keys_are_distinct_and_real() -> None:
    parent = ResultNode(NOTHING, GroupForm.LIST, holes=(Placeholder(1, grouped(GroupForm.LIST, b"[]")),))
    keys = (b"5", b"4", b"5", NULL_KEY.encode(), ABSENT.encode(), b"")
    made = batch(parent, [b"{\x1f" + key + b"\x1f}" for key in keys])
    assert made.keys(parent.holes[0]) == [b"5", b"4", b""]  # an empty text is a key


def test_levels_below_an_empty_level_stay_empty() -> None:
    leaf = grouped(GroupForm.LIST, b"[]")
    middle = ResultNode(NOTHING, GroupForm.LIST, grouped=True, keyed=True, holes=(Placeholder(1, leaf),))
    parent = ResultNode(NOTHING, GroupForm.LIST, holes=(Placeholder(1, middle),))
    assert whole(batch(parent, [b'{"c":\x1f1\x1f}'], NodeRows(middle))) == b'[{"c":[]}]'


@pytest.mark.parametrize("holes", [0, 1])
def test_only_the_first_of_several_rows_is_the_one(holes: int) -> None:
    """A view may have several rows of one key."""
    child = grouped(GroupForm.LIST, b"[]")
    node = ResultNode(NOTHING, GroupForm.ONE, holes=(Placeholder(1, child),) * holes)
    cells: list[bytes | None] = [b"%d%b" % (at, b"\x1f1\x1f" * holes) for at in (1, 2)]
    assert whole(batch(node, cells, *[NodeRows(child)] * holes)) == (b"1[]" if holes else b"1")


def test_a_row_that_is_null_tells_of_another_structure() -> None:
    with pytest.raises(StaleSchema):
        batch(ResultNode(NOTHING, GroupForm.LIST), [b"{}", None])
