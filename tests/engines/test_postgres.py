"""The PostgreSQL that the tests run on is real, whole, and theirs alone."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import text

from kernel.clock import utc_now
from kernel.errors import Overloaded
from stores.clock import DatabaseClock
from stores.postgres.database import Database, Shape
from stores.records import Records
from stores.rested import RESTED

pytestmark = pytest.mark.postgres
ELEVEN = timedelta(seconds=11)


def test_databases_are_empty_and_apart(postgres_cluster):
    with postgres_cluster.database() as one, postgres_cluster.database() as other:
        kept = Records(one)
        with kept.write() as session:
            session.execute(text("CREATE TABLE only_here (x int)"))
        kept.close()
        kept = Records(other)
        with kept.read() as session:
            assert session.execute(text("SELECT to_regclass('only_here')")).scalar() is None
        kept.close()


def test_it_keeps_chinese_and_sorts_like_the_embedded_engine(postgres_url):
    kept = Records(postgres_url)
    words = ["b", "_", "B", "养老", "a_b", "ab"]
    with kept.read() as session:
        told = text("SELECT x FROM unnest(CAST(:words AS text[])) x ORDER BY x")
        assert list(session.scalars(told, {"words": words})) == sorted(words)
    kept.close()


def test_the_databases_clock_agrees_with_ours_and_does_not_ask_every_time(postgres_url, clock):
    kept = Records(postgres_url)
    asked = DatabaseClock(kept)
    first, second = asked(), asked()
    assert first.tzinfo is not None
    assert first <= second
    kept.close()
    assert asked() >= second


def test_f21_who_finds_every_connection_taken_is_told_while_they_are_taken(postgres_url):
    """And whoever comes when one is free again is answered."""
    kept = Records(postgres_url)
    taken, free = threading.Barrier(17), threading.Event()

    def asked():
        with kept.read() as session:
            session.execute(text("SELECT 1"))

    def hold():
        with kept.read() as session:
            session.execute(text("SELECT 1"))
            taken.wait()
            free.wait(30)

    with ThreadPoolExecutor(16) as pool:
        holding = [pool.submit(hold) for _ in range(16)]
        taken.wait()
        with pytest.raises(Overloaded) as told:
            asked()
        assert told.value.seconds > 0
        free.set()
        for each in holding:
            each.result()
    asked()
    kept.close()


def test_a_statement_and_a_lock_are_waited_for_only_so_long(postgres_url):
    """And whoever changes tables has all the time it takes."""
    kept, patient = Records(postgres_url), Records(postgres_url, patient=True)
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    asked = "SELECT " + ", ".join(f"current_setting('{name}')" for name in names)
    for records, told in ((kept, ("1min", "2s", "5min")), (patient, ("0", "0", "0"))):
        with records.read() as session:
            assert tuple(session.execute(text(asked)).one()) == told
    other = Database(postgres_url, Shape("none", 1, ""), owner=str)
    with other.glance() as run:
        assert run.execute(asked).fetchone() == ("1min", "2s", "5min")
    other.close()

    def sleep():
        with kept.read() as session:
            session.execute(text("SET LOCAL statement_timeout = 50"))
            session.execute(text("SELECT pg_sleep(9)"))

    with pytest.raises(Overloaded):
        sleep()
    kept.close()
    patient.close()


def test_threads_that_ask_the_databases_clock_at_once_are_all_told_the_time(postgres_url):
    """Also while one of them asks anew, and however long it took to connect."""
    kept = Records(postgres_url)
    asked = DatabaseClock(kept)
    gate, off = threading.Barrier(8), []

    def ask():
        for _ in range(40):
            gate.wait()
            before = utc_now()
            off.append(max(before - asked(), asked() - utc_now()))
            if gate.wait() == 0 and asked._kept:  # ten seconds pass
                then, steady = asked._kept
                asked._kept = asked._kept._replace(then=then - ELEVEN, steady=steady - 11)

    with ThreadPoolExecutor(8) as pool:
        for each in [pool.submit(ask) for _ in range(8)]:
            each.result()
    kept.close()
    assert len(off) == 320
    assert max(off) < timedelta(milliseconds=100)


def cut_off(url):
    """The server ends every other connection, as when it restarts."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as run:
        ended = run.execute(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        ).fetchone()
    return ended[0]


def test_a_connection_that_rested_is_asked_whether_it_still_lives(postgres_url):
    kept = Records(postgres_url)
    assert kept.rows("SELECT 1") == [(1,)]
    assert cut_off(postgres_url)
    threading.Event().wait(RESTED + 0.1)
    assert kept.rows("SELECT 2") == [(2,)]
    kept.close()


def test_one_that_was_used_a_moment_ago_is_not_asked_and_its_end_is_told(postgres_url):
    kept = Records(postgres_url)
    assert kept.rows("SELECT 1") == [(1,)]
    assert cut_off(postgres_url)
    with pytest.raises(Overloaded):
        kept.rows("SELECT 2")
    assert kept.rows("SELECT 3") == [(3,)]
    kept.close()
