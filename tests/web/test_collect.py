"""The intake doors as the wires want them answered: images, dry runs, full queues."""

import asyncio
import base64
import json
from concurrent.futures import Future
from urllib.parse import quote, urlencode

import orjson
import pytest

from channels.accounts import Accounts, Sealer
from juzhen.web.collect import Collect
from kernel.errors import Overloaded
from kernel.events import Refusal, unpack_any
from stores.changes import Changes
from stores.sqlite.journal import SqliteJournal


def kept(home):
    journal = SqliteJournal(home / "journal")
    told = [unpack_any(packed) for entry in journal.read(0, 10**6) for packed in entry.packed]
    journal.close()
    return told


def data(**record):
    told = {"type": "track", "event": "material_read", "distinct_id": "d1"} | record
    return base64.b64encode(orjson.dumps(told)).decode()


def seen(server, name):
    return [each for each in kept(server.home) if getattr(each, "detail", {}).get("name") == name]


def test_records_are_durable_when_they_are_answered(server):
    for content_type in ("application/x-www-form-urlencoded", "text/plain;charset=UTF-8"):
        status, headers, body = server.ask(
            "POST", "/sa?project=default", urlencode({"data": data(event=f"e{len(content_type)}")}),
            {"Content-Type": content_type},
        )  # fmt: skip
        assert (status, json.loads(body)["accepted"]) == (200, 1)
        assert headers["Access-Control-Allow-Origin"] == "*"
        assert len(seen(server, f"e{len(content_type)}")) == 1


class Full:
    """A queue that is full for the first ``times``."""

    def __init__(self, times):
        self._left = times
        self.asked = 0

    def begin(self, events, refusals=(), *, gather=False):
        self.asked += 1
        if self._left > 0:
            self._left -= 1
            raise Overloaded("intake_is_full")
        kept = Future()
        kept.set_result(None)
        return kept

    def now(self):
        pass


@pytest.mark.parametrize(
    ("path", "body", "large", "status"),
    [("/sa", "data=", 0, 200), ("/sa", "data=", 70_000, 200), ("/v1/page", "", 0, 429)],
)  # fmt: skip
def test_who_loses_what_is_refused_is_answered_late_while_the_queue_is_full(
    path, body, large, status, clock
):
    queue = Full(2)
    doors = Collect(queue, lambda _: ("acc_1", "own_app"), clock)
    told = {"type": "page", "userId": "u1", "writeKey": "wk"}
    sent = f"data={quote(data(x='x' * large), safe='')}" if body else json.dumps(told)
    answer = asyncio.run(doors.answer("POST", path, "project=p", {}.get, sent.encode()))
    doors.close()
    assert (answer.status, queue.asked) == (status, 3 if status == 200 else 1)


def test_nobody_waits_for_a_queue_for_ever(clock):
    doors = Collect(Full(99), lambda _: ("acc_1", "own_app"), clock, patience=0.05)
    body = f"data={quote(data(), safe='')}".encode()
    answer = asyncio.run(doors.answer("POST", "/sa", "project=p", {}.get, body))
    doors.close()
    assert answer.status == 429
    assert ("retry-after", "1") in answer.headers


def test_an_image_tells_a_record_too(server):
    query = f"project=default&data={quote(data(event='by_image'), safe='')}&ext="
    status, headers, body = server.ask("GET", f"/sa.gif?{query}")
    assert (status, headers["Content-Type"], body[:6]) == (200, "image/gif", b"GIF89a")
    assert len(seen(server, "by_image")) == 1


def test_records_that_can_never_be_events_are_kept_with_their_reason_and_not_sent_again(server):
    status, _, body = server.ask("POST", "/sa?project=default", f"data={data(event='时间')}")
    told = json.loads(body)
    assert (status, told["accepted"], told["rejected"][0]["code"]) == (200, 0, "name_not_allowed")
    refusals = [each for each in kept(server.home) if isinstance(each, Refusal)]
    assert any(each.door == "sensors" and "时间" in each.sample for each in refusals)


