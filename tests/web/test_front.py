"""The front over real sockets: what it reads, whom it lets wait, how it stops."""

import base64
import concurrent.futures
import gzip
import http.client
import json
import signal
import socket
import threading
import time

import orjson
import pytest

from kernel.events import Refusal, unpack_any
from stores.sqlite.journal import SqliteJournal
from tests.sizes import turns

KEY = {"Authorization": "Basic " + base64.b64encode(b"wk:").decode()}


def track(number, **other):
    return {"type": "track", "event": "read", "userId": "u1", "messageId": f"m{number}"} | other


def kept(home):
    """Everything the journal of a server holds."""
    journal = SqliteJournal(home / "journal")
    told = [unpack_any(packed) for entry in journal.read(0, 10**6) for packed in entry.packed]
    journal.close()
    return told


def test_a_request_goes_through_to_the_application_and_back(server):
    status, headers, body = server.ask("POST", "/echo", b"\x00\xff" * 10, {"X-A": "1", "X_B": "2"})
    assert (status, body) == (200, b"\x00\xff" * 10)
    assert headers.get_all("Set-Cookie") == ["a=1", "b=2"]
    assert headers.get_all("Content-Length") == ["20"]
    assert headers["X-Told"] == "['HTTP_X_A']"  # a name with _ would pass for one with -


def test_a_head_has_no_body(server):
    status, headers, body = server.ask("HEAD", "/ping")
    assert (status, headers["Content-Length"], body) == (200, "4", b"")


def test_a_large_body_comes_whole_over_the_disk(server):
    whole = bytes(range(256)) * 20_000
    assert server.ask("POST", "/echo", whole)[2] == whole
    assert server.ask("POST", "/echo", iter([whole, b"end"]))[2] == whole + b"end"


def test_files_and_large_answers_come_whole(server):
    assert server.ask("GET", "/file")[2] == b"f" * 5_000_000
    assert len(server.ask("GET", "/large")[2]) == 8 << 20


def test_a_ready_answer_needs_no_application(server):
    assert server.ask("GET", "/quick?a=1")[::2] == (200, b"a=1")
    assert server.ask("GET", "/quick", headers={"If-None-Match": "1"})[::2] == (304, b"")


def test_a_door_that_is_shut_is_not_there(server):
    status, headers, body = server.ask("GET", "/shut")
    assert (status, json.loads(body)["code"]) == (404, "no_such_page")
    assert headers["Content-Type"] == "application/problem+json"


def test_a_failing_application_is_a_500_that_tells_nothing(server):
    status, _, body = server.ask("GET", "/fails")
    assert status == 500
    assert b"stand-in" not in body


