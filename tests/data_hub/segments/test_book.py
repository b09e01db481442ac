"""The compiled rules say what the plain ones say, and never too late when time changes them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_hub.lifecycle import Cycles, standing
from data_hub.profiles import fold
from data_hub.segments import Book, Entry, Subject, read
from kernel.calendar import Zone
from kernel.errors import Conflict
from tests.data_hub.segments.test_language import RULE
from tests.data_hub.telling import MONDAY, event, user

DAY = 24 * 60
HER = user("u1")
KINDS = ("bought", "opened_link", "viewed_product", "messaged", "removed_contact", "complained")


def subject(*events, after=timedelta(0), **more):
    ordered = sorted(events, key=lambda each: (each.at, each.id))
    profile = fold(ordered, lambda each: ["tag_care"] if each.material else (), zone=Zone())
    now = MONDAY + after
    stands = standing(profile, now, Cycles(), Zone())
    return Subject(
        customer="cus_1", profile=profile, now=now, zone=Zone(), standing=stands, **more
    )  # fmt: skip


def moved(her, now):
    return Subject(
        customer=her.customer, profile=her.profile, now=now, zone=her.zone,
        standing=standing(her.profile, now, Cycles(), her.zone), grade=her.grade,
    )  # fmt: skip


EVENTS = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(0, 60 * DAY), st.booleans()), max_size=12
).map(
    lambda told: [
        event(kind, HER, minutes=at, material="mat_1" if about else "",
              detail={"amount": 100, "category": "fund", "latitude": 31.2, "longitude": 121.4,
                      "traits": {"city": "上海", "age": 61}})
        for kind, at, about in told
    ]
)  # fmt: skip


def test_what_is_assumed_of_who_said_nothing_is_the_companys_choice():
    rule = read("consent marketing")

    assert rule.holds(subject())
    assert not rule.holds(subject(assumed=["service"]))


@given(st.lists(RULE, min_size=1, max_size=4), EVENTS, st.integers(0, 200))
def test_compiled_and_plain_rules_agree(rules, events, days):
    her = subject(*events, after=timedelta(days=60 + days), grade="B", lists=frozenset({"s0"}))
    entries = [Entry(f"s{n}", f"c{n}", f"n{n}", rule) for n, rule in enumerate(rules)]
    book = Book(entries)

    assert book.members(her) == {each.id for each in entries if book.holds(each, her)}
    for each in entries:
        assert len(book.because(each, her, "zh")) > 0 or each.rule is None


TOLD = st.sampled_from([61, 61.5, "61", "上海 61 号", True, [61, "茶"], {"a": 1}, "yes", -1, ""])
ASKED = st.sampled_from(["61", '"61"', "61.5", '"上海"', "yes", '"茶"', "-1"])


@given(TOLD, st.sampled_from([">=", "<", "=", "!=", "contains"]), ASKED)
def test_a_trait_may_be_told_as_anything_and_asked_of_as_anything(told, op, asked):
    her = subject(event("identified", HER, detail={"traits": {"x": told}}))
    entry = Entry("s", "c", "n", read(f"trait x {op} {asked}"))
    book = Book([entry, Entry("t", "d", "m", entry.rule)])
    assert book.members(her) == ({"s", "t"} if book.holds(entry, her) else set())


@pytest.mark.parametrize(
    ("told", "rule", "inside"),
    [
        ("42", "trait x = 42", True), (42, 'trait x = "42"', True), (42, "trait x = 42.0", True),
        ("42", "trait x != 42", False), ("42", "trait x in (41, 42)", True),
        ("0571", "trait x = 571", True), ("0571", 'trait x = "571"', False),
        ("3 室 2 厅", "trait x contains 3", True), ("3 室 2 厅", "trait x contains 4", False),
        ([3, "茶"], 'trait x contains "3"', True), ([3, "茶"], "trait x contains 3", True),
        (True, "trait x = yes", True), ("yes", "trait x contains yes", True),
    ],
)  # fmt: skip
def test_a_number_is_the_same_however_a_front_end_spells_it(told, rule, inside):
    her = subject(event("identified", HER, detail={"traits": {"x": told}}))
    assert read(rule).holds(her) is inside
    book = Book([Entry(id_, id_, id_, read(rule)) for id_ in "st"])
    assert book.members(her) == ({"s", "t"} if inside else set())


TIMED = [
    "did opened_link >= 2 in 7d", "did bought in 90d", "did bought of fund in 200d",
    "did opened_link then bought within 72h in 30d", "silent for 10d", "new in 20d",
    "seen on acc_app in 5d", "spent >= 150 in 40d", "tag tag_care >= 0.5", "stage = silent",
    "stage in (sleeping, churned)", "near 31.2, 121.4 within 1km in 24h",
]  # fmt: skip


@given(EVENTS, st.sampled_from(TIMED), st.integers(60, 100), st.integers(1, 2_000))
def test_time_alone_changes_nothing_before_the_moment_that_was_named(events, rule, days, hours):
    if not events:
        return
    entry = Entry("s", "c", "n", read(rule))
    book = Book([entry])
    her = subject(*events, after=timedelta(days=days))
    until = book.until(her)
    before = book.members(her)
    later = her.now + timedelta(hours=hours)
    if later.timestamp() < until:
        assert book.members(moved(her, later)) == before


def test_segments_may_ask_of_segments_but_not_in_a_circle():
    silent = Entry("a", "silent", "n", read("stage = silent"))
    listed = Entry("b", "vips", "n", None)
    both = Entry("c", "both", "n", read("in silent and not in vips"))
    book = Book([both, silent, listed])
    her = subject(event("bought", HER), after=timedelta(days=40))
    assert book.members(her) == {"a", "c"}
    on_list = subject(event("bought", HER), after=timedelta(days=40), lists=frozenset({"b"}))
    assert book.members(on_list) == {"a", "b"}

    assert "a:1" in book.signature(both)
    with pytest.raises(Conflict):
        Book([Entry("a", "", "n", read("in b")), Entry("b", "", "n", read("in a"))])
