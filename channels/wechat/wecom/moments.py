"""Moments that reps posted (客户朋友圈互动): who posted which, and who liked or commented.

Habits of the platform: it tells who has posted and never when, so a post is dated by its task;
likes and comments are all that it tells of who looked. Asks for nothing to be posted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from channels.wechat.wecom.hearing import EXTERNAL, Staff
from channels.wechat.wecom.wire import WeComWire
from kernel.events import Ecosystem, Event, Handle

LOOK_BACK = timedelta(days=7)
_ROOM = "/cgi-bin/externalcontact"
_ANSWERS = (("like_list", "liked_material"), ("comment_list", "commented"))


def listed(wire: WeComWire, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """Every moment between these, a month apart at most."""
    return wire.page(
        f"{_ROOM}/get_moment_list", "moment_list", start_time=int(since.timestamp()),
        end_time=int(until.timestamp()), limit=20,
    )  # fmt: skip


def key_of(moment: Mapping[str, Any]) -> str:
    """What we gave along behind the ``#`` of its link; empty for what a rep made herself."""
    link = moment.get("link")
    return str(link.get("url", "")).partition("#")[2] if isinstance(link, Mapping) else ""


def told(wire: WeComWire, account: str, now: datetime, staff: Staff) -> Iterator[Event]:
    """What the last days' moments came to. Told again, each is the same event."""
    for moment in listed(wire, now - LOOK_BACK, now):
        number, made = str(moment.get("moment_id") or ""), str(moment.get("create_time") or "")
        if not number or not made.isdecimal():
            continue
        about = {"moment": number, "delivery": key_of(moment)}
        at = datetime.fromtimestamp(int(made), UTC)
        for userid in _posters(wire, moment, number):
            yield Event(
                id=f"moment:{number}:{userid}"[:240], kind="posted_moment", account=account,
                ecosystem=Ecosystem.WECHAT, rep=staff(userid), at=at,
                detail=about | {"userid": userid},
            )  # fmt: skip
            yield from _answers(wire, account, number, userid, staff(userid), about)


def _posters(wire: WeComWire, moment: Mapping[str, Any], number: str) -> list[str]:
    """A rep's own moment is hers; of a task, those who did it."""
    if str(moment.get("create_type")) == "1":
        return [str(moment["creator"])] if moment.get("creator") else []
    tasks = wire.page(f"{_ROOM}/get_moment_task", "task_list", moment_id=number)
    posted = [each for each in tasks if str(each.get("publish_status")) == "1"]
    return [str(each.get("userid")) for each in posted if each.get("userid")]


def _answers(
    wire: WeComWire, account: str, number: str, userid: str, rep: str, about: Mapping[str, str]
) -> Iterator[Event]:
    """What customers did below one rep's post; her colleagues are left out."""
    told = wire.ask(f"{_ROOM}/get_moment_comments", moment_id=number, userid=userid)
    for name, kind in _ANSWERS:
        rows = told.get(name)
        for row in rows if isinstance(rows, list) else []:
            who = str(row.get("external_userid") or "") if isinstance(row, Mapping) else ""
            stamp = str(row.get("create_time") or "") if who else ""
            if stamp.isdecimal():
                yield Event(
                    id=f"moment:{number}:{userid}:{kind}:{who}:{stamp}"[:240], kind=kind,
                    account=account, handle=Handle(EXTERNAL, account, who), rep=rep,
                    ecosystem=Ecosystem.WECHAT, at=datetime.fromtimestamp(int(stamp), UTC),
                    detail=about,
                )  # fmt: skip
