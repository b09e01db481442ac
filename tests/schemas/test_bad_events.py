"""Bad events on both wires in one table: what each is answered with, by code and by field."""

import base64
import gzip

import orjson
import pytest

from data_hub.catalogue import kind_of
from tests.schemas.test_segment import taken
from tests.schemas.test_segment import track as tracked
from tests.schemas.test_sensors import encoded, form
from tests.schemas.test_sensors import taken as sa_taken
from tests.schemas.test_sensors import track as recorded

MEGABYTE = {"properties": {"much": "x" * 1_000_000}}
BOMB = gzip.compress(b" " * 40_000_000, mtime=0)
CRC = f"data={encoded(recorded(), zipped=False)}&ext=crc%3D1".encode()


def batch(**other):
    return orjson.dumps({"batch": [tracked(**other)]})


def record(**other):
    return form(recorded(**other))


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        pytest.param(batch(**MEGABYTE), "body", "batch_too_large", id="an event of 1 MB"),
        pytest.param(BOMB, "body", "batch_too_large", id="a gzip bomb"),
        pytest.param(
            batch(timestamp="1900-01-01T00:00:00Z"), "timestamp", "time_out_of_range", id="1900"
        ),
        pytest.param(
            batch(timestamp="2100-01-01T00:00:00Z"), "timestamp", "time_in_the_future", id="2100"
        ),
        pytest.param(batch(userId={"n": 1}), "userId", "not_an_id", id="an object as id"),
        pytest.param(batch(userId=True), "userId", "not_an_id", id="a truth as id"),
    ],
)
def test_segments_wire_names_what_is_wrong(body, field, code):
    found = taken("/v1/batch", body)
    assert [(each.flaw.field, each.flaw.reason) for each in found.rejected] == [(field, code)]
    assert (found.events, len(found.refusals)) == ([], 1)


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        pytest.param(record(**MEGABYTE), "", "event_too_large", id="an event of 1 MB"),
        pytest.param(
            b"gzip=1&data=" + base64.b64encode(BOMB), "data", "batch_too_large", id="a gzip bomb"
        ),
        pytest.param(CRC, "ext", "crc_is_wrong", id="a wrong crc"),
        pytest.param(record(time=-2_208_988_800_000), "time", "time_out_of_range", id="1900"),
        pytest.param(record(time=4_102_444_800_000), "time", "time_in_the_future", id="2100"),
        pytest.param(record(event="events"), "event", "name_not_allowed", id="a reserved name"),
        pytest.param(
            record(properties={"Date": 1}), "properties.Date", "name_not_allowed",
            id="a reserved property",
        ),
    ],
)  # fmt: skip
def test_sensors_wire_names_what_is_wrong(body, field, code):
    found = sa_taken(body)
    assert [(each.flaw.field, each.flaw.reason) for each in found.rejected] == [(field, code)]
    assert (found.events, len(found.refusals)) == ([], 1)


def test_a_number_is_an_id():
    (event,) = taken("/v1/batch", batch(userId=42)).events
    assert (event.handle.kind, event.handle.value) == ("user", "42")
    (event,) = sa_taken(record(distinct_id=42)).events
    assert (event.handle.kind, event.handle.value) == ("anonymous", "42")


def test_a_number_that_json_has_not_is_nothing_and_no_reason_to_lose_the_event():
    (event,) = taken("/v1/batch", batch(properties={"n": 5}).replace(b"5", b"NaN")).events
    assert event.detail["properties"] == {"n": None}
    body = orjson.dumps(recorded()).replace(b'"mat_1"', b"NaN")
    (event,) = sa_taken(b"data=" + base64.b64encode(body)).events
    assert event.detail["properties"] == {"material": None}


DEEP = b'{"a":' + b"[" * 5_000 + b"]" * 5_000 + b"}"
DAMAGED = {
    "half an emoji": (rb'{"t": "ok \ud83d"}', {"t": "ok \ufffd"}),
    "the other half": (
        rb'{"t": "\uDE00 \\ud83d \ud83d\ude00"}',
        {"t": "\ufffd \\ud83d \U0001f600"},
    ),
    "half a character": (b'{"t": "\xe5\x85"}', {"t": "\ufffd"}),
    "a number without end": (b'{"t": 1e400, "n": 5}', {"t": None, "n": 5}),
    "longer than a number is": (b'{"t": 9' + b"0" * 30 + b', "u": NaN}', {"t": 9e30, "u": None}),
    "half an emoji beside a NaN": (rb'{"t": "\ud83d", "u": NaN}', {"t": "\ufffd", "u": None}),
}


def beside_a_good_one(properties):
    """A batch and a list of records of two, of which the second holds these properties as bytes."""
    good, other = tracked(messageId="m0"), tracked(properties={"p": 0})
    told = orjson.dumps({"batch": [good, other]}).replace(b'{"p":0}', properties)
    records = orjson.dumps([recorded(distinct_id="d0"), recorded(properties={"p": 0})])
    return told, b"data_list=" + base64.b64encode(records.replace(b'{"p":0}', properties))


@pytest.mark.parametrize("damaged", DAMAGED)
def test_an_event_with_damaged_text_is_kept_and_costs_its_neighbours_nothing(damaged):
    properties, kept = DAMAGED[damaged]
    told, records = beside_a_good_one(properties)
    for found in (taken("/v1/batch", told), sa_taken(records.replace(b"+", b"%2B"))):
        assert found.rejected == []
        assert [each.detail.get("properties") for each in found.events][1:] == [kept]


def test_a_mark_before_the_text_is_none_of_it():
    assert len(taken("/v1/batch", b"\xef\xbb\xbf" + batch()).events) == 1


def test_an_event_nested_without_end_is_refused_alone():
    told, records = beside_a_good_one(DEEP)
    for found in (taken("/v1/batch", told), sa_taken(records.replace(b"+", b"%2B"))):
        assert len(found.events) == len(found.refusals) == 1
        assert [(each.index, each.flaw.reason) for each in found.rejected] == [
            (1, "nested_too_deep")
        ]


@pytest.mark.parametrize("named", [b"\xd5\xc5\xc8\xfd", rb"u\ud83d", "u\ufffd".encode()])
def test_of_damaged_ids_no_two_become_one_person(named):
    body = batch(userId="who").replace(b"who", named)
    found = taken("/v1/batch", body)
    assert [(each.flaw.field, each.flaw.reason) for each in found.rejected] == [
        ("userId", "not_an_id")
    ]
    record_ = orjson.dumps(recorded(identities={"$identity_login_id": "who"})).replace(
        b"who", named
    )
    (event,) = sa_taken(b"data=" + base64.b64encode(record_).replace(b"+", b"%2B")).events
    assert event.handle.kind == "anonymous"  # by her device; nobody's login


@pytest.mark.parametrize("sign", [b"[", b'{"a":', b'"\\', b'"', b"\xff"])
def test_a_body_made_to_be_hard_is_refused_at_once(sign):
    body = sign * (500_000 // len(sign))
    assert [each.flaw.reason for each in taken("/v1/batch", body).rejected] == ["not_json"]


def test_names_without_end_cost_no_memory():
    """Names that are kept for speed are forgotten again; `test_extremes` counts them."""
    for number in range(6_000):
        kind_of(f"Made Up {number}")
    assert kind_of.cache_info().currsize <= 4_096
    assert kind_of("Made Up 1").name == "track.made_up_1"
