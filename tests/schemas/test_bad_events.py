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


def test_names_without_end_cost_no_memory():
    """Names that are kept for speed are forgotten again; `test_extremes` counts them."""
    for number in range(6_000):
        kind_of(f"Made Up {number}")
    assert kind_of.cache_info().currsize <= 4_096
    assert kind_of("Made Up 1").name == "track.made_up_1"
