"""Needs (客户需求): what a profile says about a customer, as far as a score depends on it. Pure.

Reading is counted by viewing sessions and told literally: "3 times this week" is three times since
Monday.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, partial
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from data_hub.prediction import Model
from data_hub.profiles import Profile, Seen
from data_hub.profiles.folding import KEPT_MATERIALS
from data_hub.profiles.strands import OFFERED, OFFERED_DAYS, OFFERED_FOR
from kernel.calendar import Zone
from matching.affinities import Vocabulary
from matching.arrays import Floats, Keys, Places, Slice, keys_of
from matching.occasions import Dates, Expected, Holding, Opened
from matching.scoring import Pull, Read, Reason, Shown

READING = frozenset(
    {"opened_link", "read_material", "turned_page", "finished_material", "played_video"}
)
SESSION = timedelta(minutes=30)
"""Two looks at one content that lie closer together are one."""
_COUNTERS = 7
"""Of `Profile.buying`, as the model reads them."""
_TAGS = 40
"""Interests beyond these are noise."""


def reads(recent: Iterable[Seen]) -> list[tuple[str, datetime]]:
    """The contents she has shown interest in, once each, the latest first."""
    seen: dict[str, datetime] = {}
    for each in recent:
        if each.weight > 0:
            seen.setdefault(each.material, each.at)
    return list(seen.items())


def read_here(profile: Profile, candidates: Slice) -> Places:
    """Where what she has read already stands, apart from what may be read again and again."""
    _, places = candidates.places(keys_of(material for material, _ in reads(profile.recent())))
    return np.unique(places[~candidates.repeatable[places]])


_NONE: tuple[Keys, Floats] = (np.empty(0, np.uint64), np.empty(0))


def with_neighbours(
    read: Sequence[tuple[str, datetime]],
    live: Mapping[str, tuple[Keys, Floats]],
    nightly: Mapping[str, tuple[Keys, Floats]],
) -> list[Read]:
    """What she read, each with what lies near to it by either list."""
    if not nightly:
        return [Read(material, at, *live.get(material, _NONE)[::-1]) for material, at in read]
    return [
        Read(material, at, *live.get(material, _NONE)[::-1], *nightly.get(material, _NONE)[::-1])
        for material, at in read
    ]


def shown(profile: Profile, today: date) -> list[Shown]:
    """What was recommended for her on other days than today: one day's list stays as it is."""
    present = today.toordinal()
    some = len(profile.offered) >= OFFERED
    found = []
    for material, days in profile.offered.items():
        ago = tuple(present - day for day in days if 0 < present - day < OFFERED_FOR)
        if ago:
            found.append(Shown(material, ago, some or len(days) >= OFFERED_DAYS))
    return found


def sessions(recent: Sequence[Seen]) -> list[Seen]:
    """Every viewing session, the oldest first; two looks shortly apart are one."""
    looked: list[Seen] = []
    last: dict[str, datetime] = {}
    for each in reversed(recent):
        if each.kind in READING:
            if each.material not in last or each.at - last[each.material] > SESSION:
                looked.append(each)
            last[each.material] = each.at
    return looked


def interest_pulls(
    profile: Profile, looked: Looked, vocabulary: Vocabulary, began: Began, loud: float
) -> list[Pull]:
    """What she has shown interest in, ``loud`` in all, each with how often she looked at it:
    counted once somebody wants to read a reason."""
    felt: dict[str, float] = {}
    known_as = vocabulary.tree.known_as
    for key, value in profile.felt(began.now).items():
        if value and (tag := known_as(key)):
            felt[tag] = felt.get(tag, 0.0) + value
    strongest = shares(felt)
    told = _Interests([tag for tag, _ in strongest], looked, vocabulary, _whole(profile, began))
    return [
        Pull(tag, weight, partial(told.reason, tag, weight))
        for tag, weight in ((tag, loud * share) for tag, share in strongest)
    ]


def shares(felt: Mapping[str, float]) -> list[tuple[str, float]]:
    """What part of all that somebody feels each tag has, the strongest first; dislikes below 0."""
    strongest = sorted([(-abs(value), tag, value) for tag, value in felt.items()])
    whole = -sum([less for less, _, _ in strongest])
    return [(tag, value / whole) for _, tag, value in strongest[:_TAGS] if value]


WINDOWS = (
    "reason_tag_week", "reason_tag_seven_days", "reason_tag_month", "reason_tag"
)  # fmt: skip
"""How a count of so many is said: since Monday, in 7 days, in 30 days, ever."""
_DAYS = (0, 7, 30, 0)
"""How many days back each of them reaches, where it is a number."""
Looked = Callable[[Collection[str]], Mapping[str, Sequence[int]]]
"""Answers how many of her sessions were about each of some tags, by the window they fall into."""


class Began(NamedTuple):
    """When the windows that lie in each other began; what came before all of them is ever."""

    now: datetime
    week: datetime
    """Monday, at midnight where the company is."""
    seven_days: datetime
    month: datetime

    @classmethod
    def of(cls, now: datetime, zone: Zone) -> Began:
        today = zone.day(now)
        monday = zone.at(today - timedelta(days=today.weekday()))
        return cls(now, monday, *(now - timedelta(days=days) for days in _DAYS if days))


