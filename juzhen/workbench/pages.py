"""The workbench's pages (工作台页面): home, reminders, customers, sharing, boards, me."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from channels.composing import CONTACT_CARD
from channels.touch_policy import Advised
from engagement.reminders import KINDS
from engagement.sharing import LINK, Script
from engagement.tasks import MORNING
from juzhen.web import pages
from juzhen.web.asking import language
from juzhen.web.cards import card_of
from juzhen.workbench import (
    boards,
    me,
    nearby,
    offline,
    remaking,
    saying,
    sidebar,
    telling,
    worklist,
)
from juzhen.workbench.saying import rep, visible_material
from kernel.actors import Actor
from kernel.errors import Invalid, Overloaded
from kernel.ids import Page, new_id

if TYPE_CHECKING:
    from content_hub.materials import Material
    from data_hub.customers import Customer
    from juzhen.wiring import Platform

_NEW = ("new_customer", "came_back", "read_your_share")
"""Kinds that are opportunities: somebody moved by herself."""


def blueprint(platform: Platform) -> Blueprint:
    """The whole workbench, under ``/workbench``."""
    door = Blueprint("workbench", __name__, url_prefix="/workbench")
    _home(door, platform)
    _customers(door, platform)
    _talking(door, platform)
    _sharing(door, platform)
    me.install(door, platform)
    saying.install(door, platform)
    remaking.install(door, platform)
    boards.install(door, platform)
    nearby.install(door, platform)
    sidebar.install(door, platform)
    offline.install(door, platform)
    return door


def _page(platform: Platform, template: str, tab: str, **values: Any) -> Response:
    actor = rep()
    return pages.page(
        f"workbench/{template}", tab=tab, unread=platform.reminders.unread(actor.staff), **values
    )


def _home(door: Blueprint, platform: Platform) -> None:
    @door.get("/")
    def home() -> Response:
        actor, tongue = rep(), language()
        kind, after = _kind(), request.args.get("after")
        page = platform.reminders.page(actor.staff, kind=kind, first=50, after=after)
        dots = telling.dots(platform, actor, page.items, tongue)
        first = [] if kind or after else telling.first(platform, actor, tongue)
        ahead = {dot.id for dot in first}
        return _page(
            platform, "home.html", "home", kind=kind, next=page.next,
            kinds=platform.reminders.unread_by_kind(actor.staff),
            first=first, dots=[dot for dot in dots if dot.id not in ahead],
            new=[] if kind or after else _new(platform, actor, tongue),
        )  # fmt: skip

    @door.get("/unread")
    def unread() -> dict[str, Any]:
        staff = rep().staff
        kinds = platform.reminders.unread_by_kind(staff)
        return {"unread": sum(kinds.values()), "kinds": kinds}

    @door.post("/reminders/<reminder>/open")
    def open_reminder(reminder: str) -> AnyResponse:
        actor = rep()
        opened = platform.reminders.open(reminder, actor.staff)
        customer = platform.identities.customer_of(opened.handle)
        return redirect(url_for("workbench.customer", customer=customer, reminder=opened.id), 303)

    @door.post("/reminders/<reminder>/later")
    def later(reminder: str) -> AnyResponse:
        """Tomorrow morning again: one touch, and the next is on top."""
        morning = platform.zone.at(platform.zone.day(platform.clock()) + timedelta(days=1), MORNING)
        platform.reminders.put_off(reminder, rep().staff, morning)
        return _next("done_later")

    @door.post("/reminders/<reminder>/done")
    def finish(reminder: str) -> AnyResponse:
        platform.reminders.finish(reminder, rep().staff)
        return _next("done_reminder")


def _next(said: str) -> AnyResponse:
    """Back to the list that she works through: of one kind, if she chose one."""
    return redirect(url_for("workbench.home", said=said, kind=_kind() or None), 303)


def _kind() -> str:
    """Of which reminders she wants to see those of one kind; one that there is not is all."""
    kind = request.args.get("kind", "")
    return kind if kind in KINDS else ""


def _new(platform: Platform, actor: Actor, tongue: str) -> list[telling.Dot]:
    """Who moved by herself today, however much else there is."""
    midnight = platform.zone.at(platform.zone.day(platform.clock()))
    found = platform.reminders.lately(actor.staff, _NEW, midnight)
    return telling.dots(platform, actor, found, tongue)


def _customers(door: Blueprint, platform: Platform) -> None:
    @door.get("/customers")
    def customers() -> Response:
        actor, tongue = rep(), language()
        text = request.args.get("text", "").strip()
        seen = platform.customers.seen_by(actor)
        counts = worklist.counted(seen.graded(actor.staff))
        chosen = worklist.chosen(request.args.get("grades"), counts, text)
        page = seen.page(
            text=text or None, rep=actor.staff, first=30, after=request.args.get("after"),
            grades=worklist.grades_of(chosen),
        )  # fmt: skip
        return _page(
            platform, "customers.html", "customers", text=text, page=page,
            names={each.id: telling.name_of(each, tongue) for each in page.items},
            classes=worklist.classes(counts), chosen=chosen,
            lines=worklist.lines(platform, actor, page.items, tongue),
            when=lambda moment: telling.when(platform, moment),
        )  # fmt: skip

    @door.get("/customers/<customer>")
    def customer(customer: str) -> Response:
        actor, tongue = rep(), language()
        her = platform.customers.seen_by(actor).one(customer)
        offer = platform.recommender.for_contact(her.id, actor)
        about = platform.reminders.page(actor.staff, handles=telling.handle_keys(her.handles))
        before = request.args.get("before")
        return _page(
            platform, "customer.html", "customers", her=her, name=telling.name_of(her, tongue),
            card=telling.card(platform, platform.profiles.of(her.id), tongue), offer=offer,
            no_marketing=platform.touch_policy.why_not_now(her.handles[0], tongue, rep=actor.staff),
            absent=offer.absent(), usual=platform.sayings.usual(actor, 6),
            grade=worklist.grade(platform, her.id),
            advice=telling.advice(platform, actor, her, offer.told(), tongue),
            dots=telling.dots(platform, actor, about.items, tongue),
            chain=platform.referrals.chains.of(her.handles), tap=new_id("tap"),
            chat=sidebar.chat(platform, her),
            before=before, **_happened_or_away(platform, actor, her.id, before),
        )  # fmt: skip

    @door.post("/customers/<customer>/code")
    def give_code(customer: str) -> AnyResponse:
        """The code that she passes on to her friends."""
        actor = rep()
        her = platform.customers.seen_by(actor).one(customer)
        platform.referrals.issue(her.handles, by=actor.id)
        to = url_for("workbench.customer", customer=her.id, said="done_code_given")
        return redirect(f"{to}#referrals", 303)

    @door.get("/customers/<customer>/timeline")
    def timeline(customer: str) -> Response:
        """Only what happened, for the page to replace its own with while she looks at it."""
        actor = rep()
        her = platform.customers.seen_by(actor).one(customer)
        return pages.page("workbench/timeline.html", her=her, **_happened(platform, actor, her.id))


def _talking(door: Blueprint, platform: Platform) -> None:
    @door.post("/customers/<customer>/talked")
    def talked(customer: str) -> AnyResponse:
        """She talked with her where no channel hears: one tap."""
        once = request.form.get("key", "")[:40] or new_id("tap")
        her = platform.customers.seen_by(rep()).talked(customer, once=once)
        return redirect(url_for("workbench.customer", customer=her.id, said="done_talked"), 303)


def _happened(
    platform: Platform, actor: Actor, customer: str, before: str | None = None
) -> dict[str, Any]:
    seen = platform.customers.seen_by(replace(actor, language=language()))
    page = seen.timeline(customer, before=before, limit=30)
    return {"timeline": page, "lines": telling.lines(platform, actor, page.items), "away": False}


def _happened_or_away(
    platform: Platform, actor: Actor, customer: str, before: str | None
) -> dict[str, Any]:
    """While the history does not answer everything else about her does, and the page says so."""
    try:
        return _happened(platform, actor, customer, before)
    except Overloaded:
        return {"timeline": Page([], None), "lines": [], "away": True}


def _sharing(door: Blueprint, platform: Platform) -> None:
    where = "/customers/<customer>/share/<material>"

    @door.get(where)
    def compose(customer: str, material: str) -> Response:
        actor = rep()
        her = platform.customers.seen_by(actor).one(customer)
        script = _begun_as(platform, actor, her, request.args.get("script", ""))
        begun = {"words": script.words, "script": script.id} if script else {}
        return _composing(platform, customer, material, {"key": new_id("shr"), **begun})

    @door.post(where)
    def send(customer: str, material: str) -> AnyResponse:
        actor, form = rep(), request.form
        her = platform.customers.seen_by(actor).one(customer)
        kept = visible_material(platform, actor, material)
        channel, card = form.get("channel", ""), CONTACT_CARD if form.get("card") else ""
        try:
            platform.sharing.share(
                actor, her, kept, channel=channel, words=form.get("words", "") + card,
                occasion=f"share:{form.get('key', '')[:40]}", override=form.get("override", ""),
                script=_begun_as(platform, actor, her, form.get("script", "")),
            )  # fmt: skip
        except Advised as advised:
            return _composing(platform, customer, material, form, advised=advised)
        except Invalid as refusal:
            return _composing(platform, customer, material, form, refusal)
        if channel == LINK:
            return _by_hand(platform, her, kept, form.get("words", "").strip())
        return redirect(url_for("workbench.customer", customer=her.id, said="done_shared"), 303)

    @door.get("/customers/<customer>/link/<material>")
    def link(customer: str, material: str) -> Response:
        actor = rep()
        her = platform.customers.seen_by(actor).one(customer)
        kept = visible_material(platform, actor, material)
        return _by_hand(platform, her, kept)

    @door.post("/customers/<customer>/link/<material>")
    def draw(customer: str, material: str) -> AnyResponse:
        """The mini program's code of the same link."""
        actor = rep()
        her = platform.customers.seen_by(actor).one(customer)
        kept = visible_material(platform, actor, material)
        code, account = platform.sharing.own_link(actor, her, kept)
        platform.live_codes.share(account, code, kept.title, material=kept.id, by=actor.id)
        return redirect(url_for("workbench.link", customer=her.id, material=kept.id), 303)


