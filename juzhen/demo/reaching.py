"""The campaign reaches people (活动触达): beside what is placed, people are told.

A mass message of WeCom that waits for the rep's confirmation, one to all followers that waits for
the administrator's, an SMS, a subscribe message, a message in the app and one by the company's push
gateway: each to other people, as a light touch wants it. Queues them; the worker sends them once
all processes run.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from channels.allowances import Allowances
from channels.base import Allowed
from juzhen.demo.behaviour import Told, packed
from juzhen.demo.company import BY, Company
from juzhen.demo.people import Person
from juzhen.sandbox.cast import openid_of
from juzhen.sandbox.wecom.friends import external_of
from kernel.events import Ecosystem, Event, Handle
from kernel.webhooks import new_secret

if TYPE_CHECKING:
    from channels.accounts import Account
    from content_hub.campaigns import Campaign
    from juzhen.wiring import Platform

LETTERS, SMS, PUSH = "letters", "sms", "push"
REMINDER = "open-day-reminder"
"""The template that users of the mini program have allowed one message of."""
_LETTERS_ID, _SIGN = "wx8c2d4e6f1a3b5079", "禾嘉人寿"
_OF_REP = 12
"""The first so many of the cast are the star rep's, and her friends on WeCom."""
_WORDS = "本周六康养社区开放日，想邀请您和家人来走走，看看样板间，尝一顿社区午餐。"
_REMINDED = "您预约的康养社区开放日在本周六上午九点，地点见预约短信，期待见面。"
_NOTED = "开放日名额已为您留好"


def opened(platform: Platform, cast: Sequence[Person], sandbox_url: str) -> list[dict[str, Any]]:
    """The account that sends to all its followers, the SMS gateway and the push gateway, and what
    the sandbox must know of them."""
    letters = {
        "secret": secrets.token_hex(16), "token": secrets.token_hex(8),
        "aes_key": secrets.token_hex(32)[:43],
    }  # fmt: skip
    account = platform.accounts.add(
        code=LETTERS, name="禾嘉订阅号", kind="wechat_oa", ecosystem=Ecosystem.WECHAT, by=BY,
        settings={"app_id": _LETTERS_ID, "base_url": sandbox_url, "publish_by": "mass"},
        secrets={
            "app_secret": letters["secret"], "token": letters["token"],
            "aes_key": letters["aes_key"],
        },
    )  # fmt: skip
    told = {
        "sign_key": secrets.token_hex(16), "sign_name": _SIGN, "template": "SMS_INVITE",
        "service_template": "SMS_REMIND",
    }  # fmt: skip
    gateway = platform.accounts.add(
        code=SMS, name="禾嘉短信", kind="sms", ecosystem=Ecosystem.OWN_APP, by=BY,
        settings={
            "url": f"{sandbox_url}/sms-gateway/{SMS}", "sign_name": _SIGN,
            "template": told["template"], "service_template": told["service_template"],
        },
        secrets={"sign_key": told["sign_key"]},
    )  # fmt: skip
    followers = [
        {"openid": openid_of(_LETTERS_ID, person.unionid), "unionid": person.unionid,
         "name": person.name, "follows": True}
        for person in cast
    ]  # fmt: skip
    return [
        letters | {
            "appid": _LETTERS_ID, "code": account.code, "name": account.name,
            "write_key": account.write_key, "admin_confirms": True, "cast": followers,
        },
        told | {"kind": "sms", "code": gateway.code, "name": gateway.name},
        _push_gateway(platform, sandbox_url),
    ]  # fmt: skip


def _push_gateway(platform: Platform, sandbox_url: str) -> dict[str, Any]:
    """The company's own, which is told by webhooks."""
    secret = new_secret()
    gateway = platform.accounts.add(
        code=PUSH, name="禾嘉推送网关", kind="push", ecosystem=Ecosystem.OWN_APP, by=BY,
        settings={"url": f"{sandbox_url}/push-gateway/{PUSH}"}, secrets={"sign_key": secret},
    )  # fmt: skip
    return {"kind": "push", "code": gateway.code, "name": gateway.name, "secret": secret}


def friends(company: Company, wecom: Account, cast: Sequence[Person], now: datetime) -> list[Told]:
    """That the star rep's are her friends on WeCom, as the nightly walk would have found."""
    rep = company.reps[0]
    return [
        packed(Event(
            id=f"demo-friend-{person.number}", kind="identified", at=now, received=now,
            account=wecom.id, ecosystem=Ecosystem.WECHAT, rep=rep.id,
            handle=_external(wecom, person), detail={"from": "wecom"},
            links=(Handle("unionid", "", person.unionid), person.handle(company)),
        ))
        for person in cast[:_OF_REP]
    ]  # fmt: skip


def reach(
    platform: Platform,
    company: Company,
    campaign: Campaign,
    accounts: tuple[Account, Account],
    cast: Sequence[Person],
    article: str,
) -> None:
    """Ask for the messages of the campaign: on WeCom, in the mini program, by SMS, in the app and
    by the push gateway, which knows people by what they are in the app."""
    wecom, mini = accounts
    # Who tries the demo in the evening should not have to wait until nine in the morning.
    platform.touch_policy.tune({"quiet_from": "00:00", "quiet_until": "00:00"}, by=BY)
    platform.broadcasts.create(
        f"{campaign.name} · 企业微信邀约", wecom.code, by=BY, campaign=campaign.id,
        material=article, words=_WORDS, everybody="开放日面向顾问的全部好友",
    )  # fmt: skip
    _allow(platform, mini, cast)
    users, phones, readers, pushed = cast[12:16], cast[16:20], cast[20:22], cast[22:24]
    for person in users:
        _tell(platform, campaign, mini, _openid(mini, person), _NOTED)
    for person in phones:
        _tell(platform, campaign, platform.accounts.one(SMS), _phone(person), _REMINDED)
    for account, those in ((company.app, readers), (platform.accounts.one(PUSH), pushed)):
        for person in those:
            whom = Handle("user", company.app.id, person.user)
            _tell(platform, campaign, account, whom, _REMINDED)


def _tell(
    platform: Platform, campaign: Campaign, account: Account, whom: Handle, words: str
) -> None:
    """She registered for the day: to remind her is a service."""
    platform.publishing.send(
        whom, account.code, occasion=f"demo:{campaign.code}", purpose="service", by=BY,
        words=words, campaign=campaign.id,
    )  # fmt: skip


def _allow(platform: Platform, mini: Account, cast: Sequence[Person]) -> None:
    """Each let the mini program remind her once."""
    Allowances(platform.records, platform.clock).hear(
        Allowed(
            id=f"demo:{person.number}",
            handle=_openid(mini, person),
            template=REMINDER,
            at=platform.clock(),
        )
        for person in cast
    )


def _openid(mini: Account, person: Person) -> Handle:
    return Handle("openid", mini.id, openid_of(mini.settings["app_id"], person.unionid))


def _external(wecom: Account, person: Person) -> Handle:
    openid = openid_of(str(wecom.settings["corp_id"]), person.unionid)
    return Handle("external_userid", wecom.id, external_of(openid))


def _phone(person: Person) -> Handle:
    return Handle("phone", "", person.phone)
