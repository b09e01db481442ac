"""Engines (引擎): which store lives where. The only module that names one."""

from __future__ import annotations

from dataclasses import dataclass

from juzhen import metrics, migrations
from juzhen.settings import Settings
from kernel.calendar import Zone
from kernel.clock import Clock, utc_now
from stores.changes import Audit, Changes
from stores.claims import Leases, Quotas
from stores.files import Files
from stores.folder import Folder
from stores.history import Fold, History
from stores.journal import Journal, SharedCommit
from stores.records import DatabaseClock, Records
from stores.search import SearchIndex
from stores.sqlite.history import SqliteHistory
from stores.sqlite.journal import SqliteJournal
from stores.sqlite.search import SqliteSearch


@dataclass(kw_only=True)
class Stores:
    """Where things are kept."""

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


def open_stores(settings: Settings, clock: Clock | None) -> Stores:
    """Open them; without a clock the machine's own, on PostgreSQL the database's."""
    home, power = settings.home, settings.stores_durability
    home.mkdir(parents=True, exist_ok=True)
    zone = Zone(settings.company_zone)
    records, people = _records(settings)
    clock = clock or (DatabaseClock(records) if records.on_postgres else utc_now)
    journal = SqliteJournal(home / "journal", durability=power)
    history = SqliteHistory(home / "history.db", zone=zone, durability=power)
    changes = Changes(records, clock)
    return Stores(
        clock=clock,
        zone=zone,
        records=records,
        people=people,
        journal=journal,
        commit=SharedCommit(journal),
        history=history,
        fold=Fold(journal, history, clock),
        index=SqliteSearch(home / "search.db", durability=power),
        files=Folder(home / "files", durability=power),
        changes=changes,
        audit=Audit(records, changes),
        quotas=Quotas(records),
        leases=Leases(records, clock),
    )


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
