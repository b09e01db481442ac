"""Migrating a company at work, on PostgreSQL: whoever writes meanwhile goes on writing."""

import threading
import time

import psycopg
import pytest
from sqlalchemy import text

from juzhen.migrations import PARTS, beside, migrate, pending, upgrade
from juzhen.migrations.draft import models
from stores.records import Record, Records
from tests.sizes import SOAK, sized

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(900 if SOAK else 600)]
ROWS, WRITERS = sized(20_000, 1_000_000), 4
LONGEST = 0.25
"""Seconds that one write may take in a soak; in CI others' tests run on the same processors."""
BEFORE = "0017"
"""The next script, and one later on, give materials a column."""
INDEX = "ix_deliveries_lane"


@pytest.fixture
def company(postgres_url):
    models()
    both = [Records(postgres_url, durability="process", patient=True) for _ in range(2)]
    yield both
    for each in both:
        each.close()


def plain(url):
    return psycopg.connect(url.replace("postgresql+psycopg:", "postgresql:"), autocommit=True)


def seeded(url, table, many):
    """So many rows with something in every column that must have something."""
    some = {"boolean": "false", "jsonb": "'{}'", "json": "'{}'"}
    with plain(url) as run:
        columns = run.execute(
            "select column_name, data_type from information_schema.columns"
            " where table_name = %s and is_nullable = 'NO' and column_default is null", (table,)
        ).fetchall()  # fmt: skip
        told = [
            some.get(kind)
            or ("now()" if "timestamp" in kind else "n" if "int" in kind else "'x' || n")
            for _, kind in columns
        ]
        names = ", ".join(f'"{name}"' for name, _ in columns)
        run.execute(
            f"insert into {table} ({names}) select {', '.join(told)}"
            f" from generate_series(1, {many}) n"
        )
        run.execute(f"analyze {table}")


class Writing:
    """Writers who change one row after the other: how long each took, at which version."""

    def __init__(self, url):
        self.took, self.versions, self._url, self._over = [], set(), url, threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(n,)) for n in range(WRITERS)]

    def __enter__(self):
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for each in self._threads:
            each.join()

    def _write(self, number):
        with plain(self._url) as run:
            while not self._over.wait(0.002):
                number = (number + 7_919) % ROWS
                begun = time.monotonic()
                run.execute(
                    "update materials set summary = 'told' where id = %s", (f"x{number + 1}",)
                )
                self.took.append(time.monotonic() - begun)
                self.versions |= set(run.execute("select version_num from records_version"))


def indexes(company):
    with company[0].engine.connect() as connection:
        found = connection.execute(
            text("select relname, indisvalid from pg_index join pg_class on oid = indexrelid")
        )
        return dict(found.all())


def test_f30_writers_go_on_while_a_company_with_many_rows_is_migrated(company, postgres_url):
    engines = [each.engine for each in company]
    for engine, part in zip(engines, PARTS, strict=True):
        upgrade(engine, part, BEFORE)
    seeded(postgres_url, "materials", ROWS)
    with Writing(postgres_url) as writing:
        migrate(*engines)
    print(f"{ROWS} rows, {len(writing.took)} writes, longest {max(writing.took) * 1000:.0f} ms")
    assert len(writing.versions) > 3  # not held up from the first script to the last
    assert max(writing.took) < LONGEST or not SOAK
    assert not any(pending(each, part) for each, part in zip(engines, PARTS, strict=True))


def test_an_index_is_made_beside_writers_and_waits_for_those_who_began_before(
    company, postgres_url
):
    """Made the other way it would have to wait for the one and hold up the other."""
    engines = [each.engine for each in company]
    migrate(*engines)
    seeded(postgres_url, "deliveries", 100)
    with plain(postgres_url) as run:
        run.execute(f"drop index {INDEX}")
    making = threading.Thread(target=migrate, args=engines)
    with (
        psycopg.connect(postgres_url.replace("+psycopg", "")) as slow,
        plain(postgres_url) as other,
    ):
        slow.execute("update deliveries set reason = 'slow' where id = 'x1'")
        making.start()
        while not running(other, "CREATE INDEX CONCURRENTLY"):
            time_passes(0.05)
        other.execute("set lock_timeout = '5s'")
        other.execute("update deliveries set reason = 'quick' where id = 'x2'")
        assert making.is_alive()
        slow.commit()
    making.join(60)
    assert not making.is_alive()
    assert indexes(company)[INDEX]


def running(run, what):
    asked = "select count(*) from pg_stat_activity where query like %s and pid <> pg_backend_pid()"
    return run.execute(asked, (f"{what}%",)).fetchone()[0]


def test_an_index_that_was_left_half_made_is_made_again(company, postgres_url):
    engines = [each.engine for each in company]
    migrate(*engines)
    with plain(postgres_url) as run:
        run.execute(
            "update pg_index set indisvalid = false where indexrelid = %s::regclass", (INDEX,)
        )
    assert not indexes(company)[INDEX]
    with engines[0].connect() as connection:
        assert [each.name for each in beside.missing(connection, Record.metadata)] == [INDEX]
    migrate(*engines)
    assert indexes(company)[INDEX]


def time_passes(seconds):
    threading.Event().wait(seconds)
