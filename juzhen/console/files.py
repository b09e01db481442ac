"""Many files at once (批量上传): the form, what became of each, and one button that undoes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from flask import Blueprint, request
from werkzeug.wrappers import Response as AnyResponse

from content_hub.file_sets import MOST, Brought
from juzhen.console.desk import allowed, done, sight
from juzhen.web import pages
from kernel.errors import Forbidden, Invalid

if TYPE_CHECKING:
    from juzhen.wiring import Platform


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/files")
    def files() -> str:
        allowed("edit_materials")
        return _page(platform, platform.file_sets.new())

    @door.post("/files")
    def bring_files() -> str | tuple[str, int]:
        """Sent again after an error, the same form goes on with the same set."""
        actor = allowed("edit_materials")
        key = request.form.get("set") or platform.file_sets.new()
        sent = [each for each in request.files.getlist("file") if each.filename]
        try:
            if not 0 < len(sent) <= MOST:
                raise Invalid("file", "missing" if not sent else "too_many_names", limit=MOST)
            told = platform.file_sets.bring(
                key, ((str(each.filename), each.stream.read()) for each in sent),
                by=actor.id, unit=actor.unit, sight=sight(actor),
            )  # fmt: skip
        except Invalid as refusal:
            return _page(platform, platform.file_sets.new(), flaws=refusal.flaws), 422
        return _page(platform, key, told)

    @door.post("/files/<key>/undo")
    def put_files_away(key: str) -> AnyResponse:
        actor = allowed("edit_materials")
        if platform.file_sets.brought_by(key) != actor.id and actor.reach is not None:
            raise Forbidden("content_of_another_unit")
        return done("library", "files_away", n=platform.file_sets.put_away(key, by=actor.id))


def _page(platform: Platform, key: str, told: Sequence[Brought] = (), flaws: Any = ()) -> str:
    made = sum(each.material is not None and not each.known for each in told)
    return pages.render(
        "console/files.html", rows=told, act=key if made else "", flaws=flaws, most=MOST,
        set=platform.file_sets.new() if told else key, made=made,
        known=sum(each.known for each in told), wrong=sum(bool(each.flaws) for each in told),
        types={kind.code: kind for kind in platform.types.all()},
    )  # fmt: skip
