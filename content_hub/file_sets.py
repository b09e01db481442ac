"""Sets of files (上传批次): many files become materials at once, and go away again as one.

Each is titled by its name and typed by what it is. The same bytes are never two materials: what
shows them already is told instead. A material and its place in the set are one transaction, so
whatever an upload that broke off made can be taken back, and the same set goes on.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from pathlib import PurePath
from typing import NamedTuple

from content_hub import richtext
from content_hub.licences import Licences
from content_hub.materials import Material, Materials
from content_hub.media import Media, MediaFile
from content_hub.reviews import Reviews
from kernel.errors import Conflict, Flaw, Forbidden, Invalid, NotFound
from kernel.ids import new_id
from stores.changes import Change, Changes
from stores.records import Records

MOST = 50
_KIND, _BROUGHT, _AWAY = "file_set", "brought_files", "put_files_away"
_KEY = re.compile(r"fls_[0-9a-z]{21}")
_BECOMES = {
    "image": ("poster", ""),
    "video": ("short_video", "video"),
    "document": ("file", "document"),
}
"""By what a file is: the type of its material, and the field that holds it (a picture is the
cover)."""
_SIGNS = re.compile(r"[_\s]+")


class Brought(NamedTuple):
    """What became of one file."""

    name: str
    material: Material | None = None
    known: bool = False
    """A material shows these bytes already."""
    flaws: tuple[Flaw, ...] = ()


class FileSets:
    """Uploads of many files."""

    def __init__(
        self,
        records: Records,
        changes: Changes,
        materials: Materials,
        media: Media,
        licences: Licences,
        reviews: Reviews,
    ) -> None:
        self._records = records
        self._changes = changes
        self._materials = materials
        self._media = media
        self._licences = licences
        self._reviews = reviews

    @staticmethod
    def new() -> str:
        """The key of a set that nothing is in yet."""
        return new_id("fls")

    @staticmethod
    def of_upload(upload: str) -> str:
        """The key of the set of one upload: asked for again, it is the same."""
        return f"fls_{upload.removeprefix('upl_')}"

    def bring(
        self,
        key: str,
        files: Iterable[tuple[str, bytes]],
        *,
        by: str,
        unit: str = "",
        sight: Collection[str] | None = None,
    ) -> list[Brought]:
        """Each file by itself: what is refused keeps none of the others back.

        ``sight`` are the units whose materials she may be told of. Raises `Conflict` for a set
        that was put away, `Forbidden` for somebody else's.
        """
        self._open(key, by)
        return [self._one(key, name, data, by, unit, sight) for name, data in files]

    def add(
        self,
        key: str,
        media: str,
        name: str,
        *,
        by: str,
        unit: str = "",
        sight: Collection[str] | None = None,
    ) -> Brought:
        """The same for a file that was taken in already; again, it is known."""
        self._open(key, by)
        return self._shown(key, self._media.one(media), name, by, unit, sight)

    def _open(self, key: str, by: str) -> None:
        if not _KEY.fullmatch(key):
            raise Invalid("set", "nothing_by_that_name", kind=_KIND, key=key[:40])
        told = self._told(key)
        if any(each.act == _AWAY for each in told):
            raise Conflict("files_are_put_away")
        if any(each.by != by for each in told):
            raise Forbidden("content_of_another_unit")

    def brought_by(self, key: str) -> str:
        """Whose set it is. Raises `NotFound`."""
        if not (told := self._told(key)):
            raise NotFound(_KIND, key[:80])
        return told[-1].by

    def put_away(self, key: str, *, by: str) -> int:
        """What the set made goes to the archive; how many that were."""
        self.brought_by(key)
        told = self._told(key)
        if any(each.act == _AWAY for each in told):
            raise Conflict("files_are_put_away")
        made = [str(each.detail["material"]) for each in told]
        for each in made:
            self._reviews.archive(each, by=by)
        with self._records.write():
            self._changes.note(_AWAY, _KIND, key, by=by)
        return len(made)

    def _told(self, key: str) -> list[Change]:
        return self._changes.latest(_KIND, key, limit=10_000)

    def _one(
        self, key: str, name: str, data: bytes, by: str, unit: str, sight: Collection[str] | None
    ) -> Brought:
        try:
            media = self._media.take(data, by=by, name=name)
            return self._shown(key, media, name, by, unit, sight)
        except Invalid as refusal:
            return Brought(name, flaws=tuple(refusal.flaws))

    def _shown(
        self, key: str, media: MediaFile, name: str, by: str, unit: str,
        sight: Collection[str] | None,
    ) -> Brought:  # fmt: skip
        type_, field = _BECOMES[media.kind]
        with self._records.write(f"shown:{media.id}"):
            if (known := self._showing(media, sight)) is not None:
                return Brought(name, known, known=True)
            made = self._materials.create(
                type_, title_of(name), unit=unit, by=by, cover="" if field else media.id,
                fields={field: media.id} if field else {},
            )  # fmt: skip
            self._changes.note(_BROUGHT, _KIND, key, by=by, material=made.id)
        return Brought(name, made)

    def _showing(self, media: MediaFile, sight: Collection[str] | None) -> Material | None:
        """A material that shows the file already, if she may see one."""
        shows = self._materials.many(self._licences.of(media.id).materials)
        for each in shows.values():
            if each.archived is None and (sight is None or each.unit in sight):
                return each
        return None


def title_of(name: str) -> str:
    """The file's name without its folder and ending."""
    stem = PurePath(name.replace("\\", "/")).stem
    return _SIGNS.sub(" ", richtext.tidy(stem)).strip()[:200] or name[:200]
