"""Journeys (链路报表): landing pages, sources of leads, the app's chain, how fast we respond.

Pure functions of events: whoever counts the same raw events by hand gets the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from data_hub.details import details, text
from data_hub.measures.funnels import level
from kernel.events import Event

LANDING = ("viewed_page", "opened_form", "left_contact")
"""Visit, form opened, contact left (R68)."""
LANDING_WITHIN = timedelta(days=7)
CHAIN: Mapping[str, tuple[str, ...]] = {
    "browse": ("viewed_page", "viewed_product", "read_material", "searched"),
    "order": ("ordered", "bought"),
    "service": ("case_opened", "case_closed", "messaged", "praised", "complained"),
}
"""The app's whole chain (R65): what tells of each step."""
SOURCES = ("own_platform", "purchased", "campaign_fission")
"""Where a lead comes from (R66); never none."""
RESPONDED = 60.0
"""Seconds within which 95 of 100 triggers should be a task that the rep sees (D)."""
_STALE = timedelta(days=1)
"""What is told later than this after it happened is the past coming in, and no response."""


def landing_page(event: Event) -> str:
    """The page it happened on, without its query; empty if it does not say."""
    carried = details(event)
    context = carried.get("context")
    page = context.get("page") if isinstance(context, dict) else None
    told: Mapping[str, Any] = page if isinstance(page, dict) else {}
    found = (
        text(carried.get("landing")) or text(carried.get("page")) or text(carried.get("path"))
        or text(told.get("path")) or text(told.get("url")) or text(carried.get("url"))
    )  # fmt: skip
    return found.split("?", 1)[0].split("#", 1)[0][:200]


def landings(
    events: Iterable[Event], whose: Mapping[str, str]
) -> list[tuple[str, tuple[int, int, int]]]:
    """For each landing page that anybody left a contact or opened a form on: how many people came
    along how far. The page most visited first."""
    pages: dict[str, dict[str, list[tuple[float, str]]]] = {}
    for event in events:
        page = landing_page(event)
        if event.kind in LANDING and page and event.handle and not event.detail.get("bot"):
            her = whose.get(str(event.handle), str(event.handle))
            told = pages.setdefault(page, {}).setdefault(her, [])
            told.append((event.at.timestamp(), event.kind))
    window = LANDING_WITHIN.total_seconds()
    found: list[tuple[str, tuple[int, int, int]]] = []
    for page, hers in pages.items():
        if all(kind == LANDING[0] for told in hers.values() for _, kind in told):
            continue  # a page like any other
        levels = [level(told, LANDING, window) for told in hers.values()]
        one, two, three = (sum(each >= step for each in levels) for step in (1, 2, 3))
        found.append((page, (one, two, three)))
    return sorted(found, key=lambda row: (-row[1][0], row[0]))


def source_of(event: Event) -> str:
    """Which of the three a contact came from: as told, else by what is known of it."""
    carried = details(event)
    told = text(carried.get("source_type"))
    if told in SOURCES:
        return told
    if text(carried.get("referral")) or text(carried.get("inviter")):
        return "campaign_fission"
    if text(carried.get("clickid")) or text(carried.get("supplier")):
        return "purchased"
    return "own_platform"


def chain(events: Iterable[Event], account: str) -> tuple[dict[str, int], dict[str, int]]:
    """How many events tell of each step of one account's chain, and how many people came along."""
    step_of = {kind: step for step, kinds in CHAIN.items() for kind in kinds}
    counts, hers = dict.fromkeys(CHAIN, 0), dict[str, set[str]]()
    for event in events:
        step = step_of.get(event.kind)
        if event.account == account and step and event.handle and not event.detail.get("bot"):
            counts[step] += 1
            hers.setdefault(step, set()).add(str(event.handle))
    return counts, {step: len(hers.get(step, ())) for step in CHAIN}


def gap(counts: Mapping[str, int]) -> str:
    """The first step of which nothing tells, though something tells of another; else empty."""
    if not any(counts.values()):
        return ""
    return next((step for step in CHAIN if not counts[step]), "")


def latencies(events: Iterable[Event]) -> dict[str, list[float]]:
    """Seconds from what happened to the task that a rep sees of it, by kind of task."""
    found: dict[str, list[float]] = {}
    for event in events:
        heard = text(event.detail.get("heard"))
        if event.kind != "reminded" or not heard:
            continue
        waited = event.at - datetime.fromisoformat(heard)
        if timedelta() <= waited <= _STALE:
            reason = text(event.detail.get("reason"))
            found.setdefault(reason, []).append(waited.total_seconds())
    return found


def percentile(values: Iterable[float], of: float) -> float | None:
    """The value below which so many lie: nearest rank; None of nothing."""
    ordered = sorted(values)
    if not ordered:
        return None
    return ordered[max(-(-len(ordered) * round(of * 100) // 100) - 1, 0)]


def middle(values: list[float]) -> float | None:
    return median(values) if values else None
