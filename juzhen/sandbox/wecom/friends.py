"""Friends (客户关系): who added whom, what each wrote, and the codes by which it came about.

Every change that a person makes is told by callback; what the company does through the interface
never is. A welcome code is given with every new friend, lives 20 seconds and is good once.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import Any

from juzhen.sandbox import limits
from juzhen.sandbox.accounts import Corp
from juzhen.sandbox.callbacks import Callbacks
from juzhen.sandbox.cast import Person
from juzhen.sandbox.clock import MovableClock
from juzhen.sandbox.ledger import Ledger
from juzhen.sandbox.limits import Said

_SCHEMA = """
create table if not exists wc_people (
    external text primary key, corp text not null, unionid text not null, name text not null);
create table if not exists wc_friends (
    corp text not null, userid text not null, external text not null, since real not null,
    state text not null, remark text not null default '', mobiles text not null default '[]',
    tags text not null default '[]', lost real, lost_by text,
    primary key (corp, userid, external));
create index if not exists wc_friends_of on wc_friends (corp, external);
create table if not exists wc_welcomes (
    code text primary key, corp text not null, userid text not null, external text not null,
    made real not null, used real);
create table if not exists wc_talk (
    id integer primary key autoincrement, corp text not null, userid text not null,
    external text not null, ours integer not null, told text not null, at real not null);
create table if not exists wc_ways (
    config_id text primary key, corp text not null, told text not null, made real not null);
create table if not exists wc_codes (
    code text primary key, corp text not null, userid text not null, made real not null,
    used real);
create table if not exists wc_groups (
    chat text primary key, corp text not null, owner text not null, name text not null,
    made real not null);
create table if not exists wc_members (
    chat text not null, external text not null, joined real not null,
    primary key (chat, external));
create table if not exists wc_links (
    link_id text primary key, corp text not null, told text not null);
create table if not exists wc_tags (
    id text primary key, corp text not null, grp text not null, grp_name text not null,
    name text not null, ours integer not null, made real not null, deleted integer not null);
