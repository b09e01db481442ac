"""Boundaries (界点): when the shelf changes by itself, and how old what is said about it is."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from stores.records import Records
from stores.told import micros, moment

NEVER = 1 << 62
_KINDS = (
    ("opens", "shelf_rows", "tag = '' AND "), ("closes", "shelf_rows", "tag = '' AND "),
    ("opens", "terms", ""), ("closes", "terms", ""), ("effective", "scheduled_edits", ""),
)  # fmt: skip
_PASSED = (f"(SELECT max({at}) FROM {of} WHERE {only}{at} <= ?)" for at, of, only in _KINDS)  # noqa: S608  # our words
_AHEAD = (f"(SELECT min({at}) FROM {of} WHERE {only}{at} > ?)" for at, of, only in _KINDS)  # noqa: S608  # our words
_ASKED = ", ".join(
    (
        "SELECT (SELECT number FROM versions WHERE name = 'content')", *_PASSED, *_AHEAD,
        "(SELECT 1 WHERE EXISTS (SELECT 1 FROM terms WHERE closes <= ? OR opens > ?))",
    )
)  # fmt: skip


class Freshness(NamedTuple):
    """What an answer about the shelf is as old as: it differs only if this does."""

    version: int
    """Counted up by every edit of content."""
    epoch: int
    """The last boundary that has passed (an opening, a closing, an edit's moment), in microseconds
    since 1970."""


class Boundaries(NamedTuple):
    """Where a moment lies between them."""

    fresh: Freshness
    until: int
    """The next one ahead."""
    over: bool
    """Is anything over that content depends on?"""


def around(records: Records, now: datetime) -> Boundaries:
    """One statement of index seeks."""
    many = len(_KINDS)
    ((version, *told),) = records.rows(_ASKED, [micros(now)] * (2 * many + 2))
    passed, ahead, over = told[:many], told[many:-1], told[-1]
    fresh = Freshness(version or 0, max(each or 0 for each in passed))
    return Boundaries(fresh, min((each for each in ahead if each), default=NEVER), bool(over))


def next_boundary(records: Records, now: datetime) -> datetime | None:
    """When the shelf changes by itself the next time."""
    until = around(records, now).until
    return moment(until) if until < NEVER else None
