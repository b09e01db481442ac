"""Tasks (群发与朋友圈任务): what reps are asked to confirm, and what became of it per customer.

Being asked is not being sent: a rep confirms, or does not, or after it was cancelled. A customer
takes so many mass messages a month as the month has days; it begins at midnight in Beijing.
"""

from __future__ import annotations

import calendar
import json
import secrets
from collections.abc import Mapping
from typing import Any

from juzhen.sandbox import limits
from juzhen.sandbox.accounts import Corp
from juzhen.sandbox.clock import MovableClock
from juzhen.sandbox.knobs import Knobs
from juzhen.sandbox.ledger import Ledger
from juzhen.sandbox.limits import Said
from juzhen.sandbox.wecom.friends import Friends
from kernel.calendar import Zone

_BEIJING = Zone("Asia/Shanghai")
_SCHEMA = """
create table if not exists wc_tasks (
    msgid text primary key, corp text not null, kind text not null, told text not null,
    made real not null, cancelled real, reminded text not null default '[]');
create table if not exists wc_sends (
    msgid text not null, userid text not null, external text not null,
    status integer not null default 0, at real, primary key (msgid, userid, external));
create index if not exists wc_sends_to on wc_sends (external, at);
create table if not exists wc_moments (
    moment_id text primary key, jobid text not null, corp text not null, told text not null,
    made real not null, cancelled real);
create table if not exists wc_posts (
    moment_id text not null, userid text not null, at real, primary key (moment_id, userid));
create table if not exists wc_answers (
    moment_id text not null, userid text not null, external text not null, kind text not null,
    words text not null, at real not null);
create table if not exists wc_cards (
    msgid text primary key, corp text not null, userid text not null, told text not null,
    code text not null, at real not null, closed text not null default '', key text not null);
"""


