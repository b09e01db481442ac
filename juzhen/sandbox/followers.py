"""Followers (粉丝): who follows an account, what she did, what reached her and what may.

The platform lets an account write to a person only after she did something, and only so often.
Every act of hers is told to the company by callback.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from juzhen.sandbox import limits
from juzhen.sandbox.accounts import OfficialAccount
from juzhen.sandbox.callbacks import Callbacks
from juzhen.sandbox.cast import Person
from juzhen.sandbox.clock import MovableClock
from juzhen.sandbox.knobs import Knobs
from juzhen.sandbox.ledger import Ledger
from juzhen.sandbox.limits import Said

_TEXT_FIELDS = {"text": "content", "msgmenu": "head_content", "miniprogrampage": "title"}


class Followers:
    """People by openid, within one ledger."""

    def __init__(
        self, ledger: Ledger, clock: MovableClock, knobs: Knobs, callbacks: Callbacks
    ) -> None:
        self._ledger, self._clock = ledger, clock
        self._knobs, self._callbacks = knobs, callbacks

    def invite(self, account: OfficialAccount, people: Iterable[Person]) -> None:
        """Make people known; whoever is known already keeps what she did."""
        now = self._clock.seconds()
        with self._ledger.turn() as db:
            for one in people:
                db.execute(
                    "insert into people (openid, appid, unionid, name, traits, followed)"
                    " values (?, ?, ?, ?, ?, ?) on conflict do update set"
                    " unionid = excluded.unionid, name = excluded.name, traits = excluded.traits",
                    (
                        one.openid,
                        account.appid,
                        one.unionid,
                        one.name,
                        json.dumps(one.traits, ensure_ascii=False),
                        now if one.follows else None,
                    ),
                )
                self._allowed(one)
                if one.follows and one.wrote and not self._wrote(one.openid):
                    self._act(one.openid, "message")

    def _allowed(self, person: Person) -> None:
        """What she allowed before we knew her, once."""
        with self._ledger.turn() as db:
            for template in person.allows:
                db.execute(
                    "insert into allows (openid, template, at) select ?, ?, ? where not exists"
                    " (select 1 from allows where openid = ? and template = ?)",
                    (person.openid, template, self._clock.seconds(), person.openid, template),
                )

    def _wrote(self, openid: str) -> bool:
        with self._ledger.turn() as db:
            wanted = "select 1 from acts where openid = ? and act = 'message' limit 1"
            return db.execute(wanted, (openid,)).fetchone() is not None

    def one(self, openid: str, account: OfficialAccount | None = None) -> Any:
        """Her row. Says 40003 for an openid that this account does not know."""
        with self._ledger.turn() as db:
            row = db.execute("select * from people where openid = ?", (openid,)).fetchone()
        if row is None or (account and row["appid"] != account.appid):
            raise Said(40003)
        return row

    def of(self, account: OfficialAccount, *, following: bool = False) -> list[Any]:
        with self._ledger.turn() as db:
            rows = db.execute(
                "select * from people where appid = ? order by rowid", (account.appid,)
            ).fetchall()
        return [row for row in rows if not following or follows(row)]

    def tags(self, account: OfficialAccount, openid: str) -> list[int]:
        """The numbers of the tags that the account gave her."""
        with self._ledger.turn() as db:
            rows = db.execute(
                "select tag from fan_tagged where appid = ? and openid = ? order by tag",
                (account.appid, openid),
            )
            return [row["tag"] for row in rows]

    def follow(self, account: OfficialAccount, openid: str, scene: str = "") -> None:
        """She follows, perhaps by scanning a code; one who follows already just scans."""
        person, now = self.one(openid, account), self._clock.seconds()
        event = {"MsgType": "event", "Event": "subscribe", "EventKey": ""}
        if scene:
            event["EventKey"] = scene if follows(person) else f"qrscene_{scene}"
        if follows(person):
            if not scene:
                return
            event["Event"] = "SCAN"
        with self._ledger.turn() as db:
            db.execute(
                "update people set followed = coalesce(iif(unfollowed is null, followed, null), ?),"
                " unfollowed = null, scene = ? where openid = ?",
                (now, scene or person["scene"], openid),
            )
            self._act(openid, "scan" if scene else "follow")
            self._callbacks.queue(account, openid, event)

    def unfollow(self, account: OfficialAccount, openid: str) -> None:
        if not follows(self.one(openid, account)):
            return
        with self._ledger.turn() as db:
            db.execute(
                "update people set unfollowed = ? where openid = ?",
                (self._clock.seconds(), openid),
            )
            event = {"MsgType": "event", "Event": "unsubscribe", "EventKey": ""}
            self._callbacks.queue(account, openid, event)

    def say(self, account: OfficialAccount, openid: str, text: str) -> None:
        """She writes to the account; its right to answer begins anew."""
        if not follows(self.one(openid, account)):
            raise Said(43004)
        told = {"MsgType": "text", "Content": text[:600], "MsgId": secrets.randbits(62)}
        with self._ledger.turn():
            self._act(openid, "message")
            self._keep(openid, "text", {"content": text[:600]}, ours=False)
            self._callbacks.queue(account, openid, told)

    def choose(self, account: OfficialAccount, openid: str, key: str) -> None:
        """She chooses an entry of the account's menu."""
        if not follows(self.one(openid, account)):
            raise Said(43004)
        with self._ledger.turn():
            self._act(openid, "menu")
            event = {"MsgType": "event", "Event": "CLICK", "EventKey": key}
            self._callbacks.queue(account, openid, event)

    def leave_by(self, account: OfficialAccount, openid: str, url: str) -> None:
        """She chooses an entry that leads to a page: the company hears of it, too."""
        if not follows(self.one(openid, account)):
            raise Said(43004)
        event = {"MsgType": "event", "Event": "VIEW", "EventKey": url}
        self._callbacks.queue(account, openid, event)

    def revoke(self, account: OfficialAccount, openid: str) -> None:
        """She takes back that her data may be used; the platform tells the company to erase it."""
        self.one(openid, account)
        event = {
            "MsgType": "event", "Event": "user_authorization_revoke", "OpenID": openid,
            "AppID": account.appid, "RevokeInfo": "201",
        }  # fmt: skip
        self._callbacks.queue(account, openid, event)

    def _act(self, openid: str, act: str) -> None:
        with self._ledger.turn() as db:
            db.execute(
                "insert into acts (openid, act, at) values (?, ?, ?)",
                (openid, act, self._clock.seconds()),
            )

    def _keep(
        self, openid: str, kind: str, told: Mapping[str, Any], *, ours: bool, key: str | None = None
    ) -> int:
        with self._ledger.turn() as db:
            row = db.execute(
                "insert into messages (openid, ours, kind, told, at, key)"
                " values (?, ?, ?, ?, ?, ?)",
                (
                    openid,
                    ours,
                    kind,
                    json.dumps(told, ensure_ascii=False),
                    self._clock.seconds(),
                    key,
                ),
            )
            return row.lastrowid or 0

    def get(self, openid: str, kind: str, told: Mapping[str, Any]) -> None:
        """Something that asks for no window reaches her."""
        self._keep(openid, kind, told, ours=True, key="mass")

    def receive(self, account: OfficialAccount, told: Mapping[str, Any]) -> None:
        """``message/custom/send``: a message of the account reaches her, if a window is open."""
        openid, kind = str(told.get("touser") or ""), str(told.get("msgtype") or "")
        content = told.get(kind)
        if not isinstance(content, Mapping):
            raise Said(44004)
        if len(str(content.get("content", "")).encode()) > limits.TEXT_MESSAGE_BYTES:
            raise Said(45002)
        with self._ledger.turn():
            if not follows(self.one(openid, account)):
                raise Said(43004)
            self._check_windows(openid)
            if self._knobs.take("message/custom/send", 0, only="swallow") is None:
                self._keep(openid, kind, content, ours=True)

    def _check_windows(self, openid: str) -> None:
        """Says 45015 if no window is open, 45047 if those that are have been used up."""
        answered, now = [], self._clock.seconds()
        for window in limits.WINDOWS:
            with self._ledger.turn() as db:
                (last,) = db.execute(
                    "select max(at) from acts where openid = ? and act = ?", (openid, window.act)
                ).fetchone()
                if last is None or now - last >= window.seconds:
                    continue
                (used,) = db.execute(
                    "select count(*) from messages where openid = ? and ours and key is null"
                    " and at >= ?",
                    (openid, last),
                ).fetchone()
            if used < window.messages:
                return
            answered.append(window)
        raise Said(45047 if answered else 45015)

    def notify(self, account: OfficialAccount, told: Mapping[str, Any]) -> int:
        """``message/template/send``: a service notice; the same client id is sent once."""
        openid, key = str(told.get("touser") or ""), str(told.get("client_msg_id") or "") or "-"
        with self._ledger.turn() as db:
            if not follows(self.one(openid, account)):
                raise Said(43004)
            if not told.get("template_id"):
                raise Said(40037)
            earlier = db.execute(
                "select id from messages where openid = ? and key = ?", (openid, key)
            ).fetchone()
            if earlier and key != "-":
                return int(earlier["id"])
            content = {"data": told.get("data") or {}, "url": told.get("url") or ""}
            number = self._keep(openid, "template", content, ours=True, key=key)
            event = {"MsgType": "event", "Event": "TEMPLATESENDJOBFINISH", "MsgID": number}
            self._callbacks.queue(account, openid, event | {"Status": "success"})
        return number

    def allow(self, account: OfficialAccount, openid: str, template: str) -> None:
        """She allows one message of a template: the company hears of it, and may send one."""
        self.one(openid, account)
        entry = {"TemplateId": template, "SubscribeStatusString": "accept", "PopupScene": 0}
        event = {"MsgType": "event", "Event": "subscribe_msg_popup_event",
                 "SubscribeMsgPopupEvent": {"List": entry}}  # fmt: skip
        with self._ledger.turn() as db:
            db.execute(
                "insert into allows (openid, template, at) values (?, ?, ?)",
                (openid, template, self._clock.seconds()),
            )
            self._callbacks.queue(account, openid, event)

    def remind(self, account: OfficialAccount, told: Mapping[str, Any]) -> int:
        """A subscribe message: uses up one allow of hers. Says 43101 if there is none."""
        openid, template = str(told.get("touser") or ""), str(told.get("template_id") or "")
        data = told.get("data")
        if not template:
            raise Said(40037)
        if not isinstance(data, Mapping) or any(
            part.startswith("thing")
            and not 1 <= len(str(one.get("value", ""))) <= limits.THING_CHARACTERS
            for part, one in data.items()
        ):
            raise Said(47003)
        with self._ledger.turn() as db:
            self.one(openid, account)
            row = db.execute(
                "select id from allows where openid = ? and template = ? and used is null"
                " order by id limit 1", (openid, template),
            ).fetchone()  # fmt: skip
            if row is None:
                raise Said(43101)
            db.execute(
                "update allows set used = ? where id = ?", (self._clock.seconds(), row["id"])
            )
            return self._keep(openid, "template", {"data": dict(data)}, ours=True, key="subscribe")

    def inbox(self, openid: str, limit: int = 50) -> list[dict[str, Any]]:
        """Both sides of the talk, oldest first, each with its text and links."""
        with self._ledger.turn() as db:
            rows = db.execute(
                "select * from (select * from messages where openid = ? order by id desc limit ?)"
                " order by id",
                (openid, limit),
            ).fetchall()
        return [dict(row) | spoken(row["kind"], json.loads(row["told"])) for row in rows]

    def unread(self) -> list[Any]:
        """Messages to people that hold a link which nobody has opened yet."""
        with self._ledger.turn() as db:
            return db.execute(
                "select * from messages where ours and read is null and told like '%http%'"
                " order by id limit 100"
            ).fetchall()

    def note_read(self, openid: str) -> None:
        with self._ledger.turn() as db:
            db.execute(
                "update messages set read = ? where openid = ? and ours and read is null",
                (self._clock.seconds(), openid),
            )

    def scene(self, account: OfficialAccount, scene: str) -> str:
        """A ticket for a code that leads to following with this scene."""
        with self._ledger.turn() as db:
            known = db.execute(
                "select ticket from scenes where appid = ? and scene = ?", (account.appid, scene)
            ).fetchone()
            if known:
                return str(known["ticket"])
            ticket = f"g{secrets.token_urlsafe(48)}"
            db.execute("insert into scenes values (?, ?, ?)", (ticket, account.appid, scene))
        return ticket

    def urllink(self, account: OfficialAccount, path: str, query: str, until: float) -> str:
        """A link that opens a page of a mini program, until then."""
        number = secrets.token_urlsafe(9)
        with self._ledger.turn() as db:
            db.execute(
                "insert into url_links values (?, ?, ?, ?, ?)",
                (number, account.appid, path, query, until),
            )
        return number

    def urllinks(self, account: OfficialAccount) -> list[Any]:
        """Every link of a mini program, with when it ends."""
        with self._ledger.turn() as db:
            return db.execute(
                "select * from url_links where appid = ? order by rowid", (account.appid,)
            ).fetchall()

    def scenes(self, account: OfficialAccount) -> list[str]:
        """The scenes of every code that the account made."""
        with self._ledger.turn() as db:
            rows = db.execute("select scene from scenes where appid = ?", (account.appid,))
            return [row["scene"] for row in rows]


def follows(person: Any) -> bool:
    return person["followed"] is not None and person["unfollowed"] is None


def spoken(kind: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """What a person sees of a message: its text, and where its links lead."""
    where = json.dumps(told, ensure_ascii=False)
    if kind == "news":
        pieces = told.get("articles") or [{}]
        where = " ".join(str(piece.get("url", "")) for piece in pieces)
        text = "\n".join(
            f"{piece.get('title', '')} {piece.get('description', '')}" for piece in pieces
        )
    elif kind == "template":
        text = "\n".join(str(one.get("value", "")) for one in told["data"].values())
    else:
        text = str(told.get(_TEXT_FIELDS.get(kind, ""), f"[{kind}]"))
    links = list(dict.fromkeys(re.findall(r"https?://[^\s\"'<>\\，。）]+", where)))
    return {"text": re.sub(r"</?a\b[^>]*>", "", text).strip(), "links": links}
