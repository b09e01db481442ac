"""Search on real Elasticsearch and OpenSearch servers passes the contract and the 25 questions."""

import base64
import secrets
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from itertools import count

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from engines import clusters
from engines.questions import answered
from hypothesis import given, settings
from hypothesis import strategies as st
from servers.proxy import Fault, Proxy

from kernel.errors import Overloaded
from stores.contract.search import SearchContract, document, found
from stores.elastic.products import recognised
from stores.elastic.search import MAPPING, SHAPE, ElasticSearch
from stores.examined import Unfit
from stores.sqlite.search import SqliteSearch

pytestmark = pytest.mark.elastic


@pytest.fixture
def cluster(elasticsearch_url):
    with clusters.own(elasticsearch_url) as cluster:
        yield cluster


@pytest.fixture
def index(cluster):
    kept = ElasticSearch(cluster)
    kept.prepare()
    return kept


@pytest.fixture
def proxy(elasticsearch_url):
    with Proxy(elasticsearch_url) as between:
        yield between


@pytest.fixture
def through(cluster, proxy, index):
    """The same index, with a network between."""
    at = cluster.at._replace(nodes=(proxy.url,))
    with clusters.connected(at, pause=lambda _: None) as between:
        between.client()
        proxy.seen.clear()
        yield ElasticSearch(between)


@pytest.fixture(scope="module", params=["elasticsearch_url", "opensearch_url"])
def prepared(request):
    with clusters.own(request.getfixturevalue(request.param)) as cluster:
        kept = ElasticSearch(cluster)
        kept.prepare()
        yield kept


_SEQ = count(1)


class ElasticContract(SearchContract):
    def test_all_questions_of_the_shared_table_are_answered_right(self, index):
        asked, wrong = answered(index)
        assert wrong == []
        assert asked == 25


class TestElasticsearch(ElasticContract):
    pass


class TestOpenSearch(ElasticContract):
    @pytest.fixture
    def cluster(self, opensearch_url):
        with clusters.own(opensearch_url) as cluster:
            yield cluster


@settings(max_examples=40)
@given(st.lists(st.text(alphabet="养老保险金aB1 ，４Ｓ·カé_", max_size=14), min_size=1, max_size=6),
       st.text(alphabet="养老保险金aB1 ，４é", max_size=6))  # fmt: skip
def test_both_engines_find_the_same(prepared, tmp_path_factory, texts, question):
    """Whatever is written and whatever is asked."""
    embedded = SqliteSearch(tmp_path_factory.mktemp("s") / "search.db", durability="process")
    shelf = [document(f"d{n}", text, texts[n - 1]) for n, text in enumerate(texts)]
    embedded.put(1, shelf)
    prepared.drop(next(_SEQ), [f"d{n}" for n in range(6)])
    prepared.put(next(_SEQ), shelf)
    pieces = [question, *(text[:3] for text in texts)]
    for piece in pieces:
        assert set(found(prepared, piece)) == set(found(embedded, piece)), piece
    embedded.close()


class TestFaults:
    """What a cluster does to whoever writes to it."""

    def test_while_it_is_down_nothing_is_lost_and_the_caller_is_told(self, index, through, proxy):
        """F15: at a search and at a write; afterwards the same put completes."""
        index.put(1, [document("a", "养老")], mark="one")
        proxy.faults = [Fault(status=503)]
        for ask in (
            lambda: through.search("养老"),
            lambda: through.put(2, [document("b", "养老")], mark="two"),
            through.seen,
        ):
            with pytest.raises(Overloaded):
                ask()
        assert index.seen() == "one"
        proxy.faults = []
        through.put(2, [document("b", "养老")], mark="two")
        assert (found(index, "养老"), index.seen()) == (["a", "b"], "two")

    def test_what_was_turned_away_for_want_of_room_is_told_again(self, index, through, proxy):
        """F16: 429 for a whole request, twice."""
        proxy.faults = [Fault(lambda _, path: "_bulk" in path, status=429, times=2)]
        through.put(1, [document("a", "养老"), document("b", "养老")], mark="one")
        assert (found(index, "养老"), index.seen()) == (["a", "b"], "one")
        assert sum("_bulk" in path for _, path in proxy.seen) == 4  # the last is the mark

    def test_a_document_that_is_refused_for_what_it_is_stops_no_other(self, index):
        broken = document("b", "养老", attributes=["x" * 40_000])
        index.put(1, [document("a", "养老"), broken, document("c", "养老")], mark="one")
        assert found(index, "养老") == ["a", "c"]
        assert index.seen() == "one"
        (flaw,) = index.flaws()
        assert flaw.startswith("search: b was refused: ")
        index.put(2, [document("b", "养老")])
        assert list(index.flaws()) == []

    def test_an_index_that_takes_no_writes_moves_no_mark(self, cluster, index):
        index.put(1, [document("a", "养老")], mark="one")
        blocked = {"index.blocks.write": True}
        cluster.client().indices.put_settings(index=cluster.name("search"), settings=blocked)
        with pytest.raises(Overloaded):
            index.put(2, [document("b", "养老")], mark="two")
        assert (found(index, "养老"), index.seen()) == (["a"], "one")
        blocked = {"index.blocks.write": False}
        cluster.client().indices.put_settings(index=cluster.name("search"), settings=blocked)
        index.put(2, [document("b", "养老")], mark="two")
        assert index.seen() == "two"

    def test_an_index_that_was_taken_away_is_not_made_by_accident(self, cluster, index):
        clusters.empty(cluster)
        with pytest.raises(Overloaded):
            index.put(1, [document("a", "养老")], mark="one")
        with pytest.raises(Overloaded):
            index.search("养老")
        assert cluster.client().indices.get(index=f"{cluster.name('search')}*").body == {}

    def test_f17_a_rebuild_beside_live_writes_loses_nothing(self, cluster, index):
        """Readers see the old index until the new one is whole, then only the new one."""
        index.put(1, [document("a", "旧"), document("b", "养老")], mark="1")
        with index.beside() as fresh:
            fresh.put(1, [document("b", "养老")], mark="1")
            index.put(2, [document("c", "养老")], mark="2")  # the follower, meanwhile
            assert found(index, "旧") == ["a"]
            fresh.put(2, [document("c", "养老")], mark="2")
        assert found(index, "旧") == []
        assert (found(index, "养老"), index.seen()) == (["b", "c"], "2")
        assert len(cluster.client().indices.get(index=f"{cluster.at.prefix}-*")) == 1

    def test_a_rebuild_that_fails_leaves_the_old_index(self, cluster, index):
        index.put(1, [document("a", "养老")], mark="1")
        beside = index.beside()
        beside.__enter__().put(2, [document("b", "养老")], mark="2")
        assert not beside.__exit__(KeyError, KeyError(), None)
        assert (found(index, "养老"), index.seen()) == (["a"], "1")
        assert len(cluster.client().indices.get(index=f"{cluster.at.prefix}-*")) == 1

    def test_an_index_of_another_shape_is_made_anew(self, cluster, index):
        index.put(1, [document("a", "养老")], mark="1")
        cluster.swap("search", cluster.make("search", MAPPING, SHAPE - 1))
        assert index.examine().fit is False
        assert "made anew" in index.prepare()
        assert (index.seen(), index.examine().fit) == ("", True)