def test_too_large_a_body_is_refused_unread(server):
    with server.raw(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n") as wire:
        assert wire.recv(100).startswith(b"HTTP/1.1 413")
    told = "".join(f"{name}: {value}\r\n" for name, value in KEY.items())
    head = f"POST /v1/batch HTTP/1.1\r\nHost: x\r\n{told}Content-Length: {600 * 1024}\r\n\r\n"
    with server.raw(head.encode()) as wire:
        assert wire.recv(100).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("path", ["/v1/batch", "/sa", "/echo"])
def test_what_the_front_refuses_can_be_read_by_sdks_in_pages_of_other_origins(server, path):
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nOrigin: https://a.example\r\n"
    with server.raw(f"{head}Content-Length: {1 << 40}\r\n\r\n".encode()) as wire:
        told = b""
        while piece := wire.recv(65_536):
            told += piece
    lines = told.lower().split(b"\r\n")
    assert lines[0].startswith(b"http/1.1 413")
    assert (b"access-control-allow-origin: *" in lines) == (path != "/echo")
    assert (b"access-control-expose-headers: retry-after" in lines) == (path != "/echo")


def test_what_the_front_refuses_is_a_page_for_a_person(server):
    """Whatever cookies other programs of this host have set."""
    asks = "Accept: text/html,*/*\r\nAccept-Language: {}\r\nContent-Length: 999999999\r\n\r\n"
    for path, tongue, wanted in (
        ("/echo", "zh-CN\r\nCookie: a/b=1; jz_lang=en", "It is larger than what is taken here"),
        ("/echo", "zh-CN", "内容太大"), ("/echo", "en", "It is larger than what is taken here"),
        ("/graphql", "zh-CN", "application/problem+json"),
    ):  # fmt: skip
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\n{asks.format(tongue)}"
        with server.raw(head.encode()) as wire:
            told = b""
            while piece := wire.recv(65_536):
                told += piece
        assert told.startswith(b"HTTP/1.1 413")
        assert wanted in told.decode()
        assert (b"text/html" in told) == (path == "/echo")


CHUNKED = b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"


def test_a_body_in_chunks_comes_whole_or_is_refused(server):
    pieces = b"".join(b"%x\r\n%b\r\n" % (len(each), each) for each in (b"x" * 3, b"y" * 90_000))
    with server.raw(CHUNKED + pieces + b"0\r\n\r\n") as wire:
        told = wire.recv(100)
        while b"y" * 90_000 not in told:
            told += wire.recv(1 << 16)
        assert told.startswith(b"HTTP/1.1 200")
        assert b"helloxxxy" in told
    with server.raw(CHUNKED + b"ZZ\r\nno number\r\n") as wire:
        assert wire.recv(100).startswith(b"HTTP/1.1 400")
    with server.raw(CHUNKED) as wire:
        wire.shutdown(socket.SHUT_WR)
        assert wire.recv(100).startswith(b"HTTP/1.1 400")


def test_who_leaves_in_the_middle_of_her_body_is_no_failure_of_ours(server):
    with server.raw(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf") as wire:
        wire.shutdown(socket.SHUT_WR)
        assert wire.recv(100).startswith(b"HTTP/1.1 400")
    assert server.ask("GET", "/ping")[0] == 200
    assert "ProtocolClosed" not in (server.home / "server.log").read_text()


def test_a_slow_body_delays_nobody(server):
    half = b"POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{"
    wires = [server.raw(half) for _ in range(30)]
    wires += [server.raw(half.replace(b"/v1/batch", b"/echo")) for _ in range(30)]
    assert server.slowest() < 0.05
    for wire in wires:
        wire.sendall(b"}")
        assert wire.recv(100)
        wire.close()


def test_open_streams_delay_nobody_and_close_when_left(server):
    wires = [server.raw(b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n") for _ in range(20)]
    for wire in wires:
        assert wire.recv(1_000).startswith(b"HTTP/1.1 200")
    assert server.slowest() < 0.05
    for wire in wires:
        wire.close()
    deadline = time.monotonic() + 60
    while not (server.home / "stream_closed").exists():
        assert time.monotonic() < deadline
        threading.Event().wait(0.02)


def test_a_stream_that_breaks_is_not_taken_for_a_whole_one_and_is_told_in_the_log(server):
    with pytest.raises(http.client.IncompleteRead) as half:
        server.ask("GET", "/breaks")
    assert half.value.partial == b"x" * 100
    with server.raw(b"GET /breaks HTTP/1.1\r\nHost: x\r\n\r\n") as wire:
        told = _rest(wire)
    assert told.endswith(b"x" * 100 + b"\r\n")  # the last chunk that would say "whole" never comes
    assert server.ask("GET", "/ping")[0] == 200
    log = (server.home / "server.log").read_text()
    assert "ZeroDivisionError" in log
    assert "ProtocolClosed" not in log  # to leave a stream is no failure


def test_a_reader_that_does_not_read_delays_nobody(server):
    wires = [server.raw(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n") for _ in range(10)]
    assert server.slowest() < 0.05
    for wire in wires:
        wire.close()


def test_a_door_that_waits_delays_no_read(server):
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(server.ask, "POST", f"/callbacks/{n}", b"x") for n in range(4)]
        assert server.slowest() < 0.05
        assert [each.result()[0] for each in waiting] == [200] * 4


def test_answers_that_wait_for_their_commit_delay_no_other(server):
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(server.ask, "GET", "/commits") for _ in range(3)]
        assert server.slowest() < 0.05
        assert [each.result()[0] for each in waiting] == [200] * 3


def test_intake_answers_when_events_are_durable(server):
    batch = {"batch": [track(1), track(2, userId=None), track(3)], "sentAt": "2026-01-01T00:00:00Z"}
    status, headers, body = server.ask("POST", "/v1/batch", orjson.dumps(batch), KEY)
    told = json.loads(body)
    assert (status, told["success"], told["accepted"]) == (200, True, 2)
    assert [(each["index"], each["field"]) for each in told["rejected"]] == [(1, "userId")]
    assert headers["Access-Control-Allow-Origin"] == "*"
    entries = kept(server.home)
    assert {"m1", "m3"} <= {each.id for each in entries if not isinstance(each, Refusal)}
    assert any(isinstance(each, Refusal) and each.field == "userId" for each in entries)


def test_a_large_batch_and_a_gzipped_one_are_taken(server):
    items = [track(f"large{n}", properties={"x": "y" * 100}) for n in range(1_000)]
    body = orjson.dumps({"batch": items})
    assert len(body) > 65_536
    for sent in (body, gzip.compress(body)):
        status, _, answer = server.ask("POST", "/v1/b", sent, KEY)
        assert (status, json.loads(answer)["accepted"]) == (200, 1_000)


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"\xff", KEY, 400, "invalid"),
        (b"[" * 100_000, KEY, 400, "invalid"),
        (b'{"batch":[{"type":"x"}]}', KEY, 400, "invalid"),
        (b'{"batch":[]}', {"X-Write-Key": "other"}, 401, "signed_off"),
        (b'{"batch":[]}', {}, 401, "signed_off"),
        (b"{", {}, 400, "invalid"),
    ],
)
def test_what_can_never_be_accepted_is_a_400_with_code_and_message(
    server, body, headers, status, code
):
    found, answered, told = server.ask("POST", "/v1/batch", body, headers)
    told = json.loads(told)
    assert (found, told["code"]) == (status, code)
    assert told["message"]
    assert answered["Content-Type"] == "application/problem+json"


def test_browsers_may_ask_first(server):
    status, headers, _ = server.ask("OPTIONS", "/v1/t", headers={"Origin": "https://a.example"})
    assert status == 204
    assert "x-retry-count" in headers["Access-Control-Allow-Headers"]
    told = json.loads(server.ask("GET", "/v1/projects/wk/settings")[2])
    assert told["integrations"]["Segment.io"]["apiKey"] == "wk"
    assert server.ask("GET", "/v1/projects/nobody/settings")[0] == 404
    assert server.ask("GET", "/v1/batch")[0] == 405


@pytest.mark.parametrize("zipped", [False, True])
def test_the_segment_client_is_understood_as_it_is(server, zipped):
    """segment-analytics-python, unmodified: what it sends is what we keep."""
    from segment.analytics.client import Client

    client = Client(
        "wk", host=f"http://127.0.0.1:{server.port}", gzip=zipped, max_retries=0,
        on_error=lambda wrong, _: pytest.fail(str(wrong)),
    )  # fmt: skip
    user = f"sdk-{zipped}"
    client.identify(user, {"phone": "138 0013 8000"}, anonymous_id=f"anon-{zipped}")
    client.track(user, "Material Read", {"material": "mat_1"})
    client.page(user, "Shelf", "Home")
    client.screen(user, "Shelf", "Home")
    client.group(user, "g1", {"name": "VIP"})
    client.alias(f"before-{zipped}", user)
    client.flush()
    client.join()
    theirs = [
        event
        for event in kept(server.home)
        if not isinstance(event, Refusal) and event.handle.value == user
    ]
    assert [event.kind for event in theirs] == [
        "identified", "read_material", "viewed_page", "viewed_page", "joined_group", "identified",
    ]  # fmt: skip
    assert {str(link) for link in theirs[0].links} == {
        f"anonymous:acc_app:anon-{zipped}", "phone::13800138000",
    }  # fmt: skip
    assert theirs[1].material == "mat_1"
    assert [str(link) for link in theirs[5].links] == [f"anonymous:acc_app:before-{zipped}"]


def test_a_full_queue_answers_429_and_says_when_to_come_again(started):
    server = started(QUEUE="3")
    status, headers, body = server.ask(
        "POST", "/v1/batch", orjson.dumps({"batch": [track(n) for n in range(4)]}), KEY
    )
    assert (status, headers["Retry-After"], json.loads(body)["code"]) == (429, "1", "overloaded")
    assert server.ask("POST", "/v1/t", orjson.dumps(track(9)), KEY)[0] == 200
    assert [event.id for event in kept(server.home)] == ["m9"]


def test_stopping_sends_what_has_an_end_to_its_end(started):
    """A large answer, and a list that is written line by line, are not cut off half way."""
    server = started()
    wires = [
        server.raw(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        for path in ("/large", "/list")
    ]
    begun = [wire.recv(1_000) for wire in wires]
    server.process.send_signal(signal.SIGTERM)
    threading.Event().wait(0.5)
    large, listed = (first + _rest(wire) for first, wire in zip(begun, wires, strict=True))
    assert large.count(b"x") >= 8 << 20
    assert listed.count(b"y") >= 8 << 20
    assert server.process.wait(60) == 0


def _rest(wire):
    with wire:
        return b"".join(iter(lambda: wire.recv(1 << 16), b""))


@pytest.mark.parametrize("turn", turns(20))
def test_stopping_finishes_what_is_being_answered(started, turn):
    """F22: sixteen requests in flight, an open stream, and a connection that is kept."""
    server = started()
    stream = server.raw(b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
    assert stream.recv(1_000)
    with server.connection() as open_before, concurrent.futures.ThreadPoolExecutor(16) as pool:
        open_before.request("GET", "/draining")
        assert open_before.getresponse().read() == b"False"
        waiting = [pool.submit(server.ask, "POST", f"/callbacks/{n}", b"x") for n in range(14)]
        waiting += [pool.submit(server.ask, "GET", "/sleep") for _ in range(2)]
        threading.Event().wait(0.2)
        server.process.send_signal(signal.SIGTERM)
        assert [each.result()[0] for each in waiting] == [200] * 16
    stream.close()
    assert server.process.wait(60) == 0
    assert (server.home / "closed").exists()
