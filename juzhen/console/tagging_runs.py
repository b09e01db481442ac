"""Tagging all that is found (批量贴标): seen first, with progress, undone by one button."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from flask import Blueprint, request
from werkzeug.wrappers import Response as AnyResponse

from content_hub.tagging_runs import Chosen, TaggingRun
from juzhen.console.desk import allowed, done, flaws_of, names_of, tag_options, typed_tags
from juzhen.web import pages
from juzhen.web.asking import language
from kernel.actors import Actor, require_own
from kernel.errors import Conflict, Invalid, Problem

if TYPE_CHECKING:
    from juzhen.wiring import Platform

AT_ONCE = 2
"""Slices that the click itself does; the rest is the worker's."""


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/tagging")
    def tagging_runs() -> str:
        """What the filter in the address finds, to be tagged; and the latest runs."""
        return _page(platform)

    @door.post("/tagging")
    def begin_tagging() -> AnyResponse | str | tuple[str, int]:
        """See it first, or begin: the button says which."""
        actor = allowed("tag_materials")
        try:
            what = _filter(platform, actor)
            add, remove = _typed(platform, "add"), _typed(platform, "remove")
            if request.form.get("act") != "begin":
                return _page(platform, told=True)
            run = platform.tagging_runs.begin(add, remove, by=actor.id, chosen=what)
        except Invalid as refusal:
            return _page(platform, refusal), 422
        platform.tagging_runs.go_on(run.id, AT_ONCE)
        return done("tagging_run", "began_tagging", key=run.id)

    @door.get("/tagging/<key>")
    def tagging_run(key: str) -> str:
        return _one(platform, platform.tagging_runs.one(key))

    @door.post("/tagging/<key>")
    def undo_tagging(key: str) -> AnyResponse | tuple[str, int]:
        actor = allowed("tag_materials")
        run = platform.tagging_runs.one(key)
        require_own(actor, run.by)
        try:
            platform.tagging_runs.undo(run.id, by=actor.id)
        except Conflict as refusal:
            return _one(platform, run, refusal), 422
        platform.tagging_runs.go_on(run.id, AT_ONCE)
        return done("tagging_run", "undoes_tagging", key=run.id)

    @door.post("/tagging/<key>/stop")
    def stop_tagging(key: str) -> AnyResponse | tuple[str, int]:
        """What is tagged stays so; the rest is left alone."""
        actor = allowed("tag_materials")
        run = platform.tagging_runs.one(key)
        require_own(actor, run.by)
        try:
            platform.tagging_runs.stop(run.id, by=actor.id)
        except Conflict as refusal:
            return _one(platform, run, refusal), 422
        return done("tagging_run", "stopped_tagging", key=run.id)


def _typed(platform: Platform, name: str) -> list[str]:
    return [tag.id for tag in typed_tags(platform, name)]


def _filter(platform: Platform, actor: Actor) -> Chosen:
    """The library's own filter, within what she may change."""
    type_ = request.values.get("type", "")
    return Chosen(
        types=[platform.types.one(type_).code] if type_ else [],
        tags=_typed(platform, "tag"),
        text=request.values.get("q", "").strip()[:100],
        units=actor.own_units,
    )


def _page(platform: Platform, refusal: Problem | None = None, *, told: bool = False) -> str:
    actor = allowed("tag_materials")
    try:
        preview = platform.tagging_runs.preview(_filter(platform, actor))
    except Invalid as unknown:
        refusal, preview = refusal or unknown, None
    runs = platform.tagging_runs.latest()
    return pages.render(
        "console/tagging_runs.html",
        preview=preview,
        told=told,
        runs=runs,
        people=names_of(platform, (run.by for run in runs)),
        labels=_labels(platform, runs),
        types={kind.code: kind for kind in platform.types.all()},
        typed=request.values,
        options=tag_options(platform),
        flaws=flaws_of(refusal) if refusal else (),
    )


def _one(platform: Platform, run: TaggingRun, refusal: Problem | None = None) -> str:
    actor = allowed("tag_materials")
    changed, back = platform.tagging_runs.changed(run.id)
    return pages.render(
        "console/tagging_run.html",
        run=run,
        changed=changed,
        back=back,
        left=_left(run, platform.clock()),
        rate=_rate(run, platform.clock()),
        own=actor.own_units is None or run.by == actor.id,
        labels=_labels(platform, [run]),
        people=names_of(platform, [run.by]),
        flaws=flaws_of(refusal) if refusal else (),
    )


def _labels(platform: Platform, runs: list[TaggingRun]) -> dict[str, str]:
    """What every tag in some runs is called."""
    keys = {key for run in runs for key in (*run.add, *run.remove, *run.filter["tags"])}
    return platform.taxonomy.labels(keys, language())


def _rate(run: TaggingRun, now: datetime) -> float:
    """Materials a minute since it began; 0 once it is over, and as long as nobody can tell."""
    passed = (now - run.at).total_seconds()
    return 60 * run.done / passed if passed and run.finished is None else 0


def _left(run: TaggingRun, now: datetime) -> int | None:
    """Seconds that it takes still, at the rate so far; None if nobody can tell."""
    rate = _rate(run, now)
    return round(60 * (run.total - run.done) / rate) if rate else None