def certificate(folder):
    """One for 127.0.0.1, signed by itself."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(),
                                now - timedelta(days=1), now + timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    plain = serialization.NoEncryption()
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (folder / "key.pem").write_bytes(key.private_bytes(pem, form, plain))
    (folder / "ca.pem").write_bytes(made.public_bytes(pem))
    return str(folder / "ca.pem"), str(folder / "key.pem")


@pytest.mark.parametrize(
    ("spelled", "header"),
    [
        (":a-secret-key", "ApiKey a-secret-key"),
        ("li:a-secret-key", f"Basic {base64.b64encode(b'li:a-secret-key').decode()}"),
    ],
    ids=["an API key", "a user"],
)
def test_tls_and_credentials_are_asked_for_and_never_shown(
    elasticsearch_url, tmp_path, spelled, header
):
    """Through a proxy that checks both, as a cluster with security would."""
    tls, prefix = certificate(tmp_path), f"t{secrets.token_hex(8)}"
    with Proxy(elasticsearch_url, api_key=header, tls=tls) as proxy:
        host = proxy.url.removeprefix("https://")
        address = f"elastic+https://{spelled}@{host}/{prefix}?ca={tls[0]}"
        with clusters.connected(clusters.place(address)) as cluster:
            index = ElasticSearch(cluster)
            index.prepare()
            index.put(1, [document("a", "养老")])
            assert found(index, "养老") == ["a"]
            clusters.empty(cluster)
        for wrong, fit in ((address.replace("a-secret", "another"), False),
                           (address.split("?", maxsplit=1)[0], False)):  # fmt: skip
            with clusters.connected(clusters.place(wrong)) as cluster:
                told = ElasticSearch(cluster).examine()
                assert told.fit is fit
                assert "secret-key" not in repr((told, cluster.at))
                with pytest.raises(Overloaded) as refused:
                    ElasticSearch(cluster).search("养老")
                assert "secret-key" not in repr(refused.value)


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"version": {"number": "7.17.0"}, "tagline": "You Know, for Search"}, "too old"),
        ({"version": {"number": "1.3.0", "distribution": "opensearch"}}, "too old"),
        ({"version": {"number": "9.5.3"}, "name": "somebody"}, "neither"),
        ({"welcome": "to my page"}, "neither"),
        ({}, "neither"),
    ],
)  # fmt: skip
def test_what_is_too_old_or_something_else_is_told(told, says):
    with pytest.raises(Unfit, match=says):
        recognised(told, "http://host")


def test_the_product_decides_how_we_speak():
    tagline = "You Know, for Search"
    for told, name, plain in (
        ({"version": {"number": "9.5.3"}, "tagline": tagline}, "Elasticsearch", False),
        ({"version": {"number": "8.19.0"}, "tagline": tagline}, "Elasticsearch", True),
        ({"version": {"number": "3.8.0", "distribution": "opensearch"}}, "OpenSearch", True),
        ({"version": {"number": "2.19.0", "distribution": "opensearch"}}, "OpenSearch", True),
    ):
        product, version = recognised(told, "http://host")
        assert (product.name, product.plain) == (name, plain)
        assert version == told["version"]["number"]


@pytest.mark.parametrize(
    "address",
    ["http://host/anhe", "elastic+http://host", "elastic+http://host/An", "elastic+http:///anhe",
     "elastic+http://host/anhe?speed=9", "elastic+http://host/anhe?shards=many"],
)  # fmt: skip
def test_an_address_that_says_nothing_of_use_is_refused(address):
    with pytest.raises(ValueError, match=r"\w"):
        clusters.place(address)


def test_an_address_names_nodes_prefix_and_credentials():
    told = clusters.place("elastic+https://a:p%40ss@one,two:9300/anhe-1?replicas=2&shards=3")
    assert told.nodes == ("https://one:443", "https://two:9300")
    assert (told.prefix, told.user, told.secret.reveal()) == ("anhe-1", "a", "p@ss")
    assert (told.shards, told.replicas) == (3, "2")
