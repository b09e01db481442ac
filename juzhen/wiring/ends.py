"""Where we say it and hear back (前端): accounts, the outbox and the acts over it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from channels.accounts import Accounts, Channels, Sealer
from channels.acquaintances import Acquaintances
from channels.ad_leads import AdLeads
from channels.allowances import Allowances
from channels.app_links import AppLinks
from channels.blocks import Blocks
from channels.broadcasts.keeper import Broadcasts
from channels.broadcasts.planning import Planning
from channels.callbacks import Callbacks
from channels.carriers import Carriers
from channels.catching_up import CatchingUp
from channels.composing import Composer
from channels.confirming import Confirming
from channels.deliveries import Deliveries
from channels.deliveries.courier import Courier
from channels.hand_offs import HandOffs
from channels.health import Health
from channels.inbox import Inbox
from channels.live_codes import LiveCodes
from channels.mailings import Mailings, MailPost
from channels.menus import Menus
from channels.notices import Carrying, Subscriptions, Telling
from channels.opt_outs import OptOuts
from channels.outbound import Breakers, Http, Outbound, RateGate, proxy_of
from channels.pasting import Pasting
from channels.placing import Placing
from channels.preferences import Preferences
from channels.previewing import Previewing
from channels.publishing import Publishing
from channels.reps import Reps
from channels.roll import Roll
from channels.touch_policy import Moods, Simulations, TouchPolicy
from channels.touch_policy.standing import ContentNatures, KnownPersons, standings_of
from channels.transfers import Transfers
from channels.varying import Varying
from channels.video.grants import Grants
from channels.video.renewing import Renewing
from channels.vocabularies import Vocabularies
from channels.welcoming import Welcoming
from channels.works import Works
from juzhen.settings import Settings
from juzhen.wiring.adapters import Tools, allowed_there, expiries, registry
from juzhen.wiring.content import ContentHub
from juzhen.wiring.data import DataHub
from juzhen.wiring.engines import Stores
from juzhen.wiring.outside import Tools as Outside
from juzhen.wiring.outside import found
from kernel.values import dataclass


@dataclass(kw_only=True)
class Ends:
    """The keepers of the channels."""

    accounts: Accounts
    channels: Channels
    reps: Reps
    live_codes: LiveCodes
    menus: Menus
    transfers: Transfers
    vocabularies: Vocabularies
    previewing: Previewing
    works: Works
    welcoming: Welcoming
    hand_offs: HandOffs
    grants: Grants
    renewing: Renewing
    confirming: Confirming
    catching_up: CatchingUp
    inbox: Inbox
    deliveries: Deliveries
    publishing: Publishing
    placing: Placing
    preferences: Preferences
    opt_outs: OptOuts
    callbacks: Callbacks
    acquaintances: Acquaintances
    touch_policy: TouchPolicy
    simulations: Simulations
    moods: Moods
    blocks: Blocks
    carriers: Carriers
    health: Health
    broadcasts: Broadcasts
    planning: Planning
    mailings: Mailings
    mail_post: MailPost
    ad_leads: AdLeads
    varying: Varying
    pasting: Pasting
    subscriptions: Subscriptions
    telling: Telling
    notices: Carrying
    app_links: AppLinks


def ends(settings: Settings, s: Stores, content: ContentHub, data: DataHub) -> Ends:
    """One constructor call after another."""
    sealer = Sealer({"k1": bytes.fromhex(settings.keys_secrets.reveal())})
    accounts = Accounts(s.records, s.changes, sealer, s.clock)
    inbox = Inbox(s.records, s.clock)
    reps = Reps(s.records, data.staff, s.changes)
    hand_offs = HandOffs(s.records, s.changes, s.clock)
    grants = Grants(s.records, s.changes, sealer, s.clock)
    tools = Tools(
        stores=s, sealer=sealer, accounts=accounts, inbox=inbox,
        outbound=_outbound(settings, s), gate=RateGate(s.records, s.clock), reps=reps,
        hand_offs=hand_offs, grants=grants,
    )  # fmt: skip
    ours, needs = registry(tools)
    outside, theirs = found(Outside(tools.outbound, tools.gate, s.clock), ours)
    channels = Channels(accounts, {**ours, **outside}, {**needs, **theirs})
    touch_policy = _touch_policy(s, content, data)
    deliveries = Deliveries(
        s.records, s.changes, s.clock, lease=settings.worker_leases, places=touch_policy,
        rates=tools.gate, share=settings.worker_share,
    )  # fmt: skip
    breakers = Breakers(s.records, s.clock)
    courier = Courier(deliveries, accounts, channels, breakers, s.clock)
    health = _health(s, accounts, channels, deliveries, breakers)
    preferences = Preferences(s.records, data.consents, deliveries, data.identities)
    composer = Composer(content.types, content.media, content.links, base_url=settings.public_url)
    keep = _keeping(content, settings.public_url)
    live_codes = LiveCodes(
        s.records, s.changes, accounts, channels, s.clock, keep, auto_add=settings.has("auto_add")
    )
    welcoming = _welcoming(s, content, accounts, channels, live_codes, composer)
    publishing = _publishing(
        s, content, data, accounts, channels, deliveries, courier, composer, touch_policy
    )
    return Ends(
        accounts=accounts, channels=channels, reps=reps, live_codes=live_codes,
        welcoming=welcoming, inbox=inbox, deliveries=deliveries, publishing=publishing,
        previewing=_previewing(s, content, accounts, channels, composer),
        works=Works(accounts, channels, content.materials),
        hand_offs=hand_offs, grants=grants, touch_policy=touch_policy, health=health,
        app_links=AppLinks(content.links, accounts, settings.public_url),
        renewing=Renewing(accounts, channels), preferences=preferences,
        confirming=Confirming(s.records, s.changes, deliveries, channels),
        catching_up=_catching_up(s, accounts, channels, data),
        placing=Placing(s.records, s.changes, content.shelf, accounts, publishing),
        callbacks=Callbacks(
            accounts=accounts, channels=channels, intake=data.intake, deliveries=deliveries,
            welcoming=welcoming, preferences=preferences, health=health, clock=s.clock,
            allowances=Allowances(s.records, s.clock), gathered=s.gathered,
        ),
        acquaintances=Acquaintances(s.records, s.history, channels, data.intake, s.clock),
        simulations=_simulations(s, content, data, touch_policy),
        **_wishes(s, data, preferences),
        broadcasts=_broadcasts(settings, s, content, data, accounts, deliveries, touch_policy),
        planning=_planning(s, data, deliveries, channels),
        **_mailing(s, content, accounts, channels, deliveries, courier, composer, publishing),
        **_relations(s, data, accounts, channels, composer),
        **_notices(s, content, accounts, sealer, tools.outbound),
        **_saying(s, content, accounts, channels, tools.outbound),
    )  # fmt: skip


def _previewing(
    s: Stores, content: ContentHub, accounts: Accounts, channels: Channels, composer: Composer
) -> Previewing:
    return Previewing(
        s.records, s.changes, accounts, channels, content.materials, composer, s.clock
    )


def _catching_up(s: Stores, accounts: Accounts, channels: Channels, data: DataHub) -> CatchingUp:
    roll = Roll(s.records, s.history, s.clock)
    return CatchingUp(s.records, accounts, channels, data.intake, roll, s.clock, s.zone)


def _outbound(settings: Settings, s: Stores) -> Outbound:
    proxy = proxy_of(settings.outbound_proxy.reveal())
    return Outbound(origins=_origins(settings), clock=s.clock, proxy=proxy)


def _publishing(
    s: Stores,
    content: ContentHub,
    data: DataHub,
    accounts: Accounts,
    channels: Channels,
    deliveries: Deliveries,
    courier: Courier,
    composer: Composer,
    policy: TouchPolicy,
) -> Publishing:
    return Publishing(
        records=s.records, clock=s.clock, shelf=content.shelf, materials=content.materials,
        accounts=accounts, channels=channels, deliveries=deliveries, courier=courier,
        composer=composer, consents=data.consents, identities=data.identities, policy=policy,
    )  # fmt: skip


def _keeping(content: ContentHub, base_url: str) -> Callable[[bytes], str]:
    """Keeps a picture among the media, and says its address."""

    def keep(drawn: bytes) -> str:
        media = content.media.take(drawn, by="worker", name="code.jpg")
        return f"{base_url.rstrip('/')}/media/{media.id}/original"

    return keep


def _welcoming(
    s: Stores,
    content: ContentHub,
    accounts: Accounts,
    channels: Channels,
    codes: LiveCodes,
    composer: Composer,
) -> Welcoming:
    return Welcoming(
        records=s.records, changes=s.changes, accounts=accounts, channels=channels, codes=codes,
        materials=content.materials, shelf=content.shelf, composer=composer, clock=s.clock,
    )  # fmt: skip


def _broadcasts(
    settings: Settings,
    s: Stores,
    content: ContentHub,
    data: DataHub,
    accounts: Accounts,
    deliveries: Deliveries,
    policy: TouchPolicy,
) -> Broadcasts:
    return Broadcasts(
        records=s.records, changes=s.changes, accounts=accounts, deliveries=deliveries,
        segments=data.segments, identities=data.identities, policy=policy, shelf=content.shelf,
        compliance=content.compliance, clock=s.clock, on=settings.has("mass_send"),
    )  # fmt: skip


def _notices(
    s: Stores, content: ContentHub, accounts: Accounts, sealer: Sealer, http: Outbound
) -> dict[str, Any]:
    """What systems outside are told: who, what, and the way there."""
    subscriptions = Subscriptions(
        records=s.records, changes=s.changes, accounts=accounts, crossings=content.crossings,
        sealer=sealer, clock=s.clock, allows=http.allows,
    )  # fmt: skip
    return {
        "subscriptions": subscriptions,
        "telling": Telling(
            records=s.records,
            changes=s.changes,
            subscriptions=subscriptions,
            crossings=content.crossings,
            shelf=content.shelf,
            materials=content.materials,
            accounts=accounts,
            clock=s.clock,
        ),
        "notices": Carrying(s.records, s.changes, subscriptions, http, s.clock),
    }


def _saying(
    s: Stores, content: ContentHub, accounts: Accounts, channels: Channels, http: Http
) -> dict[str, Any]:
    """What editors are helped with: other words for an account, bodies and tags of elsewhere."""
    varying = Varying(
        materials=content.materials, types=content.types, accounts=accounts, channels=channels,
        media=content.media, clock=s.clock,
    )  # fmt: skip
    vocabularies = Vocabularies(
        s.records, s.changes, accounts, channels, content.taxonomy, s.clock
    )  # fmt: skip
    return {
        "varying": varying, "pasting": Pasting(content.media, http), "vocabularies": vocabularies,
    }  # fmt: skip


def _wishes(s: Stores, data: DataHub, preferences: Preferences) -> dict[str, Any]:
    """What is heard of what she wants, and of how she is disposed."""
    heard = data.findings, data.identities
    return {
        "moods": Moods(s.records, s.changes, *heard, s.clock),
        "opt_outs": OptOuts(s.records, *heard, data.consents, preferences),
    }


def _relations(
    s: Stores, data: DataHub, accounts: Accounts, channels: Channels, composer: Composer
) -> dict[str, Any]:
    """By what we reach people, who cut us off, who left a lead, what stands below a chat, and other
    hands."""
    return {
        "blocks": Blocks(s.records, s.changes, data.findings, data.identities, s.clock),
        "carriers": Carriers(s.records, s.changes, accounts, data.identities, s.clock),
        "menus": Menus(s.records, s.changes, accounts, channels, composer.link, s.clock),
        "ad_leads": AdLeads(
            records=s.records,
            changes=s.changes,
            accounts=accounts,
            channels=channels,
            intake=data.intake,
            identities=data.identities,
            standings=data.standings,
            clock=s.clock,
        ),
        "transfers": Transfers(s.records, s.changes, accounts, channels, s.clock),
    }


def _mailing(
    s: Stores,
    content: ContentHub,
    accounts: Accounts,
    channels: Channels,
    deliveries: Deliveries,
    courier: Courier,
    composer: Composer,
    publishing: Publishing,
) -> dict[str, Any]:
    """What leaves together: who gathers it, and who carries it."""
    return {
        "mailings": Mailings(
            s.records, s.changes, deliveries, channels, s.clock,
            publishing.last_question.of_messages,
        ),
        "mail_post": MailPost(
            records=s.records, clock=s.clock, accounts=accounts, channels=channels,
            deliveries=deliveries, courier=courier, composer=composer, materials=content.materials,
            against=publishing.last_question.spoken_against,
        ),
    }  # fmt: skip


def _planning(s: Stores, data: DataHub, deliveries: Deliveries, channels: Channels) -> Planning:
    def in_whose_name(account: str, customers: Collection[str]) -> Mapping[str, str]:
        return data.customers.reps(customers) if channels.take_many(account) else {}

    return Planning(
        records=s.records, deliveries=deliveries, segments=data.segments,
        identities=data.identities, clock=s.clock, in_whose_name=in_whose_name,
    )  # fmt: skip


def _simulations(s: Stores, content: ContentHub, data: DataHub, policy: TouchPolicy) -> Simulations:
    return Simulations(
        s.records, policy, _persons(data), _natures(content), s.clock, s.zone, allowed_there
    )


def _persons(data: DataHub) -> KnownPersons:
    return KnownPersons(data.identities, data.profiles, standings_of(data.standings, data.vips))


def _natures(content: ContentHub) -> ContentNatures:
    return ContentNatures(
        content.materials, content.taxonomy, content.campaigns, content.parameters
    )


def _touch_policy(s: Stores, content: ContentHub, data: DataHub) -> TouchPolicy:
    """The gate, with all that the two hubs and the platforms tell it."""
    return TouchPolicy(
        records=s.records, changes=s.changes, consents=data.consents, clock=s.clock, zone=s.zone,
        persons=_persons(data), natures=_natures(content),
        platform=allowed_there,
    )  # fmt: skip


def _health(
    s: Stores, accounts: Accounts, channels: Channels, deliveries: Deliveries, breakers: Breakers
) -> Health:
    return Health(
        s.records, accounts, channels, deliveries, breakers, s.clock, zone=s.zone,
        expiries=lambda: expiries(s),
    )  # fmt: skip


def _origins(settings: Settings) -> list[str]:
    """Addresses that may be called though they lie on this machine: the sandbox's."""
    return [each.strip() for each in settings.outbound_origins.split(",") if each.strip()]
