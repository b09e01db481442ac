"""What happens to a search server, happens to a real one: stopped, short of room, read-only."""

import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from engines import clusters
from servers import cached, running

from content_hub.finding import Finding
from content_hub.materials import Materials
from content_hub.tags import Taxonomy
from content_hub.types import Types
from kernel.errors import Overloaded
from stores.contract.history import ANNA, event, ids
from stores.contract.search import document, found
from stores.elastic.cluster import Cluster
from stores.elastic.history import ElasticHistory
from stores.elastic.search import ElasticSearch
from tests.conftest import missing
from tests.sizes import sized

pytestmark = [pytest.mark.elastic, pytest.mark.timeout(600)]
WRITERS, BATCHES, EACH = 8, sized(6, 60), 20
LONG = "x" * 40_000
"""No index takes a token as long as this."""


@pytest.fixture(scope="module")
def node():
    """One of this module's own, with room for one write at a time and one that waits. It looks
    at its disk once, or it would let indices be written again that the tests have shut."""
    try:
        server = running.elasticsearch(
            thread_pool__write__size="1", thread_pool__write__queue_size="1",
            cluster__info__update__interval="24h",
        )  # fmt: skip
    except cached.Missing as why:
        missing(str(why))
    try:
        yield server.start().ready()
    finally:
        server.remove()


@pytest.fixture
def cluster(node):
    with clusters.own(node.url) as cluster:
        yield cluster


class Watched(Cluster):
    """Keeps what each bulk told the server, turn by turn, and what became of each item."""

    def __init__(self, *told, **how):
        super().__init__(*told, **how)
        self.bulks, self._here = [], threading.local()

    def bulk(self, items):
        self.bulks.append([])
        self._here.turns = self.bulks[-1]
        return super().bulk(items)

    def _sent(self, items):
        outcomes = super()._sent(items)
        names = [head["index"]["_id"] for head, _ in items]
        told = zip(names, (each.status for each in outcomes), strict=True)
        self._here.turns.append(list(told))
        return outcomes


@pytest.fixture
def index(cluster):
    kept = ElasticSearch(cluster)
    kept.prepare()
    return kept


def insisted(act):
    """As a worker does: again until it is done."""
    until = time.monotonic() + 120
    while True:
        try:
            return act()
        except Overloaded:
            assert time.monotonic() < until
            threading.Event().wait(0.1)


def turned_away(cluster):
    told = cluster.client().nodes.stats(metric="thread_pool")["nodes"].values()
    return sum(each["thread_pool"]["write"]["rejected"] for each in told)


def test_f16_a_storm_of_refusals_loses_nothing_and_keeps_what_is_no_document(cluster):
    """Eight writers before a queue of one and three shards, so that of one request some items are
    taken and some turned away; one document in twenty is refused for what it is."""
    before = turned_away(cluster)
    watched = Watched(cluster.at._replace(shards=3), owner=lambda: "the tests", patience=60.0)
    index = ElasticSearch(watched)
    index.prepare()

    def write(writer):
        for batch in range(BATCHES):
            names = [f"w{writer}.{batch}.{n}" for n in range(EACH)]
            shelf = [document(name, "养老规划") for name in names[1:]]
            broken = document(names[0], "养老", attributes=[LONG])
            insisted(lambda s=[broken, *shelf]: index.put(1, s))

    with ThreadPoolExecutor(WRITERS) as pool:
        for done in [pool.submit(write, n) for n in range(WRITERS)]:
            done.result()
    refused = turned_away(cluster) - before
    assert refused > 0
    assert index.search("养老").total == WRITERS * BATCHES * (EACH - 1)
    dead = {re.match(r"search: (\S+) was refused", flaw)[1] for flaw in index.flaws()}
    assert dead == {f"w{w}.{b}.0" for w in range(WRITERS) for b in range(BATCHES)}
    turns = [pair for bulk in watched.bulks for pair in pairwise(bulk)]
    for told, again in turns:  # only what was turned away is told again
        assert [name for name, _ in again] == [name for name, status in told if status == 429]
    assert any(len(again) < len(told) for told, again in turns)
    watched.close()
    print(f"{refused} writes were turned away for want of room")


def test_a_history_that_may_only_be_read_moves_no_mark_and_goes_on_afterwards(cluster):
    """What a cluster does to its indices when its disk is nearly full."""
    history = ElasticHistory(cluster)
    history.prepare()
    history.put([event("1")], upto=1)
    indices, month = cluster.client().indices, f"{cluster.at.prefix}-history-2026.03"
    full = {"index.blocks.read_only_allow_delete": True}
    indices.put_settings(index=month, settings=full)
    for _ in range(2):
        with pytest.raises(Overloaded):
            history.put([event("2"), event("3")], upto=2)
    assert (ids(history.of([ANNA])), history.watermark()) == (["1"], 1)
    indices.put_settings(index=month, settings=dict.fromkeys(full, False))
    insisted(lambda: history.put([event("2"), event("3")], upto=2))
    assert (sorted(ids(history.of([ANNA]))), history.watermark()) == (["1", "2", "3"], 2)
    followed = [each.id for _, each in history.after(0, 99)]
    assert sorted(followed) == ["1", "2", "3"]
    assert list(history.flaws()) == []


def test_f15_stopped_for_a_while_nothing_is_lost_and_people_still_find(
    node, cluster, index, records, changes, clock
):
    """While it is away materials change, the database answers with `degraded`, and the fold's
    writer waits; after its return the index is equal to the database within two minutes."""
    taxonomy = Taxonomy(records, changes)
    materials = Materials(records, changes, Types(records, changes), taxonomy, clock)
    finding = Finding(index, records, materials, changes, taxonomy)
    history = ElasticHistory(cluster)
    history.prepare()
    made = [materials.create("script", f"养老话术{n}", by="li").id for n in range(10)]
    follow(finding)
    assert finding.search("养老").total == 10
    alone = asked(finding)

    away, told = (
        threading.Event(),
        [[event(f"{n:02}{letter}") for letter in "abc"] for n in range(20)],
    )

    def fold():
        for upto, batch in enumerate(told, 1):
            if upto == 5:
                away.wait(60)
            insisted(lambda b=batch, u=upto: history.put(b, upto=u))

    with ThreadPoolExecutor(1) as pool:
        folding = pool.submit(fold)
        node.stop()
        away.set()
        for each in made[:3]:
            materials.edit(each, title="改过的养老话术", by="li")
        made += [materials.create("script", f"停机时的养老话术{n}", by="li").id for n in range(5)]
        with pytest.raises(Overloaded):
            finding.follow()
        seen = finding.search("养老")
        assert (seen.degraded, seen.total) == (True, 15)
        assert asked(finding) < max(2 * alone, 5.0)  # it does not wait for who is away
        node.start().ready()
        insisted(lambda: follow(finding))
        folding.result(120)
    assert list(finding.flaws()) == []
    assert (finding.search("养老").degraded, finding.search("改过的").total) == (False, 3)
    assert sorted(ids(history.of([ANNA]))) == [e.id for batch in told for e in batch]
    assert history.watermark() == 20
    assert found(index, "停机时") != []


def follow(finding):
    while finding.follow(50):
        pass


def asked(finding):
    """The slowest of a few answers, in seconds."""
    took = []
    for _ in range(5):
        begun = time.monotonic()
        finding.search("养老")
        took.append(time.monotonic() - begun)
    return max(took)
