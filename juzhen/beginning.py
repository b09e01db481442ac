"""The first hour (开张清单): what is still to be done until a rep sees what to send to a customer.

Worked out from facts and kept nowhere: what is done is not named any more, and once a rep was shown
a recommendation for somebody nothing is. Each step says what it is for and where it is done.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import String, cast, select

from channels.base import KnowsReps
from data_hub.customers import Relation
from kernel.actors import Role
from matching.offers import Offer

if TYPE_CHECKING:
    from juzhen.wiring import Platform


class Step(NamedTuple):
    """One thing to do. Its words are ``begin_<code>`` and ``begin_<code>_why``."""

    code: str
    page: str
    """The console's page on which it is done, by its endpoint; empty where a command does it."""
    done: bool
    command: str = ""


def steps(platform: Platform) -> list[Step]:
    """Everything up to the first recommendation, in the order in which it is done; none at all once
    a rep was shown one."""
    if _shown(platform):
        return []
    return [Step(code, page, done(platform), command) for code, page, done, command in _STEPS]


def _shown(platform: Platform) -> bool:
    some = cast(Offer.items, String) != "[]"
    asked = select(Offer.id).where(Offer.rep != "", some).limit(1)
    with platform.records.read() as session:
        return session.scalar(asked) is not None


def _works(platform: Platform) -> bool:
    return any(lease.name.startswith("lane:") for lease in platform.leases.live())


def _reps(platform: Platform) -> bool:
    return bool(platform.staff.page(role=Role.REP, first=1).items)


def _come_in(platform: Platform) -> bool:
    return platform.access.may_come_in() or bool(platform.channels.able(KnowsReps))


def _accounts(platform: Platform) -> bool:
    return bool(platform.accounts.all())


def _topics(platform: Platform) -> bool:
    return bool(platform.taxonomy.tree("topic"))


def _materials(platform: Platform) -> bool:
    return bool(platform.materials.page(first=1).items)


def _shelf(platform: Platform) -> bool:
    return platform.shelf.tally().standing > 0


def _customers(platform: Platform) -> bool:
    return bool(platform.people.rows("SELECT customer FROM profiles LIMIT 1", []))


def _entrusted(platform: Platform) -> bool:
    with platform.records.read() as session:
        return session.scalar(select(Relation.id).where(Relation.staff != "").limit(1)) is not None


def _nothing(_: Platform) -> bool:
    return False


_STEPS: tuple[tuple[str, str, Callable[[Platform], bool], str], ...] = (
    ("worker", "", _works, "juzhen worker"),
    ("reps", "staff", _reps, "juzhen import staff staff.csv"),
    ("logins", "staff", _come_in, "juzhen staff login CODE"),
    (
        "account",
        "accounts",
        _accounts,
        "juzhen account add --help",
    ),
    ("topics", "tags", _topics, "juzhen import tags tags.csv"),
    ("materials", "new_material", _materials, "juzhen import materials library.csv"),
    ("shelf", "place_form", _shelf, ""),
    ("customers", "imports_page", _customers, "juzhen import customers crm.csv --account our_app"),
    ("books", "customers", _entrusted, ""),
    ("look", "", _nothing, ""),
)


def next_of(told: list[Step]) -> Step | None:
    """The first that is not done."""
    return next((step for step in told if not step.done), None)
