"""Customers of reps (客户与关注关系): who she is, whose she is, and the nightly walk over all.

What was done through the interface comes back in no callback, and callbacks get lost: once a night
every relation is told again, and how she is by her rep's word: her tags, her phones. Whether any
of it is news is the roll's to say.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from channels.wechat.wecom.hearing import EXTERNAL, Staff
from channels.wechat.wecom.wire import WeComWire
from data_hub.identities import phone
from kernel.events import Ecosystem, Event, Handle

_AT_ONCE = 100


def members(wire: WeComWire) -> list[str]:
    """The members who may have customers."""
    told = wire.look("/cgi-bin/externalcontact/get_follow_user_list")
    found = told.get("follow_user")
    return [str(each) for each in found] if isinstance(found, list) else []


def walk(
    wire: WeComWire,
    userids: list[str],
    account: str,
    staff: Staff,
    labels: Mapping[str, str],
    now: datetime,
) -> Iterator[Event]:
    """Every customer of these members: her following, and how she is. ``labels`` names tags."""
    for begin in range(0, len(userids), _AT_ONCE):
        rows = wire.page(
            "/cgi-bin/externalcontact/batch/get_by_user", "external_contact_list",
            userid_list=userids[begin : begin + _AT_ONCE], limit=_AT_ONCE,
        )  # fmt: skip
        for row in rows:
            who, how = row.get("external_contact"), row.get("follow_info")
            if not (isinstance(who, Mapping) and isinstance(how, Mapping)):
                continue
            if event := relation(who, how, account, staff):
                yield from (event, standing(event, how, labels, now))


def relation(
    who: Mapping[str, Any], how: Mapping[str, Any], account: str, staff: Staff
) -> Event | None:
    """One customer of one rep, by either of the two shapes the platform tells it in."""
    external = str(who.get("external_userid") or "")
    if not external:
        return None
    userid, since = str(how.get("userid") or ""), _seconds(how.get("createtime"))
    return Event(
        id=f"relation:{userid}:{external}:{since}"[:240],
        kind="followed",
        account=account,
        handle=Handle(EXTERNAL, account, external),
        links=links(who, how),
        ecosystem=Ecosystem.WECHAT,
        rep=staff(userid),
        at=datetime.fromtimestamp(since, UTC),
        detail=_told(who, how) | {"UserID": userid, "State": str(how.get("state") or "")},
    )


def standing(
    relation: Event, how: Mapping[str, Any], labels: Mapping[str, str], now: datetime
) -> Event:
    """Her corporate tags as a trait, and her handles; the id changes with what it says."""
    names = sorted({labels[each] for each in tags_of(how) if each in labels})
    said = hashlib.sha256("\n".join([*names, *map(str, relation.links)]).encode()).hexdigest()[:16]
    return replace(
        relation, id=f"standing:{relation.id.partition(':')[2]}:{now:%Y-%m-%d}:{said}"[:240],
        kind="identified", at=now, detail={"traits": {"wecom_tags": names}},
    )  # fmt: skip


def introduction(
    told: Mapping[str, Any], handle: Handle, account: str, at: datetime, staff: Staff
) -> Event | None:
    """What ``externalcontact/get`` knows: her unionid, the phones that reps noted, her tags."""
    who = told.get("external_contact")
    if not isinstance(who, Mapping):
        return None
    followers = told.get("follow_user")
    listed = followers if isinstance(followers, list) else []
    hows = [each for each in listed if isinstance(each, Mapping)]
    found = tuple(dict.fromkeys(link for how in hows or [{}] for link in links(who, how)))
    if not found:
        return None
    rep = staff(str(hows[0].get("userid") or "")) if hows else ""
    return Event(
        id=f"recognised:{handle.value}:{_digest(found)}",
        kind="identified", account=account, handle=handle, links=found, rep=rep,
        ecosystem=Ecosystem.WECHAT, at=at, detail=_told(who, hows[0] if hows else {}),
    )  # fmt: skip


def links(who: Mapping[str, Any], how: Mapping[str, Any]) -> tuple[Handle, ...]:
    """The handles that are hers by the platform's word, and by her rep's."""
    found = []
    if unionid := str(who.get("unionid") or "").strip():
        found.append(Handle("unionid", "", unionid))
    noted = how.get("remark_mobiles")
    numbers = noted if isinstance(noted, list) else []
    found += [handle for number in numbers if (handle := phone(str(number))) is not None]
    return tuple(found)


def tags_of(how: Mapping[str, Any]) -> list[str]:
    """Corporate tags: ``tag_id[]`` in the batch, ``tags[{tag_id}]`` of a single one."""
    plain = how.get("tag_id")
    if isinstance(plain, list):
        return [str(each) for each in plain]
    listed = how.get("tags")
    rows = listed if isinstance(listed, list) else []
    return [str(row["tag_id"]) for row in rows if isinstance(row, Mapping) and row.get("tag_id")]


def _told(who: Mapping[str, Any], how: Mapping[str, Any]) -> dict[str, Any]:
    """What is worth keeping of her; her name and picture are shown by the platform itself."""
    kept = {
        "name": who.get("name"), "gender": who.get("gender"), "type": who.get("type"),
        "add_way": how.get("add_way"), "remark": how.get("remark"), "corp_tags": tags_of(how),
    }  # fmt: skip
    return {name: value for name, value in kept.items() if value not in (None, "", [])}


def _digest(found: tuple[Handle, ...]) -> str:
    """Tells one set of handles from another; a phone does not stand in an id."""
    return hashlib.sha256("\n".join(map(str, found)).encode()).hexdigest()[:24]


def _seconds(value: Any) -> int:
    return int(value) if str(value or "").isdecimal() else 0
