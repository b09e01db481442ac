"""Adapters (适配器): every kind of channel account, and how the class that speaks for it is made.

A new one is a class of its own and one row in `registry`. The only module that names one of ours;
those of other distributions are found by `juzhen.wiring.outside`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from channels.accounts import Account, Accounts, Factory, Needs, Sealer
from channels.allowances import Allowances
from channels.app import OwnApp
from channels.commerce import DIALECTS, Commerce
from channels.gateways import Sms
from channels.hand_offs import HandOffs
from channels.handed_over import HandedOver
from channels.inbox import Inbox
from channels.outbound import Outbound, RateGate
from channels.push import Push
from channels.reps import Reps
from channels.touch_policy import Caps
from channels.video.cards import LeadCard
from channels.video.creator import DouyinCreator
from channels.video.douyin import Douyin
from channels.video.grants import CreatorGrant, Grants
from channels.video.notes import CreatorNotes
from channels.video.ocean_engine import CONSENT as OCEAN_CONSENT
from channels.video.ocean_engine import HOST as OCEAN_HOST
from channels.video.ocean_engine import OceanEngine
from channels.video.wire import HOST as DOUYIN_HOST
from channels.video.wire import DouyinWire
from channels.webhook import Webhook
from channels.wechat.crypto import Envelope
from channels.wechat.mail import LetterBox
from channels.wechat.mini_program import MiniProgram
from channels.wechat.official_account import MassSendingAccount, WeChatOfficialAccount
from channels.wechat.talking import PARTS, Templates
from channels.wechat.tokens import AccessToken, Tokens
from channels.wechat.uploads import Uploads
from channels.wechat.wecom.channel import WeCom
from channels.wechat.wecom.wire import HOST as WECOM_HOST
from channels.wechat.wecom.wire import WeComWire
from channels.wechat.wire import HOST, Wire
from juzhen.wiring.engines import Stores
from kernel.clock import Clock
from kernel.errors import Invalid
from kernel.secret import Secret
from kernel.values import dataclass

CHANNELS: dict[str, Any] = {
    "app": OwnApp, "commerce": Commerce, "douyin": Douyin, "hand_off": HandedOver,
    "ocean_engine": OceanEngine,
    "mini_program": MiniProgram, "push": Push, "sms": Sms, "webhook": Webhook,
    "wechat_oa": WeChatOfficialAccount, "wecom": WeCom,
}  # fmt: skip
"""Every kind of channel account, and the adapter that speaks for it."""


def expiries(s: Stores) -> dict[str, datetime]:
    """By account, when the token that its calls are signed in with ends."""
    with s.records.read() as session:
        tokens = {row.account: row.expires for row in session.query(AccessToken)}
        granted = session.query(CreatorGrant).filter(CreatorGrant.ends.is_not(None))
        return tokens | {row.account: row.ends for row in granted if row.ends is not None}


def allowed_there(kind: str, moment: datetime) -> Caps:
    """What the platform of a kind of account lets one person receive, as it was known then."""
    if kind not in CHANNELS:
        return Caps()
    limits = CHANNELS[kind].capabilities.at(moment)
    return Caps(limits.person_day, limits.person_week, limits.person_month)


@dataclass(frozen=True, slots=True)
class Tools:
    """What adapters are made of: none opens a socket or keeps a token by itself."""

    stores: Stores
    sealer: Sealer
    accounts: Accounts
    inbox: Inbox
    outbound: Outbound
    gate: RateGate
    reps: Reps
    hand_offs: HandOffs
    grants: Grants


def registry(tools: Tools) -> tuple[dict[str, Factory], dict[str, Needs]]:
    """Who makes the channel of each kind of account, and what such an account must have."""
    s = tools.stores

    def handed_over(account: Account, _: Mapping[str, Secret]) -> HandedOver:
        return HandedOver(tools.hand_offs, account=account.id)

    def commerce(account: Account, secrets: Mapping[str, Secret]) -> Commerce:
        told = account.settings["dialect"]
        if told not in DIALECTS:
            raise Invalid("settings.dialect", "unknown_dialect", known=sorted(DIALECTS))
        return Commerce(
            s.clock, account=account.id, dialect=DIALECTS[told], secret=secrets["sign_key"]
        )

    def webhook(account: Account, secrets: Mapping[str, Secret]) -> Webhook:
        return Webhook(
            s.clock, account=account.id, secret=secrets["sign_key"], ecosystem=account.ecosystem
        )

    def own_app(account: Account, _: Mapping[str, Secret]) -> OwnApp:
        return OwnApp(tools.inbox, account=account.id)

    return (
        {
            **_wechat(tools),
            **_speaking(tools),
            "app": own_app,
            "douyin": _douyin(tools),
            "ocean_engine": _ocean_engine(tools),
            "hand_off": handed_over,
            "commerce": commerce,
            "webhook": webhook,
        },
        {
            "wechat_oa": Needs(settings=("app_id",), secrets=("app_secret", "token")),
            "douyin": Needs(settings=("client_key",), secrets=("client_secret",)),
            "ocean_engine": Needs(settings=("app_id", "advertisers"), secrets=("app_secret",)),
            "commerce": Needs(settings=("dialect",), secrets=("sign_key",)),
            "push": Needs(settings=("url",), secrets=("sign_key",)),
            "sms": Needs(settings=("url", "sign_name", "template"), secrets=("sign_key",)),
            "webhook": Needs(secrets=("sign_key",)),
            "mini_program": Needs(settings=("app_id",), secrets=("app_secret", "token", "aes_key")),
            "wecom": Needs(
                settings=("corp_id", "agent_id"), secrets=("app_secret", "token", "aes_key")
            ),
        },
    )


def _lead_card(account: Account, wire: DouyinWire, notes: CreatorNotes) -> LeadCard | None:
    """The card on which fans leave their contact, where an account says what is on it."""
    told = account.settings
    if not told.get("lead_card"):
        return None
    parts = [int(each) for each in str(told.get("lead_card_parts") or "1,2").split(",")]
    return LeadCard(
        wire, notes, account=account.id, title=str(told["lead_card"]), parts=parts,
        picture=str(told.get("lead_card_picture") or ""),
    )  # fmt: skip


def _douyin(tools: Tools) -> Factory:
    """A creator's account: handed over to her, or published to if it ``publishes``."""
    s = tools.stores
    notes = CreatorNotes(s.records, s.clock)

    def made(account: Account, secrets: Mapping[str, Secret]) -> Douyin:
        told, secret = account.settings, secrets["client_secret"]
        if not told.get("publishes"):
            return Douyin(
                tools.hand_offs, s.clock, account=account.id, client_key=told["client_key"],
                client_secret=secret,
            )  # fmt: skip
        wire = DouyinWire(
            tools.outbound, tools.grants, tools.gate, s.clock, account=account.id,
            client_key=told["client_key"], client_secret=secret,
            host=told.get("base_url", DOUYIN_HOST),
            per_minute=float(told.get("per_minute", 600)),
        )  # fmt: skip
        card = _lead_card(account, wire, notes)
        return DouyinCreator(
            wire, notes, tools.hand_offs, s.clock, account=account.id,
            client_key=told["client_key"], client_secret=secret, zone=s.zone, card=card,
            direct_bytes=int(told.get("direct_bytes", 50_000_000)),
            part_bytes=int(told.get("part_bytes", 20_000_000)),
        )  # fmt: skip

    return made


