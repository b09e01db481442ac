"""The one way out: where it may go (S16), what is Busy and what is Unanswered."""

import socket
import threading
from contextlib import suppress
from datetime import timedelta

import pytest

from channels.base import Busy, Refused, Unanswered
from channels.outbound import Breakers, Outbound, RateGate
from channels.outbound.guard import checked, is_public
from tests.names import somewhere_public


class Peer:
    """A server of few words: sends what it is told and hangs up."""

    def __init__(self, *answers):
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.answers, self.heard = list(answers), []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    @property
    def origin(self):
        return f"http://127.0.0.1:{self.port}"

    def _serve(self):
        for answer in self.answers:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(2)
                self.heard.append(connection.recv(65536))
                if answer is not None:
                    connection.sendall(answer)

    def close(self):
        self._socket.close()
        self._thread.join()


@pytest.fixture
def peer():
    peers = []

    def make(*answers):
        peers.append(Peer(*answers))
        return peers[-1]

    yield make
    for each in peers:
        each.close()


@pytest.fixture
def out():
    """An outbound client that may call this origin."""
    clients = []

    def make(origin="", **limits):
        clients.append(Outbound(origins=[origin] if origin else (), **limits))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


def status(line, *headers):
    told = "".join(f"{header}\r\n" for header in headers)
    return f"HTTP/1.1 {line}\r\n{told}Content-Length: 0\r\nConnection: close\r\n\r\n".encode()


def test_it_sends_and_reads_an_answer(peer, out):
    there = peer(OK)
    answer = out(there.origin).request("POST", f"{there.origin}/a?b=1", body=b"hello")
    assert (answer.status, answer.body) == (200, b"ok")
    assert there.heard[0].startswith(b"POST /a?b=1 HTTP/1.1\r\n")
    assert f"Host: 127.0.0.1:{there.port}".encode() in there.heard[0]


def test_nobody_at_home_is_busy_because_nothing_left(out):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Busy) as lost:
        out(f"http://127.0.0.1:{port}").request("POST", f"http://127.0.0.1:{port}/")
    assert lost.value.down


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(None, id="hangs up"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", id="half an answer"),
        pytest.param(b"SSH-2.0-OpenSSH\r\n", id="another protocol"),
    ],
)
def test_what_goes_wrong_after_the_first_byte_is_unanswered(peer, out, answer):
    there = peer(answer)
    with pytest.raises(Unanswered):
        out(there.origin).request("POST", there.origin, body=b"x")


def test_silence_is_unanswered_when_its_time_is_over(peer, out):
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        origin = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        with pytest.raises(Unanswered):
            out(origin, seconds=0.1).request("POST", origin, body=b"x")


@pytest.mark.parametrize(
    ("begins", "goes_on"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"x", id="body"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: ", b"x", id="head"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n",
                     id="chunks"),
    ],
)  # fmt: skip
def test_an_answer_that_comes_byte_by_byte_holds_nobody_beyond_his_time(out, begins, goes_on):
    rest, hung_up = threading.Event(), threading.Event()

    def drip():
        connection, _ = dripping.accept()
        with connection:
            try:
                connection.sendall(begins)
                for _ in range(500):
                    rest.wait(0.02)
                    connection.sendall(goes_on)
            except OSError:
                hung_up.set()

    with socket.create_server(("127.0.0.1", 0)) as dripping:
        server = threading.Thread(target=drip)
        server.start()
        origin = f"http://127.0.0.1:{dripping.getsockname()[1]}"
        with pytest.raises(Unanswered):
            out(origin, seconds=0.2).request("GET", origin)
        server.join()
    assert hung_up.is_set()


def test_an_answer_beyond_the_cap_is_not_read_on(peer, out):
    there = peer(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000)
    with pytest.raises(Unanswered):
        out(there.origin, size=1000).request("GET", there.origin)


@pytest.mark.parametrize(
    ("line", "header", "seconds", "down"),
    [
        ("429 Too Many Requests", "Retry-After: 7", 7, False),
        pytest.param("429 x", "Retry-After: " + "9" * 300, 86_400, False, id="for ever"),
        ("503 Service Unavailable", "Retry-After: soon", 0, True),
        ("500 Internal Server Error", "X: y", 0, True),
    ],
)
def test_busy_says_when_to_come_again(peer, out, line, header, seconds, down):
    there = peer(status(line, header))
    with pytest.raises(Busy) as busy:
        out(there.origin).request("POST", there.origin)
    assert (busy.value.seconds, busy.value.down) == (seconds, down)


