"""The history on real clusters passes the contract, and answers like the embedded one."""

from contextlib import suppress
from datetime import date, timedelta
from threading import Thread
from time import monotonic

import pytest
from elastic_transport import TransportError
from elasticsearch import ApiError, BadRequestError
from engines import clusters, parity
from servers.proxy import Fault, Proxy

from kernel.errors import Overloaded
from kernel.events import Handle, Refusal
from stores.contract.history import ANNA, BERT, MONDAY, HistoryContract, event, ids, label
from stores.elastic.history import ElasticHistory
from stores.elastic.history.shapes import EVENTS_SHAPE
from stores.elastic.search import ElasticSearch
from tests.sizes import SOAK, sized

pytestmark = pytest.mark.elastic
LONG_AGO = MONDAY - timedelta(days=40)


@pytest.fixture
def cluster(elasticsearch_url):
    with clusters.own(elasticsearch_url) as cluster:
        yield cluster


@pytest.fixture
def history(cluster):
    kept = ElasticHistory(cluster, label=label)
    kept.prepare()
    return kept


class ElasticContract(HistoryContract):
    """What every product must do besides."""

    @pytest.mark.timeout(sized(600, 7_200))
    def test_the_embedded_history_and_the_cluster_answer_the_same(self, history, tmp_path):
        parity.answers_are_the_same(history, tmp_path)

    def test_an_index_takes_no_field_that_its_mapping_does_not_name(self, cluster, history):
        """Whatever of ours it is; and each says in which shape it is."""
        history.put([event("1")], upto=1)
        ElasticSearch(cluster).prepare()
        client = cluster.client()
        told = client.indices.get_mapping(index=f"{cluster.at.prefix}-*")
        assert len(told) == 4
        for index, each in told.items():
            assert each["mappings"]["_meta"]["shape"] >= 1
            with pytest.raises(BadRequestError, match="strict_dynamic_mapping"):
                client.index(index=index, id="x", document={"unheard_of": 1})

    def test_what_the_cluster_does_not_let_go_of_is_not_told_as_gone(self, cluster, history):
        """F16 the other way round: a word that was not taken was not said."""
        told = Refusal(at=MONDAY, door="segment", reason="unknown", again="{}")
        history.put([event("1"), told], upto=1)
        (number, _), later = history.refused()[0], MONDAY.date() + timedelta(days=9)
        blocks(cluster, True)
        with pytest.raises(Overloaded):
            history.let_go("viewed", later, 9)
        with pytest.raises(Overloaded):
            history.settle([number])
        blocks(cluster, False)
        assert (list(history.waiting().values()), history.total([ANNA])) == ([1], 1)
        assert history.let_go("viewed", later, 9) == [ANNA]
        history.settle([number])
        assert (history.waiting(), history.total([ANNA])) == ({}, 0)

    def test_a_month_of_an_older_shape_is_made_anew(self, cluster, history):
        """By `juzhen migrate`, killed once in the middle: who folds waits, who asks is answered."""
        told = [event(f"{n}", BERT if n % 3 else None, rep="labelled") for n in range(5)]
        history.put([*told, event("o", at=MONDAY - timedelta(days=40))], upto=1)
        acts = acts_of(history)
        assert len(aged(cluster)) == 2
        assert history.examine().fit is False
        with pytest.raises(Overloaded):
            ElasticHistory(cluster, label=label).put([event("new")], upto=2)
        assert (history.total([BERT]), history.watermark()) == (3, 1)
        with Proxy(cluster.at.nodes[0]) as proxy:
            proxy.faults = [Fault(bulk, times=1), Fault(bulk, status=500)]
            at = cluster.at._replace(nodes=(proxy.url,))
            with clusters.connected(at) as other, pytest.raises(Overloaded):
                ElasticHistory(other, label=label).prepare()
        assert (history.examine().fit, history.total([BERT])) == (False, 3)
        assert history.prepare().count("made anew") == 1
        assert (history.prepare(), history.examine().fit) == ("", True)
        there = cluster.client().indices.get(index=f"{cluster.at.prefix}-history-2*")
        assert [each[-3:] for each in there] == [f"-v{EVENTS_SHAPE}"] * 2
        orders = [told["settings"]["index"]["sort"]["field"] for told in there.values()]
        assert orders == [["own", "kind", "at"]] * 2
        assert acts_of(history) == acts
        assert ids(told for _, told in history.after(0, 9)) == ["0", "1", "2", "3", "4", "o"]
        assert history.put([event("0"), event("new")], upto=2) == 1
        assert list(history.flaws()) == []

    def test_more_people_than_a_page_holds_are_counted_each_once(self, history):
        """Over two months, each of which lies in an index of its own."""
        people = [Handle("openid", "acc_1", f"o{n:05}") for n in range(10_050)]
        told = [event(f"{n}", each) for n, each in enumerate(people)]
        told += [event(f"x{n}", each, at=LONG_AGO) for n, each in enumerate(people[9_900:])]
        for upto, begin in enumerate(range(0, len(told), 2_000), 1):
            history.put(told[begin : begin + 2_000], upto=upto)
        counted = [each[:2] for each in history.often("viewed")]
        assert counted == [(str(each), 1 + (n >= 9_900)) for n, each in enumerate(people)]
        some = people[9_000:9_010]
        hers = [who for who, *_ in history.often("viewed", handles=some, until=MONDAY.date())]
        assert hers == list(map(str, some))

    def test_labels_are_worked_out_anew(self, cluster, history):
        history.put([event("1", BERT), event("2", rep="labelled")], upto=1)
        other = ElasticHistory(cluster, label=lambda said: said.handle[:6])
        assert {told for *_, told in acts_of(other)} == {"", "a label"}
        assert other.remake() == 2
        assert {told for *_, told in acts_of(other)} == {"openid"}
        assert list(other.flaws()) == []


