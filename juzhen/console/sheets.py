"""The sheet page (导入导出): materials in from a file, tried first, taken back; lists as CSV."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as AnyResponse

from content_hub import sheets
from content_hub.bringing import Brought, ImportRun
from juzhen.console.desk import allowed, done, flaws_of, names_of
from juzhen.web import pages
from kernel.actors import Actor, require_own
from kernel.errors import Conflict, Invalid, Problem

if TYPE_CHECKING:
    from juzhen.wiring import Platform

MOST_ROWS = 3_000
"""A file with more is brought in by the command, which shows how far it is."""
_TOLD = 200
_BROKEN_OFF = "\r\n!! 导出中断，文件不完整 · broken off: this file is not whole\r\n"
_PIECE = 1 << 16
"""Characters that leave together: each piece of an answer has its own way to who reads it."""
_PRODUCT = ("code", "name", "category", "risk_level", "price", "benefit")


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/sheets")
    def sheet_page() -> str:
        return _page(platform)

    @door.post("/sheets")
    def bring_sheet() -> AnyResponse | str | tuple[str, int]:
        """Try a file, bring it in, or take a run back: the button says which."""
        actor = allowed("edit_materials")
        act = request.form.get("act", "")
        try:
            if act == "undo":
                run = _own(platform, actor, request.form.get("run", ""))
                return done(
                    "sheet_page", "undid_import", n=platform.bringing.undo(run.id, by=actor.id)
                )
            brought = _brought(platform, actor, dry=act != "bring")
        except (Invalid, Conflict) as refusal:
            return _page(platform, refusal), 422
        return _page(platform, brought=brought, tried=act != "bring")

    @door.get("/sheets/materials.csv")
    def materials_csv() -> Response:
        actor = allowed("read_library")
        return _download("materials.csv", sheets.MATERIAL, platform.bringing.told(actor.seen_units))

    @door.get("/sheets/products.csv")
    def products_csv() -> Response:
        allowed("read_library")
        return _download("products.csv", _PRODUCT, _products(platform))


def _brought(platform: Platform, actor: Actor, *, dry: bool) -> Brought:
    file = request.files.get("file")
    if file is None or not file.filename:
        raise Invalid("file", "missing")
    with tempfile.TemporaryDirectory() as folder:
        name = Path(file.filename.replace("\0", "")).name
        path = Path(folder) / f"sheet{Path(name).suffix.lower()[:6]}"
        file.save(path)
        rows = list(few(path))
    return platform.bringing.bring(
        rows, source=name, by=actor.id, unit=actor.unit, units=actor.own_units,
        dry_run=dry,
    )  # fmt: skip


def few(path: Path) -> Iterator[sheets.Row]:
    for count, row in enumerate(sheets.rows(path)):
        if count == MOST_ROWS:
            raise Invalid("file", "too_many_rows", limit=MOST_ROWS)
        yield row


def _own(platform: Platform, actor: Actor, key: str) -> ImportRun:
    run = platform.bringing.run(key)
    require_own(actor, run.by)
    return run


def _products(platform: Platform) -> Iterator[dict[str, Any]]:
    after: str | None = None
    while True:
        page = platform.products.page(first=100, after=after)
        yield from ({name: getattr(each, name) for name in _PRODUCT} for each in page.items)
        if page.next is None:
            return
        after = page.next


def _download(name: str, columns: tuple[str, ...], rows: Iterable[Mapping[str, Any]]) -> Response:
    """CSV that Excel opens in Chinese, some lines at a time."""
    head = {"Content-Disposition": f'attachment; filename="{name}"'}
    pieces = _marked(sheets.written(columns, rows))
    return Response(pieces, headers=head, content_type="text/csv; charset=utf-8")


def _marked(lines: Iterator[str]) -> Iterator[bytes]:
    """A list that breaks off says so in its last line, and its connection breaks."""
    some, size = ["\ufeff"], 0
    try:
        for line in lines:
            some.append(line)
            size += len(line)
            if size >= _PIECE:
                yield "".join(some).encode()
                some, size = [], 0
    except Exception:  # whatever it was: said to who reads the list, and raised again
        yield "".join([*some, _BROKEN_OFF]).encode()
        raise
    yield "".join(some).encode()


def _page(
    platform: Platform,
    refusal: Problem | None = None,
    brought: Brought | None = None,
    *,
    tried: bool = False,
) -> str:
    actor = allowed("read_library")
    runs = platform.bringing.runs()
    return pages.render(
        "console/sheets.html",
        runs=runs,
        people=names_of(platform, (run.by for run in runs)),
        mine={run.id for run in runs if actor.reach is None or run.by == actor.id},
        columns=sheets.MATERIAL,
        brought=brought,
        told=brought.flaws[:_TOLD] if brought else [],
        tried=tried,
        limit=MOST_ROWS,
        flaws=flaws_of(refusal) if refusal else (),
    )