def windows(looked: Iterable[Seen], began: Began) -> list[int]:
    """Which of the windows each session falls into, and not into one before it."""
    _, *since = began
    begins = sorted(since)
    return [len(begins) - bisect_right(begins, each.at) for each in looked]


def _whole(profile: Profile, began: Began) -> list[bool]:
    """Of which windows everything that she did is kept: of who does much not all is."""
    if len(profile.materials) < KEPT_MATERIALS:
        return [True for _ in WINDOWS]
    oldest = datetime.fromtimestamp(profile.materials[0][1], UTC)
    _, *since = began
    return [*(begins > oldest for begins in since), False]


class _Interests:
    """The reasons of one customer's interests, each made once."""

    def __init__(
        self,
        tags: Sequence[str],
        looked: Looked,
        vocabulary: Vocabulary,
        whole: Sequence[bool],
    ) -> None:
        self._whole = whole
        self._tags = tags
        self._looked = looked
        self._vocabulary = vocabulary
        self._made: dict[str, Reason] = {}

    def reason(self, tag: str, weight: float) -> Reason:
        if tag not in self._made:
            self._made[tag] = _interest(tag, weight, self._counts, self._vocabulary, self._whole)
        return self._made[tag]

    @cached_property
    def _counts(self) -> Mapping[str, Sequence[int]]:
        return self._looked(self._tags)


def _interest(
    tag: str,
    weight: float,
    looked: Mapping[str, Sequence[int]],
    vocabulary: Vocabulary,
    whole: Sequence[bool],
) -> Reason:
    topic = vocabulary.label(tag)
    if weight < 0:
        return Reason("tag", "reason_disliked", {"topic": topic}, weight, {"tag": tag})
    counts = looked.get(tag, ())
    within = accumulate(counts)
    for at, (days, key, count) in enumerate(zip(_DAYS, WINDOWS, within, strict=False)):
        if count and not (at == 0 and counts[1]):  # of seven days all is told, not this week's part
            evidence = {"tag": tag, "count": count} | ({"days": days} if days else {})
            key += "" if whole[at] else "_least"
            return Reason("tag", key, {"topic": topic, "count": count}, weight, evidence)
    return Reason("tag", "reason_interest", {"topic": topic}, weight, {"tag": tag})


def dates(profile: Profile, zone: Zone, model: Model | None = None) -> Dates:
    """The facts of her profile that occasions depend on. Without a model of the company's buyers
    nothing is expected of her."""
    birthday = profile.birthday
    return Dates(
        bought=[zone.day(each.at) for each in profile.bought()],
        first=_on(profile.buying[1], zone) if profile.buying else None,
        expected=_expected(profile, zone, model),
        opened=_opened(profile, zone),
        born=birthday[0] if birthday else None,
        lunar=birthday[1] if birthday else False,
        holdings=[
            Holding(each.number, each.product or each.category or each.number, each.matures)
            for each in profile.holdings()
            if each.matures is not None
        ],
        last_seen=zone.day(profile.active_at) if profile.active_at else None,
    )


def _on(moment: float, zone: Zone) -> date:
    return zone.day(datetime.fromtimestamp(moment, UTC))


def _expected(profile: Profile, zone: Zone, model: Model | None) -> Expected | None:
    """When she buys next, told from her last purchase on, so that it does not move by the day."""
    if model is None or len(profile.buying) < _COUNTERS or profile.buying[0] < 2:
        return None
    window = model.window(profile.buying, profile.buying[2])
    if window is None:
        return None
    moments = (profile.buying[2], window.earliest, window.likely, window.latest)
    return Expected(*(_on(moment, zone) for moment in moments))


def _opened(profile: Profile, zone: Zone) -> Opened | None:
    for material, at, weight, kind in reversed(profile.materials):
        if weight > 0 and kind in READING:
            return Opened(material, _on(at, zone))
    return None


_OF_TWO = frozenset({
    "欧阳", "司马", "诸葛", "上官", "夏侯", "皇甫", "尉迟", "公孙", "慕容", "长孙", "宇文",
    "司徒", "令狐", "东方", "独孤", "南宫", "端木", "轩辕", "闻人", "澹台", "百里", "呼延",
    "西门", "申屠", "赫连", "太史", "万俟", "濮阳", "淳于", "单于", "钟离", "鲜于", "闾丘",
    "拓跋", "公冶", "宗政", "仲孙", "司空", "东郭",
})  # fmt: skip
"""Family names of two characters (复姓)."""


def salutation(profile: Profile, language: str = "zh") -> str:
    """How she is addressed: 王女士, or her name as she told it."""
    name, gender = profile.name, str(profile.trait("gender") or "").lower()
    title = {"f": "女士", "female": "女士", "女": "女士", "m": "先生", "male": "先生", "男": "先生"}
    if language == "zh" and name and gender in title and not name.isascii():
        family = name[:2] if len(name) > 2 and name[:2] in _OF_TWO else name[0]
        return family + title[gender]
    return name
