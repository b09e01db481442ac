"""PostgreSQL restarted under a company at work, a rolling deploy, tables of the version after.

The company asks over HTTP as a load balancer's clients would; the PostgreSQL is one of its own.
"""

import contextlib
import json
import threading
import time
from contextlib import suppress

import psycopg
import pytest
import urllib3
from servers import postgres

from tests.conftest import missing
from tests.flows.company import Asking, eventually, free_port
from tests.flows.conftest import running
from tests.sizes import sized

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(600)]
RESTARTS = sized(3, 60)
TAG = """mutation($name: String!) {
  createTag(input: {label: $name, facet: "topic"}) { problems { code } } }"""
ROLLS, ASKERS = sized(2, 10), 4


@pytest.fixture(scope="module")
def server():
    if postgres.programs() is None:
        missing(postgres.MISSING)
    with postgres.own() as started:
        yield started


@pytest.fixture(scope="module")
def company(server, tmp_path_factory):
    """Records, journal, history and search in a PostgreSQL that may be restarted."""
    home, url = tmp_path_factory.mktemp("restarts"), server.made("company")
    elsewhere = dict.fromkeys(("stores_journal", "stores_history", "stores_search"), "records")
    with running(home, stores_records=url, **elsewhere) as made:
        yield made


class Clients:
    """Ask all the time, each on a connection of its own, and keep what was answered."""

    def __init__(self, company):
        self.answers, self._company, self._over = [], company, threading.Event()
        self._asking = [""] * ASKERS
        self._threads = [threading.Thread(target=self._ask, args=(n,)) for n in range(ASKERS)]

    def __enter__(self):
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for each in self._threads:
            each.join()

    def _ask(self, number):
        pool = urllib3.PoolManager(timeout=20, retries=False)
        token = {"Authorization": f"Bearer {self._company.tokens['editor']}"}
        event = {"batch": [{"type": "track", "event": "X", "userId": "u"}]}
        questions = [
            ("GET", "/livez", {}),
            ("POST", "/graphql", {"json": {"query": "{ me { id } }"}, "headers": token}),
            ("POST", "/graphql", {"json": {"query": "{ materials(first: 3) { totalCount } }"},
                                  "headers": token}),
            ("POST", "/v1/batch", {"json": event, "headers": urllib3.make_headers(
                basic_auth=f"{self._company.write_key}:")}),
        ]  # fmt: skip
        while not self._over.wait(0.08):
            for method, path, told in questions:
                self._asking[number] = url = self._company.web.url
                begun = time.monotonic()
                answer = pool.request(method, url + path, **told)
                took = time.monotonic() - begun
                self.answers.append((answer.status, path, took, answer.headers, answer.data))

    def moved_to(self, url):
        """Nobody waits for an answer from elsewhere, as a balancer sees to it."""
        return all(each == url for each in self._asking)

    def refused(self):
        return [each for each in self.answers if not 200 <= each[0] < 300]


def said_to_come_back(answers):
    for status, path, _, headers, body in answers:
        assert status == 503, (status, path, body)
        assert int(headers["Retry-After"]) > 0
        assert b"Traceback" not in body
        assert json.loads(body)["code"]


def test_f20_clients_are_told_to_come_back_while_the_database_restarts(company, server):
    with Clients(company) as clients:
        for _ in range(RESTARTS):
            time_passes(0.7)
            server.restart()
        assert eventually(lambda: company.web("GET", "/readyz").status == 200)
        time_passes(0.5)
    said_to_come_back(clients.refused())
    assert sum(each[0] == 200 for each in clients.answers) > len(clients.refused())
    me = company.web.graphql("{ me { id } }", company.tokens["editor"])
    assert me["me"]["id"]
    events = 'query { customers(filter: {handle: "user:%s:u"}) { nodes { id } } }'
    asked = events % company.ids["app"]
    admin = company.tokens["admin"]
    # the worker, which was cut off too, goes on
    assert eventually(lambda: company.web.graphql(asked, admin)["customers"]["nodes"]), (
        company.processes.log("worker")[-4_000:],
        [(a[0], round(a[2], 2), a[4][:200]) for a in clients.answers if a[1] == "/v1/batch"][-30:],
    )


