"""The SDKs that companies have already, unmodified: the same six acts, the same events.

She signs in on her device with phone and name; reads; looks at a page and a screen; joins a group;
and turns out to be somebody that was seen before. 神策 says the first and the last by login, set
and bind.
"""

import contextlib
import fcntl
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import orjson
import pytest

from kernel.events import Refusal, unpack_any
from stores.sqlite.journal import SqliteJournal

HERE = Path(__file__).parent
PHONE = "13800138000"
TRAITS = {"phone": PHONE, "name": "林秀兰"}
READ = {"material": "mat_1"}
NODE = (
    "analytics-node", "analytics-next", "rudder-sdk-node", "sa-sdk-node", "sa-sdk-javascript",
    "sa-sdk-miniprogram",
)  # fmt: skip


def segment_family(client, user):
    client.identify(user, TRAITS, anonymous_id=f"device-{user}")
    client.track(user, "Material Read", READ)
    client.page(user, "Shelf", "Home")
    client.screen(user, "Shelf", "Home")
    client.group(user, "g1", {"name": "VIP"})
    client.alias(f"before-{user}", user)
    client.flush()
    client.join()


def analytics_python(url, user, **more):
    from segment.analytics.client import Client

    segment_family(Client("wk", host=url, on_error=failed, **more), user)


def analytics_python_gzip(url, user):
    analytics_python(url, user, gzip=True)


def rudder_sdk_python(url, user, **more):
    from rudderstack.analytics.client import Client

    segment_family(Client("wk", host=url, on_error=failed, **more), user)


def failed(wrong, _):
    pytest.fail(f"the SDK was refused: {wrong}")


def sensors(consumer):
    def drive(url, user):
        import sensorsanalytics

        path = "/debug" if consumer == "DebugConsumer" else "/sa"
        client = sensorsanalytics.SensorsAnalytics(
            getattr(sensorsanalytics, consumer)(f"{url}{path}?project=default")
        )
        client.track_signup(user, f"device-{user}")
        client.profile_set(user, dict(TRAITS), is_login_id=True)  # the SDK writes into it
        client.track(user, "material_read", dict(READ), is_login_id=True)
        client.track(user, "$pageview", {"$title": "Home"}, is_login_id=True)
        client.track(user, "$AppViewScreen", {"$title": "Home"}, is_login_id=True)
        client.track(user, "joined_group", {"group": "g1"}, is_login_id=True)
        identity = sensorsanalytics.SensorsAnalyticsIdentity
        client.bind(
            identity(identity.LOGIN_ID, user),
            identity("$identity_anonymous_id", f"before-{user}"),
        )
        client.flush()
        client.close()

    return drive


PYTHON = {
    "segment-analytics-python": analytics_python,
    "segment-analytics-python, gzip": analytics_python_gzip,
    "rudder-sdk-python": rudder_sdk_python,
} | {
    f"SensorsAnalyticsSDK, {consumer}": sensors(consumer)
    for consumer in ("DefaultConsumer", "BatchConsumer", "AsyncBatchConsumer", "DebugConsumer")
}


def node_is_ready():
    from tests.conftest import missing

    if not shutil.which("node"):
        missing("Node is not here: install Node 20 to drive the Node and browser SDKs")
    with (HERE.parent / ".clients.lock").open("w") as door:  # two processes of the suite
        fcntl.flock(door, fcntl.LOCK_EX)
        install()


def install():
    from tests.conftest import missing

    if (HERE / "node_modules" / ".package-lock.json").exists():  # npm writes it last
        return
    quietly = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    command = [shutil.which("npm") or "npm", "ci", "--prefix", str(HERE), *quietly]
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        if subprocess.run(command, timeout=200, check=False, capture_output=True).returncode == 0:
            return
    missing("the SDKs are not here: npm ci --prefix tests/clients")


def driven(name, url, user):
    """The SDK in a process of Node's."""
    command = ["node", str(HERE / "drive.mjs"), name, url, user]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.fixture(scope="module")
def underway(server):
    """Every SDK of Node's, under way side by side."""
    node_is_ready()
    url = f"http://127.0.0.1:{server.port}"
    running = {name: driven(name, url, f"sdk-{name}") for name in NODE}
    yield running
    for each in running.values():
        each.kill()
        each.communicate()


def told_of(server, user):
    journal = SqliteJournal(server.home / "journal")
    told = [unpack_any(packed) for entry in journal.read(0, 10**6) for packed in entry.packed]
    journal.close()
    assert [each for each in told if isinstance(each, Refusal)] == []
    return [each for each in told if each.handle.value == user]


