"""神策's wire, as its SDKs and worse things send it."""

import base64
import gzip
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError

from data_hub.catalogue import kind_of
from data_hub.intake import is_bot
from kernel.calendar import Zone
from kernel.events import Handle, pack, unpack
from schemas import sensor_forms, sensors

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
MS = int(NOW.timestamp() * 1000)
ACCOUNT = "acc_app"
_CUT = base64.b64encode(gzip.compress(b"{}", mtime=0)[:-9])
LOGIN, DEVICE = Handle("user", ACCOUNT, "u1"), Handle("anonymous", ACCOUNT, "d1")


def encoded(told, *, zipped=True):
    raw = told if isinstance(told, bytes) else orjson.dumps(told)
    return base64.b64encode(gzip.compress(raw, mtime=0) if zipped else raw).decode()


def form(told, *, zipped=True, **more):
    name = "data_list" if isinstance(told, list) else "data"
    return urlencode({name: encoded(told, zipped=zipped), "gzip": int(zipped)} | more).encode()


def taken(body=b"", query="project=default"):
    call = sensors.read("/sa", {}.get, query, body)
    return sensors.turn(
        call, ACCOUNT, "own_app", NOW, lambda name: kind_of(name).name, zone=Zone(),
        where=lambda appid: {"wx1": "acc_mini"}.get(appid, appid),
    )  # fmt: skip


def one(told):
    found = taken(form(told))
    assert found.rejected == []
    (event,) = found.events
    assert unpack(pack(event)) == event
    return event


def refused(told):
    found = taken(form(told))
    assert found.events == []
    (rejected,) = found.rejected
    assert found.refusals[0].door == "sensors"
    return rejected.flaw.field, rejected.flaw.reason


def track(**other):
    return {
        "type": "track", "event": "material_read", "distinct_id": "d1", "time": MS,
        "properties": {"material": "mat_1"}, "lib": {"$lib": "js", "$lib_version": "1.27.11"},
    } | other  # fmt: skip


def test_a_tracked_record_is_the_event_that_segments_wire_would_make_of_it():
    event = one(track())
    assert (event.kind, event.handle, event.material, event.at) == (
        "read_material", DEVICE, "mat_1", NOW,
    )  # fmt: skip
    assert event.detail["name"] == "material_read"
    assert event.detail["context"] == {"library": {"name": "js", "version": "1.27.11"}}


@pytest.mark.parametrize(
    ("told", "kind", "handle", "links"),
    [
        (track(), "read_material", DEVICE, ()),
        (track(distinct_id="u1", properties={"$is_login_id": True}), "read_material", LOGIN, ()),
        (track(distinct_id="u1", login_id="u1", anonymous_id="d1"), "read_material", LOGIN, ()),
        (track(login_id="null", identities={"$identity_login_id": "undefined"}),
         "read_material", Handle("anonymous", ACCOUNT, "d1"), ()),
        (track(event="$pageview"), "viewed_page", DEVICE, ()),
        (track(event="$MPViewScreen"), "viewed_page", DEVICE, ()),
        (track(event="$WebClick"), "track.web_click", DEVICE, ()),
        (track(distinct_id=42), "read_material", Handle("anonymous", ACCOUNT, "42"), ()),
        (
            {"type": "track_signup", "event": "$SignUp", "distinct_id": "u1", "original_id": "d1"},
            "identified", LOGIN, (DEVICE,),
        ),
        (
            track(
                type="track_id_bind", event="$BindID",
                identities={"$identity_login_id": "u1", "$identity_mobile": "138 0013 8000"},
            ),
            "identified", LOGIN, (Handle("phone", "", "13800138000"),),
        ),
        (
            track(
                type="track_id_bind", event="$BindID",
                identities={"$identity_mp_id": "d1", "$identity_mp_wx1_openid": "o1"},
            ),
            "identified", Handle("openid", "acc_mini", "o1"), (DEVICE,),
        ),
        (
            track(
                type="track_id_bind", event="$BindID",
                identities={
                    "$identity_mp_openid": "o1", "$identity_mp_unionid": "n1",
                    "$identity_email": "Lin@Example.com", "member_no": "M7",
                    "$identity_mp_wx9_openid": "o9",
                },
            ),
            "identified", Handle("openid", ACCOUNT, "o1"),
            (
                Handle("unionid", "", "n1"), Handle("email", "", "lin@example.com"),
                Handle("member_no", ACCOUNT, "M7"), Handle("openid", "wx9", "o9"),
            ),
        ),
        (
            track(
                type="track_id_unbind", event="$UnbindID",
                identities={"$identity_mobile": "13800138000"},
            ),
            "parted_id", Handle("phone", "", "13800138000"), (),
        ),
    ],
)  # fmt: skip
def test_who_it_is_about_and_who_she_is_shown_to_be(told, kind, handle, links):
    event = one(told)
    assert (event.kind, event.handle) == (kind, handle)
    assert event.links == links


