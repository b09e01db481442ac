"""The shelf keeps an editor's promises, and knows what stands on it at any moment."""

from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from content_hub.shelf import Shelf, State
from kernel.errors import Conflict, Invalid, NotFound
from stores.changes import Changes

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MICRO = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def place(shelf, material="plan", account="acc_app", opens=MONDAY + HOUR, lasts=DAY, **more):
    return shelf.place(material, account, opens=opens, closes=opens + lasts, by="li", **more)


@pytest.fixture
def dozen(materials, pension):
    return [materials.create("script", "话术", tags=[pension.id], by="li") for _ in range(12)]


def shown(shelf, **asked):
    return [item.id for item in shelf.page("acc_app", **asked).items]


@pytest.mark.rule("R4.2")
@pytest.mark.parametrize(
    ("at", "there"),
    [
        (MONDAY + HOUR - MICRO, False),
        (MONDAY + HOUR, True),
        (MONDAY + HOUR + DAY - MICRO, True),
        (MONDAY + HOUR + DAY, False),
    ],
)
def test_a_material_is_in_answers_from_its_opening_until_its_closing(
    shelf, material, clock, at, there
):
    promised = place(shelf)
    clock.now = at

    assert shown(shelf) == ([material.id] if there else [])
    assert shelf.standing("acc_app") == ([promised] if there else [])
    assert shelf.standing_ids("acc_app", [material.id]) == ({material.id} if there else set())


@pytest.mark.parametrize(
    ("at", "state"),
    [(MONDAY, "waiting"), (MONDAY + HOUR, "standing"), (MONDAY + HOUR + DAY, "ended")],
)
def test_the_state_follows_from_the_clock(shelf, material, at, state):
    assert place(shelf).state(at) is State(state)


@pytest.mark.rule("R3.1", "R3.2")
def test_everything_that_is_missing_is_told_at_once(shelf, materials, types):
    types.add("memo", zh="便签", needs=["summary"], by="li")
    bare = materials.create("memo", "便签", by="li")

    with pytest.raises(Invalid) as refusal:
        shelf.place(bare.id, "acc_app", opens=None, closes=None, by="li")

    assert {(flaw.field, flaw.reason) for flaw in refusal.value.flaws} == {
        ("tags", "needs_a_tag"),
        ("tracking", "needs_tracking"),
        ("summary", "needs_a_part"),
        ("opens", "needs_a_window"),
        ("closes", "needs_a_window"),
    }
    told = {flaw.message("zh") for flaw in refusal.value.flaws}
    assert {"类型“便签”没有埋点规范", "缺少上架必需的内容：摘要"} <= told
    told = {flaw.message("en") for flaw in refusal.value.flaws}
    assert "It lacks a part that its type needs: Summary." in told
    assert shelf.of_material(bare.id) == []


@pytest.mark.parametrize(
    ("opens", "closes", "field", "reason"),
    [
        (MONDAY + HOUR, MONDAY, "closes", "window_ends_before_it_opens"),
        (MONDAY + HOUR, MONDAY + HOUR, "closes", "window_ends_before_it_opens"),
        (MONDAY - DAY, MONDAY, "closes", "window_is_already_over"),
        (MONDAY.replace(tzinfo=None), MONDAY + DAY, "opens", "moment_without_zone"),
        (MONDAY, MONDAY.replace(year=9999), "closes", "moment_out_of_range"),
        ("tomorrow", MONDAY + DAY, "opens", "not_a_moment"),
    ],
)
def test_a_window_must_be_real_and_lie_ahead(shelf, material, opens, closes, field, reason):
    with pytest.raises(Invalid) as refusal:
        shelf.place(material.id, "acc_app", opens=opens, closes=closes, by="li")

    assert (refusal.value.field, refusal.value.reason) == (field, reason)


def test_a_material_is_promised_to_an_account_once_at_a_time(shelf, material):
    place(shelf, opens=MONDAY, lasts=2 * DAY)

    with pytest.raises(Conflict):
        place(shelf, opens=MONDAY + DAY)

    place(shelf, opens=MONDAY + 2 * DAY)
    place(shelf, opens=MONDAY + DAY, account="acc_oa")


def test_of_many_editors_at_once_one_places(records, changes, clock, material):
    outcomes = []
    start = Barrier(6)

    def attempt():
        start.wait()
        try:
            place(Shelf(records, changes, clock))
            outcomes.append("placed")
        except Conflict:
            outcomes.append("refused")

    editors = [Thread(target=attempt) for _ in range(6)]
    for editor in editors:
        editor.start()
    for editor in editors:
        editor.join()

    assert sorted(outcomes) == ["placed"] + ["refused"] * 5


def test_a_placement_lies_within_its_campaign(shelf, material, campaigns):
    spring = campaigns.create("春季", opens=MONDAY, closes=MONDAY + DAY, code="spring", by="li")

    with pytest.raises(Invalid) as refusal:
        place(shelf, opens=MONDAY - HOUR, lasts=3 * DAY, campaign="spring")
    assert [flaw.field for flaw in refusal.value.flaws] == ["opens", "closes"]

    assert place(shelf, lasts=HOUR, campaign="spring").campaign == spring.id