def _ocean_engine(tools: Tools) -> Factory:
    """The advertisers whose leads an application of ours may read."""
    s = tools.stores

    def made(account: Account, secrets: Mapping[str, Secret]) -> OceanEngine:
        told = account.settings
        host = told.get("base_url")
        return OceanEngine(
            tools.outbound, tools.grants, tools.gate, s.clock, account=account.id,
            app_id=str(told["app_id"]), secret=secrets["app_secret"],
            advertisers=str(told["advertisers"]), host=host or OCEAN_HOST,
            consent=host or OCEAN_CONSENT, per_minute=float(told.get("per_minute", 600)),
        )  # fmt: skip

    return made


def _speaking(tools: Tools) -> dict[str, Factory]:
    """Those that only say things."""
    s = tools.stores

    def push(account: Account, secrets: Mapping[str, Secret]) -> Push:
        told = account.settings
        return Push(
            tools.outbound, tools.gate, s.clock, account=account.id, url=told["url"],
            secret=secrets["sign_key"], former=secrets.get("former_sign_key"),
            per_minute=float(told.get("per_minute", 6_000)),
        )  # fmt: skip

    def sms(account: Account, secrets: Mapping[str, Secret]) -> Sms:
        told = account.settings
        return Sms(
            tools.outbound, tools.gate, s.clock, s.zone, account=account.id, url=told["url"],
            secret=secrets["sign_key"], sign_name=told["sign_name"], template=told["template"],
            service_template=told.get("service_template", ""),
            unsubscribe=told.get("unsubscribe", "拒收请回复T"),
            per_minute=float(told.get("per_minute", 3_000)),
        )  # fmt: skip

    return {"push": push, "sms": sms}