@pytest.mark.parametrize(
    ("type_", "properties", "detail"),
    [
        ("profile_set", {"city": "苏州", "$is_login_id": True}, {"traits": {"city": "苏州"}}),
        ("profile_set_once", {"source": "扫码"}, {"traits_once": {"source": "扫码"}}),
        ("profile_increment", {"points": 3}, {"traits_added": {"points": 3}}),
        ("profile_append", {"likes": ["茶"]}, {"traits_joined": {"likes": ["茶"]}}),
        ("profile_unset", {"city": True}, {"traits_unset": ["city"]}),
        ("profile_delete", {}, {"traits_unset": ["*"]}),
    ],
)
def test_every_profile_verb_is_kept_as_what_it_says(type_, properties, detail):
    event = one({"type": type_, "distinct_id": "d1", "time": MS, "properties": properties})
    assert (event.kind, event.detail) == ("identified", detail)


@pytest.mark.parametrize("value", ["3", True, None, [3]])
def test_what_is_no_number_is_added_to_nothing_and_says_so(value):
    told = {"type": "profile_increment", "distinct_id": "d1", "properties": {"points": value}}
    assert refused(told) == ("properties.points", "not_a_number")


@pytest.mark.parametrize("value", ["茶", 3, None, {"a": 1}])
def test_what_is_no_list_is_joined_to_nothing_and_says_so(value):
    told = {"type": "profile_append", "distinct_id": "d1", "properties": {"likes": value}}
    assert refused(told) == ("properties.likes", "not_an_array")


def test_a_phone_or_an_address_among_the_traits_links():
    told = {"type": "profile_set", "distinct_id": "d1", "properties": {"phone": "13800138000"}}
    assert one(told).links == (Handle("phone", "", "13800138000"),)
    told["properties"] = {"email": "Li@Example.com"}
    assert one(told).links == (Handle("email", "", "li@example.com"),)


def test_what_one_request_tells_of_a_millisecond_keeps_its_order():
    """The SDKs gather: a profile is deleted and set anew within one and the same."""
    verbs = ["profile_set", "profile_delete", "profile_set_once", "profile_increment"]
    told = [
        {"type": verb, "distinct_id": "u1", "time": MS - 5_000, "properties": {"x": 1}}
        for verb in verbs * 3
    ]  # fmt: skip
    for n, each in enumerate(told):
        each["properties"] = {"x": n}
    events = taken(form(told)).events
    assert sorted(events, key=lambda each: (each.at, each.id)) == events
    assert events[0].at == NOW - timedelta(seconds=5)


