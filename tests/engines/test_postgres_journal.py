"""The journal in PostgreSQL: the port's suite, and what only a database of many writers can do."""

import threading
from datetime import timedelta

import psycopg
import pytest

from kernel.errors import Overloaded
from stores.contract.history import ANNA
from stores.contract.journal import JournalContract, SharedCommitContract, everything, told
from stores.examined import Unfit
from stores.postgres.journal import PostgresJournal

pytestmark = pytest.mark.postgres


@pytest.fixture
def opened(postgres_url, clock):
    journals = []

    def opened(owner="the tests"):
        journals.append(PostgresJournal(postgres_url, owner=lambda: owner, clock=clock))
        return journals[-1]

    opened().prepare()
    yield opened
    for journal in journals:
        journal.close()


@pytest.fixture
def bare(postgres_url):
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        yield connection


class TestPostgresJournal(JournalContract):
    pass


class TestSharedCommit(SharedCommitContract):
    pass


def days(journal):
    names = "select relname from pg_class where relname ~ '^commits_\\d+$' order by 1"
    with journal._database.glance() as run:
        return [name for (name,) in run.execute(names)]


def test_who_commits_late_is_not_passed_by(opened, bare):
    """A number taken before another's, and committed after it."""
    journal = opened()
    journal.append([told(0)])
    (before,) = journal.read(0)
    bare.execute("select pg_current_xact_id()")
    journal.append([told(2)])
    assert journal.read(before.position) == []
    assert journal.backlog(before.position) == 1
    bare.commit()
    assert everything(journal) == ["e0", "e2"]


def test_a_day_is_dropped_whole_once_it_is_over_and_folded(opened, clock):
    journal = opened()
    journal.append([told(1)])
    clock.move(timedelta(days=1))
    journal.append([told(2)])
    first, second = (entry.position for entry in journal.read(0))
    journal.drop(first - 1)
    assert days(journal) == ["commits_20260302", "commits_20260303"]
    clock.move(timedelta(minutes=2))
    journal.drop(second)
    assert days(journal) == ["commits_20260303"]
    assert everything(journal) == ["e2"]


def test_nobody_waits_for_a_drop_that_has_to_wait(opened, clock, bare):
    journal = opened()
    journal.append([told(1)])
    clock.move(timedelta(days=1))
    bare.execute("select * from juzhen_journal.commits")
    journal.drop(journal.tip())
    journal.append([told(2)])
    bare.commit()
    clock.move(timedelta(minutes=2))
    journal.drop(journal.tip())
    assert everything(journal) == ["e2"]


def test_many_begin_a_day_at_once(opened):
    journals, begun = [opened() for _ in range(6)], threading.Barrier(6)

    def append(number):
        begun.wait()
        journals[number].append([told(number)])

    writers = [threading.Thread(target=append, args=(number,)) for number in range(6)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    assert sorted(everything(opened())) == [f"e{number}" for number in range(6)]


def test_a_database_brought_back_elsewhere_goes_on_above_what_it_holds(opened, bare):
    """There transactions are counted anew, from far below the numbers that were kept."""
    journal = opened()
    journal.append([told(1)])
    ahead = "position = position + 1000000, turn = turn + 1000000"
    bare.execute(f"update juzhen_journal.commits set {ahead}")
    bare.commit()
    assert everything(journal) == []
    journal.prepare()
    journal.append([told(2)])
    assert everything(journal) == ["e1", "e2"]


def test_what_is_erased_is_gone_from_the_tables(opened, bare):
    journal = opened()
    journal.append([told(number) for number in range(3)])
    journal.forget([ANNA])
    assert bare.execute("select body from juzhen_journal.commits").fetchall() == [(b"",)]
    dead = "select n_dead_tup from pg_stat_user_tables where relname = 'commits_20260302'"
    assert bare.execute(dead).fetchone() == (0,)


def test_a_database_of_another_company_is_not_touched(opened):
    journal = opened()
    assert journal.prepare() == ""
    assert journal.examine().fit is True
    other = opened(owner="somebody else")
    assert "another company" in other.examine().says
    with pytest.raises(Unfit, match="another company"):
        other.prepare()


def test_a_schema_of_another_program_is_not_touched(postgres_url, bare):
    bare.execute("create schema juzhen_journal")
    bare.commit()
    journal = PostgresJournal(postgres_url, owner=lambda: "the tests")
    told = journal.examine()
    assert (told.fit, "another program" in told.says) == (False, True)
    with pytest.raises(Unfit, match="another program"):
        journal.prepare()
    journal.close()


def test_tables_that_are_not_there_yet_are_told(postgres_url):
    journal = PostgresJournal(postgres_url, owner=lambda: "the tests")
    assert (journal.examine().fit, journal.examine().advice) == (False, "Run: juzhen migrate")
    journal.close()


def test_a_server_that_does_not_answer_is_told_and_a_wrong_database_refused(postgres_url):
    gone = PostgresJournal(
        "postgresql+psycopg://juzhen:secret@127.0.0.1:9/x", owner=lambda: "the tests"
    )
    told_of_it = gone.examine()
    assert (told_of_it.fit, "secret" in told_of_it.says) == (None, False)
    with pytest.raises(Overloaded):
        gone.append([told(1)])
    wrong = PostgresJournal(postgres_url + "_not_there", owner=lambda: "the tests")
    assert wrong.examine().fit is False
    for each in (gone, wrong):
        each.close()
