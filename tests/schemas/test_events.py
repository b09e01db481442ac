"""The contract of an event and its plan: the same answers, one of them faster."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import INCLUDE, Schema, ValidationError, fields, post_load
from marshmallow.validate import Length, Range

from kernel.errors import Invalid
from schemas import events

_TEXT = st.text(max_size=12) | st.sampled_from(["x" * 255, " x" * 200, "a\nb", "\u200b", " 42 "])
_TIME = st.sampled_from(
    [
        "2026-03-02T09:00:00Z",
        "2026-03-02T09:00",
        "20260302",
        "2026-03-02T09:00:00.123+08:00",
        "0001-01-01T00:00:00+14:00",
        "2026-13-01",
        "2026-W10-1",
        "soon",
    ]
)
_ODD = st.none() | st.integers() | st.floats() | st.booleans() | st.lists(st.integers(), max_size=2)
_VALUE = _TEXT | _TIME | _ODD | st.dictionaries(_TEXT, _ODD, max_size=2)
_LIKELY = {
    "type": st.sampled_from(events.TYPES),
    "userId": _TEXT | st.integers(),
    "timestamp": _TIME,
    "properties": st.dictionaries(_TEXT, _ODD, max_size=2) | st.none(),
}
_TOLD = st.fixed_dictionaries(
    {},
    optional={name: _LIKELY.get(name, _VALUE) | _VALUE for name in (*events.ITEM.fields, "more")},
)


@given(_TOLD)
@settings(max_examples=60, deadline=None)
def test_the_plan_answers_what_the_contract_would_or_nothing(told):
    planned = events.plan(told)
    try:
        loaded = events.ITEM.load(told)
    except ValidationError:
        assert planned is None
    else:
        assert planned in (None, loaded)


def test_the_plan_takes_what_clients_really_send():
    told = {
        "type": "track", "messageId": "m1", "userId": 42, "anonymousId": None, "event": "Read",
        "timestamp": "2026-03-02T09:00:00.123456+00:00", "properties": {"a": 1}, "context": {},
        "integrations": {},
    }  # fmt: skip
    planned = events.plan(told)
    assert planned == events.ITEM.load(told)
    assert planned["userId"] == "42"
    assert planned["timestamp"] == datetime(2026, 3, 2, 9, 0, 0, 123456, tzinfo=UTC)


def test_every_wrong_field_is_named():
    with pytest.raises(Invalid) as refused:
        events.item({"type": "rename", "userId": ["x"], "timestamp": "soon", "traits": []})
    assert {flaw.field: flaw.reason for flaw in refused.value.flaws} == {
        "type": "unknown_event_type",
        "userId": "not_an_id",
        "timestamp": "not_a_time",
        "traits": "not_an_object",
    }


@pytest.mark.parametrize("told", [None, [], "x", 3])
def test_what_is_no_object_is_no_event(told):
    with pytest.raises(Invalid, match="JSON object"):
        events.item(told)


class _Strict(Schema):
    class Meta:
        unknown = INCLUDE


class _Hooked(events.Item):
    @post_load
    def change(self, loaded, **_):
        return loaded


class _Ranged(events.Item):
    messageId = fields.String(validate=Range(min="a"))


class _Numbered(events.Item):
    size = fields.Integer()


@pytest.mark.parametrize("kind", [_Strict, _Hooked, _Ranged, _Numbered])
def test_a_schema_that_says_more_has_no_plan(kind):
    with pytest.raises(TypeError):
        events.compile_plan(kind())


def test_lengths_are_part_of_the_plan():
    class Short(events.Item):
        name = fields.String(validate=Length(min=2, max=3))

    plan = events.compile_plan(Short())
    found = [plan({"type": "page", "name": "a" * size}) is not None for size in range(5)]
    assert found == [False, False, True, True, False]


def test_a_number_too_large_for_a_date_is_no_moment():
    for value in (2.6e14, -6.3e13, 1e15, 1e300):
        assert events.moment(value) is None
    assert events.moment(2.4e14) is not None