def test_items_are_about_nobody():
    told = {"item_type": "product", "item_id": "p1", "time": MS, "properties": {"name": "年金"}}
    noted, removed = one({"type": "item_set"} | told), one({"type": "item_delete"} | told)
    assert (noted.kind, noted.handle, removed.kind) == ("item_noted", None, "item_removed")
    assert noted.detail == {
        "item_type": "product", "item": "p1", "properties": {"name": "年金"},
    }  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        form(track()),
        form([track()]),
        form(track(), zipped=False),
        urlencode({"data_list": encoded(track())}).encode(),
        urlencode({"data": encoded([track()])}).encode(),
        b"data=" + encoded(track(), zipped=False).encode(),
        b"data=" + encoded(track(), zipped=False).rstrip("=").encode(),
        b"data=" + encoded(track()).replace("+", " ").encode() + b"&gzip=1",
        b"data=" + encoded(track()).replace("+", "%20").encode() + b"&gzip=1\r\n",
        gzip.compress(form(track()), mtime=0),
        form(track(), instant_event="true", _="123"),
    ],
)
def test_every_way_of_packing_a_record_is_unpacked(body):
    assert [event.kind for event in taken(body).events] == ["read_material"]
    if not body.startswith(b"\x1f"):
        query = body.decode().strip() + "&project=default"
        assert len(taken(query=query).events) == 1


def _as_java_does(text):
    sum_ = 0
    for letter in text:
        sum_ = (31 * sum_ + ord(letter)) & 0xFFFFFFFF
    return sum_ - (1 << 32) if sum_ >> 31 else sum_


def test_the_checksum_is_the_web_sdks_own():
    assert [sensor_forms.crc(text) for text in ("", "a", "abc")] == [0, 97, 96354]
    assert all(sensor_forms.crc("z" * n) == _as_java_does("z" * n) for n in range(40))
    data = encoded(track(), zipped=False)
    good = f"data={quote(data, safe='')}&ext=crc%3D{sensor_forms.crc(data)}".encode()
    assert len(taken(good).events) == 1
    (wrong,) = taken(good + b"1").rejected
    assert (wrong.flaw.field, wrong.flaw.reason) == ("ext", "crc_is_wrong")


@pytest.mark.parametrize(
    ("body", "field", "reason"),
    [
        (b"", "data", "field_is_missing"),
        (b"data=", "data", "field_is_missing"),
        (b"data=***", "data", "not_base64"),
        (b"data=e3&gzip=1", "data", "not_gzip"),
        (b"data=" + _CUT + b"&gzip=1", "body", "not_gzip"),
        (b"data=" + base64.b64encode(b"{"), "body", "not_json"),
        (b"data=%7B%22ekey%22%3A1%7D&gzip=9", "gzip", "encrypted_records"),
        (form(b" " * 40_000_000), "data", "batch_too_large"),
        (form([{}] * 2_501), "data_list", "too_many_events"),
    ],
)
def test_a_request_that_cannot_be_read_is_refused_whole(body, field, reason):
    found = taken(body)
    ((_, flaw),) = [(each.index, each.flaw) for each in found.rejected]
    assert (flaw.field, flaw.reason, found.events) == (field, reason, [])
    assert len(found.refusals[0].sample) <= 4_096


@pytest.mark.parametrize(
    ("told", "field", "reason"),
    [
        (track(type="track_all"), "type", "unknown_record_type"),
        (track(type=None), "type", "field_is_missing"),
        (track(distinct_id=""), "distinct_id", "field_is_missing"),
        (track(distinct_id="x" * 256), "distinct_id", "value_too_long"),
        (track(distinct_id="undefined"), "distinct_id", "id_of_nobody"),
        (
            track(distinct_id="null", properties={"$is_login_id": True}),
            "distinct_id",
            "id_of_nobody",
        ),
        (
            {
                "type": "track_signup",
                "distinct_id": "u1",
                "original_id": "00000000-0000-0000-0000-000000000000",
            },
            "original_id",
            "id_of_nobody",
        ),
        (track(event=None), "event", "field_is_missing"),
        (track(event="读了"), "event", "name_not_allowed"),
        (track(event="1st"), "event", "name_not_allowed"),
        (track(event="USER_ID"), "event", "name_not_allowed"),
        (track(properties={"distinct_id": "x"}), "properties.distinct_id", "name_not_allowed"),
        (track(properties={"user_tag_x": "x"}), "properties.user_tag_x", "name_not_allowed"),
        (track(properties={"a": "x" * 8_193}), "properties.a", "value_too_long"),
        (track(properties={"a": ["x" * 99] * 400}), "", "event_too_large"),
        (track(properties=[]), "properties", "not_an_object"),
        (track(identities="x"), "identities", "not_an_object"),
        (track(identities={"a b": "x"}), "identities.a b", "name_not_allowed"),
        (track(time="noon"), "time", "not_in_milliseconds"),
        (track(time=True), "time", "not_in_milliseconds"),
        (track(time=-2208988800000), "time", "time_out_of_range"),
        (track(time=4102444800000), "time", "time_in_the_future"),
        (track(time=10**17), "time", "not_in_milliseconds"),
        ({"type": "item_set", "item_id": "1"}, "item_type", "field_is_missing"),
        ({"type": "track_signup", "distinct_id": "u1"}, "original_id", "field_is_missing"),
        ("track", "", "not_an_object"),
    ],
)
def test_what_cannot_be_an_event_is_refused_by_its_field(told, field, reason):
    assert refused(told) == (field, reason)


