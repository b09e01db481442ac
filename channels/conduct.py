"""Conduct (平台规范): what each platform punishes in a text, asked before anything is published.

Wording that forces people to share or to follow, and ways out to other platforms. A platform takes
such a text and takes the account's reach afterwards, so some of it blocks and some of it warns; a
company may decide otherwise for one of its accounts. Judges no words that the law forbids: that is
`content_hub.compliance`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Protocol

from channels.accounts import Account
from content_hub.richtext import as_read
from kernel.errors import Flaw
from kernel.values import dataclass

SETTING = "conduct"
"""The account's setting that says otherwise, by a rule's code: ``block``, ``warn`` or ``off``."""


class Severity(StrEnum):
    """What a rule does."""

    BLOCK = "block"
    WARN = "warn"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One thing that some platforms punish."""

    code: str
    """Also the key of its sentence in `kernel.wording`."""
    kinds: frozenset[str]
    """Kinds of account."""
    said: re.Pattern[str]
    """In the text as a reader sees it, without blanks and in small letters; or in its links."""
    in_links: bool = False
    usual: Severity = Severity.BLOCK
    source: str


_WECHAT = frozenset({"wechat_oa", "wecom", "mini_program"})
_VIDEO = frozenset({"douyin", "hand_off"})
_OTHERS = (
    r"(?:[\w-]+\.)*(?:taobao|tmall|jd|pinduoduo|yangkeduo|douyin|iesdouyin|kuaishou|xiaohongshu|"
    r"xhslink|meituan|dianping)\.(?:com|cn)"
)
RULES = (
    Rule(
        code="forces_sharing", kinds=_WECHAT | _VIDEO,
        said=re.compile(
            r"(?:分享|转发)(?:到|给|至)?[^,。!?;]{0,12}?(?:即可|才能|就能|后|可)?"
            r"(?:领取|领|抽奖|解锁|获得|得红包|查看全文|看全文)"
            r"|集满?\d*个?赞|不转不是|转发有奖|邀请\d+[位名个人]+好友[^,。!?;]{0,10}(?:解锁|领|才能)"
        ),
        source="微信外部链接内容管理规范，诱导分享",
    ),
    Rule(
        code="forces_following", kinds=_WECHAT | _VIDEO,
        said=re.compile(r"关注(?:后|才能|即可|就能)[^,。!?;]{0,8}?(?:领|查看|看|抽|得|解锁)"),
        source="微信外部链接内容管理规范，诱导关注",
    ),
    Rule(
        code="leads_elsewhere", kinds=_WECHAT, said=re.compile(_OTHERS), in_links=True,
        usual=Severity.WARN, source="微信外部链接内容管理规范",
    ),
    Rule(
        code="names_an_address", kinds=_VIDEO,
        said=re.compile(r"https?://|www\.\w|[a-z0-9-]{2,}\.(?:com|cn|net)(?![a-z0-9])"),
        source="抖音社区自律公约，站外导流",
    ),
    Rule(
        code="names_a_contact", kinds=_VIDEO,
        said=re.compile(
            r"(?:加|搜)?(?:微信|v信|薇信|vx|wx)(?:号)?[:是]?[a-z][\w-]{5,19}"
            r"|(?<!\d)1[3-9]\d{9}(?!\d)|qq(?:群|号)?[:是]?\d{5,11}"
        ),
        source="抖音社区自律公约，站外导流",
    ),
)  # fmt: skip

_LINK = re.compile(r"""<a\b[^<>]*?\bhref=["']([^"']+)""", re.IGNORECASE)
_FIELDS = ("title", "summary", "body")


class Texts(Protocol):
    """What is planned for a platform, or just about to go there."""

    @property
    def title(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def body(self) -> str: ...


def blocks(texts: Texts, account: Account) -> list[Flaw]:
    """What keeps them from being published there."""
    return [flaw for severity, flaw in _minded(texts, account) if severity is Severity.BLOCK]


def warnings(texts: Texts, account: Account) -> list[Flaw]:
    """What the platform may punish, and somebody should look at."""
    return [flaw for severity, flaw in _minded(texts, account) if severity is Severity.WARN]


def severity_of(rule: Rule, account: Account) -> Severity:
    """As the company says for this account; what it does not say, or misspells, is as usual."""
    said: Any = account.settings.get(SETTING)
    told = said.get(rule.code) if isinstance(said, dict) else None
    return Severity(told) if told in set(Severity) else rule.usual


def _minded(texts: Texts, account: Account) -> Iterator[tuple[Severity, Flaw]]:
    """Each rule once a field, with the words that it minds."""
    for rule in RULES:
        severity = severity_of(rule, account)
        if account.kind not in rule.kinds or severity is Severity.OFF:
            continue
        for field in _FIELDS:
            text: str = getattr(texts, field)
            read = " ".join(_LINK.findall(text)).casefold() if rule.in_links else as_read(text)
            if found := rule.said.search(read):
                yield severity, Flaw(field, rule.code, {"said": found[0][:60]})
