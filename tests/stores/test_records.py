"""Transactions: snapshots, joins, named locks, and no lost update, on both engines."""

import sqlite3
from datetime import UTC, datetime, timedelta, timezone
from threading import Barrier, Event, Semaphore, Thread

import pytest
from sqlalchemy import event, text

from kernel.errors import Overloaded
from stores.changes import Version
from stores.claims import LeaseRow
from stores.records import Record, Records, in_transaction
from tests.faults import disk_of, mounted_anew
from tests.sizes import sized


def number(records, name="race"):
    with records.read() as session:
        version = session.get(Version, name)
        return version and version.number


def put(records, name="race", value=0):
    with records.write() as session:
        session.add(Version(name=name, number=value))


def test_a_read_is_a_snapshot_whatever_others_write_meanwhile(any_records, any_records_url):
    put(any_records)
    other = Records(any_records_url, durability="process")
    with any_records.read() as session:
        assert session.get(Version, "race").number == 0
        with other.write() as writing:
            writing.get(Version, "race").number = 7
        session.expire_all()
        assert session.get(Version, "race").number == 0
    assert number(any_records) == 7
    other.close()


def test_a_write_that_fails_leaves_nothing(any_records, break_off):
    break_off(any_records, lambda: put(any_records))
    assert number(any_records) is None


def test_a_joining_write_that_fails_undoes_only_itself_if_the_outer_goes_on(any_records, break_off):
    with any_records.write():
        put(any_records, "kept")
        break_off(any_records, lambda: put(any_records, "undone"))
    assert number(any_records, "kept") == 0
    assert number(any_records, "undone") is None


def test_a_question_inside_a_write_sees_what_it_wrote(any_records):
    with any_records.write():
        put(any_records, value=3)
        assert number(any_records) == 3


def test_a_read_cannot_turn_into_a_write(any_records):
    with any_records.read(), pytest.raises(RuntimeError, match="cannot turn"):
        put(any_records)


def test_a_write_that_joins_may_not_name_more_than_the_outermost(any_records):
    with any_records.write("a", "b"):
        with any_records.write("b"):
            pass
        with pytest.raises(RuntimeError, match="must name c"), any_records.write("c"):
            pass


def test_after_a_failure_the_thread_can_begin_again(any_records):
    with pytest.raises(ZeroDivisionError), any_records.write("a"):
        raise ZeroDivisionError
    assert not in_transaction()
    put(any_records)
    assert number(any_records) == 0


def test_whoever_leaves_the_process_can_ask_whether_a_transaction_is_open(any_records, any_people):
    assert not in_transaction()
    with any_records.read():
        assert in_transaction()
        with any_people.write():
            assert in_transaction()
        assert in_transaction()
    assert not in_transaction()


def test_another_threads_transaction_is_not_joined(any_records):
    put(any_records)
    inside, done = Event(), Event()

    def writer():
        with any_records.write() as session:
            session.get(Version, "race").number = 9
            session.flush()
            inside.set()
            done.wait(30)

    thread = Thread(target=writer)
    thread.start()
    inside.wait(30)
    seen, open_here = number(any_records), in_transaction()
    done.set()
    thread.join()
    assert (seen, open_here) == (0, False)
    assert number(any_records) == 9