def test_names_that_a_sender_makes_up_are_told_back_and_are_one_sort_of_refusal():
    told = [track(properties={f"user_tag_{n}": 1}) for n in range(20)]
    told += [track(identities={f"no name {n}": "x"}) for n in range(20)]
    found = taken(form(told))
    assert len({each.flaw.field for each in found.rejected}) == 40
    assert {each.field for each in found.refusals} == {"properties", "identities"}


def test_a_bad_record_leaves_its_neighbours():
    found = taken(form([track(), track(event=""), track(time=MS + 1)]))
    assert [each.index for each in found.rejected] == [1]
    assert len(found.events) == 2


def test_numbers_that_json_has_not_are_nothing():
    body = orjson.dumps(track()).replace(b'"mat_1"', b"NaN")
    (event,) = taken(b"data=" + base64.b64encode(body)).events
    assert event.detail["properties"] == {"material": None}


def test_base64_as_other_alphabets_and_mail_spell_it_is_read():
    told = track(properties={"x": "\xff~>?" * 90})
    spelled = encoded(told, zipped=False)
    assert {"+", "/"} <= set(spelled)
    (wanted,) = taken(b"data=" + spelled.encode()).events
    urls = base64.urlsafe_b64encode(base64.b64decode(spelled)).rstrip(b"=")
    mails = base64.encodebytes(base64.b64decode(spelled)).replace(b"\n", b"\r\n")
    for body in (urls, mails, spelled.replace("+", " ").encode()):
        (event,) = taken(b"data=" + body).events
        assert event == wanted


