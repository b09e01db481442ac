"""Journeys (链路报表): landing pages, sources of leads, the app's chain, how fast we respond.

Pure functions of acts: whoever counts the same raw events by hand gets the same numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from data_hub.deeds import Deeds, heads
from data_hub.details import details, text
from data_hub.measures.funnels import people_of, reached_by
from stores.told import Said

LANDING = ("viewed_page", "opened_form", "left_contact")
"""Visit, form opened, contact left (R68)."""
LANDING_WITHIN = timedelta(days=7)
CHAIN: Mapping[str, tuple[str, ...]] = {
    "browse": ("viewed_page", "viewed_product", "read_material", "searched"),
    "order": ("ordered", "bought"),
    "service": ("case_opened", "asked_return", "case_closed", "messaged", "praised", "complained"),
}
"""The app's whole chain (R65): what tells of each step."""
SOURCES = ("own_platform", "purchased", "campaign_fission")
"""Where a lead comes from (R66); never none."""
_TENTH = timedelta(seconds=0.1)
_STALE = timedelta(days=1)
"""What is told later than this after it happened is the past coming in, and no response."""


_ONE_OF_MANY = re.compile(r"\d{6}|@")
"""A part of a path that names one order or one person, and no page."""


def landing_page(said: Said) -> str:
    """The page it happened on, without its query and without whom it is about; empty if it does
    not say."""
    carried = details(said)
    context = carried.get("context")
    page = context.get("page") if isinstance(context, dict) else None
    told: Mapping[str, Any] = page if isinstance(page, dict) else {}
    found = (
        text(carried.get("landing")) or text(carried.get("page")) or text(carried.get("path"))
        or text(told.get("path")) or text(told.get("url")) or text(carried.get("url"))
    )  # fmt: skip
    parts = found.split("?", 1)[0].split("#", 1)[0][:200].split("/")
    return "/".join("…" if _ONE_OF_MANY.search(each) else each for each in parts)


def landings(told: Deeds, joined: Mapping[str, str]) -> list[tuple[str, tuple[int, int, int]]]:
    """For each landing page that anybody left a contact or opened a form on: how many people came
    along how far, the page most visited first. ``joined`` as in `funnel`."""
    told = told.saying(lambda said: said.get("page") and not said.get("bot"))
    told = told.where(told.acts.who > 0)
    pages = sorted({said["page"] for said, kind, _ in told.counted() if kind != LANDING[0]})
    places = {page: place for place, page in enumerate(pages)}
    told = told.saying(lambda said: said.get("page") in places)  # not a page like any other
    along = told.worth(lambda said: places.get(said.get("page", ""), 0))
    people = people_of(told.acts, joined)
    reached = reached_by(told.acts, people, along, len(pages), len(LANDING), LANDING_WITHIN)
    found = [
        (page, (one, two, three)) for page, (one, two, three) in zip(pages, reached, strict=True)
    ]
    return sorted(found, key=lambda row: (-row[1][0], row[0]))


def source_of(said: Said) -> str:
    """Which of the three a contact came from: as told, else by what is known of it."""
    carried = details(said)
    told = text(carried.get("source_type"))
    if told in SOURCES:
        return told
    if text(carried.get("referral")) or text(carried.get("inviter")):
        return "campaign_fission"
    if text(carried.get("clickid")) or text(carried.get("supplier")):
        return "purchased"
    return "own_platform"


def chain(told: Deeds, account: str) -> tuple[dict[str, int], dict[str, int]]:
    """How many events tell of each step of one account's chain, and how many people came along."""
    import numpy as np

    told = told.saying(lambda said: said.get("account") == account and not said.get("bot"))
    told = told.where(told.acts.who > 0)
    places = [
        next(place for place, kinds in enumerate(CHAIN.values()) if kind in kinds)
        for kind in told.kinds
    ]
    steps = np.array(places)[told.acts.kind]
    counts = np.bincount(steps, minlength=len(CHAIN)).tolist()
    hers = heads(steps, told.acts.who, len(CHAIN))
    return dict(zip(CHAIN, counts, strict=True)), dict(zip(CHAIN, hers, strict=True))


def gap(counts: Mapping[str, int]) -> str:
    """The first step of which nothing tells, though something tells of another; else empty."""
    if not any(counts.values()):
        return ""
    return next((step for step in CHAIN if not counts[step]), "")


RESPONSES = ("reminded", "changed_parameter")
"""What we answer to what happens: a task for a rep, or another number of a campaign. Either is
seen from its commit on, wherever it is looked at."""


def waited(said: Said) -> dict[str, Any]:
    """The kind of answer, and the seconds from what happened until it is seen, in tenths; nothing
    for what did not just happen."""
    try:
        took = said.at - datetime.fromisoformat(text(said.detail.get("heard")))
    except (ValueError, TypeError):  # nothing was heard, or nobody of ours wrote it
        return {}
    if not timedelta() <= took <= _STALE:
        return {}
    task = text(said.detail.get("reason")) if said.kind == RESPONSES[0] else said.kind
    return {"task": task, "tenths": took // _TENTH + 1}


def latencies(told: Deeds) -> dict[str, list[float]]:
    """Seconds from what happened to what is seen of it, by the kind of task or the change."""
    found: dict[str, list[float]] = {}
    for said, _, count in told.counted():
        if tenths := said.get("tenths"):
            found.setdefault(said.get("task", ""), []).extend([(tenths - 1) / 10] * count)
    return found


def percentile(values: Iterable[float], of: float) -> float | None:
    """The value below which so many lie: nearest rank; None of nothing."""
    ordered = sorted(values)
    if not ordered:
        return None
    return ordered[max(-(-len(ordered) * round(of * 100) // 100) - 1, 0)]


def middle(values: list[float]) -> float | None:
    return median(values) if values else None
