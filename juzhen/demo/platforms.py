"""The demo's platforms (各平台): one campaign runs through all of them, and the sandbox shows how.

Accounts on WeCom, in a mini program, on Douyin and on Xiaohongshu beside the official account and
the app; an article and a poster of the campaign are placed on each that can show them. Nothing is
sent while the company is built: the worker does it once all processes run.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from channels.video.grants import Granted
from juzhen.demo import reaching, shops
from juzhen.demo.company import BY, Company
from juzhen.demo.people import Person
from juzhen.demo.stocking import Stocked
from juzhen.sandbox.accounts import Creator
from juzhen.sandbox.cast import openid_of
from kernel.actors import Role
from kernel.events import Ecosystem
from kernel.secret import Secret
from kernel.values import dataclass

if TYPE_CHECKING:
    from channels.accounts import Account
    from juzhen.wiring import Platform

CAMPAIGN, _TOPIC = "community", "retirement_community"
ARTICLE, POSTER = "everywhere-article", "everywhere-poster"
_CORP, _MINI = "ww5d1e8a2c7b4f9036", "wx1f4b8d6a2e9c7035"
_REPS = 3
_GRANT = timedelta(days=30)
_BODY = (
    "<p>本周六上午九点到下午四点，康养社区向您和家人开放：看样板间、听医养讲座、尝一顿社区午餐。</p>"
    "<p>带上想问的问题，客户经理全程陪同；不方便到场的，可以预约视频参观。</p>"
    "<p>本文为演示内容，公司与社区均为虚构。</p>"
)


@dataclass(frozen=True, slots=True)
class Platforms:
    """The accounts, and what the sandbox must know of them."""

    wecom: Account
    mini: Account
    douyin: Account
    notes: Account
    told: list[dict[str, Any]]


def join(
    platform: Platform, company: Company, cast: Sequence[Person], sandbox_url: str
) -> Platforms:
    """Open an account on each; the creator has granted hers already."""
    letters = {"token": secrets.token_hex(8), "aes_key": secrets.token_hex(32)[:43]}
    wecom_secret, mini_secret, client_secret = (secrets.token_hex(16) for _ in range(3))

    def add(code: str, name: str, kind: str, world: Ecosystem, **more: Any) -> Account:
        return platform.accounts.add(
            code=code, name=name, kind=kind, ecosystem=world, by=BY, **more
        )

    wecom = add(
        "wecom", "禾嘉企业微信", "wecom", Ecosystem.WECHAT,
        settings={"corp_id": _CORP, "agent_id": 1000002, "base_url": f"{sandbox_url}/wecom"},
        secrets=letters | {"app_secret": wecom_secret},
    )  # fmt: skip
    mini = add(
        "mini", "禾嘉小程序", "mini_program", Ecosystem.WECHAT,
        settings={"app_id": _MINI, "base_url": sandbox_url, "template": reaching.REMINDER},
        secrets=letters | {"app_secret": mini_secret},
    )  # fmt: skip
    douyin = add(
        "douyin", "禾嘉养老抖音号", "douyin", Ecosystem.VIDEO,
        settings={"client_key": "demo", "publishes": True, "answered_by": company.reps[0].code,
                  "lead_card": "留下手机号，顾问联系您",
                  "base_url": f"{sandbox_url}/douyin-open"},
        secrets={"client_secret": client_secret},
    )  # fmt: skip
    notes = add("xiaohongshu", "禾嘉小红书", "hand_off", Ecosystem.COMMERCE)
    for rep in company.reps[:_REPS]:  # made once the sandbox is there
        platform.live_codes.lead_to(wecom.id, rep.id, rep.name, by=BY)
    grant = _granted(platform, douyin)
    reps = [{"userid": rep.code, "name": rep.name} for rep in company.reps[:_REPS]]
    return Platforms(wecom, mini, douyin, notes, [
        letters | {
            "kind": "wecom", "appid": _CORP, "secret": wecom_secret, "code": wecom.code,
            "name": wecom.name, "write_key": wecom.write_key, "reps": reps,
            "cast": _cast(cast, _CORP),
        },
        letters | {
            "appid": _MINI, "secret": mini_secret, "code": mini.code, "name": mini.name,
            "write_key": mini.write_key, "mini": True,
            "cast": [one | {"allows": [reaching.REMINDER]} for one in _cast(cast, _MINI)],
        },
        _front_end(platform, mini, cast),
        {
            "kind": "douyin", "code": douyin.code, "name": douyin.name, "client_key": "demo",
            "client_secret": client_secret, "granted": grant,
        },
        *shops.opened(platform, sandbox_url), *reaching.opened(platform, cast, sandbox_url),
    ])  # fmt: skip


def run_through(
    platform: Platform,
    company: Company,
    there: Platforms,
    stocked: Sequence[Stocked],
    cast: Sequence[Person],
) -> dict[str, str]:
    """Place the campaign on every platform; what the sandbox's first page says of it."""
    fitting = sorted(stocked, key=lambda each: each.piece.topic != _TOPIC)
    cover = next(
        (found.cover for each in fitting if (found := platform.materials.one(each.id)).cover), ""
    )
    campaign = platform.campaigns.one(CAMPAIGN)
    article = platform.materials.create(
        "image_text", "康养社区开放日：周六来走走", code=ARTICLE, cover=cover, body=_BODY, by=BY,
        summary="看样板间、听讲座、尝一顿社区午餐", tags=_tags(company),
    )  # fmt: skip
    poster = platform.materials.create(
        "poster", "周六，来康养社区走走", code=POSTER, cover=cover, by=BY,
        summary="开放日每周六，家人同来", tags=_tags(company),
    )  # fmt: skip
    now = platform.clock()
    placed = [(article, each) for each in (
        company.official, company.app, there.wecom, there.mini, there.notes,
        platform.accounts.one(reaching.LETTERS), platform.accounts.one(reaching.PUSH),
    )] + [(poster, there.douyin)]  # fmt: skip
    for material, account in placed:
        platform.publishing.place(
            material.id, account.code, opens=now, closes=now + timedelta(days=14), by=BY,
            campaign=campaign.id,
        )  # fmt: skip
    reaching.reach(platform, company, campaign, (there.wecom, there.mini), cast, article.id)
    return {
        "campaign": campaign.name,
        "code": campaign.code,
        "article": article.title,
        "poster": poster.title,
    }


