"""Segment's wire, as its SDKs and worse things send it."""

import base64
import gzip
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import orjson
import pytest

from data_hub.catalogue import kind_of
from data_hub.intake import is_bot
from kernel.events import Handle, pack, unpack
from schemas import segment

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ACCOUNT = "acc_app"
USER = Handle("user", ACCOUNT, "u1")
ANONYMOUS = Handle("anonymous", ACCOUNT, "a1")


def taken(path, told, headers=None, query="", received=NOW):
    body = told if isinstance(told, bytes) else orjson.dumps(told)
    call = segment.read(path, (headers or {}).get, query, body)
    return segment.turn(call, ACCOUNT, "own_app", received, lambda name: kind_of(name).name)


def one(told, path="/v1/batch", **other):
    found = taken(path, {"batch": [told], **other})
    assert found.rejected == []
    (event,) = found.events
    return event


def refused(told):
    found = taken("/v1/batch", {"batch": [told]})
    assert found.events == []
    (rejected,) = found.rejected
    return rejected.flaw.field, rejected.flaw.reason


def track(**other):
    return {"type": "track", "event": "Material Read", "userId": "u1", "messageId": "m1"} | other


@pytest.mark.parametrize(
    ("type_", "kind", "more"),
    [
        ("track", "read_material", {"event": "Material Read"}),
        ("identify", "identified", {}),
        ("page", "viewed_page", {"name": "Home"}),
        ("screen", "viewed_page", {"name": "Home"}),
        ("group", "joined_group", {"groupId": "g1"}),
        ("alias", "identified", {"previousId": "a1"}),
    ],
)
def test_all_six_calls_by_name_letter_and_batch(type_, kind, more):
    told = {"userId": "u1", "messageId": "m1"} | more
    for path in (f"/v1/{type_}", f"/v1/{type_[0]}"):
        (event,) = taken(path, told).events
        assert (event.kind, event.handle, event.id) == (kind, USER, "m1")
    assert one(told | {"type": type_}).kind == kind
    assert one(told | {"type": type_}, path="/v1/b").kind == kind


def test_everything_about_a_tracked_event_is_kept():
    event = one(
        track(
            properties={"material": "mat_1", "rep": "stf_1", "页": 3},
            context={"campaign": {"name": "春"}, "ip": "1.2.3.4", "userAgent": "Mozilla/5.0"},
        )
    )
    assert (event.material, event.rep, event.ecosystem) == ("mat_1", "stf_1", "own_app")
    assert event.received == NOW
    assert event.detail == {
        "name": "Material Read",
        "properties": {"material": "mat_1", "rep": "stf_1", "页": 3},
        "context": {"campaign": {"name": "春"}},
        "user_agent": "Mozilla/5.0",
    }
    assert unpack(pack(event)) == event


def test_a_name_nobody_knows_is_kept_under_its_own():
    assert one(track(event="Moon Landed")).kind == "track.moon_landed"


def test_ids_may_be_numbers_and_are_trimmed():
    assert one(track(userId=42)).handle == Handle("user", ACCOUNT, "42")
    assert one(track(userId="  u1 ")).handle == USER
    assert one(track(userId=None, anonymousId="a1")).handle == ANONYMOUS
    assert one(track(userId="", anonymousId="a1")).handle == ANONYMOUS


def test_explicit_nulls_are_nothing():
    nothing = dict.fromkeys(("anonymousId", "properties", "context", "timestamp", "messageId"))
    event = one(track(**nothing))
    assert event.at == NOW
    assert event.detail == {"name": "Material Read"}


