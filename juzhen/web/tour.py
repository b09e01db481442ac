"""The tour (导览): the start page. In the demo three minutes through the house, with real doors.

Outside the demo it only shows the way in. Changes nothing; the one-click logins are `login`'s door,
which is open in the demo only.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from flask import Blueprint, g, redirect
from werkzeug.wrappers import Response as AnyResponse

from juzhen.web import pages
from kernel.actors import Role
from kernel.errors import NotFound
from kernel.values import dataclass

if TYPE_CHECKING:
    from juzhen.wiring import Platform

ACCESS = "access.json"
_DESKS = {Role.REP: "/workbench/", Role.TEAM_LEAD: "/workbench/"}
_QUERY = "{ shelf(channel: %s, first: 3) { nodes { title tags { label } closes trackedUrl } } }"


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """What moves on the page."""

    events: int
    """Events folded into the history."""
    digested: int
    """Per cent of them that have become profiles."""
    app: int
    official: int
    """Materials on each account's shelf this moment."""
    dots: int
    """The demo rep's red dots."""


def blueprint(platform: Platform) -> Blueprint:
    door = Blueprint("tour", __name__)

    @door.get("/")
    def start() -> str | AnyResponse:
        if not platform.settings.demo:
            return redirect(_DESKS.get(g.actor.role, "/console/") if g.actor else "/login")
        told = access(platform.settings.home)
        return pages.render(
            "tour.html",
            told=told,
            now=now(platform, told),
            person=_heroine(platform, told),
            sandbox=told.get("sandbox_url") or platform.settings.demo_sandbox,
            query=_query(platform.base_url, told),
        )

    @door.get("/tour/now")
    def moving() -> str:
        """Only what moves, for the page to replace its own with."""
        if not platform.settings.demo:
            raise NotFound("page", "/tour/now")
        return pages.render("tour_now.html", now=now(platform, access(platform.settings.home)))

    return door


def access(home: Path) -> dict[str, Any]:
    """What the demo company wrote down for whoever tries it; empty while it is being built."""
    file = home / ACCESS
    if not file.exists():
        return {}
    told: dict[str, Any] = orjson.loads(file.read_bytes())
    return told


def now(platform: Platform, told: Mapping[str, Any]) -> Now:
    """A few cheap counts."""
    ids = told.get("ids") or {}
    events = sum(count.count for count in platform.history.counts(()))
    digested = 100 * platform.digest.mark() // events if events else 100

    def standing(name: str) -> int:
        account = ids.get(name)
        if not account:
            return 0
        key = platform.accounts.one(account).id
        return platform.shelf.page(key, first=1, count=True).total or 0

    return Now(
        events=events,
        digested=min(100, digested),
        app=standing("channel_app"),
        official=standing("account_official"),
        dots=platform.reminders.unread(ids["rep"]) if ids.get("rep") else 0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Heroine:
    """The customer whom the rep is led to, and whose phone the sandbox lets one play."""

    name: str
    openid: str
    dot: str
    """Where her rep finds her: the red dots of her kind, or her page if none is left."""


def _heroine(platform: Platform, told: Mapping[str, Any]) -> Heroine | None:
    ids = told.get("ids") or {}
    customer = ids.get("customer", "")
    try:
        handles = platform.identities.handles(customer)
    except NotFound:  # not digested yet
        return None
    about = platform.reminders.page(ids.get("rep", ""), handles=list(map(str, handles)), first=1)
    kinds = [reminder.kind for reminder in about.items if reminder.unread]
    return Heroine(
        name=platform.profiles.of(customer).name,
        openid=next((handle.value for handle in handles if handle.kind == "openid"), ""),
        dot=f"/workbench/?kind={kinds[0]}" if kinds else f"/workbench/customers/{customer}",
    )


def _query(url: str, told: Mapping[str, Any]) -> str:
    """A first query that can be pasted as it stands."""
    token = (told.get("tokens") or {}).get("channel_app", "")
    channel = orjson.dumps((told.get("ids") or {}).get("channel_app", "app")).decode()
    body = orjson.dumps({"query": _QUERY % channel}).decode()
    return (
        f"curl -s {url}/graphql -H 'Authorization: Bearer {token}'"
        f" -H 'Content-Type: application/json' -d '{body}'"
    )
