"""The studio (创作者工作台): what a creator granted, uploaded and published, and who writes to her.

Created is not shown: a review comes between, and a refused work is seen by nobody. Whatever is
answered is in the ledger.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from juzhen.sandbox.accounts import Creator
from juzhen.sandbox.clock import MovableClock
from juzhen.sandbox.douyin import limits
from juzhen.sandbox.douyin.cards import Cards
from juzhen.sandbox.knobs import Knobs
from juzhen.sandbox.ledger import Ledger

_SCHEMA = """
create table if not exists dy_codes (
    code text primary key, creator text not null, made real not null, used real);
create table if not exists dy_tokens (
    token text primary key, creator text not null, kind text not null, expires real not null,
    renewals integer not null default 0, dead real);
create table if not exists dy_parts (
    upload text not null, creator text not null, number integer not null, size integer not null,
    primary key (upload, number));
create table if not exists dy_media (
    id text primary key, creator text not null, kind text not null, size integer not null,
    made real not null);
create table if not exists dy_items (
    id text primary key, creator text not null, title text not null, kind text not null,
    made real not null, ready real not null, verdict integer not null, deleted real,
    told integer not null default 0, plays integer not null default 0,
    likes integer not null default 0, comments integer not null default 0);
create table if not exists dy_talks (
    id integer primary key autoincrement, creator text not null, fan text not null,
    ours integer not null, words text not null, at real not null);
create index if not exists dy_talks_of on dy_talks (creator, fan, id);
"""
FANS = (("f_lin", "林小满"), ("f_chen", "陈阿姨"), ("f_zhao", "老赵"))


class Minded(Exception):
    """The platform will not, and says so by its own code."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


