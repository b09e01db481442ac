"""The broadcast pages (群发): make one with a preview, watch it, pause it, end it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from channels.broadcasts.keeper import Counts
from channels.broadcasts.record import Broadcast
from channels.deliveries import Delivery
from juzhen.console import states
from juzhen.console.desk import allowed, done, flaws_of, typed_moment
from juzhen.web import charts, pages
from juzhen.web.asking import language
from kernel.actors import Actor, require
from kernel.errors import Conflict, Invalid
from kernel.wording import say

if TYPE_CHECKING:
    from juzhen.wiring import Platform

_ACTS = ("pause", "resume", "cancel")
_CAMPAIGNS = 50
_MAILING_ACTS = ("remind", "cancel")


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/broadcasts")
    def broadcasts() -> str:
        allowed("read_deliveries")
        page = platform.broadcasts.page(after=request.args.get("after"))
        counts = platform.broadcasts.counts([each.id for each in page.items])
        return pages.render(
            "console/broadcasts.html",
            rows=[_row(platform, each, counts[each.id]) for each in page.items],
            following=page.next,
            on=platform.broadcasts.on,
            accounts={each.id: each for each in platform.accounts.all()},
        )

    @door.get("/broadcasts/new")
    def new_broadcast() -> str:
        allowed("broadcast")
        return _form(platform, request.args.to_dict())

    @door.post("/broadcasts/new")
    def make_broadcast() -> AnyResponse | str | tuple[str, int]:
        """Count whom it would reach, let one person have it first, or make it: the button says
        which."""
        actor, typed = allowed("broadcast"), request.form.to_dict()
        try:
            if request.form.get("act") == "try":
                return _form(platform, typed, tried=_tried(platform, typed, actor))
            if request.form.get("act") != "make":
                return _form(platform, typed, preview=_preview(platform, typed))
            made = _made(platform, typed, actor)
        except (Invalid, Conflict) as refused:
            return _form(platform, typed, flaws=flaws_of(refused)), 422
        return redirect(url_for("console.broadcast", key=made.id, said="done_broadcast_made"), 303)

    @door.get("/broadcasts/<key>")
    def broadcast(key: str) -> str:
        allowed("read_deliveries")
        found = platform.broadcasts.one(key)
        counts = platform.broadcasts.counts([found.id])[found.id]
        row = _row(platform, found, counts)
        return pages.render(
            "console/broadcast.html",
            row=row,
            pace=platform.broadcasts.pace(found, row["phase"]),
            account=platform.accounts.one(found.account),
            segment=platform.segments.one(found.segment) if found.segment else None,
            material=platform.materials.one(found.material) if found.material else None,
            reasons=sorted(counts.reasons.items(), key=lambda each: -each[1]),
            mailings=_mailings(platform, found),
        )

    @door.post("/broadcasts/<key>/<act>")
    def change_broadcast(key: str, act: str) -> AnyResponse:
        actor = allowed("broadcast")
        if act not in _ACTS:
            raise Invalid("act", "not_a_choice", choices=[*_ACTS])
        getattr(platform.broadcasts, act)(key, by=actor.id)
        return done("broadcast", f"broadcast_{act}", key=key)

    _install_mailings(door, platform)


def _install_mailings(door: Blueprint, platform: Platform) -> None:
    @door.post("/broadcasts/<key>/mailings/<mailing>/<act>")
    def change_mailing(key: str, mailing: str, act: str) -> AnyResponse:
        """Ask its rep once more, or take it back from her."""
        actor = allowed("broadcast")
        if act not in _MAILING_ACTS:
            raise Invalid("act", "not_a_choice", choices=[*_MAILING_ACTS])
        getattr(platform.mailings, act)(mailing, by=actor.id)
        return done("broadcast", f"mailing_{act}", key=key)


def _mailings(platform: Platform, broadcast: Broadcast) -> list[dict[str, Any]]:
    """By rep: her name, and how many of hers are how far."""
    found = platform.mailings.of_broadcasts([broadcast.id])[broadcast.id]
    states_of = platform.mailings.states([each.id for each in found])
    names = platform.staff.many({each.rep for each in found if each.rep})
    return [
        {
            "mailing": each,
            "rep": names[each.rep].name if each.rep in names else each.rep,
            "parts": [(state, n, states.look_of(state)) for state, n in states_of[each.id].items()],
        }
        for each in found
    ]


def _row(platform: Platform, broadcast: Broadcast, counts: Counts) -> dict[str, Any]:
    """One broadcast, its phase, and its deliveries as one bar."""
    tongue = language()
    parts = [
        (say(f"step_{state}", tongue), float(n), states.look_of(state))
        for state, n in sorted(counts.states.items())
    ]
    return {
        "broadcast": broadcast,
        "counts": counts,
        "phase": platform.broadcasts.phase(broadcast, counts),
        "parts": parts,
        "strip": charts.strip(parts, say("n_found", tongue, n=counts.total)) if parts else None,
    }


def _form(platform: Platform, typed: Mapping[str, str], **more: Any) -> str:
    return pages.render(
        "console/broadcast_new.html",
        typed=typed,
        segments=[(each.id, each.name) for each in platform.segments.all()],
        accounts=[(each.id, each.name) for each in platform.accounts.all()],
        campaigns=[
            (each.id, each.name) for each in platform.campaigns.page(first=_CAMPAIGNS).items
        ],
        **{"flaws": (), "preview": None, "tried": None, **more},
    )


def _preview(platform: Platform, typed: Mapping[str, str]) -> Any:
    if not typed.get("segment"):
        raise Invalid("segment", "broadcast_needs_segment")
    return platform.broadcasts.preview(
        typed["segment"], typed.get("account", ""), material=typed.get("material", "").strip()
    )


def _tried(platform: Platform, typed: Mapping[str, str], actor: Actor) -> Delivery:
    return platform.broadcasts.try_out(
        typed.get("account", ""), typed.get("whom", "").strip(), by=actor.id,
        material=typed.get("material", "").strip(), words=typed.get("words", ""),
    )  # fmt: skip


def _made(platform: Platform, typed: Mapping[str, str], actor: Actor) -> Broadcast:
    if typed.get("everybody", "").strip():
        require(actor, "broadcast_to_all")
    campaign = typed.get("campaign", "")
    try:
        per_minute = float(typed.get("per_minute") or 0)
    except ValueError:
        raise Invalid("per_minute", "not_a_number") from None
    return platform.broadcasts.create(
        typed.get("name", ""), typed.get("account", ""), by=actor.id,
        segment=typed.get("segment", ""), everybody=typed.get("everybody", ""),
        material=typed.get("material", "").strip(), words=typed.get("words", ""),
        opens=typed_moment(platform.zone, "opens"), expires=typed_moment(platform.zone, "expires"),
        per_minute=per_minute, campaign=platform.campaigns.one(campaign).id if campaign else "",
    )  # fmt: skip
