"""KPIs (指标): what a board may show, and from which events each figure comes (R14).

A KPI that no event tells of is listed as untracked; nobody types it in. A role's board holds five
at most. Counts nothing: `data_hub.measures.keeping` does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from data_hub.catalogue import KINDS, MACHINE
from kernel.actors import Role
from kernel.errors import Conflict
from kernel.values import dataclass

MOST = 5
"""Figures on a board."""


@dataclass(frozen=True, slots=True)
class Kpi:
    """One figure, and the kinds of events it is counted from."""

    code: str
    zh: str
    en: str
    kinds: tuple[str, ...] = ()
    """None: nothing tells of it yet."""

    @property
    def tracked(self) -> bool:
        return bool(self.kinds) and all(kind in KINDS for kind in self.kinds)

    def label(self, language: str = "zh") -> str:
        return self.en if language == "en" else self.zh


KPIS: Mapping[str, Kpi] = MappingProxyType(
    {
        kpi.code: kpi
        for kpi in (
            Kpi("views", "内容浏览", "content views", ("read_material", "played_video")),
            Kpi("openings", "链接打开", "links opened", ("opened_link",)),
            Kpi("shares", "转发", "shares", ("shared_material",)),
            Kpi("referrals", "邀请", "invitations", ("invited",)),
            Kpi("brought", "转介绍带来的客户", "customers brought", ("brought_customer",)),
            Kpi("contacts", "留资", "contacts left", ("left_contact",)),
            Kpi("messages", "客户来信", "messages from customers", ("messaged",)),
            Kpi("followers", "新增关注", "new followers", ("followed", "added_contact")),
            Kpi("losses", "流失（删除、取关）", "lost", ("unfollowed", "removed_contact")),
            Kpi("app_openings", "App 导流", "led to the app", ("opened_app_link",)),
            Kpi("installs", "App 安装", "app installs", ("installed_app",)),
            Kpi("orders", "订单", "orders", ("bought",)),
            Kpi("sent", "触达", "touches", ("sent",)),
            Kpi("placed", "上架", "put on shelf", ("placed",)),
            Kpi("published", "发布", "published", ("published",)),
            Kpi("moments", "朋友圈发表", "moments posted", ("posted_moment",)),
            Kpi("tasks_done", "完成跟进", "follow-ups done", ("done",)),
            Kpi("tasks_opened", "提醒被查看", "reminders opened", ("opened_reminder",)),
            Kpi("complaints", "投诉", "complaints", ("complained",)),
            Kpi("praise", "好评与点赞", "praise", ("praised", "liked_material")),
            Kpi(
                "machines",
                "机器抓取（不计入其他指标）",
                "fetched by machines, in no other figure",
                (MACHINE,),
            ),
            Kpi("footfall", "线下到店", "visits to branches"),
            Kpi("call_minutes", "通话时长", "minutes on the phone"),
        )
    }
)

BOARDS: Mapping[Role, tuple[str, ...]] = MappingProxyType(
    {
        Role.ADMIN: ("orders", "contacts", "followers", "losses", "complaints"),
        Role.ANALYST: ("views", "shares", "contacts", "orders", "losses"),
        Role.TEAM_LEAD: ("tasks_done", "messages", "orders", "praise", "complaints"),
        Role.EDITOR: ("placed", "views", "shares", "contacts"),
        Role.PUBLISHER: ("published", "sent", "openings", "views"),
    }
)
"""What each role sees first; everything else is one tap below."""


def board(role: Role, codes: Sequence[str] = ()) -> list[Kpi]:
    """The figures of a role's board. Raises `Conflict` for a sixth."""
    chosen = tuple(codes) or BOARDS.get(role, BOARDS[Role.ANALYST])
    if len(chosen) > MOST:
        raise Conflict("board_is_full", most=MOST)
    return [KPIS[code] for code in chosen]


def untracked() -> list[Kpi]:
    """KPIs that no event tells of."""
    return [kpi for kpi in KPIS.values() if not kpi.tracked]
