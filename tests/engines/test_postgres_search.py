"""Search in PostgreSQL passes the contract, finds all 25 questions, and answers like SQLite."""

from contextlib import closing
from threading import Thread

import pytest
from engines.questions import answered
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stores.contract.search import SHELF, SearchContract, document, found
from stores.postgres.search import PostgresSearch
from stores.search import Filter
from stores.sqlite.search import SqliteSearch

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def prepared(postgres_cluster):
    """A database with the tables, to be copied."""
    postgres_cluster.run("CREATE DATABASE search_house")
    made = PostgresSearch(postgres_cluster.url("search_house"), owner=lambda: "the tests")
    made.prepare()
    made.close()
    return "search_house"


@pytest.fixture
def index(postgres_cluster, prepared):
    with postgres_cluster.database(prepared) as url:
        kept = PostgresSearch(url, owner=lambda: "the tests")
        yield kept
        kept.close()


class TestPostgresSearch(SearchContract):
    pass


def test_all_questions_of_the_shared_table_are_answered_right(index):
    asked, wrong = answered(index)
    assert wrong == []
    assert asked == 25


TEXTS = st.text(alphabet="养老保险aB1 ，４Ｓ", max_size=12)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=5), TEXTS)
def test_the_embedded_index_and_postgres_find_the_same(index, tmp_path, shelf, asked):
    with closing(SqliteSearch(tmp_path / "search.db", durability="process")) as embedded:
        told = [document(f"d{n}", *texts, attributes=[f"n:{n}"]) for n, texts in enumerate(shelf)]
        for each in (index, embedded):
            with each.beside():
                pass
            each.put(1, told)
        for where in (Filter(), Filter(none=("n:0",)), Filter(any=(("n:0", "n:1"),))):
            assert set(found(index, asked, where)) == set(found(embedded, asked, where))


def test_the_old_one_answers_while_a_new_one_is_written(index):
    shelf = [document(name, *texts) for name, texts in SHELF.items()]
    index.put(1, shelf, mark="1")
    with index.beside() as beside:
        beside.put(2, shelf[:4], mark="2")
        assert (index.search("").total, index.seen()) == (len(shelf), "1")
    assert (index.search("").total, index.seen()) == (4, "2")
    with pytest.raises(ZeroDivisionError), index.beside() as beside:
        beside.put(3, shelf[:1], mark=str(1 // 0))
    assert (index.search("").total, index.seen()) == (4, "2")
    with index._database.glance() as run:
        tables = "select count(*) from pg_tables where schemaname = 'juzhen_search'"
        assert run.execute(tables).fetchone() == (2,)


def test_several_write_while_this_one_reads(index):
    def write(who):
        for seq in range(10):
            index.put(seq, [document(f"{who}-{n}", "养老规划") for n in range(5)], mark=f"{seq}")

    writers = [Thread(target=write, args=(who,)) for who in "abc"]
    for each in writers:
        each.start()
    totals = []
    while any(each.is_alive() for each in writers):
        totals.append(index.search("养老").total)
    assert totals == sorted(totals)
    assert index.search("养老").total == 15


def test_a_long_text_is_found_by_its_last_words(index):
    """PostgreSQL itself forgets the order of words beyond 16,383 of them, and long words."""
    word = "x" * 3_000
    long = "理财" * 20_000 + f" {word} 个人养老金"
    index.put(1, [document("a", "标题", long), document("b", word)])
    assert found(index, "个人养老金") == ["a"]
    assert found(index, "养老个人") == []
    assert set(found(index, word[:300])) == set()
    assert found(index, "xx") == []


def test_broad_questions_are_answered_from_the_index(index):
    index.put(1, [document(f"d{n}", "养老规划", attributes=[f"tag:{n}"]) for n in range(300)])
    told = "explain select id from juzhen_search.documents where lexemes @@ '''=养老'''::tsquery"
    with index._database.glance() as run:
        run.execute("set enable_seqscan = off")
        plan = run.execute(told).fetchall()
    assert "documents_lexemes_idx" in str(plan)
    assert found(index, "养老", Filter(all=("tag:7",))) == ["d7"]
