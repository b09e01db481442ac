"""Stores on servers of their own: what the start and the doctor say of them, and never say."""

import os
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import orjson
import pytest
from click.testing import CliRunner
from engines import clusters
from servers.proxy import Fault, Proxy
from servers.relay import Relay
from servers.running import KEY, SECRET

from juzhen.cli import juzhen
from juzhen.settings import BadSetting, load
from juzhen.wiring import assemble
from kernel.secret import Secret
from stores.s3 import S3, Place

pytestmark = [pytest.mark.elastic, pytest.mark.s3]
NOBODY = "127.0.0.1:9"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A command of a company whose stores are placed by keywords."""
    monkeypatch.setenv("JUZHEN_HOME", str(tmp_path))

    def run(*words, **stores):
        told = {f"JUZHEN_STORES_{name.upper()}": url for name, url in stores.items()}
        return CliRunner().invoke(juzhen, words, env=told)

    assert run("init").exit_code == 0
    return run


def doctor(run, **stores):
    rows = orjson.loads(run("doctor", "--json", **stores).stdout)
    return {row["what"]: row for row in rows}


def host(url):
    return url.removeprefix("http://")


@pytest.fixture
def search(elasticsearch_url):
    with clusters.own(elasticsearch_url) as cluster:
        yield f"elastic+http://{host(elasticsearch_url)}/{cluster.at.prefix}"


def indices(search):
    address = clusters.place(search)
    with clusters.connected(address) as cluster:
        return list(cluster.client().indices.get(index=f"{address.prefix}*"))


def test_an_index_is_made_by_migrating_and_by_nothing_else(run, search):
    with pytest.raises(BadSetting, match="juzhen migrate"):
        raise run("check", search=search).exception
    told = doctor(run, search=search)["JUZHEN_STORES_SEARCH"]
    assert (told[""], told["do"]) == ("✗", "Run: juzhen migrate")
    assert indices(search) == []

    assert "made" in run("migrate", search=search).stdout
    assert "made" not in run("migrate", search=search).stdout

    assert doctor(run, search=search)["JUZHEN_STORES_SEARCH"][""] == "✓"
    assert run("check", search=search).exit_code == 0
    assert len(indices(search)) == 1


def test_another_companys_index_is_left_alone(run, search, tmp_path, monkeypatch):
    assert run("migrate", search=search).exit_code == 0
    monkeypatch.setenv("JUZHEN_HOME", str(tmp_path / "other"))
    assert run("init").exit_code == 0
    told = doctor(run, search=search)["JUZHEN_STORES_SEARCH"]
    assert "another company" in told["found"]
    assert "prefix of its own" in told["do"]
    for command in ("check", "migrate"):
        with pytest.raises(BadSetting, match="another company"):
            raise run(command, search=search).exception
    assert len(indices(search)) == 1


def test_changed_keys_leave_the_companys_own_index_its_own(run, search, tmp_path):
    assert run("migrate", search=search).exit_code == 0
    file = tmp_path / "juzhen.toml"
    old = next(line for line in file.read_text().splitlines() if line.startswith("links"))
    file.write_text(file.read_text().replace(old, f'links = "{"ab" * 32}"'))
    assert doctor(run, search=search)["JUZHEN_STORES_SEARCH"][""] == "✓"
    assert "made" not in run("migrate", search=search).stdout


def test_a_server_that_is_down_stops_no_start_and_is_named(run):
    down = {"search": f"elastic+http://{NOBODY}/anhe", "files": f"s3+http://k:s@{NOBODY}/b"}
    told = doctor(run, **down)
    for setting in ("JUZHEN_STORES_SEARCH", "JUZHEN_STORES_FILES"):
        assert told[setting][""] == "✗"
        assert "does not answer" in told[setting]["found"]
    assert run("token", "list", **down).exit_code == 0


@pytest.mark.parametrize("what", ["search", "files"])
def test_an_address_that_cannot_be_read_is_refused_without_being_shown(run, what):
    with pytest.raises(BadSetting) as refused:
        raise run("check", **{what: "ftp://user:a-password@host/x"}).exception
    assert f"JUZHEN_STORES_{what.upper()}" in str(refused.value)
    assert "a-password" not in str(refused.value)


def test_a_bucket_is_looked_at_and_never_made(run, s3_url):
    address = f"s3+http://{KEY}:{SECRET}@{host(s3_url)}/not-there"
    told = doctor(run, files=address)["JUZHEN_STORES_FILES"]
    assert "NoSuchBucket" in told["found"]
    assert SECRET not in str(told)
    with pytest.raises(BadSetting, match="Make the bucket"):
        raise run("check", files=address).exception
    S3(Place(s3_url, "there", "", KEY, Secret(SECRET)))._client().create_bucket(Bucket="there")
    there = address.replace("not-there", "there/anhe")
    assert doctor(run, files=there)["JUZHEN_STORES_FILES"][""] == "✓"
    assert run("check", files=there).exit_code == 0


class Elsewhere(ThreadingHTTPServer):
    """Something that speaks HTTP and is no cluster; it says one thing to everybody."""

    def __init__(self, status, kind, says):
        super().__init__(("127.0.0.1", 0), Saying)
        self.told = status, kind, says

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return f"127.0.0.1:{self.server_port}"

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class Saying(BaseHTTPRequestHandler):
    def do_GET(self):
        status, kind, says = self.server.told
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(says)))
        self.end_headers()
        self.wfile.write(says)

    def log_message(self, *_):
        """Says nothing."""


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ((200, "text/html", b"<h1>Welcome</h1>"), "is neither Elasticsearch nor OpenSearch"),
        ((200, "application/octet-stream", b"\x00"), "is neither Elasticsearch nor OpenSearch"),
        ((200, "application/json", b"{"), "is neither Elasticsearch nor OpenSearch"),
        ((404, "text/html", b"not here"), "is neither Elasticsearch nor OpenSearch"),
        ((200, "application/json", b'{"version": {"number": "9.5.3"}}'), "is neither"),
        ((403, "application/json", b"{}"), "refuses us (403)"),
    ],
    ids=["a page", "bytes", "broken", "nothing there", "another program", "not for us"],
)
def test_what_is_no_cluster_is_told_by_name_and_stops_the_start(run, answer, found):
    with Elsewhere(*answer) as there:
        search = f"elastic+http://u:a-password@{there}/anhe"
        told = doctor(run, search=search)["JUZHEN_STORES_SEARCH"]
        assert told[""] == "✗"
        assert there in told["found"]
        assert found in told["found"]
        assert told["do"]
        with pytest.raises(BadSetting, match=found.replace("(", r"\(").replace(")", r"\)")) as stop:
            raise run("check", search=search).exception
    assert "a-password" not in f"{told}{stop.value}"


def test_what_is_neither_is_told_by_name(run, s3_url):
    """A real server of another kind; its own words are no JSON."""
    told = doctor(run, search=f"elastic+http://{host(s3_url)}/anhe")["JUZHEN_STORES_SEARCH"]
    assert told[""] == "✗"
    assert f"{host(s3_url)} is neither Elasticsearch nor OpenSearch" in told["found"]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_cluster_that_cannot_answer_now_stops_no_start(run, search, elasticsearch_url, status):
    """Nobody is master just now, or a balancer finds no node: it may pass."""
    assert run("migrate", search=search).exit_code == 0
    with Proxy(elasticsearch_url) as proxy:
        busy = search.replace(host(elasticsearch_url), host(proxy.url))
        for fits in (lambda _, path: path == "/", lambda _, path: "_mapping" in path):
            proxy.faults = [Fault(fits, status=status)]
            told = doctor(run, search=busy)["JUZHEN_STORES_SEARCH"]
            assert f"cannot answer now ({status})" in told["found"]
            start(search=busy)


def start(**stores):
    """What `serve` and `worker` begin with."""
    told = {f"JUZHEN_STORES_{name.upper()}": url for name, url in stores.items()}
    company = assemble(load({"JUZHEN_HOME": os.environ["JUZHEN_HOME"]} | told))
    try:
        company.require_ready()
    finally:
        company.close()


def test_wrong_credentials_are_told_and_never_shown(run, search, elasticsearch_url):
    with Proxy(elasticsearch_url, api_key="ApiKey the-right-key") as proxy:
        there = search.replace("http://", "http://:{}@").replace(
            host(elasticsearch_url), host(proxy.url)
        )
        wrong, right = there.format("a-wrong-key"), there.format("the-right-key")
        told = doctor(run, search=wrong)["JUZHEN_STORES_SEARCH"]
        assert "refuses us (401)" in told["found"]
        assert "API key" in told["do"]
        for command in ("check", "migrate"):
            with pytest.raises(BadSetting, match="refuses us") as refused:
                raise run(command, search=wrong).exception
            assert "wrong-key" not in f"{told}{refused.value}"
        assert indices(search) == []
        assert run("migrate", search=right).exit_code == 0
        assert doctor(run, search=right)["JUZHEN_STORES_SEARCH"][""] == "✓"


def older(answer):
    """The same server, calling itself a version that is too old."""
    return re.sub(rb'("number"\s*:\s*")9', rb"\g<1>7", answer)


@pytest.mark.parametrize("store", ["search", "history"])
def test_a_cluster_that_is_too_old_is_refused(run, search, elasticsearch_url, store):
    with Relay(urlsplit(elasticsearch_url).port, older) as relay:
        there = {store: search.replace(host(elasticsearch_url), f"127.0.0.1:{relay.port}")}
        told = doctor(run, **there)[f"JUZHEN_STORES_{store.upper()}"]
        assert "Elasticsearch 7" in told["found"]
        assert "take Elasticsearch 9 or newer" in told["do"]
        for command in ("check", "migrate"):
            with pytest.raises(BadSetting, match="too old"):
                raise run(command, **there).exception
    assert indices(search) == []


def test_a_cluster_is_asked_in_the_way_it_speaks(run, search):
    told = doctor(run, search=search.replace("http", "https"))["JUZHEN_STORES_SEARCH"]
    assert "does not speak TLS" in told["found"]
    assert "elastic+http://" in told["do"]


def test_a_bucket_without_rights_is_told(run, s3_url):
    """The key may read and not write; and one that nobody knows."""
    S3(Place(s3_url, "looked-at", "", KEY, Secret(SECRET)))._client().create_bucket(
        Bucket="looked-at"
    )
    with Proxy(s3_url) as proxy:
        proxy.faults = [Fault(lambda method, _: method == "PUT", status=403)]
        address = f"s3+http://{KEY}:{SECRET}@{host(proxy.url)}/looked-at/anhe"
        told = doctor(run, files=address)["JUZHEN_STORES_FILES"]
        assert "PutObject was refused" in told["found"]
        assert "rights to list, get, put and delete" in told["do"]
        with pytest.raises(BadSetting, match="PutObject was refused"):
            raise run("check", files=address).exception
    stranger = address.replace(host(proxy.url), host(s3_url)).replace(SECRET, "a-wrong-secret")
    told = doctor(run, files=stranger)["JUZHEN_STORES_FILES"]
    assert "SignatureDoesNotMatch" in told["found"]
    assert "The secret does not belong to the key" in told["do"]
    assert "a-wrong-secret" not in str(told)
