"""What the company chooses by hand (演示人群与规则): four segments, and three rules on lists.

Segments are rules, so that whoever acts in the demo enters and leaves them by herself.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from juzhen.demo.company import BY
from matching.rules import Wanted

if TYPE_CHECKING:
    from juzhen.wiring import Platform

_ASKED, _ASLEEP = "asked", "asleep"
SEGMENTS = (
    # code, name, rule
    (_ASKED, "问过报价还没买", "did asked_quote in 30d and not (did bought in 30d)"),
    ("readers", "近期常读", "did read_material >= 3 in 30d"),
    ("reads_and_asks", "读完就来问", "did finished_material then messaged within 72h in 90d"),
    (_ASLEEP, "买过但久未联系", "did bought and silent for 60d"),
)
_SEASON = timedelta(days=45)


def choose(platform: Platform, now: datetime) -> None:
    """Make them, the rules from today on for a season."""
    made = {
        code: platform.segments.create(name, rule=rule, code=code, by=BY).id
        for code, name, rule in SEGMENTS
    }
    for name, act, aim, number, segment in (
        ("养老季：养老内容优先", "boost", {"tag": "topic.retirement"}, 1.1, ""),
        ("问过报价：给一份计划书", "quota", {"type": "proposal"}, 1, made[_ASKED]),
        ("久未联系：不推直播", "exclude", {"type": "livestream"}, 0, made[_ASLEEP]),
    ):
        platform.rules.add(
            Wanted(
                name=name, act=act, number=number, segment=segment, owner="内容运营部",
                opens=now, closes=now + _SEASON, **aim,
            ),
            by=BY,
        )  # fmt: skip
