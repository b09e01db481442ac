"""Grades (ABCDE 分级): how far the conversation with a customer has come. Not what she is worth.

A dealt at once, B talks, C talked briefly, D never talked, E removed us. Where nobody could have
heard her talk (no message source on any of her accounts) the answer is 数据不足, never D. Keeps
only what people decided; what events say is a pure function of the profile.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column

from data_hub.lifecycle import NEVER
from data_hub.profiles import Profile
from kernel.clock import Clock
from kernel.errors import Invalid
from kernel.events import Handle
from kernel.ids import new_id
from kernel.values import dataclass
from stores.changes import Changes
from stores.records import Record, Records
from stores.spelling import chunks


class Grade(StrEnum):
    """The five classes, and the honest sixth."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    E = "E"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where one grade ends and the next begins."""

    at_once: timedelta = timedelta(hours=24)
    talks: int = 6
    silent: timedelta = timedelta(days=7)

    @property
    def facts(self) -> dict[str, int]:
        """What the sentences behind reasons say of them."""
        hours = self.at_once // timedelta(hours=1)
        return {"hours": hours, "days": self.silent.days}


@dataclass(frozen=True, slots=True)
class Graded:
    """A grade, why, and until when it is sure to hold."""

    grade: Grade
    reason: str
    """A key of `kernel.wording`."""
    messages: int
    until: float = NEVER


_USUAL = Thresholds()
_HEARD = ("messaged", "chatted")
_SAID = ("replied",)


def graded(
    profile: Profile,
    now: datetime,
    sources: Collection[str],
    limits: Thresholds = _USUAL,
) -> Graded:
    """Exactly one grade. ``sources``: accounts that tell of messages at all."""
    heard = sum(profile.kinds.get(kind, 0) for kind in _HEARD)
    talks = heard + (sum(profile.kinds.get(kind, 0) for kind in _SAID) if heard else 0)
    if profile.removed:
        return Graded(Grade.E, "grade_removed", talks)
    if _dealt_at_once(profile, limits.at_once):
        return Graded(Grade.A, "grade_at_once", talks)
    if heard:
        last = max(profile.spans[kind][1] for kind in _HEARD if kind in profile.spans)
        silent = last + limits.silent.total_seconds()
        if talks >= limits.talks:
            return Graded(Grade.B, "grade_talks", talks)
        if now.timestamp() < silent:
            return Graded(Grade.B, "grade_talked_lately", talks, silent)
        return Graded(Grade.C, "grade_talked_briefly", talks)
    if profile.accounts.keys().isdisjoint(sources):
        return Graded(Grade.UNKNOWN, "grade_no_source", 0)
    return Graded(Grade.D, "grade_never_talked", 0)


def _dealt_at_once(profile: Profile, at_once: timedelta) -> bool:
    """Did she buy soon after she added us, whether or not she had bought before?"""
    added = profile.added or profile.began
    first = [profile.spans["bought"][0]] if "bought" in profile.spans else []
    bought = [*first, *(at for at, *_ in profile.purchases)]
    return bool(added) and any(0 <= at - added <= at_once.total_seconds() for at in bought)


def tone(profile: Profile, now: datetime, sources: Collection[str]) -> str:
    """How she is disposed: `open_case`, `negative_mood`, `calm`; `unknown` where nobody could have
    heard her, for what was never said is no good mood."""
    if why := profile.mood_hold(now):
        return why
    heard = any(profile.kinds.get(kind) for kind in _HEARD)
    return "calm" if heard or not profile.accounts.keys().isdisjoint(sources) else "unknown"


class GradeRuling(Record, kw_only=True):
    """A grade that somebody of ours has put by hand; it counts until it is lifted."""

    __tablename__ = "grade_rulings"

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("grd"))
    handle: Mapped[str] = mapped_column(index=True, info={"customer": "drop"})
    grade: Mapped[str]
    """Empty: what events say counts again."""
    note: Mapped[str]
    by: Mapped[str]
    at: Mapped[datetime]


class Grades:
    """What people have ruled about grades."""

    def __init__(self, records: Records, changes: Changes, clock: Clock) -> None:
        self._records = records
        self._changes = changes
        self._clock = clock

    def rule(self, handle: Handle | str, grade: str, *, note: str, by: str) -> GradeRuling:
        """Put a grade by hand, with a reason; the digest follows at its next turn."""
        if grade not in set(Grade) - {Grade.UNKNOWN}:
            raise Invalid("grade", "not_a_choice", choices=[*Grade][:5])
        if not note.strip():
            raise Invalid("note", "say_why")
        return self._note(str(handle), grade, note.strip(), by)

    def lift(self, handle: Handle | str, *, by: str) -> GradeRuling:
        """Let what events say count again."""
        return self._note(str(handle), "", "", by)

    def _note(self, handle: str, grade: str, note: str, by: str) -> GradeRuling:
        with self._records.write(f"handle:{handle}") as session:
            ruling = GradeRuling(handle=handle, grade=grade, note=note, by=by, at=self._clock())
            session.add(ruling)
            self._changes.note(
                "graded", "grade_ruling", ruling.id, by=by, handle=handle, grade=grade
            )  # why stands in the ruling alone: it may name her, and the audit outlives her
        return ruling

    def rulings(self, handles: Iterable[str]) -> dict[str, GradeRuling]:
        """The latest ruling of each handle that has one, lifted ones too."""
        found: dict[str, GradeRuling] = {}
        with self._records.read() as session:
            for chunk in chunks(set(handles)):
                hers = GradeRuling.handle.in_(chunk)
                ordered = select(GradeRuling).where(hers).order_by(GradeRuling.at, GradeRuling.id)
                found |= {ruling.handle: ruling for ruling in session.scalars(ordered)}
        return found

    def any(self) -> bool:
        """Was a grade ever put by hand?"""
        with self._records.read() as session:
            return session.scalar(select(GradeRuling.id).limit(1)) is not None


def ruled(rulings: Iterable[GradeRuling], removed: float = 0.0) -> Grade | None:
    """What the latest of a customer's rulings says; None if events decide, as they do when she
    ``removed`` us after it was put."""
    latest = max(rulings, key=lambda each: (each.at, each.id), default=None)
    if latest is None or not latest.grade or latest.at.timestamp() < removed:
        return None
    return Grade(latest.grade)
