"""A company with many materials on the shelf and as many customers, made once and kept.

Written straight into the tables that the recommender reads: what is measured is the answer, not
the years that it takes to make 100,000 materials. Kept in the user's cache folder.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from sqlalchemy import insert

from content_hub.materials import Material
from content_hub.placements import Placement
from content_hub.showcase import ShelfDocument, ShelfRow
from content_hub.tags import Tag, Tagging
from data_hub.customers import Relation
from data_hub.identities import Known, own_id
from data_hub.profiles import SHAPE, Profile, ProfileRow
from data_hub.staff import Staff
from juzhen import wiring
from juzhen.migrations import head
from juzhen.settings import Settings
from kernel.actors import Actor, Role
from kernel.events import Handle
from kernel.secret import Secret
from matching.arrays import keys_of
from matching.counters import MaterialCount, Neighbours, worth, worth_lately
from matching.counters.keeping import OF_NOW
from stores.records import Folded, Record
from stores.told import micros
from stores.watermarks import Watermarks

LAYOUT = 7
"""Counted up whenever what is written below changes; new tables make a new one anyway."""
BRANCHES, OWN = 300, 20
"""Every so manieth material belongs to one of so many branches."""
TAGS, TAGS_EACH, HISTORY, NEAR = 256, 6, 50, 100
_ACCOUNT = "acc_bench"
_KINDS = ("image_text", "poster", "short_video", "product_note", "script", "proposal")


class Library:
    """The opened company, its rep and her customers."""

    def __init__(self, materials: int, elsewhere: Path | None = None, **stores: str) -> None:
        """Kept in the cache, or laid ``elsewhere`` with stores of its own."""
        self.materials = materials
        self.home = home = elsewhere or cache() / f"recommend-{materials}-{_form()}"
        fresh = not (home / "made").exists()
        if fresh:
            shutil.rmtree(home, ignore_errors=True)
        settings = Settings(
            home=home, stores_durability="power", keys_secrets=Secret("00" * 32),
            keys_links=Secret("11" * 32), **stores,
        )  # fmt: skip
        if fresh:
            home.mkdir(parents=True)
            wiring.migrate(settings)
        self.platform = wiring.assemble(settings)
        if fresh:
            _fill(self.platform, materials)
            (home / "made").touch()
        self.rep = Actor(
            id="stf_bench", staff="stf_bench", role=Role.REP, name="Bench", reach=frozenset()
        )
        self.branches = [
            replace(self.rep, unit=f"unt_{number}", units=frozenset({"", f"unt_{number}"}))
            for number in range(BRANCHES)
        ]
        self.customers = [own_id(handle) for handle in _handles(materials)]

    def close(self) -> None:
        self.platform.close()


def _form() -> str:
    """What is kept in another form is folded again beside what is measured: it is made anew."""
    return f"v{LAYOUT}-{head()}-{SHAPE}-{OF_NOW}"


def cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "juzhen-bench"


def _handles(count: int) -> list[Handle]:
    return [Handle("phone", "", phone(number)) for number in range(count)]


def phone(number: int) -> str:
    return f"139{number:08}"


def material_id(number: int) -> str:
    return f"mat_{number:021}"


def tag_id(number: int) -> str:
    return f"tag_{number:021}"


def _fill(platform: wiring.Platform, count: int) -> None:
    chance = random.Random(20260302)
    now = datetime.now(UTC)
    tags = [_some_tags(chance) for _ in range(count)]
    platform.counters.fold()  # what is written next is of its form, and not folded again
    write(platform.records, Tag, _tag_rows())
    write(platform.records, Material, _material_rows(count, now))
    write(platform.records, Tagging, _tagging_rows(tags, now))
    write(platform.records, Placement, _placement_rows(count, now))
    write(platform.records, ShelfRow, _shelf_rows(count, now))
    write(platform.records, ShelfDocument, _documents(tags))
    write(platform.records, Staff, [_staff()])
    handles = _handles(count)
    write(platform.records, Relation, _relations(handles, now))
    write(platform.people, MaterialCount, _count_rows(count, chance, now))
    write(platform.people, Neighbours, _neighbour_rows(count))
    write(platform.people, Known, _known(handles, now))
    write(platform.people, ProfileRow, _profiles(handles, chance, tags, now))
    Watermarks(platform.people, Folded).move("counters", "1")
    platform.changes.count_up("content")
    platform.changes.count_up("tags")
    _catch_up(platform)


def _catch_up(platform: wiring.Platform) -> None:
    """A company that runs has looked at everybody once: a round over all customers is not beside
    what is measured."""
    while platform.digest.run(500) or platform.counters.fold(500):
        pass
    if not platform.counters.neighbours([material_id(0)]):
        raise RuntimeError("the counts were thrown away: lists would be measured without them")


def write(records: Any, kind: type[Record] | type[Folded], rows: Any) -> None:
    """Put so many rows into a table, some thousand a transaction."""
    rows = iter(rows)
    while some := list(islice(rows, 5_000)):
        with records.write() as session:
            session.execute(insert(kind.__table__), some)


def _some_tags(chance: random.Random) -> list[int]:
    """Few tags are on many materials, many on few."""
    drawn = {min(TAGS - 1, int(chance.expovariate(1 / 40))) for _ in range(TAGS_EACH + 2)}
    return sorted(drawn)[:TAGS_EACH]


def _tag_rows() -> Iterator[dict[str, Any]]:
    for number in range(TAGS):
        yield {
            "id": tag_id(number), "code": f"t{number}", "facet": "topic", "zh": f"主题{number}",
            "en": f"Topic {number}", "synonyms": [], "pinyin": "", "parent": None,
            "merged_into": None,
        }  # fmt: skip


def _material_rows(count: int, now: datetime) -> Iterator[dict[str, Any]]:
    for number in range(count):
        yield {
            "id": material_id(number), "code": f"m{number}", "type": _KINDS[number % len(_KINDS)],
            "title": f"素材{number}", "summary": "", "body": "{客户称呼}您好", "cover": "",
            "fields": {}, "unit": "", "owner": "bench", "created": now, "edited": now, "number": 1,
            "source_platform": None, "source_id": None, "source_url": "",
        }  # fmt: skip


def _tagging_rows(tags: Sequence[Sequence[int]], now: datetime) -> Iterator[dict[str, Any]]:
    for number, own in enumerate(tags):
        for tag in own:
            yield {"material": material_id(number), "tag": tag_id(tag), "by": "bench", "at": now}


def _placement_rows(count: int, now: datetime) -> Iterator[dict[str, Any]]:
    for number in range(count):
        yield {
            "id": f"plc_{number:021}", "material": material_id(number), "account": _ACCOUNT,
            "opens": now - timedelta(days=9), "closes": now + timedelta(days=9_000),
            "placed_by": "bench", "placed_at": now, "slot": "", "campaign": "",
            "unit": unit_of(number), "retired": None, "retired_by": None,
        }  # fmt: skip


def unit_of(number: int) -> str:
    """The branch that is shown a material, the company (``""``) in most cases."""
    return f"unt_{number // OWN % BRANCHES}" if number % OWN == 0 else ""


def _shelf_rows(count: int, now: datetime) -> Iterator[dict[str, Any]]:
    opens, closes = micros(now - timedelta(days=9)), micros(now + timedelta(days=9_000))
    for number in range(count):
        yield {
            "placement": f"plc_{number:021}", "tag": "", "direct": True, "account": _ACCOUNT,
            "material": material_id(number), "opens": opens, "closes": closes,
            "unit": unit_of(number),
            "slot": "", "type": _KINDS[number % len(_KINDS)],
        }  # fmt: skip


def _documents(tags: Sequence[Sequence[int]]) -> Iterator[dict[str, Any]]:
    for number, own in enumerate(tags):
        document = orjson.dumps({"id": material_id(number), "title": f"素材{number}"}).decode()
        direct = [tag_id(tag) for tag in own]
        yield {"material": material_id(number), "document": document, "direct": direct, "above": []}


def _staff() -> dict[str, Any]:
    worn = [tag_id(3), tag_id(7)]
    return {
        "id": "stf_bench", "code": "bench", "name": "Bench", "unit": "", "role": "rep", "post": "",
        "language": "zh", "persona": worn, "licences": [],
    }  # fmt: skip


def _relations(handles: Sequence[Handle], now: datetime) -> Iterator[dict[str, Any]]:
    for number, handle in enumerate(handles):
        yield {
            "id": f"rel_{number:021}", "handle": str(handle), "staff": "stf_bench", "since": now,
            "by": "bench",
        }  # fmt: skip


def _count_rows(count: int, chance: random.Random, now: datetime) -> Iterator[dict[str, Any]]:
    present, these_days = worth(now.timestamp()), worth_lately(now.timestamp())
    for number in range(count):
        readers = int(chance.paretovariate(1.2))
        yield {
            "material": material_id(number), "popular": present * readers,
            "lately": these_days * chance.randrange(readers + 1), "readers": readers, "shown": 50,
            "clicked": 2, "moved": 1, "stale": False,
        }  # fmt: skip


def _neighbour_rows(count: int) -> Iterator[dict[str, Any]]:
    numbers = np.random.default_rng(20260302)
    keys = keys_of(material_id(number) for number in range(count))
    for number in range(count):
        near = keys[np.unique(numbers.integers(count, size=NEAR))]
        strengths = np.sort(numbers.random(len(near)))[::-1].astype(np.float64)
        yield {
            "material": material_id(number), "keys": numbers.permutation(near).tobytes(),
            "strengths": strengths.tobytes(),
        }  # fmt: skip


def _known(handles: Sequence[Handle], now: datetime) -> Iterator[dict[str, Any]]:
    for handle in handles:
        own = own_id(handle)
        yield {
            "handle": str(handle), "value": handle.value, "own": own, "customer": own,
            "region": str(handle), "first_seen": now,
        }  # fmt: skip


def _profiles(
    handles: Sequence[Handle], chance: random.Random, tags: Sequence[Sequence[int]], now: datetime
) -> Iterator[dict[str, Any]]:
    for handle in handles:
        profile = Profile()
        for back, number in enumerate(chance.sample(range(len(tags)), HISTORY)):
            at = (now - timedelta(hours=6 * (HISTORY - back))).timestamp()
            profile.materials.append([material_id(number), at, 2.0, "read_material"])
            for tag in tags[number]:
                value, _ = profile.tags.get(tag_id(tag), (0.0, at))
                profile.tags[tag_id(tag)] = [value + 2.0, at]
        yield {
            "customer": own_id(handle), "handle": str(handle), "name": "", "phone": "",
            "last_at": now, "body": profile.pack(),
        }  # fmt: skip