def test_retry_after_may_be_a_date(peer, out, clock):
    there = peer(status("429 x", "Retry-After: Mon, 02 Mar 2026 09:00:30 GMT"))
    with pytest.raises(Busy) as busy:
        out(there.origin, clock=clock).request("GET", there.origin)
    assert busy.value.seconds == 30


def test_a_get_follows_a_redirect_and_a_post_does_not(peer, out):
    there = peer(status("302 Found", "Location: /b"), OK, status("302 Found", "Location: /b"))
    client = out(there.origin)
    assert client.request("GET", there.origin).body == b"ok"
    assert client.request("POST", there.origin).status == 302


def test_a_redirect_to_a_private_address_is_refused(peer, out):
    there = peer(status("302 Found", "Location: http://169.254.169.254/latest"))
    with pytest.raises(Refused):
        out(there.origin).request("GET", there.origin)


def test_a_fourth_redirect_is_too_many(peer, out):
    there = peer(*[status("302 Found", "Location: /b")] * 4)
    with pytest.raises(Refused, match="too often"):
        out(there.origin).request("GET", there.origin)


def test_nothing_leaves_while_a_transaction_is_open(out, records):
    with records.write(), pytest.raises(RuntimeError):
        out().request("GET", "https://example.com/")


# where it may go


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f000001/",
        "http://0177.0.0.1/", "http://0/", "http://localhost/", "http://[::1]/", "http://[::]/",
        "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/", "http://[fe80::1]/", "http://[fc00::1]/", "http://10.0.0.1/",
        "http://172.16.0.1/", "http://192.168.1.1/", "http://169.254.169.254/", "http://100.64.0.1/",
        "http://0.0.0.0/", "http://224.0.0.1/", "http://255.255.255.255/", "http://192.0.2.1/",
        "http://198.18.0.1/", "http://user:pw@8.8.8.8/", "http://8.8.8.8@127.0.0.1/",
        "ftp://8.8.8.8/", "file:///etc/passwd", "gopher://8.8.8.8/", "//8.8.8.8/", "http:///x",
        "http://8.8.8.8:99999/", "javascript:alert(1)", "http://[::1", "",
    ],
)  # fmt: skip
def test_what_is_not_a_public_address_is_refused(out, url):
    with pytest.raises(Refused):
        out().request("GET", url)


def test_one_private_address_among_public_ones_is_enough_to_refuse():
    with pytest.raises(Refused):
        checked("https://x.example/", (), lambda host, port: ["8.8.8.8", "10.0.0.1"])


def test_the_call_goes_to_the_address_that_was_checked():
    """A name server that answers differently the second time is not asked a second time."""
    answers = iter([["8.8.8.8"], ["127.0.0.1"]])
    to = checked("https://x.example:8443/a?b", (), lambda host, port: next(answers))
    assert (to.address, to.authority, to.path) == ("8.8.8.8", "x.example:8443", "/a?b")


def test_an_origin_from_the_settings_may_be_private_and_its_neighbour_may_not():
    local = ("http://127.0.0.1:8001",)
    assert checked("http://127.0.0.1:8001/x", local, lambda host, port: [host]).port == 8001
    for other in ("http://127.0.0.1:8002/", "https://127.0.0.1:8001/", "http://127.0.0.1/"):
        with pytest.raises(Refused):
            checked(other, local, lambda host, port: [host])


def test_whoever_enters_an_address_is_told_at_once_whether_it_may_be_called(records):
    asked = Outbound(origins=["http://127.0.0.1:8001"], look_up=somewhere_public)
    assert asked.allows("https://erp.example/hook")
    assert asked.allows("http://127.0.0.1:8001/hook")
    assert not asked.allows("https://inside.example/hook")
    assert not asked.allows("http://[::1]/")

    def nobody_knows(host, port):
        raise OSError("no such name today")

    assert Outbound(look_up=nobody_knows).allows("https://tomorrow.example/hook")
    with records.write(), pytest.raises(RuntimeError):
        asked.allows("https://erp.example/hook")


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_public_addresses_are_public(address):
    assert is_public(address)


