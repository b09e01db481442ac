"""The journal in PostgreSQL (日志): one row a commit, a partition a day, dropped whole once folded.

A position is the number of the transaction that wrote it, above a base. Commits overtake numbers,
so whoever reads stops below the oldest transaction that still runs: reading up to the newest number
lost 321 of 2,400 rows. Always durable as the server is; the embedded journal's ``process`` has no
counterpart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from kernel.clock import Clock, utc_now
from kernel.crash import crash_point
from kernel.errors import Overloaded
from kernel.events import Handle
from stores.examined import Examined
from stores.journal import COMMITTED, Entry, spellings, without
from stores.postgres.database import OLDEST_RUNNING, Database, Shape

_SHAPE = Shape(
    "juzhen_journal", 1,
    """
create table if not exists {schema}.base (
    one integer primary key default 1 check (one = 1), above bigint not null
);
insert into {schema}.base (above) values (0) on conflict do nothing;
create table if not exists {schema}.commits (
    position bigint not null, turn bigint not null, day date not null,
    count integer not null, body bytea not null
) partition by range (day);
alter table {schema}.commits alter column body set storage external;
create index if not exists commits_position on {schema}.commits (position)
""",
)  # fmt: skip
_APPEND = """
insert into juzhen_journal.commits (position, turn, day, count, body)
select above + turn, turn, %s, %s, %b
from juzhen_journal.base, (select pg_current_xact_id()::text::bigint as turn) as now
"""
_HEADS = f"""
select position, count from juzhen_journal.commits
where position > %s and turn < {OLDEST_RUNNING} order by position limit %s
"""  # noqa: S608 - our own words
_BODIES = f"""
select position, count, body from juzhen_journal.commits
where position > %s and position <= %s and turn < {OLDEST_RUNNING} order by position
"""  # noqa: S608 - likewise
_DAYS = """
select relname from pg_inherits join pg_class on pg_class.oid = inhrelid
where inhparent = 'juzhen_journal.commits'::regclass order by relname
"""
_LOOKED_AT = timedelta(minutes=1)
_DAY = re.compile(r"commits_(\d{8})")


class PostgresJournal:
    """See `stores.journal.Journal`. Any number of machines may append to one at once."""

    def __init__(self, url: str, *, owner: Callable[[], str], clock: Clock = utc_now) -> None:
        self._database = Database(url, _SHAPE, owner=owner)
        self._clock = clock
        self._looked: datetime | None = None

    def prepare(self) -> str:
        """Make the tables if they are not there. Raises `Unfit` if they are not ours."""
        return self._database.prepare(_settle_in)

    def examine(self) -> Examined:
        return self._database.examine()

    def append(self, packed: Sequence[bytes]) -> None:
        if not packed:
            return
        import psycopg

        body = b"\n".join(packed)
        try:
            self._append(len(packed), body)
        except (Overloaded, psycopg.Error) as broken:  # whatever it is, they are not kept
            raise Overloaded("journal_is_unavailable", seconds=5) from broken
        crash_point(COMMITTED)

    def append_gathered(self, gathered: Callable[[], Sequence[bytes]]) -> None:
        self.append(gathered())  # writers of a server wait for no turn

    at_once = False  # a server is always waited for

    def append_at_once(self, packed: Sequence[bytes]) -> bool:
        return False

    def _append(self, count: int, body: bytes) -> None:
        from psycopg.errors import CheckViolation

        day = self._today()
        try:
            with self._database.glance() as run:
                run.execute(_APPEND, (day, count, body))
        except CheckViolation:  # the day has no partition yet
            self._begin(day)
            with self._database.glance() as run:
                run.execute(_APPEND, (day, count, body))

    def _begin(self, day: date) -> None:
        """Attaching, unlike making it in place, keeps nobody who appends or reads waiting."""
        name = f"juzhen_journal.commits_{day:%Y%m%d}"
        with self._database.write("days") as run:
            if run.execute("select to_regclass(%s)", (name,)).fetchone() != (None,):
                return
            run.execute(f"create table {name} (like juzhen_journal.commits including all)".encode())
            run.execute(
                f"alter table juzhen_journal.commits attach partition {name}"
                f" for values from ('{day}') to ('{day + timedelta(days=1)}')".encode()
            )

    def read(self, after: int, limit: int = 5_000) -> list[Entry]:
        last, found = after, 0
        with self._database.read() as run:
            for position, count in run.execute(_HEADS.encode(), (after, limit)).fetchall():
                last, found = position, found + count
                if found >= limit:
                    break
            if last == after:
                return []
            rows = run.cursor(binary=True).execute(_BODIES.encode(), (after, last)).fetchall()
        return [Entry(at, body.split(b"\n") if count else []) for at, count, body in rows]

    def drop(self, upto: int) -> None:
        """Looks once a minute: days are finished rarely, and the fold asks all the time."""
        now = self._clock()
        if self._looked is not None and now - self._looked < _LOOKED_AT:
            return
        self._looked = now
        with self._database.glance() as run:
            names = [name for (name,) in run.execute(_DAYS).fetchall()]
        for name in names:
            told = _DAY.fullmatch(name)
            if not told or told[1] >= f"{self._today():%Y%m%d}" or not self._dropped(name, upto):
                return

    def _dropped(self, name: str, upto: int) -> bool:
        """False if something in it is not folded, or somebody would have to wait for us."""
        last = f"select coalesce(max(position), 0) from juzhen_journal.{name}"  # noqa: S608 - a name of ours
        with self._database.glance() as run:
            if (run.execute(last.encode()).fetchone() or (0,))[0] > upto:
                return False
        try:
            with self._database.write("days") as run:
                run.execute("set local lock_timeout = '200ms'")
                run.execute(f"lock table juzhen_journal.{name} in access exclusive mode".encode())
                if (run.execute(last.encode()).fetchone() or (0,))[0] > upto:
                    return False
                run.execute(f"drop table juzhen_journal.{name}".encode())
        except Overloaded:
            return False
        return True

    def backlog(self, after: int) -> int:
        counted = "select coalesce(sum(count), 0) from juzhen_journal.commits where position > %s"
        with self._database.glance() as run:
            return int((run.execute(counted, (after,)).fetchone() or (0,))[0])

    def tip(self) -> int:
        newest = "select coalesce(max(position), 0) from juzhen_journal.commits"
        with self._database.glance() as run:
            return int((run.execute(newest).fetchone() or (0,))[0])

    def begin_above(self, position: int) -> None:
        with self._database.write("base") as run:
            # Whoever appends now has read the base: they end first, so positions keep their order.
            run.execute("lock table juzhen_journal.base in access exclusive mode")
            run.execute(
                "update juzhen_journal.base"
                " set above = greatest(above, %s - pg_current_xact_id()::text::bigint)",
                (position,),
            )
        if self.tip() <= position:
            self._append(0, b"")

    def forget(self, handles: Collection[Handle]) -> int:
        with self._database.glance() as run:
            asked = (sorted({_REFUSED, *spellings(handle.value for handle in handles)}),)
            touched = [place for (place,) in run.execute(_NAMED, asked).fetchall()]
        gone = 0
        for place in touched:
            with self._database.write() as run:
                gone += _rewrite(run, place, handles)
        if touched:
            self._database.vacuum(["juzhen_journal.commits"])
        return gone

    def close(self) -> None:
        self._database.close()

    def _today(self) -> date:
        return self._clock().astimezone(UTC).date()


_REFUSED = b'"refused"'
"""What was refused may name somebody in any spelling: it is looked through line by line."""
_NAMED = """
select position from juzhen_journal.commits where exists (
    select 1 from unnest(%b::bytea[]) as needle where position(needle in body) > 0
) order by position
"""


def _rewrite(run: Any, place: int, handles: Collection[Handle]) -> int:
    """Write one commit again without them; it keeps its position."""
    wanted = "select body from juzhen_journal.commits where position = %s for update"
    row = run.cursor(binary=True).execute(wanted, (place,)).fetchone()
    kept, gone = without(row[0].split(b"\n"), handles) if row else ([], 0)
    if gone:
        run.execute(
            "update juzhen_journal.commits set count = %s, body = %b where position = %s",
            (len(kept), b"\n".join(kept), place),
        )
    return gone


def _settle_in(run: Any) -> None:
    """In a database brought back into another server transactions are numbered anew: what is there
    is past, and what comes lies above it."""
    ahead = "select max(position) from juzhen_journal.commits where turn >= "
    row = run.execute(f"{ahead} pg_current_xact_id()::text::bigint").fetchone()
    if row and row[0] is not None:
        run.execute("update juzhen_journal.commits set turn = 0")
        run.execute(
            "update juzhen_journal.base set above = greatest(above, %s)",
            (row[0],),
        )
