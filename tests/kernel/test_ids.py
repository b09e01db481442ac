"""Ids sort by their age; cursors come back whole or are refused."""

import base64
import re
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.errors import Invalid
from kernel.ids import PAGE_LIMIT, Page, cursor, new_id, page_of, page_size, read_cursor


def test_an_id_tells_its_kind_and_never_repeats():
    ids = [new_id("mat") for _ in range(5_000)]
    assert len(set(ids)) == 5_000
    assert all(re.fullmatch(r"mat_[0-9a-z]{21}", one) for one in ids)


def test_later_ids_sort_later():
    times = [new_id("mat")[4:13] for _ in range(5_000)]
    assert times == sorted(times)


_PARTS = (
    st.text().filter(lambda text: "\0" not in text),
    st.integers(-(1 << 63), (1 << 63) - 1),
    st.floats(allow_nan=False, allow_infinity=False),
)


@given(st.lists(st.one_of(*_PARTS), max_size=4))
@settings(max_examples=60)
def test_a_cursor_brings_back_its_key(key):
    assert read_cursor(cursor(*key), *map(type, key)) == tuple(key)


@given(st.text(max_size=40))
@settings(max_examples=60)
def test_no_text_does_more_than_be_refused(text):
    with suppress(Invalid):
        (part,) = read_cursor(text, str)
        assert isinstance(part, str)


@pytest.mark.parametrize(
    "text", ["", "====", "bnVsbA", cursor(1), cursor("a", "b"), cursor(True), "W" * 99_999]
)
def test_a_cursor_of_another_list_is_refused(text):
    with pytest.raises(Invalid) as refused:
        read_cursor(text, str, field="before")
    assert refused.value.field == "before"


@pytest.mark.parametrize(
    ("spelled", "kind"),
    [
        ("NaN", float), ("-Infinity", float), ("1e999", float), (str(1 << 63), int),
        ("9" * 400, int), (r'"\ud800"', str), (r'"\u0000"', str),
    ],
)  # fmt: skip
def test_a_cursor_that_no_store_could_take_is_refused(spelled, kind):
    forged = base64.urlsafe_b64encode(f"[{spelled}]".encode()).decode().rstrip("=")
    with pytest.raises(Invalid):
        read_cursor(forged, kind)


@pytest.mark.parametrize("first", [0, 1, PAGE_LIMIT])
def test_a_page_may_be_asked_for(first):
    assert page_size(first) == first


@pytest.mark.parametrize("first", [-1, PAGE_LIMIT + 1, 10**9])
def test_a_page_of_impossible_size_is_refused(first):
    with pytest.raises(Invalid) as refused:
        page_size(first)
    assert refused.value.facts == {"limit": PAGE_LIMIT}


@pytest.mark.parametrize(
    ("size", "items", "next_"), [(0, "", None), (2, "ab", cursor("b")), (3, "abc", None)]
)
def test_another_page_follows_if_there_is_one_more_than_asked_for(size, items, next_):
    assert page_of("abc"[: size + 1], size, key=lambda each: [each]) == Page(items, next_)


def test_a_page_changes_its_items_and_keeps_its_place():
    assert Page([1, 2], "next", 9).map(str) == Page(["1", "2"], "next", 9)
