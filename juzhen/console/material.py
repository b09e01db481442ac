"""The material form (素材表单): making one, changing one, with the fields of its type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flask import Blueprint, g, jsonify, request
from werkzeug.wrappers import Response as AnyResponse

from content_hub import filming, richtext
from content_hub.materials import Material, subjects_of
from content_hub.scripts import gaps
from content_hub.types import ContentType, Kind
from data_hub.catalogue import KINDS
from juzhen.console.desk import (
    allowed,
    by_facet,
    done,
    flaws_of,
    managed,
    names,
    seen,
    typed_moment,
)
from juzhen.console.placed import rows
from juzhen.web import pages, public
from kernel.errors import Conflict, Flaw, Invalid, NotFound

if TYPE_CHECKING:
    from juzhen.wiring import Platform

_TEXTS = ("title", "summary", "body", "cover")


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/materials/new")
    def new_material() -> str:
        allowed("edit_materials")
        code = request.args.get("type", "")
        if not code:
            return pages.render("console/types.html", types=platform.types.all())
        return _form(platform, platform.types.one(code), None, {}, ())

    @door.post("/materials/new")
    def make_material() -> AnyResponse | tuple[str, int]:
        actor = allowed("edit_materials")
        kind = platform.types.one(request.args.get("type", ""))
        told = _Told(platform, kind)
        try:
            parts = told.parts(actor.id)
            made = platform.materials.create(
                kind.code, parts.pop("title"), tags=request.form.getlist("tag"),
                code=request.form.get("code", "").strip(), unit=actor.unit, by=actor.id, **parts,
            )  # fmt: skip
        except (Invalid, Conflict) as refusal:
            return _form(platform, kind, None, told.typed(), flaws_of(refusal)), 422
        return done("material", "created", key=made.id)

    @door.get("/materials/<key>")
    def material(key: str) -> str:
        found = seen(allowed("read_library"), platform, key)
        return _form(platform, platform.types.one(found.type), found, _written(platform, found), ())

    @door.get("/materials/<key>/preview")
    def preview_material(key: str) -> AnyResponse:
        """As a customer will see it, before it is on any shelf."""
        return public.sheet(platform, seen(allowed("read_library"), platform, key), counted=False)

    @door.post("/materials/<key>")
    def edit_material(key: str) -> AnyResponse | tuple[str, int]:
        actor = allowed("edit_materials")
        found = seen(actor, platform, key)
        managed(actor, found.unit)
        return _edited(platform, found, actor.id)

    _install_paste(door, platform)
    _install_bounds(door, platform)


def _install_paste(door: Blueprint, platform: Platform) -> None:
    @door.post("/paste")
    def paste() -> AnyResponse:
        """What was pasted into a body, as it may stand there; for the editor's own script."""
        actor = allowed("upload_media")
        told = platform.pasting.take(request.form.get("html", ""), by=actor.id)
        lost = [pages.speak(each.why.reason, **each.why.facts) for each in told.lost]
        return jsonify(html=told.html, taken=told.taken, lost=sorted(set(lost)))


def _tidied(
    platform: Platform, kind: ContentType, found: Material, told: _Told, by: str
) -> tuple[str, int]:
    """The form again, with the pictures of its body fetched; nothing is saved."""
    typed = told.typed()
    try:
        pasted = platform.pasting.take(typed.get("body", ""), by=by)
    except Invalid as refusal:
        return _form(platform, kind, found, typed, flaws_of(refusal)), 422
    flaws = [Flaw("body", each.why.reason, each.why.facts) for each in pasted.lost]
    return _form(platform, kind, found, typed | {"body": pasted.html}, flaws), 200


def _install_bounds(door: Blueprint, platform: Platform) -> None:
    @door.post("/materials/<key>/bounds")
    def bound_material(key: str) -> AnyResponse | tuple[str, int]:
        """Hold it back until a moment, or say how long one of its files is licensed."""
        actor = allowed("place_materials")
        found = seen(actor, platform, key)
        managed(actor, found.unit)
        try:
            if media := request.form.get("media", ""):
                if media not in files_of(found):
                    raise Invalid("media", "nothing_by_that_name", kind="media", key=media[:40])
                opens, closes = (typed_moment(platform.zone, name) for name in ("opens", "closes"))
                platform.licences.license(
                    media, opens=opens, closes=closes, by=actor.id, units=actor.own_units
                )
                return done("material", "licensed", key=found.id)
            until = typed_moment(platform.zone, "until")
            platform.licences.embargo(found.id, until, by=actor.id)
        except Invalid as refusal:
            return _form(
                platform, platform.types.one(found.type), found, {}, flaws_of(refusal)
            ), 422
        return done("material", "embargoed", key=found.id)


