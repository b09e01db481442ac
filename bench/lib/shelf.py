"""A company with one full shelf, made once and kept in the user's cache folder.

The first material is made by the keepers, the others are copies of its rows under ids of their
own: what is measured is the answer, not the hour that 100,000 edits would take.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import insert, inspect

from content_hub.materials import Material
from content_hub.placements import Placement
from content_hub.showcase import ShelfDocument, ShelfRow
from content_hub.tags import Tagging
from juzhen.migrations import head
from juzhen.wiring import Platform
from kernel.actors import Role
from kernel.clock import utc_now
from stores.records import Record
from stores.told import micros

LAYOUT = 3
"""Counted up whenever what is written below changes; new tables make a new one anyway."""
TAGS, WORN = 40, 6


def company(home: Path, materials: int, **stores: str) -> tuple[list[str], dict[str, str]]:
    """Lay a company with so many materials at ``home``, or with its ``stores`` elsewhere: its tags,
    and tokens by role."""
    kept = cache() / f"shelf-{materials}-v{LAYOUT}-{head()}"
    if stores:
        _fill(home, materials, **stores)
    elif not (kept / "done").exists():
        shutil.rmtree(kept, ignore_errors=True)
        _fill(kept, materials)
    if not stores:
        shutil.copytree(kept, home)
    with Opened(home) as platform:
        account = platform.accounts.one("app").id
        tokens = {
            role.value: platform.access.issue(
                role, "bench", account=account if role is Role.CHANNEL_APP else "", by="bench"
            ).reveal()
            for role in (Role.CHANNEL_APP, Role.EDITOR)
        }
        return [tag.id for tag in platform.taxonomy.find("主题", limit=TAGS)], tokens


class Opened:
    """The company's keepers, for a ``with``."""

    def __init__(self, home: Path) -> None:
        from juzhen.settings import load
        from juzhen.wiring import assemble, migrate

        settings = load({"JUZHEN_HOME": str(home)})
        migrate(settings)
        self._platform = assemble(settings)

    def __enter__(self) -> Platform:
        return self._platform

    def __exit__(self, *_: object) -> None:
        self._platform.close()


def cache() -> Path:
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "juzhen-bench"


def _fill(home: Path, materials: int, **stores: str) -> None:
    from juzhen.settings import begin

    home.mkdir(parents=True)
    begin(home, stores_durability="process", **stores)
    with Opened(home) as platform:
        platform.accounts.add(code="app", name="应用", kind="app", ecosystem="own_app", by="bench")
        account, now = platform.accounts.one("app").id, utc_now()
        tags = [
            platform.taxonomy.create(f"主题{n:02}", "topic", code=f"t{n}", by="bench").id
            for n in range(TAGS)
        ]
        made = platform.materials.create(
            "image_text", "退休后的养老规划 0", code="m0", summary="每月一次的家庭资产体检" * 3,
            tags=_worn(tags, 0), by="bench",
        )  # fmt: skip
        platform.shelf.place(
            made.id, account, opens=now - timedelta(minutes=1),
            closes=now + timedelta(days=3_000), by="bench",
        )  # fmt: skip
        with platform.records.read() as session:
            models = {
                kind: _columns(session.query(kind).first())
                for kind in (Material, Placement, ShelfDocument)
            }
        for kind, rows in _copies(models, tags, materials, now):
            while some := list(islice(rows, 5_000)):
                with platform.records.write() as session:
                    session.execute(insert(kind.__table__), some)
        platform.changes.count_up("content")
    (home / "done").touch()


def _columns(record: Any) -> dict[str, Any]:
    return {each.key: getattr(record, each.key) for each in inspect(type(record)).columns}


def _worn(tags: list[str], number: int) -> list[str]:
    return [tags[(number * 7 + k * k) % TAGS] for k in range(WORN)]


def _copies(
    models: dict[type[Record], dict[str, Any]], tags: list[str], materials: int, now: datetime
) -> Iterable[tuple[type[Record], Iterator[dict[str, Any]]]]:
    """Rows of every table for the materials from the second on."""
    numbers = range(1, materials)

    def material(number: int) -> dict[str, Any]:
        title = f"退休后的养老规划 {number}"
        return models[Material] | {"id": _id("mat", number), "code": f"m{number}", "title": title}

    def placement(number: int) -> dict[str, Any]:
        opens = now - timedelta(minutes=number + 1)
        told = {"id": _id("plc", number), "material": _id("mat", number), "opens": opens}
        return models[Placement] | told

    def document(number: int) -> dict[str, Any]:
        told = orjson.loads(models[ShelfDocument]["document"])
        own = material(number)
        worn = sorted(set(_worn(tags, number)))
        told |= {"id": own["id"], "code": own["code"], "title": own["title"], "tags": worn}
        return models[ShelfDocument] | {
            "material": own["id"], "document": orjson.dumps(told).decode(), "direct": worn,
        }  # fmt: skip

    def taggings(number: int) -> Iterator[dict[str, Any]]:
        for tag in set(_worn(tags, number)):
            yield {"material": _id("mat", number), "tag": tag, "by": "bench", "at": now}

    def rows(number: int) -> Iterator[dict[str, Any]]:
        own = placement(number)
        for tag in {"", *_worn(tags, number)}:
            yield {
                "placement": own["id"], "tag": tag, "direct": True, "account": own["account"],
                "material": own["material"], "opens": micros(own["opens"]),
                "closes": micros(own["closes"]), "unit": "", "slot": "", "type": "image_text",
            }  # fmt: skip

    yield Material, map(material, numbers)
    yield Placement, map(placement, numbers)
    yield ShelfDocument, map(document, numbers)
    yield Tagging, (row for number in numbers for row in taggings(number))
    yield ShelfRow, (row for number in numbers for row in rows(number))


def _id(prefix: str, number: int) -> str:
    return f"{prefix}_{number:021}"
