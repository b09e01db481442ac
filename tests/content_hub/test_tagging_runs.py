"""Many materials are tagged by one act, in slices, and taken back as a whole."""

from datetime import timedelta

import pytest

from content_hub.tagging_runs import Chosen, TaggingRuns
from kernel.errors import Conflict, Invalid

DAY = timedelta(days=1)


@pytest.fixture
def runs(records, changes, materials, taxonomy, clock):
    return TaggingRuns(records, changes, materials, taxonomy, clock)


@pytest.fixture
def old(taxonomy):
    return taxonomy.create("旧主题", "topic", code="old", by="li")


@pytest.fixture
def library(materials, old, clock):
    made = [materials.create("script", f"话术{n}", tags=["old"], by="li").id for n in range(60)]
    materials.create("poster", "海报", by="li")
    return made


def begin(runs, **more):
    return runs.begin(["pension"], ["old"], chosen=Chosen(types=["script"], **more), by="li")


def whole(runs, run):
    while runs.go_on(run.id).finished is None:
        pass
    return runs.one(run.id)


def test_a_run_is_seen_before_and_tags_everything_the_filter_finds_in_slices(
    runs, materials, library, pension, old
):
    assert runs.preview(Chosen(types=["script"])).total == 60
    run = begin(runs)
    first = runs.go_on(run.id)
    assert (first.done, first.total, first.finished) == (50, 60, None)
    done = whole(runs, run)
    assert (done.done, done.refused) == (60, 0)
    assert set(materials.topics(library).values()) == {(pension.id,)}
    assert runs.changed(run.id) == (60, 0)


def test_what_somebody_left_half_done_is_finished_and_nothing_twice(
    runs, materials, library, pension
):
    run = begin(runs)
    runs.go_on(run.id)
    with pytest.raises(Conflict):
        runs.undo(run.id, by="li")
    assert runs.finish() == 1
    assert runs.finish() == 0
    assert runs.one(run.id).done == 60


def test_undone_every_material_wears_what_it_wore_and_what_others_did_stays(
    runs, materials, taxonomy, library, pension, old
):
    taxonomy.create("后来的", "topic", code="later", by="li")
    materials.tag(library[0], ["pension"], by="wang")
    before = materials.topics(library)
    run = begin(runs)
    whole(runs, run)
    materials.tag(library[1], ["later"], by="wang")
    runs.undo(run.id, by="li")
    while runs.go_on(run.id).undone is None:
        pass
    after = materials.topics(library)
    assert set(after[library[0]]) == set(before[library[0]])
    assert set(after[library[1]]) == {old.id, taxonomy.one("later").id}
    assert all(set(after[each]) == {old.id} for each in library[2:])
    with pytest.raises(Conflict):
        runs.undo(run.id, by="li")


def test_what_stands_on_a_shelf_keeps_a_tag_and_is_told(
    runs, materials, shelf, library, old, clock
):
    shelf.place(library[0], "acc", opens=clock(), closes=clock() + DAY, by="li")
    run = whole(runs, runs.begin([], ["old"], chosen=Chosen(types=["script"]), by="li"))
    assert run.refused == 1
    assert materials.about(library[0]) == (old.id,)


def test_only_what_a_filter_finds_and_was_there_is_tagged(runs, materials, library, pension, clock):
    other = materials.create("script", "分行的", unit="east", by="li").id
    run = begin(runs, units={""})
    clock.move(DAY)
    later = materials.create("script", "后来的", by="li").id
    whole(runs, run)
    assert materials.topics([other, later]) == {other: (), later: ()}


def test_a_run_that_would_do_nothing_is_refused(runs, library):
    for add, types in (([], ["script"]), (["pension"], ["proposal"]), (["nothing"], ["script"])):
        with pytest.raises(Invalid):
            runs.begin(add, chosen=Chosen(types=types), by="li")


def test_a_run_about_named_materials_or_words_touches_no_other(runs, materials, library, pension):
    run = begin(runs, only=library[:2], text="话术1")
    assert whole(runs, run).done == 1
    assert materials.about(library[1]) == (pension.id,)
    assert pension.id not in materials.about(library[0])


def test_a_tag_is_split_by_words_and_made_whole_again(runs, materials, taxonomy, library, old):
    run = whole(runs, runs.split("old", "一字头", text="话术1", by="li"))
    new = taxonomy.find("一字头")[0]
    assert materials.about(library[1]) == materials.about(library[10]) == (new.id,)
    assert materials.about(library[2]) == (old.id,)
    runs.undo(run.id, by="li")
    assert runs.go_on(run.id).undone is not None
    assert set(materials.topics(library).values()) == {(old.id,)}
    assert taxonomy.find("一字头") == []
    with pytest.raises(Invalid):
        runs.split("old", "空的", text="没有这个词", by="li")
    assert taxonomy.find("空的") == []
