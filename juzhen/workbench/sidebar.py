"""The sidebar (聊天侧边栏): the customer whom a rep is talking with in WeCom, without a search.

WeCom lets a page in that is signed for its very address; then its script says whose chat it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from channels.base import StandsBeside
from juzhen.web import pages
from juzhen.workbench.saying import rep
from kernel.errors import Invalid, NotFound, Problem
from kernel.events import Handle

if TYPE_CHECKING:
    from channels.accounts import Account
    from data_hub.customers import Customer
    from juzhen.wiring import Platform

_COOKIE = "beside"
"""Beside the chats of which account this browser shows the workbench."""


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/beside/<account>")
    def beside(account: str) -> Response:
        """The page that is entered as a sidebar; its script goes on to the customer."""
        actor = rep()
        told = _signed(platform, account)
        return pages.page(
            "workbench/beside.html", tab="customers", told=told, account=account,
            unread=platform.reminders.unread(actor.staff),
        )  # fmt: skip

    @door.get("/beside/<account>/customer")
    def beside_customer(account: str) -> AnyResponse:
        """Whose chat it is, by the platform's id of her."""
        actor, external = rep(), request.args.get("external", "").strip()
        if not external:
            raise Invalid("external", "missing")
        there = platform.accounts.one(account)
        handle = Handle("external_userid", there.id, external[:128])
        if platform.identities.seen(handle) is None:
            raise NotFound("customer", external[:40])
        customer = platform.identities.customer_of(handle)
        her = platform.customers.seen_by(actor).one(customer)
        answer = redirect(url_for("workbench.customer", customer=her.id), 303)
        answer.set_cookie(
            _COOKIE, there.code, max_age=86_400, path="/workbench", httponly=True, samesite="Lax",
            secure=platform.base_url.startswith("https"),
        )  # fmt: skip
        return answer


def chat(platform: Platform, her: Customer) -> dict[str, Any] | None:
    """What the script of this page needs to open her chat and to put something into it, if the rep
    reads the page inside WeCom; whose chat is open by then it asks again."""
    try:
        for account, hers in _of(platform, her):
            return {**_signed(platform, account.code), "hers": hers}
    except Problem:  # the platform is away, or there is no such account any more
        pass
    return None


def beside_her(platform: Platform, her: Customer) -> bool:
    """Does the rep read the page inside WeCom, where she and this customer are friends?"""
    try:
        return any(_of(platform, her))
    except Problem:
        return False


def _of(platform: Platform, her: Customer) -> Iterator[tuple[Account, list[str]]]:
    """The accounts whose WeCom shows the page, with what she is called there."""
    for account in _inside(platform):
        hers = [
            each.value for each in her.handles
            if (each.kind, each.scope) == ("external_userid", account.id)
        ]  # fmt: skip
        if hers:
            yield account, hers


def _inside(platform: Platform) -> list[Account]:
    """Whose WeCom shows the page: the one beside whose chats she came here, or, as from a card of a
    reminder, any that lets pages in."""
    if beside := request.cookies.get(_COOKIE):
        return [platform.accounts.one(beside)]
    if "wxwork" in request.user_agent.string.lower():
        return platform.channels.able(StandsBeside)
    return []


def _signed(platform: Platform, account: str) -> dict[str, Any]:
    """Signed for this very address; the page may then run the platform's script."""
    told: dict[str, Any] = _channel(platform, account).beside(_here(platform))
    sdk = urlsplit(told["sdk"])
    g.policy = {
        "script-src": f"'self' 'nonce-{g.nonce}' {sdk.scheme}://{sdk.netloc}",
        "connect-src": "'self' https://*.weixin.qq.com",
    }
    return told


def _here(platform: Platform) -> str:
    """The address as her browser sees it, which is what is signed."""
    return f"{platform.base_url.rstrip('/')}{request.full_path.rstrip('?')}"


def _channel(platform: Platform, account: str) -> Any:
    channel = platform.channels.of(platform.accounts.one(account))
    if not isinstance(channel, StandsBeside):
        raise NotFound("account", account[:60])
    return channel
