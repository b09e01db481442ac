"""Changes (变更): what we did ourselves, one row an act, written in the act's own transaction.

Followers (the journal copy, the search index, matching arrays) read it with a mark of their own.
It is the audit log too: `Audit` seals the rows into a hash chain. Decides nothing.
"""

import hashlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import BigInteger, Index, Integer, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.clock import Clock
from kernel.ids import new_id
from kernel.values import dataclass
from stores import bulk
from stores.records import Record, Records, insert
from stores.sightings import Sightings
from stores.spelling import Bare

_Number = BigInteger().with_variant(Integer, "sqlite")


class Change(Record, kw_only=True):
    """One act of ours. Its id is also the id of the event that tells of it."""

    __tablename__ = "changes"
    __table_args__ = (
        Index("ix_changes_subject", "kind", "subject", "seq"),
        {"sqlite_autoincrement": True},  # a number is never given twice: followers remember it
    )

    seq: Mapped[int] = mapped_column(_Number, primary_key=True, init=False)
    turn: Mapped[int] = mapped_column(_Number, default=0, index=True)
    """PostgreSQL's transaction number: commits overtake ``seq`` there, never below the oldest
    transaction still running. 0 on SQLite, where writers queue."""
    id: Mapped[str] = mapped_column(unique=True, default_factory=lambda: new_id("chg"))
    at: Mapped[datetime]
    act: Mapped[str]
    """What was done, past tense: an event kind such as ``placed``."""
    kind: Mapped[str]
    """What it was done to: ``material``, ``placement``, ``tag``…"""
    subject: Mapped[str]
    by: Mapped[str]
    handle: Mapped[str | None] = mapped_column(default=None, info={"customer": "blank"})
    """Not part of the audit chain, so that an erasure does not break it."""
    detail: Mapped[dict[str, Any]] = mapped_column(default_factory=dict)
    """Ids and values of the act; never a name, phone or text of a customer."""


class Version(Record, kw_only=True):
    """A counter that an editing transaction counts up, so that caches see the edit."""

    __tablename__ = "versions"

    name: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(_Number, default=0)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some changes in the order to be followed, and the mark behind the last of them."""

    changes: Sequence[Change]
    mark: str


class _Here(threading.local):
    """Versions of one thread: those it holds, and those it was told last, with its stamp."""

    held: Mapping[str, int] | None = None
    versions: tuple[int, dict[str, int]] | None = None


class Changes:
    """Every act of ours, oldest first."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self.clock = clock
        self._here = _Here()
        self.sightings = Sightings(self._versions)
        """The versions as they stand, for many who ask at once; for records on a server."""

    def note(
        self,
        act: str,
        kind: str,
        subject: str,
        *,
        by: str,
        handle: str | None = None,
        content: bool = False,
        **detail: Any,
    ) -> Change:
        """Write the act down, joining its transaction.

        ``content`` says that answers made of content may differ from now on.
        """
        change = Change(
            at=self.clock(), act=act, kind=kind, subject=subject, by=by, handle=handle,
            detail=detail,
        )  # fmt: skip
        with self._records.part() as session:
            if self._records.on_postgres:
                change.turn = self._records.rows(_TURN)[0][0]
            session.add(change)
            if content:
                self.count_up("content")
        return change

    def note_all(
        self,
        act: str,
        kind: str,
        told: Mapping[str, dict[str, Any]],
        *,
        by: str,
        handles: Mapping[str, str] | None = None,
        content: bool = False,
    ) -> None:
        """The same act on many things, by subject what there is to say of each, and its handle if
        it has one; joining."""
        if not told:
            return
        at, hers = self.clock(), handles or {}
        with self._records.bare_part():
            turn = self._records.rows(_TURN)[0][0] if self._records.on_postgres else 0
            rows = [
                {
                    "turn": turn, "id": new_id("chg"), "at": at, "act": act, "kind": kind,
                    "subject": subject, "by": by, "handle": hers.get(subject),
                    "detail": detail,
                }
                for subject, detail in told.items()
            ]  # fmt: skip
            self._records.put(Change, rows)
            if content:
                self.count_up("content")

    def count_up(self, name: str) -> None:
        """Count a version up, joining the edit's transaction."""
        self.let_go()
        with self._records.part() as session:
            count_up(session, name)

    def version(self, name: str = "content") -> int:
        """The version now, asked by every request: one cheap statement, or none at all if they
        are held, if nothing was committed since this thread asked last, or in a snapshot that told
        it before."""
        if (held := self.held(name)) is not None:
            return held
        stamp = self._records.stamp()
        if stamp is not None:
            kept = self._here.versions
            if kept is None or kept[0] != stamp:
                kept = (stamp, self._versions())
                self._here.versions = kept
            return kept[1].get(name, 0)
        here = self._records.true_here()
        if here is None:
            told = self._records.rows(_VERSION, [name])
            return int(told[0][0]) if told else 0
        if _VERSIONS not in here:
            here[_VERSIONS] = self._versions()
        return int(here[_VERSIONS].get(name, 0))

    def hold(self, versions: Mapping[str, int] | None = None) -> None:
        """Up to `let_go` this thread takes all versions as they stand now, or as it was just told:
        one statement for a whole request. On a file each is told in microseconds, and none is held.
        """
        if self._records.on_postgres:
            self._here.held = self._versions() if versions is None else versions

    def let_go(self) -> None:
        self._here.held = None

    @contextmanager
    def as_of_now(self, versions: Mapping[str, int] | None = None) -> Iterator[None]:
        """The same for a block; within another it is that one's."""
        if self._here.held is not None:
            yield
            return
        self.hold(versions)
        try:
            yield
        finally:
            self.let_go()

    def held(self, name: str) -> int | None:
        """The version that is held; None if none is, and for whoever writes."""
        versions = self._here.held
        if versions is None or self._records.writing:
            return None
        return versions.get(name, 0)

    def _versions(self) -> dict[str, int]:
        return dict(self._records.rows(_VERSIONS))

    def after(self, mark: str, limit: int = 1_000) -> Stretch:
        """What came after the mark. Nothing is skipped, however writers overtake each other."""
        turn, seq = map(int, mark.split(":")) if mark else (-1, 0)
        asked = _AFTER.format(self._finished)
        found = list(map(_read, self._records.rows(asked, [turn, seq, limit, turn, limit, limit])))
        return Stretch(found, f"{found[-1].turn}:{found[-1].seq}" if found else mark)

    def end(self) -> str:
        """The mark of what changed last, after which nothing that is there comes; "" of nothing."""
        found = self._records.rows(_END.format(self._finished))
        return f"{found[0][0]}:{found[0][1]}" if found else ""

    @property
    def _finished(self) -> str:
        """What keeps out acts that an unfinished one may yet come before."""
        return _FINISHED if self._records.on_postgres else ""

    def latest(self, kind: str, subject: str, limit: int = 50) -> list[Change]:
        """What was done to one thing, newest first."""
        wanted = select(Change).where(Change.kind == kind, Change.subject == subject)
        with self._records.read() as session:
            return list(session.scalars(wanted.order_by(Change.seq.desc()).limit(limit)))


