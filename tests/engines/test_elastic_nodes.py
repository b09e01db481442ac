"""Three Elasticsearch nodes: the contracts of both stores, and then one node is killed while events
and documents are written."""

import threading
import time

import pytest
from engines import clusters
from engines.questions import answered
from servers import cached, running

from kernel.errors import Overloaded
from stores.contract.history import ANNA, HistoryContract, event, ids, label
from stores.contract.search import SearchContract, document
from stores.elastic.history import ElasticHistory
from stores.elastic.search import ElasticSearch
from tests.conftest import missing

pytestmark = [
    pytest.mark.elastic, pytest.mark.timeout(600),
]  # fmt: skip
BATCHES, EACH, KILLED = 30, 20, 8


@pytest.fixture(scope="module")
def nodes():
    """Running, and of one mind."""
    try:
        started = running.elasticsearch_nodes(3)
    except cached.Missing as why:
        missing(str(why))
    try:
        for node in started:
            node.start()
        for node in started:
            node.ready()
        yield started
    finally:
        for node in started:
            node.remove()


@pytest.fixture
def cluster(nodes):
    with clusters.own(",".join(node.url for node in nodes)) as cluster:
        yield cluster


class TestHistory(HistoryContract):
    @pytest.fixture
    def history(self, cluster):
        kept = ElasticHistory(cluster, label=label)
        kept.prepare()
        return kept


class TestSearch(SearchContract):
    @pytest.fixture
    def index(self, cluster):
        kept = ElasticSearch(cluster)
        kept.prepare()
        return kept

    def test_all_questions_of_the_shared_table_are_answered_right(self, index):
        assert answered(index) == (25, [])


def insisted(act):
    """As a worker does: again until it is done; for how many seconds it was not."""
    begun = time.monotonic()
    while True:
        try:
            act()
        except Overloaded:
            threading.Event().wait(0.2)
        else:
            return time.monotonic() - begun


def test_a_node_killed_under_load_loses_nothing_and_doubles_nothing(nodes, cluster):
    """F15 with a node of three: what was acknowledged is there once, whoever held it."""
    told = [[event(f"{n:02}.{each:02}") for each in range(EACH)] for n in range(BATCHES)]
    health = cluster.client().cluster.health(wait_for_nodes="3", timeout="60s")
    assert health["number_of_nodes"] == 3
    history, index = ElasticHistory(cluster), ElasticSearch(cluster)
    history.prepare()
    index.prepare()
    history.put(told[0], upto=1)
    cluster.client().cluster.health(wait_for_status="green", timeout="60s")
    waits = []
    for n, batch in enumerate(told[1:], 2):
        if n == KILLED:
            nodes[0].kill()
        waits.append(insisted(lambda b=batch, n=n: history.put(b, upto=n)))
        shelf = [document(f"d{n}", f"养老规划{n}")]
        waits.append(insisted(lambda n=n, s=shelf: index.put(n, s, mark=str(n))))
    assert sorted(ids(history.of([ANNA]))) == [e.id for batch in told for e in batch]
    followed = [each.id for _, each in history.after(0, 10_000)]
    assert len(followed) == len(set(followed)) == BATCHES * EACH
    assert (history.watermark(), index.seen()) == (BATCHES, str(BATCHES))
    assert index.search("养老").total == BATCHES - 1
    assert list(history.flaws()) == []
    assert max(waits) < 60
    print(f"the longest wait of a writer: {max(waits):.1f} s")