def test_f20_a_worker_that_is_started_while_the_database_is_away_waits_for_it(company, server):
    company.processes.kill("worker")
    server.stop()
    company.start_worker()
    assert eventually(lambda: "stores_are_away" in company.processes.log("worker"))
    server.restart()
    tag = company.web.graphql(TAG, company.tokens["editor"], name="重启之后")
    assert tag["createTag"]["problems"] == []
    event = {"batch": [{"type": "track", "event": "X", "userId": "late"}]}
    headers = urllib3.make_headers(basic_auth=f"{company.write_key}:")
    assert company.web("POST", "/v1/batch", json=event, headers=headers).status == 200
    asked = 'query { customers(filter: {handle: "user:%s:late"}) { nodes { id } } }'
    asked, admin = asked % company.ids["app"], company.tokens["admin"]

    def arrived():
        with suppress(AssertionError):  # one question more may be told to come again
            return company.web.graphql(asked, admin)["customers"]["nodes"]

    assert eventually(arrived)
    assert company.processes.running["worker"].poll() is None


def test_f21_who_waits_for_the_database_in_vain_is_told_so_and_nobody_hangs(company, server):
    """Somebody locks a table; many more ask than there are threads that read. Some are told that
    the table was not to be had for two seconds, the others that no thread was for five."""
    token = {"Authorization": f"Bearer {company.tokens['editor']}"}
    query = "{ materials(first: %d) { totalCount } }"
    answers = []

    def ask(number):
        """What nobody asked before: no cache has it."""
        with urllib3.PoolManager(timeout=30, retries=False) as pool:
            asked = {"query": query % (number + 20)}
            told = pool.request("POST", f"{company.web.url}/graphql", json=asked, headers=token)
        answers.append(told.data)

    with psycopg.connect(server.plain("company")) as blocking:
        blocking.execute("lock table materials in access exclusive mode")
        asking = [threading.Thread(target=ask, args=(n,)) for n in range(32)]
        for each in asking:
            each.start()
        for each in asking:
            each.join()
        blocking.rollback()
    assert len(answers) == len(asking)
    assert all(b'"code":"overloaded"' in body for body in answers)
    assert company.web.graphql(query % 3, company.tokens["editor"])["materials"]


def later(server):
    """The next version's expanded tables: a column more in each, and a number that we never saw."""
    with psycopg.connect(server.plain("company"), autocommit=True) as run:
        tables = run.execute(
            "select relname from pg_class"
            " where relkind = 'r' and relnamespace = 'public'::regnamespace"
        ).fetchall()
        run.execute("set lock_timeout = '2s'")
        for (table,) in tables:
            add = f'alter table "{table}" add column if not exists later_on text'
            insisted(lambda add=add: run.execute(add))
        run.execute("create table if not exists later_things (id text primary key)")
        for part in ("records", "people"):
            run.execute(f"update {part}_version set version_num = '9999'")


def insisted(act):
    for _ in range(50):
        with contextlib.suppress(psycopg.errors.LockNotAvailable):
            return act()
    raise AssertionError("the lock was never to be had")


@pytest.mark.parametrize("roll", range(ROLLS))
def test_f23_and_f31_a_rolling_restart_over_expanded_tables_drops_nobody(company, server, roll):
    """This version goes on while the next one's tables are made; then it starts on them, the new
    process beside the old one, and the old one ends while it still answers."""
    port, old, name = free_port(), answering(company), f"web {roll}"
    with Clients(company) as clients:
        later(server)
        time_passes(0.5)
        company.processes.start(name, "serve", JUZHEN_WEB_PORT=str(port))
        new = Asking(f"http://127.0.0.1:{port}")
        assert eventually(lambda: new.up("/readyz")), company.processes.log(name)
        company.web = new  # the balancer sends nobody to the old one any more
        assert eventually(lambda: clients.moved_to(new.url))
        assert company.processes.end(old) == 0
        time_passes(0.5)
    assert clients.refused() == []
    assert len(clients.answers) > 20
    if roll == 0:
        assert company.processes.end("worker") == 0
        company.start_worker()
    made = company.web.graphql(TAG, company.tokens["editor"], name=f"升级后 {roll}")
    assert made["createTag"]["problems"] == []


def answering(company):
    """The name of the one web process that runs now, whatever rolled before."""
    (name,) = (each for each in company.processes.running if each.startswith("web"))
    return name


def time_passes(seconds):
    threading.Event().wait(seconds)