def _wechat(tools: Tools) -> dict[str, Factory]:
    """The family that shares tokens and uploads."""
    s = tools.stores
    tokens = Tokens(s.records, s.leases, tools.sealer, s.clock)
    uploads, allowances = Uploads(s.records, s.clock), Allowances(s.records, s.clock)

    def official_account(account: Account, secrets: Mapping[str, Secret]) -> WeChatOfficialAccount:
        told = account.settings
        wire = Wire(
            tools.outbound, tokens, tools.gate, account=account.id, appid=told["app_id"],
            secret=secrets["app_secret"], host=told.get("base_url", HOST),
            per_minute=float(told.get("per_minute", 600)),
        )  # fmt: skip
        key, by_mass = secrets.get("aes_key"), told.get("publish_by") == "mass"
        made = (MassSendingAccount if by_mass else WeChatOfficialAccount)(
            wire, uploads, s.clock, account=account.id, callback_token=secrets["token"].reveal(),
            envelope=Envelope(key.reveal(), told["app_id"]) if key else None,
            longest_review=timedelta(seconds=float(told.get("longest_review_seconds", 1800))),
            by_hand=HandedOver(tools.hand_offs, account=account.id), allowances=allowances,
            templates=Templates(
                subscribe=told.get("subscribe_template", ""),
                service=told.get("service_template", ""), parts=told.get("parts") or PARTS,
                zone=s.zone,
            ),
        )  # fmt: skip
        if isinstance(made, MassSendingAccount) and told.get("mass_tag"):
            made.tag = int(told["mass_tag"])
        return made

    def wecom(account: Account, secrets: Mapping[str, Secret]) -> WeCom:
        told = account.settings
        wire = WeComWire(
            tools.outbound, tokens, tools.gate, account=account.id, appid=told["corp_id"],
            secret=secrets["app_secret"], host=told.get("base_url", WECOM_HOST),
            per_minute=float(told.get("per_minute", 3_000)),
        )  # fmt: skip
        letters = _letters(s.clock, account, secrets, told["corp_id"])
        return WeCom(
            wire, uploads, tools.reps, letters, s.clock, account=account.id,
            agent=int(told["agent_id"]),
        )  # fmt: skip

    return {
        "wechat_oa": official_account, "wecom": wecom, "mini_program": _mini_program(tools, tokens),
    }  # fmt: skip


def _letters(
    clock: Clock, account: Account, secrets: Mapping[str, Secret], receiver: str
) -> LetterBox:
    """What reads the encrypted letters that are addressed to this receiver."""
    return LetterBox(
        clock, account=account.id, token=secrets["token"].reveal(),
        envelope=Envelope(secrets["aes_key"].reveal(), receiver),
    )  # fmt: skip


def _mini_program(tools: Tools, tokens: Tokens) -> Factory:
    s = tools.stores
    allowances = Allowances(s.records, s.clock)

    def made(account: Account, secrets: Mapping[str, Secret]) -> MiniProgram:
        told = account.settings
        wire = Wire(
            tools.outbound, tokens, tools.gate, account=account.id, appid=told["app_id"],
            secret=secrets["app_secret"], host=told.get("base_url", HOST),
            per_minute=float(told.get("per_minute", 3_000)),
        )  # fmt: skip
        letters = _letters(s.clock, account, secrets, told["app_id"])
        return MiniProgram(
            wire, allowances, letters, s.clock, account=account.id, appid=told["app_id"],
            secret=secrets["app_secret"], template=told.get("template", ""),
            parts=told.get("parts"), page=told.get("page", "pages/index/index"), zone=s.zone,
        )  # fmt: skip

    return made