@pytest.mark.parametrize(
    ("record", "dry", "status", "count"),
    [
        ({"event": "debugged"}, "false", 200, 1),
        ({"event": "dry"}, "true", 200, 0),
        ({"event": "1st"}, "false", 400, 0),
        ({"event": "1st"}, "true", 400, 0),
    ],
)
def test_the_debug_door_says_what_is_wrong_and_a_dry_run_keeps_nothing(
    server, record, dry, status, count
):
    before = len(kept(server.home))
    found, _, body = server.ask(
        "POST", "/debug?project=default", f"data={data(**record)}", {"Dry-Run": dry}
    )
    assert found == status
    assert len(seen(server, record["event"])) == count
    if dry == "true":
        assert len(kept(server.home)) == before
    if status == 400:
        assert json.loads(body)["message"]


def test_a_project_that_nobody_knows_is_sent_away(server):
    for query in ("project=other", "project=default&token=wrong", ""):
        assert server.ask("POST", f"/sa?{query}", f"data={data()}")[0] == 401


def test_segments_pixel_and_beacon(server):
    query = "writeKey=wk&userId=u1&event=Pixel%20Seen&properties.material=mat_1&messageId=px1"
    for path in (f"/pixel/v1/track?{query}", "/pixel/v1/page?writeKey=wk&anonymousId=a1"):
        status, headers, _ = server.ask("GET", path)
        assert (status, headers["Content-Type"]) == (200, "image/gif")
    (event,) = [each for each in kept(server.home) if getattr(each, "id", "") == "px1"]
    assert (event.kind, event.material) == ("track.pixel_seen", "mat_1")
    whole = base64.b64encode(b'{"writeKey":"wk","userId":"u1","event":"x","messageId":"px2"}')
    assert server.ask("GET", f"/v1/pixel/track?data={quote(whole)}")[0] == 200
    assert server.ask("GET", "/pixel/v1/track?data=%2A")[0] == 200  # an image even then
    body = orjson.dumps({"batch": [{"type": "page", "userId": "u1", "messageId": "bc1"}]})
    assert server.ask("POST", "/beacon/v1/batch?writeKey=wk", body)[0] == 200
    assert {"px2", "bc1"} <= {getattr(each, "id", "") for each in kept(server.home)}


def test_a_key_that_cannot_be_kept_is_nobodys(any_records, any_changes, clock):
    accounts = Accounts(any_records, any_changes, Sealer({"k": b"x" * 32}), clock)
    for key in ("\x00", "wk\x00", "养" * 9_000):
        assert accounts.by_write_key(key) is None


def test_who_asks_for_settings_while_the_records_are_away_is_told_when_to_come_again(clock):
    def away(key):
        raise Overloaded("store_is_unavailable", seconds=7)

    doors = Collect(None, away, clock)
    answer = asyncio.run(doors.answer("GET", "/v1/projects/wk/settings", "", {}.get, b""))
    doors.close()
    assert (answer.status, dict(answer.headers)["retry-after"]) == (503, "7")
    assert dict(answer.headers)["access-control-allow-origin"] == "*"
    assert dict(answer.headers)["access-control-expose-headers"] == "retry-after"


def test_a_project_is_a_setting_or_a_code_with_its_token(records, clock):
    accounts = Accounts(records, Changes(records, clock), Sealer({"k": b"x" * 32}), clock)
    open_, closed = (
        accounts.add(code=code, name=code, kind="app", ecosystem="own_app", settings=told, by="t")
        for code, told in (("app", {"sensors_project": "default"}), ("mini", {}))
    )
    answers = {
        ("default", ""): open_, ("default", open_.write_key): open_, ("default", "x"): None,
        ("app", ""): None, ("app", open_.write_key): open_, ("mini", ""): None,
        ("mini", closed.write_key): closed, ("default", closed.write_key): None,
        ("", closed.write_key): closed, ("", ""): None, ("nobody", closed.write_key): None,
    }  # fmt: skip
    found = {asked: accounts.by_project(*asked) for asked in answers}
    assert {asked: each and each.id for asked, each in found.items()} == {
        asked: each and each.id for asked, each in answers.items()
    }