# rates and breakers


def test_never_more_than_the_rate_gets_through(any_records, clock):
    gates = [RateGate(any_records, clock) for _ in range(3)]
    passed = 0
    for _ in range(10):
        for gate in gates * 3:
            with suppress(Busy):
                gate.enter("oa", 120)
                passed += 1
        clock.move(timedelta(seconds=1))
    assert 15 <= passed <= 2 + 2 * 10


def test_five_failures_open_the_breaker_and_one_probe_goes_every_thirty_seconds(records, clock):
    breakers = Breakers(records, clock)
    for _ in range(5):
        breakers.admit("oa")
        breakers.failed("oa")
    with pytest.raises(Busy) as shut:
        breakers.admit("oa")
    assert shut.value.seconds == 30
    assert breakers.open() == ["oa"]

    clock.move(timedelta(seconds=30))
    breakers.admit("oa")
    with pytest.raises(Busy):
        breakers.admit("oa")
    breakers.answered("oa")
    breakers.admit("oa")
    assert breakers.open() == []


def test_what_a_clock_used_up_or_shut_that_ran_ahead_is_free_once_it_is_put_back(
    any_records, clock
):
    """A second's worth at most goes out beyond the rate; nobody waits for the clock to come there
    again."""
    gate, breakers = RateGate(any_records, clock), Breakers(any_records, clock)
    clock.move(timedelta(days=1))
    for _ in range(3):
        with suppress(Busy):
            gate.enter("oa", 60)
    assert gate.used_up() == ["oa"]
    for _ in range(5):
        breakers.failed("oa")
    with pytest.raises(Busy):
        breakers.admit("oa")
    clock.move(timedelta(days=-1))
    assert gate.used_up() == []
    for each in (gate, RateGate(any_records, clock)):
        passed = 0
        for _ in range(20):
            with suppress(Busy):
                each.enter("oa", 60)
                passed += 1
            clock.move(timedelta(seconds=0.5))
        assert 9 <= passed <= 11
    breakers.admit("oa")
    with pytest.raises(Busy):
        breakers.admit("oa")
    breakers.answered("oa")
    breakers.admit("oa")


def test_after_a_lost_call_an_account_gets_one_at_a_time_until_it_answers(records, clock):
    breakers = Breakers(records, clock)
    assert breakers.room("oa") > 1
    breakers.failed("oa")
    assert breakers.room("oa") == 1
    breakers.answered("oa")
    assert breakers.room("oa") > 1


def test_failures_far_apart_do_not_open_it(records, clock):
    breakers = Breakers(records, clock)
    for _ in range(20):
        breakers.failed("oa")
        clock.move(timedelta(seconds=11))
    breakers.admit("oa")


def test_every_call_is_told_of_at_debug_and_nothing_secret_with_it(peer, out, caplog):
    there = peer(status("200 OK"), b"")
    caplog.set_level("DEBUG", "juzhen")
    client = out(there.origin)
    secret = "/cgi-bin/draft/add/hkX9s8AbC?access_token=t0ken&openid=oA1"
    client.request(
        "POST", there.origin + secret, body=b"whom it is for", headers={"access-token": "h1dden"}
    )
    with pytest.raises(Unanswered):
        client.request("GET", there.origin + "/v1/x")
    told = [each.told for each in caplog.records if each.message == "called"]
    assert [(each["method"], each["path"], each["status"], each["why"]) for each in told] == [
        ("POST", "/cgi-bin/draft/add/***?access_token=***&openid=***", 200, ""),
        ("GET", "/v1/x", 0, "platform_did_not_answer"),
    ]
    assert told[0]["bytes"] == 14
    shown = str(told)
    assert all(each not in shown for each in ("hkX9", "t0ken", "oA1", "whom", "h1dden"))


def test_nothing_is_told_of_calls_unless_somebody_asked_for_it(peer, out, caplog):
    there = peer(status("200 OK"))
    caplog.set_level("INFO", "juzhen")
    out(there.origin).request("GET", there.origin)
    assert "called" not in caplog.messages