def _begun_as(platform: Platform, actor: Actor, her: Customer, script: str) -> Script | None:
    """The script that her words begin as, if she may see one by that name."""
    if not script:
        return None
    kept = visible_material(platform, actor, script)
    found = platform.recommender.words(her.id, actor, [kept.id])
    return Script(kept.id, found[kept.id]) if kept.id in found else None


def _by_hand(platform: Platform, her: Customer, material: Material, words: str = "") -> Response:
    """All that she needs to send it by herself: words, link and her card in one touch, and what is
    known of whom she writes to. It was put into the chat; that it was sent is shown by an opening.

    The words stand on the page alone: sending the form again shows it again, and tells nothing new.
    """
    actor, tongue = rep(), language()
    code, account = platform.sharing.own_link(actor, her, material)
    link, card = platform.sharing.link(actor, her, material), card_of(platform, actor.staff)
    line = card.line(tongue) if card else ""
    return _page(
        platform, "link.html", "customers", her=her, name=telling.name_of(her, tongue),
        material=material, link=link, words=words, card=card,
        whole="\n".join(filter(None, (words, material.title, link, line))),
        about=telling.card(platform, platform.profiles.of(her.id), tongue),
        chat=sidebar.chat(platform, her),
        draws=platform.live_codes.shares(platform.accounts.one(account)),
        drawn=platform.live_codes.of_link(account, code),
    )  # fmt: skip


def _composing(
    platform: Platform,
    customer: str,
    material: str,
    form: Mapping[str, str],
    refusal: Invalid | None = None,
    advised: Advised | None = None,
) -> Response:
    actor = rep()
    her = platform.customers.seen_by(actor).one(customer)
    kept = visible_material(platform, actor, material)
    ways, beside = platform.sharing.ways(her, kept), sidebar.beside_her(platform, her)
    if beside:  # the chat is open: what she takes over by hand goes into it
        ways.sort(key=lambda each: each.key != LINK)
    answer = _page(
        platform, "share.html", "customers", her=her, name=telling.name_of(her, language()),
        material=kept, ways=ways, beside=beside, form=form,
        remakable=platform.remakes.remakable(kept),
        flaws=refusal.flaws if refusal else (),
        advice=advised.message(language()) if advised else "",
    )  # fmt: skip
    answer.status_code = 422 if refusal else 409 if advised else 200
    return answer
