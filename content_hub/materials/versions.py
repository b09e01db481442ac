"""Versions (版本): what a material said at each of its edits; compared field by field, restored.

Written in the transaction of the edit. What two people changed at once is told apart here too.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from content_hub.materials import variants
from content_hub.materials.records import Material
from kernel.errors import NotFound
from stores.records import Record, Records

TEXTS = ("title", "summary", "body", "cover")


class MaterialVersion(Record, kw_only=True):
    """A material as it was after one edit."""

    __tablename__ = "material_versions"

    material: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    by: Mapped[str]
    at: Mapped[datetime]
    content: Mapped[dict[str, Any]]
    """Its texts, ``fields`` and ``variants`` (older ones have none)."""


class Difference(NamedTuple):
    """One field that two versions say otherwise."""

    field: str
    old: Any
    new: Any


def keep(session: Session, materials: Collection[Material], by: str, at: datetime) -> None:
    """Write down what they say now, joining their edits."""
    session.flush()
    if rows := list(told(materials, by, at)):
        session.execute(insert(MaterialVersion), rows)


def told(materials: Iterable[Material], by: str, at: datetime) -> Iterator[dict[str, Any]]:
    """What they say now, as rows."""
    for each in materials:
        yield {
            "material": each.id, "number": each.number, "by": by, "at": at,
            "content": content_of(each),
        }  # fmt: skip


def content_of(material: Material) -> dict[str, Any]:
    """What it says, as it is kept of every edit."""
    texts = {name: getattr(material, name) for name in TEXTS}
    return {**texts, "fields": dict(material.fields), "variants": dict(material.variants)}


def of(session: Session, material: str, number: int) -> MaterialVersion:
    found = session.get(MaterialVersion, (material, number))
    if found is None:
        raise NotFound("version", str(number))
    return found


def of_many(session: Session, numbers: Mapping[str, int]) -> dict[str, MaterialVersion]:
    """What some materials said after one edit each. Raises `NotFound` if one has no such edit."""
    wanted = select(MaterialVersion).where(
        MaterialVersion.material.in_(numbers), MaterialVersion.number.in_(set(numbers.values()))
    )
    found = {(each.material, each.number): each for each in session.scalars(wanted)}
    for each in numbers.items():
        if each not in found:
            raise NotFound("version", str(each[1]))
    return {each[0]: found[each] for each in numbers.items()}


def flat(content: Mapping[str, Any]) -> dict[str, Any]:
    """Everything it said by one name each, ``fields.slogan`` and ``variants.…`` after the texts."""
    told = {name: content.get(name) for name in TEXTS}
    told |= {f"fields.{name}": word for name, word in sorted((content.get("fields") or {}).items())}
    return told | dict(sorted(variants.flat(content.get("variants"))))


def chosen(now: Material, then: MaterialVersion, fields: Collection[str] | None) -> dict[str, Any]:
    """What an edit has to be given to say again what was said then, or only some fields of it."""
    before, said = flat(content_of(now)), flat(then.content)
    words = {
        name: said.get(name) for name in {**before, **said} if fields is None or name in fields
    }
    told: dict[str, Any] = {name: words[name] for name in TEXTS if name in words}
    told["fields"] = {
        name.removeprefix("fields."): word for name, word in words.items()
        if name.startswith("fields.")
    }  # fmt: skip
    if otherwise := variants.apart(words):
        told["variants"] = otherwise
    return told


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Difference]:
    """Field by field, texts first; a value that is not there is None."""
    before, after = flat(old), flat(new)
    told = [Difference(name, before.get(name), after.get(name)) for name in before | after]
    return [each for each in told if each.old != each.new]


def changed_since(session: Session, material: Material, number: int) -> set[str]:
    """The fields that others changed after somebody saw the version ``number``."""
    seen = session.get(MaterialVersion, (material.id, number))
    if seen is None:
        return set(flat(content_of(material)))
    return {each.field for each in differences(seen.content, content_of(material))}


class Versions:
    """Asking for what materials said."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def of(self, material: str, limit: int = 50) -> list[MaterialVersion]:
        """The latest first."""
        wanted = select(MaterialVersion).where(MaterialVersion.material == material)
        latest = wanted.order_by(MaterialVersion.number.desc())
        with self._records.read() as session:
            return list(session.scalars(latest.limit(limit)))

    def one(self, material: str, number: int) -> MaterialVersion:
        with self._records.read() as session:
            return of(session, material, number)

    def compare(self, material: str, old: int, new: int) -> list[Difference]:
        """What the second says otherwise than the first."""
        with self._records.read() as session:
            return differences(
                of(session, material, old).content, of(session, material, new).content
            )