class Tasks:
    """Everything that waits for a rep."""

    def __init__(self, ledger: Ledger, clock: MovableClock, knobs: Knobs, friends: Friends) -> None:
        ledger.extend(_SCHEMA)
        self._ledger, self._clock, self._knobs, self._friends = ledger, clock, knobs, friends

    # mass messages

    def mass(self, corp: Corp, told: Mapping[str, Any]) -> tuple[str, list[str]]:
        """A task of a message to some customers; the ids of those whom nobody knows."""
        wanted = [str(each) for each in told.get("external_userid") or told["chat_id_list"]]
        sender, bad = str(told.get("sender") or ""), []
        rows: list[tuple[str, str]] = []
        for external in wanted:
            hers = [row["userid"] for row in self._friends.of_person(corp, external)]
            if told.get("chat_type") == "group":
                hers = [sender]
            if not hers or (sender and sender not in hers):
                bad.append(external)
            else:
                rows.append((sender or hers[-1], external))
        if not rows:
            raise Said(40096)
        msgid = f"msg{secrets.token_hex(14)}"
        with self._ledger.turn() as db:
            db.execute(
                "insert into wc_tasks (msgid, corp, kind, told, made) values (?, ?, ?, ?, ?)",
                (msgid, corp.appid, str(told.get("chat_type") or "single"), _json(told), self._now),
            )
            for userid, external in rows:
                db.execute(
                    "insert into wc_sends (msgid, userid, external) values (?, ?, ?)",
                    (msgid, userid, external),
                )
        return msgid, bad

    @property
    def _now(self) -> float:
        return self._clock.seconds()

    def task(self, corp: Corp, msgid: str) -> Any:
        """Says 40058 for a number of nobody's."""
        with self._ledger.turn() as db:
            row = db.execute(
                "select * from wc_tasks where msgid = ? and corp = ?", (msgid, corp.appid)
            ).fetchone()
        if row is None:
            raise Said(40058, "invalid msgid")
        return row

    def all(self, corp: Corp) -> list[dict[str, Any]]:
        with self._ledger.turn() as db:
            rows = db.execute(
                "select * from wc_tasks where corp = ? order by made, rowid", (corp.appid,)
            ).fetchall()
        return [dict(row) | {"told": json.loads(row["told"])} for row in rows]

    def sends(self, msgid: str, userid: str = "") -> list[dict[str, Any]]:
        with self._ledger.turn() as db:
            rows = db.execute(
                "select * from wc_sends where msgid = ? and (? = '' or userid = ?) order by rowid",
                (msgid, userid, userid),
            ).fetchall()
        return [dict(row) for row in rows]

    def waiting(self, corp: Corp, userid: str) -> list[dict[str, Any]]:
        """What this rep has not confirmed, and nobody has cancelled."""
        return [
            task | {"customers": len(open_)}
            for task in self.all(corp)
            if task["cancelled"] is None
            and (open_ := [row for row in self.sends(task["msgid"], userid) if not row["status"]])
        ]

    def confirm(self, corp: Corp, userid: str, msgid: str) -> None:
        """The rep sends it: to each customer who is still her friend and has not had enough."""
        task = self.task(corp, msgid)
        if task["cancelled"] is not None:
            raise Said(40058, "cancelled")
        told = json.loads(task["told"])
        with self._ledger.turn() as db:
            for row in self.sends(msgid, userid):
                if row["status"]:
                    continue
                status = self._status(corp, userid, row["external"], task["kind"])
                db.execute(
                    "update wc_sends set status = ?, at = ?"
                    " where msgid = ? and userid = ? and external = ?",
                    (status, self._now, msgid, userid, row["external"]),
                )
                if status == 1:
                    self._friends.keep(corp, userid, row["external"], told, ours=True)

    def _status(self, corp: Corp, userid: str, external: str, kind: str) -> int:
        if kind == "group":
            return 1
        if self._friends.friend(corp, userid, external) is None:
            return 2
        today = _BEIJING.day(self._clock())
        begins = _BEIJING.at(today.replace(day=1)).timestamp()
        with self._ledger.turn() as db:
            (had,) = db.execute(
                "select count(*) from wc_sends where external = ? and status = 1 and at >= ?",
                (external, begins),
            ).fetchone()
        most = self._knobs["wecom_a_month"] or calendar.monthrange(today.year, today.month)[1]
        return 3 if had >= most else 1

    def cancel(self, corp: Corp, msgid: str) -> None:
        """May be repeated."""
        self.task(corp, msgid)
        with self._ledger.turn() as db:
            db.execute(
                "update wc_tasks set cancelled = coalesce(cancelled, ?) where msgid = ?",
                (self._now, msgid),
            )

    def remind(self, corp: Corp, msgid: str) -> None:
        """Three times in a day; says 45009 then."""
        told = [
            at for at in json.loads(self.task(corp, msgid)["reminded"]) if at > self._now - 86_400
        ]
        if len(told) >= limits.REMINDERS_A_DAY:
            raise Said(45009)
        with self._ledger.turn() as db:
            db.execute(
                "update wc_tasks set reminded = ? where msgid = ?",
                (json.dumps([*told, self._now]), msgid),
            )

    # moments

    def moment(self, corp: Corp, told: Mapping[str, Any]) -> str:
        """A task for the reps it names, or for all."""
        jobid, moment = f"job{secrets.token_hex(10)}", f"mom{secrets.token_hex(12)}"
        visible = told.get("visible_range") or {}
        listed = (visible.get("sender_list") or {}).get("user_list") or []
        userids = [str(each) for each in listed] or [one.userid for one in corp.reps]
        with self._ledger.turn() as db:
            db.execute(
                "insert into wc_moments values (?, ?, ?, ?, ?, null)",
                (moment, jobid, corp.appid, _json(told), self._now),
            )
            for userid in userids:
                db.execute("insert into wc_posts values (?, ?, null)", (moment, userid))
        return jobid

    def moments(self, corp: Corp) -> list[dict[str, Any]]:
        """Newest first, with who has posted it."""
        with self._ledger.turn() as db:
            rows = db.execute(
                "select * from wc_moments where corp = ? order by made desc, rowid desc",
                (corp.appid,),
            ).fetchall()
            posts = db.execute("select * from wc_posts").fetchall()
        return [
            dict(row)
            | {
                "told": json.loads(row["told"]),
                "posts": [dict(p) for p in posts if p["moment_id"] == row["moment_id"]],
            }
            for row in rows
        ]

    def post(self, corp: Corp, userid: str, moment: str) -> None:
        """The rep posts it to her moments."""
        one = next((each for each in self.moments(corp) if each["moment_id"] == moment), None)
        if one is None or one["cancelled"] is not None:
            raise Said(40058, "cancelled")
        with self._ledger.turn() as db:
            db.execute(
                "update wc_posts set at = coalesce(at, ?) where moment_id = ? and userid = ?",
                (self._now, moment, userid),
            )

    def answer_moment(
        self, corp: Corp, moment: str, userid: str, external: str, words: str = ""
    ) -> None:
        """A customer likes what one rep posted, or comments on it. Says 84061 if it is not hers
        to see."""
        one = next((each for each in self.moments(corp) if each["moment_id"] == moment), None)
        posts = one["posts"] if one else ()
        posted = any(each["userid"] == userid and each["at"] is not None for each in posts)
        if not posted or self._friends.friend(corp, userid, external) is None:
            raise Said(84061)
        row = (moment, userid, external, "comment" if words else "like", words, self._now)
        with self._ledger.turn() as db:
            db.execute("insert into wc_answers values (?, ?, ?, ?, ?, ?)", row)

    def answers(self, moment: str, userid: str) -> list[Any]:
        with self._ledger.turn() as db:
            return db.execute(
                "select * from wc_answers where moment_id = ? and userid = ? order by at",
                (moment, userid),
            ).fetchall()

    def cancel_moment(self, corp: Corp, moment: str) -> None:
        """Says 41089 for one that was cancelled."""
        one = next((each for each in self.moments(corp) if each["moment_id"] == moment), None)
        if one is None:
            raise Said(40058, "invalid moment_id")
        if one["cancelled"] is not None:
            raise Said(41089)
        with self._ledger.turn() as db:
            db.execute(
                "update wc_moments set cancelled = ? where moment_id = ?", (self._now, moment)
            )

    # messages to reps

    def card(self, corp: Corp, userids: list[str], told: Mapping[str, Any]) -> tuple[str, str]:
        """The same once, if asked; beyond thirty a minute or a thousand an hour not at all,
        without a word."""
        key = _alike(told)
        msgid, code = secrets.token_hex(12), secrets.token_urlsafe(24)
        with self._ledger.turn() as db:
            for number, userid in enumerate(userids):
                hers = (corp.appid, userid)
                hour, minute = db.execute(
                    "select count(*), coalesce(sum(at > ?), 0) from wc_cards"
                    " where corp = ? and userid = ? and at > ?",
                    (self._now - 60, *hers, self._now - 3_600),
                ).fetchone()
                again = (
                    told.get("enable_duplicate_check")
                    and db.execute(
                        "select 1 from wc_cards"
                        " where corp = ? and userid = ? and key = ? and at > ?",
                        (
                            *hers,
                            key,
                            self._now - float(told.get("duplicate_check_interval") or 1_800),
                        ),
                    ).fetchone()
                )
                if again or minute >= limits.CARDS_A_MINUTE or hour >= limits.CARDS_AN_HOUR:
                    continue
                db.execute(
                    "insert into wc_cards (msgid, corp, userid, told, code, at, key)"
                    " values (?, ?, ?, ?, ?, ?, ?)",
                    (f"{msgid}{number}", *hers, _json(told), code, self._now, key),
                )
        return msgid, code

    def named(self, corp: Corp, name: str, told: Mapping[str, Any]) -> bool:
        """Is there another card of that name? The same card once more is none."""
        with self._ledger.turn() as db:
            keys = db.execute(
                "select key from wc_cards where corp = ?"
                " and json_extract(told, '$.template_card.task_id') = ?",
                (corp.appid, name),
            ).fetchall()
        return any(row["key"] != _alike(told) for row in keys)

    def cards(self, corp: Corp, userid: str = "") -> list[dict[str, Any]]:
        with self._ledger.turn() as db:
            rows = db.execute(
                "select * from wc_cards where corp = ? and (? = '' or userid = ?) order by at",
                (corp.appid, userid, userid),
            ).fetchall()
        return [dict(row) | {"told": json.loads(row["told"])} for row in rows]

    def close_card(self, corp: Corp, code: str, words: str) -> None:
        """A code is good once, for three days."""
        with self._ledger.turn() as db:
            done = db.execute(
                "update wc_cards set closed = ?, code = '' where corp = ? and code = ? and at > ?",
                (words, corp.appid, code, self._now - 259_200),
            ).rowcount
        if not done:
            raise Said(40058, "invalid response_code")


def _alike(told: Mapping[str, Any]) -> str:
    """By what two cards are the same, whomever they are for."""
    return _json({name: each for name, each in told.items() if name != "touser"})


def _json(told: Mapping[str, Any]) -> str:
    return json.dumps(dict(told), ensure_ascii=False, sort_keys=True)
