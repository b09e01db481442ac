"""A company on PostgreSQL is dumped by the database's own tools while it works, and comes back."""

import threading
from datetime import timedelta

import pytest
from servers.postgres import tool
from sizes import sized

from channels.deliveries import Lane
from channels.deliveries.record import State
from juzhen.check import flaws
from juzhen.settings import begin, load
from juzhen.transfer.backups import backup, restore, settle
from juzhen.wiring import assemble, migrate
from kernel.clock import utc_now
from kernel.events import Event, Handle

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(600)]
ELSEWHERE = dict.fromkeys(("stores_journal", "stores_history", "stores_search"), "records")
DUMPS, EACH = sized(1, 20), 20
HER = Handle("user", "acc_app", "u")


def told(name):
    return Event(id=name, kind="viewed_page", at=utc_now(), account="acc_app", handle=HER,
                 received=utc_now())  # fmt: skip


def names(company):
    while company.fold.run() or company.digest.run():
        pass
    return {event.id for _, event in company.history.after(0, 100_000)}


@pytest.fixture
def home(tmp_path, postgres_url):
    home = tmp_path / "home"
    begin(home, stores_durability="process", stores_records=postgres_url, **ELSEWHERE)
    migrate(load({"JUZHEN_HOME": str(home)}))
    return home


def test_dumped_under_load_it_comes_back_whole_in_another_server(
    home, postgres_url, postgres_cluster, tmp_path
):
    """F32 on PostgreSQL: what was answered before the dump began is in it, nothing contradicts
    itself, what comes afterwards is followed, what was being sent is for a person to look at."""
    here = load({"JUZHEN_HOME": str(home)})
    company = assemble(here)
    account = company.accounts.add(code="a", name="A", kind="app", ecosystem="own_app", by="t").id
    for n in range(2):
        target = Handle("user", account, f"u{n}")
        company.deliveries.queue(account=account, occasion="o", target=target, by="t")
    sending, _ = company.deliveries.claim(lambda _: None, lane=Lane.MESSAGE)
    stop, answered = threading.Event(), []

    def work():
        while not stop.is_set():
            n = len(answered)
            company.intake.take([told(f"e{n}-{k}") for k in range(EACH)])
            company.materials.create("script", f"话术{n}", by="t")
            answered.append(n)
            if n % 3 == 0:
                company.fold.run()
                company.digest.run(300)

    working = threading.Thread(target=work)
    working.start()
    try:
        for turn in range(DUMPS):
            while len(answered) <= turn * 5 + 3:
                stop.wait(0.01)
            before = len(answered)
            backup(here, tmp_path / f"b{turn}", utc_now())
            tool("pg_dump", postgres_url, "-Fc", "-f", str(tmp_path / "dump"))
            with postgres_cluster.database("template0") as url:
                tool("pg_restore", url, "--exit-on-error", str(tmp_path / "dump"))
                came_back(tmp_path, turn, url, sending, before)
    finally:
        stop.set()
        working.join()
        company.close()


def came_back(tmp_path, turn, url, sending, before):
    home = tmp_path / f"again{turn}"
    restore(tmp_path / f"b{turn}", home)
    there = load({"JUZHEN_HOME": str(home), "JUZHEN_STORES_RECORDS": url})
    migrate(there)
    other = assemble(there)
    try:
        assert settle(other.journal, other.history, other.deliveries, by="t") == 1
        assert other.deliveries.one(sending.id).state == State.UNKNOWN
        wanted = {f"e{n}-{k}" for n in range(before) for k in range(EACH)}
        while not wanted <= names(other):  # whoever writes on that server is waited for
            threading.Event().wait(0.05)
        other.intake.take([told("after")])
        while "after" not in names(other):
            threading.Event().wait(0.05)
        while other.finding.follow(200):
            pass
        assert other.finding.search("话术").total >= before
        assert [each for each in flaws(other) if each[0] != "packages"] == []
    finally:
        other.close()


@pytest.mark.parametrize(
    ("layout", "first"),
    [
        ({}, "dump"),
        ({"stores_journal": "records"}, "dump"),
        ({"stores_history": "records"}, "copy"),
    ],
    ids=["records", "records_and_journal", "records_and_history"],
)
def test_with_some_of_it_in_the_folder_the_history_is_kept_last(
    tmp_path, postgres_url, postgres_cluster, clock, layout, first
):
    """F32: between the copy and the dump a day ends, and what waits is folded, digested and gone
    from the journal; what comes back has all of it."""
    home, clock.now = tmp_path / "home", utc_now()
    begin(home, stores_durability="process", stores_records=postgres_url, **layout)
    here = load({"JUZHEN_HOME": str(home)})
    migrate(here)
    company = assemble(here, clock=clock)
    company.intake.take([told("before")])
    keep = {
        "copy": lambda: backup(here, tmp_path / "b", utc_now()),
        "dump": lambda: tool("pg_dump", postgres_url, "-Fc", "-f", str(tmp_path / "dump")),
    }
    keep.pop(first)()
    clock.move(timedelta(days=1))
    company.journal.begin_above(company.journal.tip())  # one in a folder begins a file
    company.intake.take([told("between")])
    assert heard(company, "between")
    clock.move(timedelta(minutes=2))
    company.fold.run()
    assert company.journal.backlog(0) < 2
    keep.popitem()[1]()
    company.close()

    with postgres_cluster.database("template0") as url:
        tool("pg_restore", url, "--exit-on-error", str(tmp_path / "dump"))
        restore(tmp_path / "b", tmp_path / "again")
        there = load({"JUZHEN_HOME": str(tmp_path / "again"), "JUZHEN_STORES_RECORDS": url})
        migrate(there)
        other = assemble(there)
        try:
            settle(other.journal, other.history, other.deliveries, by="t")
            assert heard(other, "before")
            assert [each for each in flaws(other) if each[0] != "packages"] == []
        finally:
            other.close()


def heard(company, name):
    """Has it come? Whoever writes on that server is waited for."""
    return any(name in names(company) or threading.Event().wait(0.05) for _ in range(100))
