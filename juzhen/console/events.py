"""The event pages (事件流): what comes in, what was refused and why, and the catalogue of kinds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from flask import Blueprint, request
from werkzeug.wrappers import Response as AnyResponse

from data_hub.catalogue import KINDS, called, kind_of
from data_hub.completeness import catalogue
from data_hub.customers import sentence
from data_hub.measures import KPIS
from juzhen.console import views
from juzhen.console.desk import account_names, allowed, done
from juzhen.web import pages
from juzhen.web.asking import language
from kernel.actors import Actor, may
from kernel.errors import Invalid
from kernel.events import Event
from kernel.ids import Page
from stores.history import Axis, Sort

if TYPE_CHECKING:
    from juzhen.wiring import Platform

_SHOWN = 50


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/events")
    def events() -> str:
        """The latest arrivals, or those that a figure was counted from."""
        actor = allowed("read_boards")
        asked = {name: request.args.get(name, "") for name in ("kind", "account", "figure")}
        since, until = _day("since"), _day("until")
        page = _page(platform, asked, since, until, request.args.get("after"))
        live = request.args.get("live") == "1" and page.next is None and not any(asked.values())
        return pages.render(
            "console/events.html", rows=_rows(platform, actor, page.items), asked=asked,
            since=since, until=until, following=page.next, live=live, now=platform.clock(),
            kinds=[(name, kind.label(language())) for name, kind in KINDS.items()],
            figures=[(code, kpi.label(language())) for code, kpi in KPIS.items() if kpi.tracked],
            accounts=[(each.id, each.name) for each in platform.accounts.all()],
            behind=platform.fold.behind(), **views.shown(platform, "events"),
        )  # fmt: skip

    @door.get("/events/refused")
    def refused() -> str:
        allowed("read_boards")
        return pages.render(
            "console/refused.html", sorts=platform.refusals.sorts(100), now=platform.clock(),
            accounts=account_names(platform),
        )  # fmt: skip

    @door.post("/events/refused/replay")
    def replay() -> AnyResponse:
        """Try what waits once more. Doing it twice takes nothing twice."""
        actor = allowed("replay_events")
        only = Sort(*(request.form.get(name, "") for name in Sort._fields))
        told = platform.refusals.replay(only, by=actor.id)
        return done("refused", "replayed" if told.accepted else "replayed_none", n=told.accepted)

    @door.get("/events/catalogue")
    def event_catalogue() -> str:
        allowed("read_boards")
        told = catalogue(platform.history, platform.clock)
        return pages.render(
            "console/catalogue.html", told=told, figures=KPIS,
            heard=[each for each in told.kinds if each.count],
            silent=[each.kind for each in told.kinds if not each.count],
        )  # fmt: skip


def _page(
    platform: Platform, asked: dict[str, str], since: date | None, until: date | None,
    after: str | None,
) -> Page[Event]:  # fmt: skip
    """Of the asked kinds; without any question, whatever arrived last."""
    if not any((*asked.values(), since, until, after)):
        newest = platform.history.newest()
        arrived = platform.history.after(max(newest - _SHOWN, 0), _SHOWN)
        return Page([event for _, event in reversed(arrived)], None)
    account = asked["account"] or None
    if asked["kind"]:
        kinds: Sequence[str] = [kind_of(asked["kind"]).name]
    elif asked["figure"] in KPIS:
        kinds = KPIS[asked["figure"]].kinds
    else:
        heard = platform.history.counts([Axis.KIND], account=account, since=since, until=until)
        kinds = [kind for (kind,), _ in heard]
    return platform.history.of_kinds(
        kinds, account=account, since=since, until=until, before=after, limit=_SHOWN
    )


def _rows(platform: Platform, actor: Actor, events: Sequence[Event]) -> list[dict[str, Any]]:
    """Events as lines; who it was, masked, and what she said for who may see her."""
    names = account_names(platform)
    whose = {str(event.handle) for event in events if event.handle}
    ids = platform.identities.customers_of(whose)
    knows, tongue = may(actor, "read_customers"), language()
    seen = platform.customers.seen_by(actor).many(set(ids.values())) if knows else {}
    return [
        {
            "event": event,
            "sentence": sentence(event, tongue, masked=her is None or her.masked)
            if her or (knows and not event.handle) else called(event.kind, tongue),
            "account": names.get(event.account, event.account),
            "customer": her,
            "late": bool(event.received and event.received - event.at > timedelta(hours=1)),
        }
        for event in events
        for her in [seen.get(ids.get(str(event.handle), ""))]
    ]  # fmt: skip


def _day(name: str) -> date | None:
    text = request.args.get(name, "")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Invalid(name, "not_a_date") from None
