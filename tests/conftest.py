"""What every test may ask for: a stopped clock, and real records in a folder of its own."""

import os
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from servers import cached, shared
from servers import postgres as servers

from stores.changes import Changes
from stores.records import Folded, Record, Records
from tests import browsing
from tests.blank import kept_at, share_statements

settings.register_profile("house", deadline=None)  # a busy machine is no flaw
settings.load_profile("house")

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class StoppedClock:
    """Time moves only when a test moves it."""

    def __init__(self, now: datetime = MONDAY) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, by: timedelta) -> None:
        self.now += by


@pytest.fixture
def clock():
    return StoppedClock()


def place(request, engine, part):
    """The url of one part: a file of its own, or the database that both share."""
    if engine == "postgres":
        return request.getfixturevalue("postgres_house")
    return f"sqlite:///{request.getfixturevalue('tmp_path')}/{part}.db"


@pytest.fixture
def records(request):
    """The system of record, empty, on a real SQLite file (or as ``--records`` says)."""
    kept = kept_at(place(request, request.config.getoption("--records"), "records"), Record)
    yield kept
    kept.close()


@pytest.fixture
def people(request):
    """Where the digest keeps what it works out, empty."""
    kept = kept_at(place(request, request.config.getoption("--records"), "people"), Folded)
    yield kept
    kept.close()


@pytest.fixture
def changes(records, clock):
    return Changes(records, clock)


ENGINES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


def missing(what):
    """A server is not here: skip, loudly; where everything is expected to be here, fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="module")
def browser():
    """Chromium, started once for a module's tests."""
    if browsing.program() is None:
        missing(browsing.MISSING)
    with browsing.chromium() as started:
        yield started


@pytest.fixture(scope="session")
def postgres_cluster():
    """A PostgreSQL server of this process's own."""
    if servers.programs() is None:
        missing(servers.MISSING)
    return servers.cluster()


def _shared(kind, run):
    """Where a server answers that all processes of this run share."""
    try:
        return shared.shared(kind, run)
    except cached.Missing as why:
        return missing(str(why))


@pytest.fixture(scope="session")
def elasticsearch_url(testrun_uid):
    """One real Elasticsearch node."""
    return _shared("elasticsearch", testrun_uid)


@pytest.fixture(scope="session")
def opensearch_url(testrun_uid):
    """One real OpenSearch node."""
    return _shared("opensearch", testrun_uid)


@pytest.fixture(scope="session")
def s3_url(testrun_uid):
    """A real S3 server, opened with the keys in `servers.running`."""
    return _shared("s3", testrun_uid)


@pytest.fixture(scope="session")
def postgres_template(postgres_cluster):
    """A database with the tables of every room that is imported by now, to be copied."""
    postgres_cluster.run("CREATE DATABASE house")
    made = Records(postgres_cluster.url("house"))
    made.create(Record)
    made.create(Folded)
    made.close()
    return "house"


@pytest.fixture
def postgres_url(postgres_cluster):
    """An empty database."""
    with postgres_cluster.database() as url:
        yield url


@pytest.fixture
def postgres_house(postgres_cluster, postgres_template):
    """A database with the tables of records and people, which share it on PostgreSQL."""
    with postgres_cluster.database(postgres_template) as url:
        yield url


@pytest.fixture(params=ENGINES)
def engine_name(request):
    """Each engine that records and people may live in."""
    return request.param


@pytest.fixture
def any_records_url(request, engine_name):
    return place(request, engine_name, "records")


@pytest.fixture
def any_people_url(request, engine_name):
    return place(request, engine_name, "people")


@pytest.fixture
def any_records(any_records_url):
    """The system of record, empty, on each engine in turn."""
    kept = kept_at(any_records_url, Record)
    yield kept
    kept.close()


@pytest.fixture
def any_people(any_people_url):
    """Where the digest keeps what it works out, empty, on each engine in turn."""
    kept = kept_at(any_people_url, Folded)
    yield kept
    kept.close()


@pytest.fixture
def any_changes(any_records, clock):
    return Changes(any_records, clock)


def pytest_addoption(parser):
    parser.addoption(
        "--records", choices=["sqlite", "postgres"], default="sqlite",
        help="where the fixtures `records` and `people` keep things, for every test that uses them",
    )  # fmt: skip
    parser.addoption("--rules-to", help="write the clauses that passing tests show to this file")


def pytest_configure(config):
    config.shown_clauses = {}
    share_statements()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    from tests.together import ByFile

    return ByFile(config, log)


def pytest_collection_modifyitems(config, items):
    for item in items:
        clauses = [clause for mark in item.iter_markers("rule") for clause in mark.args]
        if clauses:
            item.user_properties.append(("clauses", clauses))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == "call" or report.failed:
        for name, clauses in item.user_properties:
            if name == "clauses":
                for clause in clauses:
                    known = item.config.shown_clauses.get(clause, True)
                    item.config.shown_clauses[clause] = known and report.passed
    return report


def pytest_sessionfinish(session):
    """A clause is shown when every test that cites it passed, from its setup to its end."""
    config = session.config
    if listing := config.getoption("--rules-to"):
        if config.getoption("--collect-only"):
            properties = [each for item in session.items for each in item.user_properties]
            shown = {clause for name, cited in properties if name == "clauses" for clause in cited}
        else:
            shown = {clause for clause, passed in config.shown_clauses.items() if passed}
        with open(listing, "w", encoding="utf-8") as file:
            file.write("\n".join(sorted(shown)))
