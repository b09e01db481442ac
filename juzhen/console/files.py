"""Many files at once (批量上传): the form, what became of each, and one button that undoes it.

Where browsers reach the bucket, one large file goes straight into it: its form is posted there, and
the store sends the browser back to the page that takes the file in. None of this needs JavaScript.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Blueprint, g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from content_hub import richtext
from content_hub.file_sets import MOST, Brought
from content_hub.media import MB
from content_hub.uploads import KINDS, FileUpload, form_of
from juzhen.console.desk import allowed, done, flaws_of
from juzhen.web import pages
from kernel.actors import require_own
from kernel.errors import Conflict, Invalid, NotFound

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
                by=actor.id, unit=actor.unit, sight=actor.seen_units,
            )  # fmt: skip
        except Invalid as refusal:
            return _page(platform, platform.file_sets.new(), flaws=refusal.flaws), 422
        return _page(platform, key, told)

    @door.post("/files/<key>/undo")
    def put_files_away(key: str) -> AnyResponse:
        actor = allowed("edit_materials")
        require_own(actor, platform.file_sets.brought_by(key))
        return done("library", "files_away", n=platform.file_sets.put_away(key, by=actor.id))

    _install_posting(door, platform)


def _install_posting(door: Blueprint, platform: Platform) -> None:
    @door.post("/files/posting")
    def expect_file() -> AnyResponse | tuple[str, int]:
        """Its name is asked for first: the store tells us of none."""
        actor = allowed("edit_materials")
        if not platform.files.origin:
            raise NotFound("upload", "posting")
        title = richtext.tidy(request.form.get("title", "")).strip()[:100]
        ending = request.form.get("ending", "")
        if not title or ending not in KINDS:
            refusal = Invalid("ending" if title else "title", "missing")
            return _page(platform, platform.file_sets.new(), flaws=refusal.flaws), 422
        upload = platform.uploads.expect(f"{title}{ending}", by=actor.id)
        return redirect(url_for("console.post_file", key=upload.id), 303)

    @door.get("/files/posting/<key>")
    def post_file(key: str) -> AnyResponse | str:
        actor = allowed("edit_materials")
        upload = platform.uploads.one(key, by=actor.id)
        if upload.taken:
            return redirect(url_for("console.posted_file", key=key), 303)
        return _posting(platform, upload)

    @door.get("/files/posting/<key>/posted")
    def posted_file(key: str) -> str | tuple[str, int]:
        """The store sends her here. Loaded again, it tells what became of the file."""
        actor = allowed("edit_materials")
        upload = platform.uploads.one(key, by=actor.id)
        try:
            media = platform.uploads.arrived(key, by=actor.id).media
        except Invalid as refusal:
            return _page(platform, platform.file_sets.new(), flaws=refusal.flaws), 422
        except Conflict as refusal:
            return _posting(platform, upload, flaws=flaws_of(refusal)), 409
        set_ = platform.file_sets.of_upload(key)
        told = platform.file_sets.add(
            set_, media, upload.name, by=actor.id, unit=actor.unit, sight=actor.seen_units
        )
        return _page(platform, set_, [told])


def _posting(platform: Platform, upload: FileUpload, flaws: Any = ()) -> str:
    """The one page that may post elsewhere: to the bucket."""
    back = platform.base_url.rstrip("/") + url_for("console.posted_file", key=upload.id)
    if (form := platform.uploads.form(upload, back=back)) is None:
        raise NotFound("upload", upload.id)
    told = urlsplit(form.url)
    g.policy = {"form-action": f"'self' {told.scheme}://{told.netloc}"}
    kind, most = form_of(upload.name)
    return pages.render(
        "console/posting.html", form=form, name=upload.name, kind=kind, most=most // MB,
        flaws=flaws,
    )  # fmt: skip


def _page(platform: Platform, key: str, told: Sequence[Brought] = (), flaws: Any = ()) -> str:
    made = sum(each.material is not None and not each.known for each in told)
    return pages.render(
        "console/files.html", rows=told, act=key if made else "", flaws=flaws, most=MOST,
        set=platform.file_sets.new() if told else key, made=made,
        known=sum(each.known for each in told), wrong=sum(bool(each.flaws) for each in told),
        endings=sorted(KINDS) if platform.files.origin else (),
        types={kind.code: kind for kind in platform.types.all()},
    )  # fmt: skip
