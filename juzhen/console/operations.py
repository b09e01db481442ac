"""The operation pages (运营看板): content, data and operation at one glance; funnels; buyers.

Every number leads to the events or the page behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from flask import Blueprint, Response, request, url_for
from sqlalchemy import func, select

from data_hub.catalogue import KINDS, kind_of
from data_hub.measures.buyers import Buyers
from data_hub.measures.funnels import FunnelStep
from data_hub.measures.keeping import MOST_STEPS, EventFunnel
from data_hub.reports.base import WORLDS, Ends
from engagement.reminders import Reminder, due_by
from juzhen.console.boards import sheet
from juzhen.console.desk import allowed
from juzhen.console.split import part
from juzhen.web import charts, pages
from juzhen.web.asking import language
from kernel.errors import Invalid

if TYPE_CHECKING:
    from juzhen.wiring import Platform

_DAYS = 30
_FLOW = (
    ("flow_shelf", ("placed",)),
    ("flow_sent", ("published", "sent")),
    ("flow_viewed", ("read_material", "played_video", "opened_link")),
    ("flow_acted", ("shared_material", "liked_material", "left_contact", "asked_quote", "bought")),
)
_STEPS = ("opened_link", "read_material", "asked_quote", "bought")


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/operations")
    def operations() -> str:
        allowed("read_boards")
        now, flow = platform.clock(), _flow(platform)
        due, done = _tasks(platform)
        tongue = language()
        return pages.render(
            "console/operations.html", flow=flow, kinds=_labels(tongue),
            chart=charts.steps(flow, pages.speak("content_flow")), now=now, days=_DAYS,
            pace=_pace(platform), behind=platform.fold.behind(),
            digesting=max(platform.history.newest() - platform.digest.mark(), 0),
            counting=platform.counters.behind(),
            refused=sum(each.count for each in platform.refusals.sorts(1_000)),
            campaigns=platform.campaigns.page(running=True, first=20, count=True),
            due=due, done=done, tongue_=tongue,
        )  # fmt: skip

    @door.get("/operations.csv")
    def operations_csv() -> Response:
        """The content's flow."""
        allowed("read_boards")
        return sheet("operations", ("step", "count"), (row[:2] for row in _flow(platform)))

    _funnels(door, platform)

    @door.get("/buyers")
    def buyers_page() -> str:
        allowed("read_boards")
        ends, told = _buyers(platform)
        worth = [(each.month, each.value) for each in reversed(told.cohorts[:24])]
        return pages.render(
            "console/buyers.html", told=told, world=ends.world, worlds=WORLDS,
            chart=charts.bars(worth, pages.speak("cohort_value"), "¥{:,.0f}".format),
        )  # fmt: skip

    @door.get("/buyers.csv")
    def buyers_csv() -> Response:
        """Who bought for the first time in which month."""
        allowed("read_boards")
        names = ("month", "buyers", "repurchase", "value", "worth", "per_deal")
        _, told = _buyers(platform)
        return sheet(
            "buyers", names, ([getattr(each, name) for name in names] for each in told.cohorts)
        )


def _funnels(door: Blueprint, platform: Platform) -> None:
    @door.get("/funnel")
    def funnel_page() -> str:
        """How far people come along some steps within some days."""
        allowed("read_boards")
        asked = _funnel(platform)
        kept = [(name, kind.label(language())) for name, kind in KINDS.items()]
        return pages.render(
            "console/funnel.html", told=_rows(asked.found.steps, asked.named),
            days=asked.days, steps=asked.steps, kinds=kept, most=MOST_STEPS, world=asked.world,
            worlds=WORLDS, chart=charts.steps(asked.named, pages.speak("funnel")),
            looked_at=asked.found.looked_at, now=asked.found.as_of,
        )  # fmt: skip

    @door.get("/funnel.csv")
    def funnel_csv() -> Response:
        allowed("read_boards")
        told = ((each.kind, each.reached, each.rate) for each in _funnel(platform).found.steps)
        return sheet("funnel", ("event", "people", "rate"), told)


class _Asked(NamedTuple):
    """A funnel, as it was asked for and as it was found."""

    steps: Sequence[str]
    days: int
    world: str | None
    """Whose, if not everybody's."""
    found: EventFunnel
    named: Sequence[tuple[str, int, str]]
    """Each step's label, how many came so far, and where its events stand."""


def _funnel(platform: Platform) -> _Asked:
    asked = [each for each in request.args.getlist("step") if each][:MOST_STEPS]
    steps = [kind_of(each).name for each in asked] or list(_STEPS)
    days, (ends, among) = _number("days", 7), part(platform)
    found = platform.measures.event_funnel(steps, days, platform.identities, among)
    tongue = language()
    named = [
        (KINDS[each.kind].label(tongue) if each.kind in KINDS else each.kind, each.reached,
         url_for("console.events", kind=each.kind))
        for each in found.steps
    ]  # fmt: skip
    return _Asked(steps, days, ends.world, found, named)


def _flow(platform: Platform) -> list[tuple[str, int, str]]:
    """What was made, put on shelf, sent, seen and acted on: the words, how often, and where."""
    since = platform.zone.day(platform.clock()) - timedelta(days=_DAYS - 1)
    materials = platform.materials.page(first=1, count=True).total or 0
    return [(pages.speak("flow_drafts"), materials, url_for("console.library"))] + [
        (
            pages.speak(words), _count(platform, kinds, since),
            url_for("console.events", kind=kinds[0], since=since),
        )
        for words, kinds in _FLOW
    ]  # fmt: skip


def _buyers(platform: Platform) -> tuple[Ends, Buyers]:
    ends, among = part(platform)
    return ends, platform.measures.buyers(
        platform.profiles, paid=platform.ads.by_month(ends.told),
        reps=len(platform.staff.reps()), among=among,
    )  # fmt: skip


def _labels(tongue: str) -> list[list[str]]:
    """What each step of the flow is counted from."""
    return [[KINDS[each].label(tongue) for each in kinds] for _, kinds in _FLOW]


def _count(platform: Platform, kinds: Sequence[str], since: date) -> int:
    today = platform.zone.day(platform.clock())
    return sum(platform.measures.times(kind, since, today).total() for kind in kinds)


def _pace(platform: Platform) -> float:
    """Events a second over the latest arrivals, up to five minutes back."""
    newest, now = platform.history.newest(), platform.clock()
    arrived = platform.history.after(max(newest - 2_000, 0), 2_000)
    since = now - timedelta(minutes=5)
    moments = [event.received for _, event in arrived if event.received and event.received >= since]
    if not moments:
        return 0.0
    seconds = max((now - min(moments)).total_seconds(), 1.0)
    return len(moments) / seconds


def _tasks(platform: Platform) -> tuple[int, int]:
    """Reminders that are due and open, and those done within the days shown."""
    now = platform.clock()
    due = select(func.count()).where(*due_by(now))
    done = select(func.count()).where(Reminder.done >= now - timedelta(days=_DAYS))
    with platform.records.read() as session:
        return session.scalar(due) or 0, session.scalar(done) or 0


def _rows(
    told: Sequence[FunnelStep], named: Sequence[tuple[str, int, str]]
) -> list[tuple[str, str, FunnelStep]]:
    return [(name, link, step) for (name, _, link), step in zip(named, told, strict=True)]


def _number(name: str, default: int) -> int:
    text = request.args.get(name, "")
    if not text:
        return default
    if not text.isdecimal() or not 1 <= int(text) <= 365:
        raise Invalid(name, "not_a_number")
    return int(text)
