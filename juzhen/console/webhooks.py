"""Webhooks (出站通知): who is told what comes onto shelves and what changes, and how that went."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, request
from werkzeug.wrappers import Response as AnyResponse

from channels.notices import KINDS, Told
from juzhen.console.desk import allowed, done, flaws_of, names_of, typed_moment
from juzhen.web import pages
from kernel.errors import Conflict, Invalid, Problem
from kernel.secret import Secret

if TYPE_CHECKING:
    from juzhen.wiring import Platform

_ACTS = ("on", "off", "ping", "renew", "again", "drop")


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/webhooks")
    def webhooks() -> str:
        allowed("manage_accounts")
        return _page(platform)

    @door.post("/webhooks")
    def make_webhook() -> str | tuple[str, int]:
        actor, form = allowed("manage_accounts"), request.form
        try:
            made, secret = platform.subscriptions.subscribe(
                form.get("url", "").strip(), name=form.get("name", ""), by=actor.id,
                kinds=form.getlist("kind"), accounts=form.getlist("account"),
            )  # fmt: skip
        except (Invalid, Conflict) as refusal:
            return _page(platform, refusal=refusal), 422
        return _page(platform, secret=secret, of=made.id)

    @door.get("/webhooks/<key>")
    def webhook(key: str) -> str:
        allowed("manage_accounts")
        return _one(platform, key)

    @door.post("/webhooks/<key>")
    def change_webhook(key: str) -> AnyResponse | str | tuple[str, int]:
        """The button says what."""
        by, act = allowed("manage_accounts").id, request.form.get("act", "")
        try:
            if act not in _ACTS:
                raise Invalid("act", "not_a_choice", choices=[*_ACTS])
            if act == "renew":
                return _one(platform, key, secret=platform.subscriptions.renew(key, by=by))
            _do(platform, key, act, by)
        except (Invalid, Conflict) as refusal:
            return _one(platform, key, refusal=refusal), 422
        if act == "drop":
            return done("webhooks", "webhook_dropped")
        return done("webhook", f"webhook_{act}", key=key)


def _do(platform: Platform, key: str, act: str, by: str) -> None:
    if act in {"on", "off"}:
        platform.subscriptions.switch(key, on=act == "on", by=by)
    elif act == "ping":
        platform.subscriptions.ping(key, by=by)
    elif act == "drop":
        platform.subscriptions.drop(key, by=by)
    else:
        since = typed_moment(platform.zone, "since")
        if since is None:
            raise Invalid("since", "missing")
        platform.subscriptions.tell_again(key, since, by=by)


def _page(
    platform: Platform,
    *,
    refusal: Problem | None = None,
    secret: Secret | None = None,
    of: str = "",
) -> str:
    return pages.render(
        "console/webhooks.html",
        webhooks=platform.subscriptions.all(),
        counts=platform.subscriptions.counts(),
        accounts=platform.accounts.all(),
        kinds=KINDS,
        typed=request.form,
        secret=secret.reveal() if secret else "",
        of=of,
        flaws=flaws_of(refusal) if refusal else (),
    )


def _one(
    platform: Platform, key: str, *, refusal: Problem | None = None, secret: Secret | None = None
) -> str:
    found = platform.subscriptions.one(key)
    state = request.args.get("state", "")
    page = platform.subscriptions.page(
        key, state=state if state in list(Told) else "", first=50, after=request.args.get("after")
    )
    known = {each.id: each for each in platform.accounts.all()}
    return pages.render(
        "console/webhook.html",
        webhook=found,
        people=names_of(platform, [found.by]),
        accounts=[known[each].name if each in known else each for each in found.accounts],
        page=page,
        state=state,
        states=list(Told),
        secret=secret.reveal() if secret else "",
        flaws=flaws_of(refusal) if refusal else (),
    )
