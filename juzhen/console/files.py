"""Files become materials (批量上传): many at once, titled by their names, typed by what they are.

The same bytes are never two materials: what a material shows already is told instead.
"""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, NamedTuple

from flask import Blueprint, request
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as AnyResponse

from content_hub import richtext
from content_hub.materials import Material
from content_hub.media import MediaFile
from juzhen.console.desk import allowed, done, sight
from juzhen.web import pages
from juzhen.web.asking import language
from kernel.actors import Actor
from kernel.errors import Conflict, Forbidden, Invalid, NotFound
from kernel.ids import new_id

if TYPE_CHECKING:
    from juzhen.wiring import Platform

MOST = 50
_SET, _BROUGHT, _AWAY = "file_set", "brought_files", "put_files_away"
_BECOMES = {
    "image": ("poster", ""),
    "video": ("short_video", "video"),
    "document": ("file", "document"),
}
"""By what a file is: the type of its material, and the field that holds it (a picture is the
cover)."""
_SIGNS = re.compile(r"[_\s]+")


class Row(NamedTuple):
    """What became of one file."""

    name: str
    material: Material | None = None
    known: bool = False
    """A material shows these bytes already."""
    wrong: str = ""


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/files")
    def files() -> str:
        allowed("edit_materials")
        return _page(platform, [])

    @door.post("/files")
    def bring_files() -> str | tuple[str, int]:
        """Each file by itself: what is refused keeps none of the others back."""
        actor = allowed("edit_materials")
        sent = [each for each in request.files.getlist("file") if each.filename]
        try:
            if not 0 < len(sent) <= MOST:
                raise Invalid("file", "missing" if not sent else "too_many_names", limit=MOST)
        except Invalid as refusal:
            return _page(platform, [], flaws=refusal.flaws), 422
        rows = [_one(platform, actor, each) for each in sent]
        made = [each.material.id for each in rows if each.material and not each.known]
        act = new_id("fls")
        if made:
            with platform.records.write():
                platform.changes.note(_BROUGHT, _SET, act, by=actor.id, materials=made)
        return _page(platform, rows, act=act if made else "")

    _install_undo(door, platform)


def _install_undo(door: Blueprint, platform: Platform) -> None:
    @door.post("/files/<key>/undo")
    def put_files_away(key: str) -> AnyResponse:
        """What one upload made goes to the archive."""
        actor = allowed("edit_materials")
        told = {each.act: each for each in platform.changes.latest(_SET, key)}
        if _BROUGHT not in told:
            raise NotFound(_SET, key[:80])
        if told[_BROUGHT].by != actor.id and actor.reach is not None:
            raise Forbidden("content_of_another_unit")
        if _AWAY in told:
            raise Conflict("files_are_put_away")
        made = [str(each) for each in told[_BROUGHT].detail["materials"]]
        for each in made:
            platform.reviews.archive(each, by=actor.id)
        with platform.records.write():
            platform.changes.note(_AWAY, _SET, key, by=actor.id)
        return done("library", "files_away", n=len(made))


def _one(platform: Platform, actor: Actor, sent: FileStorage) -> Row:
    name = str(sent.filename)
    try:
        media = platform.media.take(sent.stream.read(), by=actor.id, name=name)
        if (known := _shown(platform, actor, media)) is not None:
            return Row(name, known, known=True)
        type_, field = _BECOMES[media.kind]
        made = platform.materials.create(
            type_, title_of(name), unit=actor.unit, by=actor.id,
            cover="" if field else media.id, fields={field: media.id} if field else {},
        )  # fmt: skip
    except Invalid as refusal:
        return Row(name, wrong=" ".join(flaw.message(language()) for flaw in refusal.flaws))
    return Row(name, made)


def _shown(platform: Platform, actor: Actor, media: MediaFile) -> Material | None:
    """A material that shows the file already, if she may see one."""
    units = sight(actor)
    for each in platform.materials.many(platform.licences.of(media.id).materials).values():
        if each.archived is None and (units is None or each.unit in units):
            return each
    return None


def title_of(name: str) -> str:
    """The file's name without its folder and ending."""
    stem = PurePath(name.replace("\\", "/")).stem
    return _SIGNS.sub(" ", richtext.tidy(stem)).strip()[:200] or name[:200]


def _page(platform: Platform, rows: list[Row], *, act: str = "", flaws: Any = ()) -> str:
    return pages.render(
        "console/files.html", rows=rows, act=act, flaws=flaws, most=MOST,
        made=sum(each.material is not None and not each.known for each in rows),
        known=sum(each.known for each in rows), wrong=sum(bool(each.wrong) for each in rows),
        types={kind.code: kind for kind in platform.types.all()},
    )  # fmt: skip
