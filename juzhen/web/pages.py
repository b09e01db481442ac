"""Pages (页面): one look for console, workbench and public pages; words in the reader's language.

Jinja with autoescape; every page works without JavaScript. Knows no rule of the business.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from contextlib import suppress
from datetime import datetime
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, current_app, g, request, url_for
from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemBytecodeCache,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
    select_autoescape,
)
from jinja2.bccache import Bucket
from markupsafe import Markup, escape

from juzhen.web.asking import language
from kernel.actors import may
from kernel.calendar import Zone
from kernel.errors import Overloaded
from kernel.wording import known, say
from matching.counters.keeping import BEHIND

if TYPE_CHECKING:
    from juzhen.wiring import Platform

_WEB = resources.files("juzhen.web")
_STATIC = _WEB.joinpath("static")
_KINDS = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
}
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]+)?")
_YEAR = 365 * 86_400
ROOMS = ("console", "workbench", "web")
"""Packages of `juzhen` with templates of their own; theirs are named ``<package>/<file>``."""


class _Compiled(FileSystemBytecodeCache):
    """Pages as some process compiled them: after a start nobody waits for that again. Where none
    can be kept or read, they are compiled."""

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder))
        self._folder = folder

    def load_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            super().dump_bytecode(bucket)


def install(app: Flask, platform: Platform) -> None:
    """Give an application the templates, the static files and the language switch."""
    made = _environment(platform.zone, platform.settings.company_name)
    made.globals["undigested"] = lambda: _undigested(platform)
    made.globals["uncounted"] = lambda: _uncounted(platform)
    made.bytecode_cache = _Compiled(platform.settings.home / "run" / "pages")
    app.extensions["juzhen_pages"] = made
    app.register_blueprint(_static_files())
    app.after_request(_remember_language)


def _undigested(platform: Platform) -> int | None:
    """How many events are acknowledged and in no figure yet; None while the history is away."""
    try:
        digesting = platform.history.newest() - platform.digest.mark()
        return platform.fold.behind() + max(digesting, 0)
    except Overloaded:
        return None


def _uncounted(platform: Platform) -> int:
    """How many events lists do not know of yet, where that is so many that they say so."""
    try:
        behind = platform.counters.behind()
    except Overloaded:
        return 0
    return behind if behind > BEHIND else 0


def render(template: str, **values: Any) -> str:
    """The page as text, in the reader's language."""
    environment: Environment = current_app.extensions["juzhen_pages"]
    return environment.get_template(template).render(**values)


def page(template: str, status: int = 200, **values: Any) -> Response:
    """The page as an answer."""
    return Response(render(template, **values), status, content_type="text/html; charset=utf-8")


def show_picture_of(address: str) -> None:
    """Let the page of this request show a picture that lies elsewhere: a platform's own code."""
    told = urlsplit(address)
    if told.scheme in {"https", "http"} and _HOST.fullmatch(told.netloc):
        g.pictures = {*g.get("pictures", ()), f"{told.scheme}://{told.netloc}"}