class Studio:
    """Every creator's works, tokens and talks."""

    def __init__(self, ledger: Ledger, clock: MovableClock, knobs: Knobs) -> None:
        ledger.extend(_SCHEMA)
        self._ledger, self._clock, self._knobs = ledger, clock, knobs
        self.cards = Cards(ledger, clock)

    # the grant

    def consent(self, creator: Creator) -> str:
        """She says yes: a code that is good once."""
        code = secrets.token_urlsafe(16)
        self._put("insert into dy_codes values (?, ?, ?, null)", code, creator.code, self._now())
        return code

    def granted(self, creator: Creator, tokens: Mapping[str, str]) -> None:
        """She said yes before this world began; what she has granted since counts for more."""
        for kind, seconds in (
            ("access", limits.ACCESS_SECONDS),
            ("refresh", limits.REFRESH_SECONDS),
        ):
            self._put(
                "insert into dy_tokens values (?, ?, ?, ?, 0, null) on conflict do nothing",
                tokens[kind], creator.code, kind, self._now() + seconds,
            )  # fmt: skip

    def exchange(self, code: str, hers: Collection[str]) -> tuple[str, dict[str, Any]]:
        """Whose it is, and her tokens; only for the application that she granted it to."""
        with self._ledger.turn() as db:
            row = db.execute("select * from dy_codes where code = ?", (code,)).fetchone()
            if row is None or row["creator"] not in hers:
                raise Minded(10007)
            if row["used"] or row["made"] + limits.CODE_SECONDS < self._now():
                raise Minded(10007)
            db.execute("update dy_codes set used = ? where code = ?", (self._now(), code))
            db.execute("update dy_tokens set dead = ? where creator = ?",
                       (self._now(), row["creator"]))  # fmt: skip
            access = self._token(row["creator"], "access", limits.ACCESS_SECONDS)
            refresh = self._token(row["creator"], "refresh", limits.REFRESH_SECONDS)
        return row["creator"], {
            "access_token": access, "expires_in": limits.ACCESS_SECONDS,
            "refresh_token": refresh, "refresh_expires_in": limits.REFRESH_SECONDS,
        }  # fmt: skip

    def refresh(self, token: str, hers: Collection[str]) -> dict[str, Any]:
        """Another short token; the old one dies."""
        row = self._refreshing(token, hers)
        with self._ledger.turn() as db:
            db.execute(
                "update dy_tokens set dead = ? where creator = ? and kind = 'access'",
                (self._now(), row["creator"]),
            )
            access = self._token(row["creator"], "access", limits.ACCESS_SECONDS)
        return {"access_token": access, "expires_in": limits.ACCESS_SECONDS,
                "refresh_token": token}  # fmt: skip

    def renew(self, token: str, hers: Collection[str]) -> dict[str, Any]:
        """Another long token, five times at most."""
        row = self._refreshing(token, hers)
        if row["renewals"] >= limits.RENEWALS:
            raise Minded(10020)
        with self._ledger.turn() as db:
            db.execute("update dy_tokens set dead = ? where token = ?", (self._now(), token))
            made = self._token(
                row["creator"], "refresh", limits.REFRESH_SECONDS, row["renewals"] + 1
            )
        return {"refresh_token": made, "expires_in": limits.REFRESH_SECONDS}

    def _refreshing(self, token: str, hers: Collection[str]) -> Any:
        with self._ledger.turn() as db:
            row = db.execute(
                "select * from dy_tokens where token = ? and kind = 'refresh'", (token,)
            ).fetchone()
        if row is None or row["creator"] not in hers:
            raise Minded(10010)
        if row["dead"] or row["expires"] <= self._now():
            raise Minded(10010)
        return row

    def owner(self, token: str) -> str:
        """Whose short token it is."""
        with self._ledger.turn() as db:
            row = db.execute(
                "select * from dy_tokens where token = ? and kind = 'access'", (token,)
            ).fetchone()
            granted = (
                row
                and db.execute(
                    "select 1 from dy_tokens where creator = ? and dead is null", (row["creator"],)
                ).fetchone()
            )
        if row is None:
            raise Minded(2190002)
        if not granted:
            raise Minded(2190003)
        if row["dead"] or row["expires"] <= self._now():
            raise Minded(2190008)
        return str(row["creator"])

    def revoke(self, creator: Creator) -> None:
        """She takes it back."""
        self._put("update dy_tokens set dead = ? where creator = ?", self._now(), creator.code)

    def die(self, creator: Creator) -> None:
        """Her short token dies before its time."""
        self._put(
            "update dy_tokens set dead = ? where creator = ? and kind = 'access'",
            self._now(), creator.code,
        )  # fmt: skip

    def _token(self, creator: str, kind: str, seconds: float, renewals: int = 0) -> str:
        token = f"{kind[:3]}.{secrets.token_urlsafe(24)}"
        self._put(
            "insert into dy_tokens values (?, ?, ?, ?, ?, null)",
            token, creator, kind, self._now() + seconds, renewals,
        )  # fmt: skip
        return token

    # files

    def upload(self, creator: str, kind: str, size: int) -> str:
        made = f"@{kind[:3]}{secrets.token_hex(12)}"
        self._put("insert into dy_media values (?, ?, ?, ?, ?)", made, creator, kind, size,
                  self._now())  # fmt: skip
        return made

    def has(self, creator: str, media: str) -> bool:
        """Is this a picture of hers?"""
        with self._ledger.turn() as db:
            return db.execute(
                "select 1 from dy_media where id = ? and creator = ? and kind = 'image'",
                (media, creator),
            ).fetchone() is not None  # fmt: skip

    def begin(self, creator: str) -> str:
        """A file that comes in parts."""
        upload = secrets.token_hex(12)
        self._put("insert into dy_parts values (?, ?, 0, 0)", upload, creator)
        return upload

    def part(self, creator: str, upload: str, number: int, size: int) -> None:
        with self._ledger.turn() as db:
            begun = db.execute(
                "select 1 from dy_parts where upload = ? and creator = ? and number = 0",
                (upload, creator),
            ).fetchone()
            if begun is None or number < 1 or not size:
                raise Minded(2100005)
            db.execute("insert or replace into dy_parts values (?, ?, ?, ?)",
                       (upload, creator, number, size))  # fmt: skip

    def complete(self, creator: str, upload: str) -> str:
        """All parts are there, from the first on, none but the last too small."""
        with self._ledger.turn() as db:
            rows = db.execute(
                "select number, size from dy_parts where upload = ? and creator = ? and number > 0"
                " order by number", (upload, creator),
            ).fetchall()  # fmt: skip
        sizes = [row["size"] for row in rows]
        whole = [row["number"] for row in rows] == list(range(1, len(rows) + 1))
        if not sizes or not whole or any(size < limits.PART_BYTES for size in sizes[:-1]):
            raise Minded(2100005)
        return self.upload(creator, "video", sum(sizes))

    # works

    def create(self, creator: str, kind: str, text: str, media: Sequence[str]) -> str:
        """A work that goes into review; nobody but its author sees it."""
        now = self._now()
        with self._ledger.turn() as db:
            marks = ",".join("?" * len(media))
            known = db.execute(
                f"select count(*) from dy_media where creator = ? and kind = ? and id in ({marks})",  # noqa: S608  # our own marks
                (creator, kind, *media),
            ).fetchone()[0]
            if known != len(set(media)) or not media or len(text) > limits.TEXT_CHARACTERS:
                raise Minded(2100005)
            today = db.execute(
                "select count(*) from dy_items where creator = ? and made >= ?",
                (creator, self._clock.midnight()),
            ).fetchone()[0]
            if today >= self._knobs["a_day"].get("create_video", limits.CREATED_A_DAY):
                raise Minded(2114007)
        refused = [word for word in self._knobs["refusing_words"] if word in text]
        if "抄袭" in refused:
            raise Minded(2113001)
        item = f"@itm{secrets.token_hex(10)}"
        self._put(
            "insert into dy_items (id, creator, title, kind, made, ready, verdict)"
            " values (?, ?, ?, ?, ?, ?, ?)",
            item, creator, text, kind, now, now + float(self._knobs["review_seconds"]),
            2 if refused else 1,
        )  # fmt: skip
        return item

    def works(self, creator: str, begin: int = 0, count: int = 1_000) -> list[dict[str, Any]]:
        """As her list shows them, the newest first."""
        with self._ledger.turn() as db:
            rows = db.execute(
                "select * from dy_items where creator = ? and deleted is null"
                " order by made desc, rowid desc limit ? offset ?", (creator, count, begin),
            ).fetchall()  # fmt: skip
        return [dict(row) | {"status": self._status(row)} for row in rows]

    def _status(self, row: Mapping[str, Any]) -> int:
        return 4 if row["ready"] > self._now() else int(row["verdict"])

    def reviewed(self) -> list[dict[str, Any]]:
        """Works whose review has just ended well: the company is told of each once."""
        with self._ledger.turn() as db:
            rows = db.execute(
                "select * from dy_items where told = 0 and verdict = 1 and deleted is null"
                " and ready <= ?", (self._now(),),
            ).fetchall()  # fmt: skip
            db.executemany("update dy_items set told = 1 where id = ?", [(r["id"],) for r in rows])
        return [dict(row) for row in rows]

    def judge(self, item: str, verdict: int) -> None:
        """A second look at it: 2 after it was published takes it away from everybody."""
        self._put("update dy_items set verdict = ?, ready = ? where id = ?", verdict, self._now(),
                  item)  # fmt: skip

    def take_down(self, item: str) -> None:
        self._put("update dy_items set deleted = ? where id = ?", self._now(), item)

    def seen(self, item: str, what: str) -> None:
        """A fan watches, likes or comments."""
        self._put(_COUNTS[what], item)

    # talks

    def wrote(self, creator: str, fan: str, words: str, *, ours: bool = False) -> int:
        with self._ledger.turn() as db:
            made = db.execute(
                "insert into dy_talks (creator, fan, ours, words, at) values (?, ?, ?, ?, ?)",
                (creator, fan, ours, words, self._now()),
            )
        return int(made.lastrowid or 0)

    def reply(self, creator: str, fan: str, message: str, words: str) -> str:
        """An answer to one of hers that is not a day old."""
        number = message.removeprefix("@msg")
        with self._ledger.turn() as db:
            row = db.execute(
                "select at from dy_talks where id = ? and creator = ? and fan = ? and ours = 0",
                (number if number.isdecimal() else -1, creator, fan),
            ).fetchone()
        if row is None or self._now() - row["at"] >= limits.REPLY_SECONDS or not words:
            raise Minded(2100005)
        return f"@msg{self.wrote(creator, fan, words, ours=True)}"

    def talk(self, creator: str, fan: str) -> list[dict[str, Any]]:
        with self._ledger.turn() as db:
            rows = db.execute(
                "select * from dy_talks where creator = ? and fan = ? order by id", (creator, fan)
            )
            return [dict(row) for row in rows]

    def _put(self, statement: str, *values: Any) -> None:
        with self._ledger.turn() as db:
            db.execute(statement, values)

    def _now(self) -> float:
        return self._clock.seconds()


_COUNTS = {
    "watch": "update dy_items set plays = plays + 1 where id = ?",
    "like": "update dy_items set likes = likes + 1 where id = ?",
    "comment": "update dy_items set comments = comments + 1 where id = ?",
}
