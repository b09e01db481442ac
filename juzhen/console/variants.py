"""Variants of a material (渠道与语言版本): its words for one account or in one language, with the
room that the account's platform leaves, counted while typing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, request
from werkzeug.wrappers import Response as AnyResponse

from channels.accounts import Account
from channels.capabilities import Limits
from content_hub import richtext
from content_hub.materials import Material
from content_hub.materials.variants import TEXTS, said
from content_hub.types import Kind
from juzhen.console.desk import allowed, done, flaws_of, managed, seen
from juzhen.web import pages
from kernel.errors import Conflict, Invalid, NotFound, Problem

if TYPE_CHECKING:
    from juzhen.wiring import Platform

_TOLD = {Kind.TEXT, Kind.LONG_TEXT, Kind.HTML}
"""Kinds of field that are words, and so may be said in another language."""


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/materials/<key>/variants")
    def variants(key: str) -> str:
        return _page(platform, seen(allowed("read_library"), platform, key))

    @door.post("/materials/<key>/variants")
    def vary_material(key: str) -> AnyResponse | tuple[str, int]:
        """Keep what is said otherwise; an emptied field falls back again."""
        actor = allowed("edit_materials")
        found = seen(actor, platform, key)
        managed(actor, found.unit)
        where = request.values.get("account", ""), request.values.get("language", "").strip()
        typed: dict[str, Any] = {}
        try:
            typed = _typed(platform, found, actor.id)
            platform.varying.vary(
                found.id, account=where[0], language=where[1], by=actor.id, expected=_number(),
                **typed,
            )  # fmt: skip
        except (Invalid, Conflict) as refusal:
            return _page(platform, found, refusal, typed.get("cover")), 422
        return done("variants", "saved", key=found.id, account=where[0], language=where[1])


def _number() -> int | None:
    text = request.form.get("number", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _typed(platform: Platform, found: Material, by: str) -> dict[str, Any]:
    kind = platform.types.one(found.type)
    told: dict[str, Any] = {name: request.form.get(name, "").strip() for name in TEXTS}
    if kind.body == "html" and told["body"]:
        told["body"] = richtext.written(told["body"])
    file = request.files.get("cover_file")
    if file is not None and file.filename:
        told["cover"] = platform.media.take(file.read(), by=by, name=file.filename).id
    elif request.form.get("cover_gone"):
        told["cover"] = ""
    fields = {
        field.name: request.form.get(field.name, "").strip()
        for field in kind.fields if field.kind in _TOLD
    }  # fmt: skip
    return {**told, "fields": fields}


def _page(
    platform: Platform, found: Material, refusal: Problem | None = None, cover: str | None = None
) -> str:
    """``cover`` is the file that came with a form which was refused."""
    account, language = request.values.get("account", ""), request.values.get("language", "")
    accounts = {each.id: each for each in platform.accounts.all()}
    there = accounts.get(account)
    kind = platform.types.one(found.type)
    kept = found.variants.get(f"{account}/{language}", {})
    return pages.render(
        "console/variants.html",
        material=found,
        kind=kind,
        accounts=accounts,
        account=account,
        language=language,
        chosen=bool(there or language),
        kept=[_where(each, accounts) for each in sorted(found.variants)],
        shown=request.form.to_dict() | ({} if cover is None else {"cover": cover})
        if refusal
        else {**kept, "number": found.number},
        otherwise=said(found, account, language),
        fields=[field for field in kind.fields if field.kind in _TOLD],
        limits=_limits(platform, there),
        flaws=flaws_of(refusal) if refusal else (),
    )


def _where(place: str, accounts: dict[str, Account]) -> tuple[str, str, str]:
    """A variant that there is: account, language, and what to call it."""
    account, _, language = place.partition("/")
    name = accounts[account].name if account in accounts else account
    return account, language, " · ".join(filter(None, (name, language)))


def _limits(platform: Platform, account: Account | None) -> Limits | None:
    """None for all accounts, and for one that cannot be used as it is set up."""
    try:
        return platform.varying.limits(account) if account else None
    except (Invalid, Conflict, NotFound):
        return None
