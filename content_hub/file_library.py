"""The files there are (文件库), each with how many materials show it. Takes none, lets none go."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from sqlalchemy import func, literal, select

from content_hub.media import CAPS, MediaFile
from content_hub.terms import Bond
from kernel.errors import Invalid
from kernel.ids import Page
from stores.paging import newest_first
from stores.records import Records

KINDS = tuple(CAPS)


class Held(NamedTuple):
    """A file, and how many materials show it: as cover, in a field, in a body, or will."""

    media: MediaFile
    uses: int


class FileLibrary:
    """Every file that was uploaded, the newest first."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def page(
        self,
        *,
        kind: str = "",
        unused: bool = False,
        first: int = 20,
        after: str | None = None,
        count: bool = False,
    ) -> Page[Held]:
        """``kind`` as `CAPS` names them; ``unused``: those that no material shows."""
        if kind and kind not in KINDS:
            raise Invalid("kind", "not_a_choice", choices=[*KINDS])
        wanted = select(MediaFile)
        if kind:
            wanted = wanted.where(MediaFile.kind == kind)
        if unused:
            wanted = wanted.where(~select(Bond.material).where(Bond.subject == _SUBJECT).exists())
        page = newest_first(
            self._records, wanted, MediaFile.id, first=first, after=after, count=count
        )
        uses = self.uses([each.id for each in page.items])
        return page.map(lambda each: Held(each, uses[each.id]))

    def uses(self, media: Collection[str]) -> dict[str, int]:
        """How many materials show each of some files."""
        subjects = {f"media:{each}": each for each in media}
        counted: Any = select(Bond.subject, func.count()).where(Bond.subject.in_(subjects))
        with self._records.read() as session:
            rows = session.execute(counted.group_by(Bond.subject)).all()
        told = dict.fromkeys(media, 0)
        for subject, number in rows:
            told[subjects[subject]] = number
        return told

    def shown_by(self, media: Collection[str]) -> dict[str, list[str]]:
        """The materials that show each of some files; of all together at most 200."""
        subjects = {f"media:{each}": each for each in media}
        there = select(Bond.subject, Bond.material).where(Bond.subject.in_(subjects))
        shown: dict[str, list[str]] = {each: [] for each in media}
        with self._records.read() as session:
            for subject, material in session.execute(there.order_by(Bond.material).limit(200)):
                shown[subjects[subject]].append(material)
        return shown


_SUBJECT = literal("media:").concat(MediaFile.id)