def test_a_campaign_moves_with_all_that_is_placed_in_it(shelf, material, campaigns, clock):
    campaigns.create("春季", opens=MONDAY, closes=MONDAY + DAY, code="spring", by="li")
    promised = place(shelf, opens=MONDAY, lasts=DAY, campaign="spring")

    campaigns.move("spring", 2 * HOUR, by="li")

    assert shelf.one(promised.id).opens == MONDAY + 2 * HOUR
    assert shown(shelf) == []
    clock.move(2 * HOUR)
    assert shown(shelf) == [material.id]


def test_retiring_takes_effect_with_the_next_question(shelf, material, changes):
    promised = place(shelf, opens=MONDAY)
    later = place(shelf, opens=MONDAY + 2 * DAY)
    before = changes.version()

    retired = shelf.retire("plan", by="wang")

    assert {each.id for each in retired} == {promised.id, later.id}
    assert shown(shelf) == []
    assert shelf.one(promised.id).state(MONDAY) is State.RETIRED
    assert changes.version() > before
    assert shelf.retire("plan", by="wang") == []
    assert [each.act for each in changes.latest("placement", promised.id)] == ["retired", "placed"]


def test_one_placement_is_retired_and_its_time_is_free_again(shelf, material):
    promised = place(shelf, opens=MONDAY)

    shelf.retire(promised.id, by="li")

    assert place(shelf, opens=MONDAY).id != promised.id


def test_a_placement_moves_until_it_is_over(shelf, material, clock):
    promised = place(shelf, opens=MONDAY)
    shelf.move(promised.id, closes=MONDAY + 2 * DAY, by="li")
    clock.move(2 * DAY - MICRO)
    assert shown(shelf) == [material.id]

    clock.move(MICRO)
    with pytest.raises(Conflict):
        shelf.move(promised.id, closes=MONDAY + 9 * DAY, by="li")


def test_a_page_is_found_by_tag_with_what_lies_under_it(shelf, materials, taxonomy, pension):
    home = taxonomy.create("养老社区", "topic", parent=pension.id, by="li")
    warm = taxonomy.create("温暖", "tone", by="li")
    broad = materials.create("script", "开场", tags=[pension.id], by="li")
    narrow = materials.create("poster", "参观养老社区", tags=[home.id, warm.id], by="li")
    for each in (broad, narrow):
        place(shelf, each.id, opens=MONDAY)

    assert set(shown(shelf, tags_all=["pension"])) == {broad.id, narrow.id}
    assert shown(shelf, tags_all=["pension"], descendants=False) == [broad.id]
    assert shown(shelf, tags_all=["pension", warm.id]) == [narrow.id]
    assert set(shown(shelf, tags_any=[warm.id, pension.id])) == {broad.id, narrow.id}
    assert shown(shelf, types=["poster"]) == [narrow.id]
    assert shown(shelf, tags_none=[warm.id]) == [broad.id]
    assert shown(shelf, tags_none=["pension"]) == []
    assert shown(shelf, tags_none=["pension"], descendants=False) == [narrow.id]
    with pytest.raises(Invalid):
        shown(shelf, tags_all=["no such tag"])


def test_units_see_their_own_and_what_is_above_them(shelf, materials, pension):
    branch = materials.create("script", "分公司", unit="unt_1", tags=[pension.id], by="li")
    place(shelf, branch.id, opens=MONDAY)

    assert shown(shelf) == [branch.id]
    assert shown(shelf, sight={"", "unt_1"}) == [branch.id]
    assert shown(shelf, sight={""}) == []
    assert shown(shelf, sight=()) == []


def test_an_edit_is_seen_by_the_next_question(shelf, materials, material, taxonomy, pension):
    place(shelf, opens=MONDAY)
    before = shelf.freshness()

    materials.edit("plan", title="新题目", by="li")
    taxonomy.rename("pension", zh="养老金", by="li")

    (item,) = shelf.page("acc_app").items
    assert (item.title, item.number, item.tags[0].zh) == ("新题目", 2, "养老金")
    assert shelf.freshness().version > before.version


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 10)), min_size=1, max_size=12))
@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_epoch_changes_exactly_at_a_boundary(shelf, dozen, clock, windows):
    clock.now = MONDAY
    for placement in shelf.due() + shelf.coming():
        shelf.retire(placement.id, by="li")
    for one, (opens, lasts) in zip(dozen, windows, strict=False):
        place(shelf, one.id, opens=MONDAY + opens * HOUR, lasts=lasts * HOUR)
    boundaries = {MONDAY + opens * HOUR for opens, _ in windows}
    boundaries |= {MONDAY + (opens + lasts) * HOUR for opens, lasts in windows}

    for hour in range(32):
        at = MONDAY + hour * HOUR
        passed = shelf.freshness(at) != shelf.freshness(at - MICRO)
        assert passed == (at in boundaries)
        assert shelf.freshness(at) == shelf.freshness(at + HOUR - MICRO)
        assert shelf.next_boundary(at - MICRO) == min(
            (each for each in boundaries if each > at - MICRO), default=None
        )


