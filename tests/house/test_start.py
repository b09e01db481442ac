"""What a start waits for: a process that serves imports nothing large that only some work needs."""

import ast
import os
import subprocess
import sys

from juzhen.web.serving import _BEHIND

LATER = {
    "PIL", "apispec", "argon2", "boto3", "elasticsearch", "graphene", "graphql", "lunar_python",
    "opensearchpy", "openpyxl", "playwright", "psycopg", "pyarrow", "pypdfium2", "rich", "urllib3",
    "sqlalchemy.dialects.postgresql",
}  # fmt: skip


def test_serving_waits_for_no_library_that_only_some_work_needs(root):
    asked = f"import sys, {', '.join(_BEHIND)}; print(*sys.modules)"

    told = subprocess.run(
        [sys.executable, "-c", asked], cwd=root, capture_output=True, text=True, check=True
    )

    assert {"flask", "numpy"} <= (loaded := set(told.stdout.split()))
    assert loaded & LATER == set()


def test_serving_works_out_nothing_before_somebody_asks_for_it(root, tmp_path):
    """The ways of 124 tables, the addresses of 230 doors, the schema and its text, the words."""
    asked = """
import juzhen.web.front
from juzhen import wiring
from kernel import wording
from juzhen.settings import load
from juzhen.web import app
from stores.records import Folded, Record

platform = wiring.assemble(load())
doors = app.create(platform).url_map.iter_rules()
print(
    any(each.configured for base in (Record, Folded) for each in base.registry.mappers),
    any(each._build.__name__.startswith("<builder") for each in doors),
    "edition" in vars(platform),
    wording._parsed.cache_info().currsize > 0,
)
"""
    secret = "0" * 64
    env = os.environ | {
        "JUZHEN_HOME": str(tmp_path), "JUZHEN_KEYS_SECRETS": secret, "JUZHEN_KEYS_LINKS": secret,
    }  # fmt: skip

    told = subprocess.run(
        [sys.executable, "-c", asked], cwd=root, env=env, capture_output=True, text=True, check=True
    )

    assert told.stdout.split() == ["False"] * 4


def test_no_column_is_spelled_in_words_that_must_be_parsed_again():
    """`from __future__ import annotations` would do that to every column of a module."""
    import juzhen.web.app
    import juzhen.wiring  # noqa: F401 - all rooms
    from stores.records import Folded, Record

    tables = [each.class_ for base in (Record, Folded) for each in base.registry.mappers]

    assert len(tables) > 100
    assert [
        f"{table.__module__}.{table.__name__}.{name}"
        for table in tables
        for name, told in vars(table).get("__annotations__", {}).items()
        if isinstance(told, str)
    ] == []


def test_every_room_makes_its_values_cheaply(modules):
    """The standard library's decorator would take twice as long over each of 250."""
    assert {
        module.path
        for module in modules
        for node in module.nodes(ast.ImportFrom)
        if node.module == "dataclasses" and any(each.name == "dataclass" for each in node.names)
    } == {"kernel/values.py"}
