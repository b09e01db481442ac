"""Whoever changes a row of the shelf says so: what was counted of the rows is counted again."""

import ast

import pytest

WRITES = {"insert", "update", "delete", "upsert"}
IN_BULK = {"put", "put_by", "many"}
SPELLED = ("insert into shelf_rows", "update shelf_rows", "delete from shelf_rows")


def silent(tree):
    """The functions that write rows of the shelf and do not say that they moved."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef) or not _writes(function):
            continue
        if "rows_moved" not in _called(function, "id") | _called(function, "attr"):
            yield function.name


def _called(function, by):
    """What a function calls, by its own name (``id``) or as a part of something (``attr``)."""
    calls = (node.func for node in ast.walk(function) if isinstance(node, ast.Call))
    return {getattr(each, by, "") for each in calls}


def _writes(function):
    """By SQLAlchemy's words or in bulk, where the rows are spoken of, or by SQL as it is."""
    nodes = list(ast.walk(function))
    spoken = any(getattr(node, "id", getattr(node, "attr", "")) == "ShelfRow" for node in nodes)
    if spoken and (WRITES & _called(function, "id") or IN_BULK & _called(function, "attr")):
        return True
    texts = (str(node.value).lower() for node in nodes if isinstance(node, ast.Constant))
    return any(spelled in " ".join(text.split()) for text in texts for spelled in SPELLED)


def test_every_writer_of_the_shelfs_rows_says_that_they_moved(by_hand):
    found = {module.path: list(silent(module.tree)) for module in by_hand}
    assert {path: names for path, names in found.items() if names} == {}

    writers = [
        each.name for module in by_hand for each in module.nodes(ast.FunctionDef) if _writes(each)
    ]
    assert {"promise", "withdraw", "move_all", "rebuild_shelf"} <= set(writers)


@pytest.mark.parametrize(
    "act",
    [
        "session.execute(delete(ShelfRow).where(ShelfRow.placement == key))",
        "table = showcase.ShelfRow.__table__; session.execute(update(table).values(closes=0))",
        "bulk.put_by(session.connection(), ShelfRow, rows)",
        "session.execute(text('DELETE  FROM shelf_rows'))",
    ],
)
def test_one_that_does_not_is_found(act):
    quiet = f"def drop(session):\n    {act}\n"
    assert list(silent(ast.parse(quiet))) == ["drop"]
    assert list(silent(ast.parse(f"{quiet}    rows_moved(session)\n"))) == []
