"""What is written straight is what would have been written by way of an event."""

from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_hub.catalogue import kind_of
from data_hub.intake import Intake
from kernel.events import Event, pack, unpack
from schemas import segment
from schemas.taking import Call

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
_TEXT = st.text(max_size=9) | st.sampled_from(["u1", " x ", "x" * 255, "curl/8", "a:b"])
_NUMBER = st.integers(-(2**63), 2**64 - 1)
"""Longer ones come as floats."""
_ODD = st.none() | _NUMBER | st.booleans() | st.lists(_NUMBER, max_size=2) | _TEXT
_ID = _ODD | st.sampled_from(["undefined", "NULL", "0", 0])
_OBJECT = st.dictionaries(
    st.sampled_from(
        ["material", "material_id", "rep", "x", "campaign", "page", "userAgent", "latitude",
         "$latitude", "$longitude", "Latitude", "Longitude",
         "longitude", "location"]
    ),
    _ODD | st.sampled_from([31.2, 121.5, {"lat": 31.2, "lng": 121.5}]), max_size=4,
)  # fmt: skip
_TIME = st.sampled_from(
    ["2026-03-02T08:00:00Z", "2026-03-02T16:59:00.123456+08:00", "2026-03-02T08:00", "1901-01-01",
     "2126-01-01", "soon"]
)  # fmt: skip
_ITEM = st.fixed_dictionaries(
    {"type": st.sampled_from(["track", "page", "screen", "identify", "group", "alias", "x"])},
    optional={
        "event": _TEXT, "name": _TEXT, "userId": _ID, "anonymousId": _ID, "messageId": _ODD,
        "category": _ODD,
        "properties": _OBJECT | _ODD, "context": _OBJECT | _ODD, "traits": _OBJECT,
        "timestamp": _TIME, "originalTimestamp": _TIME, "sentAt": _TIME,
    },
)  # fmt: skip


def kinds(name):
    return kind_of(name).name


def kept(taken):
    lines = []

    class Commit:
        def put(self, packed, **_):
            lines.extend(packed)

    Intake(Commit(), lambda: NOW).begin(taken.events)
    return lines


@given(st.lists(_ITEM, max_size=3), st.none() | _OBJECT, st.booleans())
@settings(max_examples=150, deadline=None)
def test_whatever_comes_is_kept_as_it_would_have_been(items, context, imported):
    call = Call(items=items, context=context, imported=imported, small=True)
    told = (call, "acc_app", "own_app", NOW, kinds)
    plain, usual = segment.written(*told), segment.turn(*told)
    assert kept(plain) == kept(usual)
    assert [each.flaw for each in plain.rejected] == [each.flaw for each in usual.rejected]


@pytest.mark.parametrize("type_", ["track", "page", "screen"])
def test_what_sdks_send_is_written_straight(type_):
    told = {
        "type": type_, "event": "Material Read", "messageId": "m1", "userId": 7, "timestamp":
        "2026-03-02T08:00:00.120Z", "properties": {"material": "mat_1", "rep": "stf_1", "页": 1},
        "context": {"library": {"name": "x"}, "userAgent": "Mozilla/5.0"},
    }  # fmt: skip
    call = Call(items=[told], small=True)
    (line,) = segment.written(call, "acc_app", "own_app", NOW, kinds).events
    (event,) = segment.turn(call, "acc_app", "own_app", NOW, kinds).events
    assert type(line) is bytes
    assert isinstance(event, Event)
    assert line == pack(event)
    assert unpack(line) == event


def test_what_is_nested_too_deep_or_too_large_is_refused_all_the_same():
    deep = orjson.loads(b'{"a":' * 300 + b"1" + b"}" * 300)
    for properties, reason in (
        (deep, "nested_too_deep"), ({"x": "y" * 33_000}, "event_too_large"),
    ):  # fmt: skip
        told = {"type": "track", "event": "x", "messageId": "m", "userId": "u"}
        call = Call(items=[told | {"properties": properties}])
        taken = segment.written(call, "acc_app", "own_app", NOW, kinds)
        assert [each.flaw.reason for each in taken.rejected] == [reason]
