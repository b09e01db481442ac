"""Near-duplicates (近似重复): materials that say or show almost the same, found when one is edited.

A fingerprint of 64 bits changes little when the text or the picture does; two that differ in a few
bits share one of four bands of sixteen, so that candidates are an index seek. Forbids nothing.
"""

import hashlib
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Index, delete, insert, select
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from content_hub import richtext
from content_hub.materials.records import Material
from stores.records import Record, Records

_BANDS, _WIDTH = 4, 16
_CLOSE = 3
"""So many bits may differ; four bands find every pair that differs in no more."""
_SHORT = 20
"""Texts with fewer letters say too little to be compared."""
_PAIRS = 20_000
"""A report looks at no more pairs than that."""
TEXT, COVER = "text", "cover"


class Fingerprint(Record, kw_only=True):
    """One band of one fingerprint."""

    __tablename__ = "fingerprints"
    __table_args__ = (Index("ix_fingerprints_band", "kind", "band", "value"),)

    material: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    band: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[int]
    whole: Mapped[str]
    """All 64 bits, in hexadecimal digits."""


class Near(NamedTuple):
    """A material that is almost the same in one respect."""

    material: str
    kind: str
    bits: int
    """How many of 64 differ."""


def text_print(*texts: str) -> int | None:
    """Of what a reader reads; None if it is too short to tell."""
    plain = unicodedata.normalize("NFKC", "".join(map(richtext.words, texts))).casefold()
    letters = "".join(sign for sign in plain if sign.isalnum())
    if len(letters) < _SHORT:
        return None
    grams = {letters[n : n + 3] for n in range(len(letters) - 2)}
    digests = b"".join(hashlib.blake2b(each.encode(), digest_size=8).digest() for each in grams)
    bits = np.unpackbits(np.frombuffer(digests, np.uint8).reshape(-1, 8), axis=1)
    frequent = bits.sum(axis=0) * 2 > len(grams)
    return int.from_bytes(np.packbits(frequent).tobytes(), "big")


def told(material: Material, look: int | None) -> Iterator[dict[str, Any]]:
    """Its fingerprints as rows: how it reads, and how its cover looks, if that is known."""
    prints = {TEXT: text_print(material.title, material.summary, material.body), COVER: look}
    for kind, bits in prints.items():
        if bits is not None:
            for band, value in enumerate(_bands(bits)):
                yield {
                    "material": material.id, "kind": kind, "band": band, "value": value,
                    "whole": f"{bits:016x}",
                }  # fmt: skip


def note(session: Session, materials: Collection[Material], looks: Mapping[str, int]) -> None:
    """Write down how materials read and look now, joining their edits."""
    ids = [each.id for each in materials]
    session.execute(delete(Fingerprint).where(Fingerprint.material.in_(ids)))
    if rows := [row for each in materials for row in told(each, looks.get(each.cover))]:
        session.execute(insert(Fingerprint), rows)


def _bands(bits: int) -> Iterator[int]:
    for band in range(_BANDS):
        yield bits >> band * _WIDTH & 0xFFFF


class Duplicates:
    """Asking for what is almost the same."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def of(self, material: str) -> list[Near]:
        """Materials that read or look like this one, the closest first."""
        with self._records.read() as session:
            own = session.scalars(select(Fingerprint).where(Fingerprint.material == material)).all()
            found = {near for each in own for near in _near(session, each)}
        return sorted(found, key=lambda near: (near.bits, near.kind, near.material))

    def groups(self, limit: int = 100) -> list[list[str]]:
        """Sets of materials that are almost the same, the largest first, for a report."""
        one, other = aliased(Fingerprint), aliased(Fingerprint)
        same = (one.kind == other.kind) & (one.band == other.band) & (one.value == other.value)
        pairs = (
            select(one.material, other.material, one.whole, other.whole)
            .join(other, same)
            .where(one.material < other.material)
            .limit(_PAIRS)
        )
        with self._records.read() as session:
            close = [
                (first, second)
                for first, second, here, there in session.execute(pairs)
                if (int(here, 16) ^ int(there, 16)).bit_count() <= _CLOSE
            ]
        groups = sorted(map(sorted, together(close)))
        return sorted(groups, key=len, reverse=True)[:limit]


def together(pairs: Iterable[tuple[str, str]]) -> list[list[str]]:
    """What hangs together by pairs: the smaller of two sets goes into the larger."""
    kin: dict[str, list[str]] = {}
    for pair in pairs:
        less, more = sorted((kin.setdefault(each, [each]) for each in pair), key=len)
        if less is not more:
            more += less
            kin.update(dict.fromkeys(less, more))
    return list({id(each): each for each in kin.values()}.values())


def _near(session: Session, own: Fingerprint) -> Iterable[Near]:
    same = select(Fingerprint.material, Fingerprint.whole).where(
        Fingerprint.kind == own.kind, Fingerprint.band == own.band,
        Fingerprint.value == own.value, Fingerprint.material != own.material,
    )  # fmt: skip
    for material, whole in session.execute(same.limit(200)):
        bits = (int(whole, 16) ^ int(own.whole, 16)).bit_count()
        if bits <= _CLOSE:
            yield Near(material, own.kind, bits)