@given(st.lists(st.integers(0, 5), min_size=1, max_size=12), st.integers(1, 4))
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_pages_tell_everything_once_in_order(shelf, dozen, opened, size):
    for placement in shelf.standing("acc_app"):
        shelf.retire(placement.id, by="li")
    promised = []
    for one, hours in zip(dozen, opened, strict=False):
        promised.append(place(shelf, one.id, opens=MONDAY - hours * HOUR, lasts=DAY))
    seen, after = [], None
    while True:
        page = shelf.page("acc_app", tags_all=["pension"], first=size, after=after, count=True)
        assert page.total == len(promised)
        seen += [item.placement for item in page.items]
        after = page.next
        if after is None:
            break

    assert seen == [
        each.id for each in sorted(promised, key=lambda each: (each.opens, each.id), reverse=True)
    ]


def test_a_slot_shows_the_newest_that_fit_or_its_fallback(shelf, materials, pension):
    shelf.make_slot("acc_app", "daily", capacity=5, by="li")
    shelf.make_slot("acc_app", "banner", types=["poster"], fallback="daily", by="li")
    script = materials.create("script", "早报", tags=[pension.id], by="li")
    posters = [materials.create("poster", "海报", tags=[pension.id], by="li") for _ in range(2)]
    place(shelf, script.id, opens=MONDAY, slot="daily")
    assert shown(shelf, slot="banner") == [script.id]

    for hours, poster in enumerate(posters):
        place(shelf, poster.id, opens=MONDAY - (2 - hours) * HOUR, slot="banner")

    assert shown(shelf, slot="banner") == [posters[1].id]
    with pytest.raises(Invalid) as refusal:
        place(shelf, script.id, opens=MONDAY + 2 * DAY, slot="banner")
    assert refusal.value.reason == "type_does_not_fit_the_slot"
    with pytest.raises(Invalid):
        shown(shelf, slot="cellar")


def test_a_page_and_its_total_cost_a_statement_each(records, shelf, material):
    place(shelf, opens=MONDAY)
    said = statements(records)

    shelf.page("acc_app", tags_all=["pension"], count=True)
    assert len([each for each in said if "shelf_rows" in each]) == 2
    assert len(said) <= 8  # and the words of the vocabulary and what is scheduled, once


def statements(records):
    """Everything that is asked of the records from now on."""
    said = []
    event.listen(records.engine, "before_cursor_execute", lambda *told: said.append(told[2]))
    if records.looks:
        records.looks.heard = said.append
    return said


def test_a_total_is_counted_again_only_if_something_moved(records, shelf, material, clock):
    place(shelf, opens=MONDAY, lasts=2 * DAY)
    said = statements(records)

    def total():
        page = shelf.page("acc_app", count=True, as_of=shelf.freshness())
        return page.total, len([each for each in said if "count(*)" in each])

    assert [total(), total()] == [(1, 1), (1, 1)]
    clock.move(2 * DAY)
    assert total() == (0, 2)


def test_freshness_is_looked_up_again_only_after_a_commit_or_a_boundary(
    records, shelf, material, clock
):
    place(shelf, opens=MONDAY, lasts=2 * DAY)
    said = statements(records)

    def probes():
        fresh = shelf.freshness()
        return fresh, len([each for each in said if "max(opens)" in each])

    first, _ = probes()
    again, count = probes()
    assert again == first
    assert count == (2 if records.on_postgres else 1)
    clock.move(2 * DAY)
    closed, _ = probes()
    assert closed.epoch > first.epoch
    place(shelf, opens=clock())
    edited, _ = probes()
    assert edited.version > closed.version


def test_an_item_is_told_anew_when_its_row_or_the_vocabulary_changed(
    shelf, material, materials, taxonomy
):
    place(shelf, opens=MONDAY)
    (item,) = shelf.page("acc_app").items
    assert shelf.page("acc_app").items[0] is item
    materials.edit(material.id, title="另一个", by="li")
    (edited,) = shelf.page("acc_app").items
    assert edited.title == "另一个"
    assert edited is not item
    taxonomy.rename(edited.tags[0].id, zh="改名", by="li")
    (renamed,) = shelf.page("acc_app").items
    assert "改名" in {tag.zh for tag in renamed.tags}


def test_what_does_not_exist_is_not_found(shelf):
    with pytest.raises(NotFound):
        place(shelf, "mat_nothing")
    with pytest.raises(NotFound):
        shelf.retire("plc_nothing", by="li")


def test_the_shelf_is_as_placed_after_a_restart(shelf, material, records, clock):
    place(shelf, opens=MONDAY)

    assert [each.id for each in Shelf(records, Changes(records, clock), clock).due()] != []