def test_a_moment_written_as_text_is_one():
    assert one(track(time=str(MS - 5))).at == one(track(time=MS - 5)).at
    assert one(track(time=str(MS // 1000 - 60))).at == NOW - timedelta(minutes=1)
    assert one(track(_flush_time="x")).at == one(track()).at


def test_a_records_clock_is_set_right_unless_it_is_an_import():
    minute = 60_000
    assert one(track(time=MS // 1000 - 60)).at == NOW - timedelta(minutes=1)
    slow = track(time=MS - 62 * minute, _flush_time=MS - 60 * minute)
    assert one(slow).at == NOW - timedelta(minutes=2)
    assert one(slow | {"time_free": True}).at == NOW - timedelta(minutes=62)
    assert one(track(time=None)).at == NOW


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("2026-03-02 09:00:00.6", "2026-03-02T09:00:00.006+08:00"),
        ("2026-03-02 09:00:00.06", "2026-03-02T09:00:00.006+08:00"),
        ("2026-03-02 09:00:00.600", "2026-03-02T09:00:00.600+08:00"),
        ("2026-03-02 09:00:00", "2026-03-02T09:00:00.000+08:00"),
        ("2026-13-02 09:00:00", "2026-13-02 09:00:00"),
        ("2026-03-02", "2026-03-02"),
    ],
)
def test_local_times_are_told_with_their_zone_and_milliseconds_are_a_count(told, kept):
    assert one(track(properties={"due": told})).detail["properties"]["due"] == kept


def test_the_same_record_has_the_same_id_and_another_has_another():
    ids = [
        one(track(**more)).id
        for more in (
            {}, {"_flush_time": MS}, {"lib": None},
            {"_track_id": 7}, {"_track_id": 7, "properties": {}},
            {"_track_id": 8}, {"properties": {"material": "mat_2"}}, {"event": "x"},
        )
    ]  # fmt: skip
    assert ids[0] == ids[1] == ids[2]
    assert ids[3] == ids[4]
    assert len(set(ids)) == 5
    nobody = track(distinct_id=None)
    hers = [{"login_id": "a"}, {"login_id": "b"}, {"identities": {"$identity_login_id": "a"}},
            {"identities": {"$identity_login_id": "b"}, "_track_id": 7},
            {"identities": {"$identity_login_id": "c"}, "_track_id": 7}]  # fmt: skip
    assert len({one(nobody | each).id for each in hers}) == 5


@pytest.mark.parametrize(("record", "same"), [({}, False), ({"time": MS}, True),
                                              ({"_track_id": 7}, True)])  # fmt: skip
def test_a_record_that_does_not_say_when_is_another_each_time_it_comes(record, same):
    call = sensors.read("/sa", {}.get, "", form(track(time=None) | record))
    first, again = (
        sensors.turn(call, ACCOUNT, "own_app", NOW + timedelta(seconds=n), str, zone=Zone())
        .events[0]
        .id
        for n in range(2)
    )
    assert (first == again) == same


@pytest.mark.parametrize(
    ("query", "record", "key"),
    [
        ("project=default", {}, "default\n"),
        ("project=default&token=wk", {}, "default\nwk"),
        ("", {"project": "other", "token": "t"}, "other\nt"),
        ("project=default", {"project": "other"}, "default\n"),
        ("", {}, ""),
    ],
)
def test_the_project_is_the_requests_or_the_records(query, record, key):
    assert sensors.read("/sa", {}.get, query, form(track(**record))).key == key


_TEXT = st.text(max_size=12) | st.sampled_from(["x" * 255, " x" * 200, "a\nb", " 42 "])
_ODD = st.none() | st.integers() | st.floats() | st.booleans() | st.lists(st.integers(), max_size=2)
_VALUE = _TEXT | _ODD | st.dictionaries(_TEXT, _ODD, max_size=2)
_LIKELY = {"type": st.sampled_from(sensors.TYPES), "time": st.integers(0, 2 * MS)}
_TOLD = st.fixed_dictionaries(
    {},
    optional={name: _LIKELY.get(name, _VALUE) | _VALUE for name in (*sensors.RECORD.fields, "x")},
)


@given(_TOLD)
@settings(max_examples=80, deadline=None)
def test_the_plan_answers_what_the_contract_would_or_nothing(told):
    planned = sensors._plan(told)
    try:
        loaded = sensors.RECORD.load(told)
    except ValidationError:
        assert planned is None
    else:
        assert planned in (None, loaded)


def test_the_plan_takes_what_clients_really_send():
    told = track(_flush_time=MS, identities={}, _track_id=1234, anonymous_id="d1")
    assert sensors._plan(told) == sensors.RECORD.load(told) != None  # noqa: E711 - part of one chain


@pytest.mark.parametrize(
    ("image", "headers", "bot"),
    [
        (True, {"user-agent": "Baiduspider/2.0"}, True),
        (False, {"user-agent": "Baiduspider/2.0", "origin": "https://shop.example"}, True),
        (False, {"user-agent": "Mozilla/5.0", "origin": "https://shop.example"}, False),
        (False, {"user-agent": "python-requests/2"}, False),  # the SDK of somebody's server
    ],
)
def test_a_machine_that_runs_a_page_of_the_web_sdk_says_so_in_its_header(image, headers, bot):
    told = form(track(), zipped=False)
    query, body = (told.decode(), b"") if image else ("project=default", told)
    call = sensors.read("/sa.gif", headers.get, query, body)
    (event,) = sensors.turn(
        call, ACCOUNT, "own_app", NOW, lambda name: kind_of(name).name, zone=Zone()
    ).events
    assert is_bot(event.detail.get("user_agent")) is bot
