"""The search index is rebuilt on servers while materials change and others follow them (F17)."""

import os
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from engines import clusters
from psycopg import ProgrammingError

from content_hub.finding import Finding
from content_hub.materials import Materials
from content_hub.tags import Taxonomy
from content_hub.types import Types
from kernel.errors import Overloaded
from stores.contract.search import document, found
from stores.elastic.search import ElasticSearch
from stores.postgres.search import PostgresSearch
from tests.sizes import sized

pytestmark = pytest.mark.timeout(600)
REBUILDS, MADE = sized(3, 30), 20
ROOT = Path(__file__).parents[2]


@pytest.fixture(
    params=[
        pytest.param("elasticsearch_url", marks=pytest.mark.elastic),
        pytest.param("opensearch_url", marks=pytest.mark.elastic),
        pytest.param("postgres_url", marks=pytest.mark.postgres),
    ]
)
def index(request):
    url = request.getfixturevalue(request.param)
    if request.param == "postgres_url":
        kept = PostgresSearch(url, owner=lambda: "the tests")
        kept.prepare()
        yield kept
        kept.close()
        return
    with clusters.own(url) as cluster:
        kept = ElasticSearch(cluster)
        kept.prepare()
        yield kept


@pytest.fixture
def house(records, changes, clock):
    taxonomy = Taxonomy(records, changes)
    materials = Materials(records, changes, Types(records, changes), taxonomy, clock)

    def finding(index):
        return Finding(index, records, materials, changes, taxonomy)

    return materials, finding


class Handed:
    """The same index, and what somebody else does at a certain moment."""

    def __init__(self, index, *, meanwhile=lambda: None, before_a_put=lambda: None):
        self._index, self._meanwhile, self._before = index, meanwhile, before_a_put

    def __getattr__(self, name):
        return getattr(self._index, name)

    @contextmanager
    def beside(self):
        with self._index.beside() as fresh:
            yield fresh
            self._meanwhile()

    def put(self, *told, **how):
        self._before()
        self._index.put(*told, **how)


def follow(finding):
    while finding.follow(50):
        pass


@contextmanager
def again_and_again(acts):
    """Each in a thread of its own, until the block is over."""
    over = threading.Event()

    def insist(act):
        while not over.wait(0.01):
            with suppress(Overloaded):  # as a worker does: again
                act()

    threads = [threading.Thread(target=insist, args=(act,)) for act in acts]
    for each in threads:
        each.start()
    try:
        yield
    finally:
        over.set()
        for each in threads:
            each.join()


def test_f17_who_read_in_the_old_index_and_writes_in_the_new_one_leaves_nothing_out(index, house):
    """Another process has followed one edit and has read the next, and puts it when the rebuilt
    index, which knows neither, has just taken the place of the one that knew the first."""
    materials, finding = house
    made = [materials.create("script", f"养老话术{n}", by="li").id for n in range(3)]
    follow(finding(index))
    read, go = threading.Event(), threading.Event()

    def wait():
        read.set()
        assert go.wait(60)

    slow = threading.Thread(target=finding(Handed(index, before_a_put=wait)).follow)

    def meanwhile():
        materials.edit(made[0], title="改过的话术", by="li")
        follow(finding(index))
        materials.edit(made[1], title="又改的话术", by="li")
        slow.start()
        assert read.wait(60)

    finding(Handed(index, meanwhile=meanwhile)).rebuild()
    go.set()
    slow.join(60)
    follow(finding(index))
    assert finding(index).search("改过的").total == 1
    assert finding(index).search("又改的").total == 1
    assert list(finding(index).flaws()) == []


def test_f17_rebuilt_again_and_again_under_editors_and_readers_it_never_answers_less(index, house):
    """And in the end each material is found by what it is called, and by nothing that it was."""
    materials, finding = house
    made = [materials.create("script", f"养老话术 第0版{n}", by="li").id for n in range(MADE)]
    follow(finding(index))
    seen, titles, turns = [], {}, count(1)

    def edit():
        turn = next(turns)
        titles[made[turn % MADE]] = title = f"养老话术 改{turn}次"
        materials.edit(made[turn % MADE], title=title, by="li")

    acts = [
        edit, lambda: finding(index).follow(50),
        lambda: seen.append(finding(index).search("养老").total),
    ]  # fmt: skip
    with again_and_again(acts):
        for _ in range(REBUILDS):
            finding(index).rebuild()
    follow(finding(index))
    assert len(seen) > REBUILDS
    assert set(seen) == {MADE}
    for id_, title in titles.items():
        assert id_ in {each.id for each in finding(index).search(title.split()[1]).items}
    assert finding(index).search("第0版").total == MADE - len(titles)
    assert list(finding(index).flaws()) == []


@pytest.fixture
def where(request, index):
    """What another process needs to open the same index; and what lies there."""
    if isinstance(index, PostgresSearch):
        database = index._database
        address, prefix = database._engine.url.render_as_string(hide_password=False), ""

        def lying():
            with database.glance() as run:
                told = "select tablename from pg_tables where tablename like 'documents%'"
                return {name for (name,) in run.execute(told)}
    else:
        at = index._cluster.at
        address, prefix = ",".join(at.nodes), at.prefix

        def lying():
            return set(index._cluster.client().indices.get(index=f"{prefix}-*"))

    return address, prefix, lying


def killed(address, prefix):
    """Somebody rebuilds, and is killed in the middle of it."""
    told = [sys.executable, "-m", "engines.rebuilder", address, prefix]
    path = os.pathsep.join(map(str, (ROOT, ROOT / "tests")))
    ended = subprocess.run(told, cwd=ROOT, env=os.environ | {"PYTHONPATH": path}, check=False)
    assert ended.returncode == -signal.SIGKILL


def ago(**how):
    return datetime.now(UTC) - timedelta(**how)


def test_f17_what_a_rebuild_that_was_killed_left_is_swept_a_day_later(index, where, house):
    """By whoever passes; the index that answers stays, whatever its age."""
    *address, lying = where
    materials, finding = house
    materials.create("script", "养老话术", by="li")
    follow(finding(index))
    there = lying()
    killed(*address)
    assert len(lying() - there) == 1
    assert finding(index).sweep(datetime.now(UTC)) == 0
    assert len(lying() - there) == 1
    later = datetime.now(UTC) + timedelta(days=1, minutes=1)
    assert [finding(index).sweep(later) for _ in range(2)] == [1, 0]
    assert lying() == there
    finding(index).rebuild()
    assert finding(index).sweep(later) == 0
    assert finding(index).search("养老").total == 1


def test_f17_a_rebuild_that_somebody_sweeps_fails_and_takes_no_place(index, where):
    """It would have to last for a day: then it is told, and the old index goes on answering."""
    index.put(1, [document("a", "养老")], mark="1")
    with index.beside() as fresh:
        fresh.put(2, [document("b", "养老")], mark="2")
        assert index.sweep(ago(days=1)) == 0
    assert found(index, "养老") == ["b"]
    there = where[-1]()
    with ExitStack() as late:
        late.enter_context(pytest.raises((Overloaded, ProgrammingError)))
        fresh = late.enter_context(index.beside())
        assert index.sweep(ago(minutes=-1)) == 1
        with pytest.raises((Overloaded, ProgrammingError)):
            fresh.put(3, [document("c", "养老")], mark="3")
    assert (found(index, "养老"), index.seen()) == (["b"], "2")
    assert where[-1]() == there
