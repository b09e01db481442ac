"""The search index is rebuilt on servers while materials change and others follow them (F17)."""

import threading
from contextlib import contextmanager, suppress
from itertools import count

import pytest
from engines import clusters

from content_hub.finding import Finding
from content_hub.materials import Materials
from content_hub.tags import Taxonomy
from content_hub.types import Types
from kernel.errors import Overloaded
from stores.elastic.search import ElasticSearch
from stores.postgres.search import PostgresSearch
from tests.sizes import sized

pytestmark = pytest.mark.timeout(600)
REBUILDS, MADE = sized(3, 30), 20


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
