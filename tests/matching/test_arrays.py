"""The arrays show what the shelf shows, to whom, and when."""

from datetime import timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.actors import VIPS
from matching.arrays import Row, Whole, Window, key_of
from tests.conftest import MONDAY

NOON = MONDAY.timestamp()


def shown(whole, account="", sight=None, now=MONDAY):
    found = whole.slice(account, now)
    return sorted(found.ids[found.sight(sight).of(np.arange(len(found)))])


def test_a_material_is_in_the_slice_from_its_opening_to_before_its_closing():
    whole = Whole.of([Row("mat_1", "poster", ("t",), (Window("app", "", NOON, NOON + 60),))])
    assert shown(whole, now=MONDAY - timedelta(microseconds=1)) == []
    assert shown(whole, now=MONDAY) == ["mat_1"]
    assert shown(whole, now=MONDAY + timedelta(seconds=59.9)) == ["mat_1"]
    assert shown(whole, now=MONDAY + timedelta(seconds=60)) == []


def test_a_slice_holds_until_the_next_boundary_and_no_longer():
    windows = (Window("app", "", NOON - 60, NOON + 60),)
    later = (Window("app", "", NOON + 30, NOON + 90),)
    whole = Whole.of([Row("mat_1", "poster", ("t",), windows), Row("mat_2", "poster", (), later)])
    found = whole.slice("app", MONDAY)
    assert found.holds(MONDAY + timedelta(seconds=29))
    assert not found.holds(MONDAY + timedelta(seconds=30))
    assert not found.holds(MONDAY - timedelta(seconds=1))


def test_each_account_and_each_unit_is_shown_its_own():
    hours = (NOON - 60, NOON + 60)
    whole = Whole.of(
        [
            Row("mat_1", "poster", ("t",), (Window("app", "", *hours),)),
            Row("mat_2", "poster", ("t",), (Window("oa", "unt_1", *hours),)),
            Row("mat_3", "poster", ("t",), (Window("app", "unt_2", *hours),)),
        ]
    )
    assert shown(whole) == ["mat_1", "mat_2", "mat_3"]
    assert shown(whole, "app") == ["mat_1", "mat_3"]
    assert shown(whole, sight={"", "unt_1"}) == ["mat_1", "mat_2"]
    assert shown(whole, "app", {""}) == ["mat_1"]


def test_a_gap_between_two_windows_is_a_gap():
    windows = (Window("app", "", NOON - 60, NOON), Window("oa", "", NOON + 60, NOON + 90))
    whole = Whole.of([Row("mat_1", "poster", ("t",), windows)])
    assert shown(whole, now=MONDAY - timedelta(seconds=1)) == ["mat_1"]
    assert shown(whole, now=MONDAY) == []
    assert shown(whole, now=MONDAY + timedelta(seconds=60)) == ["mat_1"]


def test_a_material_without_tags_and_one_without_windows_do_no_harm():
    always = (Window("app", "", 0.0, 4e9),)
    whole = Whole.of([Row("mat_1", "poster", (), always), Row("mat_2", "poster", ("t",), ())])
    found = whole.slice("", MONDAY)
    assert list(found.ids) == ["mat_1"]
    assert list(found.tags_at(0)) == [0]
    assert found.place("mat_2") is None
    assert len(Whole.of([]).slice("", MONDAY)) == 0


MATERIALS = st.dictionaries(
    st.integers(0, 15).map(lambda n: f"mat_{n}"),
    st.none()
    | st.tuples(st.sets(st.sampled_from("abcdef"), max_size=4), st.integers(0, 2)).map(
        lambda made: (
            tuple(sorted(made[0])),
            tuple(Window("app", "", 0.0, 4e9) for _ in range(made[1])),
        )
    ),
)


def name_of(whole, units=None):
    """The name of everything that who sees these units could be offered."""
    return whole.slice("", MONDAY).sight(units).digest


def seen_through(whole):
    found = whole.slice("", MONDAY)
    names = {column: tag for tag, column in found.columns.items()}
    assert [found.place(each) for each in found.ids] == list(range(len(found)))
    return {
        material: {names[int(column)] for column in found.tags_at(place) if column}
        for place, material in enumerate(found.ids)
    }


@settings(max_examples=60, deadline=None)
@given(MATERIALS, MATERIALS)
def test_a_patched_whole_equals_one_made_anew(before, edits):
    def rows(facts):
        return {
            material: fact and Row(material, "poster", *fact) for material, fact in facts.items()
        }

    whole = Whole.of(row for row in rows(before).values() if row)
    patched = whole.patched(rows(edits))
    anew = Whole.of(row for row in rows(before | edits).values() if row)
    assert seen_through(patched) == seen_through(anew)
    assert name_of(patched) == name_of(anew)


def test_places_finds_the_known_among_many_keys():
    whole = Whole.of(
        Row(f"mat_{n}", "poster", ("t",), (Window("app", "", 0.0, 4e9),)) for n in range(100)
    )
    found = whole.slice("", MONDAY)
    keys = np.array([key_of(f"mat_{n}") for n in (7, 500, 42)], np.uint64)
    which, where = found.places(keys)
    assert list(which) == [0, 2]
    assert list(found.ids[where]) == ["mat_7", "mat_42"]


UNITS = ("", "unt_1", "unt_2", VIPS)
WINDOW = st.builds(
    lambda account, unit, opens, hours: Window(account, unit, opens, opens + hours * 3600.0),
    st.sampled_from(("app", "oa")),
    st.sampled_from(UNITS),
    st.integers(-3, 2).map(lambda days: NOON + days * 86_400),
    st.integers(1, 100),
)
SEEN = st.none() | st.sets(st.sampled_from(UNITS[:3]))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(WINDOW, max_size=4), max_size=8), SEEN, st.booleans())
def test_each_sight_is_what_its_own_windows_show_since_the_first_of_them(rows, units, early):
    def sees(window):
        return early if window.unit == VIPS else units is None or window.unit in units

    whole = Whole.of(Row(f"mat_{n}", "poster", (), tuple(own)) for n, own in enumerate(rows))
    found = whole.slice("app", MONDAY)
    sight = found.sight(units, early=early)
    opened = found.opened.copy()
    opened[sight.later] = sight.opened
    places = sight.of(np.arange(len(found)))
    told = dict(zip(found.ids[places].tolist(), opened[places].tolist(), strict=True))
    hers = {
        f"mat_{n}": [each for each in own if each.account == "app" and sees(each)]
        for n, own in enumerate(rows)
    }
    assert told == {
        material: min(each.opens for each in own)
        for material, own in hers.items()
        if any(each.opens <= NOON < each.closes for each in own)
    }
    hidden = {material for place, material in enumerate(found.ids) if sight.hides(place)}
    assert hidden == set(found.ids) - told.keys()


def test_who_could_be_offered_the_same_is_told_by_its_name():
    always = (0.0, 4e9)
    rows = [Row(f"mat_{n}", "poster", (), (Window("app", "", *always),)) for n in range(9)]
    own = [Row("mat_x", "poster", (), (Window("app", "unt_1", *always),))]
    plain, more = Whole.of(rows), Whole.of([*own, *reversed(rows)])
    assert name_of(plain, {""}) == name_of(more, {""}) == name_of(more, {"", "unt_2"})
    assert name_of(more, {"", "unt_1"}) == name_of(more) != name_of(plain)
    assert name_of(Whole.of(rows[1:])) != name_of(plain)