@pytest.mark.parametrize(
    ("told", "field", "reason"),
    [
        (track(userId=None), "userId", "no_user_or_anonymous_id"),
        (track(userId=" "), "userId", "no_user_or_anonymous_id"),
        (track(userId={"a": 1}), "userId", "not_an_id"),
        (track(userId="Undefined", anonymousId=None), "userId", "id_of_nobody"),
        (track(userId=0, anonymousId="null"), "userId", "id_of_nobody"),
        ({"type": "alias", "userId": "u1", "previousId": "NaN"}, "previousId", "id_of_nobody"),
        (track(userId=True), "userId", "not_an_id"),
        (track(userId="u\x001"), "userId", "not_an_id"),
        (track(userId="u" * 256), "userId", "value_too_long"),
        (track(type="rename"), "type", "unknown_event_type"),
        (track(type=None), "type", "field_is_missing"),
        ({"userId": "u1"}, "type", "field_is_missing"),
        (track(event=None), "event", "field_is_missing"),
        (track(event=""), "event", "field_is_missing"),
        (track(properties=[1]), "properties", "not_an_object"),
        (track(timestamp="yesterday"), "timestamp", "not_a_time"),
        (track(timestamp=12), "timestamp", "not_a_time"),
        (track(timestamp="0001-01-01T00:00:00+14:00"), "timestamp", "time_out_of_range"),
        (track(timestamp="9999-12-31T23:59:59-12:00"), "timestamp", "time_out_of_range"),
        (track(timestamp="2026-03-03T09:00:01Z"), "timestamp", "time_in_the_future"),
        ({"type": "group", "userId": "u1"}, "groupId", "field_is_missing"),
        ({"type": "alias", "userId": "u1"}, "previousId", "field_is_missing"),
        ({"type": "alias", "anonymousId": "a1", "previousId": "a0"}, "userId", "field_is_missing"),
        (track(properties={"x": "y" * 33_000}), "", "event_too_large"),
        ("track", "", "not_an_object"),
        (None, "", "not_an_object"),
        ([], "", "not_an_object"),
    ],
)
def test_what_cannot_be_an_event_is_refused_by_its_field(told, field, reason):
    assert refused(told) == (field, reason)


@pytest.mark.parametrize("type_", ["track", "identify"])
def test_an_id_that_programs_write_for_want_of_one_is_left_out(type_):
    """Whoever has it would be one customer."""
    her = {"userId": "[object Object]", "anonymousId": "a1", "context": {"externalIds": [
        {"type": "unionid", "id": "undefined"}, {"type": "unionid", "id": "w1"}]}}  # fmt: skip
    event = one(track(type=type_, **her))
    assert (event.handle, event.links) == (ANONYMOUS, (Handle("unionid", "", "w1"),))


def test_good_neighbours_are_kept_and_refusals_say_why():
    found = taken(
        "/v1/batch", {"batch": [track(messageId="1"), track(userId=None), track(messageId="3")]}
    )
    assert [event.id for event in found.events] == ["1", "3"]
    assert [(each.index, each.flaw.field) for each in found.rejected] == [(1, "userId")]
    (kept,) = found.refusals
    assert (kept.door, kept.account, kept.reason) == (
        "segment", ACCOUNT, "no_user_or_anonymous_id",
    )  # fmt: skip
    assert "Material Read" in kept.sample


@pytest.mark.parametrize(
    ("body", "field", "reason"),
    [
        (b"", "body", "not_json"),
        (b"\xff\xfe{}", "body", "not_json"),
        (b'{"batch": [{"type": "track", "event": "\xc3"}]', "body", "not_json"),
        (b"[" * 100_000 + b"]" * 100_000, "body", "not_json"),
        (b'{"a":' * 60_000, "body", "not_json"),
        (b"[]", "body", "not_an_object"),
        (b'{"batch": {}}', "batch", "batch_is_not_a_list"),
        (b"{}", "batch", "batch_is_not_a_list"),
        (b'{"batch": [' + b"1," * 2_500 + b"1]}", "batch", "too_many_events"),
        (b" " * (500 * 1024 + 1), "body", "batch_too_large"),
        (gzip.compress(b" " * 50_000_000, mtime=0), "body", "batch_too_large"),
        (gzip.compress(b"{}", mtime=0)[:-9], "body", "not_gzip"),
        (b"\x1f\x8bnonsense", "body", "not_gzip"),
    ],
)
def test_a_request_with_nothing_in_it_is_refused_whole(body, field, reason):
    found = taken("/v1/batch", body)
    assert found.events == []
    ((index, flaw),) = [(each.index, each.flaw) for each in found.rejected]
    assert (index, flaw.field, flaw.reason) == (0, field, reason)
    assert len(found.refusals[0].sample) <= 4_096


