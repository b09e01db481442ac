"""Wiring (接线): which keeper is given what. The only module that names an engine or an adapter.

Plain constructor calls, no container. Nothing is opened at import; `assemble` opens one process's
worth of a company.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from channels.accounts import Account, Accounts, Channels, Needs, Sealer
from channels.acquaintances import Acquaintances
from channels.app import Inbox, OwnApp
from channels.callbacks import Callbacks
from channels.composing import Composer
from channels.deliveries import Deliveries
from channels.deliveries.courier import Courier
from channels.outbound import Breakers, Outbound, RateGate
from channels.preferences import Preferences
from channels.publishing import Publishing
from channels.wechat.crypto import Envelope
from channels.wechat.official_account import WeChatOfficialAccount
from channels.wechat.tokens import Tokens
from channels.wechat.uploads import Uploads
from channels.wechat.wire import HOST, Wire
from content_hub.campaigns import Campaigns
from content_hub.finding import Finding
from content_hub.materials import Materials
from content_hub.media import Media
from content_hub.shelf import Shelf
from content_hub.tags import Taxonomy
from content_hub.tracking import Links
from content_hub.types import Types
from data_hub.consents import Consents
from data_hub.customers import Customers
from data_hub.digest import Digest
from data_hub.findings import Findings
from data_hub.identities import Identities
from data_hub.intake import Intake
from data_hub.own_acts import OwnActs
from data_hub.profiles import Profiles
from data_hub.staff import StaffBook
from engagement.reminders import Reminders
from engagement.triggers import Triggers
from juzhen import metrics, migrations
from juzhen.access import Access
from juzhen.settings import BadSetting, Settings, require_keys
from juzhen.web.persisted import PersistedQueries
from juzhen.web.repeats import Repeats
from kernel.calendar import Zone
from kernel.clock import Clock, utc_now
from kernel.secret import Secret
from matching.abilities import Abilities
from matching.affinities import Affinities
from matching.candidates import Candidates
from matching.counters import Counters
from matching.recommender import Recommender
from schemas.graphql.schema import Edition, build
from stores.changes import Audit, Changes
from stores.claims import Leases, Quotas
from stores.files import Files
from stores.folder import Folder
from stores.history import Fold, History
from stores.journal import Journal, SharedCommit
from stores.records import DatabaseClock, Record, Records
from stores.search import SearchIndex
from stores.sqlite.history import SqliteHistory
from stores.sqlite.journal import SqliteJournal
from stores.sqlite.search import SqliteSearch
from stores.watermarks import Watermarks

CHANNELS: dict[str, Any] = {"app": OwnApp, "wechat_oa": WeChatOfficialAccount}
"""Every kind of channel account, and the adapter that speaks for it."""


@dataclass(slots=True)
class Platform:
    """All keepers of one process. Blueprints, duties and commands are given this."""

    settings: Settings
    clock: Clock
    zone: Zone
    records: Records
    people: Records
    journal: Journal
    commit: SharedCommit
    history: History
    fold: Fold
    index: SearchIndex
    files: Files
    changes: Changes
    audit: Audit
    quotas: Quotas
    leases: Leases
    staff: StaffBook
    access: Access
    repeats: Repeats
    persisted: PersistedQueries
    types: Types
    taxonomy: Taxonomy
    materials: Materials
    media: Media
    campaigns: Campaigns
    shelf: Shelf
    links: Links
    finding: Finding
    consents: Consents
    intake: Intake
    identities: Identities
    profiles: Profiles
    findings: Findings
    digest: Digest
    customers: Customers
    own_acts: OwnActs
    accounts: Accounts
    channels: Channels
    inbox: Inbox
    deliveries: Deliveries
    publishing: Publishing
    preferences: Preferences
    callbacks: Callbacks
    acquaintances: Acquaintances
    counters: Counters
    affinities: Affinities
    abilities: Abilities
    recommender: Recommender
    reminders: Reminders
    triggers: Triggers
    edition: Edition
    draining: threading.Event = field(default_factory=threading.Event)

    @property
    def base_url(self) -> str:
        return self.settings.public_url

    def require_ready(self) -> None:
        """Refuse to work on stores that another version made."""
        for name, records in (("records", self.records), ("people", self.people)):
            if migrations.pending(records.engine, name):
                raise BadSetting(f"the {name} are not as this version needs: run `juzhen migrate`")

    def close(self) -> None:
        """Let everything go, what is acknowledged last."""
        self.commit.close()
        for store in (self.journal, self.history, self.index):
            store.close()
        self.records.close()
        self.people.close()


@dataclass(frozen=True, slots=True)
class _Topics:
    """What the data hub may ask of the content hub, answered by its materials."""

    materials: Materials

    def about(self, materials: Collection[str]) -> Mapping[str, Collection[str]]:
        return self.materials.topics(materials)


def assemble(settings: Settings, *, clock: Clock | None = None) -> Platform:
    """Open one process's worth of the company. Raises `BadSetting` if keys are missing."""
    require_keys(settings)
    home, power = settings.home, settings.stores_durability
    home.mkdir(parents=True, exist_ok=True)
    zone = Zone(settings.company_zone)
    records, people = _records(settings)
    clock = clock or (DatabaseClock(records) if records.on_postgres else utc_now)

    # stores
    journal = SqliteJournal(home / "journal", durability=power)
    commit = SharedCommit(journal)
    history = SqliteHistory(home / "history.db", zone=zone, durability=power)
    index = SqliteSearch(home / "search.db", durability=power)
    files = Folder(home / "files", durability=power)
    changes = Changes(records, clock)
    quotas, leases = Quotas(records), Leases(records, clock)

    # what we have to say
    types, taxonomy = Types(records, changes), Taxonomy(records, changes)
    materials = Materials(records, changes, types, taxonomy, clock)
    media = Media(records, files, changes, clock)
    campaigns = Campaigns(records, changes, clock)
    shelf = Shelf(records, changes, clock)
    links = Links(settings.keys_links)
    finding = Finding(index, records, materials, changes, taxonomy)

    # what we know
    staff = StaffBook(records, changes)
    consents = Consents(records, changes, clock)
    intake = Intake(commit, clock)
    identities = Identities(people, records, changes, clock)
    profiles = Profiles(people, identities)
    findings = Findings(people)
    digest = Digest(
        history, people, records, identities, profiles, _Topics(materials), clock,
        findings=findings, zone=zone,
    )  # fmt: skip
    customers = Customers(people, records, identities, history, staff, changes, clock)
    own_acts = OwnActs(changes, journal, Watermarks(records, Record), clock)

    # where we say it
    sealer = Sealer({"k1": bytes.fromhex(settings.keys_secrets.reveal())})
    accounts = Accounts(records, changes, sealer, clock)
    inbox = Inbox(records, clock)
    outbound = Outbound(origins=_origins(settings), clock=clock)
    gate, breakers = RateGate(records, clock), Breakers(records, clock)

    tokens, uploads = Tokens(records, leases, sealer, clock), Uploads(records, clock)

    def official_account(account: Account, secrets: Mapping[str, Secret]) -> WeChatOfficialAccount:
        told = account.settings
        wire = Wire(
            outbound, tokens, gate, account=account.id, appid=told["app_id"],
            secret=secrets["app_secret"], host=told.get("base_url", HOST),
            per_minute=float(told.get("per_minute", 600)),
        )  # fmt: skip
        key = secrets.get("aes_key")
        return WeChatOfficialAccount(
            wire, uploads, clock, account=account.id, callback_token=secrets["token"].reveal(),
            envelope=Envelope(key.reveal(), told["app_id"]) if key else None,
            longest_review=timedelta(seconds=float(told.get("longest_review_seconds", 1800))),
        )  # fmt: skip

    def own_app(account: Account, _: Mapping[str, Secret]) -> OwnApp:
        return OwnApp(inbox, account=account.id)

    channels = Channels(
        accounts,
        {"wechat_oa": official_account, "app": own_app},
        {"wechat_oa": Needs(settings=("app_id",), secrets=("app_secret", "token"))},
    )
    deliveries = Deliveries(records, changes, clock, lease=settings.worker_leases)
    courier = Courier(deliveries, accounts, channels, breakers, clock)
    publishing = Publishing(
        records=records, clock=clock, shelf=shelf, materials=materials, accounts=accounts,
        channels=channels, deliveries=deliveries, courier=courier, consents=consents,
        composer=Composer(types, media, links, base_url=settings.public_url),
        identities=identities,
    )  # fmt: skip

    # what to say to whom, and who does what next
    counters = Counters(people, history)
    affinities = Affinities(records, changes)
    abilities = Abilities(records, changes, counters, materials, taxonomy, clock)
    recommender = Recommender(
        records=records, changes=changes, clock=clock, zone=zone, counters=counters,
        candidates=Candidates(records, changes, counters, clock), affinities=affinities,
        abilities=abilities, customers=customers, profiles=profiles, identities=identities,
        materials=materials, taxonomy=taxonomy, shelf=shelf, staff=staff,
    )  # fmt: skip
    reminders = Reminders(records, changes, clock)
    triggers = Triggers(
        records=records, people=people, findings=findings, history=history, reminders=reminders,
        profiles=profiles, identities=identities, customers=customers, staff=staff, clock=clock,
        zone=zone,
    )  # fmt: skip

    return Platform(
        settings=settings, clock=clock, zone=zone, records=records, people=people,
        journal=journal, commit=commit, history=history, fold=Fold(journal, history, clock),
        index=index, files=files, changes=changes, audit=Audit(records, changes), quotas=quotas,
        leases=leases, staff=staff,
        access=_access(settings, records, changes, staff, quotas, clock),
        repeats=Repeats(records, clock),
        persisted=PersistedQueries(records, clock),
        types=types, taxonomy=taxonomy, materials=materials,
        media=media, campaigns=campaigns, shelf=shelf, links=links, finding=finding,
        consents=consents, intake=intake, identities=identities, profiles=profiles,
        findings=findings, digest=digest, customers=customers, own_acts=own_acts,
        accounts=accounts, channels=channels, inbox=inbox, deliveries=deliveries,
        publishing=publishing, preferences=Preferences(records, consents, deliveries),
        callbacks=Callbacks(accounts, channels, intake, deliveries, clock),
        acquaintances=Acquaintances(records, history, channels, intake, clock),
        counters=counters, affinities=affinities, abilities=abilities,
        recommender=recommender, reminders=reminders, triggers=triggers,
        edition=build(types),
    )  # fmt: skip


def migrate(settings: Settings) -> list[str]:
    """Bring the tables to what this version needs, and say what was done."""
    settings.home.mkdir(parents=True, exist_ok=True)
    records, people = _records(settings)
    try:
        return migrations.migrate(records.engine, people.engine)
    finally:
        records.close()
        people.close()


def _records(settings: Settings) -> tuple[Records, Records]:
    """The records and the people; on PostgreSQL two views of one database."""
    held = metrics.metric("juzhen_write_seconds").observe
    durability = settings.stores_durability
    return (
        Records(settings.records_url, durability=durability, held=held),
        Records(settings.people_url, durability=durability, held=held),
    )


def _access(
    settings: Settings,
    records: Records,
    changes: Changes,
    staff: StaffBook,
    quotas: Quotas,
    clock: Clock,
) -> Access:
    return Access(
        records, changes, staff, quotas, clock, key=settings.keys_links,
        failures=settings.limits_logins,
    )  # fmt: skip


def _origins(settings: Settings) -> list[str]:
    """Addresses that may be called though they lie on this machine: the sandbox's."""
    return [each.strip() for each in settings.outbound_origins.split(",") if each.strip()]