def check(server, user):
    events = told_of(server, user)
    assert {str(event.handle) for event in events} == {f"user:acc_app:{user}"}
    assert sorted(event.kind for event in events if event.kind != "identified") == [
        "joined_group", "read_material", "viewed_page", "viewed_page",
    ]  # fmt: skip
    (read,) = [event for event in events if event.kind == "read_material"]
    assert (read.material, read.account, read.ecosystem) == ("mat_1", "acc_app", "own_app")
    links = {link for event in events for link in event.links}
    assert PHONE in {link.value for link in links if link.kind == "phone"}
    assert f"before-{user}" in {link.value for link in links}
    assert [link.value for link in links if link.kind == "anonymous"], "her device"
    traits = {}
    for event in events:
        traits |= event.detail.get("traits", {})
    assert traits == TRAITS
    assert len({event.id for event in events}) == len(events)


@pytest.mark.filterwarnings("ignore:isSet:DeprecationWarning")  # of 神策's thread, that dies of it
@pytest.mark.timeout(240)
@pytest.mark.rule("R10.2")
@pytest.mark.parametrize("name", PYTHON)
def test_the_same_six_acts_are_the_same_events_from_python(server, name):
    user = "sdk-" + "".join(letter for letter in name if letter.isalnum())
    PYTHON[name](f"http://127.0.0.1:{server.port}", user)
    check(server, user)


@pytest.mark.rule("R10.2")
@pytest.mark.parametrize("name", NODE)
def test_the_same_six_acts_are_the_same_events_from_node_and_browsers(server, underway, name):
    said, _ = underway[name].communicate(timeout=200)
    assert said.endswith("done\n"), said
    check(server, f"sdk-{name}")


class Relay:
    """Stands before a server, and answers the first requests as a full one did."""

    def __init__(self, server, refusal, times):
        status, headers, body = refusal
        left, lock = [times], threading.Lock()
        self.asked = asked = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self._pass_on("GET", b"")

            def do_OPTIONS(self):
                self._pass_on("OPTIONS", b"")

            def do_POST(self):
                told = self.rfile.read(int(self.headers["Content-Length"]))
                asked.append(self.headers.get("X-Retry-Count", "0"))
                with lock:
                    full, left[0] = left[0] > 0, left[0] - 1
                if full:
                    self._answer(status, headers, body)
                else:
                    self._pass_on("POST", told)

            def _pass_on(self, method, told):
                self._answer(*server.ask(method, self.path, told, dict(self.headers.items())))

            def _answer(self, status, headers, body):
                self.send_response(status)
                for name, value in headers.items():
                    if name.lower() not in {"content-length", "transfer-encoding", "connection"}:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._httpd.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._httpd.server_port}"
        threading.Thread(target=self._httpd.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self._httpd.shutdown()
        self._httpd.server_close()


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """What a server says whose queue is full."""
    from tests.web.conftest import Server

    running = Server(tmp_path_factory.mktemp("full"), QUEUE="0")
    body = orjson.dumps({"type": "page", "userId": "u", "messageId": "m"})
    told = {"X-Write-Key": "wk", "Origin": "http://localhost"}  # a browser asks who may read it
    answer = running.ask("POST", "/v1/page", body, told)
    running.stop()
    assert answer[0] == 429
    assert answer[1]["Retry-After"] == "1"
    return answer


@pytest.fixture
def relayed(server, full):
    relay = Relay(server, full, times=1)
    with contextlib.closing(relay):
        yield relay


@pytest.mark.parametrize("name", ["segment-analytics-python", "rudder-sdk-python"])
def test_who_is_told_to_wait_waits_and_tells_again_from_python(server, relayed, name):
    user = f"waits-{name.partition('-')[0]}"
    PYTHON[name](relayed.url, user)
    assert len(relayed.asked) >= 2
    check(server, user)


WAIT = sorted(set(NODE) - {"sa-sdk-node", "analytics-next"})
"""Who tries again by itself: one throws, and one comes again in seconds of its own."""


@pytest.fixture(scope="module")
def waiting(server, full):
    """Side by side, each told to wait once."""
    node_is_ready()
    relays = {name: Relay(server, full, times=1) for name in WAIT}
    running = {name: driven(name, relays[name].url, f"waits-{name}") for name in WAIT}
    yield relays, running
    for each in running.values():
        each.kill()
        each.communicate()
    for each in relays.values():
        each.close()


@pytest.mark.parametrize("name", WAIT)
def test_who_is_told_to_wait_waits_and_tells_again_from_node_and_browsers(server, waiting, name):
    relays, running = waiting
    said, _ = running[name].communicate(timeout=200)
    assert said.endswith("done\n"), said
    assert len(relays[name].asked) >= 2
    check(server, f"waits-{name}")


def test_a_sensors_consumer_that_is_told_to_wait_keeps_what_it_has(server, relayed):
    import sensorsanalytics

    consumer = sensorsanalytics.BatchConsumer(f"{relayed.url}/sa?project=default", max_size=1)
    client = sensorsanalytics.SensorsAnalytics(consumer)
    with contextlib.suppress(sensorsanalytics.SensorsAnalyticsNetworkException):
        client.track("waits-sensors", "material_read", dict(READ), is_login_id=True)
    client.flush()
    client.close()
    assert [event.kind for event in told_of(server, "waits-sensors")] == ["read_material"]