@pytest.mark.parametrize("depth", [200, 252, 253, 254, 255, 300, 900])
def test_whatever_is_accepted_can_be_kept_however_deep(depth):
    deep = orjson.loads(b'{"a":' * depth + b"1" + b"}" * depth)
    found = taken("/v1/batch", b'{"batch":[%s]}' % _deep(depth))
    assert len(found.events) + len(found.rejected) == 1
    for event in found.events:
        assert unpack(pack(event)).detail["properties"] == deep
    if depth >= 255:
        assert found.rejected[0].flaw.reason == "nested_too_deep"


def _deep(depth):
    deep = b'{"a":' * depth + b"1" + b"}" * depth
    return b'{"type":"track","event":"x","userId":"u1","properties":%s}' % deep


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-encoding": "gzip"},
    ],
)
def test_bodies_are_read_by_their_bytes_whatever_they_claim(headers):
    told = {"batch": [track()]}
    assert len(taken("/v1/batch", told, headers).events) == 1
    assert len(taken("/v1/batch", gzip.compress(orjson.dumps(told)), headers).events) == 1


def basic(text):
    return {"authorization": "Basic " + base64.b64encode(text.encode()).decode()}


@pytest.mark.parametrize(
    ("headers", "query", "told"),
    [
        (basic("wk:"), "", {}),
        (basic("wk"), "", {}),
        (basic("wk:"), "writeKey=other", {"writeKey": "other"}),
        ({"x-write-key": "wk"}, "", {}),
        ({"x-write-key": "wk:secret"}, "", {}),
        ({}, "writekey=wk&v=1", {}),
        ({}, "writeKey=wk", {}),
        ({}, "", {"writeKey": "wk"}),
    ],
)
def test_the_write_key_is_found_wherever_clients_put_it(headers, query, told):
    body = orjson.dumps({"batch": [], **told})
    assert segment.read("/v1/batch", headers.get, query, body).key == "wk"


@pytest.mark.parametrize(
    "headers", [{}, {"authorization": "Bearer x"}, {"authorization": "Basic ==="}, basic("\xff")]
)
def test_without_a_key_there_is_none(headers):
    key = segment.read("/v1/batch", headers.get, "", b'{"writeKey": 7.5}').key
    assert key in ("", "===", "\xff")


def test_an_item_without_an_id_gets_the_same_when_sent_again():
    told = track(messageId=None, timestamp="2026-03-02T08:00:00Z")
    first, again = one(told, sentAt="2026-03-02T08:00:01Z"), one(told | {"sentAt": "2026-03-02"})
    assert first.id == again.id
    assert first.id.startswith("auto-")
    assert one(told | {"event": "Other"}).id != first.id


def at(sent=None, path="/v1/batch", **times):
    return one(track(**times), path=path, sentAt=sent).at - NOW


@pytest.mark.parametrize("path", ["/v1/track", "/pixel/v1/track"])
def test_what_says_neither_its_id_nor_its_time_is_another_each_time_it_comes(path):
    def told(received, **more):
        body = orjson.dumps({"event": "Read", "userId": "u1"} | more)
        query = urlencode({"event": "Read", "userId": "u1"} | more)
        call = segment.read(path, {}.get, query, body)
        (event,) = segment.turn(call, ACCOUNT, "own_app", received, str).events
        return event.id

    later = NOW + timedelta(seconds=1)
    assert told(NOW) != told(later)
    assert told(NOW, messageId="m1") == told(later, messageId="m1") == "m1"
    at = (NOW - timedelta(hours=1)).isoformat()
    assert told(NOW, timestamp=at) == told(later, timestamp=at)


def test_rows_of_an_import_keep_their_ids_without_a_time():
    """A file is brought in once more, and counts once."""
    told = {"batch": [{"type": "track", "event": "Read", "userId": "u1"}]}
    call = segment.read("/v1/import", {}.get, "", orjson.dumps(told))
    first, again = (
        segment.turn(call, ACCOUNT, "own_app", NOW + timedelta(seconds=n), str).events[0].id
        for n in range(2)
    )
    assert first == again


