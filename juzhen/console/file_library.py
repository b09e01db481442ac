"""The file library (文件库): every upload, how many materials show it, and until when it may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, request

from content_hub import filming
from content_hub.file_library import KINDS
from juzhen.console.desk import allowed
from juzhen.web import pages

if TYPE_CHECKING:
    from juzhen.wiring import Platform

_SHOWN = 40


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/files/kept")
    def file_library() -> str:
        units = allowed("read_library").seen_units
        kind, unused = request.args.get("kind", ""), bool(request.args.get("unused"))
        page = platform.file_library.page(
            kind=kind if kind in KINDS else "", unused=unused, first=_SHOWN,
            after=request.args.get("after"), count=True,
        )  # fmt: skip
        shown_by = platform.file_library.shown_by([each.media.id for each in page.items])
        materials = platform.materials.many({each for all_ in shown_by.values() for each in all_})
        seen = {
            media: [materials[each] for each in all_ if each in materials
                    and (units is None or materials[each].unit in units)]
            for media, all_ in shown_by.items()
        }  # fmt: skip
        return pages.render(
            "console/file_library.html", page=page, seen=seen, kinds=KINDS, kind=kind,
            unused=unused, length=filming.length, still=bool(filming.program()),
        )  # fmt: skip