def blocks(cluster, blocked):
    """Whether its indices take no writes."""
    told = {"index.blocks.write": blocked}
    cluster.client().indices.put_settings(index=f"{cluster.at.prefix}-*", settings=told)


def bulk(_, path):
    return "_bulk" in path


def acts_of(history):
    """Who viewed anything around that Monday, and the labels."""
    acts = history.acts(["viewed"], since=date(2026, 1, 1), until=MONDAY.date())
    names = {0: "", **acts.names(acts.who.tolist())}
    labels = {0: "", **acts.labels(acts.label.tolist())}
    rows = zip(acts.who.tolist(), acts.at.tolist(), acts.label.tolist(), strict=True)
    return sorted((names[who], at, labels[said]) for who, at, said in rows)


def aged(cluster):
    """Bring the months into the shape that they had first; the names of their indices."""
    client, made = cluster.client(), []
    for index, told in client.indices.get(index=f"{cluster.at.prefix}-history-2*").items():
        mapping, old = told["mappings"], index.replace(f"-v{EVENTS_SHAPE}", "-v1")
        mapping["properties"] = {
            name: each for name, each in mapping["properties"].items() if name in _FIRST
        }
        mapping["_meta"]["shape"] = 1
        client.indices.create(index=old, mappings=mapping)
        for hit in client.search(index=index, size=100)["hits"]["hits"]:
            source = {name: value for name, value in hit["_source"].items() if name in _FIRST}
            versions = {"version": source["seq"], "version_type": "external_gte"}
            client.index(index=old, id=hit["_id"], document=source, refresh=True, **versions)
        client.indices.delete(index=index)
        actions = [{"add": {"index": old, "alias": alias}} for alias in told["aliases"]]
        client.indices.update_aliases(actions=actions)
        made.append(old)
    return made


_FIRST = {
    "seq", "at", "id", "account", "kind", "material", "day", "handles", "packed"
}  # fmt: skip


class TestElasticsearch(ElasticContract):
    pass


class TestOpenSearch(ElasticContract):
    @pytest.fixture
    def cluster(self, opensearch_url):
        with clusters.own(opensearch_url) as cluster:
            yield cluster


