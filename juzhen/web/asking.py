"""Asking (请求者): who asks this request and in what language; forged forms end here.

Does not answer anything and does not know what the asker may do.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from flask import g, request

from kernel.actors import Actor
from kernel.errors import Forbidden, Invalid, SignedOff

if TYPE_CHECKING:
    from juzhen.wiring import Platform

COOKIE = "jz_session"
_FORMS = {"multipart/form-data", "application/x-www-form-urlencoded"}
_TOLD = 65_536
"""Bytes of the largest JSON that any door behind this takes."""
_SAFE = {"GET", "HEAD", "OPTIONS"}


def identify(platform: Platform) -> None:
    """Whoever the credentials speak for. None at all is fine here; a bad one is not."""
    bearer = request.headers.get("Authorization", "")
    if bearer.startswith("Bearer "):
        g.actor = platform.access.of_token(bearer.removeprefix("Bearer ").strip())
    elif key := request.cookies.get(COOKIE):
        try:
            signed = platform.access.of_session(key)
        except SignedOff:
            return
        g.actor, g.csrf = signed.actor, signed.csrf
        if request.method not in _SAFE:
            _check_origin(signed.csrf)


def check_text() -> None:
    """Refuse the NUL character wherever text comes in: PostgreSQL keeps none."""
    if "\x00" in request.path or b"%00" in request.query_string:
        raise Invalid("address", "no_nul_character")
    if request.method in _SAFE:
        return
    if request.mimetype in _FORMS:
        for field, value in request.form.items():
            if "\x00" in value:
                raise Invalid(field, "no_nul_character")
    elif (
        request.mimetype == "application/json"
        and (request.content_length or 0) <= _TOLD
        and b"\\u0000" in request.get_data(cache=True)
    ):
        raise Invalid("body", "no_nul_character")


def check_site() -> None:
    """Refuse what a page of another site made a browser send."""
    site = request.headers.get("Sec-Fetch-Site", "")
    origin = request.headers.get("Origin", "")
    if site not in {"", "same-origin"} or (origin and origin != request.host_url.rstrip("/")):
        raise Forbidden("form_of_another_site")


def _check_origin(csrf: str) -> None:
    """A browser sends her cookie for every site's form: only ours may do something with it."""
    check_site()
    typed = (request.mimetype or "").startswith(("multipart/", "application/x-www-form"))
    shown = request.form.get("csrf", "") if typed else ""
    shown = shown or request.headers.get("X-CSRF-Token", "")
    if not secrets.compare_digest(shown.encode(), csrf.encode()):
        raise Forbidden("form_too_old")


def request_id(told: str | None) -> str:
    """What a request is called in the log and in its answer: as whoever asks calls it, or anew."""
    return (told or "")[:64] or secrets.token_hex(8)


def asker() -> Actor:
    """The actor of this request. Raises `SignedOff` if nobody signed in."""
    actor: Actor | None = g.actor
    if actor is None:
        raise SignedOff("sign_in_first")
    return actor


def language() -> str:
    """The asker's language: what the address says, her own, her browser's; Chinese first."""
    chosen = request.args.get("lang") or request.cookies.get("jz_lang")
    if chosen in {"zh", "en"}:
        return chosen
    if g.get("actor") is not None and g.actor.staff:
        return str(g.actor.language)
    return request.accept_languages.best_match(["zh", "zh-CN", "en"], "zh")[:2]
