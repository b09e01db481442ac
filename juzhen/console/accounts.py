"""The accounts page (账号健康页): how each account stands with its platform, and what is left."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from channels.accounts import Account
from channels.base import AsksCreators
from channels.health import SHOWN, Signs
from juzhen.console import states
from juzhen.console.desk import allowed, done, flaws_of
from juzhen.web import charts, pages
from juzhen.web.asking import language
from kernel.errors import Conflict, Invalid, NotFound, Problem
from kernel.events import Ecosystem
from kernel.wording import known, say

if TYPE_CHECKING:
    from juzhen.wiring import Platform

_CODE = re.compile(r"[A-Za-z0-9_-]{1,60}")
_OF = "--name … --ecosystem wechat"
_SECRETS = "--secret app_secret --secret token --secret aes_key"
_COMMANDS = (
    ("wechat_oa", "official-account", f"wechat_oa oa_main {_OF} --setting app_id=wx… {_SECRETS}"),
    ("wecom", "wecom",
     f"wecom corp {_OF} --setting corp_id=ww… --setting agent_id=1000002 {_SECRETS}"),
)  # fmt: skip
"""How accounts of a platform are connected: their secrets are typed where no browser keeps them."""
_LOOKS = {
    "well": "good", "behind": "warn", "out_of_order": "bad", "unusable": "bad", "paused": "bad",
}  # fmt: skip


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/accounts")
    def accounts() -> str:
        return _page(platform)

    @door.post("/accounts/app")
    def add_app() -> AnyResponse | tuple[str, int]:
        """A front end of the company's own needs nobody else: no platform has a say in it."""
        actor, form = allowed("manage_accounts"), request.form
        code, name = (form.get(each, "").strip() for each in ("code", "name"))
        try:
            if not _CODE.fullmatch(code):
                raise Invalid("code", "not_an_account_code" if code else "missing")
            if not name:
                raise Invalid("name", "missing")
            platform.accounts.add(
                code=code, name=name[:60], kind="app", ecosystem=Ecosystem.OWN_APP, by=actor.id
            )
        except (Invalid, Conflict) as refusal:
            return _page(platform, refusal), 422
        return done("accounts", "account_connected")

    @door.post("/accounts/<key>/pause")
    def pause_account(key: str) -> AnyResponse:
        """Nothing goes out through it until somebody resumes it."""
        actor = allowed("manage_accounts")
        platform.accounts.pause(platform.accounts.one(key).id, "paused_by_person", by=actor.id)
        return done("accounts", "account_paused")

    @door.post("/accounts/<key>/resume")
    def resume_account(key: str) -> AnyResponse:
        actor = allowed("manage_accounts")
        platform.accounts.resume(platform.accounts.one(key).id, by=actor.id)
        return done("accounts", "account_resumed")

    _creators_say_yes(door, platform)


def _creators_say_yes(door: Blueprint, platform: Platform) -> None:
    @door.get("/accounts/<key>/grant")
    def ask_creator(key: str) -> AnyResponse:
        """To the platform's page where the creator says yes."""
        actor = allowed("manage_accounts")
        account = platform.accounts.one(key)
        word = platform.grants.ask(account.id, by=actor.id)
        back = f"{platform.settings.public_url.rstrip('/')}{url_for('console.creator_granted')}"
        return redirect(_creators(platform, account).consent(word, back), 303)

    @door.get("/accounts/granted")
    def creator_granted() -> AnyResponse:
        """She is back; the word says which account it is about, once."""
        actor = allowed("manage_accounts")
        account = platform.accounts.one(platform.grants.answered(request.args.get("state", "")))
        channel = _creators(platform, account)
        told = request.args.get("code") or request.args.get("auth_code", "")
        channel.take_grant(told, by=actor.id)
        if account.paused_reason == "creator_must_grant":
            platform.accounts.resume(account.id, by=actor.id)
        return done("accounts", "creator_granted")


def _page(platform: Platform, refusal: Problem | None = None) -> str:
    allowed("read_deliveries")
    return pages.render(
        "console/accounts.html",
        rows=[
            _row(each) | {"asks": _asks(platform, each.account)} for each in platform.health.all()
        ],
        now=platform.clock(), commands=_COMMANDS, typed=request.form if refusal else {},
        flaws=flaws_of(refusal) if refusal else (),
    )  # fmt: skip


def _creators(platform: Platform, account: Account) -> AsksCreators:
    channel = platform.channels.of(account)
    if not isinstance(channel, AsksCreators):
        raise NotFound("account", account.code)
    return channel


def _asks(platform: Platform, account: Account) -> bool:
    try:
        return isinstance(platform.channels.of(account), AsksCreators)
    except Problem:
        return False


def _row(signs: Signs) -> dict[str, Any]:
    """One account with its two pictures: what is under way, and what is left of its quota."""
    tongue = language()
    parts = [
        (say(f"step_{state}", tongue), float(n), states.look_of(state))
        for state in SHOWN
        if (n := signs.counts.get(state, 0))
    ]
    told = say("under_way_n", tongue, n=int(sum(n for _, n, _ in parts)))
    quota = None
    if signs.most:
        quota = charts.gauge(
            signs.said, signs.most,
            say("quota_used", tongue, used=f"{signs.said:,}", most=f"{signs.most:,}"),
        )  # fmt: skip
    return {
        "signs": signs,
        "kind": _kind(signs.account.kind, tongue),
        "look": _LOOKS[signs.state],
        "parts": parts,
        "strip": charts.strip(parts, told) if parts else None,
        "quota": quota,
    }


def _kind(kind: str, tongue: str) -> str:
    """What people call a kind of account; one that was brought along is called as it is spelled."""
    word = f"account_kind_{kind}"
    return say(word, tongue) if known(word) else kind
