"""Activity forms (活动模板): what a customer does, how it is proved, what she gets, how many.

A form is a start: it makes a campaign and its parameters, all of which can be changed. Shills,
tricked submissions and mass adding are no forms here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from content_hub.campaigns.keeper import Campaigns
from content_hub.campaigns.parameters import PRIORITY, QUOTA, USUAL, Parameters
from content_hub.campaigns.prices import BASE, EVERY, STEP
from content_hub.campaigns.records import Campaign
from kernel.errors import Invalid
from kernel.ids import new_id


class Form(NamedTuple):
    """One way to run an activity."""

    code: str
    zh: str
    en: str
    kind: str
    task: str
    proof: str
    reward: str
    numbers: Mapping[str, float]
    """Its parameters and what they begin with."""


FORMS = {
    form.code: form
    for form in (
        Form(
            "free_class", "0 元课扫码入群", "Free class by joining a group", "group",
            "扫码加入学习群", "joined_group", "0 元体验课名额", {QUOTA: 100},
        ),
        Form(
            "likes_for_map", "集赞送地图", "Likes for a free map", "promotion",
            "把海报发到朋友圈，集满点赞", "screenshot_of_likes", "城市地图一份",
            {QUOTA: 200, "likes_needed": 20},
        ),
        Form(
            "lucky_draw", "到店抽奖", "Draw at the branch", "offline",
            "到网点参加活动", "visited_branch", "到店礼", {QUOTA: 50, "chance": 1},
        ),
        Form(
            "climbing_price", "满百涨价", "Price that climbs", "promotion",
            "先报名先享低价", "order_placed", "早鸟价", {BASE: 5000, STEP: 100, EVERY: 100},
        ),
    )
}  # fmt: skip


def begin(
    campaigns: Campaigns,
    parameters: Parameters,
    form: str,
    name: str,
    *,
    opens: datetime,
    closes: datetime,
    by: str,
    quota: int | None = None,
    code: str = "",
    unit: str = "",
) -> Campaign:
    """A campaign after a form, with its numbers or not at all. Raises `Invalid` naming ``form`` for
    one that nobody made, and whatever `Campaigns.create` and `Parameters.declare` raise."""
    chosen = FORMS.get(form)
    if chosen is None:
        raise Invalid("form", "not_a_choice", choices=[*FORMS])
    id_ = new_id("cmp")
    with campaigns.whole(id_, code):
        made = campaigns.create(
            name, opens=opens, closes=closes, by=by, kind=chosen.kind, code=code, unit=unit,
            task=chosen.task, proof=chosen.proof, reward=chosen.reward, id_=id_,
        )  # fmt: skip
        for parameter, begins in chosen.numbers.items():
            value = quota if parameter == QUOTA and quota is not None else begins
            parameters.declare(id_, parameter, value, low=0, by=by)
        parameters.declare(id_, PRIORITY, USUAL, by=by)
    return made
