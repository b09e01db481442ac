"""Events travel through the journal and come out as they went in."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.events import Event, Handle, Refusal, pack, pack_refusal, unpack, unpack_any

words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
names = st.text("abc_", min_size=1, max_size=6)
moments = st.datetimes(datetime(1970, 1, 2), datetime(2099, 1, 1)).map(  # noqa: DTZ001 - made aware below
    lambda moment: moment.replace(tzinfo=UTC)
)
handles = st.builds(Handle, names, names | st.just(""), words.filter(bool))
plain = words | st.integers(-(2**53), 2**53) | st.booleans() | st.none()
details = st.dictionaries(words, st.recursive(plain, st.lists, max_leaves=4), max_size=3)
events = st.builds(
    Event, id=words, kind=names, at=moments, account=names, handle=st.none() | handles,
    links=st.lists(handles, max_size=2).map(tuple), ecosystem=names, material=words, rep=words,
    received=st.none() | moments, detail=details, raw=st.binary(max_size=20),
)  # fmt: skip


@given(events)
@settings(max_examples=60)
def test_an_event_comes_out_as_it_went_in(event):
    packed = pack(event)
    assert b"\n" not in packed
    assert unpack(packed) == unpack_any(packed) == event


@given(
    st.builds(
        Refusal, at=moments, door=names, reason=names, field=words, account=words, sample=words
    )
)
@settings(max_examples=60)
def test_a_refusal_comes_out_as_it_went_in(refusal):
    assert unpack_any(pack_refusal(refusal)) == refusal


def test_a_long_sample_is_cut():
    refusal = Refusal(
        at=datetime(2026, 3, 2, tzinfo=UTC), door="segment", reason="x", sample="x" * 9_999
    )
    assert len(unpack_any(pack_refusal(refusal)).sample) == 4_096


@given(handles)
@settings(max_examples=60)
def test_a_handle_is_spelled_and_read_back(handle):
    assert Handle.parse(str(handle)) == handle


@pytest.mark.parametrize("text", ["", "phone", "phone:1", "phone::", "::1"])
def test_what_is_no_handle_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011 (unpacking or our own: either is fine)
        Handle.parse(text)


def test_a_value_may_hold_colons():
    assert Handle.parse("cookie::a:b").value == "a:b"


def test_an_event_told_in_another_zone_keeps_its_moment():
    shanghai = datetime(2026, 3, 2, 17, tzinfo=timezone(timedelta(hours=8)))
    event = Event(id="1", kind="followed", at=shanghai, account="acc_1")
    assert unpack(pack(event)).at == shanghai


def test_a_nul_character_in_an_event_is_replaced_and_its_raw_bytes_stay():
    event = Event(
        id="e1", kind="identified", at=datetime(2026, 3, 2, tzinfo=UTC), account="acc_1",
        detail={"traits": {"name": "a\x00b"}}, raw=b"\x00\xff",
    )  # fmt: skip

    kept = unpack(pack(event))

    assert kept.detail == {"traits": {"name": "a\ufffdb"}}
    assert kept.raw == event.raw