_AT_ONCE = 1_000
"""Links of the audit chain that are looked at together: it may be millions long."""


def count_up(session: Session, name: str) -> None:
    """`Changes.count_up` for who has only the session of an edit that counts "content" up."""
    counted = insert(session, Version).values(name=name, number=1)
    again = {"number": Version.number + 1}
    session.execute(counted.on_conflict_do_update(index_elements=["name"], set_=again))


_VERSION = "SELECT number FROM versions WHERE name = ?"
_VERSIONS = "SELECT name, number FROM versions"
_TURN = "SELECT pg_current_xact_id()::text::bigint"
_read = Bare(Change)
_CHANGED = f"SELECT {_read.columns} FROM changes WHERE"  # noqa: S608  # our words
_AFTER = f"""
SELECT * FROM (
  SELECT * FROM ({_CHANGED} turn = ? AND seq > ?{{0}} ORDER BY seq LIMIT ?) AS rest
  UNION ALL
  SELECT * FROM ({_CHANGED} turn > ?{{0}} ORDER BY turn, seq LIMIT ?) AS later
) AS found ORDER BY turn, seq LIMIT ?
"""  # noqa: S608  # likewise
"""Two stretches of one index: asked with OR it is walked from its beginning."""
_END = "SELECT turn, seq FROM changes WHERE true{} ORDER BY turn DESC, seq DESC LIMIT 1"
_FINISHED = " AND turn < (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint)"


class Seal(Record, kw_only=True):
    """One link of the audit chain: the hash of a change and of everything before it."""

    __tablename__ = "audit_seals"

    number: Mapped[int] = mapped_column(_Number, primary_key=True)
    change: Mapped[str] = mapped_column(unique=True)
    mark: Mapped[str]
    """How far the sealer had read with this one."""
    hash: Mapped[str]


class Audit:
    """The hash chain over all changes (审计链). A row changed, removed or moved breaks it."""

    def __init__(self, records: Records, changes: Changes) -> None:
        self._records = records
        self._changes = changes

    def seal(self, limit: int = 500) -> int:
        """Add links for what is not yet sealed, and say how many. They are worked out before the
        lock is taken; whoever finds that another sealer was quicker begins again."""
        while True:
            with self._records.read() as session:
                last = self._last(session)
            number, link, mark = last
            links = []
            for change in self._changes.after(mark, limit).changes:
                number, link = number + 1, _link(link, change)
                mark = f"{change.turn}:{change.seq}"
                links.append({"number": number, "change": change.id, "mark": mark, "hash": link})
            if not links:
                return 0
            with self._records.write("audit") as session:
                if self._last(session) == last:
                    bulk.put(session, Seal, links)
                    return len(links)

    def _last(self, session: Session) -> tuple[int, str, str]:
        """Number, hash and mark of the newest link."""
        newest = select(Seal.number, Seal.hash, Seal.mark).order_by(Seal.number.desc()).limit(1)
        found = session.execute(newest).first()
        return (found.number, found.hash, found.mark) if found else (0, "", "")

    def flaws(self) -> Iterator[str]:
        """Walk the chain and name the first row that does not fit."""
        with self._records.read() as session:
            link = ""
            links = select(Seal, Change).join(Change, Change.id == Seal.change, isouter=True)
            some = links.order_by(Seal.number).execution_options(yield_per=_AT_ONCE)
            with session.execute(some) as sealed:
                for seal, change in sealed:
                    link = _link(link, change) if change else "gone"
                    if link != seal.hash:
                        yield f"audit: change {seal.change} is not what was sealed as {seal.number}"
                        return
            count = session.scalar(select(func.count()).select_from(Seal)) or 0
            last = session.scalar(select(func.max(Seal.number))) or 0
            if count != last:
                yield f"audit: {last - count} links of the chain are missing"


def _link(before: str, change: Change) -> str:
    told = [
        before, change.id, change.at.isoformat(), change.act, change.kind, change.subject,
        change.by, change.detail,
    ]  # fmt: skip
    return hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()
