"""The history in PostgreSQL: the port's suite, its partitions, the same answers as on SQLite."""

from collections import Counter
from datetime import timedelta
from threading import Thread

import psycopg
import pytest
from engines import parity

from kernel.events import Handle, pack, unpack
from stores.contract.history import ANNA, BERT, MONDAY, HistoryContract, event, ids, label
from stores.postgres.history import PostgresHistory, arrivals
from tests.sizes import sized

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def prepared(postgres_cluster):
    """A database with the tables, to be copied."""
    postgres_cluster.run("CREATE DATABASE history_house")
    made = PostgresHistory(postgres_cluster.url("history_house"), owner=lambda: "the tests")
    made.prepare()
    made.close()
    return "history_house"


@pytest.fixture
def history(postgres_cluster, prepared):
    with postgres_cluster.database(prepared) as url:
        kept = PostgresHistory(url, owner=lambda: "the tests", label=label)
        yield kept
        kept.close()


@pytest.fixture
def bare(history):
    url = history._database._engine.url.set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False)) as connection:
        yield connection


class TestPostgresHistory(HistoryContract):
    pass


@pytest.mark.timeout(sized(600, 7_200))
def test_the_embedded_history_and_postgres_answer_the_same(history, tmp_path):
    parity.answers_are_the_same(history, tmp_path)


def test_events_from_before_it_was_kept_who_did_them_are_counted_all_the_same(history, bare):
    told = [event("1"), event("2", BERT, links=(ANNA,)), event("3", at=MONDAY - timedelta(days=40))]
    history.put(told, upto=1)
    bare.execute("alter table juzhen_history.events drop column own, drop column at")
    bare.execute("update juzhen_history.about set shape = 1")
    bare.commit()
    assert history.examine().fit is False
    history.prepare()
    assert history.examine().fit
    history.put([event("4"), event("5", None)], upto=2)

    def often(**which):
        counted = Counter()
        for who, times, _ in history.often("viewed", **which):
            counted[who] += times
        return counted

    def answers():
        day = MONDAY.date()
        return often(), often(handles=[ANNA]), often(handles=[ANNA, BERT], since=day)

    hers = {str(ANNA): 3, str(BERT): 1}
    assert answers() == (hers, {str(ANNA): 3}, {str(ANNA): 2, str(BERT): 1})
    history.remake()
    older = "select count(*) from juzhen_history.events where at is null"
    assert bare.execute(older).fetchone() == (0,)
    assert answers() == (hers, {str(ANNA): 3}, {str(ANNA): 2, str(BERT): 1})


def test_days_that_nobody_remembers_are_dropped_whole(history, bare):
    for days in range(0, 13, 4):
        told = event(f"{days}", received=MONDAY + timedelta(days=days))
        history.put([told], upto=days + 1)
    heard = "select count(*) from pg_class where relname ~ '^heard_[0-9]+$'"
    assert bare.execute(heard).fetchone() == (1,)


def test_what_was_heard_is_found_by_its_key_however_much_was_heard_that_day(history, bare):
    """Nobody has analyzed the tables, and the statement was asked before there was anything."""
    for n in range(20):
        history.put([event(f"{n}")], upto=n + 1)
    history.put([event(f"more {n}") for n in range(5_000)], upto=21)
    asked = [digest for (digest,) in bare.execute("select told from juzhen_history.heard limit 50")]
    (day,) = bare.execute("select max(day) from juzhen_history.heard").fetchone()
    with history._database.glance() as connection:
        assert connection.execute("show plan_cache_mode").fetchone() == ("force_custom_plan",)
        explain = f"explain (analyze, buffers, format json) {arrivals.HEARD}"
        ((told,),) = connection.execute(explain, (list(range(day - 3, day + 1)), asked))
    assert told[0]["Plan"]["Actual Rows"] == 50
    assert told[0]["Plan"]["Shared Hit Blocks"] < 50 * 8


def test_two_who_fold_the_same_journal_tell_each_event_once(history):
    batches = [[event(f"{n}{letter}") for letter in "abcde"] for n in range(20)]

    def fold():
        for upto, batch in enumerate(batches, 1):
            history.put(batch, upto=upto)

    folds = [Thread(target=fold) for _ in range(3)]
    for each in folds:
        each.start()
    seen, mark, alive = [], 0, True
    while alive:
        alive = any(each.is_alive() for each in folds)  # asked before the last look
        while stretch := history.after(mark, 7):
            seen += [told.id for _, told in stretch]
            mark = stretch[-1][0]
    assert sorted(seen) == sorted(told.id for batch in batches for told in batch)
    assert list(history.flaws()) == []


def test_what_no_column_takes_stops_nobody(history):
    """No zero in a text, no long one in an index: what the event said is kept all the same."""
    strange = Handle("openid", "acc_1", "o\x00" + "长" * 3_000)
    told = event("x\x00" * 9_000, strange, material="m" * 9_000, kind="k\x00")
    history.put([told, event("1")], upto=1)
    assert history.put([told], upto=2) == 0
    assert history.timeline([strange], kinds=["k\x00"]).items == [unpack(pack(told))]
    assert history.total([Handle("openid", "acc_1", "o\x00" + "长" * 3_001)]) == 0
    assert history.forget([strange]) == 1
    assert ids(history.of([ANNA])) == ["1"]
    assert list(history.flaws()) == []


def test_a_timeline_is_read_from_the_index(history, bare):
    history.put([event(f"{n}", at=MONDAY - timedelta(days=n)) for n in range(90)], upto=1)
    bare.execute("set enable_seqscan = off; set enable_bitmapscan = off")
    plan = bare.execute(
        "explain select at, id, seq from juzhen_history.mentions where handle = 1"
        " and (at, id, seq) < (5, '', 0) order by at desc, id desc, seq desc limit 20"
    ).fetchall()
    assert "Index Only Scan Backward" in str(plan)
    assert "->  Sort" not in str(plan)


def test_who_is_erased_leaves_no_row_behind(history, bare):
    history.put([event("1", detail={"note": "private"}), event("2", BERT)], upto=1)
    history.forget([ANNA])
    assert bare.execute("select name from juzhen_history.handles").fetchall() == [(str(BERT),)]
    dead = "select coalesce(sum(n_dead_tup), 0) from pg_stat_user_tables where relname ~ '_2026'"
    assert bare.execute(dead).fetchone() == (0,)