def _edited(platform: Platform, found: Material, by: str) -> AnyResponse | tuple[str, int]:
    kind = platform.types.one(found.type)
    told = _Told(platform, kind)
    if request.form.get("act") == "tidy":
        return _tidied(platform, kind, found, told, by)
    try:
        return _saved(platform, found, told.parts(by), by)
    except Conflict as clash:
        now = platform.materials.one(found.id)
        typed = _on_top(platform, now, told.typed())
        return _form(platform, kind, now, typed, flaws_of(clash)), 422
    except Invalid as refusal:
        return _form(platform, kind, found, told.typed(), flaws_of(refusal)), 422


def _saved(platform: Platform, found: Material, parts: dict[str, Any], by: str) -> AnyResponse:
    """At once, or from the moment that stands beside it."""
    if request.form.get("act") == "schedule":
        edit = _schedule(platform, found, parts, by)
        return done("scheduled", "scheduled", key=found.id, _anchor=edit)
    _change(platform, found, parts, by)
    return done("material", "saved", key=found.id)


def _change(platform: Platform, found: Material, parts: dict[str, Any], by: str) -> None:
    """The edit and the tags are one act: both or neither. What she left as she saw it is no edit of
    hers: somebody else may have changed it meanwhile."""
    worn = set(platform.materials.about(found.id))
    ticked = set(platform.taxonomy.resolve(request.form.getlist("tag")))
    saw = set(request.form["saw"].split()) if "saw" in request.form else worn
    on, off = ticked - saw - worn, (saw - ticked) & worn
    expected = _number()
    left = _left(platform, found, parts | parts["fields"])
    fields = {name: value for name, value in parts["fields"].items() if name not in left}
    parts = {name: value for name, value in parts.items() if name not in left} | {"fields": fields}
    with platform.records.write(f"material:{found.id}"):
        platform.materials.edit(found.id, by=by, expected=expected, **parts)
        if on or off:
            platform.materials.tag(found.id, on, remove=off, by=by)


def _number() -> int | None:
    """The version that she saw."""
    number = request.form.get("number", "")
    return int(number) if number.isascii() and number.isdigit() and len(number) < 10 else None


def _left(platform: Platform, found: Material, said: Mapping[str, Any]) -> set[str]:
    """What a form says as the version did that she saw, if there is a later one by now."""
    number = _number()
    if number is None or number == found.number:
        return set()
    try:
        saw = platform.versions.one(found.id, number).content
    except NotFound:
        return set()
    kept = {**saw["fields"], **{name: saw[name] for name in _TEXTS}}
    return {name for name, value in said.items() if value == _typed(kept.get(name))}


def _on_top(platform: Platform, found: Material, typed: dict[str, Any]) -> dict[str, Any]:
    """Her words over what stands now: saved once more they are the last ones, and hers alone."""
    now = _kept(found)
    left = {name: _typed(now.get(name)) for name in _left(platform, found, typed)}
    return typed | left | {"number": found.number}


def _schedule(platform: Platform, found: Material, parts: dict[str, Any], by: str) -> str:
    """What differs from what is said now waits for its moment; or another wording of what waits
    already. Its id."""
    edit, edits = request.form.get("edit", ""), platform.scheduled_edits
    at = typed_moment(platform.zone, "takes_effect")
    if at is None:
        raise Invalid("takes_effect", "missing")
    kept = _known(platform, found, edit) if edit else found
    said = {name: parts[name] for name in _TEXTS if parts[name] != getattr(kept, name)}
    fields = {
        name: value for name, value in parts["fields"].items()
        if value != _typed(kept.fields.get(name))
    }  # fmt: skip
    changed = said | ({"fields": fields} if fields else {})
    if edit:
        return edits.alter(edit, takes_effect=at, by=by, **changed).id
    return edits.schedule(found.id, at, by=by, **changed).id


def _known(platform: Platform, found: Material, edit: str) -> Material:
    """The material as it will be with a scheduled edit of its own."""
    if platform.scheduled_edits.one(edit).material != found.id:
        raise NotFound("scheduled_edit", edit[:80])
    return platform.scheduled_edits.as_it_will_be(edit)


def _written(platform: Platform, found: Material) -> dict[str, Any]:
    """What stands in the form to alter a scheduled edit, if she came for one."""
    if not (edit := request.args.get("edit", "")):
        return {}
    told = _known(platform, found, edit)
    moment = platform.scheduled_edits.one(edit).takes_effect
    return _kept(told) | {"edit": edit, "takes_effect": pages.typed(platform.zone, moment)}