def test_what_a_client_tells_of_one_millisecond_keeps_its_order():
    """Clocks of clients count milliseconds; a profile takes the last word, by time."""
    same, later = "2026-03-02T08:00:00.120Z", "2026-03-02T08:00:00.121Z"
    odd = [track(messageId=f"m{9 - n}", timestamp=same) for n in range(3)]
    fine = [track(messageId="x", timestamp="2026-03-02T08:00:00.120001Z")]
    told = {"batch": [*odd, *fine, track(messageId="a", timestamp=later),
                      track(messageId="b", timestamp=same)]}  # fmt: skip
    events = taken("/v1/batch", told).events
    ordered = sorted(events, key=lambda each: (each.at, each.id))
    assert [each.id for each in ordered] == ["b", "m9", "m8", "m7", "x", "a"]
    assert events[0].at == datetime(2026, 3, 2, 8, 0, 0, 120_000, tzinfo=UTC)
    body = orjson.dumps(told)
    call = segment.read("/v1/batch", {}.get, "", body)
    straight = segment.written(call, ACCOUNT, "own_app", NOW, lambda name: kind_of(name).name)
    assert [unpack(line).at for line in straight.events] == [each.at for each in events]


def test_a_sample_of_what_is_refused_tells_no_place():
    """It is shown for as long as anything of its sort is refused; what waits to be tried again has
    the place, and goes when places go."""
    place = {"latitude": 31.2, "longitude": 121.5}
    told = track(userId=None, properties={"page": "/a", **place}, location=place)
    found = taken("/v1/batch", {"batch": [told]})
    (refusal,) = found.refusals
    assert "/a" in refusal.sample
    assert "31.2" not in refusal.sample
    assert orjson.loads(refusal.again)["item"] == told


@pytest.mark.parametrize("sent", ["soon", 0, [], {"a": 1}, "2026-03-02T08:00:00+99:00"])
def test_a_senders_clock_that_is_none_costs_no_event(sent):
    told = track(timestamp="2026-03-02T08:58:00Z", sentAt=sent)
    assert one(told).at == one(told | {"sentAt": None}).at


@pytest.mark.parametrize("type_", ["page", "screen"])
def test_the_category_of_a_page_is_kept(type_):
    told = {"type": type_, "userId": "u1", "messageId": "m1", "name": "Home"}
    assert one(told | {"category": "Shelf"}).detail == {"name": "Home", "category": "Shelf"}
    assert one(told | {"category": ["x"]}).detail == {"name": "Home"}


def test_a_wrong_clock_is_set_right():
    slow = "2026-03-02T07:58:00Z", "2026-03-02T08:00:00Z"  # happened, sent: an hour slow
    assert at(timestamp=slow[0], sent=slow[1]) == timedelta(minutes=-2)
    assert at(originalTimestamp=slow[0], sentAt=slow[1]) == timedelta(minutes=-2)
    assert at(timestamp="2026-03-02T16:58:00+08:00") == timedelta(minutes=-2)
    assert at(timestamp="2026-03-02T08:58:00") == timedelta(minutes=-2)


@pytest.mark.parametrize(
    ("sent", "original", "happened"),
    [
        (None, -5, -5),  # no word on when it was sent: believed
        (None, +5, 0),  # but never in our future
        (+60, +50, -10),  # the device is an hour ahead
        (-60, -90, -30),  # or behind
        (-60, -30, 0),  # it happened after it was sent: now
        (-60 * 24 * 40, -60 * 24 * 41, -60 * 24 * 41),  # too far off to be a clock's error
        (-60 * 24 * 9_000, -5, -5),  # which says nothing of a moment that is none of its own
        (+60 * 24 * 400, +60 * 24 * 399, 0),
    ],
)
def test_a_devices_clock_is_corrected_by_what_it_thought_when_it_sent(sent, original, happened):
    def spelled(minutes):
        return None if minutes is None else (NOW + timedelta(minutes=minutes)).isoformat()

    moved = at(timestamp=spelled(original), sent=spelled(sent))
    assert moved == timedelta(minutes=happened)