def test_writers_that_name_the_same_thing_never_overlap(any_records):
    put(any_records)
    start = Barrier(4)

    def add():
        start.wait()
        for _ in range(10):
            with any_records.write("version:race") as session:
                session.get(Version, "race").number += 1

    threads = [Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert number(any_records) == 40


def test_writers_that_name_things_in_any_order_never_wait_for_each_other(any_records):
    put(any_records)
    start = Barrier(2)

    def add(*about):
        start.wait()
        for _ in range(10):
            with any_records.write(*about) as session:
                session.get(Version, "race").number += 1

    pair = [Thread(target=add, args=about) for about in (("a", "b"), ("b", "a"))]
    for thread in pair:
        thread.start()
    for thread in pair:
        thread.join()
    assert number(any_records) == 20


def test_no_update_is_lost_among_processes_and_threads(any_records, any_records_url, race):
    """F1: 400 (2,000) requests that read, add one and write, from 4 processes of 4 threads. How
    long they take says the bench `writers`."""
    put(any_records)
    each = sized(25, 125)
    told = race("count", any_records_url, processes=4, threads=4, turns=each)
    assert len(told) == number(any_records) == 16 * each
    passed = max(others for _, others in told)
    assert passed < 8 * each, "half of all went before one that waited"


@pytest.mark.postgres
def test_who_waits_too_long_for_a_lock_is_told_to_come_back(postgres_house):
    one, other = Records(postgres_house), Records(postgres_house)
    with (
        one.write("customer:1"),
        pytest.raises(Overloaded) as told,
        other.write("customer:0", "customer:1"),
    ):
        pytest.fail("two decide on one customer")
    assert told.value.seconds == 1
    with other.write("customer:1"):
        pass
    one.close()
    other.close()


@pytest.mark.postgres
def test_when_all_connections_are_taken_one_is_told_to_come_back(postgres_house):
    kept = Records(postgres_house)
    done, inside = Event(), Semaphore(0)

    def ask():
        """A connection is taken by the first statement."""
        with kept.read() as session:
            session.execute(text("SELECT 1"))
            inside.release()
            done.wait(20)

    readers = [Thread(target=ask) for _ in range(16)]
    for reader in readers:
        reader.start()
    for _ in readers:
        inside.acquire()
    with pytest.raises(Overloaded):
        ask()
    done.set()
    for reader in readers:
        reader.join()
    ask()
    kept.close()


def test_who_waits_too_long_for_the_file_is_told_to_come_back(tmp_path):
    kept = Records(f"sqlite:///{tmp_path}/records.db", durability="process")
    stranger = sqlite3.connect(tmp_path / "records.db", isolation_level=None)
    stranger.execute("BEGIN IMMEDIATE")
    event.listen(kept.engine, "connect", lambda wire, _: wire.execute("PRAGMA busy_timeout = 50"))
    with pytest.raises(Overloaded), kept.write():
        pytest.fail("two write at once")
    stranger.close()
    with kept.write():
        pass
    kept.close()


def test_f19_a_disk_that_may_only_be_read_is_told_and_passes(tmp_path):
    with disk_of(8, tmp_path / "disk") as disk:
        url = f"sqlite:///{disk}/records.db"
        kept = Records(url, durability="process")
        kept.create(Record)
        put(kept)
        kept.close()
        mounted_anew(disk, "ro")
        kept = Records(url, durability="process")
        for act in (
            lambda: put(kept, "other"),
            lambda: number(kept),
            lambda: kept.rows("select 1", []),
        ):
            with pytest.raises(Overloaded) as refused:
                act()
            assert (refused.value.reason, refused.value.seconds) == ("store_is_unavailable", 5)
        mounted_anew(disk, "rw")
        put(kept, "other", 7)
        assert (number(kept), number(kept, "other")) == (0, 7)
        kept.close()


def test_f19_a_full_disk_is_told_keeps_nothing_by_half_and_passes(tmp_path):
    """SQLite's own limit stands for the disk; PostgreSQL says the same in its own way."""
    kept = Records(f"sqlite:///{tmp_path}/full.db", durability="process")
    kept.create(Record)
    with kept.engine.connect() as connection:
        pages = connection.exec_driver_sql("pragma page_count").scalar()
        connection.exec_driver_sql(f"pragma max_page_count={pages + 2}")

    def much():
        with kept.write() as session:
            session.add(Version(name="first", number=1))
            session.flush()
            session.add_all(Version(name=f"{n}" * 300, number=n) for n in range(200))

    with pytest.raises(Overloaded) as refused:
        much()
    assert (refused.value.reason, refused.value.seconds) == ("no_room_left", 30)
    assert number(kept, "first") is None
    with kept.engine.connect() as connection:
        connection.exec_driver_sql("pragma max_page_count=100000")
    put(kept, "first", 2)
    assert number(kept, "first") == 2
    kept.close()


@pytest.mark.postgres
def test_f19_a_server_whose_disk_is_full_is_told(postgres_house):
    kept = Records(postgres_house)
    full = "DO $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full'; END $$"

    def much():
        with kept.write() as session:
            session.add(Version(name="first", number=1))
            session.execute(text(full))

    with pytest.raises(Overloaded) as refused:
        much()
    assert refused.value.reason == "no_room_left"
    assert number(kept, "first") is None
    kept.close()


def test_the_length_of_each_write_is_told(tmp_path):
    told = []
    kept = Records(f"sqlite:///{tmp_path}/kept.db", held=told.append)
    with kept.write(), kept.write():
        pass
    with kept.read():
        pass
    assert len(told) == 1
    assert 0 < told[0] < 0.1
    kept.close()


def test_a_moment_comes_back_in_utc(any_records):
    shanghai = datetime(2026, 3, 2, 17, 0, tzinfo=timezone(timedelta(hours=8)))
    with any_records.write() as session:
        session.add(LeaseRow(name="x", holder="y", fence=1, until=shanghai))
    with any_records.read() as session:
        until = session.get(LeaseRow, "x").until
    assert until == shanghai
    assert until.tzinfo is UTC


def test_a_moment_without_a_zone_is_refused(any_records):
    naive = datetime(2026, 3, 2)  # noqa: DTZ001 (the point of the test)
    with pytest.raises(Exception, match="without a time zone"), any_records.write() as session:
        session.add(LeaseRow(name="x", holder="y", fence=1, until=naive))


def test_answered_means_on_the_disk_unless_the_setting_says_otherwise(tmp_path):
    for durability, level in (("power", 2), ("process", 1)):
        kept = Records(f"sqlite:///{tmp_path}/{durability}.db", durability=durability)
        with kept.read() as session:
            pragmas = [
                session.connection().exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("synchronous", "journal_mode", "foreign_keys")
            ]
        assert pragmas == [level, "wal", 1]
        kept.close()


def jotted(records, name):
    records.put(Version, [{"name": name, "number": 4}])


def test_a_jotted_write_is_whole_and_durable_and_whoever_joins_it_by_a_session_is_part_of_it(
    any_records, break_off
):
    def all_of_it():
        with any_records.jot():
            assert in_transaction()
            assert any_records.writing
            jotted(any_records, "bare")
            assert any_records.rows("SELECT number FROM versions") == [(4,)]
            with any_records.part() as session:
                session.add(Version(name="of a session", number=5))
            jotted(any_records, "bare again")
            break_now()

    def break_now():
        _ = 1 / 0

    with pytest.raises(ZeroDivisionError):
        all_of_it()
    assert not in_transaction()
    assert any_records.rows("SELECT name FROM versions") == []
    with any_records.jot():
        jotted(any_records, "bare")
        put(any_records, "of a session")
        with pytest.raises(RuntimeError), any_records.write("something"):
            pass
    told = any_records.rows("SELECT name, number FROM versions ORDER BY name")
    assert [tuple(each) for each in told] == [("bare", 4), ("of a session", 0)]


def test_what_is_put_in_by_itself_is_a_write_of_its_own(any_records):
    jotted(any_records, "alone")
    assert number(any_records, "alone") == 4
    with any_records.read(), pytest.raises(RuntimeError):
        jotted(any_records, "in a read")