def _environment(zone: Zone, company: str) -> Environment:
    shared = FileSystemLoader(str(_WEB.joinpath("templates")))
    juzhen = resources.files("juzhen")
    own = {room: FileSystemLoader(str(juzhen.joinpath(room, "templates"))) for room in ROOMS}
    environment = Environment(
        loader=ChoiceLoader([shared, PrefixLoader(own)]),
        autoescape=select_autoescape(default_for_string=True, default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        t=speak, local=lambda moment: local(zone, moment),
        typed_at=lambda moment: typed(zone, moment),
        zone=zone.name, company=company, csrf=csrf, asset=asset,
        nonce=lambda: g.get("nonce", ""), tongue=language,
        here=_here, asking=lambda: g.get("actor"), can=can, said=said, url_for=url_for,
        undo_at=undo_at, problem_of=problem_of, token=lambda: g.get("csrf", ""),
    )  # fmt: skip
    environment.filters["whole_days"] = whole_days
    return environment


def speak(key: str, **facts: Any) -> str:
    """The sentence behind a key, in the reader's language. What among the facts is a piece of the
    page, as `local` is, stays one; all else is text."""
    pieces = {name: fact for name, fact in facts.items() if isinstance(fact, Markup)}
    if not pieces:
        return say(key, language(), **facts)
    marks = {f"\0{name}\0": piece for name, piece in pieces.items()}
    sentence = escape(say(key, language(), **facts | dict(zip(pieces, marks, strict=True))))
    for mark, piece in marks.items():
        sentence = sentence.replace(mark, piece)
    return sentence


def can(verb: str) -> bool:
    """May whoever reads this page do that?"""
    actor = g.get("actor")
    return actor is not None and may(actor, verb)


def local(zone: Zone, moment: datetime) -> Markup:
    """A moment as the company's clocks show it, with the zone one hover away."""
    shown = zone.local(moment)
    return Markup('<time datetime="{}" title="{} {}">{}</time>').format(
        moment.isoformat(), shown.strftime("%Y-%m-%d %H:%M:%S"), zone.name,
        shown.strftime("%Y-%m-%d %H:%M"),
    )  # fmt: skip


def whole_days(sentence: str) -> Markup:
    """A sentence, its days each in one piece: a browser breaks them at their hyphens."""
    return Markup(_DAY.sub(r"<time>\g<0></time>", str(escape(sentence))))  # noqa: S704  # escaped


def typed(zone: Zone, moment: datetime) -> str:
    """A moment as the value of a date-and-time field, in the company's zone."""
    return zone.local(moment).strftime("%Y-%m-%dT%H:%M")


def csrf() -> Markup:
    """The hidden fields of a form of ours: without the first it is refused, with the second it does
    nothing twice (`juzhen.web.repeats`)."""
    return Markup(
        '<input type="hidden" name="csrf" value="{}"><input type="hidden" name="once" value="{}">'
    ).format(g.get("csrf", ""), secrets.token_urlsafe(9))


def problem_of(flaws: Any, field: str) -> str:
    """What is wrong with one field, as the sentence beside it."""
    tongue = language()
    return " ".join(
        str(escape(flaw.message(tongue))) for flaw in flaws or () if flaw.field == field
    )


def said() -> str:
    """What the last form did, told on the page that it led to: ``?said=done_retired&n=2``."""
    key = request.args.get("said", "")
    if not key.startswith("done_") or not known(key):
        return ""
    number = request.args.get("n", "")
    return speak(key, n=number if number.isdigit() else "")


_BACK = {
    "tgr": "console.undo_tagging", "shf": "console.undo_shift",
    "pls": "console.take_placements_back", "fls": "console.put_files_away",
}  # fmt: skip
"""What takes an act back, by the kind of its id: ``?said=done_tagged&undo=tgr_…``."""


def undo_at() -> str:
    """Where the last act is taken back with one click; empty if it cannot be."""
    key = request.args.get("undo", "")
    back = _BACK.get(key[:3])
    return url_for(back, key=key) if back and key[3:4] == "_" and key[4:].isalnum() else ""


def _here(**changed: Any) -> str:
    """This page's address with some arguments changed; None takes one away."""
    arguments = request.args.to_dict(flat=False) | {
        name: [str(value)] for name, value in changed.items() if value is not None
    }
    gone = {name for name, value in changed.items() if value is None} | {"said", "n", "undo"}
    kept = {
        name: value for name, value in arguments.items()
        if name not in gone and not name.startswith("_") and name != "endpoint"
    }  # fmt: skip
    values: dict[str, Any] = {**kept, **(request.view_args or {})}
    return url_for(str(request.endpoint), **values)


@cache
def _asset(name: str) -> tuple[str, bytes]:
    data = _STATIC.joinpath(name).read_bytes()
    return hashlib.sha256(data).hexdigest()[:12], data


def asset(name: str) -> str:
    """The address of a static file: it holds a digest, so browsers keep it for good."""
    return f"/static/{_asset(name)[0]}/{name}"


def static(name: str) -> bytes:
    """The same file, for an answer at an address of its own."""
    return _asset(name)[1]


def _static_files() -> Blueprint:
    door = Blueprint("static_files", __name__)

    @door.get("/static/<digest>/<name>")
    def file(digest: str, name: str) -> Response:
        kind = _KINDS.get(name.rpartition(".")[2])
        if kind is None or not _STATIC.joinpath(name).is_file():
            return Response(status=404)
        now, data = _asset(name)
        answer = Response(data, content_type=kind)
        answer.headers["Cache-Control"] = (
            f"public, max-age={_YEAR}, immutable" if digest == now else "no-cache"
        )
        return answer

    return door


def _remember_language(response: Response) -> Response:
    chosen = request.args.get("lang")
    if chosen in {"zh", "en"}:
        response.set_cookie("jz_lang", chosen, max_age=_YEAR, samesite="Lax", httponly=True)
    return response
