"""The check (体检): walks the invariants of all stores, and says what is missing to run well.

`flaws` finds what must never be; `doctor` tells what is reachable, what is missing, what to do.
Mends nothing by itself.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from channels.invariants import broadcast_flaws, place_flaws
from content_hub.invariants import (
    campaign_flaws,
    file_flaws,
    shelf_flaws,
    tag_flaws,
    term_flaws,
    version_flaws,
)
from data_hub.invariants import (
    digest_flaws,
    fold_flaws,
    identity_flaws,
    membership_flaws,
    profile_flaws,
    ruling_flaws,
    staff_flaws,
    standing_flaws,
)
from juzhen import beginning, migrations, origin
from juzhen.references import reference_flaws
from kernel import wording
from kernel.errors import Overloaded
from kernel.values import dataclass
from matching.invariants import counter_flaws, effect_flaws, night_flaws
from stores.history import JOURNAL, UNREADABLE
from stores.records import Record
from stores.watermarks import Watermarks

if TYPE_CHECKING:
    from juzhen.settings import Settings
    from juzhen.wiring import Platform


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing the doctor looked at."""

    what: str
    good: bool
    says: str
    advice: str = ""


_LATELY = timedelta(days=7)
_ELSEWHERE = "The journal or the history does not answer: mend what is named above."


def invariants(platform: Platform) -> dict[str, Callable[[], Iterator[str]]]:
    """What must hold in every store, by the name people know it under."""
    p = platform
    return {
        "packages": lambda: iter(origin.strangers()),
        "wording": wording.gaps,
        "migrations": lambda: _not_migrated(p),
        "references": lambda: reference_flaws(p.records),
        "audit chain": p.audit.flaws,
        "journal": p.fold.flaws,
        "history": p.history.flaws,
        "identities": lambda: identity_flaws(p.people),
        "profiles": lambda: profile_flaws(p.people),
        "fold": lambda: fold_flaws(p.history, p.digest, p.profiles),
        "digest": lambda: digest_flaws(p.history, p.digest),
        "memberships": lambda: membership_flaws(
            p.history, p.people, p.digest, p.profiles, p.segments, p.clock(), p.zone
        ),
        "standings": lambda: standing_flaws(p.records, p.people),
        "rulings": lambda: ruling_flaws(p.records),
        "referrals": p.referrals.flaws,
        "staff": lambda: staff_flaws(p.records),
        "counters": lambda: counter_flaws(p.people, p.history, p.counters),
        "nights": lambda: night_flaws(p.people),
        "effects": lambda: effect_flaws(p.people, p.effects),
        "tags": lambda: tag_flaws(p.records),
        "terms": lambda: term_flaws(p.records),
        "versions": lambda: version_flaws(p.records),
        "campaigns": lambda: campaign_flaws(p.records),
        "shelf": lambda: shelf_flaws(p.records),
        "deliveries": p.publishing.flaws,
        "broadcasts": lambda: broadcast_flaws(p.records),
        "places": lambda: place_flaws(p.records),
        "access": p.access.flaws,
        "followers": lambda: _followers(p),
        "search": p.finding.flaws,
        "files": lambda: file_flaws(p.records, p.files),
        "reminders": p.reminders.flaws,
    }


def flaws(platform: Platform) -> Iterator[tuple[str, str]]:
    """Every broken invariant: which one, and what is wrong."""
    for name, walk in invariants(platform).items():
        for flaw in walk():
            yield name, flaw


def _begun(platform: Platform) -> Iterator[Finding]:
    """While no rep was shown a recommendation: what comes next. That is no flaw."""
    told = beginning.steps(platform)
    if (step := beginning.next_of(told)) is not None:
        there = sum(each.done for each in told)
        how = f": {step.command}" if step.command else ""
        says = f"{there} of {len(told)} steps to the first recommendation; next: "
        yield Finding("first hour", True, says + wording.say(f"begin_{step.code}", "en") + how, "")


def _not_migrated(platform: Platform) -> Iterator[str]:
    for name, records in (("records", platform.records), ("people", platform.people)):
        if migrations.pending(records.engine, name):
            yield f"{name}: run `juzhen migrate`"


def _unreadable(platform: Platform) -> tuple[int, str]:
    """How many lines of the journal nobody could read, if the last is of these days."""
    for told, count in platform.history.refusals(limit=1_000):
        recent = platform.clock() - told.at < _LATELY
        if (told.door, told.reason) == (JOURNAL, UNREADABLE) and recent:
            return count, f"{told.at:%Y-%m-%d %H:%M} UTC"
    return 0, ""


def _followers(platform: Platform) -> Iterator[str]:
    """Nobody has followed further than what is followed goes. (Findings may be erased behind their
    followers, so those prove nothing.)"""
    marks = Watermarks(platform.records, Record)
    newest = platform.history.newest()
    if int(marks.of("acquaintances") or 0) > newest:
        yield "acquaintances have read further than history goes"


def doctor(settings: Settings) -> Iterator[Finding]:
    """Look at everything juzhen leans on that can be looked at without it, most needed first."""
    from juzhen.wiring.engines import looked_over

    version = sqlite3.sqlite_version_info
    yield Finding(
        "SQLite", version >= (3, 37), sqlite3.sqlite_version,
        "juzhen needs SQLite 3.37 or later; take a newer Python.",
    )  # fmt: skip
    strangers = origin.strangers()
    yield Finding(
        "packages", not strangers, ", ".join(strangers) or "our own",
        "Another project installed these names; use a virtual environment of juzhen's own.",
    )  # fmt: skip
    free = shutil.disk_usage(settings.home).free
    yield Finding(
        "disk", free > 1 << 30, f"{free >> 20} MiB free in {settings.home}",
        "Free some space: below 64 MiB nothing is taken in any more.",
    )  # fmt: skip
    for what, told in looked_over(settings).items():
        yield Finding(what, told.fit is True, told.says, told.advice)


def doctor_inside(platform: Platform) -> Iterator[Finding]:
    """Look at the company itself, once its records answer."""
    behind = list(_not_migrated(platform))
    ahead = migrations.ahead(platform.records.engine, "records")
    told = f"at {ahead}: a later version made them" if ahead else "up to date"
    yield Finding("migrations", not behind, "; ".join(behind) or told, "juzhen migrate")
    if behind:
        return
    try:
        backlog = platform.fold.behind()
    except Overloaded:
        yield Finding("worker", False, "what waits to be folded is not known", _ELSEWHERE)
    else:
        yield Finding(
            "worker", backlog < 50_000, f"{backlog} events wait to be folded",
            "Is `juzhen worker` running? Its log says which duty fails.",
        )  # fmt: skip
        lines, since = _unreadable(platform)
        yield Finding(
            "journal", not lines, f"{lines} lines could not be read, the last {since}"
            if lines else "every line could be read",
            "They are kept among what was refused: juzhen refused. Then look at the disk.",
        )  # fmt: skip
    yield from _begun(platform)
    for account in platform.accounts.all():
        paused = account.paused_reason if account.paused else ""
        yield Finding(
            f"account {account.code}", not paused, paused or "ready",
            f"Mend what is named, then: juzhen account resume {account.code}",
        )  # fmt: skip
