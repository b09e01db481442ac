"""What members did (联系客户与群聊统计): the platform's own daily counts, as events for the boards.

Habits of the platform: a day of groups is told by owner, whose number of groups and members is as
of the day's end; who owns none is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from channels.wechat.wecom.hearing import Staff
from channels.wechat.wecom.wire import WeComWire
from kernel.calendar import Zone
from kernel.events import Ecosystem, Event

_BEIJING = Zone("Asia/Shanghai")
COUNTS = (
    "chat_cnt", "message_cnt", "reply_percentage", "avg_reply_time", "negative_feedback_cnt",
    "new_apply_cnt", "new_contact_cnt",
)  # fmt: skip
GROUP_COUNTS = (
    "new_chat_cnt", "chat_total", "chat_has_msg", "new_member_cnt", "member_total",
    "member_has_msg", "msg_total",
)  # fmt: skip
_ROOM = "/cgi-bin/externalcontact"
_OWNERS_AT_ONCE = 100
_DAY = int(timedelta(days=1).total_seconds())


def of_day(wire: WeComWire, userid: str, account: str, day: date, staff: Staff) -> Iterator[Event]:
    """One member's counts of one day; told again, it is the same event."""
    begin = int(_BEIJING.at(day).timestamp())
    told = wire.ask(
        f"{_ROOM}/get_user_behavior_data", userid=[userid], start_time=begin,
        end_time=begin + _DAY - 1,
    )  # fmt: skip
    for row in _rows(told, "behavior_data"):
        if str(row.get("stat_time", "")).isdecimal():
            stamp = int(row["stat_time"])
            yield _figures("", userid, stamp, account, staff, _counts(row, COUNTS))


def groups_of_day(
    wire: WeComWire, userids: Sequence[str], account: str, day: date, staff: Staff
) -> Iterator[Event]:
    """What the groups of each owner came to on one day."""
    begin = int(_BEIJING.at(day).timestamp())
    for first in range(0, len(userids), _OWNERS_AT_ONCE):
        told = wire.ask(
            f"{_ROOM}/groupchat/statistic", day_begin_time=begin, day_end_time=begin + _DAY - 1,
            owner_filter={"userid_list": list(userids[first : first + _OWNERS_AT_ONCE])},
            limit=1000,
        )  # fmt: skip
        for row in _rows(told, "items"):
            owner, data = str(row.get("owner") or ""), row.get("data")
            if owner and isinstance(data, Mapping):
                yield _figures("groups:", owner, begin, account, staff, _counts(data, GROUP_COUNTS))


def _figures(
    what: str, userid: str, stamp: int, account: str, staff: Staff, counts: Mapping[str, Any]
) -> Event:
    return Event(
        id=f"figures:{what}{userid}:{stamp}"[:240], kind="platform_figures", account=account,
        ecosystem=Ecosystem.WECHAT, rep=staff(userid), at=datetime.fromtimestamp(stamp, UTC),
        detail={"userid": userid, **counts},
    )  # fmt: skip


def _counts(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: row[name] for name in names if name in row}


def _rows(told: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    rows = told.get(name)
    return [each for each in rows if isinstance(each, Mapping)] if isinstance(rows, list) else []
