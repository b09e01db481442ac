"""Scheduled edits: before their moment nobody is told, from it on everybody, whoever sleeps."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from content_hub.finding import Finding
from content_hub.invariants import shelf_flaws, term_flaws, version_flaws
from content_hub.licences import Licences
from content_hub.materials.versions import Versions
from content_hub.media import MediaFile
from content_hub.policies import Policies
from content_hub.rebuilding import rebuild_shelf
from content_hub.reviews import Life, Reviews
from content_hub.scheduling import MOST, ScheduledEdits, Stage
from kernel.errors import Conflict, Forbidden, Invalid, NotFound
from stores.changes import Change
from stores.sqlite.search import SqliteSearch

HOUR, MICRO = timedelta(hours=1), timedelta(microseconds=1)
DAY = timedelta(days=1)


@pytest.fixture
def scheduling(records, changes, materials, taxonomy, clock):
    return ScheduledEdits(records, changes, materials, taxonomy, clock)


@pytest.fixture
def on_shelf(shelf, material, clock):
    shelf.place(material.id, "acc", opens=clock(), closes=clock() + 30 * DAY, by="li")
    return material


@pytest.fixture
def flawless(records):
    yield
    flaws = [*shelf_flaws(records), *term_flaws(records), *version_flaws(records)]
    assert flaws == []


def titles(shelf, **asked):
    return [item.title for item in shelf.page("acc", **asked).items]


def told(shelf, materials, material):
    """What the shelf, asked as an answer to be kept is, and the library say."""
    fresh = shelf.freshness()
    (item,) = shelf.page("acc", as_of=fresh).items
    kept = materials.one(material.id)
    assert (kept.title, kept.number) == (item.title, item.number)
    assert materials.titles([kept.id]) == {kept.id: kept.title}
    return item.title, item.number


def test_the_shelf_says_the_new_from_the_first_request_at_the_moment(
    scheduling, shelf, materials, on_shelf, clock, flawless
):
    at, before = clock() + DAY, shelf.freshness()
    edit = scheduling.schedule(on_shelf.id, at, title="新的一年", by="li")
    assert shelf.freshness() > before
    assert told(shelf, materials, on_shelf) == (on_shelf.title, 1)
    assert shelf.next_boundary() == at

    clock.move(DAY - MICRO)
    shown = shelf.freshness()
    assert told(shelf, materials, on_shelf) == (on_shelf.title, 1)
    clock.move(MICRO)
    assert shelf.freshness() > shown
    assert told(shelf, materials, on_shelf) == ("新的一年", 2)

    assert [each.stage for each in scheduling.of(on_shelf.id)] == [Stage.IN_EFFECT]
    clock.move(HOUR)
    assert scheduling.settle() == 1
    assert scheduling.settle() == 0
    assert told(shelf, materials, on_shelf) == ("新的一年", 2)
    assert scheduling.one(edit.id).became == 2
    assert scheduling.of(on_shelf.id) == []


def test_what_is_asked_of_another_moment_is_told_as_of_then(
    scheduling, shelf, materials, on_shelf, clock
):
    at = clock() + DAY
    scheduling.schedule(on_shelf.id, at, title="十月", by="li")
    scheduling.schedule(on_shelf.id, at + DAY, title="十一月", summary="立冬", by="li")
    assert titles(shelf, now=at - MICRO) == [on_shelf.title]
    assert titles(shelf, now=at) == ["十月"]
    assert titles(shelf, now=at + DAY) == ["十一月"]
    assert titles(shelf) == [on_shelf.title]
    later = materials.told_at(materials.one(on_shelf.id), 3)
    assert (later.title, later.summary) == ("十一月", "立冬")
    clock.move(DAY)
    assert materials.told_at(materials.one(on_shelf.id), 3).title == "十一月"


def test_an_edit_of_today_keeps_what_was_said_for_later_and_comes_after_what_has_passed(
    scheduling, shelf, materials, on_shelf, clock, flawless
):
    scheduling.schedule(on_shelf.id, clock() + DAY, title="明天的标题", by="li")
    materials.edit(on_shelf.id, title="今天的标题", summary="今天", by="wang")
    assert titles(shelf) == ["今天的标题"]
    clock.move(DAY)
    assert (materials.one(on_shelf.id).title, materials.one(on_shelf.id).summary) == (
        "明天的标题", "今天",
    )  # fmt: skip
    edited = materials.edit(on_shelf.id, title="后天的标题", expected=3, by="wang")
    assert (edited.number, titles(shelf)) == (4, ["后天的标题"])


def test_versions_tell_whose_it_was_and_since_when_it_was_told(
    records, scheduling, materials, on_shelf, clock, flawless
):
    at = clock() + DAY
    scheduling.schedule(on_shelf.id, at, title="改", by="wang")
    clock.move(3 * DAY)
    scheduling.settle()
    version = Versions(records).of(on_shelf.id)[0]
    assert (version.number, version.by, version.at) == (2, "wang", at)
    materials.restore(on_shelf.id, 1, by="li")
    assert materials.one(on_shelf.id).title == on_shelf.title
    with records.read() as session:
        acts = [each.act for each in session.scalars(select(Change).order_by(Change.seq))]
    assert acts[-3:] == ["scheduled_edit", "edited_material", "edited_material"]


def test_it_is_seen_altered_and_withdrawn_until_its_moment(scheduling, shelf, on_shelf, clock):
    at = clock() + DAY
    edit = scheduling.schedule(on_shelf.id, at, title="改", summary="短", by="li")
    (planned,) = scheduling.of(on_shelf.id)
    assert (planned.stage, planned.since) == (Stage.WAITING, at)
    assert [(each.field, each.old, each.new) for each in planned.differences] == [
        ("title", on_shelf.title, "改"), ("summary", "", "短"),
    ]  # fmt: skip
    scheduling.alter(edit.id, takes_effect=at + DAY, title="再改", by="wang")
    assert scheduling.as_it_will_be(edit.id).title == "再改"
    assert titles(shelf, now=at + DAY - MICRO) == [on_shelf.title]
    assert titles(shelf, now=at + DAY) == ["再改"]
    scheduling.withdraw(edit.id, by="li")
    assert titles(shelf, now=at + DAY) == [on_shelf.title]
    assert scheduling.of(on_shelf.id) == []
    for late in (scheduling.withdraw, scheduling.alter):
        with pytest.raises(Conflict):
            late(edit.id, by="li")

    second = scheduling.schedule(on_shelf.id, at, title="改", by="li")
    clock.move(DAY)
    with pytest.raises(Conflict) as refusal:
        scheduling.withdraw(second.id, by="li")
    assert refusal.value.reason == "scheduled_edit_is_over"


def test_what_cannot_be_said_is_refused_when_it_is_written(scheduling, on_shelf, clock):
    def reason(**told):
        told = {"takes_effect": clock() + DAY, "by": "li"} | told
        with pytest.raises(Invalid) as refusal:
            scheduling.schedule(on_shelf.id, **told)
        return refusal.value.field, refusal.value.reason

    assert reason(takes_effect=clock(), title="改") == ("takes_effect", "moment_has_passed")
    assert reason() == ("takes_effect", "edit_says_nothing")
    assert reason(title="") == ("title", "missing")
    assert reason(fields={"nonsense": "1"})[1] == "unknown_field"
    assert reason(title="这只产品保本") == ("title", "word_is_forbidden")
    for _ in range(MOST):
        scheduling.schedule(on_shelf.id, clock() + DAY, title="改", by="li")
    assert reason(title="改") == ("takes_effect", "too_many_at_once")
    with pytest.raises(NotFound):
        scheduling.one("sed_none")


def test_variants_of_an_account_wait_as_well(scheduling, shelf, materials, on_shelf, clock):
    scheduling.schedule(
        on_shelf.id, clock() + DAY, account="acc", title="只在这里", by="li"
    )  # fmt: skip
    clock.move(DAY)
    assert titles(shelf) == ["只在这里"]
    assert materials.one(on_shelf.id).title == on_shelf.title


def test_what_needs_reviews_passes_them_before_it_is_told(
    records, changes, scheduling, shelf, materials, pension, clock, flawless
):
    Policies(records, changes).set("poster", steps=2, four_eyes=True, by="admin")
    reviews = Reviews(records, changes, clock)
    poster = materials.create("poster", "海报", tags=[pension.id], by="li")
    reviews.submit(poster.id, by="li")
    for each in ("wang", "zhao"):
        reviews.approve(poster.id, by=each)
    shelf.place(poster.id, "acc", opens=clock(), closes=clock() + 30 * DAY, by="li")
    with pytest.raises(Conflict):
        materials.edit(poster.id, title="直接改", by="li")

    edit = scheduling.schedule(poster.id, clock() + DAY, title="新海报", by="li")
    (waits,) = scheduling.waiting()
    assert (waits[0].id, waits[1].edit.id, waits[1].stage) == (poster.id, edit.id, Stage.IN_REVIEW)
    assert titles(shelf, now=clock() + DAY) == ["海报"]
    with pytest.raises(Forbidden):
        scheduling.approve(edit.id, by="li")
    scheduling.approve(edit.id, by="wang")
    with pytest.raises(Forbidden):
        scheduling.approve(edit.id, by="wang")
    assert titles(shelf, now=clock() + DAY) == ["海报"]
    scheduling.approve(edit.id, by="zhao")
    assert titles(shelf, now=clock() + DAY) == ["新海报"]

    scheduling.alter(edit.id, title="更新的海报", by="li")
    assert titles(shelf, now=clock() + DAY) == ["海报"]
    scheduling.send_back(edit.id, by="wang", note="太长")
    assert scheduling.of(poster.id)[0].stage is Stage.RETURNED
    assert scheduling.waiting() == []
    with pytest.raises(Conflict):
        scheduling.approve(edit.id, by="zhao")
    scheduling.alter(edit.id, title="短", by="li")
    for each in ("wang", "zhao"):
        scheduling.approve(edit.id, by=each)
    clock.move(DAY)
    assert titles(shelf) == ["短"]
    assert scheduling.settle() == 1
    kept = materials.one(poster.id)
    assert reviews.life([kept])[poster.id] is Life.APPROVED
    assert [(each.verdict, each.number) for each in reviews.of(poster.id)][:3] == [
        ("approve", 2), ("approve", 2), ("submit", 2),
    ]  # fmt: skip


def test_what_was_sent_back_takes_no_place_in_the_queue_of_reviewers(
    records, changes, scheduling, on_shelf, clock
):
    Policies(records, changes).set("image_text", steps=1, by="admin")
    for days in (1, 2):
        returned = scheduling.schedule(on_shelf.id, clock() + days * DAY, title="早", by="li")
        scheduling.send_back(returned.id, by="wang", note="太短")
    edit = scheduling.schedule(on_shelf.id, clock() + 3 * DAY, title="晚", by="li")

    assert [each.edit.id for _, each in scheduling.waiting(limit=1)] == [edit.id]
    scheduling.alter(returned.id, title="早一点", by="li")
    assert [each.edit.id for _, each in scheduling.waiting()] == [returned.id, edit.id]


def test_approved_late_it_is_told_from_then_on(
    records, changes, scheduling, shelf, on_shelf, clock
):
    Policies(records, changes).set("image_text", steps=1, by="admin")
    edit = scheduling.schedule(on_shelf.id, clock() + DAY, title="晚了", by="li")
    clock.move(2 * DAY)
    assert titles(shelf) == [on_shelf.title]
    before = shelf.freshness()
    scheduling.approve(edit.id, by="wang")
    assert shelf.freshness() > before
    assert titles(shelf) == ["晚了"]


def test_a_picture_licensed_from_the_moment_on_bars_nothing_before(
    records, changes, scheduling, shelf, materials, on_shelf, clock, flawless
):
    with records.write() as session:
        for id_ in ("med_old", "med_new"):
            session.add(
                MediaFile(
                    id=id_, digest=id_, kind="image", name="", size=1, width=1, height=1, pages=0,
                    seconds=0, taken_by="li", taken_at=clock(),
                )
            )  # fmt: skip
    at, licences = clock() + DAY, Licences(records, changes)
    materials.edit(on_shelf.id, cover="med_old", by="li")
    licences.license("med_old", opens=None, closes=at, by="li")
    licences.license("med_new", opens=at, closes=None, by="li")
    scheduling.schedule(on_shelf.id, at, cover="med_new", by="li")

    def covers():
        kept = [item.cover for item in shelf.page("acc", as_of=shelf.freshness()).items]
        assert kept == [item.cover for item in shelf.page("acc").items]
        return kept

    assert covers() == ["med_old"]
    assert shelf.held_by(on_shelf.id) == []
    clock.move(DAY)
    assert covers() == ["med_new"]
    scheduling.settle()
    assert covers() == ["med_new"]
    licences.license("med_new", opens=at, closes=at + DAY, by="li")
    clock.move(DAY)
    assert covers() == []


def test_the_showcase_written_anew_tells_the_same(
    records, changes, scheduling, shelf, on_shelf, clock, flawless
):
    scheduling.schedule(on_shelf.id, clock() + DAY, title="改", by="li")
    rebuild_shelf(records, changes)
    assert titles(shelf) == [on_shelf.title]
    clock.move(DAY)
    rebuild_shelf(records, changes)
    assert titles(shelf) == ["改"]


def test_search_finds_the_new_words_once_it_is_an_edit_and_no_longer_the_old(
    scheduling, records, materials, changes, taxonomy, on_shelf, clock, tmp_path
):
    index = SqliteSearch(tmp_path / "search.db", durability="process")
    finding = Finding(index, records, materials, changes, taxonomy)

    def found(words):
        while scheduling.settle() + finding.follow():
            pass
        return [each.title for each in finding.search(words).items]

    scheduling.schedule(on_shelf.id, clock() + DAY, title="个人养老金开户", by="li")
    clock.move(DAY - MICRO)
    assert (found("退休"), found("开户")) == ([on_shelf.title], [])
    clock.move(MICRO)
    assert (found("退休"), found("开户")) == ([], ["个人养老金开户"])
    index.close()