def _typed(value: Any) -> str:
    """A value as the form says it, unchanged."""
    if isinstance(value, bool):
        return "yes" if value else ""
    return "\n".join(map(str, value)) if isinstance(value, list) else str(value or "")


def _kept(found: Material) -> dict[str, Any]:
    """What stands in the form of a material that is there."""
    return {**found.fields, **{name: getattr(found, name) for name in (*_TEXTS, "number")}}


def files_of(material: Material) -> list[str]:
    """The files it shows, the cover first."""
    told = [each.removeprefix("media:") for each in sorted(subjects_of(material))]
    return sorted((each for each in told if each.startswith("med_")), key=material.cover.__ne__)


class _Told:
    """What the form said, read once: files are taken in, the rest is left to the keeper."""

    def __init__(self, platform: Platform, kind: ContentType) -> None:
        self._platform = platform
        self._kind = kind
        self._taken: dict[str, str] = {}

    def parts(self, by: str) -> dict[str, Any]:
        flaws: list[Flaw] = []
        parts: dict[str, Any] = {name: request.form.get(name, "") for name in _TEXTS}
        if self._kind.body == "html":
            parts["body"] = richtext.written(parts["body"])
        parts["cover"] = self._upload("cover", parts["cover"], by, flaws)
        fields: dict[str, Any] = {}
        for field in self._kind.fields:
            value: Any = request.form.get(field.name, "")
            if field.kind is Kind.MEDIA:
                value = self._upload(field.name, value, by, flaws)
            elif field.kind is Kind.FLAG:
                value = "yes" if value else ""
            fields[field.name] = value
        if flaws:
            raise Invalid.because(flaws)
        return {**parts, "fields": fields}

    def _upload(self, name: str, kept: str, by: str, flaws: list[Flaw]) -> str:
        """The new file's id, the one that was there, or none if she took it away."""
        file = request.files.get(f"{name}_file")
        if file is None or not file.filename:
            return "" if request.form.get(f"{name}_gone") else kept
        try:
            self._taken[name] = self._platform.media.take(file.read(), by=by, name=file.filename).id
            return self._taken[name]
        except Invalid as refusal:
            flaws += [Flaw(name, flaw.reason, flaw.facts) for flaw in refusal.flaws]
            return kept

    def typed(self) -> dict[str, Any]:
        """What she typed, to stand in the form again, with the files that were taken in."""
        return {**request.form.to_dict(), **self._taken, "tag": request.form.getlist("tag")}


def _form(
    platform: Platform,
    kind: ContentType,
    found: Material | None,
    typed: dict[str, Any],
    flaws: Any,
) -> str:
    kept: dict[str, Any] = {}
    worn: list[str] = []
    history = platform.changes.latest("material", found.id, 8) if found else []
    if found is not None:
        kept = _kept(found)
        worn = list(platform.materials.about(found.id))
    shown = typed or kept
    tree = platform.taxonomy.now()
    words = f"{shown.get('title', '')} {shown.get('summary', '')} {shown.get('body', '')}"
    if kind.body == "html":
        g.policy = {"style-src-attr": "'unsafe-inline'"}  # what richtext leaves of a paste
    return pages.render(
        "console/material.html",
        kind=kind,
        kinds=KINDS,
        material=found,
        shown=shown,
        worn=typed.get("tag", worn),
        saw=typed.get("saw", " ".join(worn)),
        flaws=flaws,
        facets=by_facet(platform, (tag for tag in tree.by_id.values() if tag.merged_into is None)),
        banned=platform.compliance.barred(words),
        gaps=gaps(str(shown.get("body", ""))) if kind.body == "text" else [],
        placements=rows(platform, platform.shelf.of_material(found.id, 10)) if found else [],
        embargo=platform.licences.embargoed_until(found.id) if found else None,
        licences=[platform.licences.of(each) for each in files_of(found)] if found else [],
        still=bool(filming.program()),
        lengths=_lengths(platform, shown.get("video")),
        held=platform.shelf.held_by(found.id) if found else [],
        history=history,
        names=names(platform, history),
    )


def _lengths(platform: Platform, film: object) -> dict[object, str]:
    """How long the film in the form runs, if that is known."""
    try:
        seconds = platform.media.one(str(film)).seconds if film else 0
    except NotFound:
        seconds = 0
    return {film: filming.length(seconds)} if seconds else {}