def _front_end(platform: Platform, mini: Account, cast: Sequence[Person]) -> dict[str, Any]:
    """What stands in a user's hand: it asks the hub for its shelf, like the app."""
    token = platform.access.issue(Role.CHANNEL_APP, f"demo {mini.code}", by=BY, account=mini.id)
    return {
        "kind": "app", "code": mini.code, "name": mini.name, "token": token.reveal(),
        "write_key": mini.write_key,
        "customers": [
            {"user_id": person.user, "name": person.name, "unionid": person.unionid}
            for person in cast
        ],
    }  # fmt: skip


def _granted(platform: Platform, douyin: Account) -> dict[str, str]:
    """Her two tokens, which the sandbox must know, too."""
    open_id = Creator(code=douyin.code, name="", client_key="", client_secret="").open_id
    tokens = {kind: f"{kind[:3]}.{secrets.token_urlsafe(24)}" for kind in ("access", "refresh")}
    platform.grants.keep(
        douyin.id,
        Granted(
            creator=open_id, access=Secret(tokens["access"]), refresh=Secret(tokens["refresh"]),
            seconds=timedelta(days=15).total_seconds(), refresh_seconds=_GRANT.total_seconds(),
        ),
        by=BY,
    )  # fmt: skip
    return tokens


def _cast(cast: Sequence[Person], appid: str) -> list[dict[str, Any]]:
    """The same people, under the ids that they have there."""
    return [
        {"openid": openid_of(appid, person.unionid), "unionid": person.unionid,
         "name": person.name, "follows": True}
        for person in cast
    ]  # fmt: skip


def _tags(company: Company) -> list[str]:
    return [company.tags[f"topic.{_TOPIC}"], company.tags["audience.pre_retirement"]]
