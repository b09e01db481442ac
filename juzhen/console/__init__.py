"""The console (后台): where editors and publishers work. Every page works without JavaScript.

Asks the keepers and shows what they say; a rule that is only in here is in the wrong place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint

from juzhen.console import (
    accounts,
    boards,
    broadcasts,
    calendar,
    campaigns,
    content_types,
    coverage,
    customers,
    deliveries,
    duplicates,
    elsewhere,
    events,
    file_library,
    files,
    home,
    identities,
    imports,
    learning,
    library,
    links,
    lives,
    material,
    operations,
    parked,
    placing,
    previews,
    privacy,
    products,
    reaching,
    reception,
    referrals,
    remakes,
    reports,
    rules,
    scheduling,
    segments,
    sheets,
    shelf,
    staff,
    suggestions,
    tagging,
    tagging_runs,
    touches,
    transfers,
    unlisted,
    variants,
    versions,
    views,
    ways,
    webhooks,
    words,
)
from juzhen.web.asking import asker
from kernel.actors import require

if TYPE_CHECKING:
    from juzhen.wiring import Platform


def blueprint(platform: Platform) -> Blueprint:
    """All its pages, for people who signed in."""
    door = Blueprint("console", __name__, url_prefix="/console")
    door.before_request(_works_here)
    for page in (
        parked, accounts, broadcasts, touches,
        home, library, material, lives, versions, scheduling, variants, reception, remakes, words,
        products, campaigns, sheets, duplicates, tagging_runs, suggestions, content_types,
        tagging, placing, shelf, calendar, coverage, deliveries,
        segments, rules, learning, boards, events, imports, customers, identities, operations,
        reports, referrals, elsewhere, views, previews, files, webhooks, ways, transfers,
        reaching, unlisted, links, file_library, privacy, staff,
    ):  # fmt: skip
        page.install(door, platform)
    return door


def _works_here() -> None:
    """Front ends and customers may look at a shelf, but by no page of ours."""
    require(asker(), "read_library")
