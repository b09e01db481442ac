"""The customer pages (客户): who she is and why we think so, what happened, what can be decided."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask import Blueprint, request
from werkzeug.wrappers import Response as AnyResponse

from data_hub.catalogue import KINDS, OWNERS, kind_of
from data_hub.customers import Customer, CustomersSeen, Happening, mask_handle
from data_hub.identities import Edge, Parked, own_id
from data_hub.profiles import Profile
from juzhen.console.desk import account_names, allowed, done, flaws_of, typed_rep
from juzhen.console.known import known
from juzhen.console.referrals import chain_of
from juzhen.web import pages
from juzhen.web.asking import language
from kernel.actors import Actor
from kernel.errors import Conflict, Flaw, Invalid, NotFound, Overloaded
from kernel.events import Handle
from kernel.ids import Page

if TYPE_CHECKING:
    from juzhen.wiring import Platform

_SHOWN = 30
_VERB = "rule_identities"


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/customers")
    def customers() -> str:
        seen = platform.customers.seen_by(allowed("read_customers"))
        text = request.args.get("text", "").strip()
        after = request.args.get("after")
        found = platform.identities.find(text) if text and after is None else []
        named = [each for each in seen.many(found).values() if each.last_at] if found else []
        page, flaws = _found(seen, text, after)
        shown = {each.id: each for each in (*named, *page.items)}
        return pages.render(
            "console/customers.html", customers=list(shown.values()), text=text,
            following=page.next, waiting=len(platform.identities.parked()),
            flaws=() if named else flaws,
        )  # fmt: skip

    @door.get("/customers/<key>")
    def customer(key: str) -> str:
        actor = allowed("read_customers")
        return pages.render("console/customer.html", **_one(platform, actor, key))

    @door.post("/customers/<key>/reveal")
    def reveal(key: str) -> str | tuple[str, int]:
        """Her name and phone in full, on this one page: written down with who asked."""
        actor = allowed("read_customers")
        try:
            her = platform.customers.seen_by(actor).reveal(key)
        except Conflict as refusal:
            shown = _one(platform, actor, key) | {"flaws": flaws_of(refusal)}
            return pages.render("console/customer.html", **shown), 409
        shown = _one(platform, actor, key)
        shown["person"] = {**shown["person"], "her": her}
        return pages.render("console/customer.html", **shown | {"her": her, "revealed": True})

    @door.post("/customers/<key>/rep")
    def give_customer(key: str) -> AnyResponse | tuple[str, int]:
        """She is looked after by this rep from now on."""
        actor = allowed("hand_over_customers")
        her = platform.customers.seen_by(actor).one(key)
        try:
            keeper = platform.staff.one(typed_rep(platform, "rep"))
            if actor.reach is not None and keeper.unit not in actor.reach:
                raise Invalid("rep", "no_such_rep", rep=keeper.name)
        except Invalid as refusal:
            shown = _one(platform, actor, key) | {"flaws": flaws_of(refusal)}
            return pages.render("console/customer.html", **shown), 422
        platform.customers.entrust(her.handles[0], keeper.id, by=actor.id)
        return done("customer", "customer_given", key=her.id)

    _deciding(door, platform)


def _deciding(door: Blueprint, platform: Platform) -> None:
    @door.post("/customers/<key>/split")
    def split(key: str) -> AnyResponse:
        """The ticked handles go to a customer of their own."""
        actor = allowed(_VERB)
        her = platform.customers.seen_by(actor).one(key)
        hers = {own_id(handle): handle for handle in her.handles}
        off = [hers[own] for own in request.form.getlist("handle") if own in hers]
        platform.identities.decisions.split(
            her.handles, off, by=actor.id, why=request.form.get("why", "").strip()
        )
        return done("customer", "split", key=her.id)

    @door.post("/customers/<key>/retract")
    def retract(key: str) -> AnyResponse:
        """Disbelieve one link of hers."""
        actor = allowed(_VERB)
        her = platform.customers.seen_by(actor).one(key)
        one, other = _pair(platform, her)
        why = request.form.get("why", "").strip()
        platform.identities.decisions.retract(one, other, by=actor.id, why=why)
        return done("customer", "retracted", key=her.id)

    @door.post("/customers/<key>/undo")
    def undo(key: str) -> AnyResponse:
        actor = allowed(_VERB)
        her = platform.customers.seen_by(actor).one(key)
        decision = request.form.get("decision", "")
        if decision not in {each.id for each in platform.identities.decisions.about(her.handles)}:
            raise NotFound("decision", decision[:80])
        platform.identities.decisions.undo(decision, by=actor.id)
        return done("customer", "undone", key=her.id)


def _found(
    seen: CustomersSeen, text: str, after: str | None
) -> tuple[Page[Customer], Sequence[Flaw]]:
    """Who was asked for, or what is wrong with the question."""
    try:
        return seen.page(text=text or None, first=_SHOWN, after=after), ()
    except Invalid as refusal:
        return Page([]), refusal.flaws


def _pair(platform: Platform, her: Customer) -> tuple[Handle, Handle]:
    """The two handles of a form, at least one of which is hers."""
    owns = [request.form.get("one", ""), request.form.get("other", "")]
    found = platform.identities.named(owns)
    if len(found) != 2 or not set(found.values()) & set(her.handles):
        raise Invalid("handle", "handle_never_seen", handle="…")
    return found[owns[0]], found[owns[1]]


def _happened(
    seen: CustomersSeen, her: Customer, kinds: Collection[str] | None
) -> Page[Happening] | None:
    """None while the history does not answer: everything else about her is in the database."""
    before = request.args.get("before")
    try:
        return seen.timeline(her.id, before=before, limit=_SHOWN, kinds=kinds, count=True)
    except Overloaded:
        return None


def _one(platform: Platform, actor: Actor, key: str) -> dict[str, Any]:
    tongue = language()
    seen = platform.customers.seen_by(replace(actor, language=tongue))
    her = seen.one(key)
    owner, kind = request.args.get("owner", ""), request.args.get("kind", "")
    happened = _happened(seen, her, _kinds(owner, kind))
    decisions = platform.identities.decisions.about(her.handles)
    profile = platform.profiles.many([her.id]).get(her.id) or Profile()
    return {
        "her": her, "keeper": platform.staff.many([her.rep]).get(her.rep),
        "person": _person(her, profile), "timeline": happened or Page([]),
        "known": known(platform, her, profile, tongue), "flaws": (), "revealed": False,
        "today": platform.zone.day(platform.clock()),
        "away": happened is None,
        "titles": platform.materials.titles(
            {each.material for each in (happened.items if happened else ()) if each.material}
        ),
        "owner": owner, "kind": kind, "owners": OWNERS,
        "kinds": [(name, each.label(tongue)) for name, each in KINDS.items()],
        "links": [link(each) for each in platform.identities.links(her.handles)],
        "decisions": decisions, "people": _people(platform, decisions),
        "accounts": account_names(platform),
        **chain_of(platform, her),
    }  # fmt: skip


def _kinds(owner: str, kind: str) -> Collection[str] | None:
    if kind:
        return [kind_of(kind).name]
    if not owner:
        return None
    if owner not in OWNERS:
        raise Invalid("owner", "not_a_choice", choices=[*OWNERS])
    return [name for name, each in KINDS.items() if each.owner == owner]


def link(told: Edge | Parked) -> dict[str, Any]:
    """What links two handles: who told of it and when, and how much that is worth."""
    one, other = (Handle.parse(str(end)) for end in (told.one, told.other))
    return {
        "one": shown(one), "other": shown(other), "at": told.at,
        "account": told.event.partition("/")[0], "strength": told.strength.name.lower(),
        "refused": isinstance(told, Parked) or told.refused,
    }  # fmt: skip


def shown(handle: Handle) -> dict[str, str]:
    """A handle as a page shows it: masked, and named by an id that tells nothing."""
    return {"own": own_id(handle), "kind": handle.kind, "text": mask_handle(handle)}


def people(platform: Platform, customers: Sequence[Customer]) -> dict[str, Mapping[str, Any]]:
    """By customer what is known of her, so that two people can be compared."""
    profiles = platform.profiles.many([each.id for each in customers])
    return {each.id: _person(each, profiles.get(each.id)) for each in customers}


def _person(her: Customer, profile: Profile | None) -> Mapping[str, Any]:
    began: datetime | None = None
    if profile is not None and profile.began:
        began = datetime.fromtimestamp(profile.began, UTC)
    return {
        "her": her, "handles": [shown(handle) for handle in her.handles],
        "events": profile.events if profile else 0, "began": began,
        "bought": profile.bought()[:3] if profile else [],
        "accounts": sorted(profile.accounts) if profile else [],
    }  # fmt: skip


def _people(platform: Platform, decisions: Collection[Any]) -> dict[str, str]:
    ids = {each.by for each in decisions} | {each.lifted_by for each in decisions}
    return {id_: each.name for id_, each in platform.staff.many(ids - {""}).items()}
