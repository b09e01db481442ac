"""The platform's own counts (公众号数据统计): what happened on a day, as events for the boards.

Habits of the platform: a day is ready at eight the next morning; counts too small are left out; an
article's counts go on for seven days, each time as totals since it was shown; ``msgid`` is the
number of the publish or mass job and the place of the piece in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from channels.wechat.wire import Wire
from kernel.calendar import Zone
from kernel.events import Ecosystem, Event

_BEIJING = Zone("Asia/Shanghai")
_COUNTED = {
    "getusersummary": ("new_user", "cancel_user"),
    "getusercumulate": ("cumulate_user",),
    "getuserread": (
        "int_page_read_user", "int_page_read_count", "ori_page_read_user", "ori_page_read_count",
        "add_to_fav_user", "add_to_fav_count",
    ),
    "getusershare": ("share_count", "share_user"),
    "getupstreammsg": ("msg_user", "msg_count"),
}  # fmt: skip
"""By call, what is added up over its rows: each tells a part, by source or scene."""
_OF_ARTICLE = (
    "target_user", "int_page_read_user", "int_page_read_count", "ori_page_read_user",
    "ori_page_read_count", "share_user", "share_count", "add_to_fav_user", "add_to_fav_count",
)  # fmt: skip
_ARTICLE_DAYS = 7


def of_day(wire: Wire, account: str, day: date) -> Iterator[Event]:
    """The account's counts of the day, then those of every article that is still counted."""
    counts: dict[str, int] = {}
    for path, names in _COUNTED.items():
        for row in _rows(wire, path, day):
            for name in names:
                if (number := _whole(row.get(name))) is not None:
                    counts[name] = counts.get(name, 0) + number
    yield _figures(account, day, "account", {"of": "account"} | counts)
    for back in range(_ARTICLE_DAYS):
        for row in _rows(wire, "getarticletotal", day - timedelta(days=back)):
            if event := _article(row, account, day):
                yield event


def _article(row: Mapping[str, Any], account: str, day: date) -> Event | None:
    """Its totals up to the day."""
    number = str(row.get("msgid") or "")
    details = row.get("details")
    for each in details if isinstance(details, list) else []:
        if number and isinstance(each, Mapping) and each.get("stat_date") == day.isoformat():
            counts = {
                name: found for name in _OF_ARTICLE if (found := _whole(each.get(name))) is not None
            }
            told = {"of": "article", "msgid": number, "title": str(row.get("title") or "")}
            return _figures(account, day, number, told | counts)
    return None


def _rows(wire: Wire, path: str, day: date) -> list[Mapping[str, Any]]:
    told = wire.ask(
        f"/datacube/{path}", begin_date=day.isoformat(), end_date=day.isoformat()
    ).get("list")  # fmt: skip
    return [row for row in told if isinstance(row, Mapping)] if isinstance(told, list) else []


def _figures(account: str, day: date, about: str, detail: dict[str, Any]) -> Event:
    """Told again, it is the same event: the last moment of the day it counts."""
    ends: datetime = _BEIJING.at(day + timedelta(days=1)) - timedelta(seconds=1)
    return Event(
        id=f"figures:{about}:{day.isoformat()}"[:240], kind="platform_figures", account=account,
        ecosystem=Ecosystem.WECHAT, at=ends, detail=detail,
    )  # fmt: skip


def _whole(value: Any) -> int | None:
    text = str(value)
    return int(text) if text.isdecimal() else None