class TestOneAfterTheOther:
    """What a cluster without transactions must make up for by the order of its writes."""

    @pytest.fixture
    def proxy(self, elasticsearch_url):
        with Proxy(elasticsearch_url) as between:
            yield between

    @pytest.fixture
    def through(self, cluster, proxy):
        """The same history, with a network between."""
        at = cluster.at._replace(nodes=(proxy.url,))
        with clusters.connected(at, pause=lambda _: None) as between:
            yield ElasticHistory(between)

    def test_a_put_that_broke_off_anywhere_is_completed_by_the_next(self, history, through, proxy):
        """F35: the n-th request is done and its answer lost, then refused, for every n."""
        refused = Refusal(at=MONDAY, door="segment", reason="unknown")
        history.put([event("0"), event("o", at=MONDAY - timedelta(days=40))], upto=1)
        told, n = ["0", "o"], 0
        for lost in (True, False):
            for n in range(1, 40, 1 if lost else 4):
                proxy.faults = [Fault(times=n - 1), Fault(lost=lost, status=0 if lost else 500)]
                batch = [event(f"{lost}{n}a"), refused, event(f"{lost}{n}b"), event(told[-1])]
                upto = history.watermark() + 1
                try:
                    through.put(batch, upto=upto)
                except Overloaded:
                    proxy.faults = []
                    assert through.put(batch, upto=upto) <= 2
                    told += [f"{lost}{n}a", f"{lost}{n}b"]
                else:
                    break
            told += [f"{lost}{n}a", f"{lost}{n}b"]
            assert n > 8
        followed = history.after(0, 1_000)
        assert ids(each for _, each in followed) == told
        assert len({seq for seq, _ in followed}) == len(told)
        assert [count for _, count in history.refusals()] == [(len(told) - 2) // 2]
        assert list(history.flaws()) == []

    def test_a_first_migration_that_was_killed_anywhere_leaves_no_index_behind(self, cluster):
        """Whatever it asked is done and nobody is told, and nothing is asked after it."""
        client, left = cluster.client(), f"{cluster.at.prefix}-*"
        for n in range(1, 20):
            with Proxy(cluster.at.nodes[0]) as proxy:
                at = cluster.at._replace(nodes=(proxy.url,))
                proxy.faults = [Fault(times=n - 1), Fault(lost=True, times=1), Fault(status=500)]
                with clusters.connected(at) as dying:
                    try:
                        done = ElasticHistory(dying).prepare()
                    except (Overloaded, ApiError, TransportError):
                        done = ""
            ElasticHistory(cluster).prepare()
            [(index, told)] = client.indices.get(index=left).items()
            assert list(told["aliases"]) == [f"{cluster.at.prefix}-history-state"]
            if done:
                break
            client.indices.delete(index=index)
        assert n > 3

    def test_two_who_fold_the_same_journal_tell_each_event_once(self, cluster, history):
        batches = [[event(f"{n}{letter}") for letter in "abcde"] for n in range(8)]
        seen = []

        def fold(kept):
            for upto, batch in enumerate(batches, 1):
                while kept.watermark() < upto:
                    with suppress(Overloaded):
                        kept.put(batch, upto=upto)

        with clusters.connected(cluster.at) as other:
            folds = [Thread(target=fold, args=(each,)) for each in (history, ElasticHistory(other))]
            for each in folds:
                each.start()
            mark, going = 0, True
            while going:
                going = any(each.is_alive() for each in folds)  # asked before the last look
                try:
                    while stretch := history.after(mark, 7):
                        seen += [told.id for _, told in stretch]
                        mark = stretch[-1][0]
                except Overloaded:  # the index of a month is just being made
                    going = True
        assert sorted(seen) == sorted(told.id for batch in batches for told in batch)
        assert history.total([ANNA]) == 40

    def test_an_event_that_the_cluster_refuses_is_kept_and_told(self, history):
        history.put([event("x" * 40_000), event("1")], upto=1)
        assert ids(told for _, told in history.after(0, 9)) == ["1"]
        (flaw,) = history.flaws()
        assert "refused an event" in flaw
        assert history.put([event("x" * 40_000)], upto=2) == 0

    def test_days_that_nobody_remembers_are_dropped_whole(self, cluster, history):
        for days in range(0, 13, 4):
            told = event(f"{days}", received=MONDAY + timedelta(days=days))
            history.put([told], upto=days + 1)
        heard = cluster.client().indices.get(index=f"{cluster.at.prefix}-history-heard-*")
        assert len(heard) == 2

    def test_the_bytes_of_erased_events_leave_the_disk(self, cluster, history):
        """In CI, that they are in no document; in a soak, which waits, that segments are clean."""
        history.put([event("1"), event("2", BERT)], upto=1)
        history.forget([ANNA])
        indices, index = cluster.client().indices, f"{cluster.at.prefix}-history-2026.03"
        until = monotonic() + 90
        while SOAK and deleted(indices, index):
            assert monotonic() < until
            history.scrub()
        assert cluster.client().count(index=index)["count"] == 1
        assert ids(told for _, told in history.after(0, 9)) == ["2"]


def deleted(indices, index):
    return indices.stats(index=index)["_all"]["primaries"]["docs"]["deleted"]
