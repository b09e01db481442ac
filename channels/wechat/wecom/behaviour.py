"""What members did (联系客户统计): the platform's own daily counts, as events for the boards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta

from channels.wechat.wecom.hearing import Staff
from channels.wechat.wecom.wire import WeComWire
from kernel.calendar import Zone
from kernel.events import Ecosystem, Event

_BEIJING = Zone("Asia/Shanghai")
COUNTS = (
    "chat_cnt", "message_cnt", "reply_percentage", "avg_reply_time", "negative_feedback_cnt",
    "new_apply_cnt", "new_contact_cnt",
)  # fmt: skip


def of_day(wire: WeComWire, userid: str, account: str, day: date, staff: Staff) -> Iterator[Event]:
    """One member's counts of one day; told again, it is the same event."""
    begin = int(_BEIJING.at(day).timestamp())
    told = wire.ask(
        "/cgi-bin/externalcontact/get_user_behavior_data", userid=[userid], start_time=begin,
        end_time=begin + int(timedelta(days=1).total_seconds()) - 1,
    )  # fmt: skip
    rows = told.get("behavior_data")
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, Mapping) and str(row.get("stat_time", "")).isdecimal():
            at = datetime.fromtimestamp(int(row["stat_time"]), UTC)
            yield Event(
                id=f"figures:{userid}:{int(row['stat_time'])}"[:240], kind="platform_figures",
                account=account, ecosystem=Ecosystem.WECHAT, rep=staff(userid), at=at,
                detail={"userid": userid} | {name: row[name] for name in COUNTS if name in row},
            )  # fmt: skip
