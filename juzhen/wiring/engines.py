"""Engines (引擎): which store lives where. The only module that names one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from sqlalchemy import inspect
from sqlalchemy.exc import DBAPIError

from channels.told_once import told_first
from data_hub.labels import label
from juzhen import metrics, migrations
from juzhen.settings import WITH_RECORDS, BadSetting, Settings, name_of
from kernel.calendar import Zone
from kernel.clock import Clock, utc_now
from kernel.errors import Overloaded
from kernel.values import dataclass
from stores.changes import Audit, Changes
from stores.claims import Leases, Quotas
from stores.clock import DatabaseClock
from stores.elastic import cluster
from stores.elastic.cluster import Cluster
from stores.elastic.history import ElasticHistory
from stores.elastic.search import ElasticSearch
from stores.examined import Examined, Server, Unfit
from stores.files import Files
from stores.folder import Folder
from stores.gathered import Gathered
from stores.history import Fold, History
from stores.journal import Journal, SharedCommit
from stores.owning import Owner
from stores.postgres import database
from stores.postgres.history import PostgresHistory
from stores.postgres.journal import PostgresJournal
from stores.postgres.search import PostgresSearch
from stores.records import Records
from stores.s3 import S3
from stores.s3 import place as bucket
from stores.search import SearchIndex
from stores.sqlite.history import SqliteHistory
from stores.sqlite.journal import SqliteJournal
from stores.sqlite.search import SqliteSearch

Placed = TypeVar("Placed")
_NO_RIGHTS = "42501"


@dataclass(kw_only=True)
class Stores:
    """Where things are kept."""

    clock: Clock
    zone: Zone
    records: Records
    gathered: Gathered
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
    servers: Mapping[str, Server]
    """Stores on servers of their own, by the setting that names them."""


def open_stores(settings: Settings, clock: Clock | None) -> Stores:
    """Open them; without a clock the machine's own, on PostgreSQL the database's."""
    home, power = settings.home, settings.stores_durability
    home.mkdir(parents=True, exist_ok=True)
    zone = Zone(settings.company_zone)
    records, people = _records(settings)
    require_records(records)
    clock = clock or (DatabaseClock(records) if records.on_postgres else utc_now)
    changes = Changes(records, clock)
    servers = _servers(settings, _owner(settings, records), clock)
    journal = servers.journal or SqliteJournal(home / "journal", durability=power)
    history = servers.history or SqliteHistory(
        home / "history.db", zone=zone, label=label, durability=power
    )
    return Stores(
        clock=clock,
        zone=zone,
        records=records,
        gathered=Gathered(records),
        people=people,
        journal=journal,
        commit=SharedCommit(journal),
        history=history,
        fold=Fold(
            journal,
            history,
            clock,
            counted=metrics.metric("juzhen_folded_total").inc,
            fresh=told_first,
        ),
        index=servers.search or SqliteSearch(home / "search.db", durability=power),
        files=servers.files or Folder(home / "files", durability=power),
        changes=changes,
        audit=Audit(records, changes),
        quotas=Quotas(records),
        leases=Leases(records, clock),
        servers=servers.named(),
    )


def migrate(settings: Settings) -> list[str]:
    """Bring the tables to what this version needs, and say what was done."""
    settings.home.mkdir(parents=True, exist_ok=True)
    records, people = _records(settings, patient=True)
    try:
        require_records(records)
        done = _migrated(records, people)
        owner = _owner(settings, records)
        owner.keep()
        from content_hub.rebuilding import settle

        if old := settle(records, Changes(records, utc_now)):
            done.append(f"materials: {old} that are older than what is kept of them were settled")
        return [*done, *_prepared(_servers(settings, owner).named())]
    finally:
        records.close()
        people.close()


def _migrated(records: Records, people: Records) -> list[str]:
    if strangers := _strangers(records):
        raise BadSetting(
            f"{name_of('stores_records')}: The database holds tables of another program"
            f" ({', '.join(strangers[:5])}): give this company a database of its own. Nothing was"
            " changed."
        )
    try:
        return migrations.migrate(records.engine, people.engine)
    except DBAPIError as broken:
        if getattr(broken.orig, "sqlstate", "") != _NO_RIGHTS:
            raise
        told = database.unanswered(broken, database.where(records.engine))
        raise BadSetting(f"{name_of('stores_records')}: {told.says}. {told.advice}") from broken


def _strangers(records: Records) -> list[str]:
    """Tables in a database that none of ours was ever made in."""
    with records.engine.connect() as connection:
        there = inspect(connection).get_table_names()
        if not there or any(migrations.version(connection, part) for part in migrations.PARTS):
            return []
    return sorted(there)


class NoAnswer(BadSetting):
    """Records that do not answer where the setting says: it is wrong, or they are away."""


def require_records(records: Records) -> None:
    """Without them nothing works. Raises `BadSetting` with what is wrong with where they are."""
    told = _examined(records)
    if not told.fit:
        wrong = NoAnswer if told.fit is None else BadSetting
        raise wrong(f"{name_of('stores_records')}: {told.says}. {told.advice}")


def _examined(records: Records) -> Examined:
    if records.on_postgres:
        return database.examine(records.engine)
    return Examined(True, "SQLite", "")


def looked_over(settings: Settings) -> dict[str, Examined]:
    """What every store says of itself, the records first, by what the doctor calls it."""
    records, people = _records(settings)
    try:
        servers = _servers(settings, _owner(settings, records)).named()
        told = {setting: server.examine() for setting, server in servers.items()}
        return {"records": _examined(records), **told}
    finally:
        records.close()
        people.close()


def _prepared(servers: Mapping[str, Server]) -> Iterator[str]:
    """Make what is ours to make. Raises `BadSetting` for what is not as it should be."""
    for setting, server in servers.items():
        try:
            if said := server.prepare():
                yield said
        except Unfit as unfit:
            raise BadSetting(f"{setting}: {unfit}") from None
        except Overloaded as broken:
            told = server.examine()
            raise BadSetting(f"{setting}: {told.says}. {told.advice}") from broken


def _records(settings: Settings, *, patient: bool = False) -> tuple[Records, Records]:
    """The records and the people; on PostgreSQL two views of one database."""
    held = metrics.metric("juzhen_write_seconds").observe
    durability = settings.stores_durability
    _placed(settings, "stores_records", database.place)
    return (
        Records(settings.records_url, durability=durability, held=held, patient=patient),
        Records(settings.people_url, durability=durability, held=held, patient=patient),
    )


@dataclass(frozen=True, slots=True)
class _Servers:
    """The stores that settings place elsewhere."""

    journal: PostgresJournal | None
    search: ElasticSearch | PostgresSearch | None
    history: ElasticHistory | PostgresHistory | None
    files: S3 | None

    def named(self) -> dict[str, Server]:
        given: dict[str, Server | None] = {
            "stores_journal": self.journal,
            "stores_search": self.search,
            "stores_history": self.history,
            "stores_files": self.files,
        }
        return {name_of(name): each for name, each in given.items() if each}


def _owner(settings: Settings, records: Records) -> Owner:
    """What marks this company's indices and schemas elsewhere, so that no other is touched."""
    key = settings.keys_links.reveal().encode()
    return Owner(records, otherwise=hashlib.blake2b(key, digest_size=8).hexdigest())


