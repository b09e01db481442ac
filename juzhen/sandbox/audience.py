"""The audience (粉丝标签与数据统计): tags of fans, codes that are drawn, and the platform's counts.

A part of the official account's interface; the calls are noted in `juzhen.sandbox.official`. Counts
what this world holds: who came and left by day, and how often articles were read so far.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from html import escape
from typing import Any

from flask import Blueprint, Response, request

from juzhen.sandbox import limits
from juzhen.sandbox.accounts import OfficialAccount
from juzhen.sandbox.ledger import Ledger
from juzhen.sandbox.limits import Said
from juzhen.sandbox.official import OK, Asked, Told, call
from juzhen.sandbox.world import World
from kernel.calendar import Zone

_BEIJING = Zone("Asia/Shanghai")
_SYSTEM = ({"id": 2, "name": "星标组", "count": 0},)


def blueprint(world: World) -> Blueprint:
    """The picture of a code: here, its scene in a frame. Her page holds a button to scan it."""
    door = Blueprint("audience", __name__)

    @door.get("/cgi-bin/showqrcode")
    def showqrcode() -> Response:
        with world.ledger.turn() as db:
            row = db.execute(
                "select scene from scenes where ticket = ?", (request.args.get("ticket", ""),)
            ).fetchone()
        if row is None:
            return Response(status=404)
        return Response(_DRAWN.format(escape(row["scene"])), content_type="image/svg+xml")

    return door


_DRAWN = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 240 240" role="img"><rect width="240"'
    ' height="240" fill="#fff" stroke="#1f2d3d" stroke-width="8"/><text x="120" y="126"'
    ' text-anchor="middle" font-family="monospace" font-size="20">{}</text></svg>'
)


# Codes

_SCENES = {
    "QR_SCENE": "scene_id", "QR_STR_SCENE": "scene_str", "QR_LIMIT_SCENE": "scene_id",
    "QR_LIMIT_STR_SCENE": "scene_str",
}  # fmt: skip


@call("qrcode/create")
def _qrcode(world: World, account: OfficialAccount, asked: Asked) -> Told:
    action, info = str(asked.get("action_name") or ""), asked.get("action_info")
    scene = info.get("scene") if isinstance(info, dict) else None
    if action not in _SCENES or not isinstance(scene, dict):
        raise Said(40035, "action_name, scene")
    text = scene.get(_SCENES[action])
    kind, lasting = (int if _SCENES[action] == "scene_id" else str), "LIMIT" in action
    if not isinstance(text, kind) or not 1 <= len(str(text)) <= limits.SCENE_CHARACTERS:
        raise Said(40053)
    if kind is int and lasting and not 1 <= int(text) <= limits.LASTING_CODES:
        raise Said(40053)
    told: Told = {"url": f"{request.host_url}q/{text}"}
    if not lasting:
        seconds = asked.get("expire_seconds", 60)
        if not isinstance(seconds, int) or not 60 <= seconds <= limits.CODE_DAYS * 86_400:
            raise Said(40035, "expire_seconds")
        told["expire_seconds"] = seconds
    return told | {"ticket": world.followers.scene(account, str(text))}


# Tags


def _label(world: World, account: OfficialAccount, asked: Asked) -> Any:
    """The row of a tag of the account's own. Says 45058 for the platform's, 45159 for none."""
    inner = asked.get("tag")
    number = inner.get("id") if isinstance(inner, dict) else asked.get("tagid")
    if not isinstance(number, int):
        raise Said(40035, "tagid")
    if number < 100:
        raise Said(45058)
    with world.ledger.turn() as db:
        row = db.execute(
            "select * from fan_tags where id = ? and appid = ?", (number, account.appid)
        ).fetchone()
    if row is None:
        raise Said(45159)
    return row


def _named(world: World, account: OfficialAccount, asked: Asked) -> str:
    """A name that may be given: not empty, within 30 bytes, not taken."""
    tag = asked.get("tag")
    name = tag.get("name") if isinstance(tag, dict) else None
    if not isinstance(name, str) or not name:
        raise Said(40035, "tag.name")
    if len(name.encode()) > limits.TAG_BYTES:
        raise Said(45158)
    with world.ledger.turn() as db:
        taken = db.execute(
            "select 1 from fan_tags where appid = ? and name = ?", (account.appid, name)
        ).fetchone()
    if taken:
        raise Said(45157)
    return name


@call("tags/create")
def _create(world: World, account: OfficialAccount, asked: Asked) -> Told:
    name = _named(world, account, asked)
    with world.ledger.turn() as db:
        wanted = "select count(*), coalesce(max(id), 99) from fan_tags where appid = ?"
        have, last = db.execute(wanted, (account.appid,)).fetchone()
        if have >= limits.TAGS:
            raise Said(45056)
        db.execute("insert into fan_tags values (?, ?, ?)", (last + 1, account.appid, name))
    return {"tag": {"id": last + 1, "name": name}}


@call("tags/update")
def _update(world: World, account: OfficialAccount, asked: Asked) -> Told:
    row, name = _label(world, account, asked), _named(world, account, asked)
    with world.ledger.turn() as db:
        db.execute(
            "update fan_tags set name = ? where id = ? and appid = ?",
            (name, row["id"], account.appid),
        )
    return OK


@call("tags/delete")
def _delete(world: World, account: OfficialAccount, asked: Asked) -> Told:
    row = _label(world, account, asked)
    with world.ledger.turn() as db:
        for table, field in (("fan_tagged", "tag"), ("fan_tags", "id")):
            db.execute(
                f"delete from {table} where {field} = ? and appid = ?",  # noqa: S608  # our own words
                (row["id"], account.appid),
            )
    return OK


@call("tags/get", method="GET")
def _tags(world: World, account: OfficialAccount, _: Asked) -> Told:
    with world.ledger.turn() as db:
        rows = db.execute(
            "select t.id, t.name, count(f.openid) as count from fan_tags t left join fan_tagged f"
            " on f.tag = t.id and f.appid = t.appid where t.appid = ? group by t.id order by t.id",
            (account.appid,),
        ).fetchall()
    return {"tags": [*_SYSTEM, *(dict(row) for row in rows)]}


def _listed(world: World, account: OfficialAccount, asked: Asked) -> list[str]:
    openids = asked.get("openid_list")
    if not isinstance(openids, list) or not 1 <= len(openids) <= limits.TAGGED_AT_ONCE:
        raise Said(40032)
    return [world.followers.one(str(each), account)["openid"] for each in openids]


@call("tags/members/batchtagging")
def _tagging(world: World, account: OfficialAccount, asked: Asked) -> Told:
    row, openids = _label(world, account, asked), _listed(world, account, asked)
    with world.ledger.turn() as db:
        for openid in openids:
            have = world.followers.tags(account, openid)
            if row["id"] not in have and len(have) >= limits.TAGS_OF_ONE:
                raise Said(45059)
            db.execute(
                "insert into fan_tagged values (?, ?, ?) on conflict do nothing",
                (account.appid, openid, row["id"]),
            )
    return OK


@call("tags/members/batchuntagging")
def _untagging(world: World, account: OfficialAccount, asked: Asked) -> Told:
    row, openids = _label(world, account, asked), _listed(world, account, asked)
    with world.ledger.turn() as db:
        for openid in openids:
            db.execute(
                "delete from fan_tagged where appid = ? and openid = ? and tag = ?",
                (account.appid, openid, row["id"]),
            )
    return OK


@call("tags/getidlist")
def _of_one(world: World, account: OfficialAccount, asked: Asked) -> Told:
    openid = world.followers.one(str(asked.get("openid") or ""), account)["openid"]
    return {"tagid_list": world.followers.tags(account, openid)}


def labels(ledger: Ledger, account: OfficialAccount, openid: str) -> list[str]:
    """The names of her tags, as a page shows them."""
    with ledger.turn() as db:
        rows = db.execute(
            "select t.name from fan_tagged f join fan_tags t on t.id = f.tag"
            " and t.appid = f.appid where f.appid = ? and f.openid = ? order by t.id",
            (account.appid, openid),
        ).fetchall()
    return [row["name"] for row in rows]


# Counts


def _day(world: World, asked: Asked, most: int) -> Sequence[date]:
    """The days asked for. Says 61501 for a stretch too long or not over yet, none before eight."""
    try:
        begin, end = (date.fromisoformat(str(asked[name])) for name in ("begin_date", "end_date"))
    except (KeyError, ValueError) as broken:
        raise Said(61500) from broken
    now = _BEIJING.local(world.clock())
    span = (end - begin).days + 1
    if not 1 <= span <= most or end >= now.date():
        raise Said(61501)
    days = [begin + timedelta(days=each) for each in range(span)]
    ready = now.date() - timedelta(days=1 if now.hour >= limits.FIGURES_FROM_HOUR else 2)
    return [day for day in days if day <= ready]


def _on(seconds: float | None, day: date) -> bool:
    return seconds is not None and _BEIJING.day(datetime.fromtimestamp(seconds, _BEIJING.info)) == (
        day
    )


def _by_day(world: World, asked: Asked, most: int, count: Any) -> Told:
    rows = [{"ref_date": day.isoformat()} | told for day in _day(world, asked, most)
            if (told := count(day))]  # fmt: skip
    return {"list": rows}


@call("datacube/getusersummary")
def _came_and_left(world: World, account: OfficialAccount, asked: Asked) -> Told:
    people = world.followers.of(account)

    def count(day: date) -> Told:
        new = sum(_on(each["followed"], day) for each in people)
        gone = sum(_on(each["unfollowed"], day) for each in people)
        return {"user_source": 0, "new_user": new, "cancel_user": gone} if new or gone else {}

    return _by_day(world, asked, 7, count)


@call("datacube/getusercumulate")
def _so_many(world: World, account: OfficialAccount, asked: Asked) -> Told:
    people = world.followers.of(account, following=True)

    def count(day: date) -> Told:
        ends = _BEIJING.at(day + timedelta(days=1)).timestamp()
        return {"user_source": 0, "cumulate_user": sum(one["followed"] < ends for one in people)}

    return _by_day(world, asked, 7, count)


@call("datacube/getuserread")
def _read(world: World, account: OfficialAccount, asked: Asked) -> Told:
    def count(day: date) -> Told:
        reads = sum(row["reads"] for row in _articles(world, account) if _on(row["published"], day))
        told = {"int_page_read_user": reads, "int_page_read_count": reads}
        return told | {"user_source": 0} if reads else {}

    return _by_day(world, asked, 3, count)


@call("datacube/getusershare")
def _shared(world: World, _: OfficialAccount, asked: Asked) -> Told:
    return _by_day(world, asked, 7, lambda _: {})


@call("datacube/getupstreammsg")
def _wrote(world: World, account: OfficialAccount, asked: Asked) -> Told:
    with world.ledger.turn() as db:
        acts = db.execute(
            "select a.* from acts a join people p on p.openid = a.openid"
            " where p.appid = ? and a.act = 'message'", (account.appid,)
        ).fetchall()  # fmt: skip

    def count(day: date) -> Told:
        told = [row for row in acts if _on(row["at"], day)]
        users = len({row["openid"] for row in told})
        return {"msg_type": 1, "msg_user": users, "msg_count": len(told)} if told else {}

    return _by_day(world, asked, 7, count)


@call("datacube/getarticletotal")
def _totals(world: World, account: OfficialAccount, asked: Asked) -> Told:
    days = _day(world, asked, 1)
    last = _BEIJING.local(world.clock()).date() - timedelta(days=1)
    rows = []
    for day in days:
        for row in _articles(world, account):
            if not _on(row["published"], day):
                continue
            stretch = [day + timedelta(days=each) for each in range(7)]
            for idx, piece in enumerate(json.loads(row["articles"]), start=1):
                details = [
                    {"stat_date": each.isoformat(), "int_page_read_user": row["reads"],
                     "int_page_read_count": row["reads"], "share_user": 0, "share_count": 0}
                    for each in stretch if each <= last
                ]  # fmt: skip
                rows.append({
                    "ref_date": day.isoformat(), "msgid": f"{row['rowid']}_{idx}",
                    "title": piece["title"], "details": details,
                })  # fmt: skip
    return {"list": rows}


def _articles(world: World, account: OfficialAccount) -> list[Any]:
    with world.ledger.turn() as db:
        return db.execute(
            "select rowid, * from articles where appid = ? order by published", (account.appid,)
        ).fetchall()
