"""Drafting migrations (起草迁移): write the next script from what the models say. Runs none.

``python -m juzhen.migrations.draft "what it is for"`` compares the models with the scripts so far
and writes what is missing, for a person to read and mend. ``--anew`` writes the whole history
again from nothing, one script a room: only while no company has tables to keep.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from alembic.autogenerate import compare_metadata, produce_migrations, render_python_code
from alembic.operations.ops import UpgradeOps
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData
from sqlalchemy.types import TypeDecorator

from juzhen.migrations import HERE, MODELS, PARTS, head, migrate
from stores.records import Records

_ROOMS = (
    "stores", "content_hub", "data_hub", "channels", "matching", "engagement", "schemas", "juzhen",
)  # fmt: skip
_SCRIPT = '''"""{message}."""

{imports}
revision = "{number}"
down_revision = {before}


def upgrade(part: str) -> None:
    {{"records": _up_records, "people": _up_people}}[part]()


def downgrade(part: str) -> None:
    {{"records": _down_records, "people": _down_people}}[part]()
'''


def models() -> None:
    """Import every module of ours that defines a table."""
    for room in _ROOMS:
        home = Path(import_module(room).__file__ or "").parent
        for file in sorted(home.rglob("*.py")):
            if "__tablename__" in file.read_text("utf-8") and file != Path(__file__):
                steps = file.relative_to(home.parent).with_suffix("").parts
                import_module(".".join(steps).removesuffix(".__init__"))


def differences(connection: Connection, part: str) -> list[Any]:
    """What the tables of a database lack or have too much, compared with the models."""
    return list(compare_metadata(_context(connection, part), MODELS[part].metadata))


def _context(connection: Connection, part: str) -> MigrationContext:
    """Alembic's view of one part: the other part's tables in the same database are not seen."""
    others = {f"{each}_version" for each in PARTS}
    for each, base in MODELS.items():
        if each != part:
            others |= set(base.metadata.tables)
    return MigrationContext.configure(
        connection,
        opts={
            "target_metadata": MODELS[part].metadata,
            "include_name": lambda name, kind, _: kind != "table" or name not in others,
        },
    )


def draft(message: str) -> Path:
    """Write the next script from what the models have and the scripts so far do not make."""
    with _scratch() as (records, people):
        migrate(records.engine, people.engine)
        told = [_told(records, "records"), _told(people, "people")]
    if all(body == "pass" for both in told for body in both):
        sys.exit("The scripts make what the models say: there is nothing to write.")
    return _write(message, told)


def anew() -> list[Path]:
    """Write the history again from the first script on: a room a script, from the lowest floor."""
    for file in (HERE / "versions").glob("0*.py"):
        file.unlink()
    written = []
    for room in _ROOMS:
        tables = {
            part: {
                mapper.class_.__tablename__
                for mapper in base.registry.mappers
                if mapper.class_.__module__.split(".")[0] == room
            }
            for part, base in MODELS.items()
        }
        if not any(tables.values()):
            continue
        with _scratch() as (records, people):
            told = [
                _told(records, "records", tables["records"]),
                _told(people, "people", tables["people"]),
            ]
        written.append(_write(f"The tables of {room}", told, room))
    return written


@contextmanager
def _scratch() -> Iterator[tuple[Records, Records]]:
    """An empty company that is thrown away."""
    with TemporaryDirectory() as folder:
        both = [Records(f"sqlite:///{folder}/{part}.db", durability="process") for part in PARTS]
        try:
            yield both[0], both[1]
        finally:
            for each in both:
                each.close()


def _told(records: Records, part: str, only: Collection[str] | None = None) -> tuple[str, str]:
    """The Python that brings a part up, and the one that takes it back."""
    metadata: MetaData = MODELS[part].metadata
    with records.engine.connect() as connection:
        context = _context(connection, part)
        script = produce_migrations(context, metadata)
        ups, downs = script.upgrade_ops, script.downgrade_ops
        if ups is None or downs is None:
            raise RuntimeError("Alembic compared nothing")
        if only is not None:
            ups.ops = [op for op in ups.ops if _of(op) in only]
            downs.ops = [op for op in downs.ops if _of(op) in only]
        how: dict[str, Any] = {"render_as_batch": only is None, "migration_context": context}
        both = (ups, UpgradeOps(downs.ops))
        up, down = (render_python_code(ops, render_item=_plain, **how) for ops in both)
    return _bare(up), _bare(down)


def _bare(code: str) -> str:
    """Without Alembic's remarks."""
    return "\n".join(line for line in code.splitlines() if not line.strip().startswith("#")).strip()


def _of(op: Any) -> str:
    return str(op.table_name)


def _plain(kind: str, thing: Any, _: Any) -> str | Literal[False]:
    """Our own types as the plain ones that they are stored as: a script outlives our code."""
    if kind == "type" and isinstance(thing, TypeDecorator):
        return f"sa.{thing.impl!r}"
    return False


def _write(message: str, told: list[tuple[str, str]], name: str = "") -> Path:
    head.cache_clear()
    before = head()
    number = f"{int(before or 0) + 1:04}"
    slug = name or re.sub(r"[^a-z0-9]+", "_", message.lower()).strip("_")
    code = _SCRIPT.format(
        message=message.rstrip("."), number=number, before=f'"{before}"' if before else None,
        imports="import sqlalchemy as sa\nfrom alembic import op\n",
    )  # fmt: skip
    for part, both in zip(PARTS, told, strict=True):
        for way, body in zip(("up", "down"), both, strict=True):
            code += f"\n\ndef _{way}_{part}() -> None:\n    {body}\n"
    if "sa." not in code:
        code = code.replace("import sqlalchemy as sa\n", "")
    file = HERE / "versions" / f"{number}_{slug}.py"
    file.write_text(code, "utf-8")
    subprocess.run([sys.executable, "-m", "ruff", "format", "-q", file], check=True)
    head.cache_clear()
    return file


def main(asked: list[str]) -> None:
    """Write what is asked for and name the files."""
    if len(asked) != 1:
        sys.exit('usage: python -m juzhen.migrations.draft "what it is for" | --anew')
    models()
    written = anew() if asked == ["--anew"] else [draft(asked[0])]
    sys.stdout.write("".join(f"{file}\n" for file in written))


if __name__ == "__main__":
    main(sys.argv[1:])