def _servers(settings: Settings, owner: Owner, clock: Clock = utc_now) -> _Servers:
    heard = _placed(settings, "stores_journal", database.place)
    kept = _placed(settings, "stores_files", bucket)
    return _Servers(
        journal=PostgresJournal(heard, owner=owner, clock=clock) if heard else None,
        search=_search(settings, owner),
        history=_history(settings, owner),
        files=S3(kept) if kept else None,
    )


def _search(settings: Settings, owner: Owner) -> ElasticSearch | PostgresSearch | None:
    at = _placed(settings, "stores_search", _database_or_cluster)
    if isinstance(at, str):
        return PostgresSearch(at, owner=owner)
    return ElasticSearch(Cluster(at, owner=owner)) if at else None


def _history(settings: Settings, owner: Owner) -> ElasticHistory | PostgresHistory | None:
    at, zone = (
        _placed(settings, "stores_history", _database_or_cluster),
        Zone(settings.company_zone),
    )
    if isinstance(at, str):
        return PostgresHistory(at, owner=owner, zone=zone, label=label)
    return ElasticHistory(Cluster(at, owner=owner), zone=zone, label=label) if at else None


def _database_or_cluster(url: str) -> str | cluster.Place:
    return cluster.place(url) if url.startswith("elastic") else database.place(url)


def _placed(settings: Settings, name: str, read: Callable[[str], Placed]) -> Placed | None:
    """Where a store lies. Raises `BadSetting` without the address: it may hold a password."""
    url: str = getattr(settings, name)
    if url == WITH_RECORDS:
        url = settings.stores_records or url
    try:
        return read(url) if url else None
    except ValueError as wrong:
        raise BadSetting(f"{name_of(name)}: {wrong}.") from None
