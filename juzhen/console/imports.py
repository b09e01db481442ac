"""The import page (行为导入): events, customers and orders in from a file, tried first."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Blueprint, request
from werkzeug.wrappers import Response as AnyResponse

from data_hub.catalogue import kind_of
from juzhen.console.desk import allowed, done, flaws_of, names_of
from juzhen.transfer import FileRun, Imported, TakenBack
from juzhen.web import pages
from juzhen.web.asking import language
from kernel.errors import Conflict, Invalid, NotFound, Problem
from schemas.tables import Plan, What, rows

if TYPE_CHECKING:
    from juzhen.wiring import Platform

MOST_ROWS = 3_000
"""A file with more is brought in by the command, which shows how far it is."""


AT_ONCE = 2
"""Slices that the click itself takes back; the rest is the worker's."""
_STILL = timedelta(minutes=2)


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/events/imports")
    def imports_page() -> str:
        return _page(platform)

    @door.post("/events/imports")
    def import_file() -> str | tuple[str, int]:
        """Try a file, or bring it in: the button says which."""
        actor, tried = allowed("replay_events"), request.form.get("act") != "bring"
        try:
            told = _brought(platform, "" if tried else actor.id)
        except (Invalid, Conflict) as refusal:
            return _page(platform, refusal), 422
        return _page(platform, told=told, tried=tried)

    @door.post("/events/imports/<key>/stop")
    def stop_file(key: str) -> AnyResponse | tuple[str, int]:
        """Stop what a command brings in: it ends at its next slice."""
        actor = allowed("replay_events")
        try:
            platform.imports.cancel(key, by=actor.id)
        except Conflict as refusal:
            return _page(platform, refusal), 422
        return done("imports_page", "stopped_import")

    _install_undoing(door, platform)


def _install_undoing(door: Blueprint, platform: Platform) -> None:
    @door.post("/events/imports/<key>/undo/stop")
    def stop_undoing(key: str) -> AnyResponse | tuple[str, int]:
        """Stop taking it back: what is gone stays gone, the rest stays."""
        actor = allowed("replay_events")
        try:
            platform.undoing.stop(key, by=actor.id)
        except Conflict as refusal:
            return _page(platform, refusal), 422
        return done("imports_page", "stopped_undoing")

    @door.post("/events/imports/<key>/undo")
    def undo_file(key: str) -> AnyResponse | str | tuple[str, int]:
        """See what taking a run back would come to, or take it back: the button says which."""
        actor = allowed("replay_events")
        run = platform.undoing.one(key)
        try:
            if request.form.get("act") != "undo":
                if run.accepted > MOST_ROWS:
                    raise Invalid("file", "run_is_long", limit=MOST_ROWS)
                return _page(platform, looked=(run, platform.undoing.look(key)))
            platform.undoing.begin(key, by=actor.id)
        except (Invalid, Conflict) as refusal:
            return _page(platform, refusal), 422
        platform.undoing.go_on(key, AT_ONCE)
        return done("imports_page", "undoes_import")


def _brought(platform: Platform, by: str) -> Imported:
    """What the file that was sent comes to; it is only tried if nobody brings it in."""
    file, form = request.files.get("file"), request.form
    if file is None or not file.filename:
        raise Invalid("file", "missing")
    if form.get("what") not in set(What):
        raise Invalid("what", "missing")
    try:
        account = platform.accounts.one(form.get("account", ""))
    except NotFound:
        raise Invalid("account", "missing") from None
    plan = Plan(
        what=What(form["what"]), columns=_columns(form.get("columns", "")), zone=platform.zone
    )
    name = Path(file.filename.replace("\0", "")).name[-80:]
    if not Path(name).suffix:  # ``..`` is no name at all
        raise Invalid("file", "not_a_table", known="CSV, JSONL, Parquet")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        file.save(path)
        if sum(1 for _ in zip(rows(path), range(MOST_ROWS + 1), strict=False)) > MOST_ROWS:
            raise Invalid("file", "too_many_rows_here", limit=MOST_ROWS)
        if not by:
            return platform.imports.dry(path, plan, account, lambda _: None)
        return platform.imports.run(path, plan, account, by=by)


def _columns(typed: str) -> Mapping[str, str]:
    """A line for each: the file's column, an equals sign, ours."""
    told = dict(line.partition("=")[::2] for line in typed.splitlines() if line.strip())
    if any(not (theirs.strip() and ours.strip()) for theirs, ours in told.items()):
        raise Invalid("columns", "not_column_is_column")
    return {theirs.strip(): ours.strip() for theirs, ours in told.items()}


def _far(run: FileRun, now: datetime) -> dict[str, Any]:
    """How far what is under way is; ``still`` if its last slice is longer ago than any takes."""
    done, total = run.position, run.total
    if run.undoing is not None:
        done, total = run.taken_back.get("events", 0), run.accepted
    last = run.moved or run.since
    still = last is not None and now - last > _STILL
    rate = 0 if still else run.rate(done)
    left = 60 * (total - done) / rate if rate and total > done else None
    return {"done": done, "total": total, "rate": rate, "left": left, "still": still and last}


def _page(
    platform: Platform,
    refusal: Problem | None = None,
    told: Imported | None = None,
    *,
    tried: bool = False,
    looked: tuple[FileRun, TakenBack] | None = None,
) -> str:
    allowed("read_boards")
    runs, tongue = platform.imports.runs(20), language()
    accounts = {each.id: each.name for each in platform.accounts.all()}
    people = names_of(platform, (who for run in runs for who in (run.by, run.undone_by)))
    shown: list[Any] = (
        [(each, kind_of(each.kind).label(tongue)) for each in told.shown] if told else []
    )
    return pages.render(
        "console/imports.html", runs=runs, people=people,
        accounts=accounts, told=told, shown=shown, tried=tried, limit=MOST_ROWS,
        looked=looked, far={each.id: _far(each, platform.clock()) for each in runs},
        whats=[each.value for each in What], typed=request.form,
        flaws=flaws_of(refusal) if refusal else (),
    )  # fmt: skip
