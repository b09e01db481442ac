"""Files on a real S3 server where the host names the bucket, as most companies' stores want it."""

import secrets
from urllib.parse import urlsplit

import pytest
import urllib3
from servers import cached, running
from servers.proxy import Proxy

from stores.contract.files import FilesContract
from stores.s3 import S3, place
from tests.conftest import missing

pytestmark = pytest.mark.s3
DOMAIN = "s3.test"


@pytest.fixture(scope="module")
def server():
    try:
        started = running.s3(domain=DOMAIN)
    except cached.Missing as why:
        missing(str(why))
    try:
        yield started.start().ready()
    finally:
        started.remove()


@pytest.fixture
def network(server, monkeypatch):
    """The only way to that domain, for us and for browsers: it knows where its buckets are."""
    with Proxy(server.url) as between:
        monkeypatch.setenv("HTTP_PROXY", between.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield between


@pytest.fixture
def files(server, network):
    host, bucket = f"{DOMAIN}:{urlsplit(server.url).port}", f"t{secrets.token_hex(8)}"
    credentials = f"{running.KEY}:{running.SECRET}"
    told = f"s3+http://{credentials}@{host}/{bucket}/anhe?style=host&public=http://{host}"
    kept = S3(place(told), part=5 << 20)
    kept._client().create_bucket(Bucket=bucket)
    return kept


class TestByHost(FilesContract):
    pass


def test_the_hosts_name_is_the_buckets_for_us_and_for_browsers(files, network):
    key = files.put(b"abc", "text/plain")
    large = files.put(bytes(6 << 20), "video/mp4")
    assert set(files.keys()) == {key, large}
    hosts = {urlsplit(path).netloc for _, path in network.seen}
    assert hosts == {urlsplit(files.origin).netloc}
    browser = urllib3.ProxyManager(network.url)
    told = files.presign(key, seconds=60)
    assert told.startswith(f"{files.origin}/anhe/sha256-")
    assert browser.request("GET", told).data == b"abc"
    ticket = files.ticket(key, "text/plain", 3, seconds=60)
    assert browser.request("PUT", ticket.url, body=b"abc", headers=ticket.headers).status == 200
    form = files.form("upl_1", "text/plain", (1, 9), seconds=60)
    assert form.url.startswith(files.origin)
    posted = form.fields | {"file": ("a.txt", b"abd", "text/plain")}
    assert browser.request("POST", form.url, fields=posted, redirect=False).status == 204
    assert files.size(files.settle("upl_1", "text/plain")) == 3
    assert files.examine().fit