def test_nothing_is_moved_into_the_future():
    assert at(timestamp="2026-03-02T08:10:00Z", sent="2026-03-02T08:00:00Z") == timedelta()
    assert at(timestamp="2026-03-02T20:00:00Z") == timedelta()
    assert at() == timedelta()


def test_a_bad_sent_at_costs_only_the_correction():
    for sent in ("soon", "0001-01-01T00:00:00+14:00", 7):
        assert at(timestamp="2026-03-02T08:00:00Z", sent=sent) == timedelta(hours=-1)


@pytest.mark.parametrize(
    ("path", "headers", "bot"),
    [
        ("/pixel/v1/track", {"user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"}, True),
        ("/pixel/v1/track", {"user-agent": "Mozilla/5.0 (Windows NT 10.0)"}, False),
        ("/pixel/v1/track", {}, False),
        ("/v1/t", {"user-agent": "HeadlessChrome/1", "origin": "https://shop.example"}, True),
        ("/v1/t", {"user-agent": "python-requests/2"}, False),  # somebody's server tells of her
    ],
)
def test_a_machine_that_fetches_an_image_or_runs_a_page_says_so_in_its_header(path, headers, bot):
    query = "event=Material+Read&userId=u1&messageId=m1" if "pixel" in path else ""
    for read in (segment.turn, segment.written):
        call = segment.read(path, headers.get, query, b"" if query else orjson.dumps(track()))
        told = read(call, ACCOUNT, "own_app", NOW, lambda name: kind_of(name).name).events[0]
        event = unpack(told) if isinstance(told, bytes) else told
        assert is_bot(event.detail.get("user_agent")) is bot


def test_an_import_keeps_its_times():
    long_ago = "2024-01-01T00:00:00Z"
    event = one(track(timestamp=long_ago), path="/v1/import", sentAt="2026-03-02T08:00:00Z")
    assert event.at == datetime(2024, 1, 1, tzinfo=UTC)


def links(**told):
    return set(one({"type": "identify", "userId": "u1"} | told).links)


@pytest.mark.rule("R10.2")
def test_identify_links_what_it_names():
    assert links(anonymousId="a1") == {ANONYMOUS}
    for phone in ("13800138000", "+86 138 0013 8000", 13800138000):
        assert {each.kind for each in links(traits={"phone": phone})} == {"phone"}
        assert links(traits={"phone": phone}) == links(traits={"phone": "138-0013-8000"})
        assert links(traits={"phone": phone}) == links(context={"traits": {"phone": phone}})
    assert links(traits={"phone": "12"}) == set()
    for address in ("Li@Example.com", " li@example.com "):
        assert links(traits={"email": address}) == {Handle("email", "", "li@example.com")}
    assert links(traits={"email": "li at example"}) == links(traits={"email": 7}) == set()
    assert one(track(anonymousId="a1")).links == ()


def test_outside_ids_link_to_who_they_are():
    outside = [
        {"type": "cookie", "id": "c1", "collection": "users"},
        {"type": "openid", "id": "o1", "collection": "users"},
        {"type": "openid", "id": "o2", "collection": "acc_oa"},
        {"type": "openid", "id": "o3", "collection": "a:b"},
        {"type": "unionid", "id": "n1"},
        {"type": "fax", "id": "1"},
        {"type": "cookie", "id": {"x": 1}},
        {"type": "cookie"},
        "cookie",
        None,
    ]
    assert set(one(track(context={"externalIds": outside})).links) == {
        Handle("cookie", "", "c1"),
        Handle("openid", ACCOUNT, "o1"),
        Handle("openid", "acc_oa", "o2"),
        Handle("unionid", "", "n1"),
    }
    assert one(track(context={"externalIds": "x"})).links == ()


def test_alias_links_who_she_was_before():
    event = one({"type": "alias", "userId": "u1", "previousId": "a1"})
    assert (event.handle, event.links) == (USER, (ANONYMOUS,))


def test_two_and_a_half_thousand_events_are_one_batch():
    found = taken("/v1/batch", {"batch": [{"type": "page", "userId": n + 1} for n in range(2_500)]})
    assert len(found.events) == 2_500