"""


class Friends:
    """The relations of one sandbox."""

    def __init__(self, ledger: Ledger, clock: MovableClock, callbacks: Callbacks) -> None:
        ledger.extend(_SCHEMA)
        self._ledger, self._clock, self._callbacks = ledger, clock, callbacks

    def invite(self, corp: Corp, people: list[Person]) -> None:
        """Make people known; those who follow are friends of the first rep."""
        with self._ledger.turn() as db:
            for one in people:
                external = external_of(one.openid)
                db.execute(
                    "insert into wc_people values (?, ?, ?, ?) on conflict do nothing",
                    (external, corp.appid, one.unionid, one.name),
                )
                if one.follows and corp.reps:
                    self._befriend(corp, corp.reps[0].userid, external, "")

    def person(self, corp: Corp, external: str) -> Any:
        """Her row. Says 84061 for somebody whom the corporation does not know."""
        with self._ledger.turn() as db:
            row = db.execute(
                "select * from wc_people where external = ? and corp = ?", (external, corp.appid)
            ).fetchone()
        if row is None:
            raise Said(84061)
        return row

    def people(self, corp: Corp) -> list[Any]:
        with self._ledger.turn() as db:
            return db.execute(
                "select * from wc_people where corp = ? order by rowid", (corp.appid,)
            ).fetchall()

    def of_rep(self, corp: Corp, userid: str) -> list[Any]:
        """Her friends who have not left her, nor she them."""
        with self._ledger.turn() as db:
            return db.execute(
                "select f.*, p.name, p.unionid from wc_friends f join wc_people p"
                " on p.external = f.external and p.corp = f.corp"
                " where f.corp = ? and f.userid = ? and f.lost is null order by f.since",
                (corp.appid, userid),
            ).fetchall()

    def of_person(self, corp: Corp, external: str) -> list[Any]:
        with self._ledger.turn() as db:
            return db.execute(
                "select * from wc_friends where corp = ? and external = ? and lost is null"
                " order by since",
                (corp.appid, external),
            ).fetchall()

    def friend(self, corp: Corp, userid: str, external: str) -> Any:
        """The relation, while it lasts; None if there is none."""
        hers = [row for row in self.of_person(corp, external) if row["userid"] == userid]
        return hers[0] if hers else None

    # what people do

    def add(self, corp: Corp, userid: str, external: str, state: str = "") -> None:
        """She scans a rep's code and is added."""
        self.person(corp, external)
        _rep(corp, userid)
        if self.friend(corp, userid, external):
            return
        code = f"CALLBACK{secrets.token_urlsafe(24)}"
        with self._ledger.turn() as db:
            self._befriend(corp, userid, external, state)
            db.execute(
                "insert into wc_welcomes values (?, ?, ?, ?, ?, null)",
                (code, corp.appid, userid, external, self._clock.seconds()),
            )
            self._tell(
                corp, "add_external_contact", userid, external, State=state, WelcomeCode=code
            )

    def scan(self, corp: Corp, state: str, external: str) -> None:
        """She scans one of the company's codes: the rep with the fewest friends gets her."""
        way = next((one for one in self.ways(corp) if one.get("state") == state), None)
        if way is None:
            raise Said(40058)
        userids = [str(each) for each in way.get("user") or [one.userid for one in corp.reps]]
        freest = min(userids, key=lambda each: len(self.of_rep(corp, each)))
        self.add(corp, freest, external, state)

    def leave(self, corp: Corp, userid: str, external: str) -> None:
        """The customer deletes the rep."""
        self._part(corp, userid, external, "customer", "del_follow_user")

    def remove(self, corp: Corp, userid: str, external: str) -> None:
        """The rep deletes the customer."""
        self._part(corp, userid, external, "rep", "del_external_contact")

    def say(self, corp: Corp, userid: str, external: str, text: str, *, ours: bool = False) -> None:
        """One writes to the other; the company hears nothing of it."""
        if not self.friend(corp, userid, external):
            raise Said(84061)
        self.keep(corp, userid, external, {"text": {"content": text[:2_000]}}, ours=ours)

    def hand_over(self, corp: Corp, giver: str, taker: str, external: str) -> None:
        """The platform gives her to another rep."""
        with self._ledger.turn():
            self._part(
                corp, giver, external, "transfer", "del_external_contact",
                Source="DELETE_BY_TRANSFER",
            )  # fmt: skip
            self._befriend(corp, taker, external, "")
            self._tell(corp, "add_external_contact", taker, external)

    def refuse_transfer(self, corp: Corp, taker: str, external: str) -> None:
        """She does not want the other rep; the company hears of it."""
        self._tell(corp, "transfer_fail", taker, external, FailReason="customer_refused")

    def _part(
        self, corp: Corp, userid: str, external: str, by: str, change: str, **more: str
    ) -> None:
        if not self.friend(corp, userid, external):
            return
        with self._ledger.turn() as db:
            db.execute(
                "update wc_friends set lost = ?, lost_by = ?"
                " where corp = ? and userid = ? and external = ?",
                (self._clock.seconds(), by, corp.appid, userid, external),
            )
            self._tell(corp, change, userid, external, **more)

    def _befriend(self, corp: Corp, userid: str, external: str, state: str) -> None:
        with self._ledger.turn() as db:
            db.execute(
                "insert into wc_friends (corp, userid, external, since, state)"
                " values (?, ?, ?, ?, ?) on conflict do update set since = excluded.since,"
                " state = excluded.state, lost = null, lost_by = null where lost is not null",
                (corp.appid, userid, external, self._clock.seconds(), state),
            )

    def _tell(self, corp: Corp, change: str, userid: str, external: str, **more: str) -> None:
        told = {
            "MsgType": "event",
            "Event": "change_external_contact",
            "ChangeType": change,
            "UserID": userid,
            "ExternalUserID": external,
        }
        given = {name: value for name, value in more.items() if value}
        self._callbacks.queue(corp, "sys", told | given)

    # what the company does

    def welcome(self, corp: Corp, code: str, content: Mapping[str, Any]) -> None:
        """Says 41051 for a code that was used, 40058 for one that is too old or nobody's."""
        now = self._clock.seconds()
        with self._ledger.turn() as db:
            row = db.execute(
                "select * from wc_welcomes where code = ? and corp = ?", (code, corp.appid)
            ).fetchone()
            if row is None or now - row["made"] > limits.WELCOME_SECONDS:
                raise Said(40058, "invalid welcome_code")
            if row["used"] is not None:
                raise Said(41051)
            db.execute("update wc_welcomes set used = ? where code = ?", (now, code))
            self.keep(corp, row["userid"], row["external"], content, ours=True)

    def keep(
        self, corp: Corp, userid: str, external: str, told: Mapping[str, Any], *, ours: bool
    ) -> None:
        with self._ledger.turn() as db:
            db.execute(
                "insert into wc_talk (corp, userid, external, ours, told, at)"
                " values (?, ?, ?, ?, ?, ?)",
                (
                    corp.appid,
                    userid,
                    external,
                    ours,
                    json.dumps(told, ensure_ascii=False),
                    self._clock.seconds(),
                ),
            )

    def talk(self, corp: Corp, userid: str, external: str) -> list[dict[str, Any]]:
        """Both sides of a chat, oldest first."""
        with self._ledger.turn() as db:
            rows = db.execute(
                "select * from wc_talk where corp = ? and userid = ? and external = ? order by id",
                (corp.appid, userid, external),
            ).fetchall()
        return [dict(row) | seen(json.loads(row["told"])) for row in rows]

    def heard(self) -> list[dict[str, Any]]:
        """Everything that reached a customer, in order."""
        with self._ledger.turn() as db:
            rows = db.execute("select * from wc_talk where ours order by id").fetchall()
        return [dict(row) for row in rows]

    def mark(
        self, corp: Corp, userid: str, external: str, add: list[str], remove: list[str]
    ) -> None:
        """Say 40068 for a tag that there is not."""
        friend = self.friend(corp, userid, external)
        if friend is None:
            raise Said(84061)
        known = {row["id"] for row in self.tags(corp) if not row["deleted"]}
        if not {*add} <= known:
            raise Said(40068)
        kept = [tag for tag in json.loads(friend["tags"]) if tag not in remove]
        kept += [tag for tag in add if tag not in kept]
        self._edit(corp, userid, external, tags=json.dumps(kept))

    def remark(self, corp: Corp, userid: str, external: str, told: Mapping[str, Any]) -> None:
        if self.friend(corp, userid, external) is None:
            raise Said(84061)
        self._edit(
            corp,
            userid,
            external,
            remark=str(told.get("remark") or "")[:20],
            mobiles=json.dumps([str(each) for each in told.get("remark_mobiles") or ()]),
        )

    def _edit(self, corp: Corp, userid: str, external: str, **values: str) -> None:
        with self._ledger.turn() as db:
            for column, value in values.items():
                db.execute(
                    f"update wc_friends set {column} = ?"  # noqa: S608 — our own names
                    " where corp = ? and userid = ? and external = ?",
                    (value, corp.appid, userid, external),
                )

    def ways(self, corp: Corp) -> list[dict[str, Any]]:
        with self._ledger.turn() as db:
            rows = db.execute(
                "select * from wc_ways where corp = ? order by made, rowid", (corp.appid,)
            ).fetchall()
        return [
            json.loads(row["told"]) | {"config_id": row["config_id"], "made": row["made"]}
            for row in rows
        ]

    def way(self, corp: Corp, told: Mapping[str, Any], config_id: str = "") -> str:
        """Make a code for adding a rep, or change one."""
        number = config_id or secrets.token_hex(16)
        with self._ledger.turn() as db:
            db.execute(
                "insert into wc_ways values (?, ?, ?, ?)"
                " on conflict do update set told = excluded.told",
                (
                    number,
                    corp.appid,
                    json.dumps(dict(told), ensure_ascii=False),
                    self._clock.seconds(),
                ),
            )
        return number

    def drop_way(self, corp: Corp, config_id: str) -> None:
        with self._ledger.turn() as db:
            gone = db.execute(
                "delete from wc_ways where config_id = ? and corp = ?", (config_id, corp.appid)
            ).rowcount
        if not gone:
            raise Said(40058, "invalid config_id")

    def sign_in(self, corp: Corp, userid: str) -> str:
        """A code that says who holds the phone: good once, for five minutes."""
        code = secrets.token_urlsafe(24)
        with self._ledger.turn() as db:
            db.execute(
                "insert into wc_codes values (?, ?, ?, ?, null)",
                (code, corp.appid, userid, self._clock.seconds()),
            )
        return code

    def signed_in(self, corp: Corp, code: str) -> str:
        """Whose code it is. Says 40029 for one that was used, is too old or nobody's."""
        now = self._clock.seconds()
        with self._ledger.turn() as db:
            row = db.execute(
                "select * from wc_codes where code = ? and corp = ? and used is null and made > ?",
                (code, corp.appid, now - limits.CODE_SECONDS),
            ).fetchone()
            if row is None:
                raise Said(40029)
            db.execute("update wc_codes set used = ? where code = ?", (now, code))
        return str(row["userid"])

    def links(self, corp: Corp) -> list[dict[str, Any]]:
        """The customer-acquisition links, oldest first."""
        with self._ledger.turn() as db:
            rows = db.execute(
                "select told from wc_links where corp = ? order by rowid", (corp.appid,)
            )
            return [json.loads(row["told"]) for row in rows]

    def link(self, corp: Corp, number: str, told: Mapping[str, Any] | None) -> None:
        """Keep one, or delete it."""
        with self._ledger.turn() as db:
            if told is None:
                db.execute("delete from wc_links where link_id = ?", (number,))
                return
            db.execute(
                "insert into wc_links values (?, ?, ?)"
                " on conflict do update set told = excluded.told",
                (number, corp.appid, json.dumps(dict(told), ensure_ascii=False)),
            )

    def tags(self, corp: Corp) -> list[Any]:
        with self._ledger.turn() as db:
            return db.execute(
                "select * from wc_tags where corp = ? order by made, rowid", (corp.appid,)
            ).fetchall()

    def tag(self, corp: Corp, group: str, group_name: str, name: str, *, ours: bool) -> str:
        """One more tag; ``ours`` was made by the application and may be edited by it."""
        number = f"et{secrets.token_hex(15)}"
        with self._ledger.turn() as db:
            db.execute(
                "insert into wc_tags values (?, ?, ?, ?, ?, ?, ?, 0)",
                (number, corp.appid, group, group_name, name, ours, self._clock.seconds()),
            )
        return number


def external_of(openid: str) -> str:
    """What WeCom calls a WeChat user."""
    return f"wm{openid.removeprefix('o')}"[:32].ljust(22, "A")


def _rep(corp: Corp, userid: str) -> None:
    if userid not in {one.userid for one in corp.reps}:
        raise Said(60111)


def seen(told: Mapping[str, Any]) -> dict[str, Any]:
    """What a customer sees: words, and the cards below them."""
    text = told.get("text")
    cards = [
        each["link"]
        for each in told.get("attachments") or ()
        if isinstance(each, Mapping) and isinstance(each.get("link"), Mapping)
    ]
    return {"text": str((text or {}).get("content", "")), "cards": cards}
